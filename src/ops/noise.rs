//! Ops that add noise to every pixel: Gaussian, speckle, a sensor's.
//!
//! All of them take their deviates from the integer generators of [`effect::noise`](crate::effect::noise), row by row, so
//! that no path, thread or CPU gives other ones. What hits single pixels instead stands in `dots.rs`.

use super::spec::{micro, number, word};
use crate::digest::{Digest, Hasher};
use crate::effect::custom::{Buffers, Custom};
use crate::effect::noise::{CHUNK, DEVIATION, Lanes, Noise, Scale};
use crate::effect::{Effect, Lowering};
use crate::number::Micro;
use crate::pixels::Image;

/// What noise may be drawn for: every channel, or the pixel.
const CHANNELS: &[&str] = &["independent", "grey"];

crate::op! {
    /// Adds signed Gaussian noise to every pixel, rounded to whole grey levels; saturates at 0 and 255.
    op "gaussian_noise", revision 1, Noise, effects ["noise"], example "sigma = { log = [2, 40] }";
    GaussianNoise {
        /// Standard deviation. 2.5 is 1 % of full scale.
        sigma: Micro = number(0, 255, "grey levels"),
        /// `independent`: each channel has its own deviate. `grey`: the three channels of a pixel share one, so that
        /// grey stays grey.
        channels: &'static str = word(CHANNELS).or_word("independent"),
    }
}

impl GaussianNoise {
    fn lower(&self, lowering: &mut Lowering) {
        let (sigma, key) = (self.sigma, lowering.key());
        match self.channels {
            "grey" => lowering.custom(GreyNoise { sigma, key }),
            _ => lowering.push(Effect::Noise(Noise { sigma, key })),
        }
    }
}

/// [`Noise`] with one deviate a pixel. Every row starts a new chunk of deviates.
#[derive(Debug)]
struct GreyNoise {
    sigma: Micro,
    key: Digest,
}

impl Custom for GreyNoise {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let scale = Scale::new(self.sigma);
        let mut lanes = Lanes::new(&self.key);
        for_rows(image, |row| {
            for chunk in row.as_chunks_mut::<3>().0.chunks_mut(CHUNK) {
                for (pixel, deviate) in chunk.iter_mut().zip(lanes.deviates()) {
                    let levels = scale.apply(deviate);
                    *pixel = pixel.map(|sample| (i16::from(sample) + levels).clamp(0, 255) as u8);
                }
            }
        });
    }
}

crate::op! {
    /// Multiplies every pixel by a gain about 1, drawn from a normal law (speckle; MATLAB's `imnoise` and scikit-image's
    /// `random_noise`, both `"speckle"`): light paper gets grainy, black ink stays black. Saturates at 0 and 255.
    op "multiplicative_noise", revision 1, Noise, effects ["noise"], example "sigma = [0.04, 0.15]";
    MultiplicativeNoise {
        /// Standard deviation of the gain: 0.1 is 10 % of the pixel's own level.
        sigma: Micro = number(0, 1, "fraction"),
        /// `independent`: each channel has its own gain. `grey`: the three channels of a pixel share one, so that the
        /// colour keeps its hue.
        channels: &'static str = word(CHANNELS).or_word("independent"),
    }
}

impl MultiplicativeNoise {
    fn lower(&self, lowering: &mut Lowering) {
        let channels = if self.channels == "grey" { 1 } else { 3 };
        lowering.custom(Speckle { sigma: self.sigma, channels, key: lowering.key() });
    }
}

#[derive(Debug)]
struct Speckle {
    sigma: Micro,
    /// Deviates per pixel: 1 or 3.
    channels: usize,
    key: Digest,
}

impl Custom for Speckle {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let factor = (self.sigma.to_f64() / DEVIATION * f64::from(1 << 28)).round_ties_even() as i32;
        // With 15 fractional bits; a deviate is below 2^15 and the factor below 2^16.
        let gain = |deviate: i32| (1 << 15) + ((deviate * factor + (1 << 12)) >> 13);
        let times = |sample: u8, gain: i32| ((i32::from(sample) * gain + (1 << 14)) >> 15).clamp(0, 255) as u8;
        let mut lanes = Lanes::new(&self.key);
        let mut deviates = buffers.numbers(image.size().width as usize * self.channels);
        for_rows(image, |row| {
            fill(&mut lanes, &mut deviates);
            if self.channels == 3 {
                for (sample, deviate) in row.iter_mut().zip(&deviates) {
                    *sample = times(*sample, gain(*deviate));
                }
            } else {
                for (pixel, deviate) in row.as_chunks_mut::<3>().0.iter_mut().zip(&deviates) {
                    let gain = gain(*deviate);
                    *pixel = pixel.map(|sample| times(sample, gain));
                }
            }
        });
        buffers.give_numbers(deviates);
    }
}

crate::op! {
    /// Adds the noise of a small camera at a high sensitivity. The model is Foi et al. 2008, "Practical
    /// Poissonian-Gaussian noise modeling": in linear light, a channel that received `e` electrons has the variance
    /// `e + r²` (photons, and `r` = 2 electrons of reading; the Poisson law taken as normal). White is 500,000 electrons
    /// over the ISO number. As a picture is coded by a power, ink and shadows get noisier than paper. Part of the noise
    /// is shared by the channels (grain), part is each channel's own and as coarse as two pixels, as demosaicing leaves it.
    op "iso_noise", revision 1, Noise, effects ["noise"], example "iso = { log = [1000, 8000] }, color = [0.2, 0.7]";
    IsoNoise {
        /// Sensitivity: on white paper about 3 grey levels of deviation at 400, 6.5 at 1600, 13 at 6400.
        iso: Micro = number(50, 12_800, "ISO"),
        /// Share of the variance that differs between channels: 0 is grey grain, 1 is colour noise alone.
        color: Micro = micro(0, 1_000_000, "fraction").or_micro(500_000),
    }
}

impl IsoNoise {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Sensor { iso: self.iso, color: self.color, key: lowering.key() });
    }
}

#[derive(Debug)]
struct Sensor {
    iso: Micro,
    color: Micro,
    key: Digest,
}

const WHITE_ELECTRONS: f64 = 500_000.0;
const READ_ELECTRONS: f64 = 2.0;

/// Linear light of an sRGB value, both 0 to 1 (IEC 61966-2-1).
fn linear(value: f64) -> f64 {
    if value <= 0.040_45 { value / 12.92 } else { libm::pow((value + 0.055) / 1.055, 2.4) }
}

/// The sRGB level of linear light, by its upper 13 of 16 bits.
fn coded() -> Vec<u8> {
    let mut table = vec![0; 8192];
    let mut level = 0u8;
    let mut next = linear(0.5 / 255.0);
    for (index, entry) in table.iter_mut().enumerate() {
        while level < 255 && index as f64 + 0.5 >= next * 8192.0 {
            level += 1;
            next = linear((f64::from(level) + 0.5) / 255.0);
        }
        *entry = level;
    }
    table
}

impl Sensor {
    /// Per level: its light, and the light of a unit deviate; with 16 and 28 fractional bits.
    fn levels(&self) -> [(i32, i32); 256] {
        let white = WHITE_ELECTRONS / self.iso.to_f64();
        std::array::from_fn(|level| {
            let light = linear(level as f64 / 255.0);
            let deviation = (light * white + READ_ELECTRONS * READ_ELECTRONS).sqrt() / white;
            let fixed = |value: f64, bits: u32| (value * f64::from(1 << bits)).round_ties_even() as i32;
            (fixed(light, 16), fixed(deviation / DEVIATION, 28))
        })
    }
}

impl Custom for Sensor {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let (levels, coded) = (self.levels(), coded());
        let part = |share: f64| (share.sqrt() * f64::from(1 << 15)).round_ties_even() as i32;
        // A coarse deviate is the sum of four, and twice as wide as one.
        let (grain_part, color_part) = (part(1.0 - self.color.to_f64()), part(self.color.to_f64()) / 2);
        let sub = |name: &str| Hasher::new("augmint iso_noise 1").digest(&self.key).text(name).finish();
        let (mut grain_lanes, mut color_lanes) = (Lanes::new(&sub("grain")), Lanes::new(&sub("color")));
        let width = image.size().width as usize;
        let mut grain = buffers.numbers(width);
        let (mut above, mut here) = (buffers.numbers(3 * width + 3), buffers.numbers(3 * width + 3));
        fill(&mut color_lanes, &mut here);
        for_rows(image, |row| {
            std::mem::swap(&mut above, &mut here);
            fill(&mut grain_lanes, &mut grain);
            fill(&mut color_lanes, &mut here);
            let coarse =
                above.windows(4).zip(here.windows(4)).map(|(above, here)| above[0] + above[3] + here[0] + here[3]);
            let grain = grain.iter().flat_map(|deviate| [*deviate; 3]);
            for ((sample, grain), coarse) in row.iter_mut().zip(grain).zip(coarse) {
                let deviate = ((grain * grain_part) >> 15) + ((coarse * color_part) >> 15);
                let (light, unit) = levels[usize::from(*sample)];
                let light = light + ((deviate * unit) >> 12);
                *sample = coded[(light >> 3).clamp(0, 8191) as usize];
            }
        });
        buffers.give_numbers(grain);
        buffers.give_numbers(above);
        buffers.give_numbers(here);
    }
}

/// Every row of samples, from top to bottom.
fn for_rows(image: &mut Image, row: impl FnMut(&mut [u8])) {
    let width = 3 * image.size().width as usize;
    image.data_mut().chunks_exact_mut(width).for_each(row);
}

/// A row of deviates; the rest of its last chunk is dropped.
fn fill(lanes: &mut Lanes, row: &mut [i32]) {
    for chunk in row.chunks_mut(CHUNK) {
        for (value, deviate) in chunk.iter_mut().zip(lanes.deviates()) {
            *value = deviate.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Size;

    fn apply(pass: &dyn Custom, color: [u8; 3]) -> Image {
        let mut image = Image::filled(Size::new(401, 300), color);
        pass.apply(&mut image, &mut Buffers::default());
        image
    }

    /// Mean and standard deviation of a channel.
    fn moments(image: &Image, channel: usize) -> (f64, f64) {
        let values = || image.data().iter().skip(channel).step_by(3).map(|value| f64::from(*value));
        let n = values().count() as f64;
        let mean = values().sum::<f64>() / n;
        (mean, (values().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    fn is_grey(image: &Image) -> bool {
        image.data().as_chunks::<3>().0.iter().all(|[red, green, blue]| red == green && green == blue)
    }

    fn micro(value: f64) -> Micro {
        Micro::from_f64(value).unwrap()
    }

    fn speckle(sigma: f64, channels: usize, color: [u8; 3]) -> Image {
        apply(&Speckle { sigma: micro(sigma), channels, key: Digest::of(b"k") }, color)
    }

    fn sensor(iso: i64, color: f64, page: [u8; 3]) -> Image {
        apply(&Sensor { iso: Micro::from_int(iso), color: micro(color), key: Digest::of(b"k") }, page)
    }

    #[test]
    fn grey_noise_keeps_grey_and_has_its_sigma() {
        for sigma in [1.0, 5.0, 30.0] {
            let image = apply(&GreyNoise { sigma: micro(sigma), key: Digest::of(b"k") }, [128; 3]);
            let (mean, deviation) = moments(&image, 1);
            assert!(is_grey(&image) && (mean - 128.0).abs() < 0.02 * sigma, "{mean}");
            assert!((deviation / (sigma * sigma + 1.0 / 12.0).sqrt() - 1.0).abs() < 0.01, "{deviation}");
        }
    }

    #[test]
    fn speckle_grows_with_the_level_and_leaves_black() {
        let image = speckle(0.1, 3, [0, 60, 120]);
        assert_eq!(moments(&image, 0), (0.0, 0.0));
        for (channel, level) in [(1, 60.0f64), (2, 120.0)] {
            let (mean, deviation) = moments(&image, channel);
            assert!((mean / level - 1.0).abs() < 0.002 && (deviation / (0.1 * level).hypot(0.29) - 1.0).abs() < 0.02);
        }
        assert!(!is_grey(&speckle(0.1, 3, [100; 3])) && is_grey(&speckle(0.1, 1, [100; 3])));
        // The largest gain saturates instead of wrapping.
        let image = speckle(1.0, 3, [255, 128, 1]);
        assert!(image.data().iter().skip(1).step_by(3).any(|value| *value == 255));
    }

    #[test]
    fn a_sensor_is_noisier_at_high_sensitivity_and_in_the_dark() {
        for (iso, expected) in [(400, 3.32), (1600, 6.7), (6400, 13.9)] {
            let image = sensor(iso, 0.5, [200; 3]);
            let (_, deviation) = moments(&image, 1);
            let light = image.data().iter().map(|value| linear(f64::from(*value) / 255.0)).sum::<f64>();
            let mean = light / image.data().len() as f64 / linear(200.0 / 255.0);
            assert!((mean - 1.0).abs() < 0.002, "{iso}: {mean} of the light");
            assert!((deviation / expected - 1.0).abs() < 0.03, "{iso}: {deviation}");
            assert!(moments(&sensor(iso, 0.5, [60; 3]), 1).1 > 1.1 * deviation, "{iso}");
        }
    }

    #[test]
    fn colour_noise_is_its_share_and_coarse() {
        assert!(is_grey(&sensor(1600, 0.0, [180; 3])));
        let image = sensor(1600, 0.75, [180; 3]);
        let ((mean, deviation), pixels) = (moments(&image, 0), image.data().as_chunks::<3>().0);
        let product = |a: u8, b: u8| (f64::from(a) - mean) * (f64::from(b) - mean);
        let n = pixels.len() as f64 * deviation * deviation;
        let correlated = pixels.iter().map(|pixel| product(pixel[0], pixel[1])).sum::<f64>() / n;
        let beside = pixels.windows(2).map(|pair| product(pair[0][0], pair[1][0])).sum::<f64>() / n;
        // A quarter of the variance is shared; of the rest, half with the pixel to the left.
        assert!((correlated - 0.25).abs() < 0.03 && (beside - 0.375).abs() < 0.03, "{correlated} {beside}");
    }

    #[test]
    fn light_coded_and_back_is_the_same_level() {
        let coded = coded();
        for level in 0..=255u8 {
            let light = (linear(f64::from(level) / 255.0) * 65536.0).round_ties_even() as i32;
            assert_eq!(coded[(light >> 3).min(8191) as usize], level);
        }
    }
}
