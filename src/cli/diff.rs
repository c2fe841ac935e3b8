//! `augmint diff`: what differs between two versions.

use super::machine::Resources;
use super::scan::{self, SourcesAt};
use crate::diff::{Detail, Side, diff, text};
use crate::store::{Datasets, NameError, Reference};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

/// Show what differs between two versions, or a version and a recipe not built yet: recipe, sources, samples, draws
///
/// Exit code 0 where both are one version, 1 where anything differs.
#[derive(clap::Args, Debug)]
pub struct DiffCommand {
    /// name@tag, name@sha256:prefix, sha256:prefix, or a recipe (a path that ends in .toml)
    a: Subject,
    /// The same
    b: Subject,
    /// Print all of every list, and what is the same too
    #[arg(long, conflicts_with = "json")]
    full: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a page to look at: images of the same source and copy in A and B beside each other, and their difference
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many samples the page shows
    #[arg(long, value_name = "N", default_value_t = 24, requires = "html")]
    pairs: usize,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

/// A version, or a recipe.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Subject {
    Version(Reference),
    Recipe(PathBuf),
}

impl FromStr for Subject {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.ends_with(".toml") {
            true => Ok(Self::Recipe(text.into())),
            false => text.parse().map(Self::Version),
        }
    }
}

impl Subject {
    fn side(&self, datasets: &Datasets) -> miette::Result<Side> {
        match self {
            Self::Version(reference) => Ok(Side::of_version(datasets, &datasets.resolve(reference)?)?),
            Self::Recipe(path) => Ok(Side::of_plan(path.display().to_string(), scan::plan(path, datasets)?)),
        }
    }
}

impl DiffCommand {
    /// Compares and prints.
    ///
    /// # Errors
    /// When a side names no version, a recipe is wrong, a manifest cannot be read, or the page cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let (a, b) = (self.a.side(datasets)?, self.b.side(datasets)?);
        let diff = diff(&a, &b)?;
        if self.json {
            super::print_json(&diff)?;
        } else {
            let detail = if self.full { Detail::Full } else { Detail::Brief };
            super::print(&text(&diff, detail))?;
        }
        Ok(if diff.equal { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
