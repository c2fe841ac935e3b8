//! What people look at: contact sheets of samples.

mod sheet;

pub use sheet::{Row, sheet};
