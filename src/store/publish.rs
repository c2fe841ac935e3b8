//! Publishing: shards that are there become a version, in an order that makes a kill at any moment harmless.

use super::{Datasets, Info, Record, Result, Retag, ShardRef, StoreError, Tag, TagChange};
use crate::digest::Digest;
use crate::fs::{self, Existing, Pending};
use crate::manifest::{Header, MergeError, Summary, WriteError, Writer, merge};
use crate::shard::entries_path;

/// The entries of all shards as one manifest, written but not yet in its place.
#[must_use = "dropped without `publish`, the manifest never appears"]
pub struct Assembled {
    manifest: Pending,
    info: Info,
    summary: Summary,
}

impl Assembled {
    /// What the manifest says; its digest is the version's.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

/// A published version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// Its digest.
    pub digest: Digest,
    /// Whether the dataset had it already.
    pub existed: bool,
    /// The tag that names it, and what was done to it.
    pub tag: Option<(Tag, TagChange)>,
}

impl Datasets {
    /// Brings the entries beside the shards together into a manifest. Reads no pixels, and needs none.
    ///
    /// # Errors
    /// When a shard's entries are missing or damaged, or hold other samples than planned.
    pub fn assemble(&self, header: &Header, validation: Option<&Header>, shards: Vec<ShardRef>) -> Result<Assembled> {
        let folder = self.store.join("versions");
        let path = folder.join("manifest.jsonl.zst");
        let on_write = |error| MergeError::Write(WriteError::Io(error));
        let mut writer = Writer::new(Pending::new(&path)?, header, validation).map_err(on_write)?;
        let mut shards = shards;
        shards.sort();
        let entries: Vec<_> = shards.iter().map(|shard| entries_path(&self.shards(), &shard.key)).collect();
        merge(&entries, &mut writer)?;
        let (mut manifest, summary) = writer.finish().map_err(on_write)?;
        let expected = shards.iter().map(|shard| shard.samples).sum();
        if summary.samples != expected {
            return Err(StoreError::Count { expected, found: summary.samples });
        }
        manifest.rename(self.manifest_path(&summary.digest));
        Ok(Assembled { manifest, info: Info::new(summary.digest, shards), summary })
    }

    /// Puts an assembled version's folder in its place: manifest, links, information. Whoever restores stops here. A
    /// version whose pixels are not all there counts as evicted.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn place(&self, assembled: Assembled) -> Result<Summary> {
        assembled.manifest.publish(Existing::Replace)?;
        self.write_info(&assembled.info)?;
        let whole = self.presence(&assembled.summary.digest)?.is_whole();
        self.set_evicted(&assembled.summary.digest, !whole)?;
        Ok(assembled.summary)
    }

    /// Makes a version exist: its folder, its source list, then its record, and last its tag.
    ///
    /// `record` may leave out what the manifest says of itself ([`Record::with_summary`]) and the source list's digest.
    /// The same version again is fine: its record stays as it is.
    ///
    /// # Errors
    /// When something cannot be written, or the tag names another version; then the version is published without a tag.
    pub fn publish(
        &self,
        assembled: Assembled,
        record: Record,
        sources: &str,
        tag: Option<(Tag, Retag)>,
    ) -> Result<Published> {
        let mut record = record.with_summary(&self.place(assembled)?);
        record.sources = self.write_sources(&record.name, sources)?;
        let path = self.record_path(&record.name, &record.digest);
        let existed = !fs::write(&path, record.to_text().as_bytes(), Existing::Keep)?;
        if existed {
            Record::read(&path)?;
        }
        let tag = match tag {
            Some((tag, retag)) => {
                let change = self.set_tag(&record.name, &tag, &record.digest, retag)?;
                Some((tag, change))
            }
            None => None,
        };
        Ok(Published { digest: record.digest, existed, tag })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::record::tests::record;
    use super::*;
    use crate::canonical::Json;
    use crate::manifest::{Entry, Reader, sample};
    use crate::shard::{Pixels, ShardWriter, tar_path};
    use crate::source::Classes;

    pub(crate) fn classes() -> Classes {
        Classes((0..3).map(|number| (number, format!("class {number}"))).collect())
    }

    fn stored(n: u32) -> (Entry, Vec<u8>) {
        let pixels: Vec<u8> = (0..200 + n % 50).map(|at| (at + n) as u8).collect();
        (Entry { bytes: pixels.len() as u64, digest: Digest::of(&pixels), ..sample(n) }, pixels)
    }

    /// Makes the shard of samples `from..to`; its key follows from them.
    pub(crate) fn make_shard(datasets: &Datasets, index: u32, from: u32, to: u32) -> ShardRef {
        let key = Digest::of(format!("{from}..{to}").as_bytes());
        let classes = classes();
        let mut writer = ShardWriter::new(&datasets.shards(), &key, &classes, Pixels::Keep).unwrap();
        for n in from..to {
            let (entry, pixels) = stored(n);
            writer.push(&entry, &pixels).unwrap();
        }
        let written = writer.finish().unwrap();
        ShardRef { set: "train".parse().unwrap(), index, key, samples: written.samples, bytes: written.bytes }
    }

    /// Publishes a version of these shards.
    pub(crate) fn publish(datasets: &Datasets, name: &str, shards: Vec<ShardRef>, tag: Option<&str>) -> Published {
        datasets.prepare_store().unwrap();
        let header = Header::new(Json::object([]));
        let assembled = datasets.assemble(&header, None, shards).unwrap();
        let record = Record { classes: classes().0.into_iter().collect(), ..record(name, Digest::of(b"")) };
        let tag = tag.map(|tag| (tag.parse().unwrap(), Retag::Refused));
        datasets.publish(assembled, record, "", tag).unwrap()
    }

    #[test]
    fn a_version_is_published_once_and_its_manifest_is_its_digest() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let shards = vec![make_shard(&datasets, 1, 20, 30), make_shard(&datasets, 0, 0, 20)];
        let first = publish(&datasets, "a", shards.clone(), Some("v1"));
        assert_eq!((first.existed, first.tag), (false, Some(("v1".parse().unwrap(), TagChange::Created))));
        let manifest = zstd::decode_all(std::fs::File::open(datasets.manifest_path(&first.digest)).unwrap()).unwrap();
        assert_eq!(Digest::of(&manifest), first.digest);
        let version = datasets.resolve(&"a@v1".parse().unwrap()).unwrap();
        let record = datasets.record(&version).unwrap();
        assert_eq!((record.samples, record.count("train".parse().unwrap())), (30, 30));
        let reader = Reader::open(&datasets.manifest_path(&first.digest), Some(first.digest)).unwrap();
        assert_eq!(reader.collect::<std::result::Result<Vec<_>, _>>().unwrap().len(), 30);
        assert!(datasets.presence(&first.digest).unwrap().is_whole());

        let again = publish(&datasets, "a", shards, Some("v1"));
        assert_eq!(
            again,
            Published { digest: first.digest, existed: true, tag: Some(("v1".parse().unwrap(), TagChange::Unchanged)) }
        );
        assert_eq!(fs::names(&datasets.store().join("versions")).unwrap().len(), 1, "nothing temporary is left");
    }

    #[test]
    fn without_pixels_a_version_counts_as_evicted_until_they_are_there() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let shards = vec![make_shard(&datasets, 0, 0, 5)];
        let tar = tar_path(&datasets.shards(), &shards[0].key);
        let (aside, digest) = (root.path().join("aside"), publish(&datasets, "a", shards.clone(), None).digest);
        std::fs::rename(&tar, &aside).unwrap();
        publish(&datasets, "a", shards.clone(), None);
        assert_eq!(datasets.presence(&digest).unwrap().to_string(), "evicted");
        std::fs::rename(&aside, &tar).unwrap();
        publish(&datasets, "a", shards, None);
        assert_eq!(datasets.presence(&digest).unwrap().to_string(), "stored");
    }

    #[test]
    fn a_taken_tag_leaves_the_version_published() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        publish(&datasets, "a", vec![make_shard(&datasets, 0, 0, 5)], Some("v1"));
        let assembled =
            datasets.assemble(&Header::new(Json::object([])), None, vec![make_shard(&datasets, 0, 0, 7)]).unwrap();
        let digest = assembled.summary().digest;
        let tag = Some(("v1".parse().unwrap(), Retag::Refused));
        let error = datasets.publish(assembled, record("a", digest), "", tag).unwrap_err();
        assert!(matches!(error, StoreError::Tagged { .. }), "{error}");
        assert!(datasets.digests(&"a".parse().unwrap()).unwrap().contains(&digest));
    }

    #[test]
    fn missing_entries_and_wrong_counts_are_errors_and_publish_nothing() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let shard = make_shard(&datasets, 0, 0, 5);
        let assemble = |shard: ShardRef| {
            datasets.assemble(&Header::new(Json::object([])), None, vec![shard]).err().unwrap().to_string()
        };
        let wrong = assemble(ShardRef { samples: 6, ..shard.clone() });
        assert_eq!(wrong, "the shards hold 5 samples where 6 were planned");
        std::fs::remove_file(entries_path(&datasets.shards(), &shard.key)).unwrap();
        assert!(assemble(shard).contains(".jsonl"));
        assert_eq!(fs::names(&datasets.store().join("versions")).unwrap(), [""; 0]);
    }
}
