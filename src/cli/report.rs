//! `augmint report`: a version as one HTML file.

use super::machine::Resources;
use super::scan::SourcesAt;
use super::subject::Subject;
use crate::fs::{self, Existing};
use crate::gallery::{Amount, report};
use crate::opened::Viewer;
use crate::store::{ByteSize, Datasets};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write a version as one HTML file: classes, splits, sources, draws, pixels, and a gallery of samples to filter
///
/// The file needs no server and no network. `augmint view` shows all samples, not some.
#[derive(clap::Args, Debug)]
pub struct Report {
    /// name@tag, name@sha256:prefix, sha256:prefix, or a recipe (a path that ends in .toml)
    #[arg(value_name = "REF")]
    subject: Subject,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
    /// Samples in the gallery, of every class and split alike; about 9 KB each
    #[arg(long, value_name = "N", default_value_t = 340)]
    samples: usize,
    /// Those of them that open to full size with their step strip; about 150 KB each
    #[arg(long, value_name = "N", default_value_t = 102)]
    full: usize,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

impl Report {
    /// Writes the file.
    ///
    /// # Errors
    /// When there is no such version, its manifest cannot be read, or the file cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let opened = self.subject.open(datasets, &self.sources)?;
        let viewer = Viewer::new(&opened, self.resources.cache());
        let template = "{prefix} {bar:28} {human_pos}/{human_len} samples, {eta} left";
        let style = ProgressStyle::with_template(template).expect("BUG: a template that cannot be read");
        let bar = ProgressBar::new(self.samples.min(opened.plan().total() as usize) as u64).with_style(style);
        bar.set_prefix("report");
        let amount = Amount { samples: self.samples, full: self.full };
        let html = report(&viewer, amount, &|| bar.inc(1))?;
        bar.finish_and_clear();
        fs::write(&self.out, html.as_bytes(), Existing::Replace)?;
        if let Err(reason) = viewer.renderer() {
            eprintln!("only what is stored could be shown: {reason}");
        }
        super::print(&format!("{} ({})", self.out.display(), ByteSize(html.len() as u64)))?;
        super::next(&format!("augmint view {}   (all samples, served on this machine)", opened.label()));
        Ok(ExitCode::SUCCESS)
    }
}
