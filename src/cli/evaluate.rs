//! `augmint evaluate`: how right a trained network is, on what was held out or on labelled images.

use super::torch::{Asking, Torch};
use crate::store::Datasets;
use std::path::PathBuf;
use std::process::ExitCode;

/// Score a trained network: on its version's validation sets, or on labelled images
///
/// With --tta also says what views at test time bring: the same images scored with and without. A score stands beside the
/// digest of what it was measured on.
#[derive(clap::Args, Debug)]
pub struct Evaluate {
    /// A run folder (its best epoch counts), or a checkpoint
    run: PathBuf,
    /// Labelled images instead of the version's validation: the folder that --labels names images in
    #[arg(long, value_name = "DIR", requires = "labels")]
    images: Option<PathBuf>,
    /// A table ID,target of these images
    #[arg(long, value_name = "CSV", requires = "images")]
    labels: Option<PathBuf>,
    /// Write the probabilities: a .csv or .parquet for `augmint errors` and `augmint ensemble`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    torch: Torch,
}

impl Evaluate {
    /// Scores and prints.
    ///
    /// # Errors
    /// When the run, the version or an image cannot be read.
    #[cfg(not(feature = "torch"))]
    pub fn run(&self, _: &Datasets) -> miette::Result<ExitCode> {
        Err(super::torch::without("evaluate"))
    }

    /// Scores and prints.
    ///
    /// # Errors
    /// When the run, the version or an image cannot be read.
    #[cfg(feature = "torch")]
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        use crate::train::torch::asked::{Asked, Tta};
        use crate::train::torch::evaluation::{evaluate, labelled, validation};
        let asked = Asked::open(&super::runs::located(&self.run), self.torch.start()?, self.asking.threads)?;
        let sets = match (&self.images, &self.labels) {
            (Some(images), Some(labels)) => vec![labelled(images, labels, &asked.facts.classes)?],
            _ => validation(&asked.facts, datasets, self.asking.sources.as_deref())?,
        };
        let mut found = Vec::new();
        for set in &sets {
            eprintln!("{}: {} images", set.name, set.dataset.len());
            found.push(evaluate(&asked, set, self.asking.tta)?);
        }
        if let Some(path) = &self.out {
            let all: Vec<_> = found.iter().map(|one| &one.said).collect();
            crate::train::torch::evaluation::write(path, &asked.facts.classes, &all)?;
        }
        match self.json {
            true => super::print_json(&found)?,
            false => {
                super::print(&found.iter().map(|one| one.text(&asked.facts.classes)).collect::<Vec<_>>().join("\n\n"))?
            }
        }
        for one in found.iter().filter(|one| self.asking.tta != Tta::None && one.gain() < 0.0) {
            eprintln!("--tta {} hurts on {}: {:+.4} macro F1; leave it out", self.asking.tta, one.name, one.gain());
        }
        super::next(&match &self.out {
            Some(path) => format!("augmint errors {} {}", asked.facts.config.version, path.display()),
            None => format!("augmint predict {} --images DIR --out submission.csv", self.run.display()),
        });
        Ok(ExitCode::SUCCESS)
    }
}
