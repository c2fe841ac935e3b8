//! One answer of several models', from whichever trainers: the mean, the vote, the geometric mean, a weighted mean, or
//! a pool whose weights are fitted.
//!
//! Members are aligned by ID; one that lacks an image is an error, not a smaller ensemble. Weights are given, or fitted on
//! out-of-fold predictions, never on the images that are answered: a table that shares an ID with them is refused.

mod combine;
mod fit;
mod members;
mod newton;
mod text;

pub use combine::{Combined, FLOOR, Method, combine, shares};
pub use fit::{Against, FOLDS, Fit, HeldOut, fit};
pub use members::Members;
pub use text::text;

use super::error::some;
use super::submission::{Sample, SubmissionError};
use super::{AnswersError, Naming, Probabilities, ProbabilitiesError, Table};
use crate::metrics::Scores;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// Why there is no ensemble.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum EnsembleError {
    /// A member, or a table of labels.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Answers(#[from] AnswersError),
    /// The submission, or the sample of one.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Submission(#[from] SubmissionError),
    /// Not of the same images.
    #[error("the tables are not of the same images:\n  {}", lists.join("\n  "))]
    #[diagnostic(help("every member needs one row for each image, with the same ID"))]
    Apart {
        /// Which IDs are missing where.
        lists: Vec<String>,
    },
    /// A table without rows.
    #[error("{} has no row", path.display())]
    Empty {
        /// The table.
        path: PathBuf,
    },
    /// A member without probabilities.
    #[error("{} has classes alone, and this way to combine needs probabilities", path.display())]
    #[diagnostic(help("--method hard takes votes"))]
    ClassesAlone {
        /// The member.
        path: PathBuf,
    },
    /// A contest that wants numbers, and members that do not know them.
    #[error("{} has class numbers, and the members name the classes", sample.display())]
    #[diagnostic(help("say which is which with --classes meta.csv, a table target,class_name"))]
    NoNumbers {
        /// The sample submission.
        sample: PathBuf,
    },
    /// Weights that do not do.
    #[error("{weights:?} are no weights of {members} members")]
    #[diagnostic(help(
        "--weights 2,1,1: one number for each member, in their order, none negative, one of them positive"
    ))]
    Weights {
        /// As given.
        weights: Vec<f64>,
        /// How many members there are.
        members: usize,
    },
    /// Not one out-of-fold table for each member.
    #[error("{tables} out-of-fold tables for {members} members")]
    #[diagnostic(help("--fit takes one table for each member, in the order of the members"))]
    FitTables {
        /// Tables.
        tables: usize,
        /// Members.
        members: usize,
    },
    /// Fitting on what is answered.
    #[error(
        "IDs in {} that {} has too: {count} ({ids}); weights are not fitted on the images that are answered", fit.display(),
        member.display()
    )]
    #[diagnostic(help(
        "--fit takes out-of-fold predictions of the training images; if these are other images of the same names, give \
         them other IDs, e.g. with their folder"
    ))]
    Leak {
        /// The table that was to be fitted on.
        fit: PathBuf,
        /// The member.
        member: PathBuf,
        /// IDs in both.
        count: usize,
        /// The first of them.
        ids: String,
    },
    /// No label.
    #[error("none of the images of {} has a label", path.display())]
    #[diagnostic(help("--truth takes tables ID,target with the same IDs; it may be given several times"))]
    NoLabel {
        /// The table.
        path: PathBuf,
    },
    /// Two labels.
    #[error("the labels of '{id}' contradict each other: {one} and {other}")]
    Contradiction {
        /// The image.
        id: String,
        /// A class.
        one: String,
        /// Another.
        other: String,
    },
    /// Sums that came out wrong.
    #[error(transparent)]
    Probabilities(#[from] ProbabilitiesError),
}

/// How members become one answer.
#[derive(Clone, Copy, Debug)]
pub enum Way<'a> {
    /// In this way.
    Given(&'a Method),
    /// With weights that are fitted on these tables, one for each member in their order.
    Fitted(&'a [Table]),
}

/// A member, as it stands to the ensemble.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Member {
    /// How it is called.
    pub name: String,
    /// Its file.
    pub path: String,
    /// Its share of the mean, or the power of its probabilities that a fit found; `None` for a vote.
    pub weight: Option<f64>,
    /// The share of images that it calls as the ensemble does.
    pub agreement: f64,
    /// Its scores; `None` where no label is known.
    pub scores: Option<Scores>,
}

/// An ensemble. `docs/answers.md` describes it as `--json` prints it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// 1; another number when fields change their meaning.
    pub format: u32,
    /// `soft`, `hard`, `geometric`, `weighted` or `fitted`.
    pub method: &'static str,
    /// Images.
    pub images: u64,
    /// Classes.
    pub classes: u64,
    /// As they were named.
    pub members: Vec<Member>,
    /// Of the ensemble; `None` where no label is known.
    pub scores: Option<Scores>,
    /// Images that all members call alike.
    pub unanimous: u64,
    /// Images on which two classes had the most votes; `None` but for a vote.
    pub ties: Option<u64>,
    /// How the weights were fitted.
    pub fit: Option<Fit>,
    /// Members without IDs, whose rows were taken in the order of the sample submission.
    pub nameless: Vec<String>,
}

/// An ensemble and its answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Ensemble {
    /// What is printed.
    pub report: Report,
    /// The members, aligned.
    pub members: Members,
    /// What they say together.
    pub combined: Combined,
}

/// Combines tables. `labels` are of the images that are answered, or that weights are fitted on, or both; images without a
/// label are fine.
///
/// # Errors
/// When the tables do not belong together, the method does not fit them, or weights would be fitted on what is answered.
pub fn ensemble(
    tables: &[Table],
    way: Way<'_>,
    labels: &[Table],
    naming: &Naming,
    sample: Option<&Sample>,
) -> Result<Ensemble, EnsembleError> {
    if let Some(sample) = sample.filter(|sample| sample.has_numbers() && !naming.numbered) {
        return Err(EnsembleError::NoNumbers { sample: sample.path().to_owned() });
    }
    let members = Members::align(tables, naming, sample)?;
    let labels = known(labels, naming)?;
    let truth = |ids: &[String]| -> Vec<Option<usize>> { ids.iter().map(|id| labels.get(id).copied()).collect() };
    let (method, fit) = match way {
        Way::Given(method) => (method.clone(), None),
        Way::Fitted(out_of_fold) => {
            refuse_leak(tables, out_of_fold)?;
            let own = Members::align(out_of_fold, naming, None)?;
            let fit = fit(&own, &truth(&own.ids))?;
            (Method::Fitted(fit.weights.clone()), Some(fit))
        }
    };
    let combined = combine(&members, &method)?;
    let truth = truth(&members.ids);
    let scores = |said: &[usize]| {
        let pairs = truth.iter().zip(said).filter_map(|(truth, said)| Some(((*truth)?, *said)));
        Scores::of(members.classes(), &pairs.collect::<Vec<_>>())
    };
    let count = members.names.len();
    let weights = match &method {
        Method::Hard => None,
        Method::Weighted(weights) => Some(shares(weights, count)?),
        Method::Fitted(weights) => Some(weights.clone()),
        Method::Soft | Method::Geometric => Some(vec![1.0 / count as f64; count]),
    };
    let member = |at: usize| {
        let same = members.said[at].iter().zip(&combined.said).filter(|(one, all)| one == all).count();
        Member {
            name: members.names[at].clone(),
            path: members.paths[at].display().to_string(),
            weight: weights.as_ref().map(|weights| weights[at]),
            agreement: same as f64 / members.ids.len() as f64,
            scores: scores(&members.said[at]),
        }
    };
    let unanimous = |image: &usize| members.said.iter().all(|said| said[*image] == members.said[0][*image]);
    let report = Report {
        format: 1,
        method: method.name(),
        images: members.ids.len() as u64,
        classes: members.classes() as u64,
        members: (0..count).map(member).collect(),
        scores: scores(&combined.said),
        unanimous: (0..members.ids.len()).filter(unanimous).count() as u64,
        ties: (method == Method::Hard).then_some(combined.ties),
        fit,
        nameless: tables.iter().filter(|one| one.is_nameless()).map(|one| one.path().display().to_string()).collect(),
    };
    Ok(Ensemble { report, members, combined })
}

impl Ensemble {
    /// ID and target of each image, as a submission has them: the class's number, or its name where the sample submission
    /// has names or no number is known.
    pub fn rows(&self, sample: Option<&Sample>) -> Vec<(String, String)> {
        let Naming { classes, numbered, .. } = &self.members.naming;
        let numbers = sample.map_or(*numbered, Sample::has_numbers);
        let target = |class: &usize| match (&classes.0[*class], numbers) {
            ((number, _), true) => number.to_string(),
            ((_, name), false) => name.clone(),
        };
        self.members.ids.iter().cloned().zip(self.combined.said.iter().map(target)).collect()
    }

    /// The ensemble's probabilities; of a vote, the shares of votes.
    ///
    /// # Errors
    /// When sums came out wrong.
    pub fn probabilities(&self) -> Result<Probabilities, EnsembleError> {
        let classes = self.members.naming.classes.clone();
        Ok(Probabilities::new(self.members.ids.clone(), classes, self.combined.probabilities.clone())?)
    }
}

/// The class of each image that has a label.
fn known(labels: &[Table], naming: &Naming) -> Result<HashMap<String, usize>, EnsembleError> {
    let mut known: HashMap<String, usize> = HashMap::new();
    for table in labels {
        let answers = table.resolve(&naming.classes, &naming.named)?;
        for (id, class) in answers.ids.into_iter().zip(answers.said) {
            if let Some(other) = known.insert(id.clone(), class).filter(|other| *other != class) {
                let (one, other) = (naming.target(other), naming.target(class));
                return Err(EnsembleError::Contradiction { id, one, other });
            }
        }
    }
    Ok(known)
}

/// Weights that are fitted on the images that they answer are not weights of out-of-fold predictions.
fn refuse_leak(tables: &[Table], out_of_fold: &[Table]) -> Result<(), EnsembleError> {
    if tables.len() != out_of_fold.len() {
        return Err(EnsembleError::FitTables { tables: out_of_fold.len(), members: tables.len() });
    }
    for member in tables {
        let answered: HashSet<&str> = member.ids().into_iter().collect();
        for fit in out_of_fold {
            let shared: Vec<&str> = fit.ids().into_iter().filter(|id| answered.contains(id)).collect();
            if !shared.is_empty() {
                return Err(EnsembleError::Leak {
                    fit: fit.path().to_owned(),
                    member: member.path().to_owned(),
                    count: shared.len(),
                    ids: some(&shared),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
