//! `augmint compare`: submissions side by side.

use super::machine::Resources;
use crate::compare::{Members, compare, page, text};
use crate::fs::{self, Existing};
use crate::source::{Submission, classes_table};
use miette::IntoDiagnostic as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare submissions: where they disagree, whether they are wrong together, and which images to look at
///
/// Each is a table of the same images: ID,target, or ID and a column of probabilities for each class. Works without
/// labels and without images. Exit code 0 whether they agree or not.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("page").multiple(true).args(["images", "html"])))]
pub struct Compare {
    /// The submissions, two or more
    #[arg(required = true, num_args = 2.., value_name = "SUBMISSION")]
    submissions: Vec<PathBuf>,
    /// What the images are, as far as that is known: ID,target
    #[arg(long, value_name = "CSV")]
    labels: Option<PathBuf>,
    /// Names of the classes: target,class_name
    #[arg(long, value_name = "CSV")]
    classes: Option<PathBuf>,
    /// The folder of the images, to be shown on the page: compare.html, where --html names no other
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a page of the images, the most disputed first, with each submission's vote
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many images the page shows
    #[arg(long, value_name = "N", default_value_t = 60, requires = "page")]
    shown: usize,
    #[command(flatten)]
    resources: Resources,
}

/// --images of no folder.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("--images {} is no folder", folder.display())]
#[diagnostic(help("it is the folder that the IDs are files of; without it the page has votes and no images"))]
struct NoFolder {
    folder: PathBuf,
}

impl Compare {
    /// Compares and prints.
    ///
    /// # Errors
    /// When a table is wrong, the submissions are not of the same images, or the page cannot be written.
    pub fn run(&self) -> miette::Result<ExitCode> {
        self.resources.start()?;
        if let Some(folder) = self.images.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(NoFolder { folder: folder.clone() }.into());
        }
        let submissions = self.submissions.iter().map(|path| Submission::read(path)).collect::<Result<Vec<_>, _>>()?;
        let labels = self.labels.as_deref().map(Submission::read).transpose()?;
        let classes = match &self.classes {
            Some(path) => Some((classes_table(path)?, path.display().to_string())),
            None => None,
        };
        let comparison = compare(&Members::align(&submissions, labels.as_ref(), classes)?);
        match self.json {
            true => super::print_json(&comparison)?,
            false => super::print(&text(&comparison))?,
        }
        let implied = self.images.as_ref().map(|_| Path::new("compare.html"));
        match self.html.as_deref().or(implied) {
            Some(path) => {
                let page = page(&comparison, self.images.as_deref(), self.shown).into_diagnostic()?;
                fs::write(path, page.as_bytes(), Existing::Replace)?;
                super::next(&format!("open {}", path.display()));
            }
            None => {
                let paths: Vec<_> = self.submissions.iter().map(|path| path.display().to_string()).collect();
                super::next(&format!("augmint compare {} --images DIR --html compare.html", paths.join(" ")));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
