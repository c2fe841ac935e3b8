//! Weights between files and a network: by name into a `VarStore`, and out of one into the bytes of a safetensors file.
//!
//! Loading decides first and copies then: what fits by name and shape is listed, and when too little does, nothing was
//! touched and the error shows which names were probably meant. A head for another number of classes is left as it was
//! initialised, which is what fine-tuning wants. Numbers are converted to the variable's kind; between equal kinds every
//! bit is kept.

use crate::train::weights::{Array, Dtype, StateDict};
use std::collections::{BTreeMap, BTreeSet};
use tch::nn::VarStore;
use tch::{Device, Kind, TchError, Tensor, no_grad};

/// What torch counts in a batch normalisation and nothing here needs.
const COUNTER: &str = "num_batches_tracked";

/// How many pairs of names an error shows.
const HINTS: usize = 3;

/// An array whose shape is not that of the variable of its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misshaped {
    /// The name of both.
    pub name: String,
    /// Of the variable.
    pub expected: Vec<usize>,
    /// In the file.
    pub found: Vec<usize>,
}

/// What became of a state dict. All lists are sorted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Loaded {
    /// Variables that were filled.
    pub used: Vec<String>,
    /// Variables that the file has nothing for; they are as they were.
    pub missing: Vec<String>,
    /// Arrays of the file that no variable is named like.
    pub extra: Vec<String>,
    /// Variables of another shape, but for those of the head; they are as they were.
    pub misshaped: Vec<Misshaped>,
    /// The head's arrays of another shape, when it is for another number of classes; all of the head is as it was.
    pub head_replaced: Vec<Misshaped>,
}

/// Why weights cannot be put into a network, or taken out of it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Another network's weights.
    #[error("the weights are of another network: {fitting} of its {variables} variables below the head fit{hints}")]
    OtherNetwork {
        /// How many fit by name and shape.
        fitting: usize,
        /// How many there are.
        variables: usize,
        /// Names that look alike, or shapes that differ; begins with "; ", or empty.
        hints: String,
    },
    /// Two things of one name.
    #[error("'{name}' is the name of a variable of the network and of something else that is to be saved")]
    Twice {
        /// The name.
        name: String,
    },
    /// A tensor that cannot be saved.
    #[error("'{name}' is a tensor of {kind:?}, which cannot be saved")]
    Kind {
        /// Its name.
        name: String,
        /// Its kind.
        kind: Kind,
    },
    /// What torch itself says.
    #[error("torch: {0}")]
    Torch(#[from] TchError),
}

/// Puts the arrays of `dict` into the variables of `store` that are named like them, trained or not.
///
/// `head_prefixes` name the layers that classify, e.g. `fc` or `classifier`: when one of their arrays has another shape,
/// all under that prefix stays as it was. `num_batches_tracked` is passed over in silence.
///
/// # Errors
/// When nothing, or less than half of the variables below the head, fits; nothing was changed then. When torch fails.
pub fn load(store: &VarStore, dict: &StateDict, head_prefixes: &[&str]) -> Result<Loaded, LoadError> {
    let variables: BTreeMap<_, _> = store.variables().into_iter().collect();
    let is_counter = |name: &str| name == COUNTER || name.ends_with(".num_batches_tracked");
    let mut loaded = Loaded::default();
    for (name, variable) in &variables {
        let expected = shape(variable);
        match dict.arrays.get(name) {
            _ if is_counter(name) => {}
            None => loaded.missing.push(name.clone()),
            Some(array) if array.shape() == expected => loaded.used.push(name.clone()),
            Some(array) => {
                loaded.misshaped.push(Misshaped { name: name.clone(), expected, found: array.shape().to_vec() });
            }
        }
    }
    let others = dict.arrays.keys().filter(|name| !variables.contains_key(*name) && !is_counter(name));
    loaded.extra = others.cloned().collect();
    leave_out_head(&mut loaded, head_prefixes);

    let below = |name: &&String| head_of(name, head_prefixes).is_none();
    let all = variables.keys().filter(below).filter(|name| !is_counter(name)).count();
    let fitting = loaded.used.iter().filter(below).count();
    if fitting == 0 || fitting * 2 < all {
        return Err(LoadError::OtherNetwork { fitting, variables: all, hints: hints(&loaded) });
    }
    for name in &loaded.used {
        let (mut variable, array) = (variables[name].shallow_clone(), tensor(&dict.arrays[name])?);
        no_grad(|| variable.f_copy_(&array))?;
    }
    Ok(loaded)
}

/// The prefix that a name of the head begins with.
fn head_of<'a>(name: &str, prefixes: &[&'a str]) -> Option<&'a str> {
    let prefixes = prefixes.iter().map(|prefix| prefix.trim_end_matches('.'));
    prefixes
        .into_iter()
        .find(|prefix| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.') || rest.is_empty()))
}

/// Moves what is of a head for other classes out of what is used and misshaped.
fn leave_out_head(loaded: &mut Loaded, prefixes: &[&str]) {
    let misshaped = std::mem::take(&mut loaded.misshaped);
    let (head, others) = misshaped.into_iter().partition(|one| head_of(&one.name, prefixes).is_some());
    (loaded.head_replaced, loaded.misshaped) = (head, others);
    let replaced: BTreeSet<_> = loaded.head_replaced.iter().filter_map(|one| head_of(&one.name, prefixes)).collect();
    loaded.used.retain(|name| head_of(name, prefixes).is_none_or(|prefix| !replaced.contains(prefix)));
}

/// What probably went wrong: names alike, or shapes that differ.
fn hints(loaded: &Loaded) -> String {
    let mut hints = Vec::new();
    for name in loaded.missing.iter().take(HINTS) {
        let near = loaded.extra.iter().min_by_key(|extra| (strsim::damerau_levenshtein(name, extra), *extra));
        hints.extend(near.map(|near| format!("'{name}' is missing, and the file has '{near}'")));
    }
    for one in loaded.misshaped.iter().take(HINTS) {
        hints.push(format!("'{}' is {:?} and in the file {:?}", one.name, one.expected, one.found));
    }
    hints.truncate(HINTS);
    hints.iter().map(|hint| format!("; {hint}")).collect()
}

fn shape(tensor: &Tensor) -> Vec<usize> {
    tensor.size().into_iter().map(|extent| usize::try_from(extent).expect("BUG: a negative extent")).collect()
}

/// A tensor in memory of this array, of the same kind, shape and bits.
///
/// # Errors
/// When torch fails, e.g. for want of memory.
pub fn tensor(array: &Array) -> Result<Tensor, LoadError> {
    let kind = match array.dtype() {
        Dtype::Bool => Kind::Bool,
        Dtype::U8 => Kind::Uint8,
        Dtype::I8 => Kind::Int8,
        Dtype::I16 => Kind::Int16,
        Dtype::I32 => Kind::Int,
        Dtype::I64 => Kind::Int64,
        Dtype::F16 => Kind::Half,
        Dtype::Bf16 => Kind::BFloat16,
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
    };
    let size: Vec<_> = array.shape().iter().map(|&extent| extent as i64).collect();
    Ok(Tensor::f_from_data_size(array.bytes(), &size, kind)?)
}

/// The array of a tensor, wherever that is: same shape and bits. `name` is for the error.
///
/// # Errors
/// When its kind is not one of [`Dtype`] (complex, quantised), or torch fails.
pub fn array(name: &str, tensor: &Tensor) -> Result<Array, LoadError> {
    let dtype = match tensor.f_kind()? {
        Kind::Bool => Dtype::Bool,
        Kind::Uint8 => Dtype::U8,
        Kind::Int8 => Dtype::I8,
        Kind::Int16 => Dtype::I16,
        Kind::Int => Dtype::I32,
        Kind::Int64 => Dtype::I64,
        Kind::Half => Dtype::F16,
        Kind::BFloat16 => Dtype::Bf16,
        Kind::Float => Dtype::F32,
        Kind::Double => Dtype::F64,
        kind => return Err(LoadError::Kind { name: name.to_owned(), kind }),
    };
    let shape = shape(tensor);
    let numbers = shape.iter().product::<usize>();
    let mut bytes = vec![0; numbers * dtype.size()];
    if numbers > 0 {
        tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?.f_copy_data_u8(&mut bytes, numbers)?;
    }
    Ok(Array::new(dtype, shape, bytes).expect("BUG: as many bytes as the shape asks for"))
}

/// All variables of a network as a state dict, with more tensors (of an optimiser, averaged weights) and strings.
///
/// The bytes of a file are [`crate::train::weights::safetensors::write`] of it; reading them back and [`load`]ing gives
/// the same bits.
///
/// # Errors
/// When two things have one name, or a tensor is of a kind that cannot be saved.
pub fn save(
    store: &VarStore,
    extra: &[(String, Tensor)],
    metadata: BTreeMap<String, String>,
) -> Result<StateDict, LoadError> {
    let variables: BTreeMap<_, _> = store.variables().into_iter().collect();
    let mut arrays = BTreeMap::new();
    for (name, tensor) in variables.iter().chain(extra.iter().map(|(name, tensor)| (name, tensor))) {
        if arrays.insert(name.clone(), array(name, tensor)?).is_some() {
            return Err(LoadError::Twice { name: name.clone() });
        }
    }
    Ok(StateDict { arrays, metadata, ..StateDict::default() })
}

#[cfg(test)]
mod tests;
