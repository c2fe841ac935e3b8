//! `fixes.csv` (`ID,target,by,why`): label corrections, by whom and why; the originals and their tables stay untouched.
//!
//! The ID is a path below the folder of images. The target is a class, by name or number, or `drop`. Where a text is
//! one class's name and another's number, it means what labels mean: the number where `meta.csv` gives numbers, the name
//! otherwise. A fix may label, or drop, a file that has no label. One that changes nothing is legal and reported.

use super::Classes;
use super::bad::Why;
use super::problem::{Problem, TableError};
use super::table::{nearest, read};
use super::tables::{Entry, Listing, checked_id, nearest_class};
use crate::digest::Digest;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A label correction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppliedFix {
    /// Path below the folder of images.
    pub path: String,
    /// Of the file's bytes; `None` where there is no readable file, as a fix may drop a broken one.
    pub digest: Option<Digest>,
    /// The class that the labels give; `None` for a file without a label.
    pub from: Option<u32>,
    /// What it is corrected to.
    pub to: FixTarget,
    /// Who says so.
    pub by: String,
    /// Why.
    pub why: String,
}

/// What a source is corrected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FixTarget {
    /// This class number.
    Class(u32),
    /// Left out.
    Drop,
}

impl AppliedFix {
    /// Whether the labels said something else.
    pub fn changes(&self) -> bool {
        self.from.map(FixTarget::Class) != Some(self.to)
    }

    /// One line for people: `a.jpg: receipt -> invoice (kim: "wrong stamp")`.
    pub fn line(&self, classes: &Classes) -> String {
        let name = |class: u32| classes.name(class).map_or_else(|| class.to_string(), str::to_owned);
        let from = self.from.map_or_else(|| "unlabelled".to_owned(), name);
        let to = match self.to {
            FixTarget::Class(class) => name(class),
            FixTarget::Drop => "drop".to_owned(),
        };
        let idle = if self.changes() { "" } else { " (changes nothing)" };
        format!("{}: {from} -> {to} ({}: \"{}\"){idle}", self.path, self.by, self.why)
    }
}

impl fmt::Display for FixTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => write!(f, "{class}"),
            Self::Drop => f.write_str("drop"),
        }
    }
}

/// Reads the fixes and changes the listing by them; sorted by path, digests still unknown.
pub(super) fn apply(table: &Path, listing: &mut Listing, problems: &mut Vec<Problem>) -> Vec<AppliedFix> {
    let mut fixes = BTreeMap::<String, (u64, AppliedFix)>::new();
    for row in read(table, &["ID", "target", "by", "why"], problems) {
        let mut problem = |error| problems.push(Problem { table: table.to_owned(), line: Some(row.line), error });
        let [id, target, by, why] = [&row.cells[0], &row.cells[1], &row.cells[2], &row.cells[3]];
        let path = match checked_id(id) {
            Ok(path) => path,
            Err(error) => {
                problem(error);
                continue;
            }
        };
        let Some(to) = parse_target(target, listing) else {
            let nearest = nearest_class(&listing.classes, target, true);
            problem(TableError::UnknownFixTarget { target: target.clone(), nearest });
            continue;
        };
        let from = listing.entries.get(&path).map(|entry| entry.class);
        let known = from.is_some() || listing.bad.iter().any(|bad| bad.path == path && bad.why != Why::EmptyClass);
        if let Some((first, _)) = fixes.get(&path) {
            problem(TableError::DuplicateFix { id: path, first: *first });
        } else if !known {
            let nearest = nearest(&path, listing.entries.keys().map(String::as_str));
            problem(TableError::UnknownId { id: path, nearest });
        } else {
            let fix = AppliedFix { path: path.clone(), digest: None, from, to, by: by.clone(), why: why.clone() };
            fixes.insert(path, (row.line, fix));
        }
    }
    for (path, (_, fix)) in &fixes {
        match fix.to {
            FixTarget::Drop => {
                listing.entries.remove(path);
                listing.bad.retain(|bad| &bad.path != path);
            }
            FixTarget::Class(class) => {
                let bad = listing.bad.len();
                listing.bad.retain(|bad| &bad.path != path || !matches!(bad.why, Why::NoLabel | Why::NoClassFolder));
                if bad != listing.bad.len() {
                    listing.entries.insert(path.clone(), Entry { class, group: None });
                } else if let Some(entry) = listing.entries.get_mut(path) {
                    entry.class = class;
                }
            }
        }
    }
    fixes.into_values().map(|(_, fix)| fix).collect()
}

fn parse_target(text: &str, listing: &Listing) -> Option<FixTarget> {
    if text == "drop" {
        return Some(FixTarget::Drop);
    }
    let name = listing.classes.number(text);
    let number = text.parse().ok().filter(|number| listing.classes.name(*number).is_some());
    let class = if listing.names_first { name.or(number) } else { number.or(name) };
    class.map(FixTarget::Class)
}

#[cfg(test)]
mod tests {
    use super::super::bad::BadSource;
    use super::*;

    fn listing(names_first: bool) -> Listing {
        let entry = |class| Entry { class, group: None };
        Listing {
            root: "images".into(),
            classes: Classes(vec![(0, "1".into()), (1, "invoice".into()), (2, "receipt".into())]),
            names_first,
            entries: [("a.jpg", 1), ("b.jpg", 1), ("c,1.jpg", 2)]
                .map(|(path, class)| (path.into(), entry(class)))
                .into(),
            bad: vec![
                BadSource { path: "new.jpg".into(), why: Why::NoLabel },
                BadSource { path: "x.jpg".into(), why: Why::NoLabel },
            ],
        }
    }

    fn fixed(text: &str, names_first: bool) -> (Listing, Vec<String>, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let table = dir.path().join("fixes.csv");
        std::fs::write(&table, text).unwrap();
        let (mut listing, mut problems) = (listing(names_first), Vec::new());
        let fixes = apply(&table, &mut listing, &mut problems);
        let strip = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
        let lines = fixes.iter().map(|fix| fix.line(&listing.classes)).collect();
        (listing, lines, problems.iter().map(|problem| strip(problem.to_string())).collect())
    }

    #[test]
    fn fixes_relabel_and_drop() {
        let text = "ID,target,by,why\nb.jpg,receipt,kim,wrong stamp\n\"c,1.jpg\",drop,kim,blank\na.jpg,invoice,lee,sure\n\
                    new.jpg,2,lee,\nx.jpg,drop,lee,a logo\n";
        let (listing, lines, problems) = fixed(text, true);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            lines,
            [
                "a.jpg: invoice -> invoice (lee: \"sure\") (changes nothing)",
                "b.jpg: invoice -> receipt (kim: \"wrong stamp\")",
                "c,1.jpg: receipt -> drop (kim: \"blank\")",
                "new.jpg: unlabelled -> receipt (lee: \"\")",
                "x.jpg: unlabelled -> drop (lee: \"a logo\")",
            ]
        );
        let entries: Vec<_> = listing.entries.iter().map(|(path, entry)| (path.as_str(), entry.class)).collect();
        assert_eq!(entries, [("a.jpg", 1), ("b.jpg", 2), ("new.jpg", 2)]);
        assert_eq!(listing.bad, []);
    }

    #[test]
    fn an_ambiguous_target_means_what_labels_mean() {
        let text = "ID,target,by,why\na.jpg,1,kim,\n";
        assert_eq!(fixed(text, true).0.entries["a.jpg"].class, 0);
        assert_eq!(fixed(text, false).0.entries["a.jpg"].class, 1);
    }

    #[test]
    fn every_problem_of_fixes_has_its_message() {
        let text = "ID,target,by,why\na.jpg,reciept,kim,\nz.jpg,drop,kim,\na.jpg,receipt,kim,\na.jpg,drop,lee,\n\
                    ../a.jpg,drop,kim,\n";
        assert_eq!(
            fixed(text, true).2,
            [
                "fixes.csv:2: 'reciept' is neither 'drop' nor a class; did you mean 'receipt'?",
                "fixes.csv:3: the ID 'z.jpg' names no source; did you mean 'a.jpg'?",
                "fixes.csv:5: 'a.jpg' is fixed already in line 4; keep one of the two",
                "fixes.csv:6: the ID '../a.jpg' leads out of the folder of images; IDs are paths below it",
            ]
        );
        assert_eq!(
            fixed("ID,target\na.jpg,drop\n", true).2,
            [
                "fixes.csv:1: no column 'by'; expected the header ID,target,by,why, found ID,target",
                "fixes.csv:1: no column 'why'; expected the header ID,target,by,why, found ID,target",
            ]
        );
    }
}
