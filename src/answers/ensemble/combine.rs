//! The ways to make one answer of several.

use super::{EnsembleError, Members};
use crate::answers::{largest, softmax};

/// The least probability that a member is taken to give in [`Method::Geometric`] and when weights are fitted: a 0, which may
/// be a small number that was rounded, would be a veto. Six decimals of a CSV do not show less.
pub const FLOOR: f64 = 1e-6;

/// A way to make one answer of several.
#[derive(Clone, PartialEq, Debug)]
pub enum Method {
    /// The mean of the probabilities.
    Soft,
    /// The class that most members say. Of several with as many votes the one with the largest mean probability, over the
    /// members that give any; of equal ones the first class. Probabilities are then shares of votes.
    Hard,
    /// The geometric mean of the probabilities, none below [`FLOOR`], divided by its sum: a member that rules a class out
    /// weighs more than in the mean.
    Geometric,
    /// The mean with a weight for each member; they are divided by their sum.
    Weighted(Vec<f64>),
    /// The product of powers of the probabilities, none below [`FLOOR`], divided by its sum: the weights that a fit found
    /// are the powers, and need not sum to 1.
    Fitted(Vec<f64>),
}

/// The answer of an ensemble.
#[derive(Clone, PartialEq, Debug)]
pub struct Combined {
    /// The class of each image by its place; of equal probabilities the first.
    pub said: Vec<usize>,
    /// `[images, classes]`, every row summing to 1.
    pub probabilities: Vec<f64>,
    /// Images on which two classes had the most votes ([`Method::Hard`]).
    pub ties: u64,
}

impl Method {
    /// As it is named on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
            Self::Geometric => "geometric",
            Self::Weighted(_) => "weighted",
            Self::Fitted(_) => "fitted",
        }
    }
}

/// Makes one answer of several.
///
/// # Errors
/// When a member has no probabilities and the method needs them, or weights are not one for each member, all finite, none
/// negative and one positive.
pub fn combine(members: &Members, method: &Method) -> Result<Combined, EnsembleError> {
    match method {
        Method::Soft => mean(members, &vec![1.0; members.names.len()]),
        Method::Weighted(weights) => mean(members, weights),
        Method::Hard => Ok(vote(members)),
        Method::Geometric => product(members, &shares(&vec![1.0; members.names.len()], members.names.len())?),
        Method::Fitted(powers) => product(members, powers),
    }
}

fn mean(members: &Members, weights: &[f64]) -> Result<Combined, EnsembleError> {
    let weights = shares(weights, members.names.len())?;
    let tables = members.all_probabilities()?;
    let mut probabilities = vec![0.0; members.ids.len() * members.classes()];
    for (table, weight) in tables.iter().zip(&weights) {
        probabilities.iter_mut().zip(*table).for_each(|(sum, value)| *sum += weight * value);
    }
    Ok(decided(probabilities, members.classes()))
}

/// Weights that sum to 1.
///
/// # Errors
/// When they are not one for each member, all finite, none negative and one positive.
pub fn shares(weights: &[f64], members: usize) -> Result<Vec<f64>, EnsembleError> {
    let sum: f64 = weights.iter().sum();
    let fine = weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) && sum.is_finite() && sum > 0.0;
    match fine && weights.len() == members {
        true => Ok(weights.iter().map(|weight| weight / sum).collect()),
        false => Err(EnsembleError::Weights { weights: weights.to_vec(), members }),
    }
}

fn product(members: &Members, powers: &[f64]) -> Result<Combined, EnsembleError> {
    let (tables, classes) = (members.all_probabilities()?, members.classes());
    let mut probabilities = Vec::with_capacity(members.ids.len() * classes);
    for image in 0..members.ids.len() {
        let logs = |table: &&[f64]| -> Vec<f64> {
            let row = &table[image * classes..(image + 1) * classes];
            row.iter().map(|value| libm::log(value.max(FLOOR))).collect()
        };
        let logs: Vec<Vec<f64>> = tables.iter().map(logs).collect();
        probabilities.extend(pooled(logs.iter().map(Vec::as_slice), powers));
    }
    Ok(decided(probabilities, classes))
}

/// Probabilities in proportion to exp Σ power · logarithm.
pub(super) fn pooled<'a>(logs: impl Iterator<Item = &'a [f64]>, powers: &[f64]) -> Vec<f64> {
    let mut sums = Vec::new();
    for (row, power) in logs.zip(powers) {
        sums.resize(row.len(), 0.0);
        sums.iter_mut().zip(row).for_each(|(sum, log): (&mut f64, &f64)| *sum += power * log);
    }
    softmax(&mut sums);
    sums
}

fn decided(probabilities: Vec<f64>, classes: usize) -> Combined {
    let said = probabilities.chunks_exact(classes).map(largest).collect();
    Combined { said, probabilities, ties: 0 }
}

fn vote(members: &Members) -> Combined {
    let classes = members.classes();
    let tables: Vec<&[f64]> = members.probabilities.iter().flatten().map(Vec::as_slice).collect();
    let mut combined = Combined { said: Vec::new(), probabilities: Vec::new(), ties: 0 };
    for image in 0..members.ids.len() {
        let mut votes = vec![0u32; classes];
        members.said.iter().for_each(|said| votes[said[image]] += 1);
        let most = votes.iter().copied().max().unwrap_or(0);
        let tied: Vec<usize> = (0..classes).filter(|class| votes[*class] == most).collect();
        let given = |class: usize| tables.iter().map(|table| table[image * classes + class]).sum::<f64>();
        let given: Vec<f64> = tied.iter().map(|class| given(*class)).collect();
        combined.said.push(tied[largest(&given)]);
        combined.ties += u64::from(tied.len() > 1);
        let share = |votes: u32| f64::from(votes) / members.said.len() as f64;
        combined.probabilities.extend(votes.into_iter().map(share));
    }
    combined
}
