//! From what people have of a sample to the sample: its key, the beginning of it, a shard member's name, or a line of a
//! log that has one of these in it.

use super::{OpenError, Opened};
use crate::manifest::{Entry, Key, Reader};
use crate::plan::Sample;
use rayon::prelude::*;

/// Fewest digits of a key's beginning: fewer are found in any word.
const PREFIX: usize = 4;
/// Digits of a whole key.
const WHOLE: usize = 32;
/// Candidates that an error names.
const SHOWN: usize = 6;

/// Why a text names no sample.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum FindError {
    /// Nothing in it looks like a key.
    #[error("'{text}' holds no sample's key")]
    #[diagnostic(help(
        "a key is 32 hexadecimal digits, as in a shard's KEY.jpg, a manifest or `augmint show REF --samples`; its first \
         {PREFIX} or more do"
    ))]
    NoKey {
        /// As given.
        text: String,
    },
    /// It has keys, and none is of this version.
    #[error("{label} has no sample {}", keys.join(" or "))]
    #[diagnostic(help("it may be of another version: `augmint list` shows them"))]
    Unknown {
        /// The version or recipe.
        label: String,
        /// What was looked for.
        keys: Vec<String>,
    },
    /// The digits are the beginning of several.
    #[error("several samples' keys start with '{prefix}': {}", list(keys))]
    #[diagnostic(help("give more digits"))]
    Ambiguous {
        /// As given.
        prefix: String,
        /// All of them.
        keys: Vec<Key>,
    },
    /// The manifest.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Open(#[from] OpenError),
}

fn list(keys: &[Key]) -> String {
    let shown: Vec<String> = keys.iter().take(SHOWN).map(Key::to_string).collect();
    let more = if keys.len() > SHOWN { format!(" and {} more", keys.len() - SHOWN) } else { String::new() };
    shown.join(", ") + &more
}

/// Runs of hexadecimal digits that are no part of a longer word, in lower case.
fn runs(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let hexadecimal = |word: &&str| word.len() >= PREFIX && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    words.filter(hexadecimal).map(str::to_ascii_lowercase).collect()
}

impl Opened {
    /// The sample that a text names: a key, the first digits of one, a member of a shard (`train-00000.tar/KEY.jpg`), or
    /// any line that has a key in it. In a line of several words only whole keys count, as `2026` would be the beginning
    /// of one too.
    ///
    /// # Errors
    /// When it names none, or several.
    pub fn find(&self, text: &str) -> Result<Entry, FindError> {
        let text = text.trim();
        let found = runs(text);
        let whole: Vec<&String> = found.iter().filter(|run| run.len() == WHOLE).collect();
        let member = text.rsplit('/').next().unwrap_or(text).split('.').next().unwrap_or(text).to_ascii_lowercase();
        let wanted: Vec<&String> = match whole.is_empty() {
            false => whole,
            true => found.iter().filter(|run| **run == member && run.len() < WHOLE).collect(),
        };
        if wanted.is_empty() {
            return Err(FindError::NoKey { text: text.to_owned() });
        }
        for prefix in &wanted {
            let mut samples = self.starting_with(prefix);
            match samples.len() {
                0 => {}
                1 => return Ok(self.entry(&samples[0].1)?),
                _ => {
                    samples.sort_unstable_by_key(|(key, _)| *key);
                    let keys = samples.into_iter().map(|(key, _)| key).collect();
                    return Err(FindError::Ambiguous { prefix: prefix.to_string(), keys });
                }
            }
        }
        let keys = wanted.into_iter().cloned().collect();
        Err(FindError::Unknown { label: self.label().to_owned(), keys })
    }

    fn starting_with(&self, prefix: &str) -> Vec<(Key, Sample)> {
        let plan = self.plan();
        let starts = |key: &Key| key.to_string().starts_with(prefix);
        (plan.shards().par_iter())
            .flat_map_iter(|shard| shard.blocks.iter().flat_map(|block| plan.block_samples(block)))
            .map(|sample| (Key::of(&plan.id(&sample).key()), sample))
            .filter(|(key, _)| starts(key))
            .collect()
    }

    /// A sample of the plan, as the manifest has it, else as the plan knows it.
    ///
    /// # Errors
    /// When the manifest is there and cannot be read as far as the sample.
    pub fn entry(&self, sample: &Sample) -> Result<Entry, OpenError> {
        let key = Key::of(&self.plan().id(sample).key());
        let stored = match self.manifest() {
            Some(path) => {
                Reader::open(&path, None)?.find(|entry| entry.as_ref().map_or(true, |entry| entry.key >= key))
            }
            None => None,
        };
        match stored.transpose()? {
            Some(entry) if entry.key == key => Ok(entry),
            _ => Ok(self.plan().unrendered(sample)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn keys_are_seen_in_any_line() {
        let key = "00ff00ff00ff00ff00ff00ff00ff00ff";
        for line in [
            key.to_owned(),
            format!("train-00000.tar/{key}.jpg"),
            format!("epoch 3 step 17 loss 4.2 key={key} target=3"),
            format!("[\"{}\", 0.3]", key.to_uppercase()),
        ] {
            assert!(runs(&line).contains(&key.to_owned()), "{line}");
        }
        assert_eq!(runs("a key_00ff00ff is no run"), Vec::<String>::new());
    }
}
