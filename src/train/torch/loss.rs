//! What a loss computes: from logits and soft labels to a number to go down from, and to the loss of each sample. The
//! formulas and their sources are in `train/loss.rs`.
//!
//! Everything is computed from log-probabilities, so logits far apart give neither infinities nor NaN, in the value or in
//! the gradient. Logits of less than 32 bits (autocast) are widened first.

use crate::train::loss::Loss;
use crate::train::mass::LabelMass;
use tch::{Device, Kind, Tensor};

/// The least 1 − p that has a power taken of it: keeps the slope of x^γ finite at 0 where γ is below 1.
const LEAST: f64 = 1e-30;

/// A loss made ready for a number of classes.
pub struct LossFn {
    loss: Loss,
    /// `[c]` f64 on the CPU: class weights, or what is added to the logits.
    per_class: Option<Tensor>,
}

impl LossFn {
    /// Makes ready a loss over the classes that `mass` has, with weights and priors from it.
    pub fn new(loss: Loss, mass: &LabelMass) -> Self {
        let per_class = match loss {
            Loss::CrossEntropy | Loss::LabelSmoothing { .. } | Loss::Asymmetric { .. } => None,
            Loss::Focal { beta, .. } => beta.map(|beta| mass.effective_number(beta.get())),
            Loss::WeightedCrossEntropy => Some(mass.inverse_frequency()),
            Loss::ClassBalanced { beta } => Some(mass.effective_number(beta.get())),
            Loss::LogitAdjusted { tau } => Some(mass.log_priors().into_iter().map(|prior| tau.get() * prior).collect()),
        };
        Self { loss, per_class: per_class.map(|values| Tensor::from_slice(&values)) }
    }

    /// The loss of a batch, a scalar that gradients flow through: the mean over its samples, for `WeightedCrossEntropy` the
    /// weighted mean. `logits` `[n, c]`; `targets` `[n, c]` soft labels, rows that sum to 1 (not checked).
    ///
    /// # Panics
    /// When the shapes differ or the class count is not that of the label mass.
    pub fn mean(&self, logits: &Tensor, targets: &Tensor) -> Tensor {
        let values = self.per_sample(logits, targets);
        match self.loss {
            Loss::WeightedCrossEntropy => values.sum(None) / self.total_weight(&values, targets),
            _ => values.mean(None),
        }
    }

    /// The loss of each sample, `[n]`, f64 for f64 logits, else f32. Of `WeightedCrossEntropy` before the division, like
    /// torch's `reduction="none"`.
    ///
    /// # Panics
    /// As [`Self::mean`].
    pub fn per_sample(&self, logits: &Tensor, targets: &Tensor) -> Tensor {
        assert_eq!(logits.size(), targets.size(), "BUG: logits and targets of different shapes");
        let kind = if logits.kind() == Kind::Double { Kind::Double } else { Kind::Float };
        let (logits, targets) = (logits.to_kind(kind), targets.to_kind(kind));
        let classes = targets.size()[1] as f64;
        let per_class = self.per_class(kind, logits.device());
        if let Some(values) = &per_class {
            assert_eq!(values.size()[0], targets.size()[1], "BUG: label mass of another number of classes");
        }
        let weighted = |targets: &Tensor| match &per_class {
            Some(weights) => targets * weights,
            None => targets.shallow_clone(),
        };
        // [n, c]
        let log_p = match (self.loss, &per_class) {
            (Loss::LogitAdjusted { .. }, Some(adjustment)) => (&logits + adjustment).log_softmax(-1, kind),
            _ => logits.log_softmax(-1, kind),
        };
        let terms = match self.loss {
            Loss::CrossEntropy | Loss::LogitAdjusted { .. } => targets * log_p,
            Loss::LabelSmoothing { epsilon } => smooth(&targets, epsilon.get()) * log_p,
            Loss::WeightedCrossEntropy | Loss::ClassBalanced { .. } => weighted(&targets) * log_p,
            Loss::Focal { gamma, .. } => weighted(&targets) * rest_power(&log_p, gamma.get()) * log_p,
            Loss::Asymmetric { gamma_pos, gamma_neg, eps } => {
                let off = eps.get() / classes;
                let on = 1.0 - eps.get() + off;
                let own = (&targets * on) * rest_power(&log_p, gamma_pos.get());
                // p^γ₋ from ln p, whose slope is finite at p = 0 for every γ₋.
                let others = ((targets * -1.0) + 1.0) * off * (&log_p * gamma_neg.get()).exp();
                (own + others) * log_p
            }
        };
        -terms.sum_dim_intlist(-1, false, kind)
    }

    /// Σ w y over the batch, which its weighted loss is divided by. A batch whose samples are all of weight 0 cannot be: a
    /// weight is above 0, and a row sums to 1.
    fn total_weight(&self, values: &Tensor, targets: &Tensor) -> Tensor {
        let weights = self.per_class(values.kind(), values.device()).expect("BUG: a weighted loss without weights");
        (targets.to_kind(values.kind()) * weights).sum(None)
    }

    fn per_class(&self, kind: Kind, device: Device) -> Option<Tensor> {
        self.per_class.as_ref().map(|values| values.to_device(device).to_kind(kind))
    }
}

/// (1 − ε) y + ε / C, `[n, c]`.
fn smooth(targets: &Tensor, epsilon: f64) -> Tensor {
    targets * (1.0 - epsilon) + epsilon / targets.size()[1] as f64
}

/// (1 − p)^γ, `[n, c]`. 1 − p by expm1: as 1 − exp(ln p) it would be noise for p near 1.
fn rest_power(log_p: &Tensor, gamma: f64) -> Tensor {
    (-log_p.expm1()).clamp_min(LEAST).pow_tensor_scalar(gamma)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn numbers(value: &Value) -> Vec<f64> {
        match value {
            Value::Array(values) => values.iter().flat_map(numbers).collect(),
            number => vec![number.as_f64().unwrap()],
        }
    }

    fn matrix(value: &Value, kind: Kind) -> Tensor {
        let rows = value.as_array().unwrap().len() as i64;
        Tensor::from_slice(&numbers(value)).reshape([rows, -1]).to_kind(kind)
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
    }

    fn near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().zip(expected) {
            let error = (found - expected).abs() / expected.abs().max(1.0);
            assert!(error <= tolerance, "{what}: {found} is not {expected}");
        }
    }

    /// Every case of the fixture: a loss, logits and targets, and what `tests/train/losses.py` found.
    fn each_case(mut check: impl FnMut(&str, &LossFn, &Value)) {
        tch::set_num_threads(1);
        let cases: Value = serde_json::from_str(include_str!("../../../tests/train/losses.json")).unwrap();
        let cases = cases["cases"].as_array().unwrap();
        assert!(cases.len() >= 40);
        for case in cases {
            let loss: Loss = serde_json::from_value(case["loss"].clone()).unwrap();
            let mass = LabelMass::new(&numbers(&case["mass"])).unwrap();
            check(case["name"].as_str().unwrap(), &LossFn::new(loss, &mass), case);
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_the_reference() {
        each_case(|name, loss, case| {
            for (kind, tolerance) in [(Kind::Double, 1e-12), (Kind::Float, 2e-5)] {
                let logits = matrix(&case["logits"], kind).set_requires_grad(true);
                let targets = matrix(&case["targets"], kind);
                let mean = loss.mean(&logits, &targets);
                mean.backward();
                let what = format!("{name}, {kind:?}");
                near(&values(&loss.per_sample(&logits, &targets)), &numbers(&case["per_sample"]), tolerance, &what);
                near(&values(&mean), &numbers(&case["mean"]), tolerance, &what);
                near(&values(&logits.grad()), &numbers(&case["gradient"]), tolerance, &what);
            }
        });
    }

    /// γ = 0 and γ below 1 have a slope of 0 · ∞ where p is 1.
    #[test]
    fn extreme_logits_give_finite_gradients_for_every_power() {
        tch::set_num_threads(1);
        let mass = LabelMass::new(&[5.0, 1.0, 0.0]).unwrap();
        let targets = Tensor::from_slice(&[1.0, 0.0, 0.0, 0.0, 0.7, 0.3]).reshape([2, 3]);
        for text in [
            r#"{"focal": {"gamma": 0}}"#,
            r#"{"focal": {"gamma": 0.3, "beta": 0.9}}"#,
            r#"{"focal": {"gamma": 1}}"#,
            r#"{"asymmetric": {"gamma_pos": 0.5, "gamma_neg": 0.5}}"#,
            r#"{"asymmetric": {"gamma_pos": 0, "gamma_neg": 0, "eps": 0}}"#,
            r#"{"logit_adjusted": {}}"#,
            r#""weighted_cross_entropy""#,
        ] {
            let loss = LossFn::new(serde_json::from_str(text).unwrap(), &mass);
            for (kind, far) in [(Kind::Double, 1e4), (Kind::Double, 50.0), (Kind::Float, 1e4), (Kind::Float, 50.0)] {
                let logits = Tensor::from_slice(&[far, -far, 0.0, -far, far, far]).reshape([2, 3]).to_kind(kind);
                let logits = logits.set_requires_grad(true);
                let mean = loss.mean(&logits, &targets);
                mean.backward();
                assert!(mean.double_value(&[]).is_finite(), "{text} {far}");
                assert!(values(&logits.grad()).iter().all(|slope| slope.is_finite()), "{text} {far}");
            }
        }
    }

    #[test]
    fn focal_without_gamma_is_cross_entropy_to_the_bit() {
        each_case(|name, _, case| {
            let (logits, targets) = (matrix(&case["logits"], Kind::Float), matrix(&case["targets"], Kind::Float));
            let mass = LabelMass::new(&numbers(&case["mass"])).unwrap();
            let focal = serde_json::from_str(r#"{"focal": {"gamma": 0}}"#).unwrap();
            let of = |loss| values(&LossFn::new(loss, &mass).per_sample(&logits, &targets));
            assert_eq!(of(focal), of(Loss::CrossEntropy), "{name}");
        });
    }

    #[test]
    fn half_precision_logits_are_widened() {
        let mass = LabelMass::new(&[1.0, 1.0]).unwrap();
        let logits = Tensor::from_slice(&[1.5f32, -0.25]).reshape([1, 2]);
        let targets = Tensor::from_slice(&[1.0f32, 0.0]).reshape([1, 2]);
        let loss = LossFn::new(Loss::CrossEntropy, &mass);
        let (narrow, wide) = (loss.mean(&logits.to_kind(Kind::BFloat16), &targets), loss.mean(&logits, &targets));
        assert_eq!(narrow.kind(), Kind::Float);
        // Both logits are whole in bfloat16.
        assert_eq!(values(&narrow), values(&wide));
    }
}
