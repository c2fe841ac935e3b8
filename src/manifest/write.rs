//! Writes a manifest: compressed on the way, hashed before it is.

use super::{Entry, EntryError, Header, Key};
use crate::digest::{Digest, StreamHasher};
use crate::set::Set;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Streams a manifest to `out` as zstd, and counts what goes by.
pub struct Writer<W: Write> {
    out: zstd::Encoder<'static, W>,
    hasher: StreamHasher,
    validation: Option<StreamHasher>,
    last: Option<Key>,
    line: String,
    /// The first eight bytes of each sample's digest: enough to tell how many are equal.
    digests: Vec<u64>,
    counts: BTreeMap<Set, BTreeMap<u32, u64>>,
    bytes: u64,
}

/// What a finished manifest says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The SHA-256 of the uncompressed manifest: the version's digest.
    pub digest: Digest,
    /// The digest of what is held out: the validation header's line, then the lines of the validation sets.
    pub validation: Option<Digest>,
    /// How many samples.
    pub samples: u64,
    /// How many of them have the same bytes as another one before them.
    pub repeated: u64,
    /// The sum of the samples' bytes, without what a tar adds.
    pub bytes: u64,
    /// Samples by set and class number.
    pub counts: BTreeMap<Set, BTreeMap<u32, u64>>,
}

/// Why a manifest could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// An entry that breaks a rule.
    #[error("sample {key} cannot be written: {problem}")]
    Entry {
        /// Which.
        key: Key,
        /// What is wrong.
        problem: EntryError,
    },
    /// An entry that does not follow the one before.
    #[error("sample {key} comes after {last}: two samples of one key, or entries that were not sorted")]
    Order {
        /// The entry.
        key: Key,
        /// The one before it.
        last: Key,
    },
    /// The output took no more.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl<W: Write> Writer<W> {
    /// How hard zstd tries: 6 keeps up with the hashing and is within a few per cent of what 19 reaches.
    const LEVEL: i32 = 6;

    /// Starts with the header; `validation` starts the validation digest, where anything is held out.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(out: W, header: &Header, validation: Option<&Header>) -> io::Result<Self> {
        let mut out = zstd::Encoder::new(out, Self::LEVEL)?;
        out.include_checksum(true)?;
        let start = |header: &Header| {
            let mut hasher = StreamHasher::default();
            hasher.update(header.line().as_bytes());
            hasher.update(b"\n");
            hasher
        };
        out.write_all(header.line().as_bytes())?;
        out.write_all(b"\n")?;
        Ok(Self {
            out,
            hasher: start(header),
            validation: validation.map(start),
            last: None,
            line: String::new(),
            digests: Vec::new(),
            counts: BTreeMap::new(),
            bytes: 0,
        })
    }

    /// Adds the next sample; keys have to ascend.
    ///
    /// # Errors
    /// When it breaks a rule, does not follow the one before, or cannot be written.
    pub fn push(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let key = entry.key;
        entry.check().map_err(|problem| WriteError::Entry { key, problem })?;
        if let Some(last) = self.last.filter(|last| *last >= key) {
            return Err(WriteError::Order { key, last });
        }
        self.last = Some(key);
        self.line.clear();
        entry.write_line(&mut self.line);
        self.line.push('\n');
        self.hasher.update(self.line.as_bytes());
        if let Some(validation) = self.validation.as_mut().filter(|_| entry.set.role.is_validation()) {
            validation.update(self.line.as_bytes());
        }
        self.digests.push(entry.digest.prefix64());
        *self.counts.entry(entry.set).or_default().entry(entry.class).or_default() += 1;
        self.bytes += entry.bytes;
        Ok(self.out.write_all(self.line.as_bytes())?)
    }

    /// Ends the manifest and gives back what it was written to.
    ///
    /// # Errors
    /// When the rest cannot be written.
    pub fn finish(mut self) -> io::Result<(W, Summary)> {
        let out = self.out.finish()?;
        let samples = self.digests.len() as u64;
        self.digests.sort_unstable();
        self.digests.dedup();
        let summary = Summary {
            digest: self.hasher.finish(),
            validation: self.validation.map(StreamHasher::finish),
            samples,
            repeated: samples - self.digests.len() as u64,
            bytes: self.bytes,
            counts: self.counts,
        };
        Ok((out, summary))
    }
}
