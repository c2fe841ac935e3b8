//! Which optimiser a run has, with its parameters, and which tensors it treats otherwise. The steps themselves are
//! `torch/optim/`.

use super::parameter::{Fraction, NonNegative, Positive};
use serde::{Deserialize, Serialize};

/// An optimiser as a recipe writes it: `optimizer = { sgd = { momentum = 0.9 } }`. Parameters, defaults (but where told) and
/// order of operations are those of `torch.optim`. The learning rate is not among them: it comes with every step.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimizer {
    /// Stochastic gradient descent. With d = gradient + λ · weight: b ← μ b + (1 − τ) d (the first time b = d), and the
    /// weight goes down by rate · b, with `nesterov` by rate · (d + μ b).
    Sgd {
        /// μ; 0.9 unless told (torch: 0).
        #[serde(default = "nine_tenths")]
        momentum: Fraction,
        /// τ; 0 unless told.
        #[serde(default = "zero")]
        dampening: Fraction,
        /// Nesterov's momentum; not unless told. It wants momentum, and no dampening.
        #[serde(default)]
        nesterov: bool,
        /// λ; 0 unless told.
        #[serde(default = "none")]
        weight_decay: NonNegative,
    },
    /// Adam (Kingma & Ba, ICLR 2015), weight decay added to the gradient (L2).
    Adam {
        /// Of the mean of the gradient; 0.9 unless told.
        #[serde(default = "nine_tenths")]
        beta1: Fraction,
        /// Of the mean of its square; 0.999 unless told.
        #[serde(default = "thousandth_less")]
        beta2: Fraction,
        /// Added to the root of that; 1e-8 unless told.
        #[serde(default = "tiny")]
        eps: Positive,
        /// λ; 0 unless told.
        #[serde(default = "none")]
        weight_decay: NonNegative,
        /// Divide by the greatest mean of squares so far (Reddi, Kale, Kumar, ICLR 2018); not unless told.
        #[serde(default)]
        amsgrad: bool,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019): weights shrink by rate · λ first.
    Adamw {
        /// As Adam's.
        #[serde(default = "nine_tenths")]
        beta1: Fraction,
        /// As Adam's.
        #[serde(default = "thousandth_less")]
        beta2: Fraction,
        /// As Adam's.
        #[serde(default = "tiny")]
        eps: Positive,
        /// λ; 0.01 unless told.
        #[serde(default = "hundredth")]
        weight_decay: NonNegative,
        /// As Adam's.
        #[serde(default)]
        amsgrad: bool,
    },
}

/// What weight decay is applied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Tensors of two dimensions and more: not biases and not the weights of norms (timm's rule, `param.ndim <= 1`).
    #[default]
    Matrices,
    /// Every tensor, as `torch.optim` does with one group.
    All,
}

/// A learning rate of its own for a part of the model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateOf {
    /// Parameters below this name: `layer4` has `layer4.0.conv1.weight` and not `layer40.bias`; `*` is every parameter.
    pub prefix: String,
    /// What the learning rate is multiplied by.
    pub multiplier: NonNegative,
}

/// Which parameters are treated how. Where prefixes overlap, the longest one that fits holds.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// What weight decay is applied to.
    #[serde(default)]
    pub decay: Decay,
    /// Parts with another learning rate; all else has the run's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<RateOf>,
}

/// Why an optimiser cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OptimizerError {
    /// As torch has it.
    #[error("nesterov wants a momentum above 0 and a dampening of 0")]
    Nesterov,
}

impl Optimizer {
    /// Checks what no parameter can tell by itself.
    ///
    /// # Errors
    /// When `nesterov` is set without momentum, or with dampening.
    pub fn check(&self) -> Result<(), OptimizerError> {
        match self {
            Self::Sgd { momentum, dampening, nesterov: true, .. } if momentum.get() == 0.0 || dampening.get() > 0.0 => {
                Err(OptimizerError::Nesterov)
            }
            _ => Ok(()),
        }
    }

    /// λ.
    pub fn weight_decay(&self) -> f64 {
        let (Self::Sgd { weight_decay, .. } | Self::Adam { weight_decay, .. } | Self::Adamw { weight_decay, .. }) =
            self;
        weight_decay.get()
    }
}

impl Default for Optimizer {
    /// AdamW with torch's defaults.
    fn default() -> Self {
        Self::Adamw {
            beta1: nine_tenths(),
            beta2: thousandth_less(),
            eps: tiny(),
            weight_decay: hundredth(),
            amsgrad: false,
        }
    }
}

impl Groups {
    /// What the learning rate of this parameter is multiplied by.
    pub fn multiplier(&self, name: &str) -> f64 {
        let fitting = self.rates.iter().filter(|rate| below(name, &rate.prefix));
        // Of two equal prefixes the later one, as in a file that is read from above.
        fitting
            .max_by_key(|rate| if rate.prefix == "*" { 0 } else { rate.prefix.len() })
            .map_or(1.0, |rate| rate.multiplier.get())
    }

    /// Whether weight decay is applied to a parameter. ConvNeXt's `layer_scale` is a gain in three dimensions.
    pub fn decays(&self, name: &str, dimensions: usize) -> bool {
        match self.decay {
            Decay::Matrices => dimensions > 1 && !name.ends_with("layer_scale"),
            Decay::All => true,
        }
    }
}

/// Whether a parameter has this prefix: is named so, or lies below it; `*` is every parameter's.
pub fn below(name: &str, prefix: &str) -> bool {
    prefix == "*" || name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn zero() -> Fraction {
    Fraction::known(0.0)
}

fn nine_tenths() -> Fraction {
    Fraction::known(0.9)
}

fn thousandth_less() -> Fraction {
    Fraction::known(0.999)
}

fn tiny() -> Positive {
    Positive::known(1e-8)
}

fn none() -> NonNegative {
    NonNegative::known(0.0)
}

fn hundredth() -> NonNegative {
    NonNegative::known(0.01)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Run {
        optimizer: Optimizer,
    }

    fn read(text: &str) -> Result<Optimizer, toml::de::Error> {
        toml::from_str::<Run>(text).map(|run| run.optimizer)
    }

    #[test]
    fn nesterov_wants_momentum_and_no_dampening() {
        for (text, expected) in [
            ("momentum = 0.9, nesterov = true", Ok(())),
            ("momentum = 0, nesterov = true", Err(OptimizerError::Nesterov)),
            ("dampening = 0.1, nesterov = true", Err(OptimizerError::Nesterov)),
            ("momentum = 0, dampening = 0.1", Ok(())),
        ] {
            let sgd = read(&format!("optimizer = {{ sgd = {{ {text} }} }}")).unwrap();
            assert_eq!(sgd.check(), expected, "{text}");
        }
    }

    #[test]
    fn defaults_are_those_that_are_told_and_others_are_refused() {
        assert_eq!(read("optimizer = { adamw = {} }").unwrap(), Optimizer::default());
        let sgd = read("optimizer = { sgd = { weight_decay = 1e-4 } }").unwrap();
        assert!(matches!(sgd, Optimizer::Sgd { momentum, .. } if momentum.get() == 0.9));
        assert_eq!(sgd.weight_decay(), 1e-4);
        for (text, expected) in [
            ("optimizer = { adam = { beta1 = 1.0 } }", "0 or more and below 1"),
            ("optimizer = { adam = { eps = 0 } }", "above 0"),
            ("optimizer = { adamw = { weight_decay = -1 } }", "0 or more"),
            ("optimizer = { sgd = { lr = 0.1 } }", ": lr, "),
            ("optimizer = { rmsprop = {} }", "unknown variant `rmsprop`"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn the_longest_prefix_holds_and_ends_at_a_dot() {
        let groups: Groups = toml::from_str(
            "rates = [{ prefix = 'layer4', multiplier = 0.5 }, { prefix = '*', multiplier = 0.1 }, \
             { prefix = 'layer4.1', multiplier = 2 }]",
        )
        .unwrap();
        assert_eq!(groups.multiplier("layer4.0.conv1.weight"), 0.5);
        assert_eq!(groups.multiplier("layer4.1.conv1.weight"), 2.0);
        assert_eq!(groups.multiplier("layer4.10.conv1.weight"), 0.5);
        assert_eq!(groups.multiplier("layer40.bias"), 0.1);
        assert_eq!(Groups::default().multiplier("fc.weight"), 1.0);
    }

    #[test]
    fn biases_and_norms_do_not_decay_unless_told() {
        assert_eq!(
            [0, 1, 2, 4].map(|dimensions| Groups::default().decays("w", dimensions)),
            [false, false, true, true]
        );
        let all: Groups = toml::from_str("decay = 'all'").unwrap();
        assert!(all.decays("features.1.0.layer_scale", 1) && !Groups::default().decays("features.1.0.layer_scale", 3));
    }
}
