//! What the paper behind the ink looks like: a bright, smooth image made from the page itself.
//!
//! Ink that fades, wears off or was never printed shows paper, and the paper of a photographed page is neither white
//! nor even. The page is cut into square cells; a cell's paper is a high quantile of each channel in it; between the
//! cells' middles it is interpolated. A cell without paper (a photograph, a dark table) is its own paper: such a thing
//! is lightened a little at most.

use crate::pixels::{Image, Size};

/// The paper of one page.
#[derive(Debug)]
pub struct Paper {
    columns: usize,
    rows: usize,
    cell: usize,
    colors: Vec<[i32; 3]>,
}

/// Share of a cell's pixels that are brighter than its paper, in 256ths.
const BRIGHTER: u32 = 30;

impl Paper {
    /// Looks at a page.
    pub fn of(image: &Image) -> Self {
        let Size { width, height } = image.size();
        let (width, height) = (width as usize, height as usize);
        let cell = (width.min(height) / 10).max(12);
        let (columns, rows) = (width.div_ceil(cell), height.div_ceil(cell));
        // A few hundred pixels tell a cell's quantile.
        let stride = (cell / 24).max(1);
        let mut colors = Vec::with_capacity(columns * rows);
        for (top, left) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row * cell, column * cell))) {
            let mut counts = [[0u32; 256]; 3];
            let mut seen = 0;
            for y in (top..(top + cell).min(height)).step_by(stride) {
                let pixels = &image.data()[(y * width + left) * 3..(y * width + (left + cell).min(width)) * 3];
                for pixel in pixels.as_chunks::<3>().0.iter().step_by(stride) {
                    seen += 1;
                    for (counts, sample) in counts.iter_mut().zip(pixel) {
                        counts[usize::from(*sample)] += 1;
                    }
                }
            }
            colors.push(counts.map(|counts| quantile(&counts, seen * BRIGHTER / 256)));
        }
        Self { columns, rows, cell, colors: smooth(&colors, columns, rows) }
    }

    /// The paper along row `y`, from column 0.
    pub fn row(&self, y: u32, out: &mut [u8]) {
        let doubled = (2 * y as usize + 1).saturating_sub(self.cell);
        let (above, down) = (doubled / (2 * self.cell), (doubled % (2 * self.cell)) as i32);
        let cells = 2 * self.cell as i32;
        let line = |row: usize| &self.colors[row.min(self.rows - 1) * self.columns..][..self.columns];
        let (above, below) = (line(above), line(above + 1));
        // In 256ths, where this row crosses a column of cells.
        let at = |column: usize| -> [i32; 3] {
            std::array::from_fn(|channel| {
                ((above[column][channel] * (cells - down) + below[column][channel] * down) << 8) / cells
            })
        };
        let middle = self.cell / 2;
        let mut left = at(0);
        for column in 0..=self.columns {
            let right = at(column.min(self.columns - 1));
            let start = (column * self.cell).saturating_sub(self.cell - middle).min(out.len() / 3);
            let end = (column * self.cell + middle).min(out.len() / 3);
            let end = if column == self.columns { out.len() / 3 } else { end };
            let slope: [i32; 3] =
                std::array::from_fn(|channel| ((right[channel] - left[channel]) << 8) / self.cell as i32);
            for (x, pixel) in (0i32..).zip(out[start * 3..end * 3].as_chunks_mut::<3>().0) {
                for (channel, sample) in pixel.iter_mut().enumerate() {
                    *sample = ((((left[channel] + 128) << 8) + slope[channel] * x) >> 16) as u8;
                }
            }
            left = right;
        }
    }
}

/// How much darker than its paper a pixel may be and still be paper: the tooth of a rag sheet, a stain.
const TOOTH: u8 = 12;

impl Paper {
    /// Row `y` as it would be without ink: where `row` is clearly darker than its paper, that paper.
    pub fn bare(&self, y: u32, row: &[u8], out: &mut [u8]) {
        self.row(y, out);
        for (bare, sample) in out.iter_mut().zip(row) {
            *bare = bare.saturating_sub(TOOTH).max(*sample);
        }
    }
}

/// The level that no more than `brighter` counted ones exceed.
fn quantile(counts: &[u32; 256], brighter: u32) -> i32 {
    let mut above = 0;
    for (level, count) in counts.iter().enumerate().rev() {
        above += count;
        if above > brighter {
            return level as i32;
        }
    }
    0
}

/// Each cell as the mean of itself, four times, and its neighbours.
fn smooth(colors: &[[i32; 3]], columns: usize, rows: usize) -> Vec<[i32; 3]> {
    let near = |at: usize, len: usize| at.saturating_sub(1)..(at + 2).min(len);
    let mut smoothed = Vec::with_capacity(colors.len());
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        let own = colors[row * columns + column];
        let (mut sum, mut weight) = (own.map(|sample| sample * 3), 3);
        for (row, column) in near(row, rows).flat_map(|row| near(column, columns).map(move |column| (row, column))) {
            let other = colors[row * columns + column];
            sum = std::array::from_fn(|channel| sum[channel] + other[channel]);
            weight += 1;
        }
        smoothed.push(sum.map(|sum| (sum + weight / 2) / weight));
    }
    smoothed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paper_is_the_page_without_its_ink() {
        // Paper that darkens to the right, lines of text on it.
        let bare = |x: u32, _: u32| [(250 - x / 4) as u8, (240 - x / 4) as u8, (220 - x / 4) as u8];
        let page =
            Image::from_fn(Size::new(200, 260), |x, y| if y % 10 < 3 && x % 7 < 5 { [30; 3] } else { bare(x, y) });
        let paper = Paper::of(&page);
        let mut row = vec![0; 600];
        for y in [0, 3, 100, 259] {
            paper.row(y, &mut row);
            for (x, pixel) in row.as_chunks::<3>().0.iter().enumerate() {
                for (sample, expected) in pixel.iter().zip(bare(x as u32, y)) {
                    assert!(sample.abs_diff(expected) <= 8, "{x} {y}: {pixel:?}");
                }
            }
        }
        // Neither paper nor what is brighter is changed.
        let light: Vec<u8> = (0..200).flat_map(|x| bare(x, 0)).collect();
        paper.bare(0, &light, &mut row);
        assert_eq!(row, light);
        paper.bare(0, &[30; 600], &mut row);
        assert!(row.iter().all(|sample| *sample > 140));
    }
}
