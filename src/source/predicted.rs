//! Images with the class that a model gave each.

use super::Classes;
use super::bad::{BadSource, Why};
use super::error::SourceError;
use super::files::Files;
use super::predictions::{Submission, classes_of, classes_table};
use super::problem::Problem;
use super::table::nearest;
use super::tables::{HINTS, checked_id, stem};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Reads a table of predictions ([`Submission`]) of files in `images`: the classes, and each file with the class that it
/// was given, sorted by ID. `classes` is a table `target,class_name`; without it the classes are those that the table
/// names. Images that the table does not name are passed over: it may be of one part of them.
///
/// # Errors
/// First everything that is wrong in the tables, then every file that is missing.
pub fn predicted(
    table: &Path,
    images: &Path,
    classes: Option<&Path>,
) -> Result<(Classes, Vec<(String, u32)>), SourceError> {
    let submission = Submission::read(table)?;
    let (classes, named) = match classes {
        Some(path) => (classes_table(path)?, path.display().to_string()),
        None => (classes_of([&submission]), table.display().to_string()),
    };
    let predictions = submission.resolve(&classes, &named)?;
    let Files { files, .. } = Files::list(images)?;
    let stems: HashMap<_, _> = files.iter().rev().map(|file| (stem(file), file)).collect();
    let (mut said, mut problems, mut missing) = (BTreeMap::new(), Vec::new(), Vec::new());
    for row in &predictions.rows {
        let id = match checked_id(&row.id) {
            Ok(id) => id,
            Err(error) => {
                problems.push(Problem { table: table.to_owned(), line: Some(row.line), error });
                continue;
            }
        };
        if !images.join(&id).is_file() {
            let close = stems.get(&stem(&id)).map(|file| (*file).clone());
            let look = || nearest(&id, files.iter().map(String::as_str).filter(|_| missing.len() < HINTS));
            let nearest = close.or_else(look);
            missing.push(BadSource { path: id.clone(), why: Why::Missing { line: row.line, nearest } });
        }
        said.insert(id, classes.0[row.class].0);
    }
    if !problems.is_empty() {
        return Err(SourceError::Predictions { problems });
    }
    if !missing.is_empty() {
        missing.sort();
        return Err(SourceError::Bad { root: images.to_owned(), sources: missing });
    }
    Ok((classes, said.into_iter().collect()))
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
        let (classes, said) = predicted(&table, root.path(), None)
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
            "2 problems in the predictions:\n  DIR/sub.csv:3: the ID 'a.jpg' stands already in line 2\n  \
             DIR/sub.csv:4: 'target' is empty"
        );
        let missing = said("ID,target\na.jpg,1\nd.png,1\n").unwrap_err();
        assert!(missing.starts_with("1 bad source in DIR:\n  d.png: missing: labels line 3 names it"), "{missing}");
    }
}
