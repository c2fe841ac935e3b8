//! What a pickle left, and the storages beside it, become a state dict.

use super::gather::{Allowance, ViewError, gather};
use super::pickle::{Heap, PickleError, Storage, Value};
use super::{Part, StateDict, nested};
use std::collections::BTreeMap;
use zip::result::ZipError;

/// Why a file that `torch.save` wrote cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The pickle in it.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// The zip around it.
    #[error("a broken zip file: {0}; was it downloaded to the end?")]
    Zip(#[from] ZipError),
    /// A zip of something else.
    #[error("a zip file with no data.pkl in it, so not one that torch.save wrote")]
    NoPickle,
    /// A program instead of weights.
    #[error(
        "a TorchScript module, not a state dict; train it with --model, or save its weights in Python: \
         torch.save(torch.jit.load('IN.pt').state_dict(), 'OUT.pth')"
    )]
    TorchScript,
    /// A zip that was packed anew.
    #[error(
        "'{name}' in the zip is compressed or encrypted, which torch never does; unpack it and save it with torch.save"
    )]
    Packed {
        /// Which file of the zip.
        name: String,
    },
    /// A file of the zip that is not what was written.
    #[error("'{name}' in the zip is damaged: its checksum is {found:08x} instead of {expected:08x}")]
    Checksum {
        /// Which file of the zip.
        name: String,
        /// CRC-32 by the zip.
        expected: u32,
        /// CRC-32 of the bytes.
        found: u32,
    },
    /// Numbers in the other byte order.
    #[error("written on a big-endian machine, which is not read; load it in Python and save it as safetensors")]
    BigEndian,
    /// A pickle of something else.
    #[error("a pickle, but not one that torch.save wrote: {what}")]
    NotTorch {
        /// What does not fit.
        what: &'static str,
    },
    /// Before torch 0.1.10.
    #[error(
        "a tar file: if torch.save wrote it, before 2017, load it in Python and save it again; else unpack it first"
    )]
    Tar,
    /// A legacy file that ends early, or goes on.
    #[error("the file is cut off: {wanted} bytes of storage '{key}' are expected at byte {at}, and {left} are left")]
    CutOff {
        /// Which storage.
        key: String,
        /// Where.
        at: usize,
        /// How many.
        wanted: usize,
        /// What there is.
        left: usize,
    },
    /// A storage that nothing describes, that is not there, or of another size.
    #[error("storage '{key}': {problem}")]
    Storage {
        /// Which.
        key: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Something else at the top than a dict.
    #[error("the checkpoint is no dict; save a state dict: torch.save(net.state_dict(), 'OUT.pth')")]
    NoDict,
    /// No state dict found.
    #[error(
        "the checkpoint has no dict of tensors where one is looked for; say where with the key that holds it, of: {keys}"
    )]
    NoTensors {
        /// The first keys that it has.
        keys: String,
    },
    /// The key that was asked for.
    #[error("the checkpoint has no dict of tensors under '{key}'; it has: {keys}")]
    NotUnder {
        /// Asked for.
        key: String,
        /// The first keys that it has.
        keys: String,
    },
    /// A tensor that its storage cannot give.
    #[error("tensor '{name}' {problem}")]
    View {
        /// Which.
        name: String,
        /// Why.
        problem: ViewError,
    },
}

/// Builds the state dict: `storages` are the bytes of each storage by its key, `file_size` that of the file.
pub(super) fn assemble(
    heap: &Heap,
    top: Value,
    part: Part,
    storages: &BTreeMap<&str, &[u8]>,
    file_size: usize,
) -> Result<StateDict, CheckpointError> {
    let (entries, found_under) = nested::find(heap, top, part)?;
    let mut dict = StateDict { found_under, ..StateDict::default() };
    let mut chosen = BTreeMap::new();
    for &(key, value) in entries {
        let Some(name) = heap.text(key) else { continue };
        chosen.insert(name, value); // the last of two counts, as in Python
    }
    let mut allowance = Allowance::new(file_size);
    for (name, value) in chosen {
        let Value::Tensor(place) = value else {
            dict.left_out.push(name.to_owned());
            continue;
        };
        let tensor = &heap.tensors[place];
        let storage = &heap.storages[tensor.storage];
        let bytes = bytes(heap, storage, storages)?;
        let array = gather(tensor, storage, bytes, &mut allowance);
        let array = array.map_err(|problem| CheckpointError::View { name: name.to_owned(), problem })?;
        dict.arrays.insert(name.to_owned(), array);
    }
    Ok(dict)
}

/// The bytes of a storage, as many as the pickle says.
fn bytes<'a>(heap: &Heap, storage: &Storage, storages: &BTreeMap<&str, &'a [u8]>) -> Result<&'a [u8], CheckpointError> {
    let key = heap.texts[storage.key].as_str();
    let error = |problem| CheckpointError::Storage { key: key.to_owned(), problem };
    let bytes = storages.get(key).ok_or(error("it is not in the file"))?;
    let wanted = storage.numbers.checked_mul(storage.dtype.size());
    let wanted = wanted.and_then(|wanted| bytes.get(..wanted)).ok_or(error("it is shorter than the pickle says"))?;
    Ok(wanted)
}
