//! The run folder: what a training run leaves behind, and what others read of it.
//!
//! ```text
//! runs/docs17-001/
//!   run.json            version, digests, git, seeds, model, classes; at the end its status and outcome
//!   config.toml         the resolved config
//!   epochs.jsonl, .csv  a line for each epoch
//!   checkpoints/        step-00000512.safetensors, …; never overwritten
//!   best.safetensors    a link to the best of them
//!   last.safetensors    a link to the newest of them
//!   val.csv             probabilities of each clean validation sample at the best epoch
//!   noisy_val.csv       and of each noisy one; for `augmint errors`
//!   curves.svg, .png    loss, macro F1 and learning rate over epochs
//!   confusion.svg, .png the confusion matrix of the best epoch
//!   summary.html        all of it on one page
//!   scores.jsonl        leaderboard scores that `augmint score` recorded
//!   track.jsonl         what a tracker is to be told ([`super::track`])
//!   run.lock            held while the run goes on
//! ```
//!
//! Every file but the logs appears whole, by one rename, so that a killed run leaves a folder that can be read and
//! resumed. Nothing here knows torch, a clock or the environment: times and machine facts are passed in.

mod checkpoints;
mod curves;
mod epochs;
mod error;
mod folder;
mod info;
mod list;
pub(in crate::train) mod lock;
mod predictions;
mod read;
mod scores;
mod summary;

pub use checkpoints::{Kept, best as best_checkpoint, last as last_checkpoint};
pub use epochs::{EpochRecord, Score};
pub use error::RunError;
pub use folder::RunFolder;
pub use info::{Best, ClassInfo, Fold, Git, Outcome, RunInfo, Status, VersionInfo};
pub use list::{FEWEST_SCORED, Group, Listed, groups};
pub use read::{Run, State, run_paths, runs};
pub use scores::{RecordedScore, record_score, scores};
pub use summary::{Summary, Wrong, summary, write_summary};

/// A shorthand.
pub type Result<T> = std::result::Result<T, RunError>;

#[cfg(test)]
pub(crate) mod testing;
