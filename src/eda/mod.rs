//! Exploring images before there is a recipe: classes, sizes, pixels, and how the images that a model will meet differ.
//!
//! [`Eda::of`] measures labelled sources and, against them, a folder without labels, such as a contest's test set. It ends in
//! [`Advice`]: a loss, an input size, and steps whose ranges cover the measured shifts. All of it follows from the files
//! alone, for any number of threads. It never reads a label of the target, and writes nothing.

mod advice;
mod blurring;
mod classes;
mod html;
mod input;
mod shapes;
mod steps;
mod survey;
mod text;

#[cfg(test)]
mod tests;

pub use advice::Advice;
pub use classes::{ClassCount, ClassCounts};
pub use html::page;
pub use input::{Input, SIZES};
pub use shapes::{Shape, Shapes};
pub use steps::Step;
pub use survey::{LeftOut, Survey};
pub use text::text;

use crate::digest::Digest;
use crate::fs;
use crate::source::{Progress, SourceError, SourceSet, Unlabelled};
use crate::statistics::{Bars, Effect, MEASURES, Shift, Summary};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The number of this layout of `--json`.
pub const FORMAT: u32 = 1;

/// Why images cannot be explored.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum EdaError {
    /// A folder cannot be listed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The target has nothing whose name ends like an image's.
    #[error("{} holds no images (and {others} other files)", path.display())]
    #[diagnostic(help("--against takes any folder of JPEG, PNG, WebP, TIFF or BMP files, at any depth"))]
    NoImages {
        /// The folder.
        path: PathBuf,
        /// Files of other kinds in it.
        others: usize,
    },
    /// Nothing could be read.
    #[error("none of the {count} images of {} could be read; the first, {first}", path.display())]
    #[diagnostic(help("look at that file: is it whole, and of the kind that its name says?"))]
    NoneReadable {
        /// The folder.
        path: PathBuf,
        /// How many were tried.
        count: usize,
        /// The first and what is wrong with it.
        first: LeftOut,
    },
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Eda {
    /// [`FORMAT`].
    pub format: u32,
    /// The labelled images.
    pub sources: Survey,
    /// The images without labels.
    pub against: Option<Survey>,
    /// How many of each class.
    pub classes: ClassCounts,
    /// Files that show the same as another, and so stay on its side of a split.
    pub repeated: Repeated,
    /// Widths, heights and orientation.
    pub shapes: Shapes,
    /// Each of [`MEASURES`], in their order.
    pub measures: Vec<Compared>,
    /// Share of the target that is noisier than 95 % of the sources, 0 to 1.
    pub noisy: Option<f64>,
    /// What to make of it.
    pub advice: Advice,
}

/// Files that are not independent of another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Repeated {
    /// Sources that lie in several files of equal bytes.
    pub equal: usize,
    /// Groups of sources that look alike (another scan or scale of one page).
    pub alike: usize,
    /// Target files whose bytes are a source's, and that source's path; sorted. Of all files, measured or not.
    pub in_target: Vec<(String, String)>,
}

/// One measure of both sets.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Compared {
    /// Of the [`Measure`](crate::statistics::Measure).
    pub measure: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// `None` where no source gives a value.
    pub sources: Option<Summary>,
    /// The same of the target.
    pub against: Option<Summary>,
    /// How far the target is from the sources.
    pub shift: Option<Shift>,
    /// How large that is.
    pub effect: Option<Effect>,
    /// The same as people say it.
    pub words: Option<String>,
    /// A histogram of both.
    pub bars: Bars,
}

impl Eda {
    /// Measures sources and a target; of each at most `limit` images, drawn evenly, so that a larger limit only adds.
    /// `progress` is called from many threads.
    ///
    /// # Errors
    /// When a folder has no image that can be read.
    pub fn of(
        set: &SourceSet,
        against: Option<&Unlabelled>,
        max_megapixels: u32,
        limit: Option<usize>,
        progress: &(dyn Fn(&'static str, Progress) + Sync),
    ) -> Result<Self, EdaError> {
        let names: Vec<&str> = set.sources.iter().map(|source| source.paths[0].as_str()).collect();
        let mut sources = Survey::of(&set.root, &names, max_megapixels, limit, &|done| progress("sources", done));
        sources.left_out.extend(set.skipped.iter().map(LeftOut::of));
        let folder = against;
        let against = folder.map(|folder| survey(folder, max_megapixels, limit, progress)).transpose()?;
        for survey in [Some(&sources), against.as_ref()].into_iter().flatten() {
            survey.check()?;
        }
        let target = against.as_ref();
        let measures: Vec<Compared> = MEASURES.iter().map(|measure| compared(measure, &sources, target)).collect();
        let noisy = target.and_then(|target| noisy(&measures, target));
        let classes = ClassCounts::of(set);
        let shapes = Shapes::of(&sources, target);
        let repeated = repeated(set, folder.zip(target));
        let advice = Advice::of(&classes, &shapes, &sources, target);
        Ok(Self { format: FORMAT, classes, repeated, shapes, measures, noisy, advice, sources, against })
    }

    /// A measure by its name.
    pub fn measure(&self, name: &str) -> Option<&Compared> {
        self.measures.iter().find(|compared| compared.measure == name)
    }
}

fn survey(
    folder: &Unlabelled,
    max_megapixels: u32,
    limit: Option<usize>,
    progress: &(dyn Fn(&'static str, Progress) + Sync),
) -> Result<Survey, EdaError> {
    if folder.images.is_empty() && folder.bad.is_empty() {
        return Err(EdaError::NoImages { path: folder.root.clone(), others: folder.others });
    }
    let names: Vec<&str> = folder.images.iter().map(String::as_str).collect();
    let mut survey = Survey::of(&folder.root, &names, max_megapixels, limit, &|done| progress("target", done));
    survey.left_out.extend(folder.bad.iter().map(LeftOut::of));
    Ok(survey)
}

fn compared(measure: &'static crate::statistics::Measure, sources: &Survey, target: Option<&Survey>) -> Compared {
    let a = measure.values(&sources.statistics());
    let b = target.map(|target| measure.values(&target.statistics())).unwrap_or_default();
    let shift = Shift::between(&a, &b);
    Compared {
        measure: measure.name,
        unit: measure.unit,
        sources: Summary::of(&a),
        against: Summary::of(&b),
        shift,
        effect: shift.map(|shift| shift.effect()),
        words: shift.map(|shift| shift.words(measure)),
        bars: Bars::of(&a, &b),
    }
}

fn noisy(measures: &[Compared], target: &Survey) -> Option<f64> {
    let clean = measures.iter().find(|compared| compared.measure == "noise")?.sources?.q95;
    let noises: Vec<f64> = target.images.iter().filter_map(|image| image.statistics.noise).collect();
    let above = noises.iter().filter(|noise| **noise > clean).count();
    (!noises.is_empty()).then(|| above as f64 / noises.len() as f64)
}

fn repeated(set: &SourceSet, target: Option<(&Unlabelled, &Survey)>) -> Repeated {
    Repeated {
        equal: set.duplicates.len(),
        alike: set.near_duplicates.len(),
        in_target: target.map(|(folder, survey)| leaked(set, folder, survey)).unwrap_or_default(),
    }
}

/// Files of the target whose bytes are a source's. Of those that were not measured only such are read as are as long as
/// some source.
fn leaked(set: &SourceSet, folder: &Unlabelled, survey: &Survey) -> Vec<(String, String)> {
    let known: BTreeMap<Digest, &str> = set.sources.iter().map(|one| (one.digest, one.paths[0].as_str())).collect();
    let measured: BTreeMap<&str, Digest> =
        survey.images.iter().map(|image| (image.path.as_str(), image.digest)).collect();
    let length = |root: &Path, path: &str| fs::metadata(&root.join(path)).ok().map(|found| found.len());
    let lengths: BTreeSet<u64> =
        set.sources.par_iter().filter_map(|source| length(&set.root, &source.paths[0])).collect();
    let read = |path: &str| {
        length(&folder.root, path).filter(|length| lengths.contains(length))?;
        Some(Digest::of(&fs::read(&folder.root.join(path)).ok()?))
    };
    let same = |path: &String| {
        let digest = measured.get(path.as_str()).copied().or_else(|| read(path))?;
        Some((path.clone(), (*known.get(&digest)?).to_owned()))
    };
    let found: BTreeSet<(String, String)> = folder.images.par_iter().filter_map(same).collect();
    found.into_iter().collect()
}
