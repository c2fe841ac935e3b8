//! From a configuration to a finished run: opens what it is pinned to, prepares, trains, and writes down what came of it.

use super::amp;
use super::checkpoint::{self, CheckpointError};
use super::device::LIBTORCH;
use super::features::FeaturesError;
use super::finish::finish;
use super::pretrained::{channels, describe, weights_of};
use super::run::{Ended, Loop, Told, TrainError};
use super::session::{Session, SessionError, Subject};
use super::sets::{Samples, Sets, SetsError};
use crate::dataset::{Backing, DatasetError, Options, Pinned};
use crate::fs::FsError;
use crate::store::{Datasets, StoreError};
use crate::train::config::{Config, Fold as FoldWanted, PixelsFrom};
use crate::train::input::{IMAGENET_MEAN, IMAGENET_STD, InputError};
use crate::train::run::{
    self, Best, ClassInfo, Fold, Git, Outcome, Run, RunError, RunFolder, RunInfo, Status, VersionInfo,
};
use crate::train::schedule::RunLength;
use crate::train::track::{Report, Target, Tracker, finish as finish_events, params, start as start_events};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tch::Device;

/// How long the end of a run waits for a tracker that is slow; what is left is sent later.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why there is no run.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum StartError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Dataset(Box<DatasetError>),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Train(Box<TrainError>),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error("model.weights: {0}")]
    Weights(#[source] CheckpointError),
    #[error("input: {0}")]
    Input(#[from] InputError),
    #[error("{version} is dealt into {folds} folds: say which one is held out, `fold = 0` to {}, or \"all\"", folds - 1)]
    NoFold { version: String, folds: u32 },
    #[error(
        "{missing} of {of} training samples of {version} are not stored, and data.pixels = \"stored\" takes no others"
    )]
    #[diagnostic(help(
        "`augmint restore {version}` makes them, and data.pixels = \"any\" draws them as they are needed"
    ))]
    NotStored { version: String, missing: usize, of: usize },
    #[error("{version} has no folds: its recipe would need `split.folds`")]
    NoFolds { version: String },
    #[error("{} was trained on {found}, and its configuration is now pinned to {expected}", path.display())]
    #[diagnostic(help("a run goes on with the version that it began with; start a new run for the other one"))]
    OtherVersion { path: PathBuf, expected: String, found: String },
    #[error(
        "the weights '{weights}' are of {theirs}, which pads and normalises otherwise than {ours}: every answer would be wrong"
    )]
    #[diagnostic(help("model.architecture = \"{theirs}\""))]
    OtherArchitecture { weights: String, theirs: String, ours: String },
    #[error("the weights '{name}' are neither a file nor in {}", cache.display())]
    #[diagnostic(help("`augmint weights {name}` fetches them; `augmint weights` says which there are"))]
    NoWeights { name: String, cache: PathBuf },
}

impl From<DatasetError> for StartError {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}

impl From<TrainError> for StartError {
    fn from(error: TrainError) -> Self {
        Self::Train(Box::new(error))
    }
}

/// A run to be made, or to go on with.
#[derive(Clone)]
pub struct Request<'a> {
    /// What to do.
    pub config: &'a Config,
    /// Where versions are.
    pub datasets: &'a Datasets,
    /// Which fold is held out.
    pub fold: Option<u32>,
    /// The folder that holds run folders.
    pub runs: &'a Path,
    /// The run folder to go on with; a new one is made where there is none.
    pub resume: Option<&'a Path>,
    /// Where sources are, for what is drawn; by default where the recipe has them.
    pub sources: Option<&'a Path>,
    /// Where `augmint weights` keeps what it fetched.
    pub weights: &'a Path,
    /// What trains.
    pub device: Device,
    /// The checkout that the run is started in.
    pub git: Option<Git>,
    /// A tracker.
    pub target: Option<Target>,
    /// Who starts it.
    pub user: Option<&'a str>,
    /// The time, RFC 3339.
    pub now: &'a dyn Fn() -> String,
    /// Whether to stop.
    pub stop: &'a AtomicBool,
    /// Told of everything that takes time, and of what is noticed.
    pub tell: &'a dyn Fn(Note<'_>),
    /// Stops after so many steps, as if someone wanted it to.
    pub steps: Option<u64>,
}

/// What is told while a run is made.
#[derive(Clone, Debug)]
pub enum Note<'a> {
    /// A sentence.
    Line(String),
    /// The backbone has seen so many of so many samples of a set.
    Features(&'a str, usize, usize),
    /// Of the loop.
    Training(Told<'a>),
}

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its folder.
    pub path: PathBuf,
    /// How it ended.
    pub ended: Ended,
    /// Its best epoch.
    pub best: Option<Best>,
    /// What the tracker got.
    pub tracked: Option<Report>,
}

/// Trains.
///
/// # Errors
/// When the version is another one than the pinned, pixels or weights are missing, or the run itself fails; a run folder that
/// was made says so then.
pub fn train(request: &Request<'_>) -> Result<Finished, StartError> {
    // As it will stand in the run folder and in checkpoints.
    let config = &Config { fold: request.fold.map(FoldWanted::One), ..request.config.clone() };
    super::process::prepare(config.threads);
    let (reference, expected) = config.pinned();
    let version = request.datasets.resolve(&reference)?;
    let backing = match config.data.pixels {
        PixelsFrom::Any | PixelsFrom::Stored => Backing::Stored,
        PixelsFrom::Streamed | PixelsFrom::Online => Backing::Streamed,
    };
    let options = Options {
        expected: Some(expected),
        backing,
        sources: request.sources.map(Path::to_owned),
        memory: u64::from(config.data.cache_mb) << 20,
    };
    let pinned = Pinned::open(request.datasets, &version, options)?;
    if pinned.folds() > 0 && request.fold.is_none() {
        return Err(StartError::NoFold { version: version.to_string(), folds: pinned.folds() });
    }
    let samples = Samples::of(&pinned, config, request.fold)?;
    if config.data.pixels == PixelsFrom::Stored && samples.train.stored() < samples.train.len() {
        let (missing, version) = (samples.train.len() - samples.train.stored(), version.to_string());
        return Err(StartError::NotStored { version, missing, of: samples.train.len() });
    }
    let checkpoint =
        request.resume.map(|path| checkpoint::read(&run::last_checkpoint(path)?).map_err(StartError::from));
    let checkpoint = checkpoint.transpose()?;
    if let (Some(path), Some(checkpoint)) = (request.resume, &checkpoint)
        && checkpoint.facts.version != version.digest
    {
        let (expected, found) = (version.digest.to_string(), checkpoint.facts.version.to_string());
        return Err(StartError::OtherVersion { path: path.to_owned(), expected, found });
    }
    // A run that goes on has in its checkpoint all that it began with.
    let found = if checkpoint.is_some() { None } else { weights_of(config, request.weights)? };
    let input = config.input(match (&checkpoint, &found) {
        (Some(checkpoint), _) => (checkpoint.facts.input.mean(), checkpoint.facts.input.std()),
        (None, Some(found)) => channels(found),
        (None, None) => (IMAGENET_MEAN, IMAGENET_STD),
    })?;
    let per_epoch = (samples.train.len().div_ceil(config.batch) as u64).div_ceil(config.train.accumulate.get());
    let at_least_one = |number: u64| NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN);
    let length = RunLength { epochs: at_least_one(config.epochs.into()), steps_per_epoch: at_least_one(per_epoch) };
    let mass = samples.train.label_mass();
    let validation = samples.train.validation_digest();
    let subject = Subject {
        config,
        input,
        classes: samples.train.classes().clone(),
        version: version.digest,
        validation,
        mass: &mass,
        length,
        device: request.device,
    };
    let (mut session, loaded) = Session::new(subject, found.as_ref(), checkpoint.as_ref())?;
    if let Some(advice) = amp::advice(config.precision, request.device) {
        (request.tell)(Note::Line(advice.to_owned()));
    }
    if let Some(loaded) = &loaded {
        (request.tell)(Note::Line(describe(config.model.weights.as_deref().unwrap_or_default(), loaded)));
    }
    let mut folder = match (request.resume, &checkpoint) {
        (Some(path), Some(checkpoint)) => {
            // Before anything is written: what does not fit leaves the run as it was.
            session.resume(checkpoint)?;
            let mut folder = RunFolder::resume(path, &(request.now)(), &config.to_text())?;
            folder.rewind(session.position.step)?;
            // It may have died between an epoch's checkpoint and its line.
            let lines = folder.epochs().last().map_or(0, |last| last.epoch);
            if let Some(scores) = checkpoint.facts.scores.as_ref().filter(|scores| scores.epoch > lines) {
                folder.epoch(scores.clone())?;
            }
            folder
        }
        _ => {
            let name = config.name.clone().unwrap_or_else(|| name(config, &version.name.to_string()));
            let info = info(request, &pinned, &samples, &session, &mass);
            RunFolder::create(request.runs, &name, info, &config.to_text())?
        }
    };
    let path = folder.path().to_owned();
    let mut tracker = Tracker::new(&path, request.target.clone(), &(request.now)());
    let table = toml::from_str(&config.to_text()).expect("BUG: a configuration that is no TOML");
    let run_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    tracker.tell(start_events(folder.info(), &run_name, version.name.as_str(), request.user, params(&table)));
    let result = go_on(request, (&pinned, &samples), &mut session, &mut folder, &mut tracker);
    let (status, reason) = match &result {
        Ok(Ended::Done) => (Status::Finished, None),
        Ok(Ended::Early(epochs)) => (Status::Finished, Some(format!("no better for {epochs} epochs"))),
        Ok(Ended::Stopped) => (Status::Stopped, None),
        Err(error) => (Status::Failed, Some(error.to_string())),
    };
    let position = &session.position;
    let outcome = Outcome {
        status,
        ended: (request.now)(),
        seconds: position.run_seconds + position.seconds,
        steps: position.step,
        reason,
        best: position.best.clone(),
    };
    folder.finish(outcome.clone())?;
    if status == Status::Finished {
        finish(&path, &samples)?;
    }
    let files =
        ["config.toml", "epochs.csv", "curves.png", "confusion.png", "val.csv", "noisy_val.csv", "summary.html"];
    let files: Vec<&str> = files.into_iter().filter(|file| path.join(file).exists()).collect();
    tracker.tell(finish_events(&outcome, &files));
    let tracked = tracker.close(PATIENCE);
    Ok(Finished { path, ended: result?, best: outcome.best, tracked })
}

fn go_on(
    request: &Request<'_>,
    (pinned, samples): (&Pinned, &Samples),
    session: &mut Session,
    folder: &mut RunFolder,
    tracker: &mut Tracker,
) -> Result<Ended, TrainError> {
    let stopped = || request.stop.load(std::sync::atomic::Ordering::Relaxed);
    let progress = |name: &str, done, of| {
        (request.tell)(Note::Features(name, done, of));
        stopped()
    };
    let sets = Sets::new(samples, (pinned, request.fold), session, &request.datasets.features(), &progress);
    let mut around = Loop {
        folder,
        tracker,
        stop: request.stop,
        now: request.now,
        tell: &|told| (request.tell)(Note::Training(told)),
        steps: request.steps,
    };
    match sets {
        Err(SetsError::Features(FeaturesError::Stopped)) => around.stopped(session),
        sets => around.run(session, &sets?),
    }
}

fn name(config: &Config, dataset: &str) -> String {
    let model = Path::new(&config.model.architecture).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let clean = |text: &str| text.replace(|letter: char| !letter.is_alphanumeric() && !"-_.".contains(letter), "-");
    format!("{}-{}", clean(dataset), clean(&model.unwrap_or_default()))
}

fn info(request: &Request<'_>, pinned: &Pinned, samples: &Samples, session: &Session, mass: &[f64]) -> RunInfo {
    let config = request.config;
    let classes = samples.train.classes().0.iter().zip(mass);
    let version = pinned.version();
    RunInfo {
        program: format!("augmint {}", env!("CARGO_PKG_VERSION")),
        started: (request.now)(),
        version: VersionInfo {
            reference: version.to_string(),
            digest: version.digest,
            validation: samples.train.validation_digest(),
        },
        fold: request.fold.map(|number| Fold { number, of: pinned.folds() }),
        git: request.git.clone(),
        seeds: [("run".to_owned(), config.seed)].into(),
        threads: [config.threads, config.data.threads],
        device: device_name(request.device),
        libtorch: LIBTORCH.to_owned(),
        model: config.model.architecture.clone(),
        parameters: session.parameters(),
        classes: classes
            .map(|((number, name), mass)| ClassInfo { number: *number, name: name.clone(), mass: *mass })
            .collect(),
    }
}

/// `cpu`, `cuda:0`.
fn device_name(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

impl Finished {
    /// A run that was finished before.
    pub fn before(run: &Run) -> Self {
        let best = run.outcome.as_ref().and_then(|outcome| outcome.best.clone());
        Self { path: run.path.clone(), ended: Ended::Done, best, tracked: None }
    }

    /// For people.
    pub fn text(&self) -> String {
        let ended = match &self.ended {
            Ended::Done => "finished".to_owned(),
            Ended::Early(epochs) => format!("finished: no better for {epochs} epochs"),
            Ended::Stopped => "stopped, and saved".to_owned(),
        };
        let best = self.best.as_ref().filter(|best| best.measure != "none");
        let best = best.map(|best| format!(", best epoch {}: {} {:.4}", best.epoch, best.measure, best.value));
        format!("{} {ended}{}", self.path.display(), best.unwrap_or_default())
    }

    /// For programs.
    pub fn json(&self) -> serde_json::Value {
        let ended = match &self.ended {
            Ended::Done => "done",
            Ended::Early(_) => "early",
            Ended::Stopped => "stopped",
        };
        serde_json::json!({ "path": self.path, "ended": ended, "best": self.best })
    }
}
