//! `augmint explain`: one sample, and every draw that made it.

use super::machine::Resources;
use super::scan::SourcesAt;
use super::subject::Subject;
use super::table::align;
use crate::digest::Digest;
use crate::fs::{self, Existing};
use crate::manifest::{Entry, FileType};
use crate::opened::{Explained, Viewer};
use crate::pixels::{Encoding, Limits, decode};
use crate::report::strip;
use crate::store::{ByteSize, Datasets};
use miette::IntoDiagnostic as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Explain one sample: its source, label and split, and every parameter that was drawn
#[derive(clap::Args, Debug)]
pub struct Explain {
    /// name@tag, name@sha256:prefix, sha256:prefix, or a recipe (a path that ends in .toml)
    #[arg(value_name = "REF")]
    subject: Subject,
    /// The sample: its key or the beginning of it, the name of its file in a shard, or a line of a log that has its key
    sample: String,
    /// Write a picture of the sample after each step
    #[arg(long, value_name = "PNG")]
    steps: Option<PathBuf>,
    /// Draw the sample again and write it: byte for byte what is stored or, into a .png, its pixels. Where it cannot be
    /// drawn, it is taken from the store
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

/// A file name that says something else than what would be in it.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the sample is stored as {}, and {} says otherwise", stored.extension(), out.display())]
#[diagnostic(help("name the file .{} for the bytes as they are stored, or .png for their pixels", stored.extension()))]
struct OtherType {
    stored: FileType,
    out: PathBuf,
}

impl Explain {
    /// Prints, and draws what was asked for.
    ///
    /// # Errors
    /// When there is no such version or sample, or it is to be drawn and cannot be.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let opened = self.subject.open(datasets, &self.sources)?;
        let entry = opened.find(&self.sample)?;
        let kind = self.out.as_ref().map(|out| kind(&entry, out)).transpose()?;
        let viewer = Viewer::new(&opened, self.resources.cache());
        let explained = opened.explain(&entry);
        match self.json {
            true => super::print_json(&explained)?,
            false => super::print(&text(&explained, viewer.place(&entry)))?,
        }
        if let Some(error) = opened.other_engine() {
            eprintln!("this program cannot draw it again: {error}");
        }
        if let (Some(out), Some(kind)) = (&self.out, kind) {
            draw(&viewer, &entry, out, kind)?;
        }
        if let Some(path) = &self.steps {
            fs::write(path, &strip(&viewer, &entry).into_diagnostic()?, Existing::Replace)?;
            eprintln!("wrote {}: the sample after each step", path.display());
        }
        if self.steps.is_none() {
            super::next(&format!("augmint explain {} {} --steps steps.png", opened.label(), entry.key));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is written of a sample.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The bytes that are stored.
    Bytes,
    /// The pixels that these decode to, as PNG.
    Pixels,
}

fn kind(entry: &Entry, out: &Path) -> Result<Kind, OtherType> {
    let ending = out.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    match FileType::from_extension(if ending == "jpeg" { "jpg" } else { &ending }) {
        Some(file) if file == entry.file => Ok(Kind::Bytes),
        Some(FileType::Png) => Ok(Kind::Pixels),
        _ => Err(OtherType { stored: entry.file, out: out.to_owned() }),
    }
}

/// Renders the sample, whether it is stored or not, and writes it; one that cannot be rendered is taken from the store.
/// The viewer compares it with the manifest.
fn draw(viewer: &Viewer<'_>, entry: &Entry, out: &Path, kind: Kind) -> miette::Result<()> {
    let (bytes, not_drawn) = viewer.drawn_or_stored(entry).into_diagnostic()?;
    let digest = Digest::of(&bytes);
    let what = match kind {
        Kind::Bytes => {
            fs::write(out, &bytes, Existing::Replace)?;
            if not_drawn.is_some() { "taken from the store" } else { "drawn again" }
        }
        Kind::Pixels => {
            let image = decode(&bytes, &Limits::default()).into_diagnostic()?;
            fs::write(out, &Encoding::Png.encode(&image).into_diagnostic()?, Existing::Replace)?;
            if not_drawn.is_some() { "the pixels of what is stored" } else { "the pixels of what was drawn again" }
        }
    };
    let said = match &not_drawn {
        _ if entry.is_rendered() => "as the manifest says",
        Some(_) => "as its shard says",
        None => "nothing is built to compare it with",
    };
    if let Some(why) = not_drawn {
        eprintln!("{why}");
    }
    eprintln!("wrote {}: {what}, {digest}, {said}", out.display());
    Ok(())
}

fn text(sample: &Explained, place: Option<(String, usize)>) -> String {
    let share = |share: f64| format!("{:.4}", share).trim_end_matches('0').trim_end_matches('.').to_owned();
    let label: Vec<String> = sample.label.iter().map(|one| format!("{} {}", one.class, share(one.share))).collect();
    let Explained { source, group, source_width, source_height, .. } = sample;
    let mut rows = vec![
        ("sample", sample.key.clone()),
        ("of", sample.of.clone()),
        ("class", sample.class.clone()),
        ("label", label.join(", ")),
        ("split", format!("{} ({} {})", sample.set, sample.role, sample.copy)),
        ("source", sample.paths.join(" = ")),
        ("", format!("{source}, {source_width}×{source_height}, group {group}")),
    ];
    if let (Some(digest), Some(bytes), Some(width), Some(height)) =
        (&sample.digest, sample.bytes, sample.width, sample.height)
    {
        rows.push(("image", format!("{width}×{height} {}, {}, {digest}", sample.file, ByteSize(bytes))));
    }
    rows.extend(place.map(|(shard, number)| ("shard", format!("{shard}, sample {number}"))));
    let mut text = align(&rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect::<Vec<_>>(), &[]);
    text += &match sample.steps.len() {
        0 => "\nno step was on\n".to_owned(),
        1 => "\n1 step was on\n".to_owned(),
        count => format!("\n{count} steps were on, in this order\n"),
    };
    let steps: Vec<Vec<String>> = sample.steps.iter().map(|step| vec![format!("  {}", step.id), step.text()]).collect();
    text += &align(&steps, &[]);
    if !sample.off.is_empty() {
        text += &format!("\nnot on: {}\n", sample.off.join(", "));
    }
    text
}
