//! A file of answers from any trainer, and what it says once it is known which classes there are.
//!
//! CSV (read by [`Submission`]), Parquet, `.npz` and `.npy` are told apart by their first bytes, whatever a file is called.
//! Rows that were rounded are divided by their sum; everything else that is odd is an error.

use super::AnswersError;
use super::error::some;
use super::npz::{Meaning, read_npy, read_npz};
use super::parquet;
use super::probabilities::{Probabilities, SUM_TOLERANCE};
use crate::fs;
use crate::source::{Classes, Submission, class_number, classes_named, classes_table, spelling};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How pandas heads an index that it puts into a Parquet table.
pub(super) const PANDAS_INDEX: &str = "__index_level_";

/// What a file does not say of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reading<'a> {
    /// The IDs of rows that have none, in order: those of the sample submission.
    pub ids: Option<&'a [String]>,
    /// Whether numbers that are not called probabilities are logits (`--logits`): those of Parquet columns and `.npy`.
    pub logits: bool,
}

/// A file of answers as it stands, its classes still texts.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    path: PathBuf,
    body: Body,
    nameless: bool,
}

#[derive(Clone, PartialEq, Debug)]
enum Body {
    Text(Submission),
    Cells(Vec<String>, Cells),
}

/// Numbers as they stand in a file.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Cells {
    pub rows: usize,
    pub targets: Option<Vec<String>>,
    pub columns: Columns,
    /// Row by row.
    pub values: Vec<f64>,
    pub meaning: Meaning,
    /// Whether they have no more than 32 bits.
    pub single: bool,
}

/// What the columns of numbers are called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Columns {
    Named(Vec<String>),
    /// So many, in the order of the classes.
    Nameless(usize),
}

/// What a file says of images.
#[derive(Clone, PartialEq, Debug)]
pub struct Answers {
    /// The file.
    pub path: PathBuf,
    /// In the file's order; every ID once.
    pub ids: Vec<String>,
    /// The class of each, by its place in the list of classes: the target, else the largest probability, of equal ones the
    /// first.
    pub said: Vec<usize>,
    /// Probabilities of all classes, in the order of `ids`; `None` where the file has classes alone.
    pub probabilities: Option<Probabilities>,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no such table, or names no images.
    pub fn read(path: &Path, reading: Reading<'_>) -> Result<Self, AnswersError> {
        let mut magic = Vec::new();
        fs::open(path)?.take(6).read_to_end(&mut magic).map_err(fs::on("read", path))?;
        let meaning = if reading.logits { Meaning::Logits } else { Meaning::Probabilities };
        let (ids, cells) = if magic.starts_with(b"PAR1") {
            let (ids, cells) = parquet::read(path, meaning)?;
            (Some(ids), cells)
        } else if magic.starts_with(b"PK\x03\x04") || magic.starts_with(b"PK\x05\x06") {
            read_npz(path, &fs::read(path)?, meaning)?
        } else if magic.starts_with(b"\x93NUMPY") {
            (None, read_npy(path, "values", &fs::read(path)?, None, meaning)?)
        } else {
            let body = Body::Text(Submission::read(path)?);
            return Ok(Self { path: path.to_owned(), body, nameless: false });
        };
        let nameless = ids.is_none();
        let ids = match ids.or_else(|| reading.ids.map(<[String]>::to_vec)) {
            None => return Err(AnswersError::Nameless { path: path.to_owned() }),
            Some(ids) if ids.len() != cells.rows => {
                return Err(AnswersError::Rows { path: path.to_owned(), rows: cells.rows, ids: ids.len() });
            }
            Some(ids) => ids.into_iter().map(|id| id.trim().to_owned()).collect(),
        };
        Ok(Self { path: path.to_owned(), body: Body::Cells(ids, cells), nameless })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it has no IDs of its own, and was given those of another.
    pub fn is_nameless(&self) -> bool {
        self.nameless
    }

    /// IDs, in the file's order.
    pub fn ids(&self) -> Vec<&str> {
        match &self.body {
            Body::Text(submission) => submission.ids().map(|(id, _)| id).collect(),
            Body::Cells(ids, _) => ids.iter().map(String::as_str).collect(),
        }
    }

    /// All texts that stand for a class; columns without names are numbered from 0.
    pub fn class_texts(&self) -> BTreeSet<String> {
        match &self.body {
            Body::Text(submission) => submission.class_texts().into_iter().map(str::to_owned).collect(),
            Body::Cells(_, Cells { targets: Some(targets), .. }) => targets.iter().cloned().collect(),
            Body::Cells(_, Cells { columns: Columns::Named(names), .. }) => names.iter().cloned().collect(),
            Body::Cells(_, Cells { columns: Columns::Nameless(count), .. }) => {
                (0..*count).map(|number| number.to_string()).collect()
            }
        }
    }

    /// What the file says of these classes; `named` says whose they are, for messages. A class that has no column has the
    /// probability 0.
    ///
    /// # Errors
    /// When a target or column is no class, and where numbers are no probabilities.
    pub fn resolve(&self, classes: &Classes, named: &str) -> Result<Answers, AnswersError> {
        match &self.body {
            Body::Text(submission) => self.resolve_text(submission, classes, named),
            Body::Cells(ids, cells) => self.resolve_cells(ids, cells, classes, named),
        }
    }

    fn resolve_text(&self, submission: &Submission, classes: &Classes, named: &str) -> Result<Answers, AnswersError> {
        let predictions = submission.resolve(classes, named)?;
        let (mut ids, mut said, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (place, row) in predictions.rows.iter().enumerate() {
            ids.push(row.id.clone());
            said.push(row.class);
            let Some(all) = predictions.probabilities(place) else { continue };
            let sum: f64 = all.iter().sum();
            let rounded = (sum - 1.0).abs() > SUM_TOLERANCE;
            values.extend(all.iter().map(|value| if rounded { value / sum } else { *value }));
        }
        let probabilities = match values.is_empty() {
            true => None,
            false => Some(self.checked(Probabilities::new(ids.clone(), classes.clone(), values))?),
        };
        Ok(Answers { path: self.path.clone(), ids, said, probabilities })
    }

    fn checked<T>(&self, made: Result<T, super::ProbabilitiesError>) -> Result<T, AnswersError> {
        made.map_err(|source| AnswersError::Probabilities { path: self.path.clone(), source })
    }

    fn resolve_cells(
        &self,
        ids: &[String],
        cells: &Cells,
        classes: &Classes,
        named: &str,
    ) -> Result<Answers, AnswersError> {
        let said = match &cells.targets {
            Some(targets) => Some(self.places(targets, classes, named)?),
            None => None,
        };
        let columns = match &cells.columns {
            Columns::Named(names) => match self.places(names, classes, named) {
                // Beside a target, columns that are no classes are notes.
                Err(_) if said.is_some() => Vec::new(),
                found => found?,
            },
            Columns::Nameless(count) if *count == classes.0.len() => (0..*count).collect(),
            Columns::Nameless(columns) => {
                let (path, named) = (self.path.clone(), named.to_owned());
                return Err(AnswersError::Width { path, columns: *columns, classes: classes.0.len(), named });
            }
        };
        let distinct: BTreeSet<usize> = columns.iter().copied().collect();
        if distinct.len() < columns.len() {
            let twice = columns.iter().enumerate().find(|(at, place)| columns[..*at].contains(place));
            let class = twice.map(|(_, place)| classes.0[*place].1.clone()).unwrap_or_default();
            return Err(AnswersError::TwiceAClass { path: self.path.clone(), class });
        }
        if columns.is_empty() {
            // Checks IDs too.
            let one = Classes(vec![(0, String::new())]);
            self.checked(Probabilities::new(ids.to_vec(), one, vec![1.0; ids.len()]))?;
            let said = said.unwrap_or_default();
            return Ok(Answers { path: self.path.clone(), ids: ids.to_vec(), said, probabilities: None });
        }
        // First of the columns alone: a class without one has no logit.
        let own = Classes(columns.iter().map(|place| classes.0[*place].clone()).collect());
        let own = match cells.meaning {
            Meaning::Probabilities => Probabilities::new(ids.to_vec(), own, cells.values.clone()),
            Meaning::Logits => Probabilities::of_logits(ids.to_vec(), own, cells.values.clone()),
        };
        let own = self.checked(own)?;
        let mut values = vec![0.0; ids.len() * classes.0.len()];
        for (place, row) in values.chunks_exact_mut(classes.0.len()).enumerate() {
            columns.iter().zip(own.row(place)).for_each(|(class, value)| row[*class] = *value);
        }
        let probabilities = match cells.single && cells.meaning == Meaning::Probabilities {
            true => {
                let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
                Probabilities::of_f32(ids.to_vec(), classes.clone(), &values)
            }
            false => Probabilities::new(ids.to_vec(), classes.clone(), values),
        };
        let probabilities = self.checked(probabilities)?;
        let said = said.unwrap_or_else(|| (0..ids.len()).map(|place| probabilities.best(place)).collect());
        Ok(Answers { path: self.path.clone(), ids: ids.to_vec(), said, probabilities: Some(probabilities) })
    }

    /// The place of the class that each text names: all by number, if all are class numbers, else all by name.
    fn places(&self, texts: &[String], classes: &Classes, named: &str) -> Result<Vec<usize>, AnswersError> {
        let by_number: BTreeMap<u32, usize> =
            classes.0.iter().zip(0..).map(|((number, _), at)| (*number, at)).collect();
        let by_name: BTreeMap<&str, usize> =
            classes.0.iter().zip(0..).map(|((_, name), at)| (name.as_str(), at)).collect();
        let numbers: Option<Vec<usize>> =
            texts.iter().map(|text| class_number(text).and_then(|number| by_number.get(&number)).copied()).collect();
        if let Some(places) = numbers {
            return Ok(places);
        }
        let place = |text: &String| {
            by_name.get(text.as_str()).copied().ok_or_else(|| AnswersError::NoClass {
                path: self.path.clone(),
                text: text.clone(),
                named: named.to_owned(),
                nearest: classes.nearest(text).map(str::to_owned),
            })
        };
        texts.iter().map(place).collect()
    }
}

/// The classes that answers are about, and how answers name them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Naming {
    /// Numbers and names.
    pub classes: Classes,
    /// Whose they are, for messages.
    pub named: String,
    /// Whether their numbers mean anything; where tables have names alone, they are places in an alphabet.
    pub numbered: bool,
}

impl Naming {
    /// Those of a table `target,class_name`.
    ///
    /// # Errors
    /// With all that is wrong in it.
    pub fn of_table(path: &Path) -> Result<Self, AnswersError> {
        Ok(Self { classes: classes_table(path)?, named: path.display().to_string(), numbered: true })
    }

    /// Those that tables name between them: numbers where all of them are numbers, each being its own name, else names.
    ///
    /// # Errors
    /// When some tables have numbers and others names.
    pub fn between<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Result<Self, AnswersError> {
        let texts: Vec<(&Path, BTreeSet<String>)> = tables
            .into_iter()
            .map(|table| (table.path(), table.class_texts()))
            .filter(|(_, all)| !all.is_empty())
            .collect();
        let numbered = spelling(texts.iter().map(|(path, all)| (*path, all.iter().map(String::as_str).collect())))?;
        let classes = classes_named(texts.iter().flat_map(|(_, all)| all.iter().map(String::as_str)));
        let paths: Vec<String> = texts.iter().map(|(path, _)| path.display().to_string()).collect();
        Ok(Self { classes, named: some(&paths), numbered })
    }

    /// What a submission says for the class at a place: its number or, where only names are known, its name.
    pub fn target(&self, place: usize) -> String {
        let (number, name) = &self.classes.0[place];
        if self.numbered { number.to_string() } else { name.clone() }
    }
}

#[cfg(test)]
mod tests;
