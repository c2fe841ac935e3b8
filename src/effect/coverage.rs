//! How much of each pixel a stroke covers: antialiased lines and curves of changing thickness.
//!
//! A stroke is a chain of dabs (a place and a radius). A pixel's coverage is read off its distance to the nearest part
//! of the chain, so that joints show no seam; only pixels near a segment are visited, and a long segment is cut, so the
//! cost follows the painted area. Floats with `+ - * /` and `sqrt` alone.

use super::shade::ONE;
use crate::pixels::Size;

/// One place of a stroke, in px; a pixel's middle is at a half.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dab {
    /// From the left.
    pub x: f32,
    /// From the top.
    pub y: f32,
    /// Half the stroke's thickness here.
    pub radius: f32,
}

/// A rectangle of pixels: `left..right` by `top..bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Bounds {
    pub left: usize,
    pub top: usize,
    pub right: usize,
    pub bottom: usize,
}

impl Bounds {
    /// The pixels of a canvas within a rectangle; none where it lies outside.
    pub fn clipped(left: f32, top: f32, right: f32, bottom: f32, canvas: Size) -> Option<Self> {
        let clip = |at: f32, end: u32| at.clamp(0.0, end as f32) as usize;
        let (left, right) = (clip(left.floor(), canvas.width), clip(right.ceil(), canvas.width));
        let (top, bottom) = (clip(top.floor(), canvas.height), clip(bottom.ceil(), canvas.height));
        (left < right && top < bottom).then_some(Self { left, top, right, bottom })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> usize {
        self.right - self.left
    }

    /// How many pixels.
    pub fn pixels(&self) -> usize {
        self.width() * (self.bottom - self.top)
    }

    /// The part of row `y` of an image this wide that lies within, as positions of samples.
    pub fn samples(&self, y: usize, image_width: usize) -> std::ops::Range<usize> {
        (y * image_width + self.left) * 3..(y * image_width + self.right) * 3
    }
}

/// The pixels that a chain of dabs can reach.
pub fn bounds(stroke: &[Dab], canvas: Size) -> Option<Bounds> {
    let edge = |side: fn(&Dab) -> f32| stroke.iter().map(side).fold(f32::INFINITY, f32::min);
    Bounds::clipped(
        edge(|dab| dab.x - dab.radius) - 1.0,
        edge(|dab| dab.y - dab.radius) - 1.0,
        1.0 - edge(|dab| -dab.x - dab.radius),
        1.0 - edge(|dab| -dab.y - dab.radius),
        canvas,
    )
}

/// Raises `mask` (one number for each pixel of `bounds`) to the stroke's coverage, up to [`ONE`]. The edge is `soft` px
/// wide; 1 is a crisp line. A line thinner than a pixel is a paler one.
pub fn paint(stroke: &[Dab], soft: f32, bounds: &Bounds, mask: &mut [i32]) {
    if let [only] = stroke {
        segment(*only, *only, soft, bounds, mask);
    }
    for pair in stroke.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = ((to.x - from.x).abs()).max((to.y - from.y).abs());
        let parts = (length / (from.radius.max(to.radius) * 4.0 + 16.0)).ceil().clamp(1.0, 65536.0) as u32;
        let at = |part: u32| {
            let share = part as f32 / parts as f32;
            let between = |from: f32, to: f32| from + (to - from) * share;
            Dab { x: between(from.x, to.x), y: between(from.y, to.y), radius: between(from.radius, to.radius) }
        };
        for part in 0..parts {
            segment(at(part), at(part + 1), soft, bounds, mask);
        }
    }
}

fn segment(from: Dab, to: Dab, soft: f32, bounds: &Bounds, mask: &mut [i32]) {
    let reach = from.radius.max(to.radius).max(0.5) + soft * 0.5;
    let clip = |at: f32, low: usize, high: usize| (at.max(0.0) as usize).clamp(low, high);
    let left = clip((from.x.min(to.x) - reach).floor(), bounds.left, bounds.right);
    let right = clip((from.x.max(to.x) + reach).ceil(), bounds.left, bounds.right);
    let top = clip((from.y.min(to.y) - reach).floor(), bounds.top, bounds.bottom);
    let bottom = clip((from.y.max(to.y) + reach).ceil(), bounds.top, bounds.bottom);
    let (along_x, along_y) = (to.x - from.x, to.y - from.y);
    let square = along_x * along_x + along_y * along_y;
    let inverse = if square > 1e-6 { 1.0 / square } else { 0.0 };
    let slope = to.radius - from.radius;
    for y in top..bottom {
        let row = &mut mask[(y - bounds.top) * bounds.width()..][left - bounds.left..right - bounds.left];
        let dy = y as f32 + 0.5 - from.y;
        for (x, cell) in (left..right).zip(row) {
            let dx = x as f32 + 0.5 - from.x;
            let t = ((dx * along_x + dy * along_y) * inverse).clamp(0.0, 1.0);
            let (away_x, away_y) = (dx - t * along_x, dy - t * along_y);
            let radius = from.radius + t * slope;
            let distance = (away_x * away_x + away_y * away_y).sqrt();
            let inside = ((radius.max(0.5) - distance) / soft + 0.5).clamp(0.0, 1.0);
            let covered = (inside * (2.0 * radius).min(1.0) * ONE as f32) as i32;
            *cell = (*cell).max(covered);
        }
    }
}

/// The smooth curve through places (a Catmull-Rom spline), `parts` ≥ 1 dabs to each of its pieces.
pub fn curve(through: &[Dab], parts: u32) -> Vec<Dab> {
    let Some(last) = through.len().checked_sub(1) else { return Vec::new() };
    let mut dabs = Vec::with_capacity(last * parts as usize + 1);
    for piece in 0..last {
        let [a, b, c, d] = [piece.saturating_sub(1), piece, piece + 1, (piece + 2).min(last)].map(|at| through[at]);
        for part in 0..parts {
            let t = part as f32 / parts as f32;
            let at = |a: f32, b: f32, c: f32, d: f32| {
                0.5 * (2.0 * b + t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a))))
            };
            let radius = b.radius + (c.radius - b.radius) * t;
            dabs.push(Dab { x: at(a.x, b.x, c.x, d.x), y: at(a.y, b.y, c.y, d.y), radius });
        }
    }
    dabs.push(through[last]);
    dabs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(stroke: &[Dab]) -> (Bounds, Vec<i32>) {
        let bounds = bounds(stroke, Size::new(200, 100)).unwrap();
        let mut mask = vec![0; bounds.pixels()];
        paint(stroke, 1.0, &bounds, &mut mask);
        (bounds, mask)
    }

    fn area(mask: &[i32]) -> f64 {
        mask.iter().map(|share| f64::from(*share) / f64::from(ONE)).sum()
    }

    #[test]
    fn a_stroke_covers_its_area() {
        let dab = |x, y, radius| Dab { x, y, radius };
        let disc = area(&painted(&[dab(50.3, 40.7, 9.0)]).1);
        assert!((disc / 254.47 - 1.0).abs() < 0.01, "{disc}");
        let line = area(&painted(&[dab(20.0, 30.0, 2.0), dab(170.5, 80.2, 2.0)]).1);
        let expected = 4.0 * (150.5f64 * 150.5 + 50.2 * 50.2).sqrt() + 12.57;
        assert!((line / expected - 1.0).abs() < 0.01, "{line} {expected}");
        let hair = area(&painted(&[dab(20.0, 30.0, 0.1), dab(170.5, 80.2, 0.1)]).1);
        assert!((hair / (expected / 20.0) - 1.0).abs() < 0.15, "{hair}");
    }

    #[test]
    fn a_stroke_beyond_the_canvas_is_cut() {
        let far = [Dab { x: -50.0, y: -50.0, radius: 3.0 }, Dab { x: 500.0, y: 400.0, radius: 3.0 }];
        let (bounds, mask) = painted(&far);
        assert_eq!(bounds, Bounds { left: 0, top: 0, right: 200, bottom: 100 });
        assert!(area(&mask) > 500.0);
        assert_eq!(super::bounds(&far[..1], Size::new(200, 100)), None);
    }

    #[test]
    fn a_curve_goes_through_its_places() {
        let places = [(0.0, 0.0), (10.0, 5.0), (20.0, -5.0), (25.0, 0.0)].map(|(x, y)| Dab { x, y, radius: 1.0 });
        let dabs = curve(&places, 8);
        assert_eq!(dabs.len(), 25);
        for (index, place) in places.iter().enumerate() {
            assert_eq!(dabs[index * 8], *place);
        }
    }
}
