//! Geometry.
use super::spec::{Fill, fill, number, word};
use crate::number::Micro;

crate::op! {
    /// Turns the image about its centre.
    op "rotate", revision 1, Geometry, example "degrees = [-10, 10]";
    Rotate {
        /// Angle; positive is counter-clockwise.
        degrees: Micro = number(-360, 360, "degrees"),
        /// `keep` the canvas and cut the corners off, or `expand` it to hold the whole turned image.
        canvas: &'static str = word(&["keep", "expand"]).or_word("keep"),
        /// What the uncovered corners become.
        fill: Fill = fill(),
    }
}

impl Rotate {
    fn lower(&self, _lowering: &mut super::Lowering) {}
}
