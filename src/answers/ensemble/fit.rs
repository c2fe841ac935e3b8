//! Weights of members from out-of-fold predictions.
//!
//! Members are pooled by their logarithms: p ∝ Π p(m)^w(m), weights not negative and not of a fixed sum (a logarithmic
//! opinion pool; Genest, Zidek: Combining probability distributions, Statistical Science 1, 1986; Heskes: Selecting weighting
//! factors in logarithmic opinion pools, NIPS 1997). So a member's weight is also its temperature: of a mean, Σ w·p, the
//! weights that fit best are those of the member that is best calibrated, which is another thing than knowing most, and
//! models of several trainers are never calibrated alike.
//!
//! The weights are those of the least log loss, every class counting alike as in macro F1 (an image weighs 1/(classes ·
//! images of its class)), plus (w − 1/members)²/2 for each, divided by the number of images: members that say the same get
//! the same. The loss is convex, so there is one answer, and projected Newton steps (Bertsekas, SIAM J. Control Optim. 20,
//! 1982) find it. Macro F1 itself is not maximised: it is a staircase, on which a search finds the noise of these images.
//!
//! Fitted weights are worth what they do on images that they were not fitted on. So images are dealt into folds, weights are
//! fitted without each fold and judged on it, beside the plain mean on the same images.

use super::combine::{FLOOR, pooled};
use super::newton::{Problem, minimum};
use super::{EnsembleError, Members};
use crate::answers::largest;
use crate::metrics::{Agreement, Confusion};
use serde::Serialize;

/// Folds that a fit is judged by.
pub const FOLDS: usize = 5;

/// The plain mean and the fitted pool, on the same images.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Against {
    /// Of the mean of all members.
    pub mean: f64,
    /// With the fitted weights.
    pub fitted: f64,
}

/// What a fit came to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fit {
    /// Of each member: the power of its probabilities. Not negative; the sum says how much surer the pool is than its
    /// members.
    pub weights: Vec<f64>,
    /// Images that they were fitted on.
    pub images: u64,
    /// Images of the out-of-fold tables that have no label.
    pub unlabelled: u64,
    /// Log loss in nats, every class counting alike, on the images that were fitted on.
    pub log_loss: Against,
    /// Macro F1 on the images that were fitted on.
    pub macro_f1: Against,
    /// On images that were held out of the fit, each in one of the folds; `None` of fewer images than folds.
    pub held_out: Option<HeldOut>,
    /// Whether held-out images have a higher macro F1 with fitted weights than with the plain mean, and an accuracy that
    /// chance would not give so easily (McNemar's p below 0.05).
    pub beats_the_mean: bool,
}

/// A fit judged on images that it did not see.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct HeldOut {
    /// How many folds.
    pub folds: usize,
    /// Log loss in nats, every class counting alike.
    pub log_loss: Against,
    /// Macro F1.
    pub macro_f1: Against,
    /// How likely at least this difference in accuracy is between two that are equally good (McNemar, exact).
    pub mcnemar: f64,
}

impl HeldOut {
    fn beats_the_mean(&self) -> bool {
        self.macro_f1.fitted > self.macro_f1.mean && self.mcnemar < 0.05
    }
}

/// Fits weights on out-of-fold predictions; `truth` is the class of each image of `members`, where it is known.
///
/// # Errors
/// When a member has classes alone, or no image has a label.
pub fn fit(members: &Members, truth: &[Option<usize>]) -> Result<Fit, EnsembleError> {
    let (tables, classes) = (members.all_probabilities()?, members.classes());
    let known = truth.iter().enumerate().filter_map(|(at, class)| Some((at, (*class)?)));
    let mut known: Vec<(usize, usize)> = known.collect();
    // By ID, so that neither the sums nor the folds depend on the order of a file.
    known.sort_by_key(|(at, _)| &members.ids[*at]);
    if known.is_empty() {
        return Err(EnsembleError::NoLabel { path: members.paths[0].clone() });
    }
    let rows = known.iter().map(|(at, truth)| {
        let row = |table: &&[f64]| table[at * classes..(at + 1) * classes].to_vec();
        Row::of(tables.iter().map(row).collect(), *truth)
    });
    let sheet = Sheet { rows: rows.collect(), classes };
    let all: Vec<usize> = (0..sheet.rows.len()).collect();
    let weights = sheet.weights(&all);
    let fitted = |_: usize| weights.as_slice();
    let held_out = sheet.held_out();
    Ok(Fit {
        images: sheet.rows.len() as u64,
        unlabelled: (truth.len() - sheet.rows.len()) as u64,
        log_loss: sheet.log_losses(&fitted),
        macro_f1: sheet.macro_f1s(&fitted),
        beats_the_mean: held_out.as_ref().is_some_and(HeldOut::beats_the_mean),
        held_out,
        weights,
    })
}

/// An image that has a label.
struct Row {
    truth: usize,
    /// The mean of the members' probabilities.
    mean: Vec<f64>,
    /// `[members, classes]`, logarithms.
    logs: Vec<Vec<f64>>,
}

impl Row {
    fn of(given: Vec<Vec<f64>>, truth: usize) -> Self {
        let mean = |class: usize| given.iter().map(|row| row[class]).sum::<f64>() / given.len() as f64;
        let mean = (0..given[0].len()).map(mean).collect();
        let log = |row: Vec<f64>| row.into_iter().map(|value| libm::log(value.max(FLOOR))).collect();
        Self { truth, mean, logs: given.into_iter().map(log).collect() }
    }

    fn pooled(&self, weights: &[f64]) -> Vec<f64> {
        pooled(self.logs.iter().map(Vec::as_slice), weights)
    }
}

/// Images that have a label.
struct Sheet {
    rows: Vec<Row>,
    classes: usize,
}

/// The loss of weights on some images.
struct Loss<'a> {
    sheet: &'a Sheet,
    images: &'a [usize],
    importance: Vec<f64>,
    plain: f64,
}

impl Problem for Loss<'_> {
    fn value(&self, weights: &[f64]) -> f64 {
        let loss = |at: &usize| {
            let row = &self.sheet.rows[*at];
            -self.importance[row.truth] * libm::log(row.pooled(weights)[row.truth].max(f64::MIN_POSITIVE))
        };
        let ridge: f64 = weights.iter().map(|weight| (weight - self.plain) * (weight - self.plain)).sum();
        self.images.iter().map(loss).sum::<f64>() + ridge / (2.0 * self.images.len() as f64)
    }

    /// Of an image: ∂/∂w(m) = E log p(m) − log p(m, truth), the expectation by the pool; the second derivatives are the
    /// covariances of the logarithms.
    fn derivatives(&self, weights: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let count = weights.len();
        let ridge = 1.0 / self.images.len() as f64;
        let mut slope: Vec<f64> = weights.iter().map(|weight| ridge * (weight - self.plain)).collect();
        let mut bend = vec![vec![0.0; count]; count];
        (0..count).for_each(|at| bend[at][at] = ridge);
        for row in self.images.iter().map(|at| &self.sheet.rows[*at]) {
            let (pool, importance) = (row.pooled(weights), self.importance[row.truth]);
            let mean = |logs: &Vec<f64>| pool.iter().zip(logs).map(|(share, log)| share * log).sum::<f64>();
            let means: Vec<f64> = row.logs.iter().map(mean).collect();
            for one in 0..count {
                slope[one] += importance * (means[one] - row.logs[one][row.truth]);
                for two in 0..=one {
                    let both = (0..pool.len()).map(|class| pool[class] * row.logs[one][class] * row.logs[two][class]);
                    let covariance = importance * (both.sum::<f64>() - means[one] * means[two]);
                    bend[one][two] += covariance;
                    if one != two {
                        bend[two][one] += covariance;
                    }
                }
            }
        }
        (slope, bend)
    }
}

impl Sheet {
    /// The weight of an image of each class: all classes alike, all images together 1.
    fn importance(&self, images: &[usize]) -> Vec<f64> {
        let mut counts = vec![0.0; self.classes];
        images.iter().for_each(|at| counts[self.rows[*at].truth] += 1.0);
        let present = counts.iter().filter(|count| **count > 0.0).count() as f64;
        counts.into_iter().map(|count: f64| 1.0 / (present * count.max(1.0))).collect()
    }

    /// The weights of least loss on some images.
    fn weights(&self, images: &[usize]) -> Vec<f64> {
        let members = self.rows[0].logs.len();
        let plain = 1.0 / members as f64;
        let loss = Loss { sheet: self, images, importance: self.importance(images), plain };
        minimum(&loss, vec![plain; members])
    }

    /// Log loss of all images, each pooled with the weights for it.
    fn log_losses<'a>(&self, weights: &dyn Fn(usize) -> &'a [f64]) -> Against {
        let importance = self.importance(&(0..self.rows.len()).collect::<Vec<_>>());
        let loss = |row: &Row, given: f64| -importance[row.truth] * libm::log(given.max(FLOOR));
        let rows = || self.rows.iter().enumerate();
        Against {
            mean: rows().map(|(_, row)| loss(row, row.mean[row.truth])).sum(),
            fitted: rows().map(|(at, row)| loss(row, row.pooled(weights(at))[row.truth])).sum(),
        }
    }

    fn macro_f1s<'a>(&self, weights: &dyn Fn(usize) -> &'a [f64]) -> Against {
        let rows = || self.rows.iter().enumerate();
        let mean = Confusion::of(self.classes, rows().map(|(_, row)| (row.truth, largest(&row.mean))));
        let fitted =
            Confusion::of(self.classes, rows().map(|(at, row)| (row.truth, largest(&row.pooled(weights(at))))));
        Against { mean: mean.macro_f1().unwrap_or(0.0), fitted: fitted.macro_f1().unwrap_or(0.0) }
    }

    /// Judges weights that are fitted without each fold on it. Images are dealt to folds class by class, so that all folds
    /// have the classes that have images enough.
    fn held_out(&self) -> Option<HeldOut> {
        if self.rows.len() < FOLDS {
            return None;
        }
        let mut dealt = vec![0usize; self.classes];
        let deal = |row: &Row| {
            dealt[row.truth] += 1;
            (dealt[row.truth] - 1 + row.truth) % FOLDS
        };
        let folds: Vec<usize> = self.rows.iter().map(deal).collect();
        let without = |fold: usize| -> Vec<usize> { (0..folds.len()).filter(|at| folds[*at] != fold).collect() };
        let weights: Vec<Vec<f64>> = (0..FOLDS).map(|fold| self.weights(&without(fold))).collect();
        let fitted = |at: usize| weights[folds[at]].as_slice();
        let right =
            |(at, row): (usize, &Row)| (largest(&row.mean) == row.truth, largest(&row.pooled(fitted(at))) == row.truth);
        Some(HeldOut {
            folds: FOLDS,
            log_loss: self.log_losses(&fitted),
            macro_f1: self.macro_f1s(&fitted),
            mcnemar: Agreement::of(self.rows.iter().enumerate().map(right)).mcnemar(),
        })
    }
}
