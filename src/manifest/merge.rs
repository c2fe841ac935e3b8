//! Brings the entries of many shards into one manifest, in key order, without holding them all.

use super::read::EntryLines;
use super::{Key, ManifestError, WriteError, Writer};
use crate::fs;
use std::io::Write;
use std::path::Path;

/// How many bytes of lines are held at once, as entries of about the same size: 180,000 take two passes over the files,
/// a million ten.
const HELD: u64 = 64 << 20;

/// Why shards could not be brought together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The entries of a shard cannot be read.
    #[error(transparent)]
    Read(#[from] ManifestError),
    /// The manifest cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Writes the entries of all `shards` (the files beside the tars) to `manifest`, sorted by key.
///
/// Each pass reads every file and keeps the entries of one range of keys, since keys are spread evenly; so memory does
/// not depend on how many samples there are.
///
/// # Errors
/// When a file cannot be read, is damaged, or two entries have one key.
pub fn merge<W: Write>(shards: &[impl AsRef<Path>], manifest: &mut Writer<W>) -> Result<(), MergeError> {
    let mut bytes = 0;
    for shard in shards {
        bytes += fs::metadata(shard.as_ref()).map_err(ManifestError::from)?.len();
    }
    merge_in_passes(shards, manifest, bytes.div_ceil(HELD).max(1))
}

fn merge_in_passes<W: Write>(
    shards: &[impl AsRef<Path>],
    manifest: &mut Writer<W>,
    passes: u64,
) -> Result<(), MergeError> {
    for pass in 0..passes {
        let mut held = Vec::new();
        for shard in shards {
            let mut lines = EntryLines::open(shard.as_ref())?;
            while let Some(entry) = lines.next_wanted(|key| pass_of(key, passes) == pass)? {
                held.push(entry);
            }
        }
        held.sort_unstable_by_key(|entry| entry.key);
        for entry in held {
            manifest.push(&entry)?;
        }
    }
    Ok(())
}

/// The pass that a key belongs to: ranges of keys, in order.
fn pass_of(key: &Key, passes: u64) -> u64 {
    let prefix = u64::from_be_bytes(key.bytes()[..8].try_into().expect("BUG: 8 of 16 bytes"));
    ((u128::from(prefix) * u128::from(passes)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::sample;
    use super::super::{Entry, Header, Reader};
    use super::*;
    use crate::canonical::Json;

    fn shard(folder: &Path, name: &str, entries: &[Entry]) -> std::path::PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, entries.iter().map(|entry| entry.line() + "\n").collect::<String>()).unwrap();
        path
    }

    fn merged(shards: &[std::path::PathBuf], passes: u64) -> Result<Vec<u8>, MergeError> {
        let header = Header::new(Json::object([]));
        let mut writer = Writer::new(Vec::new(), &header, None).unwrap();
        merge_in_passes(shards, &mut writer, passes)?;
        Ok(writer.finish().unwrap().0)
    }

    #[test]
    fn any_number_of_passes_and_any_order_of_shards_gives_one_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<_> = (0..100).map(sample).collect();
        let mut shards: Vec<_> =
            entries.chunks(30).enumerate().map(|(n, part)| shard(folder.path(), &n.to_string(), part)).collect();
        let once = merged(&shards, 1).unwrap();
        let text = zstd::decode_all(&once[..]).unwrap();
        let keys: Vec<_> =
            Reader::new(&text[..], Path::new("m"), None).unwrap().map(|entry| entry.unwrap().key).collect();
        assert!(keys.is_sorted() && keys.len() == 100);
        shards.reverse();
        assert_eq!(merged(&shards, 7).unwrap(), once);
    }

    #[test]
    fn damage_and_duplicates_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (shard(folder.path(), "1", &[sample(1), sample(2)]), shard(folder.path(), "2", &[sample(2)]));
        let twice = merged(&[one, two.clone()], 2).unwrap_err().to_string();
        assert!(twice.contains("two samples of one key"), "{twice}");
        let line = sample(3).line().replace("\"copy\":3", "\"copy\":x");
        std::fs::write(&two, line + "\n").unwrap();
        let damaged = merged(&[two], 5).unwrap_err().to_string();
        assert!(damaged.ends_with("2, line 1: column 31: expected a whole number"), "{damaged}");
    }
}
