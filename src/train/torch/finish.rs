//! What a run leaves behind once it is over: the summary page, with what its best epoch called most surely wrong.

use super::sets::Samples;
use crate::dataset::Dataset;
use crate::metrics::Confusion;
use crate::pixels::{Encoding, Subsampling};
use crate::report::smaller;
use crate::source::Submission;
use crate::train::run::{Run, RunError, Summary, Wrong, summary, write_summary};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Wrong samples that are shown, of each set.
const WORST: usize = 24;
/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 220;

/// Writes `summary.html`, from the tables of the best epoch.
///
/// # Errors
/// When a table cannot be read, or the page cannot be written.
pub fn finish(path: &Path, samples: &Samples) -> Result<(), RunError> {
    let run = Run::read(path)?;
    let mut worst = Vec::new();
    let mut of = |set: &str, dataset: &Option<Arc<Dataset>>| -> Option<Confusion> {
        let (confusion, wrong) = judged(&path.join(format!("{set}.csv")), set, dataset.as_ref()?)?;
        worst.extend(wrong);
        Some(confusion)
    };
    let noisy = of("noisy_val", &samples.noisy);
    let clean = of("val", &samples.clean);
    worst.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    worst.truncate(WORST);
    let config = crate::fs::read_text(&path.join("config.toml"))?;
    let page =
        summary(&Summary { run: &run, config: &config, clean: clean.as_ref(), noisy: noisy.as_ref(), worst: &worst });
    write_summary(path, &page)
}

/// What a table says of a set; nothing where there is no such table.
fn judged(table: &Path, set: &str, dataset: &Dataset) -> Option<(Confusion, Vec<Wrong>)> {
    let classes = dataset.classes();
    let said = Submission::read(table).ok()?.resolve(classes, set).ok()?;
    let places: HashMap<String, usize> = (0..dataset.len()).map(|index| (dataset.id(index), index)).collect();
    let mut confusion = Confusion::new(classes.0.len());
    let mut wrong = Vec::new();
    for (row, predicted) in said.rows.iter().enumerate() {
        let Some(&index) = places.get(&predicted.id) else { continue };
        let Some(truth) = dataset.class(index) else { continue };
        confusion.add(truth, predicted.class);
        if truth != predicted.class {
            let sure = said.probabilities(row).map_or(1.0, |all| all[predicted.class]);
            wrong.push((sure, index, truth, predicted.class));
        }
    }
    wrong.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    wrong.truncate(WORST);
    let name = |class: usize| classes.0[class].1.clone();
    let shown = wrong.into_iter().filter_map(|(probability, index, truth, class)| {
        let image = smaller(&dataset.image(index, &mut Vec::new()).ok()?, THUMBNAIL);
        let image = Encoding::Jpeg { quality: 80, subsampling: Subsampling::S420 }.encode(&image).ok()?;
        let (truth, said) = (name(truth), name(class));
        Some(Wrong {
            key: dataset.id(index),
            set: set.into(),
            truth,
            said,
            probability,
            media_type: "image/jpeg",
            image,
        })
    });
    let shown = shown.collect();
    Some((confusion, shown))
}
