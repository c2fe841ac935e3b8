//! The resampling loop for every map and interpolation; affine runs read bilinearly have a loop of their own in
//! [`resample`](super::resample), by the same arithmetic.
//!
//! A projective point costs one division in `f64`; its coordinates are rounded to 1024ths of a pixel. A point on or
//! behind the horizon sees nothing: a fill with a colour is painted there, an edge or mirror fill shows what lies far out
//! in the point's direction.

use super::homography::{Homography, Projective};
use super::resample::{Linear, Mask};
use super::taps::{Index, Interpolation, Source, coverage, over, whole_coverage};
use crate::pixels::{Image, Size};

/// Where a pixel of the result lies in another plane.
enum Place {
    Linear(Linear),
    Projective(Projective),
}

impl Place {
    fn new(to: &Homography) -> Self {
        match to {
            Homography::Affine(affine) => Self::Linear(Linear::new(affine)),
            Homography::Projective(map) => Self::Projective(*map),
        }
    }

    /// The point of a pixel, and whether it is in front of the horizon.
    #[inline(always)]
    fn at(&self, column: u32, row: u32) -> (Index, bool) {
        match self {
            Self::Linear(linear) => (linear.at(column, row), true),
            Self::Projective(map) => {
                let (x, y) = (f64::from(column) + 0.5, f64::from(row) + 0.5);
                let depth = map.depth(x, y);
                let scale = 1024.0 / if depth > 1e-9 { depth } else { 1e-9 };
                let (x, y) = map.over.apply(x, y);
                let fixed = |along: f64| {
                    let far = (1i64 << 40) as f64;
                    ((along * scale - 512.0).round_ties_even().clamp(-far, far) as i64) << 22
                };
                ((fixed(x), fixed(y)), depth > 0.0)
            }
        }
    }
}

/// Reads each pixel of the result, then paints what the masks hide.
pub fn sample(
    source: Source<'_>,
    canvas: Size,
    to: &Homography,
    masks: &[Mask<Homography>],
    interpolation: Interpolation,
) -> Image {
    match interpolation {
        Interpolation::Nearest => each(canvas, to, masks, |at| source.nearest(at), whole_coverage),
        Interpolation::Bilinear => each(canvas, to, masks, |at| source.bilinear(at), coverage),
        Interpolation::Bicubic => each(canvas, to, masks, |at| source.bicubic(at), coverage),
    }
}

#[inline(always)]
fn each(
    canvas: Size,
    to: &Homography,
    masks: &[Mask<Homography>],
    read: impl Fn(Index) -> [u8; 3],
    cover: impl Fn(Index, Size) -> u32,
) -> Image {
    let place = Place::new(to);
    // The source's own mask lies where the source does: one division less.
    let masks: Vec<_> = masks.iter().map(|mask| ((mask.to != *to).then(|| Place::new(&mask.to)), mask)).collect();
    let mut out = Image::filled(canvas, [0; 3]);
    for (row, line) in (0..).zip(out.data_mut().chunks_exact_mut(canvas.width as usize * 3)) {
        for (column, pixel) in (0..).zip(line.as_chunks_mut::<3>().0) {
            let (at, in_front) = place.at(column, row);
            *pixel = read(at);
            for (place, mask) in &masks {
                let (at, in_front) = place.as_ref().map_or((at, in_front), |place| place.at(column, row));
                let seen = if in_front { cover(at, mask.size) } else { 0 };
                if seen < 256 {
                    *pixel = over(*pixel, seen, mask.fill);
                }
            }
        }
    }
    out
}
