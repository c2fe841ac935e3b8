use super::*;
use crate::source::Classes;

#[test]
fn a_table_has_a_required_column_per_class_and_row_groups() {
    let classes = Classes(vec![(0, "계약서 1".into()), (4, "form".into())]);
    let ids: Vec<String> = (0..GROUP + 3).map(|number| number.to_string()).collect();
    let table = Probabilities::of_f32(ids.clone(), classes, &[0.25, 0.75].repeat(ids.len())).unwrap();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("p.parquet");
    std::fs::write(&path, bytes(&table).unwrap()).unwrap();
    let reader = SerializedFileReader::new(fs::open(&path).unwrap()).unwrap();
    let metadata = reader.metadata();
    let names: Vec<&str> = metadata.file_metadata().schema().get_fields().iter().map(|field| field.name()).collect();
    assert_eq!((names, metadata.num_row_groups()), (vec!["ID", "계약서 1", "form"], 2));
    let (read, cells) = read(&path, Meaning::Probabilities).unwrap();
    assert_eq!((read, cells.rows, cells.single), (ids, GROUP + 3, true));
}

#[test]
fn a_table_without_ids_or_values_says_what_it_has() {
    let of = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Reading::of(Path::new("t.parquet"), &names, Meaning::Probabilities).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(of(&["id", "a"]), "t.parquet has no column 'ID' or 'key'; its columns are id, a");
    assert_eq!(
        of(&["ID", "__index_level_0__"]),
        "t.parquet has neither a column 'target' nor columns of numbers; its columns are ID, __index_level_0__"
    );
    assert_eq!(of(&["ID", "a", "a"]), "the column 'a' stands twice in t.parquet");
}
