//! What can be wrong with a recipe, and where.
//!
//! A recipe is written by hand, so an error shows the file, the line, a caret under the word and the nearest valid
//! name. All problems that were found are in one report, in the order of the file. Nothing here reads or decides.

use super::names::Names;
use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// Bytes of a recipe's text, without its byte order mark.
pub type Span = Range<usize>;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Wrong {
    #[error("not valid TOML: {message}")]
    Syntax { message: String },
    #[error("a recipe has at most {most} bytes, this one has {found}")]
    TooLong { most: usize, found: usize },
    #[error("{what} is TOML 1.1; recipes stay TOML 1.0, which every reader knows")]
    NewToml { what: &'static str },
    #[error("unknown key '{key}' in {place}")]
    UnknownKey { key: String, place: String, names: Names },
    #[error("unknown {kind} '{name}'")]
    Unknown { kind: &'static str, name: String, names: Names },
    #[error("{place} takes {expected}, not {found}")]
    Type { place: String, expected: String, found: &'static str },
    #[error("{place} needs '{key}'")]
    Missing { place: String, key: String, help: String },
    #[error("{place} needs one of {keys}")]
    NeedsOne { place: String, keys: String },
    #[error("{place}: '{first}' and '{second}' exclude each other")]
    Exclusive { place: String, first: String, second: String },
    #[error("{place} = {value} is outside {min} to {max}{unit}")]
    OutOfRange { place: String, value: String, min: String, max: String, unit: String },
    #[error("{place} = {value} must be more than 0")]
    NotPositive { place: String, value: String },
    #[error("{place} takes whole numbers, not {value}")]
    NotWhole { place: String, value: String },
    #[error("{place} = {value} has more than six decimals")]
    TooPrecise { place: String, value: String },
    #[error("{place}: low {low} is above high {high}")]
    LowAboveHigh { place: String, low: String, high: String },
    #[error("{place}: {law} takes two numbers, not {found}")]
    NotTwo { place: String, law: &'static str, found: usize },
    #[error("{place}: {law} draws fractions, and {place} takes whole numbers")]
    FractionLaw { place: String, law: &'static str },
    #[error("{place} is an empty list")]
    EmptyList { place: String },
    #[error("{place}: {choices} choices, but {weights} weights")]
    WeightCount { place: String, choices: usize, weights: usize },
    #[error("{place}: all weights are 0")]
    AllZero { place: String },
    #[error("a step has one op, not both '{first}' and '{second}'")]
    TwoOps { first: String, second: String },
    #[error("'weight' outside of a choice")]
    IdleWeight,
    #[error("two steps have the id '{id}'")]
    DuplicateId { id: String },
    #[error("group '{name}' has no steps")]
    EmptyGroup { name: String },
    #[error("group '{name}' uses itself: {cycle}")]
    GroupCycle { name: String, cycle: String },
    #[error("steps are nested more than {most} deep")]
    TooDeep { most: usize },
    #[error("more than {most} {what}")]
    TooMany { most: usize, what: &'static str },
    #[error("{place}: picks up to {most} of {branches} branches that have a weight")]
    PickTooMany { place: String, most: i64, branches: usize },
    #[error("'{text}' cannot be {what}: {why}")]
    BadName { what: &'static str, text: String, why: &'static str },
    #[error("'{text}' names no version")]
    BadReference { text: String },
    #[error("'{key}' with nothing held out")]
    NothingHeldOut { key: &'static str },
    #[error("a validation recipe has no '{key}'")]
    NotInValidation { key: String },
    #[error("op '{op}' mixes sources, and a validation recipe never does")]
    MixInValidation { op: &'static str },
    #[error("cannot read the validation recipe {}: {reason}", path.display())]
    Validation { path: PathBuf, reason: String },
    #[error("the stored validation recipe is missing")]
    ValidationMissing,
}

/// What messages call the whole file.
pub(super) const THE_RECIPE: &str = "the recipe";

/// A novelty of TOML 1.1.
pub(super) const NEW_ESCAPE: &str = "an escape \\e or \\x";

impl Wrong {
    /// The short text beside the caret.
    fn label(&self) -> Option<String> {
        match self {
            Self::UnknownKey { names, .. } | Self::Unknown { names, .. } => {
                names.nearest().map(|name| format!("did you mean '{name}'?"))
            }
            Self::DuplicateId { .. } => Some("second".into()),
            _ => None,
        }
    }

    /// Whether this is an unknown key that was probably meant to be one of these.
    pub(super) fn is_typo_of(&self, keys: &[&str]) -> bool {
        matches!(self, Self::UnknownKey { names, .. } if names.nearest().is_some_and(|name| keys.contains(&name)))
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::UnknownKey { names, .. } | Self::Unknown { names, .. } => {
                return Some(names.valid());
            }
            Self::Missing { help, .. } => return (!help.is_empty()).then(|| help.clone()),
            Self::NewToml { what: NEW_ESCAPE } => "write \\u00.. instead",
            Self::NewToml { .. } => "put an inline table on one line, with no comma at its end",
            Self::Exclusive { .. } => "keep one of them",
            Self::TooPrecise { .. } => "numbers are kept as millionths: round it",
            Self::LowAboveHigh { .. } => "swap them",
            Self::NotTwo { law: "a range", .. } => "[low, high] is a range; a choice is { choose = [...] }",
            Self::NotTwo { law: "normal", .. } => "{ normal = [mean, deviation], within = [low, high] }",
            Self::NotTwo { .. } => "write [low, high]",
            Self::FractionLaw { .. } => "write [low, high] or { choose = [...] }",
            Self::TwoOps { .. } => "give each a [[step]] of its own",
            Self::IdleWeight => "a weight is for the branches of one_of, and of a group with 'pick'",
            Self::DuplicateId { .. } => "an id keys the step's draws: write another",
            Self::GroupCycle { .. } => "take one of these 'use' out",
            Self::PickTooMany { .. } => "pick fewer, or add branches",
            Self::BadReference { .. } => "write name@tag, name@sha256:... or sha256:...",
            Self::NothingHeldOut { .. } => "write val = 0.2 or folds = 5 in [split], or leave it out",
            Self::NotInValidation { .. } => {
                "it has seed, [[step]], [group] and [output]; sources and amounts come from the recipe that names it"
            }
            Self::MixInValidation { .. } => "held-out samples keep their own label: take the step out",
            Self::Validation { .. } => "split.noisy_val.recipe is relative to this file",
            Self::ValidationMissing => "a record keeps its text beside the recipe's",
            _ => return None,
        };
        Some(text.into())
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What.
    pub wrong: Wrong,
    /// Where.
    pub at: Span,
    /// Where else to look, and why.
    pub also: Option<(Span, &'static str)>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wrong.fmt(f)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.wrong.help().map(|text| Box::new(text) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = LabeledSpan::new_primary_with_span(self.wrong.label(), self.at.clone());
        let also = self.also.clone().map(|(at, why)| LabeledSpan::new_with_span(Some(why.to_owned()), at));
        Some(Box::new(std::iter::once(first).chain(also)))
    }
}

/// The problems of one file, in the order of its text.
#[derive(Debug)]
pub struct Problems {
    source: NamedSource<String>,
    list: Vec<Problem>,
}

/// Most problems that are printed; the rest is counted.
const MOST: usize = 10;

impl Problems {
    /// Problems of `text`; spans refer to it.
    pub(super) fn new(path: &std::path::Path, text: &str, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| (problem.at.start, problem.at.end));
        list.dedup();
        Self { source: named(path, text), list }
    }

    /// Whether all that is wrong comes from reading a validation recipe as one for training.
    pub fn lacks_source_and_amount(&self) -> bool {
        let lacking = |name: &str| {
            self.list.iter().any(|problem| matches!(&problem.wrong, Wrong::Missing { place, key, .. } if key == name && place == THE_RECIPE))
        };
        lacking("source") && lacking("amount")
    }

    /// The file that they are in.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// All of them.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// Line and column of a problem, from 1; the column counts characters.
    pub fn position(&self, problem: &Problem) -> (usize, usize) {
        position(self.source.inner(), problem.at.start)
    }

    /// The only problem.
    fn single(&self) -> Option<&Problem> {
        (self.list.len() == 1).then(|| &self.list[0])
    }
}

/// A text under the name of its file, as reports show it. A carriage return would be printed: a blank takes its place,
/// so that spans stay.
pub(super) fn named(path: &std::path::Path, text: &str) -> NamedSource<String> {
    let name = if path.as_os_str().is_empty() { "recipe".into() } else { path.display().to_string() };
    NamedSource::new(name, text.replace("\r\n", " \n"))
}

/// Line and column of a byte, from 1; the column counts characters.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.single() {
            Some(problem) => problem.fmt(f),
            None => write!(f, "{}: {} problems", self.source.name(), self.list.len()),
        }
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.single() {
            Some(problem) => problem.help(),
            None if self.list.len() > MOST => Some(Box::new(format!("the first {MOST} are shown"))),
            None => None,
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.single().and_then(Problem::labels)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let many = self.single().is_none();
        many.then(|| Box::new(self.list.iter().take(MOST).map(|problem| problem as &dyn Diagnostic)) as _)
    }
}

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RecipeError {
    /// The file cannot be read.
    #[error("cannot read the recipe {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no text.
    #[error("{}: not UTF-8 text at byte {at}: a recipe is a TOML file", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is no text.
        at: usize,
    },
    /// The text is wrong, at these places.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(Box<Problems>),
}
