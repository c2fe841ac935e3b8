//! Views of images that nobody labelled: the recipe's steps on a test set, for test-time augmentation with any trainer.
//!
//! A view is a sample: keyed by recipe seed, the image's digest and its number, drawn and rendered as any other, so the
//! same recipe and images give the same files on every machine. The folder appears whole or not at all.

use crate::balance::{Amount, AmountSpec, Balance};
use crate::canary::{self, CanaryError};
use crate::digest::Digest;
use crate::fs::{self, FsError, PendingFolder};
use crate::number::Micro;
use crate::pixels::Size;
use crate::plan::{Plan, PlanError, RenderError, Renderer, engine};
use crate::recipe::{Action, ClassFilter, Recipe, Step};
use crate::set::{Set, SetRole};
use crate::source::{BadSource, Classes, Progress, Source, SourceError, Unlabelled, look};
use crate::split::Part;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// All views of a folder of images, planned.
#[derive(Debug)]
pub struct ViewPlan {
    plan: Arc<Plan>,
    root: PathBuf,
    notes: Vec<String>,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Written {
    /// Images that were looked at.
    pub images: u64,
    /// Files, the table not counted.
    pub views: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Why there are no views.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ViewsError {
    /// The folder, or images of it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] SourceError),
    /// The steps give no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// This program would make other bytes than others.
    #[error(transparent)]
    Canary(#[from] CanaryError),
    /// An image is not what it was a moment ago.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The folder cannot be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fs(#[from] FsError),
    /// Ctrl-C.
    #[error("stopped: nothing is left of it")]
    Stopped,
}

/// The set that views are of.
const ALL: Set = Set { fold: None, role: SetRole::Train };

impl ViewPlan {
    /// Looks at all images in `root` and below it, and plans `views` views of each, by the steps and output of a recipe.
    /// The first is the image itself, through the output alone, unless the recipe says `originals = false`. Images of
    /// equal bytes have equal views. `progress` is called from many threads.
    ///
    /// # Errors
    /// When there is no image, or with every file that is none.
    pub fn new(
        mut recipe: Recipe,
        root: &Path,
        views: u32,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, ViewsError> {
        let images = Unlabelled::all(root)?;
        if images.is_empty() {
            return Err(SourceError::None { root: root.to_owned() }.into());
        }
        let megapixels = recipe.source.as_ref().map_or(100, |source| source.max_megapixels);
        let paths: Vec<&str> = images.iter().map(String::as_str).collect();
        let seen = look(root, &paths, megapixels, progress, &|digest, image| (digest, image.size()));
        let (mut found, mut bad) = (BTreeMap::<Digest, (Size, Vec<String>)>::new(), Vec::new());
        for (path, seen) in images.into_iter().zip(seen) {
            match seen {
                Ok((digest, size)) => found.entry(digest).or_insert((size, Vec::new())).1.push(path),
                Err(why) => bad.push(BadSource { path, why }),
            }
        }
        if !bad.is_empty() {
            return Err(SourceError::Bad { root: root.to_owned(), sources: bad }.into());
        }
        let sources: Vec<Source> = (found.into_iter())
            .map(|(digest, (size, paths))| Source {
                digest,
                group: paths[0].clone(),
                paths,
                class: 0,
                page: digest,
                size,
            })
            .collect();
        let mut notes = Vec::new();
        recipe.steps = without_labels(std::mem::take(&mut recipe.steps), &mut notes);
        recipe.validation = None;
        let originals = recipe.amount.as_ref().is_none_or(|amount| amount.originals);
        recipe.amount = Some(AmountSpec {
            amount: Amount::Copies(Micro::from_int(views.into())),
            balance: Balance::Natural,
            originals,
            class_copies: BTreeMap::new(),
            max_copies: None,
        });
        // No class has an empty name, so `only` and `except` mean what they say of an image of no known class.
        let classes = Classes(vec![(0, String::new())]);
        let (parts, counts) = (vec![Part::Train; sources.len()], vec![views; sources.len()]);
        let plan = Arc::new(Plan::new(recipe, classes, sources, parts, counts)?);
        canary::check(&engine(&plan))?;
        Ok(Self { plan, root: root.to_owned(), notes })
    }

    /// Steps that are left out, or that mean something else than in training: a line each, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many files there will be, the table not counted.
    pub fn views(&self) -> u64 {
        let files =
            |(index, source): (usize, &Source)| source.paths.len() as u64 * u64::from(self.plan.count(index, ALL));
        self.plan.sources().iter().enumerate().map(files).sum()
    }

    /// Renders all views into the folder `out`: `<ID>/view-00.jpg`, `<ID>/view-01.jpg`, …, where the ID is the image's path
    /// below its folder, and `views.csv` (`ID,view,file`), sorted. `progress` is
    /// called from many threads with files and bytes so far.
    ///
    /// # Errors
    /// When something is at `out` already, an image has changed, the disk fails, or `stop` was set.
    pub fn write(
        &self,
        out: &Path,
        stop: &AtomicBool,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Written, ViewsError> {
        let folder = PendingFolder::new(out)?;
        let files = self.plan.sources().iter().map(|source| self.root.join(&source.paths[0])).collect();
        let renderer = Renderer::new(Arc::clone(&self.plan), files, 0);
        let (done, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        let one = |source: usize| -> Result<Vec<[String; 3]>, ViewsError> {
            let image = renderer.source(source)?;
            let mut rows = Vec::new();
            for (number, sample) in self.plan.samples(source, ALL).enumerate() {
                if stop.load(Ordering::Relaxed) {
                    return Err(ViewsError::Stopped);
                }
                let view = renderer.sample(&sample, &image)?;
                for id in &self.plan.sources()[source].paths {
                    let name = format!("{id}/view-{number:02}.{}", view.entry.file.extension());
                    let mut file = folder.file(&name)?;
                    let written = file.write_all(&view.bytes).and_then(|()| file.flush());
                    written.map_err(fs::on("write", &out.join(&name)))?;
                    rows.push([id.clone(), number.to_string(), name]);
                    let bytes = bytes.fetch_add(view.entry.bytes, Ordering::Relaxed) + view.entry.bytes;
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1, bytes);
                }
            }
            Ok(rows)
        };
        // All of them, so that the error that is reported is the first in order and not in time.
        let results: Vec<Result<Vec<[String; 3]>, ViewsError>> =
            (0..self.plan.sources().len()).into_par_iter().map(one).collect();
        let mut rows = results.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        rows.sort_by(|a, b| (&a[0], &a[2]).cmp(&(&b[0], &b[2])));
        let images = self.plan.sources().iter().map(|source| source.paths.len() as u64).sum();
        let table = table(rows);
        let mut file = folder.file(TABLE)?;
        let written = file.write_all(&table).and_then(|()| file.flush());
        written.map_err(fs::on("write", &out.join(TABLE)))?;
        drop(file);
        folder.publish()?;
        Ok(Written { images, views: done.into_inner(), bytes: bytes.into_inner() })
    }
}

/// The name of the table.
pub const TABLE: &str = "views.csv";

fn table(rows: Vec<[String; 3]>) -> Vec<u8> {
    const MEMORY: &str = "BUG: memory that cannot be written";
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["ID", "view", "file"]).expect(MEMORY);
    rows.iter().for_each(|row| writer.write_record(row).expect(MEMORY));
    writer.into_inner().expect(MEMORY)
}

/// The steps that need neither a label nor a second image; what becomes of the others is noted.
fn without_labels(steps: Vec<Step>, notes: &mut Vec<String>) -> Vec<Step> {
    let mut kept = Vec::new();
    for mut step in steps {
        let id = step.id.clone();
        match &step.classes {
            ClassFilter::Only(names) => {
                notes.push(format!(
                    "step '{id}' is left out: it is only for {}, and nobody knows yet what an image is",
                    names.join(", ")
                ));
                continue;
            }
            ClassFilter::Except(names) => {
                notes.push(format!("step '{id}' is for every image, though in training not for {}", names.join(", ")));
            }
            ClassFilter::All => {}
        }
        match step.action {
            Action::Op(call) if call.mix.is_some() => {
                notes.push(format!("step '{id}' is left out: it mixes in another image"));
                continue;
            }
            Action::Op(call) => step.action = Action::Op(call),
            Action::All(steps) => step.action = Action::All(without_labels(steps, notes)),
            Action::Pick { count, steps } => step.action = Action::Pick { count, steps: without_labels(steps, notes) },
        }
        kept.push(step);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::testing::House;
    use super::*;

    const STEPS: &str = r#"
[[step]]
op.rotate = { degrees = [-90, 90] }
[[step]]
op.mixup = { alpha = 0.4 }
[[step]]
op.invert = {}
only = ["plate"]
[[step]]
one_of = [{ op.brightness = { factor = [0.5, 2] } }, { op.cutmix = { alpha = 1 } }]
except = ["form"]
[output]
fit.within = { width = 24, height = 24 }
encode.png = {}
"#;

    fn planned(house: &House, amount: &str, views: u32) -> ViewPlan {
        let text = format!("name = \"t\"\nseed = 3\n[source]\nfolders = \"images\"\n{amount}{STEPS}");
        let recipe = Recipe::parse(&text, &house.path("recipe.toml")).unwrap_or_else(|error| panic!("{error:?}"));
        ViewPlan::new(recipe, &house.path("images"), views, &|_| {}).unwrap()
    }

    fn written(house: &House, plan: &ViewPlan, out: &str) -> (Written, BTreeMap<String, Vec<u8>>, String) {
        let out = house.path(out);
        let written = plan.write(&out, &AtomicBool::new(false), &|_, _| {}).unwrap();
        let text = std::fs::read_to_string(out.join(TABLE)).unwrap();
        let files = text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().to_owned());
        (written, files.map(|file| (file.clone(), std::fs::read(out.join(&file)).unwrap())).collect(), text)
    }

    #[test]
    fn each_image_has_its_views_and_the_table_lists_them() {
        let house = House::new();
        std::fs::copy(house.path("images/form/00.jpg"), house.path("images/plate/copy.jpg")).unwrap();
        std::fs::write(house.path("images/notes.txt"), "x").unwrap();
        let plan = planned(&house, "[amount]\ncopies = 9\n", 3);
        assert_eq!(plan.views(), 25 * 3);
        let (made, files, text) = written(&house, &plan, "out");
        assert_eq!((made.images, made.views, made.bytes), (25, 75, files.values().map(|file| file.len() as u64).sum()));
        assert!(text.starts_with(
            "ID,view,file\nform/00.jpg,0,form/00.jpg/view-00.png\nform/00.jpg,1,form/00.jpg/view-01.png\n"
        ));
        let of = |id: &str, view: u32| &files[&format!("{id}/view-{view:02}.png")];
        for view in 0..3 {
            assert_eq!(of("form/00.jpg", view), of("plate/copy.jpg", view));
        }
        // The first is the image itself, and the others are not.
        let original = planned(&house, "[amount]\ncopies = 9\n", 1);
        assert_eq!(&written(&house, &original, "one").1["form/03.jpg/view-00.png"], of("form/03.jpg", 0));
        assert!(of("form/03.jpg", 0) != of("form/03.jpg", 1) && of("form/03.jpg", 1) != of("form/03.jpg", 2));
        // More views leave those that were there alone; without originals all are drawn.
        let more = written(&house, &planned(&house, "[amount]\ncopies = 9\n", 5), "more").1;
        assert!(files.iter().all(|(name, bytes)| more[name] == *bytes));
        let drawn = written(&house, &planned(&house, "[amount]\ncopies = 9\noriginals = false\n", 2), "drawn").1;
        assert_eq!(&drawn["form/03.jpg/view-00.png"], of("form/03.jpg", 1));
        assert_eq!(&drawn["form/03.jpg/view-01.png"], of("form/03.jpg", 2));
    }

    #[test]
    fn steps_that_want_a_label_or_a_partner_are_named() {
        let house = House::new();
        let plan = planned(&house, "[amount]\ncopies = 9\n", 2);
        let notes = plan.notes();
        assert_eq!(notes.len(), 4, "{notes:?}");
        assert_eq!(notes[0], "step 'mixup' is left out: it mixes in another image");
        assert!(notes[1].starts_with("step 'invert' is left out: it is only for plate,"), "{notes:?}");
        assert_eq!(notes[2], "step 'one_of' is for every image, though in training not for form");
        assert!(notes[3].ends_with("cutmix' is left out: it mixes in another image"), "{notes:?}");
    }

    #[test]
    fn what_cannot_be_done_leaves_nothing() {
        let house = House::new();
        let plan = planned(&house, "[amount]\ncopies = 9\n", 2);
        let out = house.path("out");
        let stopped = plan.write(&out, &AtomicBool::new(true), &|_, _| {}).unwrap_err();
        assert!(matches!(stopped, ViewsError::Stopped));
        std::fs::write(house.path("images/form/00.jpg"), "x").unwrap();
        let changed = plan.write(&out, &AtomicBool::new(false), &|_, _| {}).unwrap_err().to_string();
        assert!(changed.contains("form/00.jpg has changed"), "{changed}");
        let left: Vec<_> = fs::names(&house.path("")).unwrap();
        assert_eq!(left, ["images"]);
        std::fs::create_dir(&out).unwrap();
        let there = plan.write(&out, &AtomicBool::new(false), &|_, _| {}).unwrap_err();
        assert!(matches!(there, ViewsError::Fs(error) if error.is_existing()));
        let text = format!("name = \"t\"\nseed = 3\n[source]\nfolders = \"images\"\n[amount]\ncopies = 2\n{STEPS}");
        let recipe = Recipe::parse(&text, &house.path("recipe.toml")).unwrap();
        let error = ViewPlan::new(recipe, &house.path("images"), 2, &|_| {}).unwrap_err().to_string();
        assert!(error.starts_with("1 bad source in ") && error.contains("form/00.jpg"), "{error}");
    }
}
