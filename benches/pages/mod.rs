//! Pages made by a formula, and plans of them: the input of all benches, the same on every machine.
//!
//! A page is a scanned document as far as speed is concerned: uneven paper with grain, lines of small strokes, a ruled
//! table, a coloured seal. Nothing is read from disk, and nothing depends on data that is not in the repository.
#![allow(dead_code, reason = "each bench uses its part")]

use augmint::balance::{Amount, AmountSpec, Balance};
use augmint::digest::Digest;
use augmint::number::Micro;
use augmint::pixels::{Image, Size};
use augmint::plan::{Plan, Sample};
use augmint::recipe::Recipe;
use augmint::seed::Role;
use augmint::source::{Classes, Source};
use augmint::split::Part;
use std::sync::Arc;

/// The size that all figures are given for.
pub const SIZE: Size = Size::new(512, 640);
/// The recipe of the speed table.
pub const R: &str = include_str!("../recipes/r.toml");
/// Twelve ops that are always on.
pub const TWELVE: &str = include_str!("../recipes/twelve.toml");

/// A few mixed bits of three numbers (the finaliser of SplitMix64).
fn bits(a: u32, b: u32, c: u32) -> u32 {
    let mut x = (u64::from(a) << 42) ^ (u64::from(b) << 21) ^ u64::from(c);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) as u32
}

/// Page `number`, drawn for 512×640 and stretched to `size`.
pub fn page(number: u32, size: Size) -> Image {
    Image::from_fn(size, |x, y| {
        let (at_x, at_y) = (x * SIZE.width / size.width, y * SIZE.height / size.height);
        let grain = (bits(number, x, y) % 5) as i32 - 2;
        let light = 246 - (at_x / 40 + at_y / 50) as i32 - (number % 7) as i32;
        let [red, green, blue] = if sealed(number, at_x, at_y) {
            [196, 44, 52]
        } else if inked(number, at_x, at_y) {
            [38, 40, 56]
        } else {
            [light, light - 3, light - 12]
        };
        [red + grain, green + grain, blue + grain].map(|level| level.clamp(0, 255) as u8)
    })
}

/// A ring of stamp ink in the lower right.
fn sealed(number: u32, x: u32, y: u32) -> bool {
    let (dx, dy) = (x as i32 - 400, y as i32 - 540 + (number % 5) as i32 * 8);
    let square = dx * dx + dy * dy;
    (1300..1800).contains(&square) || square < 300
}

/// Strokes in lines of 14 px, words of several letters; from 420 to 480 px down a ruled table.
fn inked(number: u32, x: u32, y: u32) -> bool {
    if !(36..476).contains(&x) || !(40..600).contains(&y) {
        return false;
    }
    if (420..=480).contains(&y) && ((y - 420).is_multiple_of(20) || (x - 36).is_multiple_of(88)) {
        return true;
    }
    let (line, down) = ((y - 40) / 14, (y - 40) % 14);
    let (letter, across) = ((x - 36) / 8, (x - 36) % 8);
    let ragged = 40 + bits(number, line, 900) % 16;
    let blank = bits(number, line, letter).is_multiple_of(6) || letter > ragged || line % 9 == 8;
    if blank || down >= 9 || across >= 6 {
        return false;
    }
    // A letter is 3 by 3 cells, each on or off.
    bits(number, line * 64 + letter, 77) >> (down / 3 * 3 + across / 2) & 1 == 1
}

/// A plan, and the decoded image of each of its sources, in their order.
pub struct Pages {
    pub plan: Arc<Plan>,
    pub images: Vec<Arc<Image>>,
}

impl Pages {
    /// Plans `copies` training samples of each image, every image a class of its own; sources are put in the order of
    /// their digests, as a plan wants them.
    pub fn new(mut recipe: Recipe, mut pages: Vec<(Digest, Image)>, copies: u32) -> Self {
        recipe.amount = Some(AmountSpec {
            amount: Amount::Copies(Micro::from_int(i64::from(copies))),
            balance: Balance::Natural,
            originals: false,
            class_copies: Default::default(),
            max_copies: None,
        });
        pages.sort_by_key(|(digest, _)| *digest);
        pages.dedup_by_key(|(digest, _)| *digest);
        let sources: Vec<Source> = (0u32..)
            .zip(&pages)
            .map(|(class, (digest, image))| {
                let (paths, group) = (vec![class.to_string()], class.to_string());
                Source { digest: *digest, paths, class, group, page: *digest, size: image.size() }
            })
            .collect();
        let count = sources.len();
        let classes = Classes((0..count as u32).map(|class| (class, format!("class {class}"))).collect());
        let plan = Plan::new(recipe, classes, sources, vec![Part::Train; count], vec![copies; count])
            .unwrap_or_else(|error| panic!("no plan: {error}"));
        Self { plan: Arc::new(plan), images: pages.into_iter().map(|(_, image)| Arc::new(image)).collect() }
    }

    /// Formula pages of one size, for a recipe's text.
    pub fn of(recipe: &str, count: u32, copies: u32) -> Self {
        let recipe = Recipe::from_texts(recipe, None).unwrap_or_else(|error| panic!("{error}"));
        let image = |number| page(number, SIZE);
        Self::new(recipe, (0..count).map(image).map(|image| (Digest::of(image.data()), image)).collect(), copies)
    }

    /// All samples as a build makes them: 16 copies of a source, then 16 of the next, and round again.
    pub fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        let blocks = (0u32..).step_by(16).flat_map(|first| (0..self.images.len()).map(move |source| (first, source)));
        let sample = |source, copy| Sample { source, role: Role::Train, epoch: 0, copy };
        blocks.flat_map(move |(first, source)| (first..first + 16).map(move |copy| sample(source, copy)))
    }
}
