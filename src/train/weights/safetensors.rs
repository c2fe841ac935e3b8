//! Safetensors: a header of JSON, then the arrays' bytes without gaps.
//!
//! Read through the `safetensors` crate, which checks the header against the file. Written here, because the crate's
//! writer takes the metadata as a hash map and so gives other bytes every time; the same weights shall be the same file.

use super::{Array, ContentError, Dtype, StateDict};
use ::safetensors::{Dtype as FileDtype, SafeTensors};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Reads the bytes of a `.safetensors` file.
///
/// # Errors
/// When the header is broken or does not fit the file, or a kind of number is not one of [`Dtype`].
pub fn parse(bytes: &[u8]) -> Result<StateDict, ContentError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let file = SafeTensors::deserialize(bytes)?;
    let metadata = header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut tensors = file.tensors();
    tensors.sort_by(|one, other| one.0.cmp(&other.0)); // so that the first error is the same every time
    let mut arrays = BTreeMap::new();
    for (name, tensor) in tensors {
        let Some(dtype) = dtype(tensor.dtype()) else {
            return Err(ContentError::Dtype { name, dtype: format!("{:?}", tensor.dtype()) });
        };
        let array = Array::new(dtype, tensor.shape().to_vec(), tensor.data().to_vec());
        arrays.insert(name, array.expect("BUG: safetensors checks sizes against shapes"));
    }
    Ok(StateDict { arrays, metadata, ..StateDict::default() })
}

/// The strings in the header of a `.safetensors` file, without its arrays.
///
/// # Errors
/// As [`parse`].
pub fn metadata(bytes: &[u8]) -> Result<BTreeMap<String, String>, ContentError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    Ok(header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The bytes of a `.safetensors` file with these arrays and strings: the same for the same, whatever the machine.
///
/// Arrays are ordered by the size of their numbers, largest first, so that each is aligned; then by name. The header is
/// padded with spaces to a multiple of eight bytes, as by the reference implementation.
pub fn write(dict: &StateDict) -> Vec<u8> {
    let mut ordered: Vec<_> = dict.arrays.iter().collect();
    ordered.sort_by_key(|(name, array)| (std::cmp::Reverse(array.dtype().size()), *name));
    let mut header = Map::new();
    if !dict.metadata.is_empty() {
        header.insert("__metadata__".into(), json!(dict.metadata));
    }
    let mut offset = 0;
    for (name, array) in &ordered {
        let end = offset + array.bytes().len();
        let entry = json!({
            "dtype": array.dtype().name(), "shape": array.shape(), "data_offsets": [offset, end],
        });
        header.insert((*name).clone(), entry);
        offset = end;
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = Vec::with_capacity(8 + text.len() + offset);
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text);
    for (_, array) in ordered {
        bytes.extend(array.bytes());
    }
    bytes
}

fn dtype(dtype: FileDtype) -> Option<Dtype> {
    Some(match dtype {
        FileDtype::BOOL => Dtype::Bool,
        FileDtype::U8 => Dtype::U8,
        FileDtype::I8 => Dtype::I8,
        FileDtype::I16 => Dtype::I16,
        FileDtype::I32 => Dtype::I32,
        FileDtype::I64 => Dtype::I64,
        FileDtype::F16 => Dtype::F16,
        FileDtype::BF16 => Dtype::Bf16,
        FileDtype::F32 => Dtype::F32,
        FileDtype::F64 => Dtype::F64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> StateDict {
        let array = |dtype, shape, bytes| Array::new(dtype, shape, bytes).unwrap();
        let arrays = [
            ("a", array(Dtype::Bool, vec![3], vec![1, 0, 1])),
            ("b.weight", array(Dtype::F32, vec![1, 2], vec![0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f])),
            ("b.count", array(Dtype::I64, vec![], 7_i64.to_le_bytes().to_vec())),
            ("c", array(Dtype::Bf16, vec![2, 0], vec![])),
            ("d", array(Dtype::F64, vec![1], f64::MIN_POSITIVE.to_le_bytes().to_vec())),
        ];
        let arrays = arrays.map(|(name, array)| (name.to_owned(), array)).into();
        let metadata = [("format", "pt"), ("classes", "[\"여권\", \"a\\\"b\"]"), ("z", "")];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        StateDict { arrays, metadata, ..StateDict::default() }
    }

    #[test]
    fn what_is_written_is_read_bit_for_bit() {
        let bytes = write(&sample());
        assert_eq!(parse(&bytes).unwrap(), sample());
        assert_eq!(metadata(&bytes).unwrap(), sample().metadata);
        assert_eq!(bytes, write(&sample()));
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        assert_eq!(header % 8, 0, "the arrays are aligned");
        let empty = write(&StateDict::default());
        assert_eq!(empty, b"\x08\0\0\0\0\0\0\0{}      ");
        assert_eq!(parse(&empty).unwrap(), StateDict::default());
    }

    #[test]
    fn a_changed_length_is_an_error() {
        let bytes = write(&sample());
        assert!(matches!(parse(&bytes[..bytes.len() - 1]), Err(ContentError::Safetensors(_))));
        assert!(matches!(parse(&[bytes.as_slice(), b"x"].concat()), Err(ContentError::Safetensors(_))));
        assert!(matches!(parse(b"\xff\xff\xff\xff\xff\xff\xff\xff{}"), Err(ContentError::Safetensors(_))));
    }

    #[test]
    fn a_kind_of_number_that_is_not_read_is_named() {
        let header = br#"{"w":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}      "#;
        let bytes = [&64_u64.to_le_bytes()[..], header, &[0; 8]].concat();
        let error = parse(&bytes).unwrap_err().to_string();
        assert!(error.starts_with("'w' holds F8_E4M3, which is not read"), "{error}");
    }
}
