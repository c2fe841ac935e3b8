//! A version's folder in the store: a WebDataset that `webdataset` and timm's `wds/` reader take as it is.
//!
//! Its tars are relative symbolic links into `shards/`, so that two versions share a shard, one place knows whether a
//! shard is there, and the whole store can be moved; tar, Python and timm follow them. (Hard links would keep the
//! blocks of an evicted shard alive.) `_info.json` lists the splits as timm wants them and, for us, each tar's shard key.

use super::{Datasets, Result, StoreError};
use crate::digest::Digest;
use crate::fs::{self, Existing};
use crate::set::{Set, SetRole};
use crate::shard::tar_path;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One shard of a version.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardRef {
    /// The set whose samples it holds.
    pub set: Set,
    /// Its number within the set, from 0.
    pub index: u32,
    /// Names it in the folder of shards.
    pub key: Digest,
    /// How many samples.
    pub samples: u64,
    /// How long its tar is.
    pub bytes: u64,
}

impl ShardRef {
    /// Its name in the version's folder: `train-00000.tar`, `f0-val-00000.tar`.
    pub fn file_name(&self) -> String {
        format!("{}-{:05}.tar", self.set, self.index)
    }
}

/// `_info.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Info {
    /// The version.
    pub digest: Digest,
    /// By name of the set; with folds also `not-f<k>`, the training set of fold k. For timm.
    pub splits: BTreeMap<String, Split>,
    /// All shards, sorted by set and number.
    pub shards: Vec<ShardRef>,
}

/// A split as timm's reader wants it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Its name once more.
    pub name: String,
    /// The sum of `shard_lengths`.
    pub num_samples: u64,
    /// In order.
    pub filenames: Vec<String>,
    /// Samples in each.
    pub shard_lengths: Vec<u64>,
    /// The field of each sample's `.json` that is the target.
    pub alt_label: String,
}

impl Info {
    /// The information on a version of these shards.
    pub fn new(digest: Digest, mut shards: Vec<ShardRef>) -> Self {
        shards.sort();
        let mut splits = BTreeMap::new();
        let mut add = |name: String, of: &dyn Fn(&Set) -> bool| {
            let of: Vec<_> = shards.iter().filter(|shard| of(&shard.set)).collect();
            let split = Split {
                name: name.clone(),
                num_samples: of.iter().map(|shard| shard.samples).sum(),
                filenames: of.iter().map(|shard| shard.file_name()).collect(),
                shard_lengths: of.iter().map(|shard| shard.samples).collect(),
                alt_label: "target".into(),
            };
            splits.insert(name, split);
        };
        for set in shards.iter().map(|shard| shard.set) {
            add(set.to_string(), &|other| *other == set);
            if let Some(fold) = set.fold {
                add(format!("not-f{fold}"), &|other| other.role == SetRole::Train && other.fold != Some(fold));
            }
        }
        Self { digest, splits, shards }
    }
}

/// How much of a version's pixels the store holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Presence {
    /// Shards that are there.
    pub shards: u64,
    /// Shards that belong to it; 0 when the store has no folder of the version.
    pub of: u64,
    /// Whether they were freed by `evict` (or never stored, by `--no-store`).
    pub evicted: bool,
}

impl Presence {
    /// Whether all pixels are there.
    pub fn is_whole(&self) -> bool {
        self.of > 0 && self.shards == self.of
    }
}

impl std::fmt::Display for Presence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self { of: 0, .. } => f.write_str("not stored"),
            _ if self.is_whole() => f.write_str("stored"),
            Self { evicted: true, .. } => f.write_str("evicted"),
            Self { shards, of, .. } => write!(f, "{shards} of {of} shards"),
        }
    }
}

/// The file in a version's folder that says: the pixels were freed on purpose.
const EVICTED: &str = "evicted";

impl Datasets {
    /// What the store knows of a version; `None` without a folder of it.
    ///
    /// # Errors
    /// When `_info.json` cannot be read.
    pub fn find_info(&self, digest: &Digest) -> Result<Option<Info>> {
        let path = self.version_folder(digest).join("_info.json");
        // As bytes: what is not even UTF-8 is damage like any other.
        let text = match fs::read(&path) {
            Err(error) if error.is_missing() => return Ok(None),
            other => other?,
        };
        let info = serde_json::from_slice(&text);
        info.map(Some).map_err(|error| StoreError::Info { line: error.line(), path, problem: error.to_string() })
    }

    /// What the store knows of a version.
    ///
    /// # Errors
    /// When it has no folder of it, or `_info.json` cannot be read.
    pub fn info(&self, digest: &Digest) -> Result<Info> {
        self.find_info(digest)?.ok_or_else(|| StoreError::NotStored { digest: *digest, store: self.store.clone() })
    }

    /// Writes a version's folder, but for the manifest: links, then `_info.json`. Links that are not its own are removed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_info(&self, info: &Info) -> Result<()> {
        let folder = self.version_folder(&info.digest);
        fs::create_folder(&folder)?;
        let names: Vec<_> = info.shards.iter().map(ShardRef::file_name).collect();
        for stale in fs::names(&folder)?.iter().filter(|name| name.ends_with(".tar") && !names.contains(name)) {
            fs::remove(&folder.join(stale))?;
        }
        for (shard, name) in info.shards.iter().zip(&names) {
            let (target, link) = (tar_path(Path::new("../../shards"), &shard.key), folder.join(name));
            if std::fs::read_link(&link).ok().as_ref() != Some(&target) {
                fs::symlink(&target, &link)?;
            }
        }
        let text = serde_json::to_string_pretty(info).expect("BUG: information that is no JSON") + "\n";
        fs::write(&folder.join("_info.json"), text.as_bytes(), Existing::Replace)?;
        Ok(())
    }

    /// Notes whether a version's pixels are freed on purpose.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_evicted(&self, digest: &Digest, evicted: bool) -> Result<()> {
        let path = self.version_folder(digest).join(EVICTED);
        if evicted {
            fs::write(&path, b"its pixels were freed; `augmint restore` makes them again\n", Existing::Keep)?;
        } else {
            fs::remove(&path)?;
        }
        Ok(())
    }

    /// How much of a version's pixels is there.
    ///
    /// # Errors
    /// When `_info.json` cannot be read.
    pub fn presence(&self, digest: &Digest) -> Result<Presence> {
        let shards = self.find_info(digest)?.map(|info| info.shards).unwrap_or_default();
        let there = shards.iter().filter(|shard| tar_path(&self.shards(), &shard.key).exists()).count() as u64;
        let evicted = self.version_folder(digest).join(EVICTED).exists();
        Ok(Presence { shards: there, of: shards.len() as u64, evicted })
    }

    /// The versions that have a folder in the store, sorted.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn stored(&self) -> Result<Vec<Digest>> {
        let names = fs::names(&self.store.join("versions"))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The paths of a version's tars, as links in its folder: all, or those of one split (`train`, `f0-val`, `not-f0`).
    ///
    /// # Errors
    /// When the version has no folder, or no such split: then the splits that it has.
    pub fn paths(&self, digest: &Digest, split: Option<&str>) -> Result<Vec<PathBuf>> {
        let (info, folder) = (self.info(digest)?, self.version_folder(digest));
        let Some(split) = split else {
            return Ok(info.shards.iter().map(|shard| folder.join(shard.file_name())).collect());
        };
        let Some(found) = info.splits.get(split) else {
            let known = info.splits.keys().cloned().collect();
            return Err(StoreError::UnknownSplit { digest: *digest, split: split.into(), known });
        };
        Ok(found.filenames.iter().map(|name| folder.join(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(set: &str, index: u32, samples: u64) -> ShardRef {
        let key = Digest::of(format!("{set} {index}").as_bytes());
        ShardRef { set: set.parse().unwrap(), index, key, samples, bytes: 2048 }
    }

    #[test]
    fn splits_are_what_timm_reads() {
        let info = Info::new(Digest::of(b"v"), vec![shard("val", 0, 7), shard("train", 1, 20), shard("train", 0, 30)]);
        let json = serde_json::to_value(&info).unwrap();
        assert_eq!(
            json["splits"]["train"],
            serde_json::json!({
                "name": "train", "num_samples": 50, "filenames": ["train-00000.tar", "train-00001.tar"],
                "shard_lengths": [30, 20], "alt_label": "target"
            })
        );
        assert_eq!(info.splits.keys().collect::<Vec<_>>(), ["train", "val"]);
    }

    #[test]
    fn with_folds_the_training_set_of_one_is_all_others() {
        let info =
            Info::new(Digest::of(b"v"), ["f0", "f0-val", "f1", "f2"].iter().map(|set| shard(set, 0, 5)).collect());
        assert_eq!(info.splits["not-f1"].filenames, ["f0-00000.tar", "f2-00000.tar"]);
        assert_eq!(info.splits["not-f1"].num_samples, 10);
    }

    #[test]
    fn a_folder_links_its_shards_and_knows_which_are_there() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let digest = Digest::of(b"v");
        assert_eq!(datasets.presence(&digest).unwrap().to_string(), "not stored");
        assert!(matches!(datasets.info(&digest), Err(StoreError::NotStored { .. })));
        let folder = datasets.version_folder(&digest);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("train-00009.tar"), "stale").unwrap();
        let info = Info::new(digest, vec![shard("train", 0, 3), shard("val", 0, 3)]);
        datasets.write_info(&info).unwrap();
        datasets.write_info(&info).unwrap();
        assert_eq!(fs::names(&folder).unwrap(), ["_info.json", "train-00000.tar", "val-00000.tar"]);
        assert_eq!(datasets.info(&digest).unwrap(), info);
        fs::write(&tar_path(&datasets.shards(), &info.shards[0].key), b"tar", Existing::Keep).unwrap();
        assert_eq!(std::fs::read(folder.join("train-00000.tar")).unwrap(), b"tar");
        assert_eq!(datasets.presence(&digest).unwrap().to_string(), "1 of 2 shards");
        assert_eq!(datasets.paths(&digest, Some("train")).unwrap(), [folder.join("train-00000.tar")]);
        let error = datasets.paths(&digest, Some("test")).unwrap_err().to_string();
        assert!(error.ends_with("has no split 'test'; it has train, val"), "{error}");
        assert_eq!(datasets.stored().unwrap(), [digest]);
    }
}
