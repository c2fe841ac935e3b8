//! `augmint errors`: what a model cannot do, from its predictions.

use super::machine::Resources;
use super::scan::SourcesAt;
use super::subject::Subject;
use crate::errors::{Detail, Question, Truth, Which, errors, page, text};
use crate::fs::{self, Existing};
use crate::opened::Viewer;
use crate::set::SetRole;
use crate::source::Submission;
use crate::store::Datasets;
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what a model cannot do: scores by class, step and drawn parameter, what stands out, and the worst samples
///
/// PREDICTIONS is a table of any trainer: a column ID or key, and target (class numbers or names) or a column of
/// probabilities for each class. IDs are sample keys, KEY.jpg, or the paths of source images.
#[derive(clap::Args, Debug)]
pub struct ErrorsCommand {
    /// name@tag, name@sha256:prefix, sha256:prefix, or a recipe (a path that ends in .toml)
    #[arg(value_name = "REF")]
    subject: Subject,
    /// A table of predictions: ID,target, or ID and a column of probabilities for each class
    predictions: PathBuf,
    /// Look at one split only, e.g. noisy_val; with folds val is all of f0-val, f1-val, …
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// What a sample with a soft label is: its heaviest class, or the class of its source
    #[arg(long, value_enum, default_value_t = TruthArg::Dominant)]
    truth: TruthArg,
    /// How many of the worst samples are listed
    #[arg(long, value_name = "N", default_value_t = 12)]
    worst: usize,
    /// Print every line of every list, and a table for each parameter
    #[arg(long, conflicts_with = "json")]
    full: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a page: plots of every parameter, and the worst samples with an image after each step
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum TruthArg {
    Dominant,
    Primary,
}

impl ErrorsCommand {
    /// Judges and prints.
    ///
    /// # Errors
    /// When there is no such version, the table is wrong or of other samples, or the page cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let opened = self.subject.open(datasets, &self.sources)?;
        let submission = Submission::read(&self.predictions)?;
        let predictions = submission.resolve(opened.plan().classes(), opened.label())?;
        let truth = match self.truth {
            TruthArg::Dominant => Truth::Dominant,
            TruthArg::Primary => Truth::Primary,
        };
        let which = self.split.clone().map_or(Which::All, Which::Split);
        let found = errors(&opened, &predictions, &Question { which, truth, worst: self.worst })?;
        match self.json {
            true => super::print_json(&found)?,
            false => super::print(&text(&found, if self.full { Detail::Full } else { Detail::Brief }))?,
        }
        for one in found.sets.iter().map(|set| &set.coverage).filter(|one| one.predicted < one.samples) {
            eprintln!("{} of {} samples of {} have no prediction", one.samples - one.predicted, one.samples, one.set);
        }
        if found.sets.iter().any(|set| set.coverage.set.role == SetRole::Train) {
            eprintln!(
                "training samples are among them: what a model was trained on says little of pages that it never saw"
            );
        }
        match &self.html {
            Some(path) => {
                let viewer = Viewer::new(&opened, self.resources.cache());
                fs::write(path, page(&found, &viewer).into_diagnostic()?.as_bytes(), Existing::Replace)?;
                super::next(&format!("open {}", path.display()));
            }
            None => match found.worst.first() {
                Some(worst) => {
                    super::next(&format!("augmint explain {} {} --steps steps.png", opened.label(), worst.key));
                }
                None => super::next(&format!("augmint show {}", opened.label())),
            },
        }
        Ok(ExitCode::SUCCESS)
    }
}
