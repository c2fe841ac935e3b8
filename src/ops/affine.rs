//! Ops that slant: `affine`, all that keeps parallels in one op, and `shear` alone.

use super::geometry::side;
use super::spec::{Fill, Interpolation, fill, interpolation, micro, number, word};
use crate::effect::Lowering;
use crate::effect::affine::{Affine, centre};
use crate::number::Micro;
use crate::pixels::Size;

crate::op! {
    /// Shears, scales and turns the content about the centre, then moves it (torchvision's `RandomAffine`); the canvas
    /// keeps its size. One resampling, as the four ops one after the other would be.
    op "affine", revision 1, Geometry, effects ["resample"],
    example "degrees = [-5, 5], factor = { log = [0.9, 1.1] }, shear_x = [-8, 8], interpolation = \"bicubic\"";
    AffineMap {
        /// Angle; positive is counter-clockwise.
        degrees: Micro = number(-360, 360, "degrees").or(0),
        /// Above 1 enlarges, below 1 shrinks.
        factor: Micro = micro(50_000, 20_000_000, "times").or(1),
        /// Slant of upright lines; positive leans them to the right, like italics.
        shear_x: Micro = number(-45, 45, "degrees").or(0),
        /// Slant of level lines; positive raises the right side.
        shear_y: Micro = number(-45, 45, "degrees").or(0),
        /// To the right, as a fraction of the width.
        x: Micro = number(-1, 1, "fraction").or(0),
        /// Down, as a fraction of the height.
        y: Micro = number(-1, 1, "fraction").or(0),
        /// What is seen beyond the image.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl AffineMap {
    fn lower(&self, lowering: &mut Lowering) {
        let (size, step) = (lowering.size(), 1.0 / self.factor.to_f64());
        let (x, y) = (self.x.to_f64() * f64::from(size.width), self.y.to_f64() * f64::from(size.height));
        let (unshear, ..) = unshear(self.shear_x, self.shear_y);
        let content = Affine::rotation(self.degrees.to_f64()).then(&Affine::scale(step, step)).then(&unshear);
        let inverse = Affine::translation(-x, -y).then(&content.about(centre(size), centre(size)));
        lowering.map_by(self.interpolation, inverse, size, self.fill);
    }
}

crate::op! {
    /// Slants the image about its centre (OpenCV's `warpAffine`): first sideways, then up and down.
    op "shear", revision 1, Geometry, effects ["resample"],
    example "x = [-10, 10]";
    Shear {
        /// Slant of upright lines; positive leans them to the right, like italics.
        x: Micro = number(-45, 45, "degrees").or(0),
        /// Slant of level lines; positive raises the right side.
        y: Micro = number(-45, 45, "degrees").or(0),
        /// `keep` the canvas and cut corners off, or `expand` it until the whole slanted image fits.
        canvas: &'static str = word(&["keep", "expand"]).or_word("keep"),
        /// What the uncovered corners become.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl Shear {
    fn lower(&self, lowering: &mut Lowering) {
        let size = lowering.size();
        let (unshear, tan_x, tan_y) = unshear(self.x, self.y);
        let canvas = if self.canvas == "expand" {
            let (width, height) = (f64::from(size.width), f64::from(size.height));
            let upright = (1.0 + tan_x * tan_y).abs();
            Size::new(side(width + tan_x.abs() * height), side(tan_y.abs() * width + upright * height))
        } else {
            size
        };
        lowering.map_by(self.interpolation, unshear.about(centre(canvas), centre(size)), canvas, self.fill);
    }
}

/// What undoes a shear along x and then along y, about the origin; and the tangents. The shear itself takes (x, y) to
/// (x − tan_x · y, y) and then (x, y) to (x, y − tan_y · x), y pointing down.
fn unshear(x: Micro, y: Micro) -> (Affine, f64, f64) {
    let tangent = |degrees: Micro| libm::tan(degrees.to_f64() * (std::f64::consts::PI / 180.0));
    let (tan_x, tan_y) = (tangent(x), tangent(y));
    let back = Affine { d: tan_y, ..Affine::IDENTITY }.then(&Affine { b: tan_x, ..Affine::IDENTITY });
    (back, tan_x, tan_y)
}
