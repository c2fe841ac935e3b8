//! Whole recipes: every message word for word, the meaning pinned, nothing panics.

mod errors;
mod grammar;
mod policies;
mod properties;
mod statistics;

use super::*;
use std::path::Path;

/// The shortest head of a recipe; five lines.
const HEAD: &str = "name = \"t\"\n[source]\nfolders = \"x\"\n[amount]\ncopies = 2\n";

/// A recipe of the head and these lines.
fn recipe(lines: &str) -> Recipe {
    let text = format!("{HEAD}{lines}");
    Recipe::from_texts(&text, None).unwrap_or_else(|error| panic!("{}", report(&error)))
}

/// A report as it is printed where there is no terminal.
fn report(diagnostic: &dyn miette::Diagnostic) -> String {
    let theme = miette::GraphicalTheme::none();
    let mut out = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    handler.render_report(&mut out, diagnostic).expect("a text holds any report");
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn load(name: &str, files: &[(&str, &[u8])]) -> Result<Recipe, RecipeError> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    }
    Recipe::load(&folder.path().join(Path::new(name)))
}
