//! A writer of PNG, 8-bit RGB, for pages: fast first.
//!
//! Rows are filtered and deflated in blocks that stay in the second-level cache. A block has one filter: the one that
//! leaves the least entropy in a sample of its bytes (one for each row makes clean pages 0.3 % smaller, and takes 60 %
//! longer). Noise leaves nothing else to find, so that its bytes get Huffman codes and no more; where a sample has runs of
//! zero, they become matches.
//!
//! Everything is decided by integers, from the pixels alone: the bytes are the same on every CPU.

mod bits;
mod deflate;
mod filter;
mod huffman;
mod level;
mod scalar;
mod tokens;

use super::Image;
use crate::effect::simd::Level;
use bits::Rest;
use deflate::Kind;
use filter::{Filter, Neighbours, PIXEL};
use std::ops::Range;
use tokens::Counts;

/// Bytes of a block, at most, before deflate.
const BLOCK: usize = 128 << 10;

/// Bytes of a chunk of the file, after which it ends with the block. Its length has 31 bits.
const CHUNK: usize = 1 << 30;

/// Appends an image as a PNG file.
pub fn write(image: &Image, level: Level, bytes: &mut Vec<u8>) {
    write_in_chunks(image, level, CHUNK, bytes);
}

fn write_in_chunks(image: &Image, level: Level, longest: usize, bytes: &mut Vec<u8>) {
    let size = image.size();
    bytes.extend(b"\x89PNG\r\n\x1a\n");
    let start = open(b"IHDR", bytes);
    bytes.extend(size.width.to_be_bytes());
    bytes.extend(size.height.to_be_bytes());
    // Eight bits, RGB; deflate, the five filters, not interlaced.
    bytes.extend([8, 2, 0, 0, 0]);
    close(start, bytes);

    let rows = Rows::new(image);
    let mut start = open(b"IDAT", bytes);
    // Deflate with a window of 32 KB, "fastest".
    bytes.extend([0x78, 0x01]);
    let (mut filter, mut rest, mut sum) = (Filter::None, Rest::default(), simd_adler32::Adler32::new());
    let mut room = vec![0; BLOCK.min(rows.height * (rows.stride + 1))];
    let mut areas = rows.areas().peekable();
    while let Some(area) = areas.next() {
        let kind;
        (filter, kind) = rows.choose(level, &area, filter);
        let block = rows.fill(level, filter, &area, &mut room);
        sum.write(block);
        rest = deflate::block(level, block, kind, areas.peek().is_none(), rest, bytes);
        if bytes.len() - start >= longest && areas.peek().is_some() {
            close(start, bytes);
            start = open(b"IDAT", bytes);
        }
    }
    deflate::close(rest, bytes);
    bytes.extend(sum.finish().to_be_bytes());
    close(start, bytes);
    let start = open(b"IEND", bytes);
    close(start, bytes);
}

/// Begins a chunk; says where its content does.
fn open(name: &[u8; 4], bytes: &mut Vec<u8>) -> usize {
    bytes.extend([0; 4]);
    bytes.extend(name);
    bytes.len()
}

/// Ends the chunk whose content begins at `start`.
fn close(start: usize, bytes: &mut Vec<u8>) {
    let length = (bytes.len() - start) as u32;
    bytes[start - 8..start - 4].copy_from_slice(&length.to_be_bytes());
    let sum = crc32fast::hash(&bytes[start - 4..]);
    bytes.extend(sum.to_be_bytes());
}

/// What a block is of: some rows, or a part of a single one that is too long.
struct Area {
    rows: Range<usize>,
    /// Bytes of each row.
    columns: Range<usize>,
}

/// Bytes of a part of a row in a sample.
const PART: usize = 192;

/// A sample is one in this many bytes.
const SPARSE: usize = 32;

/// A sample has at least so many parts.
const PARTS: usize = 16;

/// The rows of an image and what is around them.
struct Rows<'a> {
    data: &'a [u8],
    stride: usize,
    height: usize,
    /// Above the first row, as long as a part of a row can be.
    zeros: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn new(image: &'a Image) -> Self {
        let stride = PIXEL * image.size().width as usize;
        Self { data: image.data(), stride, height: image.size().height as usize, zeros: vec![0; stride.min(BLOCK)] }
    }

    fn areas(&self) -> impl Iterator<Item = Area> {
        let (wide, high) = (self.stride.min(BLOCK - 1), (BLOCK / (self.stride + 1)).max(1));
        let (stride, height) = (self.stride, self.height);
        (0..height).step_by(high).flat_map(move |y| {
            let rows = y..height.min(y + high);
            let area = move |x| Area { rows: rows.clone(), columns: x..stride.min(x + wide) };
            (0..stride).step_by(wide).map(area)
        })
    }

    /// Filters an area into the first bytes of `room`: the file's, with the filter at the beginning of each row.
    fn fill<'b>(&self, level: Level, filter: Filter, area: &Area, room: &'b mut [u8]) -> &'b [u8] {
        let mut end = 0;
        for y in area.rows.clone() {
            if area.columns.start == 0 {
                room[end] = filter as u8;
                end += 1;
            }
            let to = end + area.columns.len();
            self.filter(level, filter, y, area.columns.start, &mut room[end..to]);
            end = to;
        }
        &room[..end]
    }

    /// Filters the bytes of row `y` from column `x` on: as many as `out` has, at most a block.
    fn filter(&self, level: Level, filter: Filter, y: usize, x: usize, out: &mut [u8]) {
        if x == 0 && out.len() > PIXEL {
            let (first, others) = out.split_at_mut(PIXEL);
            self.filter(level, filter, y, 0, first);
            return self.filter(level, filter, y, PIXEL, others);
        }
        let length = out.len();
        let left_of = |row: &'a [u8]| if x == 0 { &[0; PIXEL][..length] } else { &row[x - PIXEL..][..length] };
        let row = &self.data[y * self.stride..];
        let (above, corner) = match y {
            0 => (&self.zeros[..length], &self.zeros[..length]),
            _ => {
                let above = &self.data[(y - 1) * self.stride..];
                (&above[x..][..length], left_of(above))
            }
        };
        level::apply(level, filter, Neighbours { row: &row[x..][..length], left: left_of(row), above, corner }, out);
    }

    /// The filter and the kind of an area's block. A row that goes on keeps its filter.
    fn choose(&self, level: Level, area: &Area, current: Filter) -> (Filter, Kind) {
        let width = area.columns.len();
        let parts = PARTS.max(area.rows.len() * width / (SPARSE * PART));
        let mut best = (u64::MAX, current, Kind::Noisy);
        for filter in Filter::ALL.into_iter().filter(|filter| area.columns.start == 0 || *filter == current) {
            let (mut counts, mut total) = (Counts::new(), 0);
            for part in 0..parts {
                let y = area.rows.start + part * area.rows.len() / parts;
                // Somewhere in the row, at no period that the page could have as well.
                let random = u64::from((part as u32).wrapping_mul(0x9E37_79B9));
                let x = ((random * width.div_ceil(PART) as u64) >> 32) as usize * PART;
                let mut buffer = [0; PART];
                let out = &mut buffer[..PART.min(width - x)];
                self.filter(level, filter, y, area.columns.start + x, out);
                level::count_tokens(level, out, &mut counts);
                total += out.len();
            }
            let cost = tokens::cost(&counts.sum());
            if cost < best.0 {
                let kind = if counts.repeated as usize * 64 > total { Kind::Clean } else { Kind::Noisy };
                best = (cost, filter, kind);
            }
        }
        (best.1, best.2)
    }
}

#[cfg(test)]
mod tests;
