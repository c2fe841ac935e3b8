//! Blurs of a moving camera: along a line, and towards the middle.

use super::spec::{micro, number};
use super::window::slide;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::pixels::{Image, Size};

crate::op! {
    /// Smears the image along a line, as a camera that moves during the exposure: the mean over a straight segment about
    /// each pixel, read linearly between pixels; the image mirrored at its border. (Albumentations' `MotionBlur` draws
    /// its line without antialiasing.)
    op "motion_blur", revision 1, Blur, effects [], example "length = [2, 7], degrees = [0, 180]";
    MotionBlur {
        /// Of the segment; up to 1 nothing changes.
        length: Micro = number(0, 100, "px"),
        /// Direction; 0 is along rows, positive is counter-clockwise.
        degrees: Micro = number(-360, 360, "degrees").or(0),
    }
}

impl MotionBlur {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Line { length: self.length, degrees: self.degrees });
    }
}

#[derive(Debug)]
struct Line {
    length: Micro,
    degrees: Micro,
}

/// A pixel of a kernel: how far right and down, and its weight.
struct Tap {
    dx: isize,
    dy: isize,
    weight: f32,
}

impl Line {
    /// The segment's pixels: one step along its longer axis at a time, two pixels across. Weights sum to 1.
    fn taps(&self) -> Vec<Tap> {
        let angle = self.degrees.to_f64() * (std::f64::consts::PI / 180.0);
        let (cos, sin) = (libm::cos(angle), -libm::sin(angle));
        let flat = cos.abs() >= sin.abs();
        let (long, slope) = if flat { (cos.abs(), sin / cos) } else { (sin.abs(), cos / sin) };
        let half = (self.length.to_f64() * long / 2.0).max(0.5);
        let last = (half + 0.5).ceil() as isize - 1;
        let mut taps = Vec::new();
        for step in -last..=last {
            // How much of this pixel the segment covers.
            let cover = (half - step.unsigned_abs() as f64 + 0.5).min(1.0) / (2.0 * half);
            let across = step as f64 * slope;
            let near = across.floor();
            for (side, share) in [(near, 1.0 - (across - near)), (near + 1.0, across - near)] {
                // A sine of 180° is not quite 0.
                if cover * share > 1e-6 {
                    let (dx, dy) = if flat { (step, side as isize) } else { (side as isize, step) };
                    taps.push(Tap { dx, dy, weight: (cover * share) as f32 });
                }
            }
        }
        taps
    }
}

impl Custom for Line {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let taps = self.taps();
        let reach = taps.iter().map(|tap| tap.dy.unsigned_abs()).max().unwrap_or(0);
        let margin = taps.iter().map(|tap| tap.dx.unsigned_abs()).max().unwrap_or(0);
        slide(
            image,
            buffers,
            (reach, margin),
            |_| {},
            |window, sums| {
                for tap in &taps {
                    let row = &window.row(tap.dy)[((margin as isize + tap.dx) * 3) as usize..];
                    for (sum, value) in sums.iter_mut().zip(row) {
                        *sum += tap.weight * *value as f32;
                    }
                }
            },
        );
    }
}

crate::op! {
    /// Smears the image away from its middle, as a camera that moves towards the page: the mean of the image enlarged by
    /// 1 up to `factor` (albumentations' `ZoomBlur`). The middle stays sharp.
    op "zoom_blur", revision 1, Blur, effects [], example "factor = [1.005, 1.025]";
    ZoomBlur {
        /// 1 changes nothing; at 1.1 what is at the border is smeared over 5 % of the side.
        factor: Micro = micro(1_000_000, 2_000_000, "times"),
    }
}

impl ZoomBlur {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.custom(Zoom { factor: self.factor });
    }
}

/// The mean over enlargements that are equally spaced in the logarithm. Up to eight are summed at once; of more, first
/// groups of close ones, then eight (or eight times eight, …) of the result, so that the time grows with the logarithm.
#[derive(Debug)]
struct Zoom {
    factor: Micro,
}

/// Enlargements that are summed at once. More of them would cost more, fewer would read between pixels more often, and
/// so be softer than a camera.
const AT_ONCE: u32 = 8;

impl Zoom {
    /// How many enlargements each pass averages, the closest first.
    fn passes(&self, longer_side: u32) -> Vec<u32> {
        let smear_px = (1.0 - 1.0 / self.factor.to_f64()) * f64::from(longer_side) / 2.0;
        // At the border they lie 1.2 pixels apart.
        let mut left = 1 + (smear_px / 1.2).ceil() as u32;
        if left > AT_ONCE {
            left = left.next_power_of_two();
        }
        let mut passes = Vec::new();
        while left > 1 {
            passes.insert(0, left.min(AT_ONCE));
            left /= left.min(AT_ONCE);
        }
        passes
    }
}

impl Custom for Zoom {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let passes = self.passes(size.width.max(size.height));
        let last = passes.iter().product::<u32>() - 1;
        let mut other = buffers.image(size);
        let (mut line, mut sums) =
            (buffers.numbers(3 * size.width as usize + 3), buffers.numbers(3 * size.width as usize));
        let mut apart = 1;
        for count in passes {
            let zooms: Vec<Enlarged> = (1..count)
                .map(|index| f64::from(index * apart) / f64::from(last))
                .map(|exponent| Enlarged::new(size, libm::pow(self.factor.to_f64(), exponent)))
                .collect();
            average(image, &zooms, (&mut line, &mut sums), &mut other);
            std::mem::swap(image, &mut other);
            apart *= count;
        }
        buffers.give_numbers(line);
        buffers.give_numbers(sums);
        buffers.give(other);
    }
}

/// Where an enlarged image is read: per column and row, the pixel, and how much of the next, in 256ths.
struct Enlarged {
    columns: Vec<(usize, i32)>,
    rows: Vec<(usize, i32)>,
}

impl Enlarged {
    fn new(size: Size, times: f64) -> Self {
        let reads = |length: u32| {
            let middle = f64::from(length - 1) / 2.0;
            let read = |index: u32| {
                let at = (middle + (f64::from(index) - middle) / times) * 256.0;
                let at = (at.round_ties_even() as i32).clamp(0, (length as i32 - 1) * 256);
                ((at >> 8) as usize, at & 255)
            };
            (0..length).map(read).collect()
        };
        Self { columns: reads(size.width), rows: reads(size.height) }
    }
}

/// The mean of an image and itself enlarged, bilinear.
fn average(image: &Image, zooms: &[Enlarged], (line, sums): (&mut [i32], &mut [i32]), out: &mut Image) {
    let row_len = 3 * image.size().width as usize;
    let share = 1.0 / (65536 * (zooms.len() + 1)) as f32;
    let rows = image.data().chunks_exact(row_len).zip(out.data_mut().chunks_exact_mut(row_len));
    for (y, (own, out)) in rows.enumerate() {
        for (sum, own) in sums.iter_mut().zip(own) {
            *sum = i32::from(*own) << 16;
        }
        for zoom in zooms {
            let (from, below) = zoom.rows[y];
            let upper = &image.data()[from * row_len..][..row_len];
            let lower = image.data()[from * row_len..].get(row_len..2 * row_len).unwrap_or(upper);
            for ((value, upper), lower) in line.iter_mut().zip(upper).zip(lower) {
                *value = i32::from(*upper) * 256 + (i32::from(*lower) - i32::from(*upper)) * below;
            }
            for (sum, (from, right)) in sums.as_chunks_mut::<3>().0.iter_mut().zip(&zoom.columns) {
                let pair: &[i32; 6] = line[3 * from..].first_chunk().expect("BUG: no pixel to the right");
                for (channel, sum) in sum.iter_mut().enumerate() {
                    *sum += pair[channel] * (256 - right) + pair[channel + 3] * right;
                }
            }
        }
        for (out, sum) in out.iter_mut().zip(&*sums) {
            *out = (*sum as f32 * share + 0.5) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(pass: &dyn Custom, image: &Image) -> Image {
        let mut image = image.clone();
        pass.apply(&mut image, &mut Buffers::default());
        image
    }

    fn moved(length: f64, degrees: i64, image: &Image) -> Image {
        apply(&Line { length: Micro::from_f64(length).unwrap(), degrees: Micro::from_int(degrees) }, image)
    }

    fn dot() -> Image {
        let mut image = Image::filled(Size::new(41, 41), [0; 3]);
        image.set(20, 20, [255; 3]);
        image
    }

    #[test]
    fn a_dot_becomes_a_line_of_its_length_and_direction() {
        let flat = moved(5.0, 0, &dot());
        let expected: Vec<u8> = (17..24).map(|x| if (18..23).contains(&x) { 51 } else { 0 }).collect();
        assert_eq!((17..24).map(|x| flat.pixel(x, 20)[0]).collect::<Vec<_>>(), expected);
        assert_eq!(flat.pixel(20, 19)[0], 0);
        let upright = moved(4.0, 90, &dot());
        assert_eq!([17, 18, 19, 20, 21, 22, 23].map(|y| upright.pixel(20, y)[0]), [0, 32, 64, 64, 64, 32, 0]);
        // Counter-clockwise: a rise to the right goes up.
        let rising = moved(12.0, 45, &dot());
        assert!(rising.pixel(23, 17)[0] > 20 && rising.pixel(17, 23)[0] > 20 && rising.pixel(17, 17)[0] == 0);
        assert_eq!(rising, moved(12.0, 225, &dot()));
        assert_eq!(moved(12.0, 30, &dot()), moved(12.0, -150, &dot()));
    }

    #[test]
    fn a_line_loses_no_light() {
        for (length, degrees) in [(2.5, 10), (9.0, 77), (30.0, 140)] {
            let image = Image::from_fn(Size::new(90, 80), |x, y| {
                if (40..50).contains(&x) && (35..45).contains(&y) { [250; 3] } else { [0; 3] }
            });
            let light = |image: &Image| image.data().iter().map(|value| f64::from(*value)).sum::<f64>();
            let share = light(&moved(length, degrees, &image)) / light(&image);
            assert!((share - 1.0).abs() < 0.01, "{length} {degrees}: {share}");
        }
    }

    #[test]
    fn zooming_keeps_the_middle_and_smears_the_border_outwards() {
        let mut image = Image::filled(Size::new(201, 201), [0; 3]);
        for y in 0..201 {
            image.set(100, y, [200; 3]);
            image.set(180, y, [200; 3]);
        }
        let zoomed = apply(&Zoom { factor: Micro::from_f64(1.1).unwrap() }, &image);
        assert_eq!(zoomed.pixel(100, 100)[0], 200);
        let smeared: Vec<u32> = (0..201).filter(|x| *x > 120 && zoomed.pixel(*x, 100)[0] > 8).collect();
        assert_eq!((smeared[0], smeared[smeared.len() - 1]), (180, 188));
    }
}
