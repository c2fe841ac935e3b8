//! Files that cannot be sources, and how a list of them is printed.

use std::fmt;

/// How many lines of a list are printed before the rest is only counted.
const PRINTED: usize = 50;

/// A file that cannot be a source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BadSource {
    /// Relative to the images' root, or the ID where there is no file.
    pub path: String,
    /// What is wrong with it.
    pub why: Why,
}

/// Why a file cannot be a source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum Why {
    /// The labels name it, but there is no such file.
    #[error("missing: labels line {line} names it, but there is no such file{}", did_you_mean(nearest.as_deref()))]
    Missing {
        /// Of the labels table.
        line: u64,
        /// A file whose name is close.
        nearest: Option<String>,
    },
    /// No class is known for it.
    #[error("unlabelled: it lies in no class folder; move it into one")]
    NoClassFolder,
    /// No row of the labels names it.
    #[error("unlabelled: no row of the labels names it; add one, or drop the file in fixes.csv")]
    NoLabel,
    /// Nothing in it.
    #[error("empty: 0 bytes")]
    Empty,
    /// Larger than any image within the pixel limit can be.
    #[error("oversized: {bytes} bytes; with max_megapixels = {max_megapixels} at most {limit} are read")]
    TooManyBytes {
        /// Of the file.
        bytes: u64,
        /// Most bytes that are read.
        limit: u64,
        /// The recipe's limit.
        max_megapixels: u32,
    },
    /// The operating system does not give its bytes.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// Its bytes are no image that we take.
    #[error("{0}")]
    Undecodable(String),
    /// Its name cannot be written into a text file.
    #[error("its name is not UTF-8; rename it")]
    Name,
    /// A class folder without a usable image; never skipped.
    #[error("a class folder without a usable image; add some, or remove the folder")]
    EmptyClass,
}

impl Why {
    /// One word for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::NoClassFolder | Self::NoLabel => "unlabelled",
            Self::Empty => "empty",
            Self::TooManyBytes { .. } => "oversized",
            Self::Unreadable(_) => "unreadable",
            Self::Undecodable(_) => "undecodable",
            Self::Name => "badly named",
            Self::EmptyClass => "empty class",
        }
    }
}

impl fmt::Display for BadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.why)
    }
}

/// `; did you mean 'x'?`, or nothing.
pub(super) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean '{nearest}'?"))
}

/// One indented line for each of the first [`PRINTED`] items; the rest is counted by kind.
pub(super) fn lines<T: fmt::Display>(items: &[T], kind: impl Fn(&T) -> &'static str) -> String {
    let mut text: String = items.iter().take(PRINTED).map(|item| format!("\n  {item}")).collect();
    if items.len() > PRINTED {
        let mut counts = std::collections::BTreeMap::<_, usize>::new();
        for item in &items[PRINTED..] {
            *counts.entry(kind(item)).or_default() += 1;
        }
        let counts: Vec<_> = counts.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        text += &format!("\n  … and {} more, not listed: {}", items.len() - PRINTED, counts.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_message() {
        let cases = [
            (
                Why::Missing { line: 3, nearest: Some("a.jpg".into()) },
                "missing: labels line 3 names it, but there is no such file; did you mean 'a.jpg'?",
            ),
            (Why::Missing { line: 3, nearest: None }, "missing: labels line 3 names it, but there is no such file"),
            (Why::NoClassFolder, "unlabelled: it lies in no class folder; move it into one"),
            (Why::NoLabel, "unlabelled: no row of the labels names it; add one, or drop the file in fixes.csv"),
            (Why::Empty, "empty: 0 bytes"),
            (
                Why::TooManyBytes { bytes: 9, limit: 8, max_megapixels: 1 },
                "oversized: 9 bytes; with max_megapixels = 1 at most 8 are read",
            ),
            (Why::Unreadable("permission denied".into()), "unreadable: permission denied"),
            (Why::Undecodable("truncated".into()), "truncated"),
            (Why::Name, "its name is not UTF-8; rename it"),
            (Why::EmptyClass, "a class folder without a usable image; add some, or remove the folder"),
        ];
        for (why, text) in cases {
            assert_eq!(BadSource { path: "x".into(), why }.to_string(), format!("x: {text}"));
        }
    }

    #[test]
    fn a_long_list_counts_what_it_does_not_print() {
        let mut bad: Vec<_> = (0..60).map(|n| BadSource { path: format!("{n:02}"), why: Why::Empty }).collect();
        bad[55].why = Why::Name;
        let text = lines(&bad, |bad| bad.why.kind());
        assert_eq!(text.lines().count(), 52);
        assert!(
            text.ends_with("\n  49: empty: 0 bytes\n  … and 10 more, not listed: 1 badly named, 9 empty"),
            "{text}"
        );
        assert_eq!(lines(&bad[..50], |bad| bad.why.kind()).lines().count(), 51);
    }
}
