//! How many copies of each source.
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
