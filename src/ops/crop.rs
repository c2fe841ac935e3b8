//! Ops that take a part of the image.

use super::spec::{Interpolation, interpolation, micro, number, word};
use crate::effect::Lowering;
use crate::effect::affine::Affine;
use crate::number::Micro;
use crate::pixels::{Fill, Size};

crate::op! {
    /// Takes a part of the image and enlarges it to the canvas (Inception's crop, Szegedy et al. 2015, arXiv:1409.4842;
    /// torchvision's `RandomResizedCrop`). The aspect is relative to the canvas, so that it says how much shapes are
    /// stretched. A part wider or higher than the image is cut to it.
    op "random_resized_crop", revision 1, Geometry, effects ["resample"],
    example "area = [0.5, 1], aspect = { log = [0.8, 1.25] }, x = [0, 1], y = [0, 1]";
    RandomResizedCrop {
        /// Of the part, of the image's area.
        area: Micro = micro(10_000, 1_000_000, "fraction"),
        /// Width over height of the part, over that of the image: above 1 makes content narrower, below 1 wider.
        aspect: Micro = micro(100_000, 10_000_000, "ratio").or(1),
        /// Where the part lies: 0 at the left, 1 at the right.
        x: Micro = number(0, 1, "fraction"),
        /// Where the part lies: 0 at the top, 1 at the bottom.
        y: Micro = number(0, 1, "fraction"),
        /// Between pixels: `nearest` (no new colours), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl RandomResizedCrop {
    fn lower(&self, lowering: &mut Lowering) {
        let size = lowering.size();
        let (area, aspect) = (self.area.to_f64(), self.aspect.to_f64());
        let (wide, high) = ((area * aspect).sqrt().min(1.0), (area / aspect).sqrt().min(1.0));
        let left = (1.0 - wide) * self.x.to_f64() * f64::from(size.width);
        let top = (1.0 - high) * self.y.to_f64() * f64::from(size.height);
        let inverse = Affine::scale(wide, high).then(&Affine::translation(left, top));
        lowering.map_by(self.interpolation, inverse, size, Fill::WHITE);
    }
}

crate::op! {
    /// Cuts the borders off, whole pixels, at least one stays (albumentations' `CropAndPad`, imgaug's before it).
    op "crop_borders", revision 1, Geometry, effects ["resample"],
    example "left = [0, 0.1], right = [0, 0.1], top = [0, 0.1], bottom = [0, 0.1]";
    CropBorders {
        /// Cut off at the left, of the width.
        left: Micro = micro(0, 450_000, "fraction").or(0),
        /// Cut off at the right, of the width.
        right: Micro = micro(0, 450_000, "fraction").or(0),
        /// Cut off at the top, of the height.
        top: Micro = micro(0, 450_000, "fraction").or(0),
        /// Cut off at the bottom, of the height.
        bottom: Micro = micro(0, 450_000, "fraction").or(0),
        /// `shrink` the canvas to what is left: exact, no pixel is resampled; or `keep` it, what is left enlarged to it.
        canvas: &'static str = word(&["shrink", "keep"]).or_word("shrink"),
        /// Between pixels, where the canvas is kept: `nearest` (no new colours), `bilinear` or `bicubic` (Catmull-Rom).
        interpolation: Interpolation = interpolation(),
    }
}

impl CropBorders {
    fn lower(&self, lowering: &mut Lowering) {
        let size = lowering.size();
        let (left, width) = rest(size.width, self.left, self.right);
        let (top, height) = rest(size.height, self.top, self.bottom);
        let to = Affine::translation(f64::from(left), f64::from(top));
        if self.canvas == "shrink" {
            lowering.map(to, Size::new(width, height), Fill::WHITE);
        } else {
            let part = |part: u32, whole: u32| f64::from(part) / f64::from(whole);
            let inverse = Affine::scale(part(width, size.width), part(height, size.height)).then(&to);
            lowering.map_by(self.interpolation, inverse, size, Fill::WHITE);
        }
    }
}

/// How many pixels are cut off before, and how many are left.
fn rest(length: u32, before: Micro, after: Micro) -> (u32, u32) {
    let cut = |fraction: Micro| (fraction.to_f64() * f64::from(length)).round_ties_even() as u32;
    let before = cut(before).min(length - 1);
    (before, length - before - cut(after).min(length - 1 - before))
}
