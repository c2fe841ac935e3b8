//! What people look at: contact sheets of samples, strips of one sample's steps, pages, columns of text.

mod lines;
mod markup;
mod page;
mod sheet;
mod strip;

pub use lines::{align, sparkline};
pub use markup::{data_url, escaped, picture};
pub use page::{Page, items, table};
pub use sheet::{CELL, Row, sheet};
pub use strip::{StripError, smaller, stages, strip};
