//! Where each millisecond of a sample goes.
//!
//! Passes may be fused, so a pass is not timed alone: its time is what the sample takes with it minus what it takes up to
//! the pass before. So the parts sum to the whole, whatever the executor joins. Each time is the least of five, which a
//! busy machine disturbs least; figures are means over samples, so a step that is on for a quarter of them counts a quarter.

use super::Executor;
use super::ending::{Ending, Mode};
use super::pages::Pages;
use augmint::effect::{Pass, fold};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const REPEATS: usize = 5;

/// Milliseconds of one run.
fn timed<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(run());
    start.elapsed().as_secs_f64() * 1e3
}

/// The least of several runs.
fn least<T>(mut run: impl FnMut() -> T) -> f64 {
    (0..REPEATS).map(|_| timed(&mut run)).fold(f64::INFINITY, f64::min)
}

fn kind(pass: &Pass) -> &'static str {
    match pass {
        Pass::Resample(_) => "resample",
        Pass::Noise(_) => "noise",
        Pass::Tables(_) | Pass::Grey | Pass::Hsv(_) => "colour",
        Pass::Blend { .. } => "blend",
        _ => "other",
    }
}

/// Milliseconds of each stage, and how often it was on; the passes' order is the recipe's.
pub fn measure(pages: &Pages, samples: usize, out: &Path) -> Value {
    let mut sums: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
    let mut add = |stage, ms: f64| {
        let sum = sums.entry(stage).or_default();
        *sum = (sum.0 + ms, sum.1 + 1);
    };
    let mut executor = Executor::default();
    let (mut jpeg, mut png) = (Ending::new(Mode::Jpeg, out), Ending::new(Mode::Png, out));
    for sample in pages.samples().take(samples) {
        add("draw", least(|| fold(pages.plan.lower(&sample, &pages.plan.draw(&sample)))));
        let passes = fold(pages.plan.lower(&sample, &pages.plan.draw(&sample)));
        let image = &pages.images[sample.source];
        // In turn, so that a slower moment of the machine meets all of them.
        let mut upto = vec![f64::INFINITY; passes.len()];
        for _ in 0..REPEATS {
            for (end, ms) in (1..).zip(&mut upto) {
                *ms = ms.min(timed(|| executor.run(image, &passes[..end], &pages.images, |_| ())));
            }
        }
        let mut before = 0.0;
        for (pass, ms) in passes.iter().zip(upto) {
            add(kind(pass), ms - before);
            before = ms;
        }
        let shown = executor.run(image, &passes, &pages.images, Clone::clone);
        for (ending, mode, names) in [
            (&mut jpeg, Mode::Jpeg, ["jpeg", "jpeg hash", "jpeg write"]),
            (&mut png, Mode::Png, ["png", "png hash", "png write"]),
        ] {
            let encoding = mode.encoding().expect("BUG: both have one");
            add(names[0], least(|| ending.encode(&shown, &encoding)));
            add(names[1], least(|| ending.hash()));
            add(names[2], least(|| ending.write()));
        }
        add("tensor", least(|| jpeg.tensor(&shown)));
    }
    jpeg.clean();
    png.clean();
    let per_sample = |(stage, (sum, times)): (&str, (f64, usize))| {
        (stage.to_owned(), json!({ "ms": sum / samples as f64, "on": times as f64 / samples as f64 }))
    };
    Value::Object(sums.into_iter().map(per_sample).collect())
}
