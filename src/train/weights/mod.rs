//! Weights in files: what a network's arrays are called, what they are, and how they are read with no torch at all.
//!
//! A [`StateDict`] is a sorted map from a name (`layer1.0.conv1.weight`) to an [`Array`] of bytes, and strings about it.
//! [`read`] takes it from a `.safetensors` file or from what Python's `torch.save` wrote (`.pth`, `.pt`, `.bin`; the zip
//! format of torch 1.6 and later, and the legacy one before it), by what the file holds and never by its ending. A Python
//! file is a program for the pickle machine: the interpreter here (`pickle.rs`) knows the dozen names that state dicts
//! use, runs nothing, and refuses every other name with what to do. Any bytes give a `StateDict` or an error: lengths are
//! checked against the file before anything is allocated. Nothing here writes a file: [`safetensors::write`] gives bytes.

pub mod catalogue;
pub mod fetch;
pub mod lite;
pub mod lukemelas;
pub mod nested;
pub mod safetensors;

mod array;
mod checkpoint;
mod gather;
mod globals;
mod legacy;
mod pickle;
mod zipped;

pub use array::{Array, ArrayError, Dtype};
pub use checkpoint::CheckpointError;

use crate::fs::{self, FsError};
use ::safetensors::SafeTensorError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The string in [`StateDict::metadata`] that says which network the weights are of, as timm calls it.
pub const ARCHITECTURE: &str = "timm_architecture";
/// The string with the mean that was subtracted from images, a JSON list of three numbers of channels from 0 to 1.
pub const MEAN: &str = "mean";
/// The string with what they were then divided by.
pub const STD: &str = "std";

/// The named arrays of a network, and strings about them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StateDict {
    /// Arrays by name, as torch's `state_dict()` calls them.
    pub arrays: BTreeMap<String, Array>,
    /// Strings about them; the `__metadata__` of a safetensors file, empty for a Python file.
    pub metadata: BTreeMap<String, String>,
    /// The key of the checkpoint that they were found under, e.g. `state_dict`; `None` when the file held nothing else.
    pub found_under: Option<String>,
    /// What stood before every name and was taken off, e.g. `module.`; empty for most.
    pub stripped: String,
    /// Entries beside the arrays that are none, e.g. a number or a string; left out, sorted.
    pub left_out: Vec<String>,
}

impl StateDict {
    /// The bytes of all arrays.
    pub fn byte_size(&self) -> usize {
        self.arrays.values().map(|array| array.bytes().len()).sum()
    }
}

/// A file of weights that cannot be read: which, and why.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file itself.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// What is in it.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; all of it is in the message.
        problem: ContentError,
    },
}

/// Bytes that are no weights.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// Not one of the formats.
    #[error(
        "neither a safetensors file nor one that torch.save wrote (it begins with {start}); if it was downloaded, look \
         whether it is an error page or a Git LFS pointer"
    )]
    Unknown {
        /// The first bytes, printable.
        start: String,
    },
    /// A safetensors file that breaks its rules.
    #[error("a broken safetensors file: {0}")]
    Safetensors(#[from] SafeTensorError),
    /// A safetensors file with a kind of number that is not read.
    #[error("'{name}' holds {dtype}, which is not read; convert it to F32, F16 or BF16 first")]
    Dtype {
        /// Which array.
        name: String,
        /// As the file calls it.
        dtype: String,
    },
    /// A Python file that is broken, or more than a state dict.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Which part of a checkpoint is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Part<'a> {
    /// The averaged weights where there are some, else the plain ones: the first of [`nested::KEYS`] that is there.
    #[default]
    Best,
    /// What is under this key.
    Under(&'a str),
}

/// Reads a file of weights, whatever its format.
///
/// # Errors
/// When the file cannot be read, is cut off or broken, is of another format, names anything in Python but plain tensors,
/// or has no arrays where `part` says.
pub fn read(path: &Path, part: Part) -> Result<StateDict, WeightsError> {
    let bytes = fs::read(path)?;
    parse(&bytes, part).map_err(|problem| WeightsError::Content { path: path.to_owned(), problem })
}

/// Reads weights from the bytes of a file, whatever its format. What all names begin with, of [`nested::PREFIXES`], is
/// taken off.
///
/// # Errors
/// As [`read`], but for the file.
pub fn parse(bytes: &[u8], part: Part) -> Result<StateDict, ContentError> {
    let dict = match Format::of(bytes) {
        Some(Format::Safetensors) => safetensors::parse(bytes)?,
        Some(Format::Zip) => zipped::parse(bytes, part)?,
        Some(Format::Legacy) => legacy::parse(bytes, part)?,
        Some(Format::Tar) => return Err(CheckpointError::Tar.into()),
        None => {
            let start = bytes.iter().take(24).flat_map(|&byte| std::ascii::escape_default(byte));
            return Err(ContentError::Unknown { start: start.map(char::from).collect() });
        }
    };
    Ok(nested::strip(dict))
}

/// What a file looks like from its first bytes.
enum Format {
    /// The length of a header, and the brace that opens it.
    Safetensors,
    /// A zip.
    Zip,
    /// A pickle.
    Legacy,
    /// The format of torch before 0.1.10, or any other tar.
    Tar,
}

impl Format {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            [_, _, _, _, _, _, _, _, b'{', ..] => Some(Self::Safetensors),
            [0x80, ..] => Some(Self::Legacy),
            _ => (bytes.get(257..262) == Some(b"ustar")).then_some(Self::Tar),
        }
    }
}

#[cfg(test)]
mod tests;
