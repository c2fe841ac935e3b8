//! The gallery as one file: some samples of a version with everything that the page shows of them.

use super::{BODY, Detail, DetailError, Index, SCRIPT, STYLE, detail, overview, pixels, thumbnail};
use crate::manifest::Entry;
use crate::opened::{OpenError, Viewer};
use crate::pixels::{Encoding, Subsampling};
use crate::report::{Script, data_url, document, smaller};
use crate::seed::Role;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The longest side of an opened sample.
const FULL: u32 = 1024;

/// How much goes into the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amount {
    /// Samples in the gallery: about 9 KB each.
    pub samples: usize,
    /// Those of them that open to full size with their stages: another 60 to 250 KB each.
    pub full: usize,
}

/// A sample's script element.
#[derive(Serialize)]
struct Element<'a> {
    #[serde(flatten)]
    detail: &'a Detail,
    #[serde(skip_serializing_if = "Option::is_none")]
    full: Option<String>,
    pictures: Vec<String>,
    /// Why there is no full size, if something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The report of what a viewer shows, as HTML; `progress` is told of each sample that is done.
///
/// # Errors
/// When the manifest cannot be read. Samples that cannot be shown say so in the page.
pub fn report(viewer: &Viewer<'_>, amount: Amount, progress: &(dyn Fn() + Sync)) -> Result<String, OpenError> {
    let opened = viewer.opened();
    let all = opened.entries()?;
    let whole = Index::new(opened, &all);
    let chosen = choose(&all, amount.samples);
    let shown: Vec<Entry> = chosen.iter().map(|place| all[*place].clone()).collect();
    let full: Vec<usize> = choose(&shown, amount.full);
    let one = |(number, entry): (usize, &Entry)| {
        let small = thumbnail(viewer, entry).map(|jpeg| BASE64_STANDARD.encode(jpeg)).unwrap_or_default();
        let element = element(viewer, entry, full.binary_search(&number).is_ok());
        progress();
        (small, element)
    };
    let (thumbnails, elements): (Vec<String>, Vec<String>) = shown.par_iter().enumerate().map(one).unzip();
    let mut body = overview(opened, &all, &whole);
    body += &pixels(viewer, &measured(&all));
    body += BODY;
    if shown.len() < all.len() {
        let (some, of) = (shown.len(), all.len());
        let _ = writeln!(
            body,
            "<p><small>{some} of {of} samples are in this file, of every class and split alike; {} of them open to full \
             size. `augmint view` shows all.</small></p>",
            full.len()
        );
    }
    body += &data("index", &Index::new(opened, &shown));
    body += &data("thumbnails", &thumbnails);
    for (number, element) in elements.iter().enumerate() {
        body += &script(&format!("s{number}"), element);
    }
    Ok(document(opened.label(), STYLE, Script::Alone(SCRIPT), &body))
}

/// Training samples whose pixels are measured: enough for a distribution.
const MEASURED: usize = 400;

/// Training samples that are no originals, of every class alike.
fn measured(all: &[Entry]) -> Vec<&Entry> {
    let made: Vec<&Entry> = all.iter().filter(|entry| entry.role == Role::Train).collect();
    choose(made.iter().copied(), MEASURED).into_iter().map(|place| made[place]).collect()
}

fn element(viewer: &Viewer<'_>, entry: &Entry, full: bool) -> String {
    let to_text = |element: &Element<'_>| serde_json::to_string(element).expect("BUG: a detail that is no JSON");
    if !full {
        let explained = viewer.opened().explain(entry);
        let lines = explained.steps.iter().map(|step| [step.id.clone(), step.text()]).collect();
        let detail = Detail { explained, lines, stages: Vec::new() };
        return to_text(&Element { detail: &detail, full: None, pictures: Vec::new(), why: None });
    }
    let (detail, stages) = detail(viewer, entry);
    let pictures = stages.iter().flatten().map(|stage| data_url("image/jpeg", &stage.jpeg)).collect();
    let (full, why) = match large(viewer, entry) {
        Ok(url) => (Some(url), None),
        Err(error) => (None, Some(error.to_string())),
    };
    to_text(&Element { detail: &detail, full, pictures, why })
}

/// A sample that is stored as JPEG byte for byte, any other one as a JPEG of it, as long as it is no poster.
fn large(viewer: &Viewer<'_>, entry: &Entry) -> Result<String, DetailError> {
    let bytes = viewer.bytes(entry)?;
    let image = viewer.image(entry)?;
    let small = image.size().width.max(image.size().height) <= FULL;
    if small && entry.file == crate::manifest::FileType::Jpg {
        return Ok(data_url("image/jpeg", &bytes));
    }
    let jpeg = Encoding::Jpeg { quality: 90, subsampling: Subsampling::S444 }.encode(&smaller(&image, FULL))?;
    Ok(data_url("image/jpeg", &jpeg))
}

/// Places of up to `count` entries, of every set and class in turn and in the order of their keys (which is random, and
/// the same every time); ascending.
fn choose<'a>(entries: impl IntoIterator<Item = &'a Entry>, count: usize) -> Vec<usize> {
    let mut turns: BTreeMap<_, usize> = BTreeMap::new();
    let turn = |(place, entry): (usize, &Entry)| {
        let turn = turns.entry((entry.set, entry.class)).or_default();
        *turn += 1;
        (*turn, entry.set, entry.class, place)
    };
    let mut ranked: Vec<_> = entries.into_iter().enumerate().map(turn).collect();
    ranked.sort_unstable();
    let mut chosen: Vec<usize> = ranked.into_iter().take(count).map(|(.., place)| place).collect();
    chosen.sort_unstable();
    chosen
}

/// A script element that holds data.
fn data(id: &str, value: &impl Serialize) -> String {
    script(id, &serde_json::to_string(value).expect("BUG: data that is no JSON"))
}

/// `<` could end the element from within a name; in JSON it is the same character when escaped.
fn script(id: &str, json: &str) -> String {
    format!("<script type=\"application/json\" id=\"{id}\">{}</script>\n", json.replace('<', "\\u003c"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::sample;

    #[test]
    fn every_class_has_its_turn() {
        let mut entries: Vec<Entry> = (0..30).map(sample).collect();
        for (number, entry) in entries.iter_mut().enumerate() {
            entry.class = u32::from(number % 10 == 0);
            entry.set = "train".parse().unwrap();
        }
        let chosen = choose(&entries, 6);
        assert_eq!(chosen.len(), 6);
        assert_eq!(chosen.iter().filter(|place| entries[**place].class == 1).count(), 3);
        assert_eq!(choose(&entries, 99).len(), 30);
    }

    #[test]
    fn no_name_ends_a_script() {
        assert_eq!(data("x", &"</script>").matches("</script>").count(), 1);
    }
}
