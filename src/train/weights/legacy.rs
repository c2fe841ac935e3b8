//! The format of `torch.save` before torch 1.6, and of `_use_new_zipfile_serialization=False` since.
//!
//! Five pickles one after the other: a magic number, the protocol (1001), facts about the machine, the object itself, and
//! the keys of the storages; then each storage in that order, a count of numbers as eight bytes little-endian and the
//! numbers: PyTorch, `torch/serialization.py`, `_legacy_save`.

use super::checkpoint::{CheckpointError, assemble};
use super::pickle::{self, Heap, Value};
use super::{Dtype, Part, StateDict};
use std::collections::BTreeMap;

const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const PROTOCOL: i128 = 1001;

pub(super) fn parse(bytes: &[u8], part: Part) -> Result<StateDict, CheckpointError> {
    let mut at = 0;
    let mut next = || {
        let (value, heap, length) = pickle::run(&bytes[at..])?;
        at += length;
        Ok::<_, CheckpointError>((value, heap))
    };
    let not = |what| CheckpointError::NotTorch { what };
    // The first one of another program's pickle may be anything; what is wrong with it is of no interest.
    if !matches!(next(), Ok((Value::Int(MAGIC), _))) {
        return Err(not("it does not begin with torch's magic number"));
    }
    if next()?.0 != Value::Int(PROTOCOL) {
        return Err(not("its protocol is not 1001"));
    }
    let (machine, heap) = next()?;
    if !is_little_endian(machine, &heap) {
        return Err(CheckpointError::BigEndian);
    }
    let (top, heap) = next()?;
    let (keys, key_heap) = next()?;
    let Value::List(place) = keys else { return Err(not("there is no list of storages after the object")) };
    let keys: Option<Vec<&str>> = key_heap.lists[place].iter().map(|&key| key_heap.text(key)).collect();
    let keys = keys.ok_or(not("a storage's key is no text"))?;
    let storages = storages(bytes, at, &keys, &heap)?;
    assemble(&heap, top, part, &storages, bytes.len())
}

/// Big-endian only when it says so.
fn is_little_endian(machine: Value, heap: &Heap) -> bool {
    let Value::Dict(place) = machine else { return true };
    let order = heap.dicts[place].iter().find(|(key, _)| heap.text(*key) == Some("little_endian"));
    order.is_none_or(|(_, value)| *value != Value::Bool(false))
}

/// The bytes of each storage: from byte `at` on, in the order of the keys.
fn storages<'a, 'k>(
    bytes: &'a [u8],
    mut at: usize,
    keys: &[&'k str],
    heap: &Heap,
) -> Result<BTreeMap<&'k str, &'a [u8]>, CheckpointError> {
    let mut dtypes: BTreeMap<&str, Dtype> = BTreeMap::new();
    for storage in &heap.storages {
        let key = heap.texts[storage.key].as_str();
        if *dtypes.entry(key).or_insert(storage.dtype) != storage.dtype {
            return Err(CheckpointError::Storage { key: key.to_owned(), problem: "it has two kinds of numbers" });
        }
    }
    let mut storages = BTreeMap::new();
    for &key in keys {
        let Some(dtype) = dtypes.get(key) else {
            return Err(CheckpointError::Storage { key: key.to_owned(), problem: "nothing says what its numbers are" });
        };
        let mut take = |wanted: usize| {
            let left = bytes.len() - at;
            let taken = bytes[at..].get(..wanted);
            let cut_off = || CheckpointError::CutOff { key: key.to_owned(), at, wanted, left };
            let taken = taken.ok_or_else(cut_off)?;
            at += wanted;
            Ok::<_, CheckpointError>(taken)
        };
        let count = u64::from_le_bytes(take(8)?.try_into().expect("BUG: eight bytes"));
        let wanted = usize::try_from(count).ok().and_then(|count| count.checked_mul(dtype.size()));
        storages.insert(key, take(wanted.unwrap_or(usize::MAX))?);
    }
    Ok(storages)
}
