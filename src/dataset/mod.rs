//! Datasets: what a trainer reads. Samples in a fixed order, each with a label and the bytes of an image.
//!
//! A [`Dataset`] is one part of a version ([`Pinned::split`]), the version's recipe drawn anew for an epoch
//! ([`Pinned::online`]), or images that have no version ([`Dataset::of_folder`], [`Dataset::of_sources`]). Whoever reads
//! one cannot tell where its pixels come from: stored samples are read from their shards, all others are drawn by the
//! renderer that builds shards, and go through the same codec, so the bytes are those that the shard would hold. Every
//! byte is compared with the digest that the manifest has, the first time it is read.
//!
//! It knows nothing of tensors, and holds nothing but what it needs to find a sample: about 150 bytes each.

mod error;
mod files;
mod online;
mod pinned;
mod pixels;
mod shards;
mod split;
mod unbuilt;
pub mod views;

pub use error::DatasetError;
pub use online::Views;
pub use pinned::{Backing, Options, Pinned};
pub use split::Split;
pub use unbuilt::Unbuilt;

use crate::digest::Digest;
use crate::manifest::{Key, WHOLE};
use crate::pixels::Image;
use crate::plan::{KeptUse, Sample};
use crate::seed::Role;
use crate::source::Classes;
use pixels::Pixels;
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Samples to be read by index, from any number of threads at once.
///
/// Class *indices* count the classes of [`Dataset::classes`] from 0 and are what a network's outputs are; class numbers
/// are those of the tables, and may have gaps.
pub struct Dataset {
    name: String,
    classes: Arc<Classes>,
    rows: Vec<Row>,
    /// Class indices, ascending, and weights in 1/65536; each row has a range of them.
    labels: Vec<(u32, u32)>,
    pixels: Arc<Pixels>,
    /// A bit for each row whose bytes were compared with their digest.
    checked: Vec<AtomicU64>,
    digest: Option<Digest>,
    meaning: Option<Digest>,
    validation: Option<Digest>,
}

/// What a sample was made from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The digest of the source's bytes; zeros for a file that nobody has hashed.
    pub source: Digest,
    /// What the sample is for; [`Role::Original`] for files.
    pub role: Role,
    /// Which of the source's samples of this role, from 0.
    pub copy: u32,
}

/// A sample: what is known of it, and where its bytes are.
#[derive(Clone, Debug)]
struct Row {
    key: Key,
    /// Of its bytes; `None` where they were never made.
    digest: Option<Digest>,
    origin: Origin,
    /// Its part of the labels: from, and how many.
    label: (u32, u32),
    place: Place,
}

/// Where a sample's bytes are.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In a shard.
    Shard { shard: u32, offset: u64, bytes: u64 },
    /// Nowhere: they are drawn.
    Drawn(Sample),
    /// In a file of their own.
    File(u32),
}

impl Dataset {
    /// `rows` in the dataset's order, with their labels.
    fn new(name: String, classes: Arc<Classes>, rows: Vec<Row>, labels: Vec<(u32, u32)>, pixels: Arc<Pixels>) -> Self {
        let checked = (0..rows.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { name, classes, rows, labels, pixels, checked, digest: None, meaning: None, validation: None }
    }

    /// What it is of, for people: `docs17@v3, not-f0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many samples.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Class numbers and names; the index of a class is its place here.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Class names by class index.
    pub fn class_names(&self) -> Vec<&str> {
        self.classes.0.iter().map(|(_, name)| name.as_str()).collect()
    }

    /// The version's digest; `None` for files.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What decides the pixels of samples of these IDs: the version's digest, or else that of the recipe's meaning, engine and
    /// sources; `None` for files, whose bytes alone do.
    pub fn identity(&self) -> Option<Digest> {
        self.digest.or(self.meaning)
    }

    /// The version's validation digest, which stands beside every score; `None` where nothing is held out.
    pub fn validation_digest(&self) -> Option<Digest> {
        self.validation
    }

    /// The name of a sample: its key (32 hexadecimal digits), or the file's path below its folder.
    ///
    /// # Panics
    /// When there is no sample of this index, as all that takes one.
    pub fn id(&self, index: usize) -> String {
        match self.rows[index].place {
            Place::File(file) => self.pixels.file_id(file).to_owned(),
            _ => self.rows[index].key.to_string(),
        }
    }

    /// The key of a sample: fixes its order, and names it in the manifest; `None` for files.
    pub fn key(&self, index: usize) -> Option<Key> {
        let row = &self.rows[index];
        (!matches!(row.place, Place::File(_))).then_some(row.key)
    }

    /// What a sample was made from.
    pub fn origin(&self, index: usize) -> Origin {
        self.rows[index].origin
    }

    /// The label of a sample: class indices, ascending, with weights in 1/65536 that sum to 65536; empty for files without
    /// a label.
    pub fn label(&self, index: usize) -> &[(u32, u32)] {
        let (from, count) = self.rows[index].label;
        &self.labels[from as usize..][..count as usize]
    }

    /// Writes a label as `[classes]` weights from 0 to 1, exact in f32; zeros for files without a label.
    ///
    /// # Panics
    /// When `out` is not as long as there are classes.
    pub fn write_label(&self, index: usize, out: &mut [f32]) {
        assert_eq!(out.len(), self.classes.0.len(), "BUG: a place for each class");
        out.fill(0.0);
        for (class, weight) in self.label(index) {
            out[*class as usize] = *weight as f32 / WHOLE as f32;
        }
    }

    /// The index of the class with the most weight, the lowest where several have it; `None` for files without a label.
    pub fn class(&self, index: usize) -> Option<usize> {
        let best = self.label(index).iter().max_by_key(|(class, weight)| (*weight, std::cmp::Reverse(*class)));
        best.map(|(class, _)| *class as usize)
    }

    /// The sum of the labels' weights of each class, in samples: what class weights are made from. It differs from a
    /// count of classes where labels are soft.
    pub fn label_mass(&self) -> Vec<f64> {
        let mut mass = vec![0u64; self.classes.0.len()];
        for (class, weight) in (0..self.len()).flat_map(|index| self.label(index)) {
            mass[*class as usize] += u64::from(*weight);
        }
        mass.into_iter().map(|mass| mass as f64 / f64::from(WHOLE)).collect()
    }

    /// How many samples are stored; all others are drawn when they are read.
    pub fn stored(&self) -> usize {
        self.rows.iter().filter(|row| !matches!(row.place, Place::Drawn(_))).count()
    }

    /// How often decoded sources were found in memory, for samples that are drawn; shared by all datasets of a version.
    pub fn kept_sources(&self) -> KeptUse {
        self.pixels.kept_use()
    }

    /// The file that a sample's bytes are read from: its shard, its source, or itself.
    pub fn file(&self, index: usize) -> PathBuf {
        self.pixels.file(&self.rows[index].place)
    }

    /// The stored bytes of a sample (JPEG, PNG or WebP), replacing what was in `buffer`.
    ///
    /// # Errors
    /// When they cannot be read or drawn, or are not those that the manifest names.
    pub fn bytes(&self, index: usize, buffer: &mut Vec<u8>) -> Result<(), DatasetError> {
        let (row, bit) = (&self.rows[index], 1 << (index % 64));
        let checked = &self.checked[index / 64];
        self.pixels.read(row, buffer)?;
        if checked.load(Ordering::Relaxed) & bit == 0 {
            self.pixels.check(row, buffer)?;
            checked.fetch_or(bit, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The pixels of a sample; `buffer` is for its bytes.
    ///
    /// # Errors
    /// As [`Dataset::bytes`], or when they are no image.
    pub fn image(&self, index: usize, buffer: &mut Vec<u8>) -> Result<Image, DatasetError> {
        self.bytes(index, buffer)?;
        self.pixels.decode(&self.rows[index], buffer)
    }

    /// Reads every sample that is stored and compares it with its digest, on all of Rayon's threads.
    ///
    /// # Errors
    /// With the first sample, in the dataset's order, that is not as it should be.
    pub fn verify(&self) -> Result<(), DatasetError> {
        let stored = |index: &usize| !matches!(self.rows[*index].place, Place::Drawn(_));
        let results: Vec<Result<(), DatasetError>> = (0..self.len())
            .into_par_iter()
            .filter(stored)
            .map_init(Vec::new, |buffer, index| self.bytes(index, buffer))
            .collect();
        results.into_iter().collect()
    }
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dataset({}, {} samples)", self.name, self.len())
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
