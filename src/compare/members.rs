//! Submissions brought to one list of images and one list of classes.

use super::CompareError;
use crate::source::{Classes, Predictions, Submission, classes_of, spelling};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// Submissions of the same images, row by row.
#[derive(Clone, Debug)]
pub struct Members {
    /// How each is called: its file's name without the ending or, where two would be called alike, its path.
    pub names: Vec<String>,
    /// Their tables.
    pub paths: Vec<PathBuf>,
    /// The classes that they and the labels name.
    pub classes: Classes,
    /// IDs, sorted.
    pub ids: Vec<String>,
    /// Of each image what each member says, by its place in the classes.
    pub votes: Vec<Vec<usize>>,
    /// Of each image how sure each member is of what it says; `None` where not all of them say that.
    pub sure: Option<Vec<Vec<f64>>>,
    /// What each image is, where that is known; `None` without labels.
    pub truth: Option<Vec<Option<usize>>>,
}

impl Members {
    /// Aligns submissions by ID. `classes` are those of a table, with its name for messages; without it they are those that
    /// the submissions and `labels` name. Labels may be of fewer images, or of more.
    ///
    /// # Errors
    /// When the submissions are not of the same images, some name classes by number and some by name with no table to say
    /// which is which, a target is no class, or no image has a label.
    pub fn align(
        submissions: &[Submission],
        labels: Option<&Submission>,
        classes: Option<(Classes, String)>,
    ) -> Result<Self, CompareError> {
        let all = || submissions.iter().chain(labels);
        let (classes, named) = match classes {
            Some(classes) => classes,
            None => {
                spelling(all().map(|one| (one.path(), one.class_texts())))?;
                (classes_of(all()), "the tables".to_owned())
            }
        };
        same_images(submissions)?;
        let mut tables = Vec::new();
        for submission in submissions {
            let predictions = submission.resolve(&classes, &named)?;
            let places = by_id(&predictions);
            tables.push((predictions, places));
        }
        let ids: BTreeSet<&str> = submissions.iter().flat_map(|one| one.ids().map(|(id, _)| id)).collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let row = |(predictions, places): &(Predictions, HashMap<String, usize>), id: &String| {
            let place = places[id.as_str()];
            let class = predictions.rows[place].class;
            (class, predictions.probabilities(place).map(|all| all[class]))
        };
        let (mut votes, mut sure) = (Vec::new(), Some(Vec::new()));
        for id in &ids {
            let (said, confidences): (Vec<usize>, Vec<Option<f64>>) = tables.iter().map(|table| row(table, id)).unzip();
            votes.push(said);
            let confidences: Option<Vec<f64>> = confidences.into_iter().collect();
            sure = sure.zip(confidences).map(|(mut sure, one)| {
                sure.push(one);
                sure
            });
        }
        let truth = match labels {
            None => None,
            Some(labels) => {
                let known = labels.resolve(&classes, &named)?;
                let places = by_id(&known);
                let truth = ids.iter().map(|id| places.get(id.as_str()).map(|place| known.rows[*place].class));
                let truth: Vec<Option<usize>> = truth.collect();
                if truth.iter().all(Option::is_none) {
                    let (labels, submissions) = (labels.path().to_owned(), submissions[0].path().to_owned());
                    let first = known.rows.first().map(|row| row.id.clone()).unwrap_or_default();
                    return Err(CompareError::NoLabel { labels, submissions, first });
                }
                Some(truth)
            }
        };
        let paths = submissions.iter().map(|one| one.path().to_owned()).collect();
        Ok(Self { names: names(submissions), paths, classes, ids, votes, sure, truth })
    }

    /// The name of a class by its place.
    pub fn class(&self, place: usize) -> &str {
        &self.classes.0[place].1
    }
}

fn by_id(predictions: &Predictions) -> HashMap<String, usize> {
    predictions.rows.iter().enumerate().map(|(place, row)| (row.id.clone(), place)).collect()
}

fn names(submissions: &[Submission]) -> Vec<String> {
    let stem =
        |one: &Submission| one.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    submissions.iter().for_each(|one| *count.entry(stem(one)).or_default() += 1);
    let name = |one: &Submission| if count[&stem(one)] == 1 { stem(one) } else { one.path().display().to_string() };
    submissions.iter().map(name).collect()
}

/// IDs of a list that an error names.
const SHOWN: usize = 5;

fn same_images(submissions: &[Submission]) -> Result<(), CompareError> {
    let first: BTreeSet<&str> = submissions[0].ids().map(|(id, _)| id).collect();
    if first.is_empty() {
        return Err(CompareError::Empty { path: submissions[0].path().to_owned() });
    }
    let mut apart = Vec::new();
    for other in &submissions[1..] {
        let ids: BTreeSet<&str> = other.ids().map(|(id, _)| id).collect();
        for (one, two, missing) in
            [(&submissions[0], other, first.difference(&ids)), (other, &submissions[0], ids.difference(&first))]
        {
            let missing: Vec<&&str> = missing.collect();
            if !missing.is_empty() {
                let shown: Vec<&str> = missing.iter().take(SHOWN).map(|id| **id).collect();
                let more = if missing.len() > SHOWN { ", …" } else { "" };
                apart.push(format!(
                    "{} has {} that {} has not: {}{more}",
                    one.path().display(),
                    missing.len(),
                    two.path().display(),
                    shown.join(", ")
                ));
            }
        }
    }
    if apart.is_empty() { Ok(()) } else { Err(CompareError::Apart { lists: apart }) }
}
