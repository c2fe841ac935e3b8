//! Where a selection comes from: a version, sources that have no version yet, or what a model said.

use super::{ExportError, Item, Part, Selection};
use crate::source::{Classes, SourceSet, predicted};
use crate::store::{Datasets, Resolved, ShardRef, StoreError};
use crate::{fs, shard};
use std::collections::BTreeSet;
use std::path::Path;

/// The samples of a version that is stored: of one split (`train`, `f0-val`, `not-f0`) or, in parts, of all its sets.
/// Nothing is believed that the manifest does not say, and of the manifest nothing that its digest does not.
///
/// # Errors
/// When it is not stored, has no such split, or its manifest or entries were changed.
pub fn of_version(
    datasets: &Datasets,
    version: &Resolved,
    classes: Classes,
    split: Option<&str>,
) -> Result<Selection, ExportError> {
    let digest = &version.digest;
    let info = datasets.info(digest)?;
    let wanted: Vec<String> = match split {
        Some(split) if !info.splits.contains_key(split) => {
            let known = info.splits.keys().cloned().collect();
            return Err(StoreError::UnknownSplit { digest: *digest, split: split.into(), known }.into());
        }
        Some(split) => vec![split.into()],
        None => {
            info.shards.iter().map(|shard| shard.set).collect::<BTreeSet<_>>().iter().map(ToString::to_string).collect()
        }
    };
    let index = datasets.index(digest).map_err(|problem| ExportError::Entries { file: "manifest".into(), problem })?;
    let (mut parts, mut shards) = (Vec::new(), Vec::new());
    for name in wanted {
        let files: BTreeSet<&String> = info.splits[&name].filenames.iter().collect();
        let mut items = Vec::new();
        for of in info.shards.iter().filter(|shard| files.contains(&shard.file_name())) {
            let number = u32::try_from(shards.len()).expect("BUG: more shards than any store has");
            items.extend(samples(datasets, of, &index, &classes, number)?);
            shards.push(shard::tar_path(&datasets.shards(), &of.key));
        }
        parts.push(Part { name, items });
    }
    let title =
        format!("{} {digest}{}", version.name, split.map(|split| format!(", split {split}")).unwrap_or_default());
    Ok(Selection { title, nested: split.is_none(), parts, classes, shards })
}

/// The samples of a shard, if it is as long as they make it.
fn samples(
    datasets: &Datasets,
    of: &ShardRef,
    index: &crate::store::Index,
    classes: &Classes,
    number: u32,
) -> Result<Vec<Item>, ExportError> {
    let broken = |problem| ExportError::Entries { file: of.file_name(), problem };
    let entries = datasets.listed(of, Some(index)).map_err(broken)?;
    let (places, expected) = shard::places(&entries, classes);
    let path = shard::tar_path(&datasets.shards(), &of.key);
    let found = fs::metadata(&path)?.len();
    if found != expected {
        return Err(broken(format!("the shard was changed or cut off: it has {found} bytes instead of {expected}")));
    }
    let items = entries.into_iter().zip(places).map(|(mut entry, place)| {
        entry.steps = Vec::new();
        Item::Sample { entry, shard: number, offset: place.offset }
    });
    Ok(items.collect())
}

/// Sources as a scan found them, in the order of their paths; of equal files the first.
///
/// # Errors
/// When a file cannot be looked at.
pub fn of_sources(set: SourceSet) -> Result<Selection, ExportError> {
    let mut items = Vec::new();
    for source in &set.sources {
        let path = set.root.join(&source.paths[0]);
        let bytes = fs::metadata(&path)?.len();
        items.push(Item::file(source.paths[0].clone(), path, source.class, bytes, Some(source.digest)));
    }
    items.sort_by_cached_key(Item::name);
    let title = format!("sources in {}", set.root.display());
    let parts = vec![Part { name: "train".into(), items }];
    Ok(Selection { title, nested: false, parts, classes: set.classes, shards: Vec::new() })
}

/// What a model said: `table` (ID,target) names files in `images`; `classes` (target,class_name) names what it says.
/// Images that the table does not name are left out.
///
/// # Errors
/// With everything that is wrong with the tables, or every image that is missing.
pub fn of_predictions(table: &Path, images: &Path, classes: Option<&Path>) -> Result<Selection, ExportError> {
    let (classes, said) = predicted(table, images, classes)?;
    let mut items = Vec::new();
    for (id, class) in said {
        let path = images.join(&id);
        let bytes = fs::metadata(&path)?.len();
        items.push(Item::file(id, path, class, bytes, None));
    }
    let title = format!("predictions of {}", table.display());
    let parts = vec![Part { name: "predictions".into(), items }];
    Ok(Selection { title, nested: false, parts, classes, shards: Vec::new() })
}
