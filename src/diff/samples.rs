//! Which samples of A became which of B, and what became of them.
//!
//! A merge-join of two lists sorted by key. What is left over (with another seed every key is another one) is joined by
//! source, role and copy: people mean the same sample then, drawn anew.

use super::columns::{Columns, Row};
use crate::seed::Role;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What became of a sample.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Equal pixels, label and set.
    Identical,
    /// Equal pixels under another label or in another set.
    Relabelled,
    /// Equal draws through other output settings: another size or encoding.
    Reencoded,
    /// Equal draws and other pixels: another engine, or something that draws do not state, such as how a partner was
    /// prepared.
    Rerendered,
    /// Other draws.
    Redrawn,
    /// Only in B.
    Added,
    /// Only in A.
    Removed,
}

impl Fate {
    /// All, in the order in which they are printed.
    pub const ALL: [Self; 7] = [
        Self::Identical,
        Self::Relabelled,
        Self::Reencoded,
        Self::Rerendered,
        Self::Redrawn,
        Self::Added,
        Self::Removed,
    ];

    /// The name in text and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Relabelled => "relabelled",
            Self::Reencoded => "reencoded",
            Self::Rerendered => "rerendered",
            Self::Redrawn => "redrawn",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Identical => "equal pixels and labels",
            Self::Relabelled => "equal pixels, other label or set",
            Self::Reencoded => "equal draws, other output settings",
            Self::Rerendered => "equal draws, other engine or partner",
            Self::Redrawn => "other draws",
            Self::Added => "only in B",
            Self::Removed => "only in A",
        }
    }

    /// What it is when A and B change places.
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Added => Self::Removed,
            Self::Removed => Self::Added,
            other => other,
        }
    }
}

/// What differs between two recipes and engines as far as a sample's fate depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Circumstances {
    /// Training samples and their originals are stored with other settings.
    pub output: bool,
    /// So are held-out samples.
    pub held_out_output: bool,
    /// An op, an effect or the decoding that both use has another revision.
    pub engine: bool,
    /// An encoding that both use has another revision.
    pub codec: bool,
}

impl Circumstances {
    fn output_of(&self, role: Role) -> bool {
        match role {
            Role::Original | Role::Train => self.output,
            Role::Val | Role::NoisyVal => self.held_out_output,
        }
    }
}

/// A sample of A, of B, or of both, as indices of their rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// In A's rows.
    pub a: Option<u32>,
    /// In B's rows.
    pub b: Option<u32>,
    /// What became of it.
    pub fate: Fate,
}

/// How many samples met which fate.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Fates(pub BTreeMap<Fate, u64>);

impl Fates {
    /// How many met this one.
    pub fn of(&self, fate: Fate) -> u64 {
        self.0.get(&fate).copied().unwrap_or(0)
    }

    /// All samples of A or B, a pair counted once.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// Pairs the samples of two sides: those of both in the order of A's keys, then the rest.
pub fn pair(a: &Columns, b: &Columns, circumstances: &Circumstances) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(a.rows.len().max(b.rows.len()));
    let known = a.rendered && b.rendered;
    let both = |at: usize, bt: usize| {
        let fate = fate(&a.rows[at], &b.rows[bt], known, circumstances);
        Pair { a: Some(at as u32), b: Some(bt as u32), fate }
    };
    let (mut only_a, mut only_b) = (Vec::new(), Vec::new());
    merge(
        a.rows.len(),
        b.rows.len(),
        |at, bt| a.rows[at].key.cmp(&b.rows[bt].key),
        |at, bt| match (at, bt) {
            (Some(at), Some(bt)) => pairs.push(both(at, bt)),
            (Some(at), None) => only_a.push(at),
            (None, Some(bt)) => only_b.push(bt),
            (None, None) => {}
        },
    );
    let name = |row: &Row| (row.source, row.role, row.copy);
    only_a.sort_unstable_by_key(|at| name(&a.rows[*at]));
    only_b.sort_unstable_by_key(|bt| name(&b.rows[*bt]));
    merge(
        only_a.len(),
        only_b.len(),
        |at, bt| name(&a.rows[only_a[at]]).cmp(&name(&b.rows[only_b[bt]])),
        |at, bt| match (at, bt) {
            (Some(at), Some(bt)) => pairs.push(both(only_a[at], only_b[bt])),
            (Some(at), None) => pairs.push(Pair { a: Some(only_a[at] as u32), b: None, fate: Fate::Removed }),
            (None, Some(bt)) => pairs.push(Pair { a: None, b: Some(only_b[bt] as u32), fate: Fate::Added }),
            (None, None) => {}
        },
    );
    pairs
}

/// Walks two sorted lists together.
fn merge(
    a: usize,
    b: usize,
    compare: impl Fn(usize, usize) -> Ordering,
    mut found: impl FnMut(Option<usize>, Option<usize>),
) {
    let (mut at, mut bt) = (0, 0);
    while at < a || bt < b {
        let order = match (at < a, bt < b) {
            (true, true) => compare(at, bt),
            (true, false) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let (has_a, has_b) = (order != Ordering::Greater, order != Ordering::Less);
        found(has_a.then_some(at), has_b.then_some(bt));
        at += usize::from(has_a);
        bt += usize::from(has_b);
    }
}

/// What became of a sample that both have. Where the pixels of one side are not known, by all that decides them.
fn fate(a: &Row, b: &Row, known: bool, circumstances: &Circumstances) -> Fate {
    let same_pixels =
        if (a.label, a.class, a.set) == (b.label, b.class, b.set) { Fate::Identical } else { Fate::Relabelled };
    if known && a.digest == b.digest {
        return same_pixels;
    }
    // Another key seeds noise otherwise even where every stated number is the same.
    if a.draws != b.draws || (a.key != b.key && a.drawn) {
        return Fate::Redrawn;
    }
    let other_engine = circumstances.engine || a.unsettled || b.unsettled;
    match (circumstances.output_of(a.role), other_engine) {
        (_, true) => Fate::Rerendered,
        (true, false) => Fate::Reencoded,
        (false, false) if known || circumstances.codec => Fate::Rerendered,
        (false, false) => same_pixels,
    }
}
