//! One sample in words: what it was made from, what it is for, and every draw with its unit.

use super::Opened;
use crate::manifest::{Entry, ParamValue, StepDraw, WHOLE};
use crate::number::Micro;
use crate::ops::{Kind, OpSpec};
use serde::Serialize;

/// A class and its share of a label.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClassShare {
    /// Its name.
    pub class: String,
    /// Its number.
    pub number: u32,
    /// From 0 to 1, in 65536ths.
    pub share: f64,
}

/// A drawn parameter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Setting {
    /// Its name in recipe and manifest.
    pub name: String,
    /// A number, or a word.
    pub value: serde_json::Value,
    /// What a number counts; empty for words and pure numbers.
    pub unit: &'static str,
}

/// A step that was on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ExplainedStep {
    /// Its id in the recipe.
    pub id: String,
    /// Its op; `None` where the recipe that this program reads does not have the step.
    pub op: Option<&'static str>,
    /// Its parameters, in the op's order, but for the partner.
    pub settings: Vec<Setting>,
    /// What was blended in.
    pub partner: Option<Partner>,
}

/// What a mixing step blended in.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Partner {
    /// The digest of its bytes, 64 hexadecimal digits.
    pub source: String,
    /// Its first path, where the list of sources has it.
    pub path: Option<String>,
    /// Its class.
    pub class: Option<String>,
    /// Its weight in the label, from 0 to 1.
    pub share: f64,
    /// What was done to it before; `None` where this engine would draw other steps.
    pub steps: Option<Vec<ExplainedStep>>,
}

/// A sample explained.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[expect(missing_docs, reason = "as in the manifest, with names instead of numbers")]
pub struct Explained {
    pub of: String,
    pub key: String,
    pub class: String,
    pub label: Vec<ClassShare>,
    pub set: String,
    pub role: &'static str,
    pub copy: u32,
    pub source: String,
    pub paths: Vec<String>,
    pub group: String,
    pub source_width: u32,
    pub source_height: u32,
    pub steps: Vec<ExplainedStep>,
    /// Op steps of the recipe that were not on.
    pub off: Vec<String>,
    /// `sha256:…` of the stored bytes; with it `bytes`, `width` and `height`: `None` where nothing was rendered yet.
    pub digest: Option<String>,
    pub bytes: Option<u64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub file: &'static str,
}

impl Opened {
    /// Explains a sample.
    pub fn explain(&self, entry: &Entry) -> Explained {
        let plan = self.plan();
        let class = |number: u32| plan.classes().name(number).map_or_else(|| number.to_string(), str::to_owned);
        let source = plan.sources().binary_search_by(|source| source.digest.cmp(&entry.source));
        let source = source.ok().map(|index| &plan.sources()[index]);
        let ops = plan.recipe_for(entry.role).op_calls();
        let is_on = |id: &str| entry.steps.iter().any(|step| &*step.id == id);
        // Originals go through the output alone: no step could have been on.
        let steps_apply = matches!(entry.role, crate::seed::Role::Train | crate::seed::Role::NoisyVal);
        let off = ops.iter().filter(|(step, _)| steps_apply && !is_on(&step.id)).map(|(step, _)| step.id.clone());
        let made = |value: u64| entry.is_rendered().then_some(value);
        Explained {
            of: self.label().to_owned(),
            key: entry.key.to_string(),
            class: class(entry.class),
            label: (entry.label.iter())
                .map(|(number, weight)| ClassShare { class: class(*number), number: *number, share: share(*weight) })
                .collect(),
            set: entry.set.to_string(),
            role: entry.role.name(),
            copy: entry.copy,
            source: entry.source.to_string(),
            paths: source.map(|source| source.paths.clone()).unwrap_or_default(),
            group: source.map(|source| source.group.clone()).unwrap_or_default(),
            source_width: source.map_or(0, |source| source.size.width),
            source_height: source.map_or(0, |source| source.size.height),
            steps: self.explain_steps(entry),
            off: off.collect(),
            digest: entry.is_rendered().then(|| entry.digest.to_string()),
            bytes: made(entry.bytes),
            width: entry.is_rendered().then_some(entry.width),
            height: entry.is_rendered().then_some(entry.height),
            file: entry.file.extension(),
        }
    }

    /// What the manifest states of each step, with what the plan knows of partners.
    fn explain_steps(&self, entry: &Entry) -> Vec<ExplainedStep> {
        let plan = self.plan();
        let ops = plan.recipe_for(entry.role).op_calls();
        let op = |id: &str| ops.iter().find(|(step, _)| step.id == id).map(|(_, call)| call.op);
        let sample = self.sample(entry);
        let draw = sample.as_ref().map(|sample| plan.draw(sample));
        let explain = |(index, step): (usize, &StepDraw)| {
            let explained = self.explain_step(step, op(&step.id));
            // The partner's own steps are not in the manifest: they follow from the plan, if it draws what was drawn.
            let drawn = draw.as_ref().and_then(|draw| draw.steps.get(index));
            let same = drawn.filter(|drawn| plan.step_draw(drawn) == *step);
            let steps = same.and_then(|drawn| drawn.partner.as_ref()).map(|partner| {
                let one =
                    |inner: &crate::plan::Drawn<'_>| self.explain_step(&plan.step_draw(inner), Some(inner.call.op));
                partner.steps.iter().map(one).collect()
            });
            let partner = explained.partner.map(|partner| Partner { steps, ..partner });
            ExplainedStep { partner, ..explained }
        };
        entry.steps.iter().enumerate().map(explain).collect()
    }

    fn explain_step(&self, step: &StepDraw, op: Option<&'static OpSpec>) -> ExplainedStep {
        let text = |name: &str| step.params.iter().find(|(known, _)| &**known == name).map(|(_, value)| value);
        let partner = match text("partner") {
            Some(ParamValue::Text(source)) => {
                let known = self.plan().sources().iter().find(|known| known.digest.hex() == **source);
                let weight = match text("weight") {
                    Some(ParamValue::Number(weight)) => weight.to_int().unwrap_or(0),
                    _ => 0,
                };
                Some(Partner {
                    source: source.to_string(),
                    path: known.map(|known| known.paths[0].clone()),
                    class: known.and_then(|known| self.plan().classes().name(known.class)).map(str::to_owned),
                    share: share(weight as u32),
                    steps: None,
                })
            }
            _ => None,
        };
        let place = |name: &str| op.and_then(|op| op.params.iter().position(|param| param.name == name));
        let mut settings: Vec<_> = (step.params.iter())
            .filter(|(name, _)| partner.is_none() || !["partner", "weight"].contains(&&**name))
            .map(|(name, value)| {
                let kind = place(name).and_then(|at| Some(op?.params[at].kind));
                let unit = if let Some(Kind::Number { unit, .. }) = kind { unit } else { "" };
                (place(name).unwrap_or(usize::MAX), Setting { name: name.to_string(), value: json(value), unit })
            })
            .collect();
        settings.sort_by_key(|(place, _)| *place);
        let settings = settings.into_iter().map(|(_, setting)| setting).collect();
        ExplainedStep { id: step.id.to_string(), op: op.map(|op| op.name), settings, partner }
    }
}

fn share(weight: u32) -> f64 {
    f64::from(weight) / f64::from(WHOLE)
}

fn json(value: &ParamValue) -> serde_json::Value {
    match value {
        ParamValue::Number(number) => number_json(*number),
        ParamValue::Text(text) => text.to_string().into(),
    }
}

fn number_json(number: Micro) -> serde_json::Value {
    serde_json::from_str(&number.to_string()).expect("BUG: a decimal that is no JSON")
}

impl Setting {
    /// Name, value and unit: `degrees -12.5 degrees` says the unit once.
    pub fn text(&self) -> String {
        let value = match &self.value {
            serde_json::Value::String(text) => text.clone(),
            number => number.to_string(),
        };
        match self.unit {
            "" => format!("{} {value}", self.name),
            unit if self.name.ends_with(unit) => format!("{} {value}", self.name),
            unit => format!("{} {value} {unit}", self.name),
        }
    }
}

impl ExplainedStep {
    /// In one line: `rotate  degrees -12.5, canvas expand`; the partner's steps in brackets.
    pub fn text(&self) -> String {
        let mut parts: Vec<String> = self.settings.iter().map(Setting::text).collect();
        if let Some(partner) = &self.partner {
            let path = partner.path.as_deref().unwrap_or(&partner.source);
            let class = partner.class.as_deref().unwrap_or("?");
            parts.push(format!("{:.1} % of {path} ({class})", 100.0 * partner.share));
            match &partner.steps {
                Some(steps) if steps.is_empty() => {}
                Some(steps) => parts.push(format!(
                    "before that [{}]",
                    steps.iter().map(|step| format!("{} {}", step.id, step.text())).collect::<Vec<_>>().join("; ")
                )),
                None => parts.push("its own steps are not known to this engine".into()),
            }
        }
        parts.join(", ")
    }
}
