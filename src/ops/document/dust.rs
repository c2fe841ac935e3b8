//! Dust and hairs on a scanner's glass; holes of a binder.

use super::{between, fixed, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::coverage::{self, Bounds, Dab};
use crate::effect::custom::{Buffers, Custom};
use crate::effect::shade;
use crate::number::Micro;
use crate::ops::spec::{integer, micro, word};
use crate::pixels::Image;

crate::op! {
    /// Specks of many sizes and a few hairs, dark on paper or light on ink, as dust on glass or film leaves them.
    op "dust", revision 1, Document, effects [], example "count = [20, 120]";
    Dust {
        /// How many, of which one in fifteen is a hair.
        count: Micro = integer(0, 5000, "specks"),
        /// The largest specks' diameter, as a fraction of the shorter side.
        size: Micro = micro(500, 100_000, "fraction").or_micro(8_000),
        /// `dark` specks, `light` ones, or `mixed`.
        tone: &'static str = word(&["dark", "light", "mixed", "any"]).or_word("dark"),
    }
}

impl Dust {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        let Self { count, size, tone } = *self;
        lowering.custom(Dusty { count, size, tone, key });
    }
}

#[derive(Debug)]
struct Dusty {
    count: Micro,
    size: Micro,
    tone: &'static str,
    key: Digest,
}

impl Custom for Dusty {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let mut rng = rng(&self.key, "dust specks");
        let size = image.size();
        let (width, height, short) = (size.width as f32, size.height as f32, shorter(size));
        for index in 0..self.count.to_int().unwrap_or(0) {
            let mut draw = |low, high| between(&mut rng, low, high);
            let tiny = draw(0.05, 1.0);
            let radius = 0.5 * self.size.to_f64() as f32 * short * tiny * tiny;
            let (x, y) = (draw(0.0, width), draw(0.0, height));
            let hair = index % 15 == 14;
            // A hair is thin and long; a speck is two or three grains that touch.
            let (step, places, radius) = if hair {
                (draw(0.004, 0.014) * short, 6, radius.min(0.0016 * short).max(0.3))
            } else {
                (0.9 * radius, 3, radius)
            };
            let (mut right, mut down) = (draw(-1.0, 1.0), draw(-1.0, 1.0));
            let (bend_right, bend_down) = (draw(-0.7, 0.7), draw(-0.7, 0.7));
            let (mut at_x, mut at_y) = (x, y);
            let places: Vec<Dab> = (0..places)
                .map(|_| {
                    let dab = Dab { x: at_x, y: at_y, radius: radius * if hair { 1.0 } else { draw(0.5, 1.0) } };
                    (at_x, at_y) = (at_x + step * right, at_y + step * down);
                    (right, down) = (right + bend_right, down + bend_down);
                    dab
                })
                .collect();
            let dense = draw(0.35, 0.95);
            let light = match self.tone {
                "dark" => false,
                "light" => true,
                _ => draw(0.0, 1.0) < 0.5,
            };
            let level = if light { draw(215.0, 255.0) } else { draw(20.0, 110.0) } as u8;
            let curve = coverage::curve(&places, if hair { 6 } else { 1 });
            let Some(bounds) = coverage::bounds(&curve, size) else { continue };
            let mut mask = buffers.numbers(bounds.pixels());
            coverage::paint(&curve, 1.0, &bounds, &mut mask);
            for (mask, y) in mask.chunks_exact_mut(bounds.width()).zip(bounds.top..) {
                for share in mask.iter_mut() {
                    *share = (*share as f32 * dense) as i32;
                }
                let row = &mut image.data_mut()[bounds.samples(y, size.width as usize)];
                if light { shade::lighten(row, mask, level) } else { shade::tint(row, mask, [level; 3]) }
            }
            buffers.give_numbers(mask);
        }
    }
}

crate::op! {
    /// Holes that a binder's punch left along one side: dark discs with the shadow of their rim. After Augraphy's
    /// `BindingsAndFasteners` with `effect_type = "punch_holes"`.
    op "punch_holes", revision 1, Document, effects [], example "count = [2, 4]";
    PunchHoles {
        /// How many.
        count: Micro = integer(0, 30, "holes").or(2),
        /// Their diameter, as a fraction of the shorter side.
        size: Micro = micro(2_000, 300_000, "fraction").or_micro(30_000),
        /// Along which side.
        side: &'static str = word(&["left", "right", "top", "bottom", "any"]).or_word("left"),
    }
}

impl PunchHoles {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        let Self { count, size, side } = *self;
        lowering.custom(Punched { count, size, side, key });
    }
}

#[derive(Debug)]
struct Punched {
    count: Micro,
    size: Micro,
    side: &'static str,
    key: Digest,
}

impl Custom for Punched {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let mut rng = rng(&self.key, "punch_holes place");
        let size = image.size();
        let (width, height, short) = (size.width as f32, size.height as f32, shorter(size));
        let count = self.count.to_int().unwrap_or(0);
        let radius = (0.5 * self.size.to_f64() as f32 * short).max(0.5);
        let from_side = radius * between(&mut rng, 1.6, 3.0);
        let level = between(&mut rng, 12.0, 90.0);
        let length = if matches!(self.side, "left" | "right") { height } else { width };
        // Holes stand at equal distances about the middle: 80 mm apart on a page 297 mm long.
        let apart = (length * between(&mut rng, 0.24, 0.3)).min(0.9 * length / count.max(1) as f32);
        let moved = length * between(&mut rng, -0.03, 0.03);
        for index in 0..count {
            let along = 0.5 * length + moved + apart * (index as f32 - 0.5 * (count - 1) as f32);
            let (x, y) = match self.side {
                "left" => (from_side, along),
                "right" => (width - from_side, along),
                "top" => (along, from_side),
                _ => (along, height - from_side),
            };
            let reach = 1.3 * radius + 2.0;
            let Some(bounds) = Bounds::clipped(x - reach, y - reach, x + reach, y + reach, size) else { continue };
            let mut hole = buffers.numbers(bounds.width());
            let mut rim = buffers.numbers(bounds.width());
            for row in bounds.top..bounds.bottom {
                let dy = row as f32 + 0.5 - y;
                for (at, column) in (bounds.left..bounds.right).enumerate() {
                    let dx = column as f32 + 0.5 - x;
                    let away = (dx * dx + dy * dy).sqrt();
                    hole[at] = fixed((radius - away + 0.5).clamp(0.0, 1.0));
                    // Light from the upper left: the lower right rim stands out.
                    let lit = (dx + dy) / (1.42 * away.max(0.5));
                    let near = (1.0 - (away - radius).abs() / (0.16 * radius + 0.8)).max(0.0);
                    rim[at] = shade::ONE + fixed(0.28 * near * lit);
                }
                let samples = &mut image.data_mut()[bounds.samples(row, size.width as usize)];
                shade::multiply(samples, &rim);
                // The rim's shadow falls into the hole from the upper left.
                let inner = level + 45.0 * ((dy / radius).clamp(-1.0, 1.0) * 0.5 + 0.5);
                shade::cover(samples, &hole, [inner as u8; 3]);
            }
            buffers.give_numbers(hole);
            buffers.give_numbers(rim);
        }
    }
}
