//! Seeing the page from an angle.

use super::geometry::side;
use super::spec::{Fill, Interpolation, fill, interpolation, micro, word};
use crate::digest::Hasher;
use crate::effect::Lowering;
use crate::effect::homography::Homography;
use crate::number::Micro;
use crate::pixels::Size;
use crate::seed::Rng;

crate::op! {
    /// Moves each corner of the image by an offset of its own, drawn for the sample, as a camera that looks at the page
    /// from an angle (torchvision's `RandomPerspective`, albumentations' `Perspective`; there corners move inwards only).
    op "perspective", revision 1, Geometry, effects ["resample"], example "displacement = [0.03, 0.1]";
    Perspective {
        /// Farthest that a corner moves, inwards or outwards, along each side; offsets up to it are equally likely.
        displacement: Micro = micro(0, 240_000, "fraction of the sides"),
        /// `keep` the canvas and cut off what leaves it, or make it the smallest (`expand`) that holds the whole page.
        canvas: &'static str = word(&["keep", "expand"]).or_word("keep"),
        /// What is seen beyond the page.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl Perspective {
    fn lower(&self, lowering: &mut Lowering) {
        if self.displacement == Micro::ZERO {
            return;
        }
        let size = lowering.size();
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let mut rng = Rng::from_digest(&Hasher::new("augmint perspective 1").digest(&lowering.key()).finish());
        // Below a quarter of the sides the corners stay the corners of a convex quadrilateral.
        let mut moved = |length: f64| (2.0 * rng.open01() - 1.0) * self.displacement.to_f64() * length;
        let corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
        let corners = corners.map(|(x, y)| (x + moved(width), y + moved(height)));
        let (corners, canvas) = if self.canvas == "expand" {
            let reach = |values: [f64; 4]| {
                let low = values.into_iter().fold(f64::INFINITY, f64::min);
                (low, values.into_iter().fold(f64::NEG_INFINITY, f64::max) - low)
            };
            let ((left, wide), (top, high)) = (reach(corners.map(|(x, _)| x)), reach(corners.map(|(_, y)| y)));
            let canvas = Size::new(side(wide).max(1), side(high).max(1));
            // What rounding up leaves goes to both sides.
            let centred = |low: f64, length: f64, pixels: u32| (f64::from(pixels) - length) / 2.0 - low;
            let (right, down) = (centred(left, wide, canvas.width), centred(top, high, canvas.height));
            (corners.map(|(x, y)| (x + right, y + down)), canvas)
        } else {
            (corners, size)
        };
        lowering.map_by(self.interpolation, Homography::from_corners(corners, size), canvas, self.fill);
    }
}
