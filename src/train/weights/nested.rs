//! Which dict of a checkpoint is the state dict, and what its names begin with.
//!
//! A training script saves more than the network: `{"epoch": 9, "state_dict": {…}, "optimizer": {…}}`. The state dict is
//! the outermost dict that holds tensors itself, or else the first of [`KEYS`] that is there, or else the one dict that
//! holds tensors. Wrappers prepend to every name (`module.` by `DataParallel`, `_orig_mod.` by `torch.compile`); what all
//! names have is taken off.

use super::Part;
use super::StateDict;
use super::checkpoint::CheckpointError;
use super::pickle::{Heap, Value};

/// Under what training scripts keep a network's state dict, in the order in which they are looked for: averaged weights
/// first, as timm's own loading does.
pub const KEYS: [&str; 9] = [
    "state_dict_ema",
    "model_ema",
    "ema_state_dict",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
];

/// What wrappers prepend to the names.
pub const PREFIXES: [&str; 3] = ["module.", "_orig_mod.", "model."];

/// The keys and values of a dict, in the order in which they were put in.
type Entries<'a> = &'a [(Value, Value)];

/// The state dict within a checkpoint: its entries, and the key that it was found under.
pub(super) fn find<'a>(
    heap: &'a Heap,
    top: Value,
    part: Part,
) -> Result<(Entries<'a>, Option<String>), CheckpointError> {
    let Value::Dict(place) = top else { return Err(CheckpointError::NoDict) };
    let entries = heap.dicts[place].as_slice();
    let under = |wanted: &str| {
        let found = entries.iter().rev().find(|(key, _)| heap.text(*key) == Some(wanted));
        found.and_then(|&(_, value)| tensors(heap, value))
    };
    let keys = || entries.iter().filter_map(|&(key, _)| heap.text(key)).take(20).collect::<Vec<_>>().join(", ");
    match part {
        Part::Under(key) => match under(key) {
            Some(entries) => Ok((entries, Some(key.to_owned()))),
            None => Err(CheckpointError::NotUnder { key: key.to_owned(), keys: keys() }),
        },
        Part::Best if tensors(heap, top).is_some() => Ok((entries, None)),
        Part::Best => {
            let known = KEYS.iter().find_map(|&key| under(key).map(|entries| (entries, Some(key.to_owned()))));
            let all = || entries.iter().filter_map(|&(key, value)| Some((tensors(heap, value)?, heap.text(key)?)));
            let only = || match (all().next(), all().nth(1)) {
                (Some((entries, key)), None) => Some((entries, Some(key.to_owned()))),
                _ => None,
            };
            known.or_else(only).ok_or_else(|| CheckpointError::NoTensors { keys: keys() })
        }
    }
}

/// The entries of a dict that holds tensors.
fn tensors(heap: &Heap, value: Value) -> Option<Entries<'_>> {
    let Value::Dict(place) = value else { return None };
    let entries = heap.dicts[place].as_slice();
    entries.iter().any(|(_, value)| matches!(value, Value::Tensor(_))).then_some(entries)
}

/// Takes off what all names begin with, of [`PREFIXES`], as often as there is something.
pub(super) fn strip(mut dict: StateDict) -> StateDict {
    let shared = |dict: &StateDict| {
        let fits = |prefix: &str| {
            dict.arrays.keys().all(|name| name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
        };
        PREFIXES.into_iter().find(|prefix| !dict.arrays.is_empty() && fits(prefix))
    };
    while let Some(prefix) = shared(&dict) {
        dict.arrays = dict.arrays.into_iter().map(|(name, array)| (name[prefix.len()..].to_owned(), array)).collect();
        dict.stripped += prefix;
    }
    dict
}
