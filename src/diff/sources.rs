//! Which sources came, went, and changed their label, group or part of the split.

use super::side::Side;
use crate::digest::Digest;
use serde::Serialize;
use std::collections::BTreeMap;

/// A source, as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Shown {
    /// Of its bytes.
    pub digest: Digest,
    /// Its first path.
    pub path: String,
    /// The name of its class.
    pub class: String,
    /// Its part: `train`, `val`, `fold-0`.
    pub part: String,
}

/// A source of both sides that is not what it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Changed {
    /// Of its bytes.
    pub digest: Digest,
    /// Its first path in B.
    pub path: String,
    /// What it was in A.
    pub from: String,
    /// What it is in B.
    pub to: String,
}

/// How two lists of sources differ; each list sorted by digest.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SourceChanges {
    /// How many A has.
    pub a: usize,
    /// How many B has.
    pub b: usize,
    /// Only in B.
    pub added: Vec<Shown>,
    /// Only in A.
    pub removed: Vec<Shown>,
    /// Another class.
    pub relabelled: Vec<Changed>,
    /// Another group.
    pub regrouped: Vec<Changed>,
    /// Another part of the split.
    pub moved: Vec<Changed>,
}

impl SourceChanges {
    /// Whether all is the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.relabelled.is_empty()
            && self.regrouped.is_empty()
            && self.moved.is_empty()
    }
}

struct Known<'a> {
    shown: Shown,
    group: &'a str,
}

fn known(side: &Side) -> BTreeMap<Digest, Known<'_>> {
    let names: BTreeMap<u32, &str> = side.classes.0.iter().map(|(number, name)| (*number, name.as_str())).collect();
    let known = side.sources.iter().zip(&side.parts).map(|(source, part)| {
        let shown = Shown {
            digest: source.digest,
            path: source.paths.first().cloned().unwrap_or_default(),
            class: names.get(&source.class).map_or_else(|| source.class.to_string(), |name| (*name).to_owned()),
            part: part.to_string(),
        };
        (source.digest, Known { shown, group: &source.group })
    });
    known.collect()
}

/// Compares the sources of two sides.
pub fn sources(a: &Side, b: &Side) -> SourceChanges {
    let (in_a, in_b) = (known(a), known(b));
    let mut changes = SourceChanges { a: in_a.len(), b: in_b.len(), ..SourceChanges::default() };
    changes.removed =
        in_a.iter().filter(|(digest, _)| !in_b.contains_key(digest)).map(|(_, one)| one.shown.clone()).collect();
    for (digest, new) in &in_b {
        let Some(old) = in_a.get(digest) else {
            changes.added.push(new.shown.clone());
            continue;
        };
        let changed = |from: &str, to: &str| {
            let (from, to) = (from.to_owned(), to.to_owned());
            (from != to).then(|| Changed { digest: *digest, path: new.shown.path.clone(), from, to })
        };
        changes.relabelled.extend(changed(&old.shown.class, &new.shown.class));
        changes.regrouped.extend(changed(old.group, new.group));
        changes.moved.extend(changed(&old.shown.part, &new.shown.part));
    }
    changes
}
