//! The lamp itself, seen in the page.

use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::shade;
use crate::number::Micro;
use crate::ops::spec::{micro, number, word};
use crate::pixels::Image;

crate::op! {
    /// A reflection on glossy paper, a laminated card or a number plate: a flash's spot, or the streak of a tube or
    /// window. Mixes towards white, so that what lies under its core is lost. Only lightens. After Augraphy's
    /// `ReflectedLight`.
    op "glare", revision 1, Document, effects [], example "strength = [0.4, 0.9]";
    Glare {
        /// How white its core is; 0 changes nothing.
        strength: Micro = number(0, 1, "fraction"),
        /// Diameter of a spot or width of a streak, as a fraction of the shorter side.
        size: Micro = micro(10_000, 3_000_000, "fraction").or_micro(350_000),
        /// What is reflected.
        shape: &'static str = word(&["spot", "streak", "any"]).or_word("any"),
    }
}

impl Glare {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            let Self { strength, size, shape } = *self;
            lowering.custom(Reflected { strength, size, streak: shape == "streak", key });
        }
    }
}

#[derive(Debug)]
struct Reflected {
    strength: Micro,
    size: Micro,
    streak: bool,
    key: Digest,
}

impl Custom for Reflected {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let mut rng = rng(&self.key, "glare place");
        let mut draw = |low, high| between(&mut rng, low, high);
        let (x, y) = (draw(0.1, 0.9) * size.width as f32, draw(0.1, 0.9) * size.height as f32);
        let radians = f64::from(draw(0.0, std::f32::consts::PI));
        let (right, down) = (libm::cos(radians) as f32, libm::sin(radians) as f32);
        let half = 0.5 * self.size.to_f64() as f32 * short * draw(0.8, 1.2);
        // A streak is long; a spot is seen at a slant.
        let (long, narrow) = if self.streak { (half * draw(5.0, 12.0), half) } else { (half * draw(1.0, 1.7), half) };
        let uneven = Field::new(&part(&self.key, "glare uneven"), size, f64::from(0.2 * short).max(3.0));
        let mut shares = buffers.numbers(width);
        for (line, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            uneven.row(line, &mut shares);
            let dy = line as f32 + 0.5 - y;
            for (column, share) in (0u32..).zip(shares.iter_mut()) {
                let dx = column as f32 + 0.5 - x;
                let (along, across) = ((dx * right + dy * down) / long, (dy * right - dx * down) / narrow);
                // A glossy sheet is not flat: the outline is.
                let square = (along * along + across * across) * (1.0 + 0.9 * UNIT * *share as f32);
                // A hard core and a wide halo.
                let core = (1.25 - square).clamp(0.0, 1.0);
                let halo = 1.0 / (1.0 + 2.5 * square * square + square);
                *share = fixed(strength * (0.65 * core * core * (3.0 - 2.0 * core) + 0.35 * halo).min(1.0));
            }
            shade::cover(row, &shares, [255; 3]);
        }
        buffers.give_numbers(shares);
    }
}
