//! A difference as people read it: what fits on a screen first, then every drawn parameter.

use super::{Change, Changed, Diff, Fate, Head, Held, Of, Shown, Spread, StepShare};
use crate::report;
use crate::store::ByteSize;
use serde_json::Value;
use std::fmt::Write as _;

/// How much is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Lists are cut short, and what is the same on both sides is only counted.
    Brief,
    /// Everything.
    Full,
}

/// Lines of a list that are printed in brief.
const SHOWN: usize = 8;

/// The text of a difference.
pub fn text(diff: &Diff, detail: Detail) -> String {
    let mut out = String::new();
    let mut line = |text: &str| out += &format!("{}\n", text.trim_end());
    heads(diff, &mut line);
    if diff.equal {
        line("\nequal: every sample, label and setting is the same");
        if detail == Detail::Brief {
            return out;
        }
    }
    line("\nrecipe");
    list(&mut line, diff.recipe.iter().map(change), detail, "same");
    line("\nengine");
    let revision = |number: Option<u32>| number.map_or_else(|| "not used".into(), |number| number.to_string());
    let engine = diff.engine.iter().map(|one| format!("{}: {} → {}", one.name, revision(one.a), revision(one.b)));
    list(&mut line, engine, detail, "same");
    sources(diff, detail, &mut line);
    line("\nvalidation");
    line(&format!("  {}", validation(diff)));
    samples(diff, detail, &mut line);
    label_mass(diff, detail, &mut line);
    steps(diff, detail, &mut line);
    parameters(diff, detail, &mut line);
    out
}

fn heads(diff: &Diff, line: &mut dyn FnMut(&str)) {
    for (side, head) in [("A", &diff.a), ("B", &diff.b)] {
        let digest = head.digest.as_deref().unwrap_or("not built");
        let bytes = head.bytes.map(|bytes| format!(", {}", ByteSize(bytes))).unwrap_or_default();
        line(&format!("{side}  {}  {digest}  {} samples{bytes}", head.label, head.samples));
    }
    for (side, head) in [("A", &diff.a), ("B", &diff.b)] {
        if head.digest.is_some() && !head.rendered {
            line(&format!("   {side} has no manifest in the store: its samples are drawn from its record"));
        }
    }
    if diff.a.name != diff.b.name {
        line(&format!("   two datasets: {} and {}", diff.a.name, diff.b.name));
    }
}

fn list(line: &mut dyn FnMut(&str), items: impl Iterator<Item = String>, detail: Detail, none: &str) {
    let items: Vec<String> = items.collect();
    let shown = if detail == Detail::Full { items.len() } else { SHOWN.max(2) };
    for item in items.iter().take(shown) {
        line(&format!("  {item}"));
    }
    if items.len() > shown {
        line(&format!("  and {} more (--full)", items.len() - shown));
    }
    if items.is_empty() {
        line(&format!("  {none}"));
    }
}

/// One difference of meaning in a line.
pub(super) fn change(change: &Change) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), law);
    match change {
        Change::Setting { of, path, from, to } => format!("~ {}{path}: {} → {}", of.prefix(), value(from), value(to)),
        Change::StepAdded { of, id, place, step } => {
            format!("+ {}{id}, as step {place}: {}", of.prefix(), summary(step))
        }
        Change::StepRemoved { of, id, place, step } => {
            format!("- {}{id}, was step {place}: {}", of.prefix(), summary(step))
        }
        Change::StepMoved { of, id, from, to } => format!("> {}{id}: step {from} → {to}", of.prefix()),
        Change::StepChanged { of, id, what, from, to } => {
            format!("~ {}{id}.{what}: {} → {}", of.prefix(), value(from), value(to))
        }
    }
}

/// A value as a recipe would have it.
fn law(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(law).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            // Weights that are all the same are what a recipe leaves out.
            let plain = |key: &str, value: &Value| {
                key == "weights" && value.as_array().is_some_and(|all| all.windows(2).all(|two| two[0] == two[1]))
            };
            let fields = fields.iter().filter(|(key, value)| !plain(key, value));
            let fields: Vec<_> = fields.map(|(key, value)| format!("{key} = {}", law(value))).collect();
            if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) }
        }
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// A step in a few words: its op with what is drawn, and its chance.
fn summary(step: &Value) -> String {
    let chance = match step.get("chance").and_then(Value::as_f64) {
        Some(1.0) | None => String::new(),
        Some(chance) => format!(", chance {chance}"),
    };
    if let Some(name) = step.pointer("/op/name").and_then(Value::as_str) {
        let params = step.pointer("/op/params").map_or_else(String::new, law);
        return format!("{name} = {params}{chance}");
    }
    let nested = ["all", "branches"].into_iter().find_map(|key| step.get(key)?.as_array());
    let ids = nested.into_iter().flatten().filter_map(|step| step.get("id")?.as_str());
    let kind = if step.get("branches").is_some() { "some of" } else { "all of" };
    format!("{kind} {}{chance}", ids.collect::<Vec<_>>().join(", "))
}

fn sources(diff: &Diff, detail: Detail, line: &mut dyn FnMut(&str)) {
    let sources = &diff.sources;
    line("\nsources");
    if sources.is_empty() {
        line(&format!("  same {}", sources.a));
        return;
    }
    line(&format!("  {} → {}", sources.a, sources.b));
    let shown = |shown: &Shown| format!("  {} ({}, {})  {}", shown.path, shown.class, shown.part, shown.digest.short());
    let changed = |one: &Changed| format!("  {}: {} → {}  {}", one.path, one.from, one.to, one.digest.short());
    let mut section = |name: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            line(&format!("  {} {name}", lines.len()));
            list(line, lines.into_iter(), detail, "");
        }
    };
    section("added", sources.added.iter().map(shown).collect());
    section("removed", sources.removed.iter().map(shown).collect());
    section("relabelled", sources.relabelled.iter().map(changed).collect());
    section("in another group", sources.regrouped.iter().map(changed).collect());
    section("changed split", sources.moved.iter().map(changed).collect());
}

/// What can be said of the held-out samples, in a sentence.
pub(super) fn validation(diff: &Diff) -> String {
    let digest = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "not built".into());
    let (a, b) = (digest(&diff.validation.a), digest(&diff.validation.b));
    match diff.validation.state {
        Held::Same if a == b => format!("same {a}"),
        Held::Same => format!("same, as far as can be told before it is built ({a}, {b})"),
        Held::Different => format!("different: scores cannot be compared ({a} → {b})"),
        Held::OnlyA => "only A holds sources out: scores cannot be compared".into(),
        Held::OnlyB => "only B holds sources out: scores cannot be compared".into(),
        Held::Neither => "neither holds sources out".into(),
    }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn samples(diff: &Diff, detail: Detail, line: &mut dyn FnMut(&str)) {
    let total = diff.samples.total();
    line("\nsamples");
    let rows = Fate::ALL.into_iter().filter(|fate| diff.samples.of(*fate) > 0).map(|fate| {
        let count = diff.samples.of(fate);
        vec![format!("  {}", fate.name()), percent(count, total), count.to_string(), fate.meaning().to_owned()]
    });
    align(&rows.collect::<Vec<_>>(), &[1, 2], line);
    if detail == Detail::Full {
        let rows = diff.samples_by_role.iter().map(|(role, fates)| {
            let all = Fate::ALL.into_iter().filter(|fate| fates.of(*fate) > 0);
            let parts = all.map(|fate| format!("{} {}", fates.of(fate), fate.name()));
            vec![format!("  {}", role.name()), fates.total().to_string(), parts.collect::<Vec<_>>().join(", ")]
        });
        align(&rows.collect::<Vec<_>>(), &[1], line);
    }
    if !(diff.a.rendered && diff.b.rendered) {
        line(&format!("  by what decides the pixels, as {}", unread([&diff.a, &diff.b])));
    }
}

/// Why the pixels of two sides, one of which at least was not read from a manifest, are not known.
fn unread(sides: [&Head; 2]) -> &'static str {
    let count = |is: fn(&Head) -> bool| sides.into_iter().filter(|head| is(head)).count();
    match (count(|head| head.digest.is_none()), count(|head| !head.rendered)) {
        (0, 1) => "one side has no manifest here",
        (0, _) => "neither side has a manifest here",
        (1, _) => "one side is not built",
        _ => "neither side is built",
    }
}

fn label_mass(diff: &Diff, detail: Detail, line: &mut dyn FnMut(&str)) {
    line("\nlabel mass of training samples");
    let differs = |a: Option<f64>, b: Option<f64>| a != b;
    let all = diff.classes.len();
    let mut shown: Vec<_> = diff.classes.iter().collect();
    if detail == Detail::Brief {
        shown.retain(|class| differs(class.a, class.b) || class.number_a != class.number_b);
    }
    let mass = |mass: Option<f64>| mass.map_or_else(|| "-".to_owned(), |mass| format!("{mass:.1}"));
    let rows: Vec<_> = (shown.iter())
        .map(|class| {
            let change = class.b.unwrap_or(0.0) - class.a.unwrap_or(0.0);
            let mut row =
                vec![format!("  {}", class.class), mass(class.a), "→".into(), mass(class.b), format!("{change:+.1}")];
            if class.number_a != class.number_b {
                let number =
                    |number: Option<u32>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
                row.push(format!("number {} → {}", number(class.number_a), number(class.number_b)));
            }
            row
        })
        .collect();
    align(&rows, &[1, 3, 4], line);
    if rows.len() < all {
        line(&format!(
            "  same for {}{} classes",
            if rows.is_empty() { "all " } else { "the other " },
            all - rows.len()
        ));
    }
}

fn steps(diff: &Diff, detail: Detail, line: &mut dyn FnMut(&str)) {
    let row = |share: &StepShare| {
        let [a, b] = [share.a, share.b].map(|[on, of]| percent(on, of));
        // What rounds to the same says nothing.
        let shown = detail == Detail::Full || a != b;
        shown.then(|| vec![format!("  {}{}", share.of.prefix(), share.step), a, "→".into(), b])
    };
    let rows: Vec<_> = diff.steps.iter().filter_map(row).collect();
    line("\nsteps, in how many of the samples that go through them");
    align(&rows, &[1, 3], line);
    if rows.len() < diff.steps.len() {
        let other = if rows.is_empty() { "all" } else { "the other" };
        line(&format!("  same for {other} {}", diff.steps.len() - rows.len()));
    }
}

fn parameters(diff: &Diff, detail: Detail, line: &mut dyn FnMut(&str)) {
    line("\ndrawn parameters");
    let mut shown: Vec<&Spread> =
        diff.parameters.iter().filter(|one| detail == Detail::Full || one.differs()).collect();
    let same = diff.parameters.len() - shown.len();
    // The farthest apart first; what only one side has before all.
    shown.sort_by(|a, b| b.distance.unwrap_or(2.0).total_cmp(&a.distance.unwrap_or(2.0)));
    // What chance alone may have done to equal laws is counted.
    let near = |spread: &Spread| match (spread.p, spread.distance) {
        (Some(p), _) => p > 0.01,
        (None, distance) => distance.is_some_and(|distance| distance < 0.01),
    };
    let (far, near): (Vec<&Spread>, Vec<&Spread>) =
        shown.iter().partition(|spread| detail == Detail::Full || !near(spread));
    far.iter().for_each(|spread| parameter(spread, line));
    if !near.is_empty() {
        line(&format!("  no more than chance may do for {} (--full lists them)", near.len()));
    }
    if same > 0 {
        let other = if shown.is_empty() { "all" } else { "the other" };
        line(&format!("  same for {other} {same}"));
    }
    if diff.parameters.is_empty() {
        line("  none");
    }
}

fn parameter(spread: &Spread, line: &mut dyn FnMut(&str)) {
    line(&format!("  {}  {}", spread.name(), statistic(spread)));
    let sides = [("A", spread.a, 0), ("B", spread.b, 1)];
    for (side, summary, index) in sides {
        let Some(summary) = summary else {
            line(&format!("    {side} {:>8}  never drawn", 0));
            continue;
        };
        let drawn = if spread.bars.is_empty() {
            words(spread, index)
        } else {
            let counts: Vec<f64> = spread.bars.iter().map(|bar| [bar.a, bar.b][index] as f64).collect();
            let most = counts.iter().copied().fold(0.0, f64::max);
            let (min, max) = (summary.min, summary.max);
            format!("{}  {min} to {max}, mean {:.4}", report::sparkline(&counts, most), summary.mean)
        };
        line(&format!("    {side} {:>8}  {drawn}", summary.count));
    }
    if let (Some(first), Some(last)) = (spread.bars.first(), spread.bars.last())
        && spread.bars.len() > 1
    {
        let width = spread.bars.len();
        let ends = format!("{:<half$}{:>half$}", first.low, last.high, half = width / 2);
        line(&format!("               {ends}"));
    }
}

/// How far apart, in words.
pub(super) fn statistic(spread: &Spread) -> String {
    match (spread.a, spread.b, spread.distance, spread.p) {
        (None, ..) => "only in B".into(),
        (_, None, ..) => "only in A".into(),
        (.., Some(distance), Some(p)) if p < 0.001 => format!("Kolmogorov–Smirnov {distance:.4}, p < 0.001"),
        (.., Some(distance), Some(p)) => format!("Kolmogorov–Smirnov {distance:.4}, p = {p:.3}"),
        (.., Some(distance), None) => format!("total variation {distance:.4}"),
        _ => String::new(),
    }
}

fn words(spread: &Spread, side: usize) -> String {
    let count = |word: &super::Word| [word.a, word.b][side];
    let total: u64 = spread.words.iter().map(count).sum();
    let mut words: Vec<_> = spread.words.iter().filter(|word| count(word) > 0).collect();
    words.sort_by_key(|word| std::cmp::Reverse(count(word)));
    let mut text = String::new();
    for word in words.iter().take(SHOWN) {
        let _ =
            write!(text, "{}{} {}", if text.is_empty() { "" } else { ", " }, word.word, percent(count(word), total));
    }
    if words.len() > SHOWN {
        let _ = write!(text, " and {} more", words.len() - SHOWN);
    }
    text
}

fn align(rows: &[Vec<String>], right: &[usize], line: &mut dyn FnMut(&str)) {
    report::align(rows, right).iter().for_each(|row| line(row));
}

/// Which list of steps a spread is of, for a heading.
pub(super) fn of_name(of: Of) -> &'static str {
    match of {
        Of::Recipe => "training",
        Of::Validation => "noisy validation",
    }
}
