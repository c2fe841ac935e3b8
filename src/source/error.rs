//! Why sources cannot be had.

use super::bad::{BadSource, lines};
use super::problem::Problem;
use crate::digest::Digest;
use std::fmt;
use std::path::PathBuf;

/// Why a scan, or a look for known sources, failed; lists are complete and sorted.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SourceError {
    /// The folder of images cannot be listed.
    #[error("cannot read the folder of images {path}: {source}", path = path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The tables contradict themselves, each other or the files.
    #[error("{} in the source tables:{}", count(problems.len(), "problem"), lines(problems, |problem| problem.kind()))]
    Tables {
        /// By table, then line.
        problems: Vec<Problem>,
    },
    /// Tables of predictions, or what they are compared with, that contradict themselves or each other.
    #[error("{} in the predictions:{}", count(problems.len(), "problem"), lines(problems, |problem| problem.kind()))]
    Predictions {
        /// By table, then line.
        problems: Vec<Problem>,
    },
    /// Files that cannot be used.
    #[error("{} in {}:{}", count(sources.len(), "bad source"), root.display(), lines(sources, |bad| bad.why.kind()))]
    Bad {
        /// The images' folder.
        root: PathBuf,
        /// By path.
        sources: Vec<BadSource>,
    },
    /// Equal bytes under different labels.
    #[error(
        "{} under different labels; settle each with lines in fixes.csv (header ID,target,by,why; named in the recipe \
         by [source] fixes):{}",
        count(conflicts.len(), "image"), lines(conflicts, |_| "conflicting")
    )]
    Conflicts {
        /// By digest.
        conflicts: Vec<Conflict>,
    },
    /// Nothing to work on.
    #[error("no image in {}", root.display())]
    None {
        /// The images' folder.
        root: PathBuf,
    },
    /// Sources of an earlier version that are gone or have other bytes.
    #[error(
        "{} missing or changed in {}; put the original files back, or build a new version:{}",
        count(sources.len(), "source"), root.display(), lines(sources, |stale| stale.kind())
    )]
    Stale {
        /// Where they were looked for.
        root: PathBuf,
        /// By path.
        sources: Vec<Stale>,
    },
    /// The scan cache cannot be written.
    #[error("cannot write the scan cache {path}: {source}; give another --store, or free space", path = path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

/// One image that has several labels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// Of the bytes.
    pub digest: Digest,
    /// Path and class name, by path.
    pub labels: Vec<(String, String)>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.labels.iter().map(|(path, class)| format!("{path} is '{class}'")).collect();
        write!(f, "{}; the bytes are equal. Add", named.join(", "))?;
        let classes: std::collections::BTreeSet<_> = self.labels.iter().map(|(_, class)| class).collect();
        for (index, class) in classes.into_iter().enumerate() {
            let keeper = self.labels.iter().find(|(_, known)| known == class).map_or("", |(path, _)| path.as_str());
            write!(f, "{}", if index == 0 { "" } else { "\n    or" })?;
            for (path, _) in self.labels.iter().filter(|(_, other)| other != class) {
                let why = field(&format!("same bytes as {keeper}"));
                write!(f, "\n      {},{},YOUR NAME,{why}", field(path), field(class))?;
            }
        }
        Ok(())
    }
}

/// A source of an earlier version that is gone or has other bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stale {
    /// Where it was.
    pub path: String,
    /// What it was.
    pub expected: Digest,
    /// What lies there now; `None` where nothing readable does.
    pub found: Option<Digest>,
}

impl Stale {
    fn kind(&self) -> &'static str {
        if self.found.is_some() { "changed" } else { "missing" }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Some(found) => write!(f, "{}: changed: expected {}, found {found}", self.path, self.expected),
            None => write!(f, "{}: missing: expected {}", self.path, self.expected),
        }
    }
}

/// `1 problem`, `2 problems`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A CSV field, quoted where it must be.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_prints_the_lines_that_settle_it() {
        let conflict = Conflict {
            digest: Digest::of(b""),
            labels: vec![("a,1.jpg".into(), "receipt".into()), ("b.jpg".into(), "invoice".into())],
        };
        assert_eq!(
            SourceError::Conflicts { conflicts: vec![conflict] }.to_string(),
            "1 image under different labels; settle each with lines in fixes.csv (header ID,target,by,why; named in \
             the recipe by [source] fixes):\n  a,1.jpg is 'receipt', b.jpg is 'invoice'; the bytes are equal. Add\n      \
             \"a,1.jpg\",invoice,YOUR NAME,same bytes as b.jpg\n    or\n      b.jpg,receipt,YOUR NAME,\"same bytes as \
             a,1.jpg\""
        );
    }
}
