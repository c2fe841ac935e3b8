//! Whether two predictors are right and wrong on the same samples.

use serde::Serialize;

/// Right and wrong of two predictors, A and B, on the same samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Agreement {
    /// Both are right.
    pub both_right: u64,
    /// Only A is.
    pub only_a: u64,
    /// Only B is.
    pub only_b: u64,
    /// Neither is: the double fault.
    pub neither: u64,
}

impl Agreement {
    /// Counts pairs of right (`true`) and wrong.
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut agreement = Self::default();
        for (a, b) in pairs {
            *match (a, b) {
                (true, true) => &mut agreement.both_right,
                (true, false) => &mut agreement.only_a,
                (false, true) => &mut agreement.only_b,
                (false, false) => &mut agreement.neither,
            } += 1;
        }
        agreement
    }

    /// How many samples.
    pub const fn total(&self) -> u64 {
        self.both_right + self.only_a + self.only_b + self.neither
    }

    /// The share that both have wrong: what no vote of the two can mend. `None` of no sample.
    pub fn double_fault(&self) -> Option<f64> {
        (self.total() > 0).then(|| self.neither as f64 / self.total() as f64)
    }

    /// The correlation of being wrong, Pearson's of two yes/no variables (phi): 1 wrong on the same samples, 0
    /// independent, negative where one is right just where the other is wrong. `None` where either is always right or
    /// always wrong.
    pub fn error_correlation(&self) -> Option<f64> {
        let [right, a, b, wrong] = [self.both_right, self.only_a, self.only_b, self.neither].map(|count| count as f64);
        let product = (right + a) * (b + wrong) * (right + b) * (a + wrong);
        (product > 0.0).then(|| (right * wrong - a * b) / product.sqrt())
    }

    /// McNemar's test, exact and two-sided: how likely it is that only one of the two is right this unequally often where
    /// both are equally good (McNemar, Psychometrika 12, 1947). 1 where they never differ.
    pub fn mcnemar(&self) -> f64 {
        let (few, n) = (self.only_a.min(self.only_b), self.only_a + self.only_b);
        // Σ C(n, k)/2ⁿ up to the smaller count, each term from the one before, in logarithms against underflow.
        let mut term = -(n as f64) * std::f64::consts::LN_2;
        let mut sum = libm::exp(term);
        for k in 0..few {
            term += libm::log((n - k) as f64) - libm::log((k + 1) as f64);
            sum += libm::exp(term);
        }
        (2.0 * sum).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn measures_are_those_of_scipy_and_scikit_learn() {
        let agreement = Agreement { both_right: 50, only_a: 12, only_b: 3, neither: 9 };
        // sklearn.metrics.matthews_corrcoef of the two, scipy.stats.binomtest(3, 15).pvalue
        assert!((agreement.error_correlation().unwrap() - 0.454_952_746_518_889_9).abs() < 1e-9);
        assert!((agreement.mcnemar() - 0.035_156_25).abs() < 1e-12);
        assert!((agreement.double_fault().unwrap() - 9.0 / 74.0).abs() < 1e-12);
        let large = Agreement { only_a: 5_000, only_b: 4_700, ..agreement };
        // scipy.stats.binomtest(4700, 9700).pvalue
        assert!((large.mcnemar() - 0.002_396_603_362_577).abs() < 1e-10, "{}", large.mcnemar());
    }

    #[test]
    fn where_nothing_varies_there_is_no_correlation() {
        assert_eq!(Agreement::default().double_fault(), None);
        let always = Agreement::of([(true, true), (true, false)]);
        assert_eq!((always.error_correlation(), always.mcnemar()), (None, 1.0));
    }

    proptest! {
        #[test]
        fn a_correlation_is_symmetric_and_within_one(a: u16, b: u16, c: u16, d: u16) {
            let [both_right, only_a, only_b, neither] = [a, b, c, d].map(u64::from);
            let one = Agreement { both_right, only_a, only_b, neither };
            let other = Agreement { only_a: only_b, only_b: only_a, ..one };
            prop_assert_eq!(one.error_correlation(), other.error_correlation());
            prop_assert!(one.error_correlation().is_none_or(|phi| phi.abs() <= 1.0 + 1e-12));
            prop_assert!((one.mcnemar() - other.mcnemar()).abs() < 1e-12);
        }
    }
}
