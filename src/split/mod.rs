//! Which sources train and which are held out.
//!
//! The split comes before augmentation, so that a copy can only ever stand where its source stands. It has its own seed,
//! and looks at nothing but digests, classes, groups and pages: recipe, amount and recipe seed never move a source.
//!
//! **Units.** What must stay together is one unit: sources of one group (of one page, where a class is split by page),
//! and near-duplicates always. A unit may hold several classes; it has one part. A unit's key is its group's name, or,
//! where all of it is split by page, its smallest page's digest; units are taken in the order of
//! `H("augmint split 1", split seed, key)`, then key.
//!
//! **Holdout.** A class of n sources has a quota of `n · val`, rounded half up, at least 1 and at most n − 1. In that order a
//! unit is held out if, for each of its classes, the room left takes all of it; a larger one stays in training.
//!
//! **Folds.** Of n sources fold i of k has a quota of n / k, and the first n mod k folds one more. Each unit has an order
//! of folds of its own, by `H("augmint fold 1", split seed, key, fold)`, and takes the first with room for all of it. If
//! none has, or the unit is large (two sources of a class or more, and over a quarter of n / k), it takes the fold with
//! the most room left (over its classes, weighted by its sources of each), the lowest of equals. Filling the fold with
//! the most room always would balance as well, but a source that goes would then move nearly all that come after it; so
//! it moves the few that its place is handed on to.
//!
//! **Training only.** Such a class' units train in every fold and are never held out.
//!
//! **Earlier.** Sources known to an earlier version keep their part, and take room first; the others of their unit
//! follow. Where a unit's sources had different parts (a group that grew together), training wins, then the lowest fold;
//! and training only wins over both. Who lost its part is listed as moved.

mod assign;
mod error;

pub use assign::{Assignment, Missed, assign};
pub use error::{SplitError, Unsplittable};

use crate::number::Micro;
use std::fmt;
use std::str::FromStr;

/// The recipe's `[split]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SplitSpec {
    /// Its own seed: no other part of a recipe moves a source.
    pub seed: u64,
    /// How sources are held out.
    pub kind: SplitKind,
    /// `split.from = REF`: sources known to that version keep their part.
    pub from: Option<String>,
    /// Classes whose groups are ignored, so that each page stands alone.
    pub by_page: Vec<String>,
    /// Classes that are never held out.
    pub train_only: Vec<String>,
}

/// How sources are held out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SplitKind {
    /// All sources train.
    None,
    /// This fraction of each class is held out, 0 to 1 exclusive.
    Holdout(Micro),
    /// This many folds, at least 2; training set k is every fold but k.
    Folds(u32),
}

/// The part that a source was given. Prints as `train`, `val` or `fold-0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// Trains; with folds: in all of them.
    Train,
    /// Held out.
    Val,
    /// In this fold.
    Fold(u32),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Train => f.write_str("train"),
            Self::Val => f.write_str("val"),
            Self::Fold(fold) => write!(f, "fold-{fold}"),
        }
    }
}

/// A text that is no [`Part`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{0}' is not a part: expected train, val or fold-0, fold-1…")]
pub struct ParsePartError(String);

impl FromStr for Part {
    type Err = ParsePartError;

    fn from_str(text: &str) -> Result<Self, ParsePartError> {
        let part = match text {
            "train" => Some(Self::Train),
            "val" => Some(Self::Val),
            _ => text.strip_prefix("fold-").and_then(|fold| fold.parse().ok()).map(Self::Fold),
        };
        part.filter(|part| part.to_string() == text).ok_or_else(|| ParsePartError(text.into()))
    }
}

#[cfg(test)]
mod tests;
