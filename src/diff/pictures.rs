//! Samples to be looked at side by side: which ones, and how their images differ.

use super::{Diff, Fate, Match};
use crate::digest::Digest;
use crate::manifest::Key;
use crate::pixels::{Image, Size};
use crate::seed::Role;
use std::collections::BTreeMap;

/// A sample that is worth a look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// What became of it.
    pub fate: Fate,
    /// Its source.
    pub source: Digest,
    /// The name of its class.
    pub class: String,
    /// What it was drawn as.
    pub role: Role,
    /// Which of the source's samples of this role.
    pub copy: u32,
    /// Its key in A, where A has it.
    pub a: Option<Key>,
    /// Its key in B, where B has it.
    pub b: Option<Key>,
}

/// The images of one [`Picture`], as far as they could be had; else why not.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Whose.
    pub picture: Picture,
    /// In A and in B; `None` where that side has no such sample.
    pub images: [Option<Result<Image, String>>; 2],
}

/// Up to `count` samples that both sides have and that are not identical, by turns of every fate and class; added and
/// removed ones only where there is room. No more than [`diff`](super::diff) was told to keep.
pub fn choose(diff: &Diff, count: usize) -> Vec<Picture> {
    let mut turns: BTreeMap<(bool, u32), Vec<&Match>> = BTreeMap::new();
    let mut seen: BTreeMap<(Fate, &str), u32> = BTreeMap::new();
    for one in &diff.matches {
        let turn = seen.entry((one.fate, one.class.as_str())).or_default();
        turns.entry((one.a.is_none() || one.b.is_none(), *turn)).or_default().push(one);
        *turn += 1;
    }
    let mut chosen: Vec<&Match> = turns.into_values().flatten().take(count).collect();
    chosen.sort_by_key(|one| (one.fate, one.class.clone(), one.source, one.role, one.copy));
    let picture = |one: &Match| {
        let Match { fate, source, class, role, copy, a, b } = one.clone();
        Picture { fate, source, class, role, copy, a, b }
    };
    chosen.into_iter().map(picture).collect()
}

/// How two images differ: the image of the difference, and its mean and largest value in grey levels. Images of other
/// sizes are compared where both have pixels, and all beyond is white.
pub fn difference(a: &Image, b: &Image) -> (Image, f64, u8) {
    let (one, two) = (a.size(), b.size());
    let size = Size::new(one.width.max(two.width), one.height.max(two.height));
    let inside = |size: Size, x: u32, y: u32| x < size.width && y < size.height;
    let (mut sum, mut largest, mut count) = (0u64, 0, 0u64);
    let mut image = Image::from_fn(size, |x, y| {
        if !inside(one, x, y) || !inside(two, x, y) {
            return [255; 3];
        }
        let (a, b) = (a.pixel(x, y), b.pixel(x, y));
        let apart = [0, 1, 2].map(|channel| a[channel].abs_diff(b[channel]));
        sum += apart.iter().map(|value| u64::from(*value)).sum::<u64>();
        count += 3;
        largest = largest.max(apart[0].max(apart[1]).max(apart[2]));
        apart
    });
    // What is faint would not be seen: the strongest difference is brought to white.
    if largest > 0 {
        for y in 0..one.height.min(two.height) {
            for x in 0..one.width.min(two.width) {
                let bright = image.pixel(x, y).map(|value| (u32::from(value) * 255 / u32::from(largest)) as u8);
                image.set(x, y, bright);
            }
        }
    }
    (image, sum as f64 / count.max(1) as f64, largest)
}
