//! Linear mixing of a pixel's channels: saturation, sepia, channels in another order.
//!
//! Matrices that follow each other multiply unclamped and clamp once, so that colour taken away and given back is still
//! there. The luma of [`grey`](super::color::grey) is no matrix here: its rounding is an effect's of its own.

/// `[red, green, blue] ↦ rows · [red, green, blue]`; coefficients in 2^24ths, at most 64 in size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Matrix([[i32; 3]; 3]);

const BITS: u32 = 24;
const LIMIT: i64 = 64 << BITS;

/// BT.601 luma, as Pillow and OpenCV weigh it.
pub const LUMA: [f64; 3] = [0.299, 0.587, 0.114];

impl Matrix {
    /// Of rows of coefficients: the first makes red.
    pub fn new(rows: [[f64; 3]; 3]) -> Self {
        let fixed = |value: f64| (value * f64::from(1 << BITS)).round_ties_even() as i64;
        Self(rows.map(|row| row.map(|value| fixed(value).clamp(-LIMIT, LIMIT - 1) as i32)))
    }

    /// Between nothing (0) and `rows` (1), or beyond.
    pub fn blend(rows: [[f64; 3]; 3], share: f64) -> Self {
        Self::new(std::array::from_fn(|to| {
            std::array::from_fn(|from| share * rows[to][from] + if to == from { 1.0 - share } else { 0.0 })
        }))
    }

    /// This one first, then `next`.
    pub fn then(&self, next: &Self) -> Self {
        Self(std::array::from_fn(|to| {
            std::array::from_fn(|from| {
                // Products of 2^60 at most: three of them fit.
                let sum: i64 = (0..3).map(|via| i64::from(next.0[to][via]) * i64::from(self.0[via][from])).sum();
                ((sum + (1 << (BITS - 1))) >> BITS).clamp(-LIMIT, LIMIT - 1) as i32
            })
        }))
    }

    /// Changes every pixel; each channel is summed in `f32` from red to blue, rounded and clamped.
    #[inline(always)]
    pub fn apply(&self, data: &mut [u8]) {
        let rows = self.0.map(|row| row.map(|value| value as f32 * (1.0 / (1 << BITS) as f32)));
        for pixel in data.as_chunks_mut::<3>().0 {
            let [red, green, blue] = pixel.map(f32::from);
            *pixel = rows.map(|row| {
                let sum = row[0] * red + row[1] * green + row[2] * blue;
                (sum + 0.5).clamp(0.0, 255.0) as u8
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LUMAS: [[f64; 3]; 3] = [LUMA; 3];

    fn apply(matrix: Matrix, pixel: [u8; 3]) -> [u8; 3] {
        let mut data = pixel;
        matrix.apply(&mut data);
        data
    }

    #[test]
    fn coefficients_at_the_limit_do_not_overflow() {
        let large = Matrix::new([[1000.0; 3]; 3]);
        assert_eq!(apply(large.then(&large).then(&large), [255; 3]), [255; 3]);
        let negative = Matrix::new([[-1000.0; 3]; 3]);
        assert_eq!(apply(negative.then(&large), [255; 3]), [0; 3]);
    }

    #[test]
    fn a_matrix_then_another_is_both_in_order() {
        let red_to_green = Matrix::new([[0.0; 3], [1.0, 0.0, 0.0], [0.0; 3]]);
        let green_to_blue = Matrix::new([[0.0; 3], [0.0; 3], [0.0, 1.0, 0.0]]);
        assert_eq!(apply(red_to_green.then(&green_to_blue), [200, 10, 20]), [0, 0, 200]);
        assert_eq!(apply(green_to_blue.then(&red_to_green), [200, 10, 20]), [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn colour_that_was_taken_and_given_back_is_still_there(pixel: [u8; 3], share in 0.1f64..0.9) {
            let (less, more) = (Matrix::blend(LUMAS, share), Matrix::blend(LUMAS, 1.0 - 1.0 / (1.0 - share)));
            prop_assert_eq!(apply(less.then(&more), pixel), pixel);
            prop_assert_eq!(apply(more.then(&less), pixel), pixel);
        }

        #[test]
        fn rows_that_sum_to_one_keep_grey(level: u8, share in -3.0f64..1.0) {
            prop_assert_eq!(apply(Matrix::blend(LUMAS, share), [level; 3]), [level; 3]);
        }
    }
}
