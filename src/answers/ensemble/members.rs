//! Members of an ensemble brought to one list of images and one list of classes.

use super::EnsembleError;
use crate::answers::error::some;
use crate::answers::submission::Sample;
use crate::answers::{Answers, Naming, Table};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// What models say of the same images.
#[derive(Clone, PartialEq, Debug)]
pub struct Members {
    /// How each is called: its file's name without the ending or, where two would be called alike, its path.
    pub names: Vec<String>,
    /// Their files.
    pub paths: Vec<PathBuf>,
    /// The classes.
    pub naming: Naming,
    /// IDs: in the order of the sample submission, else of the first member.
    pub ids: Vec<String>,
    /// Of each member, the class of each image by its place.
    pub said: Vec<Vec<usize>>,
    /// Of each member the probabilities, `[images, classes]`, every row summing to 1; `None` where it has classes alone.
    pub probabilities: Vec<Option<Vec<f64>>>,
}

impl Members {
    /// Aligns tables by ID.
    ///
    /// # Errors
    /// When they are not of the same images, or not of those that the sample submission asks for; a table that does not
    /// fit the classes.
    pub fn align(tables: &[Table], naming: &Naming, sample: Option<&Sample>) -> Result<Self, EnsembleError> {
        let answers: Vec<Answers> =
            tables.iter().map(|table| table.resolve(&naming.classes, &naming.named)).collect::<Result<_, _>>()?;
        let lists = answers.iter().map(|one| (one.path.as_path(), one.ids.as_slice()));
        let lists: Vec<(&Path, &[String])> =
            sample.map(|one| (one.path(), one.ids())).into_iter().chain(lists).collect();
        same_images(&lists)?;
        let ids = lists[0].1.to_vec();
        if ids.is_empty() {
            return Err(EnsembleError::Empty { path: lists[0].0.to_owned() });
        }
        let classes = naming.classes.0.len();
        let (mut said, mut probabilities) = (Vec::new(), Vec::new());
        for one in &answers {
            let places: HashMap<&str, usize> = one.ids.iter().map(String::as_str).zip(0..).collect();
            let rows: Vec<usize> = ids.iter().map(|id| places[id.as_str()]).collect();
            said.push(rows.iter().map(|row| one.said[*row]).collect());
            probabilities.push(one.probabilities.as_ref().map(|table| {
                let mut values = Vec::with_capacity(rows.len() * classes);
                for row in rows.iter().map(|row| table.row(*row)) {
                    let sum: f64 = row.iter().sum();
                    values.extend(row.iter().map(|value| value / sum));
                }
                values
            }));
        }
        let paths: Vec<PathBuf> = answers.iter().map(|one| one.path.clone()).collect();
        Ok(Self { names: names(&paths), paths, naming: naming.clone(), ids, said, probabilities })
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.naming.classes.0.len()
    }

    /// The probabilities of all members.
    ///
    /// # Errors
    /// With the first member that has classes alone.
    pub fn all_probabilities(&self) -> Result<Vec<&[f64]>, EnsembleError> {
        let all =
            self.probabilities.iter().zip(&self.paths).map(|(values, path)| {
                values.as_deref().ok_or_else(|| EnsembleError::ClassesAlone { path: path.clone() })
            });
        all.collect()
    }
}

/// Of files: their names without the ending, or paths where two would be called alike.
pub(super) fn names(paths: &[PathBuf]) -> Vec<String> {
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    paths.iter().for_each(|path| *count.entry(stem(path)).or_default() += 1);
    paths.iter().map(|path| if count[&stem(path)] == 1 { stem(path) } else { path.display().to_string() }).collect()
}

/// Every list has the IDs of the first, and no others.
fn same_images(lists: &[(&Path, &[String])]) -> Result<(), EnsembleError> {
    let (first, others) = lists.split_first().expect("BUG: an ensemble of nothing");
    let mut apart = Vec::new();
    for other in others {
        for ((path, ids), (lacking, there)) in [(first, other), (other, first)] {
            let there: HashSet<&str> = there.iter().map(String::as_str).collect();
            let missing: Vec<&String> = ids.iter().filter(|id| !there.contains(id.as_str())).collect();
            if !missing.is_empty() {
                let (path, lacking) = (path.display(), lacking.display());
                apart.push(format!("{path} has {} that {lacking} has not: {}", missing.len(), some(&missing)));
            }
        }
    }
    if apart.is_empty() { Ok(()) } else { Err(EnsembleError::Apart { lists: apart }) }
}
