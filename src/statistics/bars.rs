//! A histogram of two sets of numbers over one axis.

use super::summary::{quantile, sorted};
use serde::Serialize;

/// Numbers from `low` (included) to `high` (excluded): how many of each set. The outermost bars also hold what
/// lies beyond the axis.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Bar {
    /// Left end.
    pub low: f64,
    /// Right end.
    pub high: f64,
    /// How many of the first set.
    pub a: u64,
    /// How many of the second.
    pub b: u64,
}

/// Equal bars over the range of both sets.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(transparent)]
pub struct Bars(pub Vec<Bar>);

/// How many bars a histogram has.
const COUNT: usize = 32;
/// Share of either set at either end that may lie beyond the axis, so that one outlier does not make the rest a line.
const BEYOND: f64 = 0.01;

impl Bars {
    /// Of two sets of finite numbers, either of which may be empty; no bars where both are.
    pub fn of(a: &[f64], b: &[f64]) -> Self {
        let (a, b) = (sorted(a), sorted(b));
        let sets = || [&a, &b].into_iter().filter(|set| !set.is_empty());
        let low = sets().map(|set| quantile(set, BEYOND)).reduce(f64::min);
        let high = sets().map(|set| quantile(set, 1.0 - BEYOND)).reduce(f64::max);
        let (Some(low), Some(high)) = (low, high) else { return Self(Vec::new()) };
        if low == high {
            // All but outliers are one number; it gets one bar, the outliers with it.
            return Self(vec![Bar { low, high, a: a.len() as u64, b: b.len() as u64 }]);
        }
        let edge = |index: usize| low + (high - low) * index as f64 / COUNT as f64;
        let below = |set: &[f64], index: usize| match index {
            0 => 0,
            COUNT => set.len(),
            _ => set.partition_point(|value| *value < edge(index)),
        };
        let part = |set: &[f64], index: usize| (below(set, index + 1) - below(set, index)) as u64;
        let bar =
            |index: usize| Bar { low: edge(index), high: edge(index + 1), a: part(&a, index), b: part(&b, index) };
        Self((0..COUNT).map(bar).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_outlier_does_not_stretch_the_axis() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        values.push(1e9);
        let Bars(bars) = Bars::of(&values, &[]);
        assert!(bars[bars.len() - 1].high < 1001.0);
    }

    proptest! {
        #[test]
        fn every_number_is_in_a_bar(
            a in proptest::collection::vec(-50.0..50.0, 0..60), b in proptest::collection::vec(-5.0..500.0, 0..60),
        ) {
            let Bars(bars) = Bars::of(&a, &b);
            prop_assert_eq!(bars.is_empty(), a.is_empty() && b.is_empty());
            prop_assert_eq!(bars.iter().map(|bar| bar.a).sum::<u64>(), a.len() as u64);
            prop_assert_eq!(bars.iter().map(|bar| bar.b).sum::<u64>(), b.len() as u64);
        }
    }
}
