//! A folder of images that nobody labelled: a contest's test set, or what a model will meet.

use super::bad::BadSource;
use super::error::SourceError;
use super::files::{Files, looks_like_an_image};
use std::path::{Path, PathBuf};

/// What lies in such a folder and below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unlabelled {
    /// What the paths are relative to.
    pub root: PathBuf,
    /// Files whose names end like an image's, sorted.
    pub images: Vec<String>,
    /// How many other files there are: tables, notes.
    pub others: usize,
    /// What could not be listed.
    pub bad: Vec<BadSource>,
}

impl Unlabelled {
    /// Lists a folder and all below it; nothing is opened.
    ///
    /// # Errors
    /// When the folder itself cannot be listed.
    pub fn list(root: &Path) -> Result<Self, SourceError> {
        let Files { files, bad, .. } = Files::list(root)?;
        let (images, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| looks_like_an_image(path));
        Ok(Self { root: root.to_owned(), images, others: others.len(), bad })
    }

    /// The images of a folder of which all is to be used, sorted.
    ///
    /// # Errors
    /// With everything that cannot be listed.
    pub fn all(root: &Path) -> Result<Vec<String>, SourceError> {
        let Self { images, bad, .. } = Self::list(root)?;
        if bad.is_empty() { Ok(images) } else { Err(SourceError::Bad { root: root.to_owned(), sources: bad }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_counted_and_not_taken_for_images() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("둘")).unwrap();
        for path in ["b.JPG", "둘/a.png", "labels.csv", ".hidden.png"] {
            std::fs::write(root.path().join(path), "x").unwrap();
        }
        let listed = Unlabelled::list(root.path()).unwrap();
        assert_eq!(
            (listed.images, listed.others, listed.bad),
            (vec!["b.JPG".to_owned(), "둘/a.png".into()], 1, vec![])
        );
    }
}
