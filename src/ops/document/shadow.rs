//! Something between the lamp and the page.

use super::{between, fixed, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::coverage::Dab;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::shade::{self, ONE, smooth_step};
use crate::number::Micro;
use crate::ops::spec::{micro, number, word};
use crate::pixels::{Image, Size};

crate::op! {
    /// Darkens a part of the page with a soft edge, a little less in blue, as the shadow of something under a lamp does
    /// while a page is photographed. After Augraphy's `ShadowCast`.
    op "shadow", revision 1, Document, effects [], example "strength = [0.2, 0.6]";
    Shadow {
        /// The share of the light that is missing in the shadow; 0 changes nothing.
        strength: Micro = number(0, 1, "fraction"),
        /// How wide the edge is, as a fraction of the shorter side.
        softness: Micro = micro(0, 1_000_000, "fraction").or_micro(60_000),
        /// Of what: a `straight` edge across the page, a `curved` one, a `phone`, or a `hand`.
        shape: &'static str = word(&["straight", "curved", "phone", "hand", "any"]).or_word("any"),
    }
}

impl Shadow {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            let Self { strength, softness, shape } = *self;
            lowering.custom(Cast { strength, softness, shape, key });
        }
    }
}

#[derive(Debug)]
struct Cast {
    strength: Micro,
    softness: Micro,
    shape: &'static str,
    key: Digest,
}

/// What casts the shadow, in fractions of the shorter side about the page's middle.
enum Body {
    /// All beyond a line with this unit normal.
    Half { right: f32, down: f32, at: f32 },
    /// A disc, or all but a disc.
    Disc { x: f32, y: f32, radius: f32, side: f32 },
    /// A turned box with round corners.
    Box { x: f32, y: f32, right: f32, down: f32, half_long: f32, half_short: f32, corner: f32 },
    /// Rounded rods.
    Rods(Vec<(Dab, Dab)>),
}

impl Body {
    /// How deep a place lies within the shadow; below 0 it is outside.
    fn depth(&self, x: f32, y: f32) -> f32 {
        match self {
            Self::Half { right, down, at } => right * x + down * y - at,
            Self::Disc { x: middle_x, y: middle_y, radius, side } => {
                side * (radius - length(x - middle_x, y - middle_y))
            }
            Self::Box { x: middle_x, y: middle_y, right, down, half_long, half_short, corner } => {
                let (dx, dy) = (x - middle_x, y - middle_y);
                let (long, short) = (dx * right + dy * down, dy * right - dx * down);
                let (over_long, over_short) = (long.abs() - half_long + corner, short.abs() - half_short + corner);
                let outside = length(over_long.max(0.0), over_short.max(0.0)) + over_long.max(over_short).min(0.0);
                corner - outside
            }
            Self::Rods(rods) => {
                let depth = |(from, to): &(Dab, Dab)| {
                    let (along_x, along_y) = (to.x - from.x, to.y - from.y);
                    let square = along_x * along_x + along_y * along_y;
                    let t = (((x - from.x) * along_x + (y - from.y) * along_y) / square).clamp(0.0, 1.0);
                    let radius = from.radius + (to.radius - from.radius) * t;
                    radius - length(x - from.x - t * along_x, y - from.y - t * along_y)
                };
                rods.iter().map(depth).fold(f32::NEG_INFINITY, f32::max)
            }
        }
    }
}

fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Right and down of a direction, counter-clockwise from the right.
fn direction(degrees: f32) -> (f32, f32) {
    let radians = f64::from(degrees) * (std::f64::consts::PI / 180.0);
    (libm::cos(radians) as f32, -libm::sin(radians) as f32)
}

impl Cast {
    fn body(&self, size: Size) -> Body {
        let mut rng = rng(&self.key, "shadow body");
        let mut draw = |low, high| between(&mut rng, low, high);
        let degrees = draw(-180.0, 180.0);
        let (right, down) = direction(degrees);
        // Half the page's extent in the direction from which the thing reaches over the page.
        let (half_x, half_y) = (0.5 * size.width as f32 / shorter(size), 0.5 * size.height as f32 / shorter(size));
        let extent = half_x * right.abs() + half_y * down.abs();
        match self.shape {
            "straight" => Body::Half { right, down, at: extent * draw(-0.35, 0.5) },
            "curved" => {
                let (radius, edge) = (draw(0.7, 2.0), extent * draw(-0.3, 0.45));
                let side = if draw(0.0, 1.0) < 0.6 { 1.0 } else { -1.0 };
                let away = edge + side * radius;
                Body::Disc { x: right * away, y: down * away, radius, side }
            }
            "phone" => {
                let (half_long, half_short) = (draw(0.42, 0.6), draw(0.2, 0.28));
                let away = extent * draw(0.35, 0.9);
                let (right_turned, down_turned) = direction(degrees + draw(-25.0, 25.0));
                let across = draw(-0.2, 0.2);
                let (x, y) = (right * away + down * across, down * away - right * across);
                Body::Box { x, y, right: right_turned, down: down_turned, half_long, half_short, corner: 0.05 }
            }
            _ => {
                let away = extent * draw(0.55, 0.95);
                let across = draw(-0.25, 0.25);
                let (wrist_x, wrist_y) = (right * away + down * across, down * away - right * across);
                let at = |degrees: f32, distance: f32, radius| {
                    let (right, down) = direction(degrees);
                    Dab { x: wrist_x - right * distance, y: wrist_y - down * distance, radius }
                };
                // The arm comes from outside; the fingers point inwards and taper.
                let bent = degrees + draw(-12.0, 12.0);
                let size = draw(0.8, 1.15);
                let mut rods = vec![(at(degrees, -1.5, 0.13 * size), at(degrees, 0.0, 0.115 * size))];
                rods.push((at(bent, 0.02, 0.115 * size), at(bent, 0.13 * size, 0.115 * size)));
                let spread = draw(6.0, 10.0);
                for (finger, reach) in [(-1.5, 0.40), (-0.5, 0.47), (0.5, 0.45), (1.5, 0.36)] {
                    let tip = at(bent + spread * finger, (reach + draw(-0.04, 0.04)) * size, 0.028 * size);
                    rods.push((at(bent + 1.25 * spread * finger, 0.16 * size, 0.042 * size), tip));
                }
                let thumb = if draw(0.0, 1.0) < 0.5 { 1.0 } else { -1.0 };
                rods.push((
                    at(bent + 40.0 * thumb, 0.05, 0.05 * size),
                    at(bent + 52.0 * thumb, 0.27 * size, 0.034 * size),
                ));
                Body::Rods(rods)
            }
        }
    }
}

impl Custom for Cast {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let body = self.body(size);
        let soft_px = (self.softness.to_f64() as f32 * short).max(1.0);
        let soft = 0.5 * soft_px / short;
        // The edge is smooth, so it is found on a lattice and interpolated.
        let step = (soft_px / 6.0).clamp(1.0, 32.0) as usize;
        let columns = width / step + 2;
        let depth = |column: usize, line: usize| {
            let x = ((column * step) as f32 + 0.5 - 0.5 * width as f32) / short;
            let y = ((line * step) as f32 + 0.5 - 0.5 * size.height as f32) / short;
            fixed(smooth_step(-soft, soft, body.depth(x, y)))
        };
        let (mut above, mut below) = (buffers.numbers(columns), buffers.numbers(columns));
        let mut shares = buffers.numbers(width);
        for (column, below) in below.iter_mut().enumerate() {
            *below = depth(column, 0);
        }
        let pigment = [1.0 - strength, 1.0 - 0.98 * strength, 1.0 - 0.95 * strength]
            .map(|light| (light * 255.0).round_ties_even() as u8);
        for (y, row) in image.data_mut().chunks_exact_mut(width * 3).enumerate() {
            if y % step == 0 {
                std::mem::swap(&mut above, &mut below);
                for (column, below) in below.iter_mut().enumerate() {
                    *below = depth(column, y / step + 1);
                }
            }
            let down = (y % step) as i32;
            for (column, shares) in shares.chunks_mut(step).enumerate() {
                let at = |column: usize| above[column] * (step as i32 - down) + below[column] * down;
                let (left, right, square) = (at(column), at(column + 1), (step * step) as i32);
                for (across, share) in (0i32..).zip(shares) {
                    *share = (left * (step as i32 - across) + right * across) / square;
                }
            }
            shade::tint(row, &shares, pigment);
        }
        debug_assert!(shares.iter().all(|share| (0..=ONE).contains(share)));
        buffers.give_numbers(above);
        buffers.give_numbers(below);
        buffers.give_numbers(shares);
    }
}
