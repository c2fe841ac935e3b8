//! Listings: every sample of a version as one JSON object a line, with everything that was drawn for it.
//!
//! What the manifest says in numbers and digests is said here in names: the class, the op of each step, the path of the
//! source and of the partner. So a question about a version is one line of DuckDB, polars or `jq` (docs/manifests.md). The
//! samples come in key order from the manifest or, where the store has none, from the plan of the record, for which neither
//! pixels nor sources are needed; what only pixels tell (bytes, width, height, digest) is null then. Nothing is held
//! in memory but a few thousand lines and, by sample, its key and its shard; a manifest that was changed is an error, but one
//! that is known only at its end.

mod filter;
mod names;
mod origin;
mod row;

pub use filter::{Filter, Wanted};

use crate::manifest::{Entry, Key, ManifestError};
use crate::prepare::PrepareError;
use crate::store::{Datasets, Resolved, StoreError};
use names::Names;
use origin::Origin;
use rayon::prelude::*;
use std::io::{self, Write};

/// Why samples cannot be listed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ListingError {
    /// The version cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// The version has no manifest in the store, and its record gives no plan.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Prepare(#[from] PrepareError),
    /// The manifest cannot be read.
    #[error(transparent)]
    #[diagnostic(help("the store is a cache: `augmint restore` makes it again"))]
    Manifest(#[from] ManifestError),
    /// A filter that can be true of no sample.
    #[error("{version} has no {kind} '{text}'")]
    Unknown {
        /// The version.
        version: String,
        /// What was asked for: a class, a split, a step or op.
        kind: &'static str,
        /// As given.
        text: String,
        /// The nearest, and what there is.
        #[help]
        help: String,
    },
    /// A source that is none of the version's.
    #[error("{version} has no source '{text}'")]
    UnknownSource {
        /// The version.
        version: String,
        /// As given.
        text: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// Several sources' digests start so.
    #[error("the digests of several sources start with '{text}': {}", paths.join(", "))]
    #[diagnostic(help("give more digits, or the path"))]
    SeveralSources {
        /// As given.
        text: String,
        /// A path of each.
        paths: Vec<String>,
    },
    /// The output took no more.
    #[error("the samples cannot be written: {0}")]
    Output(io::Error),
}

/// How many samples were listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// Written.
    pub listed: u64,
    /// Of so many.
    pub of: u64,
    /// The first of those written.
    pub first: Option<Key>,
}

/// The samples of a version, ready to be listed.
#[derive(Debug)]
pub struct Listing {
    names: Names,
    origin: Origin,
}

/// A sample on its way: what is known of it, and the index of its shard.
struct Sample {
    entry: Entry,
    shard: Option<u32>,
    rendered: bool,
}

/// Samples that are held at a time.
const HELD: usize = 4096;

/// Lines that one thread writes at a time.
const LINES: usize = 128;

impl Listing {
    /// The samples of a version, by its manifest or else by the plan of its record.
    ///
    /// # Errors
    /// When its record, its source list or the lists of its shards cannot be read, or give no plan.
    pub fn open(datasets: &Datasets, version: &Resolved) -> Result<Self, ListingError> {
        let record = datasets.record(version)?;
        let (sources, _) = datasets.sources(&version.name, &record.sources)?;
        let origin = Origin::open(datasets, version, &record)?;
        Ok(Self { names: Names::new(version.to_string(), &record, &sources), origin })
    }

    /// Whether bytes, width, height and digest are known.
    pub fn is_rendered(&self) -> bool {
        matches!(self.origin, Origin::Manifest { .. })
    }

    /// Checks what is wanted against what the version has.
    ///
    /// # Errors
    /// With the first class, split, step or source that it does not have, and the nearest one that it has.
    pub fn filter(&self, wanted: &Wanted) -> Result<Filter, ListingError> {
        Filter::new(wanted, &self.names)
    }

    /// Writes the samples that pass the filter, each as a line of JSON, in key order, on all threads.
    ///
    /// # Errors
    /// When the manifest cannot be read or is not that of the version, or `out` takes no more.
    pub fn write(&self, filter: &Filter, out: &mut impl Write) -> Result<Listed, ListingError> {
        let mut listed = Listed::default();
        let shards = self.origin.shard_names();
        self.origin.batches(HELD, &mut |samples| {
            let texts: Vec<(u64, String)> = (samples.par_chunks(LINES))
                .map(|samples| {
                    let passed = samples.iter().filter(|sample| filter.passes(&sample.entry));
                    passed.fold((0, String::new()), |(count, mut text), sample| {
                        let shard = sample.shard.and_then(|shard| shards.get(shard as usize));
                        row::write(&mut text, sample, shard.map(String::as_str), &self.names);
                        (count + 1, text)
                    })
                })
                .collect();
            if listed.first.is_none() {
                listed.first =
                    samples.iter().map(|sample| &sample.entry).find(|entry| filter.passes(entry)).map(|e| e.key);
            }
            listed.of += samples.len() as u64;
            for (count, text) in texts {
                listed.listed += count;
                out.write_all(text.as_bytes()).map_err(ListingError::Output)?;
            }
            Ok(())
        })?;
        out.flush().map_err(ListingError::Output)?;
        Ok(listed)
    }
}

/// Where each key's shard is, for keys that are asked for in ascending order.
struct Merge<'a> {
    sorted: &'a [(Key, u32)],
}

impl Merge<'_> {
    /// The shard of a key, if any lists it.
    fn shard(&mut self, key: Key) -> Option<u32> {
        let before = self.sorted.iter().take_while(|(known, _)| *known < key).count();
        self.sorted = &self.sorted[before..];
        self.sorted.first().filter(|(known, _)| *known == key).map(|(_, shard)| *shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_shard_lists_has_none_and_the_others_keep_theirs() {
        let key = |byte| Key::from_bytes([byte; 16]);
        let mut merge = Merge { sorted: &[(key(1), 0), (key(3), 2), (key(4), 0)] };
        let found: Vec<_> = [0, 1, 2, 3, 3, 4, 5].map(|byte| merge.shard(key(byte))).into();
        assert_eq!(found, [None, Some(0), None, Some(2), Some(2), Some(0), None]);
    }
}
