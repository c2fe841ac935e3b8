//! The median filter: removes specks and thin strokes, keeps edges.
//!
//! Two ways with the same result. Up to a radius of 3, a square of pixels is sorted by columns, then by rows; what then
//! cannot be the middle falls out by its place alone, and the rest is narrowed down by dropping its smallest and largest
//! (Smith 1996, "Implementing median filters in XC4000E FPGAs"): minima and maxima of bytes, many pixels at a time. Above,
//! histograms of columns slide down and are added up along a row (Perreault & Hébert 2007, "Median filtering in constant
//! time"): no more work at a radius of 50 than at 4.

use super::spec::integer;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::pixels::{Image, Size};

crate::op! {
    /// Replaces each channel of each pixel by the median of the square around it; the image goes on at its border as it
    /// ends there (OpenCV's `medianBlur`).
    op "median_blur", revision 1, Blur, effects [], example "radius = { choose = [1, 2], weights = [4, 1] }";
    MedianBlur {
        /// From the pixel to each side of the square: 1 is 3×3 pixels, 0 changes nothing.
        radius: Micro = integer(0, 50, "px"),
    }
}

impl MedianBlur {
    fn lower(&self, lowering: &mut Lowering) {
        let radius = self.radius.to_int().and_then(|radius| usize::try_from(radius).ok());
        lowering.custom(Median { radius: radius.expect("BUG: a radius that is no whole number of pixels") });
    }
}

#[derive(Debug)]
struct Median {
    radius: usize,
}

impl Custom for Median {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        if self.radius > 0 {
            let source = buffers.copy(image);
            match self.radius {
                1 => sorted::<3>(&source, image),
                2 => sorted::<5>(&source, image),
                3 => sorted::<7>(&source, image),
                radius => counted(&source, image, radius),
            }
            buffers.give(source);
        }
    }
}

/// Samples that are sorted at a time.
const LANES: usize = 64;
type Lanes = [u8; LANES];

/// Moves the smaller of each pair to `low`, the larger to `high`.
fn exchange(values: &mut [Lanes], low: usize, high: usize) {
    let [a, b] = values.get_disjoint_mut([low, high]).expect("BUG: a value compared with itself");
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = ((*a).min(*b), (*a).max(*b));
    }
}

/// By networks; `SIDE` is 3, 5 or 7.
fn sorted<const SIDE: usize>(source: &Image, out: &mut Image) {
    let Size { width, height } = source.size();
    let (radius, row_len) = (SIDE / 2, 3 * width as usize);
    // The sorted columns of a row, its ends repeated, and room for a last block.
    let mut ranks = vec![vec![0u8; row_len + 6 * radius + LANES]; SIDE];
    for (y, out) in out.data_mut().chunks_exact_mut(row_len).enumerate() {
        for (offset, rank) in ranks.iter_mut().enumerate() {
            let from = (y + offset).saturating_sub(radius).min(height as usize - 1);
            rank[3 * radius..][..row_len].copy_from_slice(&source.data()[from * row_len..][..row_len]);
        }
        for last in 1..SIDE {
            for low in (0..last).rev() {
                let [a, b] = ranks.get_disjoint_mut([low, low + 1]).expect("BUG: a row compared with itself");
                for (a, b) in a.iter_mut().zip(b) {
                    (*a, *b) = ((*a).min(*b), (*a).max(*b));
                }
            }
        }
        for rank in &mut ranks {
            for x in 0..radius {
                rank.copy_within(3 * radius..3 * radius + 3, 3 * x);
                rank.copy_within(row_len + 3 * radius - 3..row_len + 3 * radius, row_len + 3 * (radius + x));
            }
        }
        for (block, out) in out.chunks_mut(LANES).enumerate() {
            let median = middle::<SIDE>(&ranks, block * LANES);
            out.copy_from_slice(&median[..out.len()]);
        }
    }
}

/// The medians of the squares whose left columns start at samples `at..at + LANES`.
fn middle<const SIDE: usize>(ranks: &[Vec<u8>], at: usize) -> Lanes {
    let mut left = [[0; LANES]; 32];
    let mut count = 0;
    for (rank, samples) in ranks.iter().enumerate() {
        let mut row: [Lanes; SIDE] = std::array::from_fn(|column| {
            *samples[at + 3 * column..].first_chunk().expect("BUG: no room for a last block")
        });
        for last in 1..SIDE {
            for low in (0..last).rev() {
                exchange(&mut row, low, low + 1);
            }
        }
        for (column, values) in row.iter().enumerate() {
            // As many are not larger, and not smaller, with the value itself; one more than half rules it out.
            let (below, above) = ((rank + 1) * (column + 1), (SIDE - rank) * (SIDE - column));
            if below.max(above) <= SIDE * SIDE / 2 + 1 {
                left[count] = *values;
                count += 1;
            }
        }
    }
    // Among one more than half of the values, the smallest and the largest are not the middle.
    let (mut first, end) = (0, count / 2 + 2);
    loop {
        for value in first + 1..end {
            exchange(&mut left, first, value);
        }
        for value in first + 1..end - 1 {
            exchange(&mut left, value, end - 1);
        }
        if end - first == 3 {
            return left[first + 1];
        }
        // The next value takes the place of the largest.
        left[end - 1] = left[end + first];
        first += 1;
    }
}

/// How many samples are in each of 16 bins or one before it. Running counts, because then the bin of a rank is how many
/// of them the rank is not below: one comparison of vectors.
type Bins = [i16; 16];

/// What a sample in each bin adds to the running counts.
const SAMPLE: [Bins; 16] = {
    let mut table = [[0; 16]; 16];
    let mut index = 0;
    while index < 256 {
        table[index / 16][index % 16] = (index % 16 >= index / 16) as i16;
        index += 1;
    }
    table
};

fn add(bins: &mut Bins, more: &Bins) {
    bins.iter_mut().zip(more).for_each(|(bin, more)| *bin += more);
}

fn subtract(bins: &mut Bins, less: &Bins) {
    bins.iter_mut().zip(less).for_each(|(bin, less)| *bin -= less);
}

/// The bin that the sample of a rank (from 0) is in.
fn find(bins: &Bins, rank: i16) -> usize {
    bins.iter().map(|bin| i16::from(*bin <= rank)).sum::<i16>() as usize
}

/// Pixels of a row that are done before the next ones: their columns' histograms stay in the cache.
const STRIP: usize = 512;

/// The histograms of a strip's columns, `radius` more at each end, as high as the square: of 16 classes of levels, and of
/// the levels in each class.
struct Columns {
    classes: Vec<Bins>,
    /// All columns of class 0, then of class 1, …: along a row, a median mostly stays in a class.
    levels: Vec<Bins>,
}

impl Columns {
    fn new(count: usize) -> Self {
        Self { classes: vec![[0; 16]; count], levels: vec![[0; 16]; 16 * count] }
    }

    /// Adds or subtracts a row.
    fn update(&mut self, samples: impl Iterator<Item = u8>, change: impl Fn(&mut Bins, &Bins)) {
        let count = self.classes.len();
        for (column, (sample, classes)) in samples.zip(&mut self.classes).enumerate() {
            let (class, level) = (usize::from(sample / 16), usize::from(sample % 16));
            change(classes, &SAMPLE[class]);
            change(&mut self.levels[class * count + column], &SAMPLE[level]);
        }
    }

    /// The medians along a row.
    fn medians<'a>(&self, side: usize, out: impl Iterator<Item = &'a mut u8>) {
        let (count, rank) = (self.classes.len(), (side * side / 2) as i16);
        let mut classes = [0; 16];
        self.classes[..side].iter().for_each(|column| add(&mut classes, column));
        // A class's levels are brought up to a pixel only when the median falls among them.
        let mut levels = [[0; 16]; 16];
        let mut upto = [None; 16];
        for (x, out) in out.enumerate() {
            if x > 0 {
                add(&mut classes, &self.classes[x + side - 1]);
                subtract(&mut classes, &self.classes[x - 1]);
            }
            let class = find(&classes, rank);
            let before = if class == 0 { 0 } else { classes[class - 1] };
            let columns = &self.levels[class * count..][..count];
            let levels = &mut levels[class];
            match upto[class] {
                Some(last) if 2 * (x - last) < side => {
                    for (less, more) in columns[last..x].iter().zip(&columns[last + side..]) {
                        add(levels, more);
                        subtract(levels, less);
                    }
                }
                _ => {
                    *levels = [0; 16];
                    columns[x..x + side].iter().for_each(|column| add(levels, column));
                }
            }
            upto[class] = Some(x);
            *out = (class * 16 + find(levels, rank - before)) as u8;
        }
    }
}

/// By histograms: of each column, and of the square.
fn counted(source: &Image, out: &mut Image, radius: usize) {
    let Size { width, height } = source.size();
    let (width, height, side) = (width as usize, height as usize, 2 * radius + 1);
    for (left, channel) in (0..width).step_by(STRIP).flat_map(|left| (0..3).map(move |channel| (left, channel))) {
        let strip = STRIP.min(width - left);
        let mut columns = Columns::new(strip + 2 * radius);
        let row = |y: usize| {
            let samples = &source.data()[y.min(height - 1) * width * 3..][..width * 3];
            let at = move |index: usize| (left + index).saturating_sub(radius).min(width - 1);
            (0..strip + 2 * radius).map(move |index| samples[3 * at(index) + channel])
        };
        (0..side).for_each(|index| columns.update(row(index.saturating_sub(radius)), add));
        for (y, out) in out.data_mut().chunks_exact_mut(width * 3).enumerate() {
            if y > 0 {
                columns.update(row(y + radius), add);
                columns.update(row((y - 1).saturating_sub(radius)), subtract);
            }
            let out = &mut out[3 * left..][..3 * strip];
            columns.medians(side, out.as_chunks_mut::<3>().0.iter_mut().map(|pixel| &mut pixel[channel]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn median(image: &Image, radius: usize) -> Image {
        let mut out = image.clone();
        Median { radius }.apply(&mut out, &mut Buffers::default());
        out
    }

    fn slow(image: &Image, radius: i64) -> Image {
        let Size { width, height } = image.size();
        let near = |at: u32, offset: i64, length: u32| (i64::from(at) + offset).clamp(0, i64::from(length) - 1) as u32;
        Image::from_fn(image.size(), |x, y| {
            let square = || (-radius..=radius).flat_map(|dy| (-radius..=radius).map(move |dx| (dx, dy)));
            std::array::from_fn(|channel| {
                let mut levels: Vec<u8> =
                    square().map(|(dx, dy)| image.pixel(near(x, dx, width), near(y, dy, height))[channel]).collect();
                levels.sort_unstable();
                levels[levels.len() / 2]
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn networks_and_histograms_find_the_middle_of_the_square(
            width in prop_oneof![1u32..40, 505..540u32], height in 1u32..12, radius in 1usize..7, step in 1u8..90, seed: u32,
        ) {
            let mut state = seed;
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8 / step * step
            };
            let image = Image::from_fn(Size::new(width, height), |_, _| [random(), random(), random()]);
            let expected = slow(&image, radius as i64);
            let found = median(&image, radius);
            prop_assert_eq!(found.data(), expected.data());
            let mut out = image.clone();
            counted(&image, &mut out, radius);
            prop_assert_eq!(out.data(), expected.data());
        }
    }

    #[test]
    fn specks_go_and_edges_stay() {
        let mut image = Image::from_fn(Size::new(40, 30), |x, _| if x < 20 { [30; 3] } else { [220; 3] });
        let clean = image.clone();
        image.set(5, 5, [255; 3]);
        image.set(30, 20, [0; 3]);
        for radius in [1, 2, 3, 9] {
            assert_eq!(median(&image, radius), clean, "radius {radius}");
        }
    }
}
