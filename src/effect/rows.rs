//! Affine runs read bilinearly, a row at a time: what is seen of every canvas is known before any pixel is read.
//!
//! Along a row every coordinate is linear, so the columns at which a mask is seen in part or wholly are found by division;
//! only the few that are seen in part are weighed one by one. The bytes are those of
//! [`resample`](super::resample::resample).

use super::affine::Affine;
use super::resample::{Linear, Mask};
use super::simd::{self, Path, REACH};
use super::taps::{Bilinear, Source, Tap, over};
use std::ops::Range;

const ONE: i64 = 1 << 32;
/// Columns of a tile. With 128, what the plain loop does at the ends of tiles cost more than the cache saved (2 MB of L2).
const TILE: usize = 512;
/// Rows that are read together.
pub(super) const BAND: usize = 16;

/// The rows of a result.
pub(super) struct Rows<'a> {
    source: Source<'a>,
    linear: Linear,
    masks: Vec<(Linear, &'a Mask)>,
    width: usize,
    /// Of the band's rows, for each mask.
    spans: Vec<Spans>,
    /// Of the band's rows.
    lays: Vec<Lay>,
}

/// The columns at which a mask may be seen, and those at which nothing else is.
type Spans = (Range<usize>, Range<usize>);

/// What is read in a row.
struct Lay {
    path: Path,
    /// Columns that no mask hides wholly.
    visible: Range<usize>,
    /// Those that [`simd::bilinear`] reads.
    quick: Range<usize>,
    /// Those, or those that were moved already; among the visible ones.
    done: Range<usize>,
}

/// The columns below `width` at which `start + step · column` lies in `low..high`.
fn columns(start: i64, step: i64, low: i64, high: i64, width: usize) -> Range<usize> {
    let (from, to) = match step {
        0 if low <= start && start < high => (0, width as i64),
        0 => (0, 0),
        1.. => ((low - start + step - 1).div_euclid(step), (high - start + step - 1).div_euclid(step)),
        _ => ((start - high).div_euclid(-step) + 1, (start - low).div_euclid(-step) + 1),
    };
    let clip = |column: i64| column.clamp(0, width as i64) as usize;
    clip(from)..clip(to).max(clip(from))
}

fn intersection(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}

/// The columns at which a path lies in `x` and `y`.
fn within(path: &Path, x: Range<i64>, y: Range<i64>, width: usize) -> Range<usize> {
    intersection(
        &columns(path.at.0, path.step.0, x.start, x.end, width),
        &columns(path.at.1, path.step.1, y.start, y.end, width),
    )
}

fn spans(map: &Linear, mask: &Mask, row: u32, width: usize) -> Spans {
    let at = map.at(0, row);
    let step = map.path(row).step;
    // As `Bilinear::coverage` rounds: to 256ths, of which it takes the whole.
    let path = Path { at: (at.0 + (1 << 23), at.1 + (1 << 23)), step };
    let some = |length: u32| -(255 << 24)..i64::from(length) << 32;
    let full = |length: u32| 0..(((i64::from(length) - 1) << 8) + 1) << 24;
    let (size, path) = (mask.size, &path);
    (within(path, some(size.width), some(size.height), width), within(path, full(size.width), full(size.height), width))
}

impl<'a> Rows<'a> {
    /// The rows of a canvas `width` pixels wide.
    pub(super) fn new(source: Source<'a>, to: &Affine, masks: &'a [Mask], width: u32) -> Self {
        let masks = masks.iter().map(|mask| (Linear::new(&mask.to), mask)).collect();
        let (linear, width) = (Linear::new(to), width as usize);
        Self { source, linear, masks, width, spans: Vec::new(), lays: Vec::new() }
    }

    /// The rows from `first` on, as many as `lines` holds, over any content. They are read a tile after the other, so that
    /// a turned image's rows are met again while they are in the cache.
    pub(super) fn band(&mut self, first: u32, lines: &mut [u8]) {
        self.spans.clear();
        self.lays.clear();
        let row_bytes = self.width * 3;
        for (row, line) in (first..).zip(lines.chunks_exact_mut(row_bytes)) {
            self.lay(row, line);
        }
        let (data, stride) = (self.source.image.data(), self.source.image.size().width as usize * 3);
        for left in (0..self.width).step_by(TILE) {
            for (lay, line) in self.lays.iter().zip(lines.chunks_exact_mut(row_bytes)) {
                let part = intersection(&lay.quick, &(left..left + TILE));
                if !part.is_empty() {
                    let along = part.start as i64;
                    let at = (lay.path.at.0 + lay.path.step.0 * along, lay.path.at.1 + lay.path.step.1 * along);
                    simd::bilinear(data, stride, Path { at, ..lay.path }, &mut line[part.start * 3..part.end * 3]);
                }
            }
        }
        let masks = self.masks.len();
        for (index, line) in lines.chunks_exact_mut(row_bytes).enumerate() {
            let row = first + index as u32;
            self.read_slowly(row, &self.lays[index], line);
            self.paint(row, &self.spans[index * masks..][..masks], line);
        }
    }

    /// Finds what is seen in a row, and moves whole pixels where it can.
    fn lay(&mut self, row: u32, line: &mut [u8]) {
        let mut visible = 0..self.width;
        for (map, mask) in &self.masks {
            let (some, full) = spans(map, mask, row, self.width);
            visible = intersection(&visible, &some);
            self.spans.push((some, full));
        }
        let image = self.source.image;
        let (width, height) = (i64::from(image.size().width), i64::from(image.size().height));
        let path = self.linear.path(row);
        let fraction = |at: i64| (at >> 22) & 1023;
        let level = path.step.1 == 0 && path.step.0.abs() == ONE;
        let (quick, done) = if level && fraction(path.at.0) == 0 && fraction(path.at.1) == 0 {
            // Whole pixels of one row, forwards or backwards.
            let done = intersection(&visible, &within(&path, 0..width * ONE, 0..height * ONE, self.width));
            if !done.is_empty() {
                let x = |column: usize| ((path.at.0 + path.step.0 * column as i64) >> 32) as usize;
                let (first, last) = (x(done.start), x(done.end - 1));
                let start = ((path.at.1 >> 32) * width * 3) as usize;
                let from = &image.data()[start + first.min(last) * 3..=start + first.max(last) * 3 + 2];
                let to = &mut line[done.start * 3..done.end * 3];
                to.copy_from_slice(from);
                if path.step.0 < 0 {
                    to.as_chunks_mut::<3>().0.reverse();
                }
            }
            (0..0, done)
        } else {
            let inner = within(&path, 0..(width - REACH + 1) * ONE, 0..(height - 1) * ONE, self.width);
            let quick = intersection(&visible, &inner);
            (quick.clone(), quick)
        };
        self.lays.push(Lay { path, visible, quick, done });
    }

    /// Reads the pixels that are left.
    fn read_slowly(&self, row: u32, lay: &Lay, line: &mut [u8]) {
        let pixels = line.as_chunks_mut::<3>().0;
        for column in (lay.visible.start..lay.done.start).chain(lay.done.end..lay.visible.end) {
            let at = self.linear.at(column as u32, row);
            pixels[column] = Bilinear::within(self.source, at).unwrap_or_else(|| Bilinear::anywhere(self.source, at));
        }
    }

    /// Paints what the masks hide.
    fn paint(&self, row: u32, spans: &[Spans], line: &mut [u8]) {
        let line = line.as_chunks_mut::<3>().0;
        for ((map, mask), (some, full)) in self.masks.iter().zip(spans) {
            line[..some.start].fill(mask.fill);
            line[some.end..].fill(mask.fill);
            let full = intersection(some, full);
            let parts =
                if full.is_empty() { [some.clone(), 0..0] } else { [some.start..full.start, full.end..some.end] };
            for column in parts.into_iter().flatten() {
                let seen = Bilinear::coverage(map.at(column as u32, row), mask.size);
                line[column] = over(line[column], seen, mask.fill);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_are_those_that_lie_between(start in -500i64..500, step in -40i64..40, low in -300i64..300, more in 0i64..300) {
            let found = columns(start, step, low, low + more, 50);
            for column in 0..50usize {
                let at = start + step * column as i64;
                prop_assert_eq!(found.contains(&column), (low..low + more).contains(&at), "{} {:?}", column, found);
            }
        }
    }
}
