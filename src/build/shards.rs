//! Which shards are missing, and making them.

use super::BuildError;
use crate::digest::Digest;
use crate::fs;
use crate::manifest::{Entry, EntryLines};
use crate::plan::{Block, Plan, Rendered, Renderer};
use crate::shard::{Pixels, Shard, ShardError, ShardWriter, entries_path, places, tar_path};
use crate::source::Classes;
use crate::store::Datasets;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, PoisonError};

/// The keys of all shards of a plan, in order.
pub fn shard_keys(plan: &Plan) -> Vec<Digest> {
    plan.shards().par_iter().map(|shard| plan.shard_key(shard)).collect()
}

/// Which shards of a plan are there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Survey {
    /// Indices of shards that have to be made.
    pub missing: Vec<usize>,
    /// Samples of them.
    pub missing_samples: u64,
    /// Shards that are there.
    pub present: usize,
    /// Samples of them.
    pub present_samples: u64,
}

/// Looks which shards are there: whole by their length, or with [`Pixels::Drop`] their entries.
pub fn survey(plan: &Plan, datasets: &Datasets, keys: &[Digest], pixels: Pixels) -> Survey {
    let folder = datasets.shards();
    let there: Vec<bool> = (keys.par_iter())
        .map(|key| match pixels {
            Pixels::Keep => tar_path(&folder, key).exists() && Shard::open(&folder, key, plan.classes()).is_ok(),
            Pixels::Drop => stored_bytes(datasets, key, plan.classes()).is_ok(),
        })
        .collect();
    let mut survey = Survey::default();
    for (index, (there, shard)) in there.into_iter().zip(plan.shards()).enumerate() {
        if there {
            survey.present += 1;
            survey.present_samples += shard.samples();
        } else {
            survey.missing.push(index);
            survey.missing_samples += shard.samples();
        }
    }
    survey
}

/// The samples of a shard, in its order.
///
/// # Errors
/// When they are missing or damaged.
pub fn entries(datasets: &Datasets, key: &Digest) -> Result<Vec<Entry>, BuildError> {
    let lines = EntryLines::open(&entries_path(&datasets.shards(), key)).map_err(ShardError::from)?;
    Ok(lines.collect::<Result<_, _>>().map_err(ShardError::from)?)
}

/// How long a shard's tar is (or would be), from its entries.
pub(super) fn stored_bytes(datasets: &Datasets, key: &Digest, classes: &Classes) -> Result<u64, BuildError> {
    Ok(places(&entries(datasets, key)?, classes).1)
}

/// How far a build has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Samples written.
    pub samples: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Shards finished.
    pub shards: usize,
}

/// What to make, and with what.
pub struct Job<'a> {
    /// Renders.
    pub renderer: &'a Renderer<'a>,
    /// Where shards go.
    pub datasets: &'a Datasets,
    /// Of all shards of the plan.
    pub keys: &'a [Digest],
    /// Indices of the shards to make, in order.
    pub wanted: &'a [usize],
    /// Whether pixels are kept.
    pub pixels: Pixels,
    /// Blocks that may be rendered ahead of the one being written; bounds memory.
    pub ahead: usize,
    /// Set to end the run early.
    pub stop: &'a AtomicBool,
    /// Called after each block that was written.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// All is made.
    No,
    /// The stop flag was seen.
    Yes,
}

/// One block of a wanted shard, numbered through the run.
struct Task<'a> {
    number: usize,
    block: &'a Block,
}

/// Lets renderers run at most so many blocks ahead of the writer.
struct Gate {
    written: Mutex<usize>,
    moved: Condvar,
}

impl Gate {
    fn wait(&self, number: usize, ahead: usize, over: &dyn Fn() -> bool) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        while number >= *written + ahead && !over() {
            written = self.moved.wait(written).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self, written: usize) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = written;
        self.moved.notify_all();
    }
}

/// Renders the wanted shards on Rayon's threads and writes them in order; gives what was written, and how it ended.
///
/// Blocks are handed out in order, so the block that the writer waits for is always being rendered by someone who does
/// not wait: there is no deadlock, whatever `ahead` is (at least 1).
///
/// # Errors
/// Of several blocks that fail, the one that comes first in the plan.
pub fn make(job: &Job<'_>) -> Result<(Progress, Stopped), BuildError> {
    let plan = job.renderer.plan();
    let blocks = job.wanted.iter().flat_map(|shard| &plan.shards()[*shard].blocks);
    let gate = Gate { written: Mutex::new(0), moved: Condvar::new() };
    // The number of the first block that failed; no later block is started.
    let failed = AtomicU64::new(u64::MAX);
    let (sender, receiver) = channel();
    let stopped = || job.stop.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let result = write(job, receiver, &gate);
            if result.is_err() {
                failed.store(0, Ordering::Relaxed);
            }
            gate.open(usize::MAX / 2);
            result
        });
        let tasks = blocks.enumerate().map(|(number, block)| Task { number, block });
        tasks.par_bridge().for_each_with(sender, |sender: &mut Sender<_>, task| {
            let over = || stopped() || failed.load(Ordering::Relaxed) < task.number as u64;
            gate.wait(task.number, job.ahead.max(1), &over);
            if over() {
                return;
            }
            let rendered = job.renderer.block(task.block, &stopped);
            if stopped() {
                return;
            }
            if rendered.is_err() {
                failed.fetch_min(task.number as u64, Ordering::Relaxed);
                gate.moved.notify_all();
            }
            // The writer is gone only after a failure of its own, which it reports itself.
            let _ = sender.send((task.number, rendered));
        });
        match writer.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

type Message = (usize, Result<Vec<Rendered>, crate::plan::RenderError>);

/// Writes blocks in order as they arrive in any order.
fn write(job: &Job<'_>, receiver: Receiver<Message>, gate: &Gate) -> Result<(Progress, Stopped), BuildError> {
    let plan = job.renderer.plan();
    let folder = job.datasets.shards();
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    let mut progress = Progress::default();
    for index in job.wanted {
        let shard = &plan.shards()[*index];
        let key = &job.keys[*index];
        let mut writer = ShardWriter::new(&folder, key, plan.classes(), job.pixels)?;
        for _ in &shard.blocks {
            let block = loop {
                if let Some(block) = waiting.remove(&next) {
                    break block;
                }
                // All senders are gone: the run was stopped before this block.
                let Ok((number, rendered)) = receiver.recv() else { return Ok((progress, Stopped::Yes)) };
                waiting.insert(number, rendered);
            };
            for Rendered { entry, bytes } in block? {
                writer.push(&entry, &bytes)?;
                progress.samples += 1;
                progress.bytes += entry.bytes;
            }
            next += 1;
            gate.open(next);
            (job.progress)(progress);
        }
        writer.finish()?;
        progress.shards += 1;
        (job.progress)(progress);
    }
    fs::sync_folder(&folder).map_err(crate::store::StoreError::from)?;
    Ok((progress, Stopped::No))
}
