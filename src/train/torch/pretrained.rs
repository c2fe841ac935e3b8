//! The weights that a run begins with: where they are, whose they are, and what became of them.

use super::checkpoint;
use super::load::Loaded;
use super::start::StartError;
use crate::train::config::Config;
use crate::train::input::{IMAGENET_MEAN, IMAGENET_STD};
use crate::train::weights::{self, StateDict, catalogue, fetch};
use std::path::{Path, PathBuf};

/// The weights that a configuration names: a file, or what `augmint weights` fetched.
pub(super) fn weights_of(config: &Config, cache: &Path) -> Result<Option<StateDict>, StartError> {
    let Some(name) = &config.model.weights else { return Ok(None) };
    let path = match catalogue::find(name) {
        Some(published) => fetch::path_in(cache, published),
        None => PathBuf::from(name),
    };
    if !path.exists() {
        return Err(StartError::NoWeights { name: name.clone(), cache: cache.to_owned() });
    }
    let dict = checkpoint::starting_point(&path).map_err(StartError::Weights)?;
    let ours = &config.model.architecture;
    // `efficientnet_lite0` has the same names and shapes as `tf_efficientnet_lite0`, so nothing else would notice.
    match dict.metadata.get(weights::ARCHITECTURE).filter(|theirs| *theirs != ours) {
        Some(theirs) => {
            let (weights, theirs, ours) = (name.clone(), theirs.clone(), ours.clone());
            Err(StartError::OtherArchitecture { weights, theirs, ours })
        }
        None => Ok(Some(dict)),
    }
}

/// Mean and deviation that weights were trained with, where their file says so; else ImageNet's.
pub(super) fn channels(dict: &StateDict) -> ([f32; 3], [f32; 3]) {
    let read = |name: &str| serde_json::from_str(dict.metadata.get(name)?).ok();
    (read(weights::MEAN).unwrap_or(IMAGENET_MEAN), read(weights::STD).unwrap_or(IMAGENET_STD))
}

/// What became of the weights, for people.
pub(super) fn describe(name: &str, loaded: &Loaded) -> String {
    let Loaded { used, missing, extra, misshaped, head_replaced } = loaded;
    let mut text = format!("{name}: {} tensors taken", used.len());
    if !head_replaced.is_empty() {
        text += ", the head made anew for these classes";
    }
    let listed = |what: &str, names: Vec<String>| match names.len() {
        0 => String::new(),
        count => format!("\n  {count} {what}: {}", names.join(", ")),
    };
    let shapes = misshaped.iter().map(|one| format!("{} {:?} instead of {:?}", one.name, one.found, one.expected));
    text += &listed("missing in the file, left as they began", missing.clone());
    text += &listed("in the file that the network does not have", extra.clone());
    text + &listed("of another shape, left as they began", shapes.collect())
}
