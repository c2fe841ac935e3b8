//! What a model cannot do: predictions beside the samples that they are of, and every parameter that was drawn for them.
//!
//! From a table of predictions and a version's manifest (or plan) alone: scores by class, with each step on and off, in
//! each tenth of each parameter, and the findings that are more than chance, each in a sentence. No pixel is read, so it
//! costs a second for 100,000 predictions; [`page`] shows the worst samples with every step that made them.

mod bands;
mod columns;
mod effects;
mod findings;
mod html;
mod join;
mod text;
mod worst;

pub use effects::{Band, ParameterEffect, Score, StepEffect, WordEffect, WordScore};
pub use findings::Finding;
pub use html::page;
pub use join::{Case, Coverage, Truth, Which};
pub use text::{Detail, text};
pub use worst::Worst;

use crate::manifest::{Key, ManifestError};
use crate::metrics::{ClassScore, Clusters, Confusion, Interval};
use crate::opened::Opened;
use crate::set::Set;
use crate::source::{Predictions, SourceError};
use effects::Effects;
use join::{Joined, join};
use serde::Serialize;
use std::collections::BTreeMap;

/// Why predictions could not be joined to a version.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ErrorsError {
    /// The table of predictions.
    #[error(transparent)]
    Predictions(#[from] SourceError),
    /// The manifest.
    #[error(transparent)]
    #[diagnostic(help("the store is a cache: `augmint restore` makes it again"))]
    Manifest(#[from] ManifestError),
    /// A set that the version does not have.
    #[error("{of} has no split '{name}'; it has {sets}")]
    NoSplit {
        /// The version or recipe.
        of: String,
        /// As asked for.
        name: String,
        /// Those that it has.
        sets: String,
    },
    /// A set of which nothing was predicted.
    #[error("no prediction is of a sample of '{name}'; they cover {covered}")]
    #[diagnostic(help("leave --split out to look at all that was predicted"))]
    NotCovered {
        /// As asked for.
        name: String,
        /// Those that are covered.
        covered: String,
    },
    /// A sample of a class or source that the version does not have.
    #[error("sample {key} is of a class or source that the record of {of} does not name")]
    #[diagnostic(help("record, source list and manifest do not belong together: `augmint verify` says more"))]
    Unlisted {
        /// The sample.
        key: Key,
        /// The version.
        of: String,
    },
}

/// What is asked of predictions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Which samples.
    pub which: Which,
    /// What they are.
    pub truth: Truth,
    /// How many of the worst are listed.
    pub worst: usize,
}

/// A score of all samples, or of a set, with how far it may be trusted: intervals are of 95 %, documents counted, not
/// samples.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Overall {
    /// Samples.
    pub samples: u64,
    /// Those called something else.
    pub wrong: u64,
    /// Documents that the samples come from.
    pub documents: u64,
    /// The share called what they are.
    pub accuracy: f64,
    /// Of accuracy.
    pub accuracy_interval: Interval,
    /// The mean of the classes' F1 ([`Confusion::macro_f1`]).
    pub macro_f1: f64,
    /// Of macro F1, linearised.
    pub macro_f1_interval: Interval,
}

/// A set that was predicted, in whole or in part.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SetScore {
    /// How much of it.
    #[serde(flatten)]
    pub coverage: Coverage,
    /// How well.
    pub score: Overall,
}

/// A class and what is mostly said instead of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClassReport {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub class: String,
    /// Its scores.
    #[serde(flatten)]
    pub score: ClassScore,
    /// The other class that it is called most often, and how often.
    pub mostly: Option<(String, u64)>,
}

/// A class that was called another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ConfusedPair {
    /// What it is.
    pub truth: String,
    /// What it was called.
    pub said: String,
    /// How often.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

/// All that predictions show. `docs/errors.md` describes it as `--json` prints it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Errors {
    /// 1; another number when fields change their meaning.
    pub format: u32,
    /// The version or recipe.
    pub of: String,
    /// `sha256:…`; `None` for a recipe.
    pub digest: Option<String>,
    /// The table of predictions.
    pub predictions: String,
    /// Whether it has probabilities.
    pub probabilities: bool,
    /// What counts as a sample's class.
    pub truth: Truth,
    /// Rows of samples that were not asked for.
    pub passed_over: u64,
    /// Of all samples.
    pub overall: Overall,
    /// Of each set.
    pub sets: Vec<SetScore>,
    /// Classes that are present, by number.
    pub classes: Vec<ClassReport>,
    /// Comparisons that were made: a finding is one that chance would give once in 20 times *this many*.
    pub comparisons: u64,
    /// What is more than chance, the surest and largest first.
    pub findings: Vec<Finding>,
    /// Each step on and off.
    pub steps: Vec<StepEffect>,
    /// Each number by tenths.
    pub parameters: Vec<ParameterEffect>,
    /// Each word.
    pub words: Vec<WordEffect>,
    /// The most frequent first.
    pub confused: Vec<ConfusedPair>,
    /// The worst samples.
    pub worst: Vec<Worst>,
    /// Of the classes in `classes`, in that order.
    #[serde(skip)]
    pub confusion: Vec<Vec<u64>>,
}

/// Judges predictions of samples of a version, or of a recipe that is not built.
///
/// # Errors
/// When predictions and samples do not belong together, or the manifest cannot be read.
pub fn errors(opened: &Opened, predictions: &Predictions, question: &Question) -> Result<Errors, ErrorsError> {
    let joined = join(opened, predictions, &question.which, question.truth)?;
    let classes = &opened.plan().classes().0;
    let all: Vec<u32> = (0..joined.cases.len() as u32).collect();
    let confusion = joined.confusion(classes.len(), &all);
    let name = |class: usize| classes[class].1.clone();
    let present: Vec<usize> = confusion.present().collect();
    let confused = confusion.confused();
    let class = |class: usize| ClassReport {
        number: classes[class].0,
        class: name(class),
        score: confusion.class(class),
        mostly: confused.iter().find(|one| one.truth == class).map(|one| (name(one.said), one.count)),
    };
    let pair = |one: &crate::metrics::Confused| ConfusedPair {
        truth: name(one.truth),
        said: name(one.said),
        count: one.count,
        of: confusion.class(one.truth).samples,
    };
    let mut by_set: BTreeMap<Set, Vec<u32>> = BTreeMap::new();
    for (case, place) in joined.cases.iter().zip(0..) {
        by_set.entry(case.set).or_default().push(place);
    }
    let sets = joined.coverage.iter().map(|coverage| SetScore {
        coverage: coverage.clone(),
        score: joined.overall(classes.len(), &by_set[&coverage.set]),
    });
    let Effects { steps, parameters, words, comparisons, findings } = Effects::of(&joined, classes.len());
    Ok(Errors {
        format: 1,
        of: opened.label().to_owned(),
        digest: opened.digest().map(|digest| digest.to_string()),
        predictions: predictions.path.display().to_string(),
        probabilities: predictions.probabilities(0).is_some(),
        truth: question.truth,
        passed_over: joined.passed_over,
        overall: joined.overall(classes.len(), &all),
        sets: sets.collect(),
        classes: present.iter().map(|one| class(*one)).collect(),
        comparisons,
        findings,
        steps,
        parameters,
        words,
        confused: confused.iter().map(pair).collect(),
        worst: worst::worst(opened, predictions, &joined, &confused, question.worst),
        confusion: (present.iter())
            .map(|truth| present.iter().map(|said| confusion.count(*truth, *said)).collect())
            .collect(),
    })
}

impl Joined {
    /// Counts some of the cases.
    fn confusion(&self, classes: usize, cases: &[u32]) -> Confusion {
        let pair = |case: &u32| {
            let judged = self.cases[*case as usize].judged;
            (judged.truth as usize, judged.said as usize)
        };
        Confusion::of(classes, cases.iter().map(pair))
    }

    fn overall(&self, classes: usize, cases: &[u32]) -> Overall {
        let confusion = self.confusion(classes, cases);
        let samples = confusion.total();
        let (accuracy, macro_f1) = (confusion.accuracy().unwrap_or(0.0), confusion.macro_f1().unwrap_or(0.0));
        let gradient = confusion.macro_f1_gradient();
        // The mean of the gradient is 0: F1 is one of shares, whatever they sum to.
        let (mut right, mut f1) = (Clusters::new(self.clusters), Clusters::new(self.clusters));
        for case in cases {
            let judged = self.cases[*case as usize].judged;
            let hit = f64::from(u8::from(judged.right()));
            right.add(judged.cluster, (hit - accuracy) / samples as f64);
            let cell = judged.truth as usize * classes + judged.said as usize;
            f1.add(judged.cluster, gradient[cell] / samples as f64);
        }
        let documents = right.count();
        Overall {
            samples,
            wrong: samples - confusion.right(),
            documents,
            accuracy,
            accuracy_interval: Interval::with_error(accuracy, right.error(), samples, documents),
            macro_f1,
            macro_f1_interval: Interval::with_error(macro_f1, f1.error(), samples, documents),
        }
    }
}
