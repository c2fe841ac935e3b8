//! Coloured paper.

use crate::effect::curve::Curve;
use crate::effect::{Effect, Lowering};
use crate::number::Micro;
use crate::ops::spec::{number, word};

crate::op! {
    /// Tints the paper: every channel is multiplied, so that white becomes the colour and black stays black. A curve:
    /// it folds with brightness and contrast. After Augraphy's `ColorPaper`, which turns hue and saturation instead.
    op "paper_color", revision 1, Document, effects ["curve"], example "color = \"any\"";
    PaperColor {
        /// What white becomes at full strength: `yellowed` #ecd9a8, `cream` #fbf1da, `brown` #d0b080, `grey` #c8c8c4,
        /// `recycled` #dcd6c8, `blue` #cfe0f2, `green` #d2ead0, `pink` #f6d4da, `yellow` #faf0a0.
        color: &'static str = word(&["yellowed", "cream", "brown", "grey", "recycled", "blue", "green", "pink", "yellow", "any"]),
        /// 0 changes nothing.
        strength: Micro = number(0, 1, "fraction").or(1),
    }
}

const PAPERS: &[(&str, [i64; 3])] = &[
    ("yellowed", [0xec, 0xd9, 0xa8]),
    ("cream", [0xfb, 0xf1, 0xda]),
    ("brown", [0xd0, 0xb0, 0x80]),
    ("grey", [0xc8, 0xc8, 0xc4]),
    ("recycled", [0xdc, 0xd6, 0xc8]),
    ("blue", [0xcf, 0xe0, 0xf2]),
    ("green", [0xd2, 0xea, 0xd0]),
    ("pink", [0xf6, 0xd4, 0xda]),
    ("yellow", [0xfa, 0xf0, 0xa0]),
];

impl PaperColor {
    fn lower(&self, lowering: &mut Lowering) {
        let (_, color) = PAPERS.iter().find(|(name, _)| *name == self.color).expect("BUG: a paper without a colour");
        let strength = self.strength.millionths();
        lowering.push(Effect::Curve(color.map(|level| {
            let factor = Micro::from_millionths(1_000_000 - strength * (255 - level) / 255);
            Curve::Linear { factor, pivot: Micro::ZERO, add: Micro::ZERO }
        })));
    }
}
