//! The samples that are most worth a look.

use super::join::{Case, Joined};
use crate::manifest::Entry;
use crate::metrics::Confused;
use crate::opened::{ExplainedStep, Opened};
use crate::set::Set;
use crate::source::Predictions;
use serde::Serialize;
use std::collections::BTreeMap;

/// A sample that was called something else.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Worst {
    /// Its key.
    pub key: String,
    /// Its set.
    pub set: Set,
    /// Its source, 64 hexadecimal digits.
    pub source: String,
    /// The source's first path.
    pub path: String,
    /// Which of the source's samples of its role.
    pub copy: u32,
    /// What it is.
    pub truth: String,
    /// What it was called.
    pub said: String,
    /// The probability of what it was called; `None` where none are known.
    pub confidence: Option<f64>,
    /// The probability of what it is.
    pub truth_confidence: Option<f64>,
    /// The steps that were on.
    pub steps: Vec<ExplainedStep>,
    /// What the version knows of it.
    #[serde(skip)]
    pub entry: Entry,
}

/// Up to `count` wrong samples. With probabilities: those that are wrong with the highest. Without: by turns of each pair
/// of classes, the most confused pair first, so that a page of them shows every kind of mistake. Ties go by key.
pub fn worst(
    opened: &Opened,
    predictions: &Predictions,
    joined: &Joined,
    confused: &[Confused],
    count: usize,
) -> Vec<Worst> {
    let wrong = joined.cases.iter().filter(|case| !case.judged.right());
    let confidence = |case: &Case| Some(predictions.probabilities(case.row)?[case.judged.said as usize]);
    let mut chosen: Vec<&Case> = if predictions.probabilities(0).is_some() {
        let mut wrong: Vec<&Case> = wrong.collect();
        wrong.sort_by(|a, b| {
            let [a_sure, b_sure] = [a, b].map(|case| confidence(case).unwrap_or(0.0));
            b_sure.total_cmp(&a_sure).then(a.key.cmp(&b.key))
        });
        wrong
    } else {
        let rank: BTreeMap<(usize, usize), usize> =
            confused.iter().enumerate().map(|(rank, pair)| ((pair.truth, pair.said), rank)).collect();
        let mut turns: BTreeMap<(u32, usize), &Case> = BTreeMap::new();
        let mut turn = vec![0; confused.len()];
        // Cases are by key.
        for case in wrong {
            let rank = rank[&(case.judged.truth as usize, case.judged.said as usize)];
            turns.insert((turn[rank], rank), case);
            turn[rank] += 1;
        }
        turns.into_values().collect()
    };
    chosen.truncate(count);
    let classes = &opened.plan().classes().0;
    let show = |case: &Case| {
        let source = &opened.plan().sources()[case.source];
        let entry = case.entry.as_deref().expect("BUG: a wrong sample without its entry");
        let all = predictions.probabilities(case.row);
        Worst {
            key: case.key.to_string(),
            set: case.set,
            source: source.digest.hex(),
            path: source.paths[0].clone(),
            copy: case.copy,
            truth: classes[case.judged.truth as usize].1.clone(),
            said: classes[case.judged.said as usize].1.clone(),
            confidence: all.map(|all| all[case.judged.said as usize]),
            truth_confidence: all.map(|all| all[case.judged.truth as usize]),
            steps: opened.explain(entry).steps,
            entry: entry.clone(),
        }
    };
    chosen.into_iter().map(show).collect()
}
