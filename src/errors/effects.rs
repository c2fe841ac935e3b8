//! Scores with each step on and off, and by each parameter's values.
//!
//! Groups are compared like with like: a step's samples with those of the same classes that went through the same list of
//! steps without it, a parameter's values with the other values of the same step.

use super::bands::{bands, between, short};
use super::columns::{StepColumn, Values};
use super::findings::{Comparison, Finding, findings};
use super::join::Joined;
use crate::diff::Of;
use crate::metrics::{Contrast, Difference};
use crate::number::Micro;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A group of samples.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Score {
    /// How many.
    pub samples: u64,
    /// The share called what they are.
    pub accuracy: f64,
    /// Over the classes that are present in the group.
    pub macro_f1: f64,
}

/// A step on and off.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepEffect {
    /// In which list of steps.
    pub of: Of,
    /// The step.
    pub step: String,
    /// Its op.
    pub op: Option<&'static str>,
    /// Samples that it was on in.
    pub on: Score,
    /// Samples of the same classes that it was off in; `None` where it was always on.
    pub off: Option<Score>,
    /// Accuracy on less off, class by class.
    pub difference: Option<Difference>,
}

/// A numeric parameter, by tenths of the samples that its step was on in.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ParameterEffect {
    /// In which list of steps.
    pub of: Of,
    /// The step.
    pub step: String,
    /// The parameter.
    pub parameter: String,
    /// What it counts; empty where that goes without saying.
    pub unit: &'static str,
    /// Whether this is of the numbers without their sign.
    pub magnitude: bool,
    /// From the smallest values to the largest.
    pub bands: Vec<Band>,
}

/// Samples with values between two, both included.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Band {
    /// The smallest.
    pub low: Micro,
    /// The largest.
    pub high: Micro,
    /// How well they are called.
    #[serde(flatten)]
    pub score: Score,
    /// Accuracy less that of all other values.
    pub difference: Option<Difference>,
}

/// A parameter of words.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WordEffect {
    /// In which list of steps.
    pub of: Of,
    /// The step.
    pub step: String,
    /// The parameter. Of a `partner` the words are classes.
    pub parameter: String,
    /// Sorted; those of fewer than 20 samples are left out.
    pub words: Vec<WordScore>,
}

/// A word.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WordScore {
    /// It.
    pub word: String,
    /// How well its samples are called.
    #[serde(flatten)]
    pub score: Score,
    /// Accuracy less that of all other words.
    pub difference: Option<Difference>,
}

/// All of it.
pub struct Effects {
    pub steps: Vec<StepEffect>,
    pub parameters: Vec<ParameterEffect>,
    pub words: Vec<WordEffect>,
    pub comparisons: u64,
    pub findings: Vec<Finding>,
}

/// What one step, or one parameter, gives.
enum Part {
    Step(StepEffect),
    Parameter(ParameterEffect),
    Words(WordEffect),
}

/// Where something is looked for.
#[derive(Clone, Copy)]
struct Place<'a> {
    joined: &'a Joined,
    classes: usize,
    of: Of,
    step: &'a str,
}

impl Effects {
    pub fn of(joined: &Joined, classes: usize) -> Self {
        let parts: Vec<(Vec<Part>, Vec<Comparison>)> = (joined.columns.steps.iter().collect::<Vec<_>>())
            .into_par_iter()
            .flat_map_iter(|((of, step), column)| {
                let place = Place { joined, classes, of: *of, step };
                let params = column.params.iter().map(move |(name, values)| place.parameter(column, name, values));
                [place.on_and_off(column)].into_iter().chain(params)
            })
            .collect();
        let mut effects =
            Self { steps: Vec::new(), parameters: Vec::new(), words: Vec::new(), comparisons: 0, findings: Vec::new() };
        let mut compared = Vec::new();
        for (parts, comparisons) in parts {
            for part in parts {
                match part {
                    Part::Step(step) => effects.steps.push(step),
                    Part::Parameter(parameter) => effects.parameters.push(parameter),
                    Part::Words(words) => effects.words.push(words),
                }
            }
            compared.extend(comparisons);
        }
        effects.comparisons = compared.len() as u64;
        let both = joined.columns.lists.len() > 1;
        effects.findings = findings(compared, both);
        effects
    }
}

impl Place<'_> {
    fn score(&self, cases: impl Iterator<Item = u32>) -> Score {
        let cases: Vec<u32> = cases.collect();
        let confusion = self.joined.confusion(self.classes, &cases);
        let (accuracy, macro_f1) = (confusion.accuracy().unwrap_or(0.0), confusion.macro_f1().unwrap_or(0.0));
        Score { samples: confusion.total(), accuracy, macro_f1 }
    }

    /// The accuracy of `first` less that of `second`.
    fn difference(&self, first: &[u32], second: &[u32]) -> Option<Difference> {
        let judged = |case: &u32| self.joined.cases[*case as usize].judged;
        let samples = || {
            let first = first.iter().map(move |case| (judged(case), true));
            first.chain(second.iter().map(move |case| (judged(case), false)))
        };
        Contrast::of(self.classes, self.joined.clusters, samples()).difference(samples())
    }

    /// A comparison for the findings, worded by what holds in the first group and in the second.
    fn compare(
        &self,
        words: [String; 2],
        first: &[u32],
        second: &[u32],
        parameter: Option<&str>,
    ) -> Option<Comparison> {
        let difference = self.difference(first, second)?;
        let scores = [first, second].map(|cases| self.score(cases.iter().copied()));
        let parameter = parameter.map(str::to_owned);
        Some(Comparison { of: self.of, step: self.step.to_owned(), parameter, words, scores, difference })
    }

    fn on_and_off(&self, column: &StepColumn) -> (Vec<Part>, Vec<Comparison>) {
        let truth = |case: u32| self.joined.cases[case as usize].judged.truth;
        let classes: BTreeSet<u32> = column.on.iter().map(|case| truth(*case)).collect();
        let mut on = column.on.iter().copied().peekable();
        let list = self.joined.columns.lists.get(&self.of).map(Vec::as_slice).unwrap_or_default();
        let mut is_off = |case: &u32| {
            while on.next_if(|next| next < case).is_some() {}
            on.peek() != Some(case) && classes.contains(&truth(*case))
        };
        let off: Vec<u32> = list.iter().copied().filter(|case| is_off(case)).collect();
        let words = [format!("with {}", self.step), format!("without {}", self.step)];
        let comparison = self.compare(words, &column.on, &off, None);
        let effect = StepEffect {
            of: self.of,
            step: self.step.to_owned(),
            op: column.op.map(|op| op.name),
            on: self.score(column.on.iter().copied()),
            off: (!off.is_empty()).then(|| self.score(off.iter().copied())),
            difference: comparison.as_ref().map(|comparison| comparison.difference),
        };
        (vec![Part::Step(effect)], comparison.into_iter().collect())
    }

    fn parameter(&self, column: &StepColumn, name: &str, values: &Values) -> (Vec<Part>, Vec<Comparison>) {
        let (mut parts, mut compared) = (Vec::new(), Vec::new());
        let mut numbers = values.numbers.clone();
        numbers.sort_unstable();
        let signs = numbers.first().is_some_and(|one| one.0 < 0) && numbers.last().is_some_and(|one| one.0 > 0);
        let unit = column.unit(name);
        self.numbers(name, unit, &numbers, false, &mut parts, &mut compared);
        if signs {
            numbers.iter_mut().for_each(|(value, _)| *value = value.abs());
            numbers.sort_unstable();
            self.numbers(name, unit, &numbers, true, &mut parts, &mut compared);
        }
        self.words(name, &values.words, &mut parts, &mut compared);
        (parts, compared)
    }

    fn numbers(
        &self,
        name: &str,
        unit: &'static str,
        values: &[(i64, u32)],
        magnitude: bool,
        parts: &mut Vec<Part>,
        compared: &mut Vec<Comparison>,
    ) {
        let bands = bands(values);
        if bands.is_empty() {
            return;
        }
        let cases: Vec<u32> = values.iter().map(|(_, case)| *case).collect();
        let of = format!("{}.{name}", self.step);
        let of = if magnitude { format!("|{of}|") } else { of };
        let with_unit = |number: String| match unit {
            "" => number,
            "degrees" => format!("{number}°"),
            unit if name.ends_with(unit) => number,
            unit => format!("{number} {unit}"),
        };
        let mut found = Vec::new();
        for band in &bands {
            let (low, high) = (values[band.start].0, values[band.end - 1].0);
            let others: Vec<u32> = cases[..band.start].iter().chain(&cases[band.end..]).copied().collect();
            let [from, to] = [low, high].map(|value| short(Micro::from_millionths(value)));
            let range = match from == to {
                true => format!("{of} = {}", with_unit(from)),
                false => format!("{of} {from} to {}", with_unit(to)),
            };
            // The first and the last are what the thresholds below say.
            let comparison =
                self.compare([range.clone(), format!("not {range}")], &cases[band.clone()], &others, Some(name));
            let difference = comparison.as_ref().map(|comparison| comparison.difference);
            let inner = band.start > 0 && band.end < values.len();
            compared.extend(comparison.filter(|_| inner));
            let [low, high] = [low, high].map(Micro::from_millionths);
            found.push(Band { low, high, score: self.score(cases[band.clone()].iter().copied()), difference });
        }
        for two in bands.windows(2) {
            let threshold = between(values[two[0].end - 1].0, values[two[1].start].0);
            let threshold = with_unit(threshold.to_string());
            let words = [format!("{of} > {threshold}"), format!("{of} ≤ {threshold}")];
            let (below, above) = cases.split_at(two[0].end);
            compared.extend(self.compare(words, above, below, Some(name)));
        }
        let (step, parameter) = (self.step.to_owned(), name.to_owned());
        parts.push(Part::Parameter(ParameterEffect { of: self.of, step, parameter, unit, magnitude, bands: found }));
    }

    fn words(
        &self,
        name: &str,
        words: &BTreeMap<std::sync::Arc<str>, Vec<u32>>,
        parts: &mut Vec<Part>,
        compared: &mut Vec<Comparison>,
    ) {
        let mut found = Vec::new();
        for (word, cases) in words.iter().filter(|(_, cases)| cases.len() >= super::bands::FEWEST) {
            let others: Vec<u32> =
                words.iter().filter(|(other, _)| *other != word).flat_map(|(_, cases)| cases).copied().collect();
            let is = |what: &str| format!("{}.{name} {what} {word}", self.step);
            let comparison = self.compare([is("is"), is("is not")], cases, &others, Some(name));
            let difference = comparison.as_ref().map(|comparison| comparison.difference);
            compared.extend(comparison);
            found.push(WordScore { word: word.to_string(), score: self.score(cases.iter().copied()), difference });
        }
        if found.len() > 1 {
            let (step, parameter) = (self.step.to_owned(), name.to_owned());
            parts.push(Part::Words(WordEffect { of: self.of, step, parameter, words: found }));
        }
    }
}
