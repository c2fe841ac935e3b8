//! What people look at: contact sheets of samples, strips of one sample's steps, pages, columns of text.

mod chart;
mod contact;
mod document;
mod drawing;
mod font;
mod lines;
mod markup;
mod matrix;
pub mod plot;
mod raster;
mod sheet;
mod strip;

pub use chart::{Chart, Series};
pub use contact::{ContactError, against, per_class, per_step};
pub use document::{Script, document, section, table};
pub use drawing::{Color, Drawing, PAGE_STYLE};
pub use lines::{align, sparkline};
pub use markup::{data_url, escaped, picture};
pub use matrix::matrix;
pub use sheet::{CELL, Row, sheet};
pub use strip::{StripError, smaller, stages, strip};
