//! `summary.html`: a run on one page.

use super::Result;
use super::curves::charts;
use super::epochs::{EpochRecord, Score};
use super::read::Run;
use crate::fs::{self, Existing};
use crate::metrics::Confusion;
use crate::report::{PAGE_STYLE, Script, data_url, document, escaped, matrix, section, table};
use std::fmt::Write as _;
use std::path::Path;

const STYLE: &str = include_str!("summary.css");

/// Confused pairs that are listed.
const PAIRS: usize = 20;

/// What the page is made of.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    /// The run, read when its epochs were over.
    pub run: &'a Run,
    /// The resolved config.
    pub config: &'a str,
    /// What the clean validation's samples were called at the best epoch, where there are any.
    pub clean: Option<&'a Confusion>,
    /// The same of the noisy validation.
    pub noisy: Option<&'a Confusion>,
    /// The samples that were most surely called wrongly, the worst first.
    pub worst: &'a [Wrong],
}

/// A sample that was called wrongly.
#[derive(Clone, PartialEq, Debug)]
pub struct Wrong {
    /// Its key.
    pub key: String,
    /// `val` or `noisy_val`.
    pub set: String,
    /// The name of its class.
    pub truth: String,
    /// The name of the class that it was called.
    pub said: String,
    /// The probability of that class, 0 to 1.
    pub probability: f64,
    /// The media type of the thumbnail, `image/jpeg` or `image/png`.
    pub media_type: &'static str,
    /// The thumbnail, some 200 pixels wide.
    pub image: Vec<u8>,
}

/// The page: one file that loads nothing.
///
/// # Panics
/// When a matrix has other classes than the run.
pub fn summary(summary: &Summary<'_>) -> String {
    let run = summary.run;
    let mut page = head(run) + &facts(run);
    let curves: String =
        charts(&run.epochs).iter().map(|chart| format!("<figure>{}</figure>\n", chart.element())).collect();
    page += &section("Curves", &format!("<div class=\"charts\">{curves}</div>\n{}", epochs(&run.epochs)));
    let sets = [("noisy validation", summary.noisy), ("clean validation", summary.clean)];
    let sets: Vec<(&str, &Confusion)> = sets.into_iter().filter_map(|(name, one)| Some((name, one?))).collect();
    if !sets.is_empty() {
        page += &section("Classes", &classes(run, summary.clean, summary.noisy));
    }
    for (place, (name, confusion)) in sets.iter().enumerate() {
        // The first one is what the run is judged by.
        let content = pairs(run, confusion) + &drawn(run, confusion);
        page += &match place {
            0 => section(&format!("Confused, {name}"), &content),
            _ => format!("<details><summary>Confused, {name}</summary>{content}</details>\n"),
        };
    }
    if !summary.worst.is_empty() {
        let cards: String = summary.worst.iter().map(card).collect();
        page += &section("Most wrong", &format!("<div class=\"cards\">{cards}</div>\n"));
    }
    page += &section("Config", &format!("<pre>{}</pre>\n", escaped(summary.config)));
    document(&format!("Run {}", run.name()), &format!("{STYLE}{PAGE_STYLE}"), Script::None, &page)
}

/// Writes the page into a run's folder, over one that is there.
///
/// # Errors
/// When it cannot be written.
pub fn write_summary(run: &Path, page: &str) -> Result<()> {
    fs::write(&run.join("summary.html"), page.as_bytes(), Existing::Replace)?;
    Ok(())
}

fn head(run: &Run) -> String {
    let Some(best) = run.best() else {
        return "<p>No epoch has ended.</p>\n".into();
    };
    let part = |name: &str, value: String, below: &str| {
        format!("<div><small>{}</small><b>{value}</b><small>{}</small></div>", escaped(name), escaped(below))
    };
    let score = |name: &str, score: &Option<Score>| {
        score.as_ref().map_or_else(String::new, |score| {
            let below = format!("accuracy {:.3}, {} samples", score.accuracy, score.samples);
            part(name, format!("{:.3}", score.macro_f1), &below)
        })
    };
    let board = |name: &str, value: Option<f64>| {
        value.map_or_else(String::new, |value| part(name, value.to_string(), "recorded"))
    };
    format!(
        "<div class=\"big\">{}{}{}{}{}</div>\n",
        score("macro F1, noisy validation", &best.noisy),
        score("macro F1, clean validation", &best.clean),
        part("best epoch", best.epoch.to_string(), &format!("of {}, step {}", run.epochs.len(), best.step)),
        board("leaderboard, public", run.public()),
        board("leaderboard, private", run.private()),
    )
}

fn facts(run: &Run) -> String {
    let info = &run.info;
    let mut rows: Vec<(&str, String)> = vec![
        ("version", format!("{} <code>{}</code>", escaped(&info.version.reference), info.version.digest)),
        (
            "validation",
            match info.version.validation {
                Some(digest) => format!("<code>{digest}</code>"),
                None => "nothing is held out".into(),
            },
        ),
    ];
    // A score stands for what it was measured on, which may be another version's validation.
    let scores = run.epochs.iter().flat_map(|one| [&one.clean, &one.noisy]).flatten();
    let mut others: Vec<_> =
        scores.map(|score| score.validation).filter(|one| Some(*one) != info.version.validation).collect();
    others.sort_unstable();
    others.dedup();
    rows.extend(others.into_iter().map(|digest| ("scores are on", format!("<code>{digest}</code>"))));
    rows.extend(info.fold.map(|fold| ("held out", fold.to_string())));
    rows.push(("model", escaped(&format!("{}, {} parameters", info.model, grouped(info.parameters)))));
    let state = match run.outcome.as_ref() {
        Some(outcome) => {
            let reason = outcome.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{}{reason}; {} steps in {}", run.state.name(), outcome.steps, duration(outcome.seconds))
        }
        None => run.state.name().into(),
    };
    rows.push(("state", escaped(&state)));
    let resumed = match run.resumed.len() {
        0 => String::new(),
        times => format!(", resumed {times} times, last {}", run.resumed[times - 1]),
    };
    rows.push(("started", escaped(&format!("{}{resumed}", info.started))));
    let (seconds, waited): (f64, f64) =
        run.epochs.iter().map(|one| (one.seconds, one.waited_seconds)).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    if seconds > 0.0 {
        let text = format!("{:.1} % of {} of training waited for data", 100.0 * waited / seconds, duration(seconds));
        rows.push(("data", text));
    }
    let git = match &info.git {
        Some(git) => format!("<code>{}</code>{}", escaped(&git.commit), if git.dirty { ", with changes" } else { "" }),
        None => "not a git checkout".into(),
    };
    rows.push(("git", git));
    let seeds: Vec<String> = info.seeds.iter().map(|(name, seed)| format!("{name} {seed}")).collect();
    rows.push(("seeds", escaped(&seeds.join(", "))));
    let [model, loader] = info.threads;
    let machine =
        format!("{}, libtorch {}, {} on {model} threads, loader on {loader}", info.program, info.libtorch, info.device);
    rows.push(("program", escaped(&machine)));
    let rows: String =
        rows.iter().map(|(name, value)| format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n")).collect();
    format!("<table class=\"facts\">{rows}</table>\n")
}

fn epochs(all: &[EpochRecord]) -> String {
    let head =
        ["epoch", "step", "learning rate", "train loss", "clean F1", "noisy F1", "seconds", "waited", "samples/s", ""];
    let f1 = |score: &Option<Score>| score.as_ref().map(|score| format!("{:.4}", score.macro_f1)).unwrap_or_default();
    let rows = all.iter().map(|one| {
        vec![
            one.epoch.to_string(),
            one.step.to_string(),
            format!("{:.3e}", one.learning_rate),
            format!("{:.4}", one.train_loss),
            f1(&one.clean),
            f1(&one.noisy),
            format!("{:.1}", one.seconds),
            format!("{:.1}", one.waited_seconds),
            format!("{:.1}", one.samples_per_second),
            if one.best { "best so far".into() } else { String::new() },
        ]
    });
    format!("<details><summary>As a table</summary>{}</details>\n", table(&head, &[0, 1, 2, 3, 4, 5, 6, 7, 8], rows))
}

fn classes(run: &Run, clean: Option<&Confusion>, noisy: Option<&Confusion>) -> String {
    let head =
        ["", "class", "label mass", "noisy F1", "precision", "recall", "samples", "clean F1", "mostly called instead"];
    let judged = noisy.or(clean);
    let rows = run.info.classes.iter().enumerate().map(|(place, class)| {
        let of = |confusion: Option<&Confusion>| confusion.map(|confusion| confusion.class(place));
        let three = |value: Option<f64>| value.map(|value| format!("{value:.3}")).unwrap_or_default();
        let (clean, noisy) = (of(clean), of(noisy));
        let one = noisy.or(clean);
        let mostly = judged.and_then(|confusion| confusion.confused().into_iter().find(|pair| pair.truth == place));
        vec![
            class.number.to_string(),
            class.name.clone(),
            format!("{:.1}", class.mass),
            three(noisy.map(|score| score.f1)),
            three(one.map(|score| score.precision)),
            three(one.map(|score| score.recall)),
            one.map(|score| score.samples.to_string()).unwrap_or_default(),
            three(clean.map(|score| score.f1)),
            mostly.map(|pair| format!("{} {}", run.info.classes[pair.said].name, pair.count)).unwrap_or_default(),
        ]
    });
    table(&head, &[0, 2, 3, 4, 5, 6, 7], rows)
}

fn pairs(run: &Run, confusion: &Confusion) -> String {
    let confused = confusion.confused();
    if confused.is_empty() {
        return "<p>None: every sample was called what it is.</p>\n".into();
    }
    let name = |class: usize| run.info.classes[class].name.clone();
    let rows = confused.iter().take(PAIRS).map(|pair| {
        let of = confusion.class(pair.truth).samples;
        let share = format!("{:.1} %", 100.0 * pair.count as f64 / of.max(1) as f64);
        vec![name(pair.truth), name(pair.said), pair.count.to_string(), of.to_string(), share]
    });
    table(&["is", "was called", "samples", "of", ""], &[2, 3, 4], rows)
}

fn drawn(run: &Run, confusion: &Confusion) -> String {
    let names: Vec<String> = run.info.classes.iter().map(|class| class.name.clone()).collect();
    let drawing = matrix(&names, confusion);
    let (width, height) = drawing.size();
    let svg = drawing.element().replacen("<svg", &format!("<svg width=\"{width:.0}\" height=\"{height:.0}\""), 1);
    format!("<div class=\"wide matrix\">{svg}</div>\n")
}

fn card(wrong: &Wrong) -> String {
    let mut card = format!(
        "<figure><img alt=\"{}\" src=\"{}\">",
        escaped(&format!("{}, called {}", wrong.truth, wrong.said)),
        data_url(wrong.media_type, &wrong.image)
    );
    let _ = writeln!(
        card,
        "<figcaption><b>{}</b> called <b class=\"wrong\">{}</b> with {:.3}<br>{} <code>{}</code></figcaption></figure>",
        escaped(&wrong.truth),
        escaped(&wrong.said),
        wrong.probability,
        escaped(&wrong.set),
        escaped(&wrong.key)
    );
    card
}

/// A number with a comma between each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 s`, `4 min 5 s`, `1 h 20 min`.
fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{epoch, info};
    use super::super::{Outcome, RecordedScore, State, Status};
    use super::*;
    use crate::digest::Digest;

    fn run() -> Run {
        let outcome = Outcome {
            status: Status::Finished,
            ended: "2026-01-01T01:00:00Z".into(),
            seconds: 3723.0,
            steps: 32,
            reason: Some("no better for <5> epochs".into()),
            best: None,
        };
        Run {
            path: "runs/docs17-001".into(),
            info: info("v1"),
            state: State::Finished,
            resumed: vec!["2026-01-01T00:30:00Z".into()],
            outcome: Some(outcome),
            epochs: vec![epoch(1, 0.5, 0.4), EpochRecord { best: true, ..epoch(2, 0.75, 0.625) }, epoch(3, 0.7, 0.6)],
            scores: vec![RecordedScore { public: Some(0.934), ..RecordedScore::default() }],
        }
    }

    #[test]
    fn a_page_has_what_the_run_was_and_loads_nothing() {
        let run = run();
        let confusion = Confusion::of(2, [(0, 0), (0, 1), (0, 1), (1, 1)]);
        let worst = [Wrong {
            key: "k1".into(),
            set: "noisy_val".into(),
            truth: "계약서".into(),
            said: "form, filled".into(),
            probability: 0.987,
            media_type: "image/png",
            image: b"\x89PNG".to_vec(),
        }];
        let page = summary(&Summary {
            run: &run,
            config: "model = \"<resnet18>\"",
            clean: Some(&confusion),
            noisy: Some(&confusion),
            worst: &worst,
        });
        for text in [
            "<b>0.625</b>",
            "<b>0.750</b>",
            "<b>0.934</b>",
            &Digest::of(b"v1").to_string(),
            &super::super::testing::validation().to_string(),
            "11,185,233 parameters",
            "finished: no better for &lt;5&gt; epochs; 32 steps in 1 h 2 min",
            "&lt;resnet18&gt;",
            "계약서 called form, filled: 2 of 3, 66.7 %",
            "with 0.987",
            "data:image/png;base64,iVBORw==",
            "2.5 % of 30.0 s of training waited for data",
        ] {
            assert!(page.contains(text), "{text} is not in {page}");
        }
        assert!(!page.contains("src=\"http") && !page.contains("<script"));
    }

    #[test]
    fn a_run_that_failed_at_once_has_a_page_too() {
        let run = Run { epochs: Vec::new(), outcome: None, state: State::Killed, ..run() };
        let page = summary(&Summary { run: &run, config: "", clean: None, noisy: None, worst: &[] });
        assert!(page.contains("No epoch has ended.") && page.contains("killed"), "{page}");
    }
}
