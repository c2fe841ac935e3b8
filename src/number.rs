//! Exact decimal numbers: what recipes say and manifests store.
//!
//! A parameter is a whole number of millionths, so that equal numbers have one text on every machine and no float is
//! ever printed into something that is hashed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number with six decimals, stored as a count of millionths. `Micro::from_f64(2.5)` prints `2.5`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Micro(i64);

impl Micro {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(1_000_000);
    /// The largest magnitude a recipe may write: 10^9 (so that products stay within an i64).
    pub const LIMIT: Self = Self(1_000_000_000_000_000);

    /// From a count of millionths.
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// From a whole number.
    pub const fn from_int(value: i64) -> Self {
        Self(value * 1_000_000)
    }

    /// From a float that stands for a decimal text, e.g. one read from TOML or JSON; `None` where it is not finite, too
    /// large, or has more than six decimals.
    pub fn from_f64(value: f64) -> Option<Self> {
        let scaled = value * 1e6;
        let rounded = scaled.round();
        let exact = (scaled - rounded).abs() <= 1e-9 * scaled.abs().max(1.0);
        (exact && rounded.abs() <= Self::LIMIT.0 as f64).then_some(Self(rounded as i64))
    }

    /// The nearest number to a float that was computed; saturates at [`Micro::LIMIT`].
    pub fn nearest(value: f64) -> Self {
        let limit = Self::LIMIT.0 as f64;
        Self((value * 1e6).round_ties_even().clamp(-limit, limit) as i64)
    }

    /// The count of millionths.
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// As a float, for arithmetic on pixels and coordinates: correctly rounded, so equal everywhere.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The whole number, where there are no decimals.
    pub fn to_int(self) -> Option<i64> {
        (self.0 % 1_000_000 == 0).then_some(self.0 / 1_000_000)
    }
}

impl fmt::Display for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        if self.0 < 0 {
            f.write_str("-")?;
        }
        write!(f, "{whole}")?;
        if part != 0 {
            write!(f, ".{}", format!("{part:06}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl Serialize for Micro {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // For output that is read, not hashed; hashed text is written by `canonical`.
        match self.to_int() {
            Some(whole) => serializer.serialize_i64(whole),
            None => serde_json::value::RawValue::from_string(self.to_string())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Micro {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::from_f64(value)
            .ok_or_else(|| serde::de::Error::custom(format!("{value} is not a number with at most six decimals")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_the_shortest_exact_decimal() {
        for (millionths, text) in
            [(0, "0"), (2_500_000, "2.5"), (-1, "-0.000001"), (-30_000_000, "-30"), (1_000_001, "1.000001")]
        {
            assert_eq!(Micro::from_millionths(millionths).to_string(), text);
        }
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        assert_eq!(Micro::from_f64(0.000_000_1), None);
        assert_eq!(Micro::from_f64(f64::NAN), None);
        assert_eq!(Micro::from_f64(1e12), None);
        assert_eq!(Micro::from_f64(0.1), Some(Micro::from_millionths(100_000)));
    }

    proptest! {
        #[test]
        fn json_round_trips(millionths in -1_000_000_000_000_000i64..=1_000_000_000_000_000) {
            let number = Micro::from_millionths(millionths);
            let text = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(&text, &number.to_string());
            prop_assert_eq!(serde_json::from_str::<Micro>(&text).unwrap(), number);
        }
    }
}
