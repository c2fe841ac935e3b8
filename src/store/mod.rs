//! The store: named versions, and the pixels that are kept for them.
//!
//! Two places with two natures. `datasets/<name>/` holds what a version **is**: records, tags, source lists, class
//! numbers; a few KB of text, meant for git, never changed once written (but for tags, which are pointers). The store
//! (`datasets/.store` or `--store`) holds what can be made again: shards, manifests, links; deleting it loses nothing
//! that `restore` cannot make. So nothing here writes pixels into the first, or truth into the second.
//!
//! ```text
//! datasets/<name>/records/<digest>.json   datasets/.store/shards/<shard key>.tar + .jsonl
//! datasets/<name>/tags/<tag>              datasets/.store/versions/<digest>/{manifest.jsonl.zst, _info.json, *.tar -> }
//! datasets/<name>/sources/<digest>.tsv    datasets/.store/{log.jsonl, locks/, roots/}
//! datasets/<name>/classes.txt
//! ```
//!
//! Order makes it safe to be killed anywhere: shards first, then the version's folder, then the record, then the tag,
//! each by one rename. Without its record a version does not exist, and with it everything it needs is there.

mod budget;
mod evict;
mod gc;
mod lock;
mod log;
mod name;
mod publish;
mod record;
mod resolve;
mod sources;
mod tags;
mod verify;
mod version;

pub use budget::{Budget, BudgetError, ByteSize, Need};
pub use evict::Evicted;
pub use gc::{Collected, Run};
pub use lock::{BuildLock, Holder, LockError, VersionLock, Wait, host};
pub use log::LogLine;
pub use name::{Name, NameError, Reference, Tag, Which};
pub use publish::{Assembled, Published};
pub use record::{FORMAT as RECORD_FORMAT, Fix, Record, RecordedRecipe, RecordedValidation, Skipped, Text};
pub use resolve::{ResolveError, Resolved};
pub use tags::{Retag, TagChange};
pub(crate) use verify::Index;
pub use verify::{Checked, ShardFault, ShardProblem};
pub use version::{Info, Presence, ShardRef, Split};

#[cfg(test)]
pub(crate) use publish::tests as testing;

use crate::digest::Digest;
use crate::fs::{self, Existing, FsError};
use crate::manifest::{ManifestError, MergeError};
use std::path::{Path, PathBuf};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// No such version, or several.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Resolve(#[from] ResolveError),
    /// Someone else is at work.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Lock(#[from] LockError),
    /// A text file of ours that cannot be understood.
    #[error("{}, line {line}: {problem}", path.display())]
    #[diagnostic(help("files below datasets/ are written by augmint and kept in git: take the committed one back"))]
    Text {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The store's own note on a version cannot be understood.
    #[error("{}, line {line}: {problem}", path.display())]
    #[diagnostic(help("the store is a cache: `augmint restore` makes it again"))]
    Info {
        /// `_info.json`.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A manifest or a shard's entries cannot be read.
    #[error(transparent)]
    #[diagnostic(help("the store is a cache: `augmint restore` makes it again"))]
    Manifest(#[from] ManifestError),
    /// Shards could not be brought together.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The shards do not hold what was planned.
    #[error("the shards hold {found} samples where {expected} were planned")]
    #[diagnostic(help("a file in the store was changed: run `augmint gc`, then build again"))]
    Count {
        /// By the plan.
        expected: u64,
        /// By the shards.
        found: u64,
    },
    /// A tag that names another version already.
    #[error("the tag {name}@{tag} names {} already", held.short())]
    #[diagnostic(help("the version is {name}@{digest}; to move the tag, add --retag (nothing is lost by it)"))]
    Tagged {
        /// The dataset.
        name: Name,
        /// The tag.
        tag: Tag,
        /// What it names.
        held: Digest,
        /// What it should name.
        digest: Digest,
    },
    /// Pixels that could not be made again.
    #[error("{} is not evicted: this engine could not make its pixels again: {reason}", digest.short())]
    #[diagnostic(help("evict only frees what `restore` can bring back, bit for bit"))]
    NotRemakable {
        /// The version.
        digest: Digest,
        /// What is missing or different.
        reason: String,
    },
    /// A split that the version does not have.
    #[error("version {} has no split '{split}'; it has {}", digest.short(), known.join(", "))]
    UnknownSplit {
        /// The version.
        digest: Digest,
        /// As given.
        split: String,
        /// What there is, sorted.
        known: Vec<String>,
    },
    /// A version without a folder in the store.
    #[error("the store {} holds nothing of {}", store.display(), digest.short())]
    #[diagnostic(help("`augmint restore` makes it from the record and the sources"))]
    NotStored {
        /// The version.
        digest: Digest,
        /// The store.
        store: PathBuf,
    },
}

/// A shorthand.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The folder of datasets and the store that goes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Datasets {
    root: PathBuf,
    store: PathBuf,
}

/// Names that mean something inside a dataset's folder, and so cannot be part of a name.
const RESERVED: [&str; 3] = ["records", "tags", "sources"];

impl Datasets {
    /// The datasets below `root`, with their store in `store`, or in `root/.store`. Touches nothing.
    pub fn new(root: impl Into<PathBuf>, store: Option<PathBuf>) -> Self {
        let root = root.into();
        let store = store.unwrap_or_else(|| root.join(".store"));
        Self { root, store }
    }

    /// Where datasets are.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where pixels are.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Where shards are.
    pub fn shards(&self) -> PathBuf {
        self.store.join("shards")
    }

    /// Where what frozen backbones said of samples is kept: a cache of the trainer's, which `gc` empties.
    pub fn features(&self) -> PathBuf {
        self.store.join("features")
    }

    /// Where a dataset's records, tags and lists are.
    pub fn folder(&self, name: &Name) -> PathBuf {
        self.root.join(name.as_str())
    }

    /// A version's folder in the store: a WebDataset.
    pub fn version_folder(&self, digest: &Digest) -> PathBuf {
        self.store.join("versions").join(digest.hex())
    }

    /// A version's manifest.
    pub fn manifest_path(&self, digest: &Digest) -> PathBuf {
        self.version_folder(digest).join("manifest.jsonl.zst")
    }

    /// Makes the store where it is missing, tells git to pass it by, and notes in it that these datasets use it, so
    /// that `gc` in other datasets with the same store leaves their versions alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn prepare_store(&self) -> Result<()> {
        fs::write(&self.store.join(".gitignore"), b"*\n", Existing::Keep)?;
        fs::create_folder(&self.root)?;
        let root = self.root.canonicalize().map_err(fs::on("look at", &self.root))?;
        let named = Digest::of(root.as_os_str().as_encoded_bytes()).hex();
        let path = self.store.join("roots").join(&named[..16]);
        fs::write(&path, format!("{}\n", root.display()).as_bytes(), Existing::Keep)?;
        Ok(())
    }

    /// The names of all datasets, sorted: the folders that hold `records/`. A folder without is a namespace; one with
    /// may be a namespace too.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn names(&self) -> Result<Vec<Name>> {
        let mut names = Vec::new();
        self.collect_names("", &mut names)?;
        names.sort();
        Ok(names)
    }

    fn collect_names(&self, prefix: &str, names: &mut Vec<Name>) -> Result<()> {
        let folder = self.root.join(prefix);
        for part in fs::names(&folder)? {
            let path = folder.join(&part);
            // What cannot be part of a name holds no dataset: the store, and a dataset's own folders.
            let full = if prefix.is_empty() { part } else { format!("{prefix}/{part}") };
            let Ok(name) = full.parse::<Name>() else { continue };
            if path.is_dir() {
                if path.join("records").is_dir() {
                    names.push(name);
                }
                self.collect_names(&full, names)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datasets_and_namespaces_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(folder.path(), None);
        assert_eq!(datasets.names().unwrap(), []);
        for path in
            ["docs17/records", "docs17/tags", "docs17/minsu/records", "team/a/records", "empty/tags", ".store/records"]
        {
            std::fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        let names: Vec<_> = datasets.names().unwrap().iter().map(Name::to_string).collect();
        assert_eq!(names, ["docs17", "docs17/minsu", "team/a"]);
    }

    #[test]
    fn the_store_hides_from_git_and_knows_its_users() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("shared");
        for root in ["one", "two", "one"] {
            Datasets::new(folder.path().join(root), Some(store.clone())).prepare_store().unwrap();
        }
        assert_eq!(fs::read_text(&store.join(".gitignore")).unwrap(), "*\n");
        assert_eq!(fs::names(&store.join("roots")).unwrap().len(), 2);
    }
}
