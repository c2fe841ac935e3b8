//! `augmint publish`, and what `build` ends with: a finished set of shards becomes a version.

use super::machine::{Resources, duration};
use super::making::lock;
use super::scan;
use crate::build::{BuildError, Progress, assemble, record, relative_path, shard_keys, survey};
use crate::digest::Digest;
use crate::prepare::Prepared;
use crate::shard::Pixels;
use crate::store::{ByteSize, Datasets, LogLine, Published, Record, Resolved, Retag, Tag};
use std::path::PathBuf;
use std::process::ExitCode;

/// Publish a version whose shards were made in parts: renders nothing
#[derive(clap::Args, Debug)]
pub struct Publish {
    #[command(flatten)]
    version: NewVersion,
    /// The parts were made with --no-store
    #[arg(long)]
    no_store: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

/// The version that a command is to make, and what it will be called.
#[derive(clap::Args, Debug)]
pub struct NewVersion {
    /// The recipe
    pub recipe: PathBuf,
    /// Name the version; by default the next free vN
    #[arg(long)]
    tag: Option<Tag>,
    /// Let the tag move, if it names another version
    #[arg(long, requires = "tag")]
    retag: bool,
    /// What is new in this version, for `augmint log`
    #[arg(short, long)]
    message: Option<String>,
}

/// What a run made before it published.
#[derive(Clone, Copy, Default)]
pub struct Made {
    /// What was rendered.
    pub progress: Progress,
    /// Shards that were made.
    pub shards: usize,
    /// Samples that were there already.
    pub taken_over: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Publish {
    /// Publishes.
    ///
    /// # Errors
    /// When shards are missing, or as `build`.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let stop = self.resources.start()?;
        let prepared = scan::plan(&self.version.recipe, datasets)?;
        self.version.refuse_taken_tag(&prepared, datasets)?;
        let keys = shard_keys(&prepared.plan);
        let _lock = lock(datasets, "publish", false, stop)?;
        let pixels = if self.no_store { Pixels::Drop } else { Pixels::Keep };
        let survey = survey(&prepared.plan, datasets, &keys, pixels);
        if !survey.missing.is_empty() {
            let store = datasets.shards().display().to_string();
            return Err(BuildError::Incomplete { missing: survey.missing.len(), of: keys.len(), store }.into());
        }
        let made = Made { taken_over: survey.present_samples, ..Made::default() };
        self.version.publish(&prepared, datasets, &keys, made, self.json)
    }
}

impl NewVersion {
    /// A tag that names a version of another recipe or other sources is refused before the work, not after it.
    ///
    /// # Errors
    /// When the tag is such a one, or cannot be read.
    pub fn refuse_taken_tag(&self, prepared: &Prepared, datasets: &Datasets) -> miette::Result<()> {
        let Some(tag) = self.tag.as_ref().filter(|_| !self.retag) else { return Ok(()) };
        let Some(held) = datasets.tag(&prepared.name, tag)? else { return Ok(()) };
        let old = datasets.record(&Resolved { name: prepared.name.clone(), digest: held, tag: None })?;
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

    /// Publishes the shards of these keys, all of them there, and reports it.
    ///
    /// # Errors
    /// When the disk fails, or the tag is taken.
    pub fn publish(
        &self,
        prepared: &Prepared,
        datasets: &Datasets,
        keys: &[Digest],
        made: Made,
        json: bool,
    ) -> miette::Result<ExitCode> {
        let name = &prepared.name;
        let assembled = assemble(prepared, datasets, keys)?;
        let digest = assembled.summary().digest;
        // The version may have a tag already: then building it again is no new version.
        let known = datasets.tags(name)?.into_iter().rev().find(|(_, held)| *held == digest).map(|(tag, _)| tag);
        let tag = match (&self.tag, known) {
            (Some(tag), _) => tag.clone(),
            (None, Some(tag)) => tag,
            (None, None) => datasets.next_tag(name)?,
        };
        let parent = datasets.tags(name)?.last().map(|(_, digest)| *digest).filter(|parent| *parent != digest);
        let path = relative_path(&self.recipe, datasets.root());
        let record = record(prepared, self.message.clone(), parent, path);
        let table = prepared.plan.recipe().source.as_ref().is_some_and(|source| source.layout.numbers_classes());
        if !table {
            datasets.write_classes(name, prepared.plan.classes())?;
        }
        let retag = if self.retag { Retag::Allowed } else { Retag::Refused };
        let published = datasets.publish(assembled, record, &prepared.list, Some((tag, retag)))?;
        let record = datasets.record(&Resolved { name: name.clone(), digest, tag: None })?;
        let reference = self.report(prepared, datasets, &published, &record, made, json)?;
        // Of --no-store there are no bytes to verify; the gallery draws them.
        let stored = survey(&prepared.plan, datasets, keys, Pixels::Keep).missing.is_empty();
        super::next(&format!("augmint {} {reference}", if stored { "verify" } else { "view" }));
        Ok(ExitCode::SUCCESS)
    }

    /// Logs and prints it; gives how it is called.
    fn report(
        &self,
        prepared: &Prepared,
        datasets: &Datasets,
        published: &Published,
        record: &Record,
        made: Made,
        json: bool,
    ) -> miette::Result<String> {
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
            from: Some(self.recipe.display().to_string()),
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
        Ok(reference)
    }
}
