//! Memory that goes round: batches come back when they are dropped, and each thread's scratch waits for the next sample.

use crate::train::input::Scratch;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Samples as a model takes them. Its memory is used again once it is dropped.
pub struct Batch {
    /// `[n · views, 3, height, width]` f32, normalised; the views of a sample side by side.
    pub pixels: Vec<f32>,
    /// `[n, classes]` f32, each row summing to 1; zeros where nothing is known.
    pub labels: Vec<f32>,
    /// Which samples of the dataset, n.
    pub indices: Vec<usize>,
    home: Arc<Shelf>,
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch({} samples)", self.indices.len())
    }
}

/// What lies ready.
#[derive(Default)]
pub(super) struct Shelf {
    batches: Mutex<Vec<[Vec<f32>; 2]>>,
    scratch: Mutex<Vec<Scratch>>,
}

/// A lock that survives a panic of another thread: what it guards is valid at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Batches that are kept when nobody uses them.
const KEPT: usize = 8;

impl Shelf {
    /// A batch for these samples, with any content: so many numbers of pixels and of labels each.
    pub fn take(self: &Arc<Self>, samples: &[u32], [pixels, labels]: [usize; 2]) -> Batch {
        let [mut kept_pixels, mut kept_labels] = lock(&self.batches).pop().unwrap_or_default();
        kept_pixels.resize(samples.len() * pixels, 0.0);
        kept_labels.resize(samples.len() * labels, 0.0);
        let indices = samples.iter().map(|sample| *sample as usize).collect();
        Batch { pixels: kept_pixels, labels: kept_labels, indices, home: Arc::clone(self) }
    }

    /// Runs with memory that a sample before has used, of no other thread.
    pub fn with_scratch<T>(&self, run: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = lock(&self.scratch).pop().unwrap_or_default();
        let result = run(&mut scratch);
        lock(&self.scratch).push(scratch);
        result
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let mut batches = lock(&self.home.batches);
        if batches.len() < KEPT {
            batches.push([std::mem::take(&mut self.pixels), std::mem::take(&mut self.labels)]);
        }
    }
}
