//! One sampler for passes that bend an image: each pixel is read at a displacement of its own.
//!
//! The canvas keeps its size. Where a displacement leaves the image, the fill is seen, its border antialiased as that of a
//! map (but for `nearest`). There is no reduction: a bend should not shrink any place to less than half.

use super::custom::Buffers;
use super::resample::border_median;
use super::taps::{Bicubic, Bilinear, Interpolation, Nearest, Source, Tap, read};
use crate::pixels::{Fill, Image};

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
            Interpolation::Nearest => each::<Nearest>(source, image, buffers, fill, displace),
            Interpolation::Bilinear => each::<Bilinear>(source, image, buffers, fill, displace),
            Interpolation::Bicubic => each::<Bicubic>(source, image, buffers, fill, displace),
        }
        buffers.give(copy);
    }
}

fn each<T: Tap>(
    source: Source<'_>,
    image: &mut Image,
    buffers: &mut Buffers,
    fill: Option<[u8; 3]>,
    mut displace: impl FnMut(u32, &mut [i32], &mut [i32]),
) {
    let width = image.size().width as usize;
    let (mut right, mut down) = (buffers.numbers(width), buffers.numbers(width));
    for (row, line) in (0..).zip(image.data_mut().chunks_exact_mut(width * 3)) {
        right.fill(0);
        down.fill(0);
        displace(row, &mut right, &mut down);
        let y = i64::from(row) << 32;
        let offsets = right.iter().zip(&down);
        for (x, (pixel, (right, down))) in (0i64..).zip(line.as_chunks_mut::<3>().0.iter_mut().zip(offsets)) {
            let at = ((x << 32) + (i64::from(*right) << 22), y + (i64::from(*down) << 22));
            *pixel = read::<T>(source, at, fill);
        }
    }
    buffers.give_numbers(right);
    buffers.give_numbers(down);
}
