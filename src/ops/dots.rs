//! Ops that hit single pixels: salt and pepper, dropout.
//!
//! Each pixel has 32 random bits of its own, compared with the fraction: a pixel that is hit at some fraction is hit at
//! every higher one.

use super::spec::{Fill, micro};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::noise::Lanes;
use crate::effect::resample::border_median;
use crate::number::Micro;
use crate::pixels::Image;

/// 32-bit values below this are hit; 2^32 for all of them.
fn threshold(fraction: f64) -> u64 {
    (fraction.clamp(0.0, 1.0) * (1u64 << 32) as f64).round_ties_even() as u64
}

/// Calls `hit(row, x, bits)` for the pixels whose bits are below `threshold`, row by row; every row starts a new step of
/// the generators.
fn for_hits(image: &mut Image, key: &Digest, threshold: u64, mut hit: impl FnMut(&mut [[u8; 3]], usize, u64)) {
    let width = 3 * image.size().width as usize;
    let mut lanes = Lanes::new(key);
    for row in image.data_mut().chunks_exact_mut(width) {
        let row = row.as_chunks_mut::<3>().0;
        for first in (0..row.len()).step_by(8) {
            let bits = lanes.step();
            // At the usual fractions most of eight are not hit.
            if bits.iter().all(|bits| u64::from(*bits) >= threshold) {
                continue;
            }
            for (x, bits) in (first..row.len()).zip(bits) {
                if u64::from(bits) < threshold {
                    hit(row, x, bits.into());
                }
            }
        }
    }
}

crate::op! {
    /// Turns single pixels white (salt) or black (pepper), as dead sensor cells, dust and bad thresholding do.
    op "salt_pepper", revision 1, Noise, effects ["noise"], example "fraction = { log = [0.002, 0.05] }";
    SaltPepper {
        /// Of all pixels.
        fraction: Micro = micro(0, 1_000_000, "fraction"),
        /// How many of them are white: 0 is pepper alone, 1 is salt alone.
        salt: Micro = micro(0, 1_000_000, "fraction").or_micro(500_000),
    }
}

impl SaltPepper {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Specks { fraction: self.fraction, salt: self.salt, key: lowering.key() });
    }
}

#[derive(Debug)]
struct Specks {
    fraction: Micro,
    salt: Micro,
    key: Digest,
}

impl Custom for Specks {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let hit = threshold(self.fraction.to_f64());
        let salted = threshold(self.fraction.to_f64() * self.salt.to_f64());
        for_hits(image, &self.key, hit, |row, x, bits| row[x] = if bits < salted { [255; 3] } else { [0; 3] });
    }
}

crate::op! {
    /// Replaces single pixels by a colour (albumentations' `PixelDropout`).
    op "pixel_dropout", revision 1, Noise, effects ["noise"], example "fraction = [0.005, 0.05], fill = { choose = [\"white\", \"black\"] }";
    PixelDropout {
        /// Of all pixels.
        fraction: Micro = micro(0, 1_000_000, "fraction"),
        /// What they become; `edge` and `reflect` take the pixel to the left.
        fill: Fill = super::spec::fill(),
    }
}

impl PixelDropout {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Dropout { fraction: self.fraction, fill: self.fill, key: lowering.key() });
    }
}

#[derive(Debug)]
struct Dropout {
    fraction: Micro,
    fill: Fill,
    key: Digest,
}

impl Custom for Dropout {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let color = match self.fill {
            Fill::Color(color) => Some(color),
            Fill::Median => Some(border_median(image)),
            Fill::Edge | Fill::Reflect => None,
        };
        for_hits(image, &self.key, threshold(self.fraction.to_f64()), |row, x, _| {
            row[x] = color.unwrap_or(row[x.saturating_sub(1)]);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Size;

    fn apply(pass: &dyn Custom, level: u8) -> Image {
        let mut image = Image::filled(Size::new(301, 200), [level; 3]);
        pass.apply(&mut image, &mut Buffers::default());
        image
    }

    fn specks(fraction: f64, salt: f64) -> Image {
        let micro = |value| Micro::from_f64(value).unwrap();
        apply(&Specks { fraction: micro(fraction), salt: micro(salt), key: Digest::of(b"k") }, 128)
    }

    fn share(image: &Image, level: u8) -> f64 {
        let pixels = image.data().as_chunks::<3>().0;
        pixels.iter().filter(|pixel| **pixel == [level; 3]).count() as f64 / pixels.len() as f64
    }

    #[test]
    fn salt_and_pepper_have_their_shares() {
        for (fraction, salt) in [(0.01, 0.5), (0.2, 0.1), (1.0, 0.75), (0.3, 0.0), (0.3, 1.0)] {
            let image = specks(fraction, salt);
            let near = |found: f64, expected: f64| (found - expected).abs() <= 4.0 * (expected / 60_200.0).sqrt();
            assert!(near(share(&image, 255), fraction * salt), "{fraction} {salt}");
            assert!(near(share(&image, 0), fraction * (1.0 - salt)), "{fraction} {salt}");
            assert!(near(share(&image, 128), 1.0 - fraction), "{fraction} {salt}");
        }
    }

    #[test]
    fn what_a_fraction_hits_a_higher_one_hits_too() {
        let (few, many) = (specks(0.02, 1.0), specks(0.1, 1.0));
        assert!(few.data().iter().zip(many.data()).all(|(few, many)| few <= many));
    }

    #[test]
    fn dropout_fills_with_its_colour_or_the_pixel_beside() {
        let drop = |fraction, fill, image: &Image| {
            let mut image = image.clone();
            let pass = Dropout { fraction: Micro::from_f64(fraction).unwrap(), fill, key: Digest::of(b"k") };
            pass.apply(&mut image, &mut Buffers::default());
            image
        };
        let ramp = Image::from_fn(Size::new(90, 40), |x, y| [x as u8 + 1, y as u8, 7]);
        assert_eq!(drop(1.0, Fill::Color([1, 2, 3]), &ramp), Image::filled(ramp.size(), [1, 2, 3]));
        assert_eq!(drop(1.0, Fill::Median, &ramp), Image::filled(ramp.size(), border_median(&ramp)));
        let beside = drop(0.1, Fill::Edge, &ramp);
        let moved: Vec<u32> = (0..40)
            .flat_map(|y| (0..90).map(move |x| (x, y)))
            .map(|(x, y)| x + 1 - u32::from(beside.pixel(x, y)[0]))
            .collect();
        assert!(moved.contains(&1) && moved.iter().filter(|left| **left > 1).count() < 60);
    }
}
