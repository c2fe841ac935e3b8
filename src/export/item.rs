//! What is exported: items (a sample in a shard, or a file), in parts.

use super::{ExportError, names};
use crate::digest::{Digest, Hasher};
use crate::manifest::{Entry, WHOLE};
use crate::source::Classes;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An image to be exported.
#[derive(Clone, Debug)]
pub enum Item {
    /// A sample of a version.
    Sample {
        /// What the manifest says of it, but for its steps, which no export holds.
        entry: Entry,
        /// The index of its shard in the selection.
        shard: u32,
        /// Where its bytes start in the shard.
        offset: u64,
    },
    /// A file of its own.
    File {
        /// Its path below the folder of images, or what a table calls it.
        id: String,
        /// The file's name without its ending.
        name: String,
        /// The file's ending.
        ending: String,
        /// Where it is.
        path: PathBuf,
        /// Of its bytes, where that is known.
        digest: Option<Digest>,
        /// Its class, of full weight.
        label: [(u32, u32); 1],
        /// How long it is.
        bytes: u64,
    },
}

impl Item {
    /// A file of this class.
    pub fn file(id: String, path: PathBuf, class: u32, bytes: u64, digest: Option<Digest>) -> Self {
        let (name, ending) = names::file(&id);
        Self::File { id, name, ending, path, digest, label: [(class, WHOLE)], bytes }
    }

    /// The name of its file, without the ending.
    pub fn name(&self) -> String {
        match self {
            Self::Sample { entry, .. } => entry.key.to_string(),
            Self::File { name, .. } => name.clone(),
        }
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        match self {
            Self::Sample { entry, .. } => format!("{}.{}", entry.key, entry.file.extension()),
            Self::File { name, ending, .. } => format!("{name}.{ending}"),
        }
    }

    /// Class numbers and weights in 1/65536.
    pub fn label(&self) -> &[(u32, u32)] {
        match self {
            Self::Sample { entry, .. } => &entry.label,
            Self::File { label, .. } => label,
        }
    }

    /// Whether its label has more than one class.
    pub fn is_soft(&self) -> bool {
        self.label().len() > 1
    }

    /// The class of the most weight.
    pub fn target(&self) -> u32 {
        match self {
            Self::Sample { entry, .. } => entry.target(),
            Self::File { label: [(class, _)], .. } => *class,
        }
    }

    /// How long its file is.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Sample { entry, .. } => entry.bytes,
            Self::File { bytes, .. } => *bytes,
        }
    }

    /// Its place in a random order that depends on nothing but the item, `purpose` and `seed`.
    fn rank(&self, purpose: &str, seed: u64) -> Digest {
        let hasher = Hasher::new(purpose).number(seed);
        match self {
            Self::Sample { entry, .. } => hasher.bytes(entry.key.bytes()),
            Self::File { id, .. } => hasher.text(id),
        }
        .finish()
    }
}

/// Images that are read together: a set of a version.
#[derive(Clone, Debug)]
pub struct Part {
    /// `train`, `f0-val`.
    pub name: String,
    /// In the order in which they are best read.
    pub items: Vec<Item>,
}

impl Part {
    /// The items in a global shuffle that depends on their names and the seed alone.
    pub(super) fn shuffled(&self, seed: u64) -> Vec<&Item> {
        let mut ranked: Vec<(u64, &Item)> =
            self.items.iter().map(|item| (item.rank("augmint export 1", seed).prefix64(), item)).collect();
        ranked.sort_by_cached_key(|(rank, item)| (*rank, item.name()));
        ranked.into_iter().map(|(_, item)| item).collect()
    }

    /// Keeps at most `limit` items of each class (the heaviest one, where labels are soft): those that come first in
    /// a random order of their own, so that a larger limit only adds.
    pub fn limit(&mut self, limit: u32) {
        let mut ranks = BTreeMap::<u32, Vec<Digest>>::new();
        let ranked = |item: &Item| item.rank("augmint export limit 1", 0);
        for item in &self.items {
            ranks.entry(item.target()).or_default().push(ranked(item));
        }
        let last: BTreeMap<u32, Digest> = (ranks.into_iter())
            .filter_map(|(class, mut ranks)| {
                let at = (limit as usize).min(ranks.len()).checked_sub(1)?;
                Some((class, *ranks.select_nth_unstable(at).1))
            })
            .collect();
        self.items.retain(|item| last.get(&item.target()).is_some_and(|last| ranked(item) <= *last));
    }
}

/// What to export.
#[derive(Clone, Debug)]
pub struct Selection {
    /// What it is of, for people: `docs17@v3 sha256:…, split train`.
    pub title: String,
    /// Whether each part gets a folder of its own, where classes have folders.
    pub nested: bool,
    /// By name.
    pub parts: Vec<Part>,
    /// All classes.
    pub classes: Classes,
    /// The tars that samples lie in.
    pub shards: Vec<PathBuf>,
}

impl Selection {
    /// Images, those of them with soft labels, and their bytes.
    pub fn totals(&self) -> (u64, u64, u64) {
        let items = || self.parts.iter().flat_map(|part| &part.items);
        let soft = items().filter(|item| item.is_soft()).count();
        (items().count() as u64, soft as u64, items().map(Item::bytes).sum())
    }

    /// The folder of a part with its `/`; nothing where parts have none.
    pub(super) fn folder(&self, part: &Part) -> String {
        if self.nested { format!("{}/", part.name) } else { String::new() }
    }

    /// The name of a class, or its number where it has none.
    pub(super) fn class(&self, number: u32) -> String {
        self.classes.name(number).map_or_else(|| number.to_string(), str::to_owned)
    }

    /// The classes that some image's label names, with their names.
    pub(super) fn used(&self) -> Vec<(u32, String)> {
        let items = self.parts.iter().flat_map(|part| &part.items);
        let used: std::collections::BTreeSet<u32> =
            items.flat_map(|item| item.label().iter().map(|(class, _)| *class)).collect();
        used.into_iter().map(|number| (number, self.class(number))).collect()
    }

    /// Refuses two files of one name. Samples are named by their keys, of which none is there twice.
    pub(super) fn check_names(&self) -> Result<(), ExportError> {
        for part in &self.parts {
            let mut seen = BTreeMap::<String, &str>::new();
            for item in &part.items {
                let Item::File { id, .. } = item else { continue };
                // The ending counts for nothing: a member of a shard has other endings too.
                if let Some(first) = seen.insert(item.name().to_lowercase(), id) {
                    let (first, second, name) = (first.to_owned(), id.clone(), item.file_name());
                    return Err(ExportError::Collision { first, second, name });
                }
            }
        }
        Ok(())
    }
}
