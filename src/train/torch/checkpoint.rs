//! A checkpoint: all that a run needs to go on, or a trained network needs to answer, in one safetensors file.
//!
//! Tensors are the network's under their own names, what the optimiser remembers (`optimizer/…`) and the moving average
//! (`average/…`). Strings are the resolved configuration, the classes in the order of the outputs, the input, the version's
//! and the validation digest, the scores, and where in the run it stands. So a checkpoint that was copied out of its run
//! folder still says what it is of, and any safetensors reader can take the weights.

use super::load::{self, LoadError, tensor};
use super::optim;
use crate::digest::Digest;
use crate::source::Classes;
use crate::train::config::{Config, ConfigError};
use crate::train::input::Input;
use crate::train::run::{Best, EpochRecord};
use crate::train::schedule::Plateau;
use crate::train::weights::{self, Part, StateDict, WeightsError, safetensors};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tch::Tensor;
use tch::nn::VarStore;

/// The value of the string `augmint` in every checkpoint.
const FORMAT: &str = "checkpoint 1";

/// Where in a run it stands, between two optimiser steps.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Epochs that are over, validation included.
    pub epoch: u32,
    /// Batches of the next epoch that are trained on.
    pub batch: usize,
    /// Optimiser steps so far.
    pub step: u64,
    /// Samples of the unfinished epoch, and the sum of their losses.
    pub samples: u64,
    /// See `samples`.
    pub loss_sum: f64,
    /// Seconds of training of the unfinished epoch, and of those how many it waited for data.
    pub seconds: f64,
    /// See `seconds`.
    pub waited: f64,
    /// What the schedule remembers.
    pub plateau: Plateau,
    /// The best epoch so far.
    pub best: Option<Best>,
    /// Seconds of the whole run.
    pub run_seconds: f64,
}

/// What a checkpoint says besides its tensors.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    /// The run's configuration.
    pub config: Config,
    /// The network's input.
    pub input: Input,
    /// Classes in the order of the outputs.
    pub classes: Classes,
    /// The version that it was trained on.
    pub version: Digest,
    /// The version's validation digest.
    pub validation: Option<Digest>,
    /// Where in the run.
    pub position: Position,
    /// The last epoch's scores.
    pub scores: Option<EpochRecord>,
}

/// A checkpoint that was read.
#[derive(Debug)]
pub struct Checkpoint {
    /// What it says.
    pub facts: Facts,
    /// Every tensor by its name, on the CPU.
    pub tensors: BTreeMap<String, Tensor>,
}

/// Why a file is no checkpoint.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CheckpointError {
    /// The file, or its tensors.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Its tensors.
    #[error(transparent)]
    Tensors(#[from] LoadError),
    /// Weights of somebody else.
    #[error("{} holds weights, but is no checkpoint of `augmint train`", path.display())]
    #[diagnostic(help("name it as model.weights of a configuration to start from it"))]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A string that another release wrote otherwise.
    #[error("{}: its '{field}' cannot be read: {reason}", path.display())]
    #[diagnostic(help("it was written by another release of augmint"))]
    Field {
        /// The file.
        path: PathBuf,
        /// Which string.
        field: &'static str,
        /// Why.
        reason: String,
    },
}

/// The bytes of a checkpoint file: the network's tensors, and `others` of the optimiser and the average.
///
/// # Errors
/// When two tensors have one name.
pub fn bytes(facts: &Facts, network: &VarStore, others: &[(String, Tensor)]) -> Result<Vec<u8>, LoadError> {
    let strings = [
        ("augmint", FORMAT.to_owned()),
        ("config", facts.config.to_text()),
        ("input", json(&facts.input)),
        ("classes", json(&facts.classes.0)),
        ("version", facts.version.to_string()),
        ("validation", facts.validation.map(|digest| digest.to_string()).unwrap_or_default()),
        ("position", json(&facts.position)),
        ("scores", json(&facts.scores)),
    ];
    let strings = strings.map(|(name, text)| (name.to_owned(), text)).into();
    Ok(safetensors::write(&load::save(network, others, strings)?))
}

/// One line of JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("BUG: a fact that is no JSON")
}

fn of_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Reads a checkpoint.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let dict = weights::read(path, Part::Best)?;
    let facts = facts(&dict, path)?.ok_or_else(|| CheckpointError::Foreign { path: path.to_owned() })?;
    let tensors = dict.arrays.iter().map(|(name, array)| Ok((name.clone(), tensor(array)?)));
    let tensors = tensors.collect::<Result<_, LoadError>>()?;
    Ok(Checkpoint { facts, tensors })
}

/// Weights to start another run from. Of a checkpoint those that it answers with (the moving average where there is one),
/// with architecture, mean and deviation in strings as `augmint weights` writes them; of anybody else's as they are.
///
/// # Errors
/// When it cannot be read.
pub(super) fn starting_point(path: &Path) -> Result<StateDict, CheckpointError> {
    let mut dict = weights::read(path, Part::Best)?;
    let Some(Facts { config, input, .. }) = facts(&dict, path)? else { return Ok(dict) };
    let (own, mut others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        std::mem::take(&mut dict.arrays).into_iter().partition(|(name, _)| !name.contains('/'));
    let mut averaged = |name: &str| others.remove(&format!("{}{name}", super::ema::PREFIX));
    dict.arrays = own.into_iter().map(|(name, array)| (name.clone(), averaged(&name).unwrap_or(array))).collect();
    dict.metadata = [
        (weights::ARCHITECTURE, config.model.architecture),
        (weights::MEAN, json(&input.mean())),
        (weights::STD, json(&input.std())),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into();
    Ok(dict)
}

/// What a checkpoint says; `None` of a file that is none.
fn facts(dict: &StateDict, path: &Path) -> Result<Option<Facts>, CheckpointError> {
    if dict.metadata.get("augmint").map(String::as_str) != Some(FORMAT) {
        return Ok(None);
    }
    let text = |field: &'static str| dict.metadata.get(field).map_or("", String::as_str);
    let broken = |field, reason: String| CheckpointError::Field { path: path.to_owned(), field, reason };
    let digest = |field| text(field).parse::<Digest>().map_err(|error| broken(field, error.to_string()));
    let config = Config::parse(text("config"), path, &[]);
    Ok(Some(Facts {
        config: config.map_err(|error: ConfigError| broken("config", error.to_string()))?,
        input: of_json(text("input")).map_err(|reason| broken("input", reason))?,
        classes: Classes(of_json(text("classes")).map_err(|reason| broken("classes", reason))?),
        version: digest("version")?,
        validation: if text("validation").is_empty() { None } else { Some(digest("validation")?) },
        position: of_json(text("position")).map_err(|reason| broken("position", reason))?,
        scores: of_json(text("scores")).map_err(|reason| broken("scores", reason))?,
    }))
}

impl Checkpoint {
    /// What the optimiser remembered.
    pub fn optimizer(&self) -> Vec<(String, Tensor)> {
        self.below(optim::PREFIX)
    }

    /// The moving average; empty where the run keeps none.
    pub fn average(&self) -> Vec<(String, Tensor)> {
        self.below("average")
    }

    fn below(&self, prefix: &str) -> Vec<(String, Tensor)> {
        let of = self.tensors.iter().filter(|(name, _)| name.starts_with(prefix) && name.contains('/'));
        of.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
    }

    /// The network's tensors as they were trained.
    pub fn network(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let of = self.tensors.iter().filter(|(name, _)| !name.contains('/'));
        of.map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The network's tensors as they are to be used: the moving average where there is one.
    pub fn answering(&self) -> BTreeMap<&str, &Tensor> {
        let averaged = |name: &str| self.tensors.get(&format!("{}{name}", super::ema::PREFIX));
        self.network().map(|(name, tensor)| (name, averaged(name).unwrap_or(tensor))).collect()
    }
}
