//! Whether two groups of samples are called rightly equally often.
//!
//! Groups of samples differ in their classes too (a step may be for some classes alone), so accuracy is compared class by
//! class and then averaged: the Mantel–Haenszel difference. Its variance is that of sums over clusters
//! ([`super::interval`]), so that the copies of one hard page do not pass for a law.

use super::interval::{Clusters, Z95};
use serde::Serialize;

/// One sample as it was judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Judged {
    /// What it is, from 0.
    pub truth: u32,
    /// What it was called.
    pub said: u32,
    /// The page or document it comes from, from 0.
    pub cluster: u32,
}

impl Judged {
    /// Whether it was called what it is.
    pub const fn right(&self) -> bool {
        self.truth == self.said
    }
}

/// The accuracy of one group less that of another, class by class.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Difference {
    /// −1 to 1; negative where the first group is worse.
    pub value: f64,
    /// With 95 % confidence at least this.
    pub low: f64,
    /// And at most this.
    pub high: f64,
    /// How likely at least this difference is where there is none, looked at alone; two-sided.
    pub p: f64,
}

/// Two groups of samples, side by side.
#[derive(Clone, Debug)]
pub struct Contrast {
    /// Samples and right ones of each class, in the first group and in the second.
    classes: Vec<[[f64; 2]; 2]>,
    clusters: usize,
}

impl Contrast {
    /// Counts two groups: `true` for the first. Classes and clusters are numbered below these.
    pub fn of(classes: usize, clusters: usize, samples: impl Iterator<Item = (Judged, bool)>) -> Self {
        let mut contrast = Self { classes: vec![[[0.0; 2]; 2]; classes], clusters };
        for (judged, first) in samples {
            let group = &mut contrast.classes[judged.truth as usize][usize::from(!first)];
            group[0] += 1.0;
            group[1] += f64::from(u8::from(judged.right()));
        }
        contrast
    }

    /// The Mantel–Haenszel difference: Σ w·(share of group 1 − share of group 2) / Σ w over classes, w = n₁·n₂/(n₁ + n₂).
    /// `samples` are those that were counted. `None` where no class has samples in both groups.
    ///
    /// The standard error is the largest of three: by clusters, of residuals from each group's own share; by clusters, of
    /// residuals from the class's common share; and that of independent samples with the class's common share, which is
    /// not small where the few samples of a group happen to be right throughout.
    pub fn difference(&self, samples: impl Iterator<Item = (Judged, bool)>) -> Option<Difference> {
        let share = |[samples, right]: [f64; 2]| right / samples.max(1.0);
        let weight = |[first, second]: &[[f64; 2]; 2]| first[0] * second[0] / (first[0] + second[0]).max(1.0);
        let total: f64 = self.classes.iter().map(weight).sum();
        if total <= 0.0 {
            return None;
        }
        let apart = |class: &[[f64; 2]; 2]| weight(class) * (share(class[0]) - share(class[1]));
        let value = self.classes.iter().map(apart).sum::<f64>() / total;
        // Of each class and group: what a sample weighs, its own share, and the common one.
        let terms: Vec<[[f64; 3]; 2]> = (self.classes.iter())
            .map(|class| {
                let both = share([class[0][0] + class[1][0], class[0][1] + class[1][1]]);
                let term = |group: usize, sign: f64| {
                    [sign * weight(class) / class[group][0].max(1.0) / total, share(class[group]), both]
                };
                [term(0, 1.0), term(1, -1.0)]
            })
            .collect();
        let independent: f64 = (self.classes.iter().zip(&terms))
            .flat_map(|(class, terms)| [(class[0][0], terms[0]), (class[1][0], terms[1])])
            .map(|(samples, [weight, _, common])| samples * weight * weight * common * (1.0 - common))
            .sum();
        let (mut own, mut common) = (Clusters::new(self.clusters), Clusters::new(self.clusters));
        for (judged, first) in samples {
            let [weight, own_share, common_share] = terms[judged.truth as usize][usize::from(!first)];
            let right = f64::from(u8::from(judged.right()));
            own.add(judged.cluster, weight * (right - own_share));
            common.add(judged.cluster, weight * (right - common_share));
        }
        let error = own.error().max(common.error()).max(independent.sqrt());
        // One cluster says nothing of another.
        let (error, p) = match common.count() < 2 {
            true => (f64::INFINITY, 1.0),
            false if error <= 0.0 => (0.0, 1.0),
            false => (error, libm::erfc(value.abs() / error * std::f64::consts::FRAC_1_SQRT_2)),
        };
        let (low, high) = ((value - Z95 * error).max(-1.0), (value + Z95 * error).min(1.0));
        Some(Difference { value, low, high, p })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::seed::Rng;

    fn difference(samples: &[(Judged, bool)], classes: usize, clusters: usize) -> Option<Difference> {
        let samples = || samples.iter().copied();
        Contrast::of(classes, clusters, samples()).difference(samples())
    }

    fn judged(truth: u32, right: bool, cluster: u32) -> Judged {
        Judged { truth, said: if right { truth } else { truth + 1 }, cluster }
    }

    #[test]
    fn a_table_of_counts_has_the_difference_of_its_shares() {
        // 40 of 50 against 30 of 60, each sample its own cluster: 0.8 − 0.5, and the textbook's error of a difference.
        let right = |index: u32| if index < 50 { index < 40 } else { index < 80 };
        let samples: Vec<_> = (0..110).map(|index| (judged(0, right(index), index), index < 50)).collect();
        let found = difference(&samples, 1, 110).unwrap();
        assert!((found.value - 0.3).abs() < 1e-12);
        let textbook = (0.8 * 0.2 / 50.0 + 0.5 * 0.5 / 60.0f64).sqrt();
        let common = (70.0 / 110.0 * (40.0 / 110.0) * (1.0 / 50.0 + 1.0 / 60.0f64)).sqrt();
        let error = (found.high - found.value) / Z95;
        assert!((error / textbook.max(common) - 1.0).abs() < 1e-9, "{error}");
        assert!(found.p < 0.002 && found.p > 0.0005, "{}", found.p);
    }

    #[test]
    fn classes_are_compared_with_themselves() {
        // The first group is mostly of an easy class: no difference within either class.
        let mut samples = Vec::new();
        for index in 0..400u32 {
            let (class, first) = (index % 2, index % 4 == 0 || index % 20 == 1);
            samples.push((judged(class * 2, class == 0 || index % 3 == 0, index), first));
        }
        let found = difference(&samples, 3, 400).unwrap();
        assert!(found.value.abs() < 0.1 && found.p > 0.2, "{found:?}");
        // And where no class is in both groups, there is nothing to compare.
        let apart: Vec<_> = (0..20).map(|index| (judged(index % 2, true, index), index % 2 == 0)).collect();
        assert_eq!(difference(&apart, 2, 20), None);
    }

    #[test]
    fn a_small_group_that_is_right_throughout_is_no_finding() {
        let samples: Vec<_> =
            (0..205).map(|index| (judged(0, index < 5 || index % 10 > 0, index), index < 5)).collect();
        let found = difference(&samples, 1, 205).unwrap();
        assert!(found.value > 0.09 && found.p > 0.3, "{found:?}");
        assert_eq!(difference(&[(judged(0, true, 0), true), (judged(0, false, 0), false)], 1, 1).unwrap().p, 1.0);
    }

    /// Where there is no difference, one comparison in twenty is below 0.05: also where samples come in clusters.
    #[test]
    fn chance_is_found_as_often_as_it_says() {
        let mut rng = Rng::from_digest(&Digest::of(b"no difference"));
        let mut low = 0;
        let rounds = 400;
        for _ in 0..rounds {
            let mut samples = Vec::new();
            for cluster in 0..60 {
                // A page is easy or hard as a whole.
                let hard = rng.below(4) == 0;
                for _ in 0..8 {
                    let right = rng.below(10) < if hard { 3 } else { 9 };
                    samples.push((judged(cluster % 3 * 2, right, cluster), cluster % 5 < 2));
                }
            }
            low += u32::from(difference(&samples, 6, 60).unwrap().p < 0.05);
        }
        let share = f64::from(low) / f64::from(rounds);
        assert!((0.02..0.085).contains(&share), "{share}");
    }
}
