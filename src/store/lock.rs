//! Locks: one build at a time in a store, and nothing dropped that a reader holds.
//!
//! They are the kernel's (`flock`), so they are freed when a process dies, however it dies; the file itself stays, and
//! means nothing. What stands in it is for people who wait.

use super::{Datasets, Result};
use crate::digest::Digest;
use crate::fs;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a lock cannot be had.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum LockError {
    /// Another process builds.
    #[error("another process is at work in this store: {holder}")]
    #[diagnostic(help("wait for it, or end it: what it finished is kept"))]
    Building {
        /// What is known of it.
        holder: Holder,
    },
    /// Another process reads the version.
    #[error("version {} is being read, by a training run or an export", digest.short())]
    #[diagnostic(help("wait until it has ended: nothing that a reader holds is dropped"))]
    Reading {
        /// The version.
        digest: Digest,
    },
    /// Another process frees the version's pixels.
    #[error("the pixels of version {} are being freed by another process", digest.short())]
    #[diagnostic(help("`augmint restore` makes them again"))]
    Dropping {
        /// The version.
        digest: Digest,
    },
}

/// Who holds the build lock, as it wrote itself into the file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Holder {
    /// What it does: `build`, `restore`, …
    pub action: String,
    /// Its process.
    pub pid: u32,
    /// The machine that it runs on.
    pub host: String,
    /// When it started.
    pub since: String,
}

impl Holder {
    /// This process; `since` is the time as text.
    pub fn this_process(action: &str, since: String) -> Self {
        Self { action: action.into(), pid: std::process::id(), host: host(), since }
    }
}

/// The name of this machine.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            0 => f.write_str("it has not said which"),
            pid => write!(f, "{} by process {pid} on {}, since {}", self.action, self.host, self.since),
        }
    }
}

/// What to do while another process holds the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Ask again soon.
    Longer,
    /// Give up.
    No,
}

/// The right to change a store's shards. Freed when dropped, or when the process ends in any way.
#[derive(Debug)]
#[must_use = "freed when dropped"]
pub struct BuildLock {
    _file: File,
}

impl Datasets {
    /// Takes the build lock. While another process has it, `wait` is asked five times a second, with what is known of
    /// that process, so that a caller can say so, and can be interrupted.
    ///
    /// # Errors
    /// When another process has it and `wait` said no, or the lock's file cannot be made.
    pub fn lock_build(&self, holder: &Holder, mut wait: impl FnMut(&Holder) -> Wait) -> Result<BuildLock> {
        self.prepare_store()?;
        let path = self.locks().join("build.lock");
        let file = fs::open_lock(&path)?;
        while !try_lock(&file, &path, File::try_lock)? {
            // A holder writes its line after it has the lock, so there may be none for a moment.
            let holder =
                std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
            if wait(&holder) == Wait::No {
                return Err(LockError::Building { holder }.into());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let text = serde_json::to_string(holder).expect("BUG: a holder that is no JSON") + "\n";
        let written = file.set_len(0).and_then(|()| file.write_all_at(text.as_bytes(), 0));
        written.map_err(fs::on("write", &path))?;
        Ok(BuildLock { _file: file })
    }

    fn locks(&self) -> PathBuf {
        self.store.join("locks")
    }

    /// Holds a version for reading: while it lives, neither `evict` nor `gc` drops a shard of it.
    ///
    /// # Errors
    /// When the version is being dropped at this moment, or the lock's file cannot be opened.
    pub fn hold(&self, digest: &Digest) -> Result<VersionLock> {
        self.lock_version(digest, File::try_lock_shared)?.ok_or_else(|| LockError::Dropping { digest: *digest }.into())
    }

    /// Makes sure that nobody reads a version, and keeps it so; for dropping its shards.
    ///
    /// # Errors
    /// When someone reads it, or the lock's file cannot be opened.
    pub(super) fn hold_alone(&self, digest: &Digest) -> Result<VersionLock> {
        self.lock_version(digest, File::try_lock)?.ok_or_else(|| LockError::Reading { digest: *digest }.into())
    }

    fn lock_version(&self, digest: &Digest, lock: Try) -> Result<Option<VersionLock>> {
        let path = self.locks().join(format!("{}.lock", digest.hex()));
        let file = fs::open_lock(&path)?;
        Ok(try_lock(&file, &path, lock)?.then_some(VersionLock { _file: file }))
    }
}

/// A version that is held. Freed when dropped, or when the process ends in any way.
#[derive(Debug)]
#[must_use = "freed when dropped"]
pub struct VersionLock {
    _file: File,
}

type Try = fn(&File) -> std::result::Result<(), TryLockError>;

fn try_lock(file: &File, path: &Path, lock: Try) -> Result<bool> {
    match lock(file) {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(fs::on("lock", path)(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::StoreError;
    use super::*;

    fn holder() -> Holder {
        Holder::this_process("build", "2026-01-01T00:00:00Z".into())
    }

    #[test]
    fn the_second_builder_learns_who_the_first_is_and_may_wait() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let first = datasets.lock_build(&holder(), |_| Wait::No).unwrap();
        let error = datasets.lock_build(&holder(), |_| Wait::No).unwrap_err().to_string();
        let pid = std::process::id();
        assert_eq!(
            error,
            format!(
                "another process is at work in this store: build by process {pid} on {}, since 2026-01-01T00:00:00Z",
                host()
            )
        );
        let mut first = Some(first);
        let mut asked = 0;
        let second = datasets.lock_build(&holder(), |_| {
            asked += 1;
            if asked == 2 {
                drop(first.take());
            }
            Wait::Longer
        });
        assert!(second.is_ok() && asked == 2);
    }

    #[test]
    fn a_lock_of_a_dead_process_is_free_whatever_its_file_says() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        fs::write(&datasets.locks().join("build.lock"), b"{\"pid\":1, half", fs::Existing::Keep).unwrap();
        assert!(datasets.lock_build(&holder(), |_| Wait::No).is_ok());
    }

    #[test]
    fn readers_share_a_version_and_keep_droppers_out() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let digest = Digest::of(b"v");
        let (one, two) = (datasets.hold(&digest).unwrap(), datasets.hold(&digest).unwrap());
        drop(one);
        assert!(matches!(datasets.hold_alone(&digest), Err(StoreError::Lock(LockError::Reading { .. }))));
        drop(two);
        let alone = datasets.hold_alone(&digest).unwrap();
        assert!(matches!(datasets.hold(&digest), Err(StoreError::Lock(LockError::Dropping { .. }))));
        drop(alone);
        assert!(datasets.hold(&digest).is_ok());
    }
}
