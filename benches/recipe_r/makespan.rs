//! How long many threads take for blocks of known times: list scheduling, as `build::make` does it.
//!
//! Blocks are handed out in order to whoever is free; a thread waits while its block is more than `ahead` before the first
//! that is not written; each shard is written in order by one of a few writers, in turn. What this leaves out: memory
//! bandwidth, clock speeds and the disk.

use augmint::build::writers;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Milliseconds of one block.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    pub render: f64,
    pub write: f64,
}

/// What comes out.
pub struct Makespan {
    /// Until the last block is written.
    pub ms: f64,
    /// Until the last is rendered, if nobody had to write.
    pub render_ms: f64,
    /// All rendering, on one thread.
    pub alone_ms: f64,
    /// All writing.
    pub write_ms: f64,
}

impl Makespan {
    pub fn json(&self, threads: usize) -> Value {
        let efficiency = |ms: f64| self.alone_ms / (ms * threads as f64);
        json!({
            "threads": threads,
            "seconds": self.ms / 1e3,
            "efficiency": efficiency(self.render_ms),
            "efficiency_with_writer": efficiency(self.ms),
            "writers": writers(threads),
            "writer_busy": self.write_ms / (self.ms * writers(threads) as f64),
        })
    }
}

/// When a thread is free, earliest first.
#[derive(PartialEq)]
struct Free(f64);

impl Eq for Free {}

impl PartialOrd for Free {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Free {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

/// Lays blocks out on threads.
pub fn makespan(blocks: &[Work], threads: usize, ahead: usize) -> Makespan {
    let (ms, _) = finished(blocks, threads, ahead);
    let unwritten: Vec<Work> = blocks.iter().map(|work| Work { write: 0.0, ..*work }).collect();
    Makespan {
        ms,
        render_ms: finished(&unwritten, threads, usize::MAX).1,
        alone_ms: blocks.iter().map(|work| work.render).sum(),
        write_ms: blocks.iter().map(|work| work.write).sum(),
    }
}

/// Blocks of a shard.
const SHARD: usize = 64;

/// When the last block is written, and when the last is rendered.
fn finished(blocks: &[Work], threads: usize, ahead: usize) -> (f64, f64) {
    let mut free: BinaryHeap<Free> = (0..threads).map(|_| Free(0.0)).collect();
    let mut writers = vec![0f64; writers(threads)];
    // When each block and all before it are written.
    let mut written: Vec<f64> = Vec::with_capacity(blocks.len());
    let mut rendered = 0f64;
    for (number, work) in blocks.iter().enumerate() {
        let Free(idle) = free.pop().expect("BUG: no threads");
        // Block n may start once block n − ahead and all before it are written.
        let opened = number.checked_sub(ahead).map_or(0.0, |number| written[number]);
        let end = idle.max(opened) + work.render;
        free.push(Free(end));
        rendered = rendered.max(end);
        let turn = number / SHARD % writers.len();
        writers[turn] = end.max(writers[turn]) + work.write;
        written.push(written.last().copied().unwrap_or(0.0).max(writers[turn]));
    }
    (written.last().copied().unwrap_or(0.0), rendered)
}
