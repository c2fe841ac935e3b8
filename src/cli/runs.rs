//! `augmint runs`: training runs side by side, or one of them.

use crate::report::align;
use crate::train::run::{EpochRecord, FEWEST_SCORED, Group, Listed, Run, Score, groups, runs};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// List training runs: version, clean and noisy validation, leaderboard score, and whether validation ranks as the leaderboard
///
/// Runs stand together that were validated on the same samples, the best first by noisy macro F1; scores of different
/// validation digests are never in one order. Given one run's folder, shows its epochs.
#[derive(clap::Args, Debug)]
pub struct Runs {
    /// A folder of runs, or one run
    #[arg(default_value = DEFAULT, value_name = "DIR")]
    folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where runs are, unless a command says otherwise.
pub const DEFAULT: &str = "runs";

/// The folder of a run that is named by its path, or by its name in `runs`.
pub fn located(run: &Path) -> PathBuf {
    let within = Path::new(DEFAULT).join(run);
    match !run.join("run.json").is_file() && within.join("run.json").is_file() {
        true => within,
        false => run.to_owned(),
    }
}

/// All that is known of one run.
#[derive(Serialize)]
struct Details<'a> {
    #[serde(flatten)]
    listed: &'a Listed,
    validation: &'a [crate::digest::Digest],
    info: &'a crate::train::run::RunInfo,
    resumed: &'a [String],
    outcome: &'a Option<crate::train::run::Outcome>,
    all_epochs: &'a [EpochRecord],
    scores: &'a [crate::train::run::RecordedScore],
}

impl Runs {
    /// Prints the list.
    ///
    /// # Errors
    /// When the folder cannot be listed, or the one run cannot be read.
    pub fn run(&self) -> miette::Result<ExitCode> {
        let folder = located(&self.folder);
        if folder.join("run.json").is_file() {
            return self.one(&Run::read(&folder)?);
        }
        let (runs, errors) = runs(&folder)?;
        for error in &errors {
            eprintln!("left out: {error}");
        }
        let groups = groups(&runs);
        if self.json {
            super::print_json(&groups)?;
            return Ok(ExitCode::SUCCESS);
        }
        if groups.is_empty() {
            super::print(&format!("no runs in {}", folder.display()))?;
            super::next("augmint train CONFIG.toml");
            return Ok(ExitCode::SUCCESS);
        }
        let texts: Vec<String> = groups.iter().map(text).collect();
        super::print(&texts.join("\n\n"))?;
        if groups.len() > 1 {
            eprintln!("scores of different validation digests or folds cannot be compared");
        }
        let best = &groups[0].runs[0];
        super::next(&match best.public {
            Some(_) => format!("augmint runs {}", best.path.display()),
            None => format!("augmint score {} --public SCORE", best.path.display()),
        });
        Ok(ExitCode::SUCCESS)
    }

    fn one(&self, run: &Run) -> miette::Result<ExitCode> {
        let groups = groups(std::slice::from_ref(run));
        let (group, listed) = (&groups[0], &groups[0].runs[0]);
        if self.json {
            super::print_json(&Details {
                listed,
                validation: &group.validation,
                info: &run.info,
                resumed: &run.resumed,
                outcome: &run.outcome,
                all_epochs: &run.epochs,
                scores: &run.scores,
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        super::print(&details(run, group))?;
        match run.path.join("summary.html").is_file() {
            true => super::next(&format!("open {}", run.path.join("summary.html").display())),
            false => super::next(&format!("augmint runs {}", DEFAULT)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn three(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.4}"))
}

/// As it was typed: a leaderboard's decimals are its own.
fn typed(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| value.to_string())
}

/// What the runs of a group were validated on.
fn validated(group: &Group) -> String {
    let digests: Vec<String> = group.validation.iter().map(crate::digest::Digest::short).collect();
    let on = if digests.is_empty() { "no validation".into() } else { format!("validation {}", digests.join(" and ")) };
    group.fold.as_ref().map_or_else(|| on.clone(), |fold| format!("{on}, {fold}"))
}

fn text(group: &Group) -> String {
    let heads = ["RUN", "STATE", "VERSION", "DIGEST", "MODEL", "EPOCH", "CLEAN F1", "NOISY F1", "PUBLIC", "PRIVATE"];
    let mut cells = vec![heads.map(str::to_owned).to_vec()];
    cells.extend(group.runs.iter().map(|run| {
        let epoch = run.epoch.map_or_else(|| "–".into(), |epoch| format!("{epoch} of {}", run.epochs));
        let [name, state, reference] = [run.name.as_str(), run.state.name(), &run.reference].map(str::to_owned);
        let scores = [three(run.clean), three(run.noisy), typed(run.public), typed(run.private)];
        [vec![name, state, reference, run.digest.short(), run.model.clone(), epoch], scores.to_vec()].concat()
    }));
    let correlation = match (group.noisy_with_public, group.clean_with_public) {
        (None, None) if group.scored == 0 => String::new(),
        (None, None) if group.scored < FEWEST_SCORED => {
            format!(
                "\nrank correlation with the public score: from {FEWEST_SCORED} scored runs on; {} so far",
                group.scored
            )
        }
        (noisy, clean) => {
            let text =
                |value: Option<f64>| value.map_or_else(|| "none".into(), |rho| format!("{rho:.3}").replace('-', "−"));
            format!(
                "\nrank correlation with the public score, {} runs: noisy validation {}, clean validation {}",
                group.scored,
                text(noisy),
                text(clean)
            )
        }
    };
    format!("{}\n{}{correlation}", validated(group), align(&cells, &[5, 6, 7, 8, 9]).join("\n"))
}

fn details(run: &Run, group: &Group) -> String {
    let info = &run.info;
    let listed = &group.runs[0];
    let mut facts = vec![
        ("state", run.state.name().to_owned()),
        ("version", format!("{} {}", info.version.reference, info.version.digest)),
        ("validated", validated(group)),
        ("model", format!("{}, {} parameters, {}", info.model, info.parameters, info.device)),
        ("started", info.started.clone()),
    ];
    if let Some(outcome) = &run.outcome {
        let reason = outcome.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        facts[0].1 += &reason;
        facts.push(("ended", format!("{}, {} steps in {:.0} s", outcome.ended, outcome.steps, outcome.seconds)));
    }
    if let Some(git) = &info.git {
        facts.push(("git", format!("{}{}", git.commit, if git.dirty { ", with changes" } else { "" })));
    }
    facts.extend(run.scores.iter().map(|score| {
        let note = score.note.as_ref().map(|note| format!(", {note}")).unwrap_or_default();
        ("recorded", format!("{}: public {}, private {}{note}", score.time, typed(score.public), typed(score.private)))
    }));
    let facts: Vec<Vec<String>> = facts.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    let heads =
        ["EPOCH", "STEP", "RATE", "LOSS", "CLEAN LOSS", "CLEAN F1", "NOISY LOSS", "NOISY F1", "SECONDS", "WAITED", ""];
    let mut cells = vec![heads.map(str::to_owned).to_vec()];
    let score = |score: &Option<Score>, value: fn(&Score) -> f64| three(score.as_ref().map(value));
    cells.extend(run.epochs.iter().map(|one| {
        vec![
            one.epoch.to_string(),
            one.step.to_string(),
            format!("{:.2e}", one.learning_rate),
            format!("{:.4}", one.train_loss),
            score(&one.clean, |score| score.loss),
            score(&one.clean, |score| score.macro_f1),
            score(&one.noisy, |score| score.loss),
            score(&one.noisy, |score| score.macro_f1),
            format!("{:.1}", one.seconds),
            format!("{:.1} %", 100.0 * one.waited_seconds / one.seconds.max(1e-9)),
            if listed.epoch == Some(one.epoch) { "best".into() } else { String::new() },
        ]
    }));
    let right: Vec<usize> = (0..10).collect();
    format!("{}\n\n{}", align(&facts, &[]).join("\n"), align(&cells, &right).join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::train::run::State;

    fn group(scored: usize, noisy: Option<f64>) -> Group {
        let listed = |name: &str, public| Listed {
            name: name.into(),
            path: PathBuf::from("runs").join(name),
            state: State::Finished,
            started: "2026-01-01T00:00:00Z".into(),
            reference: "docs17@v3".into(),
            digest: Digest::of(b"v3"),
            model: "resnet18".into(),
            epoch: Some(7),
            epochs: 12,
            clean: Some(0.98765),
            noisy,
            public,
            private: None,
        };
        Group {
            validation: vec![Digest::of(b"validation")],
            fold: Some("fold 0 of 5".into()),
            runs: vec![listed("docs17-002", Some(0.934)), listed("문서-001", None)],
            scored,
            noisy_with_public: (scored >= FEWEST_SCORED).then_some(-0.9),
            clean_with_public: None,
        }
    }

    #[test]
    fn a_list_says_what_it_is_measured_on() {
        let digest = Digest::of(b"v3").short();
        assert_eq!(
            text(&group(1, None)),
            format!(
                "validation {}, fold 0 of 5\n\
                 RUN         STATE     VERSION    DIGEST        MODEL       EPOCH  CLEAN F1  NOISY F1  PUBLIC  PRIVATE\n\
                 docs17-002  finished  docs17@v3  {digest}  resnet18  7 of 12    0.9877         –   0.934        –\n\
                 문서-001    finished  docs17@v3  {digest}  resnet18  7 of 12    0.9877         –       –        –\n\
                 rank correlation with the public score: from 5 scored runs on; 1 so far",
                Digest::of(b"validation").short()
            )
        );
        let text = text(&group(6, Some(0.5)));
        assert!(text.ends_with("6 runs: noisy validation −0.900, clean validation none"), "{text}");
    }
}
