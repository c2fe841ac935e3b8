//! Where samples' bytes come from: shards, files, or the renderer.

use super::shards::Shards;
use super::{DatasetError, Place, Row};
use crate::digest::Digest;
use crate::fs;
use crate::pixels::{Image, Limits, decode};
use crate::plan::{KeptUse, Renderer};
use crate::store::VersionLock;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Bytes of samples, for all datasets of a version, or of a folder.
#[derive(Default)]
pub(super) struct Pixels {
    shards: Option<Shards>,
    /// Made when the first sample has to be drawn.
    renderer: OnceLock<Result<Renderer, String>>,
    /// Files of their own: the folder, and their paths below it.
    files: (PathBuf, Vec<String>),
    limits: Limits,
    /// Nobody drops the version while this lives.
    _held: Option<VersionLock>,
}

impl Pixels {
    /// Of a version: what is in these tars, and what a renderer draws.
    pub fn of_version(tars: Vec<PathBuf>, held: VersionLock) -> Self {
        Self { shards: Some(Shards::new(tars)), _held: Some(held), ..Self::default() }
    }

    /// Of files below a folder.
    pub fn of_files(root: PathBuf, ids: Vec<String>, limits: Limits) -> Self {
        Self { files: (root, ids), limits, ..Self::default() }
    }

    /// Makes the renderer, where there is none yet.
    ///
    /// # Errors
    /// With the reason, for people, why nothing can be drawn.
    pub fn renderer(&self, make: impl FnOnce() -> Result<Renderer, String>) -> Result<&Renderer, String> {
        self.renderer.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    fn made(&self) -> &Renderer {
        let made = self.renderer.get().and_then(|made| made.as_ref().ok());
        made.expect("BUG: a sample to be drawn without a renderer")
    }

    fn stored(&self) -> &Shards {
        self.shards.as_ref().expect("BUG: a sample in a shard without shards")
    }

    pub fn kept_use(&self) -> KeptUse {
        self.renderer.get().and_then(|made| made.as_ref().ok()).map(Renderer::kept_use).unwrap_or_default()
    }

    pub fn file_id(&self, file: u32) -> &str {
        &self.files.1[file as usize]
    }

    /// The file that is read.
    pub fn file(&self, place: &Place) -> PathBuf {
        match place {
            Place::Shard { shard, .. } => self.stored().path(*shard).to_owned(),
            Place::Drawn(sample) => self.made().file(sample.source).to_owned(),
            Place::File(file) => self.files.0.join(self.file_id(*file)),
        }
    }

    fn name(&self, row: &Row) -> String {
        match row.place {
            Place::File(file) => self.file_id(file).to_owned(),
            _ => row.key.to_string(),
        }
    }

    /// Reads or draws the bytes of a sample.
    pub fn read(&self, row: &Row, buffer: &mut Vec<u8>) -> Result<(), DatasetError> {
        let on_read = |problem| DatasetError::Read { name: self.name(row), problem };
        match row.place {
            Place::Shard { shard, offset, bytes } => {
                self.stored().read(shard, offset, bytes, buffer).map_err(on_read)?;
            }
            Place::Drawn(sample) => {
                let renderer = self.made();
                let drawn = renderer.kept_source(sample.source).and_then(|image| renderer.sample(&sample, &image));
                *buffer = drawn.map_err(|problem| DatasetError::Render { key: row.key, problem })?.bytes;
            }
            Place::File(_) => read_file(&self.file(&row.place), buffer).map_err(on_read)?,
        }
        Ok(())
    }

    /// Compares bytes with the digest that they have to have.
    pub fn check(&self, row: &Row, bytes: &[u8]) -> Result<(), DatasetError> {
        let Some(expected) = row.digest else { return Ok(()) };
        let found = Digest::of(bytes);
        if found == expected {
            return Ok(());
        }
        let path = self.file(&row.place);
        Err(match row.place {
            Place::Drawn(_) => DatasetError::Different { key: row.key, path, expected, found },
            _ => DatasetError::Damaged { name: self.name(row), path, expected, found },
        })
    }

    pub fn decode(&self, row: &Row, bytes: &[u8]) -> Result<Image, DatasetError> {
        let problem = |problem| DatasetError::Decode { name: self.name(row), path: self.file(&row.place), problem };
        decode(bytes, &self.limits).map_err(problem)
    }
}

/// Reads a whole file into memory that was used before.
fn read_file(path: &Path, buffer: &mut Vec<u8>) -> Result<(), fs::FsError> {
    use std::io::Read as _;
    buffer.clear();
    fs::open(path)?.read_to_end(buffer).map(drop).map_err(fs::on("read", path))
}
