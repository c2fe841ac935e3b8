//! What was drawn for the samples that were predicted: for each step the samples that it was on in, for each parameter
//! its values.

use crate::diff::Of;
use crate::manifest::{Entry, ParamValue, WHOLE};
use crate::ops::{Kind, OpSpec};
use crate::plan::Plan;
use crate::seed::Role;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Samples are numbered in the order in which they are added.
#[derive(Debug, Default)]
pub struct Columns {
    /// Samples that go through each list of steps: training copies, noisy validation.
    pub lists: BTreeMap<Of, Vec<u32>>,
    /// Steps that were on, by list and id.
    pub steps: BTreeMap<(Of, Arc<str>), StepColumn>,
    ops: BTreeMap<(Of, String), &'static OpSpec>,
    /// The class of each source, by the text of its digest.
    sources: HashMap<String, Arc<str>>,
}

/// A step.
#[derive(Debug, Default)]
pub struct StepColumn {
    /// Its op; `None` where the recipe that this program reads does not have the step.
    pub op: Option<&'static OpSpec>,
    /// The samples that it was on in.
    pub on: Vec<u32>,
    /// Parameters, by name.
    pub params: BTreeMap<Arc<str>, Values>,
}

/// The values of a parameter.
#[derive(Debug, Default)]
pub struct Values {
    /// Numbers in millionths, and the sample of each.
    pub numbers: Vec<(i64, u32)>,
    /// Words, and the samples of each. A partner is stated as its class.
    pub words: BTreeMap<Arc<str>, Vec<u32>>,
}

impl Columns {
    /// Empty, for samples of this plan.
    pub fn new(plan: &Plan) -> Self {
        let ops = [(Of::Recipe, Role::Train), (Of::Validation, Role::NoisyVal)].into_iter().flat_map(|(of, role)| {
            plan.recipe_for(role).op_calls().into_iter().map(move |(step, call)| ((of, step.id.clone()), call.op))
        });
        let class = |number: u32| plan.classes().name(number).unwrap_or("?").into();
        let sources = plan.sources().iter().map(|source| (source.digest.hex(), class(source.class))).collect();
        Self { ops: ops.collect(), sources, ..Self::default() }
    }

    /// Adds a sample.
    pub fn add(&mut self, case: u32, entry: &Entry) {
        let of = match entry.role {
            Role::Train => Of::Recipe,
            Role::NoisyVal => Of::Validation,
            // Through the output alone: no step could have been on.
            Role::Original | Role::Val => return,
        };
        self.lists.entry(of).or_default().push(case);
        for step in &entry.steps {
            let column = self.steps.entry((of, step.id.clone())).or_insert_with(|| {
                let op = self.ops.get(&(of, step.id.to_string())).copied();
                StepColumn { op, ..StepColumn::default() }
            });
            column.on.push(case);
            let mixes = step.params.iter().any(|(name, _)| &**name == "partner");
            for (name, value) in &step.params {
                let values = match column.params.get_mut(name) {
                    Some(values) => values,
                    None => column.params.entry(name.clone()).or_default(),
                };
                match value {
                    // A share of the label, stated in 65536ths.
                    ParamValue::Number(number) if mixes && &**name == "weight" => {
                        values.numbers.push((number.millionths() / i64::from(WHOLE), case));
                    }
                    ParamValue::Number(number) => values.numbers.push((number.millionths(), case)),
                    ParamValue::Text(word) => {
                        let word = self.sources.get(&**word).filter(|_| &**name == "partner").unwrap_or(word);
                        values.words.entry(word.clone()).or_default().push(case);
                    }
                }
            }
        }
    }
}

impl StepColumn {
    /// What a parameter's numbers count: "degrees", "px"; empty where that is not known or goes without saying.
    pub fn unit(&self, parameter: &str) -> &'static str {
        let param = self.op.and_then(|op| op.params.iter().find(|param| param.name == parameter));
        match param.map(|param| param.kind) {
            Some(Kind::Number { unit, .. }) if !unit.starts_with("fraction") => unit,
            _ => "",
        }
    }
}
