//! Schedules against torch's schedulers and against their formulas.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn length(epochs: u64, steps_per_epoch: u64) -> RunLength {
    RunLength { epochs: NonZeroU64::new(epochs).unwrap(), steps_per_epoch: NonZeroU64::new(steps_per_epoch).unwrap() }
}

fn read(text: &str) -> Schedule {
    toml::from_str(text).unwrap()
}

/// `tests/train/schedules.py` steps torch's own schedulers.
#[test]
fn curves_are_those_of_torch() {
    let cases: Value = serde_json::from_str(include_str!("../../../tests/train/schedules.json")).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert!(cases.len() >= 10);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let schedule: Schedule = serde_json::from_value(case["schedule"].clone()).unwrap();
        let number = |field: &str| case[field].as_u64().unwrap();
        let run = length(number("epochs"), number("steps_per_epoch"));
        schedule.check(run).unwrap();
        let mut plateau = Plateau::default();
        let shares = case["shares"].as_array().unwrap();
        assert_eq!(shares.len() as u64, run.steps(), "{name}");
        for (step, expected) in (0..).zip(shares) {
            let (found, expected) = (schedule.share(step, run, &plateau), expected.as_f64().unwrap());
            assert!((found - expected).abs() < 1e-12, "{name}, step {step}: {found} is not {expected}");
            if (step + 1) % run.steps_per_epoch == 0
                && let Some(scores) = case["scores"].as_array()
            {
                schedule.observe(&mut plateau, scores[(step / run.steps_per_epoch) as usize].as_f64().unwrap());
                // A checkpoint in between changes nothing.
                plateau = serde_json::from_str(&serde_json::to_string(&plateau).unwrap()).unwrap();
            }
        }
    }
}

#[test]
fn a_cosine_is_its_formula_and_ends_at_the_minimum() {
    let (schedule, run) = (read("curve = { cosine = { minimum = 0.1 } }"), length(4, 25));
    let share = |step| schedule.share(step, run, &Plateau::default());
    assert_eq!(share(0), 1.0);
    assert!((share(50) - 0.55).abs() < 1e-15);
    assert!((share(25) - (0.1 + 0.45 * (1.0 + 0.5f64.sqrt()))).abs() < 1e-15);
    assert_eq!((share(100), share(u64::MAX)), (0.1, 0.1));
}

#[test]
fn every_curve_rises_through_the_warm_up_to_its_own_beginning() {
    for curve in [
        "'constant'",
        "{ cosine = {} }",
        "{ cosine_restarts = { first_epochs = 1.5, growth = 2 } }",
        "{ milestones = { epochs = [5] } }",
        "{ every = { epochs = 5 } }",
        "{ plateau = {} }",
    ] {
        for warmup in ["{ epochs = 2 }", "{ steps = 20 }"] {
            let schedule = read(&format!("curve = {curve}\nwarmup = {warmup}\nwarmup_start = 0.2"));
            let share = |step| schedule.share(step, length(9, 10), &Plateau::default());
            assert_eq!((share(0), share(5), share(20)), (0.2, 0.4, 1.0), "{curve} {warmup}");
            assert!((1..20).all(|step| share(step) > share(step - 1)), "{curve} {warmup}");
        }
    }
}

#[test]
fn the_second_cycle_is_longer_by_its_growth() {
    let (schedule, run) = (read("curve = { cosine_restarts = { first_epochs = 1, growth = 3 } }"), length(20, 10));
    let tops: Vec<u64> = (0..200).filter(|step| schedule.share(*step, run, &Plateau::default()) == 1.0).collect();
    assert_eq!(tops, [0, 10, 40, 130]);
}

#[test]
fn a_score_that_is_no_number_is_no_better() {
    let schedule = read("curve = { plateau = { patience = 0, factor = 0.5 } }");
    let mut plateau = Plateau::default();
    schedule.observe(&mut plateau, f64::NAN);
    assert_eq!((plateau.best, plateau.share), (None, 0.5));
    schedule.observe(&mut plateau, 0.3);
    assert_eq!((plateau.best, plateau.share), (Some(0.3), 0.5));
}

#[test]
fn what_cannot_be_a_schedule_is_refused() {
    for (text, expected) in [
        ("curve = { milestones = { epochs = [5, 5] } }", "milestones [5, 5] are not epochs in rising order"),
        ("curve = { milestones = { epochs = [] } }", "milestones []"),
        ("curve = { milestones = { epochs = [0, 5] } }", "milestones [0, 5]"),
        ("curve = { cosine = { minimum = 1.5 } }", "0 or more and below 1"),
        ("curve = { cosine = { eta = 0.5 } }", ": eta, "),
        ("curve = { cosine_restarts = { first_epochs = 0 } }", "above 0"),
        ("curve = { every = { epochs = 0 } }", "nonzero"),
        ("warmup = { batches = 5 }", "unknown variant `batches`"),
    ] {
        let error = toml::from_str::<Schedule>(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = read("warmup = { epochs = 3 }").check(length(3, 10)).unwrap_err();
    assert_eq!(error, ScheduleError::WarmUp { warmup: 30, run: 30 });
    assert_eq!(read("").check(length(1, 1)), Ok(()));
}

proptest! {
    #[test]
    fn a_share_is_between_0_and_1(step: u64, first in 0.01..50.0f64, growth in 1..5u32, minimum in 0.0..0.99f64) {
        let curve = Curve::CosineRestarts {
            first_epochs: Positive::new(first).unwrap(),
            growth: NonZeroU32::new(growth).unwrap(),
            minimum: Fraction::new(minimum).unwrap(),
        };
        let schedule = Schedule { curve, warmup: Some(WarmUp::Steps(10)), ..Schedule::default() };
        let share = schedule.share(step, length(100, 7), &Plateau::default());
        prop_assert!((0.0..=1.0).contains(&share));
    }
}
