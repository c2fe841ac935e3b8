//! `augmint build` and `augmint publish`.

use super::machine::{Meter, Resources, duration};
use super::scan;
use crate::build::{BuildError, Job, Progress, Stopped, assemble, make, record, relative_path, shard_keys, survey};
use crate::canary;
use crate::digest::Digest;
use crate::plan::engine;
use crate::prepare::Prepared;
use crate::shard::Pixels;
use crate::store::{Budget, BuildLock, ByteSize, Datasets, LogLine, Need, Published, Record, Retag, Tag, Wait};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Make a version from a recipe: renders the shards that are missing, then publishes
///
/// Killed, stopped or out of room, the same command goes on where it was: finished shards are never made again, and
/// shards of earlier versions that did not change are taken over.
#[derive(clap::Args, Debug)]
pub struct Build {
    /// The recipe
    recipe: PathBuf,
    /// Name the version; by default the next free vN
    #[arg(long)]
    tag: Option<Tag>,
    /// Let the tag move, if it names another version
    #[arg(long, requires = "tag")]
    retag: bool,
    /// What is new in this version, for `augmint log`
    #[arg(short, long)]
    message: Option<String>,
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

/// Publish a version whose shards were made in parts: renders nothing
#[derive(clap::Args, Debug)]
pub struct Publish {
    /// The recipe
    recipe: PathBuf,
    /// Name the version; by default the next free vN
    #[arg(long)]
    tag: Option<Tag>,
    /// Let the tag move, if it names another version
    #[arg(long, requires = "tag")]
    retag: bool,
    /// What is new in this version, for `augmint log`
    #[arg(short, long)]
    message: Option<String>,
    /// The parts were made with --no-store
    #[arg(long)]
    no_store: bool,
    /// Print one JSON object
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
        let prepared = scan::plan(&self.recipe, datasets)?;
        canary::check(&engine(&prepared.plan)).map_err(BuildError::from)?;
        refuse_taken_tag(&prepared, datasets, self.tag.as_ref(), self.retag)?;
        let keys = shard_keys(&prepared.plan);
        self.check_room(&prepared, datasets, &keys)?;
        let _lock = lock(datasets, "build", self.no_wait, stop)?;
        let made = self.make(&prepared, datasets, &keys, stop)?;
        if let Some(share) = self.part {
            return self.report_part(share, &prepared, made);
        }
        let outcome =
            publish(&prepared, datasets, &keys, self.tag.as_ref(), self.retag, self.message.clone(), &self.recipe)?;
        report(&prepared, datasets, &outcome, made, &self.recipe, self.json)
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
        let samples: u64 = wanted.iter().map(|shard| plan.shards()[*shard].samples()).sum();
        if survey.present > 0 {
            let (present, of, taken) = (survey.present, keys.len(), survey.present_samples);
            eprintln!(
                "{present} of {of} shards are there already and are taken over ({taken} samples); {} to make",
                wanted.len()
            );
        }
        let renderer = scan::renderer(prepared, &self.resources);
        let meter = Meter::new("build", samples);
        let job = Job {
            renderer: &renderer,
            datasets,
            keys,
            wanted: &wanted,
            pixels: self.pixels(),
            ahead: self.resources.ahead(u64::from(crate::plan::BLOCK) * plan.largest_sample_bytes() / 4),
            stop,
            progress: &|progress| meter.set(progress.samples, progress.bytes),
        };
        let result = make(&job);
        let seconds = meter.finish();
        let (progress, stopped) = result?;
        if stopped == Stopped::Yes {
            return Err(BuildError::Stopped { finished: progress.shards, wanted: wanted.len() }.into());
        }
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
            self.recipe.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

impl Publish {
    /// Publishes.
    ///
    /// # Errors
    /// When shards are missing, or as [`Build::run`].
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let stop = self.resources.start()?;
        let prepared = scan::plan(&self.recipe, datasets)?;
        refuse_taken_tag(&prepared, datasets, self.tag.as_ref(), self.retag)?;
        let keys = shard_keys(&prepared.plan);
        let _lock = lock(datasets, "publish", false, stop)?;
        let pixels = if self.no_store { Pixels::Drop } else { Pixels::Keep };
        let survey = survey(&prepared.plan, datasets, &keys, pixels);
        if !survey.missing.is_empty() {
            let store = datasets.shards().display().to_string();
            return Err(BuildError::Incomplete { missing: survey.missing.len(), of: keys.len(), store }.into());
        }
        let outcome =
            publish(&prepared, datasets, &keys, self.tag.as_ref(), self.retag, self.message.clone(), &self.recipe)?;
        let made = Made { taken_over: survey.present_samples, ..Made::default() };
        report(&prepared, datasets, &outcome, made, &self.recipe, self.json)
    }
}

/// What a run did.
#[derive(Clone, Copy, Default)]
struct Made {
    progress: Progress,
    shards: usize,
    taken_over: u64,
    seconds: f64,
}

/// A published version with its record.
struct Outcome {
    published: Published,
    record: Record,
}

/// Waits for the right to change the store.
pub fn lock(datasets: &Datasets, action: &str, no_wait: bool, stop: &AtomicBool) -> miette::Result<BuildLock> {
    let mut told = false;
    let lock = datasets.lock_build(&super::holder(action), |holder| {
        if no_wait || stop.load(Ordering::Relaxed) {
            return Wait::No;
        }
        if !std::mem::replace(&mut told, true) {
            eprintln!("waiting for another process in this store: {holder}");
        }
        Wait::Longer
    })?;
    let swept = datasets.sweep(&lock, crate::store::Run::Real)?;
    if swept.temporary > 0 {
        eprintln!("removed {} half-written files of a run that was killed", swept.temporary);
    }
    Ok(lock)
}

/// A tag that names a version of another recipe or other sources is refused before the work, not after it.
fn refuse_taken_tag(prepared: &Prepared, datasets: &Datasets, tag: Option<&Tag>, retag: bool) -> miette::Result<()> {
    let Some(tag) = tag.filter(|_| !retag) else { return Ok(()) };
    let Some(held) = datasets.tag(&prepared.name, tag)? else { return Ok(()) };
    let version = crate::store::Resolved { name: prepared.name.clone(), digest: held, tag: None };
    let old = datasets.record(&version)?;
    let new = record(prepared, None, None, None);
    let same = (&old.recipe.meaning, &old.revisions, old.samples)
        == (&new.recipe.meaning, &new.revisions, prepared.plan.total());
    if same {
        return Ok(());
    }
    let name = &prepared.name;
    Err(miette::miette!(
        help = "choose another tag, leave --tag away for the next free vN, or add --retag: the old version keeps its digest",
        "{name}@{tag} is version {} already, and this recipe makes another one",
        held.short()
    ))
}

fn publish(
    prepared: &Prepared,
    datasets: &Datasets,
    keys: &[Digest],
    tag: Option<&Tag>,
    retag: bool,
    message: Option<String>,
    recipe: &std::path::Path,
) -> miette::Result<Outcome> {
    let name = &prepared.name;
    let assembled = assemble(prepared, datasets, keys)?;
    let digest = assembled.summary().digest;
    // The version may have a tag already: then building it again is no new version.
    let known = datasets.tags(name)?.into_iter().rev().find(|(_, held)| *held == digest).map(|(tag, _)| tag);
    let tag = match (tag, known) {
        (Some(tag), _) => tag.clone(),
        (None, Some(tag)) => tag,
        (None, None) => datasets.next_tag(name)?,
    };
    let parent = datasets.tags(name)?.last().map(|(_, digest)| *digest).filter(|parent| *parent != digest);
    let record = record(prepared, message, parent, relative_path(recipe, datasets.root()));
    let table = prepared.plan.recipe().source.as_ref().is_some_and(|source| source.layout.numbers_classes());
    if !table {
        datasets.write_classes(name, prepared.plan.classes())?;
    }
    let retag = if retag { Retag::Allowed } else { Retag::Refused };
    let published = datasets.publish(assembled, record, &prepared.list, Some((tag, retag)))?;
    let version = crate::store::Resolved { name: name.clone(), digest, tag: None };
    let record = datasets.record(&version)?;
    Ok(Outcome { published, record })
}

fn report(
    prepared: &Prepared,
    datasets: &Datasets,
    outcome: &Outcome,
    made: Made,
    recipe: &std::path::Path,
    json: bool,
) -> miette::Result<ExitCode> {
    let Outcome { published, record } = outcome;
    let name = &prepared.name;
    let tag = published.tag.as_ref().map(|(tag, _)| tag.clone());
    let rendered = made.progress.samples;
    datasets.log(&LogLine {
        name: Some(name.clone()),
        tag: tag.clone(),
        digest: Some(published.digest),
        seconds: Some(made.seconds),
        rendered: Some(rendered),
        taken_over: Some(made.taken_over),
        from: Some(recipe.display().to_string()),
        ..super::log_line("build")
    })?;
    let validation = record.validation.as_ref().map(|validation| validation.digest.to_string());
    let reference = tag.as_ref().map_or_else(|| published.digest.to_string(), |tag| format!("{name}@{tag}"));
    if json {
        super::print_json(&serde_json::json!({
            "name": name, "tag": tag, "digest": published.digest.to_string(), "validation_digest": validation,
            "samples": record.samples, "bytes": record.bytes, "seconds": made.seconds, "rendered": rendered,
            "taken_over": made.taken_over, "shards": prepared.plan.shards().len(), "existed": published.existed,
            "threads": Resources::threads(),
        }))?;
    } else {
        let again = if published.existed { " (was there already)" } else { "" };
        let (samples, bytes, seconds) = (record.samples, ByteSize(record.bytes), duration(made.seconds));
        super::print(&format!(
            "{reference}{again}\n{}\n{samples} samples, {bytes}: {rendered} rendered in {seconds}, {} taken over",
            published.digest, made.taken_over
        ))?;
        if let Some(validation) = validation {
            super::print(&format!("validation {validation}"))?;
        }
    }
    super::next(&format!("augmint verify {reference}"));
    Ok(ExitCode::SUCCESS)
}
