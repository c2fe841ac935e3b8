//! The scan cache: what is known of an image's pixels by the digest of its bytes, so that a second scan only hashes.
//!
//! One file, written whole and renamed into place: `augmint scan cache 1\n`, the decoding table's revision (u32, little
//! endian), for each image its digest, width, height (u32) and 4,096 cells, sorted by digest; last the SHA-256 of all
//! before. A file that is anything else is ignored and written anew: losing it costs time, nothing else.

use super::error::SourceError;
use super::fingerprint::{CELLS, Fingerprint};
use crate::digest::Digest;
use crate::fs::{self, Existing};
use crate::pixels::{DECODE_REVISION, Size};
use std::collections::BTreeMap;
use std::path::Path;

const MAGIC: &[u8] = b"augmint scan cache 1\n";
const ENTRY: usize = 32 + 4 + 4 + CELLS;

/// Size and fingerprint by digest.
#[derive(Default)]
pub(super) struct Cache(BTreeMap<Digest, (Size, Box<[u8; CELLS]>)>);

impl Cache {
    /// Reads a cache; empty where there is none that is whole and of this revision.
    pub fn load(path: &Path) -> Self {
        std::fs::read(path).ok().and_then(|bytes| Self::parse(&bytes)).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (body, digest) = bytes.split_last_chunk::<32>()?;
        let entries = body.strip_prefix(MAGIC)?.strip_prefix(&DECODE_REVISION.to_le_bytes())?;
        if Digest::of(body).bytes() != digest || entries.len() % ENTRY != 0 {
            return None;
        }
        let number = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.try_into().ok()?));
        let mut known = BTreeMap::new();
        for entry in entries.chunks_exact(ENTRY) {
            let size = Size::new(number(&entry[32..36])?, number(&entry[36..40])?);
            let cells: Box<[u8; CELLS]> = entry[40..].to_vec().into_boxed_slice().try_into().ok()?;
            let digest = Digest::from_bytes(entry[..32].try_into().ok()?);
            if size.pixels() == 0 {
                return None;
            }
            known.insert(digest, (size, cells));
        }
        Some(Self(known))
    }

    /// What is known of an image.
    pub fn get(&self, digest: &Digest) -> Option<(Size, Fingerprint)> {
        self.0.get(digest).map(|(size, cells)| (*size, Fingerprint::from_cells(*size, cells.clone())))
    }

    /// Writes the cache with what a scan saw; nothing where it knew all of it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn update<'a>(
        mut self,
        path: &Path,
        seen: impl IntoIterator<Item = (&'a Digest, Size, &'a Fingerprint)>,
    ) -> Result<(), SourceError> {
        let known = self.0.len();
        for (digest, size, print) in seen {
            self.0.entry(*digest).or_insert_with(|| (size, Box::new(*print.cells())));
        }
        if self.0.len() == known {
            return Ok(());
        }
        let mut bytes = [MAGIC, &DECODE_REVISION.to_le_bytes()].concat();
        for (digest, (size, cells)) in &self.0 {
            bytes.extend_from_slice(digest.bytes());
            bytes.extend_from_slice(&size.width.to_le_bytes());
            bytes.extend_from_slice(&size.height.to_le_bytes());
            bytes.extend_from_slice(&cells[..]);
        }
        bytes.extend_from_slice(Digest::of(&bytes).bytes());
        match fs::write(path, &bytes, Existing::Replace) {
            Ok(_) => Ok(()),
            Err(error) => Err(SourceError::Cache { path: path.to_owned(), source: error.source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::tests::page;
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/cache");
        let size = Size::new(30, 40);
        let (digest, print) = (Digest::of(b"1"), Fingerprint::of(&page(size, 1)));
        Cache::load(&path).update(&path, [(&digest, size, &print)]).unwrap();
        let read = Cache::load(&path);
        assert!(read.get(&digest) == Some((size, print)));
        assert!(read.get(&Digest::of(b"2")).is_none());
    }

    #[test]
    fn a_damaged_cache_is_ignored_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache");
        let size = Size::new(30, 40);
        let (digest, print) = (Digest::of(b"1"), Fingerprint::of(&page(size, 1)));
        Cache::default().update(&path, [(&digest, size, &print)]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[100] ^= 1;
        for damaged in [&whole[..whole.len() - 1], &whole[..10], &[], &flipped] {
            std::fs::write(&path, damaged).unwrap();
            assert!(Cache::load(&path).get(&digest).is_none());
        }
        Cache::load(&path).update(&path, [(&digest, size, &print)]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}
