//! `augmint score`: what the leaderboard said of a run.

use super::runs::{DEFAULT, located};
use crate::train::run::{RecordedScore, record_score, scores};
use crate::train::track;
use std::path::PathBuf;
use std::process::ExitCode;

/// Record a run's leaderboard score; `augmint runs` shows it, and what was recorded before is kept
#[derive(clap::Args, Debug)]
pub struct ScoreCommand {
    /// The run: its folder, or its name in runs
    #[arg(value_name = "RUN")]
    folder: PathBuf,
    /// The score on the public part of the test set
    #[arg(long, value_name = "SCORE", required_unless_present = "private", allow_negative_numbers = true)]
    public: Option<f64>,
    /// The score on the private part
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    private: Option<f64>,
    /// What was submitted, for people
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ScoreCommand {
    /// Records and prints.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be written.
    pub fn run(&self) -> miette::Result<ExitCode> {
        let folder = located(&self.folder);
        let score =
            RecordedScore { time: super::now(), public: self.public, private: self.private, note: self.note.clone() };
        record_score(&folder, &score)?;
        // For a tracker that is told some day.
        track::push(&folder, track::scored(&score))?;
        let all = scores(&folder)?;
        if self.json {
            super::print_json(&all)?;
            return Ok(ExitCode::SUCCESS);
        }
        let text = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {value}"));
        let said: Vec<String> =
            [text("public", score.public), text("private", score.private)].into_iter().flatten().collect();
        let before = match all.len() - 1 {
            0 => String::new(),
            1 => "; the one before is kept".into(),
            count => format!("; {count} before are kept"),
        };
        super::print(&format!("{}: {}{before}", folder.display(), said.join(", ")))?;
        let root = folder.parent().filter(|root| !root.as_os_str().is_empty());
        super::next(
            &root.map_or_else(|| format!("augmint runs {DEFAULT}"), |root| format!("augmint runs {}", root.display())),
        );
        Ok(ExitCode::SUCCESS)
    }
}
