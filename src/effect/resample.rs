//! One resampling for a whole run of geometric effects.
//!
//! Maps that follow each other compose, so the image is read once, however many flips, turns and fits there are. What a
//! canvas in between cut off must not come back: each canvas of the run is kept as a mask with its fill, painted over the
//! result in order. Three cases, told apart by the composed map and the run's interpolation alone:
//!
//! - rows stay rows and the scale is not 1 (a plain fit), unless `nearest` is asked for: an antialiased cubic resize
//!   ([Catmull-Rom][cubic], by `fast_image_resize`), then whole pixels are moved;
//! - else bilinear or bicubic, after the image was shrunk by a step of a ladder (¾, ½, ⅜, ¼, …) where it would be read with
//!   gaps of more than 4/3 pixels, so that thin strokes do not flicker away; a map that moves whole pixels is this case
//!   with fractions of 0, which is exact. A projective map has gaps that differ from place to place: the median
//!   [counts](Homography::steps), so it takes one step of the ladder, too;
//! - or nearest: no ladder, and masks without antialiasing, so that no colour is new.
//!
//! Coordinates of affine runs are fixed point with 32 fractional bits and linear in column and row, never accumulated;
//! weights ([`taps`](super::taps)) come from 10 bits of fraction and sum to exactly 2^14.
//!
//! [cubic]: https://doi.org/10.1145/378456.378514 "Mitchell & Netravali 1988, B = 0, C = ½"

use super::affine::Affine;
use super::custom::Buffers;
use super::homography::Homography;
use super::resize::{Fit, reduce, resized};
use super::sampling::sample;
use super::simd;
use super::taps::{Bilinear, Index, Interpolation, Source, Tap, over};
use crate::pixels::{Fill, Image, Size};

/// One geometric effect: where each pixel of a new canvas is read.
#[derive(Clone, PartialEq, Debug)]
pub struct Map {
    /// From the new canvas to the old one.
    pub inverse: Homography,
    /// The old canvas.
    pub from: Size,
    /// The new canvas.
    pub canvas: Size,
    /// What is seen where the old canvas is left.
    pub fill: Fill,
    /// How it is to be read between pixels; `None` takes what the other maps of the run want.
    pub interpolation: Option<Interpolation>,
}

/// How a run of maps is read: as the first of them that minds wants it.
pub fn interpolation(maps: &[Map]) -> Option<Interpolation> {
    maps.iter().find_map(|map| map.interpolation)
}

impl Map {
    /// Whether the new canvas shows anything beyond the old one.
    pub fn uncovers(&self) -> bool {
        !self.inverse.lands_within(self.canvas, self.from)
    }

    /// Whether this map may be read in one go with the run before it: it needs no pixels of the canvas in between, and no
    /// other interpolation.
    pub fn joins(&self, run: &[Self]) -> bool {
        let agrees = |wanted: Interpolation| interpolation(run).is_none_or(|already| already == wanted);
        self.interpolation.is_none_or(agrees)
            && (matches!(self.fill, Fill::Color(_) | Fill::Median) || !self.uncovers())
    }
}

/// A canvas of the run, as the result sees it.
pub(super) struct Mask<To = Affine> {
    pub(super) to: To,
    pub(super) size: Size,
    pub(super) fill: [u8; 3],
}

/// A run of maps, settled: what is read, and where.
pub(super) enum Settled {
    /// A resize that keeps rows and columns.
    Fit(Fit),
    /// Points between pixels, of an image shrunk to this size.
    Sample {
        /// Of the image that is read.
        reduced: Size,
        /// From the result to that image.
        to: Homography,
        /// The canvases of the run, in order.
        masks: Vec<Mask<Homography>>,
        /// Whether the image is mirrored beyond its border.
        mirrored: bool,
        /// Between pixels.
        interpolation: Interpolation,
    },
}

/// The canvas that a run of maps ends in.
pub(super) fn canvas(maps: &[Map]) -> Size {
    maps.last().expect("BUG: a resampling of no maps").canvas
}

/// Settles how a run of maps reads an image.
pub(super) fn settle(image: &Image, maps: &[Map]) -> Settled {
    let canvas = canvas(maps);
    let mut masks = Vec::new();
    let mut to = Homography::IDENTITY;
    for map in maps.iter().rev() {
        to = to.then(&map.inverse);
        let fill = match map.fill {
            Fill::Color(color) => Some(color),
            Fill::Median => Some(border_median(image)),
            Fill::Edge | Fill::Reflect => None,
        };
        if let (true, Some(fill)) = (map.uncovers(), fill) {
            masks.push(Mask { to, size: map.from, fill });
        }
    }
    masks.reverse();
    let beyond = maps[0].uncovers() && matches!(maps[0].fill, Fill::Edge | Fill::Reflect);
    let mirrored = beyond && maps[0].fill == Fill::Reflect;
    let interpolation = interpolation(maps).unwrap_or_default();
    if let (Homography::Affine(to), false, false) = (&to, beyond, interpolation == Interpolation::Nearest)
        && to.keeps_axes()
        && to.steps() != (1.0, 1.0)
        && let Some(fit) = Fit::settle(image.size(), canvas, to, &affine(&masks))
    {
        return Settled::Fit(fit);
    }
    let (reduced, scale) = match interpolation {
        Interpolation::Nearest => (image.size(), Affine::IDENTITY),
        Interpolation::Bilinear | Interpolation::Bicubic => reduce(image.size(), to.steps(canvas, image.size())),
    };
    let to = to.then(&scale.into());
    if maps[0].uncovers() && !beyond {
        masks[0] = Mask { to, size: reduced, fill: masks[0].fill };
    }
    Settled::Sample { reduced, to, masks, mirrored, interpolation }
}

/// Applies a run of maps (at least one; all but the first [join](Map::joins)) in one resampling.
pub fn resample(image: &Image, maps: &[Map]) -> Image {
    let mut out = Image::filled(canvas(maps), [0; 3]);
    let buffers = &mut Buffers::default();
    match settle(image, maps) {
        Settled::Fit(fit) => fit.apply(image, &mut out, buffers),
        Settled::Sample { reduced, to, masks, mirrored, interpolation } => {
            let shrunk = (reduced != image.size()).then(|| resized(image, reduced, buffers));
            let image = shrunk.as_ref().unwrap_or(image);
            match (&to, interpolation) {
                (Homography::Affine(to), Interpolation::Bilinear) => {
                    bilinear(image, &mut out, to, &affine(&masks), mirrored);
                }
                _ => sample(Source { image, mirrored }, &mut out, &to, &masks, interpolation),
            }
        }
    }
    out
}

/// The masks of an affine run: a composed map is affine where all of its parts are.
pub(super) fn affine(masks: &[Mask<Homography>]) -> Vec<Mask> {
    let affine = |mask: &Mask<Homography>| match mask.to {
        Homography::Affine(to) => Mask { to, size: mask.size, fill: mask.fill },
        Homography::Projective(_) => unreachable!("BUG: perspective in an affine run"),
    };
    masks.iter().map(affine).collect()
}

/// The median of each channel over the pixels of the border.
pub fn border_median(image: &Image) -> [u8; 3] {
    let Size { width, height } = image.size();
    let mut counts = [[0u32; 256]; 3];
    let mut total = 0;
    let rows = (0..width).flat_map(|x| [(x, 0), (x, height - 1)]);
    for (x, y) in rows.chain((0..height).flat_map(|y| [(0, y), (width - 1, y)])) {
        for (channel, level) in image.pixel(x, y).into_iter().enumerate() {
            counts[channel][usize::from(level)] += 1;
        }
        total += 1;
    }
    counts.map(|counts| {
        let mut seen = 0;
        counts
            .iter()
            .position(|count| {
                seen += count;
                2 * seen >= total
            })
            .expect("BUG: a border of no pixels") as u8
    })
}

/// An affine map in fixed point: from the index of a pixel to an index in the source, 32 fractional bits.
pub(super) struct Linear {
    x: [i64; 3],
    y: [i64; 3],
}

impl Linear {
    pub(super) fn new(to: &Affine) -> Self {
        let fixed = |value: f64| (value * (1u64 << 32) as f64).round_ties_even() as i64;
        let (x, y) = to.apply(0.5, 0.5);
        Self { x: [fixed(to.a), fixed(to.b), fixed(x - 0.5)], y: [fixed(to.d), fixed(to.e), fixed(y - 0.5)] }
    }

    /// The points of a row, `half` of a step that they will be rounded to added.
    pub(super) fn path(&self, row: u32, half: i64) -> simd::Path {
        let at = self.at(0, row);
        simd::Path { at: (at.0 + half, at.1 + half), step: (self.x[0], self.y[0]) }
    }

    pub(super) fn at(&self, column: u32, row: u32) -> Index {
        let along = |axis: &[i64; 3]| axis[2] + axis[0] * i64::from(column) + axis[1] * i64::from(row);
        (along(&self.x), along(&self.y))
    }
}

/// Reads each pixel of the result from four neighbours, then paints what the masks hide.
fn bilinear(image: &Image, out: &mut Image, to: &Affine, masks: &[Mask], mirrored: bool) {
    let (linear, source) = (Linear::new(to), Source { image, mirrored });
    let masks: Vec<(Linear, &Mask)> = masks.iter().map(|mask| (Linear::new(&mask.to), mask)).collect();
    let width = out.size().width as usize;
    for (row, line) in (0..).zip(out.data_mut().chunks_exact_mut(width * 3)) {
        for (column, pixel) in (0..).zip(line.as_chunks_mut::<3>().0) {
            let at = linear.at(column, row);
            *pixel = Bilinear::within(source, at).unwrap_or_else(|| Bilinear::anywhere(source, at));
            for (map, mask) in &masks {
                let seen = Bilinear::coverage(map.at(column, row), mask.size);
                if seen < 256 {
                    *pixel = over(*pixel, seen, mask.fill);
                }
            }
        }
    }
}
