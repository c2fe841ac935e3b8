//! A version, or a recipe that is not built, opened to look at single samples.
//!
//! What is known of a sample ([`Entry`]) comes from the manifest where the store has it, else from the plan of the
//! record; its pixels ([`Viewer`]) come from the store, and where they are not there they are drawn again by the one
//! render function. So every command that shows samples works alike on a stored version, an evicted one, one that never
//! was stored, and a recipe. Opening reads text alone; sources are looked for when the first pixel is wanted.

mod explain;
mod find;
mod viewer;

pub use explain::{ClassShare, Explained, ExplainedStep, Setting};
pub use find::FindError;
pub use viewer::{Stage, ViewError, Viewer};

use crate::digest::Digest;
use crate::manifest::{Entry, Key, ManifestError, Reader};
use crate::plan::{Keep, Plan, Renderer, Sample};
use crate::prepare::{EngineError, PrepareError, Prepared, check_engine, plan_of_record, source_root};
use crate::seed::Role;
use crate::source::{SourceError, reopen};
use crate::store::{Datasets, Name, Record, Resolved, StoreError};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why nothing could be opened.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum OpenError {
    /// A record, a source list or a reference.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// The record gives no plan.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Prepare(#[from] PrepareError),
    /// The manifest.
    #[error(transparent)]
    #[diagnostic(help("the store is a cache: `augmint restore` makes it again"))]
    Manifest(#[from] ManifestError),
}

/// A version or a recipe, and where its samples are.
#[derive(Debug)]
pub struct Opened {
    label: String,
    name: Name,
    version: Option<(Resolved, Record)>,
    plan: Arc<Plan>,
    /// Given, or where the record has them.
    sources: Sources,
    datasets: Datasets,
}

#[derive(Debug)]
enum Sources {
    /// A file for each source of the plan.
    Files(Vec<PathBuf>),
    /// To be looked for in this folder, or where the record has them.
    At(Option<PathBuf>),
}

impl Opened {
    /// Opens a published version; its sources are looked for in `sources`, or where its recipe has them.
    ///
    /// # Errors
    /// When its record or source list cannot be read, or gives no plan.
    pub fn of_version(datasets: &Datasets, version: &Resolved, sources: Option<&Path>) -> Result<Self, OpenError> {
        let record = datasets.record(version)?;
        let plan = Arc::new(plan_of_record(version, &record, datasets)?);
        Ok(Self {
            label: version.to_string(),
            name: version.name.clone(),
            version: Some((version.clone(), record)),
            plan,
            sources: Sources::At(sources.map(Path::to_owned)),
            datasets: datasets.clone(),
        })
    }

    /// Opens a recipe that is not built.
    pub fn of_recipe(datasets: &Datasets, label: String, prepared: Prepared) -> Self {
        let Prepared { name, plan, files, .. } = prepared;
        Self { label, name, version: None, plan, sources: Sources::Files(files), datasets: datasets.clone() }
    }

    /// As it is named in what is printed: `docs17@v3`, `recipes/docs17.toml`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The dataset.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The version's digest; `None` for a recipe.
    pub fn digest(&self) -> Option<Digest> {
        self.version.as_ref().map(|(version, _)| version.digest)
    }

    /// The version's record; `None` for a recipe.
    pub fn record(&self) -> Option<&Record> {
        self.version.as_ref().map(|(_, record)| record)
    }

    /// The plan, by this program; a version of another engine has other pixels.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Why this program would draw other pixels than the version has, if it would.
    pub fn other_engine(&self) -> Option<EngineError> {
        self.record().and_then(|record| check_engine(record, &self.plan).err())
    }

    /// Whether entries are those of a manifest, with the bytes' digest, size, width and height, or of the plan, which
    /// knows nothing of them.
    pub fn is_rendered(&self) -> bool {
        self.manifest().is_some()
    }

    /// The manifest, where the store has it.
    pub fn manifest(&self) -> Option<PathBuf> {
        let path = self.datasets.manifest_path(&self.digest()?);
        path.exists().then_some(path)
    }

    /// All samples by key: of the manifest, else as the plan knows them ([`Plan::unrendered`]).
    ///
    /// # Errors
    /// When the manifest is there and cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, OpenError> {
        if let Some(path) = self.manifest() {
            return Ok(Reader::open(&path, self.digest())?.collect::<Result<_, _>>()?);
        }
        let mut entries: Vec<Entry> = (self.plan.shards().par_iter())
            .flat_map_iter(|shard| shard.blocks.iter().flat_map(|block| self.plan.block_samples(block)))
            .map(|sample| self.plan.unrendered(&sample))
            .collect();
        entries.sort_unstable_by_key(|entry| entry.key);
        Ok(entries)
    }

    /// The sample of a source, if the plan has the source.
    pub fn sample_of(&self, source: &Digest, role: Role, copy: u32) -> Option<Sample> {
        let source = self.plan.sources().binary_search_by(|known| known.digest.cmp(source)).ok()?;
        Some(Sample { source, role, epoch: 0, copy })
    }

    /// The sample of an entry, if the plan has it.
    pub fn sample(&self, entry: &Entry) -> Option<Sample> {
        let sample = self.sample_of(&entry.source, entry.role, entry.copy)?;
        (Key::of(&self.plan.id(&sample).key()) == entry.key).then_some(sample)
    }

    /// Draws the samples again, as this engine can; with up to `memory` bytes of decoded sources kept by `policy`.
    ///
    /// # Errors
    /// With the reason, for people, where this machine cannot draw them: sources are gone, or the engine is another.
    pub fn renderer(&self, memory: u64, policy: Keep) -> Result<Renderer, String> {
        if let Some(error) = self.other_engine() {
            return Err(error.to_string());
        }
        let files = self.files().map_err(|error| error.to_string())?;
        Ok(Renderer::keeping(Arc::clone(&self.plan), files, memory, policy))
    }

    /// A file for each source of the plan. Where each lies in its place no byte is read: whoever reads one checks it.
    fn files(&self) -> Result<Vec<PathBuf>, PrepareError> {
        let (root, version) = match (&self.sources, &self.version) {
            (Sources::Files(files), _) => return Ok(files.clone()),
            (Sources::At(root), version) => (root, version),
        };
        let (version, record) = version.as_ref().expect("BUG: a recipe without files");
        let root = source_root(version, record, &self.plan, &self.datasets, root.as_deref())?;
        let in_place = |paths: &[String]| paths.iter().map(|path| root.join(path)).find(|file| file.is_file());
        let files: Option<Vec<PathBuf>> = self.plan.sources().iter().map(|source| in_place(&source.paths)).collect();
        Ok(files.map_or_else(|| reopen(self.plan.sources(), &root), Ok::<_, SourceError>)?)
    }
}
