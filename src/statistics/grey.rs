//! The luma of an image as a plane, and what several measures need of it: smaller planes, means of squares.

use crate::effect::color::luma;
use crate::pixels::Image;

/// Luma (ITU-R BT.601, as OpenCV's `COLOR_RGB2GRAY`): `[height, width]` u8, rows from top to bottom. Never empty.
pub(super) struct Grey {
    pub width: usize,
    pub height: usize,
    pub data: Vec<u8>,
}

/// Where a coordinate beyond the border is read: mirrored, the outermost pixel once (OpenCV's `BORDER_REFLECT_101`).
pub(super) fn mirrored(mut at: isize, length: usize) -> usize {
    let last = length as isize - 1;
    if last == 0 {
        return 0;
    }
    while at < 0 || at > last {
        at = if at < 0 { -at } else { 2 * last - at };
    }
    at as usize
}

impl Grey {
    pub fn of(image: &Image) -> Self {
        let data = image.data().as_chunks::<3>().0.iter().map(|pixel| luma(*pixel)).collect();
        Self { width: image.size().width as usize, height: image.size().height as usize, data }
    }

    pub fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// Shrunk so that its shorter side is at most `side`: each pixel the mean of the area that it covers, rounded
    /// (OpenCV's `INTER_AREA`). A plane that is small enough stays as it is.
    pub fn reduced(&self, side: usize) -> Self {
        let shorter = self.width.min(self.height);
        if shorter <= side {
            return Self { width: self.width, height: self.height, data: self.data.clone() };
        }
        let scaled = |length: usize| ((length * side) as f64 / shorter as f64).round() as usize;
        let (width, height) = (scaled(self.width), scaled(self.height));
        let (columns, rows) = (shares(self.width, width), shares(self.height, height));
        let mut data = Vec::with_capacity(width * height);
        let mut line = vec![0u32; self.width];
        for (first, weights) in &rows {
            // Weights of one pixel sum to 2^12: 255 · 2^12 fits well, and so does what the columns make of it in u64.
            line.fill(0);
            for (y, weight) in weights.iter().enumerate() {
                for (sum, value) in line.iter_mut().zip(self.row(first + y)) {
                    *sum += weight * u32::from(*value);
                }
            }
            data.extend(columns.iter().map(|(first, weights)| {
                let part = &line[*first..first + weights.len()];
                let sum: u64 =
                    part.iter().zip(weights).map(|(value, weight)| u64::from(*value) * u64::from(*weight)).sum();
                ((sum + (1 << 23)) >> 24) as u8
            }));
        }
        Self { width, height, data }
    }

    /// Sums over the square of `2 · radius + 1` pixels around each pixel, mirrored at the border.
    pub fn sums(&self, radius: usize) -> Vec<u32> {
        let (width, height, reach) = (self.width, self.height, radius as isize);
        let mut across = vec![0u32; width * height];
        let columns: Vec<usize> = (-reach..width as isize + reach).map(|x| mirrored(x, width)).collect();
        for y in 0..height {
            let (row, out) = (self.row(y), &mut across[y * width..(y + 1) * width]);
            let mut sum: u32 = columns[..2 * radius].iter().map(|x| u32::from(row[*x])).sum();
            for (x, out) in out.iter_mut().enumerate() {
                sum += u32::from(row[columns[x + 2 * radius]]);
                *out = sum;
                sum -= u32::from(row[columns[x]]);
            }
        }
        let rows: Vec<usize> = (-reach..height as isize + reach).map(|y| mirrored(y, height) * width).collect();
        let mut column = vec![0u32; width];
        for start in &rows[..2 * radius] {
            column.iter_mut().zip(&across[*start..start + width]).for_each(|(sum, value)| *sum += value);
        }
        let mut sums = Vec::with_capacity(width * height);
        for y in 0..height {
            let (enter, leave) = (rows[y + 2 * radius], rows[y]);
            column.iter_mut().zip(&across[enter..enter + width]).for_each(|(sum, value)| *sum += value);
            sums.extend_from_slice(&column);
            column.iter_mut().zip(&across[leave..leave + width]).for_each(|(sum, value)| *sum -= value);
        }
        sums
    }
}

/// For each of `to` pixels the first of `from` that it covers and how much of it each covered one is, in 2^12ths.
fn shares(from: usize, to: usize) -> Vec<(usize, Vec<u32>)> {
    // In units of 1 / (from · to) of the side, pixel i of the source covers [i · to, (i + 1) · to).
    let share = |index: usize| {
        let (low, high) = (index * from, (index + 1) * from);
        let (first, last) = (low / to, (high - 1) / to);
        let upto = |place: usize| {
            let covered = (place * to).clamp(low, high) - low;
            ((covered << 12) + from / 2) / from
        };
        (first, (first..=last).map(|place| (upto(place + 1) - upto(place)) as u32).collect())
    };
    (0..to).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_border_is_a_mirror() {
        let read: Vec<usize> = (-5..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(read, [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
        assert_eq!(mirrored(-7, 1), 0);
    }

    #[test]
    fn a_plane_is_shrunk_by_areas() {
        // 3 × 2 to 2 × … is 1.5 columns each.
        let plane = Grey { width: 6, height: 3, data: [[0, 100, 200, 250, 50, 10]; 3].concat() };
        let small = plane.reduced(2);
        assert_eq!((small.width, small.height), (4, 2));
        assert_eq!(&small.data[..4], [33, 167, 183, 23]);
    }

    proptest! {
        #[test]
        fn sums_and_shares_are_what_they_say(
            width in 1usize..20, height in 1usize..20, radius in 1usize..12, seed in any::<u8>(), to in 1usize..20,
        ) {
            let data: Vec<u8> = (0..width * height).map(|at| (at * 37 + usize::from(seed)) as u8).collect();
            let plane = Grey { width, height, data };
            let sums = plane.sums(radius);
            let reach = radius as isize;
            for y in 0..height {
                for x in 0..width {
                    let mut sum = 0;
                    for dy in -reach..=reach {
                        for dx in -reach..=reach {
                            let (row, column) = (mirrored(y as isize + dy, height), mirrored(x as isize + dx, width));
                            sum += u32::from(plane.row(row)[column]);
                        }
                    }
                    prop_assert_eq!(sums[y * width + x], sum);
                }
            }
            if to <= width {
                let shares = shares(width, to);
                prop_assert!(shares.iter().all(|(_, weights)| weights.iter().sum::<u32>() == 1 << 12));
                prop_assert!(shares.iter().all(|(first, weights)| first + weights.len() <= width));
            }
        }
    }
}
