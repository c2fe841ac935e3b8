//! Coefficients to pixels by AVX2. Two blocks are worked on at a time, one in each half of a register.
#![allow(unsafe_code, reason = "loads and stores of whole registers")]

use super::huffman::{BEHIND, Bits, Component};
use super::{Frame, Sampling};
use crate::pixels::jpeg::x86::{factors, in_turn, plus, product};
use std::arch::x86_64::*;

/// Two blocks side by side: coefficient (row, column) of block b is at `16 · row + 8 · b + column`.
#[repr(C, align(32))]
struct Pair([i16; 128]);

/// A component of all of the image's MCUs.
struct Plane {
    samples: Vec<u8>,
    stride: usize,
}

impl Plane {
    fn new(stride: usize, rows: usize) -> Self {
        Self { samples: vec![0; stride * rows], stride }
    }

    fn row(&self, row: usize) -> &[u8] {
        &self.samples[row * self.stride..][..self.stride]
    }
}

/// The largest sum of a column's coefficients of which the first pass keeps to 16 bits: it multiplies by 5,683 / 1,024 at
/// most.
const COLUMN: i16 = 5_900;

/// A scan without its stuffed bytes, and [`BEHIND`] it ones, which are no code. `None` where a marker stands in it.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn unstuffed(scan: &[u8]) -> Option<Vec<u8>> {
    const REGISTER: usize = 32;
    let mut out = vec![0; scan.len() + REGISTER + BEHIND];
    let (mut at, mut end) = (0, 0);
    while let Some(bytes) = scan.get(at..at + REGISTER) {
        // SAFETY: 32 readable bytes; the load needs no alignment.
        let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        let to: &mut [u8; REGISTER] = (&mut out[end..end + REGISTER]).try_into().expect("BUG: a slice of this length");
        // SAFETY: 32 writable bytes; the store needs no alignment.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), bytes) };
        let found = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(-1))) as u32;
        let taken = if found == 0 { REGISTER } else { found.trailing_zeros() as usize + 1 };
        (at, end) = (at + taken, end + taken);
        if found != 0 {
            if scan.get(at) != Some(&0) {
                return None;
            }
            at += 1;
        }
    }
    while let Some(byte) = scan.get(at) {
        (out[end], at, end) = (*byte, at + 1, end + 1);
        if *byte == 0xFF {
            if scan.get(at) != Some(&0) {
                return None;
            }
            at += 1;
        }
    }
    out.truncate(end + BEHIND);
    out[end..].fill(0xFF);
    Some(out)
}

/// The pixels of a scan.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub fn decode(frame: &Frame<'_>, scan: &[u8]) -> Option<Vec<u8>> {
    let data = &unstuffed(scan)?;
    let Sampling { across, down } = frame.sampling;
    let (width, height) = (frame.size.width as usize, frame.size.height as usize);
    let (columns, rows) = (width.div_ceil(8 * across), height.div_ceil(8 * down));
    // Two blocks are written at once, also where the last is alone.
    let wide = (8 * columns).next_multiple_of(16);
    let mut luma = Plane::new(if across == 2 { 16 * columns } else { wide }, 8 * down * rows);
    let [mut blue, mut red] = [0, 1].map(|_| Plane::new(if across == 2 { 8 * columns } else { wide }, 8 * rows));

    let [mut y, mut b, mut r] = frame.components();
    let mut bits = Bits::new(data);
    let mut over = _mm256_setzero_si256();
    for row in 0..rows {
        if across == 2 {
            for column in 0..columns {
                for half in 0..down {
                    let mut pair = Pair([0; 128]);
                    let many = [y.block(&mut bits, &mut pair.0, 0)?, y.block(&mut bits, &mut pair.0, 1)?];
                    let samples = samples(&pair, many, &mut over);
                    store(&samples, &mut luma, (16 * column, 8 * (down * row + half)));
                }
                let mut pair = Pair([0; 128]);
                let many = [b.block(&mut bits, &mut pair.0, 0)?, r.block(&mut bits, &mut pair.0, 1)?];
                store_halves(&samples(&pair, many, &mut over), [&mut blue, &mut red], (8 * column, 8 * row));
            }
            continue;
        }
        for column in (0..columns).step_by(2) {
            let mut units = [0, 1, 2].map(|_| (Pair([0; 128]), [false; 2]));
            for which in 0..(columns - column).min(2) {
                for ((pair, many), component) in units.iter_mut().zip([&mut y, &mut b, &mut r]) {
                    many[which] = component.block(&mut bits, &mut pair.0, which)?;
                }
            }
            for ((pair, many), plane) in units.iter().zip([&mut luma, &mut blue, &mut red]) {
                store(&samples(pair, *many, &mut over), plane, (8 * column, 8 * row));
            }
        }
    }
    // The scan ends within its last byte, and no number left its register.
    let end = 8 * (data.len() - BEHIND);
    let whole = bits.taken() <= end && end - bits.taken() < 8;
    let fit = [&y, &b, &r].into_iter().all(Component::fits) && _mm256_testz_si256(over, over) == 1;
    (whole && fit).then(|| colours(frame, &luma, [&blue, &red]))
}

/// The samples of two blocks, row by row, left beside right. `many` says which have more than a mean; bits of `over` are set
/// where a sum might not fit.
#[target_feature(enable = "avx2")]
#[inline]
fn samples(pair: &Pair, many: [bool; 2], over: &mut __m256i) -> [__m128i; 8] {
    if many == [false; 2] {
        let level = |mean: i16| ((i32::from(mean) + 4 + 1024) >> 3).clamp(0, 255) as i8;
        let [left, right] = [pair.0[0], pair.0[8]].map(|mean| _mm_set1_epi8(level(mean)));
        return [_mm_unpacklo_epi64(left, right); 8];
    }
    let rows: [__m256i; 8] = std::array::from_fn(|row| {
        let row: &[i16; 16] = pair.0[16 * row..16 * row + 16].try_into().expect("BUG: a slice of this length");
        // SAFETY: 32 readable bytes; the load needs no alignment.
        unsafe { _mm256_loadu_si256(row.as_ptr().cast()) }
    });
    let sum = rows.iter().fold(_mm256_setzero_si256(), |sum, row| _mm256_adds_epu16(sum, _mm256_abs_epi16(*row)));
    *over = _mm256_or_si256(*over, _mm256_subs_epu16(sum, _mm256_set1_epi16(COLUMN)));
    let columns = turned(&pass::<10>(&rows, 1 << 9));
    // Halves are rounded up, and the levels are from 0 instead of -128; the odd 512 is what zune-jpeg has too.
    let rows = turned(&pass::<17>(&columns, (1 << 9) + (1 << 16) + (128 << 17)));
    let two = |row: usize| _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(rows[row], rows[row + 1]));
    let [a, b, c, d] = [two(0), two(2), two(4), two(6)];
    let [low, high] = [
        [a, b, c, d].map(|two| _mm256_castsi256_si128(two)),
        [a, b, c, d].map(|two| _mm256_extracti128_si256::<1>(two)),
    ];
    [low[0], high[0], low[1], high[1], low[2], high[2], low[3], high[3]]
}

/// Eight points of the inverse DCT (Loeffler, Ligtenberg and Moschytz, in 12 bits) of every column of eight registers; their
/// steps are multiplied out to two products for each pair of inputs.
#[target_feature(enable = "avx2")]
#[inline]
fn pass<const SHIFT: i32>(x: &[__m256i; 8], bias: i32) -> [__m256i; 8] {
    let bias = _mm256_set1_epi32(bias);
    let (add, sub) = (|a, b| _mm256_add_epi32(a, b), |a, b| _mm256_sub_epi32(a, b));
    let dot = |pairs, low, high| _mm256_madd_epi16(pairs, factors(low, high));
    let half = |[even, even_2, odd, odd_5]: [__m256i; 4]| {
        let (t0, t1) = (add(dot(even, 4096, 4096), bias), add(dot(even, 4096, -4096), bias));
        let (t2, t3) = (dot(even_2, 2217, -5350), dot(even_2, 5352, 2217));
        let sums = [add(t0, t3), add(t1, t2), sub(t1, t2), sub(t0, t3)];
        let odds = [
            add(dot(odd, 5683, 4816), dot(odd_5, 3219, 1131)),
            add(dot(odd, 4816, -1129), dot(odd_5, -5681, -3218)),
            add(dot(odd, 3219, -5681), dot(odd_5, 1132, 4816)),
            add(dot(odd, 1131, -3218), dot(odd_5, 4816, -5680)),
        ];
        let out: [__m256i; 8] = std::array::from_fn(|index| match index {
            0..4 => _mm256_srai_epi32::<SHIFT>(add(sums[index], odds[index])),
            _ => _mm256_srai_epi32::<SHIFT>(sub(sums[7 - index], odds[7 - index])),
        });
        out
    };
    let low = |a: usize, b: usize| _mm256_unpacklo_epi16(x[a], x[b]);
    let high = |a: usize, b: usize| _mm256_unpackhi_epi16(x[a], x[b]);
    let low = half([low(0, 4), low(2, 6), low(1, 3), low(5, 7)]);
    let high = half([high(0, 4), high(2, 6), high(1, 3), high(5, 7)]);
    std::array::from_fn(|index| _mm256_packs_epi32(low[index], high[index]))
}

/// Rows to columns, in both halves.
#[target_feature(enable = "avx2")]
#[inline]
fn turned(x: &[__m256i; 8]) -> [__m256i; 8] {
    let pairs = |a: usize| [_mm256_unpacklo_epi16(x[a], x[a + 1]), _mm256_unpackhi_epi16(x[a], x[a + 1])];
    let [p0, p2, p4, p6] = [pairs(0), pairs(2), pairs(4), pairs(6)];
    let quads = |a: __m256i, b: __m256i| [_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b)];
    let (upper, lower) = ([quads(p0[0], p2[0]), quads(p0[1], p2[1])], [quads(p4[0], p6[0]), quads(p4[1], p6[1])]);
    std::array::from_fn(|index| {
        let (above, below) = (upper[index / 4][index / 2 % 2], lower[index / 4][index / 2 % 2]);
        match index % 2 {
            0 => _mm256_unpacklo_epi64(above, below),
            _ => _mm256_unpackhi_epi64(above, below),
        }
    })
}

/// Puts two blocks side by side into a plane.
#[target_feature(enable = "avx2")]
#[inline]
fn store(samples: &[__m128i; 8], plane: &mut Plane, (column, row): (usize, usize)) {
    for (index, samples) in samples.iter().enumerate() {
        let at = (row + index) * plane.stride + column;
        let out: &mut [u8; 16] = (&mut plane.samples[at..at + 16]).try_into().expect("BUG: a slice of this length");
        // SAFETY: 16 writable bytes; the store needs no alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), *samples) };
    }
}

/// Puts two blocks into a plane each.
#[target_feature(enable = "avx2")]
#[inline]
fn store_halves(samples: &[__m128i; 8], planes: [&mut Plane; 2], (column, row): (usize, usize)) {
    for (half, plane) in planes.into_iter().enumerate() {
        for (index, samples) in samples.iter().enumerate() {
            let at = (row + index) * plane.stride + column;
            let eight = if half == 0 { _mm_cvtsi128_si64(*samples) } else { _mm_extract_epi64::<1>(*samples) };
            plane.samples[at..at + 8].copy_from_slice(&eight.to_le_bytes());
        }
    }
}

/// Components to red, green and blue.
#[target_feature(enable = "avx2")]
fn colours(frame: &Frame<'_>, luma: &Plane, chroma: [&Plane; 2]) -> Vec<u8> {
    let Sampling { across, down } = frame.sampling;
    let (width, height) = (frame.size.width as usize, frame.size.height as usize);
    // The last pixels of a row are written with what follows them; the next row comes later.
    let mut out = vec![0; 3 * width * height + 48];
    let count = chroma[0].stride;
    let last = chroma[0].samples.len() / count - 1;
    // A row of each, with its first and last sample repeated.
    let mut rows = [0, 1].map(|_| vec![0i16; count + 16]);
    for y in 0..height {
        for (row, plane) in rows.iter_mut().zip(chroma) {
            let near = y / down;
            let far = if y % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(last) };
            match down {
                2 => {
                    for ((to, near), far) in row[1..=count].iter_mut().zip(plane.row(near)).zip(plane.row(far)) {
                        *to = (3 * i16::from(*near) + i16::from(*far) + 2) >> 2;
                    }
                }
                _ => {
                    for (to, near) in row[1..=count].iter_mut().zip(plane.row(near)) {
                        *to = i16::from(*near);
                    }
                }
            }
            (row[0], row[count + 1]) = (row[1], row[count]);
        }
        let luma = luma.row(y);
        for x in (0..width).step_by(16) {
            let [blue, red] = [&rows[0], &rows[1]].map(|row| match across {
                2 => doubled(&row[x / 2..]),
                _ => load(&row[x + 1..]),
            });
            let at = 3 * (y * width + x);
            pixels(&luma[x..], blue, red, &mut out[at..at + 48]);
        }
    }
    out.truncate(3 * width * height);
    out
}

/// 16 numbers.
#[target_feature(enable = "avx2")]
#[inline]
fn load(row: &[i16]) -> __m256i {
    let row: &[i16; 16] = row[..16].try_into().expect("BUG: a slice of this length");
    // SAFETY: 32 readable bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(row.as_ptr().cast()) }
}

/// Twice as many samples as the eight after the first: each three parts of the nearest one and one part of the next.
#[target_feature(enable = "avx2")]
#[inline]
fn doubled(row: &[i16]) -> __m256i {
    let [before, here, behind] = [0, 1, 2].map(|at| {
        let row: &[i16; 8] = row[at..at + 8].try_into().expect("BUG: a slice of this length");
        // SAFETY: 16 readable bytes; the load needs no alignment.
        unsafe { _mm_loadu_si128(row.as_ptr().cast()) }
    });
    let three = _mm_add_epi16(_mm_add_epi16(here, _mm_slli_epi16::<1>(here)), _mm_set1_epi16(2));
    let left = _mm_srai_epi16::<2>(_mm_add_epi16(three, before));
    let right = _mm_srai_epi16::<2>(_mm_add_epi16(three, behind));
    _mm256_set_m128i(_mm_unpackhi_epi16(left, right), _mm_unpacklo_epi16(left, right))
}

/// Where the bytes of each of 16 pixels' channels go in each of the three registers that hold them.
const PLACES: [[[u8; 16]; 3]; 3] = {
    let mut places = [[[0x80; 16]; 3]; 3];
    let mut byte = 0;
    while byte < 48 {
        places[byte / 16][byte % 3][byte % 16] = (byte / 3) as u8;
        byte += 1;
    }
    places
};

/// 16 pixels (ITU-R BT.601, full range, in 14 bits; halves are rounded down).
#[target_feature(enable = "avx2")]
#[inline]
fn pixels(luma: &[u8], blue: __m256i, red: __m256i, out: &mut [u8]) {
    const HALF: i32 = (1 << 13) - 1;
    let luma: &[u8; 16] = luma[..16].try_into().expect("BUG: a slice of this length");
    // SAFETY: 16 readable bytes; the load needs no alignment.
    let luma = _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(luma.as_ptr().cast()) });
    let middle = _mm256_set1_epi16(128);
    let (blue, red) = (_mm256_sub_epi16(blue, middle), _mm256_sub_epi16(red, middle));
    let level =
        |[low, high]: [__m256i; 2]| _mm256_packs_epi32(_mm256_srai_epi32::<14>(low), _mm256_srai_epi32::<14>(high));
    let half = [_mm256_set1_epi32(HALF); 2];
    let (with_red, with_blue) = (in_turn(luma, red), in_turn(luma, blue));
    let r = level(plus(product(with_red, 16_384, 22_970), half));
    let b = level(plus(product(with_blue, 16_384, 29_032), half));
    let rest = product(in_turn(blue, _mm256_set1_epi16(1)), -5_638, HALF);
    let g = level(plus(product(with_red, 16_384, -11_700), rest));
    let two = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(r, g));
    let one = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(b, b));
    let channels = [_mm256_castsi256_si128(two), _mm256_extracti128_si256::<1>(two), _mm256_castsi256_si128(one)];
    for (out, places) in out.as_chunks_mut::<16>().0.iter_mut().zip(&PLACES) {
        let [r, g, b] = std::array::from_fn(|channel| {
            // SAFETY: 16 readable bytes; the load needs no alignment.
            let places = unsafe { _mm_loadu_si128(places[channel].as_ptr().cast()) };
            _mm_shuffle_epi8(channels[channel], places)
        });
        // SAFETY: 16 writable bytes; the store needs no alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm_or_si128(_mm_or_si128(r, g), b)) };
    }
}
