//! A folder that appears whole: filled beside its place, flushed once, then renamed.
//!
//! Its temporary name follows from the final one, so that the next run finds what a killed one left and begins anew; a
//! lock on the folder itself tells that from one which another process fills at this moment.

use super::{FsError, Result, TEMPORARY, create_folder, folder_of, on, remove_folder, sync_folder};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A folder that is being filled and not yet there: [`PendingFolder::publish`] makes it appear, dropping it leaves no
/// trace.
#[derive(Debug)]
#[must_use = "dropped without `publish`, the folder never appears"]
pub struct PendingFolder {
    path: PathBuf,
    /// `None` once it was published.
    temporary: Option<PathBuf>,
    held: File,
}

/// How a file came into a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linked {
    /// As another name of the same file.
    Yes,
    /// Not at all: the file system cannot, or must not, link it; copy it.
    No,
}

impl PendingFolder {
    /// Starts to fill the folder `path`; what a killed run left of it is removed.
    ///
    /// # Errors
    /// When something is at `path` already, another process fills it, or nothing can be made beside it.
    pub fn new(path: &Path) -> Result<Self> {
        let name = path.file_name().ok_or_else(|| on("make", path)(io::ErrorKind::AlreadyExists.into()))?;
        let temporary = folder_of(path).join(format!("{TEMPORARY}{}.part", name.to_string_lossy()));
        create_folder(folder_of(path))?;
        loop {
            refuse_existing(path)?;
            create_folder(&temporary)?;
            let held = match File::open(&temporary) {
                // Published or removed by another process between the two lines.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(on("open", &temporary))?,
            };
            match held.try_lock() {
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(on("make", path)(io::Error::other("another process is making it at this moment")));
                }
                Err(std::fs::TryLockError::Error(error)) => return Err(on("lock", &temporary)(error)),
                Ok(()) => {}
            }
            // What is locked may have been renamed in the meantime: then it is finished, and not ours.
            let ours = held.metadata().map_err(on("look at", &temporary))?;
            let there = std::fs::symlink_metadata(&temporary);
            if !there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                continue;
            }
            refuse_existing(path)?;
            empty(&temporary)?;
            return Ok(Self { path: path.to_owned(), temporary: Some(temporary), held });
        }
    }

    /// The path that it will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn place(&self, name: &str) -> Result<PathBuf> {
        let place = self.temporary.as_deref().expect("BUG: filled after it was published").join(name);
        create_folder(folder_of(&place))?;
        Ok(place)
    }

    /// Starts a file in it, whose `name` may have folders. It is flushed to the disk with all others, by
    /// [`PendingFolder::publish`].
    ///
    /// # Errors
    /// When it is there already (in another case, on a file system that does not tell cases apart), or cannot be made.
    pub fn file(&self, name: &str) -> Result<BufWriter<File>> {
        let place = self.place(name)?;
        let opened = OpenOptions::new().write(true).create_new(true).open(&place);
        opened.map(|file| BufWriter::with_capacity(1 << 18, file)).map_err(on("write", &self.path.join(name)))
    }

    /// Makes `from` appear in it under another name, with no byte copied, where the file system does that.
    ///
    /// # Errors
    /// When a file of that name is there already.
    pub fn link(&self, from: &Path, name: &str) -> Result<Linked> {
        let place = self.place(name)?;
        // A link to a link would lead to nowhere from another folder.
        match from.canonicalize().and_then(|real| std::fs::hard_link(real, &place)) {
            Ok(()) => Ok(Linked::Yes),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(on("write", &self.path.join(name))(error))
            }
            Err(_) => Ok(Linked::No),
        }
    }

    /// Flushes all that is in it to the disk, and renames it to the final path.
    ///
    /// # Errors
    /// When the disk fails, or something has appeared at the path.
    pub fn publish(mut self) -> Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with, syncfs};
        let temporary = self.temporary.as_deref().expect("BUG: published twice");
        syncfs(&self.held).map_err(io::Error::from).map_err(on("flush to the disk", &self.path))?;
        match renameat_with(CWD, temporary, CWD, &self.path, RenameFlags::NOREPLACE) {
            // A file system that cannot promise it (NFS): the look before it has to do.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                refuse_existing(&self.path)?;
                std::fs::rename(temporary, &self.path)
            }
            other => other.map_err(io::Error::from),
        }
        .map_err(on("make", &self.path))?;
        self.temporary = None;
        sync_folder(folder_of(&self.path))
    }
}

impl Drop for PendingFolder {
    fn drop(&mut self) {
        // The lock is held until the last line; who comes later finds nothing, or what could not be removed.
        if let Some(temporary) = &self.temporary {
            let _ = remove_folder(temporary);
        }
    }
}

fn refuse_existing(path: &Path) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(on("make", path)(io::ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

fn empty(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(on("list", folder))? {
        let entry = entry.map_err(on("list", folder))?;
        let path = entry.path();
        if entry.file_type().map_err(on("look at", &path))?.is_dir() {
            remove_folder(&path)?;
        } else {
            super::remove(&path)?;
        }
    }
    Ok(())
}

impl FsError {
    /// Whether something is there already that would have been replaced.
    pub fn is_existing(&self) -> bool {
        self.source.kind() == io::ErrorKind::AlreadyExists
    }
}

#[cfg(test)]
mod tests {
    use super::super::{names, read};
    use super::*;
    use std::io::Write as _;

    fn put(folder: &PendingFolder, name: &str, bytes: &[u8]) {
        let mut file = folder.file(name).unwrap();
        file.write_all(bytes).unwrap();
        file.flush().unwrap();
    }

    #[test]
    fn a_folder_is_whole_or_absent() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/out");
        let pending = PendingFolder::new(&path).unwrap();
        put(&pending, "x/y", b"1");
        assert!(pending.file("x/y").unwrap_err().is_existing());
        assert!(!path.exists());
        drop(pending);
        assert_eq!(names(&root.path().join("a")).unwrap(), [""; 0], "dropping leaves no trace");
        let pending = PendingFolder::new(&path).unwrap();
        put(&pending, "z", b"2");
        pending.publish().unwrap();
        assert_eq!(names(&root.path().join("a")).unwrap(), ["out"]);
        assert_eq!((names(&path).unwrap(), read(&path.join("z")).unwrap()), (vec!["z".to_owned()], b"2".to_vec()));
        assert!(PendingFolder::new(&path).unwrap_err().is_existing());
        assert!(PendingFolder::new(Path::new("..")).unwrap_err().is_existing());
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_a_living_one_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        std::fs::create_dir_all(root.path().join(".tmp-out.part/old")).unwrap();
        std::fs::write(root.path().join(".tmp-out.part/half"), "x").unwrap();
        let first = PendingFolder::new(&path).unwrap();
        put(&first, "new", b"1");
        let error = PendingFolder::new(&path).unwrap_err().to_string();
        assert!(error.ends_with("out: another process is making it at this moment"), "{error}");
        first.publish().unwrap();
        assert_eq!(names(&path).unwrap(), ["new"]);
    }

    #[test]
    fn nothing_that_appears_in_the_meantime_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        let pending = PendingFolder::new(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(pending.publish().unwrap_err().is_existing());
        assert_eq!(names(root.path()).unwrap(), ["out"]);
    }

    #[test]
    fn a_link_is_the_same_file() {
        let root = tempfile::tempdir().unwrap();
        let (path, from, by) = (root.path().join("out"), root.path().join("from"), root.path().join("by"));
        std::fs::write(&from, "x").unwrap();
        std::os::unix::fs::symlink("from", &by).unwrap();
        let pending = PendingFolder::new(&path).unwrap();
        assert_eq!(pending.link(&by, "a").unwrap(), Linked::Yes);
        assert!(pending.link(&from, "a").unwrap_err().is_existing());
        assert_eq!(pending.link(Path::new("/proc/self/stat"), "b").unwrap(), Linked::No);
        pending.publish().unwrap();
        assert_eq!(from.metadata().unwrap().ino(), path.join("a").symlink_metadata().unwrap().ino());
    }
}
