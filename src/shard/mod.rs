//! Shards: about a thousand samples in one plain tar, and beside it the entries in the tar's order.
//!
//! Each sample is two members, `<key>.jpg` (or `png`, `webp`) and `<key>.json`, so that a folder of shards is a
//! WebDataset that `webdataset`, timm and `tar` read with no export. Of such a tar every byte but the pixels is known
//! from the entries, so a sample is found without an index ([`places`]) and a flipped byte is noticed wherever it is
//! ([`Shard::verify`]).
//!
//! A shard is named by its key, which is known before it is rendered. The entries (`<key>.jsonl`) appear before the
//! tar, and each by one rename: **a tar that is there is whole**, and a build that was killed leaves nothing else behind.

mod read;
pub(crate) mod tar;
mod write;

pub use read::{Fault, Problem, Shard, ShardError};
pub use write::{Pixels, ShardWriter, Written};

use crate::canonical::write_text;
use crate::digest::Digest;
use crate::manifest::{Entry, WHOLE};
use crate::source::Classes;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Where the tar of a shard is, in the folder of shards.
pub fn tar_path(folder: &Path, key: &Digest) -> PathBuf {
    folder.join(format!("{}.tar", key.hex()))
}

/// Where the entries of a shard are, in the folder of shards.
pub fn entries_path(folder: &Path, key: &Digest) -> PathBuf {
    folder.join(format!("{}.jsonl", key.hex()))
}

/// Where the stored bytes of a sample lie in its shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// From the start of the tar.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
}

/// Where each sample's bytes lie, for the entries of one shard in its order, and how long the tar is.
pub fn places(entries: &[Entry], classes: &Classes) -> (Vec<Place>, u64) {
    let mut start = 0;
    let place = |entry: &Entry| {
        let place = Place { offset: start + tar::BLOCK, bytes: entry.bytes };
        start += frame_bytes(entry, classes);
        place
    };
    let places = entries.iter().map(place).collect();
    (places, start + tar::END.len() as u64)
}

/// How long a sample is in a tar: both members with their headers and padding.
pub fn frame_bytes(entry: &Entry, classes: &Classes) -> u64 {
    2 * tar::BLOCK + tar::padded(entry.bytes) + tar::padded(describe(entry, classes).len() as u64)
}

/// The text of a sample's `.json` member: canonical JSON of what a trainer in any language wants.
///
/// `target` is the class number with the most weight, and `class` its name; `label` lists class numbers with their
/// weights as exact decimals that sum to 1; `source` and `copy` say what the sample was made from.
pub fn describe(entry: &Entry, classes: &Classes) -> String {
    let mut text = String::with_capacity(256);
    // Writing to a String cannot fail.
    let _ = describe_into(&mut text, entry, classes);
    text
}

fn describe_into(out: &mut String, entry: &Entry, classes: &Classes) -> std::fmt::Result {
    let target = entry.target();
    out.push_str("{\"class\":");
    match classes.name(target) {
        Some(name) => write_text(out, name)?,
        None => write!(out, "\"{target}\"")?,
    }
    write!(out, ",\"copy\":{},\"label\":[", entry.copy)?;
    for (index, (class, weight)) in entry.label.iter().enumerate() {
        write!(out, "{}[{class},{}]", if index > 0 { "," } else { "" }, fraction(*weight))?;
    }
    let (role, set, source) = (entry.role.name(), entry.set, entry.source.hex());
    write!(out, "],\"role\":\"{role}\",\"set\":\"{set}\",\"source\":\"{source}\",\"target\":{target}}}")
}

/// The exact decimal of `weight`/65536: 2^-16 has sixteen decimals, and a float holds it exactly.
pub(crate) fn fraction(weight: u32) -> String {
    const UNIT: u64 = 152_587_890_625; // 5^16
    if weight == WHOLE {
        return "1".into();
    }
    let decimals = format!("{:016}", u64::from(weight) * UNIT);
    format!("0.{}", decimals.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::sample;

    #[test]
    fn weights_are_exact_decimals() {
        for (weight, text) in
            [(WHOLE, "1"), (WHOLE / 2, "0.5"), (1, "0.0000152587890625"), (65_535, "0.9999847412109375")]
        {
            assert_eq!(fraction(weight), text);
            assert_eq!(text.parse::<f64>().unwrap() * 65536.0, f64::from(weight));
        }
    }

    #[test]
    fn the_description_is_pinned() {
        let classes = Classes(vec![(1, "b \"q\"".into()), (2, "c".into())]);
        let entry = Entry { label: vec![(1, 49_152), (2, 16_384)], ..sample(4) };
        let text = describe(&entry, &classes);
        assert_eq!(
            text,
            format!(
                "{{\"class\":\"b \\\"q\\\"\",\"copy\":4,\"label\":[[1,0.75],[2,0.25]],\"role\":\"train\",\"set\":\"train\",\
                 \"source\":\"{}\",\"target\":1}}",
                entry.source.hex()
            )
        );
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
