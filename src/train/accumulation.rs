//! Gradient accumulation: one optimiser step from the gradients of several batches.

use std::num::NonZeroU64;

/// How many batches make an optimiser step.
///
/// The loss of each batch is scaled by 1 / k with k the batches that its step really has, so that the gradient is the mean
/// over them; where the batches of an epoch do not divide evenly, its last step has fewer, and they are scaled by that
/// number. No step reaches over the end of an epoch. (A last batch of fewer samples counts as much as the others, as it
/// does in torch.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accumulation(NonZeroU64);

impl Accumulation {
    /// So many batches for each step; 1 is none.
    pub fn of(batches: NonZeroU64) -> Self {
        Self(batches)
    }

    /// Optimiser steps of an epoch of so many batches.
    pub fn steps(&self, batches: u64) -> u64 {
        batches.div_ceil(self.0.get())
    }

    /// What the loss of batch `batch` (from 0) of `batches` is multiplied by.
    ///
    /// # Panics
    /// When there is no such batch.
    pub fn scale(&self, batch: u64, batches: u64) -> f64 {
        assert!(batch < batches, "BUG: a batch beyond its epoch");
        let first = batch / self.0 * self.0.get();
        1.0 / self.0.get().min(batches - first) as f64
    }

    /// Whether the optimiser steps after this batch.
    pub fn steps_after(&self, batch: u64, batches: u64) -> bool {
        (batch + 1) % self.0 == 0 || batch + 1 == batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_step_of_an_epoch_is_scaled_by_the_batches_it_has() {
        let four = Accumulation::of(NonZeroU64::new(4).unwrap());
        let scales: Vec<f64> = (0..10).map(|batch| four.scale(batch, 10)).collect();
        assert_eq!(scales, [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.5, 0.5]);
        let steps: Vec<u64> = (0..10).filter(|batch| four.steps_after(*batch, 10)).collect();
        assert_eq!((steps, four.steps(10)), (vec![3, 7, 9], 3));
    }

    proptest! {
        #[test]
        fn every_step_is_a_mean(every in 1..9u64, batches in 0..50u64) {
            let accumulation = Accumulation::of(NonZeroU64::new(every).unwrap());
            let (mut sum, mut steps) = (0.0, 0);
            for batch in 0..batches {
                sum += accumulation.scale(batch, batches);
                if accumulation.steps_after(batch, batches) {
                    prop_assert!((sum - 1.0).abs() < 1e-12);
                    (sum, steps) = (0.0, steps + 1);
                }
            }
            prop_assert_eq!((sum, steps), (0.0, accumulation.steps(batches)));
        }
    }
}
