//! The ops: what a recipe's steps can do.
//!
//! An op is a struct of settled parameters, made by [`op!`](crate::op) together with its description, and a lowering to
//! effects. It is added in exactly one place: its file, and the list [`ALL`] below. Everything else (the parser, the
//! schema, `augmint ops`, manifests, canaries, the tests that walk the list) follows from the description.

mod affine;
mod color;
mod crop;
mod degrade;
mod dist;
mod distort;
mod fit;
mod geometry;
mod mixing;
mod perspective;
pub mod spec;
#[cfg(test)]
mod tests;

pub use crate::effect::Lowering;
pub use dist::Dist;
pub use fit::{Fit, PartnerFit, fit, fit_partner};
pub use mixing::Mix;
pub use spec::{Family, Fill, Kind, OpSpec, Param, Value};

use crate::seed::Rng;

/// How an op's settled parameters become effects.
#[derive(Clone, Copy, Debug)]
pub enum Lower {
    /// Effects on the image itself.
    Effects(fn(&[Value], &mut Lowering)),
    /// A blend with a partner: how much of it.
    Mix(fn(&[Value], &mut Rng) -> Mix),
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
    &degrade::GaussianNoise::SPEC,
    &degrade::Blur::SPEC,
    &color::Brightness::SPEC,
    &color::Contrast::SPEC,
    &color::Gamma::SPEC,
    &color::Grey::SPEC,
    &color::HsvShift::SPEC,
    &color::Invert::SPEC,
    &color::RgbShift::SPEC,
    &degrade::JpegCompress::SPEC,
    &mixing::Mixup::SPEC,
];

/// Looks an op up by name.
pub fn find(name: &str) -> Option<&'static OpSpec> {
    ALL.iter().copied().find(|op| op.name == name)
}
