//! `augmint ensemble`: one answer of several models'.

use crate::answers::ensemble::{EnsembleError, Method, Way, ensemble, text};
use crate::answers::submission::{self, Sample};
use crate::answers::{Naming, Reading, Table};
use std::path::PathBuf;
use std::process::ExitCode;

/// Combine several models' predictions into one: mean, vote, geometric or weighted mean, fitted weights
///
/// Each member is a table of probabilities for the same images, from any trainer: CSV, Parquet or numpy's .npz; for a vote,
/// ID,target is enough. Weights are given, or fitted on out-of-fold predictions. The submission is checked against the
/// sample submission before it is written.
#[derive(clap::Args, Debug)]
pub struct EnsembleCommand {
    /// The members, two or more
    #[arg(required = true, num_args = 2.., value_name = "MEMBER")]
    members: Vec<PathBuf>,
    /// How they are combined; by default soft, or weighted where --weights or --fit are given
    #[arg(long, value_enum)]
    method: Option<MethodArg>,
    /// A weight for each member, in their order: 2,1,1
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', conflicts_with = "fit")]
    weights: Option<Vec<f64>>,
    /// Fit the weights on out-of-fold predictions, a table for each member, in their order
    #[arg(long, value_name = "OOF", num_args = 1.., requires = "truth")]
    fit: Option<Vec<PathBuf>>,
    /// What images are, as far as that is known: ID,target. May be given several times: for --fit, and for scores
    #[arg(long, value_name = "CSV")]
    truth: Vec<PathBuf>,
    /// Names of the classes: target,class_name
    #[arg(long, value_name = "CSV")]
    classes: Option<PathBuf>,
    /// The contest's table of the images that it asks for, whose order the answers get
    #[arg(long, value_name = "CSV")]
    sample_submission: Option<PathBuf>,
    /// Write the submission, ID,target
    #[arg(long, value_name = "CSV")]
    out: Option<PathBuf>,
    /// Write the ensemble's probabilities, as Parquet where the name ends so, else CSV
    #[arg(long, value_name = "FILE")]
    probabilities: Option<PathBuf>,
    /// Take numbers that are not called probs or probabilities (Parquet columns, .npy) as logits
    #[arg(long)]
    logits: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum MethodArg {
    /// The mean of the probabilities
    Soft,
    /// The class that most members say; of several, the one of more mean probability
    Hard,
    /// The geometric mean of the probabilities
    Geometric,
    /// The mean with --weights, or the product of powers that --fit finds
    Weighted,
}

/// --method and weights that do not go together.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum MethodError {
    #[error("--method weighted needs weights")]
    #[diagnostic(help("--weights 2,1,1, or --fit oof_a.csv oof_b.csv … --truth train.csv"))]
    NoWeights,
    #[error("--weights and --fit are for --method weighted")]
    OtherMethod,
}

impl EnsembleCommand {
    /// Combines, writes and prints.
    ///
    /// # Errors
    /// When tables do not belong together, answers are not those that the contest asks for, or a file cannot be written.
    pub fn run(&self) -> miette::Result<ExitCode> {
        let method = self.method()?;
        let sample = self.sample_submission.as_deref().map(Sample::read).transpose()?;
        let own = Reading { ids: sample.as_ref().map(Sample::ids), logits: self.logits };
        let members = read(&self.members, own)?;
        let out_of_fold = read(self.fit.as_deref().unwrap_or_default(), Reading { ids: None, ..own })?;
        let truth = read(&self.truth, Reading::default())?;
        let naming = match &self.classes {
            Some(path) => Naming::of_table(path)?,
            None => Naming::between(members.iter().chain(&out_of_fold).chain(&truth))?,
        };
        let way = method.as_ref().map_or(Way::Fitted(&out_of_fold), Way::Given);
        let found = ensemble(&members, way, &truth, &naming, sample.as_ref())?;
        if let Some(path) = &self.probabilities {
            found.probabilities()?.write(path)?;
        }
        if let Some(path) = &self.out {
            let rows = found.rows(sample.as_ref());
            let count =
                submission::write(path, &rows, sample.as_ref(), Some(&naming.classes)).map_err(EnsembleError::from)?;
            let checked = if sample.is_some() { ", as the sample submission asks for them" } else { "" };
            eprintln!("{}: {count} rows{checked}", path.display());
        }
        match self.json {
            true => super::print_json(&found.report)?,
            false => super::print(&text(&found.report))?,
        }
        let paths: Vec<String> = self.members.iter().map(|path| path.display().to_string()).collect();
        super::next(&format!("augmint compare {}   (where they disagree)", paths.join(" ")));
        Ok(ExitCode::SUCCESS)
    }

    /// The way to combine; `None` where weights are to be fitted.
    fn method(&self) -> Result<Option<Method>, MethodError> {
        let method = match (self.method, &self.weights, &self.fit) {
            (None | Some(MethodArg::Weighted), Some(weights), _) => Method::Weighted(weights.clone()),
            (None | Some(MethodArg::Weighted), None, Some(_)) => return Ok(None),
            (Some(MethodArg::Weighted), None, None) => return Err(MethodError::NoWeights),
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => return Err(MethodError::OtherMethod),
            (None | Some(MethodArg::Soft), None, None) => Method::Soft,
            (Some(MethodArg::Hard), None, None) => Method::Hard,
            (Some(MethodArg::Geometric), None, None) => Method::Geometric,
        };
        Ok(Some(method))
    }
}

fn read(paths: &[PathBuf], reading: Reading<'_>) -> miette::Result<Vec<Table>> {
    Ok(paths.iter().map(|path| Table::read(path, reading)).collect::<Result<_, _>>()?)
}
