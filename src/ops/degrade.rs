//! Ops that take quality away: noise, blur, compression.

use super::spec::{integer, number};
use crate::effect::blur::Kernel;
use crate::effect::noise::Noise;
use crate::effect::{Effect, Lowering};
use crate::number::Micro;

crate::op! {
    /// Adds independent, signed Gaussian noise to every channel of every pixel, rounded to whole grey levels;
    /// saturates at 0 and 255.
    op "gaussian_noise", revision 1, Noise, effects ["noise"], example "sigma = { log = [2, 40] }";
    GaussianNoise {
        /// Standard deviation. 2.5 is 1 % of full scale.
        sigma: Micro = number(0, 255, "grey levels"),
    }
}

impl GaussianNoise {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        lowering.push(Effect::Noise(Noise { sigma: self.sigma, key }));
    }
}

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
    /// Stores the image as a JPEG (4:2:0, our own pinned codec) and reads it back.
    op "jpeg_compress", revision 1, Degradation, effects ["jpeg"], example "quality = [30, 90]";
    JpegCompress {
        /// On libjpeg's scale.
        quality: Micro = integer(1, 100, "quality"),
    }
}

impl JpegCompress {
    fn lower(&self, lowering: &mut Lowering) {
        let quality = self.quality.to_int().and_then(|quality| u8::try_from(quality).ok());
        lowering.push(Effect::Jpeg(quality.expect("BUG: a quality that is no whole number up to 100")));
    }
}
