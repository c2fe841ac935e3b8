//! Affine runs read bilinearly, a row at a time: what is seen of every canvas is known before any pixel is read.
//!
//! Along a row every coordinate is linear, so the columns at which a mask is seen in part or wholly are found by division;
//! only the few that are seen in part are weighed one by one. The bytes are those of
//! [`resample`](super::resample::resample).

use super::affine::Affine;
use super::resample::{Linear, Mask};
use super::simd::{self, Path};
use super::taps::{Bilinear, Source, Tap, fraction, over};
use std::ops::Range;

const ONE: i64 = 1 << 32;

/// The rows of a result.
pub(super) struct Rows<'a> {
    source: Source<'a>,
    line: Line,
    masks: Vec<(Line, &'a Mask)>,
    width: usize,
    /// Of the present row, for each mask.
    spans: Vec<Spans>,
}

/// The columns at which a mask may be seen, and those at which nothing else is.
type Spans = (Range<usize>, Range<usize>);

/// A coordinate along a row.
#[derive(Clone, Copy)]
struct Along {
    step: i64,
    /// `1 / |step|`: a division of whole numbers takes as long as reading ten pixels.
    inverse: f64,
}

impl Along {
    fn new(step: i64) -> Self {
        Self { step, inverse: 1.0 / step.abs() as f64 }
    }

    /// The columns below `width` at which `start + step · column` lies in `low..high`.
    #[inline]
    fn columns(self, start: i64, low: i64, high: i64, width: usize) -> Range<usize> {
        let (width, size) = (width as i64, self.step.abs());
        // The first column at which `size · column` is at least `least`: estimated to within one, and made exact.
        let first = |least: i64| {
            let column = (least as f64 * self.inverse).clamp(0.0, width as f64) as i64;
            let before = column - i64::from(column > 0 && (column - 1) * size >= least);
            before + i64::from(before < width && before * size < least)
        };
        let (from, to) = match self.step {
            0 => (0, if (low..high).contains(&start) { width } else { 0 }),
            1.. => (first(low - start), first(high - start)),
            _ => (first(start - high + 1), first(start - low + 1)),
        };
        from as usize..to.max(from) as usize
    }
}

/// Fills pixels with one colour; a grey is one byte over and over, which is faster.
fn flood(pixels: &mut [[u8; 3]], color: [u8; 3]) {
    match color {
        [red, green, blue] if red == green && green == blue => pixels.as_flattened_mut().fill(red),
        _ => pixels.fill(color),
    }
}

fn intersection(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}

/// A map's coordinates along its rows.
struct Line {
    map: Linear,
    along: (Along, Along),
}

impl Line {
    fn new(to: &Affine) -> Self {
        let map = Linear::new(to);
        let (x, y) = map.path(0, 0).step;
        Self { map, along: (Along::new(x), Along::new(y)) }
    }

    /// The columns at which a path of this map lies in `x` and `y`.
    fn within(&self, path: &Path, x: Range<i64>, y: Range<i64>, width: usize) -> Range<usize> {
        let (across, down) = self.along;
        let found = across.columns(path.at.0, x.start, x.end, width);
        intersection(&found, &down.columns(path.at.1, y.start, y.end, width))
    }
}

fn spans(line: &Line, mask: &Mask, row: u32, width: usize) -> Spans {
    // As `Bilinear::coverage` rounds: to 256ths, of which it takes the whole.
    let path = line.map.path(row, 1 << 23);
    let some = |length: u32| -(255 << 24)..i64::from(length) << 32;
    let full = |length: u32| 0..(((i64::from(length) - 1) << 8) + 1) << 24;
    let (size, path) = (mask.size, &path);
    (
        line.within(path, some(size.width), some(size.height), width),
        line.within(path, full(size.width), full(size.height), width),
    )
}

impl<'a> Rows<'a> {
    /// The rows of a canvas `width` pixels wide.
    pub(super) fn new(source: Source<'a>, to: &Affine, masks: &'a [Mask], width: u32) -> Self {
        let masks = masks.iter().map(|mask| (Line::new(&mask.to), mask)).collect();
        let (line, width) = (Line::new(to), width as usize);
        Self { source, line, masks, width, spans: Vec::new() }
    }

    /// Row `row`, over any content.
    pub(super) fn row(&mut self, row: u32, line: &mut [u8]) {
        self.spans.clear();
        self.spans.extend(self.masks.iter().map(|(line, mask)| spans(line, mask, row, self.width)));
        let whole = 0..self.width;
        let visible = self.spans.iter().fold(whole, |visible, (some, _)| intersection(&visible, some));
        self.read(row, visible, line);
        self.paint(row, line);
    }

    fn read(&self, row: u32, visible: Range<usize>, line: &mut [u8]) {
        let image = self.source.image;
        let (width, height) = (i64::from(image.size().width), i64::from(image.size().height));
        let path = self.line.map.path(row, 1 << 21);
        let level = path.step.1 == 0 && path.step.0.abs() == ONE;
        let moved = level && fraction(path.at.0) == 0 && fraction(path.at.1) == 0;
        let (columns, rows) = if moved { (width, height) } else { simd::reach(image.size()) };
        let quick = intersection(&visible, &self.line.within(&path, 0..columns * ONE, 0..rows * ONE, self.width));
        if !quick.is_empty() {
            let along = |column: usize| {
                let column = column as i64;
                (path.at.0 + path.step.0 * column, path.at.1 + path.step.1 * column)
            };
            let out = &mut line[quick.start * 3..quick.end * 3];
            if moved {
                // Whole pixels of one row, forwards or backwards.
                let pixel = |column: usize| {
                    let (x, y) = along(column);
                    (((y >> 32) * width + (x >> 32)) * 3) as usize
                };
                let (first, last) = (pixel(quick.start), pixel(quick.end - 1));
                out.copy_from_slice(&image.data()[first.min(last)..first.max(last) + 3]);
                if path.step.0 < 0 {
                    out.as_chunks_mut::<3>().0.reverse();
                }
            } else {
                simd::bilinear(image.data(), width as usize * 3, Path { at: along(quick.start), ..path }, out);
            }
        }
        let pixels = line.as_chunks_mut::<3>().0;
        for column in (visible.start..quick.start).chain(quick.end..visible.end) {
            let at = self.line.map.at(column as u32, row);
            pixels[column] = Bilinear::within(self.source, at).unwrap_or_else(|| Bilinear::anywhere(self.source, at));
        }
    }

    /// Paints what the masks hide.
    fn paint(&self, row: u32, line: &mut [u8]) {
        let line = line.as_chunks_mut::<3>().0;
        for ((Line { map, .. }, mask), (some, full)) in self.masks.iter().zip(&self.spans) {
            flood(&mut line[..some.start], mask.fill);
            flood(&mut line[some.end..], mask.fill);
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
            let found = Along::new(step).columns(start, low, low + more, 50);
            for column in 0..50usize {
                let at = start + step * column as i64;
                prop_assert_eq!(found.contains(&column), (low..low + more).contains(&at), "{} {:?}", column, found);
            }
        }
    }
}
