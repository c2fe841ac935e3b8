//! The resampling loop for every map and interpolation; affine runs read bilinearly have a loop of their own in
//! [`resample`](super::resample), by the same arithmetic.
//!
//! A projective point costs one division in `f64`; its coordinates are rounded to 1024ths of a pixel. A point on or
//! behind the horizon sees nothing: a fill with a colour is painted there, an edge or mirror fill shows what lies far out
//! in the point's direction.

use super::homography::{Homography, Projective};
use super::resample::{Linear, Mask};
use super::taps::{Bicubic, Bilinear, Index, Interpolation, Nearest, Source, Tap, over, read, whole};
use crate::pixels::Image;

/// Farther out than any image, in 1024ths of a pixel.
const FAR: f64 = (1u64 << 40) as f64;

/// Where the pixels of the result lie in another plane.
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

    /// The points of a row. `towards`: whether points behind the horizon lie far out in their direction; else far out.
    fn row(&self, row: u32, towards: bool, points: &mut [Index]) {
        let map = match self {
            Self::Linear(linear) => {
                (0..).zip(points).for_each(|(column, point)| *point = linear.at(column, row));
                return;
            }
            Self::Projective(map) => map,
        };
        let y = f64::from(row) + 0.5;
        #[expect(clippy::manual_clamp, reason = "`max` and `min` take a NaN away, `clamp` hands it on")]
        let fixed = |along: f64| whole((along - 512.0).max(-FAR).min(FAR)) << 22;
        for (column, point) in (0u32..).zip(points) {
            let x = f64::from(column) + 0.5;
            let depth = map.depth(x, y);
            let scale = 1024.0 / depth.max(1e-9);
            let (over_x, over_y) = map.over.apply(x, y);
            let seen = depth > 0.0 || towards;
            *point = (fixed(if seen { over_x * scale } else { -FAR }), fixed(over_y * scale));
        }
    }
}

/// Reads each pixel of the result to `out`, a canvas with any content, then paints what the masks hide.
pub fn sample(
    source: Source<'_>,
    out: &mut Image,
    to: &Homography,
    masks: &[Mask<Homography>],
    interpolation: Interpolation,
) {
    match interpolation {
        Interpolation::Nearest => each::<Nearest>(source, out, to, masks),
        Interpolation::Bilinear => each::<Bilinear>(source, out, to, masks),
        Interpolation::Bicubic => each::<Bicubic>(source, out, to, masks),
    }
}

fn each<T: Tap>(source: Source<'_>, out: &mut Image, to: &Homography, masks: &[Mask<Homography>]) {
    let canvas = out.size();
    // The source's own mask lies where the source does, and hides nothing where nothing but the source is read.
    let (own, others) = match masks {
        [own, others @ ..] if own.to == *to && own.size == source.image.size() => (Some(own), others),
        _ => (None, masks),
    };
    let place = Place::new(to);
    let others: Vec<_> = others.iter().map(|mask| (Place::new(&mask.to), mask)).collect();
    let mut points = vec![(0, 0); canvas.width as usize];
    for (row, line) in (0..).zip(out.data_mut().chunks_exact_mut(canvas.width as usize * 3)) {
        let line = line.as_chunks_mut::<3>().0;
        place.row(row, own.is_none(), &mut points);
        for (pixel, at) in line.iter_mut().zip(&points) {
            *pixel = read::<T>(source, *at, own.map(|mask| mask.fill));
        }
        for (place, mask) in &others {
            place.row(row, false, &mut points);
            for (pixel, at) in line.iter_mut().zip(&points) {
                let seen = T::coverage(*at, mask.size);
                if seen < 256 {
                    *pixel = over(*pixel, seen, mask.fill);
                }
            }
        }
    }
}
