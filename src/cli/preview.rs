//! `augmint preview`: a contact sheet of what a recipe makes.

use super::machine::Resources;
use super::scan::SourcesAt;
use super::subject::Subject;
use crate::fs::{self, Existing};
use crate::opened::{Opened, Viewer};
use crate::plan::Renderer;
use crate::report::{CELL, ContactError, Row, against, per_class, per_step, sheet};
use crate::seed::Role;
use crate::store::Datasets;
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Draw a contact sheet of a recipe's samples, before anything is built
///
/// Per class an original beside its copies; with `--by step` what each step alone does, from weak to strong; with
/// `--against DIR` samples beside the images of a folder, such as the test images that a model will meet.
#[derive(clap::Args, Debug)]
pub struct Preview {
    /// A recipe (a path that ends in .toml), name@tag, name@sha256:prefix or sha256:prefix
    #[arg(value_name = "RECIPE|REF")]
    subject: Subject,
    /// Where the PNG goes
    #[arg(long, default_value = "preview.png")]
    out: PathBuf,
    /// What a row shows
    #[arg(long, value_enum, default_value = "class", conflicts_with = "against")]
    by: By,
    /// Samples beside images of this folder
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Copies in each row
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=40))]
    copies: u32,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

/// What a row of the sheet is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum By {
    /// A class: an original and its copies
    Class,
    /// A step: an original and what the step alone makes of it, from weak to strong
    Step,
}

/// Rows of samples beside rows of real images.
const ROWS: u32 = 4;

impl Preview {
    /// Draws the sheet.
    ///
    /// # Errors
    /// With what is wrong with the recipe or the sources, or when the sheet cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let opened = self.subject.open(datasets, &self.sources)?;
        let viewer = Viewer::new(&opened, self.resources.cache());
        let renderer =
            viewer.renderer().map_err(|reason| miette::miette!("{} cannot be drawn here: {reason}", opened.label()))?;
        let rows = self.rows(renderer).into_diagnostic()?;
        let title = format!("{}: {}", opened.name(), self.title(&opened));
        fs::write(&self.out, &sheet(&title, &rows, CELL).into_diagnostic()?, Existing::Replace)?;
        super::print(&self.out.display().to_string())?;
        match &self.subject {
            Subject::Recipe(path) => super::next(&format!("augmint plan {}", path.display())),
            Subject::Version(_) => super::next(&format!("augmint view {}", opened.label())),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn rows(&self, renderer: &Renderer) -> Result<Vec<Row>, ContactError> {
        match (&self.against, self.by) {
            (Some(folder), _) => against(renderer, folder, ROWS, self.copies + 1),
            (None, By::Class) => per_class(renderer, self.copies),
            (None, By::Step) => per_step(renderer, self.copies),
        }
    }

    /// What the sheet shows, with the mean number of active ops and the share of untouched copies.
    fn title(&self, opened: &Opened) -> String {
        let what = match (&self.against, self.by) {
            (Some(_), _) => "samples, and what they should be like",
            (None, By::Class) => "an original of each class, and what the recipe makes of it",
            (None, By::Step) => "each step alone, from weak to strong",
        };
        let mean = opened.plan().recipe().statistics(Role::Train, None);
        format!("{what}; {:.2} ops are on in the mean, {:.1} % untouched", mean.mean_active, 100.0 * mean.untouched)
    }
}
