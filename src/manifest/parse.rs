//! Reads one canonical line back, and nothing but a canonical one.
//!
//! The grammar is exactly what [`Entry::write_line`] writes: one order of fields, one spelling of each number and text.
//! So whatever is accepted prints as it was read, and a version's digest can be computed from the text or the values.

use super::entry::{Entry, EntryError, FileType, Key, ParamValue, StepDraw};
use crate::digest::Digest;
use crate::number::Micro;
use crate::seed::Role;
use crate::set::Set;
use std::collections::HashSet;
use std::sync::Arc;

/// Why a line is not an entry.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LineError {
    /// Not the canonical text of an entry.
    #[error("column {column}: expected {expected}")]
    Expected {
        /// In bytes, from 1.
        column: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The text is right and what it says is not.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

/// Longest text that is kept once for all entries: names of steps, parameters and words, but not digests of partners.
const SHARED: usize = 32;

/// Parses lines; names that return in many lines are kept once.
pub struct LineParser {
    names: HashSet<Arc<str>>,
    /// The name met last in each of some slots, found without hashing: names return in every line.
    recent: [Option<Arc<str>>; 256],
    text: String,
}

impl Default for LineParser {
    fn default() -> Self {
        Self { names: HashSet::new(), recent: [const { None }; 256], text: String::new() }
    }
}

impl LineParser {
    /// Parses one line, without its newline.
    ///
    /// # Errors
    /// Where it is not the canonical text of an entry that keeps the rules.
    pub fn parse(&mut self, line: &str) -> Result<Entry, LineError> {
        let mut cursor = Cursor { line: line.as_bytes(), at: 0, parser: self };
        let entry = cursor.entry()?;
        if cursor.at != line.len() {
            return Err(cursor.expected("the end of the line"));
        }
        entry.check()?;
        Ok(entry)
    }

    /// The text in the buffer, kept once where it is short.
    fn share(&mut self) -> Arc<str> {
        let bytes = self.text.as_bytes();
        let ends = bytes.first().unwrap_or(&0).wrapping_mul(31).wrapping_add(*bytes.last().unwrap_or(&0));
        let slot = usize::from(ends.wrapping_mul(7).wrapping_add(bytes.len() as u8));
        match &self.recent[slot] {
            Some(known) if **known == *self.text => return known.clone(),
            _ => {}
        }
        let name = match self.names.get(self.text.as_str()) {
            Some(known) => known.clone(),
            None => Arc::from(self.text.as_str()),
        };
        // A bound, so that hostile names cannot fill the memory.
        if name.len() <= SHARED && self.names.len() < 10_000 {
            self.names.insert(name.clone());
            self.recent[slot] = Some(name.clone());
        }
        name
    }
}

struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
    parser: &'a mut LineParser,
}

impl Cursor<'_> {
    fn entry(&mut self) -> Result<Entry, LineError> {
        let bytes = self.field("{\"bytes\":", Self::number)?;
        let class = self.field(",\"class\":", Self::number32)?;
        let copy = self.field(",\"copy\":", Self::number32)?;
        let digest = Digest::from_bytes(self.field(",\"digest\":", Self::hex)?);
        let file = self.field(",\"file\":", |cursor| cursor.word("jpg, png or webp", FileType::from_extension))?;
        let height = self.field(",\"height\":", Self::number32)?;
        let key = Key::from_bytes(self.field(",\"key\":", Self::hex)?);
        let label = self.field(",\"label\":", |cursor| cursor.list(Self::weight))?;
        let role = self.field(",\"role\":", |cursor| cursor.word("a role", role))?;
        let set = self.field(",\"set\":", |cursor| cursor.word("a set", |text| text.parse::<Set>().ok()))?;
        let source = Digest::from_bytes(self.field(",\"source\":", Self::hex)?);
        let steps = self.field(",\"steps\":", |cursor| cursor.list(Self::step))?;
        let width = self.field(",\"width\":", Self::number32)?;
        self.token("}")?;
        Ok(Entry { key, set, source, copy, role, class, label, steps, digest, bytes, file, width, height })
    }

    fn weight(&mut self) -> Result<(u32, u32), LineError> {
        let class = self.field("[", Self::number32)?;
        let weight = self.field(",", Self::number32)?;
        self.token("]")?;
        Ok((class, weight))
    }

    fn step(&mut self) -> Result<StepDraw, LineError> {
        self.token("{\"draw\":{")?;
        let mut params = Vec::new();
        while self.peek() != Some(b'}') {
            if !params.is_empty() {
                self.token(",")?;
            }
            let name = self.text()?;
            self.token(":")?;
            let value = match self.peek() {
                Some(b'"') => ParamValue::Text(self.text()?),
                _ => ParamValue::Number(self.decimal()?),
            };
            params.push((name, value));
        }
        self.token("},\"id\":")?;
        let id = self.text()?;
        self.token("}")?;
        Ok(StepDraw { id, params })
    }

    fn field<T>(
        &mut self,
        name: &'static str,
        value: impl FnOnce(&mut Self) -> Result<T, LineError>,
    ) -> Result<T, LineError> {
        self.token(name)?;
        value(self)
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, LineError>) -> Result<Vec<T>, LineError> {
        self.token("[")?;
        let mut items = Vec::new();
        while self.peek() != Some(b']') {
            if !items.is_empty() {
                self.token(",")?;
            }
            items.push(item(self)?);
        }
        self.at += 1;
        Ok(items)
    }

    fn number(&mut self) -> Result<u64, LineError> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(digit - b'0')))
                .filter(|value| i64::try_from(*value).is_ok())
                .ok_or_else(|| self.expected("a smaller number"))?;
            self.at += 1;
        }
        // Digits there have to be, and no zero in front of others.
        match self.at - start {
            0 => Err(self.expected("a whole number")),
            1 => Ok(value),
            _ if self.line[start] == b'0' => Err(self.expected("a number without zeros in front")),
            _ => Ok(value),
        }
    }

    fn number32(&mut self) -> Result<u32, LineError> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.expected("a number below 4294967296"))
    }

    fn decimal(&mut self) -> Result<Micro, LineError> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let mut millionths = i64::try_from(self.number()?).ok().and_then(|whole| whole.checked_mul(1_000_000));
        if self.peek() == Some(b'.') {
            self.at += 1;
            let mut unit = 1_000_000;
            while let Some(digit @ b'0'..=b'9') = self.peek() {
                unit /= 10;
                millionths = millionths.and_then(|sum| sum.checked_add(unit * i64::from(digit - b'0')));
                self.at += 1;
                if unit == 0 {
                    return Err(self.expected("at most six decimals"));
                }
            }
            if matches!(self.line[self.at - 1], b'.' | b'0') {
                return Err(self.expected("decimals that do not end in 0"));
            }
        }
        let millionths = millionths.ok_or_else(|| self.expected("a smaller number"))?;
        if negative && self.line[start..self.at] == *b"-0" {
            return Err(self.expected("0 without a sign"));
        }
        Ok(Micro::from_millionths(if negative { -millionths } else { millionths }))
    }

    fn hex<const N: usize>(&mut self) -> Result<[u8; N], LineError> {
        self.token("\"")?;
        let mut bytes = [0; N];
        let digits = self.line.get(self.at..self.at + 2 * N).unwrap_or_default();
        let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if !lower || hex::decode_to_slice(digits, &mut bytes).is_err() {
            return Err(self.expected("lower-case hexadecimal digits"));
        }
        self.at += 2 * N;
        self.token("\"")?;
        Ok(bytes)
    }

    fn word<T>(&mut self, expected: &'static str, known: impl Fn(&str) -> Option<T>) -> Result<T, LineError> {
        self.unescape()?;
        known(&self.parser.text).ok_or_else(|| self.expected(expected))
    }

    fn text(&mut self) -> Result<Arc<str>, LineError> {
        self.unescape()?;
        Ok(self.parser.share())
    }

    /// Reads a string into the parser's buffer.
    fn unescape(&mut self) -> Result<(), LineError> {
        self.token("\"")?;
        let mut text = std::mem::take(&mut self.parser.text);
        text.clear();
        let result = self.unescape_into(&mut text);
        self.parser.text = text;
        result
    }

    fn unescape_into(&mut self, text: &mut String) -> Result<(), LineError> {
        loop {
            let rest = &self.line[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            // The line is UTF-8, and these bytes are ASCII, so a cut before one is between characters.
            text.push_str(std::str::from_utf8(&rest[..plain]).map_err(|_| self.expected("UTF-8"))?);
            self.at += plain;
            match (self.peek(), self.line.get(self.at + 1)) {
                (Some(b'"'), _) => {
                    self.at += 1;
                    return Ok(());
                }
                (Some(b'\\'), Some(escaped @ (b'"' | b'\\'))) => {
                    text.push(char::from(*escaped));
                    self.at += 2;
                }
                (Some(b'\\'), Some(b'u')) => {
                    text.push(self.control().ok_or_else(|| self.expected("an escape of a control character"))?);
                    self.at += 6;
                }
                _ => return Err(self.expected("the rest of a text")),
            }
        }
    }

    /// The character of `\u00xx`, which may only be one below U+0020, in lower case.
    fn control(&self) -> Option<char> {
        let digits = self.line.get(self.at + 2..self.at + 6)?;
        let value = u8::from_str_radix(std::str::from_utf8(digits).ok()?.strip_prefix("00")?, 16).ok()?;
        let canonical = value < 0x20 && digits == format!("{value:04x}").as_bytes();
        canonical.then_some(char::from(value))
    }

    fn token(&mut self, token: &'static str) -> Result<(), LineError> {
        if !self.line[self.at..].starts_with(token.as_bytes()) {
            return Err(self.expected(token));
        }
        self.at += token.len();
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> LineError {
        LineError::Expected { column: self.at + 1, expected }
    }
}

fn role(name: &str) -> Option<Role> {
    [Role::Original, Role::Train, Role::Val, Role::NoisyVal].into_iter().find(|role| role.name() == name)
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{any_entry, sample};
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Entry, LineError> {
        LineParser::default().parse(line)
    }

    proptest! {
        #[test]
        fn lines_read_back(entry in any_entry()) {
            prop_assert_eq!(parse(&entry.line()), Ok(entry));
        }

        #[test]
        fn any_text_parses_or_gives_an_error(text in "\\PC*|[{}\"\\\\:,0-9a-z\\[\\]]*") {
            let _ = parse(&text);
        }

        #[test]
        fn a_changed_line_is_refused_or_prints_as_it_was_read(
            entry in any_entry(), at: prop::sample::Index, with in "[0-9a-f\"\\\\,.\\-{} u]{0,3}", cut in 0..4usize,
        ) {
            let mut line: Vec<char> = entry.line().chars().collect();
            let at = at.index(line.len());
            line.splice(at..(at + cut).min(line.len()), with.chars());
            let line: String = line.into_iter().collect();
            if let Ok(read) = parse(&line) {
                prop_assert_eq!(read.line(), line);
            }
        }
    }

    #[test]
    fn what_is_not_canonical_is_refused_with_its_column() {
        let line = sample(1).line();
        for (old, new, message) in [
            ("\"bytes\":101", "\"bytes\":0101", "column 14: expected a number without zeros in front"),
            ("\"bytes\"", " \"bytes\"", "column 1: expected {\"bytes\":"),
            ("\"sigma\":1", "\"sigma\":1.0", "column 0: expected decimals that do not end in 0"),
            ("\"sigma\":1", "\"sigma\":-0", "column 0: expected 0 without a sign"),
            ("\"sigma\":1", "\"sigma\":1e3", "column 0: expected ,"),
            ("\"sigma\":1", "\"sigma\":0.0000001", "column 0: expected at most six decimals"),
            ("\"sigma\"", "\"s\\u0069gma\"", "column 0: expected an escape of a control character"),
            ("\"sigma\":1", "\"sigma\":1,\"sigma\":1", "a step's parameters have to ascend by name, each once"),
            ("\"width\":512}", "\"width\":512} ", "column 0: expected the end of the line"),
            ("\"width\":512}", "\"width\":512,\"x\":1}", "column 0: expected }"),
            ("65536", "65535", "the label's weights sum to 65535/65536 instead of 65536/65536"),
            ("\"jpg\"", "\"gif\"", "column 0: expected jpg, png or webp"),
        ] {
            let changed = line.replacen(old, new, 1);
            assert_ne!(changed, line);
            let error = parse(&changed).unwrap_err().to_string();
            let any_column = |text: &str| match text.split_once(": ") {
                Some((column, rest)) if column.starts_with("column ") && message.starts_with("column 0") => {
                    format!("column 0: {rest}")
                }
                _ => text.to_owned(),
            };
            assert_eq!(any_column(&error), message, "{changed}");
        }
    }
}
