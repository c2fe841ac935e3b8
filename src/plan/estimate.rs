//! What a build will take, from a pilot of real renders.

use super::{Plan, RenderError, Renderer, Sample};
use crate::digest::{Digest, Hasher};
use crate::seed::Rng;
use crate::set::Set;
use crate::shard::frame_bytes;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;

/// Samples that one round of the pilot renders.
const ROUND: usize = 240;
/// Most rounds; the pilot ends earlier once the interval is narrow.
const ROUNDS: usize = 10;
/// Narrow enough: half the 95 % interval over the mean.
const NARROW: f64 = 0.02;

/// What a build will take.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Estimate {
    /// Samples that were rendered to find out.
    pub pilot: usize,
    /// Bytes of all shards.
    pub bytes: f64,
    /// Lower end of the 95 % interval.
    pub bytes_low: f64,
    /// Upper end of the 95 % interval.
    pub bytes_high: f64,
    /// Seconds of one core, at the speed the pilot had.
    pub core_seconds: f64,
}

/// The samples of one set and class.
struct Stratum {
    /// Source and number of samples up to and including it.
    until: Vec<(usize, u64)>,
    set: Set,
    total: u64,
    bytes: Vec<f64>,
}

impl Stratum {
    fn draw(&self, plan: &Plan, rng: &mut Rng) -> Option<Sample> {
        let index = rng.below(self.total);
        let (source, end) = self.until[self.until.partition_point(|(_, until)| *until <= index)];
        plan.samples(source, self.set).nth((index + u64::from(plan.count(source, self.set)) - end) as usize)
    }
}

impl Plan {
    /// Renders a stratified random sample of the plan (by set and class, the same each time) until the 95 % interval of
    /// the bytes is within 2 %, at most 2,400 samples.
    ///
    /// # Errors
    /// When a source is not what the plan was made from.
    pub fn estimate(&self, renderer: &Renderer) -> Result<Estimate, RenderError> {
        let mut strata: BTreeMap<(Set, u32), Stratum> = BTreeMap::new();
        for set in self.sets() {
            for (index, source) in self.sources().iter().enumerate() {
                let count = self.count(index, set);
                if count > 0 {
                    let stratum = strata.entry((set, source.class)).or_insert_with(|| Stratum {
                        until: Vec::new(),
                        set,
                        total: 0,
                        bytes: Vec::new(),
                    });
                    stratum.total += u64::from(count);
                    stratum.until.push((index, stratum.total));
                }
            }
        }
        let mut strata: Vec<Stratum> = strata.into_values().collect();
        let total: u64 = strata.iter().map(|stratum| stratum.total).sum();
        let mut rng = Rng::from_digest(&Hasher::new("augmint pilot").digest(&Digest::of(b"")).finish());
        let (mut rendered, mut seconds) = (0, 0.0);
        for _ in 0..ROUNDS {
            let mut drawn = Vec::new();
            for (index, stratum) in strata.iter().enumerate() {
                // In proportion to the stratum, at least two, so that each has a variance.
                let share = (ROUND as u64 * stratum.total).div_ceil(total.max(1)).max(2);
                drawn.extend((0..share).filter_map(|_| Some((index, stratum.draw(self, &mut rng)?))));
            }
            let results: Vec<(usize, f64, f64)> = (drawn.par_iter())
                .map(|(index, sample)| {
                    #[expect(clippy::disallowed_methods, reason = "measures a render; only the estimate sees it")]
                    let start = Instant::now();
                    let image = renderer.source(sample.source)?;
                    let decoded = start.elapsed().as_secs_f64();
                    let bytes = frame_bytes(&renderer.sample(sample, &image)?.entry, self.classes()) as f64;
                    // A block decodes its source once for up to 16 samples.
                    let share = f64::from(super::BLOCK.min(self.count(sample.source, strata[*index].set)));
                    let seconds = start.elapsed().as_secs_f64() - decoded + decoded / share;
                    Ok((*index, bytes, seconds))
                })
                .collect::<Result<_, RenderError>>()?;
            for (index, bytes, spent) in results {
                strata[index].bytes.push(bytes);
                seconds += spent * strata[index].total as f64 / total as f64;
                rendered += 1;
            }
            let (bytes, half) = sum(&strata);
            if half <= NARROW * bytes {
                break;
            }
        }
        let (bytes, half) = sum(&strata);
        let mean_seconds = mean_seconds(seconds, &strata, total);
        Ok(Estimate {
            pilot: rendered,
            bytes,
            bytes_low: (bytes - half).max(0.0),
            bytes_high: bytes + half,
            core_seconds: mean_seconds * total as f64,
        })
    }
}

/// `seconds` is a sum over renders weighted by their stratum's share; undo the number of renders per stratum.
fn mean_seconds(seconds: f64, strata: &[Stratum], total: u64) -> f64 {
    let weight: f64 =
        strata.iter().map(|stratum| stratum.bytes.len() as f64 * stratum.total as f64 / total as f64).sum();
    if weight > 0.0 { seconds / weight } else { 0.0 }
}

/// The estimated total, and half its 95 % interval.
fn sum(strata: &[Stratum]) -> (f64, f64) {
    let (mut bytes, mut variance) = (0.0, 0.0);
    for stratum in strata {
        let (n, total) = (stratum.bytes.len() as f64, stratum.total as f64);
        let mean = stratum.bytes.iter().sum::<f64>() / n;
        let spread =
            stratum.bytes.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0).max(1.0);
        bytes += total * mean;
        variance += total * total * spread / n;
    }
    (bytes, 1.96 * variance.sqrt())
}
