//! Near-duplicates: pages that show the same but have other bytes.
//!
//! Every pair is looked at, by its sketch (see [`super::fingerprint`]), in parallel. That is quadratic, and cheap enough
//! to be exact: 20,000 sources are 200 million pairs, three seconds on two cores (100,000: over a
//! minute, still less than decoding them takes). Pairs are found in the order of digests, whatever the number of threads.

use super::fingerprint::{Fingerprint, Likeness};
use crate::digest::Digest;
use rayon::prelude::*;

/// Pages joined into one, and what joined them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NearDuplicates {
    /// Two sources or more, sorted.
    pub sources: Vec<Digest>,
    /// Their classes, sorted, each once: more than one is suspicious.
    pub classes: Vec<u32>,
    /// The group that they and their groups became.
    pub group: String,
    /// The pairs that are alike, sorted.
    pub pairs: Vec<NearPair>,
}

/// Two sources that show the same page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NearPair {
    /// The smaller digest.
    pub a: Digest,
    /// The larger digest.
    pub b: Digest,
    /// Correlation of their grey values, in thousandths: at least 970.
    pub alike: u32,
    /// Largest difference of a cell of a 64 × 64 grid, in grey levels: at most 28.
    pub difference: u32,
}

/// All pairs that are alike, as indices `a < b`, sorted.
pub(super) fn pairs(prints: &[&Fingerprint]) -> Vec<(usize, usize, Likeness)> {
    let of_row = |a: usize| {
        let one = prints[a];
        let candidates = (a + 1..prints.len()).filter(move |b| one.is_candidate(prints[*b]));
        candidates.filter_map(|b| Some((a, b, one.compare(prints[b])?))).collect::<Vec<_>>()
    };
    (0..prints.len()).into_par_iter().flat_map_iter(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::tests::page;
    use super::*;
    use crate::pixels::Size;

    #[test]
    fn finds_the_copies_among_other_pages() {
        let mut prints: Vec<_> = (0..30).map(|seed| Fingerprint::of(&page(Size::new(384, 480), seed))).collect();
        prints.push(Fingerprint::of(&page(Size::new(288, 360), 7)));
        prints.push(Fingerprint::of(&page(Size::new(768, 960), 7)));
        let found: Vec<_> = pairs(&prints.iter().collect::<Vec<_>>()).into_iter().map(|(a, b, _)| (a, b)).collect();
        assert_eq!(found, [(7, 30), (7, 31), (30, 31)]);
    }
}
