//! Ops that make a page look printed, handled, aged, copied and photographed.
//!
//! The ideas are those of Augraphy (Groleau et al. 2023, "Augraphy: A Data Augmentation Library for Document Images",
//! arXiv:2208.14558); each op's doc names its counterpart there. The code is our own: lengths are fractions of the
//! image's shorter side, so that a recipe means the same for a thumbnail and for a scan at 600 dpi; what is drawn per
//! place comes from keyed fields ([`Field`](crate::effect::field::Field), [`Grain`](crate::effect::grain::Grain)); and
//! ink is lightened towards the page's own paper ([`Paper`](crate::effect::paper::Paper)), never towards white.

mod crumple;
mod dirty_drum;
mod dust;
mod faded_ink;
mod fold_crease;
mod glare;
mod ink_bleed;
mod inks;
mod lighting_gradient;
mod lines;
mod low_ink_lines;
mod page_border;
mod paper_color;
mod paper_texture;
mod pen;
mod screen;
mod scribbles;
mod shadow;
mod stains;
mod strikethrough;
#[cfg(test)]
mod tests;

pub use crumple::Crumple;
pub use dirty_drum::{DirtyDrum, DirtyRollers};
pub use dust::{Dust, PunchHoles};
pub use faded_ink::FadedInk;
pub use fold_crease::FoldCrease;
pub use glare::Glare;
pub use ink_bleed::InkBleed;
pub use lighting_gradient::LightingGradient;
pub use low_ink_lines::LowInkLines;
pub use page_border::PageBorder;
pub use paper_color::PaperColor;
pub use paper_texture::PaperTexture;
pub use screen::{Dither, Halftone, Moire};
pub use scribbles::{Highlighter, Scribbles};
pub use shadow::Shadow;
pub use stains::Stains;
pub use strikethrough::Strikethrough;

use crate::digest::{Digest, Hasher};
use crate::effect::shade::ONE;
use crate::pixels::Size;
use crate::seed::Rng;

/// The key of one of the things that an op draws per place.
pub(super) fn part(key: &Digest, name: &str) -> Digest {
    Hasher::new("augmint part 1").digest(key).text(name).finish()
}

/// The generator of one of the things that an op draws.
pub(super) fn rng(key: &Digest, name: &str) -> Rng {
    Rng::from_digest(&part(key, name))
}

/// Uniform between two ends.
pub(super) fn between(rng: &mut Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.open01() as f32
}

/// The shorter side in px: what fractions are of.
pub(super) fn shorter(size: Size) -> f32 {
    size.width.min(size.height) as f32
}

/// A share or factor in 4096ths.
pub(super) fn fixed(value: f32) -> i32 {
    (value * ONE as f32) as i32
}

/// A field's or a grain's 65536ths as a number.
pub(super) const UNIT: f32 = 1.0 / 65536.0;
