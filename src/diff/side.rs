//! One side of a comparison: a version, or a plan of one.

use super::DiffError;
use super::columns::{Collector, Columns, Names};
use super::recipe::Of;
use crate::digest::{Digest, StreamHasher};
use crate::fs;
use crate::manifest::{FORMAT, LineParser, ManifestError};
use crate::opened::Opened;
use crate::plan::{Engine, Plan, engine};
use crate::source::{Classes, Source, identity};
use crate::split::Part;
use crate::store::Name;
use rayon::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that is compared of a version, but for its samples, which are read when they are.
#[derive(Debug)]
pub struct Side {
    /// As it is named in what is printed: `docs17@v3`, `recipes/docs17.toml`.
    pub label: String,
    /// The dataset.
    pub name: Name,
    /// The version; `None` for a recipe that is not built.
    pub digest: Option<Digest>,
    /// How many samples.
    pub samples: u64,
    /// The recipe's meaning.
    pub meaning: Value,
    /// Revisions.
    pub engine: Engine,
    /// Class numbers and names.
    pub classes: Classes,
    /// Sources, sorted by digest.
    pub sources: Vec<Source>,
    /// The part of each.
    pub parts: Vec<Part>,
    /// The validation digest, where it is known and anything is held out.
    pub validation: Option<Digest>,
    /// Where the samples come from.
    pub content: Content,
}

/// Where the samples of a side come from.
#[derive(Debug)]
pub enum Content {
    /// The manifest in the store.
    Manifest(PathBuf),
    /// Drawn from a plan: of a recipe that is not built, or of a version whose manifest the store does not hold.
    Plan(Arc<Plan>),
}

impl Side {
    /// What was opened: by its manifest, or, where the store has none, by its plan, for which neither pixels nor sources
    /// are needed.
    pub fn of(opened: &Opened) -> Self {
        let plan = opened.plan();
        let content = match opened.manifest() {
            Some(path) => Content::Manifest(path),
            None => Content::Plan(plan.clone()),
        };
        let meaning = || serde_json::from_str(&plan.recipe().meaning().to_string());
        let record = opened.record();
        Self {
            label: opened.label().to_owned(),
            name: opened.name().clone(),
            digest: opened.digest(),
            samples: plan.total(),
            meaning: match record {
                Some(record) => record.recipe.meaning.clone(),
                None => meaning().expect("BUG: canonical JSON that is none"),
            },
            engine: record.map_or_else(|| engine(plan), |record| Engine(record.revisions.clone())),
            classes: plan.classes().clone(),
            sources: plan.sources().to_vec(),
            parts: plan.parts().to_vec(),
            validation: record.and_then(|record| record.validation.as_ref()).map(|validation| validation.digest),
            content,
        }
    }

    /// Whether the two decide the same samples: by their digests or, where one is not built, by all that goes into them.
    pub fn decides_as(&self, other: &Self) -> bool {
        match (self.digest, other.digest) {
            (Some(digest), Some(other)) => digest == other,
            _ => {
                let header = |side: &Self| (side.samples, identity(&side.sources, &side.parts));
                (&self.meaning, &self.engine, &self.classes) == (&other.meaning, &other.engine, &other.classes)
                    && header(self) == header(other)
            }
        }
    }

    /// Whether any source is held out.
    pub fn holds_out(&self) -> bool {
        self.parts.iter().any(|part| *part != Part::Train)
    }

    /// Reads or draws the samples.
    ///
    /// # Errors
    /// When the manifest cannot be read or is not that of the version.
    pub fn columns(&self, names: &Names, unsettled: &BTreeMap<Of, BTreeSet<String>>) -> Result<Columns, DiffError> {
        let classes = self.classes.0.iter().map(|(number, name)| (*number, name.as_str()));
        let sources = self.sources.iter().map(|source| (&source.digest, source.class));
        let mut collector = Collector::new(names, classes, sources, unsettled);
        match &self.content {
            Content::Manifest(path) => {
                read(path, self.digest, &mut collector)?;
                Ok(collector.finish(true))
            }
            Content::Plan(plan) => {
                draw(plan, &mut collector);
                Ok(collector.finish(false))
            }
        }
    }
}

/// How much text is held at once.
const CHUNK: usize = 1 << 20;

fn read(path: &Path, expected: Option<Digest>, collector: &mut Collector<'_>) -> Result<(), DiffError> {
    let on = |error| ManifestError::from(fs::on("read", path)(error));
    let mut input = zstd::Decoder::new(fs::open(path).map_err(ManifestError::from)?).map_err(on)?;
    let mut hasher = StreamHasher::default();
    let (mut text, mut filled, mut line) = (vec![0; CHUNK], 0, 1);
    loop {
        let read = input.read(&mut text[filled..]).map_err(on)?;
        hasher.update(&text[filled..filled + read]);
        filled += read;
        if read > 0 && filled < text.len() {
            continue;
        }
        let mut at = 0;
        if line == 1 {
            at = header(&text[..filled]).ok_or_else(|| ManifestError::Header { path: path.to_owned() })?;
            line += 1;
        }
        // All lines that are whole; the rest goes to the front and waits for more.
        let whole = text[..filled].iter().rposition(|byte| *byte == b'\n').map_or(at, |end| (end + 1).max(at));
        while at < whole {
            at = collector.line(&text[..whole], at).ok_or_else(|| wrong(path, line, &text[at..whole]))?;
            line += 1;
        }
        if read == 0 {
            break;
        }
        text.copy_within(whole..filled, 0);
        filled -= whole;
        if filled == text.len() {
            text.resize(2 * filled, 0);
        }
    }
    let found = hasher.finish();
    match expected {
        Some(expected) if expected != found => {
            Err(ManifestError::Digest { path: path.to_owned(), expected, found }.into())
        }
        _ => Ok(()),
    }
}

/// The length of the first line, if it is a header of ours. It is longer than a chunk in no recipe that anyone wrote.
fn header(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let header: Value = serde_json::from_slice(&text[..end]).ok()?;
    (header.get("format")?.as_str() == Some(FORMAT)).then_some(end + 1)
}

/// What is wrong with the line that a text starts with.
fn wrong(path: &Path, line: u64, text: &[u8]) -> DiffError {
    let path = path.to_owned();
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Ok(first) = std::str::from_utf8(first) else {
        return ManifestError::Text { path, line, problem: "not UTF-8" }.into();
    };
    match LineParser::default().parse(first) {
        Err(problem) => ManifestError::Line { path, line, problem }.into(),
        Ok(entry) => DiffError::Unlisted { path, line, key: entry.key },
    }
}

/// Shards that are drawn before their lines are taken; bounds the text that is held.
const DRAWN: usize = 32;

fn draw(plan: &Plan, collector: &mut Collector<'_>) {
    for shards in plan.shards().chunks(DRAWN) {
        let texts: Vec<String> = (shards.par_iter())
            .map(|shard| {
                let mut text = String::new();
                for sample in shard.blocks.iter().flat_map(|block| plan.block_samples(block)) {
                    plan.unrendered(&sample).write_line(&mut text);
                    text.push('\n');
                }
                text
            })
            .collect();
        for text in texts {
            let mut at = 0;
            while at < text.len() {
                at = collector.line(text.as_bytes(), at).expect("BUG: a line of our own that cannot be read");
            }
        }
    }
}
