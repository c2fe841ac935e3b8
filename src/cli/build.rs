//! `augmint build`: makes the shards that are missing, then publishes.

use super::machine::{Resources, duration};
use super::making::{Making, lock};
use super::publish::{Made, NewVersion};
use super::scan;
use crate::build::{BuildError, shard_keys, survey};
use crate::canary;
use crate::digest::Digest;
use crate::plan::engine;
use crate::prepare::Prepared;
use crate::shard::Pixels;
use crate::store::{Budget, ByteSize, Datasets, Need};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

/// Make a version from a recipe: renders the shards that are missing, then publishes
///
/// Killed, stopped or out of room, the same command goes on where it was: finished shards are never made again, and
/// shards of earlier versions that did not change are taken over.
#[derive(clap::Args, Debug)]
pub struct Build {
    #[command(flatten)]
    version: NewVersion,
    /// Everything but the pixels: they are rendered, hashed and dropped; `augmint restore` makes them later
    #[arg(long)]
    no_store: bool,
    /// Write at most this much, e.g. 20GB; without it, 10 GB or 10 % of the disk always stay free
    #[arg(long, value_name = "SIZE")]
    budget: Option<ByteSize>,
    /// Make only the k-th of n shares of the shards, on one of n machines; then `augmint publish`
    #[arg(long, value_name = "K/N")]
    part: Option<Share>,
    /// Fail instead of waiting when another build is at work in the store
    #[arg(long)]
    no_wait: bool,
    /// Print one JSON object: name, tag, digest, samples, bytes, seconds, rendered, taken_over
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

/// One of several shares: `2/8`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Share {
    part: usize,
    of: usize,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match parsed {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err(format!("'{text}' is not a share: write 2/8 for the second of eight")),
        }
    }
}

impl Build {
    /// Builds.
    ///
    /// # Errors
    /// With what is wrong with the recipe, the sources, the machine or the disk.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let stop = self.resources.start()?;
        let prepared = scan::plan(&self.version.recipe, datasets)?;
        canary::check(&engine(&prepared.plan)).map_err(BuildError::from)?;
        self.version.refuse_taken_tag(&prepared, datasets)?;
        let keys = shard_keys(&prepared.plan);
        self.check_room(&prepared, datasets, &keys)?;
        let _lock = lock(datasets, "build", self.no_wait, stop)?;
        let made = self.make(&prepared, datasets, &keys, stop)?;
        match self.part {
            Some(share) => self.report_part(share, &prepared, made),
            None => self.version.publish(&prepared, datasets, &keys, made, self.json),
        }
    }

    fn pixels(&self) -> Pixels {
        if self.no_store { Pixels::Drop } else { Pixels::Keep }
    }

    /// Whether what is missing fits on the disk; a pilot is rendered only where it could matter.
    fn check_room(&self, prepared: &Prepared, datasets: &Datasets, keys: &[Digest]) -> miette::Result<()> {
        let plan = &prepared.plan;
        let missing = self.wanted(survey(plan, datasets, keys, self.pixels()).missing);
        let samples: u64 = missing.iter().map(|shard| plan.shards()[*shard].samples()).sum();
        if samples == 0 || self.no_store {
            return Ok(());
        }
        let budget = Budget { most: self.budget };
        let most = samples.saturating_mul(plan.largest_sample_bytes());
        if budget.check(datasets.store(), Need { samples, bytes: most }).is_ok() {
            return Ok(());
        }
        let estimate = scan::estimate(&scan::renderer(prepared, &self.resources))?;
        let bytes = estimate.bytes_high * samples as f64 / plan.total() as f64;
        Ok(budget.check(datasets.store(), Need { samples, bytes: bytes as u64 }).map_err(BuildError::from)?)
    }

    fn wanted(&self, missing: Vec<usize>) -> Vec<usize> {
        let mine = |shard: &usize| self.part.is_none_or(|share| shard % share.of == share.part - 1);
        missing.into_iter().filter(mine).collect()
    }

    fn make(
        &self,
        prepared: &Prepared,
        datasets: &Datasets,
        keys: &[Digest],
        stop: &AtomicBool,
    ) -> miette::Result<Made> {
        let plan = &prepared.plan;
        let survey = survey(plan, datasets, keys, self.pixels());
        let wanted = self.wanted(survey.missing);
        if survey.present > 0 {
            let (present, of, taken) = (survey.present, keys.len(), survey.present_samples);
            eprintln!(
                "{present} of {of} shards are there already and are taken over ({taken} samples); {} to make",
                wanted.len()
            );
        }
        let renderer = scan::renderer(prepared, &self.resources);
        let making = Making {
            verb: "build",
            renderer: &renderer,
            datasets,
            keys,
            pixels: self.pixels(),
            resources: &self.resources,
            stop,
        };
        let (progress, seconds) = making.run(&wanted)?;
        Ok(Made { progress, shards: wanted.len(), taken_over: survey.present_samples, seconds })
    }

    fn report_part(&self, share: Share, prepared: &Prepared, made: Made) -> miette::Result<ExitCode> {
        let Share { part, of } = share;
        let samples = made.progress.samples;
        if self.json {
            super::print_json(&serde_json::json!({
                "name": prepared.name, "part": part, "of": of, "rendered": samples, "taken_over": made.taken_over,
                "shards": made.shards, "seconds": made.seconds,
            }))?;
        } else {
            let seconds = duration(made.seconds);
            super::print(&format!(
                "part {part} of {of}: made {} shards, {samples} samples, in {seconds}",
                made.shards
            ))?;
        }
        super::next(&format!(
            "augmint publish {}   (once the shards of all parts are in one store)",
            self.version.recipe.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}
