//! The difference as one page: no script, no font, no file or address beside it.

use super::pictures::{Picture, Pictures, difference};
use super::text::{change, of_name, statistic, validation};
use super::{Changed, Diff, Fate, Head, Of, Shown, Spread};
use crate::pixels::EncodeError;
use crate::report::{Script, document, escaped, picture, plot, section, table};
use rayon::prelude::*;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

/// The page, with these samples. `show` gives the images of one, from many threads; they are kept until that one is on
/// the page.
///
/// # Errors
/// When an image cannot be encoded.
pub fn page(
    diff: &Diff,
    chosen: Vec<Picture>,
    show: &(dyn Fn(Picture) -> Pictures + Sync),
) -> Result<String, EncodeError> {
    let title = format!("{} and {}", diff.a.label, diff.b.label);
    let mut out = String::new();
    heads(diff, &mut out);
    out += &section("Recipe", &items(diff.recipe.iter().map(change)));
    let revision = |number: Option<u32>| number.map_or_else(|| "not used".into(), |number| number.to_string());
    let engine = diff.engine.iter().map(|one| format!("{}: {} → {}", one.name, revision(one.a), revision(one.b)));
    out += &section("Engine", &items(engine));
    out += &section("Sources", &sources(diff));
    out += &section("Validation", &format!("<p>{}</p>", escaped(&validation(diff))));
    out += &section("Samples", &samples(diff));
    if !chosen.is_empty() {
        let figures = chosen.into_par_iter().map(|one| figure(&show(one))).collect::<Result<Vec<String>, _>>()?;
        out += &section("Side by side", &format!("<div class=\"figures\">{}</div>", figures.concat()));
    }
    out += &section("Label mass of training samples", &label_mass(diff));
    out += &section("Drawn parameters", &parameters(diff));
    Ok(document(&title, STYLE, Script::None, &out))
}

fn items(lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("<li>{}</li>\n", escaped(&line))).collect();
    if lines.is_empty() { "<p>Same.</p>\n".into() } else { format!("<ul>\n{lines}</ul>\n") }
}

fn heads(diff: &Diff, out: &mut String) {
    let row = |side: &str, head: &Head| {
        let digest = head.digest.clone().unwrap_or_else(|| "not built".into());
        vec![side.to_owned(), head.label.clone(), digest, head.samples.to_string()]
    };
    *out += &table(&["", "version", "digest", "samples"], &[3], [row("A", &diff.a), row("B", &diff.b)]);
    if diff.equal {
        *out += "<p><strong>Equal: every sample, label and setting is the same.</strong></p>\n";
    }
}

fn sources(diff: &Diff) -> String {
    let sources = &diff.sources;
    if sources.is_empty() {
        return format!("<p>The same {}.</p>", sources.a);
    }
    let mut out = format!("<p>{} → {}</p>\n", sources.a, sources.b);
    let shown = |one: &Shown| format!("{} ({}, {})", one.path, one.class, one.part);
    let changed = |one: &Changed| format!("{}: {} → {}", one.path, one.from, one.to);
    let mut part = |name: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let open = if lines.len() <= 12 { " open" } else { "" };
            let count = lines.len();
            out += &format!("<details{open}><summary>{count} {name}</summary>{}</details>\n", items(lines.into_iter()));
        }
    };
    part("added", sources.added.iter().map(shown).collect());
    part("removed", sources.removed.iter().map(shown).collect());
    part("relabelled", sources.relabelled.iter().map(changed).collect());
    part("in another group", sources.regrouped.iter().map(changed).collect());
    part("changed split", sources.moved.iter().map(changed).collect());
    out
}

fn samples(diff: &Diff) -> String {
    let total = diff.samples.total().max(1);
    let rows = Fate::ALL.into_iter().filter(|fate| diff.samples.of(*fate) > 0).map(|fate| {
        let count = diff.samples.of(fate);
        let percent = format!("{:.1} %", 100.0 * count as f64 / total as f64);
        vec![fate.name().to_owned(), percent, count.to_string(), fate.meaning().to_owned()]
    });
    table(&["", "share", "samples", "meaning"], &[1, 2], rows)
}

fn label_mass(diff: &Diff) -> String {
    let mass = |mass: Option<f64>| mass.map_or_else(|| "–".to_owned(), |mass| format!("{mass:.1}"));
    let rows = diff.classes.iter().map(|class| {
        let change = class.b.unwrap_or(0.0) - class.a.unwrap_or(0.0);
        vec![class.class.clone(), mass(class.a), mass(class.b), format!("{change:+.1}")]
    });
    table(&["class", "A", "B", "change"], &[1, 2, 3], rows)
}

fn parameters(diff: &Diff) -> String {
    let mut out = String::from("<p class=\"key\"><span class=\"a\">A</span> <span class=\"b\">B</span></p>\n");
    for of in [Of::Recipe, Of::Validation] {
        let spreads: Vec<&Spread> = diff.parameters.iter().filter(|spread| spread.of == of).collect();
        if spreads.is_empty() {
            continue;
        }
        let _ = write!(out, "<h3>Of {} samples</h3>\n<div class=\"spreads\">\n", of_name(of));
        for spread in spreads {
            let name = format!("{}.{}", spread.step, spread.parameter);
            let caption = format!("<figcaption><b>{}</b> {}</figcaption>", escaped(&name), escaped(&statistic(spread)));
            let drawn = if spread.bars.is_empty() { words(spread) } else { histogram(spread, &name) };
            let _ = writeln!(out, "<figure>{drawn}{caption}</figure>");
        }
        out += "</div>\n";
    }
    out
}

fn words(spread: &Spread) -> String {
    let total = |side: fn(&super::Word) -> u64| spread.words.iter().map(side).sum::<u64>().max(1) as f64;
    let (in_a, in_b) = (total(|word| word.a), total(|word| word.b));
    let percent = |count: u64, of: f64| format!("{:.1} %", 100.0 * count as f64 / of);
    table(
        &["", "A", "B"],
        &[1, 2],
        spread.words.iter().map(|word| vec![word.word.clone(), percent(word.a, in_a), percent(word.b, in_b)]),
    )
}

fn histogram(spread: &Spread, name: &str) -> String {
    let (a, b): (Vec<u64>, Vec<u64>) = spread.bars.iter().map(|bar| (bar.a, bar.b)).unzip();
    let (low, high) = (spread.bars[0].low, spread.bars[spread.bars.len() - 1].high);
    plot::histogram(name, &low.to_string(), &high.to_string(), &[&a, &b])
}

/// A and B of one sample, and their difference.
fn figure(pictures: &Pictures) -> Result<String, EncodeError> {
    let of = &pictures.picture;
    let (class, source) = (&of.class, of.source.short());
    let name = format!("{class}, source {source}, {} {}", of.role.name(), of.copy);
    let mut cells = String::new();
    for (side, image) in ["A", "B"].into_iter().zip(&pictures.images) {
        let cell = match image {
            Some(Ok(image)) => picture(image, SIDE, &format!("{name} in {side}"))?,
            Some(Err(reason)) => format!("<span class=\"none\">{}</span>", escaped(reason)),
            None => format!("<span class=\"none\">not in {side}</span>"),
        };
        let _ = write!(cells, "<div>{cell}<small>{side}</small></div>");
    }
    if let [Some(Ok(a)), Some(Ok(b))] = &pictures.images {
        let (image, mean, largest) = difference(a, b);
        let image = picture(&image, SIDE, &format!("{name}: difference"))?;
        let _ = write!(cells, "<div>{image}<small>difference: mean {mean:.2}, largest {largest} of 255</small></div>");
    }
    let key = of.b.or(of.a).map(|key| key.to_string()).unwrap_or_default();
    let fate = of.fate.name();
    Ok(format!(
        "<figure><div class=\"trio\">{cells}</div><figcaption><b>{fate}</b> {} <code>{key}</code></figcaption></figure>\n",
        escaped(&name)
    ))
}

/// The longest side of an image on the page.
const SIDE: u32 = 320;
