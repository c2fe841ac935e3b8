//! Why an amount is impossible.

use std::fmt;

/// Why the recipe's `[amount]` cannot be met.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AmountError {
    /// Nothing trains.
    #[error("[amount]: there is no training source")]
    NoSources,
    /// `balance` contradicts `per_class`.
    #[error("[amount]: per_class makes all classes equal already; remove balance = \"{0}\", or use total")]
    BalanceWithPerClass(&'static str),
    /// The recipe names a class that there is not.
    #[error("[amount] class.{name}: no class '{name}'{}", nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean '{name}'?")))]
    UnknownClass {
        /// As written.
        name: String,
        /// The closest class.
        nearest: Option<String>,
    },
    /// The recipe names a class without sources that train.
    #[error("[amount] class.{0}: the class has no training source; remove the line")]
    ClassWithoutSources(String),
    /// The classes with numbers of their own take more than the total, or leave a rest that no class can take.
    #[error(
        "[amount] total = {total}, but the classes with copies of their own ({classes}) take {taken}; {}",
        if taken > total { "raise total, or lower their copies" }
        else { "no class is left for the rest: set total to that, or remove one of them" }
    )]
    Overrides {
        /// As written.
        total: u64,
        /// Names and numbers.
        classes: String,
        /// What they take.
        taken: u64,
    },
    /// Sources of some classes would be copied too often.
    #[error("[amount] max_copies = {max}: {}", Lines(classes))]
    TooManyCopies {
        /// As written.
        max: u32,
        /// By class number.
        classes: Vec<TooMany>,
    },
    /// Originals do not fit into the amount.
    #[error("[amount] originals = true keeps every training source, but {}", Lines(classes))]
    TooFew {
        /// By class number.
        classes: Vec<TooFew>,
    },
    /// More samples than can be counted.
    #[error("[amount]: more than 4,294,967,295 samples of one source, or 10^18 in all")]
    Overflow,
}

/// A class whose sources would be copied too often.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "class '{class}' needs {copies} of each of its {sources} training sources to have {samples} samples; raise \
     max_copies to {copies}, lower the amount, balance less (\"sqrt\", \"natural\"), or add sources"
)]
pub struct TooMany {
    /// Its name.
    pub class: String,
    /// Most samples of one source.
    pub copies: u64,
    /// Sources that train.
    pub sources: u64,
    /// Samples that it should have.
    pub samples: u64,
}

/// A class with more sources than samples.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "class '{class}' has {sources} of them for {samples} samples; raise the amount, balance less, or set originals = false"
)]
pub struct TooFew {
    /// Its name.
    pub class: String,
    /// Sources that train.
    pub sources: u64,
    /// Samples that it should have.
    pub samples: u64,
}

struct Lines<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Lines<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n  "))
    }
}
