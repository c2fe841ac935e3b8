//! How many images each class has.

use crate::source::SourceSet;
use serde::Serialize;
use std::collections::BTreeMap;

/// A class and its images.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClassCount {
    pub class: String,
    pub images: usize,
    /// Physical documents that they come from, as far as known: what a split can divide.
    pub groups: usize,
}

/// All classes in the order of their numbers.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClassCounts {
    /// Those without an image too.
    pub counts: Vec<ClassCount>,
    /// Images of the largest class for one of the smallest that has any.
    pub imbalance: f64,
}

impl ClassCounts {
    /// Of all sources, whatever was measured of them.
    pub(super) fn of(set: &SourceSet) -> Self {
        let mut images = BTreeMap::<u32, usize>::new();
        let mut groups = BTreeMap::<u32, std::collections::BTreeSet<&str>>::new();
        for source in &set.sources {
            *images.entry(source.class).or_default() += 1;
            groups.entry(source.class).or_default().insert(&source.group);
        }
        let count = |(number, name): &(u32, String)| ClassCount {
            class: name.clone(),
            images: images.get(number).copied().unwrap_or(0),
            groups: groups.get(number).map_or(0, std::collections::BTreeSet::len),
        };
        let counts: Vec<ClassCount> = set.classes.0.iter().map(count).collect();
        let used = || counts.iter().map(|count| count.images).filter(|images| *images > 0);
        let imbalance = used().max().unwrap_or(1) as f64 / used().min().unwrap_or(1) as f64;
        Self { counts, imbalance }
    }

    /// The first of the largest classes.
    pub fn largest(&self) -> Option<&ClassCount> {
        self.used().rev().max_by_key(|count| count.images)
    }

    /// The first of the smallest classes that have an image.
    pub fn smallest(&self) -> Option<&ClassCount> {
        self.used().min_by_key(|count| count.images)
    }

    /// Classes without an image.
    pub fn empty(&self) -> Vec<&str> {
        self.counts.iter().filter(|count| count.images == 0).map(|count| count.class.as_str()).collect()
    }

    fn used(&self) -> impl DoubleEndedIterator<Item = &ClassCount> {
        self.counts.iter().filter(|count| count.images > 0)
    }
}
