//! Dots: the screens that print is made of, and those that it is photographed from.

use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::shade::{ONE, wave};
use crate::number::Micro;
use crate::ops::spec::{integer, micro, number, word};
use crate::pixels::Image;

crate::op! {
    /// Prints the page through a halftone screen: tones become round dots of changing size on a turned lattice; in
    /// colour each channel has its own angle (15, 75 and 45 degrees), so that rosettes appear. After Augraphy's
    /// `Dithering` and the print screens of newspapers.
    op "halftone", revision 1, Document, effects [], example "strength = [0.3, 0.9]";
    Halftone {
        /// How much of the screened page is seen; 0 changes nothing.
        strength: Micro = number(0, 1, "fraction"),
        /// The distance of dots; below 2 px it is 2 px.
        period: Micro = micro(1_000, 500_000, "fraction").or_micro(9_000),
        /// One black screen for all channels, or one for each.
        ink: &'static str = word(&["black", "color", "any"]).or_word("color"),
    }
}

crate::op! {
    /// Reduces every channel to a few levels, with the error spread as dots: `ordered` by Bayer's 8 by 8 matrix (1973),
    /// `diffused` by Floyd and Steinberg (1976). With 2 levels after `grey` it is a fax. Augraphy's `Dithering`.
    op "dither", revision 1, Document, effects [], example "levels = [2, 6]";
    Dither {
        /// Levels per channel, black and white included; 256 changes nothing.
        levels: Micro = integer(2, 256, "levels").or(2),
        /// How the error is spread.
        method: &'static str = word(&["ordered", "diffused", "any"]).or_word("any"),
    }
}

crate::op! {
    /// The wavy coloured bands of a page photographed from a monitor, or of print scanned at an unlucky resolution: two
    /// fine lattices beat. Multiplies brightness. Augraphy's `Moire`.
    op "moire", revision 1, Document, effects [], example "strength = [0.2, 0.6]";
    Moire {
        /// 0 changes nothing, at 1 the darkest band takes 40 % of the light.
        strength: Micro = number(0, 1, "fraction"),
        /// The mean distance of bands, as a fraction of the shorter side.
        period: Micro = micro(5_000, 1_000_000, "fraction").or_micro(40_000),
    }
}

impl Halftone {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            let Self { strength, period, ink } = *self;
            lowering.custom(Screened { strength, period, color: ink == "color", key });
        }
    }
}

#[derive(Debug)]
struct Screened {
    strength: Micro,
    period: Micro,
    color: bool,
    key: Digest,
}

impl Custom for Screened {
    fn apply(&self, image: &mut Image, _: &mut Buffers) {
        let size = image.size();
        let strength = self.strength.to_f64() as f32;
        let period = (self.period.to_f64() as f32 * shorter(size)).max(2.0);
        let mut rng = rng(&self.key, "halftone screen");
        let turned = between(&mut rng, -4.0, 4.0);
        let degrees = if self.color { [15.0, 75.0, 45.0] } else { [45.0; 3] };
        let axes = degrees.map(|degrees| {
            let radians = f64::from(degrees + turned) * (std::f64::consts::PI / 180.0);
            (libm::cos(radians) as f32 / period, libm::sin(radians) as f32 / period)
        });
        // A dot's edge is about a pixel wide.
        let steep = 1.1 * period;
        let margin = 1.0 / steep;
        for (y, row) in image.data_mut().chunks_exact_mut(size.width as usize * 3).enumerate() {
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                for (sample, (right, down)) in pixel.iter_mut().zip(axes) {
                    let (u, v) = (x as f32 * right + y as f32 * down, y as f32 * right - x as f32 * down);
                    let screen = 0.5 + 0.25 * (wave(u) + wave(v));
                    let own = f32::from(*sample);
                    let tone = own * (1.0 / 255.0);
                    // The sum of two waves is near 0.5 more often than far from it: without this, tones would spread.
                    let even = tone + 0.5 * (tone - tone * tone * (3.0 - 2.0 * tone));
                    // Pure paper and pure ink have no dots.
                    let threshold = even * (1.0 + margin) - 0.5 * margin;
                    let dot = ((threshold - screen) * steep + 0.5).clamp(0.0, 1.0) * 255.0;
                    *sample = (own + (dot - own) * strength + 0.5) as u8;
                }
            }
        }
    }
}

impl Dither {
    fn lower(&self, lowering: &mut Lowering) {
        if let Some(levels @ 2..256) = self.levels.to_int() {
            lowering.custom(Dithered { levels: levels as i32, ordered: self.method == "ordered" });
        }
    }
}

#[derive(Debug)]
struct Dithered {
    levels: i32,
    ordered: bool,
}

/// Bayer's matrix: bits of `x ^ y` and `y`, interleaved from the lowest up.
const BAYER: [[i32; 8]; 8] = {
    let mut matrix = [[0; 8]; 8];
    let mut at = 0;
    while at < 64 {
        let (x, y) = (at % 8, at / 8);
        let mut bit = 0;
        while bit < 3 {
            matrix[y][x] |= ((((x ^ y) >> bit & 1) << 1 | (y >> bit & 1)) << (4 - 2 * bit)) as i32;
            bit += 1;
        }
        at += 1;
    }
    matrix
};

impl Custom for Dithered {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let width = image.size().width as usize;
        let steps = self.levels - 1;
        if self.ordered {
            for (y, row) in image.data_mut().chunks_exact_mut(width * 3).enumerate() {
                let thresholds = &BAYER[y % 8];
                for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                    // Between 0 and 1 level, in 16320ths (64 · 255).
                    let threshold = (2 * thresholds[x % 8] + 1) * 255 / 2;
                    *pixel = pixel.map(|sample| {
                        let level = (i32::from(sample) * steps * 64 + threshold) / 16320;
                        (level * 255 / steps) as u8
                    });
                }
            }
            return;
        }
        // Errors in 16ths, for this row and the next, with a pixel of room on both sides.
        let (mut now, mut next) = (buffers.numbers(width * 3 + 6), buffers.numbers(width * 3 + 6));
        for row in image.data_mut().chunks_exact_mut(width * 3) {
            next.fill(0);
            for (at, sample) in row.iter_mut().enumerate() {
                let wanted = i32::from(*sample) * 16 + now[at + 3];
                let level = ((wanted * steps + 2040) / 4080).clamp(0, steps);
                let set = level * 255 / steps;
                // Whole sixteenths: an error of 16 · e is shared as 7 e, 3 e, 5 e and e.
                let error = (wanted - set * 16).div_euclid(16);
                *sample = set as u8;
                now[at + 6] += 7 * error;
                next[at] += 3 * error;
                next[at + 3] += 5 * error;
                next[at + 6] += error;
            }
            std::mem::swap(&mut now, &mut next);
        }
        buffers.give_numbers(now);
        buffers.give_numbers(next);
    }
}

impl Moire {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            lowering.custom(Beating { strength: self.strength, period: self.period, key });
        }
    }
}

#[derive(Debug)]
struct Beating {
    strength: Micro,
    period: Micro,
    key: Digest,
}

impl Custom for Beating {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let period = (self.period.to_f64() as f32 * short).max(2.0);
        let mut rng = rng(&self.key, "moire lattices");
        let radians = f64::from(between(&mut rng, 0.0, std::f32::consts::PI));
        let (right, down) = (libm::cos(radians) as f32 / period, libm::sin(radians) as f32 / period);
        let across = between(&mut rng, 0.15, 0.6);
        let apart = between(&mut rng, 0.08, 0.3);
        let bend = Field::new(&part(&self.key, "moire bend"), size, f64::from(0.8 * short).max(3.0));
        let mut bends = buffers.numbers(width);
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            bend.row(y, &mut bends);
            for ((x, pixel), bend) in row.as_chunks_mut::<3>().0.iter_mut().enumerate().zip(&bends) {
                // A lens bends the lattice: the bands curve.
                let bent = 0.6 * short / period * UNIT * *bend as f32;
                let u = x as f32 * right + y as f32 * down + bent;
                let v = across * (y as f32 * right - x as f32 * down) + 0.7 * bent;
                let second = wave(v);
                for (sample, phase) in pixel.iter_mut().zip([0.0, apart, 2.0 * apart]) {
                    let dark = 0.5 + 0.35 * wave(u + phase) + 0.15 * second;
                    let factor = fixed(1.0 - 0.4 * strength * dark);
                    *sample = ((i32::from(*sample) * factor + ONE / 2) >> 12) as u8;
                }
            }
        }
        buffers.give_numbers(bends);
    }
}
