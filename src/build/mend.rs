//! Mending: making good only the samples that are damaged.

use super::BuildError;
use crate::manifest::{Entry, Key};
use crate::plan::Renderer;
use crate::shard::{Pixels, Shard, ShardWriter, tar_path};
use crate::store::Datasets;
use std::collections::BTreeSet;

/// Writes a damaged shard of the plan anew: the samples named in `bad` are rendered, all others are copied. `entries` are
/// those of the version's manifest, in the shard's order; what is rendered has to have their digests. Gives the
/// number of samples rendered.
///
/// # Errors
/// When a source is missing or changed, the render differs from the manifest, or the disk fails.
pub fn mend(
    renderer: &Renderer,
    datasets: &Datasets,
    index: usize,
    key: &crate::digest::Digest,
    entries: &[Entry],
    bad: &BTreeSet<Key>,
) -> Result<u64, BuildError> {
    let plan = renderer.plan();
    let folder = datasets.shards();
    let old = Shard::with_entries(&tar_path(&folder, key), entries.to_vec(), plan.classes())?;
    let mut writer = ShardWriter::new(&folder, key, plan.classes(), Pixels::Keep)?;
    let mut rendered_anew = 0;
    let mut place = 0;
    let mut buffer = Vec::new();
    for block in &plan.shards()[index].blocks {
        let mut image = None;
        for sample in plan.block_samples(block) {
            let entry = &entries[place];
            if bad.contains(&entry.key) {
                let image = match &image {
                    Some(image) => std::sync::Arc::clone(image),
                    None => image.insert(renderer.source(block.source)?).clone(),
                };
                let rendered = renderer.sample(&sample, &image)?;
                if rendered.entry != *entry {
                    return Err(BuildError::Different {
                        expected: entry.digest,
                        found: rendered.entry.digest,
                        reason: format!("sample {} renders to other bytes here", entry.key),
                    });
                }
                writer.push(entry, &rendered.bytes)?;
                rendered_anew += 1;
            } else {
                old.read(place, &mut buffer).map_err(crate::shard::ShardError::from)?;
                writer.push(entry, &buffer)?;
            }
            place += 1;
        }
    }
    writer.finish()?;
    Ok(rendered_anew)
}
