//! Files of pandas, polars, pyarrow and numpy are made by `tests/answers/make.py`.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

const NAMES: [&str; 3] = ["계약서", "form", "receipt, paid"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers").join(name)
}

fn expected() -> Value {
    serde_json::from_str(include_str!("../../../tests/answers/expected.json")).unwrap()
}

fn list<T: for<'a> serde::Deserialize<'a>>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn classes() -> Classes {
    Classes((0..).zip(NAMES.map(str::to_owned)).collect())
}

fn answers(name: &str, reading: Reading<'_>) -> Result<Answers, String> {
    let strip = |error: AnswersError| error.to_string().replace(&format!("{}/", fixture("").display()), "");
    let strip = |error: AnswersError| strip(error).replace(fixture("").to_str().unwrap(), "");
    Table::read(&fixture(name), reading).map_err(strip)?.resolve(&classes(), "meta.csv").map_err(strip)
}

#[test]
fn tables_of_other_programs_are_read() {
    let expected = expected();
    let ids: Vec<String> = list(&expected["ids"]);
    let probs: Vec<Vec<f64>> = list(&expected["probs"]);
    let logits = Reading { ids: None, logits: true };
    let nameless = Reading { ids: Some(&ids), logits: false };
    let plain = Reading::default();
    let numbers: Vec<String> = (-3..5).map(|number: i32| number.to_string()).collect();
    for (name, reading, tolerance, own) in [
        ("pandas.parquet", plain, 1e-15, &ids),
        ("pandas.csv", plain, 1e-15, &ids),
        ("excel.csv", plain, 1e-15, &ids),
        ("polars.parquet", plain, 1e-7, &ids),
        ("polars_list.parquet", plain, 1e-15, &ids),
        ("logits.parquet", logits, 1e-14, &ids),
        ("numpy.npz", plain, 1e-7, &ids),
        ("compressed.npz", plain, 1e-14, &ids),
        ("half.npz", plain, 1e-3, &ids),
        ("integers.npz", plain, 1e-15, &numbers),
        ("rows.npy", nameless, 1e-15, &ids),
    ] {
        let found = answers(name, reading).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(&found.ids, own, "{name}");
        let table = found.probabilities.unwrap();
        for (row, expected) in probs.iter().enumerate() {
            let near = table.row(row).iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance);
            assert!(near, "{name}, row {row}: {:?} is not {expected:?}", table.row(row));
        }
        let said: Vec<usize> = probs.iter().map(|row| crate::answers::largest(row)).collect();
        assert_eq!(found.said, said, "{name}");
    }
}

#[test]
fn an_index_of_pandas_is_no_class_and_a_target_alone_is_one() {
    let found = answers("pandas_index.parquet", Reading::default()).unwrap();
    assert_eq!(found.ids, ["이미지 6.jpg", "이미지 2.jpg", "이미지 0.jpg", "이미지 4.jpg"]);
    assert_eq!(found.probabilities.unwrap().classes().0.len(), 3);
    let found = answers("polars_target.parquet", Reading::default()).unwrap();
    let probs: Vec<Vec<f64>> = list(&expected()["probs"]);
    assert_eq!(found.said, probs.iter().map(|row| crate::answers::largest(row)).collect::<Vec<_>>());
    assert_eq!(found.probabilities, None);
}

#[test]
fn precision_is_that_of_the_file() {
    let precision = |name| answers(name, Reading::default()).unwrap().probabilities.unwrap().precision();
    use crate::answers::Precision::{Double, Single};
    assert_eq!([precision("polars.parquet"), precision("numpy.npz"), precision("half.npz")], [Single; 3]);
    assert_eq!([precision("pandas.parquet"), precision("integers.npz"), precision("compressed.npz")], [Double; 3]);
}

#[test]
fn what_cannot_be_read_says_why() {
    let plain = Reading::default();
    let said = |name| answers(name, plain).unwrap_err();
    assert_eq!(
        said("objects.npz"),
        "the array 'ids' of objects.npz: holds Python objects (a pickle), which are not read; make IDs texts: \
         np.array(ids, dtype=str)"
    );
    assert_eq!(said("rows.npy"), "rows.npy has no IDs");
    let few = ["a".to_owned()];
    let few = answers("rows.npy", Reading { ids: Some(&few), logits: false }).unwrap_err();
    assert_eq!(few, "rows.npy has 8 rows of values and 1 IDs");
    assert_eq!(said("null.parquet"), "null.parquet: row 3: a text expected in 'ID', found nothing (null)");
    assert!(said("gzip.parquet").starts_with("gzip.parquet is no Parquet table that can be read here: "));
    assert!(said("logits.parquet").contains("is no probability, 0 to 1"), "{}", said("logits.parquet"));
    assert!(said("absent.parquet").starts_with("cannot open absent.parquet: No such file"));
    let two = Classes(vec![(0, "a".into()), (1, "b".into())]);
    let read = |name: &str| Table::read(&fixture(name), plain).unwrap().resolve(&two, "meta.csv").unwrap_err();
    assert!(
        read("numpy.npz").to_string().ends_with("numpy.npz has 3 columns without names, and meta.csv has 2 classes")
    );
    assert!(read("pandas.parquet").to_string().ends_with("pandas.parquet is no class of meta.csv"));
}

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (root, path)
}

#[test]
fn rounded_rows_are_divided_by_their_sum() {
    let (_root, path) = written("m.csv", "ID,계약서,form\na,0.33,0.66\n".as_bytes());
    let found = Table::read(&path, Reading::default()).unwrap().resolve(&classes(), "meta.csv").unwrap();
    let table = found.probabilities.unwrap();
    assert!((table.row(0)[0] - 0.33 / 0.99).abs() < 1e-15 && table.row(0)[2] == 0.0);
}

#[test]
fn classes_are_those_that_tables_name() {
    let table = |text: &str| {
        let (root, path) = written("t.csv", text.as_bytes());
        (Table::read(&path, Reading::default()).unwrap(), root)
    };
    let (numbers, _a) = table("ID,target\na,11\nb,2\n");
    let (names, _b) = table("ID,form,계약서\na,0.5,0.5\n");
    let (more, _c) = table("ID,target\na,zebra\n");
    let naming = Naming::between([&numbers]).unwrap();
    assert_eq!(naming.classes.0, [(2, "2".to_owned()), (11, "11".to_owned())]);
    assert_eq!((naming.numbered, naming.target(1)), (true, "11".to_owned()));
    let naming = Naming::between([&names, &more]).unwrap();
    assert_eq!(naming.classes.0.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["form", "zebra", "계약서"]);
    assert_eq!((naming.numbered, naming.target(2)), (false, "계약서".to_owned()));
    let error = Naming::between([&numbers, &names]).unwrap_err().to_string();
    assert!(error.ends_with("class names ('form')"), "{error}");
}

#[test]
fn an_empty_table_has_no_rows() {
    let (_root, path) = written("t.csv", b"ID,0,1\n");
    let found = Table::read(&path, Reading::default()).unwrap();
    let classes = Classes(vec![(0, "a".into()), (1, "b".into())]);
    assert_eq!(found.resolve(&classes, "meta.csv").unwrap().ids, Vec::<String>::new());
}

/// Read and resolved, whatever comes of it.
fn tried(name: &str, bytes: &[u8]) {
    let (_root, path) = written(name, bytes);
    for logits in [false, true] {
        if let Ok(table) = Table::read(&path, Reading { ids: None, logits }) {
            let _ = table.resolve(&classes(), "meta.csv");
            let _ = Naming::between([&table]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_read_or_are_an_error(
        magic in proptest::sample::select(vec![&b""[..], b"PAR1", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"ID,target\n"]),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        tried("any", &[magic, &bytes[..]].concat());
    }

    #[test]
    fn a_damaged_file_is_read_or_is_an_error(
        name in proptest::sample::select(vec![
            "pandas.parquet", "polars.parquet", "polars_list.parquet", "polars_target.parquet", "numpy.npz", "compressed.npz",
            "half.npz",
        ]),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<Option<proptest::sample::Index>>(),
    ) {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        tried(name, &bytes);
    }
}
