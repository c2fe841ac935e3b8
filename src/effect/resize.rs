//! Antialiased resizing: plain fits, and the steps of the ladder that keep thin strokes from flickering away.

use super::affine::Affine;
use super::custom::Buffers;
use super::resample::Mask;
use crate::pixels::{Image, Size};
use fast_image_resize as fir;

/// A rectangle of whole pixels: left, top, right, bottom.
type Rect = [i64; 4];

/// A resize that keeps rows and columns: no side falls between pixels.
pub(super) struct Fit {
    /// What is read: left, top, right, bottom, in pixels.
    part: [f64; 4],
    /// Where it is shown.
    shown: Rect,
    /// Whether rows become columns.
    swapped: bool,
    /// Whether the part is read backwards along the result's x and y.
    back: (bool, bool),
    /// Rectangles beyond which a colour is seen, in order.
    masks: Vec<(Rect, [u8; 3])>,
}

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

impl Fit {
    /// `None` where a side would fall between pixels.
    pub(super) fn settle(image: Size, canvas: Size, to: &Affine, masks: &[Mask]) -> Option<Self> {
        let (width, height) = (i64::from(canvas.width), i64::from(canvas.height));
        let clip = |rect: Rect| [rect[0].max(0), rect[1].max(0), rect[2].min(width), rect[3].min(height)];
        let shown = clip(seen(to, image)?);
        let masks =
            masks.iter().map(|mask| Some((clip(seen(&mask.to, mask.size)?), mask.fill))).collect::<Option<_>>()?;
        let (x0, y0) = to.apply(shown[0] as f64, shown[1] as f64);
        let (x1, y1) = to.apply(shown[2] as f64, shown[3] as f64);
        let part = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
        let swapped = to.a == 0.0;
        // The signs say which way the source is read along each side of the result.
        let back = if swapped { (to.d < 0.0, to.b < 0.0) } else { (to.a < 0.0, to.e < 0.0) };
        Some(Self { part, shown, swapped, back, masks })
    }

    /// Resizes to `out`, a canvas with any content.
    pub(super) fn apply(&self, image: &Image, out: &mut Image, buffers: &mut Buffers) {
        let Size { width: columns, height: rows } = out.size();
        let [left, top, right, bottom] = self.shown;
        let whole = self.shown == [0, 0, i64::from(columns), i64::from(rows)];
        if !whole {
            out.data_mut().fill(255);
        }
        if left < right && top < bottom {
            let (width, height) = ((right - left) as u32, (bottom - top) as u32);
            if whole && !self.swapped && self.back == (false, false) {
                resize(image, self.part, out, buffers);
            } else {
                let target = if self.swapped { Size::new(height, width) } else { Size::new(width, height) };
                let mut resized = buffers.image(target);
                resize(image, self.part, &mut resized, buffers);
                self.place(&resized, out, Size::new(width, height));
                buffers.give(resized);
            }
        }
        for (rect, fill) in &self.masks {
            for (row, line) in (0i64..).zip(out.data_mut().chunks_exact_mut(columns as usize * 3)) {
                let line = line.as_chunks_mut::<3>().0;
                if row < rect[1] || row >= rect[3] || rect[0] >= rect[2] {
                    line.fill(*fill);
                } else {
                    line[..rect[0] as usize].fill(*fill);
                    line[rect[2] as usize..].fill(*fill);
                }
            }
        }
    }

    /// Moves whole pixels to where they are shown.
    fn place(&self, resized: &Image, out: &mut Image, Size { width, height }: Size) {
        let (row, from_row) = (out.size().width as usize, resized.size().width as usize);
        let (left, top) = (self.shown[0] as usize, self.shown[1] as usize);
        let (width, height) = (width as usize, height as usize);
        let lines = out.data_mut().chunks_exact_mut(row * 3).skip(top).take(height);
        let pixels = resized.data().as_chunks::<3>().0;
        for (y, line) in lines.enumerate() {
            let line = &mut line.as_chunks_mut::<3>().0[left..left + width];
            let along_y = if self.back.1 { height - 1 - y } else { y };
            if self.swapped {
                for (x, pixel) in line.iter_mut().enumerate() {
                    let along_x = if self.back.0 { width - 1 - x } else { x };
                    *pixel = pixels[along_x * from_row + along_y];
                }
            } else {
                line.copy_from_slice(&pixels[along_y * from_row..][..width]);
                if self.back.0 {
                    line.reverse();
                }
            }
        }
    }
}

/// By how much of a pixel a part is moved that cannot be resized where it is: too little to change a grey level.
const NUDGE: f64 = 1e-6;

/// Whether fast_image_resize 6.1 would lose its place: it takes the first column that has a weight for the first pixel of a row
/// as the least of all, which it is not where an enlarged part begins on the middle of a source pixel. The weights before it
/// are 0 there and are left out, and the next pixel begins a column earlier; it then reads before its memory, or panics.
fn loses_its_place([left, top, right, bottom]: [f64; 4], out: Size) -> bool {
    let step = (right - left) / f64::from(out.width);
    let middle = left + 0.5 * step - 0.5;
    let both_ways = bottom - top != f64::from(out.height) || top.fract() != 0.0;
    both_ways && step < 1.0 && middle >= 1.0 && middle.fract() == 0.0
}

/// An antialiased cubic resize of a part (left, top, right, bottom, in pixels) of an image.
fn resize(image: &Image, part: [f64; 4], out: &mut Image, buffers: &mut Buffers) {
    let (width, height) = (f64::from(image.size().width), f64::from(image.size().height));
    let [left, top] = [part[0].clamp(0.0, width), part[1].clamp(0.0, height)];
    let [right, bottom] = [part[2].clamp(left, width), part[3].clamp(top, height)];
    let size = out.size();
    let left = if loses_its_place([left, top, right, bottom], size) { left + NUDGE } else { left };
    // Typed views: `Resizer::resize` would have every pixel type of every CPU compiled into this crate, two minutes of it.
    type View<'a> = fir::images::TypedImageRef<'a, fir::pixels::U8x3>;
    type ViewMut<'a> = fir::images::TypedImage<'a, fir::pixels::U8x3>;
    let source = View::from_buffer(image.size().width, image.size().height, image.data())
        .expect("BUG: an image holds three bytes a pixel");
    let mut target = ViewMut::from_buffer(size.width, size.height, out.data_mut()).expect("BUG: three bytes a pixel");
    let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::CatmullRom)).crop(
        left,
        top,
        right - left,
        bottom - top,
    );
    buffers.resizer().resize_typed(&source, &mut target, &options).expect("BUG: the part lies within the image");
}

/// A whole image at another size; to be [given](Buffers::give) back.
pub(super) fn resized(image: &Image, size: Size, buffers: &mut Buffers) -> Image {
    let mut out = buffers.image(size);
    let whole = [0.0, 0.0, f64::from(image.size().width), f64::from(image.size().height)];
    resize(image, whole, &mut out, buffers);
    out
}

/// The size to which an image is shrunk that would be read with gaps, and how its coordinates follow.
pub(super) fn reduce(Size { width, height }: Size, (step_x, step_y): (f64, f64)) -> (Size, Affine) {
    let ladder = |step: f64, length: u32| {
        let (mut numerator, mut denominator) = (1u64, 1u64);
        while step * numerator as f64 > 4.0 / 3.0 * denominator as f64 && denominator < 1 << 16 {
            // 1, ¾, ½, ⅜, ¼, …
            (numerator, denominator) = if numerator == 1 { (3, 4 * denominator) } else { (1, denominator / 2) };
        }
        ((u64::from(length) * numerator + denominator / 2) / denominator).max(1) as u32
    };
    let size = Size::new(ladder(step_x, width), ladder(step_y, height));
    if size == Size::new(width, height) {
        return (size, Affine::IDENTITY);
    }
    (size, Affine::scale(f64::from(size.width) / f64::from(width), f64::from(size.height) / f64::from(height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by `op.scale = { factor = 3 }` on an image of 40 pixels, which ended a build.
    #[test]
    fn a_part_that_begins_in_the_middle_of_a_pixel_is_enlarged_like_any_other() {
        let image = Image::from_fn(Size::new(40, 40), |x, y| [(5 * x) as u8, (6 * y) as u8, ((x * y) % 251) as u8]);
        let (mut out, mut buffers) = (Image::filled(Size::new(40, 40), [0; 3]), Buffers::default());
        let part = [40.0 / 3.0, 40.0 / 3.0, 80.0 / 3.0, 80.0 / 3.0];
        let exact = [part[0] + 1.0 / 3.0, part[1], part[2] + 1.0 / 3.0, part[3]];
        assert!(loses_its_place(part, out.size()) && !loses_its_place(exact, out.size()));
        resize(&image, part, &mut out, &mut buffers);
        // The same, cut from the whole.
        let whole = resized(&image, Size::new(120, 120), &mut buffers);
        for (x, y) in (0..40).flat_map(|y| (0..40).map(move |x| (x, y))) {
            let (found, expected) = (out.pixel(x, y), whole.pixel(x + 40, y + 40));
            let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1);
            assert!(near, "{x}, {y}: {found:?} and {expected:?}");
        }
    }
}
