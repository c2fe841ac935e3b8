//! Writes sample data: the marker that makes a folder ours, then the images, then the tables.
//!
//! Every file appears by one rename, and the tables come last, so an interrupted run is finished by the next one and a
//! folder with tables is complete. Files that are there are never changed.

use super::classes::CLASSES;
use super::plan::{Page, REVISION, pages};
use super::scale::Scale;
use crate::fs;
use crate::pixels::{EncodeError, Encoding, Subsampling};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Says that a folder is ours to add to, and by which revision of the drawings.
const MARKER: &str = ".augmint-sample-data";

/// What is in the folder now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The folder, as given.
    pub dir: PathBuf,
    /// All images in it.
    pub images: usize,
    /// Classes among them: 17.
    pub classes: usize,
    /// Documents that they are pages of.
    pub groups: usize,
    /// Images that were not there before; 0 where the folder was complete.
    pub drawn: usize,
}

/// Why sample data could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SampleDataError {
    /// The folder holds something that we did not make.
    #[error("{} is not empty and was not made by 'augmint sample-data': name a new or an empty folder", dir.display())]
    NotOurs {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder is of a release that drew other images.
    #[error("{} holds sample data of revision {found}, and this release draws revision {REVISION}: name a new folder, or delete this one first", dir.display())]
    OtherRevision {
        /// The folder.
        dir: PathBuf,
        /// What its marker says.
        found: String,
    },
    /// The folder holds images that the asked scale has not.
    #[error("{} already holds {extra} images more than scale {scale} has (the first is {first}): ask for a larger scale, or name a new folder", dir.display())]
    Larger {
        /// The folder.
        dir: PathBuf,
        /// The scale asked for.
        scale: Scale,
        /// How many files are too many.
        extra: usize,
        /// The first of them, by name.
        first: String,
    },
    /// The file system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done, e.g. "write".
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// An image could not be encoded.
    #[error("cannot encode {}", path.display())]
    Encode {
        /// The file it was for.
        path: PathBuf,
        /// Why not.
        #[source]
        source: EncodeError,
    },
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SampleDataError {
    let path = path.to_owned();
    move |source| SampleDataError::Io { doing, path, source }
}

/// Draws sample data into `dir`, which is made where it is missing: `train/<id>.jpg` and the tables `train.csv`
/// (`ID,target`), `meta.csv` (`target,class_name`) and `groups.csv` (`ID,group`), sorted. Images that an earlier run left
/// there stay; a folder that is complete is left alone. `progress(done, of)` is called from many threads.
///
/// # Errors
/// When `dir` holds something else, sample data of another revision or of a larger scale, or cannot be written. Nothing
/// is written then, except where the file system refused half-way; the same call goes on from there.
pub fn write(dir: &Path, scale: Scale, progress: impl Fn(usize, usize) + Sync) -> Result<Summary, SampleDataError> {
    let pages = pages(scale);
    claim(dir)?;
    let train = dir.join("train");
    fs::create_folder(&train).map_err(|error| io_error("make the folder", &train)(error.source))?;
    let present = file_names(&train)?;
    let wanted: BTreeSet<String> = pages.iter().map(Page::file_name).collect();
    let mut extra = present.difference(&wanted);
    if let Some(first) = extra.next() {
        let (dir, first, extra) = (dir.to_owned(), first.clone(), 1 + extra.count());
        return Err(SampleDataError::Larger { dir, scale, extra, first });
    }
    let missing: Vec<&Page> = pages.iter().filter(|page| !present.contains(&page.file_name())).collect();
    let done = AtomicUsize::new(0);
    // All results, so that the error reported is the first in the list and not the first in time.
    let results: Vec<Result<(), SampleDataError>> = missing
        .par_iter()
        .map(|page| {
            draw_file(dir, &train, page)?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, missing.len());
            Ok(())
        })
        .collect();
    results.into_iter().collect::<Result<(), _>>()?;
    for (name, text) in tables(&pages) {
        let path = dir.join(name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            publish(dir, &path, text.as_bytes())?;
        }
    }
    Ok(Summary {
        dir: dir.to_owned(),
        images: pages.len(),
        classes: CLASSES.len(),
        groups: pages.iter().map(Page::group).collect::<BTreeSet<_>>().len(),
        drawn: missing.len(),
    })
}

/// Makes the folder ours, or finds that it is.
fn claim(dir: &Path) -> Result<(), SampleDataError> {
    fs::create_folder(dir).map_err(|error| io_error("make the folder", dir)(error.source))?;
    let marker = dir.join(MARKER);
    let ours = format!("augmint sample-data, revision {REVISION}\n");
    match std::fs::read_to_string(&marker) {
        Ok(text) if text == ours => Ok(()),
        Ok(text) => {
            let found = text.trim().rsplit(' ').next().unwrap_or_default().to_owned();
            Err(SampleDataError::OtherRevision { dir: dir.to_owned(), found })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if file_names(dir)?.is_empty() {
                publish(dir, &marker, ours.as_bytes())
            } else {
                Err(SampleDataError::NotOurs { dir: dir.to_owned() })
            }
        }
        Err(source) => Err(SampleDataError::Io { doing: "read", path: marker, source }),
    }
}

fn file_names(dir: &Path) -> Result<BTreeSet<String>, SampleDataError> {
    let entries = std::fs::read_dir(dir).map_err(io_error("list", dir))?;
    entries.map(|entry| Ok(entry.map_err(io_error("list", dir))?.file_name().to_string_lossy().into_owned())).collect()
}

fn draw_file(dir: &Path, train: &Path, page: &Page) -> Result<(), SampleDataError> {
    let path = train.join(page.file_name());
    let encoding = Encoding::Jpeg { quality: 92, subsampling: Subsampling::S420 };
    match encoding.encode(&page.draw()) {
        Ok(bytes) => publish(dir, &path, &bytes),
        Err(source) => Err(SampleDataError::Encode { path, source }),
    }
}

/// Writes a file beside the tables and renames it into place: `train/` never holds a half one.
fn publish(dir: &Path, path: &Path, bytes: &[u8]) -> Result<(), SampleDataError> {
    use io::Write as _;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What `File::create` asks for; the umask takes its part. Temporary files are private otherwise.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".half-").tempfile_in(dir).map_err(io_error("write into", dir))?;
    file.write_all(bytes).map_err(io_error("write", path))?;
    file.persist(path).map_err(|error| io_error("write", path)(error.error))?;
    Ok(())
}

/// The three tables, sorted by their first column. No text in them needs quotes.
fn tables(pages: &[Page]) -> [(&'static str, String); 3] {
    let mut rows: Vec<(String, &Page)> = pages.iter().map(|page| (page.file_name(), page)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let mut train = String::from("ID,target\n");
    let mut groups = String::from("ID,group\n");
    for (name, page) in &rows {
        train += &format!("{name},{}\n", page.class);
        groups += &format!("{name},{}\n", page.group());
    }
    let mut meta = String::from("target,class_name\n");
    for (target, class) in CLASSES.iter().enumerate() {
        meta += &format!("{target},{}\n", class.name);
    }
    [("groups.csv", groups), ("meta.csv", meta), ("train.csv", train)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use std::collections::BTreeMap;

    const TINY: &str = "0.01";

    fn make(dir: &Path, scale: &str) -> Result<Summary, SampleDataError> {
        write(dir, scale.parse().unwrap(), |_, _| {})
    }

    fn contents(dir: &Path) -> BTreeMap<String, Digest> {
        let files =
            walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| {
                let name = entry.path().strip_prefix(dir).unwrap().to_string_lossy().into_owned();
                (name, Digest::of(&std::fs::read(entry.path()).unwrap()))
            })
            .collect()
    }

    #[test]
    fn two_folders_of_one_scale_hold_the_same_bytes() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let summary = make(&a.path().join("new/folder"), TINY).unwrap();
        make(b.path(), TINY).unwrap();
        let files = contents(b.path());
        assert_eq!(contents(&a.path().join("new/folder")), files);
        assert_eq!((summary.images, summary.classes, summary.groups, summary.drawn), (34, 17, 34, 34));
        assert_eq!(files.len(), 34 + 3 + 1);
    }

    #[test]
    fn the_tables_name_every_image_once_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), "0.03").unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        let (train, groups, meta) = (read("train.csv"), read("groups.csv"), read("meta.csv"));
        let column = |text: &str, index: usize| -> Vec<String> {
            text.lines().skip(1).map(|line| line.split(',').nth(index).unwrap().to_owned()).collect()
        };
        let images: Vec<String> = file_names(&dir.path().join("train")).unwrap().into_iter().collect();
        assert_eq!(column(&train, 0), images);
        assert_eq!(column(&groups, 0), images);
        assert!(train.starts_with("ID,target\n") && groups.starts_with("ID,group\n"));
        assert_eq!(meta.lines().nth(1), Some("0,application_form"));
        assert_eq!(meta.lines().count(), 18);
        for (target, group) in column(&train, 1).iter().zip(column(&groups, 1)) {
            assert!(group.starts_with(CLASSES[target.parse::<usize>().unwrap()].name), "{target} {group}");
        }
    }

    #[test]
    fn a_larger_scale_adds_to_a_folder_and_a_repeat_does_nothing() {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), TINY).unwrap();
        let before = contents(dir.path());
        let larger = make(dir.path(), "0.03").unwrap();
        assert_eq!(larger.drawn, larger.images - 34);
        let after = contents(dir.path());
        assert!(
            before.iter().filter(|(name, _)| name.starts_with("train/")).all(|(name, digest)| after[name] == *digest)
        );
        assert_eq!(make(dir.path(), "0.03").unwrap().drawn, 0);
        assert_eq!(contents(dir.path()), after);
    }

    #[test]
    fn an_interrupted_run_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), TINY).unwrap();
        let whole = contents(dir.path());
        let gone = whole.keys().find(|name| name.starts_with("train/")).unwrap();
        std::fs::remove_file(dir.path().join(gone)).unwrap();
        std::fs::remove_file(dir.path().join("groups.csv")).unwrap();
        assert_eq!(make(dir.path(), TINY).unwrap().drawn, 1);
        assert_eq!(contents(dir.path()), whole);
    }

    #[test]
    fn what_others_made_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
        let error = make(dir.path(), TINY).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{} is not empty and was not made by 'augmint sample-data': name a new or an empty folder",
                dir.path().display()
            )
        );
        assert_eq!(contents(dir.path()).len(), 1);
    }

    #[test]
    fn a_smaller_scale_than_the_folders_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let larger = make(dir.path(), "0.03").unwrap();
        let before = contents(dir.path());
        match make(dir.path(), TINY).unwrap_err() {
            SampleDataError::Larger { extra, .. } => assert_eq!(extra, larger.images - 34),
            other => panic!("{other}"),
        }
        assert_eq!(contents(dir.path()), before);
    }

    #[test]
    fn another_revision_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(MARKER), "augmint sample-data, revision 99\n").unwrap();
        let error = make(dir.path(), TINY).unwrap_err().to_string();
        assert!(error.contains("revision 99") && error.contains(&format!("draws revision {REVISION}")), "{error}");
    }

    #[test]
    fn a_file_in_the_folders_place_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("taken");
        std::fs::write(&file, "x").unwrap();
        let error = make(&file, TINY).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot make the folder {}", file.display()));
    }
}
