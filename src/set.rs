//! Sets: the parts of a version that are read separately, as a trainer names them.

use std::fmt;
use std::str::FromStr;

/// A set of samples: `train`, `val`, `noisy_val`; with folds `f0`, `f0-val`, `f0-noisy_val`, where `f0` holds the
/// training samples of fold 0's own sources, so that training set 0 is every `f<k>` but `f0`. Ordered by fold, then role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Set {
    /// The fold whose sources these are; `None` without folds.
    pub fold: Option<u32>,
    /// What the samples are for.
    pub role: SetRole,
}

/// What the samples of a set are for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SetRole {
    /// Training: originals and augmented copies.
    Train,
    /// Clean validation.
    Val,
    /// Noisy validation.
    NoisyVal,
}

impl SetRole {
    /// `train`, `val` or `noisy_val`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::NoisyVal => "noisy_val",
        }
    }

    /// Whether the samples are held out from training.
    pub const fn is_validation(self) -> bool {
        !matches!(self, Self::Train)
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.fold, self.role) {
            (None, role) => f.write_str(role.name()),
            (Some(fold), SetRole::Train) => write!(f, "f{fold}"),
            (Some(fold), role) => write!(f, "f{fold}-{}", role.name()),
        }
    }
}

/// Why a text names no set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{text}' is not a set: expected train, val or noisy_val, or with folds f0, f0-val, f0-noisy_val, f1, …")]
pub struct ParseSetError {
    /// The text as given.
    pub text: String,
}

impl FromStr for Set {
    type Err = ParseSetError;

    fn from_str(text: &str) -> Result<Self, ParseSetError> {
        let role = |name| match name {
            "train" => Some(SetRole::Train),
            "val" => Some(SetRole::Val),
            "noisy_val" => Some(SetRole::NoisyVal),
            _ => None,
        };
        let set = role(text).map(|role| Self { fold: None, role }).or_else(|| {
            let (fold, rest) =
                text.strip_prefix('f')?.split_once('-').map_or((&text[1..], None), |(f, r)| (f, Some(r)));
            let role = rest.map_or(Some(SetRole::Train), |rest| role(rest).filter(|role| role.is_validation()))?;
            Some(Self { fold: Some(fold.parse().ok()?), role })
        });
        // Only the one spelling: not `f00`, not `f+1`.
        set.filter(|set| set.to_string() == text).ok_or_else(|| ParseSetError { text: text.into() })
    }
}

impl serde::Serialize for Set {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Set {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in ["train", "val", "noisy_val", "f0", "f12-val", "f0-noisy_val"] {
            assert_eq!(name.parse::<Set>().unwrap().to_string(), name);
        }
        for name in ["", "f", "f-val", "f00", "f+1", "f0-train", "Train", "val-f0", "f4294967296"] {
            assert!(name.parse::<Set>().is_err(), "{name}");
        }
    }

    #[test]
    fn order_is_by_fold_then_role() {
        let mut sets: Vec<Set> =
            ["f10", "noisy_val", "f2-val", "val", "f2", "train"].iter().map(|name| name.parse().unwrap()).collect();
        sets.sort();
        let names: Vec<_> = sets.iter().map(Set::to_string).collect();
        assert_eq!(names, ["train", "val", "noisy_val", "f2", "f2-val", "f10"]);
    }
}
