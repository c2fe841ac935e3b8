//! Which sources belong together: given groups, equal bytes under two of them, and near-duplicates.

use crate::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// Sets of indices that only ever merge; a set is named by its smallest member.
pub(crate) struct Sets(Vec<usize>);

impl Sets {
    /// `count` sets of one.
    pub fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The smallest member of the set of `item`.
    pub fn of(&mut self, item: usize) -> usize {
        let mut root = item;
        while self.0[root] != root {
            root = self.0[root];
        }
        let mut next = item;
        while self.0[next] != root {
            next = std::mem::replace(&mut self.0[next], root);
        }
        root
    }

    /// Merges the sets of two items.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// The group and the page of each source.
pub(super) struct Groups {
    /// The smallest given name in the group, else the smallest member digest's 64 hexadecimal digits.
    pub groups: Vec<String>,
    /// The smallest digest among near-duplicates.
    pub pages: Vec<Digest>,
}

/// Joins sources, sorted by digest, that share a given group or are near-duplicates. Near-duplicates of two groups
/// join the two: neither may then straddle the split.
pub(super) fn join(
    digests: &[Digest],
    given: &[BTreeSet<String>],
    near: impl IntoIterator<Item = (usize, usize)>,
) -> Groups {
    let (mut groups, mut pages) = (Sets::new(digests.len()), Sets::new(digests.len()));
    for (a, b) in near {
        groups.join(a, b);
        pages.join(a, b);
    }
    let mut first = BTreeMap::<&str, usize>::new();
    for (index, name) in given.iter().enumerate().flat_map(|(index, names)| names.iter().map(move |name| (index, name)))
    {
        groups.join(index, *first.entry(name).or_insert(index));
    }
    let mut names = BTreeMap::<usize, &str>::new();
    for (index, name) in given.iter().enumerate().flat_map(|(index, names)| names.iter().map(move |name| (index, name)))
    {
        let known = names.entry(groups.of(index)).or_insert(name);
        *known = (*known).min(name);
    }
    let name = |index: usize| {
        let root = groups.of(index);
        names.get(&root).map_or_else(|| digests[root].hex(), |name| (*name).to_owned())
    };
    Groups {
        groups: (0..digests.len()).map(name).collect(),
        pages: (0..digests.len()).map(|index| digests[pages.of(index)]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(given: &[&[&str]], near: &[(usize, usize)]) -> (Vec<String>, Vec<usize>) {
        let digests: Vec<_> = (0..given.len()).map(|n| Digest::from_bytes([n as u8; 32])).collect();
        let given: Vec<_> = given.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect()).collect();
        let Groups { groups, pages } = join(&digests, &given, near.iter().copied());
        (groups, pages.iter().map(|page| usize::from(page.bytes()[0])).collect())
    }

    #[test]
    fn a_group_is_named_by_its_smallest_name_or_digest() {
        let hex = |n: u8| Digest::from_bytes([n; 32]).hex();
        let (groups, pages) = joined(&[&[], &["x"], &[], &["x"], &[]], &[(2, 4)]);
        assert_eq!(groups, [hex(0), "x".into(), hex(2), "x".into(), hex(2)]);
        assert_eq!(pages, [0, 1, 2, 3, 2]);
    }

    #[test]
    fn near_duplicates_and_shared_bytes_join_whole_groups() {
        let (groups, pages) = joined(&[&["b"], &["b"], &["a"], &["a"], &["d", "c"], &["d"], &["c"]], &[(1, 3)]);
        assert_eq!(groups, ["a", "a", "a", "a", "c", "c", "c"]);
        assert_eq!(pages, [0, 1, 2, 1, 4, 5, 6]);
    }

    #[test]
    fn chains_join_to_one() {
        let (groups, pages) = joined(&[&[], &[], &[], &[]], &[(2, 3), (1, 2), (0, 1)]);
        assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), 1);
        assert_eq!(pages, [0, 0, 0, 0]);
    }
}
