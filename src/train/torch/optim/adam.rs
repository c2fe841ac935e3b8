//! Adam and AdamW, as `torch.optim.Adam` and `torch.optim.AdamW`: they differ in where weight decay goes.

use super::{Slot, add_scaled};
use tch::Tensor;

pub(super) struct Rule {
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub decay: WeightDecay,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WeightDecay {
    /// λ · weight is added to the gradient: Adam's L2.
    InGradient,
    /// The weight shrinks by rate · λ before the step: AdamW.
    Decoupled,
}

/// One step of one parameter; `slot.steps` counts it already. With t steps, m and v the means of the gradient and of its
/// square: weight −= rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε), with the greatest v so far where there is a third state.
/// `scratch` has the parameter's shape; what is in it does not matter.
pub(super) fn step(slot: &mut Slot, gradient: &Tensor, scratch: &mut Tensor, rule: &Rule, rate: f64) {
    let rate = rate * slot.multiplier;
    let weight = &mut slot.parameter;
    let decays = slot.weight_decay > 0.0;
    let decayed = (decays && rule.decay == WeightDecay::InGradient).then(|| gradient + &*weight * slot.weight_decay);
    let gradient = decayed.as_ref().unwrap_or(gradient);
    if decays && rule.decay == WeightDecay::Decoupled {
        *weight *= 1.0 - rate * slot.weight_decay;
    }
    let t = slot.steps as f64;
    let (correction1, correction2) = (1.0 - libm::pow(rule.beta1, t), 1.0 - libm::pow(rule.beta2, t));

    let [mean, square, greatest @ ..] = slot.state.as_mut_slice() else {
        panic!("BUG: Adam without its two means");
    };
    let _ = mean.lerp_(gradient, 1.0 - rule.beta1);
    *square *= rule.beta2;
    let _ = gradient.mul_scalar_out(scratch, 1.0 - rule.beta2);
    let _ = square.addcmul_(scratch, gradient);
    let square = match greatest.first_mut() {
        None => &*square,
        Some(greatest) => {
            let _ = greatest.maximum_out(greatest, square);
            &*greatest
        }
    };
    let _ = square.sqrt_out(scratch);
    *scratch /= libm::sqrt(correction2);
    *scratch += rule.eps;
    let _ = mean.div_out(scratch, scratch);
    add_scaled(weight, scratch, -rate / correction1);
}
