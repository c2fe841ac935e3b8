use super::*;
use crate::answers::{Reading, Table};
use proptest::prelude::*;

fn classes(names: &[&str]) -> Classes {
    Classes((0..).zip(names.iter().map(|name| (*name).to_owned())).collect())
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn wrong(names: &[&str], values: &[f64]) -> String {
    Probabilities::new(ids(names), classes(&["계약서", "form"]), values.to_vec()).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_names_the_row() {
    assert_eq!(wrong(&["a", "b"], &[0.5, 0.5, 0.5, 0.4]), "row 2 ('b'): the probabilities sum to 0.9000, not to 1");
    assert_eq!(wrong(&["a"], &[-0.5, 1.5]), "row 1 ('a'): -0.5 for the class '계약서' is no probability, 0 to 1");
    assert_eq!(wrong(&["a"], &[0.5, f64::NAN]), "row 1 ('a'): NaN for the class 'form' is no probability, 0 to 1");
    assert_eq!(wrong(&["a", "b", "a"], &[0.5; 6]), "the ID 'a' of row 3 stands already in row 1");
    assert_eq!(wrong(&["a", ""], &[0.5; 4]), "row 2 has an empty ID");
    assert_eq!(wrong(&["a"], &[1.0]), "1 numbers for 1 IDs and 2 classes");
    let logits = Probabilities::of_logits(ids(&["a"]), classes(&["x", "y"]), vec![0.0, f64::INFINITY]);
    assert_eq!(logits.unwrap_err().to_string(), "row 1 ('a'): the logit inf of the class 'y' is not finite");
}

#[test]
fn of_equal_probabilities_the_first_class_counts() {
    let table = Probabilities::new(ids(&["a", "b"]), classes(&["x", "y", "z"]), vec![0.4, 0.4, 0.2, 0.1, 0.45, 0.45]);
    let table = table.unwrap();
    assert_eq!((table.best(0), table.best(1), table.row(1)[1]), (0, 1, 0.45));
}

#[test]
fn the_softmax_is_that_of_any_shift_and_does_not_overflow() {
    let mut row = [1e308, 1e308 - 1e292, -1e308];
    softmax(&mut row);
    assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row[2] == 0.0);
    let (mut one, mut two) = ([0.25, -1.5, 3.0], [1000.25, 998.5, 1003.0]);
    softmax(&mut one);
    softmax(&mut two);
    assert!(one.iter().zip(&two).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn the_text_has_a_heading_per_class_and_no_digit_too_many() {
    let table = Probabilities::of_f32(ids(&["a,1.jpg"]), classes(&["계약서", "form"]), &[0.1, 0.9]).unwrap();
    assert_eq!(String::from_utf8(table.csv()).unwrap(), "ID,계약서,form\n\"a,1.jpg\",0.1,0.9\n");
    let tiny = Probabilities::new(ids(&["a"]), classes(&["x", "y"]), vec![1e-30, 1.0]).unwrap();
    assert_eq!(String::from_utf8(tiny.csv()).unwrap(), "ID,x,y\na,1e-30,1\n");
    // A name that the reader would take for something else.
    for name in ["target", "ID", "", "1", " x", "__index_level_0__"] {
        let table = Probabilities::new(vec![], classes(&[name, "form"]), vec![]).unwrap();
        assert_eq!(table.headings(), ["0", "1"], "{name}");
    }
}

/// Written and read again.
fn again(table: &Probabilities, name: &str) -> Probabilities {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(name);
    table.write(&path).unwrap();
    let read = Table::read(&path, Reading::default()).unwrap().resolve(table.classes(), "the classes").unwrap();
    assert_eq!(read.said, (0..table.len()).map(|place| table.best(place)).collect::<Vec<_>>());
    read.probabilities.unwrap()
}

proptest! {
    // Every case flushes four files to the disk.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_written_is_read_again(
        names in proptest::collection::btree_set("[a-c가-나 ,\"0-9]{0,3}|ID|target|key", 2..5),
        ids in proptest::collection::btree_set("[a-z가-힣0-9_/,\"]{1,6}", 1..6),
        numbers in proptest::collection::vec(0.0f32..1.0, 30),
        // Numbers need not be places.
        first in 0..5u32,
    ) {
        let classes = Classes((first..).step_by(3).zip(names).collect());
        let ids: Vec<String> = ids.into_iter().collect();
        let width = classes.0.len();
        let mut values: Vec<f64> = numbers[..ids.len() * width].iter().map(|value| f64::from(*value) + 0.01).collect();
        for row in values.chunks_exact_mut(width) {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|value| *value /= sum);
        }
        let double = Probabilities::new(ids.clone(), classes.clone(), values.clone()).unwrap();
        prop_assert_eq!(&again(&double, "p.csv"), &double);
        prop_assert_eq!(&again(&double, "p.parquet"), &double);
        let singles: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        let single = Probabilities::of_f32(ids, classes, &singles).unwrap();
        prop_assert_eq!(&again(&single, "p.parquet"), &single);
        // As text, 32 bits are read as the nearest decimal: the same 32 bits.
        let text = again(&single, "p.csv");
        prop_assert!(text.values().iter().zip(single.values()).all(|(a, b)| *a as f32 == *b as f32));
    }
}
