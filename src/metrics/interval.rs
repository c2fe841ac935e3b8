//! How much of a score is chance, where samples come in clusters.
//!
//! Copies of one page are not independent: a page that is hard is wrong in all of its copies. So the variance of a mean is
//! estimated from the sums over clusters (pages, or documents of several pages) of what each sample moves it by, not from
//! the number of samples. Counting 3,000 copies of 10 pages as 3,000 would make an interval 17 times too narrow.

use serde::Serialize;

/// 95 % of a normal distribution lie within this many standard deviations.
pub(super) const Z95: f64 = 1.959_963_984_540_054;

/// Where a score of 0 to 1 lies with 95 % confidence.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Wilson's interval (Journal of the American Statistical Association 22, 1927) of a share among `n` independent
    /// trials; `n` need not be whole. It stays within 0 to 1, and is no point where the share is 0 or 1.
    pub fn wilson(share: f64, n: f64) -> Self {
        if n <= 0.0 {
            return Self { low: 0.0, high: 1.0 };
        }
        let z2 = Z95 * Z95;
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
        Self { low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }

    /// Wilson's interval of a score of 0 to 1 whose standard error is known, with as many trials as would have that error,
    /// and at most `samples` (Korn and Graubard's effective sample size). Where nothing varies, each cluster counts as
    /// one trial.
    pub fn with_error(score: f64, error: f64, samples: u64, clusters: u64) -> Self {
        let variance = error * error;
        let trials = if variance > 0.0 { score * (1.0 - score) / variance } else { clusters as f64 };
        Self::wilson(score, trials.min(samples as f64))
    }
}

/// Sums over clusters, for the variance of a score that is (nearly) a mean over samples.
#[derive(Clone, Debug)]
pub struct Clusters {
    sums: Vec<f64>,
    seen: Vec<bool>,
}

impl Clusters {
    /// Of clusters numbered from 0 to `count` − 1.
    pub fn new(count: usize) -> Self {
        Self { sums: vec![0.0; count], seen: vec![false; count] }
    }

    /// Adds what a sample of a cluster moves the score by: its influence divided by the number of samples.
    pub fn add(&mut self, cluster: u32, influence: f64) {
        self.sums[cluster as usize] += influence;
        self.seen[cluster as usize] = true;
    }

    /// How many clusters had a sample.
    pub fn count(&self) -> u64 {
        self.seen.iter().filter(|seen| **seen).count() as u64
    }

    /// The standard error: √(g/(g − 1) · Σ sum²) over g clusters (Liang and Zeger 1986, with the usual correction for few
    /// clusters). 0 of fewer than two.
    pub fn error(&self) -> f64 {
        let count = self.count() as f64;
        if count < 2.0 {
            return 0.0;
        }
        let squares: f64 = self.sums.iter().map(|sum| sum * sum).sum();
        (squares * count / (count - 1.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_is_what_scipy_finds() {
        // scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
        for (right, n, low, high) in [
            (81.0, 263.0, 0.255_288_519_878_274, 0.366_209_576_982_800),
            (10.0, 10.0, 0.722_467_200_137_111, 1.0),
            (0.0, 25.0, 0.0, 0.133_192_250_939_048_5),
        ] {
            let interval = Interval::wilson(right / n, n);
            assert!((interval.low - low).abs() < 1e-9 && (interval.high - high).abs() < 1e-9, "{interval:?}");
        }
        assert_eq!(Interval::wilson(0.5, 0.0), Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn copies_of_a_page_count_as_the_page() {
        let right = [true, true, false, true];
        let mean = 0.75;
        let error = |copies: u32, clusters: usize, cluster: &dyn Fn(u32, u32) -> u32| {
            let mut sums = Clusters::new(clusters);
            for (page, right) in right.iter().enumerate() {
                for copy in 0..copies {
                    let influence = (f64::from(u8::from(*right)) - mean) / (4.0 * f64::from(copies));
                    sums.add(cluster(page as u32, copy), influence);
                }
            }
            sums.error()
        };
        let once = error(1, 4, &|page, _| page);
        assert!((error(50, 4, &|page, _| page) - once).abs() < 1e-12);
        assert!(error(50, 200, &|page, copy| page * 50 + copy) < once / 5.0);
        let interval = Interval::with_error(mean, once, 200, 4);
        assert!(interval.low < 0.3 && interval.high > 0.9, "{interval:?}");
        assert_eq!(Interval::with_error(1.0, 0.0, 200, 4), Interval::wilson(1.0, 4.0));
    }
}
