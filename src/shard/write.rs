//! Writes a shard, sample by sample, as blocks are rendered.

use super::{ShardError, describe, entries_path, tar, tar_path};
use crate::digest::Digest;
use crate::fs::{Existing, Pending};
use crate::manifest::Entry;
use crate::source::Classes;
use std::path::Path;

/// Whether a shard's pixels are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pixels {
    /// In its tar.
    Keep,
    /// No; only the entries are written, and how long the tar would be is counted (`--no-store`).
    Drop,
}

/// A shard that is being written: it appears with [`ShardWriter::finish`], and not at all when dropped.
#[must_use = "dropped without `finish`, the shard never appears"]
pub struct ShardWriter<'a> {
    tar: Option<Pending>,
    entries: Pending,
    classes: &'a Classes,
    written: Written,
}

/// What a finished shard holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Written {
    /// How many samples.
    pub samples: u64,
    /// How long the tar is.
    pub bytes: u64,
}

impl<'a> ShardWriter<'a> {
    /// Starts the shard of this key in the folder of shards.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn new(folder: &Path, key: &Digest, classes: &'a Classes, pixels: Pixels) -> Result<Self, ShardError> {
        let tar = match pixels {
            Pixels::Keep => Some(Pending::new(&tar_path(folder, key))?),
            Pixels::Drop => None,
        };
        let entries = Pending::new(&entries_path(folder, key))?;
        Ok(Self { tar, entries, classes, written: Written::default() })
    }

    /// Adds the next sample: its entry and its stored bytes.
    ///
    /// # Errors
    /// When the entry breaks a rule, is not that of these bytes, or cannot be written.
    pub fn push(&mut self, entry: &Entry, bytes: &[u8]) -> Result<(), ShardError> {
        entry.check().map_err(|problem| ShardError::Entry { key: entry.key, problem })?;
        assert_eq!(entry.bytes, bytes.len() as u64, "BUG: the entry of {} is of other bytes", entry.key);
        self.member(&format!("{}.{}", entry.key, entry.file.extension()), bytes)?;
        self.member(&format!("{}.json", entry.key), describe(entry, self.classes).as_bytes())?;
        self.entries.write(entry.line().as_bytes())?;
        self.entries.write(b"\n")?;
        self.written.samples += 1;
        Ok(())
    }

    fn member(&mut self, name: &str, content: &[u8]) -> Result<(), ShardError> {
        let bytes = content.len() as u64;
        let padding = (tar::padded(bytes) - bytes) as usize;
        if let Some(tar) = &mut self.tar {
            tar.write(&tar::header(name, bytes))?;
            tar.write(content)?;
            tar.write(&tar::END[..padding])?;
        }
        self.written.bytes += tar::BLOCK + tar::padded(bytes);
        Ok(())
    }

    /// Ends the tar and makes the shard appear, its entries first. A shard of the same key is replaced: it holds the same.
    ///
    /// # Errors
    /// When it cannot be written or flushed to the disk; then no shard has appeared.
    pub fn finish(self) -> Result<Written, ShardError> {
        self.entries.publish(Existing::Replace)?;
        if let Some(mut tar) = self.tar {
            tar.write(&tar::END)?;
            tar.publish(Existing::Replace)?;
        }
        Ok(Written { bytes: self.written.bytes + tar::END.len() as u64, ..self.written })
    }
}
