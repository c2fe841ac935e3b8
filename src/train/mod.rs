//! Training a network on a version that is pinned by its digest.
//!
//! Everything but the tensors is here and always compiled: the run's configuration (`config`), how an image becomes input
//! (`input`) and batches (`loader`), losses, optimisers and schedules as they are written down, reading of weights
//! (`weights`), the run folder (`run`) and trackers (`track`). What names tch, and so needs libtorch, is `torch`, behind the
//! feature of that name.

pub mod accumulation;
pub mod average;
pub mod config;
pub mod input;
pub mod loader;
pub mod loss;
pub mod mass;
pub mod optimizer;
pub mod parameter;
pub mod precision;
pub mod run;
pub mod schedule;
#[cfg(feature = "torch")]
pub mod torch;
pub mod track;
pub mod weights;
