//! Ops that mix or swap the channels of a pixel.

use super::spec::{integer, micro, number, word};
use crate::effect::curve::Curve;
use crate::effect::matrix::{LUMA, Matrix};
use crate::effect::{Effect, Lowering};
use crate::number::Micro;

crate::op! {
    /// Puts the channels in another order: exact.
    op "channel_shuffle", revision 1, Colour, effects ["matrix"], example "order = \"any\"";
    ChannelShuffle {
        /// What red, green and blue are taken from: `bgr` swaps red and blue; `any` draws one of the five.
        order: &'static str = word(&["rbg", "grb", "gbr", "brg", "bgr", "any"]),
    }
}

impl ChannelShuffle {
    fn lower(&self, lowering: &mut Lowering) {
        let mut rows = [[0.0; 3]; 3];
        for (row, from) in rows.iter_mut().zip(self.order.chars()) {
            let channel = "rgb".find(from).unwrap_or_else(|| unreachable!("BUG: channels in order '{}'", self.order));
            row[channel] = 1.0;
        }
        lowering.push(Effect::Matrix(Matrix::new(rows)));
    }
}

crate::op! {
    /// Makes one channel flat (albumentations' `ChannelDropout`).
    op "channel_drop", revision 1, Colour, effects ["curve"], example "channel = \"any\", fill = [0, 255]";
    ChannelDrop {
        /// Which one; `any` draws it.
        channel: &'static str = word(&["red", "green", "blue", "any"]),
        /// What it becomes.
        fill: Micro = integer(0, 255, "grey levels").or(0),
    }
}

impl ChannelDrop {
    fn lower(&self, lowering: &mut Lowering) {
        let flat = Curve::Linear { factor: Micro::ZERO, pivot: Micro::ZERO, add: self.fill };
        let curve = |channel| if self.channel == channel { flat } else { Curve::shift(Micro::ZERO) };
        lowering.push(Effect::Curve(["red", "green", "blue"].map(curve)));
    }
}

crate::op! {
    /// Scales the distance of each channel to the luma 0.299 R + 0.587 G + 0.114 B (Pillow's `ImageEnhance.Color`,
    /// torchvision's `adjust_saturation`): neighbouring ops of this kind fold, so colour given up comes back.
    op "saturation", revision 1, Colour, effects ["matrix"], example "factor = [0.4, 1.6]";
    Saturation {
        /// 1 changes nothing, 0 is grey.
        factor: Micro = number(0, 4, "times"),
    }
}

impl Saturation {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Matrix(Matrix::blend([LUMA; 3], 1.0 - self.factor.to_f64())));
    }
}

/// Microsoft's matrix ("Image composition with GDI+", 2005), as albumentations' `ToSepia` has it.
const SEPIA: [[f64; 3]; 3] = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];

crate::op! {
    /// Tones the image brown, as an old photograph, by Microsoft's matrix (albumentations' `ToSepia`).
    op "sepia", revision 1, Colour, effects ["matrix"], example "strength = [0.3, 1]";
    Sepia {
        /// 0 changes nothing, 1 is the matrix.
        strength: Micro = micro(0, 1_000_000, "fraction").or(1),
    }
}

impl Sepia {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Matrix(Matrix::blend(SEPIA, self.strength.to_f64())));
    }
}
