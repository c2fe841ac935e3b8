//! `augmint eda`: what images are like before there is a recipe, and how a target differs.

use super::machine::Resources;
use super::scan;
use crate::eda::{Eda, EdaError, page, text};
use crate::fs::{self, Existing};
use crate::pixels::{Image, Limits, decode};
use crate::source::{OnBad, Progress, SourceSpec, Unlabelled, scan as scan_sources};
use indicatif::{ProgressBar, ProgressStyle};
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Look at images before there is a recipe: classes, sizes, pixels, and how unlabelled target images differ
///
/// Ends in three sentences that help to decide: loss, input size, and ops with ranges that cover the measured shifts, as
/// steps to paste into a recipe. docs/eda.md says what each measure is. No label of the target is read.
#[derive(clap::Args, Debug)]
pub struct EdaCommand {
    /// Class folders, a contest's folder or table of labels, or a recipe with a [source]
    sources: PathBuf,
    /// A folder of images without labels that the model will meet, e.g. a contest's test set; at any depth
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Measure at most so many images of each of the two, drawn evenly; a larger limit only adds. 0 measures all
    #[arg(long, value_name = "N", default_value_t = 5000)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a page to look at: histograms, and one page at three input sizes
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    resources: Resources,
}

impl EdaCommand {
    /// Measures and prints.
    ///
    /// # Errors
    /// When there are no such images, none can be read, labels contradict each other, or the page cannot be written.
    pub fn run(&self) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let spec = SourceSpec { on_bad_source: OnBad::Skip, ..scan::spec(&self.sources)? };
        let against = self.against.as_deref().map(Unlabelled::list).transpose().map_err(EdaError::from)?;
        let bar = ProgressBar::new(0);
        let style = "{msg} {bar:28} {pos}/{len}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("BUG: a template that cannot be read"));
        let show = |what: &'static str, progress: Progress| {
            bar.set_message(what);
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
        };
        let set =
            scan_sources(&spec, &Default::default(), None, &|done| show("reading sources", done)).into_diagnostic()?;
        let limit = (self.limit > 0).then_some(self.limit);
        let eda = Eda::of(&set, against.as_ref(), spec.max_megapixels, limit, &|what, done| {
            show(if what == "target" { "measuring the target" } else { "measuring the sources" }, done);
        })?;
        bar.finish_and_clear();
        if self.json {
            super::print_json(&eda)?;
        } else {
            super::print(&text(&eda))?;
        }
        if let Some(path) = &self.html {
            let sheet = sheet(&eda, &spec);
            fs::write(path, page(&eda, sheet.as_ref()).into_diagnostic()?.as_bytes(), Existing::Replace)?;
        }
        super::next(&self.next_line());
        Ok(ExitCode::SUCCESS)
    }

    fn next_line(&self) -> String {
        let sources = self.sources.display();
        match (&self.html, &self.against) {
            (Some(path), _) => format!("open {}", path.display()),
            (None, None) => format!("augmint eda {sources} --against DIR   (images that the model will meet)"),
            (None, Some(_)) if self.sources.extension().is_some_and(|ending| ending == "toml") => {
                format!("augmint preview {sources}   (with steps of these in it)")
            }
            (None, Some(_)) => format!("augmint init {sources}   (then put steps of these into the recipe)"),
        }
    }
}

/// The page that is shown at three sizes; none where there are no strokes or the file has gone since it was measured.
fn sheet(eda: &Eda, spec: &SourceSpec) -> Option<Image> {
    let path = eda.sources.root.join(&eda.advice.strokes.as_ref()?.page);
    let limits = Limits { max_pixels: u64::from(spec.max_megapixels) * 1_000_000 };
    decode(&fs::read(&path).ok()?, &limits).ok()
}
