//! Resizes and normalises in one sweep by AVX2: every number as fast_image_resize and [`Normalise`] give it, without the
//! image in between.
//!
//! Row by row of the result: the rows of the source that it is made of are added up as they lie, red, green and blue in
//! turn; the sum is taken apart into channels, each is resized along the row, eight pixels at a time, and normalised in
//! the registers.
#![allow(unsafe_code, reason = "loads and stores of whole registers")]

use super::Interpolation;
use super::normalise::Normalise;
use super::taps::{Span, Taps};
use crate::pixels::Image;
use std::arch::x86_64::*;
use std::collections::HashMap;

/// Pixels of a row that are resized at once.
const GROUP: usize = 8;
/// Bytes that are read behind the end of a row: a register beyond the last tap of a group.
const BEHIND: usize = 64;
/// The narrowest image that is taken: rows fill registers.
const NARROWEST: u32 = 16;
/// Spans whose weights are kept.
const KEPT: usize = 128;

/// What a thread has computed before.
#[derive(Default)]
pub struct Memory {
    down: HashMap<(Span, Interpolation), Option<Taps>>,
    across: HashMap<(Span, Interpolation), Option<Across>>,
    /// A row of the result before it is resized, its channels in turn; then each by itself.
    row: Vec<u8>,
    channels: [Vec<u8>; 3],
}

/// Weights along a row, as registers want them.
struct Across {
    shift: u32,
    groups: Vec<Group>,
    /// Two taps of eight pixels each: those of a group stand together.
    weights: Vec<[i16; 2 * GROUP]>,
    /// Bytes of a row that are read.
    reach: usize,
}

/// Eight pixels of a resized row.
struct Group {
    /// The first of them.
    at: usize,
    /// The first pixel of the source that the first four see, and the one that the last four see.
    starts: [usize; 2],
    /// Takes the first two taps of each pixel out of 16 bytes from `starts` on.
    picks: [u8; 32],
    /// Which of the weights are the group's.
    pairs: std::ops::Range<usize>,
}

impl Across {
    /// `None` where a row is narrower than a register, or shrinks so much that four pixels see more than 16.
    fn new(span: Span, interpolation: Interpolation) -> Option<Self> {
        let taps = Taps::new(span, interpolation)?;
        let last = taps.pixels.len().checked_sub(GROUP)?;
        let (mut groups, mut weights, mut reach) = (Vec::new(), Vec::new(), 0);
        for at in (0..last).step_by(GROUP).chain([last]) {
            let pixels = &taps.pixels[at..at + GROUP];
            let first = |pixels: &[(usize, Vec<i16>)]| pixels.iter().map(|(start, _)| *start).min().unwrap_or_default();
            let starts = [first(&pixels[..GROUP / 2]), first(&pixels[GROUP / 2..])];
            let mut picks = [0x80; 32];
            for (pixel, (start, _)) in pixels.iter().enumerate() {
                let distance = start - starts[pixel / 4];
                if distance > 14 {
                    return None;
                }
                picks[4 * pixel] = distance as u8;
                picks[4 * pixel + 2] = distance as u8 + 1;
            }
            let pairs = pixels.iter().map(|(_, weights)| weights.len().div_ceil(2)).max().unwrap_or_default();
            let before = weights.len();
            for pair in 0..pairs {
                let weight = |index: usize| pixels[index / 2].1.get(2 * pair + index % 2).copied().unwrap_or_default();
                weights.push(std::array::from_fn(weight));
            }
            reach = reach.max(starts[0].max(starts[1]) + 2 * pairs + 16);
            groups.push(Group { at, starts, picks, pairs: before..weights.len() });
        }
        Some(Self { shift: taps.shift, groups, weights, reach })
    }
}

/// Writes an image, resized along both sides and normalised, to `lines`: the three channels of each row that is shown.
/// `false`, and nothing taken from `lines`, where another way has to be gone: for another filter, or for a side that is too
/// short or shrinks to less than a quarter.
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
    let down = down.entry((y, interpolation)).or_insert_with(|| Taps::new(y, interpolation));
    let across = across.entry((x, interpolation)).or_insert_with(|| Across::new(x, interpolation));
    let (Some(down), Some(across)) = (down, across) else { return false };
    let width = image.size().width as usize;
    row.resize(3 * width + BEHIND, 0);
    channels.iter_mut().for_each(|channel| channel.resize(width + BEHIND, 0));
    for ((start, weights), line) in down.pixels.iter().zip(lines) {
        sum_of_rows(&image.data()[3 * width * start..], 3 * width, weights, down.shift, row);
        apart(row, width, channels);
        along(channels, across, normalise, line);
    }
    true
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8]) -> __m256i {
    let bytes: &[u8; 32] = bytes[..32].try_into().expect("BUG: a slice of this length");
    // SAFETY: 32 readable bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_half(bytes: &[u8]) -> __m128i {
    let bytes: &[u8; 16] = bytes[..16].try_into().expect("BUG: a slice of this length");
    // SAFETY: 16 readable bytes; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// The weighted sum of rows of `width` bytes, which begin at `rows`.
#[target_feature(enable = "avx2")]
fn sum_of_rows(rows: &[u8], width: usize, weights: &[i16], shift: u32, out: &mut [u8]) {
    let shift_by = _mm_cvtsi32_si128(shift as i32);
    let half = _mm256_set1_epi32(1 << (shift - 1));
    let zero = _mm256_setzero_si256();
    assert!(rows.len() >= width * weights.len() && out.len() >= width, "BUG: a row for each weight");
    // The last register overlaps the one before.
    for at in (0..width - 32).step_by(32).chain([width - 32]) {
        let row = |index: usize| {
            // SAFETY: 32 readable bytes, within a row that was counted; the load needs no alignment.
            unsafe { _mm256_loadu_si256(rows.as_ptr().add(index * width + at).cast()) }
        };
        let mut sums = [half; 4];
        for (pair, weights) in weights.chunks(2).enumerate() {
            let (second, weight) = if let [_, weight] = weights { (row(2 * pair + 1), *weight) } else { (zero, 0) };
            let weights = _mm256_set1_epi32(i32::from(weights[0] as u16) | i32::from(weight) << 16);
            let (low, high) =
                (_mm256_unpacklo_epi8(row(2 * pair), second), _mm256_unpackhi_epi8(row(2 * pair), second));
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

/// Where the bytes of a channel of 16 pixels stand in each of the three registers that hold them.
const PLACES: [[[u8; 16]; 3]; 3] = {
    let mut places = [[[0x80; 16]; 3]; 3];
    let mut byte = 0;
    while byte < 48 {
        places[byte % 3][byte / 16][byte / 3] = (byte % 16) as u8;
        byte += 1;
    }
    places
};

/// Takes a row of red, green and blue in turn apart into channels.
#[target_feature(enable = "avx2")]
fn apart(row: &[u8], width: usize, channels: &mut [Vec<u8>; 3]) {
    for at in (0..width).step_by(16) {
        let bytes = [0, 1, 2].map(|part| load_half(&row[3 * at + 16 * part..]));
        for (channel, places) in channels.iter_mut().zip(&PLACES) {
            let [a, b, c] = std::array::from_fn(|part| _mm_shuffle_epi8(bytes[part], load_half(&places[part])));
            let out: &mut [u8; 16] = (&mut channel[at..at + 16]).try_into().expect("BUG: a slice of this length");
            // SAFETY: 16 writable bytes; the store needs no alignment.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm_or_si128(_mm_or_si128(a, b), c)) };
        }
    }
}

/// Resizes the channels of a row, and normalises them.
#[target_feature(enable = "avx2")]
fn along(channels: &[Vec<u8>; 3], across: &Across, normalise: &Normalise, line: [&mut [f32]; 3]) {
    let shift_by = _mm_cvtsi32_si128(across.shift as i32);
    let half = _mm256_set1_epi32(1 << (across.shift - 1));
    let (zero, white) = (_mm256_setzero_si256(), _mm256_set1_epi32(255));
    let scale = [0, 1, 2].map(|channel| normalise.of(channel));
    let scale = scale.map(|(factor, summand)| (_mm256_set1_ps(factor), _mm256_set1_ps(summand)));
    assert!(channels.iter().all(|channel| channel.len() >= across.reach), "BUG: a row shorter than its taps reach");
    for group in &across.groups {
        let picks = load(&group.picks);
        let mut sums = [half; 3];
        for (pair, weights) in across.weights[group.pairs.clone()].iter().enumerate() {
            // SAFETY: 32 readable bytes; the load needs no alignment.
            let weights = unsafe { _mm256_loadu_si256(weights.as_ptr().cast()) };
            for (sum, channel) in sums.iter_mut().zip(channels) {
                let [low, high] = group.starts.map(|start| {
                    // SAFETY: 16 readable bytes, which `reach` counted; the load needs no alignment.
                    unsafe { _mm_loadu_si128(channel.as_ptr().add(start + 2 * pair).cast()) }
                });
                let pairs = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), picks);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, weights));
            }
        }
        for channel in 0..3 {
            let levels = _mm256_sra_epi32(sums[channel], shift_by);
            let levels = _mm256_min_epi32(_mm256_max_epi32(levels, zero), white);
            let (factor, summand) = scale[channel];
            let numbers = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(levels), factor), summand);
            let out = &mut line[channel][group.at..group.at + GROUP];
            // SAFETY: room for eight numbers; the store needs no alignment.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), numbers) };
        }
    }
}
