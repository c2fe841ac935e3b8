//! Ops that move pixels: they lower to maps, and a run of them is one resampling.

use super::fit::{Fit, fit};
use super::spec::{Fill, Interpolation, fill, integer, interpolation, micro, number, word};
use crate::effect::Lowering;
use crate::effect::affine::{Affine, centre};
use crate::number::Micro;
use crate::pixels::Size;

crate::op! {
    /// Mirrors the image: exact, no pixel is resampled.
    op "flip", revision 1, Geometry, effects ["resample"], example "axis = \"any\"";
    Flip {
        /// `horizontal` swaps left and right, `vertical` swaps top and bottom, `transpose` swaps rows and columns (so
        /// a portrait page becomes a landscape one); `any` draws one of the three.
        axis: &'static str = word(&["horizontal", "vertical", "transpose", "any"]),
    }
}

impl Flip {
    fn lower(&self, lowering: &mut Lowering) {
        let size = lowering.size();
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let (inverse, canvas) = match self.axis {
            "horizontal" => (Affine { a: -1.0, c: width, ..Affine::IDENTITY }, size),
            "vertical" => (Affine { e: -1.0, f: height, ..Affine::IDENTITY }, size),
            "transpose" => (Affine { a: 0.0, b: 1.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 }, size.transposed()),
            other => unreachable!("BUG: flip along '{other}'"),
        };
        lowering.map(inverse, canvas, Fill::WHITE);
    }
}

crate::op! {
    /// Turns the image by quarter turns: exact, no pixel is resampled.
    op "rotate90", revision 1, Geometry, effects ["resample"], example "turns = [1, 3]";
    Rotate90 {
        /// Quarter turns counter-clockwise.
        turns: Micro = integer(-3, 3, "quarter turns"),
    }
}

impl Rotate90 {
    fn lower(&self, lowering: &mut Lowering) {
        let (inverse, canvas) = turn(lowering.size(), 90.0 * self.turns.to_f64(), true);
        lowering.map(inverse, canvas, Fill::WHITE);
    }
}

crate::op! {
    /// Turns the image about its centre (OpenCV 5's `warpAffine` to a grey level, 0.01 on the average).
    op "rotate", revision 1, Geometry, effects ["resample"], example "degrees = [-10, 10], canvas = \"expand\"";
    Rotate {
        /// Angle; positive is counter-clockwise.
        degrees: Micro = number(-360, 360, "degrees"),
        /// `keep` the canvas and cut corners off, or `expand` it until the whole turned image fits.
        canvas: &'static str = word(&["keep", "expand"]).or_word("keep"),
        /// What the uncovered corners become.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl Rotate {
    fn lower(&self, lowering: &mut Lowering) {
        let (inverse, canvas) = turn(lowering.size(), self.degrees.to_f64(), self.canvas == "expand");
        lowering.map_by(self.interpolation, inverse, canvas, self.fill);
    }
}

/// The inverse map of a turn about the centre, and its canvas.
pub(super) fn turn(size: Size, degrees: f64, expand: bool) -> (Affine, Size) {
    let turn = Affine::rotation(degrees);
    let canvas = if expand {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        // The inverse's absolute values transposed: they are symmetric for a rotation.
        Size::new(
            side(turn.a.abs() * width + turn.b.abs() * height),
            side(turn.d.abs() * width + turn.e.abs() * height),
        )
    } else {
        size
    };
    (turn.about(centre(canvas), centre(size)), canvas)
}

/// Pixels that hold a length, up to a millionth of a pixel.
pub(super) fn side(length: f64) -> u32 {
    (length - 1e-6).ceil() as u32
}

crate::op! {
    /// Enlarges or shrinks the content about the centre (OpenCV's `warpAffine`; Pillow's bicubic `resize` where every side
    /// falls on whole pixels); the canvas keeps its size.
    op "scale", revision 1, Geometry, effects ["resample"], example "factor = { log = [0.8, 1.25] }";
    Scale {
        /// Above 1 enlarges (and cuts the border off), below 1 shrinks (and uncovers a border).
        factor: Micro = micro(50_000, 20_000_000, "times"),
        /// What an uncovered border becomes.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl Scale {
    fn lower(&self, lowering: &mut Lowering) {
        let (size, step) = (lowering.size(), 1.0 / self.factor.to_f64());
        let inverse = Affine::scale(step, step).about(centre(size), centre(size));
        lowering.map_by(self.interpolation, inverse, size, self.fill);
    }
}

crate::op! {
    /// Moves the content (OpenCV's `warpAffine`); the canvas keeps its size. Exact where the move is of whole pixels.
    op "shift", revision 1, Geometry, effects ["resample"], example "x = [-0.1, 0.1], y = [-0.1, 0.1]";
    Shift {
        /// To the right, as a fraction of the width.
        x: Micro = number(-1, 1, "fraction").or(0),
        /// Down, as a fraction of the height.
        y: Micro = number(-1, 1, "fraction").or(0),
        /// What the uncovered border becomes.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl Shift {
    fn lower(&self, lowering: &mut Lowering) {
        let size = lowering.size();
        let (x, y) = (self.x.to_f64() * f64::from(size.width), self.y.to_f64() * f64::from(size.height));
        lowering.map_by(self.interpolation, Affine::translation(-x, -y), size, self.fill);
    }
}

crate::op! {
    /// Brings the image to a size, antialiased (Pillow's bicubic `resize`), as `[output] fit` does; for a size that later steps (noise, blur)
    /// should act at.
    op "resize", revision 1, Geometry, effects ["resample"], example "width = 64, height = 64, fit = \"pad\"";
    Resize {
        /// Width of the box.
        width: Micro = integer(1, 16384, "px"),
        /// Height of the box.
        height: Micro = integer(1, 16384, "px"),
        /// `within` shrinks until it fits, aspect kept, and never enlarges; `pad` makes it as large as fits and fills
        /// the rest; `stretch` gives the aspect up; `cover` fills the box and cuts the rest off.
        fit: &'static str = word(&["within", "pad", "stretch", "cover"]).or_word("within"),
        /// What `pad` fills the rest with.
        fill: Fill = fill(),
    }
}

impl Resize {
    fn lower(&self, lowering: &mut Lowering) {
        let size = size(self.width, self.height);
        let how = match self.fit {
            "within" => Fit::Within(size),
            "pad" => Fit::Pad(size, self.fill),
            "stretch" => Fit::Stretch(size),
            "cover" => Fit::Cover(size),
            other => unreachable!("BUG: resize to fit '{other}'"),
        };
        fit(lowering, how);
    }
}

crate::op! {
    /// Enlarges the canvas to at least a size, the content in the middle, without resampling.
    op "pad", revision 1, Geometry, effects ["resample"], example "width = 128, height = 128";
    Pad {
        /// Smallest width of the new canvas.
        width: Micro = integer(1, 16384, "px"),
        /// Smallest height of the new canvas.
        height: Micro = integer(1, 16384, "px"),
        /// What the new border becomes.
        fill: Fill = fill(),
    }
}

impl Pad {
    fn lower(&self, lowering: &mut Lowering) {
        let (old, least) = (lowering.size(), size(self.width, self.height));
        let canvas = Size::new(old.width.max(least.width), old.height.max(least.height));
        let offset = |new: u32, old: u32| f64::from((new - old) / 2);
        let inverse = Affine::translation(-offset(canvas.width, old.width), -offset(canvas.height, old.height));
        lowering.map(inverse, canvas, self.fill);
    }
}

fn size(width: Micro, height: Micro) -> Size {
    let whole = |number: Micro| {
        number.to_int().and_then(|n| u32::try_from(n).ok()).expect("BUG: a size that is no whole number")
    };
    Size::new(whole(width), whole(height))
}
