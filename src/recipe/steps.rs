//! Steps and groups as written, before groups are put in place of their `use`.

use super::error::{Span, Wrong};
use super::law::{self, MAX_WEIGHT};
use super::names::Names;
use super::policy;
use super::reader::{Found, Node, Table};
use super::sections::{Mentions, safe_name};
use super::{ClassFilter, LabelRule, MixRule, OpCall, PartnerClasses, PartnerFit, PartnerSteps};
use crate::number::Micro;
use crate::ops::{self, Dist, Kind, Value};
use crate::seed::Role;
use std::collections::BTreeMap;

/// Most groups of a recipe: they are visited recursively.
const MAX_GROUPS: usize = 256;

/// A step as written.
pub(super) struct RawStep {
    pub id: Option<String>,
    /// The op's, group's or `one_of`'s name: where messages about the step point.
    pub at: Span,
    pub chance: Micro,
    pub classes: ClassFilter,
    pub on: Vec<Role>,
    pub weight: Micro,
    pub action: RawAction,
}

pub(super) enum RawAction {
    Op(OpCall),
    Use(String),
    OneOf(Vec<RawStep>),
    /// A policy's name, and its steps.
    Policy(&'static str, Vec<RawStep>),
}

/// A group as written.
pub(super) struct RawGroup {
    pub at: Span,
    pub pick: Option<Dist>,
    pub steps: Vec<RawStep>,
}

/// What steps are read into.
#[derive(Default)]
pub(super) struct Reading {
    pub found: Found,
    pub mentions: Mentions,
}

/// Where a step stands, which decides whether it may have a weight.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Sequence,
    Choice,
}

impl Reading {
    /// The list of a recipe's or group's steps.
    fn list(&mut self, node: &Node, place: Place) -> Vec<RawStep> {
        let Some(items) = node.list(&mut self.found, "an array of tables, [[step]]") else { return Vec::new() };
        items.iter().filter_map(|item| self.step(item, place)).collect()
    }

    /// All of `[[step]]`.
    pub fn steps(&mut self, node: Option<&Node>) -> Vec<RawStep> {
        node.map(|node| self.list(node, Place::Sequence)).unwrap_or_default()
    }

    /// All of `[group.*]`, by name.
    pub fn groups(&mut self, node: Option<&Node>) -> BTreeMap<String, RawGroup> {
        let Some(table) = node.and_then(|node| node.table(&mut self.found, "[group.NAME] tables")) else {
            return BTreeMap::new();
        };
        if table.entries.len() > MAX_GROUPS {
            self.found.add::<()>(&table.span, Wrong::TooMany { most: MAX_GROUPS, what: "groups" });
            return BTreeMap::new();
        }
        let groups = table.entries.iter().filter_map(|(name, at, node)| {
            safe_name(name, at, "a group's name", &mut self.found);
            Some(((*name).to_owned(), self.group(name, at, node)?))
        });
        groups.collect()
    }

    fn group(&mut self, name: &str, at: &Span, node: &Node) -> Option<RawGroup> {
        let table = node.table(&mut self.found, "a table with steps")?;
        table.allow(&mut self.found, &["pick", "step"]);
        let place = if table.get("pick").is_some() { Place::Choice } else { Place::Sequence };
        let listed = table.get("step").map(|node| node.list(&mut Found::default(), "").unwrap_or_default().len());
        let steps = table.get("step").map(|node| self.list(node, place)).unwrap_or_default();
        if listed.unwrap_or(0) == 0
            && table.get("step").is_none_or(|node| node.list(&mut Found::default(), "").is_some())
        {
            return self.found.add(at, Wrong::EmptyGroup { name: name.to_owned() });
        }
        let whole = listed == Some(steps.len());
        let pick = match table.get("pick") {
            None => None,
            Some(node) => Some(self.pick(node, &table, &steps, whole)?),
        };
        // A group with a wrong step is still a group: its `use` is not unknown.
        Some(RawGroup { at: at.clone(), pick, steps })
    }

    /// `pick`: how many of the steps; `whole` unless some of them could not be read.
    fn pick(&mut self, node: &Node, table: &Table, steps: &[RawStep], whole: bool) -> Option<Dist> {
        let max = Micro::from_int(10_000);
        let kind = Kind::Number { min: Micro::ZERO, max, unit: "steps", integer: true };
        let pick = law::law(node, &kind, &mut self.found)?;
        let branches = self.branches(steps, &table.place, &node.span)?;
        let most = law::whole_outcomes(&pick).into_iter().filter(|(_, chance)| *chance > 0.0).map(|(count, _)| count);
        let most = most.max().unwrap_or_default();
        if whole && most > branches as i64 {
            return self.found.add(&node.span, Wrong::PickTooMany { place: node.place.clone(), most, branches });
        }
        Some(pick)
    }

    /// How many branches can be picked; notes where none can.
    fn branches(&mut self, steps: &[RawStep], place: &str, at: &Span) -> Option<usize> {
        let branches = steps.iter().filter(|step| step.weight > Micro::ZERO).count();
        if branches == 0 && !steps.is_empty() {
            return self.found.add(at, Wrong::AllZero { place: place.to_owned() });
        }
        Some(branches)
    }

    fn step(&mut self, node: &Node, place: Place) -> Option<RawStep> {
        let table = node.table(&mut self.found, "a table with an op")?.called("step");
        let found = &mut self.found;
        table.allow(found, &["id", "chance", "only", "except", "on", "weight", "op", "use", "one_of", "policy"]);
        let id = table.get("id").map(|node| {
            let id = node.text(found)?;
            safe_name(id, &node.span, "a step's id", found).map(|()| id.to_owned())
        });
        let chance =
            table.get("chance").map_or(Some(Micro::ONE), |node| node.number(found, Micro::ZERO, Micro::ONE, ""));
        let weight = match (table.get("weight"), table.key("weight")) {
            (Some(_), Some(at)) if place == Place::Sequence => found.add(at, Wrong::IdleWeight),
            (Some(node), _) => node.number(found, Micro::ZERO, MAX_WEIGHT, ""),
            (None, _) => Some(Micro::ONE),
        };
        let on = table.get("on").map_or(Some(vec![Role::Train, Role::NoisyVal]), |node| roles(node, found));
        let classes = self.classes(&table);
        let action = table.need_one_of(&mut self.found, &["op", "use", "one_of", "policy"]).cloned();
        let (at, action) = match action? {
            ("op", _, node) => self.op(&node)?,
            ("use", _, node) => {
                let name = node.text(&mut self.found)?.to_owned();
                (node.span, RawAction::Use(name))
            }
            ("policy", _, node) => policy::read(&node, &mut self.found)?,
            (_, at, node) => self.one_of(at, &node)?,
        };
        let id = match id {
            None => None,
            Some(id) => Some(id?),
        };
        Some(RawStep { id, at, chance: chance?, classes: classes?, on: on?, weight: weight?, action })
    }

    fn one_of(&mut self, at: Span, node: &Node) -> Option<(Span, RawAction)> {
        let items = node.list(&mut self.found, "a list of steps")?;
        if items.is_empty() {
            return self.found.add(&node.span, Wrong::EmptyList { place: node.place.clone() });
        }
        let steps = self.list(node, Place::Choice);
        self.branches(&steps, &node.place, &node.span)?;
        Some((at, RawAction::OneOf(steps)))
    }

    /// `only` and `except`.
    fn classes(&mut self, table: &Table) -> Option<ClassFilter> {
        let Some((key, _, node)) = table.one_of(&mut self.found, &["only", "except"]) else {
            return Some(ClassFilter::All);
        };
        let names = node.texts(&mut self.found)?;
        let classes = names.iter().map(|(name, _)| (*name).to_owned()).collect();
        self.mentions.extend(names.into_iter().map(|(name, at)| (name.to_owned(), at)));
        Some(if *key == "only" { ClassFilter::Only(classes) } else { ClassFilter::Except(classes) })
    }

    /// `op.NAME = { ... }`.
    fn op(&mut self, node: &Node) -> Option<(Span, RawAction)> {
        let table = node.table(&mut self.found, "op.NAME = { ... }")?;
        let Some((name, at, call)) = table.entries.first().cloned() else {
            let (place, keys) = ("step.op".into(), "the ops that `augmint ops` lists".into());
            return self.found.add(&table.span, Wrong::NeedsOne { place, keys });
        };
        if let Some((second, at, _)) = table.entries.get(1) {
            let (first, second) = (name.to_owned(), (*second).to_owned());
            self.found.add::<()>(at, Wrong::TwoOps { first, second });
        }
        let Some(op) = ops::find(name) else {
            let names = Names::new(name, ops::ALL.iter().map(|op| op.name));
            return self.found.add(&at, Wrong::Unknown { kind: "op", name: name.into(), names });
        };
        let mut params = call.table(&mut self.found, "a table of parameters, { ... }")?.called(op.name);
        // A missing parameter is missing from the op, and the empty table beside it says nothing.
        params.span = at.clone();
        let also: &[&str] = if op.mixes() { &["partner", "label"] } else { &[] };
        let mix = op.mixes().then(|| self.mix(&params, op));
        let params = law::params(&params, op, also, &mut self.found)?;
        let mix = match mix {
            None => None,
            Some(mix) => Some(mix?),
        };
        Some((at, RawAction::Op(OpCall { op, params, mix })))
    }

    /// `partner = { classes, steps, fit }` and `label`.
    fn mix(&mut self, table: &Table, op: &ops::OpSpec) -> Option<MixRule> {
        let label = match table.get("label") {
            None => Some(if op.softens() { LabelRule::Soft } else { LabelRule::Dominant }),
            Some(node) => node
                .word(&mut self.found, "word", &["soft", "dominant"])
                .map(|index| [LabelRule::Soft, LabelRule::Dominant][index]),
        };
        let (mut classes, mut steps, mut fit) =
            (Some(PartnerClasses::Any), Some(PartnerSteps::Above), Some(PartnerFit::Stretch));
        if let Some(node) = table.get("partner") {
            let partner = node.table(&mut self.found, "{ classes = ..., steps = ..., fit = ... }")?;
            partner.allow(&mut self.found, &["classes", "steps", "fit"]);
            if let Some(node) = partner.get("classes") {
                classes = self.partner_classes(node);
            }
            if let Some(node) = partner.get("steps") {
                let word = node.word(&mut self.found, "word", &["above", "none"]);
                steps = word.map(|index| [PartnerSteps::Above, PartnerSteps::None][index]);
            }
            if let Some(node) = partner.get("fit") {
                let word = node.word(&mut self.found, "word", &["stretch", "within", "cover"]);
                fit = word.map(|index| [PartnerFit::Stretch, PartnerFit::Within, PartnerFit::Cover][index]);
            }
        }
        Some(MixRule { classes: classes?, steps: steps?, fit: fit?, label: label? })
    }

    fn partner_classes(&mut self, node: &Node) -> Option<PartnerClasses> {
        if node.list(&mut Found::default(), "").is_none() {
            let word = node.word(&mut self.found, "word", &["any", "same", "other"])?;
            return Some([PartnerClasses::Any, PartnerClasses::Same, PartnerClasses::Other][word].clone());
        }
        let names = node.texts(&mut self.found)?;
        let classes = names.iter().map(|(name, _)| (*name).to_owned()).collect();
        self.mentions.extend(names.into_iter().map(|(name, at)| (name.to_owned(), at)));
        Some(PartnerClasses::Named(classes))
    }
}

/// `on`: sorted, each once.
fn roles(node: &Node, found: &mut Found) -> Option<Vec<Role>> {
    node.texts(found)?;
    let roles: Vec<_> = node
        .list(found, "a list of texts")?
        .iter()
        .map(|node| node.word(found, "role", &["train", "noisy_val"]).map(|index| [Role::Train, Role::NoisyVal][index]))
        .collect();
    let mut roles = roles.into_iter().collect::<Option<Vec<_>>>()?;
    roles.sort();
    roles.dedup();
    Some(roles)
}

/// The number 1 as a law: what `one_of` picks.
pub(super) const ONE: Dist = Dist::Fixed(Value::Number(Micro::ONE));
