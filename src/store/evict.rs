//! Evicting: freeing the pixels of a version that can be made again, and nothing else.

use super::{Datasets, Holder, Record, Resolved, Result, StoreError, Wait};
use crate::digest::Digest;
use crate::fs;
use crate::shard::tar_path;
use std::collections::BTreeSet;

/// What was freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Evicted {
    /// Shards whose tar was removed.
    pub shards: u64,
    /// Bytes freed.
    pub bytes: u64,
    /// Shards that stay, because another version has them too.
    pub shared: u64,
}

impl Datasets {
    /// Removes the tars of a version, but for those that a version with pixels shares. Its record, manifest and lists
    /// of samples stay. `remakable` says why this engine could not make the pixels again, if it could not.
    ///
    /// # Errors
    /// When the pixels could not be made again, someone reads the version, or a build runs in the store.
    pub fn evict(
        &self,
        version: &Resolved,
        holder: &Holder,
        remakable: impl FnOnce(&Record) -> std::result::Result<(), String>,
    ) -> Result<Evicted> {
        let digest = &version.digest;
        let record = self.record(version)?;
        let _build = self.lock_build(holder, |_| Wait::No)?;
        let _alone = self.hold_alone(digest)?;
        let info = self.info(digest)?;
        remakable(&record).map_err(|reason| StoreError::NotRemakable { digest: *digest, reason })?;
        // From here on the version counts as evicted, even if the process is killed before the last tar is gone.
        self.set_evicted(digest, true)?;
        let kept = self.shards_with_pixels()?;
        let mut evicted = Evicted::default();
        for shard in &info.shards {
            let path = tar_path(&self.shards(), &shard.key);
            if !path.exists() {
                continue;
            }
            if kept.contains(&shard.key) {
                evicted.shared += 1;
                continue;
            }
            evicted.bytes += fs::metadata(&path)?.len();
            evicted.shards += 1;
            fs::remove(&path)?;
        }
        Ok(evicted)
    }

    /// The shards of all versions in the store that are not evicted.
    pub(super) fn shards_with_pixels(&self) -> Result<BTreeSet<Digest>> {
        let mut keys = BTreeSet::new();
        for digest in self.stored()? {
            if !self.presence(&digest)?.evicted {
                keys.extend(self.find_info(&digest)?.into_iter().flat_map(|info| info.shards).map(|shard| shard.key));
            }
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::super::publish::tests::{make_shard, publish};
    use super::super::{LockError, Presence};
    use super::*;

    fn holder() -> Holder {
        Holder::this_process("evict", String::new())
    }

    #[test]
    fn pixels_are_freed_but_for_those_that_another_version_shares() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let (a, b, c) =
            (make_shard(&datasets, 0, 0, 9), make_shard(&datasets, 1, 9, 20), make_shard(&datasets, 1, 20, 25));
        let one = publish(&datasets, "x", vec![a.clone(), b], Some("v1")).digest;
        let two = publish(&datasets, "x", vec![a.clone(), c], Some("v2")).digest;
        let (v1, v2) = ("x@v1".parse().unwrap(), "x@v2".parse().unwrap());
        let (v1, v2) = (datasets.resolve(&v1).unwrap(), datasets.resolve(&v2).unwrap());

        let refused = datasets.evict(&v1, &holder(), |_| Err("the source x.jpg is gone".into())).unwrap_err();
        assert!(
            refused.to_string().ends_with("could not make its pixels again: the source x.jpg is gone"),
            "{refused}"
        );
        let reader = datasets.hold(&one).unwrap();
        let refused = datasets.evict(&v1, &holder(), |_| Ok(())).unwrap_err();
        assert!(matches!(refused, StoreError::Lock(LockError::Reading { .. })), "{refused}");
        drop(reader);
        assert!(datasets.presence(&one).unwrap().is_whole());

        let evicted = datasets.evict(&v1, &holder(), |_| Ok(())).unwrap();
        assert_eq!((evicted.shards, evicted.shared), (1, 1));
        assert_eq!(datasets.presence(&one).unwrap(), Presence { shards: 1, of: 2, evicted: true });
        assert!(datasets.presence(&two).unwrap().is_whole());
        let evicted = datasets.evict(&v2, &holder(), |_| Ok(())).unwrap();
        assert_eq!((evicted.shards, evicted.shared), (2, 0), "nobody with pixels shares it any more");
        assert!(datasets.manifest_path(&one).exists() && datasets.record(&v1).is_ok());
    }
}
