//! `augmint log`: the history of a dataset.

use super::table::align;
use crate::store::{Datasets, LogLine, Name, Record, Reference, Resolved, Tag, Which};
use serde::Serialize;
use std::process::ExitCode;

/// Show the versions of a dataset, newest first: when and by whom they were made, and why
#[derive(clap::Args, Debug)]
pub struct Log {
    /// The dataset
    name: Name,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    digest: String,
    tags: Vec<Tag>,
    parent: Option<String>,
    samples: u64,
    message: Option<String>,
    /// What this store's log says of it, oldest first.
    events: Vec<LogLine>,
}

impl Log {
    /// Prints the history.
    ///
    /// # Errors
    /// When there is no such dataset, or a record, tag or the log cannot be read.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        if !datasets.names()?.contains(&self.name) {
            // Says which names there are, and the nearest.
            datasets.resolve(&Reference { name: Some(self.name.clone()), which: Which::Unsaid })?;
        }
        let (tags, log) = (datasets.tags(&self.name)?, datasets.log_lines()?);
        let mut rows = Vec::new();
        for digest in datasets.digests(&self.name)? {
            let record: Record = datasets.record(&Resolved { name: self.name.clone(), digest, tag: None })?;
            let own = |line: &&LogLine| line.digest == Some(digest) && line.name.as_ref() == Some(&self.name);
            rows.push(Row {
                digest: digest.to_string(),
                tags: tags.iter().filter(|(_, named)| *named == digest).map(|(tag, _)| tag.clone()).collect(),
                parent: record.parent.map(|parent| parent.to_string()),
                samples: record.samples,
                message: record.message,
                events: log.iter().filter(own).cloned().collect(),
            });
        }
        // By the time of the first event; versions that another machine made, of which this log knows nothing, by tag.
        let order = |row: &Row| {
            let time = row.events.first().map(|event| event.time.clone());
            (time, row.tags.iter().filter_map(Tag::number).max(), row.digest.clone())
        };
        rows.sort_by_key(|row| std::cmp::Reverse(order(row)));
        if self.json {
            super::print_json(&rows)?;
            return Ok(ExitCode::SUCCESS);
        }
        let cells = rows.iter().map(|row| {
            let tags: Vec<_> = row.tags.iter().map(Tag::as_str).collect();
            let made = row.events.first();
            let when = made.map_or("made elsewhere".into(), |event| event.time.clone());
            let who = made.map(|event| format!("{}@{}", event.user, event.host)).unwrap_or_default();
            let samples = format!("{} samples", row.samples);
            let message = row.message.clone().unwrap_or_default().replace('\n', " ");
            vec![row.digest[..19].to_owned(), tags.join(" "), when, who, samples, message]
        });
        super::print(&align(&cells.collect::<Vec<_>>(), &[4]))?;
        match &rows[..] {
            [new, old, ..] => super::next(&format!("augmint diff {} {}", &old.digest[..19], &new.digest[..19])),
            _ => super::next("augmint list"),
        }
        Ok(ExitCode::SUCCESS)
    }
}
