//! Numbers of a run's config that have a range: a value of these types is in it, so nothing that computes with one checks
//! again. The error tells the range; where it stands in the file is told by the TOML reader.

use serde::{Deserialize, Serialize};

/// A number outside its range.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[error("{found} is out of range: it has to be {expected}")]
pub struct RangeError {
    /// What was given.
    pub found: f64,
    /// The range, in words.
    pub expected: &'static str,
}

macro_rules! ranges {
    ($($(#[$doc:meta])* $name:ident, $words:literal, |$value:ident| $inside:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Checks the range; NaN and the infinities are out of every range.
            ///
            /// # Errors
            /// When the number is out of range.
            pub const fn new($value: f64) -> Result<Self, RangeError> {
                if $value.is_finite() && $inside { Ok(Self($value)) } else { Err(RangeError { found: $value, expected: $words }) }
            }

            /// The number.
            pub const fn get(self) -> f64 {
                self.0
            }

            /// A number that is known to be in the range when the program is compiled.
            ///
            /// # Panics
            /// When it is not.
            pub(crate) const fn known(value: f64) -> Self {
                match Self::new(value) {
                    Ok(value) => value,
                    Err(_) => panic!("BUG: a default outside its own range"),
                }
            }
        }

        impl TryFrom<f64> for $name {
            type Error = RangeError;
            fn try_from(value: f64) -> Result<Self, RangeError> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )*};
}

ranges! {
    /// 0 or more and below 1: a decay rate, a momentum, a share of mass or of the learning rate.
    Fraction, "0 or more and below 1", |value| value >= 0.0 && value < 1.0;
    /// 0 to 10: a power or a factor of a loss. Nothing published is above 5.
    Exponent, "0 to 10", |value| value >= 0.0 && value <= 10.0;
    /// Above 0.
    Positive, "above 0", |value| value > 0.0;
    /// 0 or more.
    NonNegative, "0 or more", |value| value >= 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_it_says() {
        assert!(Fraction::new(0.0).is_ok() && Fraction::new(1.0 - f64::EPSILON).is_ok());
        assert!(Fraction::new(1.0).is_err() && Fraction::new(-f64::MIN_POSITIVE).is_err());
        assert!(Exponent::new(10.0).is_ok() && Exponent::new(10.1).is_err());
        assert!(Positive::new(f64::MIN_POSITIVE).is_ok() && Positive::new(0.0).is_err());
        assert!(NonNegative::new(0.0).is_ok() && NonNegative::new(-1.0).is_err());
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Positive::new(bad).is_err() && NonNegative::new(bad).is_err() && Fraction::new(bad).is_err());
        }
    }

    #[test]
    fn the_error_tells_the_range_and_whole_numbers_are_numbers() {
        let error = serde_json::from_str::<Fraction>("1.5").unwrap_err().to_string();
        assert!(error.contains("1.5 is out of range: it has to be 0 or more and below 1"), "{error}");
        assert_eq!(serde_json::from_str::<Exponent>("2").unwrap().get(), 2.0);
        assert_eq!(serde_json::to_string(&Exponent::known(0.5)).unwrap(), "0.5");
    }
}
