//! An optimiser's state as named tensors, for a checkpoint. `optimizer/NAME/steps` is the number of steps that parameter NAME
//! took part in (i64, no dimension); `optimizer/NAME/exp_avg` and so on are what is remembered of it, by torch's names, in
//! its shape and kind. A parameter that no step has touched has no entry.

use super::{Optim, Slot, state_names};
use std::collections::BTreeMap;
use tch::{Kind, TchError, Tensor, no_grad_guard};

/// What every name of an optimiser's state begins with. Model tensors have no slash in their names.
pub const PREFIX: &str = "optimizer/";

/// Why a saved state is not of this optimiser.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The state of another model, or of another optimiser.
    #[error(
        "the checkpoint has {name}, and this run's optimiser has no such state: it is of another model or optimiser"
    )]
    Unknown {
        /// The tensor's name.
        name: String,
    },
    /// Half of a parameter's state.
    #[error(
        "the checkpoint has optimiser state of {parameter} without {missing}: it was changed, or is of another optimiser"
    )]
    Missing {
        /// The parameter.
        parameter: String,
        /// What is not there.
        missing: &'static str,
    },
    /// A tensor of another shape or kind.
    #[error("{name} is {found} in the checkpoint and has to be {expected}")]
    Shape {
        /// The tensor's name.
        name: String,
        /// Kind and shape there.
        found: String,
        /// Kind and shape of the parameter.
        expected: String,
    },
    /// A number of steps that is none.
    #[error("{name} is {found} in the checkpoint: it has to be 1 or more")]
    Steps {
        /// The tensor's name.
        name: String,
        /// As found.
        found: i64,
    },
    /// A tensor cannot be read.
    #[error("{name} of the checkpoint cannot be read")]
    Torch {
        /// The tensor's name.
        name: String,
        /// What torch says.
        #[source]
        source: TchError,
    },
}

impl Optim {
    /// The state, in the order of parameter names. The tensors are copies: steps that follow do not change them.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let _guard = no_grad_guard();
        let mut all = Vec::new();
        for slot in self.slots.iter().filter(|slot| slot.steps > 0) {
            let steps = i64::try_from(slot.steps).expect("BUG: more steps than i64 has");
            all.push((format!("{PREFIX}{}/steps", slot.name), Tensor::from(steps)));
            for (state, tensor) in state_names(&self.optimizer).iter().zip(&slot.state) {
                all.push((format!("{PREFIX}{}/{state}", slot.name), tensor.copy()));
            }
        }
        all
    }

    /// Takes over a saved state: of `tensors` those whose names begin with [`PREFIX`]; others are ignored. Parameters
    /// without an entry begin anew. The steps that follow are bit for bit those that would have followed the saving.
    ///
    /// # Errors
    /// When the state is not of these parameters and this optimiser; then nothing has changed.
    pub fn load(&mut self, tensors: &[(String, Tensor)]) -> Result<(), StateError> {
        let _guard = no_grad_guard();
        let named = tensors.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(PREFIX)?, tensor)));
        let mut saved: BTreeMap<&str, &Tensor> = named.collect();
        let names = state_names(&self.optimizer);
        let mut loaded = Vec::new();
        for slot in &self.slots {
            loaded.push(take(slot, names, &mut saved)?);
        }
        if let Some(name) = saved.keys().next() {
            return Err(StateError::Unknown { name: format!("{PREFIX}{name}") });
        }
        for (slot, (steps, state)) in self.slots.iter_mut().zip(loaded) {
            (slot.steps, slot.state) = (steps, state);
        }
        Ok(())
    }
}

/// Takes one parameter's steps and state out of what was saved.
fn take(
    slot: &Slot,
    names: &[&'static str],
    saved: &mut BTreeMap<&str, &Tensor>,
) -> Result<(u64, Vec<Tensor>), StateError> {
    let mut take = |state: &str| saved.remove(format!("{}/{state}", slot.name).as_str());
    let found: Vec<Option<&Tensor>> = names.iter().map(|state| take(state)).collect();
    let Some(steps) = take("steps") else {
        return match names.iter().zip(&found).find(|(_, tensor)| tensor.is_some()) {
            None => Ok((0, Vec::new())),
            Some(_) => Err(StateError::Missing { parameter: slot.name.clone(), missing: "steps" }),
        };
    };
    let full = |state: &str| format!("{PREFIX}{}/{state}", slot.name);
    if steps.numel() != 1 || steps.kind() != Kind::Int64 {
        return Err(StateError::Shape { name: full("steps"), found: describe(steps), expected: "Int64 []".to_owned() });
    }
    let unreadable = |name: String| |source| StateError::Torch { name, source };
    let count = steps.f_int64_value(&[]).map_err(unreadable(full("steps")))?;
    let steps = u64::try_from(count).ok().filter(|steps| *steps > 0);
    let steps = steps.ok_or_else(|| StateError::Steps { name: full("steps"), found: count })?;
    let mut state = Vec::new();
    for (missing, tensor) in names.iter().zip(found) {
        let tensor = tensor.ok_or_else(|| StateError::Missing { parameter: slot.name.clone(), missing })?;
        if tensor.size() != slot.parameter.size() || tensor.kind() != slot.parameter.kind() {
            let (found, expected) = (describe(tensor), describe(&slot.parameter));
            return Err(StateError::Shape { name: full(missing), found, expected });
        }
        // In the parameter's own memory layout and device.
        let mut own = slot.parameter.zeros_like();
        own.f_copy_(tensor).map_err(unreadable(full(missing)))?;
        state.push(own);
    }
    Ok((steps, state))
}

fn describe(tensor: &Tensor) -> String {
    format!("{:?} {:?}", tensor.kind(), tensor.size())
}
