//! Widths, heights, and which way pages lie.

use super::survey::{Survey, longest};
use crate::pixels::Size;
use crate::statistics::Summary;
use serde::Serialize;
use std::collections::BTreeMap;

/// Sides this close to each other, as a share of the longer one, are equal: neither upright nor lying.
const SQUARE: f64 = 0.02;
/// Of the sources so many of a hundred have to lie the same way, or swapping sides would hardly change their share.
const CLEAR: f64 = 0.2;
/// How many standard errors a share has to be from 0 to be told.
const ERRORS: f64 = 3.0;
/// How many of the commonest sizes are kept.
const COMMON: usize = 8;

/// The shapes of one set.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Shape {
    /// Of the longer side, in pixels.
    pub longest: Summary,
    /// Of the longer side over the shorter.
    pub aspect: Summary,
    /// Images that are higher than wide.
    pub upright: usize,
    /// Images that are wider than high.
    pub lying: usize,
    /// Images of (nearly) equal sides.
    pub square: usize,
    /// The commonest sizes `[width, height, images]`, the commonest first.
    pub sizes: Vec<[usize; 3]>,
}

/// The shapes of both sets.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Shapes {
    /// Of the sources.
    pub sources: Shape,
    /// Of the target.
    pub against: Option<Shape>,
    /// The share of the target whose sides are swapped, 0 to 1, **if** its classes are mixed as the sources': with the share
    /// l of lying images among the sources and k among the target it is (k − l) / (1 − 2 l). `None` where that cannot be
    /// told from chance.
    pub swapped: Option<f64>,
}

impl Shape {
    fn of(survey: &Survey) -> Self {
        let (mut upright, mut lying, mut square) = (0, 0, 0);
        let mut sizes = BTreeMap::<(u32, u32), usize>::new();
        let (mut sides, mut aspects) = (Vec::new(), Vec::new());
        for image in &survey.images {
            let Size { width, height } = image.statistics.size;
            *sizes.entry((width, height)).or_default() += 1;
            sides.push(f64::from(longest(&image.statistics)));
            let (long, short) = (f64::from(width.max(height)), f64::from(width.min(height)));
            aspects.push(long / short);
            match (long - short <= SQUARE * long, width > height) {
                (true, _) => square += 1,
                (_, true) => lying += 1,
                _ => upright += 1,
            }
        }
        let mut sizes: Vec<_> = sizes.into_iter().collect();
        sizes.sort_by_key(|(size, count)| (std::cmp::Reverse(*count), *size));
        let summary = |values: &[f64]| Summary::of(values).expect("BUG: a survey without images");
        Self {
            longest: summary(&sides),
            aspect: summary(&aspects),
            upright,
            lying,
            square,
            sizes: sizes.iter().take(COMMON).map(|((w, h), count)| [*w as usize, *h as usize, *count]).collect(),
        }
    }

    /// The share of lying images among those that are not square, and its squared standard error.
    fn lying_share(&self) -> Option<(f64, f64)> {
        let count = (self.upright + self.lying) as f64;
        let share = self.lying as f64 / count;
        (count > 0.0).then_some((share, (share * (1.0 - share)).max(0.25 / count) / count))
    }
}

impl Shapes {
    /// Of both sets.
    pub(super) fn of(sources: &Survey, target: Option<&Survey>) -> Self {
        let (sources, against) = (Shape::of(sources), target.map(Shape::of));
        let swapped = against.as_ref().and_then(|target| swapped(&sources, target));
        Self { sources, against, swapped }
    }
}

fn swapped(sources: &Shape, target: &Shape) -> Option<f64> {
    let ((here, here_error), (there, there_error)) = (sources.lying_share()?, target.lying_share()?);
    let clear = 1.0 - 2.0 * here;
    let share = (there - here) / clear;
    let error = (here_error + there_error).sqrt() / clear.abs();
    (clear.abs() >= CLEAR && share > ERRORS * error && share > 0.02).then(|| share.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(upright: usize, lying: usize) -> Shape {
        let one = Summary::of(&[1.0]).unwrap();
        Shape { longest: one, aspect: one, upright, lying, square: 3, sizes: Vec::new() }
    }

    #[test]
    fn swapped_sides_are_told_where_pages_lie_one_way() {
        // 10 % lie; half of the pages swapped make it 50 %.
        let found = swapped(&shape(900, 100), &shape(500, 500)).unwrap();
        assert!((found - 0.5).abs() < 1e-9, "{found}");
        assert_eq!(swapped(&shape(900, 100), &shape(890, 110)), None, "chance");
        assert_eq!(swapped(&shape(520, 480), &shape(300, 700)), None, "no way to tell");
        assert_eq!(swapped(&shape(9, 1), &shape(6, 4)), None, "too few");
        assert_eq!(swapped(&shape(0, 0), &shape(6, 4)), None, "all square");
        let turned = swapped(&shape(0, 100), &shape(100, 0)).unwrap();
        assert_eq!(turned, 1.0);
    }
}
