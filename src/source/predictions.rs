//! What a model said: a contest's submission, or probabilities, from any trainer.
//!
//! A CSV table with a header line. One column, `ID` or `key`, names the image; a column `target` names its class, by number or
//! by name; or each class has a column, headed by its number or name, with the probability of it. Columns stand in any
//! order. [`Submission`] is the table as it stands; [`Submission::resolve`] makes [`Predictions`] of it, once it is known
//! which classes there are. What is wrong is one error with every line of it; nothing is guessed.

use super::Classes;
use super::error::SourceError;
use super::problem::{Problem, TableError};
use super::spelling::{class_number, classes_named};
use super::table::Table;
use super::tables::{HINTS, nearest_class, read_classes};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// A table of predictions, its classes still texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Submission {
    path: PathBuf,
    rows: Vec<Raw>,
    /// Headings of the columns that may be classes' probabilities.
    columns: Vec<String>,
    has_target: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Raw {
    line: u64,
    id: String,
    target: String,
    /// One for each of the columns.
    cells: Vec<String>,
}

/// What a model said of one image.
#[derive(Clone, PartialEq, Debug)]
pub struct Predicted {
    /// In the table, from 1.
    pub line: u64,
    /// As it stands in the table.
    pub id: String,
    /// The class, by its place in the list of classes. Of probabilities the largest, of equal ones the first class.
    pub class: usize,
}

/// What a model said of some images.
#[derive(Clone, PartialEq, Debug)]
pub struct Predictions {
    /// The table.
    pub path: PathBuf,
    /// In the table's order; every ID once.
    pub rows: Vec<Predicted>,
    /// How many classes there are.
    classes: usize,
    /// Row by row, the probability of each class; empty where the table has none.
    probabilities: Vec<f64>,
}

impl Predictions {
    /// The probability of each class, 0 to 1, for a row by its place; `None` where the table has only classes.
    pub fn probabilities(&self, row: usize) -> Option<&[f64]> {
        self.probabilities.get(row * self.classes..(row + 1) * self.classes).filter(|all| !all.is_empty())
    }
}

impl Submission {
    /// Reads a table.
    ///
    /// # Errors
    /// When it is no table, or has no column that names images or none that names classes; an ID that is empty or stands
    /// twice.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let mut problems = Vec::new();
        let submission = Table::read(path, &mut problems).and_then(|table| Self::of(&table, &mut problems));
        match submission {
            Some(submission) if problems.is_empty() => Ok(submission),
            _ => Err(failed(problems)),
        }
    }

    fn of(table: &Table, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let id = table.column("key", problems).or_else(|| table.column("ID", problems));
        let target = table.column("target", problems);
        let mut twice = BTreeSet::new();
        for (place, name) in table.header.iter().enumerate() {
            // What pandas heads its row numbers with is nothing.
            if table.header[..place].contains(name) && !name.is_empty() && twice.insert(name) {
                problems.push(table.header_problem(TableError::TwiceAColumn(name.clone())));
            }
        }
        let others: Vec<usize> = (0..table.header.len())
            .filter(|place| Some(*place) != target && !["", "ID", "key"].contains(&table.header[*place].as_str()))
            .collect();
        let missing = |column: &str| TableError::MissingColumn {
            column: column.into(),
            expected: "ID,target (or key,target), or ID and one column of probabilities for each class".into(),
            found: table.header.join(","),
        };
        if problems.len() == before && id.is_none() {
            problems.push(table.header_problem(missing("ID")));
        } else if problems.len() == before && target.is_none() && others.is_empty() {
            problems.push(table.header_problem(missing("target")));
        }
        let id = id.filter(|_| problems.len() == before)?;
        let rows: Vec<Raw> = (table.rows(problems))
            .map(|(line, record)| {
                let cell = |place: usize| record[place].trim().to_owned();
                let cells = others.iter().map(|place| cell(*place)).collect();
                Raw { line, id: cell(id), target: target.map(cell).unwrap_or_default(), cells }
            })
            .collect();
        let mut seen: HashMap<&str, u64> = HashMap::new();
        let mut problem = |line, error| problems.push(Problem { table: table.path.clone(), line: Some(line), error });
        for row in &rows {
            if row.id.is_empty() {
                problem(row.line, TableError::EmptyCell(table.header[id].clone()));
            } else if let Some(first) = seen.insert(&row.id, row.line) {
                problem(row.line, TableError::DuplicateId { id: row.id.clone(), first });
                seen.insert(&row.id, first);
            }
            if target.is_some() && row.target.is_empty() {
                problem(row.line, TableError::EmptyCell("target".into()));
            }
        }
        let columns = others.iter().map(|place| table.header[*place].clone()).collect();
        Some(Self { path: table.path.clone(), rows, columns, has_target: target.is_some() })
    }

    /// The table.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The IDs as they stand in the table, in its order, with their lines.
    pub fn ids(&self) -> impl Iterator<Item = (&str, u64)> {
        self.rows.iter().map(|row| (row.id.as_str(), row.line))
    }

    /// All texts that stand for a class.
    pub fn class_texts(&self) -> BTreeSet<&str> {
        match self.has_target {
            true => self.rows.iter().map(|row| row.target.as_str()).collect(),
            false => self.columns.iter().map(String::as_str).collect(),
        }
    }

    /// Whether it names every class by its number.
    pub fn has_numbers(&self) -> bool {
        self.class_texts().into_iter().all(|text| class_number(text).is_some())
    }

    /// What the table says of these classes; `named` says whose they are, for messages. A class that has no column has the
    /// probability 0, and beside a column `target` any further columns are passed over unless each is a class's.
    ///
    /// # Errors
    /// With every target and column that is no class, and every row that has no probabilities.
    pub fn resolve(&self, classes: &Classes, named: &str) -> Result<Predictions, SourceError> {
        let mut problems = Vec::new();
        let columns = self.resolve_columns(classes, named, &mut problems);
        let targets = self.has_target.then(|| self.resolve_targets(classes, named, &mut problems));
        let mut probabilities = Vec::new();
        if let Some(columns) = columns.filter(|columns| !columns.is_empty() && problems.is_empty()) {
            probabilities.reserve(self.rows.len() * classes.0.len());
            for row in &self.rows {
                let mut all = vec![0.0; classes.0.len()];
                let read = self.row_probabilities(row, &columns, &mut all);
                problems.extend(read.err().map(|error| self.problem(row.line, error)));
                probabilities.extend(all);
            }
        }
        if !problems.is_empty() {
            return Err(failed(problems));
        }
        let largest = |row: usize| {
            let all = &probabilities[row * classes.0.len()..][..classes.0.len()];
            (0..all.len()).rev().max_by(|a, b| all[*a].total_cmp(&all[*b])).expect("BUG: columns of no class")
        };
        let said = |row: usize| targets.as_ref().map_or_else(|| largest(row), |targets| targets[row]);
        let rows = (self.rows.iter().enumerate())
            .map(|(place, row)| Predicted { line: row.line, id: row.id.clone(), class: said(place) })
            .collect();
        Ok(Predictions { path: self.path.clone(), rows, classes: classes.0.len(), probabilities })
    }

    fn problem(&self, line: u64, error: TableError) -> Problem {
        Problem { table: self.path.clone(), line: Some(line), error }
    }

    /// The class of each row's target. A table means numbers, or it means names: whichever more of it is.
    fn resolve_targets(&self, classes: &Classes, named: &str, problems: &mut Vec<Problem>) -> Vec<usize> {
        let places = Places::of(classes, self.rows.iter().map(|row| row.target.as_str()));
        let mut targets = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            match places.of_text(&row.target) {
                Some(place) => targets.push(place),
                None => {
                    let hint = problems.len() < HINTS;
                    let nearest = hint.then(|| places.nearest(&row.target)).flatten();
                    let (target, table) = (row.target.clone(), named.to_owned());
                    problems.push(self.problem(row.line, TableError::UnknownTarget { target, table, nearest }));
                }
            }
        }
        targets
    }

    /// The class of each column; `None` where the columns are something else.
    fn resolve_columns(&self, classes: &Classes, named: &str, problems: &mut Vec<Problem>) -> Option<Vec<usize>> {
        let places = Places::of(classes, self.columns.iter().map(String::as_str));
        let found: Vec<Option<usize>> = self.columns.iter().map(|column| places.of_text(column)).collect();
        if self.has_target && found.iter().any(Option::is_none) {
            return None;
        }
        let mut taken: BTreeMap<usize, &str> = BTreeMap::new();
        for (column, place) in self.columns.iter().zip(&found) {
            let error = match place {
                None => {
                    let nearest = places.nearest(column);
                    TableError::UnknownColumn { column: column.clone(), classes: named.to_owned(), nearest }
                }
                Some(place) => match taken.insert(*place, column) {
                    Some(other) => TableError::TwiceAClass(other.to_owned(), column.clone()),
                    None => continue,
                },
            };
            problems.push(self.problem(1, error));
        }
        found.into_iter().collect()
    }

    fn row_probabilities(&self, row: &Raw, columns: &[usize], all: &mut [f64]) -> Result<(), TableError> {
        // Probabilities with two decimals may each be off by half of the last.
        let rounding = 0.005 * columns.len() as f64 + 0.001;
        for ((cell, column), class) in row.cells.iter().zip(&self.columns).zip(columns) {
            let number = cell.parse::<f64>().ok().filter(|number| (-1e-6..=1.0 + 1e-6).contains(number));
            let wrong = || TableError::Probability { column: column.clone(), text: cell.clone() };
            all[*class] = number.ok_or_else(wrong)?.clamp(0.0, 1.0);
        }
        let sum: f64 = all.iter().sum();
        match (sum - 1.0).abs() <= rounding {
            true => Ok(()),
            false => Err(TableError::ProbabilitySum { sum: format!("{sum:.4}") }),
        }
    }
}

/// How texts name classes: by number or by name.
struct Places<'a> {
    classes: &'a Classes,
    by_number: HashMap<u32, usize>,
    by_name: HashMap<&'a str, usize>,
    numbers: bool,
}

impl<'a> Places<'a> {
    /// Of these texts: numbers, unless more of them are names.
    fn of<'b>(classes: &'a Classes, texts: impl Iterator<Item = &'b str>) -> Self {
        let by_number = classes.0.iter().enumerate().map(|(place, (number, _))| (*number, place)).collect();
        let by_name = classes.0.iter().enumerate().map(|(place, (_, name))| (name.as_str(), place)).collect();
        let mut places = Self { classes, by_number, by_name, numbers: true };
        let (mut numbers, mut names) = (0u64, 0u64);
        for text in texts {
            numbers += u64::from(class_number(text).is_some_and(|number| places.by_number.contains_key(&number)));
            names += u64::from(places.by_name.contains_key(text));
        }
        places.numbers = numbers >= names && (numbers, names) != (0, 0);
        places
    }

    fn of_text(&self, text: &str) -> Option<usize> {
        match self.numbers {
            true => self.by_number.get(&class_number(text)?).copied(),
            false => self.by_name.get(text).copied(),
        }
    }

    fn nearest(&self, text: &str) -> Option<String> {
        nearest_class(self.classes, text, !self.numbers)
    }
}

/// The classes that tables of predictions name between them, see [`classes_named`].
pub fn classes_of<'a>(submissions: impl IntoIterator<Item = &'a Submission>) -> Classes {
    classes_named(submissions.into_iter().flat_map(Submission::class_texts))
}

/// Reads a table of classes, `target,class_name`.
///
/// # Errors
/// With everything that is wrong in it.
pub fn classes_table(path: &Path) -> Result<Classes, SourceError> {
    let mut problems = Vec::new();
    let classes = read_classes(path, &mut problems);
    if problems.is_empty() { Ok(classes) } else { Err(failed(problems)) }
}

fn failed(mut problems: Vec<Problem>) -> SourceError {
    problems.sort();
    SourceError::Predictions { problems }
}

#[cfg(test)]
mod tests;
