//! `augmint probe`: how good a recipe is, in minutes, with no GPU and nothing built.

use super::scan::SourcesAt;
use super::subject::Subject;
use super::torch::Torch;
use crate::store::Datasets;
use std::path::PathBuf;
use std::process::ExitCode;

/// Judge a recipe or a version: a frozen ImageNet backbone, a linear head, and the scores of what is held out
///
/// Minutes without a GPU. Each draw makes the training copies anew and keeps sources, split and validation, so that the spread
/// says which difference between two recipes is one. Fetch the backbone first: augmint weights efficientnet_lite0
#[derive(clap::Args, Debug)]
pub struct Probe {
    /// A recipe (a path that ends in .toml), or name@tag, name@sha256:prefix, sha256:prefix
    #[arg(value_name = "RECIPE|REF")]
    subject: Subject,
    /// How many times the training copies are drawn
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    draws: u32,
    /// The fold that is held out, of a recipe with folds
    #[arg(long, value_name = "K")]
    fold: Option<u32>,
    /// The backbone's weights: a name of `augmint weights`
    #[arg(long, value_name = "NAME", default_value = "efficientnet_lite0")]
    backbone: String,
    /// Width and height of what the backbone sees, in pixels
    #[arg(long, value_name = "PX", default_value_t = 224, value_parser = clap::value_parser!(u32).range(32..=1024))]
    size: u32,
    /// Inverse strength of the head's regularisation, as scikit-learn's C
    #[arg(long, value_name = "C", default_value_t = 0.05)]
    c: f64,
    /// Labelled images to score as well, never to choose by: the folder that --labels names images in
    #[arg(long, value_name = "DIR", requires = "labels")]
    images: Option<PathBuf>,
    /// A table ID,target of these images
    #[arg(long, value_name = "CSV", requires = "images")]
    labels: Option<PathBuf>,
    /// Threads that render and decode, and threads of the backbone
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// Where fetched weights are kept; by default augmint/weights in $XDG_CACHE_HOME or ~/.cache
    #[arg(long, value_name = "DIR", env = "AUGMINT_WEIGHTS")]
    cache: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    torch: Torch,
}

impl Probe {
    /// Probes and prints.
    ///
    /// # Errors
    /// When the recipe or its sources are wrong, nothing is held out, or the backbone is not there.
    #[cfg(not(feature = "torch"))]
    pub fn run(&self, _: &Datasets) -> miette::Result<ExitCode> {
        Err(super::torch::without("probe"))
    }

    /// Probes and prints.
    ///
    /// # Errors
    /// When the recipe or its sources are wrong, nothing is held out, or the backbone is not there.
    #[cfg(feature = "torch")]
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        use crate::train::torch::evaluation::labelled;
        use crate::train::torch::probe::{Head, Request, probe};
        let device = self.torch.start()?;
        let cache = self.cache.clone().map_or_else(super::weights::cache_folder, Ok)?;
        let stop = super::machine::training()?;
        let opened = self.subject.open(datasets, &self.sources)?;
        let against = match (&self.images, &self.labels) {
            (Some(images), Some(labels)) => Some(labelled(images, labels, opened.plan().classes())?),
            _ => None,
        };
        let meter = super::epochs::Meter::default();
        let found = probe(&Request {
            opened: &opened,
            fold: self.fold,
            draws: self.draws,
            head: Head { c: self.c, iterations: 300 },
            backbone: &self.backbone,
            size: self.size,
            against: against.as_ref(),
            threads: self.threads,
            weights: &cache,
            features: &datasets.features(),
            device,
            stop,
            tell: &|note| meter.tell(&note),
        })?;
        match self.json {
            true => super::print_json(&found)?,
            false => super::print(&found.text())?,
        }
        super::next(&format!("augmint preview {} --by step   (what each step does to a page)", opened.label()));
        Ok(ExitCode::SUCCESS)
    }
}
