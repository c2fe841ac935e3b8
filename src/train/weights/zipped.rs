//! The zip format of `torch.save`, since torch 1.6.
//!
//! `NAME/data.pkl` is the pickle, `NAME/data/KEY` the bytes of each storage, `NAME/byteorder` (newer files) "little". All
//! are stored without compression, so that they are read where they lie: PyTorch, `torch/serialization.py`.

use super::checkpoint::{CheckpointError, assemble};
use super::{Part, StateDict, pickle};
use std::collections::BTreeMap;
use std::io::Cursor;
use zip::{CompressionMethod, ZipArchive};

pub(super) fn parse(bytes: &[u8], part: Part) -> Result<StateDict, CheckpointError> {
    let files = files(bytes)?;
    if files.keys().any(|name| name.ends_with("/constants.pkl") || name.contains("/code/")) {
        return Err(CheckpointError::TorchScript);
    }
    let folder = files.keys().find_map(|name| name.strip_suffix("data.pkl")).ok_or(CheckpointError::NoPickle)?;
    let file = |name: &str| files.get(&format!("{folder}{name}")).map(|file| file.checked(name)).transpose();
    if file("byteorder")?.is_some_and(|order| order != b"little") {
        return Err(CheckpointError::BigEndian);
    }
    let program = file("data.pkl")?.ok_or(CheckpointError::NoPickle)?;
    let (top, heap, _) = pickle::run(program)?;
    let data = format!("{folder}data/");
    let mut storages = BTreeMap::new();
    for (name, file) in &files {
        if let Some(key) = name.strip_prefix(&data) {
            storages.insert(key, file.checked(name)?);
        }
    }
    assemble(&heap, top, part, &storages, bytes.len())
}

/// A file within the zip.
enum File<'a> {
    /// As it is, and its checksum.
    Stored { bytes: &'a [u8], crc32: u32 },
    /// Compressed or encrypted, as the code in a TorchScript module is.
    Packed,
}

impl<'a> File<'a> {
    fn checked(&self, name: &str) -> Result<&'a [u8], CheckpointError> {
        let &Self::Stored { bytes, crc32: expected } = self else {
            return Err(CheckpointError::Packed { name: name.to_owned() });
        };
        match crc32fast::hash(bytes) {
            found if found == expected => Ok(bytes),
            found => Err(CheckpointError::Checksum { name: name.to_owned(), expected, found }),
        }
    }
}

/// All files of the zip, by their names; together no larger than it is.
fn files(bytes: &[u8]) -> Result<BTreeMap<String, File<'_>>, CheckpointError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut files = BTreeMap::new();
    let mut left = bytes.len();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index)?;
        let name = entry.name()?.into_owned();
        if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
            files.insert(name, File::Packed);
            continue;
        }
        let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
        let size = usize::try_from(entry.size()).ok().filter(|&size| size <= left);
        let end = start.zip(size).and_then(|(start, size)| start.checked_add(size));
        let within = start.zip(end).and_then(|(start, end)| bytes.get(start..end));
        // Beyond the end, or over each other: a checksum of the same bytes a million times takes for ever.
        let Some(within) = within else {
            return Err(CheckpointError::Storage { key: name, problem: "it lies beyond the end of the zip" });
        };
        left -= within.len();
        files.insert(name, File::Stored { bytes: within, crc32: entry.crc32() });
    }
    Ok(files)
}
