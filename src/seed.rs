//! The only place where randomness comes from.
//!
//! Every draw has a key of its own, `H(recipe seed, source digest, role, epoch, copy, step id, parameter name)`, and
//! reads one ChaCha8 stream seeded by it. So a draw depends on nothing but its key: not on thread, order, time, host,
//! path, list index or the number of other samples, and a new source, step or parameter leaves every other draw alone.
//!
//! The distributions are our own where `rand_distr` does not promise that a value stays the same between releases.
//! They use integers, or `f64` with `+ - * /`, `sqrt` and `libm` only: the standard library's `ln`, `cos` or `powf`
//! give other bits on a CPU with FMA than on one without.

use crate::digest::{Digest, Hasher};
use crate::number::Micro;
use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// What a sample is for; part of every key, so that a source's training copies and validation copies never agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A training source itself, through the output settings alone.
    Original,
    /// An augmented training copy.
    Train,
    /// A held-out source through the validation recipe's output settings alone.
    Val,
    /// A held-out source through the validation recipe.
    NoisyVal,
}

impl Role {
    /// The name in recipes, manifests and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Train => "train",
            Self::Val => "val",
            Self::NoisyVal => "noisy_val",
        }
    }
}

/// The identity of one sample before it is rendered: what seeds its draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SampleId {
    /// The recipe's `seed` (the validation recipe's, for validation roles).
    pub seed: u64,
    /// The digest of the source's bytes.
    pub source: Digest,
    /// What the sample is for.
    pub role: Role,
    /// 0 for stored versions; the epoch when a recipe is drawn anew each epoch.
    pub epoch: u32,
    /// Which of the source's samples of this role, from 0.
    pub copy: u32,
}

impl SampleId {
    fn hasher(&self, domain: &str) -> Hasher {
        Hasher::new(domain)
            .number(self.seed)
            .digest(&self.source)
            .text(self.role.name())
            .number(self.epoch.into())
            .number(self.copy.into())
    }

    /// The sample's key: names it and fixes its place in the manifest.
    pub fn key(&self) -> Digest {
        self.hasher("augmint sample 1").finish()
    }

    /// Starts the draws of this sample.
    pub fn seed(&self) -> SampleSeed {
        SampleSeed(self.hasher("augmint draw 1"))
    }
}

/// A sample's hash state, from which each draw of it is keyed.
#[derive(Clone)]
pub struct SampleSeed(Hasher);

impl SampleSeed {
    /// The generator of one parameter of one step.
    pub fn draw(&self, step: &str, parameter: &str) -> Rng {
        Rng::from_digest(&self.key(step, parameter))
    }

    /// The key of one parameter of one step: for fields of noise, which have a generator of their own.
    pub fn key(&self, step: &str, parameter: &str) -> Digest {
        self.0.clone().text(step).text(parameter).finish()
    }
}

/// One keyed stream of random numbers (ChaCha8).
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of a key.
    #[expect(clippy::disallowed_methods, reason = "the one place where a generator is made")]
    pub fn from_digest(key: &Digest) -> Self {
        Self(ChaCha8Rng::from_seed(*key.bytes()))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A whole number in `0..n`, `n > 0`, without bias (Lemire 2019, "Fast random integer generation in an interval").
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "BUG: nothing to choose from");
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if (product as u64) >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    /// True with probability `chance` (0 to 1). One comparison of one value against a threshold: a draw that is true at
    /// some chance is true at every higher one.
    pub fn chance(&mut self, chance: Micro) -> bool {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64) < chance.to_f64()
    }

    /// A float in the open interval (0, 1): 53 random bits and a half.
    pub fn open01(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform over every millionth from `low` to `high`, both ends included.
    pub fn uniform(&mut self, low: Micro, high: Micro) -> Micro {
        let span = (high.millionths() - low.millionths()) as u64 + 1;
        Micro::from_millionths(low.millionths() + self.below(span) as i64)
    }

    /// Uniform over the whole numbers from `low` to `high`, both ends included.
    pub fn uniform_int(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low) as u64 + 1) as i64
    }

    /// Uniform in the logarithm, from `low` > 0 to `high`.
    pub fn log_uniform(&mut self, low: Micro, high: Micro) -> Micro {
        let (a, b) = (libm::log(low.to_f64()), libm::log(high.to_f64()));
        Micro::nearest(libm::exp(a + self.open01() * (b - a))).clamp(low, high)
    }

    /// Normal with `mean` and `deviation`, drawn again until it lies within `low..=high`; after 1,000 tries (a range
    /// far out in the tail) uniform within it.
    pub fn normal_within(&mut self, mean: Micro, deviation: Micro, low: Micro, high: Micro) -> Micro {
        for _ in 0..1000 {
            let value = Micro::nearest(mean.to_f64() + deviation.to_f64() * self.normal());
            if (low..=high).contains(&value) {
                return value;
            }
        }
        self.uniform(low, high)
    }

    /// A standard normal deviate (Box & Muller 1958, the cosine branch).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(self.open01())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.open01())
    }

    /// A Gamma(shape, 1) deviate (Marsaglia & Tsang 2000; below shape 1 by their boost `U^(1/shape)`).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = libm::pow(self.open01(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let t = 1.0 + c * x;
            let v = t * t * t;
            if v > 0.0 && libm::log(self.open01()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }

    /// A Beta(a, b) deviate in (0, 1), from two gammas.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        // Both gammas of a tiny shape may underflow to nothing.
        if x + y > 0.0 { x / (x + y) } else { 0.5 }
    }

    /// An index drawn in proportion to `weights` (none negative, their sum positive).
    pub fn choose(&mut self, weights: &[Micro]) -> usize {
        let total: i64 = weights.iter().map(|weight| weight.millionths()).sum();
        let mut left = self.below(total as u64) as i64;
        for (index, weight) in weights.iter().enumerate() {
            left -= weight.millionths();
            if left < 0 {
                return index;
            }
        }
        unreachable!("BUG: weights summed to {total}")
    }

    /// The waiting time of a branch with this weight: the branch with the smallest of such values is a weighted choice,
    /// and taking a branch away leaves the choice among the others as it was (an exponential race).
    pub fn race(&mut self, weight: Micro) -> f64 {
        -libm::log(self.open01()) / weight.to_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(copy: u32) -> SampleId {
        SampleId { seed: 17, source: Digest::of(b"source"), role: Role::Train, epoch: 0, copy }
    }

    fn many<T>(mut draw: impl FnMut(&mut Rng) -> T) -> Vec<T> {
        (0..40_000).map(|copy| draw(&mut id(copy).seed().draw("step", "x"))).collect()
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n)
    }

    #[test]
    fn keys_and_draws_are_pinned() {
        assert_eq!(id(3).key().hex(), "9488aa055138d7446f6e97c99d48e19f2d5be9677ee9d8fa179db59444189c32");
        let mut rng = id(3).seed().draw("rotate", "degrees");
        let drawn = format!(
            "{} {} {} {}",
            rng.bits(),
            rng.uniform(Micro::from_int(-180), Micro::from_int(180)),
            rng.log_uniform(Micro::from_int(2), Micro::from_int(64)),
            rng.beta(0.4, 0.4).to_bits()
        );
        assert_eq!(drawn, "11724097491712325775 -17.392868 17.375533 4607181841195078076");
    }

    #[test]
    fn every_part_of_a_key_matters() {
        let base = id(0);
        let other = [
            SampleId { seed: 18, ..base },
            SampleId { source: Digest::of(b"other"), ..base },
            SampleId { role: Role::NoisyVal, ..base },
            SampleId { epoch: 1, ..base },
            SampleId { copy: 1, ..base },
        ];
        let mut keys: Vec<_> = other.iter().chain([&base]).map(|id| id.seed().key("s", "p")).collect();
        keys.push(base.seed().key("t", "p"));
        keys.push(base.seed().key("s", "q"));
        keys.push(base.seed().key("sp", ""));
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn raising_a_chance_keeps_the_samples_that_were_on() {
        let on = |chance| many(move |rng| rng.chance(Micro::from_f64(chance).unwrap()));
        let (low, high) = (on(0.3), on(0.5));
        assert!(low.iter().zip(&high).all(|(low, high)| !low || *high));
        let share = low.iter().filter(|on| **on).count() as f64 / low.len() as f64;
        assert!((share - 0.3).abs() < 0.01, "{share}");
        assert!(on(1.0).iter().all(|on| *on) && !on(0.0).iter().any(|on| *on));
    }

    #[test]
    fn uniform_reaches_both_ends_and_nothing_else() {
        let values = many(|rng| rng.uniform_int(-1, 2));
        for value in -1..=2 {
            let share = values.iter().filter(|v| **v == value).count() as f64 / values.len() as f64;
            assert!((share - 0.25).abs() < 0.01, "{value}: {share}");
        }
        assert!(values.iter().all(|v| (-1..=2).contains(v)));
        assert_eq!(id(0).seed().draw("s", "p").uniform(Micro::ONE, Micro::ONE), Micro::ONE);
    }

    #[test]
    fn distributions_have_their_moments() {
        let (mean, variance) = moments(&many(|rng| rng.normal()));
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        for a in [0.2, 0.4, 1.0, 5.0] {
            let (mean, variance) = moments(&many(|rng| rng.beta(a, a)));
            let expected = 1.0 / (4.0 * (2.0 * a + 1.0));
            assert!(
                (mean - 0.5).abs() < 0.01 && (variance / expected - 1.0).abs() < 0.03,
                "beta({a}): {mean} {variance}"
            );
        }
        let (mean, variance) =
            moments(&many(|rng| libm::log(rng.log_uniform(Micro::ONE, Micro::from_int(100)).to_f64())));
        let span = libm::log(100.0);
        assert!((mean - span / 2.0).abs() < 0.03 && (variance - span * span / 12.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn our_beta_follows_the_same_law_as_rand_distr() {
        use rand_distr::Distribution as _;
        let mut ours = many(|rng| rng.beta(0.4, 0.4));
        let law = rand_distr::Beta::new(0.4, 0.4).unwrap();
        let mut theirs = many(|rng| law.sample(&mut rng.0));
        ours.sort_by(f64::total_cmp);
        theirs.sort_by(f64::total_cmp);
        // Kolmogorov-Smirnov by quantiles: compare the empirical laws at every 400th value.
        for index in (0..ours.len()).step_by(400) {
            assert!((ours[index] - theirs[index]).abs() < 0.02, "quantile {index}: {} {}", ours[index], theirs[index]);
        }
    }

    #[test]
    fn choice_and_race_follow_their_weights() {
        let weights = [Micro::from_int(1), Micro::ZERO, Micro::from_int(3)];
        let picks = many(|rng| rng.choose(&weights));
        let share = picks.iter().filter(|pick| **pick == 2).count() as f64 / picks.len() as f64;
        assert!((share - 0.75).abs() < 0.01 && !picks.contains(&1), "{share}");
        let wins = many(|rng| rng.race(weights[0]) < rng.race(weights[2]));
        let share = wins.iter().filter(|win| **win).count() as f64 / wins.len() as f64;
        assert!((share - 0.25).abs() < 0.01, "{share}");
    }

    #[test]
    fn normal_within_stays_within() {
        let (low, high) = (Micro::from_int(-1), Micro::from_int(2));
        assert!(
            many(|rng| rng.normal_within(Micro::ZERO, Micro::from_int(3), low, high))
                .iter()
                .all(|v| (low..=high).contains(v))
        );
        let far = (Micro::from_int(500), Micro::from_int(501));
        assert!(many(|rng| rng.0.next_u32()).len() == 40_000);
        assert!((far.0..=far.1).contains(&id(0).seed().draw("s", "p").normal_within(
            Micro::ZERO,
            Micro::ONE,
            far.0,
            far.1
        )));
    }
}
