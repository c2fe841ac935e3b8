//! Ink that runs into the paper.

use super::{UNIT, fixed, part, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::shade;
use crate::number::Micro;
use crate::ops::spec::number;
use crate::pixels::{Image, Size};

crate::op! {
    /// Lets ink spread into the paper: strokes grow thicker, with a fringe that is irregular and stronger in some parts
    /// of the page. Only darkens. After Augraphy's `InkBleed`, which drops random pixels along a Sobel edge; here each
    /// channel spreads by its minimum over a neighbourhood of up to 0.4 % of the shorter side.
    op "ink_bleed", revision 1, Document, effects [], example "strength = [0.2, 0.7]";
    InkBleed {
        /// How far and how thick; 0 changes nothing.
        strength: Micro = number(0, 1, "fraction"),
    }
}

impl InkBleed {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            lowering.custom(Bleed { strength: self.strength, key });
        }
    }
}

#[derive(Debug)]
struct Bleed {
    strength: Micro,
    key: Digest,
}

impl Custom for Bleed {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let strength = self.strength.to_f64() as f32;
        let reach = strength * (0.004 * shorter(size)).max(0.8);
        let radius = reach.ceil();
        // A reach below a whole pixel is a paler fringe.
        let share = (reach / radius) * (0.35 + 0.5 * strength);
        let dark = spread(image, radius as usize, buffers);
        let fringe = Field::new(&part(&self.key, "ink_bleed fringe"), size, f64::from(radius * 1.6).max(1.6));
        let parts = Field::new(&part(&self.key, "ink_bleed parts"), size, f64::from(shorter(size) * 0.16).max(4.0));
        let width = size.width as usize;
        let (mut fine, mut broad) = (buffers.numbers(width), buffers.numbers(width));
        let rows = image.data_mut().chunks_exact_mut(width * 3).zip(dark.data().chunks_exact(width * 3));
        for (y, (row, dark)) in (0..size.height).zip(rows) {
            fringe.row(y, &mut fine);
            parts.row(y, &mut broad);
            for (fine, broad) in fine.iter_mut().zip(&broad) {
                let wet = 0.6 + 1.5 * UNIT * *fine as f32 + 0.8 * UNIT * *broad as f32;
                *fine = fixed(wet.clamp(0.0, 1.0) * share);
            }
            shade::towards(row, dark, &fine);
        }
        buffers.give_numbers(fine);
        buffers.give_numbers(broad);
        buffers.give(dark);
    }
}

/// Each sample's minimum over the square of `2 · radius + 1` px about it, by windows that double.
fn spread(image: &Image, radius: usize, buffers: &mut Buffers) -> Image {
    let Size { width, height } = image.size();
    let (width, height, window) = (width as usize, height as usize, 2 * radius + 1);
    let mut tall = buffers.image(Size::new(width as u32, (height + 2 * radius) as u32));
    tall.data_mut().fill(255);
    let mut line = buffers.image(Size::new((width + 2 * radius) as u32, 1));
    let rows = tall.data_mut()[radius * width * 3..].chunks_exact_mut(width * 3);
    for (out, row) in rows.zip(image.data().chunks_exact(width * 3)) {
        let line = line.data_mut();
        line.fill(255);
        line[radius * 3..][..width * 3].copy_from_slice(row);
        darkest_ahead(line, window, 3);
        out.copy_from_slice(&line[..width * 3]);
    }
    darkest_ahead(tall.data_mut(), window, width * 3);
    buffers.give(line);
    let mut dark = buffers.image(image.size());
    dark.data_mut().copy_from_slice(&tall.data()[..width * height * 3]);
    buffers.give(tall);
    dark
}

/// Each sample's minimum over itself and the next `window - 1` at a distance of `step`, as far as there are some.
fn darkest_ahead(samples: &mut [u8], window: usize, step: usize) {
    let mut seen = 1;
    while seen < window {
        let ahead = seen.min(window - seen) * step;
        for at in 0..samples.len().saturating_sub(ahead) {
            samples[at] = samples[at].min(samples[at + ahead]);
        }
        seen += ahead / step;
    }
}
