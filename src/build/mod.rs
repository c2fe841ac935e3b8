//! Building: *make the missing shards*, then publish.
//!
//! Building, resuming, taking over from an earlier version, restoring and mending are this one operation. A shard is
//! named by what decides its bytes, so whatever is there under its name is taken as it is ([`survey`]), and only the rest
//! is rendered ([`make`]): blocks in parallel on Rayon, each shard written in the plan's order by one thread. Nothing exists
//! before it is whole; a run that was killed, or that met a full disk, leaves its finished shards and nothing else.

mod mend;
mod shards;

pub use mend::mend;
pub use shards::{Job, Progress, Stopped, Survey, entries, make, shard_keys, survey, writers};

use crate::canary::CanaryError;
use crate::digest::Digest;
use crate::manifest::Header;
use crate::plan::{RenderError, engine};
use crate::prepare::{Noticed, Prepared};
use crate::shard::ShardError;
use crate::source::FixTarget;
use crate::store::{
    Assembled, BudgetError, Datasets, Fix, Record, RecordedRecipe, RecordedValidation, ShardRef, Skipped, StoreError,
    Text,
};
use std::path::Path;

/// Why a build ended without a version. What was finished before is kept in every case.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum BuildError {
    /// A sample could not be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A shard could not be written or read.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// The store could not be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// There is not enough room.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Budget(#[from] BudgetError),
    /// This program would make other bytes.
    #[error(transparent)]
    Canary(#[from] CanaryError),
    /// Ctrl-C.
    #[error(
        "stopped: {finished} of {wanted} missing shards were finished and are kept; the same command goes on from there"
    )]
    Stopped {
        /// Shards finished by this run.
        finished: usize,
        /// Shards that were missing when it started.
        wanted: usize,
    },
    /// `publish` found gaps.
    #[error(
        "{missing} of {of} shards are not in the store yet: make them with `augmint build`, or bring the parts made elsewhere into {store}"
    )]
    Incomplete {
        /// Shards that are missing.
        missing: usize,
        /// Shards of the version.
        of: usize,
        /// The folder of shards.
        store: String,
    },
    /// What was made is not what the record promises.
    #[error("what was made has the digest {found}, and the record says {expected}: {reason}")]
    Different {
        /// Of the record.
        expected: Digest,
        /// Of the manifest that was made.
        found: Digest,
        /// What differs, as far as can be said.
        reason: String,
    },
}

/// Brings the shards of a plan together, which have to be there; writes a manifest that is not yet in its place.
///
/// # Errors
/// When a shard's entries are missing or damaged.
pub fn assemble(prepared: &Prepared, datasets: &Datasets, keys: &[Digest]) -> Result<Assembled, BuildError> {
    let plan = &prepared.plan;
    let refs = (plan.shards().iter().zip(keys))
        .map(|(shard, key)| {
            let bytes = shards::stored_bytes(datasets, key, plan.classes())?;
            Ok(ShardRef { set: shard.set, index: shard.index, key: *key, samples: shard.samples(), bytes })
        })
        .collect::<Result<Vec<_>, BuildError>>()?;
    let header = Header::new(plan.header(prepared.sources));
    let held_out = plan.sets().iter().any(|set| set.role.is_validation());
    let validation = held_out.then(|| Header::validation(plan.validation_header()));
    Ok(datasets.assemble(&header, validation.as_ref(), refs)?)
}

/// The record of a plan, but for what its manifest says of itself. `recipe_path` as seen from the folder of datasets.
pub fn record(
    prepared: &Prepared,
    message: Option<String>,
    parent: Option<Digest>,
    recipe_path: Option<String>,
) -> Record {
    let plan = &prepared.plan;
    let recipe = plan.recipe();
    let held_out = plan.sets().iter().any(|set| set.role.is_validation());
    let nothing = Digest::from_bytes([0; 32]);
    let meaning = serde_json::from_str(&recipe.meaning().to_string()).expect("BUG: canonical JSON that is none");
    let (fixes, skipped) = prepared.noticed.as_ref().map_or_else(Default::default, noticed);
    Record {
        format: crate::store::RECORD_FORMAT,
        name: prepared.name.clone(),
        digest: nothing,
        message,
        parent,
        recipe: RecordedRecipe { text: Text(recipe.text.clone()), path: recipe_path, meaning },
        validation: held_out.then(|| RecordedValidation {
            text: recipe.validation.as_ref().map(|validation| Text(validation.recipe.text.clone())),
            digest: nothing,
        }),
        revisions: engine(plan).0,
        sources: nothing,
        classes: plan.classes().0.iter().cloned().collect(),
        counts: Default::default(),
        samples: 0,
        repeated: 0,
        bytes: 0,
        fixes,
        skipped,
    }
}

fn noticed(noticed: &Noticed) -> (Vec<Fix>, Vec<Skipped>) {
    let set = &noticed.set;
    let class = |number: u32| set.classes.name(number).map_or_else(|| number.to_string(), str::to_owned);
    let fixes = set.fixes.iter().map(|fix| Fix {
        id: fix.path.clone(),
        to: match fix.to {
            FixTarget::Class(number) => class(number),
            FixTarget::Drop => "drop".into(),
        },
        by: fix.by.clone(),
        why: fix.why.clone(),
    });
    let skipped = set.skipped.iter().map(|bad| Skipped { path: bad.path.clone(), why: bad.why.to_string() });
    (fixes.collect(), skipped.collect())
}

/// A recipe's path as seen from the folder of datasets, where both have a common ancestor: so that a checkout may move.
pub fn relative_path(recipe: &Path, datasets: &Path) -> Option<String> {
    let (recipe, datasets) = (std::path::absolute(recipe).ok()?, std::path::absolute(datasets).ok()?);
    let common = recipe.components().zip(datasets.components()).take_while(|(a, b)| a == b).count();
    let up = datasets.components().skip(common).map(|_| "..".to_owned());
    let down = recipe.components().skip(common).map(|part| part.as_os_str().to_str().map(str::to_owned));
    let parts: Option<Vec<String>> = up.map(Some).chain(down).collect();
    parts.map(|parts| parts.join("/"))
}
