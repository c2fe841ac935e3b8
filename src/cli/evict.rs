//! `augmint evict`: frees the pixels of a version and keeps the version.

use super::machine::Resources;
use super::scan::{self, SourcesAt};
use crate::manifest::Reader;
use crate::prepare::{Prepared, check_engine, prepare_from_record};
use crate::store::{ByteSize, Datasets, LogLine, Reference, Resolved};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Free the pixels, keep the version: only if this engine and these sources can make them again, bit for bit
#[derive(clap::Args, Debug)]
pub struct Evict {
    /// name@tag, name@sha256:prefix or sha256:prefix
    reference: Reference,
    #[command(flatten)]
    sources: SourcesAt,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

/// How many samples are drawn again before pixels are freed.
const REDRAWN: usize = 16;

/// Renders a few samples, spread over the version, and compares them with its manifest.
fn redraw_some(
    datasets: &Datasets,
    version: &Resolved,
    prepared: &Prepared,
    resources: &Resources,
) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let plan = &prepared.plan;
    let renderer = scan::renderer(prepared, resources);
    let step = (plan.shards().len() / REDRAWN).max(1);
    let mut expected = BTreeMap::new();
    for shard in plan.shards().iter().step_by(step) {
        let Some(block) = shard.blocks.first() else { continue };
        let Some(sample) = plan.block_samples(block).last() else { continue };
        let image = renderer.source(sample.source).map_err(|error| text(&error))?;
        let rendered = renderer.sample(&sample, &image).map_err(|error| text(&error))?;
        expected.insert(rendered.entry.key, rendered.entry);
    }
    let manifest =
        Reader::open(&datasets.manifest_path(&version.digest), Some(version.digest)).map_err(|error| text(&error))?;
    for entry in manifest {
        let entry = entry.map_err(|error| text(&error))?;
        if expected.remove(&entry.key).is_some_and(|redrawn| redrawn != entry) {
            return Err(format!("sample {} renders to other bytes here", entry.key));
        }
    }
    match expected.keys().next() {
        Some(key) => Err(format!("sample {key} of the plan is not in the version")),
        None => Ok(()),
    }
}

impl Evict {
    /// Frees the pixels.
    ///
    /// # Errors
    /// When the reference names no version, its pixels could not be made again here, or someone reads it.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let version = datasets.resolve(&self.reference)?;
        let evicted = datasets.evict(&version, &super::holder("evict"), |record| {
            let prepared = prepare_from_record(&version, record, datasets, self.sources.dir());
            let prepared = prepared.map_err(|error| error.to_string())?;
            check_engine(record, &prepared.plan).map_err(|error| error.to_string())?;
            redraw_some(datasets, &version, &prepared, &self.resources)
        })?;
        let (name, digest) = (Some(version.name.clone()), Some(version.digest));
        datasets.log(&LogLine { name, digest, ..super::log_line("evict") })?;
        if self.json {
            super::print_json(&evicted)?;
            return Ok(ExitCode::SUCCESS);
        }
        let shared = match evicted.shared {
            0 => String::new(),
            shared => format!("; {shared} shards stay, as another version has them too"),
        };
        super::print(&format!("freed {} in {} shards of {version}{shared}", ByteSize(evicted.bytes), evicted.shards))?;
        super::next(&format!("augmint restore {version}"));
        Ok(ExitCode::SUCCESS)
    }
}
