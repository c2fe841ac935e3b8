//! `augmint path`: where the shards are, for a trainer in any language.

use super::machine::Resources;
use super::restore::restore;
use super::scan::SourcesAt;
use crate::store::{Datasets, Reference};
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Print the paths of a version's shards, one a line: a WebDataset
///
/// Shards that are missing are restored first.
#[derive(clap::Args, Debug)]
pub struct Path {
    /// name@tag, name@sha256:prefix or sha256:prefix
    reference: Reference,
    /// Only this split: train, val, noisy_val, or with folds f0, f0-val, not-f0 (the training set of fold 0)
    #[arg(long)]
    split: Option<String>,
    /// Print the folder that holds them all (for timm: `wds/` and this folder) instead
    #[arg(long, conflicts_with = "split")]
    folder: bool,
    /// Check every byte first, and mend what is damaged
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    sources: SourcesAt,
    /// Print JSON: an array of paths
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

impl Path {
    /// Prints the paths, once all that they name is there.
    ///
    /// # Errors
    /// When the reference names no version, what is missing cannot be restored, or there is no such split.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let version = datasets.resolve(&self.reference)?;
        if self.verify || !datasets.presence(&version.digest)?.is_whole() {
            let stop = self.resources.start()?;
            restore(datasets, &version, self.sources.dir(), &self.resources, stop)?;
        }
        let paths = match self.folder {
            true => datasets.info(&version.digest).map(|info| vec![datasets.version_folder(&info.digest)])?,
            false => datasets.paths(&version.digest, self.split.as_deref())?,
        };
        let paths: Vec<PathBuf> = paths.iter().map(std::path::absolute).collect::<Result<_, _>>().into_diagnostic()?;
        if self.json {
            super::print_json(&paths)?;
        } else {
            super::print(&paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n"))?;
            super::next(&format!("augmint verify {version}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
