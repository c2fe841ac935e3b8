//! Ink that has paled.

use super::{UNIT, fixed, part, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::paper::Paper;
use crate::effect::shade;
use crate::number::Micro;
use crate::ops::spec::number;
use crate::pixels::{Image, Size};

crate::op! {
    /// Lightens what is darker than the paper around it, towards that paper, unevenly: worn toner, old ballpoint,
    /// receipts that lay in the sun. Never darkens, and leaves paper as it is. After Augraphy's `Letterpress`, with
    /// smooth fields instead of clusters of pixels.
    op "faded_ink", revision 1, Document, effects [], example "strength = [0.2, 0.7]";
    FadedInk {
        /// The mean share of the ink that is gone; 0 changes nothing, at 1 little is left anywhere.
        strength: Micro = number(0, 1, "fraction"),
        /// How much that share differs between parts of the page; 0 fades all alike.
        uneven: Micro = number(0, 1, "fraction").or_micro(600_000),
    }
}

impl FadedInk {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            lowering.custom(Fading { strength: self.strength, uneven: self.uneven, key });
        }
    }
}

#[derive(Debug)]
struct Fading {
    strength: Micro,
    uneven: Micro,
    key: Digest,
}

impl Custom for Fading {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let width = size.width as usize;
        let (strength, uneven) = (self.strength.to_f64() as f32, self.uneven.to_f64() as f32);
        let field =
            |name, share: f32| Field::new(&part(&self.key, name), size, f64::from(shorter(size) * share).max(1.5));
        let (broad, middle, fine) =
            (field("faded_ink broad", 0.3), field("faded_ink middle", 0.06), field("faded_ink fine", 0.006));
        let paper = Paper::of(image);
        let mut numbers: [Vec<i32>; 3] = std::array::from_fn(|_| buffers.numbers(width));
        let mut behind = buffers.image(Size::new(size.width, 1));
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            let [shares, others, grains] = &mut numbers;
            broad.row(y, shares);
            middle.row(y, others);
            fine.row(y, grains);
            for ((share, other), grain) in shares.iter_mut().zip(others.iter()).zip(grains.iter()) {
                let wave = UNIT * (1.9 * *share as f32 + 0.9 * *other as f32 + 0.7 * *grain as f32);
                *share = fixed((strength * (1.0 + uneven * wave)).clamp(0.0, 0.97));
            }
            paper.bare(y, row, behind.data_mut());
            shade::towards(row, behind.data(), shares);
        }
        numbers.into_iter().for_each(|numbers| buffers.give_numbers(numbers));
        buffers.give(behind);
    }
}
