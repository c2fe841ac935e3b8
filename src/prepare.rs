//! From a recipe to a plan on this machine: scan, split, count, plan. Or from a record, with nothing but the sources.

use crate::balance::{AmountError, copies};
use crate::canary::{self, CanaryError};
use crate::digest::Digest;
use crate::fs::FsError;
use crate::plan::{Engine, Plan, PlanError, engine};
use crate::recipe::{Recipe, RecipeError};
use crate::source::{Progress, SourceError, SourceSet, identity, reopen, scan, write_tsv};
use crate::split::{Assignment, Part, SplitError, assign};
use crate::store::{Datasets, Name, NameError, Record, Reference, Resolved, StoreError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A plan, and what the scan that led to it noticed.
#[derive(Debug)]
pub struct Prepared {
    /// The dataset that it is for.
    pub name: Name,
    /// The plan.
    pub plan: Arc<Plan>,
    /// The file of each source.
    pub files: Vec<PathBuf>,
    /// The list of sources, as it is stored.
    pub list: String,
    /// What the version's digest knows of the sources.
    pub sources: Digest,
    /// What the scan noticed: duplicates, corrections, what was skipped. `None` for a plan from a record.
    pub noticed: Option<Noticed>,
}

/// What a scan and a split noticed.
#[derive(Debug)]
pub struct Noticed {
    /// Of the scan.
    pub set: SourceSet,
    /// Of the split.
    pub assignment: Assignment,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum PrepareError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Recipe(#[from] RecipeError),
    #[error("the recipe's name: {0}")]
    Name(#[from] NameError),
    #[error("{path} has no [source]: a validation recipe only serves others; give it a [source] to build it")]
    NoSource { path: String },
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error("`split.from` names '{text}', and that is no version: {reason}")]
    From { text: String, reason: String },
    #[error(
        "{} would be written inside the source folder {}, and be read as sources by the next build; choose another \
         place with --datasets or --store", output.display(), root.display()
    )]
    OutputInSources { output: PathBuf, root: PathBuf },
    #[error(
        "the sources of {name} are not where its recipe has them ({}); say where they are with --sources DIR",
        root.display()
    )]
    NoRoot { name: Name, root: PathBuf },
}

/// Why this program would make other bytes than a version has.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The version was made by other revisions.
    #[error("it was made by another engine: {}", list(differences))]
    Other {
        /// Name, revision of this program, revision of the version.
        differences: Vec<(String, Option<u32>, Option<u32>)>,
    },
    /// This machine or build makes other bytes than the revisions say.
    #[error(transparent)]
    Canary(#[from] CanaryError),
}

fn list(differences: &[(String, Option<u32>, Option<u32>)]) -> String {
    let revision = |revision: &Option<u32>| revision.map_or_else(|| "none".to_owned(), |revision| revision.to_string());
    let line = |(name, ours, theirs): &(String, _, _)| {
        format!("{name} revision {} (this program has {})", revision(theirs), revision(ours))
    };
    differences.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// Scans, splits and counts what a recipe names. Writes nothing but a cache of the scan into the store, and that only
/// where there is a store already.
///
/// # Errors
/// With all that is wrong with the recipe, its sources, split or amount.
pub fn prepare(
    recipe: Recipe,
    datasets: &Datasets,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Prepared, PrepareError> {
    let name: Name = recipe.name.parse()?;
    let no_source = || PrepareError::NoSource { path: recipe.path.display().to_string() };
    let spec = recipe.source.as_ref().ok_or_else(no_source)?;
    refuse_output_in_sources(spec.layout.root(), datasets)?;
    let cache = datasets.store().is_dir().then(|| datasets.store().join("scan-cache"));
    let set = scan(spec, &datasets.classes(&name)?, cache.as_deref(), progress)?;
    recipe.check_classes(&set.classes)?;
    let earlier = recipe.split.from.as_deref().map(|text| earlier_parts(text, datasets)).transpose()?;
    let assignment = assign(&set.sources, &set.classes, &recipe.split, earlier.as_ref())?;
    let amount = recipe.amount.as_ref().ok_or_else(no_source)?;
    let counts = copies(&set.sources, &assignment.parts, &set.classes, amount)?;
    let list = write_tsv(&set.sources, &assignment.parts);
    let sources = identity(&set.sources, &assignment.parts);
    let files = (set.sources.iter()).map(|source| set.root.join(&source.paths[0])).collect();
    let plan = Plan::new(recipe, set.classes.clone(), set.sources.clone(), assignment.parts.clone(), counts)?;
    Ok(Prepared { name, plan: Arc::new(plan), files, list, sources, noticed: Some(Noticed { set, assignment }) })
}

/// Plans a published version again from its record and source list; finds the sources below `root` (by default where
/// the recipe has them) by their bytes.
///
/// # Errors
/// With every source that is missing or changed.
pub fn prepare_from_record(
    version: &Resolved,
    record: &Record,
    datasets: &Datasets,
    root: Option<&Path>,
) -> Result<Prepared, PrepareError> {
    let plan = plan_of_record(version, record, datasets)?;
    let files = reopen(plan.sources(), &source_root(version, record, &plan, datasets, root)?)?;
    let (list, sources) = (write_tsv(plan.sources(), plan.parts()), identity(plan.sources(), plan.parts()));
    Ok(Prepared { name: version.name.clone(), plan: Arc::new(plan), files, list, sources, noticed: None })
}

/// The folder that a published version's sources lie in: `root` where given, else where its recipe has them.
///
/// # Errors
/// When there is no such folder.
pub fn source_root(
    version: &Resolved,
    record: &Record,
    plan: &Plan,
    datasets: &Datasets,
    root: Option<&Path>,
) -> Result<PathBuf, PrepareError> {
    let no_source = || PrepareError::NoSource { path: version.to_string() };
    let spec = plan.recipe().source.as_ref().ok_or_else(no_source)?;
    let root = match (root, &record.recipe.path) {
        (Some(root), _) => root.to_owned(),
        (None, Some(path)) => datasets.root().join(path).parent().unwrap_or(Path::new("")).join(spec.layout.root()),
        (None, None) => spec.layout.root().to_owned(),
    };
    match root.is_dir() {
        true => Ok(root),
        false => Err(PrepareError::NoRoot { name: version.name.clone(), root }),
    }
}

/// Refuses a version of another engine: this one would make other bytes.
///
/// # Errors
/// Naming each revision that differs.
pub fn check_engine(record: &Record, plan: &Plan) -> Result<(), EngineError> {
    let ours = engine(plan);
    let differences = ours.differences(&Engine(record.revisions.clone()));
    if !differences.is_empty() {
        return Err(EngineError::Other { differences });
    }
    Ok(canary::check(&ours)?)
}

/// Plans a published version again from its record and source list alone: nothing but text is needed, and nothing can
/// be rendered from it.
///
/// # Errors
/// When the record's recipe is none for this program.
pub fn plan_of_record(version: &Resolved, record: &Record, datasets: &Datasets) -> Result<Plan, PrepareError> {
    let validation = record.validation.as_ref().and_then(|validation| validation.text.as_ref());
    let recipe = Recipe::from_texts(&record.recipe.text.0, validation.map(|text| text.0.as_str()))?;
    let (sources, parts) = datasets.sources(&version.name, &record.sources)?;
    let amount = recipe.amount.as_ref().ok_or_else(|| PrepareError::NoSource { path: version.to_string() })?;
    let classes = record.classes();
    let counts = copies(&sources, &parts, &classes, amount)?;
    Ok(Plan::new(recipe, classes, sources, parts, counts)?)
}

fn earlier_parts(text: &str, datasets: &Datasets) -> Result<BTreeMap<Digest, Part>, PrepareError> {
    let bad = |reason: String| PrepareError::From { text: text.into(), reason };
    let reference: Reference = text.parse().map_err(|error: NameError| bad(error.to_string()))?;
    let version = datasets.resolve(&reference).map_err(|error| bad(error.to_string()))?;
    let record = datasets.record(&version)?;
    let (sources, parts) = datasets.sources(&version.name, &record.sources)?;
    Ok(sources.iter().map(|source| source.digest).zip(parts).collect())
}

/// Output inside the source folder would become a class of the next build (Augmentor, pull request 48).
fn refuse_output_in_sources(root: &Path, datasets: &Datasets) -> Result<(), PrepareError> {
    let Ok(real_root) = root.canonicalize() else { return Ok(()) };
    for output in [datasets.root(), datasets.store()] {
        // The output may not be there yet: its nearest ancestor that is decides.
        let absolute = std::path::absolute(output).unwrap_or_else(|_| output.to_owned());
        let existing = absolute.ancestors().find_map(|path| path.canonicalize().ok());
        if existing.is_some_and(|existing| existing.starts_with(&real_root)) {
            return Err(PrepareError::OutputInSources { output: output.to_owned(), root: root.to_owned() });
        }
    }
    Ok(())
}
