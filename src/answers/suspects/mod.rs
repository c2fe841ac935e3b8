//! Labels that are probably wrong, from out-of-fold predictions: a list to look at, as lines for `fixes.csv`.
//!
//! Every image has to be predicted by a model that was not trained on it, or the model repeats the label that it was taught.
//! The list is ranked and never applied: a person looks, keeps the lines that are right, changes a target to `drop` where the
//! image is of no class, and puts their name under it.

mod confident;
mod html;
mod labels;
mod text;

pub use confident::{Case, Confident, margin};
pub use html::page;
pub use text::text;

use super::{Answers, AnswersError, Naming, Table};
use crate::opened::{OpenError, Opened};
use crate::source::Classes;
use labels::Cases;
use serde::Serialize;
use std::path::PathBuf;

/// Why there is no list.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SuspectsError {
    /// The predictions, or the labels.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Answers(#[from] AnswersError),
    /// The version.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Open(#[from] OpenError),
    /// Predictions without probabilities.
    #[error("{} has classes alone; how sure the model was decides what is suspected", path.display())]
    #[diagnostic(help("a table with a column of probabilities for each class"))]
    ClassesAlone {
        /// The table.
        path: PathBuf,
    },
    /// Labels of other images.
    #[error("none of the IDs in {} has a label in {} (the first: '{first}')", predictions.display(), labels.display())]
    NoLabel {
        /// The predictions.
        predictions: PathBuf,
        /// The labels.
        labels: PathBuf,
        /// The first ID of the predictions.
        first: String,
    },
    /// IDs of other images.
    #[error("{count} IDs in {} name no source or sample of {of}, or several: {ids}", predictions.display())]
    #[diagnostic(help("an ID is a source's path below the folder of images, or a sample's key"))]
    Unknown {
        /// The predictions.
        predictions: PathBuf,
        /// How many.
        count: usize,
        /// The first of them.
        ids: String,
        /// The version or recipe.
        of: String,
    },
}

/// Where labels come from.
#[derive(Clone, Copy, Debug)]
pub enum Labels<'a> {
    /// A table `ID,target`, with the classes; the flag says whether `meta.csv` gives them their numbers, which is how
    /// `fixes.csv` then reads a target that is one class's name and another's number.
    Table(&'a Table, &'a Naming, bool),
    /// The sources of a version or recipe.
    Opened(&'a Opened),
}

/// An image whose label is probably wrong.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Suspect {
    /// Its path below the folder of images; several where files have equal bytes.
    pub paths: Vec<String>,
    /// What it is labelled.
    pub label: String,
    /// The probability that the label was given.
    pub label_probability: f64,
    /// What it counts as.
    pub suggested: String,
    /// The probability that this was given.
    pub suggested_probability: f64,
    /// The label's probability less the largest other one: −1 to 1, the lowest are listed first.
    pub margin: f64,
    /// As `fixes.csv` names the suggested class.
    pub target: String,
}

/// A class, and how far its labels are to be trusted.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClassLabels {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub class: String,
    /// Images that are labelled so.
    pub images: u64,
    /// The mean probability that these are given for it: from here on an image counts as one. `None` of no image.
    pub threshold: Option<f64>,
    /// Those of them that are suspected.
    pub suspects: u64,
    /// How many of their labels are estimated to be wrong.
    pub estimated_wrong: f64,
}

/// All of it. `docs/answers.md` describes it as `--json` prints it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Suspects {
    /// 1; another number when fields change their meaning.
    pub format: u32,
    /// The predictions.
    pub predictions: String,
    /// The table of labels, the version or the recipe.
    pub labels: String,
    /// Images with a label and a prediction.
    pub images: u64,
    /// Predictions of images without a label.
    pub unlabelled: u64,
    /// Predictions of samples whose label is of several classes; passed over.
    pub mixed: u64,
    /// How many labels are estimated to be wrong.
    pub estimated_wrong: f64,
    /// All classes.
    pub classes: Vec<ClassLabels>,
    /// By margin, the lowest first; of equal ones by path.
    pub suspects: Vec<Suspect>,
}

/// Lists the images whose label is probably wrong.
///
/// # Errors
/// When the predictions have no probabilities, or are of other images or classes than the labels.
pub fn suspects(predictions: &Table, labels: Labels<'_>) -> Result<Suspects, SuspectsError> {
    let resolved =
        |classes: &Classes, named: &str| -> Result<Answers, AnswersError> { predictions.resolve(classes, named) };
    let (Cases { cases, unlabelled, mixed }, classes, of, numbers_first) = match labels {
        Labels::Table(table, naming, numbers_first) => {
            let answers = resolved(&naming.classes, &naming.named)?;
            let of = table.path().display().to_string();
            (labels::of_table(&answers, table, naming)?, naming.classes.clone(), of, numbers_first)
        }
        Labels::Opened(opened) => {
            let classes = opened.plan().classes();
            let answers = resolved(classes, opened.label())?;
            let source = opened.plan().recipe().source.as_ref();
            let numbers_first = source.is_some_and(|source| source.layout.numbers_classes());
            (labels::of_opened(&answers, opened)?, classes.clone(), opened.label().to_owned(), numbers_first)
        }
    };
    let confident = Confident::of(&cases, classes.0.len());
    let estimated = confident.estimated_wrong(&cases);
    let suspect = |(place, class): &(usize, usize)| {
        let case = &cases[*place];
        Suspect {
            paths: case.paths.clone(),
            label: classes.0[case.label].1.clone(),
            label_probability: case.given[case.label],
            suggested: classes.0[*class].1.clone(),
            suggested_probability: case.given[*class],
            margin: margin(&case.given, case.label),
            target: target(&classes, *class, numbers_first),
        }
    };
    let mut suspects: Vec<Suspect> = confident.apart.iter().map(suspect).collect();
    suspects.sort_by(|a, b| a.margin.total_cmp(&b.margin).then_with(|| a.paths.cmp(&b.paths)));
    let class = |(place, (number, name)): (usize, &(u32, String))| ClassLabels {
        number: *number,
        class: name.clone(),
        images: cases.iter().filter(|case| case.label == place).count() as u64,
        threshold: confident.thresholds[place],
        suspects: confident.apart.iter().filter(|(at, _)| cases[*at].label == place).count() as u64,
        estimated_wrong: estimated[place],
    };
    Ok(Suspects {
        format: 1,
        predictions: predictions.path().display().to_string(),
        labels: of,
        images: cases.len() as u64,
        unlabelled,
        mixed,
        estimated_wrong: estimated.iter().sum(),
        classes: classes.0.iter().enumerate().map(class).collect(),
        suspects,
    })
}

/// A class as `fixes.csv` reads it: its name, or its number where the name would mean `drop` or another class.
fn target(classes: &Classes, place: usize, numbers_first: bool) -> String {
    let (number, name) = &classes.0[place];
    let other = name.parse::<u32>().is_ok_and(|named| named != *number && classes.name(named).is_some());
    match name == "drop" || (numbers_first && other) {
        true => number.to_string(),
        false => name.clone(),
    }
}

impl Suspects {
    /// The first `most` suspects as a table `ID,target,by,why`, a line for each path: what `fixes.csv` is made of.
    pub fn fixes(&self, most: usize, by: &str) -> Vec<u8> {
        const MEMORY: &str = "BUG: memory that cannot be written";
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["ID", "target", "by", "why"]).expect(MEMORY);
        for one in self.suspects.iter().take(most) {
            let why = format!(
                "out of fold {} {:.2}, labelled {} {:.2}",
                one.suggested, one.suggested_probability, one.label, one.label_probability
            );
            for path in &one.paths {
                writer.write_record([path, &one.target, by, &why]).expect(MEMORY);
            }
        }
        writer.into_inner().expect(MEMORY)
    }
}

#[cfg(test)]
mod tests;
