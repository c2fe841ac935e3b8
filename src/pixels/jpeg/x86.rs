//! The same by AVX2. Two blocks are worked on at a time, one in each half of a register.
#![allow(unsafe_code, reason = "loads and stores of whole registers")]

use super::super::{Image, Subsampling};
use super::SIDE;
use super::entropy::Pair;
use super::tables::{Quantiser, ZIGZAG};
use std::arch::x86_64::*;

/// See [`scan`](super::scan).
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub fn scan(image: &Image, subsampling: Subsampling, quantisers: &[Quantiser; 2], bytes: &mut Vec<u8>) {
    let [luma, chroma] = quantisers;
    match subsampling {
        Subsampling::S444 => super::scan(image, subsampling, bytes, |window, unit| {
            let mut planes = [[[_mm256_setzero_si256(); 2]; 4]; 3];
            let [y, blue, red] = &mut planes;
            for (rows, y) in y.iter_mut().enumerate() {
                let (above, below) = (colours(window.row(rows * 2)), colours(window.row(rows * 2 + 1)));
                *y = interleave(&above.y, &below.y);
                blue[rows] = interleave(&above.blue, &below.blue);
                red[rows] = interleave(&above.red, &below.red);
            }
            for ((plane, pair), quantiser) in planes.iter().zip(unit).zip([luma, chroma, chroma]) {
                finish(plane, quantiser, pair);
            }
        }),
        Subsampling::S422 => super::scan(image, subsampling, bytes, |window, unit| {
            let mut plane = [[_mm256_setzero_si256(); 2]; 4];
            let mut halves = [_mm256_setzero_si256(); 8];
            for rows in 0..4 {
                let (above, below) = (colours(window.row(rows * 2)), colours(window.row(rows * 2 + 1)));
                plane[rows] = interleave(&above.y, &below.y);
                let bias = _mm256_set1_epi32(1 << 16);
                halves[rows * 2] = _mm256_srai_epi16::<1>(_mm256_add_epi16(neighbours(chroma_of(&above)), bias));
                halves[rows * 2 + 1] = _mm256_srai_epi16::<1>(_mm256_add_epi16(neighbours(chroma_of(&below)), bias));
            }
            finish(&plane, luma, &mut unit[0]);
            finish(&pairs_of_rows(&halves), chroma, &mut unit[1]);
        }),
        Subsampling::S420 => super::scan(image, subsampling, bytes, |window, unit| {
            let mut halves = [_mm256_setzero_si256(); 8];
            for (half, pair) in unit[..2].iter_mut().enumerate() {
                let mut plane = [[_mm256_setzero_si256(); 2]; 4];
                for rows in 0..4 {
                    let row = half * 8 + rows * 2;
                    let (above, below) = (colours(window.row(row)), colours(window.row(row + 1)));
                    plane[rows] = interleave(&above.y, &below.y);
                    let (above, below) = (chroma_of(&above), chroma_of(&below));
                    let sums = std::array::from_fn(|part| _mm256_add_epi16(above[part], below[part]));
                    let bias = _mm256_set1_epi32(1 | 2 << 16);
                    halves[half * 4 + rows] = _mm256_srai_epi16::<2>(_mm256_add_epi16(neighbours(sums), bias));
                }
                finish(&plane, luma, pair);
            }
            for row in window.chroma_rows..8 {
                halves[row] = halves[window.chroma_rows - 1];
            }
            finish(&pairs_of_rows(&halves), chroma, &mut unit[2]);
        }),
    }
}

/// 16 pixels, each component 32 bits wide with its value (less 128) in the high half: in the first register pixels 0 to 3 and
/// 8 to 11, in the second 4 to 7 and 12 to 15.
struct Colours {
    y: [__m256i; 2],
    blue: [__m256i; 2],
    red: [__m256i; 2],
}

/// Shuffles of the bytes of four pixels, from byte `first` of each half, to 16-bit (R, G) or (G, B).
const fn picks(first: i8, channel: i8) -> [i8; 32] {
    let mut picks = [-1; 32];
    let mut at = 0;
    while at < 32 {
        let pixel = (at % 16 / 4) as i8;
        picks[at] = first + 3 * pixel + channel;
        picks[at + 2] = first + 3 * pixel + channel + 1;
        at += 4;
    }
    picks
}

#[inline(always)]
fn constant(bytes: &[i8; 32]) -> __m256i {
    // SAFETY: 32 readable bytes; the load needs no alignment. Callers are compiled for AVX2.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// 16 bytes of a row at two places.
#[target_feature(enable = "avx2")]
#[inline]
fn halves(row: &[u8; SIDE * 3], low: usize, high: usize) -> __m256i {
    let load = |at: usize| {
        let bytes: &[u8; 16] = row[at..at + 16].try_into().expect("BUG: a slice of this length");
        // SAFETY: 16 readable bytes; the load needs no alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    };
    _mm256_set_m128i(load(high), load(low))
}

/// Two 16-bit factors, in every 32 bits.
#[target_feature(enable = "avx2")]
#[inline]
pub fn factors(low: i32, high: i32) -> __m256i {
    _mm256_set1_epi32(low & 0xFFFF | high << 16)
}

/// 16-bit numbers of two registers in turn: pairs for [`product`].
#[target_feature(enable = "avx2")]
#[inline]
pub fn in_turn(a: __m256i, b: __m256i) -> [__m256i; 2] {
    [_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)]
}

/// Of every pair the first times `low` plus the second times `high`, in 32 bits.
#[target_feature(enable = "avx2")]
#[inline]
pub fn product(pairs: [__m256i; 2], low: i32, high: i32) -> [__m256i; 2] {
    pairs.map(|pair| _mm256_madd_epi16(pair, factors(low, high)))
}

/// Sums in 32 bits.
#[target_feature(enable = "avx2")]
#[inline]
pub fn plus(a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
    [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])]
}

#[target_feature(enable = "avx2")]
#[inline]
fn colours(row: &[u8; SIDE * 3]) -> Colours {
    const PICKS: [[[i8; 32]; 2]; 2] = [[picks(0, 0), picks(0, 1)], [picks(4, 0), picks(4, 1)]];
    let bytes = [halves(row, 0, 24), halves(row, 8, 32)];
    let pairs: [[__m256i; 2]; 2] = std::array::from_fn(|part| {
        std::array::from_fn(|channel| _mm256_shuffle_epi8(bytes[part], constant(&PICKS[part][channel])))
    });
    // 38,470 of G, which is more than 16 bits with a sign hold, is 22,086 and 16,384; 32,768 is taken negatively.
    let y = |[rg, gb]: [__m256i; 2]| {
        let sum = _mm256_add_epi32(
            _mm256_madd_epi16(rg, factors(19_595, 22_086)),
            _mm256_madd_epi16(gb, factors(16_384, 7_471)),
        );
        _mm256_add_epi32(sum, _mm256_set1_epi32(32_768 - (128 << 16)))
    };
    let less = |[rg, gb]: [__m256i; 2], first, second| {
        let sum = _mm256_sub_epi32(_mm256_set1_epi32(32_767), _mm256_madd_epi16(rg, first));
        _mm256_sub_epi32(sum, _mm256_madd_epi16(gb, second))
    };
    Colours {
        y: pairs.map(y),
        blue: pairs.map(|pair| less(pair, factors(11_059, 21_709), factors(0, -32_768))),
        red: pairs.map(|pair| less(pair, factors(-32_768, 27_439), factors(0, 5_329))),
    }
}

/// High halves of two registers of 32 bits, in turn.
#[target_feature(enable = "avx2")]
#[inline]
fn highs(first: __m256i, second: __m256i) -> __m256i {
    _mm256_blend_epi16::<0b1010_1010>(_mm256_srli_epi32::<16>(first), second)
}

/// A component of two rows, sample by sample in turn: columns 0 to 3 of both blocks, then 4 to 7.
#[target_feature(enable = "avx2")]
#[inline]
fn interleave(above: &[__m256i; 2], below: &[__m256i; 2]) -> [__m256i; 2] {
    [highs(above[0], below[0]), highs(above[1], below[1])]
}

/// Cb and Cr in turn, of the pixels as they stand in [`Colours`].
#[target_feature(enable = "avx2")]
#[inline]
fn chroma_of(colours: &Colours) -> [__m256i; 2] {
    [highs(colours.blue[0], colours.red[0]), highs(colours.blue[1], colours.red[1])]
}

/// Sums of neighbouring columns: eight of Cb, then eight of Cr.
#[target_feature(enable = "avx2")]
#[inline]
fn neighbours(chroma: [__m256i; 2]) -> __m256i {
    const APART: [i8; 16] = [0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15];
    let apart = _mm256_broadcastsi128_si256(
        // SAFETY: 16 readable bytes; the load needs no alignment.
        unsafe { _mm_loadu_si128(APART.as_ptr().cast()) },
    );
    let [left, right] =
        chroma.map(|pixels| _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, apart), _mm256_set1_epi16(1)));
    // Two sums of Cb, two of Cr, and so on, in every 32 bits.
    let sums = _mm256_packs_epi32(left, right);
    _mm256_permutevar8x32_epi32(sums, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7))
}

/// Rows of two blocks to what [`interleave`] gives.
#[target_feature(enable = "avx2")]
#[inline]
fn pairs_of_rows(rows: &[__m256i; 8]) -> [[__m256i; 2]; 4] {
    std::array::from_fn(|pair| {
        let (above, below) = (rows[pair * 2], rows[pair * 2 + 1]);
        [_mm256_unpacklo_epi16(above, below), _mm256_unpackhi_epi16(above, below)]
    })
}

/// Rows sample by sample in turn, to columns.
#[target_feature(enable = "avx2")]
#[inline]
fn columns(rows: &[[__m256i; 2]; 4]) -> [__m256i; 8] {
    let quad = |upper: usize, part: usize| {
        let (above, below) = (rows[upper][part], rows[upper + 1][part]);
        [_mm256_unpacklo_epi32(above, below), _mm256_unpackhi_epi32(above, below)]
    };
    let (mut columns, mut at) = ([_mm256_setzero_si256(); 8], 0);
    for part in 0..2 {
        let (upper, lower) = (quad(0, part), quad(2, part));
        for (above, below) in upper.into_iter().zip(lower) {
            columns[at] = _mm256_unpacklo_epi64(above, below);
            columns[at + 1] = _mm256_unpackhi_epi64(above, below);
            at += 2;
        }
    }
    columns
}

/// Transforms and quantises two blocks given in interleaved rows.
#[target_feature(enable = "avx2")]
#[inline]
fn finish(rows: &[[__m256i; 2]; 4], quantiser: &Quantiser, pair: &mut Pair) {
    let half = transform::<2, 11>(columns(rows));
    let whole = transform::<0, 15>(columns(&pairs_of_rows(&half)));
    let quantised: [__m256i; 8] = std::array::from_fn(|row| {
        let factor = |of: &[u16; 64]| {
            let eight: &[u16; 8] = of[row * 8..row * 8 + 8].try_into().expect("BUG: a slice of this length");
            // SAFETY: 16 readable bytes; the load needs no alignment.
            _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(eight.as_ptr().cast()) })
        };
        let product = _mm256_mulhi_epu16(_mm256_abs_epi16(whole[row]), factor(&quantiser.reciprocal));
        _mm256_sign_epi16(_mm256_mulhrs_epi16(product, factor(&quantiser.scale)), whole[row])
    });
    for (to, row) in pair.coefficients.as_chunks_mut::<16>().0.iter_mut().zip(quantised) {
        // SAFETY: 32 writable bytes; the store needs no alignment.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), row) };
    }
    zigzag(&quantised, pair);
}

/// For each 16 coefficients in zigzag order, and each two rows: where in the rows they are.
const PLACES: [[[i8; 16]; 4]; 4] = {
    let mut places = [[[-1; 16]; 4]; 4];
    let mut index = 0;
    while index < 64 {
        let natural = ZIGZAG[index] as usize;
        places[index / 16][natural / 16][index % 16] = (natural % 16) as i8;
        index += 1;
    }
    places
};

/// Fills in [`Pair::bytes`] and [`Pair::nonzero`].
#[target_feature(enable = "avx2")]
#[inline]
fn zigzag(rows: &[__m256i; 8], pair: &mut Pair) {
    let bytes = std::array::from_fn(|part| _mm256_packs_epi16(rows[part * 2], rows[part * 2 + 1]));
    let quarters = [ordered::<0>(&bytes), ordered::<1>(&bytes), ordered::<2>(&bytes), ordered::<3>(&bytes)];
    let nonzero = quarters.map(|quarter| {
        let zero = _mm256_movemask_epi8(_mm256_cmpeq_epi8(quarter, _mm256_setzero_si256()));
        u64::from(!(zero as u32))
    });
    let [first, second, third, fourth] = nonzero.map(|bits| bits & 0xFFFF);
    pair.nonzero[0] = first | second << 16 | third << 32 | fourth << 48;
    let [first, second, third, fourth] = nonzero.map(|bits| bits >> 16);
    pair.nonzero[1] = first | second << 16 | third << 32 | fourth << 48;
    let [left, right] = &mut pair.bytes;
    let to = left.as_chunks_mut::<16>().0.iter_mut().zip(right.as_chunks_mut::<16>().0);
    for ((left, right), quarter) in to.zip(quarters) {
        // SAFETY: 16 writable bytes each; the stores need no alignment.
        unsafe {
            _mm_storeu_si128(left.as_mut_ptr().cast(), _mm256_castsi256_si128(quarter));
            _mm_storeu_si128(right.as_mut_ptr().cast(), _mm256_extracti128_si256::<1>(quarter));
        }
    }
}

/// A quarter of the coefficients in zigzag order.
#[target_feature(enable = "avx2")]
#[inline]
fn ordered<const QUARTER: usize>(bytes: &[__m256i; 4]) -> __m256i {
    let [first, second, third, fourth]: [__m256i; 4] = std::array::from_fn(|part| {
        // SAFETY: 16 readable bytes; the load needs no alignment.
        let places = unsafe { _mm_loadu_si128(PLACES[QUARTER][part].as_ptr().cast()) };
        _mm256_shuffle_epi8(bytes[part], _mm256_broadcastsi128_si256(places))
    });
    _mm256_or_si256(_mm256_or_si256(first, second), _mm256_or_si256(third, fourth))
}

/// Eight points of the DCT of every column of eight registers; see [`scalar`](super::scalar). `UP` is the shift of the two
/// outputs that are sums alone, 2 up or (0) 2 down; `DOWN` that of the others.
#[target_feature(enable = "avx2")]
#[inline]
fn transform<const UP: i32, const DOWN: i32>(x: [__m256i; 8]) -> [__m256i; 8] {
    let (add, sub) = (|a, b| _mm256_add_epi16(a, b), |a, b| _mm256_sub_epi16(a, b));
    let sums = [add(x[0], x[7]), add(x[1], x[6]), add(x[2], x[5]), add(x[3], x[4])];
    let [t7, t6, t5, t4] = [sub(x[0], x[7]), sub(x[1], x[6]), sub(x[2], x[5]), sub(x[3], x[4])];
    let (t10, t13) = (add(sums[0], sums[3]), sub(sums[0], sums[3]));
    let (t11, t12) = (add(sums[1], sums[2]), sub(sums[1], sums[2]));
    let whole = |value| {
        if UP > 0 {
            _mm256_slli_epi16::<UP>(value)
        } else {
            _mm256_srai_epi16::<2>(_mm256_add_epi16(value, _mm256_set1_epi16(2)))
        }
    };
    let half = _mm256_set1_epi32(1 << (DOWN - 1));
    let pack =
        |[low, high]: [__m256i; 2]| _mm256_packs_epi32(_mm256_srai_epi32::<DOWN>(low), _mm256_srai_epi32::<DOWN>(high));

    // The factors of libjpeg's steps, multiplied out to two for each pair.
    let even = in_turn(t13, t12);
    let [two, six] = [product(even, 4_433 + 6_270, 4_433), product(even, 4_433, 4_433 - 15_137)];
    let z = in_turn(add(t4, t6), add(t5, t7));
    let z3 = plus(product(z, 9_633 - 16_069, 9_633), [half, half]);
    let z4 = plus(product(z, 9_633, 9_633 - 3_196), [half, half]);
    let (outer, inner) = (in_turn(t4, t7), in_turn(t5, t6));
    [
        whole(add(t10, t11)),
        pack(plus(product(outer, -7_373, 12_299 - 7_373), z4)),
        pack(plus(two, [half, half])),
        pack(plus(product(inner, -20_995, 25_172 - 20_995), z3)),
        whole(sub(t10, t11)),
        pack(plus(product(inner, 16_819 - 20_995, -20_995), z4)),
        pack(plus(six, [half, half])),
        pack(plus(product(outer, 2_446 - 7_373, -7_373), z3)),
    ]
}
