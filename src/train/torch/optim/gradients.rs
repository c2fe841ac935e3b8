//! The gradients that an optimiser sees: set to zero, measured, clipped.

use super::Optim;
use tch::{Kind, Tensor, no_grad_guard};

/// A gradient that is infinite or no number.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("the gradient of {parameter} is not finite: the learning rate is too high, or an input is no number")]
pub struct NotFinite {
    /// The first such parameter by name.
    pub parameter: String,
}

impl Optim {
    /// Sets the gradients of all parameters to zero, of frozen ones too.
    pub fn zero_gradients(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.parameter.zero_grad());
    }

    /// The global norm of the gradients, √Σ g², over all parameters that are trained; 0 where there is none yet.
    ///
    /// # Errors
    /// When a gradient is not finite.
    pub fn gradient_norm(&self) -> Result<f64, NotFinite> {
        let _guard = no_grad_guard();
        // One by one on the way to the device, and one wait for all of them: on a GPU each `double_value` is a wait.
        let norms: Vec<Tensor> = self.gradients().map(|(_, gradient)| gradient.norm().to_kind(Kind::Double)).collect();
        if norms.is_empty() {
            return Ok(0.0);
        }
        let norm = Tensor::stack(&norms, 0).norm().double_value(&[]);
        if norm.is_finite() {
            return Ok(norm);
        }
        let bad = self.gradients().zip(&norms).find(|(_, norm)| !norm.double_value(&[]).is_finite());
        // Every norm is finite and their squares are too great to add up.
        let parameter = bad.map_or_else(|| "all parameters together".to_owned(), |((name, _), _)| name.to_owned());
        Err(NotFinite { parameter })
    }

    /// Scales all gradients down so that their global norm is `most` at the highest, and returns the norm that it was, as
    /// torch's `clip_grad_norm_`: the factor is min(1, most / (norm + 1e-6)).
    ///
    /// # Errors
    /// When a gradient is not finite; then no gradient is changed.
    pub fn clip_gradients(&mut self, most: f64) -> Result<f64, NotFinite> {
        let norm = self.gradient_norm()?;
        let factor = most / (norm + 1e-6);
        if factor < 1.0 {
            let _guard = no_grad_guard();
            for (_, mut gradient) in self.gradients() {
                gradient *= factor;
            }
        }
        Ok(norm)
    }

    /// Gradients that are there, of parameters that are trained, with the parameter's name.
    fn gradients(&self) -> impl Iterator<Item = (&str, Tensor)> {
        let trained = self.slots.iter().filter(|slot| slot.parameter.requires_grad());
        trained.map(|slot| (slot.name.as_str(), slot.parameter.grad())).filter(|(_, gradient)| gradient.defined())
    }
}
