//! How many copies of each source.
//!
//! First each class gets its number of samples, then its sources share them. Both are whole numbers by largest remainder
//! (Hamilton): everyone gets its share rounded down, what is left goes one by one to the largest remainders, the lowest
//! class number first among equals; within a class, where all shares are equal, to the sources with the lowest
//! `H("augmint copies 1", digest)`. So `total` is met exactly, the order of sources does not count, and no draw is
//! touched: a source that gets one copy more keeps all it had.
//!
//! With folds every source trains (in all folds but its own), so every source counts.

mod apportion;
mod error;

pub use apportion::copies;
pub use error::{AmountError, TooFew, TooMany};

use crate::number::Micro;
use std::collections::BTreeMap;

/// The recipe's `[amount]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AmountSpec {
    /// The measure.
    pub amount: Amount,
    /// How classes share it.
    pub balance: Balance,
    /// Keep each training source once, through `[output]` alone.
    pub originals: bool,
    /// `class.NAME = { copies = N }`: samples per source of that class, originals included.
    pub class_copies: BTreeMap<String, u32>,
    /// Most samples per source; more is an error naming the class.
    pub max_copies: Option<u32>,
}

/// How many training samples; originals are included in each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// In all.
    Total(u64),
    /// Per source (the mean, where `balance` is not natural).
    Copies(Micro),
    /// Per class.
    PerClass(u64),
}

/// How classes share the amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Balance {
    /// As many as there are sources.
    Natural,
    /// In proportion to the square root of the number of sources.
    Sqrt,
    /// All the same: class oversampling.
    Equal,
}

#[cfg(test)]
mod tests;
