//! How good answers are where the truth is known: two scores, and how far each may be trusted.

use super::{Clusters, Confusion, Interval};
use serde::Serialize;

/// Scores on images that have a label; intervals are of 95 %, each image standing for itself.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Scores {
    /// Images with a label.
    pub images: u64,
    /// The mean of the classes' F1 ([`Confusion::macro_f1`]).
    pub macro_f1: f64,
    /// Of macro F1, linearised.
    pub macro_f1_interval: Interval,
    /// The share called what they are.
    pub accuracy: f64,
    /// Of accuracy: Wilson's.
    pub accuracy_interval: Interval,
}

impl Scores {
    /// Of pairs of truth and what was said; `None` of none.
    ///
    /// # Panics
    /// When a class is `classes` or more.
    pub fn of(classes: usize, pairs: &[(usize, usize)]) -> Option<Self> {
        let confusion = Confusion::of(classes, pairs.iter().copied());
        let (accuracy, macro_f1) = (confusion.accuracy()?, confusion.macro_f1()?);
        let gradient = confusion.macro_f1_gradient();
        let mut errors = Clusters::new(pairs.len());
        for (image, (truth, said)) in (0..).zip(pairs) {
            errors.add(image, gradient[truth * classes + said] / pairs.len() as f64);
        }
        let images = pairs.len() as u64;
        Some(Self {
            images,
            macro_f1,
            macro_f1_interval: Interval::with_error(macro_f1, errors.error(), images, images),
            accuracy,
            accuracy_interval: Interval::wilson(accuracy, images as f64),
        })
    }

    /// For a table: macro F1 and accuracy, each with its interval, `0.912 (0.890 to 0.931)`; nothing of nothing.
    pub fn cells(scores: Option<Self>) -> Vec<String> {
        let pairs = |one: Self| [(one.macro_f1, one.macro_f1_interval), (one.accuracy, one.accuracy_interval)];
        let cell = |(value, range): (f64, Interval)| format!("{value:.3} ({:.3} to {:.3})", range.low, range.high);
        scores.map_or_else(Vec::new, |one| pairs(one).map(cell).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_confusion_matrix() {
        let pairs = [(0, 0), (0, 1), (1, 1), (2, 2), (2, 2)];
        let scores = Scores::of(3, &pairs).unwrap();
        // F1: 2/3, 2/3 and 1.
        assert!((scores.macro_f1 - 7.0 / 9.0).abs() < 1e-12 && (scores.accuracy - 0.8).abs() < 1e-12);
        assert!(scores.macro_f1_interval.low < scores.macro_f1 && scores.macro_f1 < scores.macro_f1_interval.high);
        assert_eq!((scores.images, Scores::of(3, &[])), (5, None));
    }
}
