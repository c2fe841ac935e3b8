//! `augmint gc`: removes from the store what no record names.

use crate::store::{ByteSize, Datasets, Run};
use std::process::ExitCode;

/// Remove from the store what no record names: shards of unfinished builds and of removed versions, the trainer's features, half-written files
#[derive(clap::Args, Debug)]
pub struct Gc {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Gc {
    /// Collects, and prints what.
    ///
    /// # Errors
    /// When a build runs in the store, or something cannot be read or removed.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let run = if self.dry_run { Run::Dry } else { Run::Real };
        let collected = datasets.gc(&super::holder("gc"), run)?;
        for root in &collected.absent {
            eprintln!("{} uses this store and is not there: all versions stay", root.display());
            eprintln!("if it is gone for good, remove its file in {}", datasets.store().join("roots").display());
        }
        for digest in &collected.in_use {
            eprintln!("{digest} has no record but is being read: it stays");
        }
        if self.json {
            super::print_json(&collected)?;
            return Ok(ExitCode::SUCCESS);
        }
        super::print(&format!(
            "{} {}: {} versions without a record, {} shards of no version, {} files of features, {} half-written files",
            if self.dry_run { "would free" } else { "freed" },
            ByteSize(collected.bytes),
            collected.versions.len(),
            collected.shards,
            collected.features,
            collected.temporary
        ))?;
        super::next(if self.dry_run { "augmint gc" } else { "augmint list" });
        Ok(ExitCode::SUCCESS)
    }
}
