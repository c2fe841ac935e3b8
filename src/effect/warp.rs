//! One sampler for passes that bend an image: each pixel is read at a displacement of its own.
//!
//! The canvas keeps its size. Where a displacement leaves the image, the fill is seen, its border antialiased as that of a
//! map (but for `nearest`). There is no reduction: a bend should not shrink any place to less than half.

use super::custom::Buffers;
use super::resample::border_median;
use super::taps::{Index, Interpolation, Source, coverage, over, whole_coverage};
use crate::pixels::{Fill, Image, Size};

/// What is read between pixels and beyond the border.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Beyond the border.
    pub fill: Fill,
    /// Between pixels.
    pub interpolation: Interpolation,
}

impl Reading {
    /// Bends an image. `displace(row, x, y)` says for each pixel of a row how far to the right and down it is read, in
    /// 1024ths of a pixel; both slices hold 0 at first.
    pub fn warp(&self, image: &mut Image, buffers: &mut Buffers, displace: impl FnMut(u32, &mut [i32], &mut [i32])) {
        let copy = buffers.copy(image);
        let source = Source { image: &copy, mirrored: self.fill == Fill::Reflect };
        let fill = match self.fill {
            Fill::Color(color) => Some(color),
            Fill::Median => Some(border_median(&copy)),
            Fill::Edge | Fill::Reflect => None,
        };
        match self.interpolation {
            Interpolation::Nearest => each(image, buffers, fill, displace, |at| source.nearest(at), whole_coverage),
            Interpolation::Bilinear => each(image, buffers, fill, displace, |at| source.bilinear(at), coverage),
            Interpolation::Bicubic => each(image, buffers, fill, displace, |at| source.bicubic(at), coverage),
        }
        buffers.give(copy);
    }
}

#[inline(always)]
fn each(
    image: &mut Image,
    buffers: &mut Buffers,
    fill: Option<[u8; 3]>,
    mut displace: impl FnMut(u32, &mut [i32], &mut [i32]),
    read: impl Fn(Index) -> [u8; 3],
    cover: impl Fn(Index, Size) -> u32,
) {
    let size = image.size();
    let width = size.width as usize;
    let (mut right, mut down) = (buffers.numbers(width), buffers.numbers(width));
    for (row, line) in (0..).zip(image.data_mut().chunks_exact_mut(width * 3)) {
        right.fill(0);
        down.fill(0);
        displace(row, &mut right, &mut down);
        let y = i64::from(row) << 32;
        for (column, ((pixel, right), down)) in
            (0i64..).zip(line.as_chunks_mut::<3>().0.iter_mut().zip(&right).zip(&down))
        {
            let at = ((column << 32) + (i64::from(*right) << 22), y + (i64::from(*down) << 22));
            *pixel = read(at);
            if let Some(fill) = fill {
                let seen = cover(at, size);
                if seen < 256 {
                    *pixel = over(*pixel, seen, fill);
                }
            }
        }
    }
    buffers.give_numbers(right);
    buffers.give_numbers(down);
}
