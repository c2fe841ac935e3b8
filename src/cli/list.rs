//! `augmint list`: all versions.

use super::table::align;
use crate::store::{ByteSize, Datasets, Name, Resolved, Tag};
use serde::Serialize;
use std::process::ExitCode;

/// List datasets and their versions: tags, samples, size, and whether the pixels are stored
#[derive(clap::Args, Debug)]
pub struct List {
    /// Only this dataset
    name: Option<Name>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    name: Name,
    tags: Vec<Tag>,
    digest: String,
    samples: u64,
    bytes: u64,
    state: String,
    message: Option<String>,
}

impl List {
    /// Prints the table.
    ///
    /// # Errors
    /// When a record or tag cannot be read.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let mut rows = Vec::new();
        for name in datasets.names()?.into_iter().filter(|name| self.name.as_ref().is_none_or(|only| only == name)) {
            let tags = datasets.tags(&name)?;
            let mut versions = Vec::new();
            for digest in datasets.digests(&name)? {
                let own = tags.iter().filter(|(_, named)| *named == digest);
                let tags: Vec<_> = own.map(|(tag, _)| tag.clone()).collect();
                let record = datasets.record(&Resolved { name: name.clone(), digest, tag: None })?;
                let state = datasets.presence(&digest)?.to_string();
                let (samples, bytes, message) = (record.samples, record.bytes, record.message);
                let digest = digest.to_string();
                versions.push(Row { name: name.clone(), tags, digest, samples, bytes, state, message });
            }
            versions.sort_by_key(|row| (row.tags.iter().filter_map(Tag::number).max(), row.digest.clone()));
            rows.extend(versions);
        }
        if self.json {
            super::print_json(&rows)?;
            return Ok(ExitCode::SUCCESS);
        }
        let Some(last) = rows.last() else {
            super::print("no versions yet")?;
            super::next("augmint build RECIPE --tag v1");
            return Ok(ExitCode::SUCCESS);
        };
        let reference = match last.tags.last() {
            Some(tag) => format!("{}@{tag}", last.name),
            None => format!("{}@{}", last.name, &last.digest[..19]),
        };
        let heads = ["NAME", "TAGS", "DIGEST", "SAMPLES", "BYTES", "PIXELS", "MESSAGE"];
        let mut cells = vec![heads.map(str::to_owned).to_vec()];
        cells.extend(rows.into_iter().map(|row| {
            let tags: Vec<_> = row.tags.iter().map(Tag::as_str).collect();
            let (digest, bytes) = (row.digest[..19].to_owned(), ByteSize(row.bytes).to_string());
            let first_line = row.message.unwrap_or_default().lines().next().unwrap_or_default().to_owned();
            vec![row.name.to_string(), tags.join(" "), digest, row.samples.to_string(), bytes, row.state, first_line]
        }));
        super::print(&align(&cells, &[3, 4]))?;
        super::next(&format!("augmint show {reference}"));
        Ok(ExitCode::SUCCESS)
    }
}
