//! Sources: the input images, each known by the digest of its bytes.
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
}
