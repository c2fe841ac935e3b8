//! Projective maps between image planes: an affine one where it is affine, so that its arithmetic stays as it is.
//!
//! As [`Affine`], they go backwards and use `f64` with `+ - * /` only. A projective map has a horizon: points on it or
//! behind it are seen of nothing, so they have no image. Maps are scaled so that the denominator is positive in front of
//! the horizon; composing keeps that.

use super::affine::Affine;
use crate::pixels::Size;

/// A map from one image plane to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Homography {
    /// Parallels stay parallel.
    Affine(Affine),
    /// Perspective.
    Projective(Projective),
}

/// `(x, y) ↦ (over.apply(x, y)) / (g·x + h·y + i)`, where the denominator is positive.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Projective {
    /// The two numerators.
    pub over: Affine,
    /// Denominator per x.
    pub g: f64,
    /// Denominator per y.
    pub h: f64,
    /// Denominator at the origin.
    pub i: f64,
}

impl From<Affine> for Homography {
    fn from(affine: Affine) -> Self {
        Self::Affine(affine)
    }
}

impl Projective {
    /// The denominator at a point: positive in front of the horizon.
    pub fn depth(&self, x: f64, y: f64) -> f64 {
        self.g * x + self.h * y + self.i
    }
}

impl Homography {
    /// Every point stays.
    pub const IDENTITY: Self = Self::Affine(Affine::IDENTITY);

    /// From a plane where the corners of a rectangle of `size` lie at `corners` (top left, top right, bottom right, bottom
    /// left; convex, in this order) back to the rectangle (Heckbert 1989, "Fundamentals of Texture Mapping", 2.2.3).
    pub fn from_corners(corners: [(f64, f64); 4], size: Size) -> Self {
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = corners;
        let (x_sum, y_sum) = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3);
        let (right_x, right_y, below_x, below_y) = (x1 - x2, y1 - y2, x3 - x2, y3 - y2);
        let across = right_x * below_y - below_x * right_y;
        let g = (x_sum * below_y - below_x * y_sum) / across;
        let h = (right_x * y_sum - x_sum * right_y) / across;
        // From the unit square to the corners …
        let (a, b, c) = (x1 - x0 + g * x1, x3 - x0 + h * x3, x0);
        let (d, e, f) = (y1 - y0 + g * y1, y3 - y0 + h * y3, y0);
        // … and back, by the adjugate. Divided by the determinant, its sign makes the denominator positive in front.
        let top = [e - f * h, c * h - b, b * f - c * e];
        let middle = [f * g - d, a - c * g, c * d - a * f];
        let bottom = [d * h - e * g, b * g - a * h, a * e - b * d];
        let determinant = a * top[0] + b * middle[0] + c * bottom[0];
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let [a, b, c] = top.map(|value| value / determinant * width);
        let [d, e, f] = middle.map(|value| value / determinant * height);
        let [g, h, i] = bottom.map(|value| value / determinant);
        let over = Affine { a, b, c, d, e, f };
        Self::Projective(Projective { over, g, h, i })
    }

    /// The point that `(x, y)` is mapped to; `None` behind the horizon.
    pub fn apply(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        match self {
            Self::Affine(affine) => Some(affine.apply(x, y)),
            Self::Projective(map) => {
                let depth = map.depth(x, y);
                let (x, y) = map.over.apply(x, y);
                (depth > 0.0).then(|| (x / depth, y / depth))
            }
        }
    }

    /// First `self`, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        if let (Self::Affine(first), Self::Affine(next)) = (self, next) {
            return Self::Affine(first.then(next));
        }
        let (first, next) = (self.rows(), next.rows());
        let product = next.map(|row| {
            std::array::from_fn(|column| {
                row[0] * first[0][column] + row[1] * first[1][column] + row[2] * first[2][column]
            })
        });
        let [[a, b, c], [d, e, f], [g, h, i]]: [[f64; 3]; 3] = product;
        Self::Projective(Projective { over: Affine { a, b, c, d, e, f }, g, h, i })
    }

    fn rows(&self) -> [[f64; 3]; 3] {
        let (Affine { a, b, c, d, e, f }, last) = match self {
            Self::Affine(affine) => (*affine, [0.0, 0.0, 1.0]),
            Self::Projective(Projective { over, g, h, i }) => (*over, [*g, *h, *i]),
        };
        [[a, b, c], [d, e, f], last]
    }

    /// Whether the image of `canvas` lies within `source`, up to a millionth of a pixel: then nothing is uncovered. A
    /// canvas is in front of the horizon where its corners are, and its image is the quadrilateral of theirs.
    pub fn lands_within(&self, canvas: Size, source: Size) -> bool {
        if let Self::Affine(affine) = self {
            return affine.lands_within(canvas, source);
        }
        let (width, height) = (f64::from(canvas.width), f64::from(canvas.height));
        let slack = 1e-6;
        let within = |(x, y): (f64, f64)| {
            x >= -slack && y >= -slack && x <= f64::from(source.width) + slack && y <= f64::from(source.height) + slack
        };
        [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)]
            .into_iter()
            .all(|(x, y)| self.apply(x, y).is_some_and(within))
    }

    /// How many pixels of the source one pixel of the result steps over, along the source's x and y. Where this differs
    /// over the result, the median over those of 9 × 9 points of `canvas` that see the source: half of what is seen is
    /// read with wider gaps, half with narrower ones.
    pub fn steps(&self, canvas: Size, source: Size) -> (f64, f64) {
        let map = match self {
            Self::Affine(affine) => return affine.steps(),
            Self::Projective(map) => map,
        };
        const POINTS: u32 = 9;
        let (mut along_x, mut along_y) = (Vec::new(), Vec::new());
        for point in 0..POINTS * POINTS {
            let along = |index: u32, length: u32| (f64::from(index) + 0.5) * f64::from(length) / f64::from(POINTS);
            let (x, y) = (along(point % POINTS, canvas.width), along(point / POINTS, canvas.height));
            let Some((seen_x, seen_y)) = self.apply(x, y) else { continue };
            if (0.0..=f64::from(source.width)).contains(&seen_x) && (0.0..=f64::from(source.height)).contains(&seen_y) {
                let depth = map.depth(x, y);
                let slope = |over: f64, under: f64, seen: f64| (over - under * seen) / depth;
                let length = |x: f64, y: f64| (x * x + y * y).sqrt();
                along_x.push(length(slope(map.over.a, map.g, seen_x), slope(map.over.b, map.h, seen_x)));
                along_y.push(length(slope(map.over.d, map.g, seen_y), slope(map.over.e, map.h, seen_y)));
            }
        }
        let median = |mut steps: Vec<f64>| {
            steps.sort_by(f64::total_cmp);
            steps.get(steps.len() / 2).copied().unwrap_or(1.0)
        };
        (median(along_x), median(along_y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(200, 100);
    const CORNERS: [(f64, f64); 4] = [(10.0, 5.0), (180.0, -4.0), (230.0, 120.0), (-20.0, 90.0)];

    fn close((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> bool {
        (x - to_x).abs() < 1e-9 && (y - to_y).abs() < 1e-9
    }

    #[test]
    fn corners_go_back_to_the_rectangle_and_the_denominator_is_positive() {
        let map = Homography::from_corners(CORNERS, SIZE);
        let rectangle = [(0.0, 0.0), (200.0, 0.0), (200.0, 100.0), (0.0, 100.0)];
        for (corner, expected) in CORNERS.into_iter().zip(rectangle) {
            assert!(close(map.apply(corner.0, corner.1).unwrap(), expected));
        }
        // Diagonals meet where diagonals meet.
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = CORNERS;
        let t = ((x1 - x0) * (y3 - y1) - (y1 - y0) * (x3 - x1)) / ((x2 - x0) * (y3 - y1) - (y2 - y0) * (x3 - x1));
        assert!(close(map.apply(x0 + t * (x2 - x0), y0 + t * (y2 - y0)).unwrap(), (100.0, 50.0)));
    }

    #[test]
    fn composition_is_one_after_the_other_and_affine_stays_affine() {
        let map = Homography::from_corners(CORNERS, SIZE);
        let turn = Affine::rotation(33.0).then(&Affine::translation(7.0, 9.0));
        let other = Homography::from_corners([(0.0, 0.0), (90.0, 9.0), (99.0, 99.0), (3.0, 80.0)], SIZE);
        for next in [turn.into(), other] {
            for (x, y) in [(3.0, 4.0), (150.0, 60.0), (60.0, 99.0)] {
                let (mid_x, mid_y) = map.apply(x, y).unwrap();
                let (one, two) = (map.then(&next).apply(x, y), next.apply(mid_x, mid_y));
                assert!(close(one.unwrap(), two.unwrap()), "{one:?} {two:?}");
            }
        }
        assert_eq!(Homography::from(turn).then(&turn.into()), turn.then(&turn).into());
    }

    #[test]
    fn steps_are_those_of_a_small_move() {
        let map = Homography::from_corners([(0.0, 0.0), (100.0, 0.0), (80.0, 50.0), (20.0, 50.0)], SIZE);
        let (x, y) = map.steps(Size::new(100, 50), SIZE);
        // The rectangle is 100 wide above and 60 below instead of 200, so between 2 and 3⅓ steps along a row.
        assert!((2.0..3.4).contains(&x) && (1.2..3.4).contains(&y), "{x} {y}");
        assert_eq!(Homography::from(Affine::scale(2.0, 3.0)).steps(SIZE, SIZE), (2.0, 3.0));
    }
}
