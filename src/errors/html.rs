//! What predictions show, as one page: plots of every parameter, and the worst samples with an image after each step.

use super::bands::short;
use super::effects::{Band, ParameterEffect, StepEffect};
use super::findings::points;
use super::text::{by_spread, covered, difference, name, parameter_name, searched, worst_steps};
use super::{Errors, Worst};
use crate::opened::{ViewError, Viewer};
use crate::pixels::{EncodeError, Image};
use crate::report::{Script, document, escaped, picture, section, stages, table};
use rayon::prelude::*;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

/// The longest side of an image on the page.
const SIDE: u32 = 180;

/// Plots of parameters that are seen at once, those with the most spread.
const FIRST: usize = 8;

/// The largest confusion matrix that is shown as one.
const LARGEST: usize = 60;

/// The page. The worst samples are shown with an image after each step, or as they are stored where sources or engine
/// are others; where that cannot be had either, with the reason.
///
/// # Errors
/// When an image cannot be encoded.
pub fn page(errors: &Errors, viewer: &Viewer<'_>) -> Result<String, EncodeError> {
    let title = format!("Errors on {}", errors.of);
    let mut page = head(errors);
    page += &section("What the model cannot do", &findings(errors));
    if !errors.steps.is_empty() {
        page += &section("Steps", &forest(errors));
    }
    if !errors.parameters.is_empty() {
        page += &section("Parameters", &parameters(errors));
    }
    if !errors.words.is_empty() {
        page += &section("Words", &words(errors));
    }
    page += &section("Classes", &classes(errors));
    page += &section("Confused", &confused(errors));
    let figures: Vec<String> =
        errors.worst.par_iter().map(|worst| figure(worst, viewer)).collect::<Result<_, EncodeError>>()?;
    if !figures.is_empty() {
        page += &section("Worst", &format!("<div class=\"figures\">{}</div>", figures.concat()));
    }
    Ok(document(&title, STYLE, Script::None, &page))
}

fn head(errors: &Errors) -> String {
    let overall = &errors.overall;
    let share = |name: &str, value: f64, interval: crate::metrics::Interval| {
        let range = format!("95 %: {:.3} to {:.3}", interval.low, interval.high);
        format!("<div><small>{name}</small><b>{value:.3}</b><small>{range}</small></div>")
    };
    let digest = errors.digest.as_deref().unwrap_or("not built");
    format!(
        "<div class=\"big\">{}{}<div><small>wrong</small><b>{}</b><small>of {} samples, {} documents</small></div></div>\n\
         <p>{} <code>{}</code></p>\n<p><code>{}</code></p>\n",
        share("macro F1", overall.macro_f1, overall.macro_f1_interval),
        share("accuracy", overall.accuracy, overall.accuracy_interval),
        overall.wrong,
        overall.samples,
        overall.documents,
        escaped(&format!("Covered: {}.", covered(errors))),
        escaped(&errors.predictions),
        escaped(digest),
    )
}

fn findings(errors: &Errors) -> String {
    let lines = errors.findings.iter().map(|finding| format!("<li>{}</li>\n", escaped(&finding.text)));
    format!(
        "<ul class=\"found\">\n{}</ul>\n<p><small>{}</small></p>\n",
        lines.collect::<String>(),
        escaped(&searched(errors))
    )
}

/// Each step's difference with its interval: a dot on a line, left of zero where the step lowers accuracy.
fn forest(errors: &Errors) -> String {
    let steps = worst_steps(errors);
    let comparable: Vec<&StepEffect> = steps.into_iter().filter(|step| step.difference.is_some()).collect();
    let differences = || comparable.iter().filter_map(|step| step.difference);
    let largest = differences().map(|one| one.value.abs()).fold(0.01, f64::max);
    let widest = differences().map(|one| one.low.abs().max(one.high.abs())).fold(0.02, f64::max);
    // A step that was nearly always on has an interval that would make all others a point.
    let reach = widest.min(2.0 * largest);
    let (left, width, line) = (190.0, 420.0, 22.0);
    let x = |value: f64| left + width / 2.0 * (1.0 + (value / reach).clamp(-1.0, 1.0));
    let height = line * comparable.len() as f64 + 24.0;
    let mut marks =
        format!("<line class=\"zero\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"0\" y2=\"{1:.0}\"/>", x(0.0), height - 18.0);
    for (index, step) in comparable.iter().enumerate() {
        let Some(one) = step.difference else { continue };
        let y = line * (index as f64 + 0.6);
        let sure = errors
            .findings
            .iter()
            .any(|found| (found.of, &found.step, &found.parameter) == (step.of, &step.step, &None));
        let _ = write!(
            marks,
            "<g{}><title>{}</title><text class=\"name\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <line class=\"range\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"/><text x=\"{:.0}\" y=\"{:.1}\">{} points</text></g>",
            if sure { " class=\"sure\"" } else { "" },
            escaped(&format!("{}: {}", step.step, difference(step.difference))),
            left - 8.0,
            y + 4.0,
            escaped(&shortened(&name(errors, step.of, &step.step))),
            x(one.low),
            x(one.high),
            x(one.value),
            left + width + 10.0,
            y + 4.0,
            points(one.value),
        );
    }
    let ends = format!(
        "<text x=\"{left:.0}\" y=\"{y:.0}\">{}</text><text x=\"{:.0}\" y=\"{y:.0}\" text-anchor=\"end\">{}</text>",
        points(-reach),
        left + width,
        points(reach),
        y = height - 4.0,
    );
    let plot = format!(
        "<p>Accuracy with the step less accuracy without it, class by class, in points, with 95 % intervals.</p>\n\
         <div class=\"wide\"><svg class=\"forest\" viewBox=\"0 0 700 {height:.0}\" role=\"img\" aria-label=\"Steps on and off\" \
         style=\"min-width: 520px\">{marks}{ends}</svg></div>\n"
    );
    let score = |score: Option<super::Score>| match score {
        Some(score) => [score.samples.to_string(), format!("{:.3}", score.macro_f1), format!("{:.3}", score.accuracy)],
        None => ["0".into(), "–".into(), "–".into()],
    };
    let rows = worst_steps(errors).into_iter().map(|step| {
        let name = vec![name(errors, step.of, &step.step)];
        [name, score(Some(step.on)).to_vec(), score(step.off).to_vec(), vec![difference(step.difference)]].concat()
    });
    let head = ["", "on", "F1", "accuracy", "off", "F1", "accuracy", "on − off, points"];
    format!("{plot}<details><summary>As a table</summary>{}</details>\n", table(&head, &[1, 2, 3, 4, 5, 6], rows))
}

/// A name that fits beside a plot.
fn shortened(name: &str) -> String {
    const MOST: usize = 26;
    match name.chars().count() > MOST {
        true => name.chars().take(MOST - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

fn parameters(errors: &Errors) -> String {
    let most = (errors.parameters.iter().flat_map(|effect| &effect.bands))
        .map(|band| 1.0 - band.score.accuracy)
        .fold(0.01, f64::max);
    let plots: Vec<String> = by_spread(errors).into_iter().map(|effect| plot(errors, effect, most)).collect();
    let (first, more) = plots.split_at(plots.len().min(FIRST));
    let more = match more.is_empty() {
        true => String::new(),
        false => format!(
            "<details><summary>{} more</summary><div class=\"plots\">{}</div></details>\n",
            more.len(),
            more.concat()
        ),
    };
    format!(
        "<p>The share of wrong samples in each tenth of a step's samples, from the smallest values to the largest; all plots \
         reach up to {:.1} %.</p>\n<div class=\"plots\">{}</div>\n{more}",
        100.0 * most,
        first.concat()
    )
}

/// Bars of 280 by 96.
fn plot(errors: &Errors, effect: &ParameterEffect, most: f64) -> String {
    let name = parameter_name(errors, effect);
    let sure = (errors.findings.iter()).any(|found| {
        (found.of, &found.step, found.parameter.as_deref())
            == (effect.of, &effect.step, Some(effect.parameter.as_str()))
    });
    let width = 280.0 / effect.bands.len() as f64;
    let mut bars = String::new();
    for (index, band) in effect.bands.iter().enumerate() {
        let Band { low, high, score, .. } = band;
        let wrong = 1.0 - score.accuracy;
        let height = 72.0 * wrong / most;
        let _ = write!(
            bars,
            "<rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
            if sure { "b" } else { "a" },
            index as f64 * width + 1.0,
            74.0 - height,
            width - 2.0,
            escaped(&format!(
                "{} to {}: {:.1} % of {} wrong, macro F1 {:.3}; {} points",
                short(*low),
                short(*high),
                100.0 * wrong,
                score.samples,
                score.macro_f1,
                difference(band.difference)
            )),
        );
    }
    let [first, last] = [effect.bands[0].low, effect.bands[effect.bands.len() - 1].high].map(short);
    format!(
        "<figure><svg viewBox=\"0 0 280 90\" role=\"img\" aria-label=\"{label}\">{bars}\
         <line class=\"grid\" x1=\"0\" x2=\"280\" y1=\"74.5\" y2=\"74.5\"/>\
         <text x=\"0\" y=\"87\">{first}</text><text x=\"280\" y=\"87\" text-anchor=\"end\">{last} {unit}</text></svg>\
         <figcaption><b>{caption}</b></figcaption></figure>\n",
        label = escaped(&format!("Wrong samples by {name}")),
        unit = escaped(effect.unit),
        caption = escaped(&name),
    )
}

fn words(errors: &Errors) -> String {
    let rows = errors.words.iter().flat_map(|effect| {
        effect.words.iter().map(|word| {
            vec![
                name(errors, effect.of, &format!("{}.{}", effect.step, effect.parameter)),
                word.word.clone(),
                word.score.samples.to_string(),
                format!("{:.3}", word.score.macro_f1),
                format!("{:.3}", word.score.accuracy),
                difference(word.difference),
            ]
        })
    });
    table(&["", "", "samples", "F1", "accuracy", "less the others', points"], &[2, 3, 4], rows)
}

fn classes(errors: &Errors) -> String {
    let rows = errors.classes.iter().map(|one| {
        vec![
            one.number.to_string(),
            one.class.clone(),
            one.score.samples.to_string(),
            format!("{:.3}", one.score.precision),
            format!("{:.3}", one.score.recall),
            format!("{:.3}", one.score.f1),
            one.mostly.as_ref().map(|(class, count)| format!("{class} {count}")).unwrap_or_default(),
        ]
    });
    table(&["", "class", "samples", "precision", "recall", "F1", "mostly called instead"], &[0, 2, 3, 4, 5], rows)
}

fn confused(errors: &Errors) -> String {
    let pairs = errors.confused.iter().take(20).map(|pair| {
        let share = format!("{:.1} %", 100.0 * pair.count as f64 / pair.of.max(1) as f64);
        vec![pair.truth.clone(), pair.said.clone(), pair.count.to_string(), pair.of.to_string(), share]
    });
    let pairs = match errors.confused.is_empty() {
        true => "<p>None: every sample was called what it is.</p>\n".to_owned(),
        false => table(&["is", "was called", "samples", "of", ""], &[2, 3, 4], pairs),
    };
    if errors.classes.len() > LARGEST {
        return pairs;
    }
    let heads: String = (errors.classes.iter())
        .map(|class| format!("<th scope=\"col\"><span>{}</span></th>", escaped(&class.class)))
        .collect();
    let mut rows = String::new();
    for (truth, (class, counts)) in errors.classes.iter().zip(&errors.confusion).enumerate() {
        let _ = write!(rows, "<tr><th scope=\"row\">{}</th>", escaped(&class.class));
        let total = counts.iter().sum::<u64>().max(1) as f64;
        for (said, count) in counts.iter().enumerate() {
            let share = 100.0 * *count as f64 / total;
            let kind = if *count == 0 {
                "never"
            } else if truth == said {
                "right"
            } else {
                "wrong"
            };
            // A mistake of a few per cent is what one looks for: it must be seen beside the diagonal.
            let strength = if truth == said { 0.6 * share } else { (4.0 * share).min(90.0) };
            let _ = write!(
                rows,
                "<td class=\"{kind}\" style=\"--share: {strength:.0}%\" title=\"{}\">{count}</td>",
                escaped(&format!("{} called {}: {share:.1} %", class.class, errors.classes[said].class))
            );
        }
        rows += "</tr>\n";
    }
    format!(
        "{pairs}<h3>All of them</h3><p>A row for each class, a column for what it was called.</p>\n<div class=\"wide\">\
         <table class=\"matrix\"><thead><tr><th></th>{heads}</tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// A wrong sample on its way from its source to what was stored.
fn figure(worst: &Worst, viewer: &Viewer<'_>) -> Result<String, EncodeError> {
    let sure = worst.confidence.map(|sure| format!(" with {sure:.3}")).unwrap_or_default();
    let (images, reason): (Vec<(Image, String)>, Option<String>) = match stages(viewer, &worst.entry, SIDE) {
        Ok(images) => (images, None),
        Err(why) => match viewer.image(&worst.entry) {
            Ok(image) => {
                let why = if let ViewError::NotDrawn { reason, .. } = why { reason } else { why.to_string() };
                (vec![(image, "stored".into())], Some(format!("only what is stored can be shown: {why}")))
            }
            Err(why) => (Vec::new(), Some(why.to_string())),
        },
    };
    let mut cells = String::new();
    for (image, caption) in &images {
        let tag = picture(image, SIDE, &format!("{} {caption}", worst.key))?;
        let _ = write!(cells, "<div>{tag}<small>{}</small></div>", escaped(caption));
    }
    let reason = reason.map(|why| format!("<span class=\"none\">{}</span>", escaped(&why))).unwrap_or_default();
    let steps: Vec<String> = worst.steps.iter().map(|step| format!("{} {}", step.id, step.text())).collect();
    Ok(format!(
        "<figure class=\"worst\"><p><b>{}</b> called <b class=\"wrong\">{}</b>{sure}</p>\
         <div class=\"strip\">{cells}</div>{reason}<figcaption>{} {} <code>{}</code><br>{}</figcaption></figure>\n",
        escaped(&worst.truth),
        escaped(&worst.said),
        escaped(&worst.path),
        escaped(&format!("({} {})", worst.set, worst.copy)),
        worst.key,
        escaped(&steps.join("; ")),
    ))
}
