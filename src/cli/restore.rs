//! `augmint restore`: makes the pixels of a version that are missing or damaged, bit for bit.

use super::machine::{Resources, duration};
use super::making::{Making, lock};
use super::scan::{self, SourcesAt};
use crate::build::{BuildError, assemble, entries, mend, shard_keys, survey};
use crate::digest::Digest;
use crate::manifest::Key;
use crate::plan::Renderer;
use crate::prepare::{Prepared, check_engine, prepare_from_record};
use crate::shard::Pixels;
use crate::store::{Datasets, LogLine, Record, Reference, Resolved, ShardProblem, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

/// Make the missing or damaged pixels of a version again, bit for bit, from its record and the sources
///
/// Checks every byte that is there first; only what is missing or damaged is rendered.
#[derive(clap::Args, Debug)]
pub struct Restore {
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

/// What was made again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Restored {
    /// Samples that were rendered.
    pub rendered: u64,
    /// Samples that were there and good.
    pub kept: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Restore {
    /// Restores.
    ///
    /// # Errors
    /// When a source is missing or changed, another engine is needed, or the disk fails.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let stop = self.resources.start()?;
        let version = datasets.resolve(&self.reference)?;
        let Restored { rendered, kept, seconds } =
            restore(datasets, &version, self.sources.dir(), &self.resources, stop)?;
        if self.json {
            super::print_json(&serde_json::json!({
                "name": version.name, "digest": version.digest.to_string(), "rendered": rendered, "kept": kept,
                "seconds": seconds,
            }))?;
        } else {
            let time = duration(seconds);
            super::print(&format!(
                "{version} is whole: {rendered} samples rendered in {time}, {kept} were good\n{}",
                version.digest
            ))?;
        }
        super::next(&format!("augmint path {version} --split train"));
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes what is missing or damaged of a version.
///
/// # Errors
/// As [`Restore::run`].
pub fn restore(
    datasets: &Datasets,
    version: &Resolved,
    sources: Option<&Path>,
    resources: &Resources,
    stop: &AtomicBool,
) -> miette::Result<Restored> {
    let record = datasets.record(version)?;
    let prepared = prepare_from_record(version, &record, datasets, sources)?;
    check_engine(&record, &prepared.plan).map_err(|reason| {
        miette::miette!(
            help = "the version stays readable where its pixels are; install the augmint that made it to restore it",
            "{version} cannot be made here: {reason}"
        )
    })?;
    let keys = shard_keys(&prepared.plan);
    let _lock = lock(datasets, "restore", false, stop)?;
    let renderer = scan::renderer(&prepared, resources);
    let mut work = Work {
        datasets,
        version,
        prepared: &prepared,
        renderer: &renderer,
        keys: &keys,
        resources,
        stop,
        done: Restored::default(),
    };
    let damage = match damage(datasets, version, &record)? {
        Some(damage) => damage,
        None => {
            work.make_manifest()?;
            damage(datasets, version, &record)?.unwrap_or_default()
        }
    };
    work.mend(damage)?;
    let mut done = work.done;
    done.kept = prepared.plan.total().saturating_sub(done.rendered);
    datasets.log(&LogLine {
        name: Some(version.name.clone()),
        digest: Some(version.digest),
        seconds: Some(done.seconds),
        rendered: Some(done.rendered),
        taken_over: Some(done.kept),
        ..super::log_line("restore")
    })?;
    Ok(done)
}

/// A restore under way.
struct Work<'a> {
    datasets: &'a Datasets,
    version: &'a Resolved,
    prepared: &'a Prepared,
    renderer: &'a Renderer,
    keys: &'a [Digest],
    resources: &'a Resources,
    stop: &'a AtomicBool,
    done: Restored,
}

impl Work<'_> {
    /// Renders whole shards.
    fn make(&mut self, wanted: &[usize]) -> miette::Result<()> {
        let making = Making {
            verb: "restore",
            renderer: self.renderer,
            datasets: self.datasets,
            keys: self.keys,
            pixels: Pixels::Keep,
            resources: self.resources,
            stop: self.stop,
        };
        let (progress, seconds) = making.run(wanted)?;
        self.done.seconds += seconds;
        self.done.rendered += progress.samples;
        Ok(())
    }

    /// Brings back a manifest that is missing or damaged: from the shards that are there and, if they do not give it, from
    /// new ones.
    fn make_manifest(&mut self) -> miette::Result<()> {
        let missing = survey(&self.prepared.plan, self.datasets, self.keys, Pixels::Keep).missing;
        self.make(&missing)?;
        if missing.len() < self.keys.len() && !matches!(self.place(), Ok(())) {
            let all: Vec<usize> = (0..self.keys.len()).collect();
            self.make(&all)?;
        }
        Ok(self.place()?)
    }

    /// Puts the manifest and the links of the version in their place.
    fn place(&self) -> Result<(), BuildError> {
        let assembled = assemble(self.prepared, self.datasets, self.keys)?;
        let (expected, found) = (self.version.digest, assembled.summary().digest);
        if found != expected {
            let reason = "the record, its source list and this program do not belong together".to_owned();
            return Err(BuildError::Different { expected, found, reason });
        }
        self.datasets.place(assembled)?;
        Ok(())
    }

    /// Makes good what is damaged, and nothing else.
    fn mend(&mut self, damage: Damage) -> miette::Result<()> {
        let mut whole = Vec::new();
        for (index, key) in self.keys.iter().enumerate() {
            match damage.get(key) {
                None => {}
                Some(None) => whole.push(index),
                Some(Some(bad)) => {
                    let entries = entries(self.datasets, key)?;
                    let mended = mend(self.renderer, self.datasets, index, key, &entries, bad)?;
                    self.done.rendered += mended;
                }
            }
        }
        self.make(&whole)?;
        Ok(self.place()?)
    }
}

/// What is damaged, by shard: `None` where nothing can be known, as the store has no manifest of the version; else each
/// damaged shard with the samples to render, or `None` where all of it has to be made.
type Damage = BTreeMap<Digest, Option<BTreeSet<Key>>>;

fn damage(datasets: &Datasets, version: &Resolved, record: &Record) -> miette::Result<Option<Damage>> {
    match datasets.find_info(&version.digest) {
        Ok(None) | Err(StoreError::Info { .. }) => return Ok(None),
        found => found?,
    };
    let checked = datasets.verify(&version.digest, &record.classes(), &|_| {})?;
    if checked.manifest.is_some() {
        // Nothing says which samples are right.
        return Ok(None);
    }
    let faults = checked.faults.into_iter().map(|fault| {
        let samples = match fault.problem {
            ShardProblem::Samples(faults) => Some(faults.into_iter().map(|fault| fault.key).collect()),
            ShardProblem::Missing | ShardProblem::Entries(_) | ShardProblem::Tar(_) => None,
        };
        (fault.shard.key, samples)
    });
    Ok(Some(faults.collect()))
}
