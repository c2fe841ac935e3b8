//! The tensors of a model by name, in the order of their names: a `VarStore` keeps them in a hash map and its trainable ones
//! without names, and an optimiser, a checkpoint and a sum over gradients each need one order.

use std::collections::HashSet;
use std::ffi::c_void;
use tch::Tensor;
use tch::nn::VarStore;

/// A tensor of a model.
pub struct Variable {
    /// Its name in the model's state dict.
    pub name: String,
    /// The tensor itself, not a copy.
    pub tensor: Tensor,
}

/// What a model is trained by, frozen or not, in the order of names. A tensor of two names comes once, under the first.
pub fn parameters(store: &VarStore) -> Vec<Variable> {
    let mut seen = HashSet::new();
    let trainable = addresses(store);
    let mut all = variables(store);
    all.retain(|variable| {
        let address = variable.tensor.data_ptr();
        trainable.contains(&address) && seen.insert(address)
    });
    all
}

/// What a model carries besides, such as the running statistics of its batch norms, in the order of names.
pub fn buffers(store: &VarStore) -> Vec<Variable> {
    let trainable = addresses(store);
    let mut all = variables(store);
    all.retain(|variable| !trainable.contains(&variable.tensor.data_ptr()));
    all
}

/// All of it, in the order of names.
pub fn variables(store: &VarStore) -> Vec<Variable> {
    let all = store.variables().into_iter().map(|(name, tensor)| Variable { name, tensor });
    let mut all: Vec<Variable> = all.collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Where trainable tensors lie. `requires_grad` would not tell a frozen parameter from a buffer.
fn addresses(store: &VarStore) -> HashSet<*mut c_void> {
    store.trainable_variables().iter().map(Tensor::data_ptr).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, nn};

    #[test]
    fn frozen_parameters_are_no_buffers_and_all_come_in_order() {
        let mut store = VarStore::new(Device::Cpu);
        let root = store.root();
        let _norm = nn::batch_norm2d(&root / "z" / "bn", 3, Default::default());
        let _layer = nn::linear(&root / "a", 3, 2, Default::default());
        store.freeze();
        let names = |variables: Vec<Variable>| variables.into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(parameters(&store)), ["a.bias", "a.weight", "z.bn.bias", "z.bn.weight"]);
        assert_eq!(names(buffers(&store)), ["z.bn.running_mean", "z.bn.running_var"]);
        assert_eq!(variables(&store).len(), 6);
        // The tensors stay found when the store gets other numbers.
        store.double();
        assert_eq!(parameters(&store).len(), 4);
        assert!(parameters(&store).iter().all(|one| one.tensor.kind() == tch::Kind::Double));
    }
}
