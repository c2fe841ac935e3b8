//! Canonical JSON: the one text of a value, for everything that is hashed.
//!
//! Objects are sorted by key (as UTF-8 bytes), nothing is written between tokens, numbers are whole or have at most six
//! decimals and no exponent ([`Micro`]), and of all characters only `"`, `\` and those below U+0020 are escaped, the
//! latter always as `\u00xx`. We write it ourselves because a JSON library may change how it prints a number between
//! two releases (serde_json did: `1e16` became `1e+16`), and a digest may not. Reading it back is any JSON library's work.

use crate::digest::Digest;
use crate::number::Micro;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// A JSON value without floats.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Json {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal number; printed without a point where it is whole.
    Number(Micro),
    /// A text.
    Text(String),
    /// A list, in the given order.
    Array(Vec<Json>),
    /// A table, sorted by key.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// An object of these fields.
    pub fn object<const N: usize>(fields: [(&str, Json); N]) -> Self {
        Self::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// An array of these items.
    pub fn array<T: Into<Json>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

/// Writes a text as a canonical JSON string.
pub fn write_text(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            control if (control as u32) < 0x20 => write!(out, "\\u{:04x}", control as u32)?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => write_text(f, text),
            Self::Array(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Object(fields) => {
                f.write_char('{')?;
                for (index, (key, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    write_text(f, key)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $json:expr;)*) => {
        $(impl From<$type> for Json {
            fn from($value: $type) -> Self {
                $json
            }
        })*
    };
}

from! {
    bool => |value| Json::Bool(value);
    i64 => |value| Json::Integer(value);
    u32 => |value| Json::Integer(value.into());
    Micro => |value| Json::Number(value);
    &str => |value| Json::Text(value.into());
    String => |value| Json::Text(value);
    &String => |value| Json::Text(value.clone());
    Digest => |value| Json::Text(value.hex());
    Vec<Json> => |value| Json::Array(value);
    BTreeMap<String, Json> => |value| Json::Object(value);
}

/// Counts may exceed an i64 in theory only.
impl From<u64> for Json {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Self::Text(value.to_string()), Self::Integer)
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        (value as u64).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_is_pinned() {
        let value = Json::object([
            ("b", Json::array([1i64, -2])),
            ("a", Json::object([("x", Micro::from_millionths(1).into()), ("ü\n\"\\", "한국\u{1f}".into())])),
            ("c", true.into()),
        ]);
        assert_eq!(
            value.to_string(),
            "{\"a\":{\"x\":0.000001,\"ü\\u000a\\\"\\\\\":\"한국\\u001f\"},\"b\":[1,-2],\"c\":true}"
        );
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in "\\PC*|[\\x00-\\x7f]*") {
            prop_assert_eq!(serde_json::from_str::<String>(&Json::from(text.clone()).to_string()).unwrap(), text);
        }
    }
}
