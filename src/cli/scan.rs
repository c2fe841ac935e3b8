//! The beginning of every command that takes a recipe: load, scan, plan, and say what was noticed.

use super::machine::Resources;
use crate::plan::{Estimate, Renderer};
use crate::prepare::{Noticed, Prepared, prepare};
use crate::recipe::{Draft, Recipe};
use crate::source::{Progress, SourceSpec};
use crate::store::Datasets;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the sources of a version that exists are now; an option of every command that may have to render them again.
#[derive(clap::Args, Debug)]
pub struct SourcesAt {
    /// The folder that holds the source images, if they have to be rendered again; by default where the recipe has it
    #[arg(long, value_name = "DIR")]
    sources: Option<PathBuf>,
}

impl SourcesAt {
    /// The folder, if one was named.
    pub fn dir(&self) -> Option<&Path> {
        self.sources.as_deref()
    }
}

/// Images that need no recipe yet: class folders, a contest's folder or table of labels, or a recipe with a `[source]`.
///
/// # Errors
/// When there is none of these, or the recipe is wrong.
pub fn spec(path: &Path) -> miette::Result<SourceSpec> {
    if path.extension().is_some_and(|ending| ending == "toml") {
        let source = Recipe::load(path)?.source;
        return source.ok_or_else(|| miette::miette!("{} has no [source]", path.display()));
    }
    Ok(Draft::of(path)?.source())
}

/// Loads a recipe and plans it.
///
/// # Errors
/// With all that is wrong with the recipe or its sources.
pub fn plan(recipe: &Path, datasets: &Datasets) -> miette::Result<Prepared> {
    let recipe = Recipe::load(recipe)?;
    for warning in super::check::warnings(&recipe) {
        eprintln!("{:?}", miette::Report::new(warning));
    }
    let prepared = reading(|progress| prepare(recipe, datasets, progress));
    let prepared = prepared?;
    if let Some(noticed) = &prepared.noticed {
        for line in lines(noticed) {
            eprintln!("{line}");
        }
    }
    Ok(prepared)
}

/// Shows how far a reading of sources is while it lasts.
pub fn reading<T>(read: impl FnOnce(&(dyn Fn(Progress) + Sync)) -> T) -> T {
    let style = ProgressStyle::with_template("reading sources {bar:28} {pos}/{len}, {eta} left");
    let bar = ProgressBar::new(0).with_style(style.expect("BUG: a template that cannot be read"));
    let result = read(&|progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    });
    bar.finish_and_clear();
    result
}

/// At most this many of each kind are printed; the rest is counted.
const SHOWN: usize = 8;

/// What a scan and a split noticed, in lines.
fn lines(noticed: &Noticed) -> Vec<String> {
    let set = &noticed.set;
    let mut lines = Vec::new();
    let mut list = |one: &str, many: &str, all: Vec<String>| {
        if !all.is_empty() {
            lines.push(if all.len() == 1 { format!("1 {one}:") } else { format!("{} {many}:", all.len()) });
            lines.extend(all.iter().take(SHOWN).map(|line| format!("  {line}")));
            if all.len() > SHOWN {
                lines.push(format!("  and {} more", all.len() - SHOWN));
            }
        }
    };
    list("label correction", "label corrections", set.fixes.iter().map(|fix| fix.line(&set.classes)).collect());
    list(
        "file left out",
        "files left out",
        set.skipped.iter().map(|bad| format!("{}: {}", bad.path, bad.why)).collect(),
    );
    let equal = set.duplicates.iter().map(|same| same.paths.join(" = "));
    list("source lies in several files of equal bytes", "sources lie in several files of equal bytes", equal.collect());
    let near = set.near_duplicates.iter().map(|near| {
        let names: Vec<&str> = (near.sources.iter())
            .filter_map(|digest| set.sources.iter().find(|source| source.digest == *digest))
            .map(|source| source.paths[0].as_str())
            .collect();
        let suspicious = if near.classes.len() > 1 { "  (different labels: one may be wrong)" } else { "" };
        format!("{}{suspicious}", names.join(" ~ "))
    });
    list(
        "group of near-duplicates, kept in one part of the split",
        "groups of near-duplicates, each kept in one part of the split",
        near.collect(),
    );
    let moved = noticed.assignment.moved.iter().map(|(digest, from, to)| format!("{}: {from} -> {to}", digest.short()));
    list(
        "source that could not keep the part of the earlier version",
        "sources that could not keep the part of the earlier version",
        moved.collect(),
    );
    list(
        "class off its share of the split",
        "classes off their share of the split",
        noticed.assignment.missed.iter().map(ToString::to_string).collect(),
    );
    lines
}

/// A renderer of a plan within this machine's memory.
pub fn renderer(prepared: &Prepared, resources: &Resources) -> Renderer {
    Renderer::new(Arc::clone(&prepared.plan), prepared.files.clone(), resources.cache())
}

/// Renders a pilot to estimate bytes and time.
///
/// # Errors
/// When a source is not what was scanned.
pub fn estimate(renderer: &Renderer) -> miette::Result<Estimate> {
    let bar = ProgressBar::new_spinner().with_message("rendering a pilot to estimate size and time");
    let estimate = renderer.plan().estimate(renderer);
    bar.finish_and_clear();
    miette::IntoDiagnostic::into_diagnostic(estimate)
}
