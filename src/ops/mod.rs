//! The ops: what a recipe's steps can do.
//!
//! An op is a struct of settled parameters, made by [`op!`](crate::op) together with its description, and a lowering to
//! effects. It is added in exactly one place: its file, and the list [`ALL`] below. Everything else (the parser, the
//! schema, `augmint ops`, manifests, canaries, the tests that walk the list) follows from the description.

mod affine;
mod blur;
mod channels;
mod clahe;
mod color;
mod crop;
mod defocus;
mod degrade;
mod dist;
mod distort;
mod document;
mod dots;
mod fit;
mod geometry;
mod median;
mod mixing;
mod motion;
mod noise;
mod occlusion;
mod perspective;
#[cfg(test)]
mod reference;
mod sharpen;
pub mod spec;
#[cfg(test)]
mod tests;
mod tone;
mod white_balance;
mod window;

pub use crate::effect::Lowering;
pub use dist::Dist;
pub use fit::{Fit, PartnerFit, fit, fit_partner};
pub use mixing::{Mix, Patch};
pub use spec::{Family, Fill, Kind, OpSpec, Param, Value};

use crate::pixels::Size;
use crate::seed::Rng;

/// How an op's settled parameters become effects.
#[derive(Clone, Copy, Debug)]
pub enum Lower {
    /// Effects on the image itself.
    Effects(fn(&[Value], &mut Lowering)),
    /// A partner is laid over the image.
    Mix {
        /// Settles where and how much, on a canvas that is only asked for where it matters.
        draw: fn(&[Value], &mut Rng, &dyn Fn() -> Size) -> Mix,
        /// What the op does to the partner on the canvas, before it is laid over.
        lay: fn(&[Value], &mut Lowering),
    },
}

/// Every op, by family and then by name.
pub const ALL: &[&OpSpec] = &[
    &affine::AffineMap::SPEC,
    &crop::CropBorders::SPEC,
    &distort::Elastic::SPEC,
    &geometry::Flip::SPEC,
    &distort::GridDistortion::SPEC,
    &distort::OpticalDistortion::SPEC,
    &geometry::Pad::SPEC,
    &perspective::Perspective::SPEC,
    &crop::RandomResizedCrop::SPEC,
    &geometry::Resize::SPEC,
    &geometry::Rotate::SPEC,
    &geometry::Rotate90::SPEC,
    &geometry::Scale::SPEC,
    &affine::Shear::SPEC,
    &geometry::Shift::SPEC,
    &noise::GaussianNoise::SPEC,
    &noise::IsoNoise::SPEC,
    &noise::MultiplicativeNoise::SPEC,
    &dots::PixelDropout::SPEC,
    &dots::SaltPepper::SPEC,
    &blur::Blur::SPEC,
    &blur::BoxBlur::SPEC,
    &defocus::Defocus::SPEC,
    &median::MedianBlur::SPEC,
    &motion::MotionBlur::SPEC,
    &motion::ZoomBlur::SPEC,
    &tone::AutoContrast::SPEC,
    &color::Brightness::SPEC,
    &channels::ChannelDrop::SPEC,
    &channels::ChannelShuffle::SPEC,
    &clahe::Clahe::SPEC,
    &color::Contrast::SPEC,
    &tone::Equalize::SPEC,
    &color::Gamma::SPEC,
    &color::Grey::SPEC,
    &color::HsvShift::SPEC,
    &color::Invert::SPEC,
    &color::RgbShift::SPEC,
    &channels::Saturation::SPEC,
    &channels::Sepia::SPEC,
    &color::Solarize::SPEC,
    &white_balance::WhiteBalance::SPEC,
    &degrade::Downscale::SPEC,
    &degrade::JpegCompress::SPEC,
    &degrade::Posterize::SPEC,
    &sharpen::Sharpen::SPEC,
    &sharpen::UnsharpMask::SPEC,
    &occlusion::CoarseDropout::SPEC,
    &occlusion::GridMask::SPEC,
    &mixing::PatchPaste::SPEC,
    &occlusion::Pixelate::SPEC,
    &mixing::BleedThrough::SPEC,
    &document::Crumple::SPEC,
    &document::DirtyDrum::SPEC,
    &document::DirtyRollers::SPEC,
    &document::Dither::SPEC,
    &document::Dust::SPEC,
    &document::FadedInk::SPEC,
    &document::FoldCrease::SPEC,
    &document::Glare::SPEC,
    &document::Halftone::SPEC,
    &document::Highlighter::SPEC,
    &document::InkBleed::SPEC,
    &document::LightingGradient::SPEC,
    &document::LowInkLines::SPEC,
    &document::Moire::SPEC,
    &document::PageBorder::SPEC,
    &document::PaperColor::SPEC,
    &document::PaperTexture::SPEC,
    &document::PunchHoles::SPEC,
    &document::Scribbles::SPEC,
    &document::Shadow::SPEC,
    &document::Stains::SPEC,
    &document::Strikethrough::SPEC,
    &mixing::Cutmix::SPEC,
    &mixing::Mixup::SPEC,
    &mixing::Overlay::SPEC,
];

/// Looks an op up by name.
pub fn find(name: &str) -> Option<&'static OpSpec> {
    ALL.iter().copied().find(|op| op.name == name)
}
