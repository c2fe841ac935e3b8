//! How much sample data: a share of the contest's size.

use std::fmt;
use std::str::FromStr;

/// A share of 1,570 images, in hundredths; at most 100 times as many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Scale(u32);

/// Why a text is not a scale.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "'{text}' is not a scale: write 'quick' (0.1), 'full' (1), or a number from 0.01 to 100 with at most two decimals"
)]
pub struct ParseScaleError {
    /// The text as given.
    pub text: String,
}

impl Scale {
    /// A tenth: some 160 images.
    pub const QUICK: Self = Self(10);
    /// As many as the contest: 1,570 images.
    pub const FULL: Self = Self(100);

    /// How many images of a class that has `full` at full scale: rounded to nearest, but at least 2, so that one can be
    /// held out.
    pub(super) fn of(self, full: u32) -> u32 {
        ((full * self.0 + 50) / 100).max(2)
    }
}

impl FromStr for Scale {
    type Err = ParseScaleError;

    fn from_str(text: &str) -> Result<Self, ParseScaleError> {
        let error = || ParseScaleError { text: text.into() };
        match text {
            "quick" => return Ok(Self::QUICK),
            "full" => return Ok(Self::FULL),
            _ => {}
        }
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(());
        digits(whole).and(digits(part)).filter(|()| whole.len() <= 3 && part.len() <= 2).ok_or_else(error)?;
        let hundredths: u32 = format!("{whole}{part:0<2}").parse().map_err(|_| error())?;
        if (1..=10_000).contains(&hundredths) { Ok(Self(hundredths)) } else { Err(error()) }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::QUICK => f.write_str("quick"),
            Self::FULL => f.write_str("full"),
            Self(hundredths) => write!(f, "{}.{:02}", hundredths / 100, hundredths % 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scales_are_names_or_numbers() {
        for (text, hundredths) in
            [("quick", 10), ("full", 100), ("0.1", 10), ("1", 100), ("2.55", 255), ("100", 10_000)]
        {
            assert_eq!(text.parse(), Ok(Scale(hundredths)), "{text}");
        }
        for text in ["", "0", "0.00", "-1", "0.001", "100.01", "1e3", "1.", ".5", "quick ", "999999999999", "NaN", "+1"]
        {
            let error = text.parse::<Scale>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("'{text}' is not a scale: write 'quick'")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(hundredths in 1u32..=10_000) {
            prop_assert_eq!(Scale(hundredths).to_string().parse(), Ok(Scale(hundredths)));
        }

        #[test]
        fn any_text_is_a_scale_or_an_error(text in ".*") {
            let _ = text.parse::<Scale>();
        }
    }
}
