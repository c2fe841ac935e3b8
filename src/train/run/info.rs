//! `run.json`: what is known when a run starts, and what became of it.

use super::{Result, RunError};
use crate::digest::Digest;
use crate::fs::{self, Existing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The number that `run.json` starts with.
const FORMAT: u32 = 1;

/// What is known when a run starts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunInfo {
    /// The program and its release, e.g. `augmint 0.1.0`.
    pub program: String,
    /// When it started, RFC 3339.
    pub started: String,
    /// What it trains on.
    pub version: VersionInfo,
    /// Which fold is held out, of a version with folds.
    pub fold: Option<Fold>,
    /// The project's checkout, where it is one.
    pub git: Option<Git>,
    /// Every seed by what it is for.
    pub seeds: BTreeMap<String, u64>,
    /// Threads of the model, and of the loader.
    pub threads: [u32; 2],
    /// `cpu`, `cuda:0`.
    pub device: String,
    /// The release of libtorch, e.g. `2.13.0`.
    pub libtorch: String,
    /// The network's name, or the path of a TorchScript module.
    pub model: String,
    /// Trainable and other parameters of the network.
    pub parameters: u64,
    /// The classes in the order of the network's outputs.
    pub classes: Vec<ClassInfo>,
}

/// The version that a run trains on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VersionInfo {
    /// As the config names it, e.g. `docs17@v3`.
    pub reference: String,
    /// Which version it is.
    pub digest: Digest,
    /// Its validation digest, which stands beside every score; `None` where nothing is held out.
    pub validation: Option<Digest>,
}

/// Which fold is held out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fold {
    /// From 0.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl std::fmt::Display for Fold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fold {} of {}", self.number, self.of)
    }
}

/// The checkout that a run was started in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Git {
    /// The commit's id, whole.
    pub commit: String,
    /// Whether tracked files were changed since.
    pub dirty: bool,
}

/// One output of the network.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ClassInfo {
    /// The class's number in the version.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Label mass in the training set: samples, soft labels counted by their weight.
    pub mass: f64,
}

/// What became of a run, as it says itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It has not ended, or was killed.
    Running,
    /// It did what the config says, stopping early included.
    Finished,
    /// It was interrupted, and can be resumed.
    Stopped,
    /// It ended with an error.
    Failed,
}

impl Status {
    /// As `run.json` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// How a run ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Not [`Status::Running`].
    pub status: Status,
    /// When, RFC 3339.
    pub ended: String,
    /// How long it ran, over all of its parts where it was resumed.
    pub seconds: f64,
    /// Optimiser steps.
    pub steps: u64,
    /// Why, for people: `no better for 5 epochs`, the error.
    pub reason: Option<String>,
    /// The best epoch.
    pub best: Option<Best>,
}

/// The best epoch of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Best {
    /// Which.
    pub epoch: u32,
    /// After which step.
    pub step: u64,
    /// By what, e.g. `noisy_macro_f1`.
    pub measure: String,
    /// How good.
    pub value: f64,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunFile {
    format: u32,
    pub status: Status,
    /// When it was resumed, each time.
    #[serde(default)]
    pub resumed: Vec<String>,
    #[serde(flatten)]
    pub info: RunInfo,
    pub outcome: Option<Outcome>,
}

impl RunFile {
    pub fn new(info: RunInfo) -> Self {
        Self { format: FORMAT, status: Status::Running, resumed: Vec::new(), info, outcome: None }
    }

    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("run.json");
        let text = match fs::read(&path) {
            Err(error) if error.is_missing() => return Err(RunError::NoRun { path: folder.into() }),
            text => text?,
        };
        let json = |source| RunError::Json { path: path.clone(), line: None, source };
        // The format first: a later one may have other fields.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format: found } = serde_json::from_slice(&text).map_err(json)?;
        if found != FORMAT {
            return Err(RunError::Format { path, found, known: FORMAT });
        }
        serde_json::from_slice(&text).map_err(json)
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).expect("BUG: a run that is no JSON") + "\n";
        fs::write(&folder.join("run.json"), text.as_bytes(), Existing::Replace)?;
        Ok(())
    }
}
