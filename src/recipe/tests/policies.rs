//! Policies are steps: with ids, ranges and laws like any other's.

use super::*;
use crate::ops::{Kind, Value};
use crate::recipe::policy::{self, POLICIES};
use crate::seed::Rng;

fn with_policy(policy: &str) -> Recipe {
    recipe(&format!("[[step]]\npolicy.{policy}\n"))
}

/// Every op of a recipe: id, parameter, and the numbers that it draws.
fn draws(recipe: &Recipe) -> Vec<(String, &'static str, Vec<f64>)> {
    let mut rng = Rng::from_digest(&crate::digest::Digest::of(b"policy"));
    let mut draws = Vec::new();
    for (step, call) in recipe.op_calls() {
        for (param, law) in call.op.params.iter().zip(&call.params) {
            let Kind::Number { min, max, integer, .. } = param.kind else { continue };
            let values = (0..300).map(|_| law.draw(&mut rng)).map(|value| match value {
                Value::Number(number) => number,
                other => panic!("{}: {other} where a number was declared", step.id),
            });
            let values: Vec<Micro> = values.collect();
            for value in &values {
                assert!((min..=max).contains(value) && (!integer || value.to_int().is_some()), "{}: {value}", step.id);
            }
            draws.push((step.id.clone(), param.name, values.iter().map(|value| value.to_f64()).collect()));
        }
    }
    draws
}

fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)))
}

#[test]
fn every_policy_draws_what_its_ops_take() {
    for policy in POLICIES {
        for bound in [
            |param: &policy::Param| param.min,
            |param: &policy::Param| param.default,
            |param: &policy::Param| param.max,
        ] {
            let params: Vec<String> =
                policy.params.iter().map(|param| format!("{} = {}", param.name, bound(param))).collect();
            draws(&with_policy(&format!("{} = {{ {} }}", policy.name, params.join(", "))));
        }
    }
}

#[test]
fn rand_augment_is_torchvisions() {
    let recipe = with_policy("rand_augment = { ops = 3, magnitude = 15 }");
    let ids = recipe.step_ids();
    assert_eq!(ids.len(), 1 + 3 * (1 + 14));
    assert_eq!(ids[..4], ["rand_augment", "rand_augment/1", "rand_augment/1/shear_x", "rand_augment/1/shear_y"]);
    assert!((recipe.statistics(Role::Train, None).mean_active - 3.0 * 13.0 / 14.0).abs() < 1e-9);
    let draws = draws(&recipe);
    // As `RandAugment(num_ops=3, magnitude=15)._augmentation_space(31, (224, 224))` has them.
    for (id, param, (low, high)) in [
        ("shear_x", "x", (-8.530766, 8.530766)),
        ("translate_y", "y", (-0.226586, 0.226586)),
        ("rotate", "degrees", (-15.0, 15.0)),
        ("brightness", "factor", (0.55, 1.45)),
        ("color", "factor", (0.55, 1.45)),
        ("contrast", "factor", (0.55, 1.45)),
        ("sharpness", "strength", (-0.45, 0.45)),
        ("posterize", "bits", (6.0, 6.0)),
        ("solarize", "threshold", (127.5, 127.5)),
    ] {
        for number in 1..=3 {
            let id = format!("rand_augment/{number}/{id}");
            let values = &draws.iter().find(|draw| draw.0 == id && draw.1 == param).unwrap().2;
            assert_eq!(ends(values), (low, high), "{id}");
            assert!(values.iter().all(|value| *value == low || *value == high), "{id}: one magnitude");
        }
    }
}

#[test]
fn trivial_augment_draws_every_magnitude() {
    let recipe = with_policy("trivial_augment = {}");
    assert!((recipe.statistics(Role::Train, None).mean_active - 13.0 / 14.0).abs() < 1e-9);
    for (id, param, low, high) in [
        ("shear_y", "y", -44.711947, 44.711947),
        ("rotate", "degrees", -135.0, 135.0),
        ("sharpness", "strength", -0.99, 0.99),
        ("posterize", "bits", 2.0, 8.0),
        ("solarize", "threshold", 0.0, 255.0),
    ] {
        let id = format!("trivial_augment/one/{id}");
        let draws = draws(&recipe);
        let (least, most) = ends(&draws.iter().find(|draw| draw.0 == id && draw.1 == param).unwrap().2);
        let close = 0.03 * (high - low);
        assert!(low <= least && least < low + close && high - close < most && most <= high, "{id}: {least} to {most}");
    }
}
