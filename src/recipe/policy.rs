//! Policies: published laws for whole lists of steps, written as one step.
//!
//! A policy becomes ordinary steps over our ops, so that its draws, ids and explanations are those of any step. Ranges are
//! torchvision's (`RandAugment`, `TrivialAugmentWide`, v2), its 31 magnitudes as a continuum in the second; where a
//! geometric op uncovers a border, it becomes white, as paper, and not black.

use super::error::{Span, Wrong};
use super::names::Names;
use super::reader::{Found, Node};
use super::steps::{RawAction, RawStep};
use super::{ClassFilter, OpCall};
use crate::number::Micro;
use crate::ops::{self, Dist, Value};
use crate::seed::Role;

/// A named policy.
#[derive(Debug)]
pub struct Policy {
    /// The name in recipes, `policy.NAME = { ... }`.
    pub name: &'static str,
    /// What it does, and whose it is.
    pub doc: &'static str,
    /// Its parameters: whole numbers.
    pub params: &'static [Param],
    /// The steps of the parameters, in their order.
    steps: fn(&[i64], &Span) -> Vec<RawStep>,
}

/// A parameter of a policy.
#[derive(Debug)]
pub struct Param {
    /// The key in a recipe.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Smallest allowed.
    pub min: i64,
    /// Largest allowed.
    pub max: i64,
    /// Unless written.
    pub default: i64,
}

/// Every policy.
pub const POLICIES: &[Policy] = &[
    Policy {
        name: "rand_augment",
        doc: "RandAugment (Cubuk et al. 2019, arXiv:1909.13719): `ops` times one of fourteen ops, each as likely as the \
              others and all of one magnitude; directions are drawn.",
        params: &[
            Param { name: "ops", doc: "How many, one after the other.", min: 0, max: 14, default: 2 },
            Param {
                name: "magnitude",
                doc: "Strength of every op: 0 is next to nothing, 30 is a turn of 30 degrees and a contrast of 10 %.",
                min: 0,
                max: 30,
                default: 9,
            },
        ],
        steps: |params, at| {
            let chosen = |number| step(&format!("{number}"), at, RawAction::OneOf(rand_augment(params[1], at)));
            (1..=params[0]).map(chosen).collect()
        },
    },
    Policy {
        name: "trivial_augment",
        doc: "TrivialAugment, its wide ranges (Müller & Hutter 2021, arXiv:2103.10158): one of fourteen ops, each as \
              likely as the others, of a magnitude that is drawn anew for each sample.",
        params: &[],
        steps: |_, at| vec![step("one", at, RawAction::OneOf(trivial_augment(at)))],
    },
];

/// Reads `policy.NAME = { ... }`.
pub(super) fn read(node: &Node, found: &mut Found) -> Option<(Span, RawAction)> {
    let table = node.table(found, "policy.NAME = { ... }")?;
    let Some((name, at, params)) = table.entries.first().cloned() else {
        let keys = POLICIES.iter().map(|policy| policy.name).collect::<Vec<_>>().join(", ");
        return found.add(&table.span, Wrong::NeedsOne { place: "step.policy".into(), keys });
    };
    if let Some((second, at, _)) = table.entries.get(1) {
        let (place, first, second) = ("step.policy".into(), name.to_owned(), (*second).to_owned());
        found.add::<()>(at, Wrong::Exclusive { place, first, second });
    }
    let Some(policy) = POLICIES.iter().find(|policy| policy.name == name) else {
        let names = Names::new(name, POLICIES.iter().map(|policy| policy.name));
        return found.add(&at, Wrong::Unknown { kind: "policy", name: name.into(), names });
    };
    let params = params.table(found, "a table of parameters, { ... }")?.called(policy.name);
    params.allow(found, &policy.params.iter().map(|param| param.name).collect::<Vec<_>>());
    let value = |param: &Param| match params.get(param.name) {
        None => Some(param.default),
        Some(node) => node.whole(found, param.min, param.max, ""),
    };
    let values: Vec<_> = policy.params.iter().map(value).collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    let steps = (policy.steps)(&values, &at);
    Some((at, RawAction::Policy(policy.name, steps)))
}

fn step(id: &str, at: &Span, action: RawAction) -> RawStep {
    RawStep {
        id: Some(id.to_owned()),
        at: at.clone(),
        chance: Micro::ONE,
        classes: ClassFilter::All,
        on: vec![Role::Train, Role::NoisyVal],
        weight: Micro::ONE,
        action,
    }
}

/// A branch that is one op: all parameters but these as they are unless written.
fn branch(id: &str, at: &Span, name: &str, params: &[(&str, Dist)]) -> RawStep {
    let op = ops::find(name).unwrap_or_else(|| panic!("BUG: a policy of the unknown op {name}"));
    let known = |param: &str| op.params.iter().any(|known| known.name == param);
    assert!(params.iter().all(|(param, _)| known(param)), "BUG: a policy of an unknown parameter of {name}");
    let law = |param: &ops::Param| match params.iter().find(|(name, _)| *name == param.name) {
        Some((_, law)) => law.clone(),
        None => Dist::Fixed(param.default.unwrap_or_else(|| panic!("BUG: a policy without {name}.{}", param.name))),
    };
    let params = op.params.iter().map(law).collect();
    step(id, at, RawAction::Op(OpCall { op, params, mix: None }))
}

/// A branch that does nothing.
fn identity(at: &Span) -> RawStep {
    step("identity", at, RawAction::Policy("identity", Vec::new()))
}

fn fixed(value: Micro) -> Dist {
    Dist::Fixed(Value::Number(value))
}

/// Above or below the middle by this, equally likely.
fn either(middle: i64, by: Micro) -> Dist {
    let middle = Micro::from_int(middle).millionths();
    let ends = [middle - by.millionths(), middle + by.millionths()];
    Dist::Choose(ends.map(|end| (Value::Number(Micro::from_millionths(end)), Micro::ONE)).into())
}

/// Uniform up to this on either side of the middle.
fn around(middle: i64, by: Micro) -> Dist {
    let middle = Micro::from_int(middle).millionths();
    let (low, high) = (middle - by.millionths(), middle + by.millionths());
    Dist::Uniform { low: Micro::from_millionths(low), high: Micro::from_millionths(high), integer: false }
}

/// The slope of a shear in degrees.
fn shear(slope: f64) -> Micro {
    Micro::nearest(libm::atan(slope) * (180.0 / std::f64::consts::PI))
}

/// What the fourteen ops of both policies draw from.
struct Ranges {
    /// How far an op goes from the value that changes nothing.
    law: fn(i64, Micro) -> Dist,
    /// In degrees.
    shear: Micro,
    /// Of the side.
    shift: Micro,
    /// In degrees.
    turn: Micro,
    /// Of brightness, saturation, contrast and sharpness.
    tone: Micro,
    bits: Dist,
    threshold: Dist,
}

/// The fourteen ops of both policies.
fn branches(ranges: Ranges, at: &Span) -> Vec<RawStep> {
    let Ranges { law, shear, shift, turn, tone, bits, threshold } = ranges;
    let signed = [
        ("shear_x", "shear", "x", 0, shear),
        ("shear_y", "shear", "y", 0, shear),
        ("translate_x", "shift", "x", 0, shift),
        ("translate_y", "shift", "y", 0, shift),
        ("rotate", "rotate", "degrees", 0, turn),
        ("brightness", "brightness", "factor", 1, tone),
        ("color", "saturation", "factor", 1, tone),
        ("contrast", "contrast", "factor", 1, tone),
        // `sharpen` counts from the image, not from the smoothed one.
        ("sharpness", "sharpen", "strength", 0, tone),
    ];
    let signed = signed.map(|(id, op, param, middle, by)| branch(id, at, op, &[(param, law(middle, by))]));
    let others = [
        branch("posterize", at, "posterize", &[("bits", bits)]),
        branch("solarize", at, "solarize", &[("threshold", threshold)]),
        branch("auto_contrast", at, "auto_contrast", &[]),
        branch("equalize", at, "equalize", &[]),
        identity(at),
    ];
    signed.into_iter().chain(others).collect()
}

/// The fourteen ops of RandAugment at a magnitude of 0 to 30.
fn rand_augment(magnitude: i64, at: &Span) -> Vec<RawStep> {
    let part = |most: i64| Micro::from_millionths(most * magnitude / 30);
    let ranges = Ranges {
        law: either,
        shear: shear(0.3 * magnitude as f64 / 30.0),
        // 150 of the 331 px of the paper's ImageNet images.
        shift: part(453_172),
        turn: part(30_000_000),
        tone: part(900_000),
        // 8 - round(4 · magnitude / 30), halves to even: none occurs.
        bits: fixed(Micro::from_int(8 - (4 * magnitude + 15) / 30)),
        threshold: fixed(Micro::from_millionths(255_000_000 - 8_500_000 * magnitude)),
    };
    branches(ranges, at)
}

/// The fourteen ops of TrivialAugment's wide ranges.
fn trivial_augment(at: &Span) -> Vec<RawStep> {
    let ranges = Ranges {
        law: around,
        shear: shear(0.99),
        // 32 of the 224 px of an ImageNet crop.
        shift: Micro::from_millionths(142_857),
        turn: Micro::from_int(135),
        tone: Micro::from_millionths(990_000),
        bits: Dist::Uniform { low: Micro::from_int(2), high: Micro::from_int(8), integer: true },
        threshold: Dist::Uniform { low: Micro::ZERO, high: Micro::from_int(255), integer: false },
    };
    branches(ranges, at)
}
