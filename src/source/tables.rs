//! A contest's tables: labels, classes, groups; and the listing that they and class folders both become.

use super::bad::{BadSource, Why};
use super::error::SourceError;
use super::files::{Files, looks_like_an_image};
use super::problem::{Problem, TableError};
use super::table::{nearest, read};
use super::{Classes, Layout};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// How many errors get a look for the nearest name: a wrong folder makes one of every row.
pub(super) const HINTS: usize = 100;

/// What the labels say, before any image is read.
#[derive(Debug)]
pub(super) struct Listing {
    /// The images' folder.
    pub root: PathBuf,
    /// All classes.
    pub classes: Classes,
    /// Whether a text that is one class's name and another's number means the name: where people never see numbers.
    pub names_first: bool,
    /// By path below the root.
    pub entries: BTreeMap<String, Entry>,
    /// Files that cannot be sources.
    pub bad: Vec<BadSource>,
}

/// A labelled file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// Class number.
    pub class: u32,
    /// Given group.
    pub group: Option<String>,
}

/// Reads the tables of [`Layout::Table`]; a file counts as unlabelled only if its name ends like an image's.
///
/// # Errors
/// When the root cannot be listed. What is wrong in tables is added to `problems`, in files to the listing's `bad`.
pub(super) fn list(
    layout: (&Path, &Path, Option<&Path>, Option<&Path>),
    earlier: &Classes,
    problems: &mut Vec<Problem>,
) -> Result<Listing, SourceError> {
    let (root, labels, classes, groups) = layout;
    let Files { files, bad, .. } = Files::list(root)?;
    let mut listing = Listing {
        root: root.to_owned(),
        classes: Classes::default(),
        names_first: classes.is_none(),
        entries: BTreeMap::new(),
        bad,
    };

    let rows = read(labels, &["ID", "target"], problems);
    let mut problem = |table: &Path, line, error| {
        problems.push(Problem { table: table.to_owned(), line: Some(line), error });
    };
    let mut labelled = BTreeMap::<String, (u64, String)>::new();
    for row in rows {
        let [id, target] = [&row.cells[0], &row.cells[1]];
        match (checked_id(id), target.is_empty()) {
            (Err(error), _) => problem(labels, row.line, error),
            (_, true) => problem(labels, row.line, TableError::EmptyCell("target".into())),
            (Ok(id), false) => match labelled.get(&id) {
                Some((first, _)) => problem(labels, row.line, TableError::DuplicateId { id, first: *first }),
                None => {
                    labelled.insert(id, (row.line, target.clone()));
                }
            },
        }
    }
    listing.classes = match classes {
        Some(table) => read_classes(table, problems),
        None => earlier.grown(labelled.values().map(|(_, target)| target.as_str())),
    };

    let known: std::collections::HashSet<_> = files.iter().map(String::as_str).collect();
    let stems: HashMap<_, _> = files.iter().rev().map(|file| (stem(file), file)).collect();
    let unlistable: BTreeSet<_> = listing.bad.iter().map(|bad| bad.path.clone()).collect();
    for (id, (line, target)) in &labelled {
        let class = match classes {
            None => listing.classes.number(target),
            Some(_) => target.parse().ok().filter(|number| listing.classes.name(*number).is_some()),
        };
        let Some(class) = class else {
            // Without classes every label is unknown, which says nothing.
            if !listing.classes.0.is_empty() {
                let table = classes.map_or_else(String::new, |table| table.display().to_string());
                let error = TableError::UnknownTarget {
                    target: target.clone(),
                    table,
                    nearest: nearest_class(&listing.classes, target, false),
                };
                problems.push(Problem { table: labels.to_owned(), line: Some(*line), error });
            }
            continue;
        };
        if known.contains(id.as_str()) || root.join(id).is_file() {
            listing.entries.insert(id.clone(), Entry { class, group: None });
        } else if !unlistable.contains(id) {
            let close = stems.get(&stem(id)).map(|file| (*file).clone());
            let look = || nearest(id, files.iter().map(String::as_str).filter(|_| listing.bad.len() < HINTS));
            let close = close.or_else(look);
            listing.bad.push(BadSource { path: id.clone(), why: Why::Missing { line: *line, nearest: close } });
        }
    }
    for file in files {
        if !labelled.contains_key(&file) && looks_like_an_image(&file) {
            listing.bad.push(BadSource { path: file, why: Why::NoLabel });
        }
    }
    if let Some(groups) = groups {
        read_groups(groups, &labelled, &mut listing.entries, problems);
    }
    Ok(listing)
}

impl Layout {
    /// The folder that sources' paths are relative to.
    pub fn root(&self) -> &Path {
        match self {
            Self::Folders(root) => root,
            Self::Table { images, .. } => images,
        }
    }

    /// Whether a table gives the classes their numbers, so that `classes.txt` need not.
    pub fn numbers_classes(&self) -> bool {
        matches!(self, Self::Table { classes: Some(_), .. })
    }
}

pub(super) fn read_classes(table: &Path, problems: &mut Vec<Problem>) -> Classes {
    let mut numbers = BTreeMap::<u32, (u64, String)>::new();
    let mut names = BTreeMap::<String, u64>::new();
    let rows = read(table, &["target", "class_name"], problems);
    let mut problem = |line, error| problems.push(Problem { table: table.to_owned(), line: Some(line), error });
    for row in rows {
        let (target, name) = (&row.cells[0], &row.cells[1]);
        let Some(number) = target.parse().ok().filter(|_| target.bytes().all(|byte| byte.is_ascii_digit())) else {
            problem(row.line, TableError::Number(target.clone()));
            continue;
        };
        if name.is_empty() {
            problem(row.line, TableError::EmptyCell("class_name".into()));
        } else if let Some((first, _)) = numbers.get(&number) {
            problem(row.line, TableError::DuplicateNumber { number, first: *first });
        } else if let Some(first) = names.get(name) {
            problem(row.line, TableError::DuplicateClass { name: name.clone(), first: *first });
        } else {
            names.insert(name.clone(), row.line);
            numbers.insert(number, (row.line, name.clone()));
        }
    }
    Classes(numbers.into_iter().map(|(number, (_, name))| (number, name)).collect())
}

/// An image without a row, or with an empty cell, stands alone.
fn read_groups(
    table: &Path,
    labelled: &BTreeMap<String, (u64, String)>,
    entries: &mut BTreeMap<String, Entry>,
    problems: &mut Vec<Problem>,
) {
    let mut lines = BTreeMap::<String, u64>::new();
    for row in read(table, &["ID", "group"], problems) {
        let hint = problems.len() < HINTS;
        let mut problem = |error| problems.push(Problem { table: table.to_owned(), line: Some(row.line), error });
        let id = match checked_id(&row.cells[0]) {
            Ok(id) => id,
            Err(error) => {
                problem(error);
                continue;
            }
        };
        if let Some(first) = lines.get(&id) {
            problem(TableError::DuplicateId { id, first: *first });
        } else if !labelled.contains_key(&id) {
            let nearest = nearest(&id, labelled.keys().map(String::as_str).filter(|_| hint));
            problem(TableError::UnknownId { id, nearest });
        } else {
            // No entry: the file is missing, which is reported elsewhere.
            if let Some(entry) = entries.get_mut(&id).filter(|_| !row.cells[1].is_empty()) {
                entry.group = Some(row.cells[1].clone());
            }
            lines.insert(id, row.line);
        }
    }
}

/// The path below the root that an ID means: `./a//b` is `a/b`.
pub(crate) fn checked_id(id: &str) -> Result<String, TableError> {
    if id.is_empty() {
        return Err(TableError::EmptyCell("ID".into()));
    }
    let parts: Vec<_> = id.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if id.starts_with('/') || parts.contains(&"..") || parts.is_empty() || id.contains('\0') {
        return Err(TableError::Escapes(id.into()));
    }
    Ok(parts.join("/"))
}

/// The class whose name, or number, is close to a text; a class's own name, written where only numbers count, gives its
/// number.
pub(super) fn nearest_class(classes: &Classes, text: &str, names: bool) -> Option<String> {
    if !names {
        let number = classes.0.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(number, _)| *number);
        let number =
            number.or_else(|| classes.number(&nearest(text, classes.0.iter().map(|(_, name)| name.as_str()))?));
        if let Some(number) = number.filter(|_| text.parse::<u64>().is_err()) {
            return Some(number.to_string());
        }
        let wanted: u64 = text.parse().ok()?;
        let closest = classes.0.iter().min_by_key(|(number, _)| (u64::from(*number).abs_diff(wanted), *number));
        return closest.map(|(number, _)| number.to_string());
    }
    nearest(text, classes.0.iter().map(|(_, name)| name.as_str()))
}

/// Without folders and the ending, in lower case: what people get right when they get a file name wrong.
pub(super) fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with `images/`, the tables given, and the listing and problems that they make.
    fn listed(files: &[&str], tables: &[(&str, &str)]) -> (Vec<String>, Vec<String>, Listing) {
        let root = tempfile::tempdir().unwrap();
        let images = root.path().join("images");
        std::fs::create_dir(&images).unwrap();
        for file in files {
            std::fs::create_dir_all(images.join(file).parent().unwrap()).unwrap();
            std::fs::write(images.join(file), "x").unwrap();
        }
        for (name, text) in tables {
            std::fs::write(root.path().join(name), text).unwrap();
        }
        let table = |name: &str| tables.iter().any(|(known, _)| *known == name).then(|| root.path().join(name));
        let (classes, groups) = (table("meta.csv"), table("groups.csv"));
        let mut problems = Vec::new();
        let layout = (images.as_path(), &*root.path().join("train.csv"), classes.as_deref(), groups.as_deref());
        let listing = list(layout, &Classes::default(), &mut problems).unwrap();
        let strip = |text: String| text.replace(&format!("{}/", root.path().display()), "");
        let bad = listing.bad.iter().map(ToString::to_string).collect();
        (problems.iter().map(|problem| strip(problem.to_string())).collect(), bad, listing)
    }

    const META: (&str, &str) = ("meta.csv", "target,class_name\n0,invoice\n11,receipt\n");

    #[test]
    fn tables_become_entries() {
        let (problems, bad, listing) = listed(
            &["a.jpg", "sub/b.jpg", "notes.txt"],
            &[
                ("train.csv", "ID,target\n./sub/b.jpg,11\na.jpg,00\n"),
                META,
                ("groups.csv", "ID,group\nsub/b.jpg, doc 1 \na.jpg,\n"),
            ],
        );
        assert_eq!((problems, bad), (vec![], vec![]));
        assert_eq!(listing.entries["a.jpg"], Entry { class: 0, group: None });
        assert_eq!(listing.entries["sub/b.jpg"], Entry { class: 11, group: Some("doc 1".into()) });
        assert!(!listing.names_first);
    }

    #[test]
    fn without_a_class_table_targets_are_names() {
        let (problems, _, listing) =
            listed(&["a.jpg", "b.jpg"], &[("train.csv", "ID,target\na.jpg,receipt\nb.jpg,7\n")]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(listing.classes, Classes(vec![(0, "7".into()), (1, "receipt".into())]));
        assert_eq!(listing.entries["b.jpg"].class, 0);
    }

    #[test]
    fn every_problem_of_the_tables_has_its_message() {
        let train = "ID,target\na.jpg,0\na.jpg,11\n../x.jpg,0\n/etc/x.jpg,0\n,0\nb.jpg,\nc.jpg,12\nd.jpg,reciept\n";
        let meta = "target,class_name\n0,invoice\n11,receipt\n11,form\n2,invoice\nx,letter\n+3,plate\n4,\n";
        let (problems, ..) = listed(
            &["a.jpg", "b.jpg", "c.jpg", "d.jpg"],
            &[
                ("train.csv", train),
                ("meta.csv", meta),
                ("groups.csv", "ID,group\na.jpg,x\na.jpg,y\nc.jpeg,z\n../a.jpg,q\n"),
            ],
        );
        assert_eq!(
            problems,
            [
                "train.csv:3: the ID 'a.jpg' stands already in line 2",
                "train.csv:4: the ID '../x.jpg' leads out of the folder of images; IDs are paths below it",
                "train.csv:5: the ID '/etc/x.jpg' leads out of the folder of images; IDs are paths below it",
                "train.csv:6: 'ID' is empty",
                "train.csv:7: 'target' is empty",
                "meta.csv:4: the target 11 stands already in line 3",
                "meta.csv:5: the class name 'invoice' stands already in line 2",
                "meta.csv:6: the target 'x' is not a class number (0, 1, 2, …)",
                "meta.csv:7: the target '+3' is not a class number (0, 1, 2, …)",
                "meta.csv:8: 'class_name' is empty",
                "train.csv:8: no class has the target '12' (classes: meta.csv); did you mean '11'?",
                "train.csv:9: no class has the target 'reciept' (classes: meta.csv); did you mean '11'?",
                "groups.csv:3: the ID 'a.jpg' stands already in line 2",
                "groups.csv:4: the ID 'c.jpeg' names no source; did you mean 'c.jpg'?",
                "groups.csv:5: the ID '../a.jpg' leads out of the folder of images; IDs are paths below it",
            ]
        );
    }

    #[test]
    fn ids_without_a_file_and_files_without_an_id_are_bad() {
        let (_, bad, _) =
            listed(&["a.jpg", "b.JPG", "other.txt"], &[("train.csv", "ID,target\na,0\nzzzzz.jpg,0\n"), META]);
        assert_eq!(
            bad,
            [
                "a: missing: labels line 2 names it, but there is no such file; did you mean 'a.jpg'?",
                "zzzzz.jpg: missing: labels line 3 names it, but there is no such file",
                "a.jpg: unlabelled: no row of the labels names it; add one, or drop the file in fixes.csv",
                "b.JPG: unlabelled: no row of the labels names it; add one, or drop the file in fixes.csv",
            ]
        );
    }
}
