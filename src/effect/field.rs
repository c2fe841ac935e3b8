//! Smooth random fields: what paper, stains, shadows and elastic bending are made from.
//!
//! Random numbers stand on the crossings of a square lattice; between them a uniform cubic B-spline in integers (so that
//! slopes have no edges, and every CPU gives the same). Several fields of halving cells summed are cloud-like noise.

use crate::digest::Digest;
use crate::pixels::Size;
use crate::seed::Rng;

/// A smooth field over a canvas, about −1 to 1, in 2^16ths; its standard deviation is about 0.26.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    columns: usize,
    lattice: Vec<i32>,
    /// Lattice cells per pixel, with 16 fractional bits.
    step: u64,
}

/// The uniform cubic B-spline's four weights by the fraction in 256ths, in 2^16ths, summing to 2^16.
static SPLINE: [[i32; 4]; 256] = {
    const fn sixth(cubic: i64) -> i32 {
        (((cubic + 3 * 128) / 6) >> 8) as i32
    }
    let mut table = [[0; 4]; 256];
    let mut fraction = 0;
    while fraction < 256 {
        let (t, one) = (fraction as i64, 256i64);
        let left = sixth((one - t).pow(3));
        let middle = sixth(3 * t.pow(3) - 6 * one * t.pow(2) + 4 * one.pow(3));
        let last = sixth(t.pow(3));
        table[fraction] = [left, middle, (1 << 16) - left - middle - last, last];
        fraction += 1;
    }
    table
};

fn spline(fraction: u32) -> [i32; 4] {
    SPLINE[fraction as usize & 255]
}

impl Field {
    /// The field of a key over a canvas; `cell_px` > 0 is the distance of lattice crossings.
    pub fn new(key: &Digest, size: Size, cell_px: f64) -> Self {
        let step = (65536.0 / cell_px).round_ties_even().clamp(1.0, 65536.0) as u64;
        let cells = |length: u32| ((u64::from(length) * step) >> 16) as usize + 4;
        let (columns, rows) = (cells(size.width), cells(size.height));
        let mut rng = Rng::from_digest(key);
        let mut lattice = Vec::with_capacity(columns * rows);
        while lattice.len() < columns * rows {
            let bits = rng.bits();
            lattice.extend((0..4).map(|part| i32::from((bits >> (16 * part)) as u16 as i16) << 1));
        }
        lattice.truncate(columns * rows);
        Self { columns, lattice, step }
    }

    /// The field's values along row `y`, one per element of `out`.
    pub fn row(&self, y: u32, out: &mut [i32]) {
        let at = u64::from(y) * self.step;
        let (first, weights) = ((at >> 16) as usize, spline((at >> 8) as u32 & 255));
        let lines: [&[i32]; 4] =
            std::array::from_fn(|line| &self.lattice[(first + line) * self.columns..][..self.columns]);
        let column = |index: usize| {
            let sum: i64 = (0..4).map(|line| i64::from(weights[line]) * i64::from(lines[line][index])).sum();
            (sum >> 16) as i32
        };
        let mut corners: [i32; 4] = std::array::from_fn(column);
        let mut cell = 0;
        for (x, out) in out.iter_mut().enumerate() {
            let at = x as u64 * self.step;
            while cell < (at >> 16) as usize {
                cell += 1;
                corners = [corners[1], corners[2], corners[3], column(cell + 3)];
            }
            let weights = spline((at >> 8) as u32 & 255);
            let sum: i64 = (0..4).map(|corner| i64::from(weights[corner]) * i64::from(corners[corner])).sum();
            *out = (sum >> 16) as i32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spline_weights_are_positive_and_sum_to_one() {
        for fraction in 0..256 {
            let weights = spline(fraction);
            assert_eq!(weights.iter().sum::<i32>(), 1 << 16);
            assert!(weights.iter().all(|weight| *weight >= 0), "{fraction}: {weights:?}");
        }
    }

    #[test]
    fn fields_are_smooth_centred_and_of_their_key() {
        let size = Size::new(300, 200);
        let values = |name: &[u8]| -> Vec<i32> {
            let field = Field::new(&Digest::of(name), size, 12.5);
            let mut row = vec![0; 300];
            (0..200)
                .flat_map(|y| {
                    field.row(y, &mut row);
                    row.clone()
                })
                .collect()
        };
        let first = values(b"a");
        assert_eq!(first, values(b"a"));
        assert_ne!(first, values(b"b"));
        let mean = first.iter().map(|value| f64::from(*value)).sum::<f64>() / 65536.0 / first.len() as f64;
        let square = first.iter().map(|value| (f64::from(*value) / 65536.0).powi(2)).sum::<f64>() / first.len() as f64;
        assert!(mean.abs() < 0.06 && (0.2..0.32).contains(&square.sqrt()), "{mean} {}", square.sqrt());
        let steepest = first.chunks(300).flat_map(|row| row.windows(2)).map(|pair| pair[0].abs_diff(pair[1])).max();
        assert!(steepest < Some(16_000), "{steepest:?}");
    }
}
