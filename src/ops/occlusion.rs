//! Ops that hide parts of the image: a network should not hang on one mark.

use super::document::{between, rng, shorter};
use super::spec::{Fill, fill, integer, micro, number, word};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::blur::reflect;
use crate::effect::coverage::Bounds;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::grain::Grain;
use crate::effect::resample::border_median;
use crate::effect::shade::fraction;
use crate::number::Micro;
use crate::pixels::{Image, Size};

crate::op! {
    /// Hides rectangles (cutout, DeVries & Taylor 2017, arXiv:1708.04552; random erasing, Zhong et al. 2017,
    /// arXiv:1708.04896; albumentations' `CoarseDropout`). They lie anywhere and are cut at the border.
    op "coarse_dropout", revision 1, Occlusion, effects [], example "count = [1, 6], size = [0.05, 0.25]";
    CoarseDropout {
        /// How many rectangles.
        count: Micro = integer(0, 1000, "rectangles").or(1),
        /// The root of a rectangle's area, as a fraction of the shorter side.
        size: Micro = micro(1_000, 1_000_000, "fraction").or_micro(200_000),
        /// The most that one side is longer than the other; drawn for each.
        aspect: Micro = micro(1_000_000, 10_000_000, "times").or(2),
        /// `fill`, or random grey levels in every channel of every pixel (`noise`).
        content: &'static str = word(&["fill", "noise", "any"]).or_word("fill"),
        /// What is seen instead; `edge` repeats the pixel to the left, `reflect` mirrors what lies there.
        fill: Fill = fill(),
    }
}

crate::op! {
    /// Hides the squares of a regular lattice (GridMask, Chen et al. 2020, arXiv:2001.04086).
    op "grid_mask", revision 1, Occlusion, effects [], example "cell = [0.1, 0.3]";
    GridMask {
        /// The lattice's unit, as a fraction of the shorter side.
        cell: Micro = micro(5_000, 2_000_000, "fraction").or_micro(200_000),
        /// The side of a hidden square, as a share of the unit; 0 hides nothing, and a fourth of all at 0.5.
        ratio: Micro = number(0, 1, "fraction").or_micro(500_000),
        /// Of the lattice, counter-clockwise.
        angle: Micro = number(-360, 360, "degrees").or(0),
        /// What is seen instead; `edge` repeats the pixel to the left, `reflect` mirrors what lies there.
        fill: Fill = fill(),
    }
}

crate::op! {
    /// Makes a mosaic of a rectangle, as names and faces in published pages are hidden: every block has its mean colour.
    op "pixelate", revision 1, Occlusion, effects [], example "count = [1, 3], size = [0.1, 0.4]";
    Pixelate {
        /// How many rectangles.
        count: Micro = integer(0, 1000, "rectangles").or(1),
        /// A rectangle's longer side as a fraction of the image's longer side; its other side is 0.2 to 1 times that.
        size: Micro = micro(1_000, 1_000_000, "fraction").or_micro(300_000),
        /// A block's side, as a fraction of the shorter side of the image; below a pixel nothing changes.
        block: Micro = micro(0, 500_000, "fraction").or_micro(30_000),
    }
}

impl CoarseDropout {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        let Self { count, size, aspect, content, fill } = *self;
        lowering.custom(Holes { count, size, aspect, noise: content == "noise", fill, key });
    }
}

#[derive(Debug)]
struct Holes {
    count: Micro,
    size: Micro,
    aspect: Micro,
    noise: bool,
    fill: Fill,
    key: Digest,
}

/// The one colour of a fill, where it has one.
fn color(fill: Fill, image: &Image) -> Option<[u8; 3]> {
    match fill {
        Fill::Color(color) => Some(color),
        Fill::Median => Some(border_median(image)),
        Fill::Edge | Fill::Reflect => None,
    }
}

/// Hides the pixels `from..to` of a row.
fn hide(row: &mut [[u8; 3]], from: usize, to: usize, color: Option<[u8; 3]>, fill: Fill) {
    match (color, fill) {
        (Some(color), _) => row[from..to].fill(color),
        // Nothing lies to the left: what lies to the right serves.
        (None, Fill::Edge) => {
            let edge = if from > 0 { row[from - 1] } else { row[to.min(row.len() - 1)] };
            row[from..to].fill(edge);
        }
        (None, _) => {
            for x in from..to {
                row[x] = if from > 1 {
                    row[reflect(2 * from as isize - 1 - x as isize, from)]
                } else {
                    row[to.min(row.len() - 1)]
                };
            }
        }
    }
}

impl Custom for Holes {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let mut rng = rng(&self.key, "coarse_dropout rectangles");
        let color = color(self.fill, image);
        let root = self.size.to_f64() as f32 * shorter(size);
        let most = self.aspect.to_f64() as f32;
        let grain = Grain::new(&super::document::part(&self.key, "coarse_dropout noise"));
        let mut levels = buffers.numbers(if self.noise { size.width as usize } else { 0 });
        for _ in 0..self.count.to_int().unwrap_or(0) {
            let aspect = between(&mut rng, 1.0, most).sqrt();
            let (wide, tall) =
                if rng.below(2) == 0 { (root * aspect, root / aspect) } else { (root / aspect, root * aspect) };
            let (left, top) = (
                between(&mut rng, 0.0, size.width as f32) - 0.5 * wide,
                between(&mut rng, 0.0, size.height as f32) - 0.5 * tall,
            );
            let whole = |at: f32| at.round_ties_even();
            let bounds = Bounds::clipped(whole(left), whole(top), whole(left + wide), whole(top + tall), size);
            let Some(Bounds { left, right, top, bottom }) = bounds else { continue };
            for y in top..bottom {
                let row = &mut image.data_mut()[y * size.width as usize * 3..][..size.width as usize * 3];
                let row = row.as_chunks_mut::<3>().0;
                if self.noise {
                    grain.row(y as u32, &mut levels);
                    for (pixel, level) in row[left..right].iter_mut().zip(&levels[left..right]) {
                        // One random number gives three levels that a viewer takes for independent.
                        let spread = (*level as u32).wrapping_mul(0x9e37_79b9);
                        *pixel = [spread as u8, (spread >> 12) as u8, (spread >> 24) as u8];
                    }
                } else {
                    hide(row, left, right, color, self.fill);
                }
            }
        }
        buffers.give_numbers(levels);
    }
}

impl GridMask {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.ratio > Micro::ZERO {
            let Self { cell, ratio, angle, fill } = *self;
            lowering.custom(Grid { cell, ratio, angle, fill, key });
        }
    }
}

#[derive(Debug)]
struct Grid {
    cell: Micro,
    ratio: Micro,
    angle: Micro,
    fill: Fill,
    key: Digest,
}

impl Custom for Grid {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let size = image.size();
        let mut rng = rng(&self.key, "grid_mask start");
        let color = color(self.fill, image);
        let unit = (self.cell.to_f64() as f32 * shorter(size)).max(2.0);
        let ratio = self.ratio.to_f64() as f32;
        let radians = self.angle.to_f64() * (std::f64::consts::PI / 180.0);
        let (right, down) = (libm::cos(radians) as f32 / unit, -libm::sin(radians) as f32 / unit);
        let (start_u, start_v) = (between(&mut rng, 0.0, 1.0), between(&mut rng, 0.0, 1.0));
        let (middle_x, middle_y) = (0.5 * size.width as f32, 0.5 * size.height as f32);
        for (y, row) in image.data_mut().chunks_exact_mut(size.width as usize * 3).enumerate() {
            let row = row.as_chunks_mut::<3>().0;
            let dy = y as f32 + 0.5 - middle_y;
            let hidden = |x: usize| {
                let dx = x as f32 + 0.5 - middle_x;
                let (u, v) = (dx * right + dy * down + start_u, dy * right - dx * down + start_v);
                fraction(u) < ratio && fraction(v) < ratio
            };
            let mut from = None;
            for x in 0..=row.len() {
                match (x < row.len() && hidden(x), from) {
                    (true, None) => from = Some(x),
                    (false, Some(start)) => {
                        hide(row, start, x, color, self.fill);
                        from = None;
                    }
                    _ => {}
                }
            }
        }
    }
}

impl Pixelate {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        let Self { count, size, block } = *self;
        lowering.custom(Mosaic { count, size, block, key });
    }
}

#[derive(Debug)]
struct Mosaic {
    count: Micro,
    size: Micro,
    block: Micro,
    key: Digest,
}

impl Custom for Mosaic {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let size = image.size();
        let mut rng = rng(&self.key, "pixelate rectangles");
        let block = (self.block.to_f64() as f32 * shorter(size)).round_ties_even() as usize;
        if block < 2 {
            return;
        }
        let longer = self.size.to_f64() as f32 * size.width.max(size.height) as f32;
        for _ in 0..self.count.to_int().unwrap_or(0) {
            let other = longer * between(&mut rng, 0.2, 1.0);
            // Writing is wider than tall, and so is what hides it.
            let (wide, tall) = if rng.below(4) == 0 { (other, longer) } else { (longer, other) };
            let left = between(&mut rng, 0.0, size.width as f32) - 0.5 * wide;
            let top = between(&mut rng, 0.0, size.height as f32) - 0.5 * tall;
            if let Some(bounds) = Bounds::clipped(left, top, left + wide, top + tall, size) {
                mosaic(image, &bounds, block);
            }
        }
    }
}

fn mosaic(image: &mut Image, bounds: &Bounds, block: usize) {
    let Size { width, .. } = image.size();
    for top in (bounds.top..bounds.bottom).step_by(block) {
        let bottom = (top + block).min(bounds.bottom);
        for left in (bounds.left..bounds.right).step_by(block) {
            let part = Bounds { left, top, right: (left + block).min(bounds.right), bottom };
            let mut sum = [0u64; 3];
            for y in top..bottom {
                for pixel in image.data()[part.samples(y, width as usize)].as_chunks::<3>().0 {
                    sum = std::array::from_fn(|channel| sum[channel] + u64::from(pixel[channel]));
                }
            }
            let pixels = part.pixels() as u64;
            let mean = sum.map(|sum| ((sum + pixels / 2) / pixels) as u8);
            for y in top..bottom {
                image.data_mut()[part.samples(y, width as usize)].as_chunks_mut::<3>().0.fill(mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micro(value: f64) -> Micro {
        Micro::nearest(value)
    }

    fn apply(pass: &dyn Custom, image: &Image) -> Image {
        let mut image = image.clone();
        pass.apply(&mut image, &mut Buffers::default());
        image
    }

    fn key(number: u32) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    fn share_of(image: &Image, color: [u8; 3]) -> f64 {
        let pixels = image.data().as_chunks::<3>().0;
        pixels.iter().filter(|pixel| **pixel == color).count() as f64 / pixels.len() as f64
    }

    #[test]
    fn rectangles_have_their_area_and_their_colour() {
        let ramp = Image::from_fn(Size::new(300, 200), |x, y| [x as u8, y as u8, 7]);
        let hidden = |fill, noise, number| {
            let (count, size, aspect) = (Micro::ONE, micro(0.2), micro(3.0));
            apply(&Holes { count, size, aspect, noise, fill, key: key(number) }, &ramp)
        };
        let shares: Vec<f64> = (0..40).map(|number| share_of(&hidden(Fill::WHITE, false, number), [255; 3])).collect();
        let whole = 40.0 * 40.0 / 60_000.0;
        // What lies across the border is cut.
        assert!(shares.iter().all(|share| (0.2 * whole..1.06 * whole).contains(share)), "{shares:?}");
        assert!(shares.iter().filter(|share| **share > 0.94 * whole).count() > 15, "{shares:?}");
        let median = border_median(&ramp);
        assert!((0..4).all(|number| share_of(&hidden(Fill::Median, false, number), median) > 0.2 * whole));
        for number in 0..20 {
            let (edge, noise) = (hidden(Fill::Edge, false, number), hidden(Fill::WHITE, true, number));
            for (x, y) in (0..200).flat_map(|y| (0..300).map(move |x| (x, y))) {
                let (before, after) = (ramp.pixel(x, y), edge.pixel(x, y));
                assert!(after[1] == before[1], "a row's own pixels");
                let touched = noise.pixel(x, y) != before;
                assert!(after == before || touched);
            }
        }
    }

    #[test]
    fn mirrored_rectangles_hold_what_lies_to_their_left() {
        let row: Vec<[u8; 3]> = (0..20).map(|x| [x; 3]).collect();
        let hide = |from, to, fill| {
            let mut row = row.clone();
            hide(&mut row, from, to, None, fill);
            row.iter().map(|pixel| pixel[0]).collect::<Vec<_>>()
        };
        assert_eq!(hide(5, 9, Fill::Reflect)[4..10], [4, 4, 3, 2, 1, 9]);
        assert_eq!(hide(3, 9, Fill::Edge)[2..10], [2, 2, 2, 2, 2, 2, 2, 9]);
        assert_eq!(hide(0, 2, Fill::Edge)[..3], [2, 2, 2]);
        assert_eq!(hide(0, 20, Fill::Reflect)[..3], [19, 19, 19]);
    }

    #[test]
    fn a_grid_hides_the_square_of_its_ratio() {
        let white = Image::filled(Size::new(400, 300), [255; 3]);
        for (ratio, degrees) in [(0.3, 0.0), (0.5, 0.0), (0.5, 33.0), (0.8, -120.0), (1.0, 10.0)] {
            let (cell, angle, fill) = (micro(0.1), micro(degrees), Fill::Color([0; 3]));
            let masked = apply(&Grid { cell, ratio: micro(ratio), angle, fill, key: key(1) }, &white);
            let share = share_of(&masked, [0; 3]);
            assert!((share - ratio * ratio).abs() < 0.03, "{ratio} {degrees}: {share}");
        }
    }

    #[test]
    fn a_mosaic_keeps_the_mean_and_is_flat_within_its_blocks() {
        let page = Image::from_fn(Size::new(200, 150), |x, y| [(x * 7 % 251) as u8, (y * 11 % 241) as u8, 90]);
        let mut image = page.clone();
        mosaic(&mut image, &Bounds { left: 13, top: 7, right: 93, bottom: 67 }, 20);
        for (x, y) in (0..150).flat_map(|y| (0..200).map(move |x| (x, y))) {
            if (13..93).contains(&x) && (7..67).contains(&y) {
                assert_eq!(image.pixel(x, y), image.pixel((x - 13) / 20 * 20 + 13, (y - 7) / 20 * 20 + 7));
            } else {
                assert_eq!(image.pixel(x, y), page.pixel(x, y));
            }
        }
        let mean = |image: &Image| image.data().iter().map(|sample| f64::from(*sample)).sum::<f64>() / 90_000.0;
        assert!((mean(&image) - mean(&page)).abs() < 0.1);
        let (count, size, block) = (Micro::from_int(3), micro(0.4), micro(0.1));
        assert!(apply(&Mosaic { count, size, block, key: key(3) }, &page) != page);
    }
}
