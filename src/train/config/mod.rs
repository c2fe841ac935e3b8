//! What a training run does, as a TOML file: the pinned version, the network, how it is trained, what is kept.
//!
//! Strict like a recipe: an unknown key, a wrong type or an impossible number is an error with the line and a caret, and
//! everything that is not written has its default filled in, so that the copy in the run's folder says all. The version is
//! pinned: a whole digest, never a tag, as a tag may move between two runs.

mod load;
#[cfg(test)]
mod tests;

pub use load::{ConfigError, Misread};

use super::average::Average;
use super::input::{Fit, Interpolation};
use super::loss::Loss;
use super::optimizer::{Groups, Optimizer};
use super::parameter::{Fraction, NonNegative, Positive};
use super::precision::Precision;
use super::schedule::Schedule;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;

/// A run's configuration; every number is in its range.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `name@sha256:` and 64 digits: the version to train on, and nothing else.
    pub version: String,
    /// The run's name; by default the dataset's and the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Decides initial weights, the order of samples, dropout and every other chance of training.
    #[serde(default)]
    pub seed: u64,
    /// Of a version with folds, which one is held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
    /// How many times all samples are gone through.
    pub epochs: u32,
    /// Samples of a batch.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Threads of libtorch; another number gives other rounding, so an exact resume wants the same.
    #[serde(default = "default_threads")]
    pub threads: u32,
    /// How pixels come.
    #[serde(default)]
    pub data: Data,
    /// How an image becomes the network's input.
    #[serde(default)]
    pub input: InputConfig,
    /// The network.
    pub model: Model,
    /// What is minimised.
    #[serde(default)]
    pub loss: Loss,
    /// The learning rate, which the schedule scales.
    pub learning_rate: Positive,
    /// How weights move.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// What weight decay is applied to, and parts with a learning rate of their own.
    #[serde(default)]
    pub groups: Groups,
    /// The learning rate over the run.
    #[serde(default)]
    pub schedule: Schedule,
    /// A moving average of the weights, which then is what is scored and kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<Average>,
    /// The numbers of the forward pass.
    #[serde(default)]
    pub precision: Precision,
    /// What else the loop does.
    #[serde(default)]
    pub train: Train,
    /// What is scored, and when to stop.
    #[serde(default)]
    pub validate: Validate,
}

/// Which fold is held out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fold {
    /// This one.
    One(u32),
    /// Each in turn, a run for each, with out-of-fold predictions at the end.
    All,
}

/// How pixels come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// From where.
    #[serde(default)]
    pub pixels: PixelsFrom,
    /// Views of each training source in an epoch, drawn anew each epoch; needs `pixels = "online"`. By default as many as
    /// the version has samples of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<u32>,
    /// Threads that decode and render.
    #[serde(default = "default_threads")]
    pub threads: u32,
    /// Megabytes of decoded sources to keep while rendering.
    #[serde(default = "default_cache")]
    pub cache_mb: u32,
}

/// Where training pixels come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelsFrom {
    /// The store where it has them, else rendered: the same bytes.
    #[default]
    Any,
    /// The store alone.
    Stored,
    /// Rendered when they are needed, with the same bytes as the store would have.
    Streamed,
    /// Rendered, and drawn anew each epoch: epoch 0 is the version.
    Online,
}

/// How an image becomes the network's input, alike in training, validation, test and TTA.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputConfig {
    /// Width and height in pixels.
    #[serde(default = "default_size")]
    pub size: u32,
    /// `squash`, or `{ pad = { fill = [r, g, b] } }`.
    #[serde(default = "squash")]
    pub fit: Fit,
    /// The filter of the resize.
    #[serde(default)]
    pub interpolation: Interpolation,
    /// Mean of each channel, 0 to 1; by default what the weights were trained with, else ImageNet's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<[f32; 3]>,
    /// Deviation of each channel, above 0; by default as `mean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<[f32; 3]>,
}

/// The network.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// One of `augmint train --architectures`, or a TorchScript module: a path that ends in `.pt`.
    pub architecture: String,
    /// What its weights start from: a name of `augmint weights`, a `.safetensors` file, or a state dict of Python's torch;
    /// by default nothing is pretrained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// What is trained.
    #[serde(default)]
    pub train: Trained,
    /// Dropout before the classifier; by default the architecture's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<Fraction>,
    /// Stochastic depth at the last block; by default the architecture's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_path: Option<Fraction>,
    /// A BiFPN over the backbone's pyramid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bifpn: Option<Bifpn>,
}

/// The neck of EfficientDet (arXiv 1911.09070).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bifpn {
    /// Channels of every level.
    #[serde(default = "default_bifpn_channels")]
    pub channels: i64,
    /// How often the levels are fused.
    #[serde(default = "default_bifpn_layers")]
    pub layers: usize,
}

/// Which weights are trained.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trained {
    /// All of them, from the start.
    #[default]
    All,
    /// The head. Where samples are the same in each epoch, what the frozen backbone says of them is computed once.
    Head,
    /// The head, and from each of these epochs (counted from 0, ascending) on one more stage, from the head towards the stem.
    Unfreeze(Vec<u32>),
}

/// What else the loop does.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Batches whose gradients are added up for one step.
    #[serde(default = "one")]
    pub accumulate: NonZeroU64,
    /// The gradient's norm is cut to this; 0 leaves it.
    #[serde(default = "no_clip")]
    pub clip: NonNegative,
    /// Steps between two checkpoints within an epoch; 0 saves at the end of epochs alone. Ctrl-C saves at any step.
    #[serde(default)]
    pub checkpoint_steps: u64,
}

/// What is scored, and when to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validate {
    /// Which score chooses the best checkpoint.
    #[serde(default)]
    pub best: Best,
    /// Epochs without a better one before training stops; 0 never stops.
    #[serde(default)]
    pub patience: u32,
}

/// Which score chooses the best checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// Macro F1 on noisy validation; on clean validation where there is no noisy one.
    #[default]
    NoisyF1,
    /// Macro F1 on clean validation.
    CleanF1,
    /// The loss on noisy (else clean) validation, the lowest.
    NoisyLoss,
}

const fn default_batch() -> usize {
    32
}
const fn default_threads() -> u32 {
    2
}
const fn default_cache() -> u32 {
    512
}
const fn default_size() -> u32 {
    224
}
const fn default_bifpn_channels() -> i64 {
    64
}
const fn default_bifpn_layers() -> usize {
    3
}
const fn one() -> NonZeroU64 {
    NonZeroU64::MIN
}
const fn squash() -> Fit {
    Fit::Squash
}
const fn no_clip() -> NonNegative {
    NonNegative::known(0.0)
}

impl Default for Data {
    fn default() -> Self {
        Self { pixels: PixelsFrom::Any, views: None, threads: default_threads(), cache_mb: default_cache() }
    }
}

impl Default for InputConfig {
    fn default() -> Self {
        Self { size: default_size(), fit: squash(), interpolation: Interpolation::default(), mean: None, std: None }
    }
}

impl Default for Train {
    fn default() -> Self {
        Self { accumulate: one(), clip: no_clip(), checkpoint_steps: 0 }
    }
}

impl Serialize for Fold {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(fold) => serializer.serialize_u32(*fold),
            Self::All => serializer.serialize_str("all"),
        }
    }
}

impl<'de> Deserialize<'de> for Fold {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Fold;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the number of a fold, or \"all\"")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Fold, E> {
                let fold = u32::try_from(number).ok();
                fold.map(Fold::One).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Fold, E> {
                text.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl std::str::FromStr for Fold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            _ => text.parse().map(Self::One).map_err(|_| format!("'{text}' is neither the number of a fold nor 'all'")),
        }
    }
}
