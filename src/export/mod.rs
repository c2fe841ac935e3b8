//! Exports: samples, or files that have no version yet, laid out as another program wants them.
//!
//! A [`Selection`] says which images, in parts named as the store names its sets; [`write()`] puts them into a folder that
//! appears whole, by one rename, with a `SHA256SUMS` over all of it. Pixels are copied, never made anew: an exported
//! file has the digest that the manifest says, and is refused where it has not. The same selection gives the same bytes.
//!
//! Memory holds what is known of the images (some 200 bytes each) and one image (one row group, for Parquet), so a version
//! of any size can be shuffled: what is shuffled are places in shards.

mod folders;
mod images;
mod item;
mod names;
mod output;
mod parquet;
mod select;
mod table;
mod webdataset;

pub use item::{Item, Part, Selection};
pub use select::{of_predictions, of_sources, of_version};

use crate::digest::Digest;
use crate::fs::{self, FsError};
use crate::manifest::Key;
use crate::source::SourceError;
use crate::store::{ByteSize, StoreError};
use images::Images;
use output::Output;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What an export is laid out as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Format {
    /// A folder for each class: torchvision's ImageFolder, any image viewer
    Folders,
    /// A contest's tables: ID,target and target,class_name, beside folders of images
    Csv,
    /// Tables that hold the images and soft labels: Hugging Face `datasets`, DuckDB, polars
    Parquet,
    /// Shards in one global shuffle: KEY.jpg, KEY.cls and KEY.json
    Webdataset,
}

impl Format {
    /// Its name, as the option has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folders => "folders",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Webdataset => "webdataset",
        }
    }

    /// Whether a sample's whole label fits into it, not only its heaviest class.
    pub const fn holds_soft_labels(self) -> bool {
        matches!(self, Self::Parquet | Self::Webdataset)
    }
}

/// What happens to soft labels where the format has room for one class alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum SoftLabels {
    /// The heaviest class counts, and a table beside it has all weights
    Table,
    /// The export is refused
    Refuse,
}

/// How files that are no samples come into an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transfer {
    /// Byte by byte.
    Copy,
    /// As another name of the same file where the file system allows it.
    Link,
}

/// Why there is no export. In every case nothing of it is left.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ExportError {
    /// The store cannot give what is wanted.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// Sources or a table cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The target is there.
    #[error("{} exists, and an export replaces nothing", path.display())]
    #[diagnostic(help("choose another --out, or move it away"))]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The target would be read as sources.
    #[error("{} lies in {}, and would be read as part of it by the next command", out.display(), root.display())]
    #[diagnostic(help("choose another --out"))]
    Inside {
        /// The target.
        out: PathBuf,
        /// The folder of sources, images or shards.
        root: PathBuf,
    },
    /// The disk would be full.
    #[error(
        "the export needs about {}, and {} has {} free", ByteSize(*need), path.display(), ByteSize(*free)
    )]
    #[diagnostic(help("free some room, choose another disk with --out, or export less with --split or --limit"))]
    Room {
        /// The target.
        path: PathBuf,
        /// Bytes of the images.
        need: u64,
        /// Bytes that are free there.
        free: u64,
    },
    /// The disk became full.
    #[error("the disk became full while {} was written; nothing of it is left", path.display())]
    #[diagnostic(help("free some room, choose another disk with --out, or export less with --split or --limit"))]
    Full {
        /// The target.
        path: PathBuf,
    },
    /// Nothing to export.
    #[error("there is nothing to export: {what} holds no image")]
    Empty {
        /// The selection.
        what: String,
    },
    /// A shard's list of samples is not that of the version.
    #[error("{file}: {problem}")]
    #[diagnostic(help("`augmint restore` makes what is damaged again; then export anew"))]
    Entries {
        /// The shard.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A sample's bytes are not those of the version.
    #[error("sample {key} in {} was changed: its digest is {found} instead of {expected}", path.display())]
    #[diagnostic(help("`augmint restore` makes what is damaged again; then export anew"))]
    Damaged {
        /// Which.
        key: Key,
        /// Its shard.
        path: PathBuf,
        /// By the manifest.
        expected: Digest,
        /// Of the bytes that are there.
        found: Digest,
    },
    /// A source's bytes changed while it was exported.
    #[error("{} changed while it was exported", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// Two files of one name.
    #[error("'{first}' and '{second}' would both become {name}")]
    #[diagnostic(help("rename one of them: '/' and '.' become '_', and neither case nor ending tells names apart"))]
    Collision {
        /// A file.
        first: String,
        /// Another.
        second: String,
        /// What both would be called.
        name: String,
    },
    /// Labels that do not fit.
    #[error("{soft} of {of} samples have soft labels, and --format {} holds one class per image", format.name())]
    #[diagnostic(help(
        "--format parquet or webdataset holds them; or leave --soft-labels refuse away: then the heaviest \
                       class counts, and a table has all weights"
    ))]
    Soft {
        /// Samples of more than one class.
        soft: u64,
        /// All samples.
        of: u64,
        /// The format.
        format: Format,
    },
    /// A file that no tar can hold.
    #[error("{name} has more bytes than a member of a tar can have (8 GB)")]
    TooLarge {
        /// The member.
        name: String,
    },
    /// Class numbers that would make nearly empty rows.
    #[error(
        "Parquet rows hold a weight for each class number, and {largest} is too large a number for {classes} classes"
    )]
    #[diagnostic(help("--format webdataset holds labels of any number; or number the classes from 0 in meta.csv"))]
    Sparse {
        /// The largest class number.
        largest: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// The Parquet writer failed.
    #[error("{} cannot be written: {source}", path.display())]
    Parquet {
        /// The target.
        path: PathBuf,
        /// What the writer says.
        source: ::parquet::errors::ParquetError,
    },
    /// Ctrl-C.
    #[error("stopped: {} was not made, and nothing of it is left", path.display())]
    Stopped {
        /// The target.
        path: PathBuf,
    },
}

/// How a selection is written.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// As what.
    pub format: Format,
    /// What soft labels do where they do not fit.
    pub soft_labels: SoftLabels,
    /// Decides the order of rows and shards, where the format shuffles.
    pub seed: u64,
    /// How files come in.
    pub transfer: Transfer,
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Written {
    /// Images.
    pub samples: u64,
    /// Images of more than one class.
    pub soft: u64,
    /// Bytes of the images.
    pub bytes: u64,
    /// Files, the checksums included.
    pub files: u64,
    /// Images by part.
    pub parts: BTreeMap<String, u64>,
    /// The digest of `SHA256SUMS`: equal exports have equal ones.
    pub checksums: Option<Digest>,
}

/// Counts what is done, and ends the work when asked to.
pub(crate) struct Step<'a> {
    out: &'a Path,
    done: u64,
    bytes: u64,
    progress: &'a dyn Fn(u64, u64),
    stop: &'a AtomicBool,
}

impl Step<'_> {
    /// One more image of so many bytes is written.
    fn done(&mut self, bytes: u64) -> Result<(), ExportError> {
        self.done += 1;
        self.bytes += bytes;
        (self.progress)(self.done, self.bytes);
        match self.stop.load(Ordering::Relaxed) {
            true => Err(ExportError::Stopped { path: self.out.to_owned() }),
            false => Ok(()),
        }
    }
}

/// Writes a selection to the folder `out`, which must not exist; `progress` is given images and bytes so far.
///
/// # Errors
/// When `out` exists, the selection is empty or does not fit the format, an image is not what it was, the disk fails or
/// is full, or `stop` was set. Then nothing of it is left.
pub fn write(
    selection: &Selection,
    layout: Layout,
    out: &Path,
    progress: &dyn Fn(u64, u64),
    stop: &AtomicBool,
) -> Result<Written, ExportError> {
    let Layout { format, .. } = layout;
    let (samples, soft, bytes) = selection.totals();
    if samples == 0 {
        return Err(ExportError::Empty { what: selection.title.clone() });
    }
    if soft > 0 && layout.soft_labels == SoftLabels::Refuse && !format.holds_soft_labels() {
        return Err(ExportError::Soft { soft, of: samples, format });
    }
    selection.check_names()?;
    let at = |error: ExportError| match error {
        ExportError::Fs(error) if error.is_full() => ExportError::Full { path: out.to_owned() },
        ExportError::Fs(error) if error.is_existing() && error.path == out => {
            ExportError::Exists { path: out.to_owned() }
        }
        error => error,
    };
    let mut output = Output::new(out).map_err(at)?;
    let free = fs::space(out)?.free;
    if bytes > free && layout.transfer == Transfer::Copy {
        return Err(ExportError::Room { path: out.to_owned(), need: bytes, free });
    }
    let mut images = Images::new(&selection.shards);
    let mut step = Step { out, done: 0, bytes: 0, progress, stop };
    let written = match format {
        Format::Folders => folders::write(selection, layout.transfer, &mut output, &mut images, &mut step),
        Format::Csv => table::write(selection, layout.transfer, &mut output, &mut images, &mut step),
        Format::Parquet => parquet::write(selection, layout.seed, &mut output, &mut images, &mut step),
        Format::Webdataset => webdataset::write(selection, layout.seed, &mut output, &mut images, &mut step),
    };
    let title = format!("augmint export as {}: {}", format.name(), selection.title);
    let (files, checksums) = written.and_then(|()| output.publish(&title)).map_err(at)?;
    let parts = selection.parts.iter().map(|part| (part.name.clone(), part.items.len() as u64)).collect();
    Ok(Written { samples, soft, bytes, files, parts, checksums: Some(checksums) })
}
