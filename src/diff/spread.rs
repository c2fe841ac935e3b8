//! How a drawn parameter is spread over the samples of two versions, and how far the two are apart.

use super::columns::{StepColumn, Values};
use super::recipe::Of;
use crate::number::Micro;
use crate::statistics::{kolmogorov_smirnov, kolmogorov_smirnov_chance};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many bars a histogram has.
pub const BINS: usize = 32;

/// In how many samples a step was on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepShare {
    /// In which list of steps.
    pub of: Of,
    /// The step.
    pub step: String,
    /// Samples of A that it was on in; of how many that go through the list of steps.
    pub a: [u64; 2],
    /// The same for B.
    pub b: [u64; 2],
}

/// A parameter's values in A and B.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Spread {
    /// In which list of steps.
    pub of: Of,
    /// The step.
    pub step: String,
    /// The parameter.
    pub parameter: String,
    /// Its values in A; `None` where it was never drawn.
    pub a: Option<Summary>,
    /// Its values in B.
    pub b: Option<Summary>,
    /// Between numbers the two-sample Kolmogorov–Smirnov statistic: the largest distance of the two distribution
    /// functions. Between words the total variation: the share that would have to be another word. 0 to 1; `None` where
    /// one side has no values.
    pub distance: Option<f64>,
    /// How likely at least this distance is between two independent samples of one distribution (Kolmogorov's asymptotic
    /// law with Stephens' correction). `None` for words.
    pub p: Option<f64>,
    /// Numbers: equal bars over the range of both.
    pub bars: Vec<Bar>,
    /// Words: how often each was drawn.
    pub words: Vec<Word>,
}

/// Values of one side in short.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Summary {
    /// How many.
    pub count: u64,
    /// The smallest number; 0 for words.
    pub min: Micro,
    /// The largest number.
    pub max: Micro,
    /// The mean of the numbers.
    pub mean: f64,
}

/// A bar of a histogram: values from `low` (included) to `high` (excluded, but for the last bar).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[expect(missing_docs, reason = "said above")]
pub struct Bar {
    pub low: f64,
    pub high: f64,
    pub a: u64,
    pub b: u64,
}

/// A word and how often it was drawn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Word {
    pub word: String,
    pub a: u64,
    pub b: u64,
}

impl Spread {
    /// Whether the two sides differ in any value.
    pub fn differs(&self) -> bool {
        self.distance != Some(0.0) || self.a != self.b
    }

    /// `rotate.degrees`, with what stands in front of a step of the validation recipe.
    pub fn name(&self) -> String {
        format!("{}{}.{}", self.of.prefix(), self.step, self.parameter)
    }
}

/// A step of either side.
type Key<'a> = (Of, &'a str);

/// Compares every parameter of every step that was on in A or B; sorts the values.
pub fn spreads(mut a: Vec<StepColumn>, mut b: Vec<StepColumn>) -> Vec<Spread> {
    let sort = |steps: &mut Vec<StepColumn>| {
        let all: Vec<&mut Values> = steps.iter_mut().flat_map(|step| step.params.values_mut()).collect();
        all.into_par_iter().for_each(|values| values.numbers.sort_unstable());
    };
    rayon::join(|| sort(&mut a), || sort(&mut b));
    let by_name = |steps: Vec<StepColumn>| -> BTreeMap<(Of, String, String), Values> {
        let named = |step: StepColumn| {
            step.params.into_iter().map(move |(name, values)| ((step.of, step.id.clone(), name), values))
        };
        steps.into_iter().flat_map(named).collect()
    };
    let (a, b) = (by_name(a), by_name(b));
    let names: BTreeSet<&(Of, String, String)> = a.keys().chain(b.keys()).collect();
    let names: Vec<_> = names.into_iter().collect();
    let none = Values::default();
    names
        .into_par_iter()
        .map(|name| {
            let (of, step, parameter) = name.clone();
            spread(of, step, parameter, a.get(name).unwrap_or(&none), b.get(name).unwrap_or(&none))
        })
        .collect()
}

/// In how many samples each step was on.
pub fn shares(
    a: &[StepColumn],
    b: &[StepColumn],
    of_a: &BTreeMap<Of, u64>,
    of_b: &BTreeMap<Of, u64>,
) -> Vec<StepShare> {
    let count = |steps: &[StepColumn], key: Key<'_>| {
        steps.iter().find(|step| (step.of, step.id.as_str()) == key).map_or(0, |step| step.on)
    };
    let all: BTreeSet<Key<'_>> = a.iter().chain(b).map(|step| (step.of, step.id.as_str())).collect();
    let of = |all: &BTreeMap<Of, u64>, key: Key<'_>| all.get(&key.0).copied().unwrap_or(0);
    let share = |key: Key<'_>| StepShare {
        of: key.0,
        step: key.1.to_owned(),
        a: [count(a, key), of(of_a, key)],
        b: [count(b, key), of(of_b, key)],
    };
    all.into_iter().map(share).collect()
}

fn spread(of: Of, step: String, parameter: String, a: &Values, b: &Values) -> Spread {
    let numbers = !a.numbers.is_empty() || !b.numbers.is_empty();
    let (one_a, one_b) = (summary(a), summary(b));
    let both = one_a.is_some() && one_b.is_some();
    // A parameter that is a number here and a word there has nothing in common.
    let kinds_differ = both && (a.numbers.is_empty() != b.numbers.is_empty());
    let distance = match (both, kinds_differ, numbers) {
        (false, ..) => None,
        (_, true, _) => Some(1.0),
        (.., true) => Some(kolmogorov_smirnov(&a.numbers, &b.numbers)),
        _ => Some(total_variation(&a.words, &b.words)),
    };
    let p = distance
        .filter(|_| numbers && !kinds_differ)
        .map(|d| kolmogorov_smirnov_chance(d, a.numbers.len(), b.numbers.len()));
    let bars = if numbers { bars(&a.numbers, &b.numbers) } else { Vec::new() };
    let all: BTreeSet<&String> = a.words.keys().chain(b.words.keys()).collect();
    let times = |values: &Values, word: &String| values.words.get(word).copied().unwrap_or(0);
    let words = all.into_iter().map(|word| Word { word: word.clone(), a: times(a, word), b: times(b, word) });
    Spread { of, step, parameter, a: one_a, b: one_b, distance, p, bars, words: words.collect() }
}

/// Of sorted values.
fn summary(values: &Values) -> Option<Summary> {
    let words: u64 = values.words.values().sum();
    let count = values.numbers.len() as u64 + words;
    let number = |number: Option<&i64>| Micro::from_millionths(number.copied().unwrap_or(0));
    let sum: i128 = values.numbers.iter().map(|number| i128::from(*number)).sum();
    let mean = sum as f64 / 1e6 / (values.numbers.len().max(1) as f64);
    let (min, max) = (number(values.numbers.first()), number(values.numbers.last()));
    (count > 0).then_some(Summary { count, min, max, mean })
}

fn total_variation(a: &BTreeMap<String, u64>, b: &BTreeMap<String, u64>) -> f64 {
    let (n, m): (u64, u64) = (a.values().sum(), b.values().sum());
    let all: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let times = |words: &BTreeMap<String, u64>, word| words.get(word).copied().unwrap_or(0);
    let apart: u64 = all.into_iter().map(|word| (times(a, word) * m).abs_diff(times(b, word) * n)).sum();
    apart as f64 / (2 * n * m) as f64
}

/// Equal bars over the range of both; one for each value where they are few.
fn bars(a: &[i64], b: &[i64]) -> Vec<Bar> {
    let ends = [a.first(), b.first(), a.last(), b.last()].into_iter().flatten();
    let (low, high) = (ends.clone().min().copied().unwrap_or(0), ends.max().copied().unwrap_or(0));
    // Exact: bar i starts at the first whole millionth that is not below its place.
    let edge = |index: usize| low + ((i128::from(high - low) * index as i128) / BINS as i128) as i64;
    let counts = |values: &[i64]| -> Vec<u64> {
        let below = |index: usize| match index {
            BINS => values.len(),
            _ => values.partition_point(|value| *value < edge(index)),
        };
        (0..BINS).map(|index| (below(index + 1) - below(index)) as u64).collect()
    };
    let value = |edge: i64| Micro::from_millionths(edge).to_f64();
    if low == high {
        let (a, b) = (a.len() as u64, b.len() as u64);
        return vec![Bar { low: value(low), high: value(high), a, b }];
    }
    let (in_a, in_b) = (counts(a), counts(b));
    (0..BINS)
        .map(|index| Bar { low: value(edge(index)), high: value(edge(index + 1)), a: in_a[index], b: in_b[index] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_distance_is_symmetric_and_every_value_is_in_a_bar(
            mut a in proptest::collection::vec(-50i64..50, 1..60), mut b in proptest::collection::vec(-50i64..5000, 1..60),
        ) {
            a.sort_unstable();
            b.sort_unstable();
            let distance = kolmogorov_smirnov(&a, &b);
            prop_assert_eq!(distance, kolmogorov_smirnov(&b, &a));
            prop_assert_eq!(kolmogorov_smirnov(&a, &a), 0.0);
            prop_assert!((0.0..=1.0).contains(&distance));
            let bars = bars(&a, &b);
            prop_assert_eq!(bars.iter().map(|bar| bar.a).sum::<u64>(), a.len() as u64);
            prop_assert_eq!(bars.iter().map(|bar| bar.b).sum::<u64>(), b.len() as u64);
        }
    }
}
