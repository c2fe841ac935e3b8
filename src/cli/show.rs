//! `augmint show`: what a version is.

use super::table::align;
use crate::listing::{Listing, ListingError, Wanted};
use crate::store::{ByteSize, Datasets, Record, Reference, Resolved, Tag};
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

/// Show a version: digests, samples per class and set, revisions, label corrections, skipped files
///
/// With --samples every sample instead, as JSON Lines with all that was drawn for it, to be asked with DuckDB, polars or
/// jq: docs/manifests.md. Filters of several kinds have to hold together.
#[derive(clap::Args, Debug)]
pub struct Show {
    /// name@tag, name@sha256:prefix or sha256:prefix
    reference: Reference,
    /// Print the recipe as it was written instead
    #[arg(long)]
    recipe: bool,
    /// Print JSON: the record, and the state of the pixels
    #[arg(long, conflicts_with = "recipe")]
    json: bool,
    /// Print every sample: a line of JSON each, in the order of their keys
    #[arg(long, conflicts_with_all = ["recipe", "json"])]
    samples: bool,
    /// Only samples of sources of this class, by name or number, whatever was mixed into them; several: any of them
    #[arg(long, value_name = "NAME", requires = "samples")]
    class: Vec<String>,
    /// Only this split: train, val, noisy_val, or with folds f0, f0-val, not-f0 (the training set of fold 0)
    #[arg(long, requires = "samples")]
    split: Option<String>,
    /// Only samples in which this op, or the step or group of this id, was on; several: all of them
    #[arg(long, value_name = "NAME", requires = "samples")]
    op: Vec<String>,
    /// Only samples of the source of this path, or whose digest starts so; several: any of them
    #[arg(long, value_name = "PATH|DIGEST", requires = "samples")]
    source: Vec<String>,
}

impl Show {
    /// Prints the record.
    ///
    /// # Errors
    /// When the reference names no version, or its record cannot be read.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let version = datasets.resolve(&self.reference)?;
        if self.samples {
            return self.list(datasets, &version);
        }
        let (record, presence) = (datasets.record(&version)?, datasets.presence(&version.digest)?);
        let tags = datasets.tags(&version.name)?.into_iter();
        let tags: Vec<Tag> = tags.filter(|(_, digest)| *digest == version.digest).map(|(tag, _)| tag).collect();
        if self.recipe {
            super::print(&record.recipe.text.0)?;
        } else if self.json {
            super::print_json(&serde_json::json!({ "record": record, "tags": tags, "pixels": presence }))?;
        } else {
            super::print(&text(&version, &record, &tags, &presence.to_string()))?;
            super::next(&match presence.is_whole() {
                true => format!("augmint verify {version}"),
                false => format!("augmint restore {version}"),
            });
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, datasets: &Datasets, version: &Resolved) -> miette::Result<ExitCode> {
        let listing = Listing::open(datasets, version)?;
        let (classes, ops, sources) = (self.class.clone(), self.op.clone(), self.source.clone());
        let filter = listing.filter(&Wanted { classes, split: self.split.clone(), ops, sources })?;
        if !listing.is_rendered() {
            eprintln!(
                "the store has no manifest of {version}: its samples are drawn, and what only pixels tell is null"
            );
        }
        match listing.write(&filter, &mut io::stdout().lock()) {
            // Whoever reads it has seen enough (`| head`).
            Err(ListingError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
            listed => {
                let listed = listed?;
                eprintln!("{} of {} samples", listed.listed, listed.of);
                super::next(&match listed.first {
                    Some(key) => format!("augmint explain {version} {key}"),
                    None => format!("augmint show {version}"),
                });
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text(version: &Resolved, record: &Record, tags: &[Tag], pixels: &str) -> String {
    let tags: Vec<_> = tags.iter().map(Tag::as_str).collect();
    let mut lines = vec![("name", version.name.to_string()), ("digest", record.digest.to_string())];
    lines.push(("tags", tags.join(" ")));
    lines.push(("message", record.message.clone().unwrap_or_default()));
    lines.push(("parent", record.parent.map(|parent| parent.to_string()).unwrap_or_default()));
    lines.push(("validation", record.validation.as_ref().map(|held| held.digest.to_string()).unwrap_or_default()));
    lines.push(("samples", format!("{} ({} with the bytes of another)", record.samples, record.repeated)));
    lines.push(("bytes", format!("{} ({})", ByteSize(record.bytes), pixels)));
    let revisions: Vec<_> = record.revisions.iter().map(|(name, revision)| format!("{name} {revision}")).collect();
    lines.push(("revisions", revisions.join(", ")));
    lines
        .extend(record.fixes.iter().map(|fix| ("fix", format!("{} to {} by {}: {}", fix.id, fix.to, fix.by, fix.why))));
    lines.extend(record.skipped.iter().map(|file| ("skipped", format!("{}: {}", file.path, file.why))));
    let shown = lines.into_iter().filter(|(_, value)| !value.is_empty());
    let mut text = align(&shown.map(|(name, value)| vec![name.to_owned(), value]).collect::<Vec<_>>(), &[]);

    let sets: Vec<_> = record.counts.keys().collect();
    let mut rows =
        vec![["".into(), "class".into()].into_iter().chain(sets.iter().map(|set| set.to_string())).collect()];
    for (number, name) in &record.classes {
        let count = |set| record.counts[set].get(number).copied().unwrap_or(0).to_string();
        rows.push([number.to_string(), name.clone()].into_iter().chain(sets.iter().map(|set| count(*set))).collect());
    }
    let total = |set: &&crate::set::Set| record.count(**set).to_string();
    rows.push(["".into(), "all".into()].into_iter().chain(sets.iter().map(total)).collect::<Vec<String>>());
    let right: Vec<_> = (0..sets.len() + 2).filter(|column| *column != 1).collect();
    let _ = write!(text, "\n{}", align(&rows, &right));
    text
}
