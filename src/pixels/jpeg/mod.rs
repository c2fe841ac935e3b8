//! JPEG encoding: sequential, one scan, the standard's Huffman tables, accurate integer DCT.
//!
//! It writes the bytes that libjpeg-turbo writes, and mozjpeg in its "fastest" profile, which is the oracle in the tests.
//! It goes through the image once, in windows of 16 columns by one row of MCUs: a window is coloured, averaged, transformed
//! and quantised in registers ([`scalar`] is the definition, [`x86`] the same by AVX2), then coded. Nothing but the file
//! itself is larger than a few KB.
//!
//! At the borders everything goes as in libjpeg: pixels are repeated to the right and rows downwards, rows of chroma after
//! averaging; a luma block wholly outside repeats the DC before it, which takes the fewest bits.

mod entropy;
mod header;
mod scalar;
mod tables;
#[cfg(target_arch = "x86_64")]
pub(super) mod x86;

use super::{Image, Size, Subsampling};
use crate::effect::simd;
use entropy::{Pair, Writer};
#[cfg(target_arch = "x86_64")]
pub(super) use tables::ZIGZAG;
use tables::{CODES, Quantiser};

/// Columns of a window.
const SIDE: usize = 16;

/// 16 columns by 16 rows (4:2:0) or 8 of RGB, `[rows, 16, 3]`, each row `stride` bytes after the one before.
struct Window<'a> {
    data: &'a [u8],
    stride: usize,
    /// Rows of chroma that the image reaches, 1 to 8.
    chroma_rows: usize,
}

impl Window<'_> {
    #[inline(always)]
    fn row(&self, row: usize) -> &[u8; SIDE * 3] {
        self.data[row * self.stride..][..SIDE * 3].try_into().expect("BUG: a slice of this length")
    }
}

/// Appends the JPEG of an image at a quality of 1 to 100; sides are at most 65,535.
pub fn encode(image: &Image, quality: u8, subsampling: Subsampling, bytes: &mut Vec<u8>) {
    let quantisers = Quantiser::of(quality);
    header::write(image.size(), subsampling, &quantisers, bytes);
    #[cfg(target_arch = "x86_64")]
    if simd::level() == simd::Level::Avx2 {
        // SAFETY: this level is chosen only on a CPU that has AVX2, BMI1, BMI2 and LZCNT.
        #[allow(unsafe_code, reason = "a call into code compiled for AVX2")]
        unsafe {
            x86::scan(image, subsampling, &quantisers, bytes);
        }
        bytes.extend_from_slice(&header::END);
        return;
    }
    scan(image, subsampling, bytes, |window, unit| {
        scalar::transform(window, subsampling, &quantisers, unit);
    });
    bytes.extend_from_slice(&header::END);
}

/// Appends the coded blocks of an image, whose windows `transform` turns into blocks: two blocks of luma side by side, as
/// many rows of them as there are, then Cb beside Cr, which in 4:4:4 are two of each.
#[inline(always)]
fn scan(
    image: &Image,
    subsampling: Subsampling,
    bytes: &mut Vec<u8>,
    mut transform: impl FnMut(&Window, &mut [Pair; 3]),
) {
    let Size { width, height } = image.size();
    let (width, height) = (width as usize, height as usize);
    let rows = if subsampling == Subsampling::S420 { 16 } else { 8 };
    let stride = width * 3;
    let mut unit = [Pair::EMPTY; 3];
    let mut padded = [0; SIDE * SIDE * 3];
    let mut writer = Writer::new(bytes.pop().expect("BUG: a JPEG without a header"));
    let mut dc = [0; 3];
    for y in (0..height).step_by(rows) {
        let down = (height - y).min(rows);
        for x in (0..width).step_by(SIDE) {
            let across = (width - x).min(SIDE);
            let data = &image.data()[y * stride + x * 3..];
            let chroma_rows = if subsampling == Subsampling::S420 { down.div_ceil(2) } else { 8 };
            let window = if (across, down) == (SIDE, rows) {
                Window { data, stride, chroma_rows }
            } else {
                pad(data, stride, (across, down), &mut padded);
                Window { data: &padded, stride: SIDE * 3, chroma_rows }
            };
            transform(&window, &mut unit);
            code(&unit, subsampling, (across, down), &mut dc, &mut writer);
            writer.drain(bytes);
        }
    }
    writer.finish(bytes);
}

/// Fills a window of which the image has `across` columns and `down` rows, by repeating the last ones.
fn pad(data: &[u8], stride: usize, (across, down): (usize, usize), padded: &mut [u8; SIDE * SIDE * 3]) {
    for (y, row) in padded.as_chunks_mut::<{ SIDE * 3 }>().0.iter_mut().enumerate() {
        let from = &data[y.min(down - 1) * stride..][..across * 3];
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            pixel.copy_from_slice(&from[x.min(across - 1) * 3..][..3]);
        }
    }
}

/// Codes the blocks of a window in the order of the file. `dc` holds the last DC of each component.
#[inline(always)]
fn code(
    unit: &[Pair; 3],
    subsampling: Subsampling,
    (across, down): (usize, usize),
    dc: &mut [i16; 3],
    writer: &mut Writer,
) {
    let [luma, chroma] = &CODES;
    if subsampling == Subsampling::S444 {
        for which in 0..across.div_ceil(8) {
            for (component, codes) in [luma, chroma, chroma].into_iter().enumerate() {
                dc[component] = writer.block(&unit[component], which, dc[component], codes);
            }
        }
        return;
    }
    let pairs = if subsampling == Subsampling::S420 { 2 } else { 1 };
    for (index, pair) in unit[..pairs].iter().enumerate() {
        for which in 0..2 {
            if which * 8 < across && index * 8 < down {
                dc[0] = writer.block(pair, which, dc[0], luma);
            } else {
                writer.dummy(dc[0], luma);
            }
        }
    }
    for which in 0..2 {
        dc[1 + which] = writer.block(&unit[pairs], which, dc[1 + which], chroma);
    }
}

#[cfg(test)]
mod tests;
