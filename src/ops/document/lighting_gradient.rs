//! A lamp at one side.

use super::{between, fixed, rng};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::shade;
use crate::number::Micro;
use crate::ops::spec::{micro, number, word};
use crate::pixels::Image;

crate::op! {
    /// Multiplies by a brightness that changes smoothly over the page, from `low` to `high`: a lamp or a window at one
    /// side, or a spot of light. Saturates. After Augraphy's `LightingGradient`.
    op "lighting_gradient", revision 1, Document, effects [], example "low = [0.4, 0.8], angle = [-180, 180]";
    LightingGradient {
        /// The factor where it is darkest; 1 changes nothing there.
        low: Micro = micro(0, 4_000_000, "times"),
        /// The factor where it is brightest.
        high: Micro = micro(0, 4_000_000, "times").or_micro(1_050_000),
        /// Where the light comes from: 0 is the right, 90 the top (counter-clockwise).
        angle: Micro = number(-360, 360, "degrees").or(90),
        /// `linear` from one side to the other, or `radial` about a place on the lit side.
        shape: &'static str = word(&["linear", "radial", "any"]).or_word("any"),
    }
}

impl LightingGradient {
    fn lower(&self, lowering: &mut Lowering) {
        let Self { low, high, angle, shape } = *self;
        let key = lowering.key();
        lowering.custom(Lamp { low, high, angle, radial: shape == "radial", key });
    }
}

#[derive(Debug)]
struct Lamp {
    low: Micro,
    high: Micro,
    angle: Micro,
    radial: bool,
    key: Digest,
}

impl Custom for Lamp {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let width = size.width as usize;
        let (half_x, half_y) = (size.width as f32 / 2.0, size.height as f32 / 2.0);
        let radians = self.angle.to_f64().to_radians();
        let (right, up) = (libm::cos(radians) as f32, libm::sin(radians) as f32);
        let (low, high) = (self.low.to_f64() as f32, self.high.to_f64() as f32);
        // Half the page's extent along the light, so that the ends of the gradient are its farthest corners.
        let extent = half_x * right.abs() + half_y * up.abs();
        let away = between(&mut rng(&self.key, "lighting_gradient spot"), 0.2, 1.0);
        let (spot_x, spot_y) = (half_x * right * away, -half_y * up * away);
        let (far_x, far_y) = (half_x + spot_x.abs(), half_y + spot_y.abs());
        let farthest = 1.0 / (far_x * far_x + far_y * far_y);
        let mut factors = buffers.numbers(width);
        for (y, row) in image.data_mut().chunks_exact_mut(width * 3).enumerate() {
            let y = y as f32 + 0.5 - half_y;
            for (x, factor) in factors.iter_mut().enumerate() {
                let x = x as f32 + 0.5 - half_x;
                let light = if self.radial {
                    let (dx, dy) = (x - spot_x, y - spot_y);
                    // An inverse-square law about a lamp at a height, scaled to end at the farthest corner.
                    let near = (dx * dx + dy * dy) * farthest;
                    (1.0 - near) / (1.0 + 2.0 * near)
                } else {
                    (x * right - y * up) / extent * 0.5 + 0.5
                };
                *factor = fixed(low + (high - low) * light.clamp(0.0, 1.0));
            }
            shade::multiply(row, &factors);
        }
        buffers.give_numbers(factors);
    }
}
