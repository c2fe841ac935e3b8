//! What is more than chance, each in one sentence.
//!
//! A recipe with 40 parameters is looked at in a thousand ways, and fifty of them would pass a test at 5 % by chance. So a
//! finding has to pass with its p multiplied by the number of comparisons made (Bonferroni): that any sentence is
//! noise has a chance below one in twenty. Of each parameter only the surest sentence is said.

use super::effects::Score;
use crate::diff::Of;
use crate::metrics::Difference;
use serde::Serialize;
use std::collections::BTreeMap;

/// Two groups that were compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub of: Of,
    pub step: String,
    pub parameter: Option<String>,
    /// What holds in the first group, and in the second.
    pub words: [String; 2],
    pub scores: [Score; 2],
    /// The first less the second.
    pub difference: Difference,
}

/// A group of samples that is called worse than the others.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Finding {
    /// `|rotate.degrees| > 90°: 0.71 (n = 812), else 0.93; accuracy −20.1 points (−23.0 to −17.2)`. The scores are macro F1.
    pub text: String,
    /// In which list of steps.
    pub of: Of,
    /// The step.
    pub step: String,
    /// The parameter; `None` for the step as such.
    pub parameter: Option<String>,
    /// What the worse samples have in common.
    pub condition: String,
    /// The worse samples.
    pub worse: Score,
    /// Those that they were compared with.
    pub others: Score,
    /// Accuracy of the worse less that of the others, class by class: below 0.
    pub difference: Difference,
    /// p times the number of comparisons: below 0.05.
    pub chance: f64,
}

/// Fewest samples of a group that a sentence is about.
const FEWEST: u64 = 20;

/// The findings among comparisons, the one that is worst with the most certainty first; `both` where two lists of steps
/// have to be told apart.
pub fn findings(compared: Vec<Comparison>, both: bool) -> Vec<Finding> {
    let count = compared.len() as f64;
    let mut best: BTreeMap<(Of, String, Option<String>), Finding> = BTreeMap::new();
    for comparison in compared {
        let chance = comparison.difference.p * count;
        if chance >= 0.05 || comparison.scores.iter().any(|score| score.samples < FEWEST) {
            continue;
        }
        let finding = finding(comparison, chance, both);
        let key = (finding.of, finding.step.clone(), finding.parameter.clone());
        let surer = |known: &Finding| {
            let order = finding.chance.total_cmp(&known.chance);
            order.then(finding.difference.high.total_cmp(&known.difference.high)).is_lt()
        };
        if best.get(&key).is_none_or(surer) {
            best.insert(key, finding);
        }
    }
    let mut findings: Vec<Finding> = best.into_values().collect();
    findings.sort_by(|a, b| a.difference.high.total_cmp(&b.difference.high));
    findings
}

/// With the worse group first.
fn finding(comparison: Comparison, chance: f64, both: bool) -> Finding {
    let Comparison { of, step, parameter, words: [first, second], scores: [one, two], difference } = comparison;
    let Difference { value, low, high, p } = difference;
    let (condition, worse, others, difference) = match value <= 0.0 {
        true => (first, one, two, difference),
        false => (second, two, one, Difference { value: -value, low: -high, high: -low, p }),
    };
    let condition = if both { format!("{}{condition}", of.prefix()) } else { condition };
    let text = format!(
        "{condition}: {:.2} (n = {}), else {:.2}; accuracy {} points ({} to {})",
        worse.macro_f1,
        worse.samples,
        others.macro_f1,
        points(difference.value),
        points(difference.low),
        points(difference.high),
    );
    Finding { text, of, step, parameter, condition, worse, others, difference, chance }
}

/// A difference of shares in hundredths, with a sign.
pub fn points(difference: f64) -> String {
    let text = format!("{:+.1}", 100.0 * difference);
    if text == "-0.0" { "+0.0".into() } else { text.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(words: [&str; 2], value: f64, p: f64, samples: u64) -> Comparison {
        let score = |samples| Score { samples, accuracy: 0.5, macro_f1: 0.5 };
        Comparison {
            of: Of::Validation,
            step: "rotate".into(),
            parameter: Some("degrees".into()),
            words: words.map(str::to_owned),
            scores: [score(samples), score(500)],
            difference: Difference { value, low: value - 0.1, high: value + 0.1, p },
        }
    }

    #[test]
    fn the_worse_side_is_named_whichever_was_compared_first() {
        let found = findings(vec![comparison(["x > 9", "x ≤ 9"], 0.3, 1e-6, 300)], false);
        assert_eq!(found[0].text, "x ≤ 9: 0.50 (n = 500), else 0.50; accuracy −30.0 points (−40.0 to −20.0)");
        let found = findings(vec![comparison(["x > 9", "x ≤ 9"], -0.3, 1e-6, 300)], true);
        assert!(found[0].text.starts_with("validation: x > 9: "), "{found:?}");
    }

    #[test]
    fn a_thousand_comparisons_need_a_thousandfold_certainty() {
        let noise = || (0..999).map(|_| comparison(["y", "z"], -0.1, 0.5, 300));
        let found = |p, samples| findings(noise().chain([comparison(["a", "b"], -0.3, p, samples)]).collect(), false);
        assert_eq!(found(1e-4, 300), []);
        assert_eq!(found(1e-5, 300).len(), 1);
        assert_eq!(found(1e-5, 19), []);
    }

    #[test]
    fn of_a_parameter_the_surest_sentence_is_said() {
        let found = findings(
            vec![
                comparison(["a", ""], -0.2, 1e-5, 300),
                comparison(["b", ""], -0.3, 1e-9, 300),
                comparison(["c", ""], -0.4, 1e-4, 300),
            ],
            false,
        );
        assert_eq!(found.iter().map(|one| one.condition.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
