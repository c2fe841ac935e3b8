use super::*;
use proptest::prelude::*;

/// A file of format 1 with this header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn header(descr: &str, fortran: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}          \n")
}

fn table(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Result<(usize, Vec<f64>), NpyError> {
    Array::read(&file(&header(descr, fortran, shape), data))?.table()
}

fn texts(descr: &str, shape: &str, data: &[u8]) -> Result<Vec<String>, NpyError> {
    Array::read(&file(&header(descr, "False", shape), data))?.texts()
}

#[test]
fn floats_of_any_size_and_byte_order_are_read_row_by_row() {
    let expected = Ok((3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let doubles: Vec<u8> = [1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(table("<f8", "False", "(2, 3)", &doubles), expected);
    let columns: Vec<u8> = [1.0f32, 4.0, 2.0, 5.0, 3.0, 6.0].iter().flat_map(|value| value.to_be_bytes()).collect();
    assert_eq!(table(">f4", "True", "(2, 3)", &columns), expected);
    // 1, 2, 3, 65504 (the largest), 2⁻²⁴ (the smallest) and −0.5 as 16-bit floats.
    let halves: Vec<u8> =
        [0x3c00u16, 0x4000, 0x4200, 0x7bff, 0x0001, 0xb800].iter().flat_map(|v| v.to_le_bytes()).collect();
    let smallest = 1.0 / 16_777_216.0;
    assert_eq!(table("<f2", "False", "(2, 3)", &halves), Ok((3, vec![1.0, 2.0, 3.0, 65504.0, smallest, -0.5])));
    assert_eq!((half(0x7c00), half(0xfc00), half(0x7e00).is_nan()), (f64::INFINITY, f64::NEG_INFINITY, true));
}

#[test]
fn texts_are_unicode_bytes_or_whole_numbers() {
    let wide: Vec<u8> = "가b\0c\0\0".chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
    assert_eq!(texts("<U3", "(2,)", &wide), Ok(vec!["가b".to_owned(), "c".into()]));
    assert_eq!(texts("|S4", "(2,)", "가\0ab\0\0".as_bytes()), Ok(vec!["가".to_owned(), "ab".into()]));
    assert_eq!(
        texts("<i8", "(2,)", &[(-5i64).to_le_bytes(), i64::MIN.to_le_bytes()].concat()),
        Ok(vec!["-5".to_owned(), i64::MIN.to_string()])
    );
    assert_eq!(texts(">u2", "(2,)", &[1, 0, 0xff, 0xff]), Ok(vec!["256".to_owned(), "65535".into()]));
    assert_eq!(texts("|i1", "(1,)", &[0xff]), Ok(vec!["-1".to_owned()]));
    assert_eq!(texts("|S1", "(1,)", &[0xff]), Err(NpyError::Text(0)));
    assert_eq!(texts("<U1", "(1,)", &0xd800u32.to_le_bytes()), Err(NpyError::Text(0)));
}

#[test]
fn what_is_no_such_array_is_said() {
    let message = |result: Result<(usize, Vec<f64>), NpyError>| result.unwrap_err().to_string();
    assert_eq!(Array::read(b"PK\x03\x04"), Err(NpyError::Magic));
    assert_eq!(Array::read(b"\x93NUMPY\x09\x00aaaa"), Err(NpyError::Version(9)));
    assert_eq!(
        message(table("|O", "False", "(2,)", &[])),
        "holds Python objects (a pickle), which are not read; make IDs texts: np.array(ids, dtype=str)"
    );
    assert_eq!(message(table("<f8", "False", "(2, 3)", &[0; 40])), "has 40 bytes of data, and its header says 48");
    assert_eq!(
        message(table("<f8", "False", "(9223372036854775807, 9223372036854775807)", &[])),
        "has 0 bytes of data, and its header says more than any memory holds"
    );
    assert_eq!(message(table("<f8", "False", "(2,)", &[0; 16])), "has the shape (2), and (rows, classes) is expected");
    assert_eq!(
        message(table("<c16", "False", "(1, 1)", &[0; 16])),
        "has the type '<c16', which is not read; numbers are float16, float32 or float64, IDs texts or integers"
    );
    assert!(message(table("<i4", "False", "(1, 1)", &[0; 4])).starts_with("has the type 'int32', which is not read"));
    let broken = |header: &str| Array::read(&file(header, &[])).unwrap_err().to_string();
    assert_eq!(
        broken("{'descr': '<f4'}"),
        "has a header that cannot be read: descr, fortran_order or shape is missing"
    );
    assert_eq!(broken("{'x': 1}"), "has a header that cannot be read: the unknown key 'x'");
    assert_eq!(broken("nothing"), "has a header that cannot be read: no dictionary");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = Array::read(&[b"\x93NUMPY", &bytes[..]].concat()).map(|array| (array.table(), array.texts()));
    }

    #[test]
    fn any_header_is_read_or_is_an_error(
        header in "\\{('descr': ?'[<>|=]?[a-zA-Z][0-9]{0,3}'|'fortran_order': (True|False|1)|'shape': \\([0-9, ]{0,6}\\)|, |[가'\":]){0,7}\\}",
        data in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let _ = Array::read(&file(&header, &data)).map(|array| (array.table(), array.texts()));
    }

    #[test]
    fn a_table_of_32_bit_floats_is_read_exactly(values in proptest::collection::vec(any::<f32>(), 6)) {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let (columns, read) = table("<f4", "False", "(3, 2)", &data).unwrap();
        prop_assert_eq!(columns, 2);
        for (one, two) in read.iter().zip(&values) {
            prop_assert!(*one == f64::from(*two) || (one.is_nan() && two.is_nan()));
        }
    }
}
