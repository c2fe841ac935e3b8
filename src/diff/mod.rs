//! What differs between two versions, or between a version and a recipe that is not built yet.
//!
//! From two manifests alone: recipes by meaning, engines by revision, sources by digest, samples by key, drawn parameters
//! by their distributions. No pixel is read, so the cost does not depend on pixels; [`choose`] says which are worth a look. `diff(b, a)` is the mirror of `diff(a, b)`.

mod columns;
mod html;
mod line;
mod pictures;
mod recipe;
mod samples;
mod side;
mod sources;
mod spread;
mod text;

pub use html::page;
pub use pictures::{Picture, Pictures, choose};
pub use recipe::{Change, Of};
pub use samples::{Fate, Fates};
pub use side::{Content, Side};
pub use sources::{Changed, Shown, SourceChanges};
pub use spread::{BINS, Bar, Spread, StepShare, Summary, Word};
pub use text::{Detail, text};

use crate::digest::Digest;
use crate::manifest::{Key, ManifestError};
use crate::seed::Role;
use columns::{Columns, Names, Row};
use samples::{Circumstances, Pair, pair};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Why two versions could not be compared.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DiffError {
    /// A manifest.
    #[error(transparent)]
    #[diagnostic(help("the store is a cache: `augmint restore` makes it again"))]
    Manifest(#[from] ManifestError),
    /// A sample of a class or source that the version does not have.
    #[error("{}, line {line}: sample {key} is of a class or source that the version's record does not name", path.display())]
    #[diagnostic(help("record, source list and manifest do not belong together: `augmint verify` says more"))]
    Unlisted {
        /// The manifest.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The sample.
        key: Key,
    },
}

/// One side, as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Head {
    /// As it was asked for.
    pub label: String,
    /// The dataset.
    pub name: String,
    /// `sha256:…`; `None` for a recipe that is not built.
    pub digest: Option<String>,
    /// How many samples.
    pub samples: u64,
    /// The sum of their bytes; `None` where they are not rendered.
    pub bytes: Option<u64>,
    /// Whether its samples were read from a manifest (`true`) or drawn from a plan.
    pub rendered: bool,
}

/// An op, effect or codec of another revision; `None` where a side does not use it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "said above")]
pub struct Revision {
    pub name: String,
    pub a: Option<u32>,
    pub b: Option<u32>,
}

/// How the held-out samples compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// Equal validation digests, or, with one side not built, equal in all that decides them.
    Same,
    /// Scores on the two cannot be compared.
    Different,
    /// Only A holds anything out.
    OnlyA,
    /// Only B holds anything out.
    OnlyB,
    /// Neither side does.
    Neither,
}

/// The validation of both sides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Validation {
    /// How they compare.
    pub state: Held,
    /// `sha256:…` of A, where it is known.
    pub a: Option<String>,
    /// `sha256:…` of B, where it is known.
    pub b: Option<String>,
}

/// A class by name; numbers and label masses are `None` where a side does not have it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClassMass {
    /// Its name.
    pub class: String,
    /// Its number in A.
    pub number_a: Option<u32>,
    /// Its number in B.
    pub number_b: Option<u32>,
    /// The sum of the training samples' labels in A, in samples.
    pub a: Option<f64>,
    /// The same in B.
    pub b: Option<f64>,
}

/// All that differs. `docs/diff.md` describes it as `--json` prints it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Diff {
    /// 1; another number when fields change their meaning.
    pub format: u32,
    /// Whether the two are one version: exit code 0.
    pub equal: bool,
    /// The first side.
    pub a: Head,
    /// The second side.
    pub b: Head,
    /// What the recipes mean differently.
    pub recipe: Vec<Change>,
    /// Revisions that differ.
    pub engine: Vec<Revision>,
    /// What became of the sources.
    pub sources: SourceChanges,
    /// What is held out.
    pub validation: Validation,
    /// Classes, sorted by name.
    pub classes: Vec<ClassMass>,
    /// What became of the samples.
    pub samples: Fates,
    /// The same by role.
    pub samples_by_role: BTreeMap<Role, Fates>,
    /// In how many samples each step was on.
    pub steps: Vec<StepShare>,
    /// Drawn parameters.
    pub parameters: Vec<Spread>,
    /// What can be shown.
    #[serde(skip)]
    matches: Vec<Match>,
}

/// A pair of samples that has something to show: source, role, copy, and the key on each side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Match {
    pub fate: Fate,
    pub source: Digest,
    pub class: String,
    pub role: Role,
    pub copy: u32,
    pub a: Option<Key>,
    pub b: Option<Key>,
}

/// Compares two sides; [`choose`] can then show up to `pictures` samples.
///
/// # Errors
/// When a manifest cannot be read.
pub fn diff(a: &Side, b: &Side, pictures: usize) -> Result<Diff, DiffError> {
    let recipe = recipe::changes(&a.meaning, &b.meaning);
    let unsettled = recipe::unsettled(&a.meaning, &b.meaning);
    let names = names(a, b);
    let (in_a, in_b) = rayon::join(|| a.columns(&names, &unsettled), || b.columns(&names, &unsettled));
    let (in_a, in_b) = (in_a?, in_b?);
    let engine: Vec<Revision> =
        a.engine.differences(&b.engine).into_iter().map(|(name, a, b)| Revision { name, a, b }).collect();
    let circumstances = circumstances(a, b, &engine);
    let pairs = pair(&in_a, &in_b, &circumstances);
    let mut samples_by_role: BTreeMap<Role, Fates> = BTreeMap::new();
    for pair in &pairs {
        let fates = samples_by_role.entry(row(pair, &in_a, &in_b).role).or_default();
        *fates.0.entry(pair.fate).or_default() += 1;
    }
    let mut samples = Fates::default();
    for (fate, count) in samples_by_role.values().flat_map(|fates| &fates.0) {
        *samples.0.entry(*fate).or_default() += count;
    }
    let head = |side: &Side, columns: &Columns| Head {
        label: side.label.clone(),
        name: side.name.to_string(),
        digest: side.digest.map(|digest| digest.to_string()),
        samples: side.samples,
        bytes: columns.rendered.then_some(columns.bytes),
        rendered: columns.rendered,
    };
    Ok(Diff {
        format: 1,
        equal: a.decides_as(b),
        a: head(a, &in_a),
        b: head(b, &in_b),
        recipe,
        engine,
        sources: sources::sources(a, b),
        validation: validation(a, b, &samples_by_role),
        classes: classes(a, b, &names, [&in_a.mass, &in_b.mass]),
        samples,
        samples_by_role,
        steps: spread::shares(&in_a.steps, &in_b.steps, &in_a.drawn, &in_b.drawn),
        matches: matches(&pairs, &in_a, &in_b, &names, pictures),
        parameters: spread::spreads(in_a.steps, in_b.steps),
    })
}

fn names(a: &Side, b: &Side) -> Names {
    let sides = [a, b];
    let classes: BTreeSet<String> =
        sides.iter().flat_map(|side| side.classes.0.iter().map(|(_, name)| name.clone())).collect();
    let sources = sides.iter().flat_map(|side| side.sources.iter().map(|source| source.digest)).collect();
    Names::new(classes, sources)
}

fn row<'a>(pair: &Pair, a: &'a Columns, b: &'a Columns) -> &'a Row {
    let found = pair.a.map(|at| &a.rows[at as usize]).or(pair.b.map(|bt| &b.rows[bt as usize]));
    found.expect("BUG: a pair of nobody")
}

fn circumstances(a: &Side, b: &Side, engine: &[Revision]) -> Circumstances {
    let output = |side: &Side, path: &str| side.meaning.pointer(path).cloned();
    // Without a validation recipe, what is held out goes through the recipe's own output.
    let held_out = |side: &Side| output(side, "/noisy_val/recipe/output").or_else(|| output(side, "/output"));
    let mut both = engine.iter().filter(|revision| revision.a.is_some() && revision.b.is_some());
    let codec = |revision: &Revision| revision.name.starts_with("codec.");
    Circumstances {
        output: output(a, "/output") != output(b, "/output"),
        held_out_output: held_out(a) != held_out(b),
        codec: both.clone().any(codec),
        engine: both.any(|revision| !codec(revision)),
    }
}

fn validation(a: &Side, b: &Side, by_role: &BTreeMap<Role, Fates>) -> Validation {
    let state = match (a.holds_out(), b.holds_out(), a.validation, b.validation) {
        (false, false, ..) => Held::Neither,
        (true, false, ..) => Held::OnlyA,
        (false, true, ..) => Held::OnlyB,
        (.., Some(one), Some(other)) if one == other => Held::Same,
        (.., Some(_), Some(_)) => Held::Different,
        // One is not built: the digest is that of the validation header and of every held-out sample.
        _ => {
            let held = [Role::Val, Role::NoisyVal].map(|role| by_role.get(&role));
            let all_same = held.into_iter().flatten().all(|fates| fates.total() == fates.of(Fate::Identical));
            let header = |side: &Side| {
                let of = |key: &str| side.meaning.pointer(&format!("/noisy_val/recipe/{key}")).cloned();
                (of("steps"), of("output").or_else(|| side.meaning.get("output").cloned()))
            };
            if all_same && header(a) == header(b) { Held::Same } else { Held::Different }
        }
    };
    let text = |side: &Side| side.validation.map(|digest| digest.to_string());
    Validation { state, a: text(a), b: text(b) }
}

fn classes(a: &Side, b: &Side, names: &Names, mass: [&[u64]; 2]) -> Vec<ClassMass> {
    let of = |side: &Side, index: usize, mass: &[u64]| {
        let number = side.classes.number(&names.classes[index]);
        (number, number.map(|_| mass[index] as f64 / f64::from(crate::manifest::WHOLE)))
    };
    let class = |index: usize| {
        let ((number_a, a), (number_b, b)) = (of(a, index, mass[0]), of(b, index, mass[1]));
        ClassMass { class: names.classes[index].clone(), number_a, number_b, a, b }
    };
    (0..names.classes.len()).map(class).collect()
}

/// The first `most` pairs of each fate and class that are not identical: so many can be shown, whatever the others are.
fn matches(pairs: &[Pair], a: &Columns, b: &Columns, names: &Names, most: usize) -> Vec<Match> {
    let mut kept: BTreeMap<(Fate, u32), usize> = BTreeMap::new();
    let key = |row: &Row| Key::from_bytes(row.key.to_be_bytes());
    let mut found = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.fate != Fate::Identical) {
        let row = row(pair, a, b);
        let seen = kept.entry((pair.fate, row.class)).or_default();
        if *seen == most {
            continue;
        }
        *seen += 1;
        found.push(Match {
            fate: pair.fate,
            source: names.sources[row.source as usize],
            class: names.classes[row.class as usize].clone(),
            role: row.role,
            copy: row.copy,
            a: pair.a.map(|at| key(&a.rows[at as usize])),
            b: pair.b.map(|bt| key(&b.rows[bt as usize])),
        });
    }
    found
}

#[cfg(test)]
mod tests;
