//! Strokes of a pen on a page.

use super::{UNIT, between, part};
use crate::digest::Digest;
use crate::effect::coverage::{self, Dab};
use crate::effect::custom::Buffers;
use crate::effect::field::Field;
use crate::effect::shade;
use crate::pixels::{Image, Size};
use crate::seed::Rng;

/// A place that the pen passes, pressed a little more or less.
pub(super) fn dab(x: f32, y: f32, radius: f32, rng: &mut Rng) -> Dab {
    Dab { x, y, radius: radius * between(rng, 0.75, 1.2) }
}

/// One line, from pen down to pen up.
pub(super) struct Stroke {
    dabs: Vec<Dab>,
    soft: f32,
}

impl Stroke {
    /// A smooth line through some places.
    pub(super) fn through(places: &[Dab]) -> Self {
        Self { dabs: coverage::curve(places, 8), soft: 1.0 }
    }

    /// Draws with ink of this colour; a `rough` line shows the tooth of the paper.
    pub(super) fn draw(&self, image: &mut Image, ink: [u8; 3], rough: bool, key: &Digest, buffers: &mut Buffers) {
        let tooth = rough.then(|| {
            let thick = self.dabs.first().map_or(1.0, |dab| dab.radius);
            Field::new(&part(key, "pen tooth"), image.size(), f64::from(0.6 * thick).max(1.1))
        });
        let density = |covered: i32, tooth: i32| {
            if rough { (covered as f32 * (0.85 + 1.1 * UNIT * tooth as f32).clamp(0.35, 1.0)) as i32 } else { covered }
        };
        self.lay(image, ink, tooth, density, buffers);
    }

    /// Draws with a marker's thin ink.
    pub(super) fn wash(&self, image: &mut Image, ink: [u8; 3], buffers: &mut Buffers) {
        self.lay(image, ink, None, |covered, _| covered - covered / 16, buffers);
    }

    fn lay(
        &self,
        image: &mut Image,
        ink: [u8; 3],
        tooth: Option<Field>,
        density: impl Fn(i32, i32) -> i32,
        buffers: &mut Buffers,
    ) {
        let size: Size = image.size();
        let Some(bounds) = coverage::bounds(&self.dabs, size) else { return };
        let mut mask = buffers.numbers(bounds.pixels());
        coverage::paint(&self.dabs, self.soft, &bounds, &mut mask);
        let mut teeth = buffers.numbers(bounds.right);
        for (mask, y) in mask.chunks_exact_mut(bounds.width()).zip(bounds.top..) {
            if let Some(tooth) = &tooth {
                tooth.row(y as u32, &mut teeth);
            }
            for (covered, tooth) in mask.iter_mut().zip(&teeth[bounds.left..]) {
                *covered = density(*covered, *tooth);
            }
            shade::tint(&mut image.data_mut()[bounds.samples(y, size.width as usize)], mask, ink);
        }
        buffers.give_numbers(teeth);
        buffers.give_numbers(mask);
    }
}

/// A straight broad line with blunt, slightly slanted ends.
pub(super) fn bar(left: f32, right: f32, middle: f32, thick: f32, rng: &mut Rng) -> Stroke {
    let radius = 0.5 * thick;
    let lean = between(rng, -0.006, 0.006) * (right - left);
    let places: Vec<Dab> = (0..5)
        .map(|index| {
            let share = index as f32 / 4.0;
            let y = middle + lean * (share - 0.5) + radius * between(rng, -0.12, 0.12);
            Dab { x: left + (right - left) * share, y, radius: radius * between(rng, 0.94, 1.06) }
        })
        .collect();
    Stroke { dabs: coverage::curve(&places, 6), soft: (0.12 * thick).max(1.0) }
}
