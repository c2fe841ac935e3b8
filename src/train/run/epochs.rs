//! `epochs.jsonl` and `epochs.csv`: a line for each epoch.
//!
//! The JSON lines are the record; the table is made of them anew each time, so the two cannot differ for long. A line is
//! appended by one write, and one that a power cut tore off is passed over.

use super::info::ClassInfo;
use super::{Result, RunError};
use crate::digest::Digest;
use crate::fs::{self, Existing};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

const LINES: &str = "epochs.jsonl";

/// What is known after an epoch. Numbers that diverged (not finite) are written as `null` and read as NaN.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: u32,
    /// Optimiser steps so far.
    pub step: u64,
    /// When it ended, validation included, RFC 3339.
    pub ended: String,
    /// The learning rate of the last step.
    #[serde(deserialize_with = "nan_of_null")]
    pub learning_rate: f64,
    /// The mean loss of the training samples as they were trained on.
    #[serde(deserialize_with = "nan_of_null")]
    pub train_loss: f64,
    /// On the clean validation set, where there is one.
    pub clean: Option<Score>,
    /// On the noisy validation set, where there is one.
    pub noisy: Option<Score>,
    /// How long training took, without validation.
    pub seconds: f64,
    /// How long validation took.
    pub validation_seconds: f64,
    /// Of `seconds`, how long the model waited for data.
    pub waited_seconds: f64,
    /// Training samples per second of `seconds`.
    pub samples_per_second: f64,
    /// Whether no epoch before was better.
    pub best: bool,
}

/// A score on a validation set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Score {
    /// What it was measured on: scores of different validation digests cannot be compared.
    pub validation: Digest,
    /// Samples.
    pub samples: u64,
    /// The mean cross entropy, in nats.
    #[serde(deserialize_with = "nan_of_null")]
    pub loss: f64,
    /// 0 to 1.
    pub accuracy: f64,
    /// 0 to 1.
    pub macro_f1: f64,
    /// The F1 of each class, in the order of the network's outputs.
    pub class_f1: Vec<f64>,
}

fn nan_of_null<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// All epochs of a run, oldest first; none where none has ended.
pub(super) fn read(folder: &Path) -> Result<Vec<EpochRecord>> {
    let path = folder.join(LINES);
    let text = match fs::read_text(&path) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        text => text?,
    };
    // What stands behind the last line break was torn off.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    (whole.lines().enumerate())
        .map(|(place, line)| {
            let json = |source| RunError::Json { path: path.clone(), line: Some(place + 1), source };
            serde_json::from_str(line).map_err(json)
        })
        .collect()
}

/// Appends an epoch; `all` are those that are there, and the new one.
pub(super) fn append(folder: &Path, all: &[EpochRecord], classes: &[ClassInfo]) -> Result<()> {
    if let Some(last) = all.last() {
        fs::append_line(&folder.join(LINES), &line(last))?;
    }
    table(folder, all, classes)
}

/// Writes all epochs anew, in one step.
pub(super) fn replace(folder: &Path, all: &[EpochRecord], classes: &[ClassInfo]) -> Result<()> {
    let text: String = all.iter().map(|record| line(record) + "\n").collect();
    fs::write(&folder.join(LINES), text.as_bytes(), Existing::Replace)?;
    table(folder, all, classes)
}

fn line(record: &EpochRecord) -> String {
    serde_json::to_string(record).expect("BUG: an epoch that is no JSON")
}

fn table(folder: &Path, all: &[EpochRecord], classes: &[ClassInfo]) -> Result<()> {
    let path = folder.join("epochs.csv");
    let csv = |source| RunError::Csv { path: path.clone(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = ["epoch", "step", "ended", "learning_rate", "train_loss"].map(str::to_owned).to_vec();
    for set in ["clean", "noisy"] {
        head.extend(["loss", "accuracy", "macro_f1", "validation"].map(|name| format!("{set}_{name}")));
    }
    head.extend(["seconds", "validation_seconds", "waited_seconds", "samples_per_second", "best"].map(str::to_owned));
    for set in ["clean", "noisy"] {
        head.extend(classes.iter().map(|class| format!("{set}_f1 {}", class.name)));
    }
    writer.write_record(&head).map_err(csv)?;
    for one in all {
        let mut row = vec![
            one.epoch.to_string(),
            one.step.to_string(),
            one.ended.clone(),
            text(one.learning_rate),
            text(one.train_loss),
        ];
        let sets = [&one.clean, &one.noisy];
        for score in sets {
            match score {
                Some(score) => {
                    row.extend([score.loss, score.accuracy, score.macro_f1].map(text));
                    row.push(score.validation.to_string());
                }
                None => row.extend([const { String::new() }; 4]),
            }
        }
        row.extend([one.seconds, one.validation_seconds, one.waited_seconds, one.samples_per_second].map(text));
        row.push(one.best.to_string());
        for score in sets {
            let f1 = |class| score.as_ref().and_then(|score| score.class_f1.get(class)).copied();
            row.extend((0..classes.len()).map(|class| f1(class).map(text).unwrap_or_default()));
        }
        writer.write_record(&row).map_err(csv)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv(error.into_error().into()))?;
    fs::write(&path, &bytes, Existing::Replace)?;
    Ok(())
}

/// As spreadsheets read it; nothing where it is not finite.
fn text(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{classes, epoch};
    use super::*;

    #[test]
    fn a_line_says_what_was_measured_and_a_torn_one_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let all = [epoch(1, 0.5, 0.4), EpochRecord { train_loss: f64::NAN, noisy: None, ..epoch(2, 0.6, 0.5) }];
        append(root.path(), &all[..1], &classes()).unwrap();
        append(root.path(), &all, &classes()).unwrap();
        fs::append_line(&root.path().join(LINES), "{\"epoch\":3,\"st").unwrap();
        let text = fs::read_text(&root.path().join(LINES)).unwrap();
        fs::write(&root.path().join(LINES), text.trim_end().as_bytes(), Existing::Replace).unwrap();
        let found = read(root.path()).unwrap();
        assert_eq!((&found[0], found.len()), (&all[0], 2));
        assert!(found[1].train_loss.is_nan() && found[1].noisy.is_none());
        let mut table = csv::Reader::from_path(root.path().join("epochs.csv")).unwrap();
        let column = |name: &str, table: &mut csv::Reader<_>| {
            table.headers().unwrap().iter().position(|head| head == name).unwrap()
        };
        let places = ["epoch", "train_loss", "noisy_macro_f1", "clean_f1 계약서", "noisy_f1 form, filled"]
            .map(|name| column(name, &mut table));
        let rows: Vec<Vec<String>> = (table.records())
            .map(|row| places.iter().map(|place| row.as_ref().unwrap()[*place].to_owned()).collect())
            .collect();
        assert_eq!(rows, [["1", "0.9", "0.4", "0.5", "0.4"], ["2", "", "", "0.6", ""]]);
    }

    #[test]
    fn a_line_that_was_changed_is_named() {
        let root = tempfile::tempdir().unwrap();
        replace(root.path(), &[epoch(1, 0.5, 0.4)], &classes()).unwrap();
        fs::append_line(&root.path().join(LINES), "{}").unwrap();
        let error = read(root.path()).unwrap_err().to_string();
        assert!(error.contains("epochs.jsonl, line 2, cannot be read: missing field `epoch`"), "{error}");
    }
}
