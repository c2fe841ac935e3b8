//! Files: errors that name the path, writes that are whole or absent, and the room that is really there.
//!
//! Everything that is published appears by one rename: the bytes are written to a temporary file beside the target
//! (`.tmp-…`, so that a killed process leaves something that is easy to tell and to sweep), flushed to the disk, renamed,
//! and the folder is flushed too. A reader sees the old file, or the whole new one, or none; never a part. This is the
//! only module that creates files, and it never removes one that it was not told to.

#![expect(clippy::disallowed_methods, reason = "the one module that creates, renames and removes files")]

mod folder;

pub use folder::{Linked, PendingFolder};

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// How the name of every temporary file starts.
pub const TEMPORARY: &str = ".tmp-";

/// An operation on a file or folder that failed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("cannot {action} {}: {source}{}", path.display(), hint(source))]
pub struct FsError {
    /// What was tried, after "cannot".
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A shorthand.
pub type Result<T> = std::result::Result<T, FsError>;

impl FsError {
    /// Whether the file or folder is simply not there.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// Whether the disk, or the user's share of it, is full.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull => {
            "; the disk is full: what was finished is kept, so free some room and run it again"
        }
        io::ErrorKind::QuotaExceeded => {
            "; your quota is used up: what was finished is kept, so free some room and run it again"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; the file system is read-only: choose another place with --store or --datasets"
        }
        io::ErrorKind::PermissionDenied => "; its owner or permissions do not allow it",
        _ => "",
    }
}

/// Turns the error of an operation on `path` into one that says so: `.map_err(on("read", path))`.
pub fn on(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FsError {
    let path = path.to_owned();
    move |source| FsError { action, path, source }
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(on("read", path))
}

/// Reads a whole file of UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(on("read", path))
}

/// Opens a file for reading.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(on("open", path))
}

/// Size, times and type of what a path leads to.
pub fn metadata(path: &Path) -> Result<Metadata> {
    path.metadata().map_err(on("look at", path))
}

/// Creates a folder and those above it, where they are missing.
pub fn create_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(on("create the folder", path))
}

/// Removes a file; one that is gone already is fine.
pub fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).map_err(on("remove", path)),
        _ => Ok(()),
    }
}

/// Removes a folder with all that is in it; one that is gone already is fine.
pub fn remove_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).map_err(on("remove", path)),
        _ => Ok(()),
    }
}

/// The names in a folder, sorted; those that are not UTF-8 are left out, as nothing here makes such names. A folder that
/// is not there holds nothing.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(on("list", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(on("list", folder))?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// What to do when the target of a write exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// It is replaced, in one step.
    Replace,
    /// It stays, and the new bytes are dropped.
    Keep,
}

/// A file that is being written and not yet there: [`Pending::publish`] makes it appear, dropping it leaves no trace.
#[derive(Debug)]
#[must_use = "dropped without `publish`, the file never appears"]
pub struct Pending {
    path: PathBuf,
    file: BufWriter<File>,
    temporary: TempPath,
}

impl Pending {
    /// Starts to write `path`, in a temporary file beside it; missing folders are made.
    pub fn new(path: &Path) -> Result<Self> {
        let folder = folder_of(path);
        create_folder(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY).suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // the umask takes its part, as for any file
        let (file, temporary) = builder.tempfile_in(folder).map_err(on("create a file in", folder))?.into_parts();
        Ok(Self { path: path.to_owned(), file: BufWriter::with_capacity(1 << 18, file), temporary })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(on("write", &self.path))
    }

    /// The path that it will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Will publish at another path of the same file system instead; for files that are named by their content.
    pub fn rename(&mut self, path: PathBuf) {
        self.path = path;
    }

    /// Flushes to the disk and renames to the final path. True unless a file was there and was kept.
    pub fn publish(self, existing: Existing) -> Result<bool> {
        let Self { path, file, temporary } = self;
        let file = file.into_inner().map_err(|error| on("write", &path)(error.into_error()))?;
        file.sync_all().map_err(on("flush to the disk", &path))?;
        let folder = folder_of(&path);
        create_folder(folder)?;
        let renamed = match existing {
            Existing::Replace => temporary.persist(&path).map(|()| true),
            Existing::Keep => match temporary.persist_noclobber(&path) {
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                other => other.map(|()| true),
            },
        };
        let renamed = renamed.map_err(|error| on("write", &path)(error.error))?;
        sync_folder(folder)?;
        Ok(renamed)
    }
}

impl Write for Pending {
    /// As [`Pending::write`], for encoders: the error that they pass on says the path and what to do.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wrap = |error: io::Error| io::Error::new(error.kind(), on("write", &self.path)(error));
        self.file.write(bytes).map_err(wrap)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| io::Error::new(error.kind(), on("write", &self.path)(error)))
    }
}

/// Writes a file whole: a reader sees what was there before, or all of `bytes`. True unless a file was there and kept.
pub fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<bool> {
    let mut pending = Pending::new(path)?;
    Pending::write(&mut pending, bytes)?;
    pending.publish(existing)
}

/// Appends one line with one system call, so that two processes' lines never mix; makes the file where it is missing.
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    create_folder(folder_of(path))?;
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(on("open", path))?;
    file.write_all(format!("{line}\n").as_bytes()).map_err(on("append to", path))
}

/// Opens a file to be locked and written in place, made where it is missing; never cut off.
pub fn open_lock(path: &Path) -> Result<File> {
    create_folder(folder_of(path))?;
    let opened = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path);
    match opened {
        // A store that others filled: its locks can still be shared.
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            open(path)
        }
        other => other.map_err(on("open", path)),
    }
}

/// Makes `link` lead to `target` (as written, relative to the link's folder), replacing a link of that name in one step.
pub fn symlink(target: &Path, link: &Path) -> Result<()> {
    let folder = folder_of(link);
    let made =
        tempfile::Builder::new().prefix(TEMPORARY).make_in(folder, |path| std::os::unix::fs::symlink(target, path));
    let made = made.map_err(on("make a link in", folder))?;
    made.into_temp_path().persist(link).map_err(|error| on("make the link", link)(error.error))
}

/// Flushes a folder's list of names to the disk, so that a rename in it survives a power cut.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(on("flush to the disk", folder))
}

/// The folder that holds a path; `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Room on a mount, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// What this user may still write (less than the free blocks where some are kept for root).
    pub free: u64,
    /// The size of the file system.
    pub total: u64,
}

/// The room on the mount that a file at `path` would really be written to: that of the nearest folder that exists.
pub fn space(path: &Path) -> Result<Space> {
    let there = path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("."));
    let there = if there == Path::new("") { Path::new(".") } else { there };
    let stat = rustix::fs::statvfs(there).map_err(io::Error::from).map_err(on("ask for the free space of", there))?;
    Ok(Space { free: stat.f_bavail.saturating_mul(stat.f_frsize), total: stat.f_blocks.saturating_mul(stat.f_frsize) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_whole_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        let mut pending = Pending::new(&path).unwrap();
        Pending::write(&mut pending, b"half").unwrap();
        assert!(!path.exists());
        drop(pending);
        assert_eq!(names(path.parent().unwrap()).unwrap(), [""; 0], "dropping leaves no trace");
        assert!(write(&path, b"first", Existing::Keep).unwrap());
        assert!(!write(&path, b"second", Existing::Keep).unwrap());
        assert_eq!(read(&path).unwrap(), b"first");
        assert!(write(&path, b"second", Existing::Replace).unwrap());
        assert_eq!(read_text(&path).unwrap(), "second");
        assert_eq!(names(path.parent().unwrap()).unwrap(), ["file"]);
    }

    #[test]
    fn errors_name_the_path_and_what_to_do() {
        let full = FsError { action: "write", path: "x/y.tar".into(), source: io::ErrorKind::StorageFull.into() };
        assert_eq!(
            full.to_string(),
            "cannot write x/y.tar: no storage space; the disk is full: what was finished is kept, so free some room and \
             run it again"
        );
        assert!(full.is_full());
        let missing = read(Path::new("/nowhere/at all")).unwrap_err();
        assert!(missing.is_missing() && missing.to_string().starts_with("cannot read /nowhere/at all: "), "{missing}");
    }

    #[test]
    fn space_is_that_of_the_mount_that_would_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let (here, below) = (space(folder.path()).unwrap(), space(&folder.path().join("not/there/yet")).unwrap());
        assert_eq!(here.total, below.total);
        assert!(here.total >= here.free && here.free > 0);
        assert!(space(Path::new("relative/not there")).unwrap().total > 0);
        // Another mount than the temporary folder's, on any Linux.
        assert_ne!(space(Path::new("/proc/self/x")).unwrap().total, here.total);
    }

    #[test]
    fn lines_are_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log/x.jsonl");
        append_line(&path, "one").unwrap();
        append_line(&path, "two").unwrap();
        assert_eq!(read_text(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_link_is_replaced_in_one_step() {
        let root = tempfile::tempdir().unwrap();
        write(&root.path().join("v/x"), b"", Existing::Replace).unwrap();
        let link = root.path().join("link");
        symlink(Path::new("nowhere"), &link).unwrap();
        assert!(!link.exists());
        symlink(Path::new("v"), &link).unwrap();
        assert!(link.join("x").exists());
        assert_eq!(names(root.path()).unwrap(), ["link", "v"]);
    }
}
