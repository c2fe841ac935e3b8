//! From steps as written to steps as done: groups put in place of their `use`, every step with its id.
//!
//! An id keys draws, so its rule is part of identity: written, or the op's (group's, policy's, `one_of`'s) name, the second
//! *unnamed* one of the same list with `-2`, and so on; within a group the user's id and `/` stand in front. Steps with a
//! written id are not counted, so that adding one leaves the others' draws alone.

use super::error::{Problem, Span, Wrong};
use super::names::Names;
use super::reader::Found;
use super::steps::{ONE, RawAction, RawGroup, RawStep};
use super::{Action, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Most steps of a recipe when groups are put in place.
const MAX_STEPS: usize = 10_000;
/// Most steps within steps.
const MAX_DEPTH: usize = 32;

/// Puts steps and groups together.
pub(super) struct Expansion<'a> {
    groups: &'a BTreeMap<String, RawGroup>,
    found: &'a mut Found,
    /// Where each step is written, by id.
    pub places: BTreeMap<String, Span>,
    used: BTreeSet<&'a str>,
    steps: usize,
}

impl<'a> Expansion<'a> {
    /// Checks all names of groups; `None` where one is unknown or uses itself.
    pub fn new(steps: &'a [RawStep], groups: &'a BTreeMap<String, RawGroup>, found: &'a mut Found) -> Option<Self> {
        let before = found.0.len();
        let all = steps.iter().chain(groups.values().flat_map(|group| &group.steps));
        for (name, at) in uses(all) {
            if !groups.contains_key(name) {
                let names = Names::new(name, groups.keys());
                found.add::<()>(at, Wrong::Unknown { kind: "group", name: name.into(), names });
            }
        }
        let mut done = BTreeSet::new();
        for name in groups.keys() {
            visit(name, groups, &mut Vec::new(), &mut done, found);
        }
        let (places, used) = (BTreeMap::new(), BTreeSet::new());
        (found.0.len() == before).then_some(Self { groups, found, places, used, steps: 0 })
    }

    /// The whole list.
    pub fn expand(&mut self, steps: &'a [RawStep]) -> Option<Vec<Step>> {
        self.list(steps, "", 0)
    }

    /// Groups that no step uses, and where they are.
    pub fn unused(&self) -> Vec<(String, Span)> {
        let unused = self.groups.iter().filter(|(name, _)| !self.used.contains(name.as_str()));
        unused.map(|(name, group)| (name.clone(), group.at.clone())).collect()
    }

    fn list(&mut self, steps: &'a [RawStep], prefix: &str, depth: usize) -> Option<Vec<Step>> {
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        let mut list = Vec::with_capacity(steps.len());
        for raw in steps {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return self.found.add(&raw.at, Wrong::TooMany { most: MAX_STEPS, what: "steps" });
            }
            if depth > MAX_DEPTH {
                return self.found.add(&raw.at, Wrong::TooDeep { most: MAX_DEPTH });
            }
            let name = match &raw.id {
                Some(id) => id.clone(),
                None => {
                    let name = match &raw.action {
                        RawAction::Op(call) => call.op.name,
                        RawAction::Use(group) => group,
                        RawAction::OneOf(_) => "one_of",
                        RawAction::Policy(policy, _) => policy,
                    };
                    let count = seen.entry(name).or_insert(0);
                    *count += 1;
                    if *count == 1 { name.to_owned() } else { format!("{name}-{count}") }
                }
            };
            let id = format!("{prefix}{name}");
            if let Some(first) = self.places.insert(id.clone(), raw.at.clone()) {
                let also = Some((first, "first"));
                self.found.0.push(Problem { wrong: Wrong::DuplicateId { id }, at: raw.at.clone(), also });
                return None;
            }
            let action = self.action(raw, &id, depth)?;
            let (chance, weight) = (raw.chance, raw.weight);
            list.push(Step { id, chance, classes: raw.classes.clone(), on: raw.on.clone(), weight, action });
        }
        Some(list)
    }

    fn action(&mut self, raw: &'a RawStep, id: &str, depth: usize) -> Option<Action> {
        let prefix = format!("{id}/");
        Some(match &raw.action {
            RawAction::Op(call) => Action::Op(call.clone()),
            RawAction::Policy(_, steps) => Action::All(self.list(steps, &prefix, depth + 1)?),
            RawAction::OneOf(steps) => Action::Pick { count: ONE, steps: self.list(steps, &prefix, depth + 1)? },
            RawAction::Use(name) => {
                let (name, group) = self.groups.get_key_value(name)?;
                self.used.insert(name);
                let steps = self.list(&group.steps, &prefix, depth + 1)?;
                match &group.pick {
                    None => Action::All(steps),
                    Some(count) => Action::Pick { count: count.clone(), steps },
                }
            }
        })
    }
}

/// Every `use` in these steps.
fn uses<'a>(steps: impl Iterator<Item = &'a RawStep>) -> Vec<(&'a str, &'a Span)> {
    let mut names = Vec::new();
    for step in steps {
        match &step.action {
            RawAction::Op(_) => {}
            RawAction::Use(name) => names.push((name.as_str(), &step.at)),
            RawAction::OneOf(steps) | RawAction::Policy(_, steps) => names.extend(uses(steps.iter())),
        }
    }
    names
}

/// Looks for a way from a group back to itself; notes the first one.
fn visit<'a>(
    name: &'a str,
    groups: &'a BTreeMap<String, RawGroup>,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    found: &mut Found,
) {
    let Some(group) = groups.get(name).filter(|_| !done.contains(name)) else { return };
    path.push(name);
    for (next, at) in uses(group.steps.iter()) {
        match path.iter().position(|known| *known == next) {
            None => visit(next, groups, path, done, found),
            Some(start) => {
                let cycle = [&path[start..], &[next]].concat().join(" > ");
                found.add::<()>(at, Wrong::GroupCycle { name: next.into(), cycle });
            }
        }
    }
    path.pop();
    done.insert(name);
}
