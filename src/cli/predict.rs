//! `augmint predict`: what a trained network says of images that nobody labelled, as a contest wants it.

use super::torch::{Asking, Torch};
use crate::store::Datasets;
#[cfg(feature = "torch")]
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Let a trained network label images: a submission ID,target, checked against the contest's sample
///
/// IDs are file names below --images; with --sample-submission its rows, order and IDs are what is written. --tta is measured on
/// the version's validation first, where that is at hand, and its gain or loss is said.
#[derive(clap::Args, Debug)]
pub struct Predict {
    /// A run folder (its best epoch counts), or a checkpoint
    run: PathBuf,
    /// The folder of images
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// The table to write; a file that is there is replaced
    #[arg(long, value_name = "CSV")]
    out: PathBuf,
    /// The contest's sample_submission.csv
    #[arg(long, value_name = "CSV")]
    sample_submission: Option<PathBuf>,
    /// Write the probabilities too: a .csv or .parquet for `augmint ensemble`
    #[arg(long, value_name = "FILE")]
    probabilities: Option<PathBuf>,
    /// Do not measure on validation what --tta brings
    #[arg(long)]
    unmeasured: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    torch: Torch,
}

impl Predict {
    /// Predicts and writes.
    ///
    /// # Errors
    /// When the run or an image cannot be read, or images and sample submission do not fit.
    #[cfg(not(feature = "torch"))]
    pub fn run(&self, _: &Datasets) -> miette::Result<ExitCode> {
        Err(super::torch::without("predict"))
    }

    /// Predicts and writes.
    ///
    /// # Errors
    /// When the run or an image cannot be read, or images and sample submission do not fit.
    #[cfg(feature = "torch")]
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        use crate::answers::submission::{self, Sample};
        use crate::dataset::Dataset;
        use crate::train::torch::asked::{Asked, Tta};
        use crate::train::torch::evaluation::{evaluate, probabilities, validation};
        use std::sync::Arc;
        let run = super::runs::located(&self.run);
        let asked = Asked::open(&run, self.torch.start()?, self.asking.threads)?;
        let classes = &asked.facts.classes;
        // Before minutes are spent.
        let sample = self.sample_submission.as_deref().map(Sample::read).transpose()?;
        let dataset = match &sample {
            Some(sample) => Dataset::of_files(&self.images, sample.ids().to_vec(), classes.clone())?,
            None => Dataset::of_folder(&self.images, classes.clone())?,
        };
        if self.asking.tta != Tta::None && !self.unmeasured {
            match validation(&asked.facts, datasets, self.asking.sources.as_deref()) {
                Ok(sets) => {
                    for set in sets {
                        let found = evaluate(&asked, &set, self.asking.tta)?;
                        eprintln!(
                            "--tta {} on {}: {:+.4} macro F1{}",
                            self.asking.tta,
                            found.name,
                            found.gain(),
                            found.verdict()
                        );
                    }
                }
                Err(error) => eprintln!("what --tta {} brings cannot be measured here: {error}", self.asking.tta),
            }
        }
        eprintln!("{}: {} images", self.images.display(), dataset.len());
        let said = asked.said(&Arc::new(dataset), self.asking.tta)?;
        let probabilities = probabilities(classes, &[&said]).into_diagnostic()?;
        // Numbers, unless the contest's own sample has names.
        let names = sample.as_ref().is_some_and(|sample| !sample.has_numbers());
        let target = |place: usize| {
            let (number, name) = &classes.0[probabilities.best(place)];
            if names { name.clone() } else { number.to_string() }
        };
        let rows: Vec<(String, String)> =
            said.ids.iter().enumerate().map(|(place, id)| (id.clone(), target(place))).collect();
        submission::write(&self.out, &rows, sample.as_ref(), Some(classes))?;
        if let Some(path) = &self.probabilities {
            probabilities.write(path)?;
        }
        let out = self.out.display();
        match self.json {
            true => super::print_json(
                &serde_json::json!({ "out": self.out, "rows": said.ids.len(), "tta": self.asking.tta }),
            )?,
            false => super::print(&format!("{out}: {} rows", said.ids.len()))?,
        }
        super::next(&format!(
            "augmint score {} --public SCORE   (what the leaderboard said of {out})",
            self.run.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}
