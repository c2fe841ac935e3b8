//! Affine maps between image planes, in `f64` with `+ - * /` only, so equal on every CPU.
//!
//! Points are measured in pixels from the top left *corner* of an image, x to the right and y down; the centre of the
//! pixel in column i, row j is (i + ½, j + ½). Maps go backwards: from the image that is made to the image that is read.

use crate::pixels::Size;

/// `(x, y) ↦ (a·x + b·y + c, d·x + e·y + f)`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Affine {
    /// x per x.
    pub a: f64,
    /// x per y.
    pub b: f64,
    /// x at the origin.
    pub c: f64,
    /// y per x.
    pub d: f64,
    /// y per y.
    pub e: f64,
    /// y at the origin.
    pub f: f64,
}

impl Affine {
    /// Every point stays.
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 0.0, e: 1.0, f: 0.0 };

    /// Adds `(x, y)`.
    pub const fn translation(x: f64, y: f64) -> Self {
        Self { c: x, f: y, ..Self::IDENTITY }
    }

    /// Multiplies x and y.
    pub const fn scale(x: f64, y: f64) -> Self {
        Self { a: x, e: y, ..Self::IDENTITY }
    }

    /// Turns by `degrees` counter-clockwise as seen on the screen (where y points down). Exact at multiples of 90°.
    pub fn rotation(degrees: f64) -> Self {
        let turns = degrees / 90.0;
        let (sin, cos) = if turns == turns.round() {
            // `sin(π)` in floats is 1.2e-16, which would keep a half turn from being an exact move of pixels.
            match (turns.round() as i64).rem_euclid(4) {
                0 => (0.0, 1.0),
                1 => (1.0, 0.0),
                2 => (0.0, -1.0),
                _ => (-1.0, 0.0),
            }
        } else {
            libm::sincos(degrees * (std::f64::consts::PI / 180.0))
        };
        Self { a: cos, b: -sin, c: 0.0, d: sin, e: cos, f: 0.0 }
    }

    /// The point that `(x, y)` is mapped to.
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f)
    }

    /// First `self`, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        Self {
            a: next.a * self.a + next.b * self.d,
            b: next.a * self.b + next.b * self.e,
            c: next.a * self.c + next.b * self.f + next.c,
            d: next.d * self.a + next.e * self.d,
            e: next.d * self.b + next.e * self.e,
            f: next.d * self.c + next.e * self.f + next.f,
        }
    }

    /// `self` about the point `(x, y)` instead of the origin, and moved so that it lands on `(to_x, to_y)`.
    #[must_use]
    pub fn about(&self, (x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> Self {
        Self::translation(-x, -y).then(self).then(&Self::translation(to_x, to_y))
    }

    /// Whether the image of `canvas` lies within `source`, up to a millionth of a pixel: then nothing is uncovered.
    pub fn lands_within(&self, canvas: Size, source: Size) -> bool {
        let (width, height) = (f64::from(canvas.width), f64::from(canvas.height));
        let slack = 1e-6;
        [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)].into_iter().all(|(x, y)| {
            let (x, y) = self.apply(x, y);
            x >= -slack && y >= -slack && x <= f64::from(source.width) + slack && y <= f64::from(source.height) + slack
        })
    }

    /// Whether rows and columns stay rows and columns (possibly swapped).
    pub fn keeps_axes(&self) -> bool {
        (self.b == 0.0 && self.d == 0.0) || (self.a == 0.0 && self.e == 0.0)
    }

    /// How many pixels of the source one pixel of the result steps over, along the source's x and y.
    pub fn steps(&self) -> (f64, f64) {
        ((self.a * self.a + self.b * self.b).sqrt(), (self.d * self.d + self.e * self.e).sqrt())
    }
}

/// The middle of an image.
pub fn centre(size: Size) -> (f64, f64) {
    (f64::from(size.width) / 2.0, f64::from(size.height) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns_are_exact_and_counter_clockwise() {
        // Backwards: what is above the centre of the result was to the right of it in the source.
        let quarter = Affine::rotation(90.0);
        assert_eq!(quarter.apply(0.0, -1.0), (1.0, 0.0));
        let full = quarter.then(&quarter).then(&quarter).then(&quarter);
        assert_eq!(full, Affine::IDENTITY);
        assert_eq!(Affine::rotation(-180.0), Affine::rotation(180.0));
    }

    #[test]
    fn composition_applies_from_left_to_right() {
        let both = Affine::scale(2.0, 3.0).then(&Affine::translation(1.0, 1.0));
        assert_eq!(both.apply(1.0, 1.0), (3.0, 4.0));
    }
}
