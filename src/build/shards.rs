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
use std::collections::{BTreeMap, VecDeque};
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
    pub renderer: &'a Renderer,
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

/// One block of a wanted shard.
struct Task<'a> {
    /// Through the run.
    number: usize,
    /// Who writes its shard.
    writer: usize,
    block: &'a Block,
}

/// Lets renderers run at most so many blocks ahead of the first that is not written.
struct Gate {
    /// Of each writer, the next block that it has to write.
    next: Mutex<Vec<usize>>,
    moved: Condvar,
}

/// A place beyond all blocks.
const END: usize = usize::MAX / 2;

impl Gate {
    fn wait(&self, number: usize, ahead: usize, over: &dyn Fn() -> bool) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        while number >= next.iter().min().map_or(END, |first| first + ahead) && !over() {
            next = self.moved.wait(next).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self, writer: usize, next: usize) {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)[writer] = next;
        self.moved.notify_all();
    }

    /// Lets everyone who waits see whether the run is over. Under the lock: who has just looked, and is about to wait, would
    /// never hear of it.
    fn wake(&self) {
        let _next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.moved.notify_all();
    }
}

/// How many threads write the shards that `threads` render, shard by shard in turn: one can keep up with forty.
pub fn writers(threads: usize) -> usize {
    (1 + threads / 16).min(4)
}

/// Renders the wanted shards on Rayon's threads; each is written in order by one of a few [`writers`]. Gives what was
/// written, and how it ended.
///
/// Blocks are handed out in order, so the first block that is not written is always being rendered by someone who does
/// not wait: there is no deadlock, whatever `ahead` is (at least 1).
///
/// # Errors
/// Of several blocks that fail, the one that comes first in the plan.
pub fn make(job: &Job<'_>) -> Result<(Progress, Stopped), BuildError> {
    let plan = job.renderer.plan();
    let writers = writers(rayon::current_num_threads()).min(job.wanted.len()).max(1);
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for (turn, shard) in job.wanted.iter().enumerate() {
        for block in &plan.shards()[*shard].blocks {
            tasks.push(Task { number: tasks.len(), writer: turn % writers, block });
        }
    }
    let first = |writer| tasks.iter().find(|task| task.writer == writer).map_or(END, |task| task.number);
    let gate = Gate { next: Mutex::new((0..writers).map(first).collect()), moved: Condvar::new() };
    // The number of the first block that failed; no later block is started.
    let failed = AtomicU64::new(u64::MAX);
    let stopped = || job.stop.load(Ordering::Relaxed);
    let progress = Mutex::new(Progress::default());
    let ends = std::thread::scope(|scope| {
        let (senders, threads): (Vec<_>, Vec<_>) = (0..writers)
            .map(|writer| {
                let (sender, receiver) = channel();
                let (gate, failed, progress) = (&gate, &failed, &progress);
                let numbers = tasks.iter().filter(move |task| task.writer == writer).map(|task| task.number);
                let shards = job.wanted.iter().skip(writer).step_by(writers);
                let run = move || {
                    let mut incoming =
                        Incoming { receiver, waiting: BTreeMap::new(), numbers: numbers.collect(), gate, writer };
                    let result = write(job, shards, &mut incoming, progress);
                    let next = incoming.numbers.front().copied().unwrap_or(END);
                    if result.is_err() {
                        failed.fetch_min(next as u64, Ordering::Relaxed);
                    }
                    gate.open(writer, END);
                    result.map_err(|error| (next, error))
                };
                (sender, scope.spawn(run))
            })
            .unzip();
        tasks.iter().par_bridge().for_each_with(senders, |senders: &mut Vec<Sender<_>>, task| {
            let over = || stopped() || failed.load(Ordering::Relaxed) < task.number as u64;
            gate.wait(task.number, job.ahead.max(1), &over);
            if over() {
                return;
            }
            let rendered = job.renderer.block(task.block, &stopped);
            if stopped() {
                // The writer will not get this block, and open the gate for none after it.
                gate.wake();
                return;
            }
            if rendered.is_err() {
                failed.fetch_min(task.number as u64, Ordering::Relaxed);
                gate.wake();
            }
            // The writer is gone only after a failure of its own, which it reports itself.
            let _ = senders[task.writer].send((task.number, rendered));
        });
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect::<Vec<Result<Stopped, (usize, BuildError)>>>()
    });
    let (mut ended, mut failure) = (Stopped::No, None);
    for end in ends {
        match end {
            Ok(Stopped::No) => {}
            Ok(Stopped::Yes) => ended = Stopped::Yes,
            Err((number, error)) => match failure {
                Some((before, _)) if before < number => {}
                _ => failure = Some((number, error)),
            },
        }
    }
    if let Some((_, error)) = failure {
        return Err(error);
    }
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    if ended == Stopped::Yes {
        return Ok((progress, ended));
    }
    fs::sync_folder(&job.datasets.shards()).map_err(crate::store::StoreError::from)?;
    Ok((progress, Stopped::No))
}

/// A block's samples, or why there are none.
type Made = Result<Vec<Rendered>, crate::plan::RenderError>;

/// The blocks of one writer, which arrive in any order.
struct Incoming<'a> {
    receiver: Receiver<(usize, Made)>,
    waiting: BTreeMap<usize, Made>,
    /// Of those that are not written yet.
    numbers: VecDeque<usize>,
    gate: &'a Gate,
    writer: usize,
}

impl Incoming<'_> {
    /// The next block; `None` when the run was stopped before it.
    fn next(&mut self) -> Option<Made> {
        let number = *self.numbers.front().expect("BUG: more blocks than were handed out");
        loop {
            if let Some(block) = self.waiting.remove(&number) {
                return Some(block);
            }
            let (number, rendered) = self.receiver.recv().ok()?;
            self.waiting.insert(number, rendered);
        }
    }

    /// The block that came last is written.
    fn written(&mut self) {
        self.numbers.pop_front();
        self.gate.open(self.writer, self.numbers.front().copied().unwrap_or(END));
    }
}

/// Writes one writer's shards, in order.
fn write<'a>(
    job: &Job<'_>,
    shards: impl Iterator<Item = &'a usize>,
    incoming: &mut Incoming<'_>,
    progress: &Mutex<Progress>,
) -> Result<Stopped, BuildError> {
    let plan = job.renderer.plan();
    let advance = |samples: u64, bytes: u64, shards: usize| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.samples += samples;
        progress.bytes += bytes;
        progress.shards += shards;
        (job.progress)(*progress);
    };
    for index in shards {
        let mut writer = ShardWriter::new(&job.datasets.shards(), &job.keys[*index], plan.classes(), job.pixels)?;
        for _ in &plan.shards()[*index].blocks {
            let Some(block) = incoming.next() else { return Ok(Stopped::Yes) };
            let block = block?;
            for Rendered { entry, bytes } in &block {
                writer.push(entry, bytes)?;
            }
            incoming.written();
            advance(block.len() as u64, block.iter().map(|rendered| rendered.entry.bytes).sum(), 0);
        }
        writer.finish()?;
        advance(0, 0, 1);
    }
    Ok(Stopped::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_at_the_gate_hears_that_the_run_is_over() {
        for _ in 0..200 {
            let gate = Gate { next: Mutex::new(vec![0]), moved: Condvar::new() };
            let over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| gate.wait(5, 1, &|| over.load(Ordering::Relaxed)));
                over.store(true, Ordering::Relaxed);
                gate.wake();
                waiting.join().unwrap();
            });
            assert_eq!(gate.next.into_inner().unwrap(), [0]);
        }
    }
}
