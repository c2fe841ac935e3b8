//! A trained network that answers: for evaluation, for submissions, with views of each image at test time.

use super::checkpoint::{self, CheckpointError, Facts};
use super::feed::Feed;
use super::models::Network;
use super::said::{Said, said};
use super::session::{SessionError, answering};
use crate::dataset::Dataset;
use crate::train::input::{Dihedral, View};
use crate::train::loader::{LoadError, Loader};
use crate::train::run;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tch::Device;
use tch::nn::VarStore;

/// Why a network cannot be asked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum AskError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] run::RunError),
}

/// Views of an image whose probabilities are averaged (test-time augmentation).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tta {
    /// The image as it is.
    #[default]
    None,
    /// The image and its mirror image.
    Mirror,
    /// All eight flips and quarter turns.
    Dihedral,
    /// As it is, nearer and farther: scales 0.85, 1 and 1.15.
    Scales,
    /// All eight at all three scales.
    All,
}

impl std::fmt::Display for Tta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = clap::ValueEnum::to_possible_value(self).expect("BUG: a policy without a name");
        f.write_str(value.get_name())
    }
}

impl Tta {
    /// The views, the plain one among them.
    pub fn views(self) -> Vec<View> {
        let (turns, scales): (&[Dihedral], &[f64]) = match self {
            Self::None => (&[Dihedral::Same], &[1.0]),
            Self::Mirror => (&[Dihedral::Same, Dihedral::Mirror], &[1.0]),
            Self::Dihedral => (&Dihedral::ALL, &[1.0]),
            Self::Scales => (&[Dihedral::Same], &[0.85, 1.0, 1.15]),
            Self::All => (&Dihedral::ALL, &[0.85, 1.0, 1.15]),
        };
        View::all(turns, scales).expect("BUG: scales out of range")
    }
}

/// A network that answers.
pub struct Asked {
    /// What its checkpoint says.
    pub facts: Facts,
    /// The checkpoint.
    pub path: PathBuf,
    network: Network,
    store: VarStore,
    loader: Arc<Loader>,
}

impl Asked {
    /// Opens a run's best checkpoint, or a checkpoint. `threads` decode.
    ///
    /// # Errors
    /// When it cannot be read, or is of another network than it says.
    pub fn open(path: &Path, device: Device, threads: usize) -> Result<Self, AskError> {
        let path = if path.is_dir() { run::best_checkpoint(path)? } else { path.to_owned() };
        let checkpoint = checkpoint::read(&path)?;
        super::process::prepare(checkpoint.facts.config.threads);
        let (network, store) = answering(&checkpoint, device)?;
        let loader = Arc::new(Loader::new(threads, 4)?);
        Ok(Self { facts: checkpoint.facts, path, network, store, loader })
    }

    /// What it says of a dataset, the mean over views.
    ///
    /// # Errors
    /// When a sample cannot be read.
    pub fn said(&self, dataset: &Arc<Dataset>, tta: Tta) -> Result<Said, LoadError> {
        let feed = Feed::images(dataset.clone(), self.loader.clone(), self.facts.input.clone(), self.store.device());
        let views = tta.views();
        said(&self.network, &feed, (64 / views.len()).max(1), &views)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_has_the_plain_view() {
        for (tta, count) in [(Tta::None, 1), (Tta::Mirror, 2), (Tta::Dihedral, 8), (Tta::Scales, 3), (Tta::All, 24)] {
            let views = tta.views();
            assert_eq!(views.len(), count);
            assert!(views.contains(&View::SAME));
        }
    }
}
