//! `folders`: one folder for each class, for torchvision's ImageFolder and any image viewer.

use super::images::Images;
use super::output::Output;
use super::{ExportError, Selection, Step, Transfer, names, table};

/// Writes the folders; `classes.csv` says which class has which, and `soft_labels.csv` holds all weights, where any
/// label has more than one.
pub(super) fn write(
    selection: &Selection,
    transfer: Transfer,
    output: &mut Output,
    images: &mut Images<'_>,
    step: &mut Step<'_>,
) -> Result<(), ExportError> {
    let classes = selection.used();
    let folders = names::folders(classes.iter().map(|(number, name)| (*number, name.as_str())));
    let mut soft = Vec::new();
    for part in &selection.parts {
        for item in &part.items {
            let folder = &folders[&item.target()];
            let name = format!("{}{folder}/{}", selection.folder(part), item.file_name());
            soft.push((name.clone(), item));
            output.image(name, item, images, transfer)?;
            step.done(item.bytes())?;
        }
    }
    let rows = classes.iter().map(|(number, name)| [folders[number].clone(), number.to_string(), name.clone()]);
    output.file("classes.csv".into(), &table::csv(["folder", "target", "class_name"], rows))?;
    table::soft_labels(output, "soft_labels.csv".into(), "path", soft)
}
