//! Ops that soften by a separable kernel: Gaussian and box. Blurs of other shapes have files of their own.

use super::spec::number;
use crate::effect::blur::Kernel;
use crate::effect::{Effect, Lowering};
use crate::number::Micro;

crate::op! {
    /// Gaussian blur, the image mirrored at its border; the kernel is cut at 3 sigma.
    op "blur", revision 1, Blur, effects ["blur"], example "sigma = [0.3, 1.5]";
    Blur {
        /// Standard deviation of the kernel.
        sigma: Micro = number(0, 20, "px"),
    }
}

impl Blur {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Blur(Kernel::gaussian(self.sigma)));
    }
}

crate::op! {
    /// Replaces each pixel by the mean of the square around it, the image mirrored at its border (Pillow's `BoxBlur`,
    /// OpenCV's `blur`).
    op "box_blur", revision 1, Blur, effects ["blur"], example "radius = [0.5, 2]";
    BoxBlur {
        /// From the pixel to each side of the square: 1 is 3×3 pixels; of the outermost, the fraction that is left.
        radius: Micro = number(0, 50, "px"),
    }
}

impl BoxBlur {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Blur(Kernel::boxed(self.radius)));
    }
}
