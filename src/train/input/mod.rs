//! From an image to what a network is fed: `[3, height, width]` f32, normalised.
//!
//! One [`Input`] serves training, validation, test and test-time views, and is stored with every checkpoint, so that no
//! two of them can differ. An image is brought to the size by one antialiased resize, as Pillow's (and so torchvision's
//! and timm's) is: with its aspect kept and the rest filled, or squashed.

mod normalise;
#[cfg(target_arch = "x86_64")]
mod taps;
mod view;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use view::{Dihedral, View, ViewError};

use crate::effect::simd::{self, Level};
use crate::pixels::{Image, Size};
use fast_image_resize as fir;
use normalise::{Normalise, widen};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The mean of ImageNet's channels, for red, green and blue from 0 to 1; what torchvision's and most of timm's weights
/// were trained with.
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// The standard deviation of ImageNet's channels.
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// How an image of another aspect is brought to the input's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fit {
    /// The aspect is kept; the image lies in the middle, and the rest has this colour (sRGB). Small images are enlarged.
    Pad {
        /// Red, green, blue.
        fill: [u8; 3],
    },
    /// Both sides are scaled by themselves; nothing is filled.
    Squash,
}

/// The filter of the resize; all are widened by the factor by which an image shrinks, so nothing aliases.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Triangle, radius 1; torchvision's default.
    #[default]
    Bilinear,
    /// Cubic with a = −0.5 (Catmull-Rom), radius 2; the default of many of timm's weights.
    Bicubic,
    /// Lanczos, radius 3.
    Lanczos,
}

impl Interpolation {
    const fn filter(self) -> fir::FilterType {
        match self {
            Self::Bilinear => fir::FilterType::Bilinear,
            Self::Bicubic => fir::FilterType::CatmullRom,
            Self::Lanczos => fir::FilterType::Lanczos3,
        }
    }
}

/// What is fed to a network. As text: `{ width, height, fit, mean, std, interpolation }`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Input {
    written: Written,
    normalise: Normalise,
}

/// As it is written in a configuration or a checkpoint.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    width: u32,
    height: u32,
    fit: Fit,
    mean: [f32; 3],
    std: [f32; 3],
    #[serde(default)]
    interpolation: Interpolation,
}

/// Why there is no such input.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum InputError {
    /// A side that is none, or beyond any network.
    #[error("an input of {0} pixels: sides are from 1 to {LONGEST}")]
    Size(Size),
    /// A mean that is no number.
    #[error(
        "a mean of {0:?}: one finite number for each of red, green and blue, 0 to 1 where they are not subtracted from 0 to 255"
    )]
    Mean([f32; 3]),
    /// A standard deviation that cannot be divided by.
    #[error("a std of {0:?}: one positive number for each of red, green and blue")]
    Std([f32; 3]),
}

/// The longest side that is taken.
const LONGEST: u32 = 8192;

impl TryFrom<Written> for Input {
    type Error = InputError;

    fn try_from(written: Written) -> Result<Self, InputError> {
        let Written { width, height, mean, std, .. } = written;
        let size = Size::new(width, height);
        if width == 0 || height == 0 || width.max(height) > LONGEST {
            return Err(InputError::Size(size));
        }
        if !mean.iter().all(|mean| mean.is_finite()) {
            return Err(InputError::Mean(mean));
        }
        if !std.iter().all(|std| std.is_finite() && *std > 0.0) {
            return Err(InputError::Std(std));
        }
        Ok(Self { normalise: Normalise::new(mean, std), written })
    }
}

impl From<Input> for Written {
    fn from(input: Input) -> Self {
        input.written
    }
}

/// Memory of one thread, used again from sample to sample.
#[derive(Default)]
pub struct Scratch {
    resizer: fir::Resizer,
    wide: Vec<u8>,
    resized: Vec<u8>,
    #[cfg(target_arch = "x86_64")]
    memory: x86::Memory,
    /// For a sample's bytes.
    pub bytes: Vec<u8>,
}

/// What a resize does along one side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// Pixels of the image.
    source: u32,
    /// Pixels of the image that are not shown, at each end.
    cut: u32,
    /// Pixels of the image that are.
    length: u32,
    /// Pixels of the canvas that show them.
    shown: u32,
}

/// One side of an image on the canvas.
#[derive(Clone, Copy)]
struct Side {
    /// Pixels of the canvas before those that show the image.
    before: u32,
    span: Span,
}

impl Side {
    /// An image side of `source` pixels that is to be `wanted` pixels long, in the middle of `canvas` pixels.
    ///
    /// What lies outside is cut by whole pixels: fast_image_resize 6.1 computes an index below 0 where the first pixel of
    /// an enlarged part falls on the middle of a source pixel, which it never does after a cut of whole pixels.
    fn new(source: u32, wanted: u32, canvas: u32) -> Self {
        let outside = f64::from(source) * (1.0 - f64::from(canvas) / f64::from(wanted)).max(0.0);
        let cut = ((outside / 2.0).round() as u32).min((source - 1) / 2);
        let shown = wanted.min(canvas);
        Self { before: (canvas - shown) / 2, span: Span { source, cut, length: source - 2 * cut, shown } }
    }
}

impl Input {
    /// An input of `size` pixels; `mean` and `std` are of channels from 0 to 1.
    ///
    /// # Errors
    /// When a side is 0 or too long, or a standard deviation is not positive.
    pub fn new(
        size: Size,
        fit: Fit,
        mean: [f32; 3],
        std: [f32; 3],
        interpolation: Interpolation,
    ) -> Result<Self, InputError> {
        Written { width: size.width, height: size.height, fit, mean, std, interpolation }.try_into()
    }

    /// Width and height in pixels.
    pub fn size(&self) -> Size {
        Size::new(self.written.width, self.written.height)
    }

    /// How other aspects are brought to it.
    pub fn fit(&self) -> Fit {
        self.written.fit
    }

    /// What is subtracted from the channels, which are from 0 to 1.
    pub fn mean(&self) -> [f32; 3] {
        self.written.mean
    }

    /// What they are then divided by.
    pub fn std(&self) -> [f32; 3] {
        self.written.std
    }

    /// How many numbers an image becomes: 3 · height · width.
    pub fn numbers(&self) -> usize {
        3 * self.size().pixels() as usize
    }

    /// The size that an image has on the canvas, before a view scales it.
    fn fitted(&self, image: Size) -> Size {
        let canvas = self.size();
        if self.written.fit == Fit::Squash {
            return canvas;
        }
        // a · b / c, rounded, at least 1 and at most `most`.
        let part = |a: u32, b: u32, c: u32, most: u32| {
            let (a, b, c) = (u64::from(a), u64::from(b), u64::from(c));
            ((2 * a * b + c) / (2 * c)).clamp(1, u64::from(most)) as u32
        };
        let wide =
            u64::from(image.width) * u64::from(canvas.height) >= u64::from(image.height) * u64::from(canvas.width);
        match wide {
            true => Size::new(canvas.width, part(image.height, canvas.width, image.width, canvas.height)),
            false => Size::new(part(image.width, canvas.height, image.height, canvas.width), canvas.height),
        }
    }

    /// Writes a view of an image to `out`, `[3, height, width]`: turned, fitted, resized, normalised.
    ///
    /// # Panics
    /// When `out` has another length than [`Input::numbers`].
    pub fn write(&self, image: &Image, view: &View, scratch: &mut Scratch, out: &mut [f32]) {
        self.write_by(simd::level(), image, view, scratch, out);
    }

    /// The same by the loops of a level that the CPU has; the numbers are equal.
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "there is one level"))]
    fn write_by(&self, level: Level, image: &Image, view: &View, scratch: &mut Scratch, out: &mut [f32]) {
        assert_eq!(out.len(), self.numbers(), "BUG: a place for each number");
        let canvas = self.size();
        let transposes = view.turn().transposes();
        let turned = if transposes { image.size().transposed() } else { image.size() };
        let fitted = self.fitted(turned);
        let scaled = |side: u32| ((f64::from(side) * view.scale()).round() as u32).max(1);
        let across = Side::new(turned.width, scaled(fitted.width), canvas.width);
        let down = Side::new(turned.height, scaled(fitted.height), canvas.height);
        let fill = match self.written.fit {
            Fit::Pad { fill: [red, green, blue] } => self.normalise.pixel([red, green, blue, 0]),
            // Only a view that makes an image smaller leaves something: what the network takes for the mean colour.
            Fit::Squash => [0.0; 3],
        };
        let width = canvas.width as usize;
        let (left, top) = (across.before as usize, down.before as usize);
        let (shown, rows) = (across.span.shown as usize, down.span.shown as usize);
        let (red, rest) = out.split_at_mut(canvas.pixels() as usize);
        let (green, blue) = rest.split_at_mut(red.len());
        let (columns, rows) = (left..left + shown, top * width..(top + rows) * width);
        let lines = |plane, fill| lines(plane, width, columns.clone(), rows.clone(), fill);
        let (red, green, blue) = (lines(red, fill[0]), lines(green, fill[1]), lines(blue, fill[2]));
        let mut lines = red.zip(green).zip(blue).map(|((red, green), blue)| [red, green, blue]);
        // The resize is of the image as it lies; the turn is made on the way to the canvas.
        let spans = if transposes { (down.span, across.span) } else { (across.span, down.span) };
        #[cfg(target_arch = "x86_64")]
        if (level, view.turn()) == (Level::Avx2, Dihedral::Same) {
            let (filter, normalise) = (self.written.interpolation, &self.normalise);
            // SAFETY: `level` is that of the process or less, and AVX2 only on a CPU that has it.
            #[allow(unsafe_code, reason = "a call into code compiled for AVX2")]
            if unsafe { x86::write(image, spans, filter, normalise, &mut scratch.memory, &mut lines) } {
                return;
            }
        }
        let pixels = self.resize(image, spans, scratch);
        let lying = Size::new(spans.0.shown, spans.1.shown);
        for (row, line) in lines.enumerate() {
            match view.turn().step(row, lying) {
                (start, 1) => self.normalise.row(&pixels[start..start + shown], line),
                (start, step) => self.normalise.steps(pixels, start, step, line),
            }
        }
    }

    /// The part of an image that is shown, in the size in which it is: four bytes a pixel, the last unused.
    fn resize<'a>(&self, image: &Image, (x, y): (Span, Span), scratch: &'a mut Scratch) -> &'a [[u8; 4]] {
        type Pixels<'a> = fir::images::TypedImageRef<'a, fir::pixels::U8x4>;
        type PixelsMut<'a> = fir::images::TypedImage<'a, fir::pixels::U8x4>;
        let Scratch { resizer, wide, resized, .. } = scratch;
        let size = image.size();
        let wide = widen(image.data(), wide);
        if (x.cut, y.cut, Size::new(x.shown, y.shown)) == (0, 0, size) {
            return wide.as_chunks::<4>().0;
        }
        resized.resize(4 * x.shown as usize * y.shown as usize, 0);
        let source = Pixels::from_buffer(size.width, size.height, wide).expect("BUG: four bytes a pixel");
        let mut target = PixelsMut::from_buffer(x.shown, y.shown, resized).expect("BUG: four bytes a pixel");
        let filter = fir::ResizeAlg::Convolution(self.written.interpolation.filter());
        let [left, top, width, height] = [x.cut, y.cut, x.length, y.length].map(f64::from);
        let part = fir::ResizeOptions::new().crop(left, top, width, height);
        let options = part.resize_alg(filter).use_alpha(false);
        resizer.resize_typed(&source, &mut target, &options).expect("BUG: the part lies within the image");
        resized.as_chunks::<4>().0
    }
}

/// The rows of a plane of this width that show the image, as far as they do; `rows` is where they lie in the plane. Above and
/// below it is filled now, beside them when a row is taken, while it is at hand.
fn lines(
    plane: &mut [f32],
    width: usize,
    columns: Range<usize>,
    rows: Range<usize>,
    fill: f32,
) -> impl Iterator<Item = &mut [f32]> {
    plane[..rows.start].fill(fill);
    plane[rows.end..].fill(fill);
    plane[rows].chunks_exact_mut(width).map(move |row| {
        row[..columns.start].fill(fill);
        row[columns.end..].fill(fill);
        &mut row[columns.clone()]
    })
}

#[cfg(test)]
mod tests;
