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

/// The nearest whole number, ties to even, of a value below 2^51: added to 1.5 · 2^52, it stands in the low bits.
/// `round_ties_even` is a call on plain x86-64, and keeps loops from becoming vectors.
#[inline(always)]
pub fn whole(value: f64) -> i64 {
    const ROUND: f64 = (3u64 << 51) as f64;
    (value + ROUND).to_bits() as i64 - ROUND.to_bits() as i64
}

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

    /// Where the first of `N` samples stands, of the pixel in column `x`, row `y` and those after it; they have to be there.
    #[inline(always)]
    fn run<const N: usize>(&self, x: i64, y: i64) -> Option<&[u8; N]> {
        let start = (y as usize * self.image.size().width as usize + x as usize) * 3;
        self.image.data().get(start..start + N)?.first_chunk()
    }
}

/// One of the interpolations. Most points lie well inside, where reading is quick and no border is seen.
pub trait Tap {
    /// The image at a point of which all pixels that count lie in the image, so that it sees nothing else; `None` for a
    /// point of which some do not, and for a few others near the end of the image.
    fn within(source: Source<'_>, at: Index) -> Option<[u8; 3]>;

    /// The image at any point.
    fn anywhere(source: Source<'_>, at: Index) -> [u8; 3];

    /// How much of a rectangle of `size` a point sees, in 256ths.
    fn coverage(at: Index, size: Size) -> u32;
}

/// See [`Interpolation::Nearest`].
pub struct Nearest;

impl Nearest {
    #[inline(always)]
    fn pixel((x, y): Index) -> Index {
        ((x + (1 << 31)) >> 32, (y + (1 << 31)) >> 32)
    }
}

impl Tap for Nearest {
    #[inline(always)]
    fn within(source: Source<'_>, at: Index) -> Option<[u8; 3]> {
        let (Size { width, height }, (x, y)) = (source.image.size(), Self::pixel(at));
        let inside = x >= 0 && y >= 0 && x < i64::from(width) && y < i64::from(height);
        if inside { source.run(x, y).copied() } else { None }
    }

    fn anywhere(source: Source<'_>, at: Index) -> [u8; 3] {
        let (Size { width, height }, (x, y)) = (source.image.size(), Self::pixel(at));
        source.image.pixel(source.along(x, width), source.along(y, height))
    }

    /// All or nothing: whether the point lies in the rectangle.
    #[inline(always)]
    fn coverage(at: Index, size: Size) -> u32 {
        let (x, y) = Self::pixel(at);
        if x >= 0 && y >= 0 && x < i64::from(size.width) && y < i64::from(size.height) { 256 } else { 0 }
    }
}

/// See [`Interpolation::Bilinear`].
pub struct Bilinear;

impl Bilinear {
    /// The weights of the four pixels, left and right above, left and right below, in 2^14ths.
    #[inline(always)]
    fn weights(right: u32, below: u32) -> [u32; 4] {
        let both = (right * below + 32) >> 6;
        [(1 << 14) + both - (right << 4) - (below << 4), (right << 4) - both, (below << 4) - both, both]
    }

    /// Four pixels, left and right above, left and right below, at 1024ths from the first.
    #[inline(always)]
    pub fn weigh(corners: [[u8; 3]; 4], right: u32, below: u32) -> [u8; 3] {
        let weights = Self::weights(right, below);
        std::array::from_fn(|channel| {
            let sum: u32 = (0..4).map(|corner| weights[corner] * u32::from(corners[corner][channel])).sum();
            ((sum + (1 << 13)) >> 14) as u8
        })
    }
}

impl Tap for Bilinear {
    #[inline(always)]
    fn within(source: Source<'_>, at: Index) -> Option<[u8; 3]> {
        let Size { width, height } = source.image.size();
        let ((x, right), (y, below)) = split(at);
        if x < 0 || y < 0 || x + 1 >= i64::from(width) || y + 1 >= i64::from(height) {
            return None;
        }
        // Two pixels of a row are six of these eight bytes. Two sums fit into 64 bits.
        let above = u64::from_le_bytes(*source.run(x, y)?);
        let under = u64::from_le_bytes(*source.run(x, y + 1)?);
        let [a, b, c, d] = Self::weights(right, below).map(u64::from);
        let one = |shift: u32| {
            let level = |pixels: u64, shift: u32| (pixels >> shift) & 255;
            a * level(above, shift)
                + b * level(above, shift + 24)
                + c * level(under, shift)
                + d * level(under, shift + 24)
        };
        let two = |pixels: u64, shift: u32| ((pixels >> shift) & 255) | ((pixels >> shift & 0xff_0000) << 16);
        let both = a * two(above, 0) + b * two(above, 24) + c * two(under, 0) + d * two(under, 24);
        let rounded = |sum: u64| ((sum + (1 << 13)) >> 14) as u8;
        Some([rounded(both & 0xffff_ffff), rounded(one(8)), rounded(both >> 32)])
    }

    fn anywhere(source: Source<'_>, at: Index) -> [u8; 3] {
        let Size { width, height } = source.image.size();
        let ((x, right), (y, below)) = split(at);
        let (x0, x1) = (source.along(x, width), source.along(x + 1, width));
        let (y0, y1) = (source.along(y, height), source.along(y + 1, height));
        let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| source.image.pixel(x, y));
        Self::weigh(corners, right, below)
    }

    /// The rectangle sampled bilinearly.
    #[inline(always)]
    fn coverage((x, y): Index, size: Size) -> u32 {
        let along = |index: i64, length: u32| {
            let index = (index + (1 << 23)) >> 24;
            (index + 256).min((i64::from(length) << 8) - index).clamp(0, 256) as u32
        };
        (along(x, size.width) * along(y, size.height) + 128) >> 8
    }
}

/// See [`Interpolation::Bicubic`].
pub struct Bicubic;

impl Bicubic {
    /// Four rows of four pixels, weighted down columns and then along the row; between the two with six more bits, so that
    /// every factor fits into 16 bits.
    #[inline(always)]
    fn weigh(rows: [[u8; 12]; 4], right: u32, below: u32) -> [u8; 3] {
        let (across, down) = (&CUBIC[right as usize], &CUBIC[below as usize]);
        let mut columns = [0i16; 12];
        for (tap, column) in columns.iter_mut().enumerate() {
            let mut sum = 1 << 7;
            for (row, weight) in rows.iter().zip(down) {
                sum += i32::from(row[tap]) * i32::from(*weight);
            }
            *column = (sum >> 8) as i16;
        }
        let mut pixel = [0; 3];
        for (channel, level) in pixel.iter_mut().enumerate() {
            let mut sum = 1 << 19;
            for (tap, weight) in across.iter().enumerate() {
                sum += i32::from(columns[tap * 3 + channel]) * i32::from(*weight);
            }
            *level = (sum >> 20).clamp(0, 255) as u8;
        }
        pixel
    }
}

impl Tap for Bicubic {
    #[inline(always)]
    fn within(source: Source<'_>, at: Index) -> Option<[u8; 3]> {
        let Size { width, height } = source.image.size();
        let ((x, right), (y, below)) = split(at);
        if x < 1 || y < 1 || x + 2 >= i64::from(width) || y + 2 >= i64::from(height) {
            return None;
        }
        let row = |line: i64| source.run(x - 1, y + line).copied();
        Some(Self::weigh([row(-1)?, row(0)?, row(1)?, row(2)?], right, below))
    }

    fn anywhere(source: Source<'_>, at: Index) -> [u8; 3] {
        let Size { width, height } = source.image.size();
        let ((x, right), (y, below)) = split(at);
        let mut rows = [[0; 12]; 4];
        for (line, row) in (-1..).zip(&mut rows) {
            for (tap, pixel) in (-1..).zip(row.as_chunks_mut::<3>().0) {
                *pixel = source.image.pixel(source.along(x + tap, width), source.along(y + line, height));
            }
        }
        Self::weigh(rows, right, below)
    }

    fn coverage(at: Index, size: Size) -> u32 {
        Bilinear::coverage(at, size)
    }
}

/// The 1024ths past a whole pixel.
#[inline(always)]
pub fn fraction(at: i64) -> u32 {
    ((at >> 22) & 1023) as u32
}

/// Whole pixels and 1024ths of them.
#[inline(always)]
fn split((x, y): Index) -> ((i64, u32), (i64, u32)) {
    let part = |at: i64| (at >> 32, fraction(at));
    (part(x + (1 << 21)), part(y + (1 << 21)))
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

/// An image on a fill, or with no end where there is none, at any point.
#[inline(always)]
pub fn read<T: Tap>(source: Source<'_>, at: Index, fill: Option<[u8; 3]>) -> [u8; 3] {
    T::within(source, at).unwrap_or_else(|| match fill {
        None => T::anywhere(source, at),
        Some(fill) => match T::coverage(at, source.image.size()) {
            0 => fill,
            seen => over(T::anywhere(source, at), seen, fill),
        },
    })
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
    fn whole_numbers_are_rounded_to_even() {
        for value in [0.0, -0.5, 0.5, 1.5, -1.5, 2.5, 0.499_999, -7.3, 1e12 + 0.5, -1e12 - 1.5, 1_099_511_627_776.0] {
            assert_eq!(whole(value), value.round_ties_even() as i64, "{value}");
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
        for (x, y) in [(0, 0), (5, 4), (2, 3), (3, 0), (2, 2)] {
            let at = (i64::from(x) << 32, i64::from(y) << 32);
            let read = [Nearest::anywhere(source, at), Bilinear::anywhere(source, at), Bicubic::anywhere(source, at)];
            assert_eq!(read, [image.pixel(x, y); 3]);
        }
        assert_eq!(Nearest::anywhere(source, (-(1 << 31), (1 << 31) - 1)), image.pixel(0, 0));
        assert_eq!(Nearest::coverage((-(1 << 31), (5 << 32) - (1 << 31) - 1), Size::new(6, 5)), 256);
        assert_eq!(Nearest::coverage((-(1 << 31) - 1, 0), Size::new(6, 5)), 0);
        assert_eq!(Nearest::coverage((0, 9 << 31), Size::new(6, 5)), 0);
    }

    #[test]
    fn what_is_read_within_is_what_is_read_anywhere_and_sees_no_border() {
        fn check<T: Tap>(source: Source<'_>) {
            let mut rng = crate::seed::Rng::from_digest(&crate::digest::Digest::of(b"taps"));
            let mut within = 0;
            for _ in 0..20_000 {
                let at = ((rng.bits() % (11 << 32)) as i64 - (1 << 32), (rng.bits() % (9 << 32)) as i64 - (1 << 32));
                if let Some(pixel) = T::within(source, at) {
                    assert_eq!((pixel, 256), (T::anywhere(source, at), T::coverage(at, source.image.size())));
                    within += 1;
                }
            }
            assert!(within > 4_000, "{within}");
        }
        let mut rng = crate::seed::Rng::from_digest(&crate::digest::Digest::of(b"noise"));
        let image = Image::from_fn(Size::new(9, 7), |_, _| std::array::from_fn(|_| (rng.bits() % 3) as u8 * 127));
        let source = Source { image: &image, mirrored: true };
        check::<Nearest>(source);
        check::<Bilinear>(source);
        check::<Bicubic>(source);
    }
}
