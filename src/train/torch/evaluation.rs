//! Scores of a trained network on sets whose labels are known, with and without views at test time.

use super::asked::{Asked, Tta};
use super::checkpoint::Facts;
use super::said::Said;
use crate::answers::{AnswersError, Probabilities, ProbabilitiesError};
use crate::dataset::{Dataset, DatasetError, Options, Pinned, Split};
use crate::digest::Digest;
use crate::metrics::Confusion;
use crate::set::SetRole;
use crate::source::{Classes, SourceError, Submission};
use crate::store::{Datasets, StoreError};
use crate::train::config::Fold;
use crate::train::loader::LoadError;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

/// Why nothing can be scored.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum EvaluationError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Answers(#[from] AnswersError),
    #[error(transparent)]
    Probabilities(#[from] ProbabilitiesError),
    #[error("nothing is held out in {version}: score it on labelled images, with --images and --labels")]
    NothingHeldOut { version: String },
}

/// Samples whose labels are known.
pub struct Labelled {
    /// `val`, `noisy_val`, or the folder of images.
    pub name: String,
    /// The samples.
    pub dataset: Arc<Dataset>,
    /// The class index of each; where they are not the dataset's own.
    truth: Option<Vec<usize>>,
    /// The validation digest; `None` for images that belong to no version.
    validation: Option<Digest>,
}

impl Labelled {
    /// The class index of each sample.
    pub fn truth(&self) -> Vec<usize> {
        let own = || (0..self.dataset.len()).map(|index| self.dataset.class(index).unwrap_or(0)).collect();
        self.truth.clone().unwrap_or_else(own)
    }
}

/// How right a network is on a set.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Which set.
    pub name: String,
    /// Its validation digest.
    pub validation: Option<Digest>,
    /// Samples.
    pub samples: u64,
    /// The views that were averaged.
    pub tta: Tta,
    /// Macro F1.
    pub macro_f1: f64,
    /// Macro F1 of the plain view alone.
    pub plain_macro_f1: f64,
    /// The share that was called what it is.
    pub accuracy: f64,
    /// F1 of each class, in the order of the outputs.
    pub class_f1: Vec<f64>,
    /// What was said.
    #[serde(skip)]
    pub said: Said,
    #[serde(skip)]
    confusion: Confusion,
}

/// The validation sets of the version that a network was trained on, of the fold that it did not see.
///
/// # Errors
/// When the version is not here, or holds nothing out.
pub fn validation(
    facts: &Facts,
    datasets: &Datasets,
    sources: Option<&Path>,
) -> Result<Vec<Labelled>, EvaluationError> {
    let (reference, expected) = facts.config.pinned();
    let version = datasets.resolve(&reference)?;
    let options = Options { expected: Some(expected), sources: sources.map(Path::to_owned), ..Options::default() };
    let pinned = Pinned::open(datasets, &version, options)?;
    let sets = pinned.sets();
    let fold = if let Some(Fold::One(fold)) = facts.config.fold { Some(fold) } else { None };
    let mut found = Vec::new();
    for role in [SetRole::Val, SetRole::NoisyVal] {
        let split = Split::new(role, fold);
        if sets.iter().any(|set| split.has(*set)) {
            let dataset = Arc::new(pinned.split(split)?);
            let validation = dataset.validation_digest();
            found.push(Labelled { name: role.name().into(), dataset, truth: None, validation });
        }
    }
    match found.is_empty() {
        true => Err(EvaluationError::NothingHeldOut { version: version.to_string() }),
        false => Ok(found),
    }
}

/// The images that a table ID,target names, in its order.
///
/// # Errors
/// When the table is none, or names an image or a class that there is none of.
pub fn labelled(images: &Path, labels: &Path, classes: &Classes) -> Result<Labelled, EvaluationError> {
    let table = Submission::read(labels)?.resolve(classes, "the network's classes")?;
    let ids = table.rows.iter().map(|row| row.id.clone()).collect();
    let dataset = Arc::new(Dataset::of_files(images, ids, classes.clone())?);
    let truth = Some(table.rows.iter().map(|row| row.class).collect());
    Ok(Labelled { name: images.display().to_string(), dataset, truth, validation: None })
}

/// Scores a network on a set.
///
/// # Errors
/// When an image cannot be read.
pub fn evaluate(asked: &Asked, set: &Labelled, tta: Tta) -> Result<Evaluation, LoadError> {
    let known = |mut said: Said| {
        if let Some(truth) = &set.truth {
            said.truth = truth.iter().copied().map(Some).collect();
        }
        said
    };
    let said = known(asked.said(&set.dataset, tta)?);
    let confusion = said.confusion();
    let macro_f1 = confusion.macro_f1().unwrap_or(0.0);
    let plain_macro_f1 = match tta {
        Tta::None => macro_f1,
        _ => known(asked.said(&set.dataset, Tta::None)?).confusion().macro_f1().unwrap_or(0.0),
    };
    Ok(Evaluation {
        name: set.name.clone(),
        validation: set.validation,
        samples: confusion.total(),
        tta,
        macro_f1,
        plain_macro_f1,
        accuracy: confusion.accuracy().unwrap_or(0.0),
        class_f1: (0..confusion.classes()).map(|class| confusion.class(class).f1).collect(),
        said,
        confusion,
    })
}

impl Evaluation {
    /// What the views brought, in macro F1.
    pub fn gain(&self) -> f64 {
        self.macro_f1 - self.plain_macro_f1
    }

    /// What to make of it, to stand behind the number.
    pub fn verdict(&self) -> &'static str {
        match self.gain() {
            gain if gain < 0.0 => ": it hurts, leave it out",
            gain if gain > 0.0 => "",
            _ => ": it changes nothing",
        }
    }

    /// For people.
    pub fn text(&self, classes: &Classes) -> String {
        let on = self.validation.map(|digest| format!(" on validation {}", digest.short())).unwrap_or_default();
        let mut text = format!(
            "{}{on}: macro F1 {:.4}, accuracy {:.4}, {} images",
            self.name, self.macro_f1, self.accuracy, self.samples
        );
        if self.tta != Tta::None {
            text += &format!(
                "\n  without views {:.4}, so they bring {:+.4}{}",
                self.plain_macro_f1,
                self.gain(),
                self.verdict()
            );
        }
        let rows =
            self.class_f1.iter().zip(&classes.0).map(|(f1, (_, name))| vec![format!("  {name}"), format!("{f1:.4}")]);
        text += &format!("\n{}", crate::report::align(&rows.collect::<Vec<_>>(), &[1]).join("\n"));
        let pairs = self.confusion.confused();
        let name = |class: usize| &classes.0[class].1;
        for pair in pairs.iter().take(5) {
            text += &format!("\n  {} x {} called {}", pair.count, name(pair.truth), name(pair.said));
        }
        text
    }
}

/// What was said of all sets, as one table.
///
/// # Errors
/// When a probability is none.
pub fn probabilities(classes: &Classes, all: &[&Said]) -> Result<Probabilities, ProbabilitiesError> {
    let ids = all.iter().flat_map(|said| said.ids.iter().cloned()).collect();
    let values: Vec<f32> = all.iter().flat_map(|said| said.probabilities.iter().copied()).collect();
    Probabilities::of_f32(ids, classes.clone(), &values)
}

/// Writes what was said of all sets: CSV or Parquet, by the file's ending.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, classes: &Classes, all: &[&Said]) -> Result<(), EvaluationError> {
    Ok(probabilities(classes, all)?.write(path)?)
}
