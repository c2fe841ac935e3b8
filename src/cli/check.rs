//! `augmint check`: a recipe and, where they are there, its sources.

use super::{next, print, print_json};
use crate::canary;
use crate::ops::Kind;
use crate::prepare::{PrepareError, prepare};
use crate::recipe::{Problems, Recipe, RecipeError, Statistics, Warning, schema};
use crate::seed::Role;
use crate::store::Datasets;
use miette::{Diagnostic, Report};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check a recipe, and say what it does on the average
///
/// Shows every mistake with its line and a caret, and warns of what is allowed and probably not meant. Prints the mean
/// number of active ops of a copy and the chance that a copy is left untouched. A recipe without `[source]` and `[amount]`
/// is checked as a validation recipe. Where the sources are there they are read, so that classes, split, amounts and partners
/// of mixes are checked too. Exits with 1 when something is wrong.
#[derive(clap::Args, Debug)]
pub struct Check {
    /// The recipe
    #[arg(required_unless_present = "schema")]
    pub recipe: Option<PathBuf>,
    /// Print one JSON object with fine, problems, warnings and statistics
    #[arg(long)]
    pub json: bool,
    /// Print the JSON Schema of recipes instead, for an editor that completes TOML
    #[arg(long)]
    pub schema: bool,
}

impl Check {
    /// Checks and reports.
    ///
    /// # Errors
    /// When the file cannot be read at all; a mistake in it is exit code 1.
    pub fn run(&self, datasets: &Datasets) -> Result<ExitCode, Report> {
        let (false, Some(path)) = (self.schema, &self.recipe) else {
            print_json(&schema())?;
            return Ok(ExitCode::SUCCESS);
        };
        match load(path) {
            Ok(recipe) if self.json => {
                let sources = sources(&recipe, datasets);
                print_json(&fine(&recipe, path, &sources))?;
                return Ok(sources.code());
            }
            Ok(recipe) => {
                for warning in warnings(&recipe) {
                    eprintln!("{:?}", Report::new(warning));
                }
                let sources = sources(&recipe, datasets);
                let code = sources.code();
                match sources {
                    Sources::Wrong(error) => {
                        eprintln!("{:?}", Report::new(*error));
                        return Ok(code);
                    }
                    Sources::Absent => {
                        eprintln!("the sources are not there, so classes, split and partners were not checked")
                    }
                    Sources::Fine | Sources::None => {}
                }
                print(&summary(&recipe, path))?;
                match recipe.role() {
                    Role::Train => next(&format!("augmint plan {}", path.display())),
                    _ => next("name it in a recipe's split.noisy_val, then augmint check that recipe"),
                }
            }
            Err(RecipeError::Invalid(problems)) => {
                if self.json {
                    print_json(&wrong(&problems, path))?;
                } else {
                    eprintln!("{:?}", Report::new(RecipeError::Invalid(problems)));
                    next(&format!("augmint check {}", path.display()));
                }
                return Ok(ExitCode::from(1));
            }
            Err(other) => return Err(other.into()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the sources say about a recipe: the classes that its steps name, the split, amounts, partners of mixes.
enum Sources {
    /// A validation recipe has none.
    None,
    /// They are not on this machine.
    Absent,
    /// A version could be built.
    Fine,
    /// It could not.
    Wrong(Box<PrepareError>),
}

impl Sources {
    fn code(&self) -> ExitCode {
        ExitCode::from(u8::from(matches!(self, Self::Wrong(_))))
    }
}

fn sources(recipe: &Recipe, datasets: &Datasets) -> Sources {
    match &recipe.source {
        None => Sources::None,
        Some(spec) if !spec.layout.root().is_dir() => Sources::Absent,
        Some(_) => match prepare(recipe.clone(), datasets, &|_| {}) {
            Ok(_) => Sources::Fine,
            Err(error) => Sources::Wrong(Box::new(error)),
        },
    }
}

/// What is allowed and probably not meant; that a step can hardly change a pixel is found by rendering it.
pub(super) fn warnings(recipe: &Recipe) -> Vec<Warning> {
    let mut warnings = recipe.warnings();
    for (step, call) in recipe.op_calls() {
        let effect = canary::effect_of(call);
        if effect < canary::HARDLY {
            let units = call.op.params.iter().filter_map(|param| match param.kind {
                Kind::Number { min, max, unit, .. } => Some(format!("{} is in {unit}, {min} to {max}", param.name)),
                _ => None,
            });
            let text =
                format!("step '{}' can hardly change a pixel: {effect:.3} of 255 grey levels in the mean", step.id);
            let units = units.collect::<Vec<_>>().join("; ");
            warnings.push(recipe.step_warning(&step.id, text, format!("check its range: {units}")));
        }
    }
    warnings
}

/// As a recipe, or as a validation recipe where only that is meant.
fn load(path: &Path) -> Result<Recipe, RecipeError> {
    let error = match Recipe::load(path) {
        Err(RecipeError::Invalid(problems)) => problems,
        other => return other,
    };
    if error.lacks_source_and_amount() { Recipe::load_validation(path) } else { Err(RecipeError::Invalid(error)) }
}

fn summary(recipe: &Recipe, path: &Path) -> String {
    let kind = if recipe.role() == Role::Train { "recipe" } else { "validation recipe" };
    let ops = recipe.op_calls().len();
    let plural = if ops == 1 { "" } else { "s" };
    let mut text = format!("{}: fine, a {kind} of {ops} op{plural}\n", path.display());
    for (of, class, statistics) in statistics(recipe) {
        let whom = class.map_or_else(String::new, |class| format!(" of class {class}"));
        let about = if statistics.exact { "" } else { "about " };
        text += &format!(
            "  {of}{whom}: {about}{:.2} active ops in the mean, {about}{:.1} % untouched\n",
            statistics.mean_active,
            100.0 * statistics.untouched
        );
    }
    text
}

/// Of the copies of the recipe and of its validation recipe: for classes in general, then for those that differ.
fn statistics(recipe: &Recipe) -> Vec<(&'static str, Option<&str>, Statistics)> {
    let (of, role) = match recipe.role() {
        Role::Train => ("copies", Role::Train),
        role => ("noisy validation", role),
    };
    let general = recipe.statistics(role, None);
    let mut list = vec![(of, None, general)];
    for class in recipe.step_classes() {
        let own = recipe.statistics(role, Some(class));
        if own != general {
            list.push((of, Some(class), own));
        }
    }
    list.extend(recipe.validation.iter().flat_map(|validation| statistics(&validation.recipe)));
    list
}

fn fine(recipe: &Recipe, path: &Path, sources: &Sources) -> Value {
    let statistics: Vec<_> = statistics(recipe)
        .into_iter()
        .map(|(of, class, statistics)| {
            json!({ "of": of, "class": class, "mean_active": statistics.mean_active,
                "untouched": statistics.untouched, "exact": statistics.exact })
        })
        .collect();
    let warnings: Vec<_> =
        warnings(recipe).iter().map(|warning: &Warning| item(warning.file(), warning.position(), warning)).collect();
    let (fine, problems, sources) = match sources {
        Sources::None => (true, vec![], "none"),
        Sources::Absent => (true, vec![], "absent"),
        Sources::Fine => (true, vec![], "fine"),
        Sources::Wrong(error) => (false, vec![json!({ "message": error.to_string() })], "wrong"),
    };
    json!({ "recipe": path.display().to_string(), "fine": fine, "name": recipe.name, "problems": problems,
        "sources": sources, "warnings": warnings, "statistics": statistics })
}

fn wrong(problems: &Problems, path: &Path) -> Value {
    let list: Vec<_> = problems
        .list()
        .iter()
        .map(|problem| item(problems.file(), Some(problems.position(problem)), problem))
        .collect();
    json!({ "recipe": path.display().to_string(), "fine": false, "problems": list, "warnings": [] })
}

fn item(file: &str, position: Option<(usize, usize)>, diagnostic: &dyn Diagnostic) -> Value {
    json!({ "file": file, "line": position.map(|(line, _)| line), "column": position.map(|(_, column)| column),
        "message": diagnostic.to_string(), "help": diagnostic.help().map(|help| help.to_string()) })
}
