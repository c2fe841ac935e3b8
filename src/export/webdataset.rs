//! `webdataset`: shards in one global shuffle, for readers that stream.
//!
//! In the store's own shards copies of one source lie side by side, because they were rendered together; a reader that
//! streams them needs a buffer of thousands to break that up. Here the order is that of a keyed hash over all samples of
//! a part, so that a plain reader gets batches without correlation.

use super::images::Images;
use super::output::Output;
use super::{ExportError, Item, Selection, Step};
use crate::canonical::Json;
use crate::manifest::WHOLE;
use crate::shard::{describe, tar};
use crate::store::Split;
use std::collections::BTreeMap;

/// Samples of one shard, about: shards of a part differ by one at most.
const SAMPLES: usize = 1000;

/// Writes `<part>-00000.tar` and so on, with the members KEY.jpg, KEY.cls and KEY.json of each sample, and
/// `_info.json`, by which timm's `wds/` reader finds them.
pub(super) fn write(
    selection: &Selection,
    seed: u64,
    output: &mut Output,
    images: &mut Images<'_>,
    step: &mut Step<'_>,
) -> Result<(), ExportError> {
    let mut splits = BTreeMap::new();
    for part in &selection.parts {
        let items = part.shuffled(seed);
        let shards = items.len().div_ceil(SAMPLES);
        let (mut filenames, mut shard_lengths) = (Vec::new(), Vec::new());
        for shard in 0..shards {
            let share = &items[items.len() * shard / shards..items.len() * (shard + 1) / shards];
            let name = format!("{}-{shard:05}.tar", part.name);
            write_shard(selection, name.clone(), share, output, images, step)?;
            filenames.push(name);
            shard_lengths.push(share.len() as u64);
        }
        let num_samples = items.len() as u64;
        let alt_label = "target".into();
        let split = Split { name: part.name.clone(), num_samples, filenames, shard_lengths, alt_label };
        splits.insert(part.name.clone(), split);
    }
    let info = serde_json::json!({ "splits": splits });
    let text = serde_json::to_string_pretty(&info).expect("BUG: information that is no JSON") + "\n";
    output.file("_info.json".into(), text.as_bytes())
}

fn write_shard(
    selection: &Selection,
    name: String,
    items: &[&Item],
    output: &mut Output,
    images: &mut Images<'_>,
    step: &mut Step<'_>,
) -> Result<(), ExportError> {
    let mut file = output.start(name)?;
    for item in items {
        let (name, about) = (item.name(), about(selection, item));
        let target = item.target().to_string();
        let (bytes, _) = images.read(item)?;
        for (name, content) in [
            (item.file_name(), bytes),
            (format!("{name}.cls"), target.as_bytes()),
            (format!("{name}.json"), about.as_bytes()),
        ] {
            let length = content.len() as u64;
            if length > tar::LARGEST {
                return Err(ExportError::TooLarge { name });
            }
            output.write(&mut file, &tar::header(&name, length))?;
            output.write(&mut file, content)?;
            output.write(&mut file, &tar::END[..(tar::padded(length) - length) as usize])?;
        }
        step.done(item.bytes())?;
    }
    output.write(&mut file, &tar::END)?;
    output.end(file)
}

/// The text of KEY.json: of a sample the same as in the store's shards, of a file what is known of it.
fn about(selection: &Selection, item: &Item) -> String {
    match item {
        Item::Sample { entry, .. } => describe(entry, &selection.classes),
        Item::File { id, label: [(class, weight)], .. } => {
            debug_assert_eq!(*weight, WHOLE, "a file has one class");
            Json::object([
                ("class", selection.class(*class).into()),
                ("label", Json::Array(vec![Json::array([*class, 1])])),
                ("path", id.clone().into()),
                ("target", (*class).into()),
            ])
            .to_string()
        }
    }
}
