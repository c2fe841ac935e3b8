//! What a run holds in memory: the network, what moves its weights, and where in the run it stands.

use super::amp::{self, PrecisionError};
use super::checkpoint::{self, Checkpoint, Facts, Position};
use super::ema::{Ema, EmaError};
use super::load::{self, LoadError, Loaded};
use super::loss::LossFn;
use super::models::{Architecture, BifpnOptions, ModelError, Network, Options, Script};
use super::optim::{NotFinite, Optim, StateError};
use super::variables;
use crate::digest::Digest;
use crate::fs::{self, Existing, FsError};
use crate::source::Classes;
use crate::train::config::{Bifpn, Config, Model, Trained};
use crate::train::input::Input;
use crate::train::mass::{LabelMass, MassError};
use crate::train::optimizer::OptimizerError;
use crate::train::run::EpochRecord;
use crate::train::schedule::{RunLength, ScheduleError};
use crate::train::weights::StateDict;
use std::path::Path;
use tch::nn::VarStore;
use tch::{Device, Tensor};

/// Why a run cannot begin, or go on.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum SessionError {
    #[error("model: {0}")]
    Model(#[from] ModelError),
    #[error("model.weights: {0}")]
    Weights(#[from] LoadError),
    #[error(transparent)]
    Precision(#[from] PrecisionError),
    #[error("optimizer: {0}")]
    Optimizer(#[from] OptimizerError),
    #[error("schedule: {0}")]
    Schedule(#[from] ScheduleError),
    #[error("the labels of the training samples: {0}")]
    Mass(#[from] MassError),
    #[error("the checkpoint's optimiser: {0}")]
    State(#[from] StateError),
    #[error("the checkpoint's moving average: {0}")]
    Average(#[from] EmaError),
    #[error(
        "a TorchScript module is trained as it is: model.bifpn, dropout, drop_path and train are for the networks of --architectures"
    )]
    Scripted,
    #[error("the TorchScript module cannot be kept: {0}")]
    Module(std::io::Error),
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error("the checkpoint has no tensor '{0}': it is of another network, or was cut short by hand")]
    MissingTensor(String),
}

/// A network that is trained.
pub struct Session {
    config: Config,
    input: Input,
    classes: Classes,
    version: Digest,
    validation: Option<Digest>,
    network: Network,
    store: VarStore,
    optim: Optim,
    average: Option<Ema>,
    loss: LossFn,
    length: RunLength,
    /// Where in the run it stands.
    pub position: Position,
}

/// What a session is of.
pub struct Subject<'a> {
    /// The run's configuration.
    pub config: &'a Config,
    /// The network's input.
    pub input: Input,
    /// Classes in the order of the outputs.
    pub classes: Classes,
    /// The version.
    pub version: Digest,
    /// Its validation digest.
    pub validation: Option<Digest>,
    /// Label mass of the training samples by class index, in samples.
    pub mass: &'a [f64],
    /// How long the run is.
    pub length: RunLength,
    /// Where to.
    pub device: Device,
}

impl Session {
    /// A session before its first step: weights from `weights`, the rest by the architecture's own beginning, which the
    /// seed decides. Says what became of the weights. A TorchScript module is that of the checkpoint that will be resumed.
    ///
    /// # Errors
    /// When the network cannot be, the weights are of another one, or settings do not go together.
    pub fn new(
        subject: Subject<'_>,
        weights: Option<&StateDict>,
        resumed: Option<&Checkpoint>,
    ) -> Result<(Self, Option<Loaded>), SessionError> {
        let Subject { config, input, classes, version, validation, mass, length, device } = subject;
        config.schedule.check(length)?;
        amp::check(config.precision, device)?;
        tch::manual_seed(seed(config.seed, 0, 0));
        let store = VarStore::new(device);
        let network = build(&store, &config.model, &classes, &input, resumed)?;
        let loaded = weights
            .map(|weights| {
                let head = network.head();
                load::load(&store, weights, &head.iter().map(String::as_str).collect::<Vec<_>>())
            })
            .transpose()?;
        let optim = Optim::new(config.optimizer, &config.groups, &store)?;
        let average = config.average.map(|average| Ema::new(average, &store));
        let loss = LossFn::new(config.loss, &LabelMass::new(mass)?);
        let position = Position::default();
        let config = config.clone();
        let mut session = Self {
            config,
            input,
            classes,
            version,
            validation,
            network,
            store,
            optim,
            average,
            loss,
            length,
            position,
        };
        session.thaw(0);
        Ok((session, loaded))
    }

    /// Goes on where a checkpoint was written.
    ///
    /// # Errors
    /// When it is of another network.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<(), SessionError> {
        put(&self.store, |name| checkpoint.tensors.get(name))?;
        self.optim.load(&checkpoint.optimizer())?;
        if let Some(average) = &mut self.average {
            average.load(&checkpoint.average())?;
        }
        self.position = checkpoint.facts.position.clone();
        self.thaw(self.position.epoch);
        Ok(())
    }

    /// Freezes what is not trained in this epoch (from 0), and thaws the rest.
    pub fn thaw(&mut self, epoch: u32) {
        let stages = match &self.config.model.train {
            Trained::All => usize::MAX,
            Trained::Head => 1,
            Trained::Unfreeze(epochs) => 1 + epochs.iter().filter(|from| **from <= epoch).count(),
        };
        self.network.thaw(&self.store, stages);
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Its variables.
    pub fn store(&self) -> &VarStore {
        &self.store
    }

    /// What images become.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The version's validation digest.
    pub fn validation(&self) -> Option<Digest> {
        self.validation
    }

    /// How many numbers the network has that can be trained.
    pub fn parameters(&self) -> u64 {
        variables::parameters(&self.store).iter().map(|one| one.tensor.numel() as u64).sum()
    }

    /// Adds the gradient of a batch's mean loss, times `scale`; gives the loss itself. `x` are images, or features where
    /// `features` says so.
    pub fn backward(&self, x: &Tensor, y: &Tensor, features: bool, scale: f64) -> f64 {
        let logits = amp::autocast(self.config.precision, self.store.device(), || match features {
            true => self.network.classify(x, true).expect("BUG: features of a network that has none"),
            false => self.network.forward_t(x, true),
        });
        let loss = self.loss.mean(&logits.to_kind(tch::Kind::Float), y);
        (&loss * scale).backward();
        loss.double_value(&[])
    }

    /// Makes a step with the gradients that were added up, and forgets them; gives the learning rate.
    ///
    /// # Errors
    /// When a gradient is not a number.
    pub fn step(&mut self) -> Result<f64, NotFinite> {
        let clip = self.config.train.clip.get();
        if clip > 0.0 {
            self.optim.clip_gradients(clip)?;
        }
        let rate = self.rate();
        self.optim.step(rate);
        self.optim.zero_gradients();
        if let Some(average) = &mut self.average {
            average.update();
        }
        self.position.step += 1;
        Ok(rate)
    }

    /// The learning rate of the next step.
    pub fn rate(&self) -> f64 {
        let share = self.config.schedule.share(self.position.step, self.length, &self.position.plateau);
        self.config.learning_rate.get() * share
    }

    /// Seeds dropout and whatever else is by chance in the next batch, so that it depends on nothing that came before.
    pub fn seed_batch(&self) {
        tch::manual_seed(seed(self.config.seed, 1 + u64::from(self.position.epoch), self.position.batch as u64));
    }

    /// Runs with the weights that are scored and kept: the moving average where there is one.
    pub fn averaged<T>(&mut self, run: impl FnOnce(&Network) -> T) -> T {
        match &mut self.average {
            Some(average) => average.in_place_of(|| run(&self.network)),
            None => run(&self.network),
        }
    }

    /// The bytes of a checkpoint of this moment; `scores` are those of the last epoch.
    ///
    /// # Errors
    /// When a tensor cannot be saved.
    pub fn checkpoint(&self, scores: Option<&EpochRecord>) -> Result<Vec<u8>, SessionError> {
        let facts = Facts {
            config: self.config.clone(),
            input: self.input.clone(),
            classes: self.classes.clone(),
            version: self.version,
            validation: self.validation,
            position: self.position.clone(),
            scores: scores.cloned(),
        };
        let mut others = self.optim.state();
        others.extend(self.average.iter().flat_map(Ema::state));
        others.extend(self.network.script().map(module).transpose()?);
        Ok(checkpoint::bytes(&facts, &self.store, &others)?)
    }
}

/// A trained network, to be asked: its checkpoint's, with the moving average where there is one.
///
/// # Errors
/// When the checkpoint is of another network than it says.
pub fn answering(checkpoint: &Checkpoint, device: Device) -> Result<(Network, VarStore), SessionError> {
    let mut store = VarStore::new(device);
    let facts = &checkpoint.facts;
    let network = build(&store, &facts.config.model, &facts.classes, &facts.input, Some(checkpoint))?;
    let tensors = checkpoint.answering();
    put(&store, |name| tensors.get(name).copied())?;
    store.freeze();
    Ok((network, store))
}

/// The network that a configuration names, with fresh weights.
#[expect(clippy::disallowed_methods, reason = "libtorch reads a module by path alone; nothing of it stays")]
fn build(
    store: &VarStore,
    model: &Model,
    classes: &Classes,
    input: &Input,
    checkpoint: Option<&Checkpoint>,
) -> Result<Network, SessionError> {
    let classes = classes.0.len() as i64;
    let path = Path::new(&model.architecture);
    if path.extension().is_some_and(|ending| ending == "pt") {
        if model.bifpn.is_some() || model.dropout.is_some() || model.drop_path.is_some() || model.train != Trained::All
        {
            return Err(SessionError::Scripted);
        }
        let size = i64::from(input.size().width);
        let Some(module) = checkpoint.and_then(|checkpoint| checkpoint.tensors.get(MODULE)) else {
            return Ok(Network::scripted(path, store, classes, size)?);
        };
        let folder = tempfile::tempdir().map_err(SessionError::Module)?;
        let path = folder.path().join("module.pt");
        let bytes = load::array(MODULE, module)?;
        fs::write(&path, bytes.bytes(), Existing::Replace)?;
        return Ok(Network::scripted(&path, store, classes, size)?);
    }
    let options = Options {
        drop_rate: model.dropout.map(f64::from),
        drop_path: model.drop_path.map(f64::from),
        bifpn: model.bifpn.map(|Bifpn { channels, layers }| BifpnOptions { channels, layers }),
    };
    Ok(model.architecture.parse::<Architecture>()?.build(store, classes, &options)?)
}

/// The name of a TorchScript module's file in a checkpoint. It has what no variable has: code, and running statistics.
const MODULE: &str = "script/module";

/// A TorchScript module as it is now, as the bytes of its file.
#[expect(clippy::disallowed_methods, reason = "libtorch writes a module by path alone; nothing of it stays")]
fn module(script: &Script) -> Result<(String, Tensor), SessionError> {
    let folder = tempfile::tempdir().map_err(SessionError::Module)?;
    let path = folder.path().join("module.pt");
    script.save(&path)?;
    Ok((MODULE.to_owned(), Tensor::from_slice(&fs::read(&path)?)))
}

/// Fills every variable of a network.
fn put<'a>(store: &VarStore, find: impl Fn(&str) -> Option<&'a Tensor>) -> Result<(), SessionError> {
    for one in variables::variables(store) {
        let missing = || SessionError::MissingTensor(one.name.clone());
        let tensor = find(&one.name).filter(|tensor| tensor.size() == one.tensor.size()).ok_or_else(missing)?;
        tch::no_grad(|| one.tensor.shallow_clone().copy_(tensor));
    }
    Ok(())
}

/// A seed of libtorch's generator for a part of a run: another one for each epoch and batch.
fn seed(run: u64, epoch: u64, batch: u64) -> i64 {
    let digest = crate::digest::Hasher::new("augmint train 1").number(run).number(epoch).number(batch).finish();
    digest.prefix64() as i64
}
