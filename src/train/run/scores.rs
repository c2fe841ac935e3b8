//! `scores.jsonl`: what the leaderboard said of a run.

use super::{Result, RunError};
use crate::fs;
use serde::{Deserialize, Serialize};
use std::path::Path;

const LINES: &str = "scores.jsonl";

/// A leaderboard's score, as it was recorded. The last one of each kind counts; those before stay.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct RecordedScore {
    /// When it was recorded, RFC 3339.
    pub time: String,
    /// On the public part of the test set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<f64>,
    /// On the private part, known after the contest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<f64>,
    /// For people: which submission, which ensemble.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Appends a score.
///
/// # Errors
/// When a number is not finite, there is no run at the path, or it cannot be written.
pub fn record_score(run: &Path, score: &RecordedScore) -> Result<()> {
    if let Some(score) = [score.public, score.private].into_iter().flatten().find(|score| !score.is_finite()) {
        return Err(RunError::Score { score });
    }
    super::info::RunFile::read(run)?;
    let text = serde_json::to_string(score).expect("BUG: a score that is no JSON");
    Ok(fs::append_line(&run.join(LINES), &text)?)
}

/// All scores that were recorded, oldest first.
///
/// # Errors
/// When a line cannot be read.
pub fn scores(run: &Path) -> Result<Vec<RecordedScore>> {
    let path = run.join(LINES);
    let text = match fs::read_text(&path) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        text => text?,
    };
    let line = |(place, line): (usize, &str)| {
        let json = |source| RunError::Json { path: path.clone(), line: Some(place + 1), source };
        serde_json::from_str(line).map_err(json)
    };
    text.lines().enumerate().map(line).collect()
}
