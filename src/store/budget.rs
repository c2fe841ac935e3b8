//! Room on the disk: what a build may take, asked before the first write.

use crate::fs::{self, FsError, Space};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A number of bytes as people write it: `20GB`, `500MiB`, `1.5 TB`, `4096`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct ByteSize(pub u64);

/// Why a text is not a number of bytes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{text}' is not a number of bytes: write 20GB, 500MiB or 4096")]
pub struct ParseByteSizeError {
    /// The text as given.
    pub text: String,
}

const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl FromStr for ByteSize {
    type Err = ParseByteSizeError;

    fn from_str(text: &str) -> Result<Self, ParseByteSizeError> {
        let size = || {
            let digits = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_'))).unwrap_or(text.len());
            let (number, unit) = text.split_at(digits);
            let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?.1;
            let number = number.replace('_', "");
            // Exact: three decimals are enough for anyone, and no float is.
            let (whole, part) = number.split_once('.').unwrap_or((&number, "0"));
            let scale = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
            let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
            let part = u128::from(part.parse::<u64>().ok()?) * u128::from(unit) / u128::from(scale);
            whole.checked_add(u64::try_from(part).ok()?)
        };
        size().map(Self).ok_or_else(|| ParseByteSizeError { text: text.into() })
    }
}

impl fmt::Display for ByteSize {
    /// Three digits and a decimal unit: `4.15 GB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS[1..6].iter().rev().find(|(_, unit)| self.0 >= *unit).unwrap_or(&UNITS[1]);
        let value = self.0 as f64 / unit.1 as f64;
        let decimals = match value {
            _ if unit.1 == 1 => 0,
            ..10.0 => 2,
            ..100.0 => 1,
            _ => 0,
        };
        write!(f, "{value:.decimals$} {}", unit.0)
    }
}

/// What a build may take of the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Budget {
    /// The most that this build may write, where `--budget` says so.
    pub most: Option<ByteSize>,
}

/// What a build will write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// Samples still to be made.
    pub samples: u64,
    /// Bytes that they will take, as estimated.
    pub bytes: u64,
}

/// Why a build is refused.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum BudgetError {
    /// The disk would be left too full.
    #[error(
        "the build needs about {}, and {} has room for {}: {} are free, and {} stay free ({})",
        ByteSize(need.bytes), path.display(), ByteSize(*room), ByteSize(space.free), ByteSize(*kept), Budget::RULE
    )]
    #[diagnostic(help("{}", fitting(need, *room)))]
    Disk {
        /// What was asked.
        need: Need,
        /// Where it would be written.
        path: PathBuf,
        /// What may be written.
        room: u64,
        /// What has to stay free.
        kept: u64,
        /// What is there.
        space: Space,
    },
    /// More than `--budget`.
    #[error("the build needs about {}, more than the budget of {most}", ByteSize(need.bytes))]
    #[diagnostic(help("{}", fitting(need, most.0)))]
    Most {
        /// What was asked.
        need: Need,
        /// What may be written.
        most: ByteSize,
    },
    /// The disk cannot be asked.
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// How many of the samples fit: two digits, rounded down, since it rests on an estimate.
fn fitting(need: &Need, room: u64) -> String {
    let fit = u128::from(need.samples) * u128::from(room) / u128::from(need.bytes.max(1));
    let fit = u64::try_from(fit).unwrap_or(need.samples);
    let digit = 10u64.pow(fit.checked_ilog10().unwrap_or(0).saturating_sub(1));
    let fit = fit / digit * digit;
    match fit {
        0 => "not one sample would fit: free some room, or choose another disk with --store".into(),
        fit => format!(
            "about {fit} of the {} samples would fit: lower `total`, the output's size or the quality, free some room, \
             or choose another disk with --store",
            need.samples
        ),
    }
}

impl Budget {
    /// What always stays free, in words.
    const RULE: &'static str = "10 GB or 10 %, whichever is more";

    /// What has to stay free on a disk of this size: 10 GB or 10 %, whichever is more.
    pub const fn kept(total: u64) -> u64 {
        let tenth = total / 10;
        if tenth > 10_000_000_000 { tenth } else { 10_000_000_000 }
    }

    /// Whether a build that writes below `path` may start.
    ///
    /// # Errors
    /// When it would take more than the budget, or leave too little free; the message says how many samples would fit.
    pub fn check(&self, path: &Path, need: Need) -> Result<(), BudgetError> {
        self.check_space(path, need, fs::space(path)?)
    }

    fn check_space(&self, path: &Path, need: Need, space: Space) -> Result<(), BudgetError> {
        if let Some(most) = self.most.filter(|most| need.bytes > most.0) {
            return Err(BudgetError::Most { need, most });
        }
        let kept = Self::kept(space.total);
        let room = space.free.saturating_sub(kept);
        if need.bytes > room {
            return Err(BudgetError::Disk { need, path: path.to_owned(), room, kept, space });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miette::Diagnostic as _;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("20GB", 20_000_000_000),
            ("500MiB", 500 << 20),
            ("1.5 TB", 1_500_000_000_000),
            ("4096", 4096),
            ("10_000kb", 10_000_000),
            ("0.25gib", 1 << 28),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "GB", "-1GB", "1XB", "1e9", "99999999999TB", "1.2.3GB", "0.123456789012345678901GB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
        for (bytes, text) in
            [(0, "0 B"), (999, "999 B"), (4_150_000_000, "4.15 GB"), (15_500, "15.5 kB"), (1 << 40, "1.10 TB")]
        {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }

    #[test]
    fn a_build_that_would_fill_the_disk_is_refused_and_told_what_fits() {
        const GB: u64 = 1_000_000_000;
        let need = Need { samples: 100_000, bytes: 8 * GB };
        let check = |budget: Option<u64>, free, total| {
            let budget = Budget { most: budget.map(ByteSize) };
            let result = budget.check_space(Path::new("store"), need, Space { free, total });
            result.map_err(|error| (error.to_string(), error.help().map(|help| help.to_string()).unwrap_or_default()))
        };
        assert_eq!(check(None, 18 * GB, 50 * GB), Ok(()));
        assert_eq!(check(Some(8 * GB), 100 * GB, 500 * GB), Ok(()));
        let (message, help) = check(None, 13 * GB, 50 * GB).unwrap_err();
        assert_eq!(
            message,
            "the build needs about 8.00 GB, and store has room for 3.00 GB: 13.0 GB are free, and 10.0 GB stay free \
             (10 GB or 10 %, whichever is more)"
        );
        assert!(help.starts_with("about 37000 of the 100000 samples would fit"), "{help}");
        assert!(check(None, 57 * GB, 500 * GB).is_err(), "a tenth stays free on a large disk");
        assert!(check(None, GB, 50 * GB).unwrap_err().1.starts_with("not one sample would fit"));
        let (message, help) = check(Some(2 * GB), 100 * GB, 500 * GB).unwrap_err();
        assert_eq!(message, "the build needs about 8.00 GB, more than the budget of 2.00 GB");
        assert!(help.starts_with("about 25000 of"), "{help}");
    }
}
