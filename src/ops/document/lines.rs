//! Where a page's lines of text are, as well as a quick look can tell.
//!
//! A row that crosses writing has many sharp changes of brightness. Rows where their number peaks are the middles of
//! lines; the first and the last change are a line's ends. A page that has none, or is turned, gets lines anywhere.

use super::{between, shorter};
use crate::pixels::{Image, Size};
use crate::seed::Rng;

/// A line of text, in px.
pub(super) struct Line {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) middle: f32,
}

/// A change of brightness between neighbours that is an edge of writing.
const SHARP: u8 = 28;

fn edges(row: &[u8]) -> impl Iterator<Item = bool> {
    row.chunks_exact(3).zip(row.chunks_exact(3).skip(1)).map(|(left, right)| left[1].abs_diff(right[1]) > SHARP)
}

/// The middles of the lines of a page, from the top.
fn middles(image: &Image) -> Vec<usize> {
    let Size { width, .. } = image.size();
    let counts: Vec<u32> = (image.data().chunks_exact(width as usize * 3))
        .map(|row| edges(row).filter(|edge| *edge).count() as u32)
        .collect();
    // A running mean over about half the height of small writing.
    let half = ((0.006 * shorter(image.size())) as usize).max(1);
    let mut sum: u32 = counts.iter().take(half).sum();
    let smoothed: Vec<u32> = (0..counts.len())
        .map(|y| {
            sum += counts.get(y + half).copied().unwrap_or(0);
            if y > half {
                sum -= counts[y - half - 1];
            }
            sum
        })
        .collect();
    let least = smoothed.iter().copied().max().unwrap_or(0) / 3;
    let peak = |y: &usize| {
        let (above, below) = (y.saturating_sub(2 * half), (y + 2 * half + 1).min(smoothed.len()));
        let around = &smoothed[above..below];
        smoothed[*y] > least.max(4) && around.iter().all(|other| *other <= smoothed[*y])
    };
    let peaks: Vec<usize> = (0..smoothed.len()).filter(peak).collect();
    // A plateau counts once.
    let first = |(index, y): (usize, &usize)| (index == 0 || y - peaks[index - 1] > half).then_some(*y);
    peaks.iter().enumerate().filter_map(first).collect()
}

/// Some of a page's lines, whole or a part of them, no line twice while there are others.
pub(super) fn choose(image: &Image, count: usize, rng: &mut Rng) -> Vec<Line> {
    let Size { width, height } = image.size();
    let mut middles = middles(image);
    let mut chosen = Vec::with_capacity(count);
    for _ in 0..count {
        let (whole, from, share) = (rng.below(2) == 0, between(rng, 0.0, 1.0), between(rng, 0.15, 0.6));
        let (middle, left, right) = if middles.is_empty() {
            (between(rng, 0.05, 0.95) * height as f32, 0.08 * width as f32, 0.92 * width as f32)
        } else {
            let y = middles.remove(rng.below(middles.len() as u64) as usize);
            let row = &image.data()[y * width as usize * 3..][..width as usize * 3];
            let first = edges(row).position(|edge| edge).unwrap_or(0) as f32;
            let last = edges(row).enumerate().filter_map(|(x, edge)| edge.then_some(x + 1)).last();
            (y as f32 + 0.5, first, last.map_or(width as f32, |last| last as f32))
        };
        let length = right - left;
        let (left, right) = if whole {
            (left, right)
        } else {
            let left = left + from * (1.0 - share) * length;
            (left, left + share * length)
        };
        chosen.push(Line { left, right, middle });
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn lines_are_found_where_the_writing_is() {
        let page = Image::from_fn(Size::new(300, 200), |x, y| {
            let written = y % 20 < 8 && (40..260).contains(&x) && (x / 2) % 3 == 0;
            if written { [20; 3] } else { [240, 235, 220] }
        });
        let lines = choose(&page, 10, &mut Rng::from_digest(&Digest::of(b"k")));
        let mut found: Vec<u32> = lines.iter().map(|line| line.middle as u32).collect();
        found.sort_unstable();
        assert_eq!(found.len(), 10);
        for (index, middle) in found.iter().enumerate() {
            assert!((index as u32 * 20..index as u32 * 20 + 8).contains(middle), "{found:?}");
        }
        assert!(lines.iter().all(|line| line.left >= 39.0 && line.right <= 261.0 && line.left < line.right));
        assert_eq!(
            choose(&Image::filled(Size::new(1, 1), [9; 3]), 3, &mut Rng::from_digest(&Digest::of(b"k"))).len(),
            3
        );
    }
}
