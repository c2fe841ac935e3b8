//! `augmint diff`: what differs between two versions.

use super::machine::Resources;
use super::scan::SourcesAt;
use super::subject::Subject;
use crate::diff::{Detail, Diff, Picture, Pictures, Side, choose, diff, page, text};
use crate::fs::{self, Existing};
use crate::opened::{Opened, Viewer};
use crate::pixels::EncodeError;
use crate::store::Datasets;
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// How many samples the page shows, by turns of what became of them and of their classes
    #[arg(long, value_name = "N", default_value_t = 24, requires = "html")]
    pairs: usize,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

impl DiffCommand {
    /// Compares and prints.
    ///
    /// # Errors
    /// When a side names no version, a recipe is wrong, a manifest cannot be read, or the page cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let (a, b) = (self.a.open(datasets, &self.sources)?, self.b.open(datasets, &self.sources)?);
        let diff = diff(&Side::of(&a), &Side::of(&b), if self.html.is_some() { self.pairs } else { 0 })?;
        if self.json {
            super::print_json(&diff)?;
        } else {
            let detail = if self.full { Detail::Full } else { Detail::Brief };
            super::print(&text(&diff, detail))?;
        }
        let (one, two) = (&diff.a.label, &diff.b.label);
        match &self.html {
            Some(path) => {
                let page = self.page(&diff, [&a, &b]).into_diagnostic()?;
                fs::write(path, page.as_bytes(), Existing::Replace)?;
                super::next(&format!("open {}", path.display()));
            }
            None if diff.equal => super::next(&format!("augmint show {two}")),
            None => super::next(&format!("augmint diff {one} {two} --html diff.html   (with images side by side)")),
        }
        Ok(if diff.equal { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    /// With images from the store, and what is not there drawn again; with the reason where neither can be.
    fn page(&self, diff: &Diff, sides: [&Opened; 2]) -> Result<String, EncodeError> {
        let viewers = sides.map(|opened| Viewer::new(opened, self.resources.cache()));
        let image = |viewer: &Viewer<'_>, picture: &Picture| {
            let opened = viewer.opened();
            let sample = opened.sample_of(&picture.source, picture.role, picture.copy);
            let sample = sample.ok_or("its source is not in the plan")?;
            viewer.image(&opened.plan().unrendered(&sample)).map_err(|error| error.to_string())
        };
        let both = |picture: Picture| {
            let [a, b] =
                [(0, picture.a), (1, picture.b)].map(|(side, key)| key.map(|_| image(&viewers[side], &picture)));
            Pictures { images: [a, b], picture }
        };
        page(diff, choose(diff, self.pairs), &both)
    }
}
