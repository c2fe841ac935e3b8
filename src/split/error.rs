//! Why sources cannot be split.

use super::Part;

/// Why sources cannot be split as asked; everything that is wrong is told at once.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SplitError {
    /// The recipe names a class that there is not.
    #[error("[split] {key}: no class '{name}'{}", nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean '{name}'?")))]
    UnknownClass {
        /// `by_page` or `train_only`.
        key: &'static str,
        /// As written.
        name: String,
        /// The closest class.
        nearest: Option<String>,
    },
    /// Classes that would be left with nothing to train on or nothing to hold out.
    #[error("{}", classes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unsplittable {
        /// By class number, then part.
        classes: Vec<Unsplittable>,
    },
    /// The earlier version was split in another way.
    #[error("split.from: the earlier version has a source in part '{part}', which this [split] ({kind}) does not have")]
    Incompatible {
        /// Of the earlier version.
        part: Part,
        /// As the recipe says.
        kind: String,
    },
}

/// A class that would be left with nothing in a part.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "class '{class}' has no source {place}: its {sources} in {units}, the largest of {largest}; {}",
    if *fold { "take fewer folds, group_by = \"page\" for it, or make it training only" }
    else { "add sources, change val, take group_by = \"page\" for it, or make it training only" }
)]
pub struct Unsplittable {
    /// Its name.
    pub class: String,
    /// `to train on`, `to validate on` or `to validate on in fold 2`.
    pub place: String,
    /// `1 source is`, `12 sources are`.
    pub sources: String,
    /// `1 group`, `3 groups`.
    pub units: String,
    /// Sources in the largest unit, of this class.
    pub largest: u64,
    /// Whether it is about folds.
    pub fold: bool,
}
