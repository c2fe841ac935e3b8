//! A first recipe for what lies in a folder: `augmint init`.
//!
//! It looks at names and at the header lines and first rows of tables, never at pixels, and writes no file.

use super::sections::MAX_MEGAPIXELS;
use crate::source::{Layout, OnBad, SourceSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Rows of a table whose images are looked for, when a folder of images is guessed.
const ROWS: usize = 50;

/// What was found in a folder, as a recipe's `[source]` will say it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// The folder that was looked at.
    folder: PathBuf,
    layout: DraftLayout,
    /// Images.
    pub images: usize,
    /// Classes.
    pub classes: usize,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum DraftLayout {
    Folders,
    Table { images: PathBuf, labels: PathBuf, classes: Option<PathBuf>, groups: Option<PathBuf> },
}

/// Why no recipe can be drafted.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DraftError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Neither class folders nor a table.
    #[error("{} has neither class folders nor a table of labels", path.display())]
    #[diagnostic(help(
        "either two or more folders of images, one for each class, or a CSV with the header ID,target beside a folder of images"
    ))]
    NoSources {
        /// The folder.
        path: PathBuf,
    },
    /// A table without the columns that labels need.
    #[error("{} is no table of labels", path.display())]
    #[diagnostic(help("its header must have the columns ID and target"))]
    NotLabels {
        /// The table.
        path: PathBuf,
    },
    /// A table whose images are nowhere.
    #[error("the images that {} names are not in {}, nor in a folder of it", labels.display(), folder.display())]
    #[diagnostic(help("the first one is '{first}'"))]
    NoImages {
        /// The table.
        labels: PathBuf,
        /// Where they were looked for.
        folder: PathBuf,
        /// The first ID.
        first: String,
    },
    /// The recipe would lie among the class folders.
    #[error("{} lies in the source folder, where every file must be an image of a class", path.display())]
    #[diagnostic(help("write it elsewhere with --out, e.g. --out ../recipe.toml"))]
    Inside {
        /// The recipe.
        path: PathBuf,
    },
    /// A path that TOML cannot hold.
    #[error("{} is not UTF-8, so no recipe can name it; rename it", path.display())]
    NotText {
        /// The path.
        path: PathBuf,
    },
}

type Result<T> = std::result::Result<T, DraftError>;

impl Draft {
    /// Looks at a folder, or at a table of labels and the folder that it lies in.
    ///
    /// # Errors
    /// When there is nothing that a recipe could name.
    pub fn of(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(|error| read_error(path, &error))?;
        let (folder, given) = if metadata.is_dir() {
            (path.to_owned(), None)
        } else {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            (parent.unwrap_or(Path::new(".")).to_owned(), Some(path.to_owned()))
        };
        let tables = tables(&folder)?;
        if let Some(labels) = &given
            && !tables.get(labels).is_some_and(|table| table.has(&["ID", "target"]))
        {
            return Err(DraftError::NotLabels { path: labels.clone() });
        }
        let labels: Vec<_> = tables
            .iter()
            .filter(|(path, table)| given.as_ref().is_none_or(|given| given == *path) && table.has(&["ID", "target"]))
            .collect();
        if labels.is_empty() {
            return Self::of_class_folders(folder);
        }
        let folders = subfolders(&folder)?;
        // The pair of table and folder that fits best; the first of the sorted names where several do.
        let pairs = labels.iter().flat_map(|(path, table)| folders.iter().map(move |images| (*path, images, *table)));
        let fits = pairs.map(|(path, images, table)| (table.fit(path, images), path, images, table));
        let best = fits.filter(|(fit, ..)| fit.0 > 0).reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((_, labels, images, table)) = best else {
            let (path, table) = labels[0];
            let first = table.first_ids.first().cloned().unwrap_or_default();
            return Err(DraftError::NoImages { labels: path.clone(), folder, first });
        };
        let narrowest = |columns: &[&str]| {
            let fitting = tables.iter().filter(|(path, table)| *path != labels && table.has(columns));
            fitting.min_by_key(|(path, table)| (table.columns.len(), (*path).clone())).map(|(path, _)| path.clone())
        };
        let (classes, groups) = (narrowest(&["target", "class_name"]), narrowest(&["ID", "group"]));
        let layout = DraftLayout::Table { images: images.clone(), labels: labels.clone(), classes, groups };
        Ok(Self { folder, layout, images: table.rows, classes: table.targets })
    }

    fn of_class_folders(folder: PathBuf) -> Result<Self> {
        let mut counts = BTreeMap::<PathBuf, usize>::new();
        for class in subfolders(&folder)?.into_iter().skip(1) {
            let files = WalkDir::new(&class).into_iter().filter_map(std::result::Result::ok);
            let images = files.filter(|entry| entry.file_type().is_file() && is_image(entry.path())).count();
            counts.insert(class, images);
        }
        counts.retain(|_, images| *images > 0);
        if counts.len() < 2 {
            return Err(DraftError::NoSources { path: folder });
        }
        Ok(Self { folder, layout: DraftLayout::Folders, images: counts.values().sum(), classes: counts.len() })
    }

    /// The recipe's text, for a file at `out`: at most 50 lines.
    ///
    /// # Errors
    /// When a path is not UTF-8, or `out` lies among class folders.
    pub fn text(&self, out: &Path) -> Result<String> {
        let out = absolute(out)?;
        let place = |key: &str, path: &Path| Ok(format!("{key} = {}\n", quoted(&from(&out, path)?)?));
        let mut source = String::new();
        match &self.layout {
            DraftLayout::Folders => {
                if out.starts_with(absolute(&self.folder)?) {
                    return Err(DraftError::Inside { path: out });
                }
                source += &place("folders", &self.folder)?;
            }
            DraftLayout::Table { images, labels, classes, groups } => {
                source += &place("images", images)?;
                source += &place("labels", labels)?;
                if let Some(classes) = classes {
                    source += &place("classes", classes)?;
                }
                if let Some(groups) = groups {
                    source += &place("groups", groups)?;
                }
            }
        }
        let (images, classes) = (self.images, self.classes);
        Ok(format!(
            r#"# What may happen to each image. `augmint ops` lists the ops; docs/recipe.md says the rest.
name = "{name}"
seed = 1                  # another seed gives other draws

[source]                  # {images} images of {classes} classes; paths are relative to this file
{source}
[split]
val = 0.2                 # of each class, by group, held out before anything is drawn; or folds = 5

[amount]
copies = 8                # samples per source, the source itself included; or total = 10_000
balance = "sqrt"          # classes share them: natural, sqrt or equal

[[step]]                  # steps act in this order, each with its own chance
op.rotate = {{ degrees = [-8, 8], canvas = "expand", fill = "median" }}
chance = 0.5

[[step]]
op.scale = {{ factor = {{ log = [0.8, 1.25] }}, fill = "median" }}
chance = 0.3

[[step]]
use = "light"
chance = 0.5

[[step]]
op.gaussian_noise = {{ sigma = {{ log = [2, 30] }} }}
chance = 0.3              # noise without a chance costs accuracy on clean images

[[step]]
one_of = [{{ op.blur = {{ sigma = [0.3, 1.2] }} }}, {{ op.jpeg_compress = {{ quality = [40, 90] }} }}]
chance = 0.3

[group.light]             # one or two of these, put in place by use = "light"
pick = [1, 2]
step = [
    {{ op.brightness = {{ factor = [0.8, 1.2] }} }},
    {{ op.contrast = {{ factor = [0.7, 1.3] }} }},
    {{ op.gamma = {{ exponent = {{ log = [0.7, 1.4] }} }} }},
]

[output]                  # last, for every sample
fit.within = {{ width = 512, height = 512 }}
encode.jpeg = {{ quality = 90 }}
"#,
            name = self.name()?,
        ))
    }

    /// The sources, as a recipe of this draft has them.
    pub fn source(&self) -> SourceSpec {
        let layout = match &self.layout {
            DraftLayout::Folders => Layout::Folders(self.folder.clone()),
            DraftLayout::Table { images, labels, classes, groups } => Layout::Table {
                images: images.clone(),
                labels: labels.clone(),
                classes: classes.clone(),
                groups: groups.clone(),
            },
        };
        let on_bad_source = OnBad::Error;
        SourceSpec { layout, fixes: None, on_bad_source, max_megapixels: MAX_MEGAPIXELS, near_duplicates: true }
    }

    /// The folder's name, as far as it may be a dataset's.
    fn name(&self) -> Result<String> {
        let folder = absolute(&self.folder)?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let safe: String =
            name.chars().map(|c| if c.is_alphanumeric() || "_-.".contains(c) { c } else { '_' }).collect();
        let safe = safe.trim_matches(|c| "_-.".contains(c));
        let short: String = safe.chars().take(25).collect();
        let short = short.trim_end_matches('.');
        Ok(if short.is_empty() || super::sections::RESERVED.contains(&short) { "data".into() } else { short.into() })
    }
}

fn read_error(path: &Path, error: &dyn std::fmt::Display) -> DraftError {
    DraftError::Read { path: path.to_owned(), reason: error.to_string() }
}

/// A path from the root, `.` and `..` resolved where they are written.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(|error| read_error(path, &error))?;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    Ok(plain)
}

/// The path of `target` as the file `recipe` says it.
fn from(recipe: &Path, target: &Path) -> Result<PathBuf> {
    let target = absolute(target)?;
    let base = recipe.parent().unwrap_or(recipe);
    let common = base.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    // From nothing but the root on, a relative path is only harder to read.
    if common <= 1 {
        return Ok(target);
    }
    let up = base.components().skip(common).map(|_| Path::new(".."));
    let down = target.components().skip(common).map(|part| Path::new(part.as_os_str()));
    let path: PathBuf = up.chain(down).collect();
    Ok(if path.as_os_str().is_empty() { ".".into() } else { path })
}

/// A TOML text on one line.
fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| DraftError::NotText { path: path.to_owned() })?;
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted += &format!("\\u{:04X}", control as u32),
            other => quoted.push(other),
        }
    }
    Ok(quoted + "\"")
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|end| ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"].contains(&end.as_str()))
}

/// Whether a table's ID is a file of this folder, with or without its extension.
fn has_image(folder: &Path, id: &str) -> bool {
    let exact = folder.join(id);
    let extended = ["jpg", "png", "jpeg"].map(|end| folder.join(format!("{id}.{end}")));
    exact.is_file() || extended.iter().any(|path| path.is_file())
}

/// The folder itself, then the folders in it, by name.
fn subfolders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![folder.to_owned()];
    for entry in WalkDir::new(folder).min_depth(1).max_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| read_error(folder, &error))?;
        if entry.path().is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            folders.push(entry.into_path());
        }
    }
    Ok(folders)
}

/// A table's header and first rows.
struct Table {
    columns: Vec<String>,
    first_ids: Vec<String>,
    rows: usize,
    targets: usize,
}

impl Table {
    fn has(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.columns.iter().any(|known| known == column))
    }

    /// How well a folder fits as the images of this table: how many of the first rows are there (of [`ROWS`]), whether
    /// it has the table's name, and whether that is the usual one.
    fn fit(&self, path: &Path, images: &Path) -> (usize, bool, bool) {
        let hits = self.first_ids.iter().filter(|id| has_image(images, id)).count();
        let same_name = path.file_stem() == images.file_name();
        (hits * ROWS / self.first_ids.len().max(1), same_name, path.ends_with("train.csv"))
    }
}

/// The CSV files of a folder; one that is no table has no columns.
fn tables(folder: &Path) -> Result<BTreeMap<PathBuf, Table>> {
    let mut tables = BTreeMap::new();
    for entry in WalkDir::new(folder).min_depth(1).max_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| read_error(folder, &error))?;
        let is_csv = entry.path().extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        if is_csv && entry.path().is_file() {
            let table = table(entry.path())?;
            tables.insert(entry.into_path(), table);
        }
    }
    Ok(tables)
}

fn table(path: &Path) -> Result<Table> {
    let bytes = std::fs::read(path).map_err(|error| read_error(path, &error))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let columns: Vec<String> = reader.headers().map(|row| row.iter().map(str::to_owned).collect()).unwrap_or_default();
    let column = |name: &str| columns.iter().position(|column| column == name);
    let (id, target) = (column("ID"), column("target"));
    let (mut first_ids, mut targets, mut rows) = (Vec::new(), BTreeSet::new(), 0);
    for row in reader.records().filter_map(std::result::Result::ok) {
        rows += 1;
        if let Some(id) = id.and_then(|column| row.get(column)).filter(|_| rows <= ROWS) {
            first_ids.push(id.to_owned());
        }
        targets.extend(target.and_then(|column| row.get(column)).map(str::to_owned));
    }
    Ok(Table { columns, first_ids, rows, targets: targets.len() })
}
