//! Ops on colour: curves per channel, and the two that mix channels.

use super::spec::{micro, number};
use crate::effect::curve::Curve;
use crate::effect::{Effect, Lowering, color};
use crate::number::Micro;

crate::op! {
    /// Adds to each channel.
    op "rgb_shift", revision 1, Colour, effects ["curve"], example "red = [-20, 20], green = [-20, 20], blue = [-20, 20]";
    RgbShift {
        /// Added to red.
        red: Micro = number(-255, 255, "grey levels").or(0),
        /// Added to green.
        green: Micro = number(-255, 255, "grey levels").or(0),
        /// Added to blue.
        blue: Micro = number(-255, 255, "grey levels").or(0),
    }
}

impl RgbShift {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Curve([self.red, self.green, self.blue].map(Curve::shift)));
    }
}

crate::op! {
    /// Turns the hue and scales saturation and value in HSV (Smith 1978; OpenCV's `COLOR_RGB2HSV` in floats). Saturation and value are multiplied by
    /// 1 + shift, so that paper stays free of colour noise, unlike in libraries that add.
    op "hsv_shift", revision 1, Colour, effects ["hsv"], example "hue = [-10, 10], saturation = [-0.3, 0.3], value = [-0.2, 0.2]";
    HsvShift {
        /// From red towards green.
        hue: Micro = number(-180, 180, "degrees").or(0),
        /// -1 is grey, 1 twice the saturation.
        saturation: Micro = number(-1, 1, "fraction").or(0),
        /// -1 is black, 1 twice as bright.
        value: Micro = number(-1, 1, "fraction").or(0),
    }
}

impl HsvShift {
    fn lower(&self, lowering: &mut Lowering) {
        let Self { hue, saturation, value } = *self;
        lowering.push(Effect::Hsv(color::HsvShift { hue, saturation, value }));
    }
}

fn linear(lowering: &mut Lowering, factor: Micro, pivot: Micro) {
    lowering.push(Effect::Curve([Curve::Linear { factor, pivot, add: Micro::ZERO }; 3]));
}

crate::op! {
    /// Multiplies every channel (torchvision's `adjust_brightness`).
    op "brightness", revision 1, Colour, effects ["curve"], example "factor = [0.8, 1.2]";
    Brightness {
        /// 1 changes nothing, 0 is black.
        factor: Micro = number(0, 4, "times"),
    }
}

impl Brightness {
    fn lower(&self, lowering: &mut Lowering) {
        linear(lowering, self.factor, Micro::ZERO);
    }
}

crate::op! {
    /// Stretches every channel away from a level: `(v - pivot) * factor + pivot`.
    op "contrast", revision 1, Colour, effects ["curve"], example "factor = [0.7, 1.3]";
    Contrast {
        /// 1 changes nothing, 0 leaves the pivot alone.
        factor: Micro = number(0, 4, "times"),
        /// The level that stays.
        pivot: Micro = number(0, 255, "grey levels").or(128),
    }
}

impl Contrast {
    fn lower(&self, lowering: &mut Lowering) {
        linear(lowering, self.factor, self.pivot);
    }
}

crate::op! {
    /// Raises every channel to a power: `255 * (v / 255)^exponent`.
    op "gamma", revision 1, Colour, effects ["curve"], example "exponent = { log = [0.7, 1.4] }";
    Gamma {
        /// Below 1 brightens, above 1 darkens.
        exponent: Micro = micro(100_000, 10_000_000, "power"),
    }
}

impl Gamma {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Curve([Curve::Gamma(self.exponent); 3]));
    }
}

crate::op! {
    /// Takes the colour away: luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) in every channel.
    op "grey", revision 1, Colour, effects ["grey"], example "";
    Grey {}
}

impl Grey {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Grey);
    }
}

crate::op! {
    /// Makes a negative: 255 - v.
    op "invert", revision 1, Colour, effects ["curve"], example "";
    Invert {}
}

impl Invert {
    fn lower(&self, lowering: &mut Lowering) {
        let negative = Curve::Linear { factor: Micro::from_int(-1), pivot: Micro::ZERO, add: Micro::from_int(255) };
        lowering.push(Effect::Curve([negative; 3]));
    }
}

crate::op! {
    /// Makes a negative of what is light enough (Pillow's `ImageOps.solarize`): 255 - v where v is not below the threshold.
    op "solarize", revision 1, Colour, effects ["curve"], example "threshold = [128, 240]";
    Solarize {
        /// 0 inverts everything, 256 changes nothing.
        threshold: Micro = number(0, 256, "grey levels"),
    }
}

impl Solarize {
    fn lower(&self, lowering: &mut Lowering) {
        lowering.push(Effect::Curve([Curve::Solarize(self.threshold); 3]));
    }
}
