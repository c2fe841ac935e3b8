//! A list of numbers in short.

use serde::Serialize;

/// Count, mean, deviation and quantiles of some numbers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Summary {
    /// How many.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, of a sample: divided by count − 1; 0 for one number.
    pub sd: f64,
    /// The smallest.
    pub min: f64,
    /// One in twenty is below.
    pub q05: f64,
    /// A quarter is below.
    pub q25: f64,
    /// Half is below.
    pub median: f64,
    /// A quarter is above.
    pub q75: f64,
    /// One in twenty is above.
    pub q95: f64,
    /// The largest.
    pub max: f64,
}

impl Summary {
    /// Of some finite numbers; `None` where there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        // In sorted order: a sum of floats depends on it.
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        let squares: f64 = sorted.iter().map(|value| (value - mean) * (value - mean)).sum();
        let sd = if sorted.len() > 1 { (squares / (sorted.len() - 1) as f64).sqrt() } else { 0.0 };
        let [q05, q25, median, q75, q95] = [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| quantile(&sorted, share));
        Some(Self { count: sorted.len(), mean, sd, min, q05, q25, median, q75, q95, max })
    }
}

/// The numbers in rising order.
pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The number below which a `share` (0 to 1) of sorted numbers lies, in a straight line between neighbours (Hyndman & Fan
/// 1996, type 7: numpy's default).
///
/// # Panics
/// When there are no numbers.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = place.floor();
    let [low, high] = [below, place.ceil()].map(|index| sorted[index as usize]);
    low + (place - below) * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_what_numpy_says() {
        // numpy.std(ddof=1), numpy.quantile of [4, 1, 9, 16].
        let found = Summary::of(&[4.0, 1.0, 9.0, 16.0]).unwrap();
        assert_eq!((found.count, found.mean, found.median, found.min, found.max), (4, 7.5, 6.5, 1.0, 16.0));
        assert!((found.sd - 6.557_438_524_302_0).abs() < 1e-12);
        assert!(
            (found.q05 - 1.45).abs() < 1e-12 && (found.q25 - 3.25).abs() < 1e-12 && (found.q95 - 14.95).abs() < 1e-12
        );
    }

    #[test]
    fn one_number_has_no_deviation_and_none_no_summary() {
        assert_eq!(Summary::of(&[3.0]).map(|found| (found.sd, found.q05, found.q95)), Some((0.0, 3.0, 3.0)));
        assert_eq!(Summary::of(&[]), None);
    }
}
