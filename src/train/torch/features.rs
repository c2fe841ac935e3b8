//! What a frozen backbone says of a dataset: computed once, kept in the store, and then all that training a head needs.
//!
//! A CPU user gets a good model in minutes this way: the backbone sees each image once instead of once in each epoch. The file
//! is a cache like the store's shards: its name is a hash of all that decides its numbers, and deleting it loses nothing.

use super::feed::Feed;
use super::load::{LoadError as TensorError, array, tensor};
use super::models::{Network, is_under};
use super::variables::variables;
use crate::dataset::Dataset;
use crate::digest::{Digest, Hasher};
use crate::fs::{self, Existing, FsError};
use crate::train::input::Input;
use crate::train::loader::{Course, LoadError, Loader};
use crate::train::weights::{self, Part, StateDict, safetensors};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// The tensor's name in the file.
const NAME: &str = "features";

/// Images at a time: more do not fit into a cache, and take twice as long on a CPU.
const BATCH: usize = 8;

/// Why there are no features.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum FeaturesError {
    /// A sample.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Load(#[from] LoadError),
    /// The file.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A tensor that cannot be kept.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The user wants to stop.
    #[error("stopped while features were computed; what the backbone has not seen is seen again next time")]
    Stopped,
}

/// What computes features, and where they are kept.
pub struct Backbone<'a> {
    network: &'a Network,
    /// Names the network, its weights, and the arithmetic.
    key: Digest,
    /// What images become.
    input: &'a Input,
    loader: Arc<Loader>,
    device: Device,
    folder: PathBuf,
    /// Images at a time.
    batch: usize,
}

impl<'a> Backbone<'a> {
    /// The backbone of a network as its weights are now; files are kept in `folder`.
    ///
    /// # Errors
    /// When a weight is of a kind that cannot be hashed.
    pub fn new(
        (network, architecture, weights): (&'a Network, &str, &VarStore),
        input: &'a Input,
        loader: Arc<Loader>,
        device: Device,
        folder: &Path,
    ) -> Result<Self, FeaturesError> {
        let threads = tch::get_num_threads();
        let hasher = Hasher::new("augmint backbone 1").text(architecture).text(&format!("{device:?}"));
        let input_text = serde_json::to_string(input).expect("BUG: an input that is no JSON");
        let mut hasher = hasher.number(threads as u64).text(&input_text);
        // The head is what is trained on them; it has no part in them.
        let head = network.head();
        let below = |name: &str| !head.iter().any(|prefix| is_under(name, prefix));
        for variable in variables(weights).into_iter().filter(|one| below(&one.name)) {
            hasher = hasher.text(&variable.name).bytes(array(&variable.name, &variable.tensor)?.bytes());
        }
        Ok(Self { network, key: hasher.finish(), input, loader, device, folder: folder.to_owned(), batch: BATCH })
    }

    /// Features `[n, d]` f32 of a dataset, in its order: from the store, or computed now and kept there. `progress` is told
    /// how many samples are done, and says whether to stop.
    ///
    /// # Errors
    /// When a sample cannot be read, the file cannot be written, or the user wants to stop.
    pub fn features(
        &self,
        dataset: &Arc<Dataset>,
        progress: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Tensor, FeaturesError> {
        let path = self.path(dataset);
        if let Some(known) = self.kept(&path, dataset.len()) {
            return Ok(known);
        }
        let feed = Feed::images(dataset.clone(), self.loader.clone(), self.input.clone(), self.device);
        let mut parts = Vec::new();
        let mut done = 0;
        let _guard = tch::no_grad_guard();
        for fed in feed.pass(Course::listed(self.batch))? {
            let fed = fed?;
            done += fed.indices.len();
            parts.push(
                self.network
                    .features(&fed.x, false)
                    .expect("BUG: features of a network that has none")
                    .to_device(Device::Cpu)
                    .to_kind(Kind::Float),
            );
            if progress(done, dataset.len()) {
                return Err(FeaturesError::Stopped);
            }
        }
        let features = Tensor::cat(&parts, 0);
        let dict = StateDict { arrays: [(NAME.to_owned(), array(NAME, &features)?)].into(), ..StateDict::default() };
        fs::create_folder(&self.folder)?;
        fs::write(&path, &safetensors::write(&dict), Existing::Replace)?;
        Ok(features)
    }

    fn path(&self, dataset: &Dataset) -> PathBuf {
        let mut hasher = Hasher::new("augmint features 1").digest(&self.key).number(dataset.len() as u64);
        for index in 0..dataset.len() {
            hasher = hasher.text(&dataset.id(index));
        }
        // A key does not name what else decided the pixels; the version does. Files have neither, and are read by their bytes.
        hasher = match dataset.digest() {
            Some(digest) => hasher.digest(&digest),
            None => hasher.text(dataset.name()),
        };
        self.folder.join(format!("{}.safetensors", hasher.finish().hex()))
    }

    /// A file that cannot be read is one that is not there.
    fn kept(&self, path: &Path, samples: usize) -> Option<Tensor> {
        let dict = weights::read(path, Part::Best).ok()?;
        let features = tensor(dict.arrays.get(NAME)?).ok()?;
        (features.size().first() == Some(&(samples as i64))).then_some(features)
    }
}
