//! What was found, as people read it on a terminal.

use super::{Compared, Eda, Shape, Survey};
use crate::statistics::{Measure, Summary};
use std::fmt::Write as _;

/// Files that are named before the rest is counted.
const SHOWN: usize = 8;
/// Cells of the longest bar.
const BAR: usize = 24;

/// The text: what was measured, classes, shapes, measures, three sentences, and steps to paste into a recipe.
pub fn text(eda: &Eda) -> String {
    let mut out = format!("sources  {}\n", amount(&eda.sources));
    if let Some(target) = &eda.against {
        let _ = writeln!(out, "target   {}", amount(target));
    }
    left_out(eda, &mut out);
    repeated(eda, &mut out);
    classes(eda, &mut out);
    shapes(eda, &mut out);
    measures(eda, &mut out);
    let advice = &eda.advice;
    let _ = write!(out, "\n1. {}\n2. {}\n3. {}\n", advice.loss, advice.input, advice.ops);
    for step in &advice.steps {
        let _ = write!(out, "\n# {}\n{}", step.because, step.toml);
    }
    out
}

/// "docs17/train: 1570 images, 400 of them measured".
pub(super) fn amount(survey: &Survey) -> String {
    let Survey { root, listed, measured, .. } = survey;
    let part = if measured == listed { String::new() } else { format!(", {measured} of them measured") };
    format!("{}: {listed} images{part}", root.display())
}

fn left_out(eda: &Eda, out: &mut String) {
    for survey in [Some(&eda.sources), eda.against.as_ref()].into_iter().flatten() {
        let files = &survey.left_out;
        if files.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\nleft out of {}: {}", survey.root.display(), files.len());
        for file in files.iter().take(SHOWN) {
            let _ = writeln!(out, "  {file}");
        }
        if files.len() > SHOWN {
            let _ = writeln!(out, "  and {} more (--json has all)", files.len() - SHOWN);
        }
    }
}

fn repeated(eda: &Eda, out: &mut String) {
    for line in repeated_lines(eda) {
        let _ = writeln!(out, "{line}");
    }
}

/// What is not independent of something else, a line for each kind.
pub(super) fn repeated_lines(eda: &Eda) -> Vec<String> {
    let repeated = &eda.repeated;
    let mut lines = Vec::new();
    if repeated.equal > 0 {
        lines.push(format!(
            "repeated: {} sources lie in several files of equal bytes; each counts once",
            repeated.equal
        ));
    }
    if repeated.alike > 0 {
        lines.push(format!(
            "repeated: {} groups of sources look alike (`augmint plan` lists them); a split keeps each together",
            repeated.alike
        ));
    }
    if let Some((path, source)) = repeated.in_target.first() {
        let count = repeated.in_target.len();
        lines.push(format!(
            "leak: {count} target images are sources, byte for byte (first: {path} = {source}); a score on them says nothing"
        ));
    }
    lines
}

fn classes(eda: &Eda, out: &mut String) {
    let classes = &eda.classes;
    let _ = writeln!(out, "\nclasses: {}, imbalance ratio {:.1}", classes.counts.len(), classes.imbalance);
    let most = classes.counts.iter().map(|count| count.images).max().unwrap_or(1).max(1);
    let rows = classes.counts.iter().map(|count| {
        let bar = "█".repeat((count.images * BAR).div_ceil(most));
        vec![count.class.clone(), count.images.to_string(), format!("{} documents", count.groups), bar]
    });
    columns(out, &[1], rows.collect());
}

fn shapes(eda: &Eda, out: &mut String) {
    out.push_str("\nshapes\n");
    let rows = shape_rows(&eda.shapes.sources, eda.shapes.against.as_ref());
    columns(out, &[], std::iter::once(head(eda)).chain(rows).collect());
    if let Some(line) = swapped_line(eda) {
        let _ = writeln!(out, "  {line}");
    }
}

fn head(eda: &Eda) -> Vec<String> {
    let target = eda.against.as_ref().map(|_| "target".to_owned());
    [String::new(), "sources".into()].into_iter().chain(target).collect()
}

pub(super) fn swapped_line(eda: &Eda) -> Option<String> {
    let swapped = eda.shapes.swapped?;
    Some(format!(
        "{:.0} % of the target have their sides swapped, if its classes are mixed as the sources'",
        100.0 * swapped
    ))
}

/// Longest side, aspect, orientation and the commonest size, of one or two sets.
pub(super) fn shape_rows(sources: &Shape, target: Option<&Shape>) -> Vec<Vec<String>> {
    let row = |name: &str, each: &dyn Fn(&Shape) -> String| {
        [name.to_owned(), each(sources)].into_iter().chain(target.map(each)).collect()
    };
    let range = |summary: &Summary, decimals: usize| {
        let Summary { median, q05, q95, .. } = summary;
        format!("{median:.decimals$} ({q05:.decimals$} to {q95:.decimals$})")
    };
    let share = |count: usize, shape: &Shape| {
        let all = (shape.upright + shape.lying + shape.square).max(1);
        format!("{:.0} %", 100.0 * count as f64 / all as f64)
    };
    let common = |shape: &Shape| {
        shape.sizes.iter().take(3).map(|[w, h, count]| format!("{w}×{h} ({count})")).collect::<Vec<_>>().join(", ")
    };
    vec![
        row("longer side, px", &|shape| range(&shape.longest, 0)),
        row("aspect", &|shape| range(&shape.aspect, 2)),
        row("higher than wide", &|shape| share(shape.upright, shape)),
        row("wider than high", &|shape| share(shape.lying, shape)),
        row("square", &|shape| share(shape.square, shape)),
        row("commonest", &|shape| common(shape)),
    ]
}

fn measures(eda: &Eda, out: &mut String) {
    out.push_str("\nmeasures (mean ± standard deviation)\n");
    let shift = eda.against.as_ref().map(|_| "the target is".to_owned());
    let title: Vec<String> = head(eda).into_iter().chain(shift).collect();
    columns(out, &[], std::iter::once(title).chain(eda.measures.iter().map(|one| measure_row(one, eda))).collect());
    for line in measure_lines(eda) {
        let _ = writeln!(out, "  {line}");
    }
}

/// What the measures need beside them to be read right.
pub(super) fn measure_lines(eda: &Eda) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        eda.noisy.map(|noisy| format!("{:.0} % of the target are noisier than 95 % of the sources", 100.0 * noisy)),
    );
    let side = |survey: &Survey| survey.longest_side();
    if let Some((here, there)) = eda.against.as_ref().map(|target| (side(&eda.sources), side(target)))
        && f64::from(here.abs_diff(there)) > 0.1 * f64::from(here)
    {
        lines.push(format!(
            "sharpness, noise and stroke are of pixels, and the longer sides are {here} px and {there} px: part of their \
             shift is the size"
        ));
    }
    lines
}

fn measure_row(one: &Compared, eda: &Eda) -> Vec<String> {
    let mut row = vec![format!("{}, {}", one.measure, one.unit), spread(one, one.sources.as_ref())];
    if eda.against.is_some() {
        row.push(spread(one, one.against.as_ref()));
        row.push(one.words.clone().unwrap_or_default());
    }
    row
}

/// "201.7 ± 48.7", and of how many where not all gave a value.
pub(super) fn spread(one: &Compared, summary: Option<&Summary>) -> String {
    match (summary, Measure::named(one.measure)) {
        (Some(summary), Some(measure)) => {
            format!("{} ± {}", measure.number(summary.mean), measure.number(summary.sd))
        }
        _ => "none".into(),
    }
}

/// Rows with columns of equal width, but for the last; those of `right` columns stand to the right.
fn columns(out: &mut String, right: &[usize], rows: Vec<Vec<String>>) {
    let width = |text: &str| text.chars().map(wide).sum::<usize>();
    let most = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0);
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let gap = " ".repeat(most(column) - width(cell));
            let cell = if right.contains(&column) { format!("{gap}{cell}") } else { format!("{cell}{gap}") };
            let _ = write!(line, "  {cell}");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// Cells of a terminal: Hangul, kana and Chinese characters take two.
fn wide(character: char) -> usize {
    let double = ['\u{1100}'..='\u{115f}', '\u{2e80}'..='\u{a4cf}', '\u{ac00}'..='\u{d7a3}', '\u{f900}'..='\u{faff}'];
    if double.iter().any(|range| range.contains(&character)) || ('\u{ff00}'..='\u{ff60}').contains(&character) {
        2
    } else {
        1
    }
}
