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
    #[error("stopped while features were computed; what the backbone has seen is kept")]
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
    /// how many samples are done, and says whether to stop; what is done by then is kept for the next time.
    ///
    /// # Errors
    /// When a sample cannot be read, the file cannot be written, or the user wants to stop.
    pub fn features(
        &self,
        dataset: &Arc<Dataset>,
        progress: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Tensor, FeaturesError> {
        let name = self.name(dataset)?;
        let [path, begun] = ["", ".begun"].map(|what| self.folder.join(format!("{name}{what}.safetensors")));
        let all = dataset.len();
        if let Some(known) = kept(&path).filter(|known| rows(known) == all) {
            return Ok(known);
        }
        let whole = |seen: &Tensor| rows(seen) < all && rows(seen).is_multiple_of(self.batch);
        let mut parts: Vec<Tensor> = kept(&begun).filter(whole).into_iter().collect();
        let mut done = parts.iter().map(rows).sum();
        let feed = Feed::images(dataset.clone(), self.loader.clone(), self.input.clone(), self.device);
        let _guard = tch::no_grad_guard();
        for fed in feed.pass(Course { skip: done / self.batch, ..Course::listed(self.batch) })? {
            let fed = fed?;
            done += fed.indices.len();
            parts.push(
                self.network
                    .features(&fed.x, false)
                    .expect("BUG: features of a network that has none")
                    .to_device(Device::Cpu)
                    .to_kind(Kind::Float),
            );
            if progress(done, all) && done < all {
                self.keep(&begun, &Tensor::cat(&parts, 0))?;
                return Err(FeaturesError::Stopped);
            }
        }
        let features = Tensor::cat(&parts, 0);
        self.keep(&path, &features)?;
        fs::remove(&begun)?;
        Ok(features)
    }

    fn keep(&self, path: &Path, features: &Tensor) -> Result<(), FeaturesError> {
        let dict = StateDict { arrays: [(NAME.to_owned(), array(NAME, features)?)].into(), ..StateDict::default() };
        fs::create_folder(&self.folder)?;
        fs::write(path, &safetensors::write(&dict), Existing::Replace)?;
        Ok(())
    }

    /// A hash of the backbone and of all that decides the dataset's pixels.
    fn name(&self, dataset: &Dataset) -> Result<String, FeaturesError> {
        let mut hasher = Hasher::new("augmint features 1").digest(&self.key).number(dataset.len() as u64);
        for index in 0..dataset.len() {
            hasher = hasher.text(&dataset.id(index));
        }
        // A key does not name what else decided the pixels.
        if let Some(identity) = dataset.identity() {
            return Ok(hasher.digest(&identity).finish().hex());
        }
        let mut bytes = Vec::new();
        for index in 0..dataset.len() {
            dataset.bytes(index, &mut bytes).map_err(LoadError::from)?;
            hasher = hasher.bytes(&bytes);
        }
        Ok(hasher.finish().hex())
    }
}

/// A file that cannot be read is one that is not there.
fn kept(path: &Path) -> Option<Tensor> {
    let dict = weights::read(path, Part::Best).ok()?;
    tensor(dict.arrays.get(NAME)?).ok()
}

fn rows(features: &Tensor) -> usize {
    features.size().first().map_or(0, |rows| *rows as usize)
}

#[cfg(test)]
mod tests {
    use super::super::models::{Architecture, Options};
    use super::*;
    use crate::dataset::Backing;
    use crate::dataset::testing::{HOLDOUT, House};
    use crate::pixels::Size;
    use crate::shard::Pixels;
    use crate::train::input::{Fit, IMAGENET_MEAN, IMAGENET_STD, Interpolation};
    use std::cell::RefCell;

    #[test]
    fn what_the_backbone_has_seen_when_it_is_stopped_is_kept() {
        tch::set_num_threads(1);
        let house = House::new();
        let version = house.build(HOLDOUT, Pixels::Keep, "v1");
        let dataset = Arc::new(house.split(&version, Backing::Stored, "train"));
        let store = VarStore::new(Device::Cpu);
        let architecture: Architecture = "resnet18".parse().unwrap();
        let network = architecture.build(&store, 3, &Options::default()).unwrap();
        let fit = Fit::Squash;
        let input = Input::new(Size::new(32, 32), fit, IMAGENET_MEAN, IMAGENET_STD, Interpolation::Bilinear).unwrap();
        let loader = Arc::new(Loader::new(1, 2).unwrap());
        let folder = house.path("features");
        let of = (&network, "resnet18", &store);
        let backbone = Backbone::new(of, &input, loader, Device::Cpu, &folder).unwrap();
        let all = dataset.len();
        let seen = RefCell::new(Vec::new());
        let features = |stop: usize| {
            backbone.features(&dataset, &|done, _| {
                seen.borrow_mut().push(done);
                done >= stop
            })
        };
        assert!(matches!(features(16), Err(FeaturesError::Stopped)));
        // A stop after the last batch stops nothing.
        let resumed = features(all).unwrap();
        assert_eq!(*seen.borrow(), (1..=all.div_ceil(8)).map(|batch| all.min(8 * batch)).collect::<Vec<_>>());
        assert_eq!(fs::names(&folder).unwrap().len(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(resumed.equal(&features(usize::MAX).unwrap()));
        let before = seen.borrow().len();
        assert!(resumed.equal(&features(0).unwrap()));
        assert_eq!(seen.borrow().len(), before);
    }
}
