//! Expected values are numpy's, scikit-learn's and scipy's: `tests/answers/make.py`.

use super::*;
use crate::answers::Reading;
use crate::source::Classes;
use proptest::prelude::*;
use serde_json::Value;
use std::path::Path;

fn expected() -> Value {
    serde_json::from_str(include_str!("../../../tests/answers/expected.json")).unwrap()
}

fn list<T: for<'a> serde::Deserialize<'a>>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn table(folder: &Path, name: &str, text: &str) -> Table {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    Table::read(&path, Reading::default()).unwrap()
}

/// A table of probabilities with the IDs `<start>.jpg`, ….
fn wide(folder: &Path, name: &str, start: usize, rows: &[Vec<f64>]) -> Table {
    let heads: Vec<String> = (0..rows[0].len()).map(|class| class.to_string()).collect();
    let line = |(at, row): (usize, &Vec<f64>)| {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        format!("{}.jpg,{}\n", start + at, cells.join(","))
    };
    let lines: String = rows.iter().enumerate().map(line).collect();
    table(folder, name, &format!("ID,{}\n{lines}", heads.join(",")))
}

/// Ensembles of small tables, and errors without the folder.
fn combined(tables: &[(&str, &str)], method: &Method) -> Result<Ensemble, String> {
    let root = tempfile::tempdir().unwrap();
    let tables: Vec<Table> = tables.iter().map(|(name, text)| table(root.path(), name, text)).collect();
    let strip = |error: String| error.replace(&format!("{}/", root.path().display()), "");
    let naming = Naming::between(&tables).map_err(|error| strip(error.to_string()))?;
    ensemble(&tables, Way::Given(method), &[], &naming, None).map_err(|error| strip(error.to_string()))
}

struct Made {
    root: tempfile::TempDir,
    out_of_fold: Vec<Table>,
    truth: Table,
    naming: Naming,
}

fn made() -> Made {
    let (expected, root) = (expected(), tempfile::tempdir().unwrap());
    let members: Vec<Vec<Vec<f64>>> = list(&expected["members"]);
    let truth: Vec<usize> = list(&expected["truth"]);
    let one = |(at, rows): (usize, &Vec<Vec<f64>>)| wide(root.path(), &format!("oof{at}.csv"), 0, rows);
    let out_of_fold: Vec<Table> = members.iter().enumerate().map(one).collect();
    let lines: String = truth.iter().enumerate().map(|(at, class)| format!("{at}.jpg,{class}\n")).collect();
    let truth = table(root.path(), "truth.csv", &format!("ID,target\n{lines}"));
    let naming = Naming::between(out_of_fold.iter().chain([&truth])).unwrap();
    Made { root, out_of_fold, truth, naming }
}

impl Made {
    fn by(&self, method: &Method) -> Ensemble {
        let truth = std::slice::from_ref(&self.truth);
        ensemble(&self.out_of_fold, Way::Given(method), truth, &self.naming, None).unwrap()
    }
}

fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

#[test]
fn means_and_votes_are_those_of_numpy_and_their_scores_those_of_scikit_learn() {
    let (expected, made) = (expected(), made());
    for (name, method) in [
        ("soft", Method::Soft),
        ("geometric", Method::Geometric),
        ("weighted", Method::Weighted(vec![2.0, 1.0, 0.5])),
        ("hard", Method::Hard),
    ] {
        let found = made.by(&method);
        let expected = &expected[name];
        near(found.report.scores.unwrap().macro_f1, expected["f1"].as_f64().unwrap(), 1e-12);
        if expected["said"].is_array() {
            assert_eq!(found.combined.said, list::<Vec<usize>>(&expected["said"]), "{name}");
        }
        if expected["first"].is_array() {
            let first: Vec<f64> = list(&expected["first"]);
            found.combined.probabilities.iter().zip(first).for_each(|(a, b)| near(*a, b, 1e-12));
        }
        assert_eq!(found.report.method, name);
        assert_eq!(found.report.ties.is_some(), name == "hard");
        // Rows sum to 1, or this is an error.
        assert_eq!(found.probabilities().unwrap().len(), 160);
    }
}

#[test]
fn fitted_weights_are_those_of_a_solver_and_are_judged_on_images_held_out() {
    let (expected, made) = (expected(), made());
    let members: Vec<Vec<Vec<f64>>> = list(&expected["members"]);
    let tests: Vec<Table> = members
        .iter()
        .enumerate()
        .map(|(at, rows)| wide(made.root.path(), &format!("test{at}.csv"), 1000, &rows[..20]))
        .collect();
    let truth = std::slice::from_ref(&made.truth);
    let found = ensemble(&tests, Way::Fitted(&made.out_of_fold), truth, &made.naming, None).unwrap();
    let fit = found.report.fit.as_ref().unwrap();
    let weights: Vec<f64> = list(&expected["fit"]["weights"]);
    fit.weights.iter().zip(weights).for_each(|(a, b)| near(*a, b, 1e-5));
    near(fit.log_loss.fitted, expected["fit"]["loss"].as_f64().unwrap(), 1e-8);
    near(fit.log_loss.mean, expected["fit"]["mean_loss"].as_f64().unwrap(), 1e-9);
    assert!(fit.images == 160 && fit.unlabelled == 0);
    let held = fit.held_out.as_ref().unwrap();
    // What was not seen is not fitted as well.
    assert!(fit.log_loss.fitted < held.log_loss.fitted && held.log_loss.fitted < held.log_loss.mean);
    assert_eq!(fit.beats_the_mean, held.macro_f1.fitted > held.macro_f1.mean && held.mcnemar < 0.05);
    near(held.macro_f1.mean, expected["soft"]["f1"].as_f64().unwrap(), 1e-12);
    assert!((0.0..=1.0).contains(&held.mcnemar));
    // No label of a test image is known.
    assert_eq!((found.report.scores, found.report.images, found.report.method), (None, 20, "fitted"));
    let text = text(&found.report);
    let verdict = if fit.beats_the_mean { "fitted weights beat" } else { "fitted weights do not beat" };
    assert!(text.contains(verdict) && text.contains("weights, fitted on 160 out-of-fold images\n"), "{text}");
}

#[test]
fn weights_are_not_fitted_on_what_is_answered() {
    let made = made();
    let truth = std::slice::from_ref(&made.truth);
    let one = wide(made.root.path(), "t.csv", 159, &[vec![0.2; 5], vec![0.2; 5]]);
    let fitted = |tables: &[Table], out_of_fold: &[Table]| {
        let error = ensemble(tables, Way::Fitted(out_of_fold), truth, &made.naming, None).unwrap_err();
        error.to_string().replace(&format!("{}/", made.root.path().display()), "")
    };
    assert_eq!(
        fitted(std::slice::from_ref(&one), &made.out_of_fold[..1]),
        "IDs in oof0.csv that t.csv has too: 1 (159.jpg); weights are not fitted on the images that are answered"
    );
    assert!(fitted(&made.out_of_fold, &made.out_of_fold).starts_with("IDs in oof0.csv that oof0.csv has too: 160 ("));
    assert_eq!(fitted(&[one], &made.out_of_fold), "3 out-of-fold tables for 1 members");
}

#[test]
fn two_equal_members_are_no_better_than_their_mean() {
    let made = made();
    let tests = [0, 1].map(|at| wide(made.root.path(), &format!("t{at}.csv"), 900, &[vec![0.2; 5]]));
    let twins = [made.out_of_fold[2].clone(), made.out_of_fold[2].clone()];
    let truth = std::slice::from_ref(&made.truth);
    let found = ensemble(&tests, Way::Fitted(&twins), truth, &made.naming, None).unwrap();
    let fit = found.report.fit.as_ref().unwrap();
    near(fit.weights[0], fit.weights[1], 1e-9);
    assert_eq!((fit.macro_f1.mean, fit.beats_the_mean), (fit.macro_f1.fitted, false));
    assert!(text(&found.report).contains("do not beat the plain mean (McNemar p 1.000): take --method soft"));
}

#[test]
fn a_tie_goes_to_more_probability_and_then_to_the_first_class() {
    let a = ("a.csv", "ID,0,1,2\nx,0.6,0.4,0\ny,0.1,0.9,0\nz,0.5,0.1,0.4\n");
    let b = ("b.csv", "ID,0,1,2\ny,0.8,0.2,0\nx,0.1,0.9,0\nz,0.4,0.1,0.5\n");
    let found = combined(&[a, b], &Method::Hard).unwrap();
    // x: 0.7 against 1.3; y: 0.9 against 1.1; z: 0.9 each.
    assert_eq!((found.combined.said.as_slice(), found.report.ties), (&[1, 1, 0][..], Some(3)));
    // Classes alone: nothing but the order of the classes.
    let c = ("c.csv", "ID,target\nx,2\ny,1\n");
    let d = ("d.csv", "ID,target\ny,2\nx,0\n");
    assert_eq!(
        combined(&[c, d], &Method::Hard).unwrap().rows(None),
        [("x".into(), "0".into()), ("y".into(), "1".into())]
    );
    // Two against one, whatever the one is sure of.
    let e = ("e.csv", "ID,0,1,2\nx,1,0,0\ny,1,0,0\n");
    let f = ("f.csv", "ID,target\nx,2\ny,2\n");
    let found = combined(&[c, e, f], &Method::Hard).unwrap();
    assert_eq!((found.combined.said[0], found.report.ties), (2, Some(1)));
    assert_eq!(
        combined(&[c, e], &Method::Soft).unwrap_err(),
        "c.csv has classes alone, and this way to combine needs probabilities"
    );
}

#[test]
fn a_zero_of_one_member_is_no_veto() {
    let a = ("a.csv", "ID,form,계약서\nx,1,0\n");
    let b = ("b.csv", "ID,form,계약서\nx,0.0001,0.9999\n");
    let found = combined(&[a, b], &Method::Geometric).unwrap();
    // √(1·1e-4) against √(1e-6·0.9999).
    near(found.combined.probabilities[0], 1e-2 / (1e-2 + (1e-6f64 * 0.9999).sqrt()), 1e-12);
    // Only names are known, so names are answered.
    assert_eq!(found.rows(None), [("x".to_owned(), "form".to_owned())]);
}

#[test]
fn members_of_other_images_are_named_with_what_is_missing() {
    let a = ("a.csv", "ID,0,1\n1.jpg,1,0\n2.jpg,1,0\n3.jpg,1,0\n");
    let b = ("b.csv", "ID,0,1\n3.jpg,1,0\n4.jpg,1,0\n2.jpg,1,0\n5.jpg,1,0\n");
    assert_eq!(
        combined(&[a, b], &Method::Soft).unwrap_err(),
        "the tables are not of the same images:\n  a.csv has 1 that b.csv has not: 1.jpg\n  b.csv has 2 that a.csv has not: \
         4.jpg, 5.jpg"
    );
    let twice = ("b.csv", "ID,0,1\n3.jpg,1,0\n3.jpg,1,0\n");
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(twice.0);
    std::fs::write(&path, twice.1).unwrap();
    let error = Table::read(&path, Reading::default()).unwrap_err().to_string();
    assert!(error.contains("the ID '3.jpg' stands already in line 2"), "{error}");
    assert_eq!(
        combined(&[("a.csv", "ID,0,1\n"), ("b.csv", "ID,0,1\n")], &Method::Soft).unwrap_err(),
        "a.csv has no row"
    );
    let weights = |weights: Vec<f64>| combined(&[a, a], &Method::Weighted(weights)).unwrap_err();
    assert_eq!(weights(vec![1.0]), "[1.0] are no weights of 2 members");
    assert_eq!(weights(vec![1.0, -1.0]), "[1.0, -1.0] are no weights of 2 members");
    assert_eq!(weights(vec![0.0, 0.0]), "[0.0, 0.0] are no weights of 2 members");
}

#[test]
fn the_sample_submission_decides_images_order_and_spelling() {
    let root = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(root.path().join(name), text).unwrap();
        root.path().join(name)
    };
    let tables = [
        table(root.path(), "a.csv", "ID,form,계약서\nx,0.9,0.1\ny,0.4,0.6\n"),
        table(root.path(), "b.csv", "ID,form,계약서\nx,0.9,0.1\ny,0.4,0.6\n"),
    ];
    let sample = Sample::read(&file("sample.csv", "ID,target\ny,0\nx,0\n")).unwrap();
    let names = Naming::between(&tables).unwrap();
    let said =
        |naming: &Naming, sample: &Sample| ensemble(&tables, Way::Given(&Method::Soft), &[], naming, Some(sample));
    let error = said(&names, &sample).unwrap_err().to_string();
    assert!(error.ends_with("sample.csv has class numbers, and the members name the classes"), "{error}");
    let naming = Naming::of_table(&file("meta.csv", "target,class_name\n0,계약서\n7,form\n")).unwrap();
    let rows =
        |rows: &[(&str, &str)]| rows.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect::<Vec<(String, String)>>();
    assert_eq!(said(&naming, &sample).unwrap().rows(Some(&sample)), rows(&[("y", "0"), ("x", "7")]));
    let words = Sample::read(&file("words.csv", "ID,target\nx,form\ny,form\n")).unwrap();
    assert_eq!(said(&naming, &words).unwrap().rows(Some(&words)), rows(&[("x", "form"), ("y", "계약서")]));
    let more = Sample::read(&file("more.csv", "ID,target\nx,0\ny,0\nz,0\n")).unwrap();
    let error = said(&naming, &more).unwrap_err().to_string();
    assert!(error.contains("more.csv has 1 that ") && error.ends_with("b.csv has not: z"), "{error}");
}

#[test]
fn labels_may_be_of_some_images_and_may_not_contradict_each_other() {
    let root = tempfile::tempdir().unwrap();
    let a = table(root.path(), "a.csv", "ID,0,1\nx,0.9,0.1\ny,0.4,0.6\n");
    let one = table(root.path(), "one.csv", "ID,target\nx,0\nother,1\n");
    let two = table(root.path(), "two.csv", "ID,target\nx,1\n");
    let naming = Naming { classes: Classes(vec![(0, "a".into()), (1, "b".into())]), named: "m".into(), numbered: true };
    let with = |labels: &[Table]| ensemble(&[a.clone(), a.clone()], Way::Given(&Method::Soft), labels, &naming, None);
    let found = with(std::slice::from_ref(&one)).unwrap();
    let scores = found.report.scores.unwrap();
    assert_eq!((scores.images, scores.accuracy, found.report.members[1].agreement), (1, 1.0, 1.0));
    assert!(text(&found.report).contains("of the 1 images that have a label"));
    assert_eq!(with(&[one, two]).unwrap_err().to_string(), "the labels of 'x' contradict each other: 0 and 1");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_ensemble_of_one_table_is_that_table(
        numbers in proptest::collection::vec(0.01..1.0f64, 12),
        weight in 0.1..9.0f64,
        turn in 0..4usize,
    ) {
        let rows: Vec<Vec<f64>> = numbers.chunks_exact(3).map(|row| {
            let sum: f64 = row.iter().sum();
            row.iter().map(|value| value / sum).collect()
        }).collect();
        let root = tempfile::tempdir().unwrap();
        let one = wide(root.path(), "one.csv", 0, &rows);
        // The same rows in another order.
        let line = |at: usize| format!("{at}.jpg,{},{},{}\n", rows[at][0], rows[at][1], rows[at][2]);
        let lines: String = (0..4).map(|at| line((at + turn) % 4)).collect();
        let two = table(root.path(), "two.csv", &format!("ID,0,1,2\n{lines}"));
        let naming = Naming::between([&one]).unwrap();
        for method in [Method::Soft, Method::Geometric, Method::Hard, Method::Weighted(vec![weight, 1.0])] {
            let found = ensemble(&[one.clone(), two.clone()], Way::Given(&method), &[], &naming, None).unwrap();
            let said: Vec<usize> = rows.iter().map(|row| crate::answers::largest(row)).collect();
            prop_assert_eq!(&found.combined.said, &said);
            prop_assert_eq!(found.report.unanimous, 4);
            if method != Method::Hard {
                for (a, b) in found.combined.probabilities.iter().zip(rows.iter().flatten()) {
                    prop_assert!((a - b).abs() < 1e-9);
                }
            }
        }
    }
}
