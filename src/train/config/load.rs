//! From a file to a checked configuration.

use super::{Config, InputConfig, PixelsFrom, Trained};
use crate::digest::Digest;
use crate::pixels::Size;
use crate::store::{Reference, Which};
use crate::train::input::{Input, InputError};
use miette::{NamedSource, SourceSpan};
use std::path::{Path, PathBuf};

/// What is wrong with a text, and where.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
pub struct Misread {
    message: String,
    #[source_code]
    pub(super) text: NamedSource<String>,
    #[label("here")]
    pub(super) at: Option<SourceSpan>,
    /// The nearest name.
    #[help]
    help: Option<String>,
}

/// Why a configuration is none.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ConfigError {
    /// The file.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// No TOML, an unknown key, a wrong type.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Syntax(Box<Misread>),
    /// A `--set` that is no `key=value`.
    #[error("'{text}' sets nothing: --set wants key=value, such as --set model.train=\"head\"")]
    Set {
        /// As given.
        text: String,
    },
    /// A number out of its range, or settings that do not go together.
    #[error("{}: {problem}", path.display())]
    Range {
        /// The file.
        path: PathBuf,
        /// Which number, and its range.
        problem: String,
    },
    /// The version is not pinned.
    #[error(
        "{}: version = \"{version}\" does not pin a version: a run is pinned by name@sha256: and the 64 digits of a digest",
        path.display()
    )]
    #[diagnostic(help("`augmint show {version}` prints the digest; `augmint list` says which versions there are"))]
    NotPinned {
        /// The file.
        path: PathBuf,
        /// As written.
        version: String,
    },
}

impl Config {
    /// Reads a configuration; each of `sets` is a `key=value` that replaces what is written (`train.clip=1`,
    /// `model.architecture="resnet18"`; a word that is no TOML value is taken as text).
    ///
    /// # Errors
    /// When it cannot be read, is no configuration, or a number is out of its range.
    pub fn load(path: &Path, sets: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read { path: path.to_owned(), error })?;
        Self::parse(&text, path, sets)
    }

    /// Reads the text of a configuration as if it stood in the file `path`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, sets: &[String]) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error, text: &str| {
            ConfigError::Syntax(Box::new(Misread {
                message: format!("{}: {}", path.display(), error.message()),
                at: error.span().map(|span| (span.start, span.end - span.start).into()),
                help: nearest(error.message()),
                text: NamedSource::new(path.display().to_string(), text.to_owned()),
            }))
        };
        let config: Self = if sets.is_empty() {
            toml::from_str(text).map_err(|error| syntax(error, text))?
        } else {
            let mut table: toml::Table = toml::from_str(text).map_err(|error| syntax(error, text))?;
            for set in sets {
                apply(&mut table, set).ok_or_else(|| ConfigError::Set { text: set.clone() })?;
            }
            // The written text no longer is what is wrong, so the error shows the text as it was set.
            let text = toml::to_string(&table).map_err(|_| ConfigError::Set { text: sets.join(" ") })?;
            toml::from_str(&text).map_err(|error| syntax(error, &text))?
        };
        config.check(path)?;
        Ok(config)
    }

    /// The digest that it is pinned by, and the reference to resolve.
    ///
    /// # Panics
    /// When the configuration was not checked.
    pub fn pinned(&self) -> (Reference, Digest) {
        pinned(&self.version).expect("BUG: a configuration that was not checked")
    }

    /// The configuration as a TOML file, with every default.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("BUG: a configuration that is no TOML")
    }

    /// What turns images into input; `defaults` are the mean and deviation that the weights were trained with.
    ///
    /// # Errors
    /// When a size or a deviation is out of range.
    pub fn input(&self, defaults: ([f32; 3], [f32; 3])) -> Result<Input, InputError> {
        let InputConfig { size, fit, interpolation, mean, std } = &self.input;
        let size = Size::new(*size, *size);
        Input::new(size, *fit, mean.unwrap_or(defaults.0), std.unwrap_or(defaults.1), *interpolation)
    }

    fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let range = |problem: String| Err(ConfigError::Range { path: path.to_owned(), problem });
        if pinned(&self.version).is_none() {
            return Err(ConfigError::NotPinned { path: path.to_owned(), version: self.version.clone() });
        }
        let whole = [
            ("epochs", u64::from(self.epochs), 1, 100_000),
            ("batch", self.batch as u64, 1, 65_536),
            ("threads", self.threads.into(), 1, 1024),
            ("data.threads", self.data.threads.into(), 1, 1024),
            ("data.views", self.data.views.unwrap_or(1).into(), 1, 100_000),
            ("input.size", self.input.size.into(), 8, 4096),
        ];
        for (name, value, low, high) in whole {
            if !(low..=high).contains(&value) {
                return range(format!("{name} is {value}: it must be {low} to {high}"));
            }
        }
        if let Err(error) = self.optimizer.check() {
            return range(format!("optimizer: {error}"));
        }
        if self.data.views.is_some() && self.data.pixels != PixelsFrom::Online {
            return range("data.views is for pixels that are drawn anew each epoch: data.pixels = \"online\"".into());
        }
        if let Trained::Unfreeze(epochs) = &self.model.train
            && (epochs.is_empty() || !epochs.is_sorted())
        {
            return range("model.train.unfreeze wants epochs in ascending order: [2, 4]".into());
        }
        if self.model.bifpn.is_some_and(|neck| !(8..=1024).contains(&neck.channels) || !(1..=16).contains(&neck.layers))
        {
            return range("model.bifpn wants 8 to 1024 channels and 1 to 16 layers".into());
        }
        Ok(())
    }
}

fn pinned(version: &str) -> Option<(Reference, Digest)> {
    let reference: Reference = version.parse().ok()?;
    let Which::Prefix(prefix) = &reference.which else { return None };
    let digest = format!("sha256:{prefix}").parse().ok()?;
    Some((reference, digest))
}

/// Puts `a.b=value` into a table.
fn apply(table: &mut toml::Table, set: &str) -> Option<()> {
    let (key, value) = set.split_once('=')?;
    let parse = |value: &str| toml::from_str::<toml::Table>(&format!("v = {value}")).ok()?.remove("v");
    let value = parse(value).unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let mut parts: Vec<&str> = key.trim().split('.').collect();
    let last = parts.pop().filter(|last| !last.is_empty())?;
    let mut table = table;
    for part in parts {
        let entry = table.entry(part).or_insert_with(|| toml::Table::new().into());
        // `model.train = "head"` gives way to `model.train.unfreeze = [2]`.
        if !entry.is_table() {
            *entry = toml::Table::new().into();
        }
        table = entry.as_table_mut()?;
    }
    table.insert(last.to_owned(), value);
    Some(())
}

/// "did you mean", from what serde says of an unknown name: "unknown field `epoch`, expected one of `version`, `epochs`".
fn nearest(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    let scored = quoted.map(|name| (strsim::damerau_levenshtein(written, name), name));
    let (_, name) = scored.filter(|(distance, _)| *distance <= 1 + written.chars().count() / 3).min()?;
    message.starts_with("unknown").then(|| format!("did you mean '{name}'?"))
}
