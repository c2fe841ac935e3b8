//! Reading an image between its pixels: nearest, bilinear, bicubic, in integers.
//!
//! A point is an [`Index`]: 32 fractional bits, whole numbers at the centres of pixels. Fractions are rounded to 10 bits;
//! the weights sum to exactly 2^14. Beyond the border stands the nearest pixel, or the image mirrored.

use super::blur::reflect;
use crate::pixels::{Image, Size};

/// How an image is read between its pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Interpolation {
    /// The pixel that the point lies in: no new colours.
    Nearest,
    /// Of four pixels, by area.
    #[default]
    Bilinear,
    /// Of sixteen pixels, by Catmull-Rom's spline: sharper, and overshoots at edges.
    Bicubic,
}

impl Interpolation {
    /// Every name, in recipes.
    pub const NAMES: &'static [&'static str] = &["nearest", "bilinear", "bicubic"];

    /// The interpolation of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "nearest" => Self::Nearest,
            "bilinear" => Self::Bilinear,
            "bicubic" => Self::Bicubic,
            _ => return None,
        })
    }
}

/// A point of an image: x and y, in pixels with 32 fractional bits, 0 at the centre of the first pixel.
pub type Index = (i64, i64);

/// An image, and what stands beyond its border.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The image.
    pub image: &'a Image,
    /// Whether the image is mirrored beyond its border; else the nearest pixel stands there.
    pub mirrored: bool,
}

impl Source<'_> {
    fn along(&self, at: i64, length: u32) -> u32 {
        match self.mirrored {
            true => reflect(at as isize, length as usize) as u32,
            false => at.clamp(0, i64::from(length) - 1) as u32,
        }
    }

    /// The pixel that a point lies in.
    #[inline(always)]
    pub fn nearest(&self, (x, y): Index) -> [u8; 3] {
        let Size { width, height } = self.image.size();
        let (x, y) = ((x + (1 << 31)) >> 32, (y + (1 << 31)) >> 32);
        self.image.pixel(self.along(x, width), self.along(y, height))
    }

    /// Four pixels, weighted.
    #[inline(always)]
    pub fn bilinear(&self, at: Index) -> [u8; 3] {
        let Size { width, height } = self.image.size();
        let ((x, right), (y, below)) = split(at);
        let both = (right * below + 32) >> 6;
        let weights = [(1 << 14) + both - (right << 4) - (below << 4), (right << 4) - both, (below << 4) - both, both];
        let inside = x >= 0 && y >= 0 && x + 1 < i64::from(width) && y + 1 < i64::from(height);
        if inside {
            let start = (y as usize * width as usize + x as usize) * 3;
            let pair = |start: usize| {
                *self.image.data()[start..].as_chunks::<3>().0.first_chunk::<2>().expect("BUG: two pixels")
            };
            let ([a, b], [c, d]) = (pair(start), pair(start + 3 * width as usize));
            return weigh([a, b, c, d], weights);
        }
        let (x0, x1) = (self.along(x, width), self.along(x + 1, width));
        let (y0, y1) = (self.along(y, height), self.along(y + 1, height));
        let pixel = |x, y| self.image.pixel(x, y);
        weigh([pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1)], weights)
    }

    /// Sixteen pixels, weighted along rows and then along the column; between the two with seven more bits.
    #[inline(always)]
    pub fn bicubic(&self, at: Index) -> [u8; 3] {
        let Size { width, height } = self.image.size();
        let ((x, right), (y, below)) = split(at);
        let (across, down) = (&CUBIC[right as usize], &CUBIC[below as usize]);
        let inside = x >= 1 && y >= 1 && x + 2 < i64::from(width) && y + 2 < i64::from(height);
        let mut sums = [1 << 20; 3];
        for line in 0..4 {
            let pixels: [[u8; 3]; 4] = if inside {
                let start = ((y + line - 1) as usize * width as usize + x as usize - 1) * 3;
                *self.image.data()[start..].as_chunks::<3>().0.first_chunk::<4>().expect("BUG: four pixels")
            } else {
                let row = self.along(y + line - 1, height);
                std::array::from_fn(|tap| self.image.pixel(self.along(x + tap as i64 - 1, width), row))
            };
            for (channel, sum) in sums.iter_mut().enumerate() {
                let along: i32 = (0..4).map(|tap| i32::from(across[tap]) * i32::from(pixels[tap][channel])).sum();
                *sum += i32::from(down[line as usize]) * ((along + (1 << 6)) >> 7);
            }
        }
        sums.map(|sum| (sum >> 21).clamp(0, 255) as u8)
    }
}

/// Whole pixels and 1024ths of them.
#[inline(always)]
fn split((x, y): Index) -> ((i64, u32), (i64, u32)) {
    let part = |at: i64| (at >> 32, ((at >> 22) & 1023) as u32);
    (part(x + (1 << 21)), part(y + (1 << 21)))
}

/// Four pixels weighted in 2^14ths: left and right above, left and right below.
#[inline(always)]
fn weigh(corners: [[u8; 3]; 4], weights: [u32; 4]) -> [u8; 3] {
    std::array::from_fn(|channel| {
        let sum: u32 = (0..4).map(|corner| weights[corner] * u32::from(corners[corner][channel])).sum();
        ((sum + (1 << 13)) >> 14) as u8
    })
}

/// Weights of the pixels at −1, 0, 1 and 2 by the 1024ths past pixel 0, in 2^14ths: the cubic of Catmull & Rom 1974
/// (Keys 1981 with a = −½). Rounding is made up for by the larger of the middle two.
static CUBIC: [[i16; 4]; 1024] = {
    const fn rounded(value: i64) -> i16 {
        ((value + (1 << 16)) >> 17) as i16
    }
    let mut table = [[0; 4]; 1024];
    let mut t = 0;
    while t < 1024 {
        let n = t as i64;
        let (square, cube) = (n * n, n * n * n);
        let first = rounded(-cube + (square << 11) - (n << 20));
        let second = rounded(3 * cube - 5 * (square << 10) + (1 << 31));
        let third = rounded(-3 * cube + (square << 12) + (n << 20));
        let last = rounded(cube - (square << 10));
        table[t] = if t <= 512 {
            [first, (1 << 14) - first - third - last, third, last]
        } else {
            [first, second, (1 << 14) - first - second - last, last]
        };
        t += 1;
    }
    table
};

/// How much of a rectangle of `size` a point sees, in 256ths: the rectangle sampled bilinearly.
#[inline(always)]
pub fn coverage((x, y): Index, size: Size) -> u32 {
    let along = |index: i64, length: u32| {
        let index = (index + (1 << 23)) >> 24;
        (index + 256).min((i64::from(length) << 8) - index).clamp(0, 256) as u32
    };
    (along(x, size.width) * along(y, size.height) + 128) >> 8
}

/// As [`coverage`], but all or nothing: whether the point lies in the rectangle.
#[inline(always)]
pub fn whole_coverage((x, y): Index, size: Size) -> u32 {
    let within = |at: i64, length: u32| (0..i64::from(length)).contains(&((at + (1 << 31)) >> 32));
    if within(x, size.width) && within(y, size.height) { 256 } else { 0 }
}

/// `seen` 256ths of a pixel over the rest of a fill.
#[inline(always)]
pub fn over(pixel: [u8; 3], seen: u32, fill: [u8; 3]) -> [u8; 3] {
    std::array::from_fn(|channel| {
        let (shown, fill) = (u32::from(pixel[channel]), u32::from(fill[channel]));
        ((shown * seen + fill * (256 - seen) + 128) >> 8) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubic_weights_sum_to_one_and_are_symmetric() {
        assert_eq!(CUBIC[0], [0, 1 << 14, 0, 0]);
        assert_eq!(CUBIC[512], [-1024, 9216, 9216, -1024]);
        for t in 1..1024 {
            let weights = CUBIC[t];
            assert_eq!(weights.iter().map(|weight| i32::from(*weight)).sum::<i32>(), 1 << 14);
            let mut mirrored = CUBIC[1024 - t];
            mirrored.reverse();
            assert_eq!(weights, mirrored, "{t}");
        }
    }

    #[test]
    fn names_are_those_that_parse() {
        for name in Interpolation::NAMES {
            let interpolation = Interpolation::parse(name).unwrap();
            assert_eq!(format!("{interpolation:?}").to_lowercase(), *name);
        }
    }

    #[test]
    fn whole_pixels_are_read_as_they_are() {
        let image = Image::from_fn(Size::new(6, 5), |x, y| [x as u8 * 40, y as u8 * 50, 255 - (x * y) as u8]);
        let source = Source { image: &image, mirrored: false };
        for (x, y) in [(0, 0), (5, 4), (2, 3), (3, 0)] {
            let at = (i64::from(x) << 32, i64::from(y) << 32);
            assert_eq!([source.nearest(at), source.bilinear(at), source.bicubic(at)], [image.pixel(x, y); 3]);
        }
        assert_eq!(source.nearest((-(1 << 31), (1 << 31) - 1)), image.pixel(0, 0));
        assert_eq!(whole_coverage((-(1 << 31), (5 << 32) - (1 << 31) - 1), Size::new(6, 5)), 256);
        assert_eq!(whole_coverage((-(1 << 31) - 1, 0), Size::new(6, 5)), 0);
        assert_eq!(whole_coverage((0, (9 << 31)), Size::new(6, 5)), 0);
    }
}
