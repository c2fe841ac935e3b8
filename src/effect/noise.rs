//! Gaussian noise in integers: the same bytes on every path.
//!
//! A deviate is the weighted sum of six values, each looked up by four random bits in one table of 16 levels. The table's
//! kurtosis is a normal's, so the sum's excess kurtosis vanishes and its law is a normal's through the fifth moment; levels
//! and weights were searched for tails that are a normal's, too. The weights differ, so the sum takes nearly every whole
//! number. From the exact distribution of the sum (its characteristic function is a product of six): standard deviation
//! 6228.82, excess kurtosis 8.4e-5, largest distance from the normal's distribution function 5.0e-4, P(>3 σ) 0.1 % and
//! P(>4 σ) 7 % below the normal's, nothing beyond 5.26 σ.
//!
//! A table of 16 bytes is what one `pshufb` looks up, weights of 8 bits what one `pmaddubsw` multiplies, and the scaling
//! is two `pmulhrsw`; so the fast executor can do 16 deviates at a time, and 32 from three random vectors. The random bits come from eight generators in
//! step (sfc32 by Chris Doty-Humphrey, seeded from the step's key through ChaCha8), whose states are eight lanes of 32 bits.

use crate::digest::Digest;
use crate::number::Micro;
use crate::pixels::Image;
use crate::seed::Rng;

/// Positive half of the table; the other half is its mirror image. In units of a table step.
pub(super) const LEVELS: [i16; 8] = [10, 23, 28, 39, 43, 56, 60, 126];
/// Weight of each of the six nibbles; they sum to 260, so that no sum leaves an i16. Two each for the lower nibbles of a
/// deviate's own two bytes, for the upper ones, and for those of the two bytes that it shares.
pub(super) const WEIGHTS: [i16; 6] = [38, 47, 40, 46, 44, 45];
/// `sqrt(mean(LEVELS²) · Σ WEIGHTS²)`: the deviates' standard deviation, as the nearest double.
pub const DEVIATION: f64 = 6_228.817_604_489_635;
/// Deviates that three steps of the generators make.
pub const CHUNK: usize = 32;
const WARM_UP: usize = 12;

const fn level(nibble: usize) -> i16 {
    if nibble < 8 { -LEVELS[7 - nibble] } else { LEVELS[nibble - 8] }
}

/// The two nibbles of each of a deviate's own two bytes, looked up and weighted.
const SUMS: [[i16; 256]; 2] = {
    let mut sums = [[0; 256]; 2];
    let mut position = 0;
    while position < 2 {
        let mut byte = 0;
        while byte < 256 {
            sums[position][byte] = level(byte & 15) * WEIGHTS[position] + level(byte >> 4) * WEIGHTS[position + 2];
            byte += 1;
        }
        position += 1;
    }
    sums
};

/// Eight sfc32 generators in step.
#[derive(Clone)]
pub struct Lanes {
    pub(super) a: [u32; 8],
    pub(super) b: [u32; 8],
    pub(super) c: [u32; 8],
    pub(super) counter: u32,
}

impl Lanes {
    /// The generators of a key.
    pub fn new(key: &Digest) -> Self {
        let mut rng = Rng::from_digest(key);
        let mut words = || -> [u32; 8] {
            let mut lanes = [0; 8];
            for pair in lanes.as_chunks_mut::<2>().0 {
                let bits = rng.bits();
                *pair = [bits as u32, (bits >> 32) as u32];
            }
            lanes
        };
        let mut lanes = Self { a: words(), b: words(), c: words(), counter: 1 };
        for _ in 0..WARM_UP {
            lanes.step();
        }
        lanes
    }

    /// The next 32 bits of every lane.
    pub fn step(&mut self) -> [u32; 8] {
        let mut out = [0; 8];
        for (lane, out) in out.iter_mut().enumerate() {
            let sum = self.a[lane].wrapping_add(self.b[lane]).wrapping_add(self.counter);
            self.a[lane] = self.b[lane] ^ (self.b[lane] >> 9);
            self.b[lane] = self.c[lane].wrapping_add(self.c[lane] << 3);
            self.c[lane] = self.c[lane].rotate_left(21).wrapping_add(sum);
            *out = sum;
        }
        self.counter = self.counter.wrapping_add(1);
        out
    }

    /// The next 32 deviates. Three random vectors are read as 16 lanes of 16 bits: the first has both bytes of the first 16
    /// deviates, the second those of the others, and the third the lower nibbles of two more bytes for the first 16 and the
    /// upper ones for the others.
    pub fn deviates(&mut self) -> [i16; CHUNK] {
        let (own, shared) = ([self.step(), self.step()], self.step());
        std::array::from_fn(|index| {
            let (vector, lane) = (index / 16, index % 16);
            let pair = |words: &[u32; 8]| (words[lane / 2] >> (16 * (lane % 2))).to_le_bytes().map(usize::from);
            let (own, shared) = (pair(&own[vector]), pair(&shared).map(|byte| byte >> (4 * vector) & 15));
            let sums = SUMS[0][own[0]] + SUMS[1][own[1]];
            sums + level(shared[0]) * WEIGHTS[4] + level(shared[1]) * WEIGHTS[5]
        })
    }
}

impl Lanes {
    /// Adds the next deviates to the samples of one row, saturating.
    pub fn add(&mut self, scale: Scale, row: &mut [u8]) {
        for chunk in row.chunks_mut(CHUNK) {
            for (sample, deviate) in chunk.iter_mut().zip(self.deviates()) {
                *sample = (i16::from(*sample) + scale.apply(deviate)).clamp(0, 255) as u8;
            }
        }
    }
}

/// Independent Gaussian noise on every sample, rounded to whole grey levels, saturating at 0 and 255.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Noise {
    /// Standard deviation in grey levels, 0 to 255.
    pub sigma: Micro,
    /// Of the field: seeds the generators.
    pub key: Digest,
}

/// Two multipliers of `(a·b + 2^14) >> 15` that take deviates to grey levels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scale {
    /// 15 bits of mantissa.
    pub mantissa: i16,
    /// `2^(15 − exponent)`.
    pub shift: i16,
}

impl Scale {
    /// The scale for a standard deviation in grey levels.
    pub fn new(sigma: Micro) -> Self {
        let factor = sigma.to_f64() / DEVIATION;
        let mut exponent = 1;
        let mut mantissa = factor * 65536.0;
        // Keep as many bits of the factor as 15 bits hold, down to 2^-15.
        while exponent < 15 && mantissa < 16384.0 {
            mantissa *= 2.0;
            exponent += 1;
        }
        Self { mantissa: mantissa.round_ties_even() as i16, shift: 1 << (15 - exponent) }
    }

    /// Grey levels of a deviate.
    pub fn apply(self, deviate: i16) -> i16 {
        multiply(multiply(deviate, self.mantissa), self.shift)
    }
}

/// `pmulhrsw`: the product's upper half, rounded.
fn multiply(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b) + 0x4000) >> 15) as i16
}

impl Noise {
    /// Adds the noise. Every row starts a new chunk of deviates; within a row they go to its samples in order.
    pub fn apply(&self, image: &mut Image) {
        let scale = Scale::new(self.sigma);
        let mut lanes = Lanes::new(&self.key);
        let row = 3 * image.size().width as usize;
        image.data_mut().chunks_mut(row).for_each(|samples| lanes.add(scale, samples));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Size;

    /// How often each deviate comes, of 20 million: of many samples' generators, 640 rows of each.
    fn counts() -> Vec<u64> {
        let mut counts = vec![0; 1 << 16];
        for sample in 0..20_480_000 / (640 * CHUNK) {
            let mut lanes = Lanes::new(&Digest::of(&sample.to_le_bytes()));
            for deviate in (0..640).flat_map(|_| lanes.deviates()) {
                counts[(i32::from(deviate) + 32_768) as usize] += 1;
            }
        }
        counts
    }

    /// The normal's distribution function.
    fn normal(at: f64) -> f64 {
        0.5 * libm::erfc(-at / std::f64::consts::SQRT_2)
    }

    #[test]
    fn deviates_follow_the_normal_law() {
        let counts = counts();
        let n = counts.iter().sum::<u64>() as f64;
        let at = |index: usize| (index as f64 - 32_768.0) / DEVIATION;
        let moment = |power| {
            counts.iter().enumerate().map(|(index, count)| at(index).powi(power) * *count as f64).sum::<f64>() / n
        };
        let (mean, variance) = (moment(1), moment(2));
        let kurtosis = moment(4) / (variance * variance) - 3.0;
        assert!(mean.abs() < 0.002, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.002, "variance {variance}");
        assert!(kurtosis.abs() < 0.005, "excess kurtosis {kurtosis}");
        let (mut below, mut distance) = (0, 0f64);
        for (index, count) in counts.iter().enumerate() {
            let before = below as f64 / n;
            below += count;
            // At the step and just before it.
            distance =
                distance.max((below as f64 / n - normal(at(index))).abs()).max((before - normal(at(index))).abs());
        }
        assert!(distance < 0.002, "Kolmogorov-Smirnov {distance}");
        for (sigmas, tolerance) in [(3.0, 0.03), (4.0, 0.2)] {
            let beyond = counts.iter().enumerate().filter(|(index, _)| at(*index).abs() > sigmas);
            let ratio = beyond.map(|(_, count)| count).sum::<u64>() as f64 / n / (2.0 * normal(-sigmas));
            assert!((ratio - 1.0).abs() < tolerance, "beyond {sigmas} sigma: {ratio} of the normal's");
        }
    }

    #[test]
    fn the_exact_law_is_as_stated() {
        // P(sum = s) by six convolutions.
        let mut law = std::collections::BTreeMap::from([(0i32, 1f64)]);
        for weight in WEIGHTS {
            let mut next = std::collections::BTreeMap::new();
            for (sum, chance) in law {
                for nibble in 0..16 {
                    *next.entry(sum + i32::from(level(nibble) * weight)).or_insert(0.0) += chance / 16.0;
                }
            }
            law = next;
        }
        let z = |sum: i32| f64::from(sum) / DEVIATION;
        let variance: f64 = law.iter().map(|(sum, chance)| z(*sum).powi(2) * chance).sum();
        let kurtosis: f64 = law.iter().map(|(sum, chance)| z(*sum).powi(4) * chance).sum::<f64>() - 3.0;
        let tail = |sigmas: f64| {
            let beyond: f64 = law.iter().filter(|(sum, _)| z(**sum) > sigmas).map(|(_, chance)| chance).sum();
            beyond / normal(-sigmas) - 1.0
        };
        let most = z(*law.keys().next_back().unwrap());
        assert!((variance - 1.0).abs() < 1e-9 && (kurtosis - 8.4e-5).abs() < 1e-6, "{variance} {kurtosis}");
        assert!((tail(3.0) + 0.0008).abs() < 1e-4 && (tail(4.0) + 0.0703).abs() < 1e-3, "{} {}", tail(3.0), tail(4.0));
        assert!((most - 5.26).abs() < 0.01, "{most}");
    }

    #[test]
    fn neighbours_rows_channels_and_samples_are_independent() {
        let values = |sample: &[u8]| -> Vec<f64> {
            let mut lanes = Lanes::new(&Digest::of(sample));
            (0..1 << 15).flat_map(|_| lanes.deviates()).map(|deviate| f64::from(deviate) / DEVIATION).collect()
        };
        let correlation = |a: &[f64], b: &[f64]| {
            let products: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            products / a.len().min(b.len()) as f64
        };
        let (first, second) = (values(b"1"), values(b"2"));
        for lag in [1, 2, 3, 4, 8, 15, 16, 17, 31, 32, 48, 1536, 1540] {
            let r = correlation(&first, &first[lag..]);
            assert!(r.abs() < 0.004, "lag {lag}: {r}");
            // Nor is one large where another is: their squares.
            let squares: Vec<f64> = first.iter().map(|value| value * value - 1.0).collect();
            let r = correlation(&squares, &squares[lag..]) / 2.0;
            assert!(r.abs() < 0.004, "squares at lag {lag}: {r}");
        }
        for lag in [0, 1, 16, 32] {
            let r = correlation(&first, &second[lag..]);
            assert!(r.abs() < 0.004, "another sample, lag {lag}: {r}");
        }
    }

    #[test]
    fn rounded_noise_is_a_rounded_normal() {
        for sigma in [0.4, 1.0, 5.0, 23.0] {
            let mut image = Image::filled(Size::new(1001, 700), [128; 3]);
            Noise { sigma: Micro::from_f64(sigma).unwrap(), key: Digest::of(b"rounded") }.apply(&mut image);
            let n = image.data().len() as f64;
            let mut counts = [0u64; 256];
            image.data().iter().for_each(|level| counts[usize::from(*level)] += 1);
            let mut below = 0;
            for (level, count) in counts.iter().enumerate().take(255) {
                below += count;
                let expected = normal((level as f64 - 127.5) / sigma);
                let found = below as f64 / n;
                assert!(
                    (found - expected).abs() < 0.003,
                    "sigma {sigma}, up to {level}: {found} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn noise_has_its_sigma_and_is_signed() {
        for sigma in [0.4, 1.0, 5.0, 40.0] {
            let mut image = Image::filled(Size::new(401, 200), [128; 3]);
            Noise { sigma: Micro::from_f64(sigma).unwrap(), key: Digest::of(b"k") }.apply(&mut image);
            let n = image.data().len() as f64;
            let mean = image.data().iter().map(|v| f64::from(*v) - 128.0).sum::<f64>() / n;
            let variance = image.data().iter().map(|v| (f64::from(*v) - 128.0).powi(2)).sum::<f64>() / n;
            // Rounding to whole levels adds 1/12, except where sigma is itself below a level.
            let expected = if sigma < 1.0 { variance } else { sigma * sigma + 1.0 / 12.0 };
            assert!(
                mean.abs() < 0.01 * sigma.max(1.0) && (variance / expected - 1.0).abs() < 0.02,
                "{sigma}: {mean} {variance}"
            );
            assert!(image.data().iter().any(|v| *v < 128) && image.data().iter().any(|v| *v > 128));
        }
    }

    #[test]
    fn noise_saturates_instead_of_wrapping() {
        let mut image = Image::filled(Size::new(64, 64), [250, 5, 128]);
        Noise { sigma: Micro::from_int(20), key: Digest::of(b"k") }.apply(&mut image);
        assert!((0..64).all(|x| image.pixel(x, 7)[0] > 128 && image.pixel(x, 7)[1] < 128));
    }

    #[test]
    fn scales_keep_their_precision_down_to_a_tenth_of_a_level() {
        for sigma in [0.1, 0.5, 2.0, 64.0, 255.0] {
            let scale = Scale::new(Micro::from_f64(sigma).unwrap());
            let factor = f64::from(scale.mantissa) * f64::from(scale.shift) / f64::from(1 << 30);
            assert!((factor * DEVIATION / sigma - 1.0).abs() < 1e-4, "{sigma}: {scale:?}");
        }
        assert_eq!(Scale::new(Micro::ZERO).apply(32_000), 0);
    }

    #[test]
    fn the_deviation_is_that_of_the_tables() {
        let levels: f64 = LEVELS.iter().map(|level| f64::from(level * level)).sum::<f64>() / 8.0;
        let weights: f64 = WEIGHTS.iter().map(|weight| f64::from(weight * weight)).sum();
        assert_eq!((levels * weights).sqrt(), DEVIATION);
    }
}
