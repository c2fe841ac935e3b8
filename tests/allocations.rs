//! A thread that renders uses its memory again: in the steady state no sample allocates an image.
#![allow(unsafe_code, reason = "an allocator that counts")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test ends at the first thing that goes wrong, and makes files"
)]

#[path = "../benches/pages/mod.rs"]
mod pages;

use augmint::pixels::{Encoding, Size};
use augmint::plan::{Renderer, Sample};
use augmint::recipe::Recipe;
use pages::Pages;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts allocations of at least [`LARGE`] bytes.
struct Counting;

/// A third of a page here: larger than any encoded sample, smaller than any image.
const LARGE: usize = 80_000;
static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator, which is asked for what was asked for.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LARGE {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller keeps the rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the rules.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RECIPE: &str = r#"
name = "allocations"
[source]
folders = "pages"
[amount]
copies = 64
originals = false
[[step]]
op.flip = { axis = "horizontal" }
chance = 0.5
[[step]]
op.rotate = { degrees = [-180, 180] }
[[step]]
op.elastic = { strength = 0.02 }
chance = 0.3
[[step]]
op.scale = { factor = 0.5 }
chance = 0.3
[[step]]
op.blur = { sigma = [0.5, 1.5] }
chance = 0.5
[[step]]
op.shadow = { strength = 0.3 }
chance = 0.5
[[step]]
op.median_blur = { radius = 1 }
chance = 0.2
[[step]]
op.gaussian_noise = { sigma = 20 }
[[step]]
op.clahe = { clip_limit = 2 }
chance = 0.3
[[step]]
op.rgb_shift = { red = [-20, 20] }
[[step]]
op.cutmix = {}
chance = 0.3
[[step]]
op.mixup = {}
chance = 0.5
[output]
fit.pad = { width = 200, height = 256 }
encode.jpeg = { quality = 75 }
"#;

#[test]
fn no_sample_allocates_an_image_once_a_thread_is_warm() {
    let folder = tempfile::tempdir().unwrap();
    let images: Vec<_> = (0..3)
        .map(|number| {
            let page = pages::page(number, Size::new(200, 256));
            (augmint::digest::Digest::of(&Encoding::Png.encode(&page).unwrap()), page)
        })
        .collect();
    let recipe = Recipe::from_texts(RECIPE, None).unwrap_or_else(|error| panic!("{error}"));
    let pages = Pages::new(recipe, images, 64);
    let files = pages.plan.sources().iter().zip(&pages.images).map(|(source, image)| {
        let path = folder.path().join(source.digest.hex());
        std::fs::write(&path, Encoding::Png.encode(image).unwrap()).unwrap();
        path
    });
    let renderer = Renderer::new(pages.plan.clone(), files.collect(), 1 << 24);
    let samples: Vec<Sample> = pages.samples().take(3 * 64).collect();
    let (warm, steady) = samples.split_at(128);
    let render = |sample: &Sample| renderer.sample(sample, &pages.images[sample.source]).unwrap();
    let bytes: usize = warm.iter().map(|sample| render(sample).bytes.len()).sum();
    assert!(COUNT.load(Ordering::Relaxed) > 0 && bytes > 0, "nothing is counted");
    let before = COUNT.load(Ordering::Relaxed);
    let largest = steady.iter().map(|sample| render(sample).bytes.len()).max().unwrap();
    let allocated = COUNT.load(Ordering::Relaxed) - before;
    assert!(largest < LARGE, "a sample of {largest} bytes could be taken for an image");
    assert_eq!(allocated, 0, "large allocations in {} samples", steady.len());
}
