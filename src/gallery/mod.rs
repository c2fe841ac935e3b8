//! The gallery: thumbnails of samples that are filtered by class, split, op, step and strength, each opened to its full
//! size, its provenance and its step strip.
//!
//! One page serves two purposes: `augmint report` puts some hundred samples into it, `augmint view` serves all of a
//! version and renders what is looked at. The page gets an [`Index`] of its samples in columns (some 60 bytes a sample,
//! so 180,000 fit), filters it itself, and asks for a picture only when it comes into sight.

mod detail;
mod index;
mod overview;
mod pixels;
mod report;

pub use detail::{Detail, DetailError, StageImage, detail, thumbnail};
pub use index::{Index, Param, StepColumn};
pub use overview::overview;
pub use pixels::pixels;
pub use report::{Amount, report};

/// What the gallery looks like, beside what every page does.
pub const STYLE: &str = include_str!("gallery.css");

/// What it does.
pub const SCRIPT: &str = include_str!("gallery.js");

/// Where the script puts it.
pub const BODY: &str = include_str!("gallery.html");
