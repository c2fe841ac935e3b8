//! Multinomial logistic regression on features: the linear head of a probe.
//!
//! Convex, so that its result says something of the features and nothing of a learning rate, a seed or a number of epochs.
//! Features are standardised by the training samples' mean and deviation. With weights W, bias b and n samples,
//!
//! ```text
//! minimise  1/n · Σ CE(y, softmax(x·W + b))  +  |W|² / (2·C·n)
//! ```
//!
//! which is scikit-learn's `LogisticRegression(C)` on `StandardScaler`'s features; soft labels are labels. Found by L-BFGS
//! (Nocedal, Wright: Numerical Optimization, algorithm 7.4) in float64, with a backtracking line search.

use std::collections::VecDeque;
use tch::{Kind, Tensor};

/// Pairs of steps and gradient differences that are remembered.
const MEMORY: usize = 10;
/// The search ends where no part of the gradient is larger.
const TOLERANCE: f64 = 1e-4;
/// Armijo's condition: the share of the promised decrease that a step must bring.
const SUFFICIENT: f64 = 1e-4;

/// A fitted regression.
#[derive(Debug)]
pub struct Logistic {
    /// Mean of each feature, `[1, d]` f64.
    mean: Tensor,
    /// Deviation of each feature, 1 where a feature is constant, `[1, d]` f64.
    deviation: Tensor,
    /// `[d, classes]` f64.
    weight: Tensor,
    /// `[classes]` f64.
    bias: Tensor,
    /// Steps that were taken.
    iterations: usize,
}

impl Logistic {
    /// Fits `features` `[n, d]` to `labels` `[n, classes]`, whose rows sum to 1. `c` is the inverse strength of the
    /// regularisation, above 0; at most `iterations` steps are taken.
    ///
    /// # Panics
    /// When there is no sample.
    pub fn fit(features: &Tensor, labels: &Tensor, c: f64, iterations: usize) -> Self {
        let (n, d) = features.size2().expect("BUG: features are no matrix");
        assert!(n > 0, "BUG: nothing to fit");
        let classes = labels.size()[1];
        let x = features.to_kind(Kind::Double);
        let mean = x.mean_dim(0, true, Kind::Double);
        let deviation = x.var_dim(0, false, true).sqrt();
        let deviation = deviation.where_self(&deviation.gt(1e-12), &Tensor::ones_like(&deviation));
        let x = (x - &mean) / &deviation;
        let y = labels.to_kind(Kind::Double);
        let parts = |at: &Tensor| (at.narrow(0, 0, d * classes).view([d, classes]), at.narrow(0, d * classes, classes));
        let decay = 1.0 / (c * n as f64);
        let value = |at: &Tensor| {
            let (weight, bias) = parts(at);
            let log = (x.matmul(&weight) + &bias).log_softmax(-1, Kind::Double);
            let loss = -(&log * &y).sum(Kind::Double) / n as f64;
            let value = loss.double_value(&[]) + 0.5 * decay * weight.square().sum(Kind::Double).double_value(&[]);
            let slope = (log.exp() - &y) / n as f64;
            let of_weight = x.tr().matmul(&slope) + &weight * decay;
            let of_bias = slope.sum_dim_intlist([0i64].as_slice(), false, Kind::Double);
            (value, Tensor::cat(&[of_weight.view([-1]), of_bias], 0))
        };
        let start = Tensor::zeros([(d + 1) * classes], (Kind::Double, x.device()));
        let (at, taken) = tch::no_grad(|| minimise(start, &value, iterations));
        let (weight, bias) = parts(&at);
        Self { mean, deviation, weight: weight.copy(), bias: bias.copy(), iterations: taken }
    }

    /// The probability of each class, `[n, classes]` f64.
    pub fn probabilities(&self, features: &Tensor) -> Tensor {
        let x = (features.to_kind(Kind::Double) - &self.mean) / &self.deviation;
        (x.matmul(&self.weight) + &self.bias).softmax(-1, Kind::Double)
    }

    /// How many steps were taken; as many as were allowed where the search did not come to its end.
    pub fn iterations(&self) -> usize {
        self.iterations
    }
}

/// The lowest place that is found downhill of `at`, and the steps taken. `value` gives the value and the gradient.
fn minimise(mut at: Tensor, value: &dyn Fn(&Tensor) -> (f64, Tensor), iterations: usize) -> (Tensor, usize) {
    let dot = |a: &Tensor, b: &Tensor| a.dot(b).double_value(&[]);
    let (mut now, mut gradient) = value(&at);
    let mut pairs: VecDeque<(Tensor, Tensor, f64)> = VecDeque::new();
    for taken in 0..iterations {
        if gradient.abs().max().double_value(&[]) < TOLERANCE {
            return (at, taken);
        }
        // The two loops: the inverse of the curvature, applied to the gradient.
        let mut direction = -&gradient;
        let mut factors = Vec::with_capacity(pairs.len());
        for (step, change, curvature) in pairs.iter().rev() {
            let factor = dot(step, &direction) / curvature;
            direction -= change * factor;
            factors.push(factor);
        }
        if let Some((_, change, curvature)) = pairs.back() {
            direction *= curvature / dot(change, change);
        }
        for ((step, change, curvature), factor) in pairs.iter().zip(factors.into_iter().rev()) {
            direction += step * (factor - dot(change, &direction) / curvature);
        }
        let mut slope = dot(&gradient, &direction);
        if slope >= 0.0 {
            // Rounding has eaten the curvature: start again from the gradient.
            pairs.clear();
            direction = -&gradient;
            slope = -dot(&gradient, &gradient);
        }
        let mut length = if pairs.is_empty() { 1.0 / gradient.norm().double_value(&[]).max(1.0) } else { 1.0 };
        let next = loop {
            let place = &at + &direction * length;
            let (value, gradient) = value(&place);
            if value <= now + SUFFICIENT * length * slope {
                break Some((place, value, gradient));
            }
            length *= 0.5;
            if length < 1e-12 {
                break None;
            }
        };
        let Some((place, lower, steeper)) = next else { return (at, taken) };
        let (step, change) = (&place - &at, &steeper - &gradient);
        let curvature = dot(&step, &change);
        if curvature > 1e-14 {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back((step, change, curvature));
        }
        (at, now, gradient) = (place, lower, steeper);
    }
    (at, iterations)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that a formula makes, alike in Python: `tests/train/logistic.py`.
    fn numbers(count: i64, salt: i64) -> Vec<f64> {
        (0..count).map(|at| (((at * 7919 + salt * 104_729) % 2003) as f64 / 1001.0) - 1.0).collect()
    }

    fn data() -> (Tensor, Tensor) {
        let (n, d, c) = (60, 8, 3);
        let x = Tensor::from_slice(&numbers(n * d, 1)).view([n, d])
            * Tensor::from_slice(&[1., 5., 0.1, 2., 1., 1., 3., 0.]);
        let target: Vec<i64> = (0..n).map(|at| at * 7 % 11 % c).collect();
        let y = Tensor::from_slice(&target).onehot(c).to_kind(Kind::Double);
        (x, y)
    }

    /// `tests/train/logistic.py` fits the same with scikit-learn 1.7.2: StandardScaler, LogisticRegression(C = 0.5, tol = 1e-10).
    #[test]
    fn probabilities_are_those_of_scikit_learn() {
        let (x, y) = data();
        let fitted = Logistic::fit(&x, &y, 0.5, 300);
        let expected: Vec<f64> = include_str!("../../../tests/train/logistic.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(' ').map(|number| number.parse().unwrap()).collect::<Vec<f64>>())
            .collect();
        let expected = Tensor::from_slice(&expected).view([-1, 3]);
        let found = fitted.probabilities(&x).narrow(0, 0, expected.size()[0]);
        let apart = (found - &expected).abs().max().double_value(&[]);
        assert!(apart < 2e-3, "{apart}");
        let constant = (expected - 1.0 / 3.0).abs().max().double_value(&[]);
        assert!(constant > 0.2, "a fit that says nothing: {constant}");
    }

    #[test]
    fn soft_labels_pull_to_both_sides_and_classes_that_can_be_told_are() {
        let x = Tensor::from_slice(&[-2.0f32, -1.0, 1.0, 2.0]).view([4, 1]);
        let y = Tensor::from_slice(&[1.0f32, 0.0, 0.5, 0.5, 0.5, 0.5, 0.0, 1.0]).view([4, 2]);
        let soft = Logistic::fit(&x, &y, 100.0, 200).probabilities(&x);
        assert!((soft.double_value(&[1, 0]) + soft.double_value(&[2, 0]) - 1.0).abs() < 1e-3);
        let y = Tensor::from_slice(&[1.0f32, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]).view([4, 2]);
        let fitted = Logistic::fit(&x, &y, 10.0, 200);
        let said = fitted.probabilities(&x).argmax(-1, false);
        assert_eq!(Vec::<i64>::try_from(said).unwrap(), [0, 0, 1, 1]);
        assert!(fitted.iterations() < 200);
    }
}
