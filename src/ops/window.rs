//! A window of whole rows that slides down an image: what an op's own convolutions read.
//!
//! The rows around the present one are held as numbers, the image mirrored at its border without repeating the border
//! pixel, as [`Kernel`](crate::effect::blur::Kernel) does; so an image is convolved in place, and however large it is,
//! no more than the window's rows are copied. Results are gathered in a row of `f32`: sums in a fixed order, the same on
//! every CPU.

use crate::effect::blur::reflect;
use crate::effect::custom::Buffers;
use crate::pixels::{Image, Size};

/// The rows around the present one. Sample `s` of the image's row is at `3 · margin + s`.
pub struct Window<'a> {
    rows: &'a [i32],
    len: usize,
    slots: usize,
    y: usize,
    height: usize,
}

impl Window<'_> {
    /// The row `dy` below the present one (negative: above).
    pub fn row(&self, dy: isize) -> &[i32] {
        let row = reflect(self.y as isize + dy, self.height);
        &self.rows[row % self.slots * self.len..][..self.len]
    }
}

/// Replaces each row of an image by what `body` adds up from the rows up to `reach` above and below it, each with
/// `margin` mirrored pixels at either end and changed by `prepare`. Sums are rounded and clamped.
pub fn slide(
    image: &mut Image,
    buffers: &mut Buffers,
    (reach, margin): (usize, usize),
    prepare: impl Fn(&mut [i32]),
    body: impl Fn(&Window<'_>, &mut [f32]),
) {
    let Size { width, height } = image.size();
    let (width, height) = (width as usize, height as usize);
    let (len, slots) = ((width + 2 * margin) * 3, (2 * reach + 1).min(height));
    let mut rows = buffers.numbers(len * slots);
    let mut sums = vec![0f32; width * 3];
    let mut loaded = 0;
    for y in 0..height {
        while loaded < height && loaded <= y + reach {
            let row = &mut rows[loaded % slots * len..][..len];
            let samples = &image.data()[loaded * width * 3..][..width * 3];
            for (value, sample) in row[3 * margin..].iter_mut().zip(samples) {
                *value = i32::from(*sample);
            }
            for x in (0..margin).chain(margin + width..width + 2 * margin) {
                let from = reflect(x as isize - margin as isize, width) * 3;
                for channel in 0..3 {
                    row[x * 3 + channel] = i32::from(samples[from + channel]);
                }
            }
            prepare(row);
            loaded += 1;
        }
        sums.fill(0.0);
        body(&Window { rows: &rows, len, slots, y, height }, &mut sums);
        for (sample, sum) in image.data_mut()[y * width * 3..][..width * 3].iter_mut().zip(&sums) {
            *sample = (sum + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    buffers.give_numbers(rows);
}
