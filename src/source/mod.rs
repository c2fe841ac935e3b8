//! Sources: the input images, each known by the digest of its bytes.
//!
//! [`scan`] turns a recipe's `[source]` into a [`SourceSet`]: it lists files and labels (class folders, or a contest's
//! tables), applies `fixes.csv`, decodes every file once, merges equal bytes, joins near-duplicates into one group and
//! sorts by digest, so that neither the order of a directory nor the number of threads can reach anything later. A
//! file that cannot be used is an error or is listed as skipped; it is never replaced, and originals are never written.

mod bad;
mod cache;
mod error;
mod files;
mod fingerprint;
mod fixes;
mod folders;
mod group;
mod list;
mod near;
mod predicted;
mod predictions;
mod problem;
mod read;
mod reopen;
mod scan;
mod spelling;
mod table;
mod tables;
mod unlabelled;

pub use bad::{BadSource, Why};
pub use error::{Conflict, SourceError, Stale};
pub use fixes::{AppliedFix, FixTarget};
pub(crate) use group::Sets;
pub use list::{ListError, identity, read_tsv, write_tsv};
pub use near::{NearDuplicates, NearPair};
pub use predicted::predicted;
pub use predictions::{Predicted, Predictions, Submission, classes_of, classes_table};
pub use problem::{Problem, TableError};
pub use read::{Progress, look};
pub use reopen::reopen;
pub use scan::{Duplicates, SourceSet, scan};
pub use spelling::{SpellingError, class_number, classes_named, spelling};
pub(crate) use tables::checked_id;
pub use unlabelled::Unlabelled;

use crate::digest::Digest;
use crate::pixels::Size;
use std::path::PathBuf;

/// Where sources come from, as a recipe's `[source]` says; paths are resolved against the recipe file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceSpec {
    /// How images and labels are laid out.
    pub layout: Layout,
    /// Label corrections.
    pub fixes: Option<PathBuf>,
    /// What to do about files that cannot be used.
    pub on_bad_source: OnBad,
    /// Most pixels of one image, in millions.
    pub max_megapixels: u32,
    /// Whether near-duplicates are joined into one group.
    pub near_duplicates: bool,
}

/// How images and labels are laid out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Layout {
    /// `root/<class>/*`, any depth below the class folder.
    Folders(PathBuf),
    /// A contest's tables.
    Table {
        /// Folder of the images that `labels` names.
        images: PathBuf,
        /// `ID,target`.
        labels: PathBuf,
        /// `target,class_name`; without it a target's text is its class's name.
        classes: Option<PathBuf>,
        /// `ID,group`.
        groups: Option<PathBuf>,
    },
}

/// What to do about unreadable, truncated, oversized, empty, missing or unlabelled files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnBad {
    /// List all of them in one error before any work starts.
    Error,
    /// Leave them out, and list them in the record.
    Skip,
}

/// One input image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Of the file's bytes.
    pub digest: Digest,
    /// Relative to the images' root, `/`-separated, sorted; several where files have equal bytes.
    pub paths: Vec<String>,
    /// Class number.
    pub class: u32,
    /// The physical document it came from; near-duplicates share one.
    pub group: String,
    /// The page it shows: the smallest digest among its near-duplicates, its own if it has none. What stays together
    /// where a class is split by page.
    pub page: Digest,
    /// After the EXIF turn.
    pub size: Size,
}

/// Class numbers and names, sorted by number; names are unique.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Classes(pub Vec<(u32, String)>);

impl Classes {
    /// The name of a class number.
    pub fn name(&self, number: u32) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == number).map(|(_, name)| name.as_str())
    }

    /// The number of a class name.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.0.iter().find(|(_, known)| known == name).map(|(number, _)| *number)
    }

    /// The class name that is close to a text, if any is.
    pub fn nearest(&self, text: &str) -> Option<&str> {
        let name = table::nearest(text, self.0.iter().map(|(_, name)| name.as_str()))?;
        self.0.iter().map(|(_, known)| known.as_str()).find(|known| **known == name)
    }

    /// These classes and, in the order of their names, the new ones among `names`, numbered from the largest number
    /// on: a class keeps its number for ever.
    #[must_use]
    pub fn grown<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut next = self.0.iter().map(|(number, _)| number.saturating_add(1)).max().unwrap_or(0);
        let mut grown = self.clone();
        for name in names.into_iter().collect::<std::collections::BTreeSet<_>>() {
            if grown.number(name).is_none() {
                grown.0.push((next, name.to_owned()));
                next = next.saturating_add(1);
            }
        }
        grown
    }
}

#[cfg(test)]
mod tests;
