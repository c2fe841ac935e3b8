//! The plan: every sample to make, known before a pixel is read.
//!
//! A [`Plan`] is a pure function of a checked recipe, the sources and the part (training, held out, fold) of each. It
//! knows every sample's key, draws, label and partner (`draw`), how samples are laid out in blocks and shards
//! (`layout`), and has the one render function that build, restore, stream, explain and preview share (`render`).
//! It holds nothing per sample, so a plan of a million samples costs what its sources cost.

mod draw;
mod engine;
mod estimate;
mod layout;
mod partner;
mod render;

pub use draw::{Draw, Drawn, Partner};
pub use engine::{Engine, engine};
pub use estimate::Estimate;
pub use layout::{BLOCK, Block, ShardPlan};
pub use render::{Keep, KeptUse, RenderError, Rendered, Renderer};

use crate::canonical::Json;
use crate::digest::Digest;
use crate::recipe::{Action, Output, Recipe, Step};
use crate::seed::{Role, SampleId};
use crate::set::{Set, SetRole};
use crate::source::{Classes, Source};
use crate::split::Part;
use partner::Partners;
use std::collections::HashMap;

/// One sample, as the plan counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Index in the plan's sources.
    pub source: usize,
    /// What it is for.
    pub role: Role,
    /// 0 for stored versions.
    pub epoch: u32,
    /// Which of the source's samples of this role, from 0.
    pub copy: u32,
}

/// Everything that will be made.
#[derive(Debug)]
pub struct Plan {
    recipe: Recipe,
    classes: Classes,
    sources: Vec<Source>,
    parts: Vec<Part>,
    /// Training samples of each source, the original included.
    copies: Vec<u32>,
    partners: Partners,
    /// The place of each op step in the order of the recipe, and of its validation recipe.
    ordinals: [HashMap<String, usize>; 2],
    shards: Vec<ShardPlan>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// A mix finds no second source.
    #[error(
        "step '{step}' has nobody to mix source {path} (class '{class}', {set}) with: no other group of the allowed \
         classes is in that set; allow more classes in `partner`, or leave class '{class}' out with `except`"
    )]
    NoPartner {
        /// The step's id.
        step: String,
        /// The source's first path.
        path: String,
        /// The source's class.
        class: String,
        /// The set that partners come from.
        set: Set,
    },
    /// A step names a class that there is none of.
    #[error("the recipe names a class '{0}' that no source has")]
    UnknownClass(String),
}

impl Plan {
    /// Plans a version. `sources` are sorted by digest; `parts` and `copies` (training samples of each source, the
    /// original included; 0 for held-out ones) go with them one to one.
    ///
    /// # Errors
    /// When some mixed sample would have no possible partner.
    ///
    /// # Panics
    /// When the lists' lengths differ.
    pub fn new(
        recipe: Recipe,
        classes: Classes,
        sources: Vec<Source>,
        parts: Vec<Part>,
        copies: Vec<u32>,
    ) -> Result<Self, PlanError> {
        assert!(sources.len() == parts.len() && sources.len() == copies.len(), "BUG: lists of different lengths");
        let validation = recipe.validation.as_ref().map(|validation| &validation.recipe.steps);
        let ordinals = [ordinals(&recipe.steps), validation.map(|steps| ordinals(steps)).unwrap_or_default()];
        let partners = Partners::new(&recipe, &classes, &sources, &parts);
        let mut plan = Self { recipe, classes, sources, parts, copies, partners, ordinals, shards: Vec::new() };
        plan.check_partners()?;
        plan.shards = plan.lay_out();
        Ok(plan)
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Class numbers and names.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The sources, sorted by digest.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The part of each source.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// All shards, by set and index.
    pub fn shards(&self) -> &[ShardPlan] {
        &self.shards
    }

    /// The samples of a source in a set, in order of role and copy.
    pub fn samples(&self, source: usize, set: Set) -> impl Iterator<Item = Sample> {
        let sample = move |role, copy| Sample { source, role, epoch: 0, copy };
        let total = self.count(source, set);
        let originals = match (set.role, &self.recipe.amount) {
            (SetRole::Train, Some(amount)) if amount.originals => total.min(1),
            _ => 0,
        };
        let role = match set.role {
            SetRole::Train => Role::Train,
            SetRole::Val => Role::Val,
            SetRole::NoisyVal => Role::NoisyVal,
        };
        let original = (0..originals).map(move |copy| sample(Role::Original, copy));
        original.chain((0..total - originals).map(move |copy| sample(role, copy)))
    }

    /// How many samples of a source a set holds.
    pub fn count(&self, source: usize, set: Set) -> u32 {
        let (fold, held_out, trains) = match self.parts[source] {
            Part::Train => (None, false, true),
            Part::Val => (None, true, false),
            Part::Fold(fold) => (Some(fold), true, true),
        };
        match set.role {
            _ if set.fold != fold => 0,
            SetRole::Train if trains => self.copies[source],
            SetRole::Val if held_out => 1,
            SetRole::NoisyVal if held_out => self.recipe.validation.as_ref().map_or(0, |validation| validation.copies),
            _ => 0,
        }
    }

    /// The sets of this plan, in order.
    pub fn sets(&self) -> Vec<Set> {
        let mut sets: Vec<Set> = (self.parts.iter())
            .flat_map(|part| {
                let fold = if let Part::Fold(fold) = part { Some(*fold) } else { None };
                [SetRole::Train, SetRole::Val, SetRole::NoisyVal].map(|role| Set { fold, role })
            })
            .collect();
        sets.sort_unstable();
        sets.dedup();
        sets.retain(|set| (0..self.sources.len()).any(|source| self.count(source, *set) > 0));
        sets
    }

    /// How many samples in all.
    pub fn total(&self) -> u64 {
        self.shards.iter().map(ShardPlan::samples).sum()
    }

    /// What seeds a sample. Held-out sources are seeded by the validation recipe alone, so that versions share them.
    pub fn id(&self, sample: &Sample) -> SampleId {
        let seed = match sample.role {
            Role::Original | Role::Train => self.recipe.seed,
            Role::Val | Role::NoisyVal => {
                self.recipe.validation.as_ref().map_or(0, |validation| validation.recipe.seed)
            }
        };
        let source = self.sources[sample.source].digest;
        SampleId { seed, source, role: sample.role, epoch: sample.epoch, copy: sample.copy }
    }

    /// The recipe whose steps and output a role goes through: the validation recipe for what is held out.
    pub fn recipe_for(&self, role: Role) -> &Recipe {
        match (role, &self.recipe.validation) {
            (Role::Val | Role::NoisyVal, Some(validation)) => &validation.recipe,
            _ => &self.recipe,
        }
    }

    /// The output settings of a role.
    pub fn output_for(&self, role: Role) -> &Output {
        &self.recipe_for(role).output
    }

    fn ordinal(&self, role: Role, step: &str) -> usize {
        let recipe = usize::from(role == Role::NoisyVal);
        *self.ordinals[recipe].get(step).unwrap_or_else(|| panic!("BUG: step '{step}' is not in the recipe"))
    }

    fn class_name(&self, class: u32) -> &str {
        self.classes.name(class).unwrap_or_else(|| panic!("BUG: class {class} has no name"))
    }

    /// The manifest's header: all that decided the samples, except the sources' own bytes, which it names.
    pub fn header(&self, sources: Digest) -> Json {
        Json::object([
            ("recipe", self.recipe.meaning()),
            ("engine", engine(self).meaning()),
            (
                "classes",
                Json::Object(self.classes.0.iter().map(|(number, name)| (name.clone(), (*number).into())).collect()),
            ),
            ("sources", sources.into()),
            ("samples", self.total().into()),
        ])
    }

    /// The header of the validation digest: what decided the held-out samples, shared by all versions that agree on it.
    pub fn validation_header(&self) -> Json {
        let recipe = self.recipe_for(Role::Val);
        Json::object([
            ("output", recipe.output.meaning()),
            ("steps", Json::array(recipe.steps.iter().map(Step::meaning))),
            ("noisy", self.recipe.validation.is_some().into()),
        ])
    }
}

/// Numbers the op steps in the order of the recipe.
fn ordinals(steps: &[Step]) -> HashMap<String, usize> {
    fn visit(steps: &[Step], found: &mut HashMap<String, usize>) {
        for step in steps {
            match &step.action {
                Action::Op(_) => {
                    let ordinal = found.len();
                    found.insert(step.id.clone(), ordinal);
                }
                Action::All(steps) | Action::Pick { steps, .. } => visit(steps, found),
            }
        }
    }
    let mut found = HashMap::new();
    visit(steps, &mut found);
    found
}
