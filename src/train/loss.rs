//! Which loss a run has, with its parameters. What it computes is `torch/loss.rs`.

use super::parameter::{Exponent, Fraction};
use serde::{Deserialize, Serialize};

/// A loss of logits against soft labels, as a recipe writes it: `loss = "cross_entropy"`, `loss = { focal = { gamma = 2 } }`.
///
/// In the formulas y is the soft label of a sample (classes c, sums to 1), p the softmax of its logits, C the number of
/// classes. Every loss but `WeightedCrossEntropy` is the plain mean over the batch; every one is a mean over y of what the
/// hard labels would give (so a mix-up of two labels costs the mix of both costs), and so equals its published form where y
/// is hard.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Loss {
    /// −Σ y ln p.
    #[default]
    CrossEntropy,
    /// Cross entropy to (1 − ε) y + ε / C (Szegedy et al., CVPR 2016), as `torch.nn.functional.cross_entropy`.
    LabelSmoothing {
        /// The part of the label that is spread over all classes; 0.1 unless told.
        #[serde(default = "tenth")]
        epsilon: Fraction,
    },
    /// −Σ w y ln p with weights from label mass, w = total mass / (C · mass of the class). The batch's loss is the sum over
    /// its samples divided by Σ w y over samples and classes: of hard labels what `cross_entropy(weight=w)` gives. (Of soft
    /// labels torch divides by the number of samples instead, which jumps when a label stops being hard.)
    WeightedCrossEntropy,
    /// −Σ w y (1 − p)^γ ln p, per sample (Lin et al., ICCV 2017, with softmax). γ = 0 is cross entropy.
    Focal {
        /// γ: how much less samples count that are right already; 2 unless told.
        #[serde(default = "two")]
        gamma: Exponent,
        /// Where given, w are the weights of `ClassBalanced`; else w = 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beta: Option<Fraction>,
    },
    /// −Σ w y ln p with w in proportion to (1 − β) / (1 − β^mass) and Σ w = C (Cui et al., CVPR 2019). The mean is over
    /// samples, not over weights, as published.
    ClassBalanced {
        /// β: 0 is cross entropy, near 1 weighs by inverse frequency; 0.999 unless told.
        #[serde(default = "effective")]
        beta: Fraction,
    },
    /// The single-label form of the asymmetric loss (Ridnik et al., ICCV 2021; `ASLSingleLabel`, in timm
    /// `AsymmetricLossSingleLabel`): −Σ [y (1 − ε + ε/C) (1 − p)^γ₊ + (1 − y) (ε/C) p^γ₋] ln p.
    Asymmetric {
        /// γ₊: of the sample's own class; 0 unless told.
        #[serde(default = "zero")]
        gamma_pos: Exponent,
        /// γ₋: of the other classes; 4 unless told.
        #[serde(default = "four")]
        gamma_neg: Exponent,
        /// ε: label smoothing; 0.1 unless told. With 0 the other classes, and so `gamma_neg`, have no part.
        #[serde(default = "tenth")]
        eps: Fraction,
    },
    /// Cross entropy of logits + τ ln(prior of the class), priors from label mass (Menon et al., Long-tail learning via logit
    /// adjustment, ICLR 2021, eq. 10). Predictions use the logits as they are.
    LogitAdjusted {
        /// τ: 1 is right for balanced error, 0 is cross entropy; 1 unless told.
        #[serde(default = "one")]
        tau: Exponent,
    },
}

fn tenth() -> Fraction {
    Fraction::known(0.1)
}

fn effective() -> Fraction {
    Fraction::known(0.999)
}

fn zero() -> Exponent {
    Exponent::known(0.0)
}

fn one() -> Exponent {
    Exponent::known(1.0)
}

fn two() -> Exponent {
    Exponent::known(2.0)
}

fn four() -> Exponent {
    Exponent::known(4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Serialize, PartialEq, Debug)]
    struct Run {
        loss: Loss,
    }

    #[test]
    fn a_loss_is_a_word_or_a_table_with_its_parameters() {
        let read = |text: &str| toml::from_str::<Run>(text).unwrap().loss;
        assert_eq!(read("loss = 'cross_entropy'"), Loss::CrossEntropy);
        assert_eq!(read("loss = 'weighted_cross_entropy'"), Loss::WeightedCrossEntropy);
        assert_eq!(read("loss = { focal = { gamma = 2 } }"), Loss::Focal { gamma: two(), beta: None });
        assert_eq!(read("loss = { focal = { beta = 0.999 } }"), Loss::Focal { gamma: two(), beta: Some(effective()) });
        assert_eq!(read("loss = { label_smoothing = { epsilon = 0.1 } }"), Loss::LabelSmoothing { epsilon: tenth() });
        assert_eq!(read("loss = { class_balanced = {} }"), Loss::ClassBalanced { beta: effective() });
        assert_eq!(read("loss = { logit_adjusted = { tau = 1.0 } }"), Loss::LogitAdjusted { tau: one() });
        assert_eq!(
            read("loss = { asymmetric = {} }"),
            Loss::Asymmetric { gamma_pos: zero(), gamma_neg: four(), eps: tenth() }
        );
    }

    #[test]
    fn a_loss_that_is_written_reads_the_same() {
        for loss in [
            Loss::CrossEntropy,
            Loss::WeightedCrossEntropy,
            Loss::Focal { gamma: one(), beta: None },
            Loss::Asymmetric { gamma_pos: one(), gamma_neg: two(), eps: tenth() },
        ] {
            let text = toml::to_string(&Run { loss }).unwrap();
            assert_eq!(toml::from_str::<Run>(&text).unwrap().loss, loss, "{text}");
        }
    }

    #[test]
    fn a_parameter_out_of_range_or_unknown_is_refused() {
        for (text, expected) in [
            ("loss = { label_smoothing = { epsilon = 1.0 } }", "0 or more and below 1"),
            ("loss = { focal = { gamma = -1 } }", "0 to 10"),
            ("loss = { focal = { gamma = nan } }", "0 to 10"),
            ("loss = { focal = { alpha = 0.25 } }", ": alpha, "),
            ("loss = { logit_adjusted = { tau = 11 } }", "0 to 10"),
            ("loss = 'hinge'", "unknown variant `hinge`"),
        ] {
            let error = toml::from_str::<Run>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
