//! The confusion matrix, and what follows from it: precision, recall, F1, macro F1, accuracy.

use serde::Serialize;

/// How often each class was called what. Classes are numbered from 0 without gaps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confusion {
    classes: usize,
    /// Row: truth, column: said.
    counts: Vec<u64>,
}

/// What is known of one class; scores are 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct ClassScore {
    /// Samples of the class.
    pub samples: u64,
    /// Samples that were called so.
    pub said: u64,
    /// Of the samples that were called so, the share that is; 0 where nothing was called so.
    pub precision: f64,
    /// Of the samples of the class, the share that was called so; 0 where there are none.
    pub recall: f64,
    /// The harmonic mean of the two, 2·tp / (2·tp + fp + fn); 0 where the class was never called rightly.
    pub f1: f64,
}

/// A class that was called another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Confused {
    /// What it is.
    pub truth: usize,
    /// What it was called.
    pub said: usize,
    /// How often.
    pub count: u64,
}

impl Confusion {
    /// Nothing counted yet.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// Counts pairs of truth and what was said.
    ///
    /// # Panics
    /// When a class is `classes` or more.
    pub fn of(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut confusion = Self::new(classes);
        pairs.into_iter().for_each(|(truth, said)| confusion.add(truth, said));
        confusion
    }

    /// Counts one more sample.
    ///
    /// # Panics
    /// When a class is out of range.
    pub fn add(&mut self, truth: usize, said: usize) {
        assert!(truth < self.classes && said < self.classes, "BUG: a class beyond the matrix");
        self.counts[truth * self.classes + said] += 1;
    }

    /// How many classes there may be.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How often `truth` was called `said`.
    pub fn count(&self, truth: usize, said: usize) -> u64 {
        self.counts[truth * self.classes + said]
    }

    /// How many samples.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many samples were called what they are.
    pub fn right(&self) -> u64 {
        (0..self.classes).map(|class| self.count(class, class)).sum()
    }

    /// The share that was called what it is; `None` of no sample.
    pub fn accuracy(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| self.right() as f64 / total as f64)
    }

    /// The scores of one class.
    pub fn class(&self, class: usize) -> ClassScore {
        let samples: u64 = (0..self.classes).map(|said| self.count(class, said)).sum();
        let said: u64 = (0..self.classes).map(|truth| self.count(truth, class)).sum();
        let right = self.count(class, class) as f64;
        let share = |of: f64| if of > 0.0 { right / of } else { 0.0 };
        let (precision, recall) = (share(said as f64), share(samples as f64));
        ClassScore { samples, said, precision, recall, f1: share((samples + said) as f64 / 2.0) }
    }

    /// The unweighted mean of the F1 of all classes that are present, as truth or in what was said: scikit-learn's
    /// `f1_score(truth, said, average="macro", zero_division=0)`. So a class that only ever stands in predictions counts
    /// as 0, and one that stands in neither does not count. `None` of no sample.
    pub fn macro_f1(&self) -> Option<f64> {
        let scores: Vec<ClassScore> = self.present().map(|class| self.class(class)).collect();
        let sum: f64 = scores.iter().map(|score| score.f1).sum();
        (!scores.is_empty()).then(|| sum / scores.len() as f64)
    }

    /// The classes that macro F1 is the mean over.
    pub fn present(&self) -> impl Iterator<Item = usize> + '_ {
        let any =
            |class: usize| (0..self.classes).any(|other| self.count(class, other) > 0 || self.count(other, class) > 0);
        (0..self.classes).filter(move |class| any(*class))
    }

    /// How fast macro F1 changes with the share of each kind of pair, row by row like the matrix: its gradient over cell
    /// shares p. With d = p(truth = k) + p(said = k) and F its F1 of r present classes, ∂/∂p(k, k) = 2(1 − F)/(r·d) and
    /// ∂/∂p(k, j) = −(F(k)/d(k) + F(j)/d(j))/r (Takahashi, Yamamoto, Kuchiba, Koyama: Confidence interval for
    /// micro-averaged F1 and macro-averaged F1 scores, Applied Intelligence 52, 2022).
    pub fn macro_f1_gradient(&self) -> Vec<f64> {
        let total = self.total() as f64;
        let present = self.present().count() as f64;
        // F/d and 2(1 − F)/d of each class.
        let parts: Vec<(f64, f64)> = (0..self.classes)
            .map(|class| {
                let ClassScore { samples, said, f1, .. } = self.class(class);
                let both = (samples + said) as f64 / total;
                if both > 0.0 { (f1 / both, 2.0 * (1.0 - f1) / both) } else { (0.0, 0.0) }
            })
            .collect();
        let cell = |(truth, said): (usize, usize)| match truth == said {
            true => parts[truth].1 / present,
            false => -(parts[truth].0 + parts[said].0) / present,
        };
        (0..self.classes * self.classes).map(|at| cell((at / self.classes, at % self.classes))).collect()
    }

    /// Classes that were called another, the most frequent first; equal ones by truth, then by what was said.
    pub fn confused(&self) -> Vec<Confused> {
        let pairs = (0..self.classes).flat_map(|truth| (0..self.classes).map(move |said| (truth, said)));
        let pairs = pairs.filter(|(truth, said)| truth != said);
        let mut pairs: Vec<Confused> =
            pairs.map(|(truth, said)| Confused { truth, said, count: self.count(truth, said) }).collect();
        pairs.retain(|pair| pair.count > 0);
        pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.count), pair.truth, pair.said));
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// `tests/metrics/make.py` computes these with scikit-learn.
    #[test]
    fn scores_are_those_of_scikit_learn() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/metrics/expected.json")).unwrap();
        let list = |value: &Value| -> Vec<f64> {
            value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
        };
        let cases = cases["cases"].as_array().unwrap();
        assert!(cases.len() >= 6);
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let (truth, said) = (list(&case["truth"]), list(&case["said"]));
            let classes = case["classes"].as_u64().unwrap() as usize;
            let confusion =
                Confusion::of(classes, truth.iter().zip(&said).map(|(truth, said)| (*truth as usize, *said as usize)));
            let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{name}: {a} is not {b}");
            near(confusion.macro_f1().unwrap(), case["macro_f1"].as_f64().unwrap());
            near(confusion.accuracy().unwrap(), case["accuracy"].as_f64().unwrap());
            for (field, value) in [
                ("precision", (|score| score.precision) as fn(ClassScore) -> f64),
                ("recall", |score| score.recall),
                ("f1", |score| score.f1),
            ] {
                for (class, expected) in list(&case[field]).into_iter().enumerate() {
                    near(value(confusion.class(class)), expected);
                }
            }
            let counts: Vec<f64> = (0..classes * classes).map(|at| confusion.counts[at] as f64).collect();
            assert_eq!(counts, list(&case["matrix"]), "{name}");
        }
    }

    #[test]
    fn of_nothing_there_is_no_score() {
        let confusion = Confusion::new(3);
        assert_eq!((confusion.macro_f1(), confusion.accuracy(), confusion.total()), (None, None, 0));
        assert_eq!(confusion.confused(), []);
    }

    #[test]
    fn the_most_confused_pair_comes_first_and_ties_are_settled_by_class() {
        let confusion = Confusion::of(3, [(0, 1), (2, 1), (2, 1), (1, 0), (1, 1)]);
        let pairs: Vec<_> = confusion.confused().into_iter().map(|one| (one.truth, one.said, one.count)).collect();
        assert_eq!(pairs, [(2, 1, 2), (0, 1, 1), (1, 0, 1)]);
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_slope_of_macro_f1(counts in proptest::collection::vec(1u64..40, 9), cell in 0..9usize) {
            let confusion = Confusion { classes: 3, counts };
            // Macro F1 of shares that need not sum to 1, as the gradient has it.
            let f1 = |shares: &[f64]| {
                let of = |class: usize| {
                    let row: f64 = (0..3).map(|said| shares[class * 3 + said]).sum();
                    let column: f64 = (0..3).map(|truth| shares[truth * 3 + class]).sum();
                    2.0 * shares[class * 4] / (row + column)
                };
                (of(0) + of(1) + of(2)) / 3.0
            };
            let total = confusion.total() as f64;
            let shares: Vec<f64> = confusion.counts.iter().map(|count| *count as f64 / total).collect();
            let (mut more, mut less) = (shares.clone(), shares);
            more[cell] += 1e-6;
            less[cell] -= 1e-6;
            let slope = (f1(&more) - f1(&less)) / 2e-6;
            prop_assert!((slope - confusion.macro_f1_gradient()[cell]).abs() < 1e-4);
        }
    }
}
