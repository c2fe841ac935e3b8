//! One pass over a dataset: in which order, in what batches, from where on.

use crate::digest::Hasher;
use crate::seed::Rng;
use crate::train::input::View;

/// In which order samples come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The dataset's own.
    Listed,
    /// A permutation of all samples that depends on nothing but their number and these two.
    Shuffled {
        /// The run's.
        seed: u64,
        /// From 0.
        epoch: u32,
    },
}

impl Order {
    /// The indices of `count` samples in this order.
    ///
    /// # Panics
    /// When there are more than can be numbered by a `u32`.
    pub fn indices(self, count: usize) -> Vec<u32> {
        let count = u32::try_from(count).expect("BUG: more samples than any version has");
        let mut indices: Vec<u32> = (0..count).collect();
        if let Self::Shuffled { seed, epoch } = self {
            let key = Hasher::new("augmint order 1").number(seed).number(epoch.into()).finish();
            let mut rng = Rng::from_digest(&key);
            // Fisher and Yates, as Durstenfeld (1964) has it.
            for last in (1..indices.len()).rev() {
                indices.swap(last, rng.below(last as u64 + 1) as usize);
            }
        }
        indices
    }
}

/// What becomes of samples that do not fill a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Last {
    /// They are a smaller batch.
    Keep,
    /// They are left out of this pass, unless there are fewer samples than a batch holds.
    Drop,
}

/// A pass.
#[derive(Clone, PartialEq, Debug)]
pub struct Course {
    /// In which order.
    pub order: Order,
    /// Samples of a batch, at least 1.
    pub batch: usize,
    /// Batches that are passed over: where a run that was stopped goes on.
    pub skip: usize,
    /// What becomes of the rest.
    pub last: Last,
    /// What is seen of each sample, at least one; a batch has the views of a sample side by side.
    pub views: Vec<View>,
}

impl Course {
    /// All samples as they are listed; for validation and test.
    pub fn listed(batch: usize) -> Self {
        Self { order: Order::Listed, batch, skip: 0, last: Last::Keep, views: vec![View::SAME] }
    }

    /// All samples in the order of an epoch; for training.
    pub fn shuffled(batch: usize, seed: u64, epoch: u32) -> Self {
        Self { order: Order::Shuffled { seed, epoch }, ..Self::listed(batch) }
    }

    /// How many batches `samples` samples make.
    pub fn batches(&self, samples: usize) -> usize {
        match self.last {
            Last::Keep => samples.div_ceil(self.batch),
            Last::Drop => (samples / self.batch).max(usize::from(samples > 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_permutations_and_pinned() {
        let order = |seed, epoch, count| Order::Shuffled { seed, epoch }.indices(count);
        assert_eq!(Order::Listed.indices(4), [0, 1, 2, 3]);
        let (first, second) = (order(17, 0, 1000), order(17, 1, 1000));
        assert_ne!(first, second);
        assert_ne!(first, order(18, 0, 1000));
        assert_eq!(first, order(17, 0, 1000));
        for mut order in [first, second] {
            order.sort_unstable();
            assert!(order.iter().copied().eq(0..1000));
        }
        assert_eq!(order(17, 3, 0), [0; 0]);
        // A change of these numbers would make every run that is stopped go on with other batches.
        assert_eq!(order(17, 3, 10), PINNED);
    }

    const PINNED: [u32; 10] = [4, 8, 5, 7, 9, 6, 3, 0, 2, 1];

    #[test]
    fn each_place_is_as_likely_for_each_sample() {
        let mut counts = [[0; 5]; 5];
        for epoch in 0..5000 {
            let order = Order::Shuffled { seed: 1, epoch };
            for (place, index) in order.indices(5).into_iter().enumerate() {
                counts[index as usize][place] += 1;
            }
        }
        // 1000 expected, standard deviation 28.
        assert!(counts.iter().flatten().all(|count| (880..1120).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_rest_is_a_batch_or_left_out() {
        let course = |last| Course { last, ..Course::listed(4) };
        let batches = |last| [0, 1, 3, 4, 5, 8, 9].map(|samples| course(last).batches(samples));
        assert_eq!(batches(Last::Keep), [0, 1, 1, 1, 2, 2, 3]);
        assert_eq!(batches(Last::Drop), [0, 1, 1, 1, 1, 2, 2]);
    }
}
