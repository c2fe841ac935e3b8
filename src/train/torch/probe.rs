//! How good is a recipe: features of a frozen ImageNet backbone, a linear head on them, and the scores of what is held out.
//!
//! Minutes without a GPU, and no learning rate to be found first: the head is a convex problem ([`Logistic`]). What spreads
//! between two probes of one recipe is which copies were drawn, so each *draw* makes the training copies anew (as an epoch of
//! its own) and keeps sources, split and validation. Draw 0 is the version itself.

use super::evaluation::Labelled;
use super::features::{Backbone, FeaturesError};
use super::feed::labels;
use super::load::{self, LoadError as TensorError};
use super::logistic::Logistic;
use super::models::{Architecture, ModelError, Options};
use super::pretrained::channels;
use super::start::Note;
use crate::dataset::{Dataset, DatasetError, Split, Unbuilt};
use crate::digest::Digest;
use crate::metrics::Confusion;
use crate::opened::Opened;
use crate::pixels::Size;
use crate::set::SetRole;
use crate::train::input::{Fit, Input, InputError, Interpolation};
use crate::train::loader::{LoadError, Loader};
use crate::train::weights::{self, Part, WeightsError, catalogue, fetch};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// Bytes of decoded sources that are kept while copies are drawn.
const MEMORY: u64 = 1 << 30;

/// Why nothing can be judged.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum ProbeError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Features(#[from] FeaturesError),
    #[error("the backbone: {0}")]
    Model(#[from] ModelError),
    #[error("the backbone: {0}")]
    Weights(#[from] WeightsError),
    #[error("the backbone: {0}")]
    Tensors(#[from] TensorError),
    #[error("the backbone's input: {0}")]
    Input(#[from] InputError),
    #[error("no published weights are called '{name}'; there are {}", known())]
    Unknown { name: String },
    #[error("the backbone's weights are not here: {}", path.display())]
    #[diagnostic(help("augmint weights {name}"))]
    NotFetched { name: String, path: PathBuf },
    #[error("{label} holds nothing out: give its recipe a [split], or name labelled images with --images and --labels")]
    NothingHeldOut { label: String },
}

fn known() -> String {
    catalogue::ALL.iter().map(|published| published.name).collect::<Vec<_>>().join(", ")
}

/// What is to be judged, and with what.
pub struct Request<'a> {
    /// The recipe or version.
    pub opened: &'a Opened,
    /// The fold that is held out.
    pub fold: Option<u32>,
    /// How often training copies are drawn.
    pub draws: u32,
    /// The head.
    pub head: Head,
    /// The backbone's weights, by a name of [`catalogue`].
    pub backbone: &'a str,
    /// Width and height of its input, in pixels.
    pub size: u32,
    /// Labelled images that are scored as well.
    pub against: Option<&'a Labelled>,
    /// Threads that draw and decode, and threads of the backbone.
    pub threads: u32,
    /// Where fetched weights are.
    pub weights: &'a Path,
    /// Where features are kept.
    pub features: &'a Path,
    /// What computes.
    pub device: Device,
    /// Whether to stop.
    pub stop: &'a AtomicBool,
    /// Told how far it is.
    pub tell: &'a dyn Fn(Note<'_>),
}

/// How good a recipe is.
#[derive(Clone, Debug, Serialize)]
pub struct Probed {
    /// The recipe or version.
    pub label: String,
    /// The version's validation digest; a recipe that is not built has none yet.
    pub validation: Option<Digest>,
    /// The backbone.
    pub backbone: String,
    /// Width and height of its input.
    pub size: u32,
    /// One for each draw.
    pub draws: Vec<Drawn>,
}

/// The head's regularisation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Head {
    /// Inverse strength, scikit-learn's C.
    pub c: f64,
    /// Steps at most.
    pub iterations: usize,
}

/// What one draw scored.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Drawn {
    /// Which, from 0.
    pub draw: u32,
    /// Training samples.
    pub samples: usize,
    /// Macro F1 on clean validation, where there is one.
    pub clean: Option<f64>,
    /// Macro F1 on noisy validation, where there is one.
    pub noisy: Option<f64>,
    /// Macro F1 on labelled images that were named, where any were.
    pub against: Option<f64>,
}

/// Judges a recipe or a version.
///
/// # Errors
/// When sources cannot be drawn, nothing is held out, or the backbone is not there.
pub fn probe(request: &Request<'_>) -> Result<Probed, ProbeError> {
    let unknown = || ProbeError::Unknown { name: request.backbone.to_owned() };
    let published = catalogue::find(request.backbone).ok_or_else(unknown)?;
    let path = fetch::path_in(request.weights, published);
    if !path.exists() {
        return Err(ProbeError::NotFetched { name: published.name.to_owned(), path });
    }
    let dict = weights::read(&path, Part::Best)?;
    let (mean, std) = channels(&dict);
    let input = Input::new(Size::new(request.size, request.size), Fit::Squash, mean, std, Interpolation::Bilinear)?;
    super::process::prepare(request.threads);
    let store = VarStore::new(request.device);
    let architecture = format!("tf_{}", published.name);
    let network = architecture.parse::<Architecture>()?.build(&store, 1000, &Options::default())?;
    load::load(&store, &dict, &[])?;
    let loader = Arc::new(Loader::new(request.threads as usize, 4)?);
    let backbone = Backbone::new((&network, &architecture, &store), &input, loader, request.device, request.features)?;
    let seen = |name: &str, dataset: &Arc<Dataset>| {
        let progress = |done, of| {
            (request.tell)(Note::Features(name, done, of));
            request.stop.load(Ordering::Relaxed)
        };
        backbone.features(dataset, &progress)
    };

    let unbuilt = Unbuilt::new(request.opened, MEMORY)?;
    let held_out = |role: SetRole| -> Result<Option<(Tensor, Vec<usize>)>, ProbeError> {
        let split = Split::new(role, request.fold);
        if !unbuilt.plan().sets().iter().any(|set| split.has(*set)) {
            return Ok(None);
        }
        let dataset = Arc::new(unbuilt.split(split, 0)?);
        Ok(Some((seen(role.name(), &dataset)?, truth(&dataset))))
    };
    let (clean, noisy) = (held_out(SetRole::Val)?, held_out(SetRole::NoisyVal)?);
    let against = request
        .against
        .map(|labelled| Ok::<_, ProbeError>((seen(&labelled.name, &labelled.dataset)?, labelled.truth())));
    let against = against.transpose()?;
    if clean.is_none() && noisy.is_none() && against.is_none() {
        return Err(ProbeError::NothingHeldOut { label: request.opened.label().to_owned() });
    }
    let classes = unbuilt.plan().classes().0.len();
    let mut draws = Vec::new();
    for draw in 0..request.draws {
        let dataset = Arc::new(unbuilt.split(Split::new(SetRole::Train, request.fold), draw)?);
        let features = seen(&format!("draw {draw}"), &dataset)?;
        let fitted = fit(&features, &labels(&dataset), request.head);
        let score = |set: &Option<(Tensor, Vec<usize>)>| {
            set.as_ref().and_then(|(features, truth)| macro_f1(&fitted, features, truth, classes))
        };
        let drawn = Drawn {
            draw,
            samples: dataset.len(),
            clean: score(&clean),
            noisy: score(&noisy),
            against: score(&against),
        };
        (request.tell)(Note::Line(drawn.text()));
        draws.push(drawn);
    }
    let validation = request.opened.record().and_then(|record| record.validation.as_ref()).map(|found| found.digest);
    let (label, backbone) = (request.opened.label().to_owned(), published.name.to_owned());
    Ok(Probed { label, validation, backbone, size: request.size, draws })
}

/// The class index of each sample.
fn truth(dataset: &Dataset) -> Vec<usize> {
    (0..dataset.len()).map(|index| dataset.class(index).expect("BUG: a drawn sample without a label")).collect()
}

impl Drawn {
    /// Names and scores of the sets that there are.
    fn scores(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = [("clean", self.clean), ("noisy", self.noisy), ("named images", self.against)];
        all.into_iter().filter_map(|(name, score)| Some((name, score?)))
    }

    fn text(&self) -> String {
        let scores: Vec<String> = self.scores().map(|(name, score)| format!("{name} F1 {score:.4}")).collect();
        format!("draw {}: {} training samples, {}", self.draw, self.samples, scores.join(", "))
    }
}

impl Probed {
    /// For people.
    pub fn text(&self) -> String {
        let on = match self.validation {
            Some(digest) => format!("validation {}", digest.short()),
            None => "not built, so its validation has no digest yet".to_owned(),
        };
        let mut text = format!("{}: {} at {} px and a linear head; {on}", self.label, self.backbone, self.size);
        for name in ["clean", "noisy", "named images"] {
            let of = self.draws.iter().flat_map(Drawn::scores).filter(|(of, _)| *of == name);
            let scores: Vec<f64> = of.map(|(_, score)| score).collect();
            if let Some((mean, deviation)) = spread(&scores) {
                let deviation = deviation.map(|deviation| format!(" ± {deviation:.4}")).unwrap_or_default();
                text += &format!("\n{name:>12} macro F1 {mean:.4}{deviation} ({} draws)", scores.len());
            }
        }
        text
    }
}

/// Fits the head.
pub fn fit(features: &Tensor, labels: &Tensor, head: Head) -> Logistic {
    Logistic::fit(features, labels, head.c, head.iterations)
}

/// Macro F1 of what a head says of features whose classes are known.
pub fn macro_f1(fitted: &Logistic, features: &Tensor, truth: &[usize], classes: usize) -> Option<f64> {
    let said = fitted.probabilities(features).argmax(-1, false).to_kind(Kind::Int64);
    let said = Vec::<i64>::try_from(said).expect("BUG: classes that are no numbers");
    Confusion::of(classes, truth.iter().copied().zip(said.into_iter().map(|class| class as usize))).macro_f1()
}

/// Mean and sample standard deviation (n − 1); the latter `None` of one number.
pub fn spread(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (!values.is_empty()).then(|| (mean, (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_of_a_sample() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[0.5]), Some((0.5, None)));
        assert_eq!(spread(&[1.0, 2.0, 3.0]), Some((2.0, Some(1.0))));
    }

    #[test]
    fn a_head_is_scored_by_macro_f1() {
        let x = Tensor::from_slice(&[-2.0f32, -1.0, 1.0, 2.0]).view([4, 1]);
        let y = Tensor::from_slice(&[0i64, 0, 1, 1]).onehot(2);
        let fitted = fit(&x, &y, Head { c: 10.0, iterations: 100 });
        assert_eq!(macro_f1(&fitted, &x, &[0, 0, 1, 1], 2), Some(1.0));
        // Of [0, 1, 1, 1] one is called wrongly: F1 2/3 and 4/5.
        let found = macro_f1(&fitted, &x, &[0, 1, 1, 1], 2).unwrap();
        assert!((found - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-12, "{found}");
    }
}
