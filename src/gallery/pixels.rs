//! What augmentation does to pixels: brightness, sharpness, noise and the other measures of samples beside those of the
//! sources that they were made from.

use crate::manifest::Entry;
use crate::opened::Viewer;
use crate::report::{escaped, plot, section};
use crate::statistics::{self, Bars, MEASURES, Measure, Shift, Statistics};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The measures of these samples beside those of their sources, as HTML; empty where there is no sample. What cannot be
/// shown is not measured, and where the sources are not there the samples stand alone.
pub fn pixels(viewer: &Viewer<'_>, entries: &[&Entry]) -> String {
    let samples: Vec<Statistics> =
        entries.par_iter().filter_map(|entry| Some(statistics::of(&viewer.image(entry).ok()?))).collect();
    let opened = viewer.opened();
    let wanted: BTreeSet<usize> = entries.iter().filter_map(|entry| Some(opened.sample(entry)?.source)).collect();
    let sources: Vec<Statistics> = match viewer.renderer() {
        Ok(renderer) => {
            (wanted.par_iter()).filter_map(|source| Some(statistics::of(&*renderer.source(*source).ok()?))).collect()
        }
        Err(_) => Vec::new(),
    };
    if samples.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<p class=\"key\"><span class=\"a\">{} sources</span> <span class=\"b\">{} training copies of them</span></p>\n\
         <div class=\"spreads\">\n",
        sources.len(),
        samples.len()
    );
    for measure in &MEASURES {
        figure(measure, &sources, &samples, &mut out);
    }
    section("Pixels", &(out + "</div>\n"))
}

fn figure(measure: &Measure, sources: &[Statistics], samples: &[Statistics], out: &mut String) {
    let (a, b) = (measure.values(sources), measure.values(samples));
    let bars = Bars::of(&a, &b).0;
    let Some((first, last)) = bars.first().zip(bars.last()) else { return };
    let (one, two): (Vec<u64>, Vec<u64>) = bars.iter().map(|bar| (bar.a, bar.b)).unzip();
    let plot = plot::histogram(measure.name, &measure.number(first.low), &measure.number(last.high), &[&one, &two]);
    let words = Shift::between(&a, &b).map(|shift| shift.words(measure)).unwrap_or_default();
    let _ = writeln!(
        out,
        "<figure>{plot}<figcaption><b>{}</b> {} ({}): {}</figcaption></figure>",
        escaped(measure.name),
        escaped(measure.unit),
        escaped(measure.meaning),
        escaped(&words)
    );
}
