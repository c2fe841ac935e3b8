//! Lines that someone struck out.

use super::inks::{PENS, pigment};
use super::pen::{self, Stroke};
use super::{between, lines, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::coverage::Dab;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::ops::spec::{integer, micro, word};
use crate::pixels::Image;

crate::op! {
    /// Strikes lines of text out, whole or in part, by hand or with a ruler, once or twice; found by the page's own
    /// lines where it has some, else at random heights. After Augraphy's `Markup` with `markup_type = "strikethrough"`.
    op "strikethrough", revision 1, Document, effects [], example "count = [1, 4]";
    Strikethrough {
        /// How many lines of text.
        count: Micro = integer(0, 50, "lines").or(1),
        /// Of the pen, as a fraction of the shorter side.
        thickness: Micro = micro(500, 200_000, "fraction").or_micro(4_000),
        /// Of the ink.
        color: &'static str = word(PENS).or_word("any"),
    }
}

impl Strikethrough {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        let Self { count, thickness, color } = *self;
        lowering.custom(Struck { count, thickness, color, key });
    }
}

#[derive(Debug)]
struct Struck {
    count: Micro,
    thickness: Micro,
    color: &'static str,
    key: Digest,
}

impl Custom for Struck {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let mut rng = rng(&self.key, "strikethrough lines");
        let short = shorter(image.size());
        let radius = 0.5 * self.thickness.to_f64() as f32 * short;
        for line in lines::choose(image, self.count.to_int().unwrap_or(0) as usize, &mut rng) {
            let ruler = rng.below(2) == 0;
            let twice = rng.below(3) == 0;
            for pass in 0..1 + u8::from(twice) {
                let apart = f32::from(pass) * (0.009 * short).max(2.0 * radius + 1.0);
                let over = 0.012 * short;
                let (left, right) =
                    (line.left - between(&mut rng, 0.0, over), line.right + between(&mut rng, 0.0, over));
                let lean = if ruler { 0.003 } else { 0.02 } * (right - left) * between(&mut rng, -1.0, 1.0);
                let shake = if ruler { 0.0 } else { 0.003 * short };
                let places: Vec<Dab> = (0..=6)
                    .map(|index| {
                        let share = index as f32 / 6.0;
                        let y = line.middle + apart + lean * (share - 0.5) + between(&mut rng, -shake, shake);
                        pen::dab(left + (right - left) * share, y, radius, &mut rng)
                    })
                    .collect();
                Stroke::through(&places).draw(image, pigment(self.color), self.color == "pencil", &self.key, buffers);
            }
        }
    }
}
