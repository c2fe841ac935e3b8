//! How far two sets of numbers are apart, in effect sizes that do not grow with the number of images.

use super::Measure;
use super::summary::{Summary, sorted};
use serde::Serialize;
use std::fmt;

/// How the second set (the target) differs from the first (the sources).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Shift {
    /// Cliff's delta (Cliff 1993): how much likelier a number of the second set is above one of the first than below it,
    /// −1 to 1. Outliers and the unit do not matter to it, so it decides [`Shift::effect`].
    pub delta: f64,
    /// Cohen's d (Cohen 1988): the difference of the means over the pooled standard deviation; `None` where neither set
    /// varies. For comparing with others' reports; a few outliers move it.
    pub cohen_d: Option<f64>,
    /// The two-sample Kolmogorov–Smirnov statistic, 0 (equal) to 1 (no common range): sees shapes too, such as a wider
    /// spread about the same middle.
    pub ks: f64,
    /// How likely at least this `ks` is between two independent samples of one distribution.
    pub p: f64,
    /// The second set's mean over the first's; `None` where that is not above 0.
    pub mean_ratio: Option<f64>,
    /// The second set's standard deviation over the first's; `None` where that is 0.
    pub sd_ratio: Option<f64>,
}

/// How large a shift of the middle is, by |delta|: below 0.147, 0.33 and 0.474 (Romano et al. 2006, whose bounds are Cohen's
/// 0.2, 0.5 and 0.8 for normal distributions).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Effect {
    Negligible,
    Small,
    Medium,
    Large,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negligible => "negligible",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        })
    }
}

/// From here on shapes differ enough to speak of, where [`CHANCE`] does not explain it.
const OTHER_SHAPE: f64 = 0.15;
/// More than one in a hundred: chance.
const CHANCE: f64 = 0.01;

impl Shift {
    /// From the first set to the second; `None` where one is empty.
    pub fn between(a: &[f64], b: &[f64]) -> Option<Self> {
        let (one, two) = (Summary::of(a)?, Summary::of(b)?);
        let (a, b) = (sorted(a), sorted(b));
        let ks = kolmogorov_smirnov(&a, &b);
        let (n, m) = (one.count as f64, two.count as f64);
        let pooled = (((n - 1.0) * one.sd * one.sd + (m - 1.0) * two.sd * two.sd) / (n + m - 2.0).max(1.0)).sqrt();
        Some(Self {
            delta: cliff(&a, &b),
            cohen_d: (pooled > 0.0).then(|| (two.mean - one.mean) / pooled),
            ks,
            p: kolmogorov_smirnov_chance(ks, a.len(), b.len()),
            mean_ratio: (one.mean > 0.0).then(|| two.mean / one.mean),
            sd_ratio: (one.sd > 0.0).then(|| two.sd / one.sd),
        })
    }

    /// How large the shift of the middle is.
    pub fn effect(&self) -> Effect {
        match self.delta.abs() {
            ..0.147 => Effect::Negligible,
            ..0.33 => Effect::Small,
            ..0.474 => Effect::Medium,
            _ => Effect::Large,
        }
    }

    /// Whether the two sets differ by more than chance, in their middle or in their shape.
    pub fn is_notable(&self) -> bool {
        self.p < CHANCE && (self.effect() > Effect::Negligible || self.ks >= OTHER_SHAPE)
    }

    /// The shift in words: which way, how large, and how sure.
    pub fn words(&self, measure: &Measure) -> String {
        let Self { delta, cohen_d, ks, .. } = *self;
        let d = cohen_d.map_or_else(String::new, |d| format!(", d = {}", signed(d)));
        if self.p >= CHANCE {
            let chance = self.p * 100.0;
            return format!("no difference that chance does not explain (p = {chance:.0} %)");
        }
        let effect = self.effect();
        if effect > Effect::Negligible {
            let (word, pairs) = (if delta > 0.0 { measure.higher } else { measure.lower }, 50.0 * (1.0 + delta.abs()));
            return format!("{word} in {pairs:.0} % of pairs (δ = {}, {effect}{d})", signed(delta));
        }
        match self.sd_ratio {
            Some(ratio) if ks >= OTHER_SHAPE && ratio >= 1.25 => {
                format!("about the same middle, spread ×{ratio:.1} (KS = {ks:.2}{d})")
            }
            Some(ratio) if ks >= OTHER_SHAPE && ratio <= 0.8 => {
                format!("about the same middle, spread only ×{ratio:.2} (KS = {ks:.2}{d})")
            }
            _ if ks >= OTHER_SHAPE => format!("about the same middle, another shape (KS = {ks:.2}{d})"),
            _ => format!("about the same (δ = {}, {effect}{d})", signed(delta)),
        }
    }
}

/// Two decimals, always with a sign, the true minus.
fn signed(value: f64) -> String {
    format!("{value:+.2}").replace('-', "−")
}

/// Of sorted numbers: P(b > a) − P(b < a) for a pair drawn from the two.
fn cliff(a: &[f64], b: &[f64]) -> f64 {
    let (mut below, mut upto, mut balance) = (0usize, 0usize, 0i64);
    for value in b {
        while a.get(below).is_some_and(|other| other < value) {
            below += 1;
        }
        upto = upto.max(below);
        while a.get(upto).is_some_and(|other| other <= value) {
            upto += 1;
        }
        balance += below as i64 - (a.len() - upto) as i64;
    }
    balance as f64 / (a.len() as f64 * b.len() as f64)
}

/// The largest distance of two distribution functions, of sorted values; 0 where one has none.
pub fn kolmogorov_smirnov<T: PartialOrd + Copy>(a: &[T], b: &[T]) -> f64 {
    let (n, m) = (a.len() as u64, b.len() as u64);
    let (mut at, mut bt, mut largest) = (0, 0, 0);
    while at < a.len() && bt < b.len() {
        let here = if b[bt] < a[at] { b[bt] } else { a[at] };
        while a.get(at).is_some_and(|value| *value == here) {
            at += 1;
        }
        while b.get(bt).is_some_and(|value| *value == here) {
            bt += 1;
        }
        // |at/n − bt/m|, exactly.
        largest = largest.max((at as u64 * m).abs_diff(bt as u64 * n));
    }
    largest as f64 / (n * m).max(1) as f64
}

/// P(distance ≥ d) for `n` and `m` values of one distribution: Kolmogorov's asymptotic law with Stephens' correction (Press
/// et al., Numerical Recipes, 14.3.18).
pub fn kolmogorov_smirnov_chance(distance: f64, n: usize, m: usize) -> f64 {
    let effective = (n as f64 * m as f64 / (n + m) as f64).sqrt();
    let lambda = (effective + 0.12 + 0.11 / effective) * distance;
    // The series converges slowly below, where the probability is 1 to nine digits.
    if lambda < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let k = f64::from(k);
        libm::exp(-2.0 * k * k * lambda * lambda)
    };
    let sum: f64 = (1..=100).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(a: &[f64], b: &[f64]) -> String {
        Shift::between(a, b).unwrap().words(Measure::named("brightness").unwrap())
    }

    #[test]
    fn the_distance_is_what_scipy_finds() {
        // scipy.stats.ks_2samp([1,2,3,4], [3,4,5,6,7]).statistic, and of two that do not meet.
        assert!((kolmogorov_smirnov(&[1, 2, 3, 4], &[3, 4, 5, 6, 7]) - 0.6).abs() < 1e-12);
        assert!((kolmogorov_smirnov(&[1, 2], &[3]) - 1.0).abs() < 1e-12);
        // Kolmogorov's law at 1.3581 is 0.05, at 1.6276 0.01.
        let at = |lambda: f64| {
            kolmogorov_smirnov_chance(lambda / (5000f64.sqrt() + 0.12 + 0.11 / 5000f64.sqrt()), 10_000, 10_000)
        };
        assert!((at(1.3581) - 0.05).abs() < 1e-4 && (at(1.6276) - 0.01).abs() < 1e-4);
        assert!((kolmogorov_smirnov_chance(0.0, 10, 10) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn effect_sizes_are_those_of_their_formulas() {
        let found = Shift::between(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]).unwrap();
        // Of 16 pairs 13 are above, 2 equal, 1 below; s = 1.29099.
        assert_eq!(found.delta, 12.0 / 16.0);
        assert!((found.cohen_d.unwrap() - 2.0 / (5.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!((found.mean_ratio, found.sd_ratio, found.ks), (Some(1.8), Some(1.0), 0.5));
        assert_eq!(Shift::between(&[1.0], &[]), None);
        assert_eq!(Shift::between(&[1.0], &[1.0]).unwrap().cohen_d, None);
    }

    #[test]
    fn words_say_which_way_and_how_much() {
        let level: Vec<f64> = (0..200).map(|n| 100.0 + f64::from(n % 20)).collect();
        let by = |factor: f64, more: f64| {
            level.iter().map(|value| 110.0 + (value - 110.0) * factor + more).collect::<Vec<_>>()
        };
        assert_eq!(words(&level, &by(1.0, -5.0)), "darker in 72 % of pairs (δ = −0.44, medium, d = −0.86)");
        assert_eq!(words(&level, &by(1.0, 30.0)), "brighter in 100 % of pairs (δ = +1.00, large, d = +5.19)");
        assert_eq!(words(&level, &by(4.0, 0.0)), "about the same middle, spread ×4.0 (KS = 0.40, d = −0.09)");
        assert_eq!(words(&level, &by(0.25, 0.0)), "about the same middle, spread only ×0.25 (KS = 0.40, d = +0.09)");
        assert_eq!(words(&level, &level), "no difference that chance does not explain (p = 100 %)");
        assert_eq!(words(&[1.0], &[2.0]), "no difference that chance does not explain (p = 29 %)");
    }

    proptest! {
        #[test]
        fn effects_are_antisymmetric_and_count_pairs(
            a in proptest::collection::vec(-9i32..9, 1..40), b in proptest::collection::vec(-9i32..9, 1..40),
        ) {
            let [a, b] = [a, b].map(|set| set.into_iter().map(f64::from).collect::<Vec<f64>>());
            let (forth, back) = (Shift::between(&a, &b).unwrap(), Shift::between(&b, &a).unwrap());
            prop_assert_eq!((forth.delta, forth.ks), (-back.delta, back.ks));
            prop_assert!((0.0..=1.0).contains(&forth.ks));
            let pairs: i32 = b.iter().flat_map(|b| a.iter().map(move |a| i32::from(b > a) - i32::from(b < a))).sum();
            prop_assert!((forth.delta - f64::from(pairs) / (a.len() * b.len()) as f64).abs() < 1e-12);
            let same = Shift::between(&a, &a).unwrap();
            prop_assert_eq!((same.delta, same.ks, same.is_notable()), (0.0, 0.0, false));
        }
    }
}
