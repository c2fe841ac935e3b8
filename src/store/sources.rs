//! Source lists and class numbers: what a version was made from, as text for git.
//!
//! `sources/<digest>.tsv` is the list of [`source::write_tsv`](crate::source::write_tsv), named by the digest of its own
//! bytes, so versions of one source set share it. Paths are in it so that `restore` finds the files and says which one
//! changed; they decide nothing (the version's digest does not know them). `classes.txt` keeps the numbers of classes
//! that no table numbers; it only grows, so that a class keeps its number when others come.

use super::{Datasets, Name, Result, StoreError};
use crate::digest::Digest;
use crate::fs::{self, Existing};
use crate::source::{Classes, Source, read_tsv};
use crate::split::Part;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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
    pub fn write_sources(&self, name: &Name, list: &str) -> Result<Digest> {
        let digest = Digest::of(list.as_bytes());
        fs::write(&self.sources_path(name, &digest), list.as_bytes(), Existing::Keep)?;
        Ok(digest)
    }

    /// Reads a source list.
    ///
    /// # Errors
    /// When it cannot be read, was changed, or is no source list.
    pub fn sources(&self, name: &Name, digest: &Digest) -> Result<(Vec<Source>, Vec<Part>)> {
        let path = self.sources_path(name, digest);
        let text = fs::read_text(&path)?;
        if Digest::of(text.as_bytes()) != *digest {
            let problem = "the list was changed: its digest is not its name; `git checkout` brings it back".into();
            return Err(StoreError::Text { path, line: 1, problem });
        }
        read_tsv(&text).map_err(|error| StoreError::Text { path, line: error.line, problem: error.what })
    }

    /// The classes that `classes.txt` numbers; none where there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be understood.
    pub fn classes(&self, name: &Name) -> Result<Classes> {
        let mut classes: Vec<_> =
            self.known_classes(name)?.into_iter().map(|(class, number)| (number, class)).collect();
        classes.sort();
        Ok(Classes(classes))
    }

    /// Adds classes that are not in it yet to `classes.txt`.
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
    use crate::pixels::Size;
    use crate::source::write_tsv;
    use proptest::prelude::*;

    fn datasets() -> (tempfile::TempDir, Datasets, Name) {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        (root, datasets, "a".parse().unwrap())
    }

    proptest! {
        #[test]
        fn any_text_parses_or_gives_an_error(text: String) {
            let _ = parse_classes(&text, Path::new("classes.txt"));
        }
    }

    #[test]
    fn a_changed_list_is_noticed() {
        let (_root, datasets, name) = datasets();
        let digest = Digest::of(b"x");
        let source = Source {
            digest,
            paths: vec!["a/1.jpg".into()],
            class: 0,
            group: "1".into(),
            page: digest,
            size: Size::new(3, 4),
        };
        let list = write_tsv(std::slice::from_ref(&source), &[Part::Train]);
        let named = datasets.write_sources(&name, &list).unwrap();
        assert_eq!(datasets.sources(&name, &named).unwrap(), (vec![source], vec![Part::Train]));
        let path = datasets.sources_path(&name, &named);
        std::fs::write(&path, list.replace("1.jpg", "2.jpg")).unwrap();
        assert!(datasets.sources(&name, &named).unwrap_err().to_string().contains("the list was changed"));
        let broken = datasets.write_sources(&name, &list.replace("train", "first")).unwrap();
        assert!(datasets.sources(&name, &broken).unwrap_err().to_string().contains(".tsv, line 3: "));
    }

    #[test]
    fn classes_keep_their_numbers() {
        let (_root, datasets, name) = datasets();
        assert_eq!(datasets.classes(&name).unwrap(), Classes::default());
        let add = |names: &[&str]| {
            let grown = datasets.classes(&name).unwrap().grown(names.iter().copied());
            datasets.write_classes(&name, &grown).unwrap();
        };
        add(&["b", "d"]);
        add(&["a", "d"]);
        assert_eq!(fs::read_text(&datasets.classes_path(&name)).unwrap(), "0\tb\n1\td\n2\ta\n");
        let clash = Classes(vec![(0, "z".into())]);
        assert!(datasets.write_classes(&name, &clash).is_err());
        std::fs::write(datasets.classes_path(&name), "0 b\n").unwrap();
        let error = datasets.classes(&name).unwrap_err().to_string();
        assert!(error.ends_with("classes.txt, line 1: '0 b' is not a number, a tab and a class"), "{error}");
    }
}
