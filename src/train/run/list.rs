//! Runs side by side: those that were validated on the same samples, the best first.

use super::{Run, State};
use crate::digest::Digest;
use crate::metrics::spearman;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Runs with a public score that a rank correlation wants at least: of fewer, chance alone gives any order.
pub const FEWEST_SCORED: usize = 5;

/// One run in a list.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Listed {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// What it is doing.
    pub state: State,
    /// When it started, RFC 3339.
    pub started: String,
    /// The version as the config names it.
    pub reference: String,
    /// Its digest.
    pub digest: Digest,
    /// The network.
    pub model: String,
    /// The epoch with the best noisy macro F1 (without a noisy validation: clean), which the two scores are of.
    pub epoch: Option<u32>,
    /// How many epochs there are.
    pub epochs: usize,
    /// Macro F1 on the clean validation.
    pub clean: Option<f64>,
    /// Macro F1 on the noisy validation.
    pub noisy: Option<f64>,
    /// The leaderboard's score on the public part.
    pub public: Option<f64>,
    /// And on the private part.
    pub private: Option<f64>,
}

/// Runs whose scores can be compared: they were measured on the same samples.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Group {
    /// The validation digest that stands beside each score; two where the clean and the noisy scores have different ones,
    /// none where nothing is held out.
    pub validation: Vec<Digest>,
    /// Which fold was held out, e.g. `fold 0 of 5`.
    pub fold: Option<String>,
    /// The best first, by noisy macro F1, then clean; equal ones by name.
    pub runs: Vec<Listed>,
    /// How many of them have a public score.
    pub scored: usize,
    /// Spearman's rank correlation of noisy macro F1 with the public score, of at least [`FEWEST_SCORED`] runs that have both.
    pub noisy_with_public: Option<f64>,
    /// The same of clean macro F1.
    pub clean_with_public: Option<f64>,
}

/// Groups runs by what they were validated on; the groups by their first run.
pub fn groups(runs: &[Run]) -> Vec<Group> {
    let mut groups: BTreeMap<(Vec<Digest>, Option<String>), Vec<Listed>> = BTreeMap::new();
    for run in runs {
        let best = run.best();
        let scores = best.map(|best| [&best.clean, &best.noisy]);
        let mut validation: Vec<Digest> =
            scores.iter().flatten().filter_map(|score| score.as_ref()).map(|score| score.validation).collect();
        if validation.is_empty() {
            validation.extend(run.info.version.validation);
        }
        validation.sort_unstable();
        validation.dedup();
        let listed = Listed {
            name: run.name(),
            path: run.path.clone(),
            state: run.state,
            started: run.info.started.clone(),
            reference: run.info.version.reference.clone(),
            digest: run.info.version.digest,
            model: run.info.model.clone(),
            epoch: best.map(|best| best.epoch),
            epochs: run.epochs.len(),
            clean: best.and_then(|best| best.clean.as_ref()).map(|score| score.macro_f1),
            noisy: best.and_then(|best| best.noisy.as_ref()).map(|score| score.macro_f1),
            public: run.public(),
            private: run.private(),
        };
        groups.entry((validation, run.info.fold.map(|fold| fold.to_string()))).or_default().push(listed);
    }
    let mut groups: Vec<Group> =
        groups.into_iter().map(|((validation, fold), runs)| group(validation, fold, runs)).collect();
    groups.sort_by_key(|group| group.runs.iter().map(|run| run.name.clone()).min());
    groups
}

fn group(validation: Vec<Digest>, fold: Option<String>, mut runs: Vec<Listed>) -> Group {
    let value = |value: Option<f64>| value.unwrap_or(f64::NEG_INFINITY);
    runs.sort_by(|a, b| {
        let noisy = value(b.noisy).total_cmp(&value(a.noisy));
        noisy.then(value(b.clean).total_cmp(&value(a.clean))).then_with(|| a.name.cmp(&b.name))
    });
    let correlation = |of: fn(&Listed) -> Option<f64>| {
        let pairs: Vec<(f64, f64)> = runs.iter().filter_map(|run| Some((of(run)?, run.public?))).collect();
        (pairs.len() >= FEWEST_SCORED).then(|| spearman(&pairs)).flatten()
    };
    let noisy_with_public = correlation(|run| run.noisy);
    let clean_with_public = correlation(|run| run.clean);
    let scored = runs.iter().filter(|run| run.public.is_some()).count();
    Group { validation, fold, runs, scored, noisy_with_public, clean_with_public }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{epoch, info};
    use super::super::{Fold, RecordedScore};
    use super::*;

    fn run(name: &str, clean: f64, noisy: f64, public: Option<f64>) -> Run {
        Run {
            path: PathBuf::from("runs").join(name),
            info: info("v1"),
            state: State::Finished,
            resumed: Vec::new(),
            outcome: None,
            epochs: vec![epoch(1, clean, noisy)],
            scores: vec![RecordedScore { public, ..RecordedScore::default() }],
        }
    }

    fn other_validation(mut run: Run) -> Run {
        for score in run.epochs.iter_mut().flat_map(|one| [&mut one.clean, &mut one.noisy]) {
            score.as_mut().unwrap().validation = Digest::of(b"other");
        }
        run
    }

    #[test]
    fn scores_of_different_validations_are_never_in_one_order() {
        let folded = |mut run: Run, number| {
            run.info.fold = Some(Fold { number, of: 5 });
            run
        };
        let runs = [
            run("a", 0.9, 0.5, None),
            other_validation(run("b", 0.9, 0.9, None)),
            run("c", 0.9, 0.7, None),
            folded(run("d", 0.9, 0.8, None), 0),
            folded(run("e", 0.9, 0.8, None), 1),
            Run { epochs: Vec::new(), ..run("f", 0.0, 0.0, None) },
        ];
        let groups = groups(&runs);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.runs.iter().map(|run| run.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["c", "a", "f"], vec!["b"], vec!["d"], vec!["e"]]);
        assert_eq!(groups[1].validation, [Digest::of(b"other")]);
        assert_eq!(groups[2].fold.as_deref(), Some("fold 0 of 5"));
    }

    #[test]
    fn five_scored_runs_have_a_correlation_and_four_have_none() {
        // The clean validation has it the wrong way round but for one tie.
        let values =
            [(0.99, 0.50, 0.81), (0.98, 0.60, 0.83), (0.98, 0.70, 0.85), (0.96, 0.80, 0.90), (0.95, 0.75, 0.92)];
        let mut runs: Vec<Run> = (values.iter().enumerate())
            .map(|(place, (clean, noisy, public))| run(&format!("r{place}"), *clean, *noisy, Some(*public)))
            .collect();
        runs.push(run("unscored", 0.1, 0.1, None));
        runs.push(other_validation(run("elsewhere", 0.1, 0.1, Some(0.99))));
        let found = groups(&runs);
        let group = &found[1];
        assert_eq!((group.scored, group.runs.len(), found[0].scored), (5, 6, 1));
        // scipy.stats.spearmanr: 0.9 and -0.9746794344808963
        assert!((group.noisy_with_public.unwrap() - 0.9).abs() < 1e-12);
        assert!((group.clean_with_public.unwrap() + 0.974_679_434_480_896_3).abs() < 1e-12);
        let fewer = groups(&runs[1..]);
        assert!(fewer.iter().all(|group| group.noisy_with_public.is_none() && group.clean_with_public.is_none()));
    }
}
