//! Verifying: every byte of a version compared with what its digest stands for.
//!
//! The chain: the version's digest names the manifest's bytes, the manifest names each sample's, and of a shard all
//! other bytes follow from its entries. So nothing beside the digest is trusted: not the entries beside a shard (each is
//! looked up in the manifest), not a length, not a name.

use super::{Datasets, Result, ShardRef};
use crate::digest::Digest;
use crate::fs::FsError;
use crate::manifest::{Entry, EntryLines, Key, Reader};
use crate::shard::{Fault, Shard, ShardError, entries_path, tar_path};
use crate::source::Classes;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// The version.
    pub digest: Digest,
    /// Its shards.
    pub shards: u64,
    /// The samples of its manifest (of its shards' entries, where the manifest is damaged).
    pub samples: u64,
    /// Bytes of tars that were read.
    pub bytes: u64,
    /// What is wrong with the manifest.
    pub manifest: Option<String>,
    /// Shards that are not as they should be, in order.
    pub faults: Vec<ShardFault>,
    /// Samples of the manifest that no readable shard lists, in key order.
    pub unlisted: Vec<Key>,
}

/// A shard that is not as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShardFault {
    /// Which.
    pub shard: ShardRef,
    /// What is wrong.
    pub problem: ShardProblem,
}

/// What is wrong with a shard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShardProblem {
    /// It is not there.
    Missing,
    /// Its entries are missing, damaged, or not those of the manifest.
    Entries(String),
    /// It cannot be read, or its end was changed.
    Tar(String),
    /// These samples, and only these, are damaged.
    Samples(Vec<Fault>),
}

impl Checked {
    /// Whether every byte is as it should be.
    pub fn is_good(&self) -> bool {
        self.manifest.is_none() && self.faults.is_empty() && self.unlisted.is_empty()
    }

    /// Every difference in one line, in order: shards, their samples, then what is listed nowhere.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.manifest.iter().map(|problem| format!("manifest: {problem}")).collect();
        for ShardFault { shard, problem } in &self.faults {
            let name = shard.file_name();
            match problem {
                ShardProblem::Missing => lines.push(format!("{name}: missing, with its {} samples", shard.samples)),
                ShardProblem::Entries(problem) => lines.push(format!("{name}: its list of samples: {problem}")),
                ShardProblem::Tar(problem) => lines.push(format!("{name}: {problem}")),
                ShardProblem::Samples(faults) => {
                    lines.extend(faults.iter().map(|fault| format!("{name}: sample {}: {}", fault.key, fault.problem)));
                }
            }
        }
        lines.extend(self.unlisted.iter().map(|key| format!("sample {key}: in no shard that can be read")));
        lines
    }
}

/// Keys with the digests of their lines, sorted: what the manifest says, in 48 bytes a sample.
pub(crate) type Index = Vec<(Key, Digest)>;

impl Datasets {
    /// Compares every byte of a version with its digest, on all threads; `progress` is given the bytes of each shard
    /// that is done.
    ///
    /// # Errors
    /// Only when the store has no folder of the version; what is damaged or missing is in the answer.
    pub fn verify(&self, digest: &Digest, classes: &Classes, progress: &(dyn Fn(u64) + Sync)) -> Result<Checked> {
        let info = self.info(digest)?;
        let (index, manifest) = match self.index(digest) {
            Ok(index) => (Some(index), None),
            Err(problem) => (None, Some(problem)),
        };
        let results: Vec<(Vec<Key>, Option<ShardProblem>)> = info
            .shards
            .par_iter()
            .map(|shard| {
                let result = self.verify_shard(shard, index.as_ref(), classes);
                progress(shard.bytes);
                result
            })
            .collect();
        let listed: BTreeSet<Key> = results.iter().flat_map(|(keys, _)| keys).copied().collect();
        let samples = index.as_ref().map_or(listed.len(), Vec::len) as u64;
        let unlisted = index.iter().flatten().map(|(key, _)| *key).filter(|key| !listed.contains(key)).collect();
        let bad = |(shard, (_, problem)): (&ShardRef, (_, Option<ShardProblem>))| {
            problem.map(|problem| ShardFault { shard: shard.clone(), problem })
        };
        let shards = info.shards.len() as u64;
        let bytes = info.shards.iter().map(|shard| shard.bytes).sum();
        let faults = info.shards.iter().zip(results).filter_map(bad).collect();
        Ok(Checked { digest: *digest, shards, samples, bytes, manifest, faults, unlisted })
    }

    /// The index of a version's manifest, whose bytes have the version's digest.
    pub(crate) fn index(&self, digest: &Digest) -> std::result::Result<Index, String> {
        let text = |error: crate::manifest::ManifestError| error.to_string();
        let reader = Reader::open(&self.manifest_path(digest), Some(*digest)).map_err(text)?;
        reader.map(|entry| entry.map(|entry| (entry.key, Digest::of(entry.line().as_bytes()))).map_err(text)).collect()
    }

    /// The keys that the shard lists, and what is wrong with it.
    fn verify_shard(
        &self,
        shard: &ShardRef,
        index: Option<&Index>,
        classes: &Classes,
    ) -> (Vec<Key>, Option<ShardProblem>) {
        let entries = match self.listed(shard, index) {
            Ok(entries) => entries,
            Err(problem) => return (Vec::new(), Some(ShardProblem::Entries(problem))),
        };
        let keys = entries.iter().map(|entry| entry.key).collect();
        let path = tar_path(&self.shards(), &shard.key);
        let found = Shard::with_entries(&path, entries, classes).and_then(|shard| shard.verify(classes));
        let problem = match found {
            Ok(faults) if faults.is_empty() => None,
            Ok(faults) => Some(ShardProblem::Samples(faults)),
            Err(ShardError::Fs(error)) if FsError::is_missing(&error) => Some(ShardProblem::Missing),
            Err(error) => Some(ShardProblem::Tar(error.to_string())),
        };
        (keys, problem)
    }

    /// The entries beside a shard, if they are those of the manifest.
    pub(crate) fn listed(&self, shard: &ShardRef, index: Option<&Index>) -> std::result::Result<Vec<Entry>, String> {
        let lines = EntryLines::open(&entries_path(&self.shards(), &shard.key)).map_err(|error| error.to_string())?;
        let entries = lines.collect::<std::result::Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        for entry in index.iter().flat_map(|index| entries.iter().map(move |entry| (index, entry))) {
            let (index, entry) = entry;
            let known = index.binary_search_by_key(&entry.key, |(key, _)| *key).map(|at| index[at].1);
            if known != Ok(Digest::of(entry.line().as_bytes())) {
                return Err(format!("sample {} is not the manifest's", entry.key));
            }
        }
        match entries.len() as u64 == shard.samples {
            true => Ok(entries),
            false => Err(format!("it has {} samples instead of {}", entries.len(), shard.samples)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::publish::tests::{classes, make_shard, publish};
    use super::*;
    use std::path::Path;

    fn version() -> (tempfile::TempDir, Datasets, Digest, Vec<ShardRef>) {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let shards = vec![make_shard(&datasets, 0, 0, 20), make_shard(&datasets, 1, 20, 40)];
        let digest = publish(&datasets, "a", shards.clone(), None).digest;
        (root, datasets, digest, shards)
    }

    fn lines(datasets: &Datasets, digest: &Digest) -> Vec<String> {
        let checked = datasets.verify(digest, &classes(), &|_| ()).unwrap();
        assert_eq!(checked.is_good(), checked.lines().is_empty());
        checked.lines()
    }

    fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(path).unwrap();
        change(&mut bytes);
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_whole_version_is_good() {
        let (_root, datasets, digest, _) = version();
        let done = std::sync::atomic::AtomicU64::new(0);
        let add = |bytes| {
            done.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        };
        let checked = datasets.verify(&digest, &classes(), &add).unwrap();
        assert!(checked.is_good(), "{:?}", checked.lines());
        assert_eq!((checked.samples, checked.shards, checked.bytes), (40, 2, done.into_inner()));
    }

    #[test]
    fn one_flipped_byte_names_one_sample() {
        let (_root, datasets, digest, shards) = version();
        change(&tar_path(&datasets.shards(), &shards[1].key), |tar| tar[512 + 7] ^= 1);
        let lines = lines(&datasets, &digest);
        let key = crate::manifest::sample(20).key;
        assert!(
            lines.len() == 1 && lines[0].starts_with(&format!("train-00001.tar: sample {key}: its pixels")),
            "{lines:?}"
        );
    }

    #[test]
    fn missing_shards_lists_and_manifests_are_told_apart() {
        let (_root, datasets, digest, shards) = version();
        std::fs::remove_file(tar_path(&datasets.shards(), &shards[0].key)).unwrap();
        assert_eq!(lines(&datasets, &digest), ["train-00000.tar: missing, with its 20 samples"]);
        std::fs::remove_file(entries_path(&datasets.shards(), &shards[0].key)).unwrap();
        let found = lines(&datasets, &digest);
        assert!(
            found[0].starts_with("train-00000.tar: its list of samples: cannot open ") && found.len() == 21,
            "{found:?}"
        );
        std::fs::remove_file(datasets.manifest_path(&digest)).unwrap();
        let found = lines(&datasets, &digest);
        assert!(found[0].starts_with("manifest: cannot open ") && found.len() == 2, "{found:?}");
    }

    #[test]
    fn a_list_that_says_something_else_is_not_believed() {
        let (_root, datasets, digest, shards) = version();
        let path = entries_path(&datasets.shards(), &shards[0].key);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"copy\":3", "\"copy\":4", 1)).unwrap();
        let found = lines(&datasets, &digest);
        let key = crate::manifest::sample(3).key;
        assert_eq!(found[0], format!("train-00000.tar: its list of samples: sample {key} is not the manifest's"));
        // Half a list, of whole lines.
        std::fs::write(&path, text.lines().take(5).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let found = lines(&datasets, &digest);
        assert_eq!(found[0], "train-00000.tar: its list of samples: it has 5 samples instead of 20");
    }

    #[test]
    fn a_changed_manifest_is_noticed_and_shards_are_still_checked() {
        let (_root, datasets, digest, shards) = version();
        change(&datasets.manifest_path(&digest), |bytes| bytes[30] ^= 8);
        change(&tar_path(&datasets.shards(), &shards[0].key), |tar| tar.truncate(4096));
        let found = lines(&datasets, &digest);
        assert!(found[0].starts_with("manifest: "), "{found:?}");
        assert!(found[1].contains("cut off") || found[1].contains("its pixels"), "{found:?}");
    }
}
