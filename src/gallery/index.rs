//! What the gallery's page knows of all its samples.

use crate::manifest::{Entry, ParamValue};
use crate::opened::Opened;
use crate::ops::Kind;
use crate::seed::Role;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Samples in columns; a column's entry of a sample is at the sample's place in `key`.
#[derive(Debug, Serialize)]
pub struct Index {
    /// As the version is named.
    pub of: String,
    /// `sha256:…`; `None` for a recipe.
    pub digest: Option<String>,
    /// Names of classes, sets and sources: what the numbers of the columns mean.
    pub classes: Vec<String>,
    /// `train`, `f0-val`.
    pub sets: Vec<String>,
    /// First paths.
    pub sources: Vec<String>,
    /// 32 hexadecimal digits.
    pub key: Vec<String>,
    /// Place in `classes`, of the source.
    pub class: Vec<u32>,
    /// Place in `sets`.
    pub set: Vec<u32>,
    /// Place in `sources`.
    pub source: Vec<u32>,
    /// Which of the source's samples of its role; -1 for the source without any step.
    pub copy: Vec<i64>,
    /// By id.
    pub steps: Vec<StepColumn>,
}

/// The samples that a step was on for.
#[derive(Debug, Serialize)]
pub struct StepColumn {
    /// The step's id.
    pub id: String,
    /// Its op.
    pub op: String,
    /// Places of samples, ascending.
    pub on: Vec<u32>,
    /// Its numeric parameters, by name.
    pub params: Vec<Param>,
}

/// A numeric parameter of a step.
#[derive(Debug, Serialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What it counts; may be empty.
    pub unit: &'static str,
    /// Its value for each sample of the step's `on`.
    pub values: Vec<Box<RawValue>>,
}

impl Param {
    /// The values as floats.
    pub fn floats(&self) -> impl Iterator<Item = f64> {
        self.values.iter().map(|value| value.get().parse().expect("BUG: a decimal that is no number"))
    }
}

impl Index {
    /// An index of these samples, in this order.
    pub fn new(opened: &Opened, entries: &[Entry]) -> Self {
        let plan = opened.plan();
        let classes: Vec<(u32, String)> = plan.classes().0.clone();
        let mut sets: Vec<_> = entries.iter().map(|entry| entry.set).collect();
        sets.sort_unstable();
        sets.dedup();
        let at = |found: Result<usize, usize>| found.unwrap_or_else(|place| place) as u32;
        let class = |entry: &Entry| at(classes.binary_search_by_key(&entry.class, |(number, _)| *number));
        let source = |entry: &Entry| at(plan.sources().binary_search_by(|source| source.digest.cmp(&entry.source)));
        let is_original = |entry: &Entry| matches!(entry.role, Role::Original | Role::Val);
        Self {
            of: opened.label().to_owned(),
            digest: opened.digest().map(|digest| digest.to_string()),
            sets: sets.iter().map(ToString::to_string).collect(),
            sources: plan.sources().iter().map(|source| source.paths[0].clone()).collect(),
            key: entries.iter().map(|entry| entry.key.to_string()).collect(),
            class: entries.iter().map(class).collect(),
            set: entries.iter().map(|entry| at(sets.binary_search(&entry.set))).collect(),
            source: entries.iter().map(source).collect(),
            copy: entries.iter().map(|entry| if is_original(entry) { -1 } else { i64::from(entry.copy) }).collect(),
            steps: steps(opened, entries),
            classes: classes.into_iter().map(|(_, name)| name).collect(),
        }
    }
}

/// Every step that was on for some sample, in the order of the recipe, then of the validation recipe.
fn steps(opened: &Opened, entries: &[Entry]) -> Vec<StepColumn> {
    let plan = opened.plan();
    let known: Vec<_> =
        [Role::Train, Role::NoisyVal].into_iter().flat_map(|role| plan.recipe_for(role).op_calls()).collect();
    let call = |id: &str| known.iter().position(|(step, _)| step.id == id);
    let mut found: BTreeMap<(usize, &str), StepColumn> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        for step in &entry.steps {
            let place = call(&step.id);
            let op = place.map(|place| known[place].1.op);
            let column = found.entry((place.unwrap_or(usize::MAX), &step.id)).or_insert_with(|| {
                let numeric = |(name, value): &(std::sync::Arc<str>, ParamValue)| {
                    // A partner's weight is in 65536ths: it is listed as the share that it is.
                    let kind =
                        op.and_then(|op| op.params.iter().find(|param| param.name == &**name)).map(|param| param.kind);
                    let unit = match kind {
                        Some(Kind::Number { unit, .. }) => unit,
                        _ if &**name == "weight" => "/65536",
                        _ => "",
                    };
                    matches!(value, ParamValue::Number(_)).then(|| Param {
                        name: name.to_string(),
                        unit,
                        values: Vec::new(),
                    })
                };
                StepColumn {
                    id: step.id.to_string(),
                    op: op.map_or_else(String::new, |op| op.name.to_owned()),
                    on: Vec::new(),
                    params: step.params.iter().filter_map(numeric).collect(),
                }
            });
            column.on.push(number as u32);
            for param in &mut column.params {
                let value = step.params.iter().find(|(name, _)| **name == *param.name).map(|(_, value)| value);
                let text = match value {
                    Some(ParamValue::Number(number)) => number.to_string(),
                    _ => "null".into(),
                };
                param.values.push(RawValue::from_string(text).expect("BUG: a decimal that is no JSON"));
            }
        }
    }
    found.into_values().collect()
}
