//! The sections beside the steps: `[source]`, `[split]`, `[amount]`, `[output]`, and the recipe's name.

use super::error::{Span, Wrong};
use super::law;
use super::names::Names;
use super::reader::{Found, Node, Table};
use super::{Fit, Output};
use crate::balance::{Amount, AmountSpec, Balance};
use crate::number::Micro;
use crate::pixels::{Encoding, Fill, Size, Subsampling};
use crate::source::{Layout, OnBad, SourceSpec};
use crate::split::{SplitKind, SplitSpec};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Class names that a recipe mentions, and where: checked when the classes are known.
pub(super) type Mentions = Vec<(String, Span)>;

/// Largest number of samples, copies and pixels per side that a recipe may ask for.
const MAX_SAMPLES: i64 = 1_000_000_000;
const MAX_COPIES: i64 = 1_000_000;
const MAX_SIDE: i64 = 16_384;
const MAX_WEBP_SIDE: u32 = 16_383;

/// Directory names inside a dataset, which a namespace must not take.
pub(super) const RESERVED: [&str; 4] = ["records", "tags", "sources", "classes.txt"];

/// Notes why a text cannot be part of a name: letters and digits of any script, `_`, `-` and, inside, `.`.
pub(super) fn safe_name(text: &str, at: &Span, what: &'static str, found: &mut Found) -> Option<()> {
    let plain = |character: char| character.is_alphanumeric() || "_-.".contains(character);
    let why = if text.is_empty() {
        "it is empty"
    } else if text.len() > 100 {
        "it is longer than 100 bytes"
    } else if !text.chars().all(plain) {
        "use letters, digits, '_', '-' and '.'"
    } else if !text.starts_with(char::is_alphanumeric) || text.ends_with('.') {
        "it begins with a letter or digit and does not end with '.'"
    } else {
        return Some(());
    };
    found.add(at, Wrong::BadName { what, text: text.chars().take(40).collect(), why })
}

/// The dataset's name.
pub(super) fn name(node: &Node, found: &mut Found) -> Option<String> {
    let text = node.text(found)?;
    for part in text.split('/') {
        if RESERVED.contains(&part) {
            let (what, why) = ("a dataset's name", "datasets keep files of that name");
            return found.add(&node.span, Wrong::BadName { what, text: part.into(), why });
        }
        safe_name(part, &node.span, "a dataset's name", found)?;
    }
    Some(text.to_owned())
}

/// Any seed that TOML can write, from 0.
pub(super) fn seed(table: &Table, found: &mut Found) -> Option<u64> {
    match table.get("seed") {
        None => Some(0),
        Some(node) => node.whole(found, 0, i64::MAX, "").map(|seed| seed as u64),
    }
}

/// `[source]`; paths are relative to `base`.
pub(super) fn source(table: &Table, base: &Path, found: &mut Found) -> Option<SourceSpec> {
    let keys = [
        "images",
        "folders",
        "labels",
        "classes",
        "groups",
        "fixes",
        "on_bad_source",
        "max_megapixels",
        "near_duplicates",
    ];
    table.allow(found, &keys);
    let path = |key: &str, found: &mut Found| -> Option<Option<PathBuf>> {
        let Some(node) = table.get(key) else { return Some(None) };
        let text = node.text(found)?;
        if text.is_empty() {
            let (what, why) = ("a path", "it is empty");
            return found.add(&node.span, Wrong::BadName { what, text: text.into(), why });
        }
        Some(Some(base.join(text)))
    };
    let layout = match table.need_one_of(found, &["images", "folders"]) {
        Some(("images", ..)) => {
            let (images, labels) = (path("images", found), path("labels", found));
            let (classes, groups) = (path("classes", found), path("groups", found));
            table.need(found, "labels", "a table of ID,target; or folders = \"...\" with one folder for each class");
            images
                .flatten()
                .zip(labels.flatten())
                .zip(classes.zip(groups))
                .map(|((images, labels), (classes, groups))| Layout::Table { images, labels, classes, groups })
        }
        Some(_) => {
            for key in ["labels", "classes", "groups"] {
                if let Some(at) = table.key(key) {
                    let (place, first, second) = (table.title(), "folders".into(), key.to_owned());
                    found.add::<()>(at, Wrong::Exclusive { place, first, second });
                }
            }
            path("folders", found).flatten().map(Layout::Folders)
        }
        None => None,
    };
    let fixes = path("fixes", found);
    let on_bad_source = match table.get("on_bad_source") {
        None => Some(OnBad::Error),
        Some(node) => node.word(found, "word", &["error", "skip"]).map(|index| [OnBad::Error, OnBad::Skip][index]),
    };
    let max_megapixels = match table.get("max_megapixels") {
        None => Some(MAX_MEGAPIXELS),
        Some(node) => node.whole(found, 1, 1000, "million pixels").map(|most| most as u32),
    };
    let near_duplicates = table.get("near_duplicates").map_or(Some(true), |node| node.flag(found));
    Some(SourceSpec {
        layout: layout?,
        fixes: fixes?,
        on_bad_source: on_bad_source?,
        max_megapixels: max_megapixels?,
        near_duplicates: near_duplicates?,
    })
}

/// Most pixels of a source, in millions, where `[source]` does not say.
pub(super) const MAX_MEGAPIXELS: u32 = 100;

/// `noisy_val = { recipe, copies }` as written: the path's text, where it stands, copies.
pub(super) type NoisyVal = (String, Span, u32);

/// Without `[split]`, all sources train.
pub(super) const NO_SPLIT: SplitSpec =
    SplitSpec { seed: 0, kind: SplitKind::None, from: None, by_page: Vec::new(), train_only: Vec::new() };

/// `[split]`, and its `noisy_val`.
pub(super) fn split(
    table: &Table,
    mentions: &mut Mentions,
    found: &mut Found,
) -> Option<(SplitSpec, Option<NoisyVal>)> {
    table.allow(found, &["seed", "val", "folds", "noisy_val", "from", "class"]);
    let seed = seed(table, found);
    let kind = match table.one_of(found, &["val", "folds"]) {
        None => Some(SplitKind::None),
        Some(("val", _, node)) => {
            let (min, max) = (Micro::from_millionths(1), Micro::from_millionths(999_999));
            node.number(found, min, max, "of each class").map(SplitKind::Holdout)
        }
        Some((.., node)) => node.whole(found, 2, 1000, "folds").map(|folds| SplitKind::Folds(folds as u32)),
    };
    if kind == Some(SplitKind::None) {
        for key in ["noisy_val", "from", "class"] {
            if let Some(at) = table.key(key) {
                found.add::<()>(at, Wrong::NothingHeldOut { key });
            }
        }
    }
    let from = table.get("from").map(|node| {
        let text = node.text(found)?;
        let known = text.strip_prefix("sha256:").or_else(|| text.split_once('@').map(|(_, tag)| tag));
        if known.is_none_or(str::is_empty) {
            return found.add(&node.span, Wrong::BadReference { text: text.into() });
        }
        Some(text.to_owned())
    });
    let noisy_val = table.get("noisy_val").map(|node| {
        let table = node.table(found, "{ recipe = \"validation.toml\", copies = 3 }")?;
        table.allow(found, &["recipe", "copies"]);
        let recipe = table.need(found, "recipe", "noisy_val = { recipe = \"validation.toml\", copies = 3 }").cloned();
        let copies = table.need(found, "copies", "how many noisy samples of each held-out source").cloned();
        let recipe = recipe.and_then(|node| Some((node.text(found)?.to_owned(), node.span)));
        let copies = copies.and_then(|node| node.whole(found, 1, MAX_COPIES, "copies"));
        let (text, at) = recipe?;
        Some((text, at, copies? as u32))
    });
    let (mut by_page, mut train_only) = (Vec::new(), Vec::new());
    each_class(table, &["group_by", "train_only"], mentions, found, |name, table, found| {
        let group_by = table.get("group_by").and_then(|node| node.word(found, "word", &["group", "page"]));
        if group_by == Some(1) {
            by_page.push(name.to_owned());
        }
        if table.get("train_only").and_then(|node| node.flag(found)) == Some(true) {
            train_only.push(name.to_owned());
        }
    });
    by_page.sort();
    train_only.sort();
    let spec = SplitSpec { seed: seed?, kind: kind?, from: optional(from)?, by_page, train_only };
    Some((spec, optional(noisy_val)?))
}

/// What was not written is fine; what was written and is wrong is not.
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

/// Reads `class.NAME = { ... }` for each class.
fn each_class(
    table: &Table,
    keys: &[&str],
    mentions: &mut Mentions,
    found: &mut Found,
    mut read: impl FnMut(&str, &Table, &mut Found),
) {
    let Some(node) = table.get("class") else { return };
    let Some(classes) = node.table(found, "class.NAME = { ... }") else { return };
    for (name, at, node) in &classes.entries {
        mentions.push(((*name).to_owned(), at.clone()));
        if let Some(inner) = node.table(found, "a table") {
            inner.allow(found, keys);
            read(name, &inner, found);
        }
    }
}

/// `[amount]`.
pub(super) fn amount(table: &Table, mentions: &mut Mentions, found: &mut Found) -> Option<AmountSpec> {
    table.allow(found, &["total", "copies", "per_class", "balance", "originals", "class", "max_copies"]);
    let originals = table.get("originals").map_or(Some(true), |node| node.flag(found));
    let amount = match table.need_one_of(found, &["total", "copies", "per_class"]) {
        Some(("total", _, node)) => node.whole(found, 1, MAX_SAMPLES, "samples").map(|n| Amount::Total(n as u64)),
        Some(("copies", _, node)) => {
            // The source itself is one of its samples.
            let least = if originals == Some(false) { Micro::from_millionths(1) } else { Micro::ONE };
            node.number(found, least, Micro::from_int(MAX_COPIES), "per source").map(Amount::Copies)
        }
        Some((.., node)) => node.whole(found, 1, MAX_SAMPLES, "samples").map(|n| Amount::PerClass(n as u64)),
        None => None,
    };
    let balance = match table.get("balance") {
        None => Some(Balance::Natural),
        Some(node) => node
            .word(found, "word", &["natural", "sqrt", "equal"])
            .map(|index| [Balance::Natural, Balance::Sqrt, Balance::Equal][index]),
    };
    if let (Some(at), Some(Amount::PerClass(_))) = (table.key("balance"), amount) {
        let (place, first, second) = (table.title(), "per_class".into(), "balance".into());
        found.add::<()>(at, Wrong::Exclusive { place, first, second });
    }
    let max_copies = table.get("max_copies").map(|node| node.whole(found, 1, MAX_COPIES, "per source"));
    let least = if originals == Some(false) { 0 } else { 1 };
    let mut class_copies = BTreeMap::new();
    each_class(table, &["copies"], mentions, found, |name, table, found| {
        let node = table.need(found, "copies", "samples of each source of the class").cloned();
        if let Some(copies) = node.and_then(|node| node.whole(found, least, MAX_COPIES, "per source")) {
            class_copies.insert(name.to_owned(), copies as u32);
        }
    });
    Some(AmountSpec {
        amount: amount?,
        balance: balance?,
        originals: originals?,
        class_copies,
        max_copies: optional(max_copies)?.map(|most| most as u32),
    })
}

/// `[output]`; keeps the size and writes JPEG of quality 90 unless told otherwise.
pub(super) fn output(table: Option<&Table>, found: &mut Found) -> Option<Output> {
    let standard = Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 };
    let Some(table) = table else { return Some(Output { fit: Fit::Keep, encode: standard }) };
    table.allow(found, &["fit", "encode"]);
    let fit = choice(table, "fit", &["keep", "within", "pad", "stretch", "cover"], found);
    let encode = choice(table, "encode", &["jpeg", "png", "webp"], found);
    let encode = match encode {
        Choice::Default => Some(standard),
        Choice::Wrong => None,
        Choice::Written("jpeg", _, table) => jpeg(&table, found),
        Choice::Written(name, _, table) => {
            table.allow(found, &[]);
            Some(if name == "png" { Encoding::Png } else { Encoding::Webp })
        }
    };
    let fit = match fit {
        Choice::Default => Some(Fit::Keep),
        Choice::Wrong => None,
        Choice::Written("keep", _, table) => {
            table.allow(found, &[]);
            Some(Fit::Keep)
        }
        Choice::Written(name, at, table) => fitted(name, &at, &table, encode, found),
    };
    Some(Output { fit: fit?, encode: encode? })
}

/// `key.NAME = { ... }` with one of some names.
enum Choice<'a> {
    Default,
    Wrong,
    Written(&'a str, Span, Table<'a>),
}

fn choice<'a>(table: &Table<'a>, key: &str, names: &[&str], found: &mut Found) -> Choice<'a> {
    let Some(node) = table.get(key) else { return Choice::Default };
    let Some(inner) = node.table(found, &format!("{key}.NAME = {{ ... }}")) else { return Choice::Wrong };
    inner.allow(found, names);
    match inner.need_one_of(found, names) {
        None => Choice::Wrong,
        Some((name, at, node)) => match node.table(found, "a table") {
            None => Choice::Wrong,
            Some(table) => Choice::Written(name, at.clone(), table),
        },
    }
}

fn jpeg(table: &Table, found: &mut Found) -> Option<Encoding> {
    table.allow(found, &["quality", "subsampling"]);
    let quality = table.get("quality").map_or(Some(90), |node| node.whole(found, 1, 100, ""));
    let subsampling = match table.get("subsampling") {
        None => Some(Subsampling::S420),
        Some(node) => node
            .word(found, "subsampling", &["4:4:4", "4:2:2", "4:2:0"])
            .map(|index| [Subsampling::S444, Subsampling::S422, Subsampling::S420][index]),
    };
    Some(Encoding::Jpeg { quality: quality? as u8, subsampling: subsampling? })
}

fn fitted(name: &str, at: &Span, table: &Table, encode: Option<Encoding>, found: &mut Found) -> Option<Fit> {
    table.allow(found, if name == "pad" { &["width", "height", "fill"] } else { &["width", "height"] });
    let help = format!("fit.{name} = {{ width = 512, height = 512 }}");
    let mut side = |key: &str| {
        let node = table.need(found, key, &help)?.clone();
        node.whole(found, 1, MAX_SIDE, "px").map(|side| side as u32)
    };
    let (width, height) = (side("width"), side("height"));
    let fill = table.get("fill").map_or(Some(Fill::WHITE), |node| law::fill(node, found));
    let size = Size::new(width?, height?);
    if encode == Some(Encoding::Webp) && size.width.max(size.height) > MAX_WEBP_SIDE {
        let place = format!("output.fit.{name}");
        let (value, max) = (size.to_string(), MAX_WEBP_SIDE.to_string());
        return found.add(at, Wrong::OutOfRange { place, value, min: "1".into(), max, unit: " px of WebP".into() });
    }
    Some(match name {
        "within" => Fit::Within(size),
        "pad" => Fit::Pad(size, fill?),
        "stretch" => Fit::Stretch(size),
        _ => Fit::Cover(size),
    })
}

/// The names that stand for classes known, and notes those that do not.
pub(super) fn check_mentions(mentions: &Mentions, known: &[(u32, String)], found: &mut Found) {
    for (name, at) in mentions {
        if !known.iter().any(|(_, class)| class == name) {
            let names = Names::new(name, known.iter().map(|(_, class)| class));
            found.add::<()>(at, Wrong::Unknown { kind: "class", name: name.clone(), names });
        }
    }
}
