//! How good predictions are, and how far a score may be trusted.
//!
//! One definition of each measure, for the trainer's validation, `augmint errors` and `augmint compare` alike:
//! [`Confusion`] counts, [`Interval`] says how much of a score is chance, [`Difference`] whether two groups of samples
//! differ. Numbers in, numbers out: nothing here knows files, classes' names or pixels.

mod confusion;
mod difference;
mod interval;
mod pair;
mod rank;
mod scores;

pub use confusion::{ClassScore, Confused, Confusion};
pub use difference::{Contrast, Difference, Judged};
pub use interval::{Clusters, Interval};
pub use pair::Agreement;
pub use rank::spearman;
pub use scores::Scores;
