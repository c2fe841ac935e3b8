//! The pixels of single samples: from the store, or drawn again where it does not have them.

use super::Opened;
use crate::digest::Digest;
use crate::manifest::{Entry, Key};
use crate::pixels::{DecodeError, Image, Limits, decode};
use crate::plan::{Block, Draw, Drawn, Keep, RenderError, Renderer, Sample};
use crate::set::Set;
use crate::shard::Shard;
use crate::store::VersionLock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Why a sample cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// It has to be drawn, and cannot be; it may be stored.
    #[error("sample {key} cannot be drawn again: {reason}")]
    NotDrawn {
        /// Which.
        key: Key,
        /// Why.
        reason: String,
    },
    /// It is not stored, and cannot be drawn.
    #[error("sample {key} is not stored, and cannot be drawn again: {reason}")]
    Unavailable {
        /// Which.
        key: Key,
        /// Why it cannot be drawn.
        reason: String,
    },
    /// What was drawn is not what the manifest says.
    #[error("sample {key}, drawn again, has the digest {found} instead of {expected}")]
    Different {
        /// Which.
        key: Key,
        /// By the manifest.
        expected: Digest,
        /// Of what was drawn.
        found: Digest,
    },
    /// Its source, or that of a partner.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Its bytes are no image.
    #[error("sample {key}: {problem}")]
    Decode {
        /// Which.
        key: Key,
        /// Why.
        problem: DecodeError,
    },
}

impl ViewError {
    /// The same of a sample that the store does not have.
    fn unstored(self) -> Self {
        match self {
            Self::NotDrawn { key, reason } => Self::Unavailable { key, reason },
            other => other,
        }
    }
}

/// A stage of a sample on its way from source to stored image.
#[derive(Clone, Debug)]
pub enum Stage<'a> {
    /// The source as it is decoded.
    Source,
    /// After this step.
    Step(&'a Drawn<'a>),
    /// As it is stored: fitted, encoded and decoded again.
    Stored,
}

/// Shows samples of an [`Opened`]; shared by all threads. Holds the version, so that nobody drops what is looked at.
pub struct Viewer<'a> {
    opened: &'a Opened,
    /// Bytes of decoded partners to keep.
    memory: u64,
    renderer: OnceLock<Result<Renderer, String>>,
    /// The shard that a block of the plan lies in.
    places: OnceLock<HashMap<(usize, Set, u32), usize>>,
    /// Shards that were read from, by their place in the plan; `None` where one is not there.
    shards: Mutex<HashMap<usize, Option<Arc<Open>>>>,
    /// The keys of the version's shards, by set and number.
    keys: HashMap<(Set, u32), Digest>,
    _held: Option<VersionLock>,
}

/// A shard and where its samples are.
struct Open {
    shard: Shard,
    places: HashMap<Key, usize>,
}

impl<'a> Viewer<'a> {
    /// A viewer that keeps up to `memory` bytes of decoded partners.
    pub fn new(opened: &'a Opened, memory: u64) -> Self {
        // A version that is being dropped at this moment is drawn, as if it were gone.
        let held = opened.digest().and_then(|digest| opened.datasets.hold(&digest).ok());
        let info = opened.digest().and_then(|digest| opened.datasets.find_info(&digest).ok().flatten());
        let shards = info.into_iter().flat_map(|info| info.shards);
        Self {
            keys: shards.map(|shard| ((shard.set, shard.index), shard.key)).collect(),
            opened,
            memory,
            renderer: OnceLock::new(),
            places: OnceLock::new(),
            shards: Mutex::default(),
            _held: held,
        }
    }

    /// What it shows.
    pub fn opened(&self) -> &'a Opened {
        self.opened
    }

    /// Draws samples again; for what is not stored, and for what never is (sources, stages).
    ///
    /// # Errors
    /// With the reason, for people, where this machine cannot draw them: sources are gone, or the engine is another.
    pub fn renderer(&self) -> Result<&Renderer, String> {
        let make = || self.opened.renderer(self.memory, Keep::Latest);
        self.renderer.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// The bytes of a sample as they are, or would be, stored, and checked against the manifest's digest where there is
    /// one. Bytes of the store that were changed are drawn again.
    ///
    /// # Errors
    /// When they are not stored and cannot be drawn, or are drawn otherwise.
    pub fn bytes(&self, entry: &Entry) -> Result<Vec<u8>, ViewError> {
        match self.stored(entry) {
            Some(bytes) => Ok(bytes),
            None => self.drawn(entry).map_err(ViewError::unstored),
        }
    }

    /// The same, decoded.
    ///
    /// # Errors
    /// As [`Viewer::bytes`], or when they are no image.
    pub fn image(&self, entry: &Entry) -> Result<Image, ViewError> {
        let problem = |problem| ViewError::Decode { key: entry.key, problem };
        decode(&self.bytes(entry)?, &Limits::default()).map_err(problem)
    }

    /// A sample's bytes, rendered now.
    ///
    /// # Errors
    /// When they cannot be, or are not what the manifest says.
    pub fn drawn(&self, entry: &Entry) -> Result<Vec<u8>, ViewError> {
        let (renderer, sample) = self.drawable(entry)?;
        let rendered = renderer.sample(&sample, &*renderer.source(sample.source)?)?;
        // An entry of a plan has no digest to compare with.
        if entry.is_rendered() && rendered.entry.digest != entry.digest {
            let (expected, found) = (entry.digest, rendered.entry.digest);
            return Err(ViewError::Different { key: entry.key, expected, found });
        }
        Ok(rendered.bytes)
    }

    /// A sample's bytes, rendered now or, where they cannot be, as the store has them; then with why they are not drawn.
    /// Both are checked as [`Viewer::bytes`] does.
    ///
    /// # Errors
    /// When they cannot be drawn and are not stored, or are drawn otherwise, which no stored bytes make good.
    pub fn drawn_or_stored(&self, entry: &Entry) -> Result<(Vec<u8>, Option<ViewError>), ViewError> {
        match self.drawn(entry) {
            Ok(bytes) => Ok((bytes, None)),
            Err(why @ ViewError::Different { .. }) => Err(why),
            Err(why) => match self.stored(entry) {
                Some(bytes) => Ok((bytes, Some(why))),
                None => Err(why.unstored()),
            },
        }
    }

    /// A sample on its way: its source, after each step, and as it is stored. `each` may keep what it makes of an image;
    /// a source of 20,000 pixels had better not be kept whole ten times.
    ///
    /// # Errors
    /// When its sources or this engine cannot draw it.
    pub fn stages<T>(&self, entry: &Entry, mut each: impl FnMut(Stage<'_>, &Image) -> T) -> Result<Vec<T>, ViewError> {
        let (renderer, sample) = self.drawable(entry)?;
        let draw: Draw<'_> = self.opened.plan().draw(&sample);
        let mut stages =
            renderer.stages(&sample, &draw, |drawn, image| each(drawn.map_or(Stage::Source, Stage::Step), image))?;
        stages.push(each(Stage::Stored, &self.image(entry)?));
        Ok(stages)
    }

    fn drawable(&self, entry: &Entry) -> Result<(&Renderer, Sample), ViewError> {
        let not_drawn = |reason: String| ViewError::NotDrawn { key: entry.key, reason };
        let renderer = self.renderer().map_err(not_drawn)?;
        let sample = self.opened.sample(entry);
        Ok((renderer, sample.ok_or_else(|| not_drawn("the plan of its version does not have it".into()))?))
    }

    /// The file name of the version's shard that a sample lies in, and its number there; `None` where the plan does not
    /// have it.
    pub fn place(&self, entry: &Entry) -> Option<(String, usize)> {
        let (plan, sample) = (self.opened.plan(), self.opened.sample(entry)?);
        let shard = &plan.shards()[self.shard_of(entry.set, &sample)?];
        let all = shard.blocks.iter().flat_map(|block| plan.block_samples(block));
        let number = all.into_iter().position(|other| other == sample)?;
        Some((format!("{}-{:05}.tar", shard.set, shard.index), number))
    }

    fn shard_of(&self, set: Set, sample: &Sample) -> Option<usize> {
        let plan = self.opened.plan();
        let places = self.places.get_or_init(|| {
            let place = |shard: usize, block: &Block| ((block.source, block.set, block.samples.start), shard);
            let shards = plan.shards().iter().enumerate();
            shards.flat_map(|(index, shard)| shard.blocks.iter().map(move |block| place(index, block))).collect()
        });
        let number = plan.samples(sample.source, set).position(|other| other == *sample)? as u32;
        places.get(&(sample.source, set, number - number % crate::plan::BLOCK)).copied()
    }

    /// The stored bytes, if they are there and right.
    fn stored(&self, entry: &Entry) -> Option<Vec<u8>> {
        let record = self.opened.record()?;
        let shard = self.shard_of(entry.set, &self.opened.sample(entry)?)?;
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        let open = shards.entry(shard).or_insert_with(|| {
            let planned = &self.opened.plan().shards()[shard];
            let key = self.keys.get(&(planned.set, planned.index))?;
            let shard = Shard::open(&self.opened.datasets.shards(), key, &record.classes()).ok()?;
            let places = shard.entries().iter().enumerate().map(|(index, entry)| (entry.key, index)).collect();
            Some(Arc::new(Open { shard, places }))
        });
        let open = open.clone()?;
        drop(shards);
        let mut bytes = Vec::new();
        let index = *open.places.get(&entry.key)?;
        open.shard.read(index, &mut bytes).ok()?;
        let expected = if entry.is_rendered() { entry.digest } else { open.shard.entries()[index].digest };
        (Digest::of(&bytes) == expected).then_some(bytes)
    }
}
