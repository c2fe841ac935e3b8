//! What people look at: contact sheets of samples, and strips of one sample's steps.

mod markup;
mod sheet;
mod strip;

pub use markup::{data_url, escaped, picture};
pub use sheet::{CELL, Row, sheet};
pub use strip::{StripError, smaller, stages, strip};
