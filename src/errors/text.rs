//! What predictions show, as people read it: what the model cannot do first, then every table.

use super::bands::short;
use super::effects::{Band, ParameterEffect, Score, StepEffect};
use super::findings::points;
use super::{Errors, Overall, Truth, Worst};
use crate::diff::Of;
use crate::metrics::{Difference, Interval};
use crate::number::Micro;
use crate::opened::ExplainedStep;
use crate::report::{align, sparkline};
use std::collections::BTreeSet;

/// How much is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Lists are cut short, and a parameter is one line.
    Brief,
    /// Everything.
    Full,
}

/// Lines of a list that are printed in brief.
const SHOWN: usize = 10;

/// The text of it.
pub fn text(errors: &Errors, detail: Detail) -> String {
    let mut out: Vec<String> = head(errors);
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.extend([String::new(), title.to_owned()]);
            out.extend(lines.into_iter().map(|line| format!("  {line}").trim_end().to_owned()));
        }
    };
    section("what the model cannot do", findings(errors, detail));
    if errors.sets.len() > 1 {
        section("by set", sets(errors));
    }
    section("by class", classes(errors));
    section("by step, worst first", steps(errors, detail));
    section("by parameter, wrong in each tenth of the samples", parameters(errors, detail));
    section("by word", words(errors, detail));
    section("confused", confused(errors, detail));
    section("worst", errors.worst.iter().map(|worst| worst_line(errors, worst)).collect());
    out.join("\n") + "\n"
}

fn head(errors: &Errors) -> Vec<String> {
    let Errors { of, digest, predictions, overall, .. } = errors;
    let said = if errors.probabilities { "probabilities" } else { "classes" };
    let mut rows = vec![
        [of.clone(), digest.clone().unwrap_or_else(|| "not built".into())],
        ["predictions".into(), format!("{predictions}: {said}")],
        ["covered".into(), covered(errors)],
    ];
    if errors.truth == Truth::Primary {
        rows.push(["truth".into(), "the class of the source, whatever was mixed in".into()]);
    }
    rows.push(["macro F1".into(), with_interval(overall.macro_f1, overall.macro_f1_interval)]);
    let Overall { samples, wrong, documents, .. } = overall;
    rows.push([
        "accuracy".into(),
        format!(
            "{}; {wrong} of {samples} wrong, from {documents} {}",
            with_interval(overall.accuracy, overall.accuracy_interval),
            if *documents == 1 { "document" } else { "documents" }
        ),
    ]);
    align(&rows.map_rows(), &[])
}

/// Fixed rows as [`align`] takes them.
trait Rows {
    fn map_rows(self) -> Vec<Vec<String>>;
}

impl<const N: usize> Rows for Vec<[String; N]> {
    fn map_rows(self) -> Vec<Vec<String>> {
        self.into_iter().map(Vec::from).collect()
    }
}

/// Which samples were predicted: `noisy_val 942 of 942`.
pub fn covered(errors: &Errors) -> String {
    let set =
        |one: &super::SetScore| format!("{} {} of {}", one.coverage.set, one.coverage.predicted, one.coverage.samples);
    let mut text = errors.sets.iter().map(set).collect::<Vec<_>>().join(", ");
    if errors.passed_over > 0 {
        text += &format!("; {} predictions of other sets passed over", errors.passed_over);
    }
    text
}

/// `0.873 (0.851 to 0.892)`.
pub fn with_interval(value: f64, interval: Interval) -> String {
    format!("{value:.3} ({:.3} to {:.3})", interval.low, interval.high)
}

/// `−20.1 (−23.0 to −17.2)`, in hundredths.
pub fn difference(difference: Option<Difference>) -> String {
    let Some(Difference { value, low, high, .. }) = difference else { return "nothing to compare with".into() };
    format!("{} ({} to {})", points(value), points(low), points(high))
}

/// What was looked at and how much of it is more than chance.
pub fn searched(errors: &Errors) -> String {
    match (errors.comparisons, errors.findings.len()) {
        (0, _) => "no sample went through any step: nothing to compare".into(),
        (all, 0) => {
            format!("none of {all} comparisons is more than chance: nothing stands out, or there are too few documents")
        }
        (all, _) => format!("macro F1 there and elsewhere; of {all} comparisons, those that are more than chance"),
    }
}

fn findings(errors: &Errors, detail: Detail) -> Vec<String> {
    let mut lines: Vec<String> = errors.findings.iter().map(|finding| finding.text.clone()).collect();
    cut(&mut lines, detail);
    lines.push(format!("({})", searched(errors)));
    lines
}

fn cut(lines: &mut Vec<String>, detail: Detail) {
    if detail == Detail::Brief && lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(format!("and {more} more (--full)"));
    }
}

fn sets(errors: &Errors) -> Vec<String> {
    let head = ["", "samples", "macro F1", "accuracy"].map(str::to_owned);
    let row = |one: &super::SetScore| {
        let score = &one.score;
        [
            one.coverage.set.to_string(),
            score.samples.to_string(),
            with_interval(score.macro_f1, score.macro_f1_interval),
            with_interval(score.accuracy, score.accuracy_interval),
        ]
    };
    let rows: Vec<[String; 4]> = [head].into_iter().chain(errors.sets.iter().map(row)).collect();
    align(&rows.map_rows(), &[1])
}

fn classes(errors: &Errors) -> Vec<String> {
    let head = ["", "class", "samples", "precision", "recall", "F1", "mostly called instead"].map(str::to_owned);
    let row = |one: &super::ClassReport| {
        let mostly = one.mostly.as_ref().map(|(class, count)| format!("{class} {count}")).unwrap_or_default();
        let share = |value: f64| format!("{value:.3}");
        let score = &one.score;
        [
            one.number.to_string(),
            one.class.clone(),
            score.samples.to_string(),
            share(score.precision),
            share(score.recall),
            share(score.f1),
            mostly,
        ]
    };
    let rows: Vec<[String; 7]> = [head].into_iter().chain(errors.classes.iter().map(row)).collect();
    align(&rows.map_rows(), &[0, 2, 3, 4, 5])
}

/// A step's name, with the list of steps that it is of where there are two.
pub fn name(errors: &Errors, of: Of, step: &str) -> String {
    let both = errors.steps.iter().any(|one| one.of != errors.steps[0].of);
    format!("{}{step}", if both { of.prefix() } else { "" })
}

/// Steps, the one that lowers accuracy most first; those without a counterpart last.
pub fn worst_steps(errors: &Errors) -> Vec<&StepEffect> {
    let mut steps: Vec<&StepEffect> = errors.steps.iter().collect();
    let value = |step: &StepEffect| step.difference.map_or(2.0, |one| one.value);
    steps.sort_by(|a, b| value(a).total_cmp(&value(b)));
    steps
}

fn steps(errors: &Errors, detail: Detail) -> Vec<String> {
    if errors.steps.is_empty() {
        return Vec::new();
    }
    let head =
        ["", "on", "F1", "accuracy", "off", "F1", "accuracy", "accuracy on − off, points (95 %)"].map(str::to_owned);
    let score = |score: Option<Score>| match score {
        Some(score) => [score.samples.to_string(), format!("{:.3}", score.macro_f1), format!("{:.3}", score.accuracy)],
        None => ["0".into(), "–".into(), "–".into()],
    };
    let row = |step: &&StepEffect| {
        let [on, on_f1, on_accuracy] = score(Some(step.on));
        let [off, off_f1, off_accuracy] = score(step.off);
        let name = name(errors, step.of, &step.step);
        [name, on, on_f1, on_accuracy, off, off_f1, off_accuracy, difference(step.difference)]
    };
    let all = worst_steps(errors);
    let shown = if detail == Detail::Full { all.len() } else { all.len().min(2 * SHOWN) };
    let rows: Vec<[String; 8]> = [head].into_iter().chain(all[..shown].iter().map(row)).collect();
    let mut lines = align(&rows.map_rows(), &[1, 2, 3, 4, 5, 6]);
    if shown < all.len() {
        lines.push(format!("and {} more (--full)", all.len() - shown));
    }
    lines
}

/// `rotate.degrees`, `|rotate.degrees|`.
pub fn parameter_name(errors: &Errors, effect: &ParameterEffect) -> String {
    let text = format!("{}.{}", effect.step, effect.parameter);
    name(errors, effect.of, &if effect.magnitude { format!("|{text}|") } else { text })
}

/// Parameters, the one with the most spread between its tenths first.
pub fn by_spread(errors: &Errors) -> Vec<&ParameterEffect> {
    let mut all: Vec<&ParameterEffect> = errors.parameters.iter().collect();
    all.sort_by(|a, b| spread(b).total_cmp(&spread(a)).then(b.magnitude.cmp(&a.magnitude)));
    all
}

/// The lowest and the highest share of wrong samples of any band.
fn ends(effect: &ParameterEffect) -> (f64, f64) {
    let wrong = effect.bands.iter().map(|band| 1.0 - band.score.accuracy);
    (wrong.clone().fold(1.0, f64::min), wrong.fold(0.0, f64::max))
}

fn spread(effect: &ParameterEffect) -> f64 {
    let (low, high) = ends(effect);
    high - low
}

fn parameters(errors: &Errors, detail: Detail) -> Vec<String> {
    let all = by_spread(errors);
    let most = all.iter().map(|effect| ends(effect).1).fold(0.0, f64::max);
    let line = |effect: &&ParameterEffect| {
        let wrong: Vec<f64> = effect.bands.iter().map(|band| 1.0 - band.score.accuracy).collect();
        let (low, high) = ends(effect);
        let [first, last] = [effect.bands[0].low, effect.bands[effect.bands.len() - 1].high].map(short);
        let percent = format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high);
        let unit = if effect.unit.is_empty() { String::new() } else { format!(" {}", effect.unit) };
        vec![
            parameter_name(errors, effect),
            first,
            format!("[{}]", sparkline(&wrong, most)),
            format!("{last}{unit}"),
            percent,
        ]
    };
    // With and without its sign, a parameter is told once.
    let mut told = BTreeSet::new();
    let once = |effect: &&&ParameterEffect| {
        detail == Detail::Full || told.insert((effect.of, effect.step.clone(), effect.parameter.clone()))
    };
    let mut rows: Vec<Vec<String>> = all.iter().filter(once).map(line).collect();
    if detail == Detail::Brief {
        rows.truncate(2 * SHOWN);
    }
    let mut lines = align(&rows, &[1]);
    if rows.len() < all.len() {
        lines.push(format!("and {} more (--full)", all.len() - rows.len()));
    }
    if detail == Detail::Full {
        for effect in all {
            lines.extend([String::new(), parameter_name(errors, effect)]);
            lines.extend(align(&band_rows(effect), &[0, 2, 3, 4, 5]).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines
}

/// A heading and a row for each band: from, to, samples, F1, accuracy, difference.
fn band_rows(effect: &ParameterEffect) -> Vec<Vec<String>> {
    let head = ["", "", "", "samples", "F1", "accuracy", "less the others', points (95 %)"].map(str::to_owned).to_vec();
    let row = |band: &Band| {
        vec![
            short(band.low),
            "to".into(),
            short(band.high),
            band.score.samples.to_string(),
            format!("{:.3}", band.score.macro_f1),
            format!("{:.3}", band.score.accuracy),
            difference(band.difference),
        ]
    };
    [head].into_iter().chain(effect.bands.iter().map(row)).collect()
}

fn words(errors: &Errors, detail: Detail) -> Vec<String> {
    let head = ["", "", "samples", "F1", "accuracy", "less the others', points (95 %)"].map(str::to_owned).to_vec();
    let mut rows = Vec::new();
    for effect in &errors.words {
        let name = name(errors, effect.of, &format!("{}.{}", effect.step, effect.parameter));
        rows.extend(effect.words.iter().map(|word| {
            vec![
                name.clone(),
                word.word.clone(),
                word.score.samples.to_string(),
                format!("{:.3}", word.score.macro_f1),
                format!("{:.3}", word.score.accuracy),
                difference(word.difference),
            ]
        }));
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = align(&[vec![head], rows].concat(), &[2, 3, 4]);
    if detail == Detail::Brief && lines.len() > SHOWN + 1 {
        let more = lines.len() - SHOWN - 1;
        lines.truncate(SHOWN + 1);
        lines.push(format!("and {more} more (--full)"));
    }
    lines
}

fn confused(errors: &Errors, detail: Detail) -> Vec<String> {
    let row = |pair: &super::ConfusedPair| {
        let share = format!("{:.1} %", 100.0 * pair.count as f64 / pair.of.max(1) as f64);
        [pair.truth.clone(), "→".into(), pair.said.clone(), pair.count.to_string(), format!("of {}", pair.of), share]
    };
    let rows: Vec<[String; 6]> = errors.confused.iter().map(row).collect();
    let mut lines = align(&rows.map_rows(), &[3, 4, 5]);
    cut(&mut lines, detail);
    lines
}

/// A sample in a line: its key, what it is, what it was called, how sure, and what was drawn for it.
fn worst_line(errors: &Errors, worst: &Worst) -> String {
    let sure = worst.confidence.map(|sure| format!(" ({sure:.3})")).unwrap_or_default();
    // A step that is always on and always alike says nothing of this sample.
    let tells = |words: &String| errors.steps.iter().all(|step| step.step != *words || step.off.is_some());
    let steps: Vec<String> = worst.steps.iter().map(|step| step_words(errors, step)).filter(tells).collect();
    let steps = if steps.is_empty() { "no step".into() } else { steps.join(", ") };
    format!("{}  {} → {}{sure}  {} {}: {steps}", worst.key, worst.truth, worst.said, worst.path, worst.copy)
}

/// A step and those of its parameters that are not the same in every sample: `rotate degrees -120 fill white`.
fn step_words(errors: &Errors, step: &ExplainedStep) -> String {
    let varies = |name: &str| {
        let number =
            errors.parameters.iter().any(|one| one.step == step.id && one.parameter == name && differ(&one.bands));
        number || errors.words.iter().any(|one| one.step == step.id && one.parameter == name)
    };
    let settings = step.settings.iter().filter(|setting| varies(&setting.name)).map(|setting| match &setting.value {
        serde_json::Value::String(word) => format!(" {} {word}", setting.name),
        number => format!(" {} {}", setting.name, short(Micro::nearest(number.as_f64().unwrap_or(0.0)))),
    });
    let partner = step.partner.as_ref().map(|partner| {
        format!(" {:.0} % {}", 100.0 * partner.share, partner.class.as_deref().unwrap_or("of another source"))
    });
    step.id.clone() + &settings.collect::<String>() + &partner.unwrap_or_default()
}

fn differ(bands: &[Band]) -> bool {
    bands.first().map(|band| band.low) != bands.last().map(|band| band.high)
}
