//! Blur of a lens out of focus.

use super::spec::number;
use super::window::slide;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::pixels::Image;

crate::op! {
    /// Spreads each pixel over a disc, as a lens out of focus: harder than a Gaussian, and strokes get double edges. The
    /// mean over an antialiased disc, the image mirrored at its border (as OpenCV's `filter2D` with a disc, which is what
    /// albumentations' `Defocus` does).
    op "defocus", revision 1, Blur, effects [], example "radius = [0.8, 2.5]";
    Defocus {
        /// Of the disc; up to 0.5 nothing changes.
        radius: Micro = number(0, 20, "px"),
    }
}

impl Defocus {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Disc { radius: self.radius });
    }
}

#[derive(Debug)]
struct Disc {
    radius: Micro,
}

/// A part of a row of the disc: the pixels up to `reach` beside the middle, all with one weight.
struct Chord {
    reach: usize,
    weight: f32,
}

impl Disc {
    /// The rows at 0, ±1, … of the disc, each as chords laid upon each other: pixels inside are in all of them, a pixel at
    /// the rim in as many as it is covered. Over the disc the pixels' weights sum to 1.
    fn rows(&self) -> Vec<Vec<Chord>> {
        let radius = self.radius.to_f64().max(0.5);
        let reach = (radius + 0.5).ceil() as usize - 1;
        let rows: Vec<Vec<f64>> = (0..=reach).map(|dy| coverage(radius, dy, reach)).collect();
        let both = |values: &mut dyn Iterator<Item = f64>| {
            let first = values.next().unwrap_or(0.0);
            first + 2.0 * values.sum::<f64>()
        };
        let area = both(&mut rows.iter().map(|row| both(&mut row.iter().copied())));
        let chords = |row: &Vec<f64>| {
            let drop = |reach: usize| (row[reach] - row.get(reach + 1).unwrap_or(&0.0)) / area;
            let chord = |reach: usize| Chord { reach, weight: drop(reach) as f32 };
            (0..row.len()).map(chord).filter(|chord| chord.weight != 0.0).collect()
        };
        rows.iter().map(chords).collect()
    }
}

/// How much of the pixels at 0, 1, … `reach` beside the middle of row `dy` a disc covers.
fn coverage(radius: f64, dy: usize, reach: usize) -> Vec<f64> {
    const LINES: u32 = 64;
    let mut covered = vec![0.0; reach + 1];
    for line in 0..LINES {
        let y = dy as f64 + (f64::from(line) + 0.5) / f64::from(LINES) - 0.5;
        let half = (radius * radius - y * y).max(0.0).sqrt();
        covered[0] += (2.0 * half).min(1.0);
        for (dx, covered) in covered.iter_mut().enumerate().skip(1) {
            *covered += (half - (dx as f64 - 0.5)).clamp(0.0, 1.0);
        }
    }
    covered.iter_mut().for_each(|covered| *covered /= f64::from(LINES));
    covered
}

impl Custom for Disc {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let rows = self.rows();
        let (reach, margin) = (rows.len() - 1, rows.len());
        // Running sums along a row: a chord of any length is the difference of two.
        let prepare = |row: &mut [i32]| {
            let mut sum = [0i32; 3];
            for pixel in row.as_chunks_mut::<3>().0 {
                for (value, sum) in pixel.iter_mut().zip(&mut sum) {
                    *sum = sum.wrapping_add(*value);
                    *value = *sum;
                }
            }
        };
        slide(image, buffers, (reach, margin), prepare, |window, sums| {
            for dy in -(reach as isize)..=reach as isize {
                let row = window.row(dy);
                for chord in &rows[dy.unsigned_abs()] {
                    let ends = row[3 * (margin + chord.reach)..].iter().zip(&row[3 * (margin - chord.reach - 1)..]);
                    for (sum, (last, before)) in sums.iter_mut().zip(ends) {
                        *sum += chord.weight * last.wrapping_sub(*before) as f32;
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Size;

    #[test]
    fn a_dot_becomes_a_disc_of_its_area_and_the_same_in_every_direction() {
        for radius in [1.3, 3.0, 7.5] {
            let mut image = Image::filled(Size::new(41, 41), [0; 3]);
            for (x, y) in [(20, 20), (19, 20), (21, 20), (20, 19), (20, 21)] {
                image.set(x, y, [250; 3]);
            }
            Disc { radius: Micro::from_f64(radius).unwrap() }.apply(&mut image, &mut Buffers::default());
            let light: u32 = image.data().iter().map(|value| u32::from(*value)).sum();
            assert!(light.abs_diff(15 * 250) < 150, "{radius}: {light}");
            for offset in 1..20 {
                let arms = [(20 + offset, 20), (20 - offset, 20), (20, 20 + offset), (20, 20 - offset)];
                let [right, left, down, up] = arms.map(|(x, y)| image.pixel(x, y)[1]);
                assert!(right == left && down == up && right.abs_diff(down) <= 12, "{radius} {offset}");
            }
            let middle = f64::from(image.pixel(20, 20)[0]);
            let expected = 250.0 * 5.0 / (std::f64::consts::PI * radius * radius);
            assert!(radius < 2.0 || (middle / expected - 1.0).abs() < 0.15, "{radius}: {middle} {expected}");
        }
    }
}
