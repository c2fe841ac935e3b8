//! What a listing calls things: texts that return in every line, escaped once.

use crate::canonical::write_text;
use crate::digest::Digest;
use crate::seed::Role;
use crate::set::Set;
use crate::source::Source;
use crate::store::Record;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A source, as it is named in a listing.
#[derive(Debug)]
pub(super) struct SourceName {
    pub digest: Digest,
    /// All its paths, as they are.
    pub paths: Vec<String>,
    /// The first of them, as JSON.
    pub path: String,
    /// Its group, as JSON.
    pub group: String,
    pub class: u32,
}

/// Names of a version: classes, sources, steps, sets.
#[derive(Debug)]
pub(super) struct Names {
    /// The version, as it is shortest named.
    pub version: String,
    /// Class names by number, as they are.
    pub classes: BTreeMap<u32, String>,
    /// The same as JSON.
    quoted: BTreeMap<u32, String>,
    /// Sorted by digest.
    pub sources: Vec<SourceName>,
    /// The op of each step, by id: of the recipe, of its validation recipe.
    pub ops: [BTreeMap<String, String>; 2],
    /// The sets that have samples.
    pub sets: BTreeSet<Set>,
}

fn json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    // Writing to a String cannot fail.
    let _ = write_text(&mut quoted, text);
    quoted
}

impl Names {
    /// The names that a record and its sources give.
    pub fn new(version: String, record: &Record, sources: &[Source]) -> Self {
        let named = |source: &Source| SourceName {
            digest: source.digest,
            paths: source.paths.clone(),
            path: json(&source.paths[0]),
            group: json(&source.group),
            class: source.class,
        };
        let meaning = &record.recipe.meaning;
        let noisy = meaning.get("noisy_val").and_then(|noisy| noisy.get("recipe"));
        Self {
            version,
            classes: record.classes.clone(),
            quoted: record.classes.iter().map(|(number, name)| (*number, json(name))).collect(),
            sources: sources.iter().map(named).collect(),
            ops: [Some(meaning), noisy].map(|recipe| {
                let mut ops = BTreeMap::new();
                collect(recipe.and_then(|recipe| recipe.get("steps")), &mut ops);
                ops
            }),
            sets: record.counts.keys().copied().collect(),
        }
    }

    /// A class's name as JSON; its number where it has none.
    pub fn class(&self, number: u32) -> std::borrow::Cow<'_, str> {
        match self.quoted.get(&number) {
            Some(name) => name.as_str().into(),
            None => format!("\"{number}\"").into(),
        }
    }

    /// A source.
    pub fn source(&self, digest: &Digest) -> Option<&SourceName> {
        let found = self.sources.binary_search_by(|source| source.digest.cmp(digest)).ok();
        found.map(|index| &self.sources[index])
    }

    /// The steps that samples of a role go through.
    pub fn ops_of(&self, role: Role) -> &BTreeMap<String, String> {
        &self.ops[usize::from(role == Role::NoisyVal)]
    }
}

/// The op of every step, from the recipe's meaning: records outlive this program's grammar of recipes.
fn collect(steps: Option<&Value>, ops: &mut BTreeMap<String, String>) {
    for step in steps.and_then(Value::as_array).into_iter().flatten() {
        let id = step.get("id").and_then(Value::as_str);
        let name = step.get("op").and_then(|op| op.get("name")).and_then(Value::as_str);
        ops.extend(id.zip(name).map(|(id, name)| (id.to_owned(), name.to_owned())));
        for within in ["all", "branches"] {
            collect(step.get(within), ops);
        }
    }
}
