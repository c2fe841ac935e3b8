//! Local equalization: the contrast of each part of a page by its own histogram.

use super::spec::{integer, number};
use super::tone::{luma, with_luma};
use crate::effect::Lowering;
use crate::effect::blur::reflect;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::pixels::{Image, Size};

crate::op! {
    /// Contrast-limited adaptive histogram equalization (Zuiderveld 1994, in Graphics Gems IV; as OpenCV's `CLAHE`) of the
    /// luma, the differences between channels kept: each tile of the image gets the curve of its own histogram, cut at
    /// the limit so that paper does not become all grain; between tiles' middles the curves blend.
    op "clahe", revision 1, Colour, effects [], example "clip_limit = { log = [1.5, 6] }";
    Clahe {
        /// How steep a curve may get, times that of no change: 1 hardly changes anything.
        clip_limit: Micro = number(1, 40, "times"),
        /// Along each side of the image.
        tiles: Micro = integer(1, 64, "tiles").or(8),
    }
}

impl Clahe {
    fn lower(&self, lowering: &mut Lowering) {
        let tiles = self.tiles.to_int().and_then(|tiles| usize::try_from(tiles).ok());
        let tiles = tiles.expect("BUG: tiles that are no whole number");
        lowering.custom(Adaptive { clip_limit: self.clip_limit, tiles });
    }
}

#[derive(Debug)]
struct Adaptive {
    clip_limit: Micro,
    tiles: usize,
}

/// A pixel's place among the tiles' middles along one side: the tile before, the tile after, the latter's share in
/// 2048ths.
#[derive(Clone, Copy)]
struct Between {
    before: usize,
    after: usize,
    share: i32,
}

const ONE: i32 = 2048;

impl Adaptive {
    /// The length of a tile along a side; the image is mirrored until they fill it.
    fn tile(&self, length: u32) -> usize {
        (length as usize).div_ceil(self.tiles)
    }

    fn between(&self, length: u32) -> impl Iterator<Item = Between> {
        let (tile, last) = (self.tile(length), self.tiles - 1);
        (0..length as usize).map(move |index| {
            // index / tile − ½: as OpenCV has it, half a pixel short of the tiles' true middles.
            let at = (2 * index + tile) as i64 * i64::from(ONE) / (2 * tile) as i64 - i64::from(ONE);
            let before = at.div_euclid(ONE.into());
            Between {
                before: before.max(0) as usize,
                after: ((before + 1) as usize).min(last),
                share: at.rem_euclid(ONE.into()) as i32,
            }
        })
    }

    /// Turns the counts of a tile of `area` pixels into its curve.
    fn curve(&self, bins: &mut [i32; 256], area: usize) {
        let limit = ((self.clip_limit.millionths() as u128 * area as u128 / 256_000_000) as i32).max(1);
        let mut excess = 0;
        for bin in bins.iter_mut() {
            excess += (*bin - limit).max(0);
            *bin = (*bin).min(limit);
        }
        // What was cut off goes to all levels alike, the remainder to every so manieth.
        let (each, mut rest) = (excess / 256, excess % 256);
        let step = (256 / rest.max(1)).max(1) as usize;
        for (level, bin) in bins.iter_mut().enumerate() {
            *bin += each;
            if level % step == 0 && rest > 0 {
                *bin += 1;
                rest -= 1;
            }
        }
        let (mut sum, area) = (0i64, area as i64);
        for bin in bins {
            sum += i64::from(*bin);
            *bin = ((2 * sum * 255 + area) / (2 * area)) as i32;
        }
    }
}

impl Custom for Adaptive {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let Size { width, height } = image.size();
        let (wide, high) = (self.tile(width), self.tile(height));
        let row_len = width as usize;
        let mut lumas = buffers.image(Size::new(width.div_ceil(3), height));
        let lumas_len = 3 * width.div_ceil(3) as usize;
        let rows = image.data().as_chunks::<3>().0.chunks_exact(row_len);
        for (row, lumas) in rows.zip(lumas.data_mut().chunks_exact_mut(lumas_len)) {
            for (pixel, level) in row.iter().zip(lumas) {
                *level = luma(*pixel);
            }
        }
        let mut curves = buffers.numbers(self.tiles * self.tiles * 256);
        for (index, bins) in curves.as_chunks_mut::<256>().0.iter_mut().enumerate() {
            let (left, top) = (index % self.tiles * wide, index / self.tiles * high);
            for y in top..top + high {
                let row = &lumas.data()[reflect(y as isize, height as usize) * lumas_len..][..row_len];
                let inside = left.min(row_len)..(left + wide).min(row_len);
                row[inside].iter().for_each(|level| bins[usize::from(*level)] += 1);
                for x in left.max(row_len)..left + wide {
                    bins[usize::from(row[reflect(x as isize, row_len)])] += 1;
                }
            }
            self.curve(bins, wide * high);
        }
        let columns: Vec<Between> = self.between(width).collect();
        let tables = curves.as_chunks::<256>().0;
        let rows = image.data_mut().as_chunks_mut::<3>().0.chunks_exact_mut(row_len);
        for ((row, lumas), down) in rows.zip(lumas.data().chunks_exact(lumas_len)).zip(self.between(height)) {
            let (above, below) = (&tables[down.before * self.tiles..], &tables[down.after * self.tiles..]);
            for ((pixel, level), along) in row.iter_mut().zip(lumas).zip(&columns) {
                let read = |row: &[[i32; 256]]| {
                    let at = |tile: usize| row[tile][usize::from(*level)];
                    at(along.before) * (ONE - along.share) + at(along.after) * along.share
                };
                let sum = read(above) * (ONE - down.share) + read(below) * down.share;
                *pixel = with_luma(*pixel, *level, ((sum + ONE * ONE / 2) / (ONE * ONE)) as u8);
            }
        }
        buffers.give(lumas);
        buffers.give_numbers(curves);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(image: &Image, clip_limit: i64, tiles: usize) -> Image {
        let mut image = image.clone();
        Adaptive { clip_limit: Micro::from_int(clip_limit), tiles }.apply(&mut image, &mut Buffers::default());
        image
    }

    #[test]
    fn a_faint_part_gains_contrast_with_the_limit_and_a_clear_part_stays_clear() {
        // Left: writing of 20 levels; right: of 200.
        let image = Image::from_fn(Size::new(120, 60), |x, y| {
            let written = (x + 2 * y) % 5 == 0;
            match (x < 60, written) {
                (true, true) => [150; 3],
                (true, false) => [170; 3],
                (false, true) => [20; 3],
                (false, false) => [220; 3],
            }
        });
        let contrast = |image: &Image, x: u32| i32::from(image.pixel(x + 1, 10)[0]) - i32::from(image.pixel(x, 10)[0]);
        let faint: Vec<i32> = [1, 8, 40].map(|limit| contrast(&apply(&image, limit, 4), 30)).to_vec();
        assert!(faint[0] >= 20 && faint[1] > faint[0] && faint[2] > 2 * faint[0], "{faint:?}");
        assert!(contrast(&apply(&image, 16, 4), 100) > 150);
    }

    #[test]
    fn one_tile_keeps_the_order_of_levels() {
        let image = Image::from_fn(Size::new(64, 9), |x, y| [(x * 4) as u8 / 3 + y as u8; 3]);
        let out = apply(&image, 3, 1);
        let mut pairs: Vec<(u8, u8)> = image.data().iter().copied().zip(out.data().iter().copied()).collect();
        pairs.sort_unstable();
        assert!(pairs.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    }

    #[test]
    fn images_smaller_than_the_tiles_work() {
        for size in [Size::new(1, 1), Size::new(1, 300), Size::new(7, 3)] {
            assert_eq!(apply(&Image::filled(size, [90; 3]), 2, 64).size(), size);
        }
    }
}
