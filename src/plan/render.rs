//! Rendering: a sample's draws become pixels become bytes. The one function that every command shares.

use super::{Block, Draw, Plan, Sample};
use crate::digest::Digest;
use crate::effect::custom::Buffers;
use crate::effect::{fast, fold};
use crate::manifest::{Entry, FileType, Key, ParamValue, StepDraw};
use crate::ops::Value;
use crate::pixels::{DecodeError, EncodeError, Encoding, Image, Limits, decode};
use crate::seed::Role;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A finished sample.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its manifest line.
    pub entry: Entry,
    /// What is stored.
    pub bytes: Vec<u8>,
}

/// Why a sample could not be rendered. All but the last are about a source that is not what the plan was made from.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The file is gone or cannot be read.
    #[error("cannot read source {}: {source}; put it back, or point --sources at the folder that has it", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has other bytes.
    #[error(
        "source {} has changed: expected {expected}, found {found}; put the original back, or build a new version",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What the plan was made from.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// The file was an image when it was scanned, and the same bytes are none now.
    #[error("source {} cannot be decoded: {source}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DecodeError,
    },
    /// The result cannot be stored.
    #[error("a sample of source {} cannot be encoded: {source}", path.display())]
    Encode {
        /// The source's file.
        path: PathBuf,
        /// Why.
        source: EncodeError,
    },
}

/// Decodes above this many pixels take turns, so that memory holds one of them at a time.
const LARGE: u64 = 16_000_000;

/// Renders the samples of a plan; shared by all threads.
pub struct Renderer {
    plan: Arc<Plan>,
    files: Vec<PathBuf>,
    limits: Limits,
    kept: Mutex<Kept>,
    large: Mutex<()>,
    /// Memory of threads that are between two samples.
    buffers: Mutex<Vec<Buffers>>,
}

/// Which decoded sources stay in memory once it is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Those that were used last: for a build, which goes through the sources block by block.
    Latest,
    /// Those that came first: for epochs in random order, where the one that was used last is the one that is wanted last
    /// (of a cache for half the sources an eighth of the reads are hits by [`Keep::Latest`], and half by this).
    First,
}

/// How often a decoded source was found in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KeptUse {
    /// Sources that were asked for.
    pub asked: u64,
    /// Those that were there.
    pub found: u64,
    /// Bytes of pixels in memory now.
    pub bytes: u64,
}

/// Decoded sources that may be wanted again.
struct Kept {
    images: HashMap<usize, (Arc<Image>, u64)>,
    clock: u64,
    most: u64,
    policy: Keep,
    used: KeptUse,
}

impl Kept {
    fn get(&mut self, source: usize) -> Option<Arc<Image>> {
        self.clock += 1;
        self.used.asked += 1;
        let (image, used) = self.images.get_mut(&source)?;
        *used = self.clock;
        self.used.found += 1;
        Some(image.clone())
    }

    fn keep(&mut self, source: usize, image: &Arc<Image>) {
        let size = image.data().len() as u64;
        if size > self.most / 4 || self.images.contains_key(&source) {
            return;
        }
        while self.used.bytes + size > self.most {
            if self.policy == Keep::First {
                return;
            }
            let Some(oldest) = self.images.iter().min_by_key(|(_, (_, used))| *used).map(|(source, _)| *source) else {
                break;
            };
            if let Some((dropped, _)) = self.images.remove(&oldest) {
                self.used.bytes -= dropped.data().len() as u64;
            }
        }
        self.clock += 1;
        self.used.bytes += size;
        self.images.insert(source, (image.clone(), self.clock));
    }
}

/// A lock that survives a panic of another thread: what it guards is valid at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Renderer {
    /// Renders from `files`, one for each source of the plan; keeps up to `memory` bytes of decoded partners, those that
    /// were used last.
    ///
    /// # Panics
    /// When there are not as many files as sources.
    pub fn new(plan: Arc<Plan>, files: Vec<PathBuf>, memory: u64) -> Self {
        Self::keeping(plan, files, memory, Keep::Latest)
    }

    /// The same, with a choice of what is kept.
    ///
    /// # Panics
    /// When there are not as many files as sources.
    pub fn keeping(plan: Arc<Plan>, files: Vec<PathBuf>, memory: u64, policy: Keep) -> Self {
        assert_eq!(files.len(), plan.sources.len(), "BUG: a file for each source");
        let megapixels = plan.recipe().source.as_ref().map_or(100, |source| source.max_megapixels);
        let kept = Kept { images: HashMap::new(), clock: 0, most: memory, policy, used: KeptUse::default() };
        Self {
            plan,
            files,
            limits: Limits { max_pixels: u64::from(megapixels) * 1_000_000 },
            kept: Mutex::new(kept),
            large: Mutex::new(()),
            buffers: Mutex::default(),
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The file of a source.
    pub fn file(&self, source: usize) -> &Path {
        &self.files[source]
    }

    /// How often decoded sources were found in memory, partners included.
    pub fn kept_use(&self) -> KeptUse {
        lock(&self.kept).used
    }

    /// A source's pixels, read anew and checked against its digest.
    ///
    /// # Errors
    /// When the file is gone, changed or no image.
    pub fn source(&self, source: usize) -> Result<Arc<Image>, RenderError> {
        let (path, expected) = (self.files[source].clone(), self.plan.sources[source].digest);
        let _turn = (self.plan.sources[source].size.pixels() > LARGE).then(|| lock(&self.large));
        let bytes = std::fs::read(&path).map_err(|source| RenderError::Missing { path: path.clone(), source })?;
        let found = Digest::of(&bytes);
        if found != expected {
            return Err(RenderError::Changed { path, expected, found });
        }
        let image = decode(&bytes, &self.limits).map_err(|source| RenderError::Decode { path, source })?;
        Ok(Arc::new(image))
    }

    /// A source's pixels, from memory where they are kept; read anew they are kept for the next time.
    ///
    /// # Errors
    /// As [`Renderer::source`].
    pub fn kept_source(&self, source: usize) -> Result<Arc<Image>, RenderError> {
        if let Some(image) = lock(&self.kept).get(source) {
            return Ok(image);
        }
        let image = self.source(source)?;
        lock(&self.kept).keep(source, &image);
        Ok(image)
    }

    /// The pixels of a sample, before they are encoded.
    ///
    /// # Errors
    /// When a source is not what the plan was made from.
    pub fn pixels(&self, sample: &Sample, draw: &Draw<'_>, image: &Image) -> Result<Image, RenderError> {
        self.with_buffers(|buffers| self.execute(sample, draw, image, buffers))
    }

    fn execute(
        &self,
        sample: &Sample,
        draw: &Draw<'_>,
        image: &Image,
        buffers: &mut Buffers,
    ) -> Result<Image, RenderError> {
        let passes = fold(self.plan.lower(sample, draw));
        fast::execute(image, &passes, &|source| self.kept_source(source), buffers)
    }

    /// What a sample looks like on its way: its source, then after each of its steps, on the canvas that the step left
    /// behind (nothing is folded over the step's end, so a pixel may differ by a grey level from what the whole gives).
    /// `each` gets the step, `None` for the source, and may keep what it makes of the image.
    ///
    /// # Errors
    /// When a source is not what the plan was made from.
    pub fn stages<T>(
        &self,
        sample: &Sample,
        draw: &Draw<'_>,
        mut each: impl FnMut(Option<&super::Drawn<'_>>, &Image) -> T,
    ) -> Result<Vec<T>, RenderError> {
        let image = self.source(sample.source)?;
        let mut stages = vec![each(None, &image)];
        for count in 1..=draw.steps.len() {
            let passes = fold(self.plan.lower_unfitted(sample, &draw.steps[..count]));
            let after = self
                .with_buffers(|buffers| fast::execute(&image, &passes, &|source| self.kept_source(source), buffers))?;
            stages.push(each(draw.steps[..count].last(), &after));
        }
        Ok(stages)
    }

    /// Runs with memory that a sample before has used, of no other thread.
    fn with_buffers<T>(&self, run: impl FnOnce(&mut Buffers) -> T) -> T {
        let mut buffers = lock(&self.buffers).pop().unwrap_or_default();
        let result = run(&mut buffers);
        lock(&self.buffers).push(buffers);
        result
    }

    /// The samples of a block, in order, from one decode of their source; `stop` is asked between them, and ends the
    /// block early.
    ///
    /// # Errors
    /// When a source is not what the plan was made from, or a sample cannot be encoded.
    pub fn block(&self, block: &Block, stop: &dyn Fn() -> bool) -> Result<Vec<Rendered>, RenderError> {
        let image = self.source(block.source)?;
        let samples = self.plan.block_samples(block).take_while(|_| !stop());
        samples.map(|sample| self.sample(&sample, &image)).collect()
    }

    /// One sample, from its source's pixels.
    ///
    /// # Errors
    /// As [`Renderer::block`].
    pub fn sample(&self, sample: &Sample, image: &Image) -> Result<Rendered, RenderError> {
        let draw = self.plan.draw(sample);
        self.with_buffers(|buffers| {
            let pixels = self.execute(sample, &draw, image, buffers)?;
            let encoding = self.plan.output_for(sample.role).encode;
            let path = || self.files[sample.source].clone();
            let encoded = encoding.encode_into(&pixels, &mut buffers.encoded);
            encoded.map_err(|source| RenderError::Encode { path: path(), source })?;
            // Of the size that it has: samples wait for their turn to be written.
            let bytes = buffers.encoded.clone();
            let entry = self.plan.entry(sample, &draw, &pixels, &bytes);
            buffers.give(pixels);
            Ok(Rendered { entry, bytes })
        })
    }
}

impl Plan {
    fn entry(&self, sample: &Sample, draw: &Draw<'_>, pixels: &Image, bytes: &[u8]) -> Entry {
        let source = &self.sources[sample.source];
        Entry {
            key: Key::of(&self.id(sample).key()),
            set: self.set_of(sample),
            source: source.digest,
            copy: sample.copy,
            role: sample.role,
            class: source.class,
            label: draw.label.clone(),
            steps: draw.steps.iter().map(|drawn| self.step_draw(drawn)).collect(),
            digest: Digest::of(bytes),
            bytes: bytes.len() as u64,
            file: match self.output_for(sample.role).encode {
                Encoding::Jpeg { .. } => FileType::Jpg,
                Encoding::Png => FileType::Png,
                Encoding::Webp => FileType::Webp,
            },
            width: pixels.size().width,
            height: pixels.size().height,
        }
    }

    /// A sample's entry as far as the plan knows it: the bytes' digest is zeros, and size, width and height are 1.
    pub fn unrendered(&self, sample: &Sample) -> Entry {
        let draw = self.draw(sample);
        let nothing = Image::filled(crate::pixels::Size::new(1, 1), [0; 3]);
        let entry = self.entry(sample, &draw, &nothing, &[0]);
        Entry { digest: Digest::from_bytes([0; 32]), ..entry }
    }

    fn set_of(&self, sample: &Sample) -> crate::set::Set {
        let fold = match self.parts[sample.source] {
            crate::split::Part::Fold(fold) => Some(fold),
            _ => None,
        };
        let role = match sample.role {
            Role::Original | Role::Train => crate::set::SetRole::Train,
            Role::Val => crate::set::SetRole::Val,
            Role::NoisyVal => crate::set::SetRole::NoisyVal,
        };
        crate::set::Set { fold, role }
    }

    /// A drawn step as the manifest states it; a partner by its digest, its share in 1/65536.
    pub(crate) fn step_draw(&self, drawn: &super::Drawn<'_>) -> StepDraw {
        let value = |value: &Value| match value {
            Value::Number(number) => ParamValue::Number(*number),
            other => ParamValue::Text(other.to_string().into()),
        };
        let mut params: Vec<_> = (drawn.call.op.params.iter().zip(&drawn.values))
            .map(|(param, settled)| (param.name.into(), value(settled)))
            .collect();
        if let Some(partner) = &drawn.partner {
            let mut number = |name: &str, number: u32| {
                let number = crate::number::Micro::from_int(i64::from(number));
                params.push((name.into(), ParamValue::Number(number)));
            };
            number("weight", partner.mix.share);
            for (name, value) in partner.mix.patch.iter().flat_map(|patch| patch.numbers()) {
                number(name, value);
            }
            params.push(("partner".into(), ParamValue::Text(self.sources[partner.source].digest.hex().into())));
        }
        params.sort_by(|a: &(Arc<str>, _), b| a.0.cmp(&b.0));
        StepDraw { id: drawn.step.id.as_str().into(), params }
    }
}
