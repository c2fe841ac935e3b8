//! Optimisers whose state can be saved, over the named parameters of a model: those of `torch.optim`, step for step. (The
//! optimisers of tch keep their state to themselves, and a run could not be stopped and resumed to the same weights.)
//!
//! A step updates every parameter that requires a gradient; one that no gradient has reached counts as having a gradient of
//! zero, as torch does after `zero_grad(set_to_none=False)`. So a step depends on the state that is saved and on nothing
//! else. Frozen parameters keep their value and their state.
//!
//! One training step is: `zero_gradients`, then backward of each of its batches (scaled by `Accumulation::scale`),
//! `clip_gradients` if wanted, `step`. State is saved between steps, never in the middle of an accumulation.

mod adam;
mod gradients;
mod sgd;
mod state;

pub use gradients::NotFinite;
pub use state::{PREFIX, StateError};

use super::variables::{Variable, parameters};
use crate::train::optimizer::{Groups, Optimizer, OptimizerError};
use tch::nn::VarStore;
use tch::{Tensor, no_grad_guard};

/// An optimiser over the parameters of a model.
pub struct Optim {
    optimizer: Optimizer,
    /// In the order of names.
    slots: Vec<Slot>,
}

/// A parameter and what the optimiser remembers of it.
struct Slot {
    name: String,
    parameter: Tensor,
    /// What the learning rate is multiplied by.
    multiplier: f64,
    /// λ.
    weight_decay: f64,
    /// Steps that it took part in.
    steps: u64,
    /// In the order of [`state_names`], of the parameter's shape and kind; empty before its first step.
    state: Vec<Tensor>,
}

impl Optim {
    /// An optimiser over all parameters of `store`, frozen ones too, as it is now: parameters that are added later are not
    /// in it.
    ///
    /// # Errors
    /// When the parameters of the optimiser do not go together.
    pub fn new(optimizer: Optimizer, groups: &Groups, store: &VarStore) -> Result<Self, OptimizerError> {
        optimizer.check()?;
        let slot = |Variable { name, tensor }| Slot {
            multiplier: groups.multiplier(&name),
            weight_decay: if groups.decays(&name, tensor.dim()) { optimizer.weight_decay() } else { 0.0 },
            name,
            parameter: tensor,
            steps: 0,
            state: Vec::new(),
        };
        Ok(Self { optimizer, slots: parameters(store).into_iter().map(slot).collect() })
    }

    /// One step down, with the learning rate `rate` (times each group's multiplier).
    pub fn step(&mut self, rate: f64) {
        let _guard = no_grad_guard();
        let states = state_names(&self.optimizer).len();
        // One tensor for the largest parameter, of which each takes its part.
        let largest = self.slots.iter().max_by_key(|slot| slot.parameter.numel());
        let room = largest.map(|slot| slot.parameter.flatten(0, -1).empty_like());
        for slot in self.slots.iter_mut().filter(|slot| slot.parameter.requires_grad()) {
            let gradient = slot.parameter.grad();
            let gradient = if gradient.defined() { gradient } else { slot.parameter.zeros_like() };
            if slot.state.is_empty() {
                slot.state = (0..states).map(|_| slot.parameter.zeros_like()).collect();
            }
            slot.steps += 1;
            match self.optimizer {
                Optimizer::Sgd { momentum, dampening, nesterov, .. } => {
                    let rule = sgd::Rule { momentum: momentum.get(), dampening: dampening.get(), nesterov };
                    sgd::step(slot, &gradient, &rule, rate);
                }
                Optimizer::Adam { beta1, beta2, eps, .. } | Optimizer::Adamw { beta1, beta2, eps, .. } => {
                    let decay = match self.optimizer {
                        Optimizer::Adamw { .. } => adam::WeightDecay::Decoupled,
                        _ => adam::WeightDecay::InGradient,
                    };
                    let rule = adam::Rule { beta1: beta1.get(), beta2: beta2.get(), eps: eps.get(), decay };
                    let mut scratch = scratch(room.as_ref(), &slot.parameter);
                    adam::step(slot, &gradient, &mut scratch, &rule, rate);
                }
            }
        }
    }

    /// How many parameters are being trained, and how many numbers they have.
    pub fn trained(&self) -> (usize, usize) {
        let trained = self.slots.iter().filter(|slot| slot.parameter.requires_grad());
        trained.fold((0, 0), |(tensors, numbers), slot| (tensors + 1, numbers + slot.parameter.numel()))
    }
}

/// A part of `room` in the shape of `parameter`, or a tensor of its own where that is of another kind or device.
fn scratch(room: Option<&Tensor>, parameter: &Tensor) -> Tensor {
    match room {
        Some(room) if (room.kind(), room.device()) == (parameter.kind(), parameter.device()) => {
            room.narrow(0, 0, parameter.numel() as i64).view_as(parameter)
        }
        _ => parameter.empty_like(),
    }
}

/// `to` += `factor` · `what`, in place. (tch leaves out the factor that torch's `add_` has; `addcmul_` by a tensor of no
/// dimension is the same.)
fn add_scaled(to: &mut Tensor, what: &Tensor, factor: f64) {
    let _ = to.addcmul_(what, &Tensor::from(factor).to_kind(to.kind()).to_device(to.device()));
}

/// What an optimiser remembers of each parameter, by torch's names.
fn state_names(optimizer: &Optimizer) -> &'static [&'static str] {
    match optimizer {
        Optimizer::Sgd { momentum, .. } if momentum.get() == 0.0 => &[],
        Optimizer::Sgd { .. } => &["momentum_buffer"],
        Optimizer::Adam { amsgrad: false, .. } | Optimizer::Adamw { amsgrad: false, .. } => &["exp_avg", "exp_avg_sq"],
        Optimizer::Adam { .. } | Optimizer::Adamw { .. } => &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
    }
}

#[cfg(test)]
mod tests;
