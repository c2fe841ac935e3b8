//! Cups, drops and spills.

use super::inks::pigment;
use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::{Digest, Hasher};
use crate::effect::Lowering;
use crate::effect::coverage::Bounds;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::shade::{self, smooth_step};
use crate::number::Micro;
use crate::ops::spec::{integer, micro, number, word};
use crate::pixels::{Image, Size};

crate::op! {
    /// Stains: rings of cups, blots whose rim dried darkest (the coffee-ring effect, Deegan et al. 1997), splashes.
    /// Pigment over the page: it only darkens, and black stays black. After Augraphy's `Stains`, drawn instead of
    /// pasted from stored pictures.
    op "stains", revision 1, Document, effects [], example "count = [1, 3]";
    Stains {
        /// How many.
        count: Micro = integer(0, 50, "stains").or(1),
        /// Diameter as a fraction of the shorter side; each is 0.6 to 1.2 times that.
        size: Micro = micro(5_000, 2_000_000, "fraction").or_micro(320_000),
        /// How dense; 0 changes nothing, at 1 the rim has the colour itself.
        strength: Micro = number(0, 1, "fraction").or_micro(500_000),
        /// A `ring`, a `blot`, or a `splash` of drops.
        kind: &'static str = word(&["ring", "blot", "splash", "any"]).or_word("any"),
        /// Of what.
        color: &'static str = word(&["coffee", "tea", "water", "wine", "ink", "any"]).or_word("coffee"),
    }
}

impl Stains {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO && self.count > Micro::ZERO {
            let Self { count, size, strength, kind, color } = *self;
            lowering.custom(Spilt { count, size, strength, kind, color, key });
        }
    }
}

#[derive(Debug)]
struct Spilt {
    count: Micro,
    size: Micro,
    strength: Micro,
    kind: &'static str,
    color: &'static str,
    key: Digest,
}

/// One stain or drop, in px.
struct Spot {
    x: f32,
    y: f32,
    radius: f32,
    ring: bool,
    density: f32,
}

impl Spilt {
    fn spots(&self, size: Size) -> Vec<Spot> {
        let mut rng = rng(&self.key, "stains spots");
        let (short, strength) = (shorter(size), self.strength.to_f64() as f32);
        let mut spots = Vec::new();
        for _ in 0..self.count.to_int().unwrap_or(0) {
            let radius = 0.5 * self.size.to_f64() as f32 * short * between(&mut rng, 0.6, 1.2);
            let (x, y) = (between(&mut rng, 0.0, size.width as f32), between(&mut rng, 0.0, size.height as f32));
            let density = strength * between(&mut rng, 0.75, 1.0);
            if self.kind != "splash" {
                spots.push(Spot { x, y, radius, ring: self.kind == "ring", density });
            }
            // Drops lie close more often than far.
            let drops = match self.kind {
                "splash" => 9 + rng.below(16),
                _ => rng.below(4),
            };
            for _ in 0..drops {
                let (right, down) = (between(&mut rng, -1.0, 1.0), between(&mut rng, -1.0, 1.0));
                let far = if self.kind == "splash" { between(&mut rng, 0.1, 1.6) } else { between(&mut rng, 1.1, 1.7) };
                let tiny = between(&mut rng, 0.15, 0.8);
                let largest = if self.kind == "splash" { 0.4 } else { 0.09 };
                let (x, y) = (x + right * far * radius, y + down * far * radius);
                spots.push(Spot { x, y, radius: largest * radius * tiny * tiny, ring: false, density });
            }
        }
        spots
    }
}

impl Custom for Spilt {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let width = size.width as usize;
        for (number, spot) in (0..).zip(self.spots(size)) {
            let key = Hasher::new("augmint stain 1").digest(&self.key).number(number).finish();
            let Spot { x, y, radius, .. } = spot;
            let reach = 1.5 * radius + 1.0;
            let Some(bounds) = Bounds::clipped(x - reach, y - reach, x + reach, y + reach, size) else { continue };
            let area = Size::new(bounds.width() as u32, (bounds.bottom - bounds.top) as u32);
            let field = |name, cell: f32| Field::new(&part(&key, name), area, f64::from(cell));
            let (lobes, ripples) =
                (field("lobes", (0.7 * radius).max(1.5)), field("ripples", (0.13 * radius).max(1.2)));
            let mottle = field("mottle", (0.3 * radius).max(1.5));
            let mut numbers: [Vec<i32>; 3] = std::array::from_fn(|_| buffers.numbers(bounds.width()));
            for row in bounds.top..bounds.bottom {
                let [lobe, ripple, cloud] = &mut numbers;
                let line = (row - bounds.top) as u32;
                lobes.row(line, lobe);
                ripples.row(line, ripple);
                mottle.row(line, cloud);
                let dy = row as f32 + 0.5 - y;
                for (column, lobe) in (bounds.left..).zip(lobe.iter_mut()) {
                    let at = column - bounds.left;
                    let dx = column as f32 + 0.5 - x;
                    let away = (dx * dx + dy * dy).sqrt() / radius;
                    let (wide, fine) = (UNIT * *lobe as f32, UNIT * ripple[at] as f32);
                    let cloud = UNIT * cloud[at] as f32;
                    let density = if spot.ring {
                        ring(away + 0.035 * wide + 0.012 * fine, wide, cloud, fine, radius)
                    } else {
                        blot(away + 0.45 * wide + 0.07 * fine, cloud, radius)
                    };
                    *lobe = fixed((spot.density * density).clamp(0.0, 1.0));
                }
                shade::tint(&mut image.data_mut()[bounds.samples(row, width)], lobe, pigment(self.color));
            }
            numbers.into_iter().for_each(|numbers| buffers.give_numbers(numbers));
        }
    }
}

/// The foot of a cup: a band that dried darkest at its two edges, broken where the foot did not touch.
fn ring(away: f32, wide: f32, cloud: f32, fine: f32, radius: f32) -> f32 {
    let edge = (1.2 / radius).max(0.012);
    let (outer, inner) = (1.0, 0.9 + 0.06 * wide);
    let band = smooth_step(outer + edge, outer - edge, away) * smooth_step(inner - edge, inner + edge, away);
    let beside = |at: f32| (1.0 - (away - at).abs() / (2.2 * edge)).max(0.0);
    let touched = (0.62 + 1.5 * cloud + 0.8 * wide).clamp(0.05, 1.0);
    let wash = 0.05 * smooth_step(outer + edge, outer - edge, away);
    let run =
        0.18 * smooth_step(1.3, 1.0, away) * smooth_step(0.2, 0.6, wide + 0.4 * fine) * smooth_step(inner, outer, away);
    touched * (0.34 * band + 0.6 * beside(outer) * band.max(0.4) + 0.3 * beside(inner)) + wash + run
}

/// A puddle that dried: pale inside, with a dark rim.
fn blot(away: f32, cloud: f32, radius: f32) -> f32 {
    let edge = (0.9 / radius).max(0.01);
    let inside = smooth_step(1.0 + edge, 1.0 - edge, away);
    let rim = (1.0 - (1.0 - away).abs() / (0.035 + 1.2 * edge)).max(0.0);
    let near = away.clamp(0.0, 1.0) * away.clamp(0.0, 1.0);
    inside * (0.26 + 0.3 * cloud + 0.16 * near * near + 0.5 * rim)
}
