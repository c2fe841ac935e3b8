//! `augmint suspects`: labels that are probably wrong, as lines for `fixes.csv`.

use super::scan::SourcesAt;
use super::subject::Subject;
use crate::answers::suspects::{Labels, page, suspects, text};
use crate::answers::{Naming, Reading, Table};
use crate::fs::{self, Existing};
use crate::store::Datasets;
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// List images whose label is probably wrong, from out-of-fold predictions, as lines for fixes.csv
///
/// Confident learning (Northcutt et al. 2021). Every image has to be predicted by a model that was not trained on it. The
/// list is ranked and nothing is changed: look, keep the lines that are right, and put your name under them. Exit code 0
/// whether there are suspects or not.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("labelled").required(true).args(["labels", "of"])))]
pub struct SuspectsCommand {
    /// Out-of-fold predictions: ID and a column of probabilities for each class, as CSV, Parquet or .npz
    #[arg(value_name = "OOF")]
    predictions: PathBuf,
    /// What the images are labelled: ID,target
    #[arg(long, value_name = "CSV")]
    labels: Option<PathBuf>,
    /// The version or recipe whose sources were predicted, by path or by a sample's key
    #[arg(long, value_name = "REF")]
    of: Option<Subject>,
    /// Names of the classes: target,class_name
    #[arg(long, value_name = "CSV", requires = "labels")]
    classes: Option<PathBuf>,
    /// Write the suspects as a table ID,target,by,why, to be looked through and added to fixes.csv; never replaces a file
    #[arg(long, value_name = "CSV")]
    fixes_out: Option<PathBuf>,
    /// Who the lines are by
    #[arg(long, value_name = "NAME", default_value = "augmint suspects")]
    by: String,
    /// At most so many suspects in --fixes-out and on the page, the surest
    #[arg(long, value_name = "N", default_value_t = 200)]
    most: usize,
    /// Take numbers that are not called probs or probabilities (Parquet columns, .npy) as logits
    #[arg(long)]
    logits: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a page with the suspects' images
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The folder of the images, to be shown on the page
    #[arg(long, value_name = "DIR", requires = "html")]
    images: Option<PathBuf>,
    #[command(flatten)]
    sources: SourcesAt,
}

/// --fixes-out of a file that is there.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{} is there already, and fixes that a person made are not replaced", path.display())]
#[diagnostic(help("write to another file, and add the lines that are right by hand"))]
struct Exists {
    path: PathBuf,
}

impl SuspectsCommand {
    /// Lists, writes and prints.
    ///
    /// # Errors
    /// When there is no such version, a table is wrong or of other images, or a file cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let predictions = Table::read(&self.predictions, Reading { ids: None, logits: self.logits })?;
        let found = match (&self.of, &self.labels) {
            (Some(subject), _) => suspects(&predictions, Labels::Opened(&subject.open(datasets, &self.sources)?))?,
            (None, labels) => {
                let labels = labels.as_deref().expect("BUG: clap lets nothing else pass");
                let labels = Table::read(labels, Reading::default())?;
                let naming = match &self.classes {
                    Some(path) => Naming::of_table(path)?,
                    None => Naming::between([&predictions, &labels])?,
                };
                suspects(&predictions, Labels::Table(&labels, &naming, self.classes.is_some()))?
            }
        };
        match self.json {
            true => super::print_json(&found)?,
            false => super::print(&text(&found))?,
        }
        if let Some(path) = &self.html {
            let page = page(&found, self.images.as_deref(), self.most).into_diagnostic()?;
            fs::write(path, page.as_bytes(), Existing::Replace)?;
            super::next(&format!("open {}", path.display()));
        }
        match &self.fixes_out {
            Some(path) if !fs::write(path, &found.fixes(self.most, &self.by), Existing::Keep)? => {
                return Err(Exists { path: path.clone() }.into());
            }
            Some(path) => super::next(&format!("look through {}, and add what is right to fixes.csv", path.display())),
            None if self.html.is_none() => {
                let predictions = self.predictions.display();
                super::next(&format!("augmint suspects {predictions} … --images DIR --html suspects.html"));
            }
            None => {}
        }
        Ok(ExitCode::SUCCESS)
    }
}
