//! Partners of mixed samples: first the class, then the source, by keyed values that other sources leave alone.

use super::{Plan, PlanError};
use crate::balance::{Amount, Balance};
use crate::number::Micro;
use crate::recipe::{Action, ClassFilter, MixRule, PartnerClasses, Recipe, Step};
use crate::seed::{Rng, SampleSeed};
use crate::set::{Set, SetRole};
use crate::source::{Classes, Source};
use crate::split::Part;
use std::collections::BTreeMap;

/// The training sources of each class and fold, ready to be chosen from.
#[derive(Debug, Default)]
pub struct Partners(BTreeMap<(Option<u32>, u32), Pool>);

#[derive(Debug)]
struct Pool {
    name: String,
    weight: Micro,
    /// Index, the first eight bytes of the digest, group.
    sources: Vec<(usize, u64, String)>,
    /// Whether there are two groups, so that every member has a partner.
    several_groups: bool,
}

fn fold(part: Part) -> Option<Option<u32>> {
    match part {
        Part::Train => Some(None),
        Part::Fold(fold) => Some(Some(fold)),
        Part::Val => None,
    }
}

impl Partners {
    /// Sorts the training sources into pools. A class's weight is its share under the recipe's balance, from the number
    /// of sources alone: so the amount never reaches a pixel.
    pub fn new(recipe: &Recipe, classes: &Classes, sources: &[Source], parts: &[Part]) -> Self {
        let mut pools: BTreeMap<_, Pool> = BTreeMap::new();
        for (index, (source, part)) in sources.iter().zip(parts).enumerate() {
            let Some(fold) = fold(*part) else { continue };
            let pool = pools.entry((fold, source.class)).or_insert_with(|| Pool {
                name: classes.name(source.class).unwrap_or_default().to_owned(),
                weight: Micro::ONE,
                sources: Vec::new(),
                several_groups: false,
            });
            pool.several_groups |= pool.sources.first().is_some_and(|(_, _, group)| *group != source.group);
            pool.sources.push((index, source.digest.prefix64(), source.group.clone()));
        }
        let balance = match &recipe.amount {
            Some(amount) if matches!(amount.amount, Amount::PerClass(_)) => Balance::Equal,
            Some(amount) => amount.balance,
            None => Balance::Natural,
        };
        for pool in pools.values_mut() {
            let count = pool.sources.len() as f64;
            pool.weight = match balance {
                Balance::Natural => Micro::nearest(count),
                Balance::Sqrt => Micro::nearest(count.sqrt()),
                Balance::Equal => Micro::ONE,
            };
        }
        Self(pools)
    }
}

impl Pool {
    fn has_partner_for(&self, group: &str) -> bool {
        self.several_groups || self.sources.first().is_some_and(|(_, _, other)| other != group)
    }
}

/// Whether a rule allows partners of class `other` for a primary of class `own`.
fn allows(rule: &MixRule, own: &str, other: &str) -> bool {
    match &rule.classes {
        PartnerClasses::Any => true,
        PartnerClasses::Same => own == other,
        PartnerClasses::Other => own != other,
        PartnerClasses::Named(names) => names.iter().any(|name| name == other),
    }
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every input bit reaches every output bit.
fn scramble(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Plan {
    fn pools(&self, source: usize) -> impl Iterator<Item = &Pool> {
        let fold = fold(self.parts[source]).flatten();
        self.partners.0.range((fold, 0)..=(fold, u32::MAX)).map(|(_, pool)| pool)
    }

    fn possible<'a>(&'a self, source: usize, rule: &'a MixRule) -> impl Iterator<Item = &'a Pool> {
        let own = &self.sources[source];
        let class = self.class_name(own.class);
        self.pools(source).filter(move |pool| allows(rule, class, &pool.name) && pool.has_partner_for(&own.group))
    }

    /// The partner of a source in one mix. The class wins a race keyed by its name; within it the source with the
    /// highest hash of (key, digest) wins (rendezvous hashing, Thaler & Ravishankar 1998). So a source that is added or
    /// removed changes only the samples that it wins or won.
    pub(super) fn partner(&self, source: usize, rule: &MixRule, seed: &SampleSeed, step: &str) -> usize {
        let own = &self.sources[source].group;
        let race = |pool: &Pool| seed.draw(step, &format!("partner class {}", pool.name)).race(pool.weight);
        let pool = (self.possible(source, rule))
            .map(|pool| (race(pool), pool))
            .min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)))
            .expect("BUG: a mix without a partner passed the plan's check")
            .1;
        let mut rng = Rng::from_digest(&seed.key(step, "partner"));
        let (first, second) = (rng.bits(), rng.bits());
        let score = |prefix: u64| scramble(scramble(prefix ^ first).wrapping_add(second));
        let winner = (pool.sources.iter())
            .filter(|(_, _, group)| group != own)
            .max_by_key(|(index, prefix, _)| (score(*prefix), std::cmp::Reverse(self.sources[*index].digest)));
        winner.expect("BUG: a pool without another group was allowed").0
    }

    /// Makes sure that every training source which a mixing step may meet has a partner.
    pub(super) fn check_partners(&self) -> Result<(), PlanError> {
        let mut steps = Vec::new();
        mixing(&self.recipe.steps, &mut steps);
        for (step, rule) in steps {
            for (index, source) in self.sources.iter().enumerate() {
                let class = self.class_name(source.class);
                let met = match &step.classes {
                    ClassFilter::All => true,
                    ClassFilter::Only(names) => names.iter().any(|name| name == class),
                    ClassFilter::Except(names) => !names.iter().any(|name| name == class),
                };
                let Some(fold) = fold(self.parts[index]).filter(|_| met) else { continue };
                if self.possible(index, rule).next().is_none() {
                    return Err(PlanError::NoPartner {
                        step: step.id.clone(),
                        path: source.paths.first().cloned().unwrap_or_default(),
                        class: class.to_owned(),
                        set: Set { fold, role: SetRole::Train },
                    });
                }
            }
        }
        Ok(())
    }
}

/// All mixing steps, however deep.
fn mixing<'a>(steps: &'a [Step], found: &mut Vec<(&'a Step, &'a MixRule)>) {
    for step in steps {
        match &step.action {
            Action::Op(call) => found.extend(call.mix.as_ref().map(|rule| (step, rule))),
            Action::All(steps) | Action::Pick { steps, .. } => mixing(steps, found),
        }
    }
}
