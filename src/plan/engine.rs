//! The engine: revisions of everything that decides the bytes of a plan's samples.

use super::Plan;
use crate::canonical::Json;
use crate::effect;
use crate::ops::OpSpec;
use crate::pixels::DECODE_REVISION;
use crate::recipe::{Action, Step};
use std::collections::BTreeMap;

/// Names (`op.rotate`, `effect.resample`, `codec.jpeg`, `decode`) with their revisions: only what a plan uses.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Engine(pub BTreeMap<String, u32>);

impl Engine {
    /// The canonical JSON.
    pub fn meaning(&self) -> Json {
        Json::Object(self.0.iter().map(|(name, revision)| (name.clone(), (*revision).into())).collect())
    }

    /// What differs from another engine: name, ours, theirs.
    pub fn differences(&self, other: &Self) -> Vec<(String, Option<u32>, Option<u32>)> {
        let names: std::collections::BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        (names.into_iter())
            .map(|name| (name.clone(), self.0.get(name).copied(), other.0.get(name).copied()))
            .filter(|(_, ours, theirs)| ours != theirs)
            .collect()
    }
}

/// Adds an op and its effects.
fn add_op(op: &OpSpec, engine: &mut Engine) {
    engine.0.insert(format!("op.{}", op.name), op.revision);
    for name in op.effects {
        add_effect(name, engine);
    }
}

fn add_effect(name: &str, engine: &mut Engine) {
    let revision = effect::REVISIONS.iter().find(|(known, _)| *known == name);
    let revision = revision.unwrap_or_else(|| panic!("BUG: effect '{name}' has no revision")).1;
    engine.0.insert(format!("effect.{name}"), revision);
}

fn add_steps(steps: &[Step], engine: &mut Engine) {
    for step in steps {
        match &step.action {
            Action::Op(call) => add_op(call.op, engine),
            Action::All(steps) | Action::Pick { steps, .. } => add_steps(steps, engine),
        }
    }
}

/// The engine of a plan, as this program has it.
pub fn engine(plan: &Plan) -> Engine {
    let mut engine = Engine::default();
    engine.0.insert("decode".into(), DECODE_REVISION);
    // Every output may have to resample, and a partner always may.
    add_effect("resample", &mut engine);
    let recipe = plan.recipe();
    for recipe in [Some(recipe), recipe.validation.as_ref().map(|validation| &*validation.recipe)].into_iter().flatten()
    {
        add_steps(&recipe.steps, &mut engine);
        let (codec, revision) = recipe.output.encode.revision();
        engine.0.insert(format!("codec.{codec}"), revision);
    }
    engine
}
