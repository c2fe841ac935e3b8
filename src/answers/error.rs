//! Why a file of answers cannot be read, or does not say what it should.

use super::npy::NpyError;
use super::probabilities::ProbabilitiesError;
use crate::fs::FsError;
use crate::source::{SourceError, SpellingError};
use parquet::errors::ParquetError;
use std::path::PathBuf;
use zip::result::ZipError;

/// Why a file of answers cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum AnswersError {
    /// A CSV table.
    #[error(transparent)]
    Table(#[from] SourceError),
    /// A file.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FsError),
    /// Not a Parquet table, a broken one, or one of a compression that is not built in.
    #[error("{} is no Parquet table that can be read here: {source}", path.display())]
    #[diagnostic(help("compressions: none, snappy (pandas, DuckDB), zstd (polars)"))]
    Parquet {
        /// The table.
        path: PathBuf,
        /// What is wrong.
        source: ParquetError,
    },
    /// Parquet that breaks the reader.
    #[error("{} is a damaged Parquet table", path.display())]
    #[diagnostic(help("write it again"))]
    ParquetDamaged {
        /// The table.
        path: PathBuf,
    },
    /// Not a zip archive, or a broken one.
    #[error("{} is no .npz archive that can be read here: {source}", path.display())]
    #[diagnostic(help("numpy.savez and savez_compressed write one"))]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        source: ZipError,
    },
    /// An array in an archive, or a `.npy` file.
    #[error("the array '{array}' of {}: {source}", path.display())]
    Array {
        /// The file.
        path: PathBuf,
        /// The array's name.
        array: String,
        /// What is wrong.
        source: NpyError,
    },
    /// An archive without values, or with values twice.
    #[error("{} needs one of the arrays probs, probabilities and logits, and has {found}", path.display())]
    #[diagnostic(help(
        "np.savez(\"m.npz\", ids=np.array(ids, dtype=str), probs=probs), probs of the shape (rows, classes)"
    ))]
    Values {
        /// The archive.
        path: PathBuf,
        /// The arrays that it has.
        found: String,
    },
    /// A table without a column of IDs.
    #[error("{} has no column 'ID' or 'key'; its columns are {found}", path.display())]
    NoIds {
        /// The table.
        path: PathBuf,
        /// Its columns.
        found: String,
    },
    /// A table with nothing beside IDs.
    #[error("{} has neither a column 'target' nor columns of numbers; its columns are {found}", path.display())]
    NoValues {
        /// The table.
        path: PathBuf,
        /// Its columns.
        found: String,
    },
    /// A column twice.
    #[error("the column '{column}' stands twice in {}", path.display())]
    TwiceAColumn {
        /// The table.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// An array without IDs, and nothing that says which rows are which.
    #[error("{} has no IDs", path.display())]
    #[diagnostic(help(
        "add them (np.savez(\"m.npz\", ids=np.array(ids, dtype=str), probs=probs)); or, if its rows are in the order of the sample \
         submission, name that with --sample-submission"
    ))]
    Nameless {
        /// The file.
        path: PathBuf,
    },
    /// Not as many rows as IDs.
    #[error("{} has {rows} rows of values and {ids} IDs", path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// Rows.
        rows: usize,
        /// IDs.
        ids: usize,
    },
    /// A cell that says nothing, or not what its column should.
    #[error("{}: row {row}: {expected} expected in '{column}', found {found}", path.display())]
    Cell {
        /// The table.
        path: PathBuf,
        /// From 1.
        row: usize,
        /// The column.
        column: String,
        /// What is expected there.
        expected: &'static str,
        /// What is found.
        found: String,
    },
    /// Not as many columns as classes, and no names.
    #[error("{} has {columns} columns without names, and {named} has {classes} classes", path.display())]
    Width {
        /// The file.
        path: PathBuf,
        /// Its columns.
        columns: usize,
        /// Classes.
        classes: usize,
        /// Whose classes.
        named: String,
    },
    /// A target or column that is no class.
    #[error("'{text}' in {} is no class of {named}{}", path.display(), did_you_mean(nearest.as_deref()))]
    NoClass {
        /// The file.
        path: PathBuf,
        /// The target or column.
        text: String,
        /// Whose classes.
        named: String,
        /// The closest class.
        nearest: Option<String>,
    },
    /// Two columns of one class.
    #[error("two columns of {} are of the class '{class}'", path.display())]
    TwiceAClass {
        /// The file.
        path: PathBuf,
        /// The class.
        class: String,
    },
    /// Values that are no probabilities.
    #[error("{}: {source}", path.display())]
    #[diagnostic(help("logits are taken by the name 'logits' of an .npz's array, or with --logits"))]
    Probabilities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ProbabilitiesError,
    },
    /// Numbers here and names there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Spelling(#[from] SpellingError),
}

pub(super) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean '{nearest}'?"))
}

/// Names that an error shows of a long list.
const SHOWN: usize = 5;

/// `3 IDs: a, b, c`, cut short.
pub(super) fn some(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    format!("{}{}", shown.join(", "), if names.len() > SHOWN { ", …" } else { "" })
}
