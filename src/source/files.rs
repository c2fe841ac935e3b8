//! What lies in a folder of images.
//!
//! Everything is listed but hidden names (a leading `.`: `.git`, `.DS_Store`, `._page.jpg`) and what operating systems
//! leave behind (`Thumbs.db`, `desktop.ini`, `__MACOSX`), which are ignored silently. Symbolic links are followed, as
//! data sets are often assembled from them; one that is broken or leads into a circle is a bad source.

use super::bad::{BadSource, Why};
use super::error::SourceError;
use std::path::Path;
use walkdir::{DirEntry, WalkDir};

/// Files and class folders of one root; paths are relative, `/`-separated and sorted as bytes.
#[derive(Default, Debug)]
pub(super) struct Files {
    /// All files, at any depth.
    pub files: Vec<String>,
    /// The folders directly in the root.
    pub folders: Vec<String>,
    /// What could not be listed.
    pub bad: Vec<BadSource>,
}

impl Files {
    /// Lists a folder and all below it.
    ///
    /// # Errors
    /// When the folder itself cannot be listed.
    pub fn list(root: &Path) -> Result<Self, SourceError> {
        std::fs::read_dir(root).map_err(|source| SourceError::Root { path: root.to_owned(), source })?;
        let mut listed = Self::default();
        let walk = WalkDir::new(root).follow_links(true).min_depth(1).sort_by_file_name();
        for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_litter(entry)) {
            match entry {
                Ok(entry) => match relative(entry.path(), root) {
                    Ok(path) if entry.file_type().is_dir() && entry.depth() == 1 => listed.folders.push(path),
                    Ok(_) if entry.file_type().is_dir() => {}
                    Ok(path) => listed.files.push(path),
                    Err(path) => listed.bad.push(BadSource { path, why: Why::Name }),
                },
                Err(error) => {
                    let path = error.path().unwrap_or(root);
                    let (Ok(path) | Err(path)) = relative(path, root);
                    if error.depth() > 0 && path.rsplit('/').next().is_some_and(|name| name.starts_with('.')) {
                        continue;
                    }
                    let why = match (error.loop_ancestor(), error.io_error()) {
                        (Some(_), _) => "a link to a folder above itself".to_owned(),
                        (None, Some(io)) => io.to_string(),
                        (None, None) => error.to_string(),
                    };
                    listed.bad.push(BadSource { path, why: Why::Unreadable(why) });
                }
            }
        }
        // Folder by folder is not the order of the whole paths: `a/b` < `a-c`, but `-` < `/`.
        listed.files.sort();
        listed.folders.sort();
        Ok(listed)
    }
}

fn is_litter(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || ["thumbs.db", "desktop.ini", "__macosx"].contains(&name.to_lowercase().as_str())
}

/// The path below `root`, `/`-separated; the error is the same with U+FFFD for what is not UTF-8.
fn relative(path: &Path, root: &Path) -> Result<String, String> {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path.components().map(|part| part.as_os_str()).collect();
    match parts.iter().map(|part| part.to_str()).collect::<Option<Vec<_>>>() {
        Some(parts) => Ok(parts.join("/")),
        None => Err(parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")),
    }
}

/// Whether a name ends like an image's.
pub(super) fn looks_like_an_image(path: &str) -> bool {
    const EXTENSIONS: [&str; 15] = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "tif", "tiff", "bmp", "gif", "heic", "heif", "avif", "jp2", "jxl",
    ];
    path.rsplit_once('.').is_some_and(|(_, end)| EXTENSIONS.contains(&end.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(root: &Path, path: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }

    #[test]
    fn lists_sorted_and_without_litter() {
        let root = tempfile::tempdir().unwrap();
        for path in ["b/2.png", "a/x/1.png", "a-c/3.png", "a/.DS_Store", "a/Thumbs.db", "__MACOSX/b/2.png", ".git/x"] {
            touch(root.path(), path);
        }
        let listed = Files::list(root.path()).unwrap();
        assert_eq!(listed.files, ["a-c/3.png", "a/x/1.png", "b/2.png"]);
        assert_eq!(listed.folders, ["a", "a-c", "b"]);
        assert_eq!(listed.bad, []);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_broken_ones_are_bad() {
        let root = tempfile::tempdir().unwrap();
        touch(root.path(), "a/1.png");
        std::os::unix::fs::symlink(root.path().join("a"), root.path().join("b")).unwrap();
        std::os::unix::fs::symlink(root.path().join("nowhere"), root.path().join("a/2.png")).unwrap();
        let listed = Files::list(root.path()).unwrap();
        assert_eq!(listed.files, ["a/1.png", "b/1.png"]);
        let paths: Vec<_> = listed.bad.iter().map(|bad| bad.path.as_str()).collect();
        assert_eq!(paths, ["a/2.png", "b/2.png"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8_is_bad() {
        use std::os::unix::ffi::OsStrExt as _;
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"\xc7\xd1.png")), "x").unwrap();
        let listed = Files::list(root.path()).unwrap();
        assert_eq!(listed.bad, [BadSource { path: "\u{fffd}\u{fffd}.png".into(), why: Why::Name }]);
    }

    #[test]
    fn a_missing_root_is_named() {
        let error = Files::list(Path::new("no/such")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read the folder of images no/such: No such file or directory (os error 2)"
        );
    }
}
