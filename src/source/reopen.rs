//! Finds the sources of an earlier version again, by their bytes.

use super::Source;
use super::error::{SourceError, Stale};
use super::files::Files;
use super::read;
use crate::digest::Digest;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file of each source, in the order of the list: where it was, or, where that file is gone or has other bytes,
/// anywhere below the root. Every byte is hashed.
///
/// # Errors
/// With every source that is nowhere: what was expected, and what lies in its place.
pub fn reopen(list: &[Source], root: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let in_place = |source: &Source| {
        let mut found = None;
        for path in &source.paths {
            let file = root.join(path);
            match read::digest(&file) {
                Some(digest) if digest == source.digest => return Ok(file),
                digest => found = found.or(digest),
            }
        }
        let path = source.paths.first().cloned().unwrap_or_default();
        Err(Stale { path, expected: source.digest, found })
    };
    let places: Vec<_> = list.par_iter().map(in_place).collect();
    if places.iter().all(Result::is_ok) {
        return Ok(places.into_iter().flatten().collect());
    }

    let elsewhere: BTreeMap<Digest, PathBuf> = {
        let files = Files::list(root)?.files;
        let digests: Vec<_> = files.par_iter().map(|file| read::digest(&root.join(file))).collect();
        // From the last to the first, so that the first path of equal files stays.
        files.iter().zip(digests).rev().filter_map(|(file, digest)| Some((digest?, root.join(file)))).collect()
    };
    let mut stale = Vec::new();
    let mut paths = Vec::new();
    for place in places {
        match place.or_else(|stale| elsewhere.get(&stale.expected).cloned().ok_or(stale)) {
            Ok(path) => paths.push(path),
            Err(source) => stale.push(source),
        }
    }
    if stale.is_empty() {
        return Ok(paths);
    }
    stale.sort();
    Err(SourceError::Stale { root: root.to_owned(), sources: stale })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Size;

    fn source(bytes: &[u8], paths: &[&str]) -> Source {
        let digest = Digest::of(bytes);
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Source { digest, paths, class: 0, group: "g".into(), page: digest, size: Size::new(1, 1) }
    }

    #[test]
    fn sources_are_found_in_place_and_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir(at("moved")).unwrap();
        std::fs::write(at("a.jpg"), "a").unwrap();
        std::fs::write(at("b.jpg"), "other").unwrap();
        std::fs::write(at("moved/b.jpg"), "b").unwrap();
        std::fs::write(at("d.jpg"), "d").unwrap();
        let list = [source(b"a", &["a.jpg"]), source(b"b", &["b.jpg"]), source(b"d", &["c.jpg", "d.jpg"])];
        assert_eq!(reopen(&list, root.path()).unwrap(), [at("a.jpg"), at("moved/b.jpg"), at("d.jpg")]);
    }

    #[test]
    fn missing_and_changed_sources_are_named() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("b.jpg"), "other").unwrap();
        let list = [source(b"b", &["b.jpg"]), source(b"a", &["a.jpg"])];
        let error = reopen(&list, root.path()).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "2 sources missing or changed in {}; put the original files back, or build a new version:\n  a.jpg: \
                 missing: expected {}\n  b.jpg: changed: expected {}, found {}",
                root.path().display(),
                Digest::of(b"a"),
                Digest::of(b"b"),
                Digest::of(b"other")
            )
        );
    }
}
