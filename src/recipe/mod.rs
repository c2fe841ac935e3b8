//! Recipes: what may happen, written by people, in TOML.
//!
//! A [`Recipe`] is only made by the parser and is therefore checked: every name resolved, every range possible. The
//! grammar is in `docs/recipe.md`; all that it says of ops comes from their descriptions ([`crate::ops::ALL`]).

mod check;
mod draft;
mod error;
mod expand;
mod law;
mod load;
mod meaning;
mod names;
pub mod policy;
mod reader;
mod schema;
mod sections;
mod steps;
#[cfg(test)]
mod tests;
mod toml10;
mod warning;

pub use check::Statistics;
pub use draft::{Draft, DraftError};
pub use error::{Problem, Problems, RecipeError, Span, Wrong};
pub use names::Names;
pub use schema::{one_line, schema};
pub use warning::Warning;

use crate::balance::AmountSpec;
use crate::number::Micro;
use crate::ops::{Dist, OpSpec};
pub use crate::ops::{Fit, PartnerFit};
use crate::pixels::Encoding;
use crate::seed::Role;
use crate::source::SourceSpec;
use crate::split::SplitSpec;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A checked recipe.
#[derive(Clone, PartialEq, Debug)]
pub struct Recipe {
    /// The dataset's name; may hold a namespace, `docs17/minsu`.
    pub name: String,
    /// Seeds every draw.
    pub seed: u64,
    /// Where sources come from; `None` in a validation recipe.
    pub source: Option<SourceSpec>,
    /// What is held out.
    pub split: SplitSpec,
    /// How many samples; `None` in a validation recipe.
    pub amount: Option<AmountSpec>,
    /// What happens to a sample, in order.
    pub steps: Vec<Step>,
    /// What happens last.
    pub output: Output,
    /// How held-out sources are made noisy.
    pub validation: Option<Validation>,
    /// The file as written.
    pub text: String,
    /// The file; empty where the recipe was read from a record.
    pub path: PathBuf,
    /// Where things stand in the text.
    notes: Notes,
}

/// Places in a recipe's text, for what is only found later: an unknown class, a step that does nothing.
#[derive(Clone, PartialEq, Debug, Default)]
struct Notes {
    classes: Vec<(String, Span)>,
    unused_groups: Vec<(String, Span)>,
    steps: BTreeMap<String, Span>,
}

/// A recipe's text without its byte order mark: what spans refer to.
fn plain(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// `noisy_val = { recipe = "...", copies = N }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Validation {
    /// Its seed, steps and output count; nothing else of it.
    pub recipe: Box<Recipe>,
    /// Noisy samples per held-out source.
    pub copies: u32,
}

/// One step.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// Unique in the recipe: written, or the op's (group's, policy's, `one_of`'s) name, with `-2`, `-3`… from the second on of its
    /// list that has no written id; within a group or `one_of` preceded by the id of the step that uses it and `/`.
    pub id: String,
    /// 0 to 1.
    pub chance: Micro,
    /// Which classes it is for.
    pub classes: ClassFilter,
    /// Which roles it is for: any of train, noisy_val.
    pub on: Vec<Role>,
    /// Its share among the branches of a `pick`; at least 0, 1 unless written.
    pub weight: Micro,
    /// What is done.
    pub action: Action,
}

/// Which classes a step is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClassFilter {
    /// All.
    All,
    /// These, sorted.
    Only(Vec<String>),
    /// All but these, sorted.
    Except(Vec<String>),
}

/// What a step does.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// One op.
    Op(OpCall),
    /// A group without `pick`, or a policy: all its steps.
    All(Vec<Step>),
    /// A group with `pick`, or `one_of`: some of its steps, in the listed order.
    Pick {
        /// Whole numbers, from 0 to the number of steps.
        count: Dist,
        /// The branches.
        steps: Vec<Step>,
    },
}

/// An op and the laws of its parameters, in the order of its description.
#[derive(Clone, PartialEq, Debug)]
pub struct OpCall {
    /// The op.
    pub op: &'static OpSpec,
    /// As many as `op.params`.
    pub params: Vec<Dist>,
    /// For ops that mix in another source.
    pub mix: Option<MixRule>,
}

/// How a mixing op finds its partner and labels the result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MixRule {
    /// Which class the partner comes from.
    pub classes: PartnerClasses,
    /// What is done to the partner.
    pub steps: PartnerSteps,
    /// How the partner is brought to the canvas.
    pub fit: PartnerFit,
    /// The label of the result.
    pub label: LabelRule,
}

/// Which class a partner comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PartnerClasses {
    /// Any, by the same balance as the version; the default.
    Any,
    /// The primary's own.
    Same,
    /// Any but the primary's.
    Other,
    /// One of these, sorted.
    Named(Vec<String>),
}

/// What is done to a partner before it is mixed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartnerSteps {
    /// The steps above the mix, mixing steps skipped; the default.
    Above,
    /// Nothing.
    None,
}

/// The label of a mixed sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LabelRule {
    /// Each class by its share of the pixels; the default.
    Soft,
    /// The class with the larger share, the primary's when equal.
    Dominant,
}

/// `[output]`: always applied last.
#[derive(Clone, PartialEq, Debug)]
pub struct Output {
    /// How the image is brought to size.
    pub fit: Fit,
    /// How it is stored.
    pub encode: Encoding,
}
