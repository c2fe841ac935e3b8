//! `augmint diff`: what differs between two versions.

use super::machine::Resources;
use super::restore::check_engine;
use super::scan::{self, SourcesAt};
use crate::diff::{Content, Detail, Diff, Picture, Pictures, Side, choose, diff, drawn, page, stored, text};
use crate::fs::{self, Existing};
use crate::manifest::Key;
use crate::pixels::Image;
use crate::plan::Renderer;
use crate::prepare::prepare_from_record;
use crate::store::{Datasets, NameError, Reference, Resolved};
use miette::IntoDiagnostic as _;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

/// Show what differs between two versions, or a version and a recipe not built yet: recipe, sources, samples, draws
///
/// Exit code 0 where both are one version, 1 where anything differs.
#[derive(clap::Args, Debug)]
pub struct DiffCommand {
    /// name@tag, name@sha256:prefix, sha256:prefix, or a recipe (a path that ends in .toml)
    a: Subject,
    /// The same
    b: Subject,
    /// Print all of every list, and what is the same too
    #[arg(long, conflicts_with = "json")]
    full: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write a page to look at: images of the same source and copy in A and B beside each other, and their difference
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many samples the page shows
    #[arg(long, value_name = "N", default_value_t = 24, requires = "html")]
    pairs: usize,
    #[command(flatten)]
    sources: SourcesAt,
    #[command(flatten)]
    resources: Resources,
}

/// A version, or a recipe.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Subject {
    Version(Reference),
    Recipe(PathBuf),
}

impl FromStr for Subject {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.ends_with(".toml") {
            true => Ok(Self::Recipe(text.into())),
            false => text.parse().map(Self::Version),
        }
    }
}

/// Where the pixels of a side are.
enum Origin {
    Version(Resolved),
    /// A file for each source of the plan.
    Recipe(Vec<PathBuf>),
}

impl Subject {
    fn side(&self, datasets: &Datasets) -> miette::Result<(Side, Origin)> {
        match self {
            Self::Version(reference) => {
                let version = datasets.resolve(reference)?;
                Ok((Side::of_version(datasets, &version)?, Origin::Version(version)))
            }
            Self::Recipe(path) => {
                let prepared = scan::plan(path, datasets)?;
                let files = prepared.files.clone();
                Ok((Side::of_plan(path.display().to_string(), prepared), Origin::Recipe(files)))
            }
        }
    }
}

impl DiffCommand {
    /// Compares and prints.
    ///
    /// # Errors
    /// When a side names no version, a recipe is wrong, a manifest cannot be read, or the page cannot be written.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let (a, b) = (self.a.side(datasets)?, self.b.side(datasets)?);
        let diff = diff(&a.0, &b.0)?;
        if self.json {
            super::print_json(&diff)?;
        } else {
            let detail = if self.full { Detail::Full } else { Detail::Brief };
            super::print(&text(&diff, detail))?;
        }
        let (one, two) = (&diff.a.label, &diff.b.label);
        match &self.html {
            Some(path) => {
                let pictures = self.pictures(datasets, &diff, [&a, &b])?;
                fs::write(path, page(&diff, &pictures).into_diagnostic()?.as_bytes(), Existing::Replace)?;
                super::next(&format!("open {}", path.display()));
            }
            None if diff.equal => super::next(&format!("augmint show {two}")),
            None => super::next(&format!("augmint diff {one} {two} --html diff.html   (with images side by side)")),
        }
        Ok(if diff.equal { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    fn pictures(&self, datasets: &Datasets, diff: &Diff, sides: [&(Side, Origin); 2]) -> miette::Result<Vec<Pictures>> {
        let chosen = choose(diff, self.pairs);
        let keys: [fn(&Picture) -> Option<Key>; 2] = [|picture| picture.a, |picture| picture.b];
        let mut images = Vec::new();
        for (side, key) in sides.into_iter().zip(keys) {
            let wanted: Vec<(Key, &Picture)> =
                chosen.iter().filter_map(|picture| Some((key(picture)?, picture))).collect();
            images.push(self.images(datasets, side, &wanted)?);
        }
        let take = |side: usize, picture: &Picture| images[side].get(&keys[side](picture)?).cloned();
        let both = |picture: Picture| Pictures { images: [take(0, &picture), take(1, &picture)], picture };
        Ok(chosen.clone().into_iter().map(both).collect())
    }

    /// From the store, and what is not there drawn again; with the reason where neither can be.
    fn images(
        &self,
        datasets: &Datasets,
        (side, origin): &(Side, Origin),
        wanted: &[(Key, &Picture)],
    ) -> miette::Result<BTreeMap<Key, Result<Image, String>>> {
        let mut found = BTreeMap::new();
        if let Origin::Version(version) = origin {
            let keys: BTreeSet<Key> = wanted.iter().map(|(key, _)| *key).collect();
            let stored = stored(datasets, &version.digest, &side.classes, &keys)?;
            found.extend(stored.into_iter().map(|(key, image)| (key, Ok(image))));
        }
        let missing: Vec<_> = wanted.iter().filter(|(key, _)| !found.contains_key(key)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let draw = |renderer: &Renderer<'_>| -> Vec<(Key, Result<Image, String>)> {
            missing.par_iter().map(|(key, picture)| (*key, drawn(renderer, picture))).collect()
        };
        let all = match (origin, &side.content) {
            (Origin::Recipe(files), Content::Plan(plan)) => {
                draw(&Renderer::new(plan, files.clone(), self.resources.cache()))
            }
            (Origin::Version(version), _) => {
                let record = datasets.record(version)?;
                let prepared = prepare_from_record(version, &record, datasets, self.sources.dir());
                let prepared = prepared.map_err(|error| error.to_string()).and_then(|prepared| {
                    check_engine(&record, &prepared)?;
                    Ok(prepared)
                });
                match prepared {
                    Ok(prepared) => draw(&scan::renderer(&prepared, &self.resources)),
                    Err(reason) => {
                        let reason = format!("not stored, and cannot be drawn again: {reason}");
                        missing.iter().map(|(key, _)| (*key, Err(reason.clone()))).collect()
                    }
                }
            }
            (Origin::Recipe(_), Content::Manifest(_)) => unreachable!("BUG: a recipe with a manifest"),
        };
        found.extend(all);
        Ok(found)
    }
}
