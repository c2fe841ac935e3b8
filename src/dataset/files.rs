//! Images that have no version: a contest's test set, or labelled sources as they are.

use super::pixels::Pixels;
use super::{Dataset, DatasetError, Origin, Place, Row};
use crate::digest::Digest;
use crate::manifest::{Key, WHOLE};
use crate::pixels::Limits;
use crate::seed::Role;
use crate::source::{Classes, SourceSet, Unlabelled};
use std::path::Path;
use std::sync::Arc;

/// Nobody has hashed the file.
const UNKNOWN: Digest = Digest::from_bytes([0; 32]);

impl Dataset {
    /// Files below `root`, in the order given, without labels; `classes` are those that a model tells apart.
    ///
    /// # Errors
    /// With every file that is not there.
    pub fn of_files(root: &Path, ids: Vec<String>, classes: Classes) -> Result<Self, DatasetError> {
        let missing: Vec<String> = ids.iter().filter(|id| !root.join(id).is_file()).cloned().collect();
        if !missing.is_empty() {
            return Err(DatasetError::MissingFiles { root: root.to_owned(), names: missing, of: ids.len() });
        }
        if ids.is_empty() {
            return Err(DatasetError::NoImages { root: root.to_owned() });
        }
        let rows = (0..ids.len() as u32).map(|file| row(file, UNKNOWN, (0, 0))).collect();
        let pixels = Pixels::of_files(root.to_owned(), ids, Limits::default());
        Ok(Self::new(root.display().to_string(), Arc::new(classes), rows, Vec::new(), Arc::new(pixels)))
    }

    /// All images in a folder and below it, sorted by path, without labels.
    ///
    /// # Errors
    /// When it cannot be listed, or holds no image.
    pub fn of_folder(root: &Path, classes: Classes) -> Result<Self, DatasetError> {
        Self::of_files(root, Unlabelled::all(root)?, classes)
    }

    /// Labelled sources as they are, sorted by path; of equal files the first.
    pub fn of_sources(set: &SourceSet) -> Self {
        let classes: &Classes = &set.classes;
        let mut listed: Vec<_> = set.sources.iter().map(|source| (&source.paths[0], source)).collect();
        listed.sort_by_key(|(path, _)| *path);
        let mut labels = Vec::new();
        let mut rows = Vec::new();
        for (file, (_, source)) in (0..).zip(&listed) {
            let index = classes.0.iter().position(|(number, _)| *number == source.class);
            labels.push((index.expect("BUG: a source of no class") as u32, WHOLE));
            rows.push(row(file, source.digest, (file, 1)));
        }
        let ids = listed.iter().map(|(path, _)| (*path).clone()).collect();
        // The scan has seen to the limit that the recipe set.
        let pixels = Pixels::of_files(set.root.clone(), ids, Limits { max_pixels: u64::MAX });
        Self::new(set.root.display().to_string(), Arc::new(classes.clone()), rows, labels, Arc::new(pixels))
    }
}

fn row(file: u32, source: Digest, label: (u32, u32)) -> Row {
    let digest = (source != UNKNOWN).then_some(source);
    let origin = Origin { source, role: Role::Original, copy: 0 };
    Row { key: Key::from_bytes([0; 16]), digest, origin, label, place: Place::File(file) }
}
