//! Answers: what models say of images, from any trainer, and what is made of them.
//!
//! A model's output is a table of [`Probabilities`], or of classes alone; [`Table`] reads it from CSV, Parquet and numpy's
//! files. Out of such tables come a contest's [`submission`], an [`ensemble`] of several models, and a list of images whose
//! label is probably wrong ([`suspects`]). Nothing here knows how a model was made, and no image is read but for a page.

pub mod ensemble;
pub mod submission;
pub mod suspects;

mod error;
mod npy;
mod npz;
mod parquet;
mod probabilities;
mod table;

pub use error::AnswersError;
pub use npy::NpyError;
pub use probabilities::{Precision, Probabilities, ProbabilitiesError, SUM_TOLERANCE, largest, softmax};
pub use table::{Answers, Naming, Reading, Table};
