//! The ops.
mod dist;
mod geometry;
pub mod spec;

use crate::seed::Rng;
pub use dist::Dist;
pub use spec::{Family, Fill, Kind, OpSpec, Param, Value};

/// How an op's settled parameters become effects.
#[derive(Clone, Copy, Debug)]
pub enum Lower {
    /// Effects on the image itself.
    Effects(fn(&[Value], &mut Lowering)),
    /// Blends in a partner.
    Mix(fn(&[Value], &mut Rng) -> Mix),
}

/// Where effects are collected.
pub struct Lowering {}
/// A settled mix.
pub struct Mix {}

/// Every op.
pub const ALL: &[&OpSpec] = &[&geometry::Rotate::SPEC];

/// Looks an op up by name.
pub fn find(name: &str) -> Option<&'static OpSpec> {
    ALL.iter().copied().find(|op| op.name == name)
}
