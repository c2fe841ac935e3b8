//! Everything that names tch: the networks, losses and optimisers as tensors, and the loop that trains.
//!
//! [`start::train`] goes from a configuration to a finished run: `session` is what is in memory, `sets` what it is fed, `run` the
//! loop, `checkpoint` what is kept, `finish` what is left behind. [`asked`] and [`evaluation`] let a trained network answer,
//! [`probe`] and [`logistic`] judge a recipe without training one.

pub mod amp;
pub mod asked;
pub mod checkpoint;
pub mod device;
pub mod ema;
pub mod evaluation;
pub mod features;
pub mod feed;
pub mod finish;
pub mod folds;
pub mod load;
pub mod logistic;
pub mod loss;
pub mod models;
pub mod optim;
mod pretrained;
pub mod probe;
mod process;
pub mod run;
pub mod said;
pub mod session;
pub mod sets;
pub mod start;
pub mod variables;
