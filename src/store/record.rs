//! Records: what a version is, in a few KB of text for git.
//!
//! With its source list and the sources themselves a record is enough to make every byte of the version again, on any
//! machine with the same engine. It is written once and never changed; it says nothing of time, host, user or path.

use super::{Name, Result, StoreError};
use crate::digest::Digest;
use crate::fs;
use crate::manifest::Summary;
use crate::set::Set;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The `format` of every record.
pub const FORMAT: u32 = 1;

/// A published version. JSON, indented, so that git shows what changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`RECORD_FORMAT`](super::RECORD_FORMAT).
    pub format: u32,
    /// The dataset that it was published in.
    pub name: Name,
    /// The digest of the manifest: names the version.
    pub digest: Digest,
    /// What `-m` said.
    pub message: Option<String>,
    /// The version that the dataset's newest tag named before.
    pub parent: Option<Digest>,
    /// The recipe.
    pub recipe: RecordedRecipe,
    /// What is held out, where anything is.
    pub validation: Option<RecordedValidation>,
    /// The engine: revisions of the ops, effects and codecs that were used, by name.
    pub revisions: BTreeMap<String, u32>,
    /// The digest of the source list, `sources/<digest>.tsv`.
    pub sources: Digest,
    /// Class names by number.
    pub classes: BTreeMap<u32, String>,
    /// Samples by set and class number.
    pub counts: BTreeMap<Set, BTreeMap<u32, u64>>,
    /// All samples.
    pub samples: u64,
    /// Samples with the same bytes as another one.
    pub repeated: u64,
    /// The sum of the samples' bytes.
    pub bytes: u64,
    /// Label corrections.
    pub fixes: Vec<Fix>,
    /// Source files that were left out, by `on_bad_source = "skip"`.
    pub skipped: Vec<Skipped>,
}

/// A recipe as written and as understood.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRecipe {
    /// The file.
    pub text: Text,
    /// Where the file was, seen from the folder of datasets, where that can be said: its relative paths start there.
    pub path: Option<String>,
    /// All that can decide a pixel or a label, as canonical JSON: the header's `recipe`.
    pub meaning: serde_json::Value,
}

/// What is held out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedValidation {
    /// The validation recipe's file, where there is one.
    pub text: Option<Text>,
    /// The validation digest: stands beside every score.
    pub digest: Digest,
}

/// A label correction, a line of `fixes.csv`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The image, as the labels name it.
    pub id: String,
    /// A class's name or number, or `drop`.
    pub to: String,
    /// Who says so.
    pub by: String,
    /// For what reason.
    pub why: String,
}

/// A source file that was left out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// Relative to the images' root.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

/// A file's text, stored as a list of lines, so that git shows which of them changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text(pub String);

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.split('\n'))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer).map(|lines| Self(lines.join("\n")))
    }
}

impl Record {
    /// Takes over what the manifest says of itself.
    #[must_use]
    pub fn with_summary(mut self, summary: &Summary) -> Self {
        self.digest = summary.digest;
        self.counts = summary.counts.clone();
        (self.samples, self.repeated, self.bytes) = (summary.samples, summary.repeated, summary.bytes);
        if let (Some(validation), Some(digest)) = (&mut self.validation, summary.validation) {
            validation.digest = digest;
        }
        self
    }

    /// Class numbers and names.
    pub fn classes(&self) -> crate::source::Classes {
        crate::source::Classes(self.classes.iter().map(|(number, name)| (*number, name.clone())).collect())
    }

    /// The text of its file.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("BUG: a record that is no JSON") + "\n"
    }

    /// Samples of one set.
    pub fn count(&self, set: Set) -> u64 {
        self.counts.get(&set).map_or(0, |classes| classes.values().sum())
    }

    /// Reads `<digest>.json`.
    ///
    /// # Errors
    /// When it cannot be read, is not a record of our format, or is that of another version.
    pub fn read(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let text = fs::read_text(path)?;
        let broken = |line, problem: String| StoreError::Text { path: path.to_owned(), line, problem };
        let bad_json = |error: serde_json::Error| broken(error.line(), format!("not a record: {error}"));
        let Format { format } = serde_json::from_str(&text).map_err(bad_json)?;
        if format != FORMAT {
            let problem = format!("a record of format {format}, where this augmint reads {FORMAT}; use a newer one");
            return Err(broken(1, problem));
        }
        let record: Self = serde_json::from_str(&text).map_err(bad_json)?;
        if path.file_stem().is_some_and(|stem| *stem != *record.digest.hex()) {
            return Err(broken(1, format!("the record of {}, under another's name", record.digest)));
        }
        Ok(record)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn record(name: &str, digest: Digest) -> Record {
        Record {
            format: FORMAT,
            name: name.parse().unwrap(),
            digest,
            message: Some("first".into()),
            parent: None,
            recipe: RecordedRecipe {
                text: Text("name = \"a\"\n# comment\n".into()),
                path: Some("../recipes/a.toml".into()),
                meaning: serde_json::json!({"chance": 0.1, "seed": 17}),
            },
            validation: None,
            revisions: [("op flip".to_owned(), 1)].into(),
            sources: Digest::of(b"sources"),
            classes: [(0, "a".to_owned()), (10, "b".to_owned()), (2, "c".to_owned())].into(),
            counts: [("train".parse().unwrap(), [(0, 3)].into())].into(),
            samples: 3,
            repeated: 0,
            bytes: 1234,
            fixes: vec![Fix { id: "x.jpg".into(), to: "drop".into(), by: "me".into(), why: "blank".into() }],
            skipped: vec![],
        }
    }

    #[test]
    fn records_read_back_and_show_lines_to_git() {
        let folder = tempfile::tempdir().unwrap();
        let record = record("docs17/minsu", Digest::of(b"x"));
        let path = folder.path().join(format!("{}.json", record.digest.hex()));
        let text = record.to_text();
        assert!(
            text.contains("      \"# comment\",\n") && text.contains("\"2\": \"c\",\n    \"10\": \"b\"\n"),
            "{text}"
        );
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Record::read(&path).unwrap(), record);
    }

    #[test]
    fn what_is_not_a_record_is_an_error_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let record = record("a", Digest::of(b"x"));
        let path = folder.path().join(format!("{}.json", record.digest.hex()));
        let message = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Record::read(&path).unwrap_err().to_string()
        };
        let text = record.to_text();
        assert!(message(&text[..40]).contains("not a record: EOF"), "{}", message(&text[..40]));
        let unknown = message(&text.replace("\"bytes\"", "\"bites\""));
        assert!(unknown.contains(", line ") && unknown.contains("unknown field `bites`"), "{unknown}");
        let newer = message(&text.replace("\"format\": 1", "\"format\": 2"));
        assert!(newer.ends_with("a record of format 2, where this augmint reads 1; use a newer one"), "{newer}");
        let other = message(&text.replace(&record.digest.hex(), &Digest::of(b"y").hex()));
        assert!(other.contains("under another's name"), "{other}");
    }
}
