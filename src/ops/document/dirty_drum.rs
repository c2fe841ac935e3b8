//! A photocopier that should be cleaned.

use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::shade::{self, ONE};
use crate::number::Micro;
use crate::ops::spec::{integer, micro, number, word};
use crate::pixels::Image;

crate::op! {
    /// Toner where none should be: specks gathered in narrow bands along the paper's way through the copier, and a few
    /// anywhere. Only darkens. After Augraphy's `DirtyDrum`.
    op "dirty_drum", revision 1, Document, effects [], example "strength = [0.2, 0.7]";
    DirtyDrum {
        /// How much toner; 0 changes nothing.
        strength: Micro = number(0, 1, "fraction"),
        /// How many bands.
        count: Micro = integer(0, 200, "bands").or(10),
        /// Which way the bands run.
        direction: &'static str = word(&["vertical", "horizontal", "any"]).or_word("vertical"),
    }
}

crate::op! {
    /// Bands across the paper's way, darker and lighter in turn, that come back with every turn of a copier's or
    /// printer's rollers, with thin dark lines among them. After Augraphy's `DirtyRollers`.
    op "dirty_rollers", revision 1, Document, effects [], example "strength = [0.2, 0.7]";
    DirtyRollers {
        /// How much light the darkest band takes; at 1 about a third, 0 changes nothing.
        strength: Micro = number(0, 1, "fraction"),
        /// Of one turn, as a fraction of the shorter side.
        period: Micro = micro(10_000, 2_000_000, "fraction").or_micro(120_000),
        /// Which way the bands run.
        direction: &'static str = word(&["horizontal", "vertical", "any"]).or_word("horizontal"),
    }
}

impl DirtyDrum {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            let Self { strength, count, direction } = *self;
            lowering.custom(Drum { strength, count, vertical: direction == "vertical", key });
        }
    }
}

#[derive(Debug)]
struct Drum {
    strength: Micro,
    count: Micro,
    vertical: bool,
    key: Digest,
}

impl Drum {
    /// How dense toner lies at each place across the bands, 0 to 1.
    fn profile(&self, short: f32, length: usize) -> Vec<f32> {
        let mut rng = rng(&self.key, "dirty_drum bands");
        let mut profile = vec![0.14; length];
        for _ in 0..self.count.to_int().unwrap_or(0) {
            let middle = between(&mut rng, 0.0, length as f32);
            let thin = between(&mut rng, 0.0, 1.0);
            let half = (short * (0.0012 + 0.016 * thin * thin * thin)).max(0.6);
            let dense = between(&mut rng, 0.3, 1.0) * (1.0 - 0.5 * thin);
            let first = (middle - 3.0 * half).max(0.0) as usize;
            let last = ((middle + 3.0 * half) as usize + 1).min(length);
            for (at, profile) in (first..).zip(profile.get_mut(first..last).unwrap_or_default()) {
                let away = (at as f32 + 0.5 - middle) / half;
                *profile = (*profile + dense / (1.0 + away * away)).min(1.0);
            }
        }
        profile
    }
}

impl Custom for Drum {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let profile = self.profile(short, if self.vertical { width } else { size.height as usize });
        let field = |name, cell: f32| Field::new(&part(&self.key, name), size, f64::from(cell));
        let (specks, along) = (
            field("dirty_drum specks", (0.0024 * short).max(1.15)),
            field("dirty_drum along", (0.14 * short).max(2.0)),
        );
        let (mut toner, mut gaps) = (buffers.numbers(width), buffers.numbers(width));
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            specks.row(y, &mut toner);
            along.row(y, &mut gaps);
            for (x, toner) in toner.iter_mut().enumerate() {
                let dense = profile[if self.vertical { x } else { y as usize }];
                let dense = dense * strength * (0.8 + 1.5 * UNIT * gaps[x] as f32).clamp(0.0, 1.2);
                // A speck is where the fine field rises above a level that falls where toner is dense.
                let above = UNIT * *toner as f32 - (0.8 - 1.1 * dense);
                let dark = (above * 5.0).clamp(0.0, 0.85) + 0.3 * dense * dense;
                *toner = ONE - fixed(dark.min(0.95));
            }
            shade::multiply(row, &toner);
        }
        buffers.give_numbers(toner);
        buffers.give_numbers(gaps);
    }
}

impl DirtyRollers {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            let Self { strength, period, direction } = *self;
            lowering.custom(Rollers { strength, period, vertical: direction == "vertical", key });
        }
    }
}

#[derive(Debug)]
struct Rollers {
    strength: Micro,
    period: Micro,
    vertical: bool,
    key: Digest,
}

impl Rollers {
    /// The light that is missing at each place across the bands, 0 to about 0.35.
    fn profile(&self, short: f32, length: usize) -> Vec<f32> {
        let mut rng = rng(&self.key, "dirty_rollers turns");
        let period = (self.period.to_f64() as f32 * short).max(2.0);
        let start = between(&mut rng, 0.0, 1.0);
        // One turn: broad bands and thin lines, each at its place of the turn.
        let mut draw = |low, high| between(&mut rng, low, high);
        let bands: Vec<[f32; 3]> = (0..4).map(|_| [draw(0.0, 1.0), draw(0.06, 0.25), draw(0.08, 0.3)]).collect();
        let lines: Vec<[f32; 3]> = (0..5).map(|_| [draw(0.0, 1.0), draw(0.004, 0.016), draw(0.1, 0.45)]).collect();
        let mut taken = |at: usize| {
            let turn = at as f32 / period + start;
            let worn = 0.8 + 0.2 * draw(-1.0, 1.0);
            let bump = |[middle, half, depth]: [f32; 3], least: f32| {
                let away = turn - middle - (turn - middle).round_ties_even();
                depth * (1.0 - away.abs() / half.max(least)).max(0.0)
            };
            let broad: f32 = bands.iter().map(|band| bump(*band, 0.0)).sum();
            let thin: f32 = lines.iter().map(|line| bump(*line, 0.7 / period)).sum();
            (0.6 * broad + 0.5 * thin * worn).min(1.0) * 0.5
        };
        (0..length).map(&mut taken).collect()
    }
}

impl Custom for Rollers {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let profile = self.profile(short, if self.vertical { width } else { size.height as usize });
        let uneven = Field::new(&part(&self.key, "dirty_rollers uneven"), size, f64::from(0.25 * short).max(3.0));
        let mut factors = buffers.numbers(width);
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            uneven.row(y, &mut factors);
            for (x, factor) in factors.iter_mut().enumerate() {
                let taken = profile[if self.vertical { x } else { y as usize }];
                *factor = fixed(1.0 - strength * taken * (0.85 + 0.8 * UNIT * *factor as f32).clamp(0.2, 1.2));
            }
            shade::multiply(row, &factors);
        }
        buffers.give_numbers(factors);
    }
}
