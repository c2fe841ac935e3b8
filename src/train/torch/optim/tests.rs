//! Optimisers against `torch.optim`, and against themselves after a stop.

use super::*;
use serde_json::Value;
use tch::{Device, Kind};

/// A network of two layers over six samples, filled by a formula that `tests/train/optimizers.py` has too.
struct Problem {
    store: VarStore,
    x: Tensor,
    target: Tensor,
}

fn filled(shape: &[i64], phase: f64, kind: Kind) -> Tensor {
    let numbers: Vec<f64> = (0..shape.iter().product()).map(|i: i64| (0.7 * i as f64 + phase).sin()).collect();
    Tensor::from_slice(&numbers).reshape(shape).to_kind(kind)
}

impl Problem {
    fn new(kind: Kind) -> Self {
        tch::set_num_threads(1);
        let mut store = VarStore::new(Device::Cpu);
        store.set_kind(kind);
        let root = store.root();
        // Not in the order of names.
        for (name, shape, phase) in [("l2", [3, 5], 2.0), ("l1", [5, 4], 0.0)] {
            let (weight, bias) = (filled(&shape, 0.3 * (phase + 1.0), kind), filled(&shape[..1], 0.3 * phase, kind));
            let _ = (&root / name).var_copy("weight", &weight);
            let _ = (&root / name).var_copy("bias", &bias);
        }
        Self { store, x: filled(&[6, 4], 1.0, kind), target: filled(&[6, 3], 2.0, kind) }
    }

    fn loss(&self) -> Tensor {
        let all = self.store.variables();
        let hidden = (self.x.matmul(&all["l1.weight"].tr()) + &all["l1.bias"]).tanh();
        let out = hidden.matmul(&all["l2.weight"].tr()) + &all["l2.bias"];
        (out - &self.target).square().mean(None)
    }

    fn step(&self, optim: &mut Optim, rate: f64) {
        optim.zero_gradients();
        self.loss().backward();
        optim.step(rate);
    }

    fn values(&self, name: &str) -> Vec<f64> {
        Vec::try_from(self.store.variables()[name].detach().to_kind(Kind::Double).flatten(0, -1)).unwrap()
    }

    /// Every parameter, bit by bit.
    fn bits(&self) -> Vec<u64> {
        let all = parameters(&self.store);
        all.iter().flat_map(|one| self.values(&one.name)).map(f64::to_bits).collect()
    }

    fn set(&self, from: &Self) {
        let (own, other) = (self.store.variables(), from.store.variables());
        tch::no_grad(|| own.iter().for_each(|(name, tensor)| tensor.shallow_clone().copy_(&other[name])));
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn trajectories_are_those_of_torch() {
    let cases: Value = serde_json::from_str(include_str!("../../../../tests/train/optimizers.json")).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        let optimizer: Optimizer = serde_json::from_value(case["optimizer"].clone()).unwrap();
        let groups: Groups = serde_json::from_value(case["groups"].clone()).unwrap();
        for (kind, tolerance) in [(Kind::Double, 1e-12), (Kind::Float, 2e-4)] {
            let problem = Problem::new(kind);
            let mut optim = Optim::new(optimizer, &groups, &problem.store).unwrap();
            for step in 0..20 {
                optim.zero_gradients();
                problem.loss().backward();
                if let Some(most) = case["clip"].as_f64() {
                    let (norm, expected) = (optim.clip_gradients(most).unwrap(), numbers(&case["norms"])[step]);
                    assert!((norm - expected).abs() < tolerance, "{optimizer:?} {step}: {norm} is not {expected}");
                }
                optim.step(case["rate"].as_f64().unwrap() * (1.0 - step as f64 / 40.0));
                let Some(kept) = case["kept"].get((step + 1).to_string()) else { continue };
                for (name, expected) in kept.as_object().unwrap() {
                    let expected = numbers(expected);
                    let found = problem.values(name);
                    assert_eq!(found.len(), expected.len());
                    for (found, expected) in found.iter().zip(&expected) {
                        let what = format!("{optimizer:?}, {kind:?}, {name} after step {}", step + 1);
                        assert!((found - expected).abs() < tolerance, "{what}: {found} is not {expected}");
                    }
                }
            }
        }
    }
}

/// Optimisers with every kind of state.
fn kinds() -> Vec<Optimizer> {
    let read = |text: &&str| serde_json::from_str(text).unwrap();
    [
        r#"{"sgd": {"momentum": 0.0}}"#,
        r#"{"sgd": {"momentum": 0.9, "nesterov": true, "weight_decay": 0.01}}"#,
        r#"{"adam": {"weight_decay": 0.01}}"#,
        r#"{"adamw": {}}"#,
        r#"{"adamw": {"amsgrad": true}}"#,
    ]
    .iter()
    .map(read)
    .collect()
}

/// Through a file, as a checkpoint has it.
fn through_a_file(state: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    Tensor::write_safetensors(state, &path).unwrap();
    Tensor::read_safetensors(&path).unwrap()
}

#[test]
fn a_run_that_was_stopped_goes_on_bit_for_bit() {
    let rate = |step: u32| 0.1 / (1.0 + f64::from(step));
    for (optimizer, tensors) in kinds().into_iter().zip([4, 8, 12, 12, 16]) {
        for kind in [Kind::Float, Kind::Double] {
            let groups = Groups::default();
            let whole = Problem::new(kind);
            let mut optim = Optim::new(optimizer, &groups, &whole.store).unwrap();
            (0..7).for_each(|step| whole.step(&mut optim, rate(step)));
            let state = through_a_file(&optim.state());
            assert_eq!(state.len(), tensors, "{optimizer:?}");
            let stopped = Problem::new(kind);
            stopped.set(&whole);
            let mut resumed = Optim::new(optimizer, &groups, &stopped.store).unwrap();
            resumed.load(&state).unwrap();
            (7..14).for_each(|step| whole.step(&mut optim, rate(step)));
            (7..14).for_each(|step| stopped.step(&mut resumed, rate(step)));
            assert_eq!(whole.bits(), stopped.bits(), "{optimizer:?} {kind:?}");
            let fresh = Problem::new(kind);
            let mut uninterrupted = Optim::new(optimizer, &groups, &fresh.store).unwrap();
            (0..14).for_each(|step| fresh.step(&mut uninterrupted, rate(step)));
            assert_eq!(fresh.bits(), stopped.bits(), "{optimizer:?} {kind:?}: saving changed the run");
        }
    }
}

/// A branch that is trained once and then gets no gradient: zero in the run that goes on, none in the one that is resumed.
#[test]
fn a_parameter_without_a_gradient_moves_alike_after_a_stop() {
    for optimizer in kinds() {
        let head_only = |problem: &Problem, optim: &mut Optim| {
            optim.zero_gradients();
            problem.store.variables()["l2.weight"].square().sum(None).backward();
            optim.step(0.1);
        };
        let whole = Problem::new(Kind::Float);
        let mut optim = Optim::new(optimizer, &Groups::default(), &whole.store).unwrap();
        whole.step(&mut optim, 0.1);
        let stopped = Problem::new(Kind::Float);
        stopped.set(&whole);
        let mut other = Optim::new(optimizer, &Groups::default(), &stopped.store).unwrap();
        other.load(&optim.state()).unwrap();
        (0..3).for_each(|_| head_only(&whole, &mut optim));
        (0..3).for_each(|_| head_only(&stopped, &mut other));
        assert_eq!(whole.bits(), stopped.bits(), "{optimizer:?}");
    }
}

#[test]
fn frozen_parameters_keep_their_value_and_their_state() {
    let problem = Problem::new(Kind::Float);
    let mut optim = Optim::new(Optimizer::default(), &Groups::default(), &problem.store).unwrap();
    assert_eq!(optim.trained(), (4, 43));
    problem.step(&mut optim, 0.1);
    let frozen = problem.store.variables()["l1.weight"].set_requires_grad(false);
    let before = problem.values("l1.weight");
    problem.step(&mut optim, 0.1);
    problem.step(&mut optim, 0.1);
    assert_eq!((problem.values("l1.weight"), optim.trained()), (before.clone(), (3, 23)));
    let steps = |optim: &Optim, name: &str| {
        let state = optim.state();
        let found = state.iter().find(|(state, _)| *state == format!("optimizer/{name}/steps")).unwrap();
        found.1.int64_value(&[])
    };
    assert_eq!((steps(&optim, "l1.weight"), steps(&optim, "l1.bias")), (1, 3));
    let _ = frozen.set_requires_grad(true);
    problem.step(&mut optim, 0.1);
    assert_ne!(problem.values("l1.weight"), before);
}

#[test]
fn a_state_of_another_model_or_optimiser_is_refused_whole() {
    let problem = Problem::new(Kind::Float);
    let mut adam = Optim::new(Optimizer::default(), &Groups::default(), &problem.store).unwrap();
    problem.step(&mut adam, 0.1);
    let state = || adam.state();
    let sgd: Optimizer = serde_json::from_str(r#"{"sgd": {}}"#).unwrap();
    let mut other = Optim::new(sgd, &Groups::default(), &problem.store).unwrap();
    let error = other.load(&state()).unwrap_err().to_string();
    assert!(error.contains("optimiser state of l1.bias without momentum_buffer"), "{error}");
    assert!(other.state().is_empty());

    let changed = |change: fn(&mut Vec<(String, Tensor)>)| {
        let mut saved = state();
        change(&mut saved);
        let mut fresh = Optim::new(Optimizer::default(), &Groups::default(), &problem.store).unwrap();
        let error = fresh.load(&saved).unwrap_err().to_string();
        assert!(fresh.state().is_empty(), "{error}");
        error
    };
    let error = changed(|saved| saved.retain(|(name, _)| name != "optimizer/l2.bias/exp_avg_sq"));
    assert!(error.contains("l2.bias without exp_avg_sq"), "{error}");
    let error = changed(|saved| saved.retain(|(name, _)| name != "optimizer/l2.bias/steps"));
    assert!(error.contains("l2.bias without steps"), "{error}");
    let error = changed(|saved| saved.push(("optimizer/l3.bias/steps".to_owned(), Tensor::from(1i64))));
    assert!(error.contains("optimizer/l3.bias/steps"), "{error}");
    let error = changed(|saved| {
        saved.retain(|(name, _)| name != "optimizer/l1.weight/exp_avg");
        saved.push(("optimizer/l1.weight/exp_avg".to_owned(), Tensor::zeros([4, 5], (Kind::Float, Device::Cpu))));
    });
    assert!(error.contains("Float [4, 5] in the checkpoint and has to be Float [5, 4]"), "{error}");
    let error = changed(|saved| {
        saved.retain(|(name, _)| name != "optimizer/l1.weight/steps");
        saved.push(("optimizer/l1.weight/steps".to_owned(), Tensor::from(-3i64)));
    });
    assert!(error.contains("is -3 in the checkpoint"), "{error}");
    // What else a checkpoint has is of no concern.
    let mut saved = state();
    saved.push(("l1.weight".to_owned(), Tensor::zeros([1], (Kind::Float, Device::Cpu))));
    let mut fresh = Optim::new(Optimizer::default(), &Groups::default(), &problem.store).unwrap();
    fresh.load(&saved).unwrap();
    assert_eq!(fresh.state().len(), 12);
}

#[test]
fn a_gradient_that_is_no_number_is_named_and_clips_nothing() {
    let problem = Problem::new(Kind::Float);
    let mut optim = Optim::new(Optimizer::default(), &Groups::default(), &problem.store).unwrap();
    assert_eq!(optim.gradient_norm().unwrap(), 0.0);
    problem.loss().backward();
    let all = problem.store.variables();
    let _ = all["l2.bias"].grad().fill_(f64::NAN);
    let before: Vec<f64> = Vec::try_from(all["l1.bias"].grad().to_kind(Kind::Double)).unwrap();
    let error = optim.clip_gradients(1e-3).unwrap_err();
    assert_eq!(error, NotFinite { parameter: "l2.bias".to_owned() });
    let after: Vec<f64> = Vec::try_from(all["l1.bias"].grad().to_kind(Kind::Double)).unwrap();
    assert_eq!(before, after);
    optim.zero_gradients();
    assert_eq!(optim.gradient_norm().unwrap(), 0.0);
}

/// Two batches of three samples give the gradient of all six, whatever batches the epoch has after them.
#[test]
fn accumulated_gradients_are_the_mean_over_batches() {
    use crate::train::accumulation::Accumulation;
    let whole = Problem::new(Kind::Double);
    let accumulation = Accumulation::of(std::num::NonZeroU64::new(2).unwrap());
    let mut optim = Optim::new(Optimizer::default(), &Groups::default(), &whole.store).unwrap();
    whole.loss().backward();
    let expected = optim.gradient_norm().unwrap();
    optim.zero_gradients();
    let half = |first: i64| Problem {
        store: VarStore::new(Device::Cpu),
        x: whole.x.narrow(0, first, 3),
        target: whole.target.narrow(0, first, 3),
    };
    for (batch, first) in [(0, 0), (1, 3)] {
        let mut problem = half(first);
        problem.store.variables_ = std::sync::Arc::clone(&whole.store.variables_);
        (problem.loss() * accumulation.scale(batch, 3)).backward();
        assert_eq!(accumulation.steps_after(batch, 3), batch == 1);
    }
    assert!((optim.gradient_norm().unwrap() - expected).abs() < 1e-12);
}
