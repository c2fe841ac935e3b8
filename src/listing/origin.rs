//! Where the samples of a listing come from: the manifest in the store, or the plan of the record.

use super::{ListingError, Merge, Sample};
use crate::digest::Digest;
use crate::manifest::{EntryLines, Key, Reader};
use crate::plan::{self, Plan};
use crate::prepare::plan_of_record;
use crate::shard::entries_path;
use crate::store::{Datasets, Record, Resolved, ShardRef};
use rayon::prelude::*;
use std::path::PathBuf;

/// The samples' origin, with the shard of each key that some shard lists, sorted by key.
#[derive(Debug)]
pub(super) enum Origin {
    /// The manifest in the store.
    Manifest { path: PathBuf, digest: Digest, shards: Vec<ShardRef>, places: Vec<(Key, u32)> },
    /// The plan of the record.
    Plan { plan: Box<Plan>, places: Vec<(Key, u32, plan::Sample)> },
}

impl Origin {
    /// The manifest, where the store has it, else the plan.
    pub fn open(datasets: &Datasets, version: &Resolved, record: &Record) -> Result<Self, ListingError> {
        let path = datasets.manifest_path(&version.digest);
        if !path.exists() {
            return Ok(Self::of_plan(plan_of_record(version, record, datasets)?));
        }
        let shards = datasets.find_info(&version.digest)?.map(|info| info.shards).unwrap_or_default();
        let mut places = Vec::new();
        for (index, shard) in (0..).zip(&shards) {
            let list = entries_path(&datasets.shards(), &shard.key);
            // A list that is gone is no reason to say nothing: the shard is not known then.
            if list.exists() {
                let mut lines = EntryLines::open(&list)?;
                while let Some(key) = lines.next_key()? {
                    places.push((key, index));
                }
            }
        }
        places.par_sort_unstable();
        Ok(Self::Manifest { path, digest: version.digest, shards, places })
    }

    fn of_plan(plan: Plan) -> Self {
        let of_shard = |(index, shard): (usize, &plan::ShardPlan)| {
            let index = u32::try_from(index).expect("BUG: more shards than any store has");
            let samples = shard.blocks.iter().flat_map(|block| plan.block_samples(block));
            samples.map(|sample| (Key::of(&plan.id(&sample).key()), index, sample)).collect::<Vec<_>>()
        };
        let mut places: Vec<_> = plan.shards().par_iter().enumerate().flat_map_iter(of_shard).collect();
        places.par_sort_unstable_by_key(|(key, ..)| *key);
        Self::Plan { plan: Box::new(plan), places }
    }

    /// The name of each shard in the version's folder, by the index that samples have.
    pub fn shard_names(&self) -> Vec<String> {
        match self {
            Self::Manifest { shards, .. } => shards.iter().map(ShardRef::file_name).collect(),
            Self::Plan { plan, .. } => plan.shards().iter().map(plan::ShardPlan::file_name).collect(),
        }
    }

    /// Gives all samples in key order, at most `held` at a time.
    pub fn batches(
        &self,
        held: usize,
        take: &mut dyn FnMut(&[Sample]) -> Result<(), ListingError>,
    ) -> Result<(), ListingError> {
        match self {
            Self::Manifest { path, digest, places, .. } => {
                let mut merge = Merge { sorted: places };
                let mut samples = Vec::with_capacity(held);
                for entry in Reader::open(path, Some(*digest))? {
                    let entry = entry?;
                    samples.push(Sample { shard: merge.shard(entry.key), entry, rendered: true });
                    if samples.len() == held {
                        take(&samples)?;
                        samples.clear();
                    }
                }
                take(&samples)
            }
            Self::Plan { plan, places } => places.chunks(held).try_for_each(|places| {
                let sample = |(_, shard, sample): &(Key, u32, plan::Sample)| Sample {
                    entry: plan.unrendered(sample),
                    shard: Some(*shard),
                    rendered: false,
                };
                take(&places.par_iter().with_min_len(32).map(sample).collect::<Vec<_>>())
            }),
        }
    }
}
