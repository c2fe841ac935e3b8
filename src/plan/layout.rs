//! Blocks and shards: how samples are laid out, and what a shard is named by before it exists.
//!
//! A block is up to 16 samples of one source, rendered together, so that the source is decoded once and stays warm. A
//! block's place is the prefix of `H(source, set's role, block number)`; how many prefixes there are follows from the
//! planned count of the set alone. So every shard holds many sources, and a source that is added or removed changes only
//! the shards its blocks fall into: the others keep their key and are taken over as they are.

use super::{Plan, Sample};
use crate::canonical::Json;
use crate::digest::{Digest, Hasher};
use crate::ops::{Dist, Fit};
use crate::pixels::Size;
use crate::set::Set;
use std::ops::Range;

/// Most samples of a block.
pub const BLOCK: u32 = 16;
/// Most samples of a shard, on average.
const SHARD_SAMPLES: u64 = 1000;
/// Most bytes of a shard, on average, if every sample were stored raw.
const SHARD_BYTES: u64 = 1 << 30;

/// Up to 16 samples of one source in one set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Index in the plan's sources.
    pub source: usize,
    /// The set.
    pub set: Set,
    /// Which of the source's samples in the set.
    pub samples: Range<u32>,
}

/// The samples of one tar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShardPlan {
    /// The set.
    pub set: Set,
    /// Its number within the set, without gaps.
    pub index: u32,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

impl ShardPlan {
    /// Its name in a version's folder: `train-00000.tar`.
    pub fn file_name(&self) -> String {
        format!("{}-{:05}.tar", self.set, self.index)
    }

    /// How many samples.
    pub fn samples(&self) -> u64 {
        self.blocks.iter().map(|block| u64::from(block.samples.end - block.samples.start)).sum()
    }
}

impl Plan {
    /// The samples of a block, in order.
    pub fn block_samples(&self, block: &Block) -> impl Iterator<Item = Sample> {
        let (skip, take) = (block.samples.start as usize, block.samples.len());
        self.samples(block.source, block.set).skip(skip).take(take)
    }

    pub(super) fn lay_out(&self) -> Vec<ShardPlan> {
        let mut shards = Vec::new();
        for set in self.sets() {
            let counts: Vec<(usize, u32)> = (0..self.sources.len())
                .map(|source| (source, self.count(source, set)))
                .filter(|(_, count)| *count > 0)
                .collect();
            let total: u64 = counts.iter().map(|(_, count)| u64::from(*count)).sum();
            let per_shard = SHARD_SAMPLES.min(SHARD_BYTES / self.largest_sample(set).max(1)).max(u64::from(BLOCK));
            let bits = total.div_ceil(per_shard).next_power_of_two().trailing_zeros();
            let mut placed: Vec<(Digest, Block)> = Vec::new();
            for (source, count) in counts {
                for number in 0..count.div_ceil(BLOCK) {
                    let samples = number * BLOCK..count.min((number + 1) * BLOCK);
                    placed.push((self.place(source, set, number), Block { source, set, samples }));
                }
            }
            placed.sort_by_key(|(place, _)| *place);
            let prefix = |place: &Digest| place.prefix64().checked_shr(64 - bits).unwrap_or(0);
            for (index, blocks) in placed.chunk_by(|a, b| prefix(&a.0) == prefix(&b.0)).enumerate() {
                let blocks = blocks.iter().map(|(_, block)| block.clone()).collect();
                shards.push(ShardPlan { set, index: index as u32, blocks });
            }
        }
        shards
    }

    fn place(&self, source: usize, set: Set, number: u32) -> Digest {
        Hasher::new("augmint block 1")
            .digest(&self.sources[source].digest)
            .text(set.role.name())
            .number(number.into())
            .finish()
    }

    /// A bound on the stored bytes of any one sample: its pixels raw.
    pub fn largest_sample_bytes(&self) -> u64 {
        self.sets().into_iter().map(|set| self.largest_sample(set)).max().unwrap_or(0)
    }

    /// The raw bytes of the largest sample a set can hold.
    fn largest_sample(&self, set: Set) -> u64 {
        let fit = match set.role {
            crate::set::SetRole::Train => self.recipe.output.fit,
            _ => self.output_for(crate::seed::Role::Val).fit,
        };
        let size = match fit {
            Fit::Within(size) | Fit::Pad(size, _) | Fit::Stretch(size) | Fit::Cover(size) => size,
            // A turn may double a canvas; other growth is rare, and only makes shards larger.
            Fit::Keep => {
                let largest = self.sources.iter().map(|source| source.size).max_by_key(|size| size.pixels());
                largest.map_or(Size::new(1, 1), |size| Size::new(size.width * 2, size.height))
            }
        };
        3 * size.pixels()
    }

    /// What a shard is named by: a hash of all that decides its bytes, known before a pixel is read.
    pub fn shard_key(&self, shard: &ShardPlan) -> Digest {
        let engine = super::engine(self).meaning().to_string();
        let mut hasher = Hasher::new("augmint shard 1").text(&engine).text(&shard.set.to_string());
        for block in &shard.blocks {
            for sample in self.block_samples(block) {
                hasher = hasher.text(&self.line(&sample).to_string());
            }
        }
        hasher.finish()
    }

    /// A sample as the plan knows it: everything of its manifest line but what rendering adds, and how it is stored.
    pub fn line(&self, sample: &Sample) -> Json {
        let draw = self.draw(sample);
        let source = &self.sources[sample.source];
        let label = draw.label.iter().map(|(class, weight)| Json::array([*class, *weight]));
        Json::object([
            ("key", self.id(sample).key().into()),
            ("source", source.digest.into()),
            ("role", sample.role.name().into()),
            ("copy", sample.copy.into()),
            ("class", source.class.into()),
            ("class_name", self.class_name(source.class).into()),
            ("label", Json::Array(label.collect())),
            ("steps", Json::Array(draw.steps.iter().map(|drawn| self.drawn_json(drawn)).collect())),
            ("output", self.output_for(sample.role).meaning()),
        ])
    }

    fn drawn_json(&self, drawn: &super::Drawn<'_>) -> Json {
        let values = drawn.values.iter().map(|value| Dist::Fixed(*value).meaning());
        let mut fields = vec![
            Json::from(drawn.step.id.as_str()),
            drawn.call.op.name.into(),
            Json::Array(values.collect()),
            drawn.field.into(),
        ];
        if let Some(partner) = &drawn.partner {
            fields.push(self.sources[partner.source].digest.into());
            fields.push(u32::from(partner.mix.weight).into());
            fields.push(Json::array(partner.steps.iter().map(|step| self.drawn_json(step))));
            fields.push(partner.fit.name().into());
            let patch = partner.mix.patch.iter().flat_map(|patch| patch.numbers());
            fields.extend(patch.map(|(_, number)| number.into()));
        }
        Json::Array(fields)
    }
}
