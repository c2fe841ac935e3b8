//! `augmint plan`: what a recipe will make, before it is made.

use super::machine::{Resources, duration};
use super::scan;
use super::table::align;
use crate::plan::{Estimate, Plan};
use crate::seed::Role;
use crate::set::{Set, SetRole};
use crate::store::{Budget, ByteSize, Datasets, Need};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what a recipe will make: sources and samples per class and split, label mass, bytes, time, free space
///
/// A pilot of real renders estimates bytes and time. Nothing is written.
#[derive(clap::Args, Debug)]
pub struct PlanCommand {
    /// The recipe
    recipe: PathBuf,
    /// Leave out the pilot, and with it bytes and time
    #[arg(long)]
    no_estimate: bool,
    /// Check against this budget, e.g. 20GB, as `build --budget` will
    #[arg(long, value_name = "SIZE")]
    budget: Option<ByteSize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

/// What is counted of one class.
#[derive(Default)]
struct Row {
    groups: BTreeSet<String>,
    sources: BTreeMap<Set, u64>,
    samples: BTreeMap<Set, u64>,
    /// Of the training samples' labels, in samples.
    mass: f64,
}

impl PlanCommand {
    /// Prints the plan; exit code 1 where it does not fit on the disk or in the budget.
    ///
    /// # Errors
    /// With what is wrong with the recipe or the sources.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        self.resources.start()?;
        let prepared = scan::plan(&self.recipe, datasets)?;
        let plan = &prepared.plan;
        let rows = rows(plan);
        let renderer = scan::renderer(&prepared, &self.resources);
        let estimate = if self.no_estimate { None } else { Some(scan::estimate(&renderer)?) };
        let space = crate::fs::space(datasets.store())?;
        let need = |estimate: &Estimate| Need { samples: plan.total(), bytes: estimate.bytes_high as u64 };
        let check = |estimate: &Estimate| Budget { most: self.budget }.check(datasets.store(), need(estimate));
        let refused = estimate.as_ref().and_then(|estimate| check(estimate).err());
        if self.json {
            let by_class: Vec<_> = rows.iter().map(|(class, row)| row.json(plan, *class)).collect();
            let (total, shards) = (plan.total(), plan.shards().len());
            super::print_json(&json!({
                "name": prepared.name, "samples": total, "shards": shards, "classes": by_class, "estimate": estimate,
                "free": space.free, "fits": refused.is_none(), "seconds": estimate.map(|estimate| seconds(&estimate)),
            }))?;
        } else {
            super::print(&table(plan, &rows))?;
            let shards = plan.shards().len();
            super::print(&format!("{} samples in {shards} shards", plan.total()))?;
            if let Some(estimate) = estimate {
                let (low, high) = (ByteSize(estimate.bytes_low as u64), ByteSize(estimate.bytes_high as u64));
                let (bytes, time, threads) =
                    (ByteSize(estimate.bytes as u64), duration(seconds(&estimate)), Resources::threads());
                super::print(&format!(
                    "about {bytes} ({low} to {high}, from {} renders), {time} on {threads} threads; {} are free",
                    estimate.pilot,
                    ByteSize(space.free)
                ))?;
            }
        }
        if let Some(refused) = refused {
            eprintln!("{:?}", miette::Report::new(refused));
            return Ok(ExitCode::from(1));
        }
        super::next(&format!("augmint build {}", self.recipe.display()));
        Ok(ExitCode::SUCCESS)
    }
}

fn seconds(estimate: &Estimate) -> f64 {
    estimate.core_seconds / Resources::threads() as f64
}

fn rows(plan: &Plan) -> BTreeMap<u32, Row> {
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    let sets = plan.sets();
    for (index, source) in plan.sources().iter().enumerate() {
        let row = rows.entry(source.class).or_default();
        row.groups.insert(source.group.clone());
        for set in &sets {
            let count = plan.count(index, *set);
            if count > 0 {
                *row.sources.entry(*set).or_default() += 1;
                *row.samples.entry(*set).or_default() += u64::from(count);
            }
        }
    }
    for (class, mass) in plan.label_mass() {
        rows.entry(class).or_default().mass = mass;
    }
    rows
}

impl Row {
    fn json(&self, plan: &Plan, class: u32) -> serde_json::Value {
        let counts = |map: &BTreeMap<Set, u64>| -> BTreeMap<String, u64> {
            map.iter().map(|(set, count)| (set.to_string(), *count)).collect()
        };
        json!({
            "class": class, "name": plan.classes().name(class), "groups": self.groups.len(),
            "sources": counts(&self.sources), "samples": counts(&self.samples), "label_mass": self.mass,
        })
    }

    fn sum(map: &BTreeMap<Set, u64>, role: SetRole) -> u64 {
        map.iter().filter(|(set, _)| set.role == role).map(|(_, count)| count).sum()
    }
}

fn table(plan: &Plan, rows: &BTreeMap<u32, Row>) -> String {
    let folds: BTreeSet<u32> = plan.sets().iter().filter_map(|set| set.fold).collect();
    let mut head: Vec<String> =
        ["class", "groups", "sources", "held out", "train", "label mass"].map(Into::into).into();
    let noisy = plan.recipe().validation.is_some();
    if noisy {
        head.push("noisy_val".into());
    }
    head.extend(folds.iter().map(|fold| format!("f{fold}")));
    let mut lines = vec![head];
    for (class, row) in rows {
        let held_out = Row::sum(&row.sources, SetRole::Val);
        let trained = Row::sum(&row.sources, SetRole::Train);
        let sources = if folds.is_empty() { trained + held_out } else { trained };
        let mut line = vec![
            plan.classes().name(*class).unwrap_or_default().to_owned(),
            row.groups.len().to_string(),
            sources.to_string(),
            held_out.to_string(),
            Row::sum(&row.samples, SetRole::Train).to_string(),
            format!("{:.1}", row.mass),
        ];
        if noisy {
            line.push(Row::sum(&row.samples, SetRole::NoisyVal).to_string());
        }
        for fold in &folds {
            let set = Set { fold: Some(*fold), role: SetRole::Train };
            line.push(row.sources.get(&set).copied().unwrap_or(0).to_string());
        }
        lines.push(line);
    }
    let right: Vec<usize> = (1..lines[0].len()).collect();
    align(&lines, &right)
}

impl Plan {
    /// The sum of the training samples' labels by class, in samples: exact, from every draw.
    fn label_mass(&self) -> BTreeMap<u32, f64> {
        use rayon::prelude::*;
        let shards = self.shards().par_iter().filter(|shard| shard.set.role == SetRole::Train);
        let sums: Vec<BTreeMap<u32, u64>> = shards
            .map(|shard| {
                let mut sums = BTreeMap::new();
                for sample in shard.blocks.iter().flat_map(|block| self.block_samples(block)) {
                    debug_assert!(matches!(sample.role, Role::Original | Role::Train));
                    for (class, weight) in self.draw(&sample).label {
                        *sums.entry(class).or_default() += u64::from(weight);
                    }
                }
                sums
            })
            .collect();
        let mut total: BTreeMap<u32, u64> = BTreeMap::new();
        for (class, weight) in sums.into_iter().flatten() {
            *total.entry(class).or_default() += weight;
        }
        total.into_iter().map(|(class, weight)| (class, weight as f64 / 65536.0)).collect()
    }
}
