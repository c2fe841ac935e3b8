//! `csv`: a contest's tables beside folders of images, as `augmint init` reads them again.

use super::images::Images;
use super::output::Output;
use super::{ExportError, Item, Selection, Step, Transfer};
use crate::shard::fraction;

/// Writes `<part>.csv` (ID,target) and the folder `<part>/` for each part, `meta.csv` (target,class_name), and
/// `<part>_soft.csv` with all weights, where any label of the part has more than one.
pub(super) fn write(
    selection: &Selection,
    transfer: Transfer,
    output: &mut Output,
    images: &mut Images<'_>,
    step: &mut Step<'_>,
) -> Result<(), ExportError> {
    for part in &selection.parts {
        for item in &part.items {
            output.image(format!("{}/{}", part.name, item.file_name()), item, images, transfer)?;
            step.done(item.bytes())?;
        }
        let mut rows: Vec<_> = part.items.iter().map(|item| [item.file_name(), item.target().to_string()]).collect();
        rows.sort();
        output.file(format!("{}.csv", part.name), &csv(["ID", "target"], rows))?;
        let soft = part.items.iter().map(|item| (item.file_name(), item)).collect();
        soft_labels(output, format!("{}_soft.csv", part.name), "ID", soft)?;
    }
    // All classes, also those that no image here has: a model has an output for each.
    let known = selection.classes.0.iter().map(|(number, name)| (*number, name.clone()));
    let classes: std::collections::BTreeMap<_, _> = selection.used().into_iter().chain(known).collect();
    let rows = classes.into_iter().map(|(number, name)| [number.to_string(), name]);
    output.file("meta.csv".into(), &csv(["target", "class_name"], rows))
}

/// A table of all labels, one row for each class of a label, if any label has more than one. Its columns are not those of
/// a table of labels, so that nobody takes it for one.
pub(super) fn soft_labels(
    output: &mut Output,
    name: String,
    id: &str,
    mut items: Vec<(String, &Item)>,
) -> Result<(), ExportError> {
    if !items.iter().any(|(_, item)| item.is_soft()) {
        return Ok(());
    }
    items.sort_by(|a, b| a.0.cmp(&b.0));
    let rows = items.iter().flat_map(|(id, item)| {
        item.label().iter().map(move |(class, weight)| [id.clone(), class.to_string(), fraction(*weight)])
    });
    output.file(name, &csv([id, "class", "weight"], rows))
}

/// The text of a table.
pub(super) fn csv<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Vec<u8> {
    const MEMORY: &str = "BUG: memory that cannot be written";
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(header).expect(MEMORY);
    for row in rows {
        writer.write_record(&row).expect(MEMORY);
    }
    writer.into_inner().expect(MEMORY)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let rows = [["a,b".to_owned(), "여권 \"x\"".to_owned()]];
        let text = String::from_utf8(super::csv(["ID", "target"], rows)).unwrap();
        assert_eq!(text, "ID,target\n\"a,b\",\"여권 \"\"x\"\"\"\n");
    }
}
