//! Sample data: a data set of seventeen kinds of document, drawn from nothing, to try augmint on.
//!
//! It has a contest's shape (`train/`, `train.csv`, `meta.csv`, `groups.csv`), uneven classes and two pairs that are
//! easily confused, and shows nobody's data. Every image is a function of its class, document number and page number
//! alone, so the bytes are the same on every machine, and a larger scale adds images and leaves the others as they are.
//! It never writes into a folder that holds something else, and never changes a file that is there.

mod canvas;
mod classes;
mod dice;
mod hand;
mod marks;
mod paper;
mod plan;
mod scale;
mod text;
mod words;
mod write;

pub use scale::{ParseScaleError, Scale};
pub use write::{SampleDataError, Summary, write};
