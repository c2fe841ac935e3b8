//! `val.csv` and `noisy_val.csv`: what the model said of each sample, as `augmint errors` reads it
//! ([`crate::source::Submission`]).

use super::info::ClassInfo;
use super::{Result, RunError};
use crate::fs::{self, Existing};
use std::path::Path;

/// Writes `key` and a column for each class, headed by its number, with its probability. Rows stand in the order given.
///
/// # Panics
/// When a row has another number of classes.
pub(super) fn write<'a>(
    path: &Path,
    classes: &[ClassInfo],
    rows: impl IntoIterator<Item = (&'a str, &'a [f32])>,
) -> Result<()> {
    let csv = |source| RunError::Csv { path: path.into(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Numbers, not names: a class may be named "key", or by another class's number.
    let numbers = classes.iter().map(|class| class.number.to_string());
    writer.write_record(std::iter::once("key".to_owned()).chain(numbers)).map_err(csv)?;
    for (key, probabilities) in rows {
        assert_eq!(probabilities.len(), classes.len(), "BUG: probabilities of other classes");
        let cells = probabilities.iter().map(f32::to_string);
        writer.write_record(std::iter::once(key.to_owned()).chain(cells)).map_err(csv)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv(error.into_error().into()))?;
    fs::write(path, &bytes, Existing::Replace)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::classes;
    use super::*;
    use crate::source::{Classes, Submission};

    #[test]
    fn what_is_written_is_read_back_exactly() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("noisy_val.csv");
        let rows: [(&str, [f32; 2]); 3] = [("a1", [0.25, 0.75]), ("b2", [1.0, 1e-12]), ("c3", [0.1, 0.9])];
        write(&path, &classes(), rows.iter().map(|(key, row)| (*key, &row[..]))).unwrap();
        let submission = Submission::read(&path).unwrap();
        let known = Classes(classes().into_iter().map(|class| (class.number, class.name)).collect());
        let read = submission.resolve(&known, "docs17@v1").unwrap();
        assert_eq!(read.rows.iter().map(|row| row.class).collect::<Vec<_>>(), [1, 0, 1]);
        for (place, (_, row)) in rows.iter().enumerate() {
            let back: Vec<f32> = read.probabilities(place).unwrap().iter().map(|value| *value as f32).collect();
            assert_eq!(back, row);
        }
    }
}
