//! Class folders: `root/<class>/**`.

use super::Classes;
use super::bad::{BadSource, Why};
use super::error::SourceError;
use super::files::Files;
use super::tables::{Entry, Listing};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Lists class folders: a file's class is the first folder of its path. Every file counts as an image, so that one that
/// is none is reported. New classes are numbered after `earlier`.
///
/// # Errors
/// When the root cannot be listed.
pub(super) fn list(root: &Path, earlier: &Classes) -> Result<Listing, SourceError> {
    let Files { files, folders, mut bad } = Files::list(root)?;
    let classes = earlier.grown(folders.iter().map(String::as_str));
    let mut entries = BTreeMap::new();
    for path in files {
        match path.split_once('/').and_then(|(class, _)| classes.number(class)) {
            Some(class) => {
                entries.insert(path, Entry { class, group: None });
            }
            None => bad.push(BadSource { path, why: Why::NoClassFolder }),
        }
    }
    let used: BTreeSet<_> = entries.keys().filter_map(|path| path.split('/').next()).collect();
    let empty: Vec<_> = folders.iter().filter(|folder| !used.contains(folder.as_str())).cloned().collect();
    bad.extend(empty.into_iter().map(|path| BadSource { path, why: Why::EmptyClass }));
    Ok(Listing { root: root.to_owned(), classes, names_first: true, entries, bad })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_folders_and_keep_their_numbers() {
        let root = tempfile::tempdir().unwrap();
        for path in ["b/x/1.png", "a/2.png", "c/3.png"] {
            std::fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(root.path().join(path), "x").unwrap();
        }
        std::fs::create_dir(root.path().join("d")).unwrap();
        std::fs::write(root.path().join("4.png"), "x").unwrap();
        let earlier = Classes(vec![(0, "gone".into()), (5, "b".into())]);
        let listing = list(root.path(), &earlier).unwrap();
        let names: Vec<_> = listing.classes.0.iter().map(|(number, name)| (*number, name.as_str())).collect();
        assert_eq!(names, [(0, "gone"), (5, "b"), (6, "a"), (7, "c"), (8, "d")]);
        let entries: Vec<_> = listing.entries.iter().map(|(path, entry)| (path.as_str(), entry.class)).collect();
        assert_eq!(entries, [("a/2.png", 6), ("b/x/1.png", 5), ("c/3.png", 7)]);
        let bad: Vec<_> = listing.bad.iter().map(|bad| (bad.path.as_str(), bad.why.clone())).collect();
        assert_eq!(bad, [("4.png", Why::NoClassFolder), ("d", Why::EmptyClass)]);
    }
}
