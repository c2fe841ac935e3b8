//! A contest's submission: one row for each image that it asks for, in its order, each with a class.
//!
//! A row too few, or in another place, costs a submission of the day; so nothing is written before it is checked against the
//! sample submission, and what another program wrote can be checked too. All that is wrong is one error.

use super::error::some;
use crate::fs::{self, Existing, FsError};
use crate::source::{Classes, SourceError, Submission, class_number};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Why answers are no submission.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SubmissionError {
    /// A table.
    #[error(transparent)]
    Table(#[from] SourceError),
    /// A file.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FsError),
    /// A sample submission that asks for nothing.
    #[error("{} has no row", path.display())]
    Empty {
        /// The sample submission.
        path: PathBuf,
    },
    /// A table without targets.
    #[error("{} is no submission: expected the header ID,target, found {found}", path.display())]
    Header {
        /// The table.
        path: PathBuf,
        /// Its header.
        found: String,
    },
    /// Not what was asked for.
    #[error("{} is no answer to {}:\n  {}", path.display(), sample.display(), faults.join("\n  "))]
    #[diagnostic(help("one row for each row of the sample submission, with the same ID, in the same order"))]
    Faults {
        /// The submission.
        path: PathBuf,
        /// The sample submission.
        sample: PathBuf,
        /// All that is wrong: how many, and the first few.
        faults: Vec<String>,
    },
}

/// `sample_submission.csv`: the images that a contest wants answers for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    path: PathBuf,
    ids: Vec<String>,
    numbers: bool,
}

impl Sample {
    /// Reads it: a table `ID,target`.
    ///
    /// # Errors
    /// When it is no such table, an ID stands twice, or it has no row.
    pub fn read(path: &Path) -> Result<Self, SubmissionError> {
        let table = Submission::read(path)?;
        let ids: Vec<String> = table.ids().map(|(id, _)| id.to_owned()).collect();
        match ids.is_empty() {
            true => Err(SubmissionError::Empty { path: path.to_owned() }),
            false => Ok(Self { path: path.to_owned(), ids, numbers: table.has_numbers() }),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The IDs, in the order asked for.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Whether its targets are class numbers, so that a submission's have to be.
    pub fn has_numbers(&self) -> bool {
        self.numbers
    }
}

/// Checks rows (ID and target) against the sample submission: none missing, none that was not asked for, none twice, all in
/// order, and every target a class (by number where the sample has numbers, else by name; without `classes` only that a
/// number is one). `path` is for messages. Gives the number of rows.
///
/// # Errors
/// With how many of each fault there are, and the first few.
pub fn check(
    path: &Path,
    rows: &[(String, String)],
    sample: &Sample,
    classes: Option<&Classes>,
) -> Result<usize, SubmissionError> {
    let wanted: HashSet<&str> = sample.ids.iter().map(String::as_str).collect();
    let mut seen: HashSet<&str> = HashSet::with_capacity(rows.len());
    let (mut twice, mut extra, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
    for (id, _) in rows {
        if !seen.insert(id) {
            twice.push(id);
        } else if !wanted.contains(id.as_str()) {
            extra.push(id);
        } else {
            firsts.push(id);
        }
    }
    let missing: Vec<&String> = sample.ids.iter().filter(|id| !seen.contains(id.as_str())).collect();
    let mut faults = Vec::new();
    let mut fault = |names: &[&String], one: &str, many: &str| match names.len() {
        0 => {}
        1 => faults.push(format!("1 ID {one}: {}", some(names))),
        count => faults.push(format!("{count} IDs {many}: {}", some(names))),
    };
    fault(&missing, "is missing", "are missing");
    fault(&extra, "was not asked for", "were not asked for");
    fault(&twice, "stands twice", "stand twice");
    // Of what is there, in the order of both; what is missing or too much was said already.
    let expected = sample.ids.iter().filter(|id| seen.contains(id.as_str()));
    let apart: Vec<(&String, &String)> =
        firsts.iter().copied().zip(expected).filter(|(found, expected)| found != expected).collect();
    if let Some((found, expected)) = apart.first() {
        let place = rows.iter().position(|(id, _)| id == *found).unwrap_or(0) + 1;
        faults.push(format!(
            "{} rows are not in the sample's order, the first of them row {place}: {found} where {expected} is expected",
            apart.len()
        ));
    }
    let known = |target: &str| match (classes, sample.numbers) {
        (Some(classes), true) => class_number(target).is_some_and(|number| classes.name(number).is_some()),
        (Some(classes), false) => classes.number(target).is_some(),
        (None, true) => class_number(target).is_some(),
        (None, false) => !target.is_empty(),
    };
    let unknown: Vec<String> =
        rows.iter().filter(|(_, target)| !known(target)).map(|(id, target)| format!("'{target}' ({id})")).collect();
    if !unknown.is_empty() {
        let what = if sample.numbers { "class number" } else { "class name" };
        let (count, verb) =
            if unknown.len() == 1 { ("1 target".into(), "is") } else { (format!("{} targets", unknown.len()), "are") };
        faults.push(format!("{count} {verb} no {what}: {}", some(&unknown)));
    }
    match faults.is_empty() {
        true => Ok(rows.len()),
        false => Err(SubmissionError::Faults { path: path.to_owned(), sample: sample.path.clone(), faults }),
    }
}

/// Checks a submission that any program wrote: [`check`] of a file.
///
/// # Errors
/// When the file is no table `ID,target`, has an ID twice or an empty cell, or as [`check`].
pub fn check_file(path: &Path, sample: &Sample, classes: Option<&Classes>) -> Result<usize, SubmissionError> {
    // Refuses with each line whatever is no table, an ID that stands twice and empty cells.
    Submission::read(path)?;
    let bytes = fs::read(path)?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().cloned().unwrap_or_default();
    let place = |wanted: &str| header.iter().position(|name| name == wanted);
    let (Some(id), Some(target)) = (place("ID").or_else(|| place("key")), place("target")) else {
        let found = header.iter().collect::<Vec<_>>().join(",");
        return Err(SubmissionError::Header { path: path.to_owned(), found });
    };
    // Every row is as long as the header, or reading the table would have said so.
    let rows = reader.records().flatten().map(|row| (row[id].to_owned(), row[target].to_owned()));
    check(path, &rows.collect::<Vec<_>>(), sample, classes)
}

/// Writes a submission `ID,target`, whole or not at all, replacing what is there; gives the number of rows. With a sample
/// submission the rows are put into its order and checked first; without one they are written as they are.
///
/// # Errors
/// When the rows are not those asked for, or the file cannot be written; then nothing is.
pub fn write(
    path: &Path,
    rows: &[(String, String)],
    sample: Option<&Sample>,
    classes: Option<&Classes>,
) -> Result<usize, SubmissionError> {
    const MEMORY: &str = "BUG: memory that cannot be written";
    let mut rows = rows.to_vec();
    if let Some(sample) = sample {
        let places: HashMap<&str, usize> = sample.ids.iter().map(String::as_str).zip(0..).collect();
        // Rows that were not asked for go last, and are refused.
        rows.sort_by_key(|(id, _)| places.get(id.as_str()).copied().unwrap_or(usize::MAX));
        check(path, &rows, sample, classes)?;
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["ID", "target"]).expect(MEMORY);
    for (id, target) in &rows {
        writer.write_record([id, target]).expect(MEMORY);
    }
    fs::write(path, &writer.into_inner().expect(MEMORY), Existing::Replace)?;
    Ok(rows.len())
}

#[cfg(test)]
mod tests;
