//! An exponential moving average of a model's weights: often a better model than the weights of the last step.
//!
//! All floating-point tensors are averaged, running statistics of batch norms too; others (counters) are copied: timm's
//! `ModelEmaV3` as it is by default. It begins as a copy of the model.

use super::variables::{Variable, variables};
use crate::train::average::Average;
use std::collections::BTreeMap;
use tch::nn::VarStore;
use tch::{Kind, TchError, Tensor, no_grad_guard};

/// What every name of a saved average begins with. Model tensors have no slash in their names.
pub const PREFIX: &str = "average/";
/// The name of the number of updates (i64, no dimension). No model tensor is named so: see [`PREFIX`].
const UPDATES: &str = "average.updates/";

/// The average of a model's weights.
pub struct Ema {
    average: Average,
    updates: u64,
    pairs: Vec<Pair>,
}

/// A tensor of the model and its average.
struct Pair {
    name: String,
    model: Tensor,
    average: Tensor,
}

/// Why a saved average is not of this model.
#[derive(Debug, thiserror::Error)]
pub enum EmaError {
    /// A tensor that has no average.
    #[error("the checkpoint has no average of {name}: it was made without one, or is of another model")]
    Missing {
        /// The tensor of the model.
        name: String,
    },
    /// A tensor of another shape or kind.
    #[error("the average of {name} is {found} in the checkpoint and has to be {expected}")]
    Shape {
        /// The tensor of the model.
        name: String,
        /// Kind and shape there.
        found: String,
        /// Kind and shape of the model's.
        expected: String,
    },
    /// An average of a tensor that the model has not.
    #[error("the checkpoint has an average of {name}, and the model has no such tensor: it is of another model")]
    Unknown {
        /// The tensor's name.
        name: String,
    },
    /// The number of updates is none.
    #[error("the checkpoint's number of updates of the average is not a whole number")]
    Updates,
    /// A tensor cannot be copied.
    #[error("the average of {name} cannot be read from the checkpoint")]
    Torch {
        /// The tensor of the model.
        name: String,
        /// What torch says.
        #[source]
        source: TchError,
    },
}

impl Ema {
    /// Begins with the model as it is.
    pub fn new(average: Average, store: &VarStore) -> Self {
        let _guard = no_grad_guard();
        let pair = |Variable { name, tensor }| Pair { name, average: tensor.detach().copy(), model: tensor };
        Self { average, updates: 0, pairs: variables(store).into_iter().map(pair).collect() }
    }

    /// Follows the model after an optimiser step: average ← d · average + (1 − d) · weight.
    pub fn update(&mut self) {
        let _guard = no_grad_guard();
        let follow = 1.0 - self.average.decay_at(self.updates);
        for Pair { model, average, .. } in &mut self.pairs {
            if model.is_floating_point() {
                let _ = average.lerp_(model, follow);
            } else {
                average.copy_(model);
            }
        }
        self.updates += 1;
    }

    /// Does something with the averaged weights in the model's place, such as validation or saving them; afterwards the
    /// model has its own again, to the bit, whatever `evaluate` returned. Changes of the model within are lost.
    pub fn in_place_of<T>(&mut self, evaluate: impl FnOnce() -> T) -> T {
        let swapped = Swapped::new(&mut self.pairs);
        let result = evaluate();
        drop(swapped);
        result
    }

    /// Averages by the names of the model's tensors, in the order of names; not copies.
    pub fn weights(&self) -> Vec<(String, Tensor)> {
        self.pairs.iter().map(|pair| (pair.name.clone(), pair.average.shallow_clone())).collect()
    }

    /// How many updates there were.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Copies of all that has to be saved, by names that begin with [`PREFIX`], and `average.updates/`.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let _guard = no_grad_guard();
        let updates = i64::try_from(self.updates).expect("BUG: more updates than i64 has");
        let averages = self.pairs.iter().map(|pair| (format!("{PREFIX}{}", pair.name), pair.average.copy()));
        std::iter::once((UPDATES.to_owned(), Tensor::from(updates))).chain(averages).collect()
    }

    /// Takes over a saved state; tensors of other names are ignored.
    ///
    /// # Errors
    /// When it is not of this model; then nothing has changed.
    pub fn load(&mut self, tensors: &[(String, Tensor)]) -> Result<(), EmaError> {
        let _guard = no_grad_guard();
        let updates = tensors.iter().find(|(name, _)| name == UPDATES).map(|(_, tensor)| tensor);
        let updates = updates.filter(|tensor| tensor.numel() == 1 && tensor.kind() == Kind::Int64);
        let updates = updates.and_then(|tensor| u64::try_from(tensor.int64_value(&[])).ok());
        let named = tensors.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(PREFIX)?, tensor)));
        let mut saved: BTreeMap<&str, &Tensor> = named.collect();
        let mut loaded = Vec::new();
        for Pair { name, average, .. } in &self.pairs {
            let tensor = saved.remove(name.as_str()).ok_or_else(|| EmaError::Missing { name: name.clone() })?;
            let describe = |tensor: &Tensor| format!("{:?} {:?}", tensor.kind(), tensor.size());
            if (tensor.size(), tensor.kind()) != (average.size(), average.kind()) {
                let (found, expected) = (describe(tensor), describe(average));
                return Err(EmaError::Shape { name: name.clone(), found, expected });
            }
            let mut own = average.zeros_like();
            own.f_copy_(tensor).map_err(|source| EmaError::Torch { name: name.clone(), source })?;
            loaded.push(own);
        }
        if let Some(name) = saved.keys().next() {
            return Err(EmaError::Unknown { name: (*name).to_owned() });
        }
        self.updates = updates.ok_or(EmaError::Updates)?;
        self.pairs.iter_mut().zip(loaded).for_each(|(pair, average)| pair.average = average);
        Ok(())
    }
}

/// The averages in the model's place, until dropped (a panic within included).
struct Swapped<'a> {
    pairs: &'a mut [Pair],
    own: Vec<Tensor>,
}

impl<'a> Swapped<'a> {
    fn new(pairs: &'a mut [Pair]) -> Self {
        let _guard = no_grad_guard();
        let own = pairs.iter().map(|pair| pair.model.detach().copy()).collect();
        pairs.iter_mut().for_each(|pair| pair.model.copy_(&pair.average));
        Self { pairs, own }
    }
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        let _guard = no_grad_guard();
        self.pairs.iter_mut().zip(&self.own).for_each(|(pair, own)| pair.model.copy_(own));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, nn};

    fn model() -> VarStore {
        tch::set_num_threads(1);
        let store = VarStore::new(Device::Cpu);
        let _ = nn::linear(store.root() / "fc", 2, 2, Default::default());
        let _ = nn::batch_norm2d(store.root() / "bn", 2, Default::default());
        store
    }

    fn fill(store: &VarStore, value: f64) {
        tch::no_grad(|| store.variables().values().for_each(|one| drop(one.shallow_clone().fill_(value))));
    }

    fn numbers(all: &[(String, Tensor)]) -> Vec<Vec<f64>> {
        all.iter().map(|(_, one)| Vec::try_from(one.to_kind(Kind::Double).flatten(0, -1)).unwrap()).collect()
    }

    fn other(name: &str) -> (String, Tensor) {
        (name.to_owned(), Tensor::zeros([3], (Kind::Float, Device::Cpu)))
    }

    fn settings(text: &str) -> Average {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_average_is_its_formula_for_weights_and_statistics() {
        let store = model();
        fill(&store, 1.0);
        let mut ema = Ema::new(settings("decay = 0.9\nwarmup = false"), &store);
        let mut expected = 1.0;
        for step in 0..10 {
            let value = f64::from(step * step);
            fill(&store, value);
            ema.update();
            expected = 0.9 * expected + 0.1 * value;
        }
        assert_eq!((ema.updates(), ema.weights().len()), (10, 6));
        for found in numbers(&ema.weights()).concat() {
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} is not {expected}");
        }
    }

    #[test]
    fn with_warm_up_the_first_update_forgets_nine_tenths() {
        let store = model();
        fill(&store, 0.0);
        let mut ema = Ema::new(settings("decay = 0.999"), &store);
        fill(&store, 1.0);
        ema.update();
        assert!(numbers(&ema.weights()).concat().iter().all(|found| (found - 0.9).abs() < 1e-6));
    }

    #[test]
    fn the_model_has_its_own_weights_again_after_evaluation() {
        let store = model();
        let mut ema = Ema::new(settings("decay = 0.5"), &store);
        let average = numbers(&ema.weights());
        fill(&store, 3.0);
        let now = || numbers(&variables(&store).into_iter().map(|one| (one.name, one.tensor)).collect::<Vec<_>>());
        assert_eq!(ema.in_place_of(now), average);
        assert!(now().concat().iter().all(|value| *value == 3.0));
        let trained = store.trainable_variables();
        assert!(trained.iter().all(|one| one.requires_grad() && !one.grad().defined()));
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ema.in_place_of(|| panic!("stop"))));
        assert!(broken.is_err() && now().concat().iter().all(|value| *value == 3.0));
    }

    #[test]
    fn a_saved_average_goes_on_bit_for_bit_and_another_models_is_refused() {
        let store = model();
        let mut whole = Ema::new(settings("decay = 0.99"), &store);
        let walk = |step: i32| fill(&store, f64::from(step).sin());
        for step in 0..5 {
            walk(step);
            whole.update();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("average.safetensors");
        Tensor::write_safetensors(&whole.state(), &path).unwrap();
        let mut resumed = Ema::new(settings("decay = 0.99"), &store);
        resumed.load(&Tensor::read_safetensors(&path).unwrap()).unwrap();
        for step in 5..10 {
            walk(step);
            whole.update();
            resumed.update();
        }
        assert_eq!(numbers(&whole.weights()), numbers(&resumed.weights()));
        assert_eq!(resumed.updates(), 10);

        let refused = |change: fn(&mut Vec<(String, Tensor)>)| {
            let mut state = whole.state();
            change(&mut state);
            Ema::new(settings("decay = 0.99"), &store).load(&state).unwrap_err()
        };
        assert!(matches!(refused(|state| drop(state.pop())), EmaError::Missing { name } if name == "fc.weight"));
        assert!(matches!(refused(|state| drop(state.remove(0))), EmaError::Updates));
        assert!(matches!(refused(|state| state.push(other("average/x"))), EmaError::Unknown { name } if name == "x"));
        let error = refused(|state| state[1] = other(&state[1].0.clone())).to_string();
        assert_eq!(error, "the average of bn.bias is Float [3] in the checkpoint and has to be Float [2]");
    }
}
