//! What stands above the gallery: what the version is, and its samples in numbers and distributions, as HTML.

use super::index::list;
use super::{Index, StepColumn};
use crate::diff::Of;
use crate::manifest::Entry;
use crate::opened::Opened;
use crate::report::{escaped, plot, section, table};
use std::fmt::Write as _;

/// Bins of a histogram.
const BINS: usize = 32;

/// The overview of all samples of a version; `index` is that of `entries`.
pub fn overview(opened: &Opened, entries: &[Entry], index: &Index) -> String {
    let mut out = head(opened, entries);
    out += &section("Classes and splits", &counts(index));
    out += &section("Sources", &sources(opened));
    out += &section("Steps", &steps(entries, &index.steps));
    out += &section("Drawn parameters", &parameters(&index.steps));
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

/// How often each step was on, of the samples that go through its list.
fn steps(entries: &[Entry], columns: &[StepColumn]) -> String {
    let through = |of: Of| entries.iter().filter(move |entry| list(entry.role) == Some(of));
    let percent = |count: usize, of: Of| format!("{:.1} %", 100.0 * count as f64 / through(of).count().max(1) as f64);
    let mut said = String::new();
    for (of, name) in [(Of::Recipe, "training copies"), (Of::Validation, "noisy validation samples")] {
        let count = through(of).count();
        if count == 0 {
            continue;
        }
        let on: usize = through(of).map(|entry| entry.steps.len()).sum();
        let untouched = through(of).filter(|entry| entry.steps.is_empty()).count();
        let _ = writeln!(
            said,
            "<p>{count} {name} go through steps: {:.2} are on for one on the average, and {} of them are \
             untouched.</p>",
            on as f64 / count as f64,
            percent(untouched, of)
        );
    }
    let rows = columns.iter().map(|step| {
        let count = step.on.len();
        vec![step.named(&step.id), step.op.clone(), count.to_string(), percent(count, step.of)]
    });
    said + &table(&["step", "op", "samples", "share"], &[2, 3], rows)
}

fn parameters(columns: &[StepColumn]) -> String {
    let all = columns.iter().flat_map(|step| step.params.iter().map(move |param| (step, param)));
    spreads(all.map(|(step, param)| {
        let name = step.named(&format!("{}.{}", step.id, param.name));
        (name, param.unit.to_owned(), param.floats().collect())
    }))
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
    use super::super::index::{Known, steps};
    use crate::manifest::{Entry, sample};
    use crate::seed::Role;

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, -180.0, 0.033_333, 12_345.678, 2.5].map(super::short);
        assert_eq!(texts, ["0", "-180", "0.03333", "12346", "2.5"]);
    }

    #[test]
    fn a_share_is_one_of_the_samples_that_go_through_the_list() {
        let roles = [(Role::Original, 10), (Role::Train, 90), (Role::Val, 15), (Role::NoisyVal, 30)];
        let roles = roles.into_iter().flat_map(|(role, count)| std::iter::repeat_n(role, count));
        let mut entries: Vec<Entry> = (0..).zip(roles).map(|(number, role)| Entry { role, ..sample(number) }).collect();
        // Of the training copies 72 have the step, of the noisy validation samples 10, and nothing else has any.
        for (number, entry) in entries.iter_mut().enumerate() {
            if !matches!(number, 10..82 | 115..125) {
                entry.steps.clear();
            }
        }
        let html = super::steps(&entries, &steps(&Known::new(), &entries));
        for (name, count, share) in [("noise", 72, "80.0 %"), ("noise (noisy validation)", 10, "33.3 %")] {
            let row =
                format!("<td>{name}</td><td></td><td class=\"number\">{count}</td><td class=\"number\">{share}</td>");
            assert!(html.contains(&row), "{row} is not in {html}");
        }
        let said = "90 training copies go through steps: 0.80 are on for one on the average, and 20.0 % of them";
        assert!(html.contains(said) && html.contains("30 noisy validation samples go through"), "{html}");
    }
}
