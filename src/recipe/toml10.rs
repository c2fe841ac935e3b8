//! Refuses what TOML 1.1 added, so that every reader of TOML 1.0 (Python's `tomllib`) reads a recipe too.
//!
//! The parser takes both. What is left to tell apart: line breaks and a last comma within an inline table, and the
//! escapes `\e` and `\xHH`.

use super::error::{NEW_ESCAPE, Span, Wrong};
use super::reader::Found;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Notes every use of TOML 1.1 in the document.
pub(super) fn check(text: &str, document: &DeTable, found: &mut Found) {
    for (key, value) in document {
        escapes(text, &key.span(), found);
        check_value(text, value, found);
    }
}

fn check_value(text: &str, value: &Spanned<DeValue>, found: &mut Found) {
    match value.get_ref() {
        DeValue::String(_) => escapes(text, &value.span(), found),
        DeValue::Array(items) => items.iter().for_each(|item| check_value(text, item, found)),
        DeValue::Table(table) => {
            if text.get(value.span()).is_some_and(|written| written.starts_with('{')) {
                inline(text, &value.span(), table, found);
            }
            check(text, table, found);
        }
        _ => {}
    }
}

/// Looks between an inline table's keys and values.
fn inline(text: &str, span: &Span, table: &DeTable, found: &mut Found) {
    let mut parts = Vec::new();
    spans(table, &mut parts);
    parts.sort_by_key(|part| (part.start, part.end));
    let mut end = span.start;
    for part in parts.iter().chain([&(span.end..span.end)]) {
        let gap = text.get(end..part.start).unwrap_or_default();
        if let Some(at) = gap.find('\n') {
            let what = "a line break in an inline table";
            return found.add(&(end + at..end + at), Wrong::NewToml { what }).unwrap_or_default();
        }
        if let (true, Some(at)) = (part.start == span.end, gap.find(',')) {
            let what = "a comma at the end of an inline table";
            return found.add(&(end + at..end + at + 1), Wrong::NewToml { what }).unwrap_or_default();
        }
        end = end.max(part.end);
    }
}

/// The texts of an inline table's keys and values, also of dotted keys.
fn spans(table: &DeTable, parts: &mut Vec<Span>) {
    for (key, value) in table {
        parts.push(key.span());
        parts.push(value.span());
        if let DeValue::Table(inner) = value.get_ref() {
            spans(inner, parts);
        }
    }
}

/// Looks for `\e` and `\x` in a text with escapes.
fn escapes(text: &str, span: &Span, found: &mut Found) {
    let written = text.get(span.clone()).unwrap_or_default();
    if !written.starts_with('"') {
        return;
    }
    let mut characters = written.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\'
            && let Some((_, 'e' | 'x')) = characters.next()
        {
            let at = span.start + at;
            return found.add(&(at..at + 2), Wrong::NewToml { what: NEW_ESCAPE }).unwrap_or_default();
        }
    }
}
