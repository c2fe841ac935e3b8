//! Checkpoints: one file for each, named by its step, and links to the best and the last.

use super::{Result, RunError};
use crate::fs::{self, Existing};
use std::path::{Path, PathBuf};

const FOLDER: &str = "checkpoints";
const BEST: &str = "best.safetensors";
const LAST: &str = "last.safetensors";

/// Which checkpoints stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kept {
    /// The best and the last.
    #[default]
    BestAndLast,
    /// All of them.
    All,
}

/// Eight digits, so that names sort as steps do.
fn name(step: u64) -> String {
    format!("step-{step:08}.safetensors")
}

fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()
}

/// The steps that have a checkpoint, ascending.
fn steps(run: &Path) -> Result<Vec<u64>> {
    let mut steps: Vec<u64> = fs::names(&run.join(FOLDER))?.iter().filter_map(|name| step_of(name)).collect();
    steps.sort_unstable();
    Ok(steps)
}

fn path(run: &Path, step: u64) -> PathBuf {
    run.join(FOLDER).join(name(step))
}

/// The step that a link leads to, whether or not its file is there.
fn linked(run: &Path, link: &str) -> Option<u64> {
    let target = std::fs::read_link(run.join(link)).ok()?;
    step_of(target.file_name()?.to_str()?)
}

fn link(run: &Path, link: &str, step: u64) -> Result<()> {
    Ok(fs::symlink(&Path::new(FOLDER).join(name(step)), &run.join(link))?)
}

/// [`super::RunFolder::checkpoint`]: first the file, then the links, then what neither leads to goes, so that at any moment
/// both links lead to whole files.
pub(super) fn write(run: &Path, step: u64, bytes: &[u8], best: bool, kept: Kept) -> Result<PathBuf> {
    let path = path(run, step);
    if !fs::write(&path, bytes, Existing::Keep)? && fs::read(&path)? != bytes {
        return Err(RunError::CheckpointExists { path });
    }
    if best {
        link(run, BEST, step)?;
    }
    link(run, LAST, step)?;
    if kept == Kept::BestAndLast {
        let best = linked(run, BEST);
        for other in steps(run)?.into_iter().filter(|other| *other != step && Some(*other) != best) {
            fs::remove(&self::path(run, other))?;
        }
    }
    Ok(path)
}

/// [`super::RunFolder::rewind`].
pub(super) fn rewind(run: &Path, step: u64) -> Result<()> {
    let all = steps(run)?;
    let newest = all.iter().copied().filter(|one| *one <= step).max();
    // The links first: they never lead to what is gone.
    for name in [BEST, LAST] {
        let wrong = |to: u64| to > step || (name == LAST && Some(to) != newest);
        match (linked(run, name).is_none_or(wrong), newest) {
            (true, Some(newest)) if name == LAST => link(run, LAST, newest)?,
            (true, _) => fs::remove(&run.join(name))?,
            (false, _) => {}
        }
    }
    all.into_iter().filter(|one| *one > step).try_for_each(|one| Ok(fs::remove(&path(run, one))?))
}

/// The last checkpoint, by its own path.
pub fn last(run: &Path) -> Result<PathBuf> {
    there(run, LAST)
}

/// The best checkpoint, by its own path.
pub fn best(run: &Path) -> Result<PathBuf> {
    there(run, BEST)
}

fn there(run: &Path, link: &str) -> Result<PathBuf> {
    let path = linked(run, link).map(|step| path(run, step)).filter(|path| path.is_file());
    path.ok_or_else(|| RunError::NoCheckpoint { path: run.into(), best: link == BEST })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(run: &Path) -> Vec<String> {
        fs::names(&run.join(FOLDER)).unwrap()
    }

    #[test]
    fn the_best_and_the_last_stay() {
        let run = tempfile::tempdir().unwrap();
        let run = run.path();
        assert!(matches!(last(run), Err(RunError::NoCheckpoint { best: false, .. })));
        for (step, is_best) in [(512, true), (1024, true), (1536, false), (2048, false)] {
            let path = write(run, step, &step.to_le_bytes(), is_best, Kept::BestAndLast).unwrap();
            assert_eq!(last(run).unwrap(), path);
        }
        assert_eq!(files(run), ["step-00001024.safetensors", "step-00002048.safetensors"]);
        assert_eq!(fs::read(&run.join(BEST)).unwrap(), 1024u64.to_le_bytes());
        let target = std::fs::read_link(run.join(LAST)).unwrap();
        assert_eq!(
            target,
            Path::new("checkpoints/step-00002048.safetensors"),
            "a folder that is moved keeps its links"
        );
    }

    #[test]
    fn a_checkpoint_is_never_overwritten() {
        let run = tempfile::tempdir().unwrap();
        write(run.path(), 5, b"one", false, Kept::All).unwrap();
        assert!(matches!(best(run.path()), Err(RunError::NoCheckpoint { best: true, .. })));
        assert!(write(run.path(), 5, b"one", true, Kept::All).is_ok(), "the same bytes");
        let error = write(run.path(), 5, b"two", false, Kept::All).unwrap_err().to_string();
        assert!(error.contains("step-00000005.safetensors is there already"), "{error}");
        assert_eq!(fs::read(&best(run.path()).unwrap()).unwrap(), b"one");
    }

    #[test]
    fn after_a_kill_between_file_and_link_the_newest_checkpoint_is_the_last() {
        let run = tempfile::tempdir().unwrap();
        let run = run.path();
        write(run, 5, b"one", true, Kept::All).unwrap();
        fs::write(&path(run, 10), b"two", Existing::Keep).unwrap();
        rewind(run, 10).unwrap();
        assert_eq!(fs::read(&last(run).unwrap()).unwrap(), b"two");
        rewind(run, 7).unwrap();
        assert_eq!((files(run).len(), fs::read(&last(run).unwrap()).unwrap()), (1, b"one".to_vec()));
        rewind(run, 0).unwrap();
        assert!(files(run).is_empty() && last(run).is_err() && best(run).is_err());
        assert!(std::fs::symlink_metadata(run.join(LAST)).is_err(), "no link that leads nowhere");
    }
}
