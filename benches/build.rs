//! A small version end to end, as `augmint build` makes it, on all threads: scan, plan, shards, manifest, record. In samples
//! per second, of 24 JPEG pages in three class folders to 192 training samples by recipe R. Also the second build of the
//! same recipe, which finds everything there.
#![allow(clippy::disallowed_methods, reason = "a bench makes files")]
#![allow(clippy::unwrap_used, reason = "a bench ends at the first thing that goes wrong")]

mod pages;

use augmint::build::{Job, assemble, make, record, shard_keys, survey};
use augmint::digest::Digest;
use augmint::pixels::{Encoding, Subsampling};
use augmint::plan::Renderer;
use augmint::prepare::prepare;
use augmint::recipe::Recipe;
use augmint::shard::Pixels;
use augmint::store::Datasets;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const SOURCES: u32 = 24;
const SAMPLES: u64 = 192;

/// Sources in class folders, and recipe R over them.
fn lay_out(folder: &Path) {
    let encoding = Encoding::Jpeg { quality: 92, subsampling: Subsampling::S420 };
    for number in 0..SOURCES {
        let path = folder.join(format!("pages/class {}/{number:02}.jpg", number % 3));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, encoding.encode(&pages::page(number, pages::SIZE)).unwrap()).unwrap();
    }
    let copies = SAMPLES / u64::from(SOURCES);
    std::fs::write(folder.join("r.toml"), pages::R.replace("copies = 16", &format!("copies = {copies}"))).unwrap();
}

fn build(folder: &Path, datasets: &Datasets) -> Digest {
    let recipe = Recipe::load(&folder.join("r.toml")).unwrap();
    let prepared = prepare(recipe, datasets, &|_| ()).unwrap();
    assert_eq!(prepared.plan.total(), SAMPLES);
    datasets.prepare_store().unwrap();
    let keys = shard_keys(&prepared.plan);
    let wanted = survey(&prepared.plan, datasets, &keys, Pixels::Keep).missing;
    let renderer = Renderer::new(prepared.plan.clone(), prepared.files.clone(), 256 << 20);
    let job = Job {
        renderer: &renderer,
        datasets,
        keys: &keys,
        wanted: &wanted,
        pixels: Pixels::Keep,
        ahead: 64,
        stop: &AtomicBool::new(false),
        progress: &|_| (),
    };
    make(&job).unwrap();
    let assembled = assemble(&prepared, datasets, &keys).unwrap();
    let record = record(&prepared, None, None, None);
    datasets.publish(assembled, record, &prepared.list, None).unwrap().digest
}

fn all(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    let root = || tempfile::tempdir_in(folder.path()).unwrap();
    let mut group = criterion.benchmark_group("build");
    group.throughput(Throughput::Elements(SAMPLES));
    group.bench_function("a new version", |bencher| {
        bencher.iter_batched(
            root,
            |root| {
                let digest = build(folder.path(), &Datasets::new(root.path(), None));
                (root, digest)
            },
            BatchSize::PerIteration,
        );
    });
    let root = root();
    let datasets = Datasets::new(root.path(), None);
    build(folder.path(), &datasets);
    group.bench_function("the same again", |bencher| bencher.iter(|| build(folder.path(), &datasets)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5));
    targets = all
}
criterion_main!(benches);
