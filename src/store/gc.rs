//! Collecting: removing from the store what no record names.

use super::{BuildLock, Datasets, Holder, LockError, Result, StoreError, Wait};
use crate::digest::Digest;
use crate::fs::{self, TEMPORARY};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Whether anything is removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Run {
    /// Only said.
    Dry,
    /// Done.
    Real,
}

/// What was removed, or would be.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Collected {
    /// Versions that no record names.
    pub versions: Vec<Digest>,
    /// Tars of no version with pixels: of versions without a record, of builds that never ended.
    pub shards: u64,
    /// Files of the trainer's features: they are computed again when they are wanted.
    pub features: u64,
    /// Files that a killed process left half-written.
    pub temporary: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Versions that no record names but someone reads: they stay.
    pub in_use: Vec<Digest>,
    /// Folders of datasets that use this store and are not there now: with any, all versions stay.
    pub absent: Vec<PathBuf>,
}

impl Datasets {
    /// Removes versions that no record of any dataset with this store names, shards that belong to no version, and
    /// half-written files. Never what someone reads, and nothing while a build runs.
    ///
    /// # Errors
    /// When a build runs in the store, or something cannot be read or removed.
    pub fn gc(&self, holder: &Holder, run: Run) -> Result<Collected> {
        let build = self.lock_build(holder, |_| Wait::No)?;
        let mut collected = Collected::default();
        let named = self.named(&mut collected.absent)?;
        let mut kept = BTreeSet::new();
        let mut kept_lists = BTreeSet::new();
        for digest in self.stored()? {
            let alone = match self.hold_alone(&digest) {
                Err(StoreError::Lock(LockError::Reading { .. })) => None,
                other => Some(other?),
            };
            let is_named = named.contains(&digest) || !collected.absent.is_empty();
            if let (false, Some(_alone)) = (is_named, &alone) {
                collected.bytes += size_of_folder(&self.version_folder(&digest))?;
                if run == Run::Real {
                    fs::remove_folder(&self.version_folder(&digest))?;
                }
                collected.versions.push(digest);
                continue;
            }
            if !is_named {
                collected.in_use.push(digest);
            }
            let keys: Vec<_> =
                self.find_info(&digest)?.into_iter().flat_map(|info| info.shards).map(|s| s.key).collect();
            kept_lists.extend(keys.iter().copied());
            if alone.is_none() || !self.presence(&digest)?.evicted {
                kept.extend(keys);
            }
        }
        for file in fs::names(&self.shards())? {
            let path = self.shards().join(&file);
            let stray = |suffix: &str, kept: &BTreeSet<Digest>| {
                file.strip_suffix(suffix)
                    .and_then(|key| key.parse().ok())
                    .is_some_and(|key: Digest| !kept.contains(&key))
            };
            let (tar, list) = (stray(".tar", &kept), stray(".jsonl", &kept_lists));
            collected.shards += u64::from(tar);
            if tar || list {
                collected.drop_file(&path, run)?;
            }
        }
        for file in fs::names(&self.features())?.iter().filter(|file| file.ends_with(".safetensors")) {
            collected.features += 1;
            collected.drop_file(&self.features().join(file), run)?;
        }
        let swept = self.sweep(&build, run)?;
        collected.temporary = swept.temporary;
        collected.bytes += swept.bytes;
        Ok(collected)
    }

    /// The versions that a record names, in all datasets with this store.
    fn named(&self, absent: &mut Vec<PathBuf>) -> Result<BTreeSet<Digest>> {
        let roots = self.store.join("roots");
        let mut named = BTreeSet::new();
        for file in fs::names(&roots)?.iter().filter(|file| !file.starts_with(TEMPORARY)) {
            let root = PathBuf::from(fs::read_text(&roots.join(file))?.trim_end_matches('\n'));
            if !root.is_dir() {
                absent.push(root);
                continue;
            }
            let datasets = Datasets::new(root, Some(self.store.clone()));
            for name in datasets.names()? {
                named.extend(datasets.digests(&name)?);
            }
        }
        Ok(named)
    }

    /// Removes the files that killed processes left half-written: whoever has the build lock knows that no other build
    /// is still at them. A build does so before it starts, so that kills do not fill the disk.
    ///
    /// # Errors
    /// When a folder cannot be listed or a file not removed.
    pub fn sweep(&self, _lock: &BuildLock, run: Run) -> Result<Collected> {
        let mut collected = Collected::default();
        let versions = self.store.join("versions");
        let mut folders =
            vec![self.store.clone(), self.shards(), self.features(), self.store.join("roots"), versions.clone()];
        folders.extend(self.stored()?.iter().map(|digest| self.version_folder(digest)));
        for name in self.names()? {
            folders.extend(super::RESERVED.iter().map(|part| self.folder(&name).join(part)));
            folders.push(self.folder(&name));
        }
        for folder in folders {
            for file in fs::names(&folder)?.iter().filter(|file| file.starts_with(TEMPORARY)) {
                collected.temporary += 1;
                collected.drop_file(&folder.join(file), run)?;
            }
        }
        Ok(collected)
    }
}

impl Collected {
    fn drop_file(&mut self, path: &Path, run: Run) -> Result<()> {
        self.bytes += path.symlink_metadata().map_or(0, |metadata| metadata.len());
        if run == Run::Real {
            fs::remove(path)?;
        }
        Ok(())
    }
}

/// The bytes of the files in a folder, not of what links in it lead to.
fn size_of_folder(folder: &Path) -> Result<u64> {
    let names = fs::names(folder)?;
    Ok(names.iter().map(|name| folder.join(name).symlink_metadata().map_or(0, |metadata| metadata.len())).sum())
}

#[cfg(test)]
mod tests {
    use super::super::publish::tests::{make_shard, publish};
    use super::*;
    use crate::shard::tar_path;

    fn gc(datasets: &Datasets, run: Run) -> Collected {
        datasets.gc(&Holder::this_process("gc", String::new()), run).unwrap()
    }

    #[test]
    fn what_no_record_names_goes_and_the_rest_stays() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path().join("d"), Some(root.path().join("store")));
        let other = Datasets::new(root.path().join("e"), Some(root.path().join("store")));
        let (a, b) = (make_shard(&datasets, 0, 0, 5), make_shard(&datasets, 0, 5, 9));
        let orphan = make_shard(&datasets, 0, 9, 12);
        let kept = publish(&datasets, "x", vec![a], Some("v1")).digest;
        let foreign = publish(&other, "y", vec![b.clone()], Some("v1")).digest;
        std::fs::write(datasets.shards().join(".tmp-1.part"), "half").unwrap();
        std::fs::write(datasets.folder(&"x".parse().unwrap()).join("tags/.tmp-2.part"), "half").unwrap();
        std::fs::write(datasets.shards().join("README"), "not ours").unwrap();
        std::fs::create_dir(datasets.features()).unwrap();
        std::fs::write(datasets.features().join("0a.safetensors"), "a cache").unwrap();

        let dry = gc(&datasets, Run::Dry);
        assert_eq!((dry.shards, dry.temporary, dry.versions.len(), dry.features), (1, 2, 0, 1));
        assert!(tar_path(&datasets.shards(), &orphan.key).exists());
        assert_eq!(gc(&datasets, Run::Real), dry);
        assert!(fs::names(&datasets.features()).unwrap().is_empty());
        assert!(!tar_path(&datasets.shards(), &orphan.key).exists());
        assert_eq!(gc(&datasets, Run::Real), Collected::default());
        assert!(datasets.presence(&kept).unwrap().is_whole() && datasets.presence(&foreign).unwrap().is_whole());
        assert_eq!(
            fs::names(&datasets.shards()).unwrap().len(),
            5,
            "two shards with their lists, and what is not ours"
        );

        // The other datasets' folder is away, on a disk that is not plugged in: its versions stay.
        std::fs::rename(root.path().join("e"), root.path().join("away")).unwrap();
        let collected = gc(&datasets, Run::Real);
        assert_eq!((collected.absent.len(), collected.versions.len()), (1, 0));
        std::fs::rename(root.path().join("away"), root.path().join("e")).unwrap();

        // Its record is removed, while a trainer reads it; then the trainer ends.
        std::fs::remove_file(other.record_path(&"y".parse().unwrap(), &foreign)).unwrap();
        let reader = other.hold(&foreign).unwrap();
        assert_eq!(gc(&datasets, Run::Real).in_use, [foreign]);
        assert!(other.presence(&foreign).unwrap().is_whole());
        drop(reader);
        let collected = gc(&datasets, Run::Real);
        assert_eq!((collected.versions, collected.shards), (vec![foreign], 1));
        assert!(!tar_path(&datasets.shards(), &b.key).exists() && !other.version_folder(&foreign).exists());
    }

    #[test]
    fn nothing_is_collected_while_a_build_runs() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let _build = datasets.lock_build(&Holder::this_process("build", String::new()), |_| Wait::No).unwrap();
        let error = datasets.gc(&Holder::this_process("gc", String::new()), Run::Real).unwrap_err();
        assert!(matches!(error, StoreError::Lock(LockError::Building { .. })), "{error}");
    }
}
