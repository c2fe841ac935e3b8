//! numpy's `.npz`, a zip archive of arrays: `ids`, one of `probs`, `probabilities` and `logits`, and `classes` if you like.

use super::AnswersError;
use super::npy::{Array, NpyError};
use super::table::{Cells, Columns};
use std::io::{Cursor, Read as _};
use std::path::Path;
use zip::ZipArchive;

/// Most bytes of one array: a million rows of 250 classes. An archive can claim to unpack to anything.
const MOST: u64 = 2_000_000_000;

/// What an array of values holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// Probabilities.
    Probabilities,
    /// Logits, to be put through a softmax.
    Logits,
}

/// Reads an archive: IDs from the array `ids` (or `ID`), where there is one; the columns' names from `classes`, where
/// there is one.
pub(super) fn read_npz(
    path: &Path,
    bytes: &[u8],
    meaning: Meaning,
) -> Result<(Option<Vec<String>>, Cells), AnswersError> {
    let broken = |source| AnswersError::Archive { path: path.to_owned(), source };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut names: Vec<String> = archive
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    names.sort_unstable();
    let arrays: Vec<&str> = names.iter().map(|name| name.strip_suffix(".npy").unwrap_or(name)).collect();
    let values: Vec<&str> =
        arrays.iter().copied().filter(|name| ["probs", "probabilities", "logits"].contains(name)).collect();
    let [values] = values[..] else {
        let found = if arrays.is_empty() { "none".to_owned() } else { super::error::some(&arrays) };
        return Err(AnswersError::Values { path: path.to_owned(), found });
    };
    let mut member = |name: &str| -> Result<Vec<u8>, AnswersError> {
        let file = names.iter().find(|file| file.strip_suffix(".npy").unwrap_or(file) == name);
        let file = file.expect("BUG: a name that is not of the list");
        let mut unpacked = Vec::new();
        let entry = archive.by_name(file).map_err(broken)?;
        entry.take(MOST + 1).read_to_end(&mut unpacked).map_err(|error| broken(error.into()))?;
        if unpacked.len() as u64 > MOST {
            let source = NpyError::Bytes { found: unpacked.len(), expected: format!("no more than {MOST}") };
            return Err(AnswersError::Array { path: path.to_owned(), array: name.to_owned(), source });
        }
        Ok(unpacked)
    };
    let texts = |name: &str, bytes: &[u8]| {
        let texts = Array::read(bytes).and_then(|array| array.texts());
        texts.map_err(|source| AnswersError::Array { path: path.to_owned(), array: name.to_owned(), source })
    };
    let ids = ["ids", "ID"].into_iter().find(|name| arrays.contains(name));
    let ids = ids.map(|name| texts(name, &member(name)?)).transpose()?;
    let classes = arrays.contains(&"classes").then(|| texts("classes", &member("classes")?)).transpose()?;
    let meaning = if values == "logits" { Meaning::Logits } else { meaning };
    let cells = read_npy(path, values, &member(values)?, classes, meaning)?;
    Ok((ids, cells))
}

/// Reads the values of an array, `[rows, classes]`; `array` is its name, for messages.
pub(super) fn read_npy(
    path: &Path,
    array: &str,
    bytes: &[u8],
    classes: Option<Vec<String>>,
    meaning: Meaning,
) -> Result<Cells, AnswersError> {
    let broken = |source| AnswersError::Array { path: path.to_owned(), array: array.to_owned(), source };
    let read = Array::read(bytes).map_err(broken)?;
    let (width, values) = read.table().map_err(broken)?;
    let columns = match classes {
        Some(classes) if classes.len() != width => {
            let named = "its array 'classes'".to_owned();
            return Err(AnswersError::Width { path: path.to_owned(), columns: width, classes: classes.len(), named });
        }
        Some(classes) => Columns::Named(classes),
        None => Columns::Nameless(width),
    };
    Ok(Cells { rows: read.shape()[0], targets: None, columns, values, meaning, single: read.is_single() })
}
