//! Hot kernels on fixed input, one at a time, for `.ci/instructions`, which counts the instructions of [`measured`] under
//! callgrind: a figure that a busy machine cannot change. Without a name it lists the kernels.
#![allow(clippy::disallowed_methods, reason = "a bench reads its arguments")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench ends at the first thing that goes wrong")]

mod executor;
mod pages;

use augmint::digest::Digest;
use augmint::effect::{Pass, fold};
use augmint::pixels::{Encoding, Image, Limits, Size, Subsampling, decode};
use augmint::plan::Sample;
use augmint::seed::Role;
use augmint::train::input::{Fit, IMAGENET_MEAN, IMAGENET_STD, Input, Interpolation, Scratch, View};
use executor::Executor;
use pages::Pages;
use std::hint::black_box;
use std::sync::Arc;

/// The steps of the kernels that are passes.
const STEPS: &[(&str, &str)] = &[
    ("resample", "op.rotate = { degrees = 33, fill = \"white\" }"),
    ("fit", "op.resize = { width = 384, height = 384, fit = \"pad\" }"),
    ("noise", "op.gaussian_noise = { sigma = 20 }"),
    ("curve", "op.gamma = { exponent = 1.3 }"),
    ("blend", "op.mixup = { alpha = 0.4, partner = { classes = \"any\", steps = \"none\" } }"),
];
/// The others: a whole sample of recipe R up to its pixels, its draws alone, codecs, the hash, a page of a shard of 256 px on its
/// way into a network of 224.
const OTHERS: &[&str] = &["r", "draw", "jpeg", "png", "webp", "decode", "sha", "input"];

/// What callgrind counts.
#[inline(never)]
fn measured(run: &mut dyn FnMut()) {
    run();
}

/// Runs once to be warm (tables that are made at the first use), then once for the count.
fn count<T>(mut run: impl FnMut() -> T) {
    let mut run = || {
        black_box(run());
    };
    run();
    measured(&mut run);
}

fn recipe(step: &str) -> String {
    format!("name = \"i\"\nseed = 17\n[source]\nfolders = \"x\"\n[amount]\ncopies = 1\n[[step]]\n{step}\n")
}

fn passes(pages: &Pages, copy: u32) -> Vec<Pass> {
    let sample = Sample { source: 0, role: Role::Train, epoch: 0, copy };
    fold(pages.plan.lower(&sample, &pages.plan.draw(&sample)))
}

fn execute(image: &Image, passes: &[Pass], sources: &[Arc<Image>]) {
    let mut executor = Executor::default();
    count(|| executor.run(image, passes, sources, |_| ()));
}

/// A page as recipe R leaves it: what codecs and the hash are given.
fn noisy(pages: &Pages) -> Image {
    Executor::default().run(&pages.images[0], &passes(pages, 0), &pages.images, Clone::clone)
}

fn encode(encoding: &Encoding, image: &Image) {
    let mut bytes = Vec::new();
    count(|| encoding.encode_into(image, &mut bytes).unwrap());
}

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| argument != "--bench");
    let Some(wanted) = wanted else {
        STEPS.iter().map(|(name, _)| *name).chain(OTHERS.iter().copied()).for_each(|name| println!("{name}"));
        return;
    };
    if let Some((_, step)) = STEPS.iter().find(|(name, _)| *name == wanted) {
        let pages = Pages::of(&recipe(step), 2, 1);
        return execute(&pages.images[0], &passes(&pages, 0), &pages.images);
    }
    let pages = Pages::of(pages::R, 2, 16);
    let jpeg = Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 };
    match wanted.as_str() {
        "r" => {
            // The first copy that is mixed, so that every pass is in it.
            let passes = (0..16).map(|copy| passes(&pages, copy));
            let passes = passes.max_by_key(Vec::len).expect("BUG: 16 copies");
            execute(&pages.images[0], &passes, &pages.images);
        }
        "draw" => count(|| (0..16).map(|copy| passes(&pages, copy)).collect::<Vec<_>>()),
        "jpeg" => encode(&jpeg, &noisy(&pages)),
        "png" => encode(&Encoding::Png, &noisy(&pages)),
        "webp" => encode(&Encoding::Webp, &noisy(&pages)),
        "decode" => {
            let bytes = jpeg.encode(&noisy(&pages)).unwrap();
            count(|| decode(&bytes, &Limits::default()).unwrap());
        }
        "sha" => {
            let image = noisy(&pages);
            count(|| Digest::of(image.data()));
        }
        "input" => {
            let image = Image::from_fn(Size::new(181, 256), |x, y| [x * y, x + y, 7 * x].map(|level| level as u8));
            let (size, fit) = (Size::new(224, 224), Fit::Pad { fill: [255; 3] });
            let input = Input::new(size, fit, IMAGENET_MEAN, IMAGENET_STD, Interpolation::Bilinear).unwrap();
            let (mut scratch, mut out) = (Scratch::default(), vec![0.0; input.numbers()]);
            count(|| input.write(&image, &View::SAME, &mut scratch, &mut out));
        }
        other => panic!("no kernel '{other}'; run without a name to see all"),
    }
}
