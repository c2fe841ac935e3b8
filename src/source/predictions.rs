//! What a model said: a contest's submission, read like a table of labels.

use super::bad::Why;
use super::error::SourceError;
use super::tables::Listing;
use super::{Classes, tables};
use std::path::Path;

/// Reads a table `ID,target` of files in `images`: the classes, and each file with the class that it was given, sorted by
/// ID. Without a table of classes (`target,class_name`) a target's text is its class's name. Images that the table does
/// not name are passed over: it may be of one part of them.
///
/// # Errors
/// First everything that is wrong in the tables, then every file that is missing.
pub fn predictions(
    table: &Path,
    images: &Path,
    classes: Option<&Path>,
) -> Result<(Classes, Vec<(String, u32)>), SourceError> {
    let mut problems = Vec::new();
    let Listing { root, classes: found, entries, mut bad, .. } =
        tables::list((images, table, classes, None), &Classes::default(), &mut problems)?;
    if !problems.is_empty() {
        problems.sort();
        return Err(SourceError::Tables { problems });
    }
    bad.retain(|bad| matches!(bad.why, Why::Missing { .. }));
    if !bad.is_empty() {
        bad.sort();
        return Err(SourceError::Bad { root, sources: bad });
    }
    let said = entries.into_iter().map(|(id, entry)| (id, entry.class));
    // A submission of numbers means class numbers, not names that happen to be numbers.
    let numbers: Option<Vec<u32>> = found.0.iter().map(|(_, name)| name.parse().ok()).collect();
    match numbers.filter(|_| classes.is_none()) {
        Some(numbers) => {
            let number =
                |class: u32| found.0.iter().position(|(known, _)| *known == class).map_or(class, |at| numbers[at]);
            let said = said.map(|(id, class)| (id, number(class))).collect();
            let mut numbered: Vec<_> =
                numbers.iter().copied().zip(found.0.iter().map(|(_, name)| name.clone())).collect();
            numbered.sort();
            Ok((Classes(numbered), said))
        }
        None => Ok((found, said.collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Result<Vec<(String, String)>, String> {
        let root = tempfile::tempdir().unwrap();
        for name in ["a.jpg", "b.jpg", "c.jpg"] {
            std::fs::write(root.path().join(name), "x").unwrap();
        }
        let table = root.path().join("sub.csv");
        std::fs::write(&table, text).unwrap();
        let (classes, said) = predictions(&table, root.path(), None)
            .map_err(|error| error.to_string().replace(root.path().to_str().unwrap(), "DIR"))?;
        Ok(said.into_iter().map(|(id, class)| (id, classes.name(class).unwrap().to_owned())).collect())
    }

    #[test]
    fn a_byte_order_mark_crlf_and_images_without_a_row_are_fine() {
        let pairs = said("\u{feff}ID,target\r\nb.jpg,11\r\na.jpg,2\r\n").unwrap();
        assert_eq!(pairs, [("a.jpg".to_owned(), "2".to_owned()), ("b.jpg".to_owned(), "11".to_owned())]);
    }

    #[test]
    fn duplicates_and_missing_files_are_one_error_each() {
        let twice = said("ID,target\na.jpg,1\na.jpg,2\nb.jpg,\n").unwrap_err();
        assert_eq!(
            twice,
            "2 problems in the source tables:\n  DIR/sub.csv:3: the ID 'a.jpg' stands already in line 2\n  \
             DIR/sub.csv:4: 'target' is empty"
        );
        let missing = said("ID,target\na.jpg,1\nd.png,1\n").unwrap_err();
        assert!(missing.starts_with("1 bad source in DIR:\n  d.png: missing: labels line 3 names it"), "{missing}");
    }
}
