//! Making shards on behalf of a command: the right to change the store, the progress, and the wish to stop.

use super::machine::{Meter, Resources};
use crate::build::{BuildError, Job, Progress, Stopped, make};
use crate::digest::Digest;
use crate::plan::{BLOCK, Renderer};
use crate::shard::Pixels;
use crate::store::{BuildLock, Datasets, Run, Wait};
use std::sync::atomic::{AtomicBool, Ordering};

/// Waits for the right to change the store.
///
/// # Errors
/// When another process has it and `no_wait` says so, or the store cannot be written.
pub fn lock(datasets: &Datasets, action: &str, no_wait: bool, stop: &AtomicBool) -> miette::Result<BuildLock> {
    let mut told = false;
    let lock = datasets.lock_build(&super::holder(action), |holder| {
        if no_wait || stop.load(Ordering::Relaxed) {
            return Wait::No;
        }
        if !std::mem::replace(&mut told, true) {
            eprintln!("waiting for another process in this store: {holder}");
        }
        Wait::Longer
    })?;
    let swept = datasets.sweep(&lock, Run::Real)?;
    if swept.temporary > 0 {
        eprintln!("removed {} half-written files of a run that was killed", swept.temporary);
    }
    Ok(lock)
}

/// What shards are made with.
pub struct Making<'a> {
    /// What the meter says: "build", "restore".
    pub verb: &'static str,
    /// Of the plan.
    pub renderer: &'a Renderer,
    /// Where they are put.
    pub datasets: &'a Datasets,
    /// The key of each shard of the plan.
    pub keys: &'a [Digest],
    /// Whether pixels are kept.
    pub pixels: Pixels,
    /// Threads and memory.
    pub resources: &'a Resources,
    /// Ends the work early.
    pub stop: &'a AtomicBool,
}

impl Making<'_> {
    /// Makes the shards of these indices; gives what was done and the seconds that it took.
    ///
    /// # Errors
    /// When a source or the disk fails, or the work was stopped.
    pub fn run(&self, wanted: &[usize]) -> miette::Result<(Progress, f64)> {
        let plan = self.renderer.plan();
        let samples = wanted.iter().map(|shard| plan.shards()[*shard].samples()).sum();
        let meter = Meter::new(self.verb, samples);
        let result = make(&Job {
            renderer: self.renderer,
            datasets: self.datasets,
            keys: self.keys,
            wanted,
            pixels: self.pixels,
            ahead: self.resources.ahead(u64::from(BLOCK) * plan.largest_sample_bytes() / 4),
            stop: self.stop,
            progress: &|progress| meter.set(progress.samples, progress.bytes),
        });
        let seconds = meter.finish();
        let (progress, stopped) = result?;
        if stopped == Stopped::Yes {
            return Err(BuildError::Stopped { finished: progress.shards, wanted: wanted.len() }.into());
        }
        Ok((progress, seconds))
    }
}
