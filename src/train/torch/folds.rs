//! A run for each fold, and what each said of the sources that it never saw: out-of-fold predictions.

use super::run::Ended;
use super::start::{Finished, Note, Request, StartError, train};
use crate::dataset::{Dataset, Options, Pinned, Split};
use crate::fs::{self, Existing};
use crate::set::SetRole;
use crate::train::config::{Config, Fold};
use crate::train::run::{EpochRecord, Run, State, last_checkpoint, run_paths};
use serde_json::json;
use std::path::PathBuf;

/// The runs of all folds.
#[derive(Debug)]
pub struct Folds {
    /// The folder that holds them, and the tables of out-of-fold predictions.
    pub path: PathBuf,
    /// The version, `name@sha256:…`.
    pub version: String,
    /// One for each fold; fewer where it was stopped.
    pub runs: Vec<Finished>,
    /// The best epoch of each, where there is a score.
    best: Vec<Option<EpochRecord>>,
}

/// Trains every fold, one after the other, in a new folder of `request.runs`, or goes on with those of the folder
/// `request.resume`; then puts the predictions of what was held out into one table, `out_of_fold.csv` (clean) and
/// `out_of_fold_noisy.csv`, by sample key, and what the samples are into `labels.csv`.
///
/// # Errors
/// When the version has no folds, the folder's runs are of another one, or a run fails.
pub fn all(request: &Request<'_>) -> Result<Folds, StartError> {
    let version = request.datasets.resolve(&request.config.pinned().0)?;
    let options = Options { expected: Some(request.config.pinned().1), ..Options::default() };
    let pinned = Pinned::open(request.datasets, &version, options)?;
    let count = pinned.folds();
    if count == 0 {
        return Err(StartError::NoFolds { version: version.to_string() });
    }
    let path = request.resume.map_or_else(|| folder(request, version.name.as_str()), |path| Ok(path.to_owned()))?;
    let known = run_paths(&path)?.iter().map(|path| Run::read(path)).collect::<Result<Vec<Run>, _>>()?;
    if let Some(other) = known.iter().find(|run| run.info.version.digest != version.digest) {
        let (expected, found) = (version.digest.to_string(), other.info.version.digest.to_string());
        return Err(StartError::OtherVersion { path: other.path.clone(), expected, found });
    }
    let mut folds = Folds { path: path.clone(), version: version.to_string(), runs: Vec::new(), best: Vec::new() };
    for fold in 0..count {
        (request.tell)(Note::Line(format!("fold {fold} of {count}")));
        let begun = known.iter().find(|run| run.info.fold.is_some_and(|of| of.number == fold));
        let run = match begun {
            Some(run) if run.state == State::Finished => Finished::before(run),
            // One that died before its first checkpoint has nothing to go on from.
            Some(run) if last_checkpoint(&run.path).is_ok() => {
                train(&Request { fold: Some(fold), runs: &path, resume: Some(&run.path), ..request.clone() })?
            }
            _ => train(&Request { fold: Some(fold), runs: &path, resume: None, ..request.clone() })?,
        };
        folds.best.push(Run::read(&run.path)?.best().cloned());
        let stopped = run.ended == Ended::Stopped;
        folds.runs.push(run);
        if stopped {
            return Ok(folds);
        }
    }
    let mut labels = String::from("ID,target\n");
    for (role, name) in [(SetRole::Val, "out_of_fold.csv"), (SetRole::NoisyVal, "out_of_fold_noisy.csv")] {
        let tables: Vec<PathBuf> = folds.runs.iter().map(|run| run.path.join(format!("{}.csv", role.name()))).collect();
        if tables.iter().all(|table| table.exists()) {
            fs::write(&path.join(name), joined(&tables)?.as_bytes(), Existing::Replace)?;
            for fold in 0..count {
                add_labels(&pinned.split(Split::new(role, Some(fold)))?, &mut labels);
            }
        }
    }
    fs::write(&path.join("labels.csv"), labels.as_bytes(), Existing::Replace)?;
    Ok(folds)
}

/// A line `key,class number` for each sample.
fn add_labels(dataset: &Dataset, labels: &mut String) {
    for index in 0..dataset.len() {
        let class = dataset.class(index).expect("BUG: a held-out sample without a label");
        *labels += &format!("{},{}\n", dataset.id(index), dataset.classes().0[class].0);
    }
}

/// A folder of its own below `request.runs`, `<name>-folds-001`, with the configuration of all its runs.
fn folder(request: &Request<'_>, name: &str) -> Result<PathBuf, StartError> {
    let name = name.replace('/', "-");
    let path = (1..).map(|number| request.runs.join(format!("{name}-folds-{number:03}"))).find(|path| !path.exists());
    let path = path.expect("BUG: no end of numbers");
    fs::create_folder(&path)?;
    let config = Config { fold: Some(Fold::All), ..request.config.clone() };
    fs::write(&path.join("config.toml"), config.to_text().as_bytes(), Existing::Keep)?;
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
