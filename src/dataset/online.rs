//! Drawing anew each epoch: the recipe's laws stay, every draw is another, and nothing is stored.

use super::{Dataset, DatasetError, Origin, Pinned, Place, Row, Split};
use crate::manifest::Key;
use crate::plan::{Plan, Sample};
use crate::recipe::{Action, Step};
use crate::seed::Role;
use crate::set::SetRole;
use crate::source::Classes;
use rayon::prelude::*;

/// How many samples an epoch has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Views {
    /// As many of each source as the version has; originals stay as they are, since nothing of them is drawn. Epoch 0 is
    /// the version itself.
    AsBuilt,
    /// So many of each training source, all drawn; no originals. The first epoch's are the first copies of the version,
    /// where it has as many.
    PerSource(u32),
}

impl Pinned {
    /// The training samples of an epoch: the version's recipe, drawn with the epoch as part of every key. Sorted by key.
    /// Partners of mixed samples come, as ever, from the own fold.
    ///
    /// # Errors
    /// When this machine cannot draw the version's samples, or there is no such part.
    pub fn online(&self, fold: Option<u32>, epoch: u32, views: Views) -> Result<Dataset, DatasetError> {
        let split = Split::new(SetRole::Train, fold);
        if epoch == 0 && views == Views::AsBuilt {
            return self.split(split);
        }
        self.check(split)?;
        let not_online = |reason| DatasetError::NotOnline { version: self.version().to_string(), reason };
        let plan = self.renderer().map_err(not_online)?.plan();
        let samples = samples(plan, split, epoch, views);
        if samples.is_empty() {
            return Err(DatasetError::NoViews);
        }
        let mut labels = Vec::new();
        let mut rows = draw(plan, self.classes(), &samples, &mut labels).map_err(not_online)?;
        if views == Views::AsBuilt {
            let originals =
                self.rows().iter().filter(|(set, row)| split.has(*set) && row.origin.role == Role::Original);
            for (_, row) in originals {
                let (from, count) = row.label;
                let label = (labels.len() as u32, count);
                labels.extend_from_slice(&self.labels()[from as usize..][..count as usize]);
                rows.push(Row { label, ..row.clone() });
            }
        }
        rows.sort_unstable_by_key(|row| row.key);
        let mut dataset = self.dataset(split, rows, labels);
        dataset.name += &format!(", epoch {epoch}");
        Ok(dataset)
    }
}

/// The drawn training samples of an epoch.
pub(super) fn samples(plan: &Plan, split: Split, epoch: u32, views: Views) -> Vec<Sample> {
    let mut found = Vec::new();
    for set in plan.sets().into_iter().filter(|set| split.has(*set)) {
        for source in (0..plan.sources().len()).filter(|source| plan.count(*source, set) > 0) {
            match views {
                Views::AsBuilt => found.extend(plan.samples(source, set).filter(|sample| sample.role == Role::Train)),
                Views::PerSource(count) => {
                    found.extend((0..count).map(|copy| Sample { source, role: Role::Train, epoch, copy }));
                }
            }
        }
    }
    found.iter_mut().for_each(|sample| sample.epoch = epoch);
    found
}

/// The rows of samples, in their order, with labels by class index.
///
/// # Errors
/// When a source's class is none of the version's.
pub(super) fn draw(
    plan: &Plan,
    classes: &Classes,
    samples: &[Sample],
    labels: &mut Vec<(u32, u32)>,
) -> Result<Vec<Row>, String> {
    let index = |class: u32| {
        let index = classes.0.binary_search_by_key(&class, |(number, _)| *number);
        index.map(|index| index as u32).map_err(|_| format!("its manifest has no class {class}"))
    };
    // Only a mix makes a label other than the source's class, and a draw costs ten times what a key does.
    let mixes = mixes(&plan.recipe().steps);
    let drawn: Vec<(Key, Vec<(u32, u32)>)> = (samples.par_iter())
        .map(|sample| {
            let label = match mixes {
                true => plan.draw(sample).label,
                false => vec![(plan.sources()[sample.source].class, crate::manifest::WHOLE)],
            };
            (Key::of(&plan.id(sample).key()), label)
        })
        .collect();
    let mut rows = Vec::with_capacity(samples.len());
    for (sample, (key, label)) in samples.iter().zip(drawn) {
        let from = labels.len() as u32;
        for (class, weight) in &label {
            labels.push((index(*class)?, *weight));
        }
        let source = plan.sources()[sample.source].digest;
        let origin = Origin { source, role: sample.role, copy: sample.copy };
        let label = (from, label.len() as u32);
        rows.push(Row { key, digest: None, origin, label, place: Place::Drawn(*sample) });
    }
    Ok(rows)
}

/// Whether a step mixes in another source.
fn mixes(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Op(call) => call.mix.is_some(),
        Action::All(steps) | Action::Pick { steps, .. } => mixes(steps),
    })
}
