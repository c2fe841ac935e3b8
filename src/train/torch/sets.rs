//! The samples of a run: what it trains on in each epoch, and what it is scored on.
//!
//! Where the backbone is frozen for the whole run and samples are the same in each epoch, all of them are features: the
//! backbone sees each image once. Otherwise they are images.

use super::features::{Backbone, FeaturesError};
use super::feed::Feed;
use super::session::Session;
use crate::dataset::{Dataset, DatasetError, Pinned, Split, Views};
use crate::set::SetRole;
use crate::train::config::{Config, PixelsFrom, Trained};
use crate::train::loader::{LoadError, Loader};
use std::path::Path;
use std::sync::Arc;
use tch::Device;

/// Batches that are decoded ahead of the one that is trained on.
const AHEAD: usize = 4;

/// Why a run has no samples.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum SetsError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Features(#[from] FeaturesError),
}

/// The datasets of a run, before anything is computed of them.
pub struct Samples {
    /// Training samples of epoch 0.
    pub train: Arc<Dataset>,
    /// Clean validation, where sources are held out.
    pub clean: Option<Arc<Dataset>>,
    /// Noisy validation, where the recipe has one.
    pub noisy: Option<Arc<Dataset>>,
}

impl Samples {
    /// The sets of a version, with this fold held out where it has folds.
    ///
    /// # Errors
    /// When there is nothing to train on, or pixels cannot be had as the configuration wants them.
    pub fn of(pinned: &Pinned, config: &Config, fold: Option<u32>) -> Result<Self, DatasetError> {
        let train = match config.data.pixels {
            PixelsFrom::Online => pinned.online(fold, 0, views(config))?,
            _ => pinned.split(Split::new(SetRole::Train, fold))?,
        };
        let sets = pinned.sets();
        let held_out = |role| {
            let split = Split::new(role, fold);
            sets.iter().any(|set| split.has(*set)).then(|| pinned.split(split).map(Arc::new)).transpose()
        };
        Ok(Self { train: Arc::new(train), clean: held_out(SetRole::Val)?, noisy: held_out(SetRole::NoisyVal)? })
    }
}

fn views(config: &Config) -> Views {
    config.data.views.map_or(Views::AsBuilt, Views::PerSource)
}

/// Where training samples come from.
enum Training<'a> {
    /// The same in each epoch.
    Same(Feed),
    /// Drawn anew.
    Online { pinned: &'a Pinned, fold: Option<u32>, views: Views },
}

/// The feeds of a run.
pub struct Sets<'a> {
    training: Training<'a>,
    loader: Arc<Loader>,
    input: crate::train::input::Input,
    device: Device,
    /// Clean validation.
    pub clean: Option<Feed>,
    /// Noisy validation.
    pub noisy: Option<Feed>,
    /// Whether feeds are features of the frozen backbone.
    pub features: bool,
}

impl<'a> Sets<'a> {
    /// Prepares the feeds of a session. `folder` is where features are kept; `progress` is told of a set's name how many
    /// samples the backbone has seen, and says whether to stop.
    ///
    /// # Errors
    /// When samples cannot be read, or features cannot be kept.
    pub fn new(
        samples: &Samples,
        (pinned, fold): (&'a Pinned, Option<u32>),
        session: &Session,
        folder: &Path,
        progress: &dyn Fn(&str, usize, usize) -> bool,
    ) -> Result<Self, SetsError> {
        let config = session.config();
        let (input, device) = (session.input().clone(), session.store().device());
        let loader = Arc::new(Loader::new(config.data.threads as usize, AHEAD)?);
        let online = config.data.pixels == PixelsFrom::Online;
        let features = config.model.train == Trained::Head && !online && session.network().can_cache_features();
        let images = |dataset: &Arc<Dataset>| Feed::images(dataset.clone(), loader.clone(), input.clone(), device);
        let (train, clean, noisy);
        if features {
            let of = (session.network(), config.model.architecture.as_str(), session.store());
            let backbone = Backbone::new(of, &input, loader.clone(), device, folder)?;
            let feed = |name: &str, dataset: &Arc<Dataset>| -> Result<Feed, SetsError> {
                let seen = backbone.features(dataset, &|done, all| progress(name, done, all))?;
                Ok(Feed::features(dataset.clone(), &seen, device))
            };
            train = feed("train", &samples.train)?;
            clean = samples.clean.as_ref().map(|set| feed("val", set)).transpose()?;
            noisy = samples.noisy.as_ref().map(|set| feed("noisy_val", set)).transpose()?;
        } else {
            train = images(&samples.train);
            (clean, noisy) = (samples.clean.as_ref().map(images), samples.noisy.as_ref().map(images));
        }
        let training = match online {
            true => Training::Online { pinned, fold, views: views(config) },
            false => Training::Same(train),
        };
        Ok(Self { training, loader, input, device, clean, noisy, features })
    }

    /// Runs with the training samples of an epoch, from 0.
    ///
    /// # Errors
    /// When they cannot be drawn.
    pub fn with_training<T>(&self, epoch: u32, run: impl FnOnce(&Feed) -> T) -> Result<T, SetsError> {
        match &self.training {
            Training::Same(feed) => Ok(run(feed)),
            Training::Online { pinned, fold, views } => {
                let dataset = Arc::new(pinned.online(*fold, epoch, *views)?);
                Ok(run(&Feed::images(dataset, self.loader.clone(), self.input.clone(), self.device)))
            }
        }
    }
}
