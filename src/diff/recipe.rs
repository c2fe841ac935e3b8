//! What two recipes mean differently: steps added, removed, moved, and every value that is another one.
//!
//! Recipes are compared by their meaning (defaults filled in, groups put in place), so a comment, the order of tables or
//! a default that was written out is no difference. A step is known by its id, as in the draws.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Which of a version's two lists of steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// The recipe itself: what training samples go through.
    Recipe,
    /// The validation recipe: what noisy validation samples go through.
    Validation,
}

impl Of {
    /// What stands in front of a step's or a setting's name.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Recipe => "",
            Self::Validation => "validation: ",
        }
    }
}

/// One difference of meaning. Values are those of the meaning; `None` where one side has none. Places count from 1.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Change {
    /// Anything that is no step: `seed`, `amount.total`, `output.encode.jpeg.quality`.
    Setting { of: Of, path: String, from: Option<Value>, to: Option<Value> },
    /// A step that only B has.
    StepAdded { of: Of, id: String, place: usize, step: Value },
    /// A step that only A has.
    StepRemoved { of: Of, id: String, place: usize, step: Value },
    /// A step that stands elsewhere among those that both have.
    StepMoved { of: Of, id: String, from: usize, to: usize },
    /// A value of a step: `chance`, `only`, a parameter's law.
    StepChanged { of: Of, id: String, what: String, from: Option<Value>, to: Option<Value> },
}

/// All differences, from recipe to validation recipe, settings first.
pub fn changes(a: &Value, b: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    recipe(Of::Recipe, a, b, &mut found);
    let nothing = Value::Object(Map::new());
    let (noisy_a, noisy_b) = (a.get("noisy_val"), b.get("noisy_val"));
    let copies = |noisy: Option<&Value>| noisy.and_then(|noisy| noisy.get("copies")).cloned();
    setting(Of::Recipe, "noisy_val.copies", copies(noisy_a).as_ref(), copies(noisy_b).as_ref(), &mut found);
    let inner = |noisy: Option<&Value>| noisy.and_then(|noisy| noisy.get("recipe")).unwrap_or(&nothing).clone();
    recipe(Of::Validation, &inner(noisy_a), &inner(noisy_b), &mut found);
    found
}

fn recipe(of: Of, a: &Value, b: &Value, found: &mut Vec<Change>) {
    for key in keys(a, b).into_iter().filter(|key| !matches!(key.as_str(), "steps" | "noisy_val")) {
        setting(of, &key, a.get(&key), b.get(&key), found);
    }
    steps(of, list(a, "steps"), list(b, "steps"), found);
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn keys(a: &Value, b: &Value) -> BTreeSet<String> {
    [a, b].into_iter().filter_map(Value::as_object).flat_map(Map::keys).cloned().collect()
}

/// Tables are compared entry by entry, unless they have nothing in common: then one took the other's place.
fn setting(of: Of, path: &str, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Change>) {
    visit(path, a, b, &mut |path, from, to| {
        found.push(Change::Setting { of, path: path.to_owned(), from: from.cloned(), to: to.cloned() });
    });
}

/// Takes a path and the values of both sides.
type Found<'a> = &'a mut dyn FnMut(&str, Option<&Value>, Option<&Value>);

fn visit(path: &str, a: Option<&Value>, b: Option<&Value>, found: Found<'_>) {
    match (a, b) {
        _ if a == b => {}
        (Some(Value::Object(a_fields)), Some(Value::Object(b_fields)))
            if a_fields.keys().any(|key| b_fields.contains_key(key)) =>
        {
            for key in a_fields.keys().chain(b_fields.keys()).collect::<BTreeSet<_>>() {
                visit(&format!("{path}.{key}"), a_fields.get(key), b_fields.get(key), found);
            }
        }
        _ => found(path, a, b),
    }
}

fn id(step: &Value) -> &str {
    step.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn steps(of: Of, a: &[Value], b: &[Value], found: &mut Vec<Change>) {
    let places = |steps: &[Value]| -> BTreeMap<String, usize> {
        steps.iter().enumerate().map(|(index, step)| (id(step).to_owned(), index)).collect()
    };
    let (in_a, in_b) = (places(a), places(b));
    let gone = a.iter().enumerate().filter(|(_, step)| !in_b.contains_key(id(step)));
    found.extend(gone.map(|(index, step)| Change::StepRemoved {
        of,
        id: id(step).into(),
        place: index + 1,
        step: step.clone(),
    }));
    let new = b.iter().enumerate().filter(|(_, step)| !in_a.contains_key(id(step)));
    found.extend(new.map(|(index, step)| Change::StepAdded {
        of,
        id: id(step).into(),
        place: index + 1,
        step: step.clone(),
    }));
    let common = |steps: &[Value], other: &BTreeMap<String, usize>| -> Vec<String> {
        steps.iter().map(|step| id(step).to_owned()).filter(|id| other.contains_key(id)).collect()
    };
    let order = common(a, &in_b);
    for id in moved(&order, &common(b, &in_a)) {
        let (from, to) = (in_a[&id] + 1, in_b[&id] + 1);
        found.push(Change::StepMoved { of, id, from, to });
    }
    for id in order {
        step(of, &id, &a[in_a[&id]], &b[in_b[&id]], found);
    }
}

fn step(of: Of, id: &str, a: &Value, b: &Value, found: &mut Vec<Change>) {
    let mut changed = |what: &str, from: Option<&Value>, to: Option<&Value>| {
        if from != to {
            let (from, to) = (from.cloned(), to.cloned());
            found.push(Change::StepChanged { of, id: id.to_owned(), what: what.to_owned(), from, to });
        }
    };
    for key in keys(a, b).into_iter().filter(|key| !matches!(key.as_str(), "id" | "op" | "all" | "branches")) {
        changed(&key, a.get(&key), b.get(&key));
    }
    let name = |step: &Value| step.pointer("/op/name").cloned();
    if name(a) != name(b) {
        // Another op, or a group in the place of an op: its parameters have nothing to be compared with.
        changed("op", a.get("op"), b.get("op"));
    } else if let (Some(op_a), Some(op_b)) = (a.get("op"), b.get("op")) {
        let nothing = Value::Null;
        let params = |op: &Value| op.get("params").unwrap_or(&nothing).clone();
        let (laws_a, laws_b) = (params(op_a), params(op_b));
        for key in keys(&laws_a, &laws_b) {
            changed(&key, laws_a.get(&key), laws_b.get(&key));
        }
        visit("mix", op_a.get("mix"), op_b.get("mix"), &mut changed);
    }
    for nested in ["all", "branches"] {
        steps(of, list(a, nested), list(b, nested), found);
    }
}

/// The fewest elements that have to be taken out and put back to make one order the other; by id. The same whichever of
/// the two comes first.
fn moved(a: &[String], b: &[String]) -> BTreeSet<String> {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    let place: BTreeMap<&String, usize> = second.iter().enumerate().map(|(index, id)| (id, index)).collect();
    let order: Vec<usize> = first.iter().map(|id| place[id]).collect();
    // The longest run that rises: `best[i]` is the length of the one that ends in i, and who comes before.
    let mut best: Vec<(usize, Option<usize>)> = Vec::new();
    for (index, here) in order.iter().enumerate() {
        let before = (0..index).filter(|before| order[*before] < *here).max_by_key(|before| best[*before].0);
        best.push((before.map_or(1, |before| best[before].0 + 1), before));
    }
    let mut stays = BTreeSet::new();
    let mut at = (0..best.len()).max_by_key(|index| best[*index].0);
    while let Some(index) = at {
        stays.insert(&first[index]);
        at = best[index].1;
    }
    first.iter().filter(|id| !stays.contains(id)).cloned().collect()
}

/// The ids of steps of one side whose stated draws do not settle their pixels when compared with the other side: their
/// op or the rule of their partner is another one, or they mix and anything above them (what the partner goes through)
/// is. By list of steps.
pub fn unsettled(a: &Value, b: &Value) -> BTreeMap<Of, BTreeSet<String>> {
    let of = |of: Of, path: &str| {
        let (a, b) = (flat(a, path), flat(b, path));
        let known: BTreeMap<&str, usize> = b.iter().enumerate().map(|(index, step)| (id(step), index)).collect();
        let unlike = a.iter().enumerate().filter(|(index, step)| {
            let Some(other) = known.get(id(step)) else { return false };
            let rule = |step: &Value| (step.pointer("/op/name").cloned(), step.pointer("/op/mix").cloned());
            let mixes = step.pointer("/op/mix").is_some();
            rule(step) != rule(b[*other]) || (mixes && a[..*index] != b[..*other])
        });
        (of, unlike.map(|(_, step)| id(step).to_owned()).collect())
    };
    [of(Of::Recipe, "/steps"), of(Of::Validation, "/noisy_val/recipe/steps")].into()
}

fn flat<'a>(recipe: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut steps = Vec::new();
    flatten(recipe.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice), &mut steps);
    steps
}

/// Steps and the steps within them, in the order in which they run.
fn flatten<'a>(steps: &'a [Value], found: &mut Vec<&'a Value>) {
    for step in steps {
        found.push(step);
        for nested in ["all", "branches"] {
            flatten(list(step, nested), found);
        }
    }
}
