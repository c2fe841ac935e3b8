//! Samples per second that the loader delivers to a trainer, from a version that is stored: decoded, resized, normalised.
//!
//!   cargo bench --bench loader -- DATASETS REF SPLIT SIDE_PX THREADS SECONDS [streamed]
//!   cargo bench --bench loader -- quickstart/datasets quickstart@v1 train 224 1 10
//!
//! Times are of the processor, so that a busy machine changes them less.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a measurement, run by hand")]

use augmint::dataset::{Backing, Options, Pinned};
use augmint::pixels::Size;
use augmint::store::Datasets;
use augmint::train::input::{Fit, IMAGENET_MEAN, IMAGENET_STD, Input, Interpolation, Scratch, View};
use augmint::train::loader::{Course, Loader};
use std::sync::Arc;
use std::time::Instant;

/// User and system time of this process, in seconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Prints the least of three mean times of a step, in microseconds a sample.
fn stage(name: &str, samples: usize, mut run: impl FnMut(usize)) {
    let mut least = f64::MAX;
    for _ in 0..3 {
        let before = cpu();
        (0..samples).for_each(&mut run);
        least = least.min((cpu() - before) / samples as f64);
    }
    println!("{name:<10} {:>7.1} us a sample", least * 1e6);
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [datasets, reference, split, side, threads, seconds, rest @ ..] = &args[..] else {
        println!("loader: nothing to measure; its arguments are at the top of benches/loader.rs");
        return;
    };
    let datasets = Datasets::new(datasets, None);
    let version = datasets.resolve(&reference.parse().unwrap()).unwrap();
    let backing = if rest.is_empty() { Backing::Stored } else { Backing::Streamed };
    let pinned = Pinned::open(&datasets, &version, Options { backing, ..Options::default() }).unwrap();
    let dataset = Arc::new(pinned.split(split.parse().unwrap()).unwrap());
    let side = side.parse().unwrap();
    let fit = Fit::Pad { fill: [255; 3] };
    let input = Input::new(Size::new(side, side), fit, IMAGENET_MEAN, IMAGENET_STD, Interpolation::Bilinear).unwrap();

    let (mut bytes, mut scratch, mut out) = (Vec::new(), Scratch::default(), vec![0.0; input.numbers()]);
    let samples = dataset.len().min(1000);
    stage("read", samples, |index| dataset.bytes(index, &mut bytes).unwrap());
    stage("decode", samples, |index| drop(dataset.image(index, &mut bytes).unwrap()));
    let image = dataset.image(0, &mut bytes).unwrap();
    stage("resize", samples, |_| input.write(&image, &View::SAME, &mut scratch, &mut out));

    let loader = Loader::new(threads.parse().unwrap(), 4).unwrap();
    let (before, since, mut delivered, mut epoch) = (cpu(), Instant::now(), 0, 0);
    while since.elapsed().as_secs_f64() < seconds.parse().unwrap() {
        for batch in loader.load(&dataset, &input, Course::shuffled(64, 1, epoch)).unwrap() {
            delivered += batch.unwrap().indices.len();
        }
        epoch += 1;
    }
    let used = cpu() - before;
    println!(
        "{side} px, {threads} threads: {:.0} samples per second of a core, {:.0} per second",
        f64::from(delivered as u32) / used,
        f64::from(delivered as u32) / since.elapsed().as_secs_f64()
    );
}
