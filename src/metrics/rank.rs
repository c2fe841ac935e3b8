//! Whether two measures put things in the same order.

/// Spearman's rank correlation: Pearson's of ranks, tied values having the mean of the ranks that they share
/// (`scipy.stats.spearmanr`). −1 to 1; 1 where both put all in the same order. `None` of fewer than two pairs, where one
/// side is all the same, or where a value is not a number.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 2 || pairs.iter().any(|(a, b)| a.is_nan() || b.is_nan()) {
        return None;
    }
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (a, b) = (ranks(&a), ranks(&b));
    let mean = (pairs.len() + 1) as f64 / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum() };
    let spread = product(&a, &a) * product(&b, &b);
    (spread > 0.0).then(|| (product(&a, &b) / spread.sqrt()).clamp(-1.0, 1.0))
}

/// The rank of each value from 1, equal ones the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = start as f64 + (tied.len() + 1) as f64 / 2.0;
        tied.iter().for_each(|place| ranks[*place] = rank);
        start += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// `tests/metrics/make.py` computes these with SciPy.
    #[test]
    fn correlations_are_those_of_scipy() {
        let cases: Value = serde_json::from_str(include_str!("../../tests/metrics/rank.json")).unwrap();
        let cases = cases["cases"].as_array().unwrap();
        assert!(cases.len() >= 6);
        for case in cases {
            let pairs: Vec<(f64, f64)> = serde_json::from_value(case["pairs"].clone()).unwrap();
            match (spearman(&pairs), case["rho"].as_f64()) {
                (Some(ours), Some(theirs)) => assert!((ours - theirs).abs() < 1e-12, "{case}: {ours}"),
                (ours, theirs) => assert_eq!(ours, theirs, "{case}"),
            }
        }
    }

    #[test]
    fn without_an_order_there_is_no_correlation() {
        assert_eq!(spearman(&[]), None);
        assert_eq!(spearman(&[(1.0, 2.0)]), None);
        assert_eq!(spearman(&[(1.0, 2.0), (f64::NAN, 3.0)]), None);
        // Both zeros are the same value.
        assert_eq!(spearman(&[(0.0, 1.0), (-0.0, 2.0)]), None);
    }

    proptest! {
        #[test]
        fn only_the_order_matters(values in proptest::collection::vec((-50i32..50, -50i32..50), 2..30)) {
            let pairs: Vec<(f64, f64)> = values.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
            let cubed: Vec<(f64, f64)> = pairs.iter().map(|(a, b)| (a * a * a, -b)).collect();
            match (spearman(&pairs), spearman(&cubed)) {
                (Some(one), Some(other)) => prop_assert!((one + other).abs() < 1e-12 && one.abs() <= 1.0),
                (one, other) => prop_assert_eq!(one, other),
            }
        }
    }
}
