//! How an average of the weights follows them. The average itself is `torch/ema.rs`.

use super::parameter::Fraction;
use serde::{Deserialize, Serialize};

/// An exponential moving average, as a recipe writes it: `average = { decay = 0.999 }`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Average {
    /// The part of the average that stays at each optimiser step; 0.9998 unless told, as in timm's training script. About
    /// 1 / (1 − decay) steps count: take fewer nines for a short run.
    #[serde(default = "slow")]
    pub decay: Fraction,
    /// Follow faster at first: the decay of update t (from 0) is no more than (1 + t) / (10 + t), as TensorFlow's
    /// `ExponentialMovingAverage` with `num_updates`. So the first weights, which are random, are soon forgotten.
    #[serde(default = "yes")]
    pub warmup: bool,
}

impl Average {
    /// The decay of update `t`, from 0.
    pub fn decay_at(&self, t: u64) -> f64 {
        let decay = self.decay.get();
        if self.warmup { decay.min((1.0 + t as f64) / (10.0 + t as f64)) } else { decay }
    }
}

fn slow() -> Fraction {
    Fraction::known(0.9998)
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decay_warms_up_to_what_is_told() {
        let average: Average = toml::from_str("decay = 0.5").unwrap();
        let decays: Vec<f64> = [0, 1, 8, 9, 1000].map(|t| average.decay_at(t)).to_vec();
        assert_eq!(decays, [0.1, 2.0 / 11.0, 0.5, 0.5, 0.5]);
        let cold: Average = toml::from_str("decay = 0.5\nwarmup = false").unwrap();
        assert_eq!(cold.decay_at(0), 0.5);
        assert!(toml::from_str::<Average>("decay = 1.0").is_err());
    }
}
