//! `augmint quickstart`: the whole way once, on documents that the program draws itself.

use super::build::Build;
use super::machine::Resources;
use super::preview::Preview;
use super::sample_data::SampleData;
use crate::fs::{self, Existing};
use crate::store::Datasets;
use clap::Parser as _;
use miette::IntoDiagnostic as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const RECIPE: &str = include_str!("../../recipes/quickstart.toml");
const VALIDATION: &str = include_str!("../../recipes/validation.toml");

/// Try everything once: draw documents, build a version of them, and draw a contact sheet that shows it
#[derive(clap::Args, Debug)]
pub struct Quickstart {
    /// Folder to work in
    #[arg(default_value = "quickstart")]
    dir: PathBuf,
    #[command(flatten)]
    resources: Resources,
}

/// A command of its own argument struct, so that what is run is what is printed.
#[derive(clap::Parser)]
#[command(no_binary_name = true)]
struct Parsed<T: clap::Args> {
    #[command(flatten)]
    command: T,
}

fn parse<T: clap::Args>(name: &str, arguments: &[&str]) -> miette::Result<T> {
    eprintln!("\n$ augmint {name} {}", arguments.join(" "));
    Parsed::try_parse_from(arguments).map(|parsed: Parsed<T>| parsed.command).into_diagnostic()
}

impl Quickstart {
    /// Draws, builds and shows.
    ///
    /// # Errors
    /// As those commands.
    pub fn run(&self) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let path = |name: &str| -> String { self.dir.join(name).display().to_string() };
        for (name, text) in [("recipes/quickstart.toml", RECIPE), ("recipes/validation.toml", VALIDATION)] {
            fs::write(Path::new(&path(name)), text.as_bytes(), Existing::Keep)?;
        }
        let (recipe, datasets, sheet) = (path("recipes/quickstart.toml"), path("datasets"), path("preview.png"));
        parse::<SampleData>("sample-data", &[&path("sample-data")])?.run().into_diagnostic()?;
        let store = Datasets::new(&datasets, None);
        parse::<Build>(&format!("--datasets {datasets} build"), &[&recipe])?.run(&store)?;
        parse::<Preview>("preview", &[&recipe, "--out", &sheet])?.run(&store)?;
        eprintln!("\nlook at {sheet}; then try it on your own images: augmint init FOLDER");
        Ok(ExitCode::SUCCESS)
    }
}
