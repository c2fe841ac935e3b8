//! What the gallery's page knows of all its samples.

use crate::diff::Of;
use crate::manifest::{Entry, ParamValue, StepDraw};
use crate::opened::Opened;
use crate::ops::{Kind, OpSpec};
use crate::plan::Plan;
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
    /// In the order of the recipe, then of the validation recipe.
    pub steps: Vec<StepColumn>,
}

/// The samples that a step was on for.
#[derive(Debug, Serialize)]
pub struct StepColumn {
    /// The list that it stands in; an id is of one step in each.
    pub of: Of,
    /// The step's id.
    pub id: String,
    /// Its op; empty where the recipe that this program reads does not have the step.
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
    /// Its value for each sample of the step's `on`; `None` where no number was drawn for it.
    pub values: Vec<Option<Box<RawValue>>>,
}

impl Param {
    /// The values that there are, as floats.
    pub fn floats(&self) -> impl Iterator<Item = f64> {
        self.values.iter().flatten().map(|value| value.get().parse().expect("BUG: a decimal that is no number"))
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
            steps: steps(&known(plan), entries),
            classes: classes.into_iter().map(|(_, name)| name).collect(),
        }
    }
}

/// The list of steps that samples of a role go through; `None` where they go through the output settings alone.
pub(super) const fn list(role: Role) -> Option<Of> {
    match role {
        Role::Train => Some(Of::Recipe),
        Role::NoisyVal => Some(Of::Validation),
        Role::Original | Role::Val => None,
    }
}

/// Steps by list and id: each one's place in its list, and its op.
pub(super) type Known<'a> = BTreeMap<(Of, &'a str), (usize, &'static OpSpec)>;

/// The steps of a plan's recipes.
fn known(plan: &Plan) -> Known<'_> {
    let mut known = Known::new();
    for (of, role) in [(Of::Recipe, Role::Train), (Of::Validation, Role::NoisyVal)] {
        for (place, (step, call)) in plan.recipe_for(role).op_calls().into_iter().enumerate() {
            known.insert((of, step.id.as_str()), (place, call.op));
        }
    }
    known
}

/// Every step that was on for some sample, in the order of the recipe, then of the validation recipe.
pub(super) fn steps(known: &Known<'_>, entries: &[Entry]) -> Vec<StepColumn> {
    let mut found: BTreeMap<(Of, usize, &str), StepColumn> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        let Some(of) = list(entry.role) else { continue };
        for step in &entry.steps {
            let call = known.get(&(of, &*step.id)).copied();
            let (place, op) = call.map_or((usize::MAX, None), |(place, op)| (place, Some(op)));
            let column = found.entry((of, place, &step.id)).or_insert_with(|| StepColumn {
                of,
                id: step.id.to_string(),
                op: op.map_or_else(String::new, |op| op.name.to_owned()),
                on: Vec::new(),
                params: Vec::new(),
            });
            column.add(number as u32, op, step);
        }
    }
    found.into_values().collect()
}

impl StepColumn {
    /// A name in it for people: its list stands behind the name where that is not the recipe itself.
    pub(super) fn named(&self, name: &str) -> String {
        match self.of {
            Of::Recipe => name.to_owned(),
            Of::Validation => format!("{name} (noisy validation)"),
        }
    }

    /// One more sample, with what was drawn for it.
    fn add(&mut self, sample: u32, op: Option<&OpSpec>, step: &StepDraw) {
        for (name, value) in &step.params {
            let ParamValue::Number(number) = value else { continue };
            let place = match self.params.binary_search_by(|param| param.name.as_str().cmp(name)) {
                Ok(place) => place,
                Err(place) => {
                    let values = vec![None; self.on.len()];
                    self.params.insert(place, Param { name: name.to_string(), unit: unit(op, name), values });
                    place
                }
            };
            let number = RawValue::from_string(number.to_string()).expect("BUG: a decimal that is no JSON");
            self.params[place].values.push(Some(number));
        }
        self.on.push(sample);
        for param in &mut self.params {
            param.values.resize(self.on.len(), None);
        }
    }
}

/// What a parameter counts.
fn unit(op: Option<&OpSpec>, name: &str) -> &'static str {
    let param = op.and_then(|op| op.params.iter().find(|param| param.name == name));
    match param.map(|param| param.kind) {
        Some(Kind::Number { unit, .. }) => unit,
        // How much of the label is a partner's.
        _ if name == "weight" => "/65536",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::sample;
    use crate::number::Micro;

    fn entry(number: u32, role: Role, params: &[&str]) -> Entry {
        let one = |name: &&str| ((*name).into(), ParamValue::Number(Micro::ONE));
        let steps = vec![StepDraw { id: "soft".into(), params: params.iter().map(one).collect() }];
        Entry { role, steps, ..sample(number) }
    }

    #[test]
    fn steps_of_one_id_in_both_recipes_are_two() {
        let noisy = entry(0, Role::NoisyVal, &["degrees", "length"]);
        let columns = steps(&Known::new(), &[noisy, entry(1, Role::Train, &["sigma"])]);
        let names = |column: &StepColumn| column.params.iter().map(|param| param.name.clone()).collect::<Vec<_>>();
        assert_eq!(columns.iter().map(|column| column.of).collect::<Vec<_>>(), [Of::Recipe, Of::Validation]);
        assert_eq!((names(&columns[0]), &*columns[0].on), (vec!["sigma".to_owned()], &[1][..]));
        assert_eq!((names(&columns[1]), &*columns[1].on), (vec!["degrees".to_owned(), "length".to_owned()], &[0][..]));
    }

    #[test]
    fn a_value_that_was_not_drawn_is_absent() {
        let drawn = [&["b"][..], &["a", "b"], &[]];
        let entries: Vec<_> = (0..).zip(drawn).map(|(number, drawn)| entry(number, Role::Train, drawn)).collect();
        let columns = steps(&Known::new(), &entries);
        let params = &columns[0].params;
        assert_eq!((columns.len(), &*columns[0].on, params.len()), (1, &[0, 1, 2][..], 2));
        assert_eq!(serde_json::to_value(&params[0].values).unwrap(), serde_json::json!([null, 1, null]));
        assert_eq!(serde_json::to_value(&params[1].values).unwrap(), serde_json::json!([1, 1, null]));
        assert_eq!(params[1].floats().collect::<Vec<_>>(), [1.0, 1.0]);
    }
}
