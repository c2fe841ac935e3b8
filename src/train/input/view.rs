//! Views of an image at test time: turned, mirrored, nearer or farther.

use crate::pixels::Size;
use std::fmt;

/// One of the eight ways to lay a square on itself: a flip or not, then quarter turns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Dihedral {
    /// As it is.
    #[default]
    Same,
    /// A quarter turn clockwise.
    Turn90,
    /// Upside down.
    Turn180,
    /// A quarter turn anticlockwise.
    Turn270,
    /// Left and right swapped.
    Mirror,
    /// Mirrored, then a quarter turn clockwise: mirrored at the diagonal from bottom left to top right.
    Mirror90,
    /// Mirrored, then upside down: top and bottom swapped.
    Mirror180,
    /// Mirrored, then a quarter turn anticlockwise: rows become columns.
    Mirror270,
}

impl Dihedral {
    /// All eight.
    pub const ALL: [Self; 8] = [
        Self::Same,
        Self::Turn90,
        Self::Turn180,
        Self::Turn270,
        Self::Mirror,
        Self::Mirror90,
        Self::Mirror180,
        Self::Mirror270,
    ];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Turn90 => "turn90",
            Self::Turn180 => "turn180",
            Self::Turn270 => "turn270",
            Self::Mirror => "mirror",
            Self::Mirror90 => "mirror90",
            Self::Mirror180 => "mirror180",
            Self::Mirror270 => "mirror270",
        }
    }

    /// Whether rows become columns.
    pub const fn transposes(self) -> bool {
        matches!(self, Self::Turn90 | Self::Turn270 | Self::Mirror90 | Self::Mirror270)
    }

    /// Where a row of the result is found in an image of this size: the index of its first pixel, and the distance to
    /// the next.
    pub(super) fn step(self, row: usize, image: Size) -> (usize, isize) {
        let (width, height) = (image.width as usize, image.height as usize);
        let (last_column, last_row) = (width - 1, (height - 1) * width);
        match self {
            Self::Same => (row * width, 1),
            Self::Mirror => (row * width + last_column, -1),
            Self::Mirror180 => (last_row - row * width, 1),
            Self::Turn180 => (last_row - row * width + last_column, -1),
            Self::Turn90 => (last_row + row, -(width as isize)),
            Self::Turn270 => (last_column - row, width as isize),
            Self::Mirror270 => (row, width as isize),
            Self::Mirror90 => (last_row + last_column - row, -(width as isize)),
        }
    }
}

/// How an image is looked at: turned, and scaled about its middle.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct View {
    turn: Dihedral,
    scale: f64,
}

/// A scale that shows nothing.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[error("a view at scale {0}: a number from 0.1 to 10, where 1 is the image as it is fitted")]
pub struct ViewError(pub f64);

impl View {
    /// As it is.
    pub const SAME: Self = Self { turn: Dihedral::Same, scale: 1.0 };

    /// Turned, then fitted, then scaled: above 1 the middle fills the canvas, below 1 the image is surrounded by the fill.
    ///
    /// # Errors
    /// When the scale is not from 0.1 to 10.
    pub fn new(turn: Dihedral, scale: f64) -> Result<Self, ViewError> {
        if (0.1..=10.0).contains(&scale) { Ok(Self { turn, scale }) } else { Err(ViewError(scale)) }
    }

    /// Each turn at each scale, scale by scale.
    ///
    /// # Errors
    /// When a scale is not from 0.1 to 10.
    pub fn all(turns: &[Dihedral], scales: &[f64]) -> Result<Vec<Self>, ViewError> {
        scales.iter().flat_map(|scale| turns.iter().map(|turn| Self::new(*turn, *scale))).collect()
    }

    /// How it is turned.
    pub fn turn(&self) -> Dihedral {
        self.turn
    }

    /// By which factor it is larger than fitted.
    pub fn scale(&self) -> f64 {
        self.scale
    }
}

impl fmt::Display for View {
    /// `same`, `turn90`, `mirror x1.15`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.turn.name())?;
        if self.scale == 1.0 { Ok(()) } else { write!(f, " x{}", self.scale) }
    }
}
