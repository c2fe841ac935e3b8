//! What can be wrong in a table, with the table and the line.

use super::bad::did_you_mean;
use std::fmt;
use std::path::PathBuf;

/// Something wrong in a table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Problem {
    /// The table.
    pub table: PathBuf,
    /// Counted from 1; `None` where it concerns the whole table.
    pub line: Option<u64>,
    /// What is wrong.
    pub error: TableError,
}

impl Problem {
    pub(super) fn kind(&self) -> &'static str {
        use TableError as E;
        match self.error {
            E::Unreadable(_) | E::Utf16 | E::Encoding | E::Empty | E::NoRow => "unreadable",
            E::MissingColumn { .. } | E::TwiceAColumn(_) | E::Fields { .. } | E::EmptyCell(_) => "malformed",
            E::DuplicateId { .. } | E::DuplicateFix { .. } => "duplicate",
            E::Escapes(_) => "escaping",
            E::UnknownTarget { .. } | E::UnknownFixTarget { .. } => "of unknown class",
            E::NoSample { .. } | E::NothingOf { .. } | E::SeveralSources { .. } => "of unknown ID",
            E::SameSample { .. } => "duplicate",
            E::UnknownColumn { .. } | E::TwiceAClass(..) => "about classes",
            E::Probability { .. } | E::ProbabilitySum { .. } => "no probabilities",
            E::Number(_) | E::DuplicateNumber { .. } | E::DuplicateClass { .. } => "about classes",
            E::UnknownId { .. } => "of unknown ID",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.error)
    }
}

/// What can be wrong in a table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
pub enum TableError {
    /// The operating system does not give its bytes.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// UTF-16, as some spreadsheets write it.
    #[error("is UTF-16; save it as 'CSV UTF-8'")]
    Utf16,
    /// Another encoding.
    #[error("is not UTF-8 (CP949, EUC-KR or Latin-1?); save it as 'CSV UTF-8'")]
    Encoding,
    /// No header line.
    #[error("is empty; expected a header line")]
    Empty,
    /// A header line and nothing else.
    #[error("has no row")]
    NoRow,
    /// A column is not there.
    #[error("no column '{column}'; expected the header {expected}, found {found}")]
    MissingColumn {
        /// The column.
        column: String,
        /// All columns needed.
        expected: String,
        /// The header as read.
        found: String,
    },
    /// A column name stands twice in the header.
    #[error("the column '{0}' stands twice in the header")]
    TwiceAColumn(String),
    /// A row is longer or shorter than the header.
    #[error("{found} fields, but the header has {expected}; quote a field that holds a comma")]
    Fields {
        /// In the row.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// A cell that must say something does not.
    #[error("'{0}' is empty")]
    EmptyCell(String),
    /// An ID has two rows.
    #[error("the ID '{id}' stands already in line {first}")]
    DuplicateId {
        /// The ID.
        id: String,
        /// Its first line.
        first: u64,
    },
    /// An ID has two fixes.
    #[error("'{id}' is fixed already in line {first}; keep one of the two")]
    DuplicateFix {
        /// The ID.
        id: String,
        /// Its first line.
        first: u64,
    },
    /// An ID that leads out of the folder of images.
    #[error("the ID '{0}' leads out of the folder of images; IDs are paths below it")]
    Escapes(String),
    /// A label that no class has.
    #[error("no class has the target '{target}' (classes: {table}){}", did_you_mean(nearest.as_deref()))]
    UnknownTarget {
        /// The label.
        target: String,
        /// The table of classes.
        table: String,
        /// The closest target or class name.
        nearest: Option<String>,
    },
    /// A fix to something that is no class.
    #[error("'{target}' is neither 'drop' nor a class{}", did_you_mean(nearest.as_deref()))]
    UnknownFixTarget {
        /// The fix.
        target: String,
        /// The closest class name.
        nearest: Option<String>,
    },
    /// A class number that is none.
    #[error("the target '{0}' is not a class number (0, 1, 2, …)")]
    Number(String),
    /// A class number has two rows.
    #[error("the target {number} stands already in line {first}")]
    DuplicateNumber {
        /// The number.
        number: u32,
        /// Its first line.
        first: u64,
    },
    /// A class name has two rows.
    #[error("the class name '{name}' stands already in line {first}")]
    DuplicateClass {
        /// The name.
        name: String,
        /// Its first line.
        first: u64,
    },
    /// A column that should be a class's.
    #[error("the column '{column}' is no class of {classes}{}", did_you_mean(nearest.as_deref()))]
    UnknownColumn {
        /// The column.
        column: String,
        /// Whose classes.
        classes: String,
        /// The closest class name or number.
        nearest: Option<String>,
    },
    /// Two columns of one class, by its name and by its number.
    #[error("the columns '{0}' and '{1}' are of one class")]
    TwiceAClass(String, String),
    /// A cell that should be a probability.
    #[error("'{text}' in the column '{column}' is no probability, 0 to 1; take the softmax of logits first")]
    Probability {
        /// The column.
        column: String,
        /// The cell.
        text: String,
    },
    /// Probabilities that leave something over.
    #[error("the probabilities sum to {sum}, not to 1")]
    ProbabilitySum {
        /// Their sum.
        sum: String,
    },
    /// An ID that names no sample of a version.
    #[error("the ID '{id}' is no sample of {of}: neither a key, nor a source that stands there unaugmented")]
    NoSample {
        /// The ID.
        id: String,
        /// The version or recipe.
        of: String,
    },
    /// None of the IDs names a sample of a version.
    #[error(
        "none of its {rows} IDs is a sample of {of} (the first: '{first}'); an ID is a sample's key, KEY.jpg, or the path \
         of a source image. Predictions of other images are for `augmint compare`"
    )]
    NothingOf {
        /// The version or recipe.
        of: String,
        /// How many IDs.
        rows: usize,
        /// The first.
        first: String,
    },
    /// A file name that several sources have.
    #[error("several sources are named '{id}': write the path below the folder of images, one of {}", paths.join(", "))]
    SeveralSources {
        /// The ID.
        id: String,
        /// Their paths.
        paths: Vec<String>,
    },
    /// Two IDs of one sample.
    #[error("'{id}' is the same sample as line {first}: keep one of the two")]
    SameSample {
        /// The ID.
        id: String,
        /// The line of the other.
        first: u64,
    },
    /// An ID that names no source.
    #[error("the ID '{id}' names no source{}", did_you_mean(nearest.as_deref()))]
    UnknownId {
        /// The ID.
        id: String,
        /// The closest ID.
        nearest: Option<String>,
    },
}
