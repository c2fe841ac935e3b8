//! `augmint export`: samples, sources or predictions laid out as other programs want them.

use super::machine::{Meter, Resources, duration};
use super::restore::restore;
use super::scan::{self, reading};
use crate::export::{
    ExportError, Format, Layout, Part, Selection, SoftLabels, Transfer, Written, of_predictions, of_sources,
    of_version, write,
};
use crate::store::{ByteSize, Datasets, Reference, VersionLock};
use miette::IntoDiagnostic as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

/// Copy a version's samples into a folder, as class folders, contest tables, Parquet or shuffled shards
///
/// The folder appears whole or not at all, with SHA256SUMS over every file; what is there is never replaced, and a run
/// that was killed begins anew. Samples that are not stored are restored first. Without REF, `--sources` exports images
/// that have no version yet, and `--predictions` sorts images into folders by what a model said.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["reference", "sources", "predictions"])))]
pub struct Export {
    /// name@tag, name@sha256:prefix or sha256:prefix
    #[arg(value_name = "REF", conflicts_with = "predictions")]
    reference: Option<Reference>,
    /// How the folder is laid out
    #[arg(long, value_enum, default_value = "folders")]
    format: Format,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only this split: train, val, noisy_val, or with folds f0, f0-val, not-f0 (the training set of fold 0)
    #[arg(long, requires = "reference")]
    split: Option<String>,
    /// At most so many images of each class, in each split; drawn evenly, and a larger limit only adds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// What to do about soft labels where the format holds one class per image (folders, csv)
    #[arg(long, value_enum, default_value = "table", value_name = "HOW")]
    soft_labels: SoftLabels,
    /// Decides the order of what is shuffled (parquet, webdataset)
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Without REF: class folders, a contest's folder or table of labels, or a recipe with a [source]. With REF: where
    /// the source images are, if samples have to be rendered again
    #[arg(long, value_name = "PATH", conflicts_with = "predictions")]
    sources: Option<PathBuf>,
    /// What a model said: a table ID,target. Hard links into class folders, where the file system allows it
    #[arg(long, value_name = "CSV", requires = "images")]
    predictions: Option<PathBuf>,
    /// The folder of the images that --predictions names
    #[arg(long, value_name = "DIR", requires = "predictions")]
    images: Option<PathBuf>,
    /// The names of the classes that --predictions numbers: a table target,class_name
    #[arg(long, value_name = "CSV", requires = "predictions")]
    classes: Option<PathBuf>,
    /// Copy images in any case, so that changing one does not change the other
    #[arg(long, requires = "predictions")]
    copy: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

/// --predictions with a format that does not go with it.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("--predictions makes class folders, not {}", format.name())]
#[diagnostic(help(
    "what a model said is to be looked at; to train on it, name the table in a recipe's [source] labels"
))]
struct OnlyFolders {
    format: Format,
}

impl Export {
    /// Writes the folder.
    ///
    /// # Errors
    /// When there is no such version, split or table, the folder exists, or the disk fails.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let stop = self.resources.start()?;
        if self.out.symlink_metadata().is_ok() {
            return Err(ExportError::Exists { path: self.out.clone() }.into());
        }
        let (mut selection, _held) = self.select(datasets, stop)?;
        if let Some(limit) = self.limit {
            selection.parts.iter_mut().for_each(|part| part.limit(limit));
            selection.title += &format!(", limit {limit}");
        }
        let transfer = if self.predictions.is_some() && !self.copy { Transfer::Link } else { Transfer::Copy };
        let layout = Layout { format: self.format, soft_labels: self.soft_labels, seed: self.seed, transfer };
        let meter = Meter::whole("export", selection.totals().0);
        let written = write(&selection, layout, &self.out, &|samples, bytes| meter.set(samples, bytes), stop);
        let seconds = meter.finish();
        self.report(&selection, &written?, seconds)
    }

    /// What to export, and, of a version, the right that nobody drops it meanwhile.
    fn select(&self, datasets: &Datasets, stop: &AtomicBool) -> miette::Result<(Selection, Option<VersionLock>)> {
        if let (Some(table), Some(images)) = (&self.predictions, &self.images) {
            if self.format != Format::Folders {
                return Err(OnlyFolders { format: self.format }.into());
            }
            self.refuse_inside(images)?;
            return Ok((of_predictions(table, images, self.classes.as_deref())?, None));
        }
        let Some(reference) = &self.reference else {
            let sources = self.sources.as_deref().expect("BUG: clap lets nothing else pass");
            return Ok((self.sources(sources)?, None));
        };
        let version = datasets.resolve(reference)?;
        self.refuse_inside(datasets.store())?;
        if !datasets.presence(&version.digest)?.is_whole() {
            restore(datasets, &version, self.sources.as_deref(), &self.resources, stop)?;
        }
        let held = datasets.hold(&version.digest)?;
        let classes = datasets.record(&version)?.classes();
        Ok((of_version(datasets, &version, classes, self.split.as_deref())?, Some(held)))
    }

    /// Images that have no version yet, read as a recipe's `[source]` reads them.
    fn sources(&self, path: &Path) -> miette::Result<Selection> {
        let spec = scan::spec(path)?;
        self.refuse_inside(spec.layout.root())?;
        // Groups matter to splits alone.
        let spec = crate::source::SourceSpec { near_duplicates: false, ..spec };
        let set =
            reading(|progress| crate::source::scan(&spec, &Default::default(), None, progress)).into_diagnostic()?;
        for bad in &set.skipped {
            eprintln!("left out: {}: {}", bad.path, bad.why);
        }
        Ok(of_sources(set)?)
    }

    /// Output inside a folder that is read would be input of the next command.
    fn refuse_inside(&self, root: &Path) -> Result<(), ExportError> {
        let out = std::path::absolute(&self.out).unwrap_or_else(|_| self.out.clone());
        let there = out.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
        match (there, root.canonicalize()) {
            (Some(there), Ok(real)) if there.starts_with(&real) => {
                Err(ExportError::Inside { out: self.out.clone(), root: root.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn report(&self, selection: &Selection, written: &Written, seconds: f64) -> miette::Result<ExitCode> {
        let (out, format) = (self.out.display(), self.format.name());
        if self.json {
            super::print_json(&serde_json::json!({
                "of": selection.title, "format": format, "out": self.out, "seconds": seconds, "samples": written.samples,
                "soft": written.soft, "bytes": written.bytes, "files": written.files, "parts": written.parts,
                "checksums": written.checksums,
            }))?;
        } else {
            let part = |part: &Part| format!("{} {}", part.items.len(), part.name);
            let parts: Vec<_> = selection.parts.iter().map(part).collect();
            let (bytes, time) = (ByteSize(written.bytes), duration(seconds));
            super::print(&format!(
                "{out}: {} images ({}), {bytes} as {format}, in {time}",
                written.samples,
                parts.join(", ")
            ))?;
        }
        if written.soft > 0 && !self.format.holds_soft_labels() {
            let (soft, all) = (written.soft, written.samples);
            eprintln!(
                "{soft} of {all} images have soft labels, and --format {format} holds one class per image: the heaviest one \
                 counts, and all weights are in {}",
                if self.format == Format::Folders { "soft_labels.csv" } else { "<split>_soft.csv" }
            );
        }
        let plain = |c: char| c.is_alphanumeric() || "/._-+,@%=".contains(c);
        let quoted = match out.to_string() {
            out if out.chars().all(plain) => out,
            out => format!("'{}'", out.replace('\'', "'\\''")),
        };
        super::next(&format!("(cd {quoted} && sha256sum --quiet -c SHA256SUMS)"));
        Ok(ExitCode::SUCCESS)
    }
}
