//! Probabilities: what a model says of each image, a number for each class.
//!
//! A value of this type holds a checked table: every ID once, every number from 0 to 1, every row summing to 1. It is written as
//! CSV or Parquet, one column per class under the class's name, so that any program reads it without knowing us; the CSV
//! is the table that `augmint errors` and `augmint compare` read.

use super::AnswersError;
use super::parquet;
use super::table::PANDAS_INDEX;
use crate::fs::{self, Existing};
use crate::source::{Classes, class_number};
use std::collections::HashMap;
use std::path::Path;

/// How far the sum of a row may be from 1: 16-bit floats of 20 classes stay within half of it.
pub const SUM_TOLERANCE: f64 = 1e-3;

/// Why numbers are no table of probabilities. Rows are counted from 1, without a header.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ProbabilitiesError {
    /// Not one number for each ID and class.
    #[error("{values} numbers for {ids} IDs and {classes} classes")]
    Shape {
        /// Numbers.
        values: usize,
        /// IDs.
        ids: usize,
        /// Classes.
        classes: usize,
    },
    /// An empty ID.
    #[error("row {row} has an empty ID")]
    EmptyId {
        /// The row.
        row: usize,
    },
    /// An ID twice.
    #[error("the ID '{id}' of row {row} stands already in row {first}")]
    Duplicate {
        /// The ID.
        id: String,
        /// Its second row.
        row: usize,
        /// Its first row.
        first: usize,
    },
    /// A number that is none, or out of range.
    #[error("row {row} ('{id}'): {value} for the class '{class}' is no probability, 0 to 1")]
    Value {
        /// The row.
        row: usize,
        /// Its ID.
        id: String,
        /// The class.
        class: String,
        /// The number.
        value: f64,
    },
    /// A row that does not sum to 1.
    #[error("row {row} ('{id}'): the probabilities sum to {sum:.4}, not to 1")]
    Sum {
        /// The row.
        row: usize,
        /// Its ID.
        id: String,
        /// Its sum.
        sum: f64,
    },
    /// A logit that is not finite.
    #[error("row {row} ('{id}'): the logit {value} of the class '{class}' is not finite")]
    Logit {
        /// The row.
        row: usize,
        /// Its ID.
        id: String,
        /// The class.
        class: String,
        /// The number.
        value: f64,
    },
}

/// How many digits the numbers have, and so how they are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// 32-bit floats: FLOAT in Parquet, at most nine digits in CSV.
    Single,
    /// 64-bit floats.
    Double,
}

impl Precision {
    /// The shortest text that gives the number back; `1.5e-9` rather than nine zeros.
    fn text(self, value: f64) -> String {
        match (self, value > 0.0 && value < 1e-4) {
            (Self::Single, false) => (value as f32).to_string(),
            (Self::Single, true) => format!("{:e}", value as f32),
            (Self::Double, false) => value.to_string(),
            (Self::Double, true) => format!("{value:e}"),
        }
    }
}

/// Probabilities of images, `[n, classes]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Probabilities {
    ids: Vec<String>,
    classes: Classes,
    /// Row by row.
    values: Vec<f64>,
    precision: Precision,
}

impl Probabilities {
    /// Checks a table: `values` is `[n, classes]`, row by row. A number within 1e-6 of 0 or 1 on the wrong side becomes 0 or 1.
    ///
    /// # Errors
    /// With the first row that is wrong, by number and ID.
    pub fn new(ids: Vec<String>, classes: Classes, mut values: Vec<f64>) -> Result<Self, ProbabilitiesError> {
        shape(&ids, &classes, values.len())?;
        for (place, row) in values.chunks_exact_mut(classes.0.len().max(1)).enumerate() {
            let id = || ids[place].clone();
            for (value, (_, class)) in row.iter_mut().zip(&classes.0) {
                if !(-1e-6..=1.0 + 1e-6).contains(value) {
                    let class = class.clone();
                    return Err(ProbabilitiesError::Value { row: place + 1, id: id(), class, value: *value });
                }
                *value = value.clamp(0.0, 1.0);
            }
            let sum: f64 = row.iter().sum();
            if (sum - 1.0).abs() > SUM_TOLERANCE {
                return Err(ProbabilitiesError::Sum { row: place + 1, id: id(), sum });
            }
        }
        Ok(Self { ids, classes, values, precision: Precision::Double })
    }

    /// [`Self::new`] of 32-bit floats, as a network gives them; they are written as such.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_f32(ids: Vec<String>, classes: Classes, values: &[f32]) -> Result<Self, ProbabilitiesError> {
        let made = Self::new(ids, classes, values.iter().copied().map(f64::from).collect())?;
        Ok(Self { precision: Precision::Single, ..made })
    }

    /// The softmax of logits, `[n, classes]`, in double precision.
    ///
    /// # Errors
    /// With the first logit that is not finite, an empty ID or one that stands twice.
    pub fn of_logits(ids: Vec<String>, classes: Classes, mut logits: Vec<f64>) -> Result<Self, ProbabilitiesError> {
        shape(&ids, &classes, logits.len())?;
        for (place, row) in logits.chunks_exact_mut(classes.0.len().max(1)).enumerate() {
            if let Some(at) = row.iter().position(|logit| !logit.is_finite()) {
                let (id, class) = (ids[place].clone(), classes.0[at].1.clone());
                return Err(ProbabilitiesError::Logit { row: place + 1, id, class, value: row[at] });
            }
            softmax(row);
        }
        Self::new(ids, classes, logits)
    }

    /// IDs, in order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The classes, in the order of the columns.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// How many images.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// All numbers, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many digits they have.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The probability of each class for an image by its place.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn row(&self, place: usize) -> &[f64] {
        let classes = self.classes.0.len();
        &self.values[place * classes..(place + 1) * classes]
    }

    /// The place of the class that is most probable; of equal ones the first.
    pub fn best(&self, place: usize) -> usize {
        largest(self.row(place))
    }

    /// What the columns are called: the classes' names or, where a name would be taken for something else (`ID`, `target`,
    /// another class's number, spaces at an end), all by number.
    pub fn headings(&self) -> Vec<String> {
        let plain = |(_, name): &(u32, String)| {
            !["", "ID", "key", "target"].contains(&name.as_str())
                && name.trim() == name
                && class_number(name).is_none()
                && !name.starts_with(PANDAS_INDEX)
        };
        match self.classes.0.iter().all(plain) {
            true => self.classes.0.iter().map(|(_, name)| name.clone()).collect(),
            false => self.classes.0.iter().map(|(number, _)| number.to_string()).collect(),
        }
    }

    /// The text of the table: `ID` and a column per class, numbers with as many digits as give them back exactly.
    pub fn csv(&self) -> Vec<u8> {
        const MEMORY: &str = "BUG: memory that cannot be written";
        let mut writer = csv::Writer::from_writer(Vec::new());
        let headings = self.headings();
        writer.write_record(["ID"].into_iter().chain(headings.iter().map(String::as_str))).expect(MEMORY);
        for (place, id) in self.ids.iter().enumerate() {
            writer.write_field(id).expect(MEMORY);
            for value in self.row(place) {
                writer.write_field(self.precision.text(*value)).expect(MEMORY);
            }
            writer.write_record(None::<&[u8]>).expect(MEMORY);
        }
        writer.into_inner().expect(MEMORY)
    }

    /// Writes the table, whole or not at all, replacing what is there: Parquet where the name ends in `.parquet`, else
    /// CSV.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), AnswersError> {
        let bytes = match path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
            true => parquet::bytes(self).map_err(|source| AnswersError::Parquet { path: path.to_owned(), source })?,
            false => self.csv(),
        };
        fs::write(path, &bytes, Existing::Replace)?;
        Ok(())
    }
}

fn shape(ids: &[String], classes: &Classes, values: usize) -> Result<(), ProbabilitiesError> {
    let (ids_count, count) = (ids.len(), classes.0.len());
    if ids_count.checked_mul(count) != Some(values) || (count == 0 && ids_count > 0) {
        return Err(ProbabilitiesError::Shape { values, ids: ids_count, classes: count });
    }
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(ids_count);
    for (place, id) in ids.iter().enumerate() {
        if id.is_empty() {
            return Err(ProbabilitiesError::EmptyId { row: place + 1 });
        }
        if let Some(first) = seen.insert(id, place) {
            return Err(ProbabilitiesError::Duplicate { id: id.clone(), row: place + 1, first: first + 1 });
        }
    }
    Ok(())
}

/// Makes probabilities of finite logits: exp(x − max) over their sum.
pub fn softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|logit| *logit = libm::exp(*logit - most));
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|value| *value /= sum);
}

/// The place of the largest number; of equal ones the first. 0 of none.
pub fn largest(row: &[f64]) -> usize {
    let mut best = 0;
    for (place, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = place;
        }
    }
    best
}

#[cfg(test)]
mod tests;
