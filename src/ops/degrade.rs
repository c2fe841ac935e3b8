//! Ops that take detail away: compression, resolution, levels.

use super::spec::{integer, micro, word};
use crate::effect::curve::Curve;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::{Effect, Lowering};
use crate::number::Micro;
use crate::pixels::{Image, Size};
use fast_image_resize as fir;

crate::op! {
    /// Stores the image as a JPEG (4:2:0, our own pinned codec, with libjpeg-turbo's bytes) and reads it back.
    op "jpeg_compress", revision 1, Degradation, effects ["jpeg"], example "quality = [30, 90]";
    JpegCompress {
        /// On libjpeg's scale.
        quality: Micro = integer(1, 100, "quality"),
    }
}

impl JpegCompress {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Jpeg(whole(self.quality)));
    }
}

/// A parameter that is a whole number.
fn whole(number: Micro) -> u8 {
    let whole = number.to_int().and_then(|number| u8::try_from(number).ok());
    whole.expect("BUG: a whole number of less than 256 was declared")
}

crate::op! {
    /// Shrinks the image and enlarges it again to its size, as a page that was scanned or sent at a lower resolution
    /// (albumentations' `Downscale`).
    op "downscale", revision 1, Degradation, effects [], example "factor = [0.3, 0.7], up = { choose = [\"nearest\", \"bilinear\", \"cubic\"] }";
    Downscale {
        /// Sides of the small image relative to the page's; 1 changes nothing.
        factor: Micro = micro(20_000, 1_000_000, "times"),
        /// How it is shrunk: `area` (the mean), `nearest` (single pixels: strokes break), `bilinear` or `cubic` (both
        /// antialiased).
        down: &'static str = word(&["area", "nearest", "bilinear", "cubic"]).or_word("area"),
        /// How it is enlarged: `nearest` gives blocks, `bilinear` and `cubic` (Catmull-Rom) are soft.
        up: &'static str = word(&["nearest", "bilinear", "cubic"]).or_word("bilinear"),
    }
}

impl Downscale {
    fn lower(&self, lowering: &mut Lowering) {
        let Self { factor, down, up } = *self;
        lowering.custom(Resized { factor, down, up });
    }
}

#[derive(Debug)]
struct Resized {
    factor: Micro,
    down: &'static str,
    up: &'static str,
}

impl Custom for Resized {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let side = |length: u32| ((f64::from(length) * self.factor.to_f64()).round_ties_even() as u32).max(1);
        let Size { width, height } = image.size();
        let small_size = Size::new(side(width), side(height));
        if small_size != image.size() {
            let mut small = buffers.image(small_size);
            resize(image, &mut small, self.down);
            resize(&small, image, self.up);
            buffers.give(small);
        }
    }
}

/// Fills an image with another, resized.
fn resize(from: &Image, to: &mut Image, how: &str) {
    let alg = match how {
        "nearest" => fir::ResizeAlg::Nearest,
        "area" => fir::ResizeAlg::Convolution(fir::FilterType::Box),
        "bilinear" => fir::ResizeAlg::Convolution(fir::FilterType::Bilinear),
        _ => fir::ResizeAlg::Convolution(fir::FilterType::CatmullRom),
    };
    // Typed views, as in `effect::resample`: the untyped call is two minutes of compilation.
    type View<'a> = fir::images::TypedImageRef<'a, fir::pixels::U8x3>;
    type ViewMut<'a> = fir::images::TypedImage<'a, fir::pixels::U8x3>;
    let Size { width, height } = to.size();
    let source = View::from_buffer(from.size().width, from.size().height, from.data());
    let source = source.expect("BUG: an image holds three bytes a pixel");
    let mut target = ViewMut::from_buffer(width, height, to.data_mut()).expect("BUG: three bytes a pixel");
    let options = fir::ResizeOptions::new().resize_alg(alg);
    fir::Resizer::new().resize_typed(&source, &mut target, &options).expect("BUG: both images have pixels");
}

crate::op! {
    /// Keeps the upper bits of each channel (Pillow's `ImageOps.posterize`): smooth shades become steps.
    op "posterize", revision 1, Degradation, effects ["curve"], example "bits = [3, 5]";
    Posterize {
        /// Of each channel; 8 changes nothing.
        bits: Micro = integer(1, 8, "bits"),
    }
}

impl Posterize {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Curve([Curve::Posterize(whole(self.bits)); 3]));
    }
}
