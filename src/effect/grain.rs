//! White noise by position: a keyed number for every pixel, whatever was asked before.
//!
//! What paper fibres, toner dust and the gaps in a stroke are decided by. A multiply-and-shift hash of column and row
//! (constants by Chris Wellons' hash prospector, <https://github.com/skeeto/hash-prospector>): whole numbers only, and
//! a row is one loop without a dependence between its pixels.

use crate::digest::Digest;

/// A field of independent uniform numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grain(u32);

const fn mix(value: u32) -> u32 {
    let value = (value ^ (value >> 16)).wrapping_mul(0x7feb_352d);
    let value = (value ^ (value >> 15)).wrapping_mul(0x846c_a68b);
    value ^ (value >> 16)
}

impl Grain {
    /// The numbers of a key.
    pub fn new(key: &Digest) -> Self {
        Self(key.prefix64() as u32)
    }

    /// The numbers of row `y`, from 0 to 65535.
    pub fn row(&self, y: u32, out: &mut [i32]) {
        let start = mix(y ^ self.0).wrapping_mul(0x9e37_79b9) ^ self.0;
        for (x, out) in (0u32..).zip(out) {
            *out = (mix(x.wrapping_add(start)) >> 16) as i32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grain_is_uniform_and_neighbours_do_not_know_each_other() {
        let grain = Grain::new(&Digest::of(b"grain"));
        let rows: Vec<Vec<i32>> = (0..256)
            .map(|y| {
                let mut row = vec![0; 256];
                grain.row(y, &mut row);
                row
            })
            .collect();
        let centred = |x: usize, y: usize| f64::from(rows[y][x]) / 65536.0 - 0.5;
        let mean_of = |value: &dyn Fn(usize, usize) -> f64| {
            (0..255).flat_map(|y| (0..255).map(move |x| (x, y))).map(|(x, y)| value(x, y)).sum::<f64>() / 65025.0
        };
        assert!(mean_of(&|x, y| centred(x, y)).abs() < 0.005);
        assert!((mean_of(&|x, y| centred(x, y).powi(2)) - 1.0 / 12.0).abs() < 0.002);
        for (dx, dy) in [(1, 0), (0, 1), (1, 1)] {
            let correlation = 12.0 * mean_of(&|x, y| centred(x, y) * centred(x + dx, y + dy));
            assert!(correlation.abs() < 0.015, "{dx} {dy}: {correlation}");
        }
        let mut other = vec![0; 256];
        Grain::new(&Digest::of(b"other")).row(0, &mut other);
        assert_ne!(rows[0], other);
    }
}
