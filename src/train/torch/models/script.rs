//! Any network that Python can script: a TorchScript module, trained in place.
//!
//! ```python
//! torch.jit.script(timm.create_model("resnet26d", num_classes=17, scriptable=True)).save("net.pt")
//! ```
//!
//! What works: forward in train and eval mode (the module's own switch, so BatchNorm and dropout follow it), gradients, any
//! optimiser over its parameters, and [`Script::save`], which writes a `.pt` that Python's `torch.jit.load` reads. A module that
//! was traced instead of scripted keeps the mode that it was traced in.
//!
//! What does not: its head cannot be replaced and its stages cannot be frozen (script it with the right class count, and with
//! `requires_grad=False` where something is to stay: such parameters are left alone, though BatchNorm in them still moves its
//! statistics in train mode); there are no features, no pyramid and no BiFPN. Its parameters are in the store under their own
//! names with `_` for `.`, for torch's sake. **Its buffers, BatchNorm's running statistics among them, are not in the store**:
//! they are reachable only by saving the module, so a checkpoint of such a network is the `.pt` file. A module made for a CUDA
//! device is loaded to the store's device.

use super::ModelError;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use tch::nn::{self};
use tch::{Kind, Tensor, TrainableCModule};

/// A TorchScript module `[n, 3, h, w]` → `[n, classes]`.
#[derive(Debug)]
pub struct Script {
    path: PathBuf,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    module: TrainableCModule,
    /// The mode that the module was last switched to.
    training: bool,
}

impl Script {
    /// Loads a module and adds its parameters to the store; two grey images of `size_px` are sent through it in eval mode, so
    /// that a module that does not fit says so here.
    ///
    /// # Errors
    /// When the file is not a TorchScript module, when it fails on the images, or when what it gives is not `[2, classes]`.
    pub fn load(path: &Path, store: &nn::VarStore, classes: i64, size_px: i64) -> Result<Self, ModelError> {
        let unreadable = |source| ModelError::Script { path: path.into(), source };
        let mut module = TrainableCModule::load(path, store.root()).map_err(unreadable)?;
        module.f_set_eval().map_err(unreadable)?;
        let images = Tensor::zeros([2, 3, size_px, size_px], (Kind::Float, store.device()));
        let answer = tch::no_grad(|| module.forward_ts(&[images]));
        let answer = answer.map_err(|source| ModelError::ScriptFails { path: path.into(), size_px, source })?;
        let shape = answer.size();
        if shape != [2, classes] {
            return Err(ModelError::ScriptShape { path: path.into(), shape, classes });
        }
        Ok(Self { path: path.into(), state: RefCell::new(State { module, training: false }) })
    }

    /// Images `[n, 3, h, w]` to logits `[n, classes]`; the module is switched when the mode is another than before.
    ///
    /// # Panics
    /// With torch's message when the module's code fails, which it did not on the images that [`load`](Self::load) tried.
    pub(super) fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        let mut state = self.state.borrow_mut();
        if state.training != train {
            state.training = train;
            if train { state.module.set_train() } else { state.module.set_eval() }
        }
        match state.module.forward_ts(&[images]) {
            Ok(logits) => logits,
            Err(error) => panic!("{} fails on images {:?}: {error}", self.path.display(), images.size()),
        }
    }

    /// Writes the module as it is now, parameters and buffers, in eval mode. The file is not written whole or not at all: give
    /// it a temporary path.
    ///
    /// # Errors
    /// When torch cannot write there.
    pub fn save(&self, to: &Path) -> Result<(), ModelError> {
        let mut state = self.state.borrow_mut();
        state.module.set_eval();
        state.training = false;
        state.module.save(to).map_err(|source| ModelError::ScriptSave { path: to.into(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Network, parity};
    use super::*;
    use tch::Device;
    use tch::nn::OptimizerConfig as _;

    const FIXTURE: &[u8] = include_bytes!("../../../../tests/train/scripted.pt");

    fn network(folder: &Path, classes: i64) -> Result<(Network, nn::VarStore), ModelError> {
        let path = folder.join("net.pt");
        std::fs::write(&path, FIXTURE).unwrap();
        let store = nn::VarStore::new(Device::Cpu);
        let network = Network::scripted(&path, &store, classes, 64)?;
        Ok((network, store))
    }

    fn distance(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn a_module_answers_as_in_python_and_trains_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let (network, store) = network(folder.path(), 5).unwrap();
        let images = parity::images(64);
        let before = network.forward_t(&images, false);
        let expected = parity::expected_of_the_script();
        assert!(distance(&before, &expected) < 1e-5, "{before:?} for {expected:?}");

        let names: Vec<String> = super::super::tests::parameters(&store).into_keys().collect();
        assert_eq!(names, ["bn_bias", "bn_weight", "conv_bias", "conv_weight", "fc_bias", "fc_weight"]);

        let labels = Tensor::from_slice(&[0i64, 4]);
        let loss = |network: &Network| network.forward_t(&images, false).cross_entropy_for_logits(&labels);
        let mut optimiser = nn::Sgd::default().build(&store, 0.5).unwrap();
        let untrained = loss(&network).double_value(&[]);
        for _ in 0..10 {
            optimiser.backward_step(&network.forward_t(&images, true).cross_entropy_for_logits(&labels));
        }
        let trained = loss(&network).double_value(&[]);
        assert!(trained < 0.8 * untrained, "{untrained} to {trained}");

        // Parameters and running statistics both come back from the file.
        let saved = folder.path().join("trained.pt");
        network.script().unwrap().save(&saved).unwrap();
        let again = Network::scripted(&saved, &nn::VarStore::new(Device::Cpu), 5, 64).unwrap();
        assert_eq!(distance(&again.forward_t(&images, false), &network.forward_t(&images, false)), 0.0);
    }

    #[test]
    fn train_mode_is_the_modules_own() {
        let folder = tempfile::tempdir().unwrap();
        let (network, _store) = network(folder.path(), 5).unwrap();
        let images = parity::images(64);
        let eval = network.forward_t(&images, false);
        assert!(distance(&network.forward_t(&images, true), &eval) > 1e-3, "batch statistics and dropout");
        assert!(distance(&network.forward_t(&images, false), &eval) > 1e-6, "the running statistics have moved");
    }

    #[test]
    fn a_module_that_does_not_fit_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = network(folder.path(), 17).unwrap_err();
        assert!(error.to_string().contains("[2, 5]") && error.to_string().contains("17"), "{error}");
        let text = folder.path().join("text.pt");
        std::fs::write(&text, "not a module").unwrap();
        let error = Network::scripted(&text, &nn::VarStore::new(Device::Cpu), 5, 64).unwrap_err();
        assert!(matches!(error, ModelError::Script { .. }), "{error}");
    }
}
