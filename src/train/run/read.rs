//! A run folder as others read it, while it goes on or later.

use super::epochs::{self, EpochRecord};
use super::folder::LOCK;
use super::info::{Best, Outcome, RunFile, RunInfo, Status};
use super::scores::{RecordedScore, scores};
use super::{Result, RunError, lock};
use crate::fs;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a run is doing, or how it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A process is at it.
    Running,
    /// It never ended, and no process is at it.
    Killed,
    /// It did what the config says.
    Finished,
    /// It was interrupted, and can be resumed.
    Stopped,
    /// It ended with an error.
    Failed,
}

impl State {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Killed => "killed",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// What a run folder says.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// Where it is.
    pub path: PathBuf,
    /// What was known when it started.
    pub info: RunInfo,
    /// What it is doing.
    pub state: State,
    /// When it was resumed, each time.
    pub resumed: Vec<String>,
    /// How it ended, where it did.
    pub outcome: Option<Outcome>,
    /// Its epochs, oldest first.
    pub epochs: Vec<EpochRecord>,
    /// What the leaderboard said, oldest first.
    pub scores: Vec<RecordedScore>,
}

impl Run {
    /// Reads a run folder.
    ///
    /// # Errors
    /// When there is none, or a file of it cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let RunFile { status, resumed, info, outcome, .. } = RunFile::read(path)?;
        let state = match status {
            Status::Running if lock::is_held(&path.join(LOCK))? => State::Running,
            // It may have ended between the two looks.
            Status::Running => match RunFile::read(path)?.status {
                Status::Running => State::Killed,
                _ => return Self::read(path),
            },
            Status::Finished => State::Finished,
            Status::Stopped => State::Stopped,
            Status::Failed => State::Failed,
        };
        Ok(Self {
            path: path.into(),
            info,
            state,
            resumed,
            outcome,
            epochs: epochs::read(path)?,
            scores: scores(path)?,
        })
    }

    /// The folder's name.
    pub fn name(&self) -> String {
        self.path
            .file_name()
            .map_or_else(|| self.path.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// The epoch whose checkpoint is the best one, by the measure that the run was given. Where none is marked the one with
    /// the highest macro F1 on the noisy validation, or without one on the clean; of equal ones the first.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.chosen().or_else(|| self.highest())
    }

    fn highest(&self) -> Option<&EpochRecord> {
        let noisy = self.epochs.iter().any(|one| one.noisy.is_some());
        let value = |one: &EpochRecord| {
            let score = if noisy { &one.noisy } else { &one.clean };
            score.as_ref().map_or(f64::NEG_INFINITY, |score| score.macro_f1)
        };
        self.epochs.iter().rev().max_by(|a, b| value(a).total_cmp(&value(b)))
    }

    /// The epoch that the run itself chose its best checkpoint by.
    fn chosen(&self) -> Option<&EpochRecord> {
        let best: Option<&Best> = self.outcome.as_ref().and_then(|outcome| outcome.best.as_ref());
        let of = |best: &Best| self.epochs.iter().find(|one| one.epoch == best.epoch);
        best.and_then(of).or_else(|| self.epochs.iter().rev().find(|one| one.best))
    }

    /// The last score that was recorded on the public part.
    pub fn public(&self) -> Option<f64> {
        self.scores.iter().rev().find_map(|score| score.public)
    }

    /// The last score that was recorded on the private part.
    pub fn private(&self) -> Option<f64> {
        self.scores.iter().rev().find_map(|score| score.private)
    }
}

/// The run folders in a folder, by name; other things in it are passed over. None where there is no such folder.
///
/// # Errors
/// When it cannot be listed.
pub fn run_paths(root: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::names(root)?.into_iter().map(|name| root.join(name));
    Ok(paths.filter(|path| path.join("run.json").is_file()).collect())
}

/// All runs in a folder, by name, and what is wrong with those that cannot be read.
///
/// # Errors
/// When the folder cannot be listed.
pub fn runs(root: &Path) -> Result<(Vec<Run>, Vec<RunError>)> {
    let (mut runs, mut errors) = (Vec::new(), Vec::new());
    for path in run_paths(root)? {
        match Run::read(&path) {
            Ok(run) => runs.push(run),
            Err(error) => errors.push(error),
        }
    }
    Ok((runs, errors))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{epoch, info};
    use super::super::{RunFolder, record_score};
    use super::*;
    use crate::fs::Existing;

    #[test]
    fn the_best_epoch_is_by_noisy_macro_f1_and_the_first_of_equals() {
        let root = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::create(root.path(), "a", info("v1"), "").unwrap();
        for (number, clean, noisy) in [(1, 0.9, 0.4), (2, 0.8, 0.6), (3, 0.95, 0.6)] {
            folder.epoch(epoch(number, clean, noisy)).unwrap();
        }
        let mut run = Run::read(folder.path()).unwrap();
        assert_eq!(run.best().map(|one| one.epoch), Some(2));
        run.epochs.iter_mut().for_each(|one| one.noisy = None);
        assert_eq!(run.best().map(|one| one.epoch), Some(3));
        // Another measure may have chosen another: its checkpoint is the one that is kept.
        run.epochs[0].best = true;
        assert_eq!(run.best().map(|one| one.epoch), Some(1));
    }

    #[test]
    fn scores_are_kept_and_the_last_counts() {
        let root = tempfile::tempdir().unwrap();
        let path = RunFolder::create(root.path(), "a", info("v1"), "").unwrap().path().to_owned();
        let score = |time: &str, public, private| RecordedScore { time: time.into(), public, private, note: None };
        record_score(&path, &score("1", Some(0.9), None)).unwrap();
        record_score(&path, &score("2", Some(0.934), Some(0.92))).unwrap();
        record_score(&path, &score("3", None, Some(0.921))).unwrap();
        let run = Run::read(&path).unwrap();
        assert_eq!((run.scores.len(), run.public(), run.private()), (3, Some(0.934), Some(0.921)));
        assert!(matches!(record_score(&path, &score("4", Some(f64::NAN), None)), Err(RunError::Score { .. })));
        assert!(matches!(record_score(root.path(), &score("4", Some(1.0), None)), Err(RunError::NoRun { .. })));
    }

    #[test]
    fn a_run_that_cannot_be_read_does_not_hide_the_others() {
        let root = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            RunFolder::create(root.path(), "a", info("v1"), "").unwrap();
        }
        fs::write(&root.path().join("notes.txt"), b"", Existing::Keep).unwrap();
        fs::write(&root.path().join("a-001/run.json"), b"{\"format\":9}", Existing::Replace).unwrap();
        fs::write(&root.path().join("a-002/run.json"), b"{", Existing::Replace).unwrap();
        let (found, errors) = runs(root.path()).unwrap();
        assert_eq!(found.iter().map(Run::name).collect::<Vec<_>>(), ["a-003"]);
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(texts[0].contains("has format 9, and this program reads format 1"), "{texts:?}");
        assert!(texts[1].contains("a-002/run.json cannot be read: EOF"), "{texts:?}");
        assert_eq!(runs(&root.path().join("nowhere")).unwrap().0, []);
    }
}
