//! `augmint evict`: frees the pixels of a version and keeps the version.

use crate::store::{ByteSize, Datasets, LogLine, Record, Reference};
use std::process::ExitCode;

/// Free the pixels, keep the version: only if this engine and these sources can make them again, bit for bit
#[derive(clap::Args, Debug)]
pub struct Evict {
    /// name@tag, name@sha256:prefix or sha256:prefix
    reference: Reference,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Evict {
    /// Frees the pixels; `remakable` says why this engine could not make them again, if it could not.
    ///
    /// # Errors
    /// When the reference names no version, its pixels could not be made again, or someone reads it.
    pub fn run(
        &self,
        datasets: &Datasets,
        remakable: impl FnOnce(&Record) -> Result<(), String>,
    ) -> miette::Result<ExitCode> {
        let version = datasets.resolve(&self.reference)?;
        let evicted = datasets.evict(&version, &super::holder("evict"), remakable)?;
        let (name, digest) = (Some(version.name.clone()), Some(version.digest));
        datasets.log(&LogLine { name, digest, ..super::log_line("evict") })?;
        if self.json {
            super::print_json(&evicted)?;
            return Ok(ExitCode::SUCCESS);
        }
        let shared = match evicted.shared {
            0 => String::new(),
            shared => format!("; {shared} shards stay, as another version has them too"),
        };
        super::print(&format!("freed {} in {} shards of {version}{shared}", ByteSize(evicted.bytes), evicted.shards))?;
        super::next(&format!("augmint restore {version}"));
        Ok(ExitCode::SUCCESS)
    }
}
