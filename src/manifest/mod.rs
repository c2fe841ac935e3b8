//! Manifests: all samples of a version, in key order, as canonical JSON Lines.
//!
//! The first line says what decided the samples (the recipe's meaning, revisions, classes, the sources' digest); each
//! other line is one [`Entry`], keys strictly ascending. Every line is canonical JSON ([`crate::canonical`]) and ends in
//! a newline. **A version's digest is the SHA-256 of exactly these bytes**, so `zstd -dc manifest.jsonl.zst | sha256sum`
//! checks it with no program of ours; compression is for the disk alone and never hashed. Nothing here holds a time, a
//! host, a user or a path, and nothing is held in memory but the line at hand. `docs/format.md` says the same for other programs.

mod entry;
mod merge;
mod parse;
mod read;
mod write;

pub use entry::{Entry, EntryError, FileType, Key, ParamValue, StepDraw, WHOLE};
pub use merge::{MergeError, merge};
pub use parse::{LineError, LineParser};
pub use read::{EntryLines, ManifestError, Reader};
pub use write::{Summary, WriteError, Writer};

#[cfg(test)]
pub(crate) use entry::tests::sample;

use crate::canonical::Json;
use crate::number::Micro;

/// The `format` of every manifest's header; a reader refuses any other.
pub const FORMAT: &str = "augmint manifest 1";

/// The `format` of the header that the validation digest starts with.
pub const VALIDATION_FORMAT: &str = "augmint validation 1";

/// The first line of a manifest: a canonical JSON object whose `format` says how to read the rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header(String);

impl Header {
    /// A manifest's header of these fields; `format` is added.
    ///
    /// # Panics
    /// When `fields` is no object.
    pub fn new(fields: Json) -> Self {
        Self::with_format(fields, FORMAT)
    }

    /// The header of a validation digest: what decided the held-out samples. `format` is added.
    ///
    /// # Panics
    /// When `fields` is no object.
    pub fn validation(fields: Json) -> Self {
        Self::with_format(fields, VALIDATION_FORMAT)
    }

    fn with_format(fields: Json, format: &str) -> Self {
        let Json::Object(mut fields) = fields else { panic!("BUG: a header that is no object") };
        fields.insert("format".into(), format.into());
        Self(Json::Object(fields).to_string())
    }

    /// Reads a manifest's first line, without its newline; `None` unless it is canonical and of our format.
    fn parse(line: &str) -> Option<Self> {
        let value = serde_json::from_str::<serde_json::Value>(line).ok()?;
        let known = value.get("format").and_then(|format| format.as_str()) == Some(FORMAT);
        (known && canonical(&value)?.to_string() == line).then(|| Self(line.to_owned()))
    }

    /// The line, without its newline.
    pub fn line(&self) -> &str {
        &self.0
    }

    /// The fields, for programs that want one of them.
    pub fn fields(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).expect("BUG: a header that is no JSON")
    }
}

/// The same value without floats; `None` where it has a null or a number of more than six decimals.
fn canonical(value: &serde_json::Value) -> Option<Json> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => Micro::from_f64(number.as_f64()?)?.into(),
        },
        serde_json::Value::Array(items) => Json::Array(items.iter().map(canonical).collect::<Option<_>>()?),
        serde_json::Value::Object(fields) => Json::Object(
            fields.iter().map(|(key, value)| Some((key.clone(), canonical(value)?))).collect::<Option<_>>()?,
        ),
    })
}
