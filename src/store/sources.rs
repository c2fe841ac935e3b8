//! Source lists and class numbers: what a version was made from, as text for git.
//!
//! `sources/<digest>.tsv` has one line per file: digest, path, label, group, split; it is named by the digest of its own
//! bytes, so versions of one source set share it. Paths and labels are in it so that `restore` finds the files and says
//! which one changed; a path decides nothing (the version's digest does not know it). `classes.txt` keeps the numbers of
//! classes that no table numbers; it only grows, so that a class keeps its number when others come.

use super::{Datasets, Name, Result, StoreError};
use crate::digest::Digest;
use crate::fs::{self, Existing};
use crate::source::Classes;
use crate::split::Part;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One file of a source; ordered by digest, then path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SourceRow {
    /// Of the file's bytes; files of equal bytes are one source in several rows.
    pub digest: Digest,
    /// Relative to the images' root, `/`-separated.
    pub path: String,
    /// The class's name.
    pub label: String,
    /// The document that it belongs to.
    pub group: String,
    /// Where it was put.
    pub part: Part,
}

/// All files of a source set, sorted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SourceList(Vec<SourceRow>);

const HEADER: &str = "digest\tpath\tlabel\tgroup\tsplit";

impl SourceList {
    /// Of these files, in any order.
    pub fn new(mut rows: Vec<SourceRow>) -> Self {
        rows.sort();
        Self(rows)
    }

    /// The files, sorted.
    pub fn rows(&self) -> &[SourceRow] {
        &self.0
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for row in &self.0 {
            let part = match row.part {
                Part::Train => "train".into(),
                Part::Val => "val".into(),
                Part::Fold(fold) => format!("f{fold}"),
            };
            let fields = [&row.path, &row.label, &row.group].map(|field| escape(field));
            text += &format!("{}\t{}\t{part}\n", row.digest.hex(), fields.join("\t"));
        }
        text
    }

    /// The digest of the text: names the file.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_text().as_bytes())
    }

    fn parse(text: &str) -> std::result::Result<Self, (usize, String)> {
        let mut rows = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let problem = |what: &str| (index + 1, format!("{what} in '{line}'"));
            if index == 0 {
                match line == HEADER {
                    true => continue,
                    false => return Err((1, "the first line is not that of a source list".into())),
                }
            }
            let fields: Vec<_> = line.split('\t').collect();
            let [digest, path, label, group, part] = fields[..] else { return Err(problem("not five fields")) };
            let part = match part {
                "train" => Part::Train,
                "val" => Part::Val,
                fold => {
                    let fold = fold.strip_prefix('f').and_then(|fold| fold.parse().ok());
                    Part::Fold(fold.ok_or_else(|| problem("no split"))?)
                }
            };
            let [path, label, group] = [path, label, group].map(unescape);
            rows.push(SourceRow {
                digest: digest.parse().map_err(|_| problem("no digest"))?,
                path,
                label,
                group,
                part,
            });
        }
        Ok(Self::new(rows))
    }
}

fn escape(field: &str) -> String {
    field.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                other => other.unwrap_or('\\'),
            },
            other => other,
        });
    }
    text
}

impl Datasets {
    fn sources_path(&self, name: &Name, digest: &Digest) -> PathBuf {
        self.folder(name).join("sources").join(format!("{}.tsv", digest.hex()))
    }

    /// Writes a source list, unless it is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_sources(&self, name: &Name, sources: &SourceList) -> Result<Digest> {
        let digest = sources.digest();
        fs::write(&self.sources_path(name, &digest), sources.to_text().as_bytes(), Existing::Keep)?;
        Ok(digest)
    }

    /// Reads a source list.
    ///
    /// # Errors
    /// When it cannot be read, was changed, or holds a line that is no file.
    pub fn sources(&self, name: &Name, digest: &Digest) -> Result<SourceList> {
        let path = self.sources_path(name, digest);
        let text = fs::read_text(&path)?;
        let problem = |(line, problem)| StoreError::Text { path: path.clone(), line, problem };
        let list = SourceList::parse(&text).map_err(problem)?;
        if Digest::of(text.as_bytes()) != *digest {
            return Err(problem((1, "the list was changed: its digest is not its name".into())));
        }
        Ok(list)
    }

    /// The numbers of these classes: known ones as `classes.txt` of the dataset has them, new ones the next free
    /// numbers, in the order of their names. Writes nothing.
    ///
    /// # Errors
    /// When `classes.txt` is there and cannot be understood.
    pub fn number_classes(&self, name: &Name, classes: &BTreeSet<String>) -> Result<Classes> {
        let mut known = self.known_classes(name)?;
        let mut next = known.values().max().map_or(0, |number| number + 1);
        for class in classes {
            known.entry(class.clone()).or_insert_with(|| {
                next += 1;
                next - 1
            });
        }
        let mut used: Vec<_> = known.into_iter().filter(|(class, _)| classes.contains(class)).collect();
        used.sort_by_key(|(_, number)| *number);
        Ok(Classes(used.into_iter().map(|(class, number)| (number, class)).collect()))
    }

    /// Adds what [`Datasets::number_classes`] numbered anew to `classes.txt`.
    ///
    /// # Errors
    /// When it cannot be read or written, or has another number for a class.
    pub fn write_classes(&self, name: &Name, classes: &Classes) -> Result<()> {
        let path = self.classes_path(name);
        let known = self.known_classes(name)?;
        let mut all = known.clone();
        for (number, class) in &classes.0 {
            let taken = all.iter().any(|(other, taken)| taken == number && other != class);
            if taken || *all.entry(class.clone()).or_insert(*number) != *number {
                let problem = format!("another build numbered '{class}' or took its number {number}; build again");
                return Err(StoreError::Text { path, line: 1, problem });
            }
        }
        if all != known {
            let mut lines: Vec<_> = all.into_iter().map(|(class, number)| (number, class)).collect();
            lines.sort();
            let lines = lines.iter().map(|(number, class)| format!("{number}\t{}\n", escape(class)));
            fs::write(&path, lines.collect::<String>().as_bytes(), Existing::Replace)?;
        }
        Ok(())
    }

    fn classes_path(&self, name: &Name) -> PathBuf {
        self.folder(name).join("classes.txt")
    }

    fn known_classes(&self, name: &Name) -> Result<BTreeMap<String, u32>> {
        let path = self.classes_path(name);
        match fs::read_text(&path) {
            Err(error) if error.is_missing() => Ok(BTreeMap::new()),
            text => parse_classes(&text?, &path),
        }
    }
}

fn parse_classes(text: &str, path: &Path) -> Result<BTreeMap<String, u32>> {
    let (mut classes, mut numbers) = (BTreeMap::new(), BTreeSet::new());
    for (index, line) in text.lines().enumerate() {
        let error = |problem| StoreError::Text { path: path.to_owned(), line: index + 1, problem };
        let parsed = line.split_once('\t').and_then(|(number, class)| Some((unescape(class), number.parse().ok()?)));
        let Some((class, number)) = parsed else {
            return Err(error(format!("'{line}' is not a number, a tab and a class")));
        };
        if !numbers.insert(number) || classes.insert(class, number).is_some() {
            return Err(error(format!("'{line}' repeats a number or a class")));
        }
    }
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn datasets() -> (tempfile::TempDir, Datasets, Name) {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        (root, datasets, "a".parse().unwrap())
    }

    proptest! {
        #[test]
        fn source_lists_read_back_in_any_order(
            mut rows in proptest::collection::vec((any::<[u8; 32]>(), any::<String>(), ".*|[\\\\\\t\\r\\n]*", ".{0,5}", 0..4u32), 0..8)
        ) {
            let row = |(digest, path, label, group, part): &([u8; 32], String, String, String, u32)| SourceRow {
                digest: Digest::from_bytes(*digest), path: path.clone(), label: label.clone(), group: group.clone(),
                part: [Part::Train, Part::Val, Part::Fold(0), Part::Fold(12)][*part as usize],
            };
            let list = SourceList::new(rows.iter().map(row).collect());
            rows.reverse();
            prop_assert_eq!(SourceList::new(rows.iter().map(row).collect()).digest(), list.digest());
            prop_assert_eq!(SourceList::parse(&list.to_text()), Ok(list));
        }

        #[test]
        fn any_text_parses_or_gives_an_error(text: String) {
            let _ = SourceList::parse(&format!("{HEADER}\n{text}"));
            let _ = parse_classes(&text, Path::new("classes.txt"));
        }
    }

    #[test]
    fn a_changed_list_is_noticed() {
        let (_root, datasets, name) = datasets();
        let row = SourceRow {
            digest: Digest::of(b"x"),
            path: "a/1.jpg".into(),
            label: "a".into(),
            group: "1".into(),
            part: Part::Train,
        };
        let digest = datasets.write_sources(&name, &SourceList::new(vec![row])).unwrap();
        assert_eq!(datasets.sources(&name, &digest).unwrap().rows().len(), 1);
        let path = datasets.sources_path(&name, &digest);
        let text = fs::read_text(&path).unwrap();
        std::fs::write(&path, text.replace("1.jpg", "2.jpg")).unwrap();
        assert!(datasets.sources(&name, &digest).unwrap_err().to_string().contains("the list was changed"));
        std::fs::write(&path, text.replace("\ttrain", "\tfirst")).unwrap();
        assert!(datasets.sources(&name, &digest).unwrap_err().to_string().contains("line 2: no split in '"));
    }

    #[test]
    fn classes_keep_their_numbers() {
        let (_root, datasets, name) = datasets();
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let numbered = |names: &[&str]| {
            let classes = datasets.number_classes(&name, &set(names)).unwrap();
            datasets.write_classes(&name, &classes).unwrap();
            classes.0
        };
        assert_eq!(numbered(&["b", "d"]), [(0, "b".into()), (1, "d".into())]);
        assert_eq!(numbered(&["a", "d"]), [(1, "d".into()), (2, "a".into())]);
        assert_eq!(numbered(&["b"]), [(0, "b".into())]);
        assert_eq!(fs::read_text(&datasets.classes_path(&name)).unwrap(), "0\tb\n1\td\n2\ta\n");
        let clash = Classes(vec![(0, "z".into())]);
        assert!(datasets.write_classes(&name, &clash).is_err());
        std::fs::write(datasets.classes_path(&name), "0 b\n").unwrap();
        let error = datasets.number_classes(&name, &set(&["b"])).unwrap_err().to_string();
        assert!(error.ends_with("classes.txt, line 1: '0 b' is not a number, a tab and a class"), "{error}");
    }
}
