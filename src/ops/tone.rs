//! Ops that set the tones by the image's own histogram: equalize, auto-contrast. The local kind stands in `clahe.rs`.

use super::spec::{micro, number, word};
use crate::effect::Lowering;
pub use crate::effect::color::luma;
use crate::effect::curve::Tables;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::pixels::Image;

/// How often each level occurs.
type Histogram = [u64; 256];

/// Moves a pixel's luma from one level to another; the differences between its channels stay, until they are cut off.
pub fn with_luma(pixel: [u8; 3], from: u8, to: u8) -> [u8; 3] {
    let by = i16::from(to) - i16::from(from);
    pixel.map(|sample| (i16::from(sample) + by).clamp(0, 255) as u8)
}

fn luma_histogram(image: &Image) -> Histogram {
    let mut histogram = [0; 256];
    for pixel in image.data().as_chunks::<3>().0 {
        histogram[usize::from(luma(*pixel))] += 1;
    }
    histogram
}

fn histograms(image: &Image) -> [Histogram; 3] {
    let mut histograms = [[0; 256]; 3];
    for pixel in image.data().as_chunks::<3>().0 {
        for (histogram, sample) in histograms.iter_mut().zip(pixel) {
            histogram[usize::from(*sample)] += 1;
        }
    }
    histograms
}

const IDENTITY: [u8; 256] = {
    let mut table = [0; 256];
    let mut level = 0;
    while level < 256 {
        table[level] = level as u8;
        level += 1;
    }
    table
};

crate::op! {
    /// Spreads the levels so that each is about as frequent as every other (Pillow's `ImageOps.equalize`). On a page that
    /// is mostly paper this is harsh; see `strength`, and `clahe`.
    op "equalize", revision 1, Colour, effects [], example "strength = [0.2, 0.6], channels = \"luma\"";
    Equalize {
        /// Between the image (0) and the equalized one (1).
        strength: Micro = micro(0, 1_000_000, "fraction").or(1),
        /// `independent`: each channel by its own histogram, as Pillow does, which shifts hues. `luma`: by the histogram
        /// of the luma, the differences between channels kept.
        channels: &'static str = word(&["independent", "luma"]).or_word("independent"),
    }
}

impl Equalize {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Equalized { strength: self.strength, by_luma: self.channels == "luma" });
    }
}

#[derive(Debug)]
struct Equalized {
    strength: Micro,
    by_luma: bool,
}

impl Equalized {
    fn table(&self, histogram: &Histogram) -> [u8; 256] {
        let last = histogram.iter().rfind(|count| **count > 0).copied().unwrap_or(0);
        let step = (histogram.iter().sum::<u64>() - last) / 255;
        if step == 0 {
            return IDENTITY;
        }
        let mut below = step / 2;
        std::array::from_fn(|level| {
            let equal = (below / step).min(255) as f64;
            below += histogram[level];
            let level = level as f64;
            (level + self.strength.to_f64() * (equal - level)).round_ties_even() as u8
        })
    }
}

impl Custom for Equalized {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        if self.by_luma {
            let table = self.table(&luma_histogram(image));
            for pixel in image.data_mut().as_chunks_mut::<3>().0 {
                let level = luma(*pixel);
                *pixel = with_luma(*pixel, level, table[usize::from(level)]);
            }
        } else {
            Tables(histograms(image).map(|histogram| self.table(&histogram))).apply(image.data_mut());
        }
    }
}

crate::op! {
    /// Stretches the levels until the darkest is 0 and the lightest 255, as scanner drivers do (Pillow's
    /// `ImageOps.autocontrast`).
    op "auto_contrast", revision 1, Colour, effects [], example "cutoff = [0, 10]";
    AutoContrast {
        /// How many of the darkest and of the lightest samples are cut off first, each.
        cutoff: Micro = number(0, 49, "percent").or(0),
        /// `independent`: each channel by its own levels, which takes a cast of colour away. `luma`: all channels alike,
        /// by the levels of the luma (Pillow's `preserve_tone`).
        channels: &'static str = word(&["independent", "luma"]).or_word("independent"),
    }
}

impl AutoContrast {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Stretched { cutoff: self.cutoff, by_luma: self.channels == "luma" });
    }
}

#[derive(Debug)]
struct Stretched {
    cutoff: Micro,
    by_luma: bool,
}

impl Stretched {
    fn table(&self, histogram: &Histogram) -> [u8; 256] {
        let total: u64 = histogram.iter().sum();
        let cut = (u128::from(total) * self.cutoff.millionths() as u128 / 100_000_000) as u64;
        let (mut darker, mut lighter) = (0, 0);
        let beyond = |seen: &mut u64, level: usize| {
            *seen += histogram[level];
            *seen > cut
        };
        let low = (0..256).find(|level| beyond(&mut darker, *level));
        let high = (0..256).rfind(|level| beyond(&mut lighter, *level));
        let (Some(low), Some(high)) = (low, high) else { return IDENTITY };
        if high <= low {
            return IDENTITY;
        }
        let span = high - low;
        std::array::from_fn(|level| ((level.clamp(low, high) - low) * 255 + span / 2).div_euclid(span) as u8)
    }
}

impl Custom for Stretched {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let tables = if self.by_luma {
            [self.table(&luma_histogram(image)); 3]
        } else {
            histograms(image).map(|histogram| self.table(&histogram))
        };
        Tables(tables).apply(image.data_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Size;
    use proptest::prelude::*;

    fn stretched(image: &Image, cutoff: i64, by_luma: bool) -> Image {
        let mut image = image.clone();
        Stretched { cutoff: Micro::from_int(cutoff), by_luma }.apply(&mut image, &mut Buffers::default());
        image
    }

    fn equalized(image: &Image, by_luma: bool) -> Image {
        let mut image = image.clone();
        Equalized { strength: Micro::ONE, by_luma }.apply(&mut image, &mut Buffers::default());
        image
    }

    /// Few levels, uneven.
    fn faded() -> Image {
        Image::from_fn(Size::new(100, 50), |x, y| [120 + (x * y % 70) as u8, 90 + (x % 50) as u8, 200 - y as u8])
    }

    #[test]
    fn auto_contrast_spreads_each_channel_over_all_levels_once() {
        let once = stretched(&faded(), 0, false);
        for channel in 0..3 {
            let levels = || once.data().iter().skip(channel).step_by(3);
            assert_eq!((levels().min(), levels().max()), (Some(&0), Some(&255)));
        }
        assert_eq!(stretched(&once, 0, false), once);
        let flat = Image::filled(Size::new(5, 5), [9, 99, 199]);
        assert_eq!(stretched(&flat, 10, false), flat);
    }

    #[test]
    fn auto_contrast_by_luma_keeps_the_tone_and_cuts_off_its_share() {
        let image = Image::from_fn(Size::new(100, 100), |x, _| [100 + x as u8; 3]);
        let cut = stretched(&image, 10, true);
        assert_eq!((cut.pixel(9, 0)[0], cut.pixel(10, 0)[0], cut.pixel(89, 0)[0]), (0, 0, 255));
        assert!(cut.pixel(11, 0)[0] > 0 && cut.pixel(88, 0)[0] < 255);
    }

    #[test]
    fn equal_levels_are_equally_frequent() {
        for by_luma in [false, true] {
            let image = equalized(&faded(), by_luma);
            for histogram in if by_luma { vec![luma_histogram(&image)] } else { histograms(&image).to_vec() } {
                // A level of the original stays in one piece, here up to 5 % of the pixels.
                let mut below = 0;
                for quarter in 1..4 {
                    below += histogram[64 * (quarter - 1)..64 * quarter].iter().sum::<u64>();
                    assert!(below.abs_diff(1250 * quarter as u64) < 300, "{quarter}: {below}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn tables_never_fall(histogram in prop::collection::vec(0u64..1000, 256), cutoff in 0i64..50, strength in 0.0f64..=1.0) {
            let histogram: Histogram = histogram.try_into().unwrap();
            let stretched = Stretched { cutoff: Micro::from_int(cutoff), by_luma: false }.table(&histogram);
            prop_assert!(stretched.is_sorted());
            let equalized = Equalized { strength: Micro::nearest(strength), by_luma: false }.table(&histogram);
            prop_assert!(equalized.is_sorted());
        }
    }
}
