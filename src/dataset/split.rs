//! Which samples of a version a run trains on, or is judged by.

use crate::set::{ParseSetError, Set, SetRole};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A part of a version as a run sees it. Text form: `train`, `val`, `noisy_val`; with folds `not-f0` (what is trained on
/// while fold 0 is held out), `f0-val`, `f0-noisy_val`: the names of the splits in `_info.json`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Split {
    /// Training, or which validation.
    pub role: SetRole,
    /// The fold that is held out; `None` for a version without folds.
    pub fold: Option<u32>,
}

impl Split {
    /// The part of this role while `fold` is held out.
    pub const fn new(role: SetRole, fold: Option<u32>) -> Self {
        Self { role, fold }
    }

    /// Whether the samples of a set are in it: with folds, training is every fold but the one that is held out.
    pub fn has(self, set: Set) -> bool {
        let fold = match (self.fold, self.role) {
            (Some(held_out), SetRole::Train) => set.fold.is_some_and(|fold| fold != held_out),
            (fold, _) => set.fold == fold,
        };
        fold && set.role == self.role
    }

    /// Why a version of these sets has no such part, and what to say instead; `None` where it has.
    pub(super) fn missing_in(self, sets: &BTreeSet<Set>) -> Option<String> {
        let folds: BTreeSet<u32> = sets.iter().filter_map(|set| set.fold).collect();
        // Every fold is another than one that there is not, and all of them would be trained on.
        let known = self.fold.is_none_or(|fold| folds.contains(&fold));
        if known && sets.iter().any(|set| self.has(*set)) {
            return None;
        }
        Some(match (self.fold, folds.last()) {
            (None, Some(last)) => format!("its sources are dealt into folds: say which one is held out, 0 to {last}"),
            (Some(_), None) => "it has no folds: leave the fold out".to_owned(),
            (Some(fold), Some(last)) if !folds.contains(&fold) => format!("its folds are 0 to {last}"),
            _ => match self.role {
                SetRole::Train => "no source of it is for training".to_owned(),
                SetRole::Val => "nothing is held out in it: give its recipe a [split]".to_owned(),
                SetRole::NoisyVal => "its recipe has no `split.noisy_val`".to_owned(),
            },
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.fold, self.role) {
            (Some(fold), SetRole::Train) => write!(f, "not-f{fold}"),
            (fold, role) => Set { fold, role }.fmt(f),
        }
    }
}

impl FromStr for Split {
    type Err = ParseSetError;

    fn from_str(text: &str) -> Result<Self, ParseSetError> {
        let held_out = text.strip_prefix("not-");
        let set: Set = held_out.unwrap_or(text).parse().map_err(|_| ParseSetError { text: text.into() })?;
        // `f0` alone is the training samples of fold 0's own sources: no run trains on them alone.
        let fits = match held_out {
            Some(_) => set.fold.is_some() && set.role == SetRole::Train,
            None => set.fold.is_none() || set.role.is_validation(),
        };
        fits.then_some(Self { role: set.role, fold: set.fold }).ok_or_else(|| ParseSetError { text: text.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(names: &[&str]) -> BTreeSet<Set> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn names_read_back_and_a_fold_alone_is_no_split() {
        for name in ["train", "val", "noisy_val", "not-f0", "f12-val", "f0-noisy_val"] {
            assert_eq!(name.parse::<Split>().unwrap().to_string(), name);
        }
        for name in ["", "f0", "not-f0-val", "not-train", "not-val", "not-not-f0", "f00-val"] {
            assert!(name.parse::<Split>().is_err(), "{name}");
        }
    }

    #[test]
    fn training_is_every_fold_but_the_one_held_out() {
        let all = sets(&["f0", "f0-val", "f1", "f1-val", "f2", "f2-val"]);
        let has = |split: &str| {
            let split: Split = split.parse().unwrap();
            all.iter().filter(|set| split.has(**set)).map(Set::to_string).collect::<Vec<_>>()
        };
        assert_eq!(has("not-f1"), ["f0", "f2"]);
        assert_eq!(has("f1-val"), ["f1-val"]);
        assert_eq!(has("train"), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_explained() {
        let (plain, folded) = (sets(&["train", "val"]), sets(&["f0", "f0-val", "f1", "f1-val"]));
        let missing = |split: &str, sets: &BTreeSet<Set>| split.parse::<Split>().unwrap().missing_in(sets);
        assert_eq!(missing("train", &plain), None);
        assert_eq!(missing("noisy_val", &plain).unwrap(), "its recipe has no `split.noisy_val`");
        assert_eq!(missing("not-f0", &plain).unwrap(), "it has no folds: leave the fold out");
        assert_eq!(
            missing("train", &folded).unwrap(),
            "its sources are dealt into folds: say which one is held out, 0 to 1"
        );
        assert_eq!(missing("f2-val", &folded).unwrap(), "its folds are 0 to 1");
        assert_eq!(missing("not-f2", &folded).unwrap(), "its folds are 0 to 1");
        assert_eq!(missing("f1-noisy_val", &folded).unwrap(), "its recipe has no `split.noisy_val`");
    }
}
