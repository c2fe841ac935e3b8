//! Whole blocks as a build makes them: 16 copies of a source that is read, hashed and decoded from its file, with keys,
//! draws, encoding, digests and manifest lines. Measured one by one, then on several threads, then laid out for many.

use super::makespan::{Work, makespan};
use super::pages::{self, Pages};
use super::{Arguments, files, read};
use augmint::digest::Digest;
use augmint::pixels::{Encoding, Image, Size, Subsampling};
use augmint::plan::{Block, Renderer};
use augmint::shard::{Pixels, ShardWriter};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Samples of the version whose makespan is computed.
const VERSION: usize = 100_000;

/// Pages of many sizes, 0.7 to 1.5 times as long as the standard one: blocks that take as different times as scans do.
fn drawn(folder: &Path, count: u32) -> Vec<PathBuf> {
    (0..count)
        .map(|number| {
            let scale = |length: u32| length * (70 + number * 37 % 81) / 100;
            let size = Size::new(scale(pages::SIZE.width), scale(pages::SIZE.height));
            let encoding = Encoding::Jpeg { quality: 92, subsampling: Subsampling::S420 };
            let path = folder.join(format!("{number:03}.jpg"));
            std::fs::write(&path, encoding.encode(&pages::page(number, size)).unwrap()).unwrap();
            path
        })
        .collect()
}

/// Block times, what threads of this machine make of them, and what many threads would.
pub fn measure(arguments: &Arguments, temporary: &Path) -> Value {
    let paths = match &arguments.images {
        Some(folder) => files(folder, arguments.sources as usize),
        None => drawn(temporary, arguments.sources),
    };
    let read: Vec<(Digest, Image, PathBuf)> = (paths.into_iter())
        .map(|path| {
            let (digest, image) = read(&path);
            (digest, image, path)
        })
        .collect();
    let pages = (read.iter()).map(|(digest, image, _)| (*digest, image.clone())).collect();
    let copies = arguments.samples.div_ceil(16 * read.len()).max(1) as u32 * 16;
    let pages = Pages::new(arguments.recipe(), pages, copies);
    let path = |digest| read.iter().find(|(known, ..)| *known == digest).expect("BUG: no such file").2.clone();
    let files = pages.plan.sources().iter().map(|source| path(source.digest)).collect();
    let renderer = Renderer::new(pages.plan.clone(), files, 256 << 20);
    let blocks: Vec<&Block> = pages.plan.shards().iter().flat_map(|shard| &shard.blocks).collect();
    let work: Vec<Work> = blocks.iter().map(|block| one(&renderer, block, temporary)).collect();
    let seconds: f64 = work.iter().map(|work| work.render).sum::<f64>() / 1e3;
    let samples = 16 * work.len();
    let threads = arguments.threads.iter().map(|threads| on_threads(&renderer, &blocks, *threads, seconds));
    let (least, most) =
        work.iter().fold((f64::INFINITY, 0f64), |(a, b), work| (a.min(work.render), b.max(work.render)));
    let version = spread(&work, VERSION / 16);
    let planned = [2, 8, 16, 32, 64].map(|threads| makespan(&version, threads, 4 * threads).json(threads));
    json!({
        "blocks": work.len(),
        "ms_per_sample": 1e3 * seconds / samples as f64,
        "write_ms_per_sample": work.iter().map(|work| work.write).sum::<f64>() / samples as f64,
        "block_ms": { "mean": 1e3 * seconds / work.len() as f64, "least": least, "most": most },
        "threads": threads.collect::<Vec<_>>(),
        "version": VERSION,
        "makespan": planned,
    })
}

/// One block on the calling thread: milliseconds of rendering, and of writing it into a shard.
fn one(renderer: &Renderer, block: &Block, temporary: &Path) -> Work {
    let start = Instant::now();
    let rendered = renderer.block(block, &|| false).unwrap_or_else(|error| panic!("{error}"));
    let render = start.elapsed().as_secs_f64() * 1e3;
    let key = Digest::of(format!("{block:?}").as_bytes());
    let classes = renderer.plan().classes();
    let mut writer = ShardWriter::new(temporary, &key, classes, Pixels::Keep).unwrap();
    let start = Instant::now();
    for sample in &rendered {
        writer.push(&sample.entry, &sample.bytes).unwrap();
    }
    // Dropped without `finish`: a shard is finished once in a thousand samples, and its disk is not what is measured.
    Work { render, write: start.elapsed().as_secs_f64() * 1e3 }
}

/// All blocks on some threads of this machine, none of them written: by wall time.
fn on_threads(renderer: &Renderer, blocks: &[&Block], threads: usize, alone: f64) -> Value {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let start = Instant::now();
    pool.install(|| {
        // In order and one by one, as a build hands them out.
        blocks.iter().par_bridge().for_each(|block| drop(renderer.block(block, &|| false)));
    });
    let (seconds, threads) = (start.elapsed().as_secs_f64(), pool.current_num_threads());
    let samples = 16 * blocks.len();
    json!({
        "threads": threads,
        "samples_per_second": samples as f64 / seconds,
        "efficiency": alone / (seconds * threads as f64),
    })
}

/// The blocks of a whole version: measured ones again and again, each round from another start.
fn spread(work: &[Work], count: usize) -> Vec<Work> {
    (0..count).map(|at| work[(at + at / work.len() * 7) % work.len()]).collect()
}
