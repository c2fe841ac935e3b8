//! The log: who did what, when, for how long, from where. The only place that knows, and never hashed.

use super::{Datasets, Name, Result, Tag};
use crate::digest::Digest;
use crate::fs;
use serde::{Deserialize, Serialize};

/// One line of `log.jsonl`. The clock and the environment are the caller's.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogLine {
    /// When it ended, RFC 3339.
    pub time: String,
    /// `build`, `restore`, `tag`, `evict`, `gc`.
    pub action: String,
    /// Who.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// Which dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Which tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// Which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Samples rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<u64>,
    /// Samples that were there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_over: Option<u64>,
    /// The command's input, such as a recipe's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Datasets {
    /// Appends a line, with one write: lines of two processes never mix.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn log(&self, line: &LogLine) -> Result<()> {
        let text = serde_json::to_string(line).expect("BUG: a line of the log that is no JSON");
        Ok(fs::append_line(&self.store.join("log.jsonl"), &text)?)
    }

    /// All lines, oldest first. Lines that cannot be read (cut off by a full disk, or of another release) are passed
    /// over: the log is for people, and nothing depends on it.
    ///
    /// # Errors
    /// When the log is there and cannot be read.
    pub fn log_lines(&self) -> Result<Vec<LogLine>> {
        match fs::read(&self.store.join("log.jsonl")) {
            Err(error) if error.is_missing() => Ok(Vec::new()),
            text => {
                Ok(text?.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_a_torn_one_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        assert_eq!(datasets.log_lines().unwrap(), []);
        let line = |action: &str| LogLine { action: action.into(), name: "a/b".parse().ok(), ..LogLine::default() };
        datasets.log(&line("build")).unwrap();
        fs::append_line(&datasets.store().join("log.jsonl"), "{\"time\":\"20").unwrap();
        datasets.log(&line("tag")).unwrap();
        assert_eq!(datasets.log_lines().unwrap(), [line("build"), line("tag")]);
    }
}
