//! Resizes and normalises in one sweep by AVX2: every number as fast_image_resize and [`Normalise`] give it, without the
//! image in between.
//!
//! Row by row of the result: the rows of the source that it is made of are added up as they lie, red, green and blue in
//! turn; the sum is taken apart into channels, each is resized along the row, eight pixels at a time, and normalised in
//! the registers.
#![allow(unsafe_code, reason = "loads and stores of whole registers")]

use super::normalise::Normalise;
use super::taps::Taps;
use super::{Interpolation, Span};
use crate::effect::simd;
use crate::pixels::Image;
use std::arch::x86_64::*;
use std::collections::HashMap;

/// Pixels of a row that are resized at once.
const GROUP: usize = 8;
/// The narrowest image that is taken: rows fill registers.
const NARROWEST: u32 = 16;
/// Spans whose weights are kept.
const KEPT: usize = 128;

/// What a thread has computed before.
#[derive(Default)]
pub struct Memory {
    down: HashMap<(Span, Interpolation), Option<Down>>,
    across: HashMap<(Span, Interpolation), Option<Across>>,
    /// A row of the result before it is resized, its channels in turn; then one after the other.
    row: Vec<u8>,
    channels: Vec<u8>,
}

/// Weights from row to row, as registers want them.
struct Down {
    shift: u32,
    rows: Vec<Rows>,
}

/// The rows of the source that one of the result is made of.
struct Rows {
    first: usize,
    count: usize,
    /// The weights of two rows each, in every 32 bits.
    weights: Vec<i32>,
}

impl Down {
    fn new(span: Span, interpolation: Interpolation) -> Option<Self> {
        let taps = Taps::new(span, interpolation)?;
        let pair = |pair: &[i16]| i32::from(pair[0] as u16) | i32::from(pair.get(1).copied().unwrap_or_default()) << 16;
        let rows = taps.pixels.iter().map(|(first, weights)| Rows {
            first: *first,
            count: weights.len(),
            weights: weights.chunks(2).map(pair).collect(),
        });
        Some(Self { shift: taps.shift, rows: rows.collect() })
    }
}

/// Weights along a row, as registers want them.
struct Across {
    shift: u32,
    groups: Vec<Group>,
    /// Pairs of taps of each group.
    pairs: usize,
    /// Two taps of eight pixels each, group after group.
    weights: Vec<[i16; 2 * GROUP]>,
    /// Whether all eight pixels of a group start within one register.
    near: bool,
    /// Bytes of a row that are read.
    reach: usize,
}

/// Eight pixels of a resized row.
struct Group {
    /// The first of them.
    at: usize,
    /// The first pixel of the source that the first four see, and the one that the last four see; [`Across::near`]: that
    /// all see.
    starts: [usize; 2],
    /// Takes the first two taps of each pixel out of 16 bytes from `starts` on.
    picks: [u8; 32],
}

impl Across {
    /// `None` where a row is narrower than a register, or shrinks so much that four pixels see more than 16.
    fn new(span: Span, interpolation: Interpolation) -> Option<Self> {
        let taps = Taps::new(span, interpolation)?;
        let last = taps.pixels.len().checked_sub(GROUP)?;
        // Where a filter's end is 0, a pixel may start before the one on its left.
        let first = |pixels: &[(usize, Vec<i16>)]| pixels.iter().map(|(start, _)| *start).min().unwrap_or_default();
        let fits = |pixels: &[(usize, Vec<i16>)]| pixels.iter().all(|(start, _)| start - first(pixels) <= 14);
        let ats = || (0..last).step_by(GROUP).chain([last]);
        let near = ats().all(|at| fits(&taps.pixels[at..at + GROUP]));
        let pairs = taps.pixels.iter().map(|(_, weights)| weights.len().div_ceil(2)).max()?;
        let (mut groups, mut weights, mut reach) = (Vec::new(), Vec::new(), 0);
        for at in ats() {
            let pixels = &taps.pixels[at..at + GROUP];
            let starts = if near { [first(pixels); 2] } else { [first(&pixels[..4]), first(&pixels[4..])] };
            let mut picks = [0x80; 32];
            for (pixel, (start, _)) in pixels.iter().enumerate() {
                let distance = u8::try_from(start - starts[pixel / 4]).ok().filter(|distance| *distance <= 14)?;
                (picks[4 * pixel], picks[4 * pixel + 2]) = (distance, distance + 1);
            }
            for pair in 0..pairs {
                let weight = |index: usize| pixels[index / 2].1.get(2 * pair + index % 2).copied().unwrap_or_default();
                weights.push(std::array::from_fn(weight));
            }
            reach = reach.max(starts[0].max(starts[1]) + 2 * pairs + 16);
            groups.push(Group { at, starts, picks });
        }
        Some(Self { shift: taps.shift, groups, pairs, weights, near, reach })
    }
}

/// Writes an image, resized along both sides and normalised, to `lines`: the three channels of each row that is shown.
/// `false`, and nothing taken from `lines`, where another way has to be gone: for another filter, for rows shorter than a
/// register, or such that shrink so much that four pixels see more than one.
#[target_feature(enable = "avx2")]
pub fn write<'a>(
    image: &Image,
    (x, y): (Span, Span),
    interpolation: Interpolation,
    normalise: &Normalise,
    memory: &mut Memory,
    lines: &mut impl Iterator<Item = [&'a mut [f32]; 3]>,
) -> bool {
    if image.size().width < NARROWEST {
        return false;
    }
    if memory.down.len() + memory.across.len() > KEPT {
        memory.down.clear();
        memory.across.clear();
    }
    let Memory { down, across, row, channels } = memory;
    let across = across.entry((x, interpolation)).or_insert_with(|| Across::new(x, interpolation));
    let Some(across) = across else { return false };
    let down = down.entry((y, interpolation)).or_insert_with(|| Down::new(y, interpolation));
    let Some(down) = down else { return false };
    let width = image.size().width as usize;
    let whole = width.next_multiple_of(16);
    row.resize(3 * whole, 0);
    let length = whole.max(across.reach);
    channels.resize(3 * length, 0);
    for (rows, line) in down.rows.iter().zip(lines) {
        let data = &image.data()[3 * width * rows.first..];
        // The usual numbers of taps are known to the compiler.
        match rows.weights.len() {
            1 => sum_of_rows::<1>(data, 3 * width, rows, down.shift, row),
            2 => sum_of_rows::<2>(data, 3 * width, rows, down.shift, row),
            _ => sum_of_rows::<0>(data, 3 * width, rows, down.shift, row),
        }
        simd::planes(row, 0, channels);
        match (across.pairs, across.near) {
            (1, true) => along::<1, true>(channels, across, normalise, line),
            (2, true) => along::<2, true>(channels, across, normalise, line),
            (_, true) => along::<0, true>(channels, across, normalise, line),
            (_, false) => along::<0, false>(channels, across, normalise, line),
        }
    }
    true
}

/// The weighted sum of rows of `width` bytes, the first of which begins with `data`. `PAIRS` is how many pairs of rows there
/// are, or 0 where that is seen only now.
#[target_feature(enable = "avx2")]
fn sum_of_rows<const PAIRS: usize>(data: &[u8], width: usize, rows: &Rows, shift: u32, out: &mut [u8]) {
    let pairs = if PAIRS == 0 { rows.weights.len() } else { PAIRS };
    let shift_by = _mm_cvtsi32_si128(shift as i32);
    let half = _mm256_set1_epi32(1 << (shift - 1));
    let zero = _mm256_setzero_si256();
    assert!(data.len() >= width * rows.count && out.len() >= width && width >= 32, "BUG: a row for each weight");
    assert!(rows.weights.len() == pairs && rows.count.div_ceil(2) == pairs, "BUG: a weight for each row");
    // The last register overlaps the one before.
    for at in (0..width - 32).step_by(32).chain([width - 32]) {
        let row = |index: usize| {
            // SAFETY: 32 readable bytes, within a row that was counted; the load needs no alignment.
            unsafe { _mm256_loadu_si256(data.as_ptr().add(index * width + at).cast()) }
        };
        let mut sums = [half; 4];
        for pair in 0..pairs {
            // The last row may be alone; the weight of what then stands in for the second is 0.
            let (first, second) = (row(2 * pair), row((2 * pair + 1).min(rows.count - 1)));
            let weights = _mm256_set1_epi32(rows.weights[pair]);
            let (low, high) = (_mm256_unpacklo_epi8(first, second), _mm256_unpackhi_epi8(first, second));
            let wide = [
                _mm256_unpacklo_epi8(low, zero),
                _mm256_unpackhi_epi8(low, zero),
                _mm256_unpacklo_epi8(high, zero),
                _mm256_unpackhi_epi8(high, zero),
            ];
            for (sum, pairs) in sums.iter_mut().zip(wide) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, weights));
            }
        }
        let [a, b, c, d] = sums.map(|sum| _mm256_sra_epi32(sum, shift_by));
        let bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        // SAFETY: 32 writable bytes of a row; the store needs no alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(at).cast(), bytes) };
    }
}

/// Resizes the channels of a row, and normalises them. `PAIRS` is how many pairs of taps there are, or 0 where that is seen
/// only now; `NEAR` is [`Across::near`].
#[target_feature(enable = "avx2")]
fn along<const PAIRS: usize, const NEAR: bool>(
    channels: &[u8],
    across: &Across,
    normalise: &Normalise,
    mut line: [&mut [f32]; 3],
) {
    let pairs = if PAIRS == 0 { across.pairs } else { PAIRS };
    let shift_by = _mm_cvtsi32_si128(across.shift as i32);
    let half = _mm256_set1_epi32(1 << (across.shift - 1));
    let (zero, white) = (_mm256_setzero_si256(), _mm256_set1_epi32(255));
    let scale = [0, 1, 2].map(|channel| normalise.of(channel));
    let scale = scale.map(|(factor, summand)| (_mm256_set1_ps(factor), _mm256_set1_ps(summand)));
    let length = channels.len() / 3;
    let channels = [0, 1, 2].map(|channel| &channels[channel * length..][..length]);
    assert!(length >= across.reach, "BUG: a row shorter than its taps reach");
    for (group, weights) in across.groups.iter().zip(across.weights.chunks_exact(pairs)) {
        // SAFETY: 32 readable bytes; the load needs no alignment.
        let picks = unsafe { _mm256_loadu_si256(group.picks.as_ptr().cast()) };
        let mut sums = [half; 3];
        for (pair, weights) in weights.iter().enumerate() {
            // SAFETY: 32 readable bytes; the load needs no alignment.
            let weights = unsafe { _mm256_loadu_si256(weights.as_ptr().cast()) };
            for (sum, channel) in sums.iter_mut().zip(channels) {
                let [low, high] = group.starts.map(|start| {
                    // SAFETY: 16 readable bytes, which `reach` counted; the load needs no alignment.
                    unsafe { _mm_loadu_si128(channel.as_ptr().add(start + 2 * pair).cast()) }
                });
                let bytes = if NEAR { _mm256_broadcastsi128_si256(low) } else { _mm256_set_m128i(high, low) };
                let taps = _mm256_shuffle_epi8(bytes, picks);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(taps, weights));
            }
        }
        for ((sum, (factor, summand)), line) in sums.into_iter().zip(scale).zip(&mut line) {
            let levels = _mm256_sra_epi32(sum, shift_by);
            let levels = _mm256_min_epi32(_mm256_max_epi32(levels, zero), white);
            let numbers = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(levels), factor), summand);
            let out = &mut line[group.at..group.at + GROUP];
            // SAFETY: room for eight numbers; the store needs no alignment.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), numbers) };
        }
    }
}
