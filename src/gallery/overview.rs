//! What stands above the gallery: what the version is, and its samples in numbers and distributions, as HTML.

use super::Index;
use crate::manifest::Entry;
use crate::opened::Opened;
use crate::report::{escaped, plot, section, table};
use crate::seed::Role;
use std::fmt::Write as _;

/// Bins of a histogram.
const BINS: usize = 32;

/// The overview of all samples of a version; `index` is that of `entries`.
pub fn overview(opened: &Opened, entries: &[Entry], index: &Index) -> String {
    let mut out = head(opened, entries);
    out += &section("Classes and splits", &counts(index));
    out += &section("Sources", &sources(opened));
    out += &section("Steps", &steps(entries, index));
    out += &section("Drawn parameters", &parameters(index));
    let recipe = opened.record().map(|record| record.recipe.text.0.clone());
    if let Some(text) = recipe {
        let text = escaped(&text);
        out += &section("Recipe", &format!("<details><summary>as it was written</summary><pre>{text}</pre></details>"));
    }
    out
}

fn head(opened: &Opened, entries: &[Entry]) -> String {
    let mut rows = vec![vec!["digest".to_owned(), "not built".to_owned()]];
    if let Some(record) = opened.record() {
        rows[0][1] = record.digest.to_string();
        rows.extend(record.message.iter().map(|message| vec!["message".into(), message.clone()]));
        rows.extend(record.validation.iter().map(|held| vec!["validation".into(), held.digest.to_string()]));
    }
    rows.push(vec!["samples".into(), entries.len().to_string()]);
    rows.push(vec!["sources".into(), opened.plan().sources().len().to_string()]);
    table(&["", ""], &[], rows)
}

/// Samples of each class and set, with a bar for the first set, which is the training set where there is one.
fn counts(index: &Index) -> String {
    let mut counts = vec![vec![0u64; index.sets.len()]; index.classes.len()];
    for (class, set) in index.class.iter().zip(&index.set) {
        counts[*class as usize][*set as usize] += 1;
    }
    let most = counts.iter().map(|row| row.iter().sum::<u64>()).max().unwrap_or(1).max(1);
    let head: String = index.sets.iter().map(|set| format!("<th class=\"number\">{}</th>", escaped(set))).collect();
    let row = |(name, row): (&String, &Vec<u64>)| {
        let cells: String = row.iter().map(|count| format!("<td class=\"number\">{count}</td>")).collect();
        let width = 100.0 * row.iter().sum::<u64>() as f64 / most as f64;
        format!(
            "<tr><td>{}</td>{cells}<td class=\"bar\"><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><rect class=\"a\" width=\"{width:.1}\" height=\"10\"/></svg></td></tr>\n",
            escaped(name)
        )
    };
    let rows: String = index.classes.iter().zip(&counts).map(row).collect();
    format!("<div class=\"wide\"><table class=\"counts\"><tr><th></th>{head}<th></th></tr>\n{rows}</table></div>\n")
}

fn sources(opened: &Opened) -> String {
    let sizes: Vec<(f64, f64)> = (opened.plan().sources().iter())
        .map(|source| (f64::from(source.size.width), f64::from(source.size.height)))
        .collect();
    let longest = sizes.iter().map(|(width, height)| width.max(*height)).collect();
    let aspect = sizes.iter().map(|(width, height)| width / height).collect();
    spreads([
        ("longest side".to_owned(), "px".to_owned(), longest),
        ("aspect".to_owned(), "width / height".to_owned(), aspect),
    ])
}

fn steps(entries: &[Entry], index: &Index) -> String {
    let through = entries.iter().filter(|entry| matches!(entry.role, Role::Train | Role::NoisyVal)).count().max(1);
    let on: usize = entries.iter().map(|entry| entry.steps.len()).sum();
    let applies = |entry: &&Entry| matches!(entry.role, Role::Train | Role::NoisyVal);
    let untouched = entries.iter().filter(applies).filter(|entry| entry.steps.is_empty()).count();
    let percent = |count: usize| format!("{:.1} %", 100.0 * count as f64 / through as f64);
    let said = format!(
        "<p>{through} samples go through steps: {:.2} are on for one on the average, and {} of them are untouched.</p>\n",
        on as f64 / through as f64,
        percent(untouched)
    );
    let rows = index
        .steps
        .iter()
        .map(|step| vec![step.id.clone(), step.op.clone(), step.on.len().to_string(), percent(step.on.len())]);
    said + &table(&["step", "op", "samples", "share"], &[2, 3], rows)
}

fn parameters(index: &Index) -> String {
    let all = index.steps.iter().flat_map(|step| step.params.iter().map(move |param| (step, param)));
    spreads(
        all.map(|(step, param)| {
            (format!("{}.{}", step.id, param.name), param.unit.to_owned(), param.floats().collect())
        }),
    )
}

/// A histogram of each: name, unit, values. What has one value alone is said in words.
fn spreads(all: impl IntoIterator<Item = (String, String, Vec<f64>)>) -> String {
    let (mut drawn, mut constant) = (String::new(), Vec::new());
    for (name, unit, values) in all {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if values.is_empty() || low == high {
            constant.extend(values.first().map(|value| format!("{name} {value}")));
            continue;
        }
        let counts = plot::counts(values.iter().copied(), low, high, BINS);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let plot = plot::histogram(&name, &short(low), &short(high), &[&counts]);
        let _ = writeln!(
            drawn,
            "<figure>{plot}<figcaption><b>{}</b> {}, mean {}, {} values</figcaption></figure>",
            escaped(&name),
            escaped(&unit),
            short(mean),
            values.len()
        );
    }
    let constant = match constant.is_empty() {
        true => String::new(),
        false => format!("<p>Always: {}.</p>\n", escaped(&constant.join(", "))),
    };
    format!("<div class=\"spreads\">\n{drawn}</div>\n{constant}")
}

/// Four significant digits at most.
fn short(value: f64) -> String {
    let digits = 3 - libm::log10(value.abs().max(1e-9)).floor() as i32;
    let text = format!("{value:.*}", digits.clamp(0, 6) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_short() {
        let texts = [0.0, -180.0, 0.033_333, 12_345.678, 2.5].map(super::short);
        assert_eq!(texts, ["0", "-180", "0.03333", "12346", "2.5"]);
    }
}
