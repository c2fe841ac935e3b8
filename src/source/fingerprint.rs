//! What a page looks like in 4 KB: for finding copies of it that have other bytes.
//!
//! A [`Fingerprint`] is the image's grey values averaged over a grid of 64 × 64 cells, and a sketch of 256 bits: on
//! which side of 256 fixed random planes those values lie, their mean taken away (Charikar 2002, "Similarity estimation
//! techniques from rounding algorithms"; the share of bits that differ is the angle between two pages over π). The
//! sketch finds candidates fast; [`Fingerprint::compare`] decides. All of it is integer arithmetic, so that every
//! machine joins the same pages. It never decides a pixel, only which sources must stay on one side of the split.
//!
//! # The threshold
//! One page against another is a least-squares fit of grey values, `b ≈ slope · a + offset`, which forgives brightness
//! and contrast. Two pages are alike if they correlate by at least 0.97 **and no cell is off by more than 28 grey
//! levels**. It is the second rule that tells two pages of one form apart: what was filled in is local. Images whose
//! shorter side is under 128 pixels are compared on 16 × 16 cells, as scaling moves more than a cell's worth there.
//!
//! Measured on 1,570 real pages of 17 classes (512 pixels; blank tax forms, receipts, a notary's printed register,
//! licence plates of 94 × 24, plots, manuscripts):
//!
//! | copy of each page | found, plates aside | found, plates |
//! | --- | --- | --- |
//! | JPEG, quality 60 | 100 % | 100 % |
//! | scaled to 75 %, JPEG quality 88 | 100 % | 100 % |
//! | 12 grey levels brighter (whites clipped) | 96.6 % | 100 % |
//! | gamma 0.85 | 100 % | 100 % |
//! | contrast + 15 %, clipped | 94.3 % | 100 % |
//! | scaled to 50 %, JPEG quality 60 | 99.7 % | 4 % |
//!
//! The misses under clipping are plots in pale grey on white, whose content clipping removes. Between different files
//! it joins 4 pairs of the 1,231,665: three of blank tax forms (the same sheet in two years) and two empty plots, each
//! pair already of one given group. The nearest pairs that it keeps apart: tax forms of one layout (correlation 0.999,
//! largest difference 37), register pages by one hand (0.987, 36 to 174), plates (0.87, 43 and more).

use crate::digest::Digest;
use crate::pixels::{Image, Size};
use crate::seed::Rng;
use std::sync::OnceLock;

/// Cells of the grid's side.
const SIDE: usize = 64;
/// Cells of the grid.
pub(super) const CELLS: usize = SIDE * SIDE;
/// Words of a sketch.
const WORDS: usize = 4;
/// Bits of the sketch that may differ: 99.7 % of the copies above, halved ones aside, differ by no more.
const MOST_BITS: u32 = 48;
/// Smallest correlation, in thousandths.
const LEAST_ALIKE: u32 = 970;
/// Largest difference of a cell, in grey levels.
const MOST_DIFFERENCE: u32 = 28;
/// Shorter sides from here on are compared on the full grid.
const FULL_GRID: u32 = 128;
/// Sides of the block of cells that is one cell of the coarse grid.
const COARSE: usize = 4;

/// What a page looks like.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fingerprint {
    size: Size,
    cells: Box<[u8; CELLS]>,
    sketch: [u64; WORDS],
}

/// How alike two pages are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Likeness {
    /// Correlation of the grey values, in thousandths, rounded down.
    pub alike: u32,
    /// Largest difference of a cell after the fit, in grey levels, rounded up.
    pub difference: u32,
}

impl Fingerprint {
    /// Looks at an image.
    pub fn of(image: &Image) -> Self {
        Self::from_cells(image.size(), average(image))
    }

    /// From the cells of an image that was looked at before.
    pub fn from_cells(size: Size, cells: Box<[u8; CELLS]>) -> Self {
        let sketch = sketch(&cells);
        Self { size, cells, sketch }
    }

    /// Grey values, rows from top to bottom.
    pub fn cells(&self) -> &[u8; CELLS] {
        &self.cells
    }

    /// Whether a closer look could find them alike: similar sketches and, within 3 %, similar aspect.
    #[inline]
    pub fn is_candidate(&self, other: &Self) -> bool {
        // Most pairs differ too much in the first word.
        let mut bits = (self.sketch[0] ^ other.sketch[0]).count_ones();
        if bits > MOST_BITS {
            return false;
        }
        bits += (1..WORDS).map(|word| (self.sketch[word] ^ other.sketch[word]).count_ones()).sum::<u32>();
        let one = u64::from(self.size.width) * u64::from(other.size.height);
        let two = u64::from(other.size.width) * u64::from(self.size.height);
        bits <= MOST_BITS && one.abs_diff(two) * 33 <= one.max(two)
    }

    /// The closer look: `Some` if `other` shows the same page.
    pub fn compare(&self, other: &Self) -> Option<Likeness> {
        let shorter = |size: Size| size.width.min(size.height);
        let likeness = if shorter(self.size).min(shorter(other.size)) < FULL_GRID {
            likeness(&coarse(&self.cells), &coarse(&other.cells))?
        } else {
            likeness(&self.cells[..], &other.cells[..])?
        };
        (likeness.alike >= LEAST_ALIKE && likeness.difference <= MOST_DIFFERENCE).then_some(likeness)
    }
}

/// `None` where one of them is of one grey alone: there is nothing to compare.
fn likeness(a: &[u8], b: &[u8]) -> Option<Likeness> {
    let n = a.len() as i64;
    let (sum_a, sum_b): (i64, i64) = (a.iter().map(|v| i64::from(*v)).sum(), b.iter().map(|v| i64::from(*v)).sum());
    let product = |x: &[u8], y: &[u8]| x.iter().zip(y).map(|(x, y)| i64::from(*x) * i64::from(*y)).sum::<i64>();
    // n² times variances and covariance: below 2^42.
    let (aa, bb, ab) =
        (n * product(a, a) - sum_a * sum_a, n * product(b, b) - sum_b * sum_b, n * product(a, b) - sum_a * sum_b);
    if aa == 0 || bb == 0 {
        return None;
    }
    let squared =
        if ab > 0 { 1_000_000 * i128::from(ab) * i128::from(ab) / (i128::from(aa) * i128::from(bb)) } else { 0 };
    let alike = (squared as u32).isqrt();
    // The residual of a cell times n · aa: below 2^62 as |n·v − sum| < 2^20.
    let residual = |(x, y): (&u8, &u8)| (aa * (n * i64::from(*y) - sum_b) - ab * (n * i64::from(*x) - sum_a)).abs();
    let largest = a.iter().zip(b).map(residual).max().unwrap_or(0);
    Some(Likeness { alike, difference: largest.unsigned_abs().div_ceil((n * aa) as u64) as u32 })
}

/// The average grey of each cell, weighted by the area that a pixel shares with it: exact, then rounded.
fn average(image: &Image) -> Box<[u8; CELLS]> {
    let Size { width, height } = image.size();
    let (columns, rows) = (overlaps(width), overlaps(height));
    let mut sums = vec![0u64; CELLS];
    let mut line = [0u64; SIDE];
    for (pixels, (first, last)) in image.data().chunks_exact(3 * width as usize).zip(rows) {
        line.fill(0);
        for (pixel, (first, last)) in pixels.as_chunks::<3>().0.iter().zip(&columns) {
            let grey = 77 * u64::from(pixel[0]) + 150 * u64::from(pixel[1]) + 29 * u64::from(pixel[2]);
            spread(*first, *last, width, |cell, weight| line[cell] += grey * weight);
        }
        spread(first, last, height, |row, weight| {
            for (sum, value) in sums[row * SIDE..(row + 1) * SIDE].iter_mut().zip(&line) {
                *sum += value * weight;
            }
        });
    }
    let area = 256 * u64::from(width) * u64::from(height);
    let mut cells = Box::new([0; CELLS]);
    for (cell, sum) in cells.iter_mut().zip(sums) {
        *cell = ((sum + area / 2) / area) as u8;
    }
    cells
}

/// Where each pixel of a line starts and ends, in units of which a pixel has `SIDE` and a cell `length`.
fn overlaps(length: u32) -> Vec<(u64, u64)> {
    (0..u64::from(length)).map(|pixel| (pixel * SIDE as u64, (pixel + 1) * SIDE as u64)).collect()
}

/// Gives each cell that the stretch `first..last` touches its share.
#[inline]
fn spread(first: u64, last: u64, length: u32, mut give: impl FnMut(usize, u64)) {
    let length = u64::from(length);
    let mut cell = first / length;
    let mut from = first;
    while from < last {
        let to = last.min((cell + 1) * length);
        give(cell as usize, to - from);
        (from, cell) = (to, cell + 1);
    }
}

fn coarse(cells: &[u8; CELLS]) -> Vec<u8> {
    const WIDTH: usize = SIDE / COARSE;
    let mut sums = vec![0u32; WIDTH * WIDTH];
    for (index, cell) in cells.iter().enumerate() {
        sums[index / SIDE / COARSE * WIDTH + index % SIDE / COARSE] += u32::from(*cell);
    }
    let block = (COARSE * COARSE) as u32;
    sums.into_iter().map(|sum| ((sum + block / 2) / block) as u8).collect()
}

fn sketch(cells: &[u8; CELLS]) -> [u64; WORDS] {
    static PLANES: OnceLock<Vec<i16>> = OnceLock::new();
    let planes = PLANES.get_or_init(|| {
        let mut rng = Rng::from_digest(&Digest::of(b"augmint fingerprint 1"));
        let words = (0..WORDS * CELLS).map(|_| rng.bits());
        words.flat_map(|word| (0..64).map(move |bit| if word >> bit & 1 == 1 { 1 } else { -1 })).collect()
    });
    let sum: i32 = cells.iter().map(|cell| i32::from(*cell)).sum();
    let mean = (sum + CELLS as i32 / 2) / CELLS as i32;
    let centred: Vec<i16> = cells.iter().map(|cell| i16::from(*cell) - mean as i16).collect();
    let mut sketch = [0; WORDS];
    for (bit, plane) in planes.chunks_exact(CELLS).enumerate() {
        let dot: i32 = centred.iter().zip(plane).map(|(value, sign)| i32::from(*value) * i32::from(*sign)).sum();
        sketch[bit / 64] |= u64::from(dot > 0) << (bit % 64);
    }
    sketch
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A page with lines of "text" that follow from `seed`, on a form that is the same for all seeds. Sides that are
    /// multiples of 48 and 60 show exactly the same at each size.
    pub fn page(size: Size, seed: u64) -> Image {
        Image::from_fn(size, |x, y| {
            let (column, row) = (u64::from(x) * 48 / u64::from(size.width), u64::from(y) * 60 / u64::from(size.height));
            let word = Digest::of(&[(seed % 251) as u8, (column / 3) as u8, (row / 2) as u8]).bytes()[0];
            let form = row % 10 == 0 || column % 16 == 0;
            let ink = row % 2 == 1 && column > 4 && column < 44 && word < 140;
            [if form {
                90
            } else if ink {
                60 + word / 4
            } else {
                235
            }; 3]
        })
    }

    fn map(image: &Image, change: impl Fn(usize, u8) -> u8) -> Image {
        let data = image.data().iter().enumerate().map(|(index, value)| change(index, *value)).collect();
        Image::new(image.size(), data).unwrap()
    }

    fn alike(a: &Image, b: &Image) -> bool {
        let (a, b) = (Fingerprint::of(a), Fingerprint::of(b));
        a.is_candidate(&b) && a.compare(&b).is_some()
    }

    #[test]
    fn copies_are_alike_and_other_pages_of_the_form_are_not() {
        let original = page(Size::new(384, 480), 1);
        assert!(alike(&original, &map(&original, |_, v| v.saturating_add(12))), "brighter");
        assert!(alike(&original, &map(&original, |i, v| v - 3 + (i * 7 % 7) as u8)), "noisy");
        assert!(alike(&original, &page(Size::new(288, 360), 1)), "smaller");
        assert!(!alike(&original, &page(Size::new(384, 480), 2)), "another page");
        assert!(!alike(&original, &map(&original, |_, v| 255 - v)), "negative");
        assert!(!alike(&original, &page(Size::new(480, 480), 1)), "another aspect");
    }

    #[test]
    fn one_filled_in_field_makes_another_page() {
        let blank = page(Size::new(512, 512), 1);
        let mut filled = blank.clone();
        for (x, y) in (100..130).flat_map(|x| (200..210).map(move |y| (x, y))) {
            filled.set(x, y, [40; 3]);
        }
        assert!(!alike(&blank, &filled));
        assert!(alike(&blank, &blank));
    }

    #[test]
    fn a_page_of_one_grey_is_like_nothing() {
        let flat = Image::filled(Size::new(200, 200), [255; 3]);
        assert!(!alike(&flat, &flat));
    }

    #[test]
    fn cells_are_exact_averages_at_any_size() {
        for size in [Size::new(1, 1), Size::new(63, 200), Size::new(64, 64), Size::new(65, 3)] {
            assert_eq!(average(&Image::filled(size, [200; 3]))[..], [200; CELLS], "{size}");
        }
        // 128 columns, left half black: the border falls between two cells.
        let halves = average(&Image::from_fn(Size::new(128, 1), |x, _| [if x < 64 { 0 } else { 255 }; 3]));
        assert_eq!((halves[31], halves[32]), (0, 255));
        // 3 columns over 64 cells: cell 21 is a third black, two thirds white.
        let thirds = average(&Image::from_fn(Size::new(3, 1), |x, _| [if x == 0 { 0 } else { 255 }; 3]));
        assert_eq!((thirds[20], thirds[21], thirds[22]), (0, 170, 255));
    }

    #[test]
    fn the_sketch_is_pinned() {
        let print = Fingerprint::of(&page(Size::new(100, 140), 3));
        let text = print.sketch.map(|word| format!("{word:016x}")).join(" ");
        assert_eq!(text, "36ff8bba028bbc33 fc946da76c113bad 5d5b828399d00cfb e92e27a4f50a692b");
    }
}
