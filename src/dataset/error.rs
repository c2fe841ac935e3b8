//! Why samples cannot be had.

use super::Split;
use crate::digest::Digest;
use crate::fs::FsError;
use crate::manifest::{Key, ManifestError};
use crate::pixels::DecodeError;
use crate::plan::RenderError;
use crate::shard::ShardError;
use crate::source::SourceError;
use crate::store::StoreError;
use std::path::PathBuf;

/// What is said of every file of the store that is not as it should be.
const RESTORE: &str = "the store is a cache: `augmint restore` makes what is damaged again, and nothing else";

/// Why a dataset cannot be opened, or a sample of it cannot be read.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DatasetError {
    /// A record, a lock, or the store's note on a version.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// The version that a reference names is not the one that was wanted.
    #[error("{version} is {found}, and {expected} is expected: the tag was moved, or another version was built")]
    #[diagnostic(help(
        "`augmint log {name}` lists its versions; name {name}@sha256:{} to go on with the expected one, or expect the \
         other and compare them with `augmint diff` first", expected.short()
    ))]
    Pinned {
        /// As it was named.
        version: String,
        /// The dataset.
        name: String,
        /// What was asked for.
        expected: Digest,
        /// What the name leads to.
        found: Digest,
    },
    /// The store has nothing of the version.
    #[error("the manifest of {version} is not in the store {}", store.display())]
    #[diagnostic(help(
        "`augmint restore {version}` makes manifest and pixels again, or `augmint build RECIPE --no-store` the manifest \
         alone: samples are then drawn as they are needed"
    ))]
    NoManifest {
        /// The version.
        version: String,
        /// Where it was looked for.
        store: PathBuf,
    },
    /// The manifest is damaged.
    #[error(transparent)]
    #[diagnostic(help("{RESTORE}"))]
    Manifest(#[from] ManifestError),
    /// The manifest's header or a label names classes that are none.
    #[error("{version}: the manifest's classes make no sense: {problem}")]
    Classes {
        /// The version.
        version: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no such part.
    #[error("{version} has no samples '{split}': {reason}")]
    NoSplit {
        /// The version.
        version: String,
        /// What was asked for.
        split: Split,
        /// Why, and what to say instead.
        reason: String,
    },
    /// A shard cannot be read, or was cut off.
    #[error(transparent)]
    #[diagnostic(help("{RESTORE}"))]
    Shard(#[from] ShardError),
    /// A shard's list of samples is not the manifest's.
    #[error("{}: sample {key} is not as the manifest has it", path.display())]
    #[diagnostic(help("{RESTORE}"))]
    Listed {
        /// The list.
        path: PathBuf,
        /// Which.
        key: Key,
    },
    /// Samples are not stored, and this machine cannot draw them.
    #[error("{missing} of {of} samples of {version} are not stored, and cannot be drawn here: {reason}")]
    #[diagnostic(help("say where its sources are with --sources, or bring its shards into the store"))]
    NotDrawn {
        /// The version.
        version: String,
        /// Samples without pixels.
        missing: usize,
        /// All samples of it.
        of: usize,
        /// Why they cannot be drawn.
        reason: String,
    },
    /// A version cannot be drawn anew each epoch.
    #[error("{version} cannot be drawn anew here: {reason}")]
    #[diagnostic(help("train on its stored samples, or say where its sources are with --sources"))]
    NotOnline {
        /// The version.
        version: String,
        /// Why not.
        reason: String,
    },
    /// No training sample would be drawn.
    #[error("0 views of each source are no training set; draw at least 1")]
    NoViews,
    /// Stored bytes were changed.
    #[error("sample {name} in {} was changed: its bytes have the digest {found} instead of {expected}", path.display())]
    #[diagnostic(help("{RESTORE}"))]
    Damaged {
        /// The sample's key, or the file's ID.
        name: String,
        /// The shard or file.
        path: PathBuf,
        /// By the manifest.
        expected: Digest,
        /// Of what is there.
        found: Digest,
    },
    /// Bytes cannot be read.
    #[error("sample {name}: {problem}")]
    Read {
        /// The sample's key, or the file's ID.
        name: String,
        /// Why.
        problem: FsError,
    },
    /// A sample cannot be drawn: its source, or a partner's.
    #[error("sample {key}: {problem}")]
    Render {
        /// Which.
        key: Key,
        /// Why.
        problem: RenderError,
    },
    /// What was drawn is not what the manifest says.
    #[error("sample {key}, drawn from {}, has the digest {found} instead of {expected}", path.display())]
    #[diagnostic(help("this program makes other pixels than the version has: restore it where it was made"))]
    Different {
        /// Which.
        key: Key,
        /// Its source.
        path: PathBuf,
        /// By the manifest.
        expected: Digest,
        /// Of what was drawn.
        found: Digest,
    },
    /// Bytes are no image.
    #[error("sample {name} in {}: {problem}", path.display())]
    Decode {
        /// The sample's key, or the file's ID.
        name: String,
        /// The shard or file.
        path: PathBuf,
        /// Why.
        problem: DecodeError,
    },
    /// A folder of images cannot be listed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] SourceError),
    /// Files that were named are not there.
    #[error("{} of {of} images are not in {}: {}{}", names.len(), root.display(),
        names.iter().take(5).cloned().collect::<Vec<_>>().join(", "), if names.len() > 5 { ", …" } else { "" })]
    #[diagnostic(help("IDs are file names below the folder, with their endings"))]
    MissingFiles {
        /// The folder.
        root: PathBuf,
        /// Which, as named.
        names: Vec<String>,
        /// How many were named.
        of: usize,
    },
    /// Nothing to look at.
    #[error("no image in {}", root.display())]
    NoImages {
        /// The folder.
        root: PathBuf,
    },
}
