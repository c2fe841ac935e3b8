//! Reads the bytes of items, in any order, and checks them.

use super::{ExportError, Item};
use crate::digest::Digest;
use crate::fs;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

/// Shards that are open at a time: a process may usually have 1024 files.
const OPEN: usize = 256;

/// The images of a selection.
pub(super) struct Images<'a> {
    shards: &'a [PathBuf],
    open: BTreeMap<u32, File>,
    buffer: Vec<u8>,
}

impl<'a> Images<'a> {
    /// The images in these tars, and in files of their own.
    pub fn new(shards: &'a [PathBuf]) -> Self {
        Self { shards, open: BTreeMap::new(), buffer: Vec::new() }
    }

    /// The bytes of an item and their digest, which is the one that the item has to have, where that is known.
    pub fn read(&mut self, item: &Item) -> Result<(&[u8], Digest), ExportError> {
        match item {
            Item::Sample { entry, shard, offset } => {
                let path = &self.shards[*shard as usize];
                if self.open.len() >= OPEN && !self.open.contains_key(shard) {
                    self.open.clear();
                }
                let file = match self.open.entry(*shard) {
                    std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
                    std::collections::btree_map::Entry::Vacant(vacant) => vacant.insert(fs::open(path)?),
                };
                // The manifest's sizes are those of files that were read once: below 8 GB, and really there.
                self.buffer.resize(usize::try_from(entry.bytes).unwrap_or(usize::MAX), 0);
                file.read_exact_at(&mut self.buffer, *offset).map_err(fs::on("read", path))?;
                let found = Digest::of(&self.buffer);
                if found != entry.digest {
                    let (key, path, expected) = (entry.key, path.clone(), entry.digest);
                    return Err(ExportError::Damaged { key, path, expected, found });
                }
                Ok((&self.buffer, found))
            }
            Item::File { path, digest, .. } => {
                self.buffer = fs::read(path)?;
                let found = Digest::of(&self.buffer);
                match digest {
                    Some(expected) if *expected != found => Err(ExportError::Changed { path: path.clone() }),
                    _ => Ok((&self.buffer, found)),
                }
            }
        }
    }
}
