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
    let (row, height, window) = (width as usize * 3, height as usize, 2 * radius + 1);
    let mut tall = buffers.image(Size::new(width, (height + 2 * radius) as u32));
    // Beyond the border lies paper: it is never the darkest.
    tall.data_mut().fill(255);
    let mut line = buffers.image(Size::new(width + 2 * radius as u32, 1));
    let mut ahead = buffers.copy(&line);
    for (out, samples) in tall.data_mut()[radius * row..].chunks_exact_mut(row).zip(image.data().chunks_exact(row)) {
        line.data_mut().fill(255);
        line.data_mut()[radius * 3..][..row].copy_from_slice(samples);
        for step in steps(window) {
            let (now, later) = (line.data(), &line.data()[step * 3..]);
            for ((darkest, now), later) in ahead.data_mut().iter_mut().zip(now).zip(later) {
                *darkest = *now.min(later);
            }
            std::mem::swap(&mut line, &mut ahead);
        }
        out.copy_from_slice(&line.data()[..row]);
    }
    for step in steps(window) {
        let samples = tall.data_mut();
        // A block of so many rows is compared with the block that follows it.
        for start in (0..samples.len() - step * row).step_by(step * row) {
            let (now, later) = samples[start..].split_at_mut(step * row);
            for (now, later) in now.iter_mut().zip(later) {
                *now = (*now).min(*later);
            }
        }
    }
    buffers.give(line);
    buffers.give(ahead);
    let mut dark = buffers.image(image.size());
    dark.data_mut().copy_from_slice(&tall.data()[..height * row]);
    buffers.give(tall);
    dark
}

/// How far ahead to look, one after the other, so that in the end each place has seen `window` of them, itself among
/// them.
fn steps(window: usize) -> impl Iterator<Item = usize> {
    let mut seen = 1;
    std::iter::from_fn(move || {
        let step = seen.min(window - seen);
        seen += step;
        (step > 0).then_some(step)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreads_is_the_darkest_within_reach() {
        let image = Image::from_fn(Size::new(23, 17), |x, y| [0, 1, 2].map(|c| (x * 91 + y * 57 + c * 131) as u8 | 1));
        for radius in [1, 2, 3, 5, 30] {
            let dark = spread(&image, radius, &mut Buffers::default());
            for (x, y) in (0..23).flat_map(|x| (0..17).map(move |y| (x, y))) {
                let around = |at: u32, end: u32| at.saturating_sub(radius as u32)..(at + radius as u32 + 1).min(end);
                let pixels = around(y, 17).flat_map(|y| around(x, 23).map(move |x| (x, y)));
                let darkest = pixels.fold([255; 3], |least: [u8; 3], (x, y)| {
                    std::array::from_fn(|channel| least[channel].min(image.pixel(x, y)[channel]))
                });
                assert_eq!(dark.pixel(x, y), darkest, "{x} {y} {radius}");
            }
        }
    }
}
