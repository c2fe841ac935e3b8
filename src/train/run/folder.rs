//! A run folder that is being written: [`RunFolder`].

use super::checkpoints::{self, Kept};
use super::curves;
use super::epochs::{self, EpochRecord};
use super::info::{Outcome, RunFile, RunInfo, Status};
use super::summary::write_summary;
use super::{Result, RunError, lock, predictions};
use crate::fs::{self, Existing};
use crate::metrics::Confusion;
use crate::report::matrix;
use crate::store::Holder;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The file that a run holds a lock on while it goes on.
pub(super) const LOCK: &str = "run.lock";

/// A run folder in the hands of the run. Its lock is the kernel's: it is free once this is dropped or the process is dead.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    file: RunFile,
    epochs: Vec<EpochRecord>,
    _lock: File,
}

impl RunFolder {
    /// Makes `<root>/<name>-NNN`, the next number that is free, with `run.json` and `config.toml` in it. Two processes that
    /// do so at once get two folders.
    ///
    /// # Errors
    /// When the name cannot be a folder's, or nothing can be written.
    pub fn create(root: &Path, name: &str, info: RunInfo, config: &str) -> Result<Self> {
        let fine = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
        if name.is_empty() || !name.chars().all(fine) || name.starts_with(['.', '-']) {
            return Err(RunError::Name { name: name.into() });
        }
        let holder = Holder::this_process("train", info.started.clone());
        let (path, lock) = {
            // Whoever makes a folder has this for a moment.
            let path = root.join(".new.lock");
            let numbering = fs::open_lock(&path)?;
            numbering.lock().map_err(fs::on("lock", &path))?;
            let number = next_number(&fs::names(root)?, name);
            let path = root.join(format!("{name}-{number:03}"));
            let lock = take_lock(&path, &holder)?;
            (path, lock)
        };
        fs::write(&path.join("config.toml"), config.as_bytes(), Existing::Replace)?;
        let file = RunFile::new(info);
        file.write(&path)?;
        Ok(Self { path, file, epochs: Vec::new(), _lock: lock })
    }

    /// Opens a run to go on with it, whether it stopped, failed, was killed, or is to train longer. `now` is the time,
    /// RFC 3339, `config` what it goes on with. Call [`Self::rewind`] next, with the step of the checkpoint that is loaded.
    ///
    /// # Errors
    /// When there is no run, it goes on in another process, or a file of it cannot be read.
    pub fn resume(path: &Path, now: &str, config: &str) -> Result<Self> {
        // First, so that no lock is left where there is no run.
        RunFile::read(path)?;
        let lock = take_lock(path, &Holder::this_process("train", now.into()))?;
        let mut file = RunFile::read(path)?;
        (file.status, file.outcome) = (Status::Running, None);
        file.resumed.push(now.into());
        fs::write(&path.join("config.toml"), config.as_bytes(), Existing::Replace)?;
        file.write(path)?;
        Ok(Self { path: path.into(), file, epochs: epochs::read(path)?, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was known when it started.
    pub const fn info(&self) -> &RunInfo {
        &self.file.info
    }

    /// The epochs so far.
    pub fn epochs(&self) -> &[EpochRecord] {
        &self.epochs
    }

    /// The config that it goes by.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn config(&self) -> Result<String> {
        Ok(fs::read_text(&self.path.join("config.toml"))?)
    }

    /// Forgets what came after a step: epochs that ended later, and checkpoints of later steps, which the run will make
    /// again. The last checkpoint becomes the newest that is left. With the step of the newest checkpoint, only what a killed
    /// run had not finished is dropped.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub fn rewind(&mut self, step: u64) -> Result<()> {
        self.epochs.retain(|record| record.step <= step);
        // Also where none goes: a line that a power cut tore off must not stand before the next.
        epochs::replace(&self.path, &self.epochs, &self.file.info.classes)?;
        checkpoints::rewind(&self.path, step)
    }

    /// Records an epoch, and draws the curves anew.
    ///
    /// # Errors
    /// When it is not later than the last one, or a file cannot be written.
    pub fn epoch(&mut self, record: EpochRecord) -> Result<()> {
        if let Some(last) = self.epochs.last().filter(|last| record.epoch <= last.epoch) {
            return Err(RunError::EpochOrder { path: self.path.clone(), epoch: record.epoch, last: last.epoch });
        }
        self.epochs.push(record);
        epochs::append(&self.path, &self.epochs, &self.file.info.classes)?;
        curves::write(&self.path, &self.epochs)
    }

    /// Writes the checkpoint of a step (the bytes of a safetensors file) and makes it the last one, and with `best` the best;
    /// those before that are neither are removed unless all are kept. Gives its path. The same bytes again change nothing.
    ///
    /// # Errors
    /// When there is a checkpoint of that step with other bytes, or a file cannot be written.
    pub fn checkpoint(&self, step: u64, bytes: &[u8], best: bool, kept: Kept) -> Result<PathBuf> {
        checkpoints::write(&self.path, step, bytes, best, kept)
    }

    /// The last checkpoint.
    ///
    /// # Errors
    /// When there is none.
    pub fn last(&self) -> Result<PathBuf> {
        checkpoints::last(&self.path)
    }

    /// The best checkpoint.
    ///
    /// # Errors
    /// When there is none.
    pub fn best(&self) -> Result<PathBuf> {
        checkpoints::best(&self.path)
    }

    /// Writes the probabilities of a validation set's samples, `val.csv` or `noisy_val.csv`, replacing those of an epoch
    /// before. Each row is a sample's key and the probability of each class, in the order of the network's outputs.
    ///
    /// # Errors
    /// When it cannot be written.
    ///
    /// # Panics
    /// When a row has another number of classes.
    pub fn predictions<'a>(&self, set: &str, rows: impl IntoIterator<Item = (&'a str, &'a [f32])>) -> Result<PathBuf> {
        let path = self.path.join(format!("{set}.csv"));
        predictions::write(&path, &self.file.info.classes, rows)?;
        Ok(path)
    }

    /// Draws a confusion matrix, `confusion.svg` and `confusion.png`.
    ///
    /// # Errors
    /// When it cannot be written.
    ///
    /// # Panics
    /// When it has another number of classes.
    pub fn confusion(&self, confusion: &Confusion) -> Result<()> {
        let names: Vec<String> = self.file.info.classes.iter().map(|class| class.name.clone()).collect();
        let drawing = matrix(&names, confusion);
        fs::write(&self.path.join("confusion.svg"), drawing.file().as_bytes(), Existing::Replace)?;
        fs::write(&self.path.join("confusion.png"), &drawing.png()?, Existing::Replace)?;
        Ok(())
    }

    /// Writes `summary.html`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn summary(&self, page: &str) -> Result<()> {
        write_summary(&self.path, page)
    }

    /// Records how it ended; the summary can be written then. The folder is free for others once this is dropped.
    ///
    /// # Errors
    /// When `run.json` cannot be written.
    pub fn finish(&mut self, outcome: Outcome) -> Result<()> {
        self.file.status = outcome.status;
        self.file.outcome = Some(outcome);
        self.file.write(&self.path)
    }
}

/// One more than the largest number of a run of that name.
fn next_number(names: &[String], name: &str) -> u64 {
    let number = |other: &String| other.strip_prefix(name)?.strip_prefix('-')?.parse::<u64>().ok();
    names.iter().filter_map(number).max().map_or(1, |largest| largest.saturating_add(1))
}

/// Makes the folder where it is missing, and takes its lock.
fn take_lock(folder: &Path, holder: &Holder) -> Result<File> {
    lock::take(&folder.join(LOCK), holder)?.map_err(|holder| RunError::InUse { path: folder.into(), holder })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{epoch, info};
    use super::super::{Run, State};
    use super::*;

    fn outcome(status: Status) -> Outcome {
        Outcome { status, ended: "2026-01-01T01:00:00Z".into(), seconds: 60.0, steps: 32, reason: None, best: None }
    }

    fn started(root: &Path) -> RunFolder {
        RunFolder::create(root, "docs17", info("v1"), "model = \"resnet18\"\n").unwrap()
    }

    #[test]
    fn a_folder_is_never_used_twice() {
        let root = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| started(root.path()).path().to_owned())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let names: std::collections::BTreeSet<_> = paths.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names.len(), 4, "{names:?}");
        fs::remove_folder(&root.path().join("docs17-002")).unwrap();
        assert!(started(root.path()).path().ends_with("docs17-005"));
        assert!(RunFolder::create(root.path(), "docs", info("v1"), "").unwrap().path().ends_with("docs-001"));
        for name in ["", "a/b", "..", "-x", "a b"] {
            assert!(
                matches!(RunFolder::create(root.path(), name, info("v1"), ""), Err(RunError::Name { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn a_run_ends_as_it_says_or_was_killed() {
        let root = tempfile::tempdir().unwrap();
        let state = |path: &Path| Run::read(path).unwrap().state;
        let run = started(root.path());
        let path = run.path().to_owned();
        assert_eq!(state(&path), State::Running);
        let error = RunFolder::resume(&path, "now", "").unwrap_err().to_string();
        assert!(error.contains("in use by another process: train by process"), "{error}");
        // Dropped without `finish`, as a kill leaves it.
        drop(run);
        assert_eq!(state(&path), State::Killed);
        let mut run = RunFolder::resume(&path, "2026-01-02T00:00:00Z", "epochs = 9").unwrap();
        assert_eq!((run.info(), run.config().unwrap().as_str()), (&info("v1"), "epochs = 9"));
        run.finish(outcome(Status::Stopped)).unwrap();
        assert_eq!(state(&path), State::Stopped);
        let found = Run::read(&path).unwrap();
        assert_eq!(
            (found.outcome, found.resumed),
            (Some(outcome(Status::Stopped)), vec!["2026-01-02T00:00:00Z".to_owned()])
        );
        assert!(matches!(RunFolder::resume(root.path(), "now", ""), Err(RunError::NoRun { .. })));
        assert_eq!(fs::names(root.path()).unwrap(), [".new.lock", "docs17-001"]);
    }

    #[test]
    fn what_came_after_the_checkpoint_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let mut run = started(root.path());
        let path = run.path().to_owned();
        for number in 1..=3 {
            run.epoch(epoch(number, 0.5, 0.4)).unwrap();
            run.checkpoint(u64::from(number) * 16, &[number as u8], number == 1, Kept::All).unwrap();
        }
        assert!(matches!(run.epoch(epoch(3, 0.5, 0.4)), Err(RunError::EpochOrder { epoch: 3, last: 3, .. })));
        drop(run);
        let mut run = RunFolder::resume(&path, "now", "").unwrap();
        run.rewind(32).unwrap();
        assert_eq!(run.epochs(), [epoch(1, 0.5, 0.4), epoch(2, 0.5, 0.4)]);
        assert_eq!(fs::read(&run.last().unwrap()).unwrap(), [2]);
        assert_eq!(fs::read(&run.best().unwrap()).unwrap(), [1]);
        run.epoch(epoch(3, 0.7, 0.6)).unwrap();
        run.checkpoint(48, &[9], true, Kept::All).unwrap();
        assert_eq!(Run::read(&path).unwrap().epochs[2], epoch(3, 0.7, 0.6));
        assert_eq!(fs::read(&path.join("best.safetensors")).unwrap(), [9]);
        let table = fs::read_text(&path.join("epochs.csv")).unwrap();
        assert_eq!(table.lines().count(), 4);
    }
}
