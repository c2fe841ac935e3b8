//! What people look at: contact sheets of samples, strips of one sample's steps, pages, columns of text.

mod contact;
mod document;
mod font;
mod lines;
mod markup;
pub mod plot;
mod sheet;
mod strip;

pub use contact::{ContactError, against, per_class, per_step};
pub use document::{Script, document, section, table};
pub use lines::{align, sparkline};
pub use markup::{data_url, escaped, picture};
pub use sheet::{CELL, Row, sheet};
pub use strip::{StripError, smaller, stages, strip};
