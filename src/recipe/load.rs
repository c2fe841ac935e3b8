//! From a file to a checked [`Recipe`].

use super::error::{Problems, RecipeError, Wrong};
use super::expand::Expansion;
use super::reader::{Found, Table};
use super::sections::{self, NoisyVal, check_mentions};
use super::steps::Reading;
use super::{Action, Notes, Recipe, Step, Validation, plain};
use crate::source::Classes;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// Most bytes of a recipe.
const MAX_BYTES: usize = 1 << 20;

/// What a recipe is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Training, and the split.
    Main,
    /// Held-out samples.
    Validation,
}

/// Where the validation recipe's text comes from.
enum Texts<'a> {
    /// The file that the recipe names.
    File,
    /// A record.
    Stored(Option<&'a str>),
}

impl Recipe {
    /// Reads a recipe, and the validation recipe that it names.
    ///
    /// # Errors
    /// When a file cannot be read, or with all that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, RecipeError> {
        Self::parse(&read(path)?, path)
    }

    /// Reads a validation recipe on its own: it has neither sources nor amounts.
    ///
    /// # Errors
    /// As [`Recipe::load`].
    pub fn load_validation(path: &Path) -> Result<Self, RecipeError> {
        Ok(parse(&read(path)?, path, Use::Validation)?.0)
    }

    /// Reads a recipe's text as if it stood in the file `path`: relative paths start at its folder, and the validation
    /// recipe is read from there.
    ///
    /// # Errors
    /// As [`Recipe::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, RecipeError> {
        main(text, path, Texts::File)
    }

    /// Reads a recipe back from a record: its text and the validation recipe's, no file. Paths stay as written.
    ///
    /// # Errors
    /// As [`Recipe::load`]; also when the recipe names a validation recipe and its text is not given.
    pub fn from_texts(text: &str, validation: Option<&str>) -> Result<Self, RecipeError> {
        main(text, Path::new(""), Texts::Stored(validation))
    }

    /// Checks every class that the recipe and its validation recipe name.
    ///
    /// # Errors
    /// With each name that is no class.
    pub fn check_classes(&self, classes: &Classes) -> Result<(), RecipeError> {
        let mut found = Found::default();
        check_mentions(&self.notes.classes, &classes.0, &mut found);
        if !found.0.is_empty() {
            return Err(invalid(&self.path, plain(&self.text), found));
        }
        self.validation.as_ref().map_or(Ok(()), |validation| validation.recipe.check_classes(classes))
    }
}

fn main(text: &str, path: &Path, texts: Texts) -> Result<Recipe, RecipeError> {
    let (mut recipe, noisy_val) = parse(text, path, Use::Main)?;
    let Some((name, at, copies)) = noisy_val else { return Ok(recipe) };
    let fail = |wrong| {
        let mut found = Found::default();
        found.add::<()>(&at, wrong);
        invalid(path, plain(text), found)
    };
    let file = path.parent().unwrap_or(Path::new("")).join(&name);
    let validation = match texts {
        Texts::Stored(text) => text.ok_or_else(|| fail(Wrong::ValidationMissing))?.to_owned(),
        Texts::File => read(&file).map_err(|error| {
            let reason = match error {
                RecipeError::Read { error, .. } => error.to_string(),
                other => other.to_string(),
            };
            fail(Wrong::Validation { path: file.clone(), reason })
        })?,
    };
    let file = if path.as_os_str().is_empty() { PathBuf::from(name) } else { file };
    let (validation, _) = parse(&validation, &file, Use::Validation)?;
    recipe.validation = Some(Validation { recipe: Box::new(validation), copies });
    Ok(recipe)
}

fn read(path: &Path) -> Result<String, RecipeError> {
    let bytes = std::fs::read(path).map_err(|error| RecipeError::Read { path: path.to_owned(), error })?;
    String::from_utf8(bytes)
        .map_err(|error| RecipeError::NotText { path: path.to_owned(), at: error.utf8_error().valid_up_to() })
}

fn invalid(path: &Path, text: &str, found: Found) -> RecipeError {
    RecipeError::Invalid(Box::new(Problems::new(path, text, found.0)))
}

/// One file: the recipe without its validation recipe, and where to find that.
fn parse(text: &str, path: &Path, purpose: Use) -> Result<(Recipe, Option<NoisyVal>), RecipeError> {
    let visible = plain(text);
    let mut reading = Reading::default();
    let recipe = read_recipe(text, path, purpose, &mut reading);
    match recipe.filter(|_| reading.found.0.is_empty()) {
        Some(recipe) => Ok(recipe),
        None => Err(invalid(path, visible, reading.found)),
    }
}

/// `None` only after a problem was noted.
fn read_recipe(text: &str, path: &Path, purpose: Use, reading: &mut Reading) -> Option<(Recipe, Option<NoisyVal>)> {
    let visible = plain(text);
    if visible.len() > MAX_BYTES {
        return reading.found.add(&(0..0), Wrong::TooLong { most: MAX_BYTES, found: visible.len() });
    }
    let document = match DeTable::parse(visible) {
        Ok(document) => document,
        Err(error) => {
            let end = visible.len();
            let at = error.span().map_or(end..end, |span| span.start.min(end)..span.end.min(end));
            return reading.found.add(&at, Wrong::Syntax { message: error.message().into() });
        }
    };
    super::toml10::check(visible, document.get_ref(), &mut reading.found);
    let root = Table::new("", 0..0, document.get_ref());
    let common = ["name", "seed", "step", "group", "output"];
    let only_main = ["source", "split", "amount"];
    match purpose {
        Use::Main => root.allow(&mut reading.found, &[&common[..], &only_main[..]].concat()),
        Use::Validation => {
            for (key, at, _) in root.entries.iter().filter(|(key, ..)| only_main.contains(key)) {
                reading.found.add::<()>(at, Wrong::NotInValidation { key: (*key).into() });
            }
            root.allow(&mut reading.found, &[&common[..], &only_main[..]].concat());
        }
    }
    let base = path.parent().unwrap_or(Path::new(""));
    let name = match (root.get("name"), purpose) {
        (None, Use::Validation) => Some("validation".to_owned()),
        _ => root
            .need(&mut reading.found, "name", "name = \"mydata\"")
            .cloned()
            .and_then(|node| sections::name(&node, &mut reading.found)),
    };
    let seed = sections::seed(&root, &mut reading.found);
    let section = |key: &str, reading: &mut Reading| {
        let node = match (purpose, key) {
            (Use::Main, "source" | "amount") => {
                let help = if key == "source" {
                    "[source] says where images come from; only a validation recipe has none"
                } else {
                    "[amount] with total = 10_000, or copies = 8 per source, or per_class = 500"
                };
                root.need(&mut reading.found, key, help)
            }
            (Use::Validation, "source" | "split" | "amount") => None,
            _ => root.get(key),
        };
        Some(node?.clone().table(&mut reading.found, &format!("a table, [{key}]")))
    };
    let source = section("source", reading)
        .map(|table| table.and_then(|table| sections::source(&table, base, &mut reading.found)));
    let split = section("split", reading)
        .map(|table| table.and_then(|table| sections::split(&table, &mut reading.mentions, &mut reading.found)));
    let amount = section("amount", reading)
        .map(|table| table.and_then(|table| sections::amount(&table, &mut reading.mentions, &mut reading.found)));
    let output = match section("output", reading) {
        None => sections::output(None, &mut reading.found),
        Some(table) => table.and_then(|table| sections::output(Some(&table), &mut reading.found)),
    };
    let raw_steps = reading.steps(root.get("step"));
    let raw_groups = reading.groups(root.get("group"));
    // Steps that could not be read would only lead to more, and wrong, messages.
    if !reading.found.0.is_empty() {
        return None;
    }
    let mut expansion = Expansion::new(&raw_steps, &raw_groups, &mut reading.found)?;
    let steps = expansion.expand(&raw_steps)?;
    let notes = Notes {
        unused_groups: expansion.unused(),
        steps: expansion.places,
        classes: std::mem::take(&mut reading.mentions),
    };
    if purpose == Use::Validation {
        no_mixing(&steps, &notes, &mut reading.found);
    }
    let (split, noisy_val) = split.unwrap_or(Some((sections::NO_SPLIT, None)))?;
    let recipe = Recipe {
        name: name?,
        seed: seed?,
        source: source.flatten(),
        split,
        amount: amount.flatten(),
        steps,
        output: output?,
        validation: None,
        text: text.to_owned(),
        path: path.to_owned(),
        notes,
    };
    Some((recipe, noisy_val))
}

/// Identity rule 8: held-out samples keep their own label.
fn no_mixing(steps: &[Step], notes: &Notes, found: &mut Found) {
    for step in steps {
        match &step.action {
            Action::Op(call) if call.op.mixes() => {
                let at = notes.steps.get(&step.id).cloned().unwrap_or_default();
                found.add::<()>(&at, Wrong::MixInValidation { op: call.op.name });
            }
            Action::Op(_) => {}
            Action::All(steps) | Action::Pick { steps, .. } => no_mixing(steps, notes, found),
        }
    }
}
