//! Separable convolution in integers.

use crate::number::Micro;
use crate::pixels::{Image, Size};

/// A symmetric kernel: `weights[0]` is the middle, `weights[i]` stands at −i and +i; in 16384ths, summing to 16384.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kernel(Vec<i32>);

const ONE: i32 = 1 << 14;

impl Kernel {
    /// A Gaussian sampled at whole pixels up to 3 standard deviations (OpenCV's `getGaussianKernel`, cut there), the
    /// rounding remainder in the middle. `sigma_px` ≥ 0; at 0 the image stays as it is.
    pub fn gaussian(sigma_px: Micro) -> Self {
        let sigma = sigma_px.to_f64();
        if sigma <= 0.0 {
            return Self(vec![ONE]);
        }
        let radius = (3.0 * sigma).ceil() as i64;
        let bell: Vec<f64> = (0..=radius).map(|x| libm::exp(-((x * x) as f64) / (2.0 * sigma * sigma))).collect();
        let total = bell[0] + 2.0 * bell[1..].iter().sum::<f64>();
        let mut weights: Vec<i32> =
            bell.iter().map(|value| (value / total * f64::from(ONE)).round_ties_even() as i32).collect();
        weights[0] = ONE - 2 * weights[1..].iter().sum::<i32>();
        Self(weights)
    }

    /// A box that reaches `radius_px` ≥ 0 beyond the middle pixel; of the outermost pixels, the fraction that is left
    /// (Pillow's `BoxBlur`). The rounding remainder is in the middle.
    pub fn boxed(radius_px: Micro) -> Self {
        let radius = radius_px.to_f64().max(0.0);
        let share = f64::from(ONE) / (2.0 * radius + 1.0);
        let whole = radius.floor();
        let mut weights = vec![share.round_ties_even() as i32; whole as usize + 1];
        weights.push((share * (radius - whole)).round_ties_even() as i32);
        weights[0] = ONE - 2 * weights[1..].iter().sum::<i32>();
        Self(weights)
    }

    /// Convolves along rows, then along columns, the image mirrored at its border without repeating the border pixel
    /// (OpenCV's default). Between the two passes a sample keeps six more bits.
    pub fn apply(&self, image: &Image) -> Image {
        let mut out = image.clone();
        self.apply_to(image, &mut out, &mut Vec::new());
        out
    }

    /// As [`Kernel::apply`], to an image of the same size with any content; `rows`, with any content, holds what is between
    /// the two passes.
    #[inline(always)]
    pub fn apply_to(&self, image: &Image, out: &mut Image, rows: &mut Vec<u16>) {
        let Size { width, height } = image.size();
        let (width, height) = (width as usize, height as usize);
        let radius = self.0.len() - 1;
        rows.resize(width * height * 3, 0);
        let mut sums = vec![0i32; width * 3];
        // The row with `radius` mirrored pixels before and after it.
        let mut line = vec![0i32; (width + 2 * radius) * 3];
        for (row, samples) in rows.chunks_exact_mut(width * 3).zip(image.data().chunks_exact(width * 3)) {
            for (x, pixel) in line.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                let from = reflect(x as isize - radius as isize, width) * 3;
                *pixel = [samples[from], samples[from + 1], samples[from + 2]].map(i32::from);
            }
            let from = |x: usize| &line[x * 3..][..width * 3];
            for (sum, middle) in sums.iter_mut().zip(from(radius)) {
                *sum = self.0[0] * middle;
            }
            for offset in 1..=radius {
                let pairs = from(radius - offset).iter().zip(from(radius + offset));
                for (sum, (left, right)) in sums.iter_mut().zip(pairs) {
                    *sum += self.0[offset] * (left + right);
                }
            }
            for (sample, sum) in row.iter_mut().zip(&sums) {
                *sample = ((sum + (1 << 7)) >> 8) as u16;
            }
        }
        for y in 0..height {
            let row = |y: isize| &rows[reflect(y, height) * width * 3..][..width * 3];
            for (sum, value) in sums.iter_mut().zip(row(y as isize)) {
                *sum = self.0[0] * i32::from(*value);
            }
            for offset in 1..=radius {
                let pairs = row(y as isize - offset as isize).iter().zip(row((y + offset) as isize));
                for (sum, (above, below)) in sums.iter_mut().zip(pairs) {
                    *sum += self.0[offset] * (i32::from(*above) + i32::from(*below));
                }
            }
            for (sample, sum) in out.data_mut()[y * width * 3..].iter_mut().zip(&sums) {
                *sample = ((sum + (1 << 19)) >> 20) as u8;
            }
        }
    }
}

/// `index` mirrored into `0..len`, the border not repeated: −1 is 1, `len` is `len − 2`.
pub fn reflect(index: isize, len: usize) -> usize {
    if len == 1 {
        return 0;
    }
    let period = 2 * (len as isize - 1);
    let index = index.rem_euclid(period);
    (if index < len as isize { index } else { period - index }) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_sum_to_one() {
        for sigma in ["0.1", "0.5", "1.3", "20"] {
            let kernel = Kernel::gaussian(Micro::from_f64(sigma.parse().unwrap()).unwrap());
            assert_eq!(kernel.0[0] + 2 * kernel.0[1..].iter().sum::<i32>(), ONE);
            assert!(kernel.0.iter().all(|weight| *weight >= 0));
            let kernel = Kernel::boxed(Micro::from_f64(sigma.parse().unwrap()).unwrap());
            assert_eq!(kernel.0[0] + 2 * kernel.0[1..].iter().sum::<i32>(), ONE);
            assert!(kernel.0.iter().all(|weight| *weight >= 0));
        }
    }

    #[test]
    fn a_flat_image_stays_and_a_dot_becomes_the_kernel() {
        let flat = Image::filled(Size::new(9, 7), [255, 0, 93]);
        let kernel = Kernel::gaussian(Micro::from_f64(1.5).unwrap());
        assert_eq!(kernel.apply(&flat), flat);
        let mut dot = Image::filled(Size::new(21, 21), [0; 3]);
        dot.set(10, 10, [255; 3]);
        let blurred = kernel.apply(&dot);
        for (x, y) in [(10u32, 10u32), (12, 10), (10, 13), (8, 8)] {
            let weight = |offset: u32| f64::from(kernel.0[offset as usize]) / f64::from(ONE);
            let exact = 255.0 * weight(x.abs_diff(10)) * weight(y.abs_diff(10));
            assert!((f64::from(blurred.pixel(x, y)[1]) - exact).abs() <= 0.51, "({x}, {y})");
        }
    }

    #[test]
    fn mirroring_works_for_images_smaller_than_the_kernel() {
        assert_eq!([-3, -1, 0, 3, 4, 7].map(|index| reflect(index, 4)), [3, 1, 0, 3, 2, 1]);
        assert_eq!(reflect(-5, 1), 0);
        let tiny = Image::filled(Size::new(1, 2), [7; 3]);
        assert_eq!(Kernel::gaussian(Micro::from_int(20)).apply(&tiny), tiny);
    }
}
