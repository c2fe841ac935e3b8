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
use super::homography::Homography;
use super::sampling::sample;
use super::taps::{Bilinear, Index, Interpolation, Source, Tap, over};
use crate::pixels::{Fill, Image, Size};
use fast_image_resize as fir;
use std::borrow::Cow;

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

/// Applies a run of maps (at least one; all but the first [join](Map::joins)) in one resampling.
pub fn resample(image: &Image, maps: &[Map]) -> Image {
    let canvas = maps.last().expect("BUG: a resampling of no maps").canvas;
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
        && let Some(fitted) = fit(image, canvas, to, &affine(&masks))
    {
        return fitted;
    }
    let (reduced, scale) = match interpolation {
        Interpolation::Nearest => (Cow::Borrowed(image), Affine::IDENTITY),
        Interpolation::Bilinear | Interpolation::Bicubic => reduce(image, to.steps(canvas, image.size())),
    };
    let to = to.then(&scale.into());
    if maps[0].uncovers() && !beyond {
        masks[0] = Mask { to, size: reduced.size(), fill: masks[0].fill };
    }
    match (to, interpolation) {
        (Homography::Affine(to), Interpolation::Bilinear) => bilinear(&reduced, canvas, &to, &affine(&masks), mirrored),
        _ => sample(Source { image: &reduced, mirrored }, canvas, &to, &masks, interpolation),
    }
}

/// The masks of an affine run: a composed map is affine where all of its parts are.
fn affine(masks: &[Mask<Homography>]) -> Vec<Mask> {
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

/// A rectangle of whole pixels: left, top, right, bottom.
type Rect = [i64; 4];

/// Where the rectangle of `size` is seen in the result; `None` unless its sides are whole there (to 1e-6 px).
fn seen(to: &Affine, size: Size) -> Option<Rect> {
    let swapped = to.a == 0.0;
    let (x_scale, y_scale) = if swapped { (to.b, to.d) } else { (to.a, to.e) };
    let sides = |scale: f64, offset: f64, length: u32| {
        let (a, b) = (-offset / scale, (f64::from(length) - offset) / scale);
        let (low, high) = (a.min(b), a.max(b));
        let whole = (low - low.round()).abs() < 1e-6 && (high - high.round()).abs() < 1e-6;
        whole.then_some((low.round() as i64, high.round() as i64))
    };
    let (along_x, along_y) = (sides(x_scale, to.c, size.width)?, sides(y_scale, to.f, size.height)?);
    let ((left, right), (top, bottom)) = if swapped { (along_y, along_x) } else { (along_x, along_y) };
    Some([left, top, right, bottom])
}

/// A resize that keeps rows and columns: `None` where a side would fall between pixels.
fn fit(image: &Image, canvas: Size, to: &Affine, masks: &[Mask]) -> Option<Image> {
    let whole = [0, 0, i64::from(canvas.width), i64::from(canvas.height)];
    let clip =
        |rect: Rect| [rect[0].max(whole[0]), rect[1].max(whole[1]), rect[2].min(whole[2]), rect[3].min(whole[3])];
    let shown = clip(seen(to, image.size())?);
    let rects: Vec<Rect> = masks.iter().map(|mask| seen(&mask.to, mask.size)).collect::<Option<_>>()?;
    let mut out = Image::filled(canvas, [255; 3]);
    if shown[0] < shown[2] && shown[1] < shown[3] {
        let (width, height) = ((shown[2] - shown[0]) as u32, (shown[3] - shown[1]) as u32);
        let swapped = to.a == 0.0;
        let target = if swapped { Size::new(height, width) } else { Size::new(width, height) };
        let (x0, y0) = to.apply(shown[0] as f64, shown[1] as f64);
        let (x1, y1) = to.apply(shown[2] as f64, shown[3] as f64);
        let resized = resize(image, [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)], target);
        // The signs say which way the source is read along each side of the result.
        let (x_back, y_back) = if swapped { (to.d < 0.0, to.b < 0.0) } else { (to.a < 0.0, to.e < 0.0) };
        for y in 0..height {
            let along_y = if y_back { height - 1 - y } else { y };
            for x in 0..width {
                let along_x = if x_back { width - 1 - x } else { x };
                let (from_x, from_y) = if swapped { (along_y, along_x) } else { (along_x, along_y) };
                out.set(x + shown[0] as u32, y + shown[1] as u32, resized.pixel(from_x, from_y));
            }
        }
    }
    for (rect, mask) in rects.into_iter().map(clip).zip(masks) {
        for y in 0..canvas.height {
            for x in 0..canvas.width {
                let (column, row) = (i64::from(x), i64::from(y));
                if column < rect[0] || column >= rect[2] || row < rect[1] || row >= rect[3] {
                    out.set(x, y, mask.fill);
                }
            }
        }
    }
    Some(out)
}

/// An antialiased cubic resize of a part (left, top, right, bottom, in pixels) of an image.
fn resize(image: &Image, part: [f64; 4], size: Size) -> Image {
    let (width, height) = (f64::from(image.size().width), f64::from(image.size().height));
    let [left, top] = [part[0].clamp(0.0, width), part[1].clamp(0.0, height)];
    let [right, bottom] = [part[2].clamp(left, width), part[3].clamp(top, height)];
    // Typed views: `Resizer::resize` would have every pixel type of every CPU compiled into this crate, two minutes of it.
    type View<'a> = fir::images::TypedImageRef<'a, fir::pixels::U8x3>;
    type ViewMut<'a> = fir::images::TypedImage<'a, fir::pixels::U8x3>;
    let source = View::from_buffer(image.size().width, image.size().height, image.data())
        .expect("BUG: an image holds three bytes a pixel");
    let mut data = vec![0; size.pixels() as usize * 3];
    let mut target = ViewMut::from_buffer(size.width, size.height, &mut data).expect("BUG: three bytes a pixel");
    let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::CatmullRom)).crop(
        left,
        top,
        right - left,
        bottom - top,
    );
    fir::Resizer::new().resize_typed(&source, &mut target, &options).expect("BUG: the part lies within the image");
    Image::new(size, data).expect("BUG: three bytes a pixel")
}

/// Shrinks an image that would be read with gaps, and says how its coordinates follow.
fn reduce(image: &Image, (step_x, step_y): (f64, f64)) -> (Cow<'_, Image>, Affine) {
    let Size { width, height } = image.size();
    let ladder = |step: f64, length: u32| {
        let (mut numerator, mut denominator) = (1u64, 1u64);
        while step * numerator as f64 > 4.0 / 3.0 * denominator as f64 && denominator < 1 << 16 {
            // 1, ¾, ½, ⅜, ¼, …
            (numerator, denominator) = if numerator == 1 { (3, 4 * denominator) } else { (1, denominator / 2) };
        }
        ((u64::from(length) * numerator + denominator / 2) / denominator).max(1) as u32
    };
    let size = Size::new(ladder(step_x, width), ladder(step_y, height));
    if size == image.size() {
        return (Cow::Borrowed(image), Affine::IDENTITY);
    }
    let scale = Affine::scale(f64::from(size.width) / f64::from(width), f64::from(size.height) / f64::from(height));
    let whole = [0.0, 0.0, f64::from(width), f64::from(height)];
    (Cow::Owned(resize(image, whole, size)), scale)
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

    pub(super) fn at(&self, column: u32, row: u32) -> Index {
        let along = |axis: &[i64; 3]| axis[2] + axis[0] * i64::from(column) + axis[1] * i64::from(row);
        (along(&self.x), along(&self.y))
    }
}

/// Reads each pixel of the result from four neighbours, then paints what the masks hide.
fn bilinear(image: &Image, canvas: Size, to: &Affine, masks: &[Mask], mirrored: bool) -> Image {
    let (linear, source) = (Linear::new(to), Source { image, mirrored });
    let masks: Vec<(Linear, &Mask)> = masks.iter().map(|mask| (Linear::new(&mask.to), mask)).collect();
    Image::from_fn(canvas, |column, row| {
        let at = linear.at(column, row);
        let mut pixel = Bilinear::within(source, at).unwrap_or_else(|| Bilinear::anywhere(source, at));
        for (map, mask) in &masks {
            let seen = Bilinear::coverage(map.at(column, row), mask.size);
            if seen < 256 {
                pixel = over(pixel, seen, mask.fill);
            }
        }
        pixel
    })
}
