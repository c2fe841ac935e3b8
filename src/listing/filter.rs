//! Which samples are listed.

use super::ListingError;
use super::names::{Names, SourceName};
use crate::digest::Digest;
use crate::manifest::Entry;
use crate::recipe::Names as Known;
use crate::set::{Set, SetRole};
use std::collections::BTreeSet;

/// What people ask for. Nothing of a kind asks for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// Classes of the samples' sources, by name or number; any of them. What was mixed into a sample does not count: a
    /// copy of an invoice is listed as one, however much of a receipt lies on it.
    pub classes: Vec<String>,
    /// A split, as in [`Datasets::paths`](crate::store::Datasets::paths): `train`, `f0-val`, `not-f0`.
    pub split: Option<String>,
    /// Ops, or ids of steps or groups; each of them was on.
    pub ops: Vec<String>,
    /// Sources, by path or the start of the digest; any of them.
    pub sources: Vec<String>,
}

/// A [`Wanted`] that the version can answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    classes: Option<BTreeSet<u32>>,
    sets: Option<BTreeSet<Set>>,
    /// For each wanted op the ids of steps that are it, of the recipe and of its validation recipe.
    ops: Vec<[BTreeSet<String>; 2]>,
    sources: Option<BTreeSet<Digest>>,
}

impl Filter {
    pub(super) fn new(wanted: &Wanted, names: &Names) -> Result<Self, ListingError> {
        fn each<T, U: Ord>(
            texts: &[T],
            find: impl Fn(&T) -> Result<U, ListingError>,
        ) -> Result<Option<BTreeSet<U>>, ListingError> {
            (!texts.is_empty()).then(|| texts.iter().map(find).collect()).transpose()
        }
        Ok(Self {
            classes: each(&wanted.classes, |text| class(text, names))?,
            sets: wanted.split.as_deref().map(|text| split(text, names)).transpose()?,
            ops: wanted.ops.iter().map(|text| op(text, names)).collect::<Result<_, _>>()?,
            sources: each(&wanted.sources, |text| source(text, names))?,
        })
    }

    /// Whether a sample is listed.
    pub(super) fn passes(&self, entry: &Entry) -> bool {
        let list = usize::from(entry.role == crate::seed::Role::NoisyVal);
        self.sets.as_ref().is_none_or(|sets| sets.contains(&entry.set))
            && self.classes.as_ref().is_none_or(|classes| classes.contains(&entry.class))
            && self.sources.as_ref().is_none_or(|sources| sources.contains(&entry.source))
            && self.ops.iter().all(|ids| entry.steps.iter().any(|step| ids[list].contains(&*step.id)))
    }
}

fn unknown(kind: &'static str, text: &str, all: impl IntoIterator<Item = String>, names: &Names) -> ListingError {
    let help = Known::new(text, all).to_string();
    ListingError::Unknown { version: names.version.clone(), kind, text: text.to_owned(), help }
}

fn class(text: &str, names: &Names) -> Result<u32, ListingError> {
    let by_name = names.classes.iter().find(|(_, name)| *name == text).map(|(number, _)| *number);
    let by_number = || text.parse().ok().filter(|number| names.classes.contains_key(number));
    by_name.or_else(by_number).ok_or_else(|| unknown("class", text, names.classes.values().cloned(), names))
}

fn split(text: &str, names: &Names) -> Result<BTreeSet<Set>, ListingError> {
    let exact = names.sets.iter().copied().filter(|set| set.to_string() == text);
    let fold =
        text.strip_prefix("not-").and_then(|fold| fold.parse::<Set>().ok()).filter(|set| names.sets.contains(set));
    let others = |set: &&Set| {
        let trains = |set: &Set| set.role == SetRole::Train && set.fold.is_some();
        fold.is_some_and(|fold| trains(&fold) && trains(set) && set.fold != fold.fold)
    };
    let found: BTreeSet<Set> = exact.chain(names.sets.iter().filter(others).copied()).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let folds = names.sets.iter().filter(|set| set.role == SetRole::Train && set.fold.is_some());
    let all = names.sets.iter().map(Set::to_string).chain(folds.map(|set| format!("not-{set}")));
    Err(unknown("split", text, all, names))
}

/// The steps that are an op, or that have an id, or that a group of this id holds.
fn op(text: &str, names: &Names) -> Result<[BTreeSet<String>; 2], ListingError> {
    let is = |id: &str, op: &str| {
        op == text || id.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let found = [0, 1].map(|list| {
        let steps = names.ops[list].iter().filter(|(id, op)| is(id, op));
        steps.map(|(id, _)| id.clone()).collect::<BTreeSet<_>>()
    });
    if found.iter().any(|ids| !ids.is_empty()) {
        return Ok(found);
    }
    let mut all = BTreeSet::new();
    for (id, op) in names.ops.iter().flatten() {
        all.insert(op.clone());
        let groups = id.match_indices('/').map(|(end, _)| &id[..end]);
        all.extend(groups.chain([id.as_str()]).map(str::to_owned));
    }
    Err(unknown("step or op", text, all, names))
}

/// The least that says which digest is meant, as in a reference to a version.
const DIGITS: usize = 4;

fn source(text: &str, names: &Names) -> Result<Digest, ListingError> {
    // As the source list has it; or with the way to the images in front, as a shell completes it.
    let is = |path: &String| path == text || text.strip_suffix(path.as_str()).is_some_and(|way| way.ends_with('/'));
    let length = |source: &SourceName| source.paths.iter().filter(|path| is(path)).map(String::len).max();
    let named = names.sources.iter().filter_map(|source| Some((length(source)?, source.digest)));
    if let Some((_, digest)) = named.max() {
        return Ok(digest);
    }
    let digits = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    if digits.len() >= DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let found = names.sources.iter().filter(|source| source.digest.hex().starts_with(&digits));
        match found.collect::<Vec<_>>()[..] {
            [] => {}
            [source] => return Ok(source.digest),
            ref several => {
                let paths = several.iter().take(8).map(|source| source.paths[0].clone()).collect();
                return Err(ListingError::SeveralSources { text: text.into(), paths });
            }
        }
    }
    let nearest = Known::new(text, names.sources.iter().flat_map(|source| &source.paths));
    let near = nearest.nearest().map(|near| format!("did you mean '{near}'? ")).unwrap_or_default();
    let help = format!(
        "{near}a source is named by its path below the folder of images, as the version's list of sources has it, or by \
         {DIGITS} or more digits of its digest"
    );
    Err(ListingError::UnknownSource { version: names.version.clone(), text: text.into(), help })
}
