//! Samples of a plan that need no version to have been built: all of them are drawn.

use super::online::draw;
use super::pixels::Pixels;
use super::{Dataset, DatasetError, Split};
use crate::digest::{Digest, Hasher};
use crate::opened::Opened;
use crate::plan::{Keep, Plan, Sample};
use crate::seed::Role;
use crate::source::{Classes, identity};
use std::sync::Arc;

/// A recipe, or a version whatever of it is stored, as datasets that are drawn.
pub struct Unbuilt {
    label: String,
    plan: Arc<Plan>,
    classes: Arc<Classes>,
    pixels: Arc<Pixels>,
    version: Option<Digest>,
    meaning: Digest,
}

impl Unbuilt {
    /// Looks for the sources; keeps up to `memory` bytes of them decoded.
    ///
    /// # Errors
    /// When sources are missing, or the version is another engine's.
    pub fn new(opened: &Opened, memory: u64) -> Result<Self, DatasetError> {
        let label = opened.label().to_owned();
        let pixels = Pixels::default();
        let not_online = |reason| DatasetError::NotOnline { version: label.clone(), reason };
        pixels.renderer(|| opened.renderer(memory, Keep::First)).map_err(not_online)?;
        let plan = Arc::clone(opened.plan());
        let mut classes = plan.classes().clone();
        classes.0.sort();
        let header = plan.header(identity(plan.sources(), plan.parts()));
        let meaning = Hasher::new("augmint unbuilt 1").text(&header.to_string()).finish();
        let (classes, pixels) = (Arc::new(classes), Arc::new(pixels));
        Ok(Self { label, plan, classes, pixels, version: opened.digest(), meaning })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The samples of a part, sorted by key; training copies as they are drawn in this epoch. Epoch 0 is what a build makes.
    ///
    /// # Errors
    /// When there is no such part.
    pub fn split(&self, split: Split, epoch: u32) -> Result<Dataset, DatasetError> {
        let sets = self.plan.sets();
        if let Some(reason) = split.missing_in(&sets.iter().copied().collect()) {
            return Err(DatasetError::NoSplit { version: self.label.clone(), split, reason });
        }
        let mut samples: Vec<Sample> = Vec::new();
        for set in sets.into_iter().filter(|set| split.has(*set)) {
            samples.extend((0..self.plan.sources().len()).flat_map(|source| self.plan.samples(source, set)));
        }
        let drawn = samples.iter_mut().filter(|sample| sample.role == Role::Train);
        drawn.for_each(|sample| sample.epoch = epoch);
        let mut labels = Vec::new();
        let not_online = |reason| DatasetError::NotOnline { version: self.label.clone(), reason };
        let mut rows = draw(&self.plan, &self.classes, &samples, &mut labels).map_err(not_online)?;
        rows.sort_unstable_by_key(|row| row.key);
        let name = format!("{}, {split}, drawn {epoch}", self.label);
        let mut dataset = Dataset::new(name, self.classes.clone(), rows, labels, self.pixels.clone());
        // Epoch 0 of a version is what its digest stands for.
        dataset.digest = self.version.filter(|_| epoch == 0);
        dataset.meaning = Some(self.meaning);
        Ok(dataset)
    }
}
