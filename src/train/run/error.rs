//! What can go wrong with a run folder.

use crate::fs::FsError;
use crate::pixels::EncodeError;
use crate::store::Holder;
use std::path::PathBuf;

/// Why a run folder cannot be made, read or written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RunError {
    /// The name cannot be a folder's.
    #[error("'{name}' cannot be a run's name: letters, digits, '-', '_' and '.', not starting with '.' or '-'")]
    Name {
        /// As given.
        name: String,
    },
    /// No run there.
    #[error("{} is no run folder: it has no run.json", path.display())]
    #[diagnostic(help("`augmint runs` lists the runs there are"))]
    NoRun {
        /// What was given.
        path: PathBuf,
    },
    /// The run goes on in another process.
    #[error("{} is in use by another process: {holder}", path.display())]
    #[diagnostic(help("wait for it, or end it: what it finished is kept"))]
    InUse {
        /// The run folder.
        path: PathBuf,
        /// What is known of it.
        holder: Holder,
    },
    /// A file of the folder is not what this program writes.
    #[error("{}{} cannot be read: {source}", path.display(), line.map(|line| format!(", line {line},")).unwrap_or_default())]
    #[diagnostic(help("it was changed by hand, or written by another release of augmint"))]
    Json {
        /// The file.
        path: PathBuf,
        /// From 1, in a file of lines.
        line: Option<usize>,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A file of a later format.
    #[error("{} has format {found}, and this program reads format {known}", path.display())]
    #[diagnostic(help("use the release of augmint that wrote it, or a later one"))]
    Format {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// What can be read.
        known: u32,
    },
    /// Epochs come one after the other.
    #[error("epoch {epoch} cannot follow epoch {last} in {}", path.display())]
    EpochOrder {
        /// The run folder.
        path: PathBuf,
        /// The new one.
        epoch: u32,
        /// The last that was written.
        last: u32,
    },
    /// A checkpoint of that step is there, with other bytes.
    #[error("{} is there already, with other content; a checkpoint is never overwritten", path.display())]
    #[diagnostic(help("resume from it, or from an earlier one after moving it away"))]
    CheckpointExists {
        /// The checkpoint.
        path: PathBuf,
    },
    /// No checkpoint to go on from.
    #[error("{} has no checkpoint{}", path.display(), if *best { " that is the best" } else { "" })]
    NoCheckpoint {
        /// The run folder.
        path: PathBuf,
        /// Whether the best one was asked for.
        best: bool,
    },
    /// A table that cannot be encoded.
    #[error("cannot write {}: {source}", path.display())]
    Csv {
        /// The table.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// A score that is none.
    #[error("{score} is not a score: expected a number that is finite")]
    Score {
        /// As given.
        score: f64,
    },
    /// A drawing too large for a PNG.
    #[error(transparent)]
    Drawing(#[from] EncodeError),
    /// A file or folder.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fs(#[from] FsError),
}
