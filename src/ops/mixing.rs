//! Ops that blend in another source, and so change the label.

use super::spec::micro;
use crate::number::Micro;
use crate::seed::Rng;

/// How much of a partner is blended in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mix {
    /// The partner's share of pixels and label, in 256ths, 1 to 255.
    pub weight: u16,
}

crate::op! {
    /// Blends with another source: `(1 - w) * image + w * partner`, w drawn from Beta(alpha, alpha) (mixup, Zhang et al.
    /// 2018, arXiv:1710.09412). The label follows with the same w, a whole number of 256ths.
    mix "mixup", revision 1, Mixing, effects ["blend"], example "alpha = 0.4, partner = { classes = \"any\" }, label = \"soft\"";
    Mixup {
        /// Small values leave one image dominant, 1 draws every share alike, large values blend half and half.
        alpha: Micro = micro(10_000, 100_000_000, "shape").or_micro(400_000),
    }
}

impl Mixup {
    fn mix(&self, rng: &mut Rng) -> Mix {
        let alpha = self.alpha.to_f64();
        let share = rng.beta(alpha, alpha) * 256.0;
        Mix { weight: share.round_ties_even().clamp(1.0, 255.0) as u16 }
    }
}
