//! The difference as one page: no script, no font, no file or address beside it.

use super::pictures::{Pictures, difference};
use super::text::{change, of_name, statistic, validation};
use super::{Changed, Diff, Fate, Head, Of, Shown, Spread};
use crate::pixels::EncodeError;
use crate::report::{Page, escaped, items, picture, table};
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

/// The page.
///
/// # Errors
/// When an image cannot be encoded.
pub fn page(diff: &Diff, pictures: &[Pictures]) -> Result<String, EncodeError> {
    let title = format!("{} and {}", diff.a.label, diff.b.label);
    let mut page = Page::new(&format!("{title}: difference"), &title, STYLE);
    heads(diff, &mut page);
    page.section("Recipe", &items(diff.recipe.iter().map(change), SAME));
    let revision = |number: Option<u32>| number.map_or_else(|| "not used".into(), |number| number.to_string());
    let engine = diff.engine.iter().map(|one| format!("{}: {} → {}", one.name, revision(one.a), revision(one.b)));
    page.section("Engine", &items(engine, SAME));
    page.section("Sources", &sources(diff));
    page.section("Validation", &format!("<p>{}</p>", escaped(&validation(diff))));
    page.section("Samples", &samples(diff));
    if !pictures.is_empty() {
        let figures = pictures.iter().map(figure).collect::<Result<String, _>>()?;
        page.section("Side by side", &format!("<div class=\"figures\">{figures}</div>"));
    }
    page.section("Label mass of training samples", &label_mass(diff));
    page.section("Drawn parameters", &parameters(diff));
    Ok(page.finish())
}

/// What is shown where nothing differs.
const SAME: &str = "Same.";

fn heads(diff: &Diff, page: &mut Page) {
    let row = |side: &str, head: &Head| {
        let digest = head.digest.clone().unwrap_or_else(|| "not built".into());
        vec![side.to_owned(), head.label.clone(), digest, head.samples.to_string()]
    };
    page.add(&table(&["", "version", "digest", "samples"], [row("A", &diff.a), row("B", &diff.b)].into_iter()));
    if diff.equal {
        page.add("<p><strong>Equal: every sample, label and setting is the same.</strong></p>\n");
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
            out += &format!(
                "<details{open}><summary>{count} {name}</summary>{}</details>\n",
                items(lines.into_iter(), SAME)
            );
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
    table(&["", "share", "samples", "meaning"], rows)
}

fn label_mass(diff: &Diff) -> String {
    let mass = |mass: Option<f64>| mass.map_or_else(|| "–".to_owned(), |mass| format!("{mass:.1}"));
    let rows = diff.classes.iter().map(|class| {
        let change = class.b.unwrap_or(0.0) - class.a.unwrap_or(0.0);
        vec![class.class.clone(), mass(class.a), mass(class.b), format!("{change:+.1}")]
    });
    table(&["class", "A", "B", "change"], rows)
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
        spread.words.iter().map(|word| vec![word.word.clone(), percent(word.a, in_a), percent(word.b, in_b)]),
    )
}

/// Shares of A and B, bar by bar, as one drawing of 320 by 90.
fn histogram(spread: &Spread, name: &str) -> String {
    let share = |count: u64, of: Option<super::Summary>| count as f64 / of.map_or(1, |one| one.count.max(1)) as f64;
    let most = spread.bars.iter().map(|bar| share(bar.a, spread.a).max(share(bar.b, spread.b))).fold(0.0, f64::max);
    let width = 320.0 / spread.bars.len() as f64;
    let mut bars = String::new();
    for (index, bar) in spread.bars.iter().enumerate() {
        for (side, share, offset) in [("a", share(bar.a, spread.a), 0.0), ("b", share(bar.b, spread.b), 0.5)] {
            let (height, x) = (72.0 * share / most.max(1e-12), (index as f64 + offset) * width);
            let (y, wide) = (74.0 - height, width / 2.0);
            let _ = write!(
                bars,
                "<rect class=\"{side}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{height:.1}\"/>"
            );
        }
    }
    let (low, high) = (spread.bars[0].low, spread.bars[spread.bars.len() - 1].high);
    format!(
        "<svg viewBox=\"0 0 320 90\" role=\"img\" aria-label=\"Histogram of {}\">{bars}\
         <text x=\"0\" y=\"88\">{low}</text><text x=\"320\" y=\"88\" text-anchor=\"end\">{high}</text></svg>",
        escaped(name)
    )
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
