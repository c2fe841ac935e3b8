//! The loops for AVX2.
#![allow(unsafe_code, reason = "loads and stores of whole registers")]

use super::super::blur::Kernel;
use super::super::color::HsvShift;
use super::super::matrix::Matrix;
use super::super::noise::{CHUNK, LEVELS, Lanes, Scale, WEIGHTS};
use super::{Path, Shifts, Table, scalar};
use crate::pixels::Image;
use std::arch::x86_64::*;
use std::hint::black_box;

/// Plain loops that the compiler turns into AVX2 by itself.
macro_rules! compiled {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(#[target_feature(enable = "avx2")]
        pub fn $name($($argument: $kind),*) {
            scalar::$name($($argument),*);
        })*
    };
}

compiled! {
    add(shifts: &Shifts, data: &mut [u8]);
    blend(data: &mut [u8], other: &[u8], weight: u16);
    multiply(data: &mut [u8], other: &[u8], weight: u16);
    grey(data: &mut [u8]);
    hsv(shift: &HsvShift, data: &mut [u8]);
    matrix(matrix: &Matrix, data: &mut [u8]);
    blur(kernel: &Kernel, image: &Image, out: &mut Image, rows: &mut Vec<u16>);
}

/// 32 bytes of a slice.
#[inline(always)]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the array is 32 readable bytes; the load needs no alignment. Callers are compiled for AVX2.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline(always)]
fn store(bytes: &mut [u8; 32], value: __m256i) {
    // SAFETY: the array is 32 writable bytes; the store needs no alignment. Callers are compiled for AVX2.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}

#[inline(always)]
fn words(words: &[u32; 8]) -> __m256i {
    // SAFETY: 32 bytes either way, and every pattern of bits is valid.
    unsafe { std::mem::transmute::<[u32; 8], __m256i>(*words) }
}

#[inline(always)]
fn unwords(value: __m256i) -> [u32; 8] {
    // SAFETY: 32 bytes either way, and every pattern of bits is valid.
    unsafe { std::mem::transmute::<__m256i, [u32; 8]>(value) }
}

/// A table of 16 levels in both halves of a register.
const TABLE: [u8; 32] = {
    let mut table = [0; 32];
    let mut index = 0;
    while index < 8 {
        table[index] = (-LEVELS[7 - index]) as u8;
        table[index + 8] = LEVELS[index] as u8;
        table[index + 16] = table[index];
        table[index + 24] = table[index + 8];
        index += 1;
    }
    table
};

/// Two weights of neighbouring bytes, in every 16 bits of a register.
#[target_feature(enable = "avx2")]
fn pair_of_weights(low: i16, high: i16) -> __m256i {
    _mm256_set1_epi16(low | high << 8)
}

/// The generators and the scale in registers.
struct Deviates {
    a: __m256i,
    b: __m256i,
    c: __m256i,
    counter: __m256i,
    table: __m256i,
    weights: [__m256i; 3],
    mantissa: __m256i,
    shift: __m256i,
}

impl Deviates {
    #[target_feature(enable = "avx2")]
    fn new(lanes: &Lanes, scale: Scale) -> Self {
        Self {
            a: words(&lanes.a),
            b: words(&lanes.b),
            c: words(&lanes.c),
            counter: _mm256_set1_epi32(lanes.counter as i32),
            table: load(&TABLE),
            weights: [
                pair_of_weights(WEIGHTS[0], WEIGHTS[1]),
                pair_of_weights(WEIGHTS[2], WEIGHTS[3]),
                pair_of_weights(WEIGHTS[4], WEIGHTS[5]),
            ],
            mantissa: _mm256_set1_epi16(scale.mantissa),
            shift: _mm256_set1_epi16(scale.shift),
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn step(&mut self) -> __m256i {
        let sum = _mm256_add_epi32(_mm256_add_epi32(self.a, self.b), self.counter);
        self.a = _mm256_xor_si256(self.b, _mm256_srli_epi32::<9>(self.b));
        self.b = _mm256_add_epi32(self.c, _mm256_slli_epi32::<3>(self.c));
        let rotated = _mm256_or_si256(_mm256_slli_epi32::<21>(self.c), _mm256_srli_epi32::<11>(self.c));
        self.c = _mm256_add_epi32(rotated, sum);
        self.counter = _mm256_add_epi32(self.counter, _mm256_set1_epi32(1));
        sum
    }

    /// The next 32 deviates in grey levels.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn next(&mut self) -> [__m256i; 2] {
        let nibbles = _mm256_set1_epi8(15);
        let (first, second, shared) = (self.step(), self.step(), self.step());
        let low = |bits: __m256i| _mm256_and_si256(bits, nibbles);
        let high = |bits: __m256i| low(_mm256_srli_epi16::<4>(bits));
        let part =
            |bits: __m256i, weights: __m256i| _mm256_maddubs_epi16(weights, _mm256_shuffle_epi8(self.table, bits));
        let deviates = |own: __m256i, shared: __m256i| {
            let own_parts = _mm256_add_epi16(part(low(own), self.weights[0]), part(high(own), self.weights[1]));
            let deviates = _mm256_add_epi16(own_parts, part(shared, self.weights[2]));
            _mm256_mulhrs_epi16(_mm256_mulhrs_epi16(deviates, self.mantissa), self.shift)
        };
        [deviates(first, low(shared)), deviates(second, high(shared))]
    }
}

#[target_feature(enable = "avx2")]
pub fn noise(lanes: &mut Lanes, scale: Scale, row: &mut [u8]) {
    let mut deviates = Deviates::new(lanes, scale);
    let mut add = |samples: &mut [u8; CHUNK]| {
        let (bytes, [first, second]) = (load(samples), deviates.next());
        let low = _mm256_add_epi16(_mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes)), first);
        let high = _mm256_add_epi16(_mm256_cvtepu8_epi16(_mm256_extracti128_si256::<1>(bytes)), second);
        store(samples, _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(low, high)));
    };
    let (chunks, rest) = row.as_chunks_mut::<CHUNK>();
    for chunk in chunks {
        add(chunk);
    }
    if !rest.is_empty() {
        let mut bytes = [0; CHUNK];
        bytes[..rest.len()].copy_from_slice(rest);
        add(&mut bytes);
        rest.copy_from_slice(&bytes[..rest.len()]);
    }
    (lanes.a, lanes.b, lanes.c) = (unwords(deviates.a), unwords(deviates.b), unwords(deviates.c));
    lanes.counter = unwords(deviates.counter)[0];
}

#[target_feature(enable = "avx2")]
pub fn look_up(table: &Table, data: &mut [u8]) {
    // SAFETY: 16 readable bytes.
    let rows =
        table.differences.map(|row| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(row.as_ptr().cast())) });
    let (chunks, rest) = data.as_chunks_mut::<32>();
    let (half, step) = (_mm256_set1_epi8(-128), _mm256_set1_epi8(16));
    for chunk in chunks {
        let bytes = load(chunk);
        let mut found = _mm256_setzero_si256();
        // A shuffle reads by the low four bits and gives 0 below 0. So a byte of row r of its half meets the rows 0 to r,
        // whose differences make row r; the bytes of the other half stay below 0 throughout.
        for (rows, first) in [(&rows[..8], bytes), (&rows[8..], _mm256_xor_si256(bytes, half))] {
            let mut index = first;
            for row in rows {
                found = _mm256_xor_si256(found, _mm256_shuffle_epi8(*row, index));
                index = _mm256_subs_epi8(index, step);
            }
        }
        store(chunk, found);
    }
    scalar::look_up(table, rest);
}

/// Where the 16 samples of a channel lie in three registers of 16 bytes: shuffles of each register, by channel.
const PARTS: [[[i8; 16]; 3]; 3] = {
    let mut parts = [[[-1; 16]; 3]; 3];
    let mut at = 0;
    while at < 48 {
        parts[at % 3][at / 16][at / 3] = (at % 16) as i8;
        at += 1;
    }
    parts
};

#[target_feature(enable = "avx2")]
pub fn planes(data: &[u8], red: &mut [u8], green: &mut [u8], blue: &mut [u8]) {
    // SAFETY: 16 readable bytes each.
    let shuffles = PARTS.map(|parts| parts.map(|part| unsafe { _mm_loadu_si128(part.as_ptr().cast()) }));
    let (chunks, _) = data.as_chunks::<48>();
    let targets = red.as_chunks_mut::<16>().0.iter_mut().zip(green.as_chunks_mut::<16>().0);
    for (chunk, ((red, green), blue)) in chunks.iter().zip(targets.zip(blue.as_chunks_mut::<16>().0)) {
        // SAFETY: 48 readable bytes.
        let bytes = [0, 16, 32].map(|start| unsafe { _mm_loadu_si128(chunk.as_ptr().add(start).cast()) });
        for (target, shuffle) in [red, green, blue].into_iter().zip(shuffles) {
            let of = |part: usize| _mm_shuffle_epi8(bytes[part], shuffle[part]);
            let samples = _mm_or_si128(_mm_or_si128(of(0), of(1)), of(2));
            // SAFETY: 16 writable bytes.
            unsafe { _mm_storeu_si128(target.as_mut_ptr().cast(), samples) };
        }
    }
    let done = data.len() / 48 * 16;
    scalar::planes(&data[done * 3..], &mut red[done..], &mut green[done..], &mut blue[done..]);
}

/// Of two neighbouring pixels in the low bytes: R R G G B B as 16-bit numbers.
const PAIRS: [i8; 32] = twice([0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1]);

/// Four pixels of four bytes become four of three.
const SQUEEZE: [i8; 32] = twice([0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1]);

/// The same in both halves of a register: shuffles do not cross them.
const fn twice(half: [i8; 16]) -> [i8; 32] {
    let mut both = [0; 32];
    let mut index = 0;
    while index < 32 {
        both[index] = half[index % 16];
        index += 1;
    }
    both
}

#[inline(always)]
fn signed(bytes: &[i8; 32]) -> __m256i {
    // SAFETY: 32 bytes either way, and every pattern of bits is valid.
    unsafe { std::mem::transmute::<[i8; 32], __m256i>(*bytes) }
}

#[target_feature(enable = "avx2")]
pub fn bilinear(data: &[u8], row: usize, path: Path, out: &mut [u8]) {
    // A block writes 24 bytes with two stores of 16, the second of which begins at 12.
    let blocks = if out.len() < 28 { 0 } else { (out.len() - 4) / 24 };
    if blocks > 0 {
        check(data, row, path, 8 * blocks as i64);
        // SAFETY: the first and the last pixel, and so all between them on the line, are within `data`; see `check`.
        unsafe { bilinear_blocks(data, row, path, out, blocks) };
    }
    let pixels = out.len() / 3;
    let from = |pixel: usize| {
        let at = (path.at.0 + path.step.0 * pixel as i64, path.at.1 + path.step.1 * pixel as i64);
        Path { at, ..path }
    };
    if pixels < 8 {
        return scalar::bilinear(data, row, path, out);
    }
    let mut done = 8 * blocks;
    while done < pixels {
        // Up to nine are left; the last eight may be some of them again, which are the same.
        let first = done.min(pixels - 8);
        check(data, row, from(first), 8);
        let mut block = [0; 28];
        // SAFETY: as above.
        unsafe { bilinear_blocks(data, row, from(first), &mut block, 1) };
        out[first * 3..][..24].copy_from_slice(&block[..24]);
        done = first + 8;
    }
}

/// Makes sure that what [`bilinear_blocks`] loads lies within `data`: 16 bytes from each pixel and from the one below it,
/// at the two ends of the path.
fn check(data: &[u8], row: usize, path: Path, pixels: i64) {
    for index in [0, pixels - 1] {
        let (x, y) = ((path.at.0 + path.step.0 * index) >> 32, (path.at.1 + path.step.1 * index) >> 32);
        let fits = x >= 0 && y >= 0 && ((y + 1) as usize * row + x as usize * 3 + 16) <= data.len();
        assert!(fits && 3 * x as usize + 6 <= row, "BUG: a path that leaves its image");
    }
    assert!(u32::try_from(data.len()).is_ok(), "BUG: an image beyond 4 GB");
}

#[target_feature(enable = "avx2")]
unsafe fn bilinear_blocks(data: &[u8], row: usize, path: Path, out: &mut [u8], blocks: usize) {
    // Lanes of 64 bits hold pixels 0 1 4 5 and 2 3 6 7, so that their halves shuffle into 0 to 7.
    let spread = |at: i64, step: i64| {
        let lane = |index: i64| at + step * index;
        (
            _mm256_setr_epi64x(lane(0), lane(1), lane(4), lane(5)),
            _mm256_setr_epi64x(lane(2), lane(3), lane(6), lane(7)),
            _mm256_set1_epi64x(8 * step),
        )
    };
    let (mut x0, mut x1, x_step) = spread(path.at.0, path.step.0);
    let (mut y0, mut y1, y_step) = spread(path.at.1, path.step.1);
    let high = |a: __m256i, b: __m256i| {
        _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b)))
    };
    let low = |a: __m256i, b: __m256i| {
        _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b)))
    };
    // Opaque, since a compiler that knows which bytes are shuffled loads only them, in more instructions; below, a way
    // through memory takes fewer of them than eight extractions.
    let (pairs, squeeze) = (black_box(signed(&PAIRS)), signed(&SQUEEZE));
    let row_bytes = _mm256_set1_epi32(row as i32);
    let one = _mm256_set1_epi32(1 << 14);
    let source = data.as_ptr();
    for block in 0..blocks {
        let (x, y) = (high(x0, x1), high(y0, y1));
        let right = _mm256_srli_epi32::<22>(low(x0, x1));
        let below = _mm256_srli_epi32::<22>(low(y0, y1));
        (x0, x1) = (_mm256_add_epi64(x0, x_step), _mm256_add_epi64(x1, x_step));
        (y0, y1) = (_mm256_add_epi64(y0, y_step), _mm256_add_epi64(y1, y_step));
        let triple = _mm256_add_epi32(x, _mm256_add_epi32(x, x));
        let offsets = black_box(unwords(_mm256_add_epi32(_mm256_mullo_epi32(y, row_bytes), triple)));
        let (right, below) = (_mm256_slli_epi32::<4>(right), _mm256_slli_epi32::<4>(below));
        // Of 1024ths: (2^4 right · 2^5 below + 2^14) >> 15, which is their product's 2^14ths, rounded.
        let both = _mm256_mulhrs_epi16(right, _mm256_add_epi32(below, below));
        // Left and right weights in the halves of 32 bits; what a row below has is what the one above has not.
        let pair = |sum: __m256i, right: __m256i| {
            _mm256_add_epi32(_mm256_sub_epi32(sum, right), _mm256_slli_epi32::<16>(right))
        };
        let under = pair(below, both);
        let above = _mm256_sub_epi16(pair(one, right), under);
        // Pixels k and k + 4, one in each half.
        let weigh = |first: usize, above: __m256i, under: __m256i| {
            let two = |shift: usize| {
                // SAFETY: `check` saw that 16 bytes can be read from every pixel and from the one below it.
                unsafe {
                    let left = _mm_loadu_si128(source.add(offsets[first] as usize + shift).cast());
                    let right = _mm_loadu_si128(source.add(offsets[first + 4] as usize + shift).cast());
                    _mm256_shuffle_epi8(_mm256_inserti128_si256::<1>(_mm256_castsi128_si256(left), right), pairs)
                }
            };
            let sum = _mm256_add_epi32(_mm256_madd_epi16(two(0), above), _mm256_madd_epi16(two(row), under));
            _mm256_srli_epi32::<13>(sum)
        };
        let first = _mm256_packs_epi32(
            weigh(0, _mm256_shuffle_epi32::<0b00_00_00_00>(above), _mm256_shuffle_epi32::<0b00_00_00_00>(under)),
            weigh(1, _mm256_shuffle_epi32::<0b01_01_01_01>(above), _mm256_shuffle_epi32::<0b01_01_01_01>(under)),
        );
        let second = _mm256_packs_epi32(
            weigh(2, _mm256_shuffle_epi32::<0b10_10_10_10>(above), _mm256_shuffle_epi32::<0b10_10_10_10>(under)),
            weigh(3, _mm256_shuffle_epi32::<0b11_11_11_11>(above), _mm256_shuffle_epi32::<0b11_11_11_11>(under)),
        );
        // Halved again, rounded.
        let half = |levels: __m256i| _mm256_avg_epu16(levels, _mm256_setzero_si256());
        let pixels = _mm256_shuffle_epi8(_mm256_packus_epi16(half(first), half(second)), squeeze);
        // SAFETY: the caller saw that `out` holds 4 bytes more than the blocks.
        unsafe {
            let target = out.as_mut_ptr().add(block * 24);
            _mm_storeu_si128(target.cast(), _mm256_castsi256_si128(pixels));
            _mm_storeu_si128(target.add(12).cast(), _mm256_extracti128_si256::<1>(pixels));
        }
    }
}
