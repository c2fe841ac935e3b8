//! Whole samples, one thread: draws, pixels, encoding and digest, of recipe R and the recipes that we ship, in samples per
//! second. Sources are decoded before, all of 512×640. `benches/recipe_r` says where the time goes.
#![allow(clippy::expect_used, reason = "a bench ends at the first thing that goes wrong")]

mod executor;
mod pages;

use augmint::digest::Digest;
use augmint::effect::fold;
use augmint::pixels::Image;
use augmint::recipe::Recipe;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use executor::Executor;
use pages::Pages;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SOURCES: u32 = 8;

/// Recipes in `recipes/` that have sources, by name: a validation recipe has none, and serves the others.
fn shipped() -> Vec<(String, Recipe)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let files = std::fs::read_dir(folder).expect("recipes/").map(|entry| entry.expect("recipes/").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|name| name == "toml")).collect();
    files.sort();
    let named = |path: PathBuf| Some((path.file_stem()?.to_str()?.to_owned(), Recipe::load(&path).ok()?));
    files.into_iter().filter_map(named).filter(|(_, recipe)| recipe.source.is_some()).collect()
}

fn recipe(criterion: &mut Criterion, name: &str, recipe: Recipe) {
    let images = (0..SOURCES).map(|number| pages::page(number, pages::SIZE));
    let images: Vec<(Digest, Image)> = images.map(|image| (Digest::of(image.data()), image)).collect();
    // More copies than are ever rendered, so that no sample comes twice.
    let pages = Pages::new(recipe, images, 1 << 16);
    let mut samples = pages.samples();
    let mut executor = Executor::default();
    let mut bytes = Vec::new();
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let sample = samples.next().expect("BUG: endless samples");
            let passes = fold(pages.plan.lower(&sample, &pages.plan.draw(&sample)));
            let encoding = pages.plan.output_for(sample.role).encode;
            executor.run(&pages.images[sample.source], &passes, &pages.images, |image| {
                encoding.encode_into(image, &mut bytes).expect("a size that every encoding takes");
            });
            black_box(Digest::of(&bytes))
        });
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let ours = |text| Recipe::from_texts(text, None).unwrap_or_else(|error| panic!("{error}"));
    recipe(criterion, "R", ours(pages::R));
    recipe(criterion, "twelve", ours(pages::TWELVE));
    for (name, shipped) in shipped() {
        recipe(criterion, &name, shipped);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(4));
    targets = all
}
criterion_main!(benches);
