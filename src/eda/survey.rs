//! A set of images, measured one by one.

use super::EdaError;
use crate::digest::Digest;
use crate::source::{BadSource, Progress, look};
use crate::statistics::{Statistics, of};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// What was measured of a set of images.
#[derive(Clone, Debug, Serialize)]
pub struct Survey {
    /// The folder that paths are relative to.
    pub root: PathBuf,
    /// How many images it has.
    pub listed: usize,
    /// How many of them were measured: all that can be read, or a sample.
    pub measured: usize,
    /// What could not be read, sorted by path.
    pub left_out: Vec<LeftOut>,
    /// The measured ones, sorted by path.
    #[serde(skip)]
    pub(super) images: Vec<Looked>,
}

/// An image that was measured.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub path: String,
    pub digest: Digest,
    pub statistics: Statistics,
}

/// A file that was left out, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[expect(missing_docs, reason = "said above")]
pub struct LeftOut {
    pub path: String,
    pub why: String,
}

impl LeftOut {
    pub(super) fn of(bad: &BadSource) -> Self {
        Self { path: bad.path.clone(), why: bad.why.to_string() }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.why)
    }
}

impl Survey {
    /// Measures files below a root; of more than `limit` those whose paths have the smallest digests.
    pub(super) fn of(
        root: &Path,
        paths: &[&str],
        max_megapixels: u32,
        limit: Option<usize>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Self {
        let mut chosen = paths.to_vec();
        if let Some(limit) = limit.filter(|limit| *limit < chosen.len()) {
            chosen.sort_by_cached_key(|path| Digest::of(path.as_bytes()));
            chosen.truncate(limit);
        }
        chosen.sort_unstable();
        let looked = look(root, &chosen, max_megapixels, progress, &|digest, image| (digest, of(&image)));
        let (mut images, mut left_out) = (Vec::new(), Vec::new());
        for (path, looked) in chosen.iter().zip(looked) {
            let path = (*path).to_owned();
            match looked {
                Ok((digest, statistics)) => images.push(Looked { path, digest, statistics }),
                Err(why) => left_out.push(LeftOut { path, why: why.to_string() }),
            }
        }
        Self { root: root.to_owned(), listed: paths.len(), measured: images.len(), left_out, images }
    }

    /// Whether there is anything to speak of; sorts what was left out.
    ///
    /// # Errors
    /// When no image could be read.
    pub(super) fn check(&self) -> Result<(), EdaError> {
        match (self.images.first(), self.left_out.iter().min()) {
            (None, Some(first)) => Err(EdaError::NoneReadable {
                path: self.root.clone(),
                count: self.left_out.len(),
                first: first.clone(),
            }),
            (None, None) => Err(EdaError::NoImages { path: self.root.clone(), others: 0 }),
            (Some(_), _) => Ok(()),
        }
    }

    /// Of every measured image, in the order of their paths.
    pub fn statistics(&self) -> Vec<Statistics> {
        self.images.iter().map(|image| image.statistics).collect()
    }

    /// The middle one of the measured images' longest sides, in pixels.
    pub(super) fn longest_side(&self) -> u32 {
        let mut sides: Vec<u32> = self.images.iter().map(|image| longest(&image.statistics)).collect();
        sides.sort_unstable();
        sides.get(sides.len() / 2).copied().unwrap_or(1)
    }
}

/// The longest side of an image in pixels.
pub(super) fn longest(statistics: &Statistics) -> u32 {
    statistics.size.width.max(statistics.size.height)
}
