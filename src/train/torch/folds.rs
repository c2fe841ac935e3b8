//! A run for each fold, and what each said of the sources that it never saw: out-of-fold predictions.

use super::start::{Finished, Request, StartError, train};
use crate::dataset::{Options, Pinned};
use crate::fs::{self, Existing};
use crate::train::run::{EpochRecord, Run};
use crate::train::torch::run::Ended;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The runs of all folds.
#[derive(Debug)]
pub struct Folds {
    /// The folder that holds them, and the tables of out-of-fold predictions.
    pub path: PathBuf,
    /// One for each fold.
    pub runs: Vec<Finished>,
    /// The best epoch of each, where there is a score.
    best: Vec<Option<EpochRecord>>,
}

/// Trains every fold, one after the other, in a new folder of `request.runs`; then puts the predictions of what was held out
/// into one table, `out_of_fold.csv` (clean) and `out_of_fold_noisy.csv`, by sample key.
///
/// # Errors
/// When the version has no folds, or a run fails.
pub fn all(request: &Request<'_>) -> Result<Folds, StartError> {
    let version = request.datasets.resolve(&request.config.pinned().0)?;
    let options = Options { expected: Some(request.config.pinned().1), ..Options::default() };
    let count = Pinned::open(request.datasets, &version, options)?.folds();
    if count == 0 {
        return Err(StartError::NoFolds { version: version.to_string() });
    }
    let path = folder(request.runs, version.name.as_str())?;
    let mut folds = Folds { path: path.clone(), runs: Vec::new(), best: Vec::new() };
    for fold in 0..count {
        (request.tell)(super::start::Note::Line(format!("fold {fold} of {count}")));
        let run = train(&Request { fold: Some(fold), runs: &path, ..request.clone() })?;
        folds.best.push(Run::read(&run.path)?.best().cloned());
        let stopped = run.ended == Ended::Stopped;
        folds.runs.push(run);
        if stopped {
            return Ok(folds);
        }
    }
    for (set, name) in [("val", "out_of_fold.csv"), ("noisy_val", "out_of_fold_noisy.csv")] {
        let tables: Vec<PathBuf> = folds.runs.iter().map(|run| run.path.join(format!("{set}.csv"))).collect();
        if tables.iter().all(|table| table.exists()) {
            fs::write(&path.join(name), joined(&tables)?.as_bytes(), Existing::Keep)?;
        }
    }
    Ok(folds)
}

/// A folder of its own below `runs`: `<name>-folds-001`.
fn folder(runs: &Path, name: &str) -> Result<PathBuf, StartError> {
    let name = name.replace('/', "-");
    let path = (1..).map(|number| runs.join(format!("{name}-folds-{number:03}"))).find(|path| !path.exists());
    let path = path.expect("BUG: no end of numbers");
    fs::create_folder(&path)?;
    Ok(path)
}

/// Tables of one heading, one after the other.
fn joined(tables: &[PathBuf]) -> Result<String, StartError> {
    let mut all = String::new();
    for table in tables {
        let text = fs::read_text(table)?;
        let rows = if all.is_empty() { &text[..] } else { text.split_once('\n').map_or("", |(_, rows)| rows) };
        all += rows;
    }
    Ok(all)
}

impl Folds {
    /// Macro F1 of each fold's best epoch, on clean and noisy validation.
    fn scores(&self) -> [Vec<f64>; 2] {
        let of = |pick: fn(&EpochRecord) -> Option<f64>| self.best.iter().flatten().filter_map(pick).collect();
        [of(|best| Some(best.clean.as_ref()?.macro_f1)), of(|best| Some(best.noisy.as_ref()?.macro_f1))]
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("{} folds in {}", self.runs.len(), self.path.display());
        for (name, scores) in ["clean", "noisy"].into_iter().zip(self.scores()) {
            if let Some((mean, deviation)) = super::probe::spread(&scores) {
                let each: Vec<String> = scores.iter().map(|score| format!("{score:.4}")).collect();
                let deviation = deviation.map(|deviation| format!(" ± {deviation:.4}")).unwrap_or_default();
                text += &format!("\n{name} macro F1 {mean:.4}{deviation} ({})", each.join(", "));
            }
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> serde_json::Value {
        let [clean, noisy] = self.scores();
        let runs: Vec<_> = self.runs.iter().map(Finished::json).collect();
        json!({ "path": self.path, "runs": runs, "clean_macro_f1": clean, "noisy_macro_f1": noisy })
    }
}
