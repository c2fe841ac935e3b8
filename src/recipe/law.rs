//! Parameters as written: a fixed value, a range, a choice, and the other laws, checked against the op's description.
//!
//! `[a, b]` is always a uniform range, except where a fill is meant: there `[r, g, b]` is a colour, and a choice is
//! written `{ choose = [...] }` as everywhere.

use super::error::Wrong;
use super::names::Names;
use super::reader::{Found, Node, Table, one_of};
use crate::number::Micro;
use crate::ops::spec::{Fill, Kind, Value};
use crate::ops::{Dist, OpSpec};
use std::collections::BTreeMap;

/// Largest weight of a choice or branch.
pub(super) const MAX_WEIGHT: Micro = Micro::from_int(1_000_000);
/// Most choices of one parameter: their weights' sum stays within an i64.
const MAX_CHOICES: usize = 1000;

/// The laws of an op's parameters, in the order of its description; keys in `also` are left to the caller.
pub(super) fn params(table: &Table, op: &'static OpSpec, also: &[&str], found: &mut Found) -> Option<Vec<Dist>> {
    let mut valid: Vec<&str> = op.params.iter().map(|param| param.name).collect();
    valid.extend(also);
    table.allow(found, &valid);
    let laws: Vec<Option<Dist>> = op
        .params
        .iter()
        .map(|param| match (table.get(param.name), param.default) {
            (Some(node), _) => law(node, &param.kind, found),
            (None, Some(value)) => Some(unwritten(value, &param.kind)),
            (None, None) => {
                table.need(found, param.name, &format!("for example op.{} = {{ {} }}", op.name, op.example));
                None
            }
        })
        .collect();
    laws.into_iter().collect()
}

/// The law of a parameter that is left out.
fn unwritten(default: Value, kind: &Kind) -> Dist {
    match (default, kind) {
        (Value::Word(ANY), Kind::Word(words)) => any(words),
        _ => Dist::Fixed(default),
    }
}

/// `any` is a law, not a value: one of the other words, all alike.
fn any(words: &'static [&'static str]) -> Dist {
    Dist::Choose(settled(words).map(|word| (Value::Word(word), Micro::ONE)).collect())
}

/// One parameter's law.
pub(super) fn law(node: &Node, kind: &Kind, found: &mut Found) -> Option<Dist> {
    if let Some(table) = node.table(&mut Found::default(), "") {
        return written_law(&table, node, kind, found);
    }
    match (kind, node.list(&mut Found::default(), "")) {
        (Kind::Number { integer, .. }, Some(ends)) => {
            let (low, high) = range(node, &ends, kind, "a range", found)?;
            Some(Dist::Uniform { low, high, integer: *integer })
        }
        (Kind::Word(words), Some(_)) => {
            node.wrong_type(found, format!("{}, or {{ choose = [...] }} of them", one_of(words)))
        }
        (Kind::Word(words), None) if words.contains(&ANY) && node.text(&mut Found::default()) == Some(ANY) => {
            Some(any(words))
        }
        (Kind::Word(words), None) => {
            node.word(found, "word", words).map(|index| Dist::Fixed(Value::Word(words[index])))
        }
        _ => value(node, kind, found).map(Dist::Fixed),
    }
}

/// The word that stands for a draw among the others, where an op lists it.
const ANY: &str = "any";

/// The words that a parameter can be settled at.
pub(super) fn settled(words: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    words.iter().copied().filter(|word| *word != ANY)
}

/// A law that is a table.
fn written_law(table: &Table, node: &Node, kind: &Kind, found: &mut Found) -> Option<Dist> {
    let numeric = matches!(kind, Kind::Number { .. });
    let laws: &[&str] = match kind {
        Kind::Number { .. } => &["choose", "log", "normal"],
        Kind::Word(_) => &["choose"],
        Kind::Fill => &["choose", "color"],
    };
    let mut valid = laws.to_vec();
    valid.push("weights");
    if numeric {
        valid.push("within");
    }
    let known = table.entries.iter().all(|(key, ..)| valid.contains(key));
    table.allow(found, &valid);
    if !known {
        return None;
    }
    let (key, at, law) = table.need_one_of(found, laws)?;
    for (extra, owner) in [("weights", "choose"), ("within", "normal")] {
        if let (Some(at), true) = (table.key(extra), *key != owner) {
            let names = Names::new(extra, [*key]);
            found.add::<()>(at, Wrong::UnknownKey { key: extra.into(), place: format!("a '{key}' law"), names });
        }
    }
    if matches!((*key, kind), ("log" | "normal", Kind::Number { integer: true, .. })) {
        let law = if *key == "log" { "log" } else { "normal" };
        return found.add(at, Wrong::FractionLaw { place: node.place.clone(), law });
    }
    // Messages speak of the parameter, not of `rotate.degrees.log`.
    let law = Node { place: node.place.clone(), ..law.clone() };
    match *key {
        "choose" => choose(table, &law, kind, found),
        "color" => color(&law, found).map(|color| Dist::Fixed(Value::Fill(Fill::Color(color)))),
        "log" => {
            let ends = law.list(found, "[low, high]")?;
            let (low, high) = range(&law, &ends, kind, "log", found)?;
            if low <= Micro::ZERO {
                let place = format!("{}: the low end of log", node.place);
                return found.add(&ends[0].span, Wrong::NotPositive { place, value: low.to_string() });
            }
            Some(Dist::Log { low, high })
        }
        _ => normal(table, &law, kind, found),
    }
}

/// `{ normal = [mean, deviation], within = [low, high] }`.
fn normal(table: &Table, law: &Node, kind: &Kind, found: &mut Found) -> Option<Dist> {
    let within = table.get("within").or_else(|| {
        let help = "{ normal = [mean, deviation], within = [low, high] }".into();
        found.add(&table.span, Wrong::Missing { place: law.place.clone(), key: "within".into(), help })
    });
    let within = within.and_then(|node| {
        let node = Node { place: law.place.clone(), ..node.clone() };
        let ends = node.list(found, "[low, high]")?;
        range(&node, &ends, kind, "within", found)
    });
    let numbers = law.list(found, "[mean, deviation]")?;
    let [mean, deviation] = numbers.as_slice() else {
        let wrong = Wrong::NotTwo { place: law.place.clone(), law: "normal", found: numbers.len() };
        return found.add(&law.span, wrong);
    };
    let spread = deviation.number(found, Micro::ZERO, Micro::LIMIT, "")?;
    if spread == Micro::ZERO {
        let place = format!("{}: the deviation of normal", law.place);
        return found.add(&deviation.span, Wrong::NotPositive { place, value: spread.to_string() });
    }
    let mean = number(mean, kind, found)?;
    let (low, high) = within?;
    Some(Dist::Normal { mean, deviation: spread, low, high })
}

/// `{ choose = [...], weights = [...] }`.
fn choose(table: &Table, law: &Node, kind: &Kind, found: &mut Found) -> Option<Dist> {
    let items = law.list(found, "a list of choices")?;
    if items.is_empty() {
        return found.add(&law.span, Wrong::EmptyList { place: law.place.clone() });
    }
    if items.len() > MAX_CHOICES {
        return found.add(&law.span, Wrong::TooMany { most: MAX_CHOICES, what: "choices" });
    }
    let values: Vec<_> = items.iter().map(|item| value(item, kind, found)).collect();
    let weights = match table.get("weights") {
        None => vec![Micro::ONE; items.len()],
        Some(node) => {
            let weights = node.list(found, "a list of weights")?;
            if weights.len() != items.len() {
                let (choices, weights) = (items.len(), weights.len());
                return found.add(&node.span, Wrong::WeightCount { place: law.place.clone(), choices, weights });
            }
            let weights: Vec<_> = weights.iter().map(|node| node.number(found, Micro::ZERO, MAX_WEIGHT, "")).collect();
            let weights = weights.into_iter().collect::<Option<Vec<_>>>()?;
            if weights.iter().all(|weight| *weight == Micro::ZERO) {
                return found.add(&node.span, Wrong::AllZero { place: law.place.clone() });
            }
            weights
        }
    };
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Dist::Choose(values.into_iter().zip(weights).collect()))
}

/// Two ends, both within what the parameter may be.
fn range(node: &Node, ends: &[Node], kind: &Kind, law: &'static str, found: &mut Found) -> Option<(Micro, Micro)> {
    let [low, high] = ends else {
        let wrong = Wrong::NotTwo { place: node.place.clone(), law, found: ends.len() };
        return found.add(&node.span, wrong);
    };
    let (low, high) = (number(low, kind, found), number(high, kind, found));
    let (low, high) = (low?, high?);
    if low > high {
        let (place, low, high) = (node.place.clone(), low.to_string(), high.to_string());
        return found.add(&node.span, Wrong::LowAboveHigh { place, low, high });
    }
    Some((low, high))
}

fn number(node: &Node, kind: &Kind, found: &mut Found) -> Option<Micro> {
    match value(node, kind, found)? {
        Value::Number(number) => Some(number),
        _ => unreachable!("BUG: a numeric law of a parameter that is no number"),
    }
}

/// One value.
fn value(node: &Node, kind: &Kind, found: &mut Found) -> Option<Value> {
    match kind {
        Kind::Number { min, max, unit, integer } => {
            let number = node.number(found, *min, *max, unit)?;
            if *integer && number.to_int().is_none() {
                let (place, value) = (node.place.clone(), number.to_string());
                return found.add(&node.span, Wrong::NotWhole { place, value });
            }
            Some(Value::Number(number))
        }
        Kind::Word(words) => {
            let words: Vec<&'static str> = settled(words).collect();
            node.word(found, "word", &words).map(|index| Value::Word(words[index]))
        }
        Kind::Fill => fill(node, found).map(Value::Fill),
    }
}

/// A name, `"#rrggbb"`, `[r, g, b]` or `{ color = ... }`.
pub(super) fn fill(node: &Node, found: &mut Found) -> Option<Fill> {
    if let Some(table) = node.table(&mut Found::default(), "") {
        table.allow(found, &["color"]);
        let inner = table.need(found, "color", "")?;
        let inner = Node { place: node.place.clone(), ..inner.clone() };
        return color(&inner, found).map(Fill::Color);
    }
    if let Some(channels) = node.list(&mut Found::default(), "") {
        return channels_of(node, &channels, found).map(Fill::Color);
    }
    named_fill(node, found)
}

/// A fill that has to be a colour.
fn color(node: &Node, found: &mut Found) -> Option<[u8; 3]> {
    if let Some(channels) = node.list(&mut Found::default(), "") {
        return channels_of(node, &channels, found);
    }
    match named_fill(node, found)? {
        Fill::Color(color) => Some(color),
        rule => {
            let name = rule.to_string();
            let names = Names::new(&name, crate::ops::spec::COLORS.iter().map(|(name, _)| *name).chain(["#rrggbb"]));
            found.add(&node.span, Wrong::Unknown { kind: "colour", name, names })
        }
    }
}

fn named_fill(node: &Node, found: &mut Found) -> Option<Fill> {
    let Some(text) = node.text(&mut Found::default()) else {
        return node.wrong_type(found, "a fill: a name, \"#rrggbb\" or [r, g, b]");
    };
    Fill::parse(text).or_else(|| {
        let names = Names::new(text, Fill::NAMES.iter().copied().chain(["#rrggbb"]));
        found.add(&node.span, Wrong::Unknown { kind: "fill", name: text.into(), names })
    })
}

fn channels_of(node: &Node, channels: &[Node], found: &mut Found) -> Option<[u8; 3]> {
    if channels.len() != 3 {
        return node.wrong_type(found, "a fill: a name, \"#rrggbb\" or [r, g, b]");
    }
    let numbers: Vec<_> = channels.iter().map(|node| node.whole(found, 0, 255, "grey levels")).collect();
    let numbers = numbers.into_iter().collect::<Option<Vec<_>>>()?;
    Some([numbers[0] as u8, numbers[1] as u8, numbers[2] as u8])
}

/// What a law can give, for [`super::check`]: every whole number and how likely it is.
pub(super) fn whole_outcomes(law: &Dist) -> BTreeMap<i64, f64> {
    let mut outcomes = BTreeMap::new();
    let mut add = |value: &Micro, chance: f64| {
        *outcomes.entry(value.to_int().unwrap_or_default()).or_insert(0.0) += chance;
    };
    match law {
        Dist::Fixed(Value::Number(value)) => add(value, 1.0),
        Dist::Uniform { low, high, .. } => {
            let (low, high) = (low.to_int().unwrap_or_default(), high.to_int().unwrap_or_default());
            (low..=high).for_each(|value| add(&Micro::from_int(value), 1.0 / (high - low + 1) as f64));
        }
        Dist::Choose(choices) => {
            let total: f64 = choices.iter().map(|(_, weight)| weight.to_f64()).sum();
            for (value, weight) in choices {
                if let Value::Number(value) = value {
                    add(value, weight.to_f64() / total);
                }
            }
        }
        Dist::Fixed(_) | Dist::Log { .. } | Dist::Normal { .. } => unreachable!("BUG: a count that is no whole number"),
    }
    outcomes
}
