//! Learning-rate schedules: what share of the run's learning rate holds at a step. Pure numbers of step and run length;
//! only plateau looks back, and what it remembers is a small value that a checkpoint keeps.
//!
//! Everything is a share of the peak rate, minima too, so that one schedule serves all parameter groups. A step is an
//! optimiser step: with gradient accumulation there are fewer of them than batches.

use super::parameter::{Fraction, NonNegative, Positive};
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroU64};

/// How the learning rate goes over a run: a curve, after an optional warm-up.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Constant unless told.
    #[serde(default)]
    pub curve: Curve,
    /// How long the rate rises before; not at all unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup: Option<WarmUp>,
    /// The share that the rise begins at; 0.01 unless told, as in torchvision's training scripts.
    #[serde(default = "hundredth")]
    pub warmup_start: Fraction,
}

/// The length of a linear warm-up, `warmup = { epochs = 5 }` or `{ steps = 500 }`. Step t of w has the share
/// start + (1 − start) · t / w (torch's `LinearLR`), so the first step after it has the curve's own.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarmUp {
    /// Epochs; parts of one are allowed, rounded to whole steps.
    Epochs(NonNegative),
    /// Optimiser steps.
    Steps(u64),
}

/// What follows the warm-up. Cosines begin where it ends; milestones and epochs are counted from the beginning of the run.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Curve {
    /// Always 1.
    #[default]
    Constant,
    /// Cosine annealing from 1 to `minimum` at the end of the run, by step (Loshchilov & Hutter, ICLR 2017, one cycle):
    /// m + (1 − m)(1 + cos(π t / T)) / 2 with T the steps that the warm-up leaves.
    Cosine {
        /// m; 0 unless told.
        #[serde(default = "zero")]
        minimum: Fraction,
    },
    /// The same over and over, each cycle `growth` times as long as the one before (SGDR).
    CosineRestarts {
        /// T₀, the length of the first cycle, rounded to whole steps, at least one.
        first_epochs: Positive,
        /// `T_mult`; 1 unless told.
        #[serde(default = "once")]
        growth: NonZeroU32,
        /// m; 0 unless told.
        #[serde(default = "zero")]
        minimum: Fraction,
    },
    /// Multiplied by `gamma` at each of these epochs: γ^(milestones that are reached).
    Milestones {
        /// Epochs from 0, in rising order; one that the run does not reach has no effect.
        epochs: Milestones,
        /// γ; 0.1 unless told.
        #[serde(default = "tenth")]
        gamma: Fraction,
    },
    /// Multiplied by `gamma` every so many epochs: γ^⌊epoch / every⌋.
    Every {
        /// Epochs.
        epochs: NonZeroU64,
        /// γ; 0.1 unless told.
        #[serde(default = "tenth")]
        gamma: Fraction,
    },
    /// Multiplied by `factor` when the validation score has not risen for a while (torch's `ReduceLROnPlateau` with
    /// `mode="max"`, `threshold_mode="abs"`). [`Schedule::observe`] tells it the score after each epoch.
    Plateau {
        /// 0.1 unless told.
        #[serde(default = "tenth")]
        factor: Fraction,
        /// So many epochs without a better score are forgiven; the next lowers the rate. 10 unless told.
        #[serde(default = "ten")]
        patience: u32,
        /// Epochs after a lowering that do not count as bad; 0 unless told.
        #[serde(default)]
        cooldown: u32,
        /// Better is above the best so far by more than this; 0.0001 unless told.
        #[serde(default = "slight")]
        threshold: NonNegative,
        /// The share that is not gone below; 0 unless told.
        #[serde(default = "zero")]
        minimum: Fraction,
    },
}

/// Epochs in rising order, the first above 0.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub struct Milestones(Vec<u64>);

/// How long a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunLength {
    /// Epochs.
    pub epochs: NonZeroU64,
    /// Optimiser steps of an epoch.
    pub steps_per_epoch: NonZeroU64,
}

/// What a plateau schedule remembers; of every other curve it stays as it begins. Kept in the checkpoint.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    /// The best score; none before the first epoch.
    pub best: Option<f64>,
    /// Epochs since it that were no better.
    pub bad_epochs: u32,
    /// Epochs of cooldown that are left.
    pub cooldown_left: u32,
    /// The share of the learning rate that holds.
    pub share: f64,
}

/// Why a schedule does not fit its run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The rate would never reach the curve.
    #[error("the warm-up takes {warmup} steps and the whole run has {run}: shorten it, or train for more epochs")]
    WarmUp {
        /// Steps of the warm-up.
        warmup: u64,
        /// Steps of the run.
        run: u64,
    },
    /// Milestones that are not in rising order, or begin at 0.
    #[error("milestones {found:?} are not epochs in rising order, the first above 0")]
    Milestones {
        /// As given.
        found: Vec<u64>,
    },
}

impl TryFrom<Vec<u64>> for Milestones {
    type Error = ScheduleError;

    fn try_from(epochs: Vec<u64>) -> Result<Self, ScheduleError> {
        let rising = epochs.first().is_some_and(|first| *first > 0) && epochs.is_sorted_by(|a, b| a < b);
        if rising { Ok(Self(epochs)) } else { Err(ScheduleError::Milestones { found: epochs }) }
    }
}

impl From<Milestones> for Vec<u64> {
    fn from(milestones: Milestones) -> Self {
        milestones.0
    }
}

impl Default for Schedule {
    /// Constant, with no warm-up.
    fn default() -> Self {
        Self { curve: Curve::Constant, warmup: None, warmup_start: hundredth() }
    }
}

impl Default for Plateau {
    /// Before the first epoch.
    fn default() -> Self {
        Self { best: None, bad_epochs: 0, cooldown_left: 0, share: 1.0 }
    }
}

impl RunLength {
    /// Optimiser steps of the run.
    pub fn steps(&self) -> u64 {
        self.epochs.get().saturating_mul(self.steps_per_epoch.get())
    }
}

impl Schedule {
    /// Checks that the schedule fits a run of this length.
    ///
    /// # Errors
    /// When the warm-up is as long as the run or longer.
    pub fn check(&self, run: RunLength) -> Result<(), ScheduleError> {
        let warmup = self.warmup_steps(run);
        if warmup > 0 && warmup >= run.steps() {
            return Err(ScheduleError::WarmUp { warmup, run: run.steps() });
        }
        Ok(())
    }

    /// The share of the learning rate that holds at optimiser step `step`, from 0; 0 to 1. Past the end of the run it is
    /// what held at the end.
    pub fn share(&self, step: u64, run: RunLength, plateau: &Plateau) -> f64 {
        let warmup = self.warmup_steps(run);
        if step < warmup {
            let start = self.warmup_start.get();
            // A plateau can be found during the warm-up, and lowers its goal.
            return (start + (1.0 - start) * step as f64 / warmup as f64) * plateau.share;
        }
        let per_epoch = run.steps_per_epoch.get();
        let (after, epoch) = (step - warmup, step / per_epoch);
        match &self.curve {
            Curve::Constant => 1.0,
            Curve::Cosine { minimum } => cosine(after, run.steps().saturating_sub(warmup), minimum.get()),
            Curve::CosineRestarts { first_epochs, growth, minimum } => {
                let first = ((first_epochs.get() * per_epoch as f64).round() as u64).max(1);
                let (since, cycle) = restarted(after, first, u64::from(growth.get()));
                cosine(since, cycle, minimum.get())
            }
            Curve::Milestones { epochs, gamma } => {
                libm::pow(gamma.get(), epochs.0.iter().filter(|milestone| **milestone <= epoch).count() as f64)
            }
            Curve::Every { epochs, gamma } => libm::pow(gamma.get(), (epoch / epochs.get()) as f64),
            Curve::Plateau { .. } => plateau.share,
        }
    }

    /// Tells a plateau schedule the validation score of the epoch that ended, higher is better; NaN is no better than
    /// anything. Other curves do not remember it.
    pub fn observe(&self, plateau: &mut Plateau, score: f64) {
        let Curve::Plateau { factor, patience, cooldown, threshold, minimum } = &self.curve else { return };
        let better = plateau.best.is_none_or(|best| score > best + threshold.get()) && !score.is_nan();
        if better {
            plateau.best = Some(score);
            plateau.bad_epochs = 0;
        } else {
            plateau.bad_epochs += 1;
        }
        if plateau.cooldown_left > 0 {
            plateau.cooldown_left -= 1;
            plateau.bad_epochs = 0;
        }
        if plateau.bad_epochs > *patience {
            plateau.share = (plateau.share * factor.get()).max(minimum.get());
            plateau.cooldown_left = *cooldown;
            plateau.bad_epochs = 0;
        }
    }

    fn warmup_steps(&self, run: RunLength) -> u64 {
        match self.warmup {
            None => 0,
            Some(WarmUp::Steps(steps)) => steps,
            Some(WarmUp::Epochs(epochs)) => (epochs.get() * run.steps_per_epoch.get() as f64).round() as u64,
        }
    }
}

/// Step `at` of a cosine over `total` steps from 1 to `minimum`.
fn cosine(at: u64, total: u64, minimum: f64) -> f64 {
    if at >= total {
        return minimum;
    }
    let angle = std::f64::consts::PI * at as f64 / total as f64;
    minimum + (1.0 - minimum) * (1.0 + libm::cos(angle)) / 2.0
}

/// How far step `at` is into its cycle, and how long that is, of cycles of `first`, `first` · growth, … steps.
fn restarted(at: u64, first: u64, growth: u64) -> (u64, u64) {
    if growth == 1 {
        return (at % first, first);
    }
    let (mut since, mut cycle) = (at, first);
    while since >= cycle {
        since -= cycle;
        cycle = cycle.saturating_mul(growth);
    }
    (since, cycle)
}

fn hundredth() -> Fraction {
    Fraction::known(0.01)
}

fn tenth() -> Fraction {
    Fraction::known(0.1)
}

fn zero() -> Fraction {
    Fraction::known(0.0)
}

fn slight() -> NonNegative {
    NonNegative::known(0.0001)
}

fn once() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn ten() -> u32 {
    10
}

#[cfg(test)]
mod tests;
