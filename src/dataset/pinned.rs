//! A version that is opened for training: pinned by its digest, and held so that nobody drops it.

use super::pixels::Pixels;
use super::{Dataset, DatasetError, Origin, Place, Row, Split};
use crate::digest::Digest;
use crate::manifest::{Entry, Key, Reader};
use crate::opened::Opened;
use crate::plan::{Keep, Plan, Renderer, Sample};
use crate::set::Set;
use crate::shard::{Shard, entries_path, tar_path};
use crate::source::Classes;
use crate::store::{Datasets, Record, Resolved};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where samples' bytes come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Backing {
    /// Read from shards where they are stored, drawn where they are not.
    #[default]
    Stored,
    /// All drawn, whatever is stored.
    Streamed,
}

/// How a version is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The digest that the version must have; `None` takes whatever its name leads to.
    pub expected: Option<Digest>,
    /// Where bytes come from.
    pub backing: Backing,
    /// The folder that holds the source images, for what is drawn; `None`: where the recipe has them.
    pub sources: Option<PathBuf>,
    /// Bytes of decoded sources to keep, for what is drawn. In random order each source is wanted once for each of its
    /// samples, so what is kept saves its share of the decodes; [`Dataset::kept_sources`] says how many.
    pub memory: u64,
}

impl Default for Options {
    /// Any digest, stored samples, sources where the recipe has them, 256 MB.
    fn default() -> Self {
        Self { expected: None, backing: Backing::Stored, sources: None, memory: 256 << 20 }
    }
}

/// A version, opened: its samples, and where each one's bytes are.
pub struct Pinned {
    version: Resolved,
    record: Record,
    datasets: Datasets,
    options: Options,
    classes: Arc<Classes>,
    /// All samples of the manifest, in its order, each with its set.
    rows: Vec<(Set, Row)>,
    labels: Vec<(u32, u32)>,
    pixels: Arc<Pixels>,
}

impl Pinned {
    /// Opens a version: reads its manifest, whose bytes must have its digest, and finds every sample's place. Holds the
    /// version's lock until the last dataset of it is dropped.
    ///
    /// # Errors
    /// When the digest is not the expected one, the manifest or a shard is damaged, or samples are not stored and this
    /// machine cannot draw them.
    pub fn open(datasets: &Datasets, version: &Resolved, options: Options) -> Result<Self, DatasetError> {
        if let Some(expected) = options.expected.filter(|expected| *expected != version.digest) {
            let (name, found) = (version.name.to_string(), version.digest);
            return Err(DatasetError::Pinned { version: version.to_string(), name, expected, found });
        }
        let held = datasets.hold(&version.digest)?;
        let record = datasets.record(version)?;
        let manifest = datasets.manifest_path(&version.digest);
        if !manifest.exists() {
            let store = datasets.store().to_owned();
            return Err(DatasetError::NoManifest { version: version.to_string(), store });
        }
        let Listing { classes, mut rows, labels } = read_manifest(&manifest, version)?;
        let mut tars = Vec::new();
        if options.backing == Backing::Stored
            && let Some(info) = datasets.find_info(&version.digest)?
        {
            tars = info.shards.iter().map(|shard| tar_path(&datasets.shards(), &shard.key)).collect();
            let places: Vec<Vec<(usize, u64, u64)>> = (info.shards.par_iter().zip(&tars))
                .map(|(shard, tar)| places(datasets, &shard.key, tar, &classes, &rows))
                .collect::<Result<_, _>>()?;
            for (shard, places) in (0..).zip(places) {
                for (row, offset, bytes) in places {
                    rows[row].1.place = Place::Shard { shard, offset, bytes };
                }
            }
        }
        let pixels = Arc::new(Pixels::of_version(tars, held));
        let (version, datasets, classes) = (version.clone(), datasets.clone(), Arc::new(classes));
        let mut pinned = Self { version, record, datasets, options, classes, rows, labels, pixels };
        pinned.find_samples()?;
        Ok(pinned)
    }

    /// The version.
    pub fn version(&self) -> &Resolved {
        &self.version
    }

    /// Its record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Class numbers and names, as the manifest has them.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The sets that it has samples of.
    pub fn sets(&self) -> BTreeSet<Set> {
        self.rows.iter().map(|(set, _)| *set).collect()
    }

    /// The number of folds; 0 for a version that is not dealt into folds.
    pub fn folds(&self) -> u32 {
        self.sets().iter().filter_map(|set| set.fold).max().map_or(0, |last| last + 1)
    }

    /// The samples of one part, in the manifest's order.
    ///
    /// # Errors
    /// When it has none.
    pub fn split(&self, split: Split) -> Result<Dataset, DatasetError> {
        self.check(split)?;
        let rows = self.rows.iter().filter(|(set, _)| split.has(*set)).map(|(_, row)| row.clone()).collect();
        Ok(self.dataset(split, rows, self.labels.clone()))
    }

    /// That there is such a part.
    pub(super) fn check(&self, split: Split) -> Result<(), DatasetError> {
        match split.missing_in(&self.sets()) {
            Some(reason) => Err(DatasetError::NoSplit { version: self.version.to_string(), split, reason }),
            None => Ok(()),
        }
    }

    pub(super) fn dataset(&self, split: Split, rows: Vec<Row>, labels: Vec<(u32, u32)>) -> Dataset {
        let name = format!("{}, {split}", self.version);
        let mut dataset = Dataset::new(name, self.classes.clone(), rows, labels, self.pixels.clone());
        dataset.digest = Some(self.version.digest);
        dataset.validation = self.record.validation.as_ref().map(|validation| validation.digest);
        dataset
    }

    pub(super) fn rows(&self) -> &[(Set, Row)] {
        &self.rows
    }

    pub(super) fn labels(&self) -> &[(u32, u32)] {
        &self.labels
    }

    /// What draws samples.
    ///
    /// # Errors
    /// With the reason, for people, why this machine cannot.
    pub(super) fn renderer(&self) -> Result<&Renderer, String> {
        self.pixels.renderer(|| {
            let opened = Opened::of_version(&self.datasets, &self.version, self.options.sources.as_deref());
            opened.map_err(|error| error.to_string())?.renderer(self.options.memory, Keep::First)
        })
    }

    /// Finds what is not stored in the plan of the version, so that it can be drawn.
    fn find_samples(&mut self) -> Result<(), DatasetError> {
        let drawn = |(_, row): &&(Set, Row)| matches!(row.place, Place::Drawn(_));
        let missing = self.rows.iter().filter(drawn).count();
        if missing == 0 {
            return Ok(());
        }
        let (version, of) = (self.version.to_string(), self.rows.len());
        let not_drawn = |reason| DatasetError::NotDrawn { version: version.clone(), missing, of, reason };
        let plan = Arc::clone(self.renderer().map_err(not_drawn)?.plan());
        let drawn = self.rows.par_iter_mut().filter(|(_, row)| matches!(row.place, Place::Drawn(_)));
        let unknown = drawn.find_map_first(|(_, row)| match find_sample(&plan, row) {
            Some(sample) => {
                row.place = Place::Drawn(sample);
                None
            }
            None => Some(row.key),
        });
        match unknown {
            Some(key) => Err(not_drawn(format!("the plan of its record does not have sample {key}"))),
            None => Ok(()),
        }
    }
}

/// What a manifest lists.
struct Listing {
    classes: Classes,
    rows: Vec<(Set, Row)>,
    labels: Vec<(u32, u32)>,
}

/// Reads a manifest and makes sure that it is the version's. Every sample is to be drawn until a shard has it.
fn read_manifest(path: &Path, version: &Resolved) -> Result<Listing, DatasetError> {
    let reader = Reader::open(path, Some(version.digest))?;
    let bad = |problem: String| DatasetError::Classes { version: version.to_string(), problem };
    // Known to be the version's only once the reader has seen the last line.
    let fields = reader.header().fields();
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for entry in reader {
        let entry = entry?;
        let from = u32::try_from(labels.len()).map_err(|_| bad("more labels than can be numbered".into()))?;
        // Class numbers for now: the header is not to be believed yet.
        labels.extend_from_slice(&entry.label);
        rows.push((entry.set, row(&entry, (from, entry.label.len() as u32))));
    }
    let named = fields.get("classes").and_then(|classes| classes.as_object());
    let mut classes = (named.into_iter().flatten())
        .map(|(name, number)| Some((u32::try_from(number.as_u64()?).ok()?, name.clone())))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| bad("a number is none".into()))?;
    classes.sort();
    if classes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(bad("a number has two names".into()));
    }
    for (class, _) in &mut labels {
        let index = classes.binary_search_by_key(class, |(number, _)| *number);
        *class = index.map_err(|_| bad(format!("a label has class {class}, which has no name")))? as u32;
    }
    Ok(Listing { classes: Classes(classes), rows, labels })
}

fn row(entry: &Entry, label: (u32, u32)) -> Row {
    let origin = Origin { source: entry.source, role: entry.role, copy: entry.copy };
    let nowhere = Place::Drawn(Sample { source: usize::MAX, role: entry.role, epoch: 0, copy: entry.copy });
    Row { key: entry.key, digest: Some(entry.digest), origin, label, place: nowhere }
}

/// The rows of a shard's samples, with their places in its tar: nothing where there is no tar.
fn places(
    datasets: &Datasets,
    key: &Digest,
    tar: &Path,
    classes: &Classes,
    rows: &[(Set, Row)],
) -> Result<Vec<(usize, u64, u64)>, DatasetError> {
    if !tar.exists() {
        return Ok(Vec::new());
    }
    let shard = Shard::open(&datasets.shards(), key, classes)?;
    let find = |(entry, place): (&Entry, &crate::shard::Place)| {
        let row = rows.binary_search_by_key(&entry.key, |(_, row)| row.key).ok();
        let same = row.filter(|row| rows[*row].1.digest == Some(entry.digest) && rows[*row].0 == entry.set);
        same.map(|row| (row, place.offset, place.bytes))
            .ok_or_else(|| DatasetError::Listed { path: entries_path(&datasets.shards(), key), key: entry.key })
    };
    shard.entries().iter().zip(shard.places()).map(find).collect()
}

/// The sample of the plan that a row is.
fn find_sample(plan: &Plan, row: &Row) -> Option<Sample> {
    let Origin { source, role, copy } = row.origin;
    let source = plan.sources().binary_search_by(|known| known.digest.cmp(&source)).ok()?;
    let sample = Sample { source, role, epoch: 0, copy };
    (Key::of(&plan.id(&sample).key()) == row.key).then_some(sample)
}
