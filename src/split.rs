//! Which sources train and which are held out.
use crate::number::Micro;

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

/// The part that a source was given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// Trains.
    Train,
    /// Held out.
    Val,
    /// In this fold.
    Fold(u32),
}
