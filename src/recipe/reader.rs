//! Typed reading of TOML values that keeps where each stands.
//!
//! Serde would lose the spans of tables and silently accept what it does not know. A [`Node`] is a value with its place
//! (`rotate.degrees`); every reading either gives the value or notes a [`Problem`] and gives `None`, so that one run
//! finds all mistakes. Numbers are read from their text: no float stands between what is written and a [`Micro`].

use super::error::{Problem, Span, THE_RECIPE, Wrong};
use super::names::Names;
use crate::number::Micro;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The problems found so far.
#[derive(Default)]
pub(super) struct Found(pub Vec<Problem>);

impl Found {
    /// Notes a problem; gives `None`, so that a reading can end with it.
    pub fn add<T>(&mut self, at: &Span, wrong: Wrong) -> Option<T> {
        self.0.push(Problem { wrong, at: at.clone(), also: None });
        None
    }
}

/// A value, where it stands and what it is for.
#[derive(Clone)]
pub(super) struct Node<'a> {
    /// What it is for, as messages say it: `source.images`, `rotate.degrees`.
    pub place: String,
    /// The value's text.
    pub span: Span,
    pub value: &'a DeValue<'a>,
}

/// A table: its entries in the order of the text.
pub(super) struct Table<'a> {
    pub place: String,
    pub span: Span,
    pub entries: Vec<(&'a str, Span, Node<'a>)>,
}

impl<'a> Node<'a> {
    pub fn new(place: impl Into<String>, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self { place: place.into(), span: value.span(), value: value.get_ref() }
    }

    /// Notes that the value is of another type.
    pub fn wrong_type<T>(&self, found: &mut Found, expected: impl Into<String>) -> Option<T> {
        let is = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        found.add(&self.span, Wrong::Type { place: self.place.clone(), expected: expected.into(), found: is })
    }

    pub fn table(&self, found: &mut Found, expected: &str) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(entries) => Some(Table::new(&self.place, self.span.clone(), entries)),
            _ => self.wrong_type(found, expected),
        }
    }

    pub fn text(&self, found: &mut Found) -> Option<&'a str> {
        self.text_or(found, "a text")
    }

    fn text_or(&self, found: &mut Found, expected: &str) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type(found, expected),
        }
    }

    pub fn flag(&self, found: &mut Found) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong_type(found, "true or false"),
        }
    }

    /// The items of a list, each for the same place.
    pub fn list(&self, found: &mut Found, expected: &str) -> Option<Vec<Node<'a>>> {
        match self.value {
            DeValue::Array(items) => Some(items.iter().map(|item| Node::new(&self.place, item)).collect()),
            _ => self.wrong_type(found, expected),
        }
    }

    /// A list of at least one text, sorted, each once.
    pub fn texts(&self, found: &mut Found) -> Option<Vec<(&'a str, Span)>> {
        let items = self.list(found, "a list of texts")?;
        if items.is_empty() {
            return found.add(&self.span, Wrong::EmptyList { place: self.place.clone() });
        }
        let texts: Vec<_> = items.iter().map(|item| Some((item.text(found)?, item.span.clone()))).collect();
        let mut texts = texts.into_iter().collect::<Option<Vec<_>>>()?;
        texts.sort_by(|a, b| a.0.cmp(b.0));
        texts.dedup_by(|a, b| a.0 == b.0);
        Some(texts)
    }

    /// One of these words, by its index.
    pub fn word(&self, found: &mut Found, kind: &'static str, words: &[&str]) -> Option<usize> {
        let text = self.text_or(found, &one_of(words))?;
        words.iter().position(|word| *word == text).or_else(|| {
            let names = Names::new(text, words);
            found.add(&self.span, Wrong::Unknown { kind, name: text.into(), names })
        })
    }

    /// A number of at most six decimals.
    fn any_number(&self, found: &mut Found) -> Option<Micro> {
        let (text, parsed) = match self.value {
            DeValue::Integer(digits) => {
                let whole = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
                let limit = Micro::LIMIT.millionths() / 1_000_000;
                let fits = whole.filter(|whole| (-limit..=limit).contains(whole)).map(Micro::from_int);
                (digits.as_str(), fits.ok_or(Inexact::TooLarge))
            }
            DeValue::Float(digits) => (digits.as_str(), decimal(digits.as_str())),
            _ => return self.wrong_type(found, "a number"),
        };
        match parsed {
            Ok(number) => Some(number),
            Err(Inexact::NotFinite) => found.add(
                &self.span,
                Wrong::Type { place: self.place.clone(), expected: "a number".into(), found: "nan or inf" },
            ),
            Err(Inexact::TooPrecise) => {
                found.add(&self.span, Wrong::TooPrecise { place: self.place.clone(), value: text.into() })
            }
            Err(Inexact::TooLarge) => {
                let (min, max) = (format!("-{}", Micro::LIMIT), Micro::LIMIT.to_string());
                let (place, value) = (self.place.clone(), text.into());
                found.add(&self.span, Wrong::OutOfRange { place, value, min, max, unit: String::new() })
            }
        }
    }

    /// A number between `min` and `max`, both allowed.
    pub fn number(&self, found: &mut Found, min: Micro, max: Micro, unit: &str) -> Option<Micro> {
        let number = self.any_number(found)?;
        if (min..=max).contains(&number) {
            return Some(number);
        }
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        let (place, value) = (self.place.clone(), number.to_string());
        found.add(&self.span, Wrong::OutOfRange { place, value, min: min.to_string(), max: max.to_string(), unit })
    }

    /// A whole number between `min` and `max`, both allowed, written with or without a decimal point.
    pub fn whole(&self, found: &mut Found, min: i64, max: i64, unit: &str) -> Option<i64> {
        let number = match self.value {
            // Seeds may be larger than a `Micro`.
            DeValue::Integer(digits) if max > Micro::LIMIT.millionths() / 1_000_000 => {
                let whole = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
                return whole.filter(|whole| (min..=max).contains(whole)).or_else(|| {
                    let (place, value) = (self.place.clone(), digits.as_str().to_owned());
                    let (min, max) = (min.to_string(), max.to_string());
                    found.add(&self.span, Wrong::OutOfRange { place, value, min, max, unit: unit.into() })
                });
            }
            DeValue::Float(_) if max > Micro::LIMIT.millionths() / 1_000_000 => {
                return self.wrong_type(found, "a whole number");
            }
            DeValue::Integer(_) | DeValue::Float(_) => {
                self.number(found, Micro::from_int(min), Micro::from_int(max), unit)?
            }
            _ => return self.wrong_type(found, "a whole number"),
        };
        number
            .to_int()
            .or_else(|| found.add(&self.span, Wrong::NotWhole { place: self.place.clone(), value: number.to_string() }))
    }
}

impl<'a> Table<'a> {
    /// The entries of a table for `place`; empty for the whole recipe.
    pub fn new(place: &str, span: Span, entries: &'a DeTable<'a>) -> Self {
        let mut entries: Vec<_> = entries
            .iter()
            .map(|(key, value)| {
                let name = key.get_ref().as_ref();
                let place = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
                (name, key.span(), Node::new(place, value))
            })
            .collect();
        entries.sort_by_key(|(_, at, _)| at.start);
        Self { place: place.to_owned(), span, entries }
    }

    /// Says `rotate.degrees` instead of `step.op.rotate.degrees`.
    pub fn called(mut self, place: &str) -> Self {
        for (key, _, node) in &mut self.entries {
            node.place = format!("{place}.{key}");
        }
        Self { place: place.to_owned(), ..self }
    }

    /// What messages call it.
    pub fn title(&self) -> String {
        if self.place.is_empty() { THE_RECIPE.into() } else { self.place.clone() }
    }

    /// Notes every key that is not valid here.
    pub fn allow(&self, found: &mut Found, valid: &[&str]) {
        for (key, at, _) in self.entries.iter().filter(|(key, ..)| !valid.contains(key)) {
            let (key, names) = ((*key).to_owned(), Names::new(key, valid));
            found.add::<()>(at, Wrong::UnknownKey { key, place: self.title(), names });
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entries.iter().find(|(name, ..)| *name == key).map(|(.., node)| node)
    }

    /// Where a key is written.
    pub fn key(&self, key: &str) -> Option<&Span> {
        self.entries.iter().find(|(name, ..)| *name == key).map(|(_, at, _)| at)
    }

    /// The value of a key that has to be there.
    pub fn need(&self, found: &mut Found, key: &str, help: &str) -> Option<&Node<'a>> {
        self.get(key).or_else(|| {
            if self.has_typo_of(found, &[key]) {
                return None;
            }
            let (place, key, help) = (self.title(), key.to_owned(), help.to_owned());
            found.add(&self.span, Wrong::Missing { place, key, help })
        })
    }

    /// Which of these keys is there, if any; notes where there are two.
    pub fn one_of(&self, found: &mut Found, keys: &[&str]) -> Option<&(&'a str, Span, Node<'a>)> {
        let mut there = self.entries.iter().filter(|(key, ..)| keys.contains(key));
        let first = there.next()?;
        if let Some((second, at, _)) = there.next() {
            let (place, second) = (self.title(), (*second).to_owned());
            found.add::<()>(at, Wrong::Exclusive { place, first: first.0.into(), second });
        }
        Some(first)
    }

    /// Whether an unknown key was noted that was probably meant to be one of these, which says it better than that one
    /// is missing.
    fn has_typo_of(&self, found: &Found, keys: &[&str]) -> bool {
        let here = |problem: &Problem| self.entries.iter().any(|(_, at, _)| *at == problem.at);
        found.0.iter().any(|problem| here(problem) && problem.wrong.is_typo_of(keys))
    }

    /// The one of these keys that has to be there.
    pub fn need_one_of(&self, found: &mut Found, keys: &[&str]) -> Option<&(&'a str, Span, Node<'a>)> {
        if !self.entries.iter().any(|(key, ..)| keys.contains(key)) {
            if self.has_typo_of(found, keys) {
                return None;
            }
            return found.add(&self.span, Wrong::NeedsOne { place: self.title(), keys: keys.join(", ") });
        }
        self.one_of(found, keys)
    }
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

/// Why a decimal text is no [`Micro`].
#[derive(Debug, PartialEq)]
enum Inexact {
    NotFinite,
    TooPrecise,
    TooLarge,
}

/// Reads `-12.5e-3` exactly.
fn decimal(text: &str) -> Result<Micro, Inexact> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Inexact::NotFinite);
    }
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Ok(Micro::ZERO);
    }
    let dropped = (digits.len() - short.len()) as i64;
    let exponent: i64 = match exponent.strip_prefix('-') {
        Some(rest) => -rest.parse().unwrap_or(i64::MAX / 4),
        None => exponent.parse().unwrap_or(i64::MAX / 4),
    };
    // Of 10, that the digits have to be multiplied with to be millionths.
    let power = exponent.clamp(-1_000_000_000, 1_000_000_000) - part.len() as i64 + dropped + 6;
    let Ok(power) = u32::try_from(power) else { return Err(Inexact::TooPrecise) };
    let digits = short.trim_start_matches('0');
    if digits.len() as u64 + u64::from(power) > 17 {
        return Err(Inexact::TooLarge);
    }
    let size = digits.parse::<i64>().map_err(|_| Inexact::TooLarge)? * 10i64.pow(power);
    if size > Micro::LIMIT.millionths() {
        return Err(Inexact::TooLarge);
    }
    Ok(Micro::from_millionths(if negative { -size } else { size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        for (text, millionths) in [
            ("0.1", 100_000),
            ("-12.5e-3", -12_500),
            ("+1e9", 1_000_000_000_000_000),
            ("0.000001", 1),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
            ("123456789.123456", 123_456_789_123_456),
            ("1.5000000000000", 1_500_000),
        ] {
            assert_eq!(decimal(text), Ok(Micro::from_millionths(millionths)), "{text}");
        }
        for (text, why) in [
            ("nan", Inexact::NotFinite),
            ("-inf", Inexact::NotFinite),
            ("0.0000001", Inexact::TooPrecise),
            ("123456789.1234567", Inexact::TooPrecise),
            ("1e-99999999999999999999", Inexact::TooPrecise),
            ("1.1e9", Inexact::TooLarge),
            ("1e99999999999999999999", Inexact::TooLarge),
        ] {
            assert_eq!(decimal(text), Err(why), "{text}");
        }
    }
}
