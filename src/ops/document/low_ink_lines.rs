//! A printer that runs dry.

use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::paper::Paper;
use crate::effect::shade;
use crate::number::Micro;
use crate::ops::spec::{micro, number, word};
use crate::pixels::{Image, Size};

crate::op! {
    /// Lightens ink along parallel lines that come and go, as a print head with clogged nozzles (across the page) or an
    /// empty toner cartridge (down the page) does. Never darkens, and leaves paper as it is. After Augraphy's
    /// `LowInkPeriodicLines` and `LowInkRandomLines`.
    op "low_ink_lines", revision 1, Document, effects [], example "strength = [0.4, 0.9]";
    LowInkLines {
        /// The share of the ink that the faintest lines lack; 0 changes nothing.
        strength: Micro = number(0, 1, "fraction"),
        /// The mean distance of lines, as a fraction of the shorter side.
        spacing: Micro = micro(4_000, 1_000_000, "fraction").or_micro(25_000),
        /// Which way the lines run.
        direction: &'static str = word(&["horizontal", "vertical", "any"]).or_word("any"),
    }
}

impl LowInkLines {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            let vertical = self.direction == "vertical";
            lowering.custom(Dry { strength: self.strength, spacing: self.spacing, vertical, key });
        }
    }
}

#[derive(Debug)]
struct Dry {
    strength: Micro,
    spacing: Micro,
    vertical: bool,
    key: Digest,
}

impl Dry {
    /// How much ink is missing at each place across the lines, in 4096ths.
    fn profile(&self, size: Size, out: &mut [i32]) {
        let mut rng = rng(&self.key, "low_ink_lines lines");
        let strength = self.strength.to_f64() as f32;
        let spacing = (self.spacing.to_f64() as f32 * shorter(size)).max(2.0);
        let mut middle = spacing * between(&mut rng, 0.0, 1.0);
        while middle < out.len() as f32 + spacing {
            let faint = strength * between(&mut rng, 0.5, 1.0);
            // Most lines are fine; some are a band.
            let half = if rng.below(5) == 0 { between(&mut rng, 0.3, 0.55) } else { between(&mut rng, 0.1, 0.25) };
            let half = (half * spacing).max(0.5);
            let first = (middle - half - 1.0).max(0.0) as usize;
            let last = ((middle + half + 2.0).max(0.0) as usize).min(out.len());
            for (at, out) in (first..).zip(out.get_mut(first..last).unwrap_or_default()) {
                let distance = (at as f32 + 0.5 - middle).abs();
                let inside = (half + 0.5 - distance).clamp(0.0, 1.0);
                *out = (*out).max(fixed(faint * inside));
            }
            middle += spacing * between(&mut rng, 0.5, 1.5);
        }
    }
}

impl Custom for Dry {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let width = size.width as usize;
        let along = Field::new(&part(&self.key, "low_ink_lines along"), size, f64::from(shorter(size) * 0.2).max(2.0));
        let mut profile = buffers.numbers(if self.vertical { width } else { size.height as usize });
        self.profile(size, &mut profile);
        let paper = Paper::of(image);
        let mut shares = buffers.numbers(width);
        let mut behind = buffers.image(Size::new(size.width, 1));
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            let whole = profile[if self.vertical { 0 } else { y as usize }];
            if !self.vertical && whole == 0 {
                continue;
            }
            along.row(y, &mut shares);
            for (x, share) in shares.iter_mut().enumerate() {
                let missing = if self.vertical { profile[x] } else { whole };
                *share = (missing as f32 * (0.85 + 1.3 * UNIT * *share as f32).clamp(0.0, 1.0)) as i32;
            }
            paper.bare(y, row, behind.data_mut());
            shade::towards(row, behind.data(), &shares);
        }
        buffers.give_numbers(profile);
        buffers.give_numbers(shares);
        buffers.give(behind);
    }
}
