//! The store without rendering: a manifest of 20,000 samples written, read and merged from its shards, in samples per
//! second, and the verification of a version's tars, in bytes per second. Entries and bytes are made by a formula.
#![allow(clippy::unwrap_used, reason = "a bench ends at the first thing that goes wrong")]
#![allow(clippy::disallowed_methods, reason = "a bench makes files")]

use augmint::canonical::Json;
use augmint::digest::Digest;
use augmint::manifest::{Entry, FileType, Header, Key, ParamValue, Reader, StepDraw, WHOLE, Writer};
use augmint::number::Micro;
use augmint::seed::Role;
use augmint::set::{Set, SetRole};
use augmint::shard::{Pixels, ShardWriter};
use augmint::source::Classes;
use augmint::store::{Datasets, ShardRef};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

const SAMPLES: u32 = 20_000;
/// Of the version that is verified: fewer samples, of 32 KB each.
const STORED: u32 = 2_000;
const PER_SHARD: u32 = 500;
const BYTES: usize = 32 << 10;
const TRAIN: Set = Set { fold: None, role: SetRole::Train };

fn entry(n: u32, bytes: &[u8]) -> Entry {
    let number = |name: &str, value: u32| (name.into(), ParamValue::Number(Micro::from_int(i64::from(value))));
    Entry {
        key: Key::of(&Digest::of(&n.to_le_bytes())),
        set: TRAIN,
        source: Digest::of(&(n / 16).to_le_bytes()),
        copy: n % 16,
        role: Role::Train,
        class: n % 17,
        label: vec![(n % 17, WHOLE)],
        steps: vec![
            StepDraw { id: "rotate".into(), params: vec![number("degrees", n % 360)] },
            StepDraw { id: "gaussian_noise".into(), params: vec![number("sigma", n % 40)] },
            StepDraw {
                id: "rgb_shift".into(),
                params: vec![number("blue", n % 20), number("green", n % 19), number("red", n % 18)],
            },
        ],
        digest: Digest::of(bytes),
        bytes: bytes.len() as u64,
        file: FileType::Jpg,
        width: 512,
        height: 640,
    }
}

fn classes() -> Classes {
    Classes((0..17).map(|number| (number, format!("class {number}"))).collect())
}

fn header() -> Header {
    Header::new(Json::object([]))
}

/// Entries in key order.
fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = (0..SAMPLES).map(|n| entry(n, &n.to_le_bytes())).collect();
    entries.sort_by_key(|entry| entry.key);
    entries
}

fn write(entries: &[Entry]) -> (Vec<u8>, Digest) {
    let mut writer = Writer::new(Vec::new(), &header(), None).unwrap();
    for entry in entries {
        writer.push(entry).unwrap();
    }
    let (bytes, summary) = writer.finish().unwrap();
    (bytes, summary.digest)
}

/// Shards of samples `n`, with pixels of `bytes` bytes or, when 0, none at all.
fn shards(datasets: &Datasets, samples: u32, bytes: usize) -> Vec<ShardRef> {
    let classes = classes();
    let pixels = if bytes > 0 { Pixels::Keep } else { Pixels::Drop };
    let shard = |first: u32| {
        let key = Digest::of(&first.to_le_bytes());
        let mut writer = ShardWriter::new(&datasets.shards(), &key, &classes, pixels).unwrap();
        for n in first..first + PER_SHARD {
            let content: Vec<u8> = (0..bytes.max(4)).map(|at| ((at as u32 * n) >> 3) as u8).collect();
            writer.push(&entry(n, &content), &content).unwrap();
        }
        let written = writer.finish().unwrap();
        ShardRef { set: TRAIN, index: first / PER_SHARD, key, samples: written.samples, bytes: written.bytes }
    };
    (0..samples).step_by(PER_SHARD as usize).map(shard).collect()
}

fn manifest(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let entries = entries();
    let (bytes, digest) = write(&entries);
    let path = folder.path().join("manifest.jsonl.zst");
    std::fs::write(&path, bytes).unwrap();
    let datasets = Datasets::new(folder.path(), None);
    let shards = shards(&datasets, SAMPLES, 0);
    let mut group = criterion.benchmark_group("manifest");
    group.throughput(Throughput::Elements(SAMPLES.into()));
    group.bench_function("write", |bencher| bencher.iter(|| write(black_box(&entries))));
    group.bench_function("read", |bencher| {
        bencher.iter(|| Reader::open(&path, Some(digest)).unwrap().map(Result::unwrap).count());
    });
    group.bench_function("merge", |bencher| {
        bencher.iter(|| datasets.assemble(&header(), None, shards.clone()).unwrap().summary().digest);
    });
    group.finish();
}

fn verify(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let datasets = Datasets::new(folder.path(), None);
    let shards = shards(&datasets, STORED, BYTES);
    let bytes = shards.iter().map(|shard| shard.bytes).sum();
    let digest = datasets.place(datasets.assemble(&header(), None, shards).unwrap()).unwrap().digest;
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("a version", |bencher| {
        bencher.iter(|| {
            let checked = datasets.verify(&digest, &classes(), &|_| ()).unwrap();
            assert!(checked.is_good(), "{:?}", checked.lines());
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = manifest, verify
}
criterion_main!(benches);
