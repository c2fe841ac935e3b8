//! Stochastic gradient descent with momentum, as `torch.optim.SGD`.

use super::{Slot, add_scaled};
use tch::Tensor;

pub(super) struct Rule {
    /// μ; 0 is without a buffer.
    pub momentum: f64,
    /// τ.
    pub dampening: f64,
    pub nesterov: bool,
}

/// One step of one parameter; `slot.steps` counts it already. All in place: a tensor made for a moment costs more than the
/// arithmetic, since large ones come from the system anew each time.
pub(super) fn step(slot: &mut Slot, gradient: &Tensor, rule: &Rule, rate: f64) {
    let (rate, decay) = (rate * slot.multiplier, slot.weight_decay);
    let weight = &mut slot.parameter;
    if let Some(buffer) = slot.state.first_mut() {
        let part = if slot.steps == 1 {
            buffer.copy_(gradient);
            1.0
        } else {
            *buffer *= rule.momentum;
            add_scaled(buffer, gradient, 1.0 - rule.dampening);
            1.0 - rule.dampening
        };
        if decay > 0.0 {
            add_scaled(buffer, weight, part * decay);
        }
    }
    // Without momentum, and with Nesterov's, the gradient has a part of its own: rate · (gradient + λ · weight).
    if slot.state.is_empty() || rule.nesterov {
        if decay > 0.0 {
            *weight *= 1.0 - rate * decay;
        }
        add_scaled(weight, gradient, -rate);
    }
    if let Some(buffer) = slot.state.first() {
        let factor = if rule.nesterov { rule.momentum } else { 1.0 };
        add_scaled(weight, buffer, -rate * factor);
    }
}
