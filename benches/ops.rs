//! Every op by its example on a page of 512×640, in pixels per second (criterion's Melem/s are megapixels per second).
//!
//! `cargo bench --bench ops -- rotate` for some of them. Draws are settled before: what is measured is the pixels alone, of
//! eight copies in turn, since an op may cost more for one draw than for another.
#![allow(clippy::expect_used, reason = "a bench ends at the first thing that goes wrong")]

mod executor;
mod pages;

use augmint::effect::fold;
use augmint::ops::{self, OpSpec};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use executor::Executor;
use pages::Pages;
use std::time::Duration;

const COPIES: u32 = 8;

fn op(criterion: &mut Criterion, op: &OpSpec) {
    let pages = Pages::of(
        &format!(
            "name = \"ops\"\nseed = 17\n[source]\nfolders = \"x\"\n[amount]\ncopies = 1\n[[step]]\nop.{} = {{ {} }}\n",
            op.name, op.example
        ),
        2,
        COPIES,
    );
    let samples: Vec<_> = pages.samples().filter(|sample| sample.source == 0).take(COPIES as usize).collect();
    let passes: Vec<_> =
        samples.iter().map(|sample| fold(pages.plan.lower(sample, &pages.plan.draw(sample)))).collect();
    let mut executor = Executor::default();
    let mut passes = passes.iter().cycle();
    let mut group = criterion.benchmark_group("ops");
    group.throughput(Throughput::Elements(pages::SIZE.pixels()));
    group.bench_function(op.name, |bencher| {
        bencher.iter(|| {
            let passes = passes.next().expect("BUG: an endless iterator");
            executor.run(&pages.images[0], passes, &pages.images, |_| ());
        });
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    for spec in ops::ALL {
        op(criterion, spec);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    targets = all
}
criterion_main!(benches);
