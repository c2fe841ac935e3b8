//! A tensor's numbers out of its storage: offset and strides checked, gaps closed.

use super::array::{Array, byte_size};
use super::pickle::{Storage, Tensor};

/// Why a tensor cannot be taken out of its storage.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ViewError {
    /// It points beyond the end.
    #[error("reaches number {last} of a storage that has {numbers}")]
    Outside {
        /// The last number that it reaches, from zero; `usize::MAX` for more than that.
        last: usize,
        /// What there is.
        numbers: usize,
    },
    /// More numbers than the file could hold, through strides of zero or many views of one storage.
    #[error("would take more memory than {allowed} bytes, many times the size of the file")]
    TooLarge {
        /// For all tensors of the file together.
        allowed: usize,
    },
}

/// The bytes that the arrays of one file may still take.
///
/// Tied weights repeat a storage and an expanded tensor repeats a number, so arrays can be larger than their file; sixteen
/// times, and 64 MiB for small files, is far more than any network needs and no danger to the machine.
#[derive(Debug)]
pub(super) struct Allowance {
    all: usize,
    left: usize,
}

impl Allowance {
    /// For a file of this many bytes.
    pub fn new(file_size: usize) -> Self {
        let all = file_size.saturating_mul(16).saturating_add(64 << 20);
        Self { all, left: all }
    }

    fn take(&mut self, bytes: Option<usize>) -> Result<usize, ViewError> {
        let bytes = bytes.filter(|&bytes| bytes <= self.left).ok_or(ViewError::TooLarge { allowed: self.all })?;
        self.left -= bytes;
        Ok(bytes)
    }
}

/// Copies a tensor out of the bytes of its storage.
pub(super) fn gather(
    tensor: &Tensor,
    storage: &Storage,
    bytes: &[u8],
    allowance: &mut Allowance,
) -> Result<Array, ViewError> {
    let size = storage.dtype.size();
    let total = allowance.take(byte_size(storage.dtype, &tensor.shape))?;
    let mut gathered = Vec::with_capacity(total);
    if total > 0 {
        let numbers = bytes.len() / size;
        let last = last(tensor, storage).unwrap_or(usize::MAX);
        if last >= numbers {
            return Err(ViewError::Outside { last, numbers });
        }
        let first = storage.skipped + tensor.offset;
        if is_contiguous(tensor) {
            gathered.extend_from_slice(&bytes[first * size..][..total]);
        } else {
            copy_strided(tensor, first, size, bytes, &mut gathered);
        }
    }
    Ok(Array::new(storage.dtype, tensor.shape.clone(), gathered).expect("BUG: as many bytes as the shape asks for"))
}

/// The last number of the storage that a tensor which is not empty reaches; `None` when that is beyond counting.
fn last(tensor: &Tensor, storage: &Storage) -> Option<usize> {
    let first = storage.skipped.checked_add(tensor.offset)?;
    tensor
        .shape
        .iter()
        .zip(&tensor.strides)
        .try_fold(first, |last, (&extent, &stride)| last.checked_add((extent - 1).checked_mul(stride)?))
}

/// Whether the numbers stand in order without gaps. The stride of a dimension of one is never used.
fn is_contiguous(tensor: &Tensor) -> bool {
    let mut expected = 1;
    tensor.shape.iter().zip(&tensor.strides).rev().all(|(&extent, &stride)| {
        let fits = extent == 1 || stride == expected;
        expected *= extent;
        fits
    })
}

/// Copies in the order of the dimensions, the last one fastest: an index that counts like an odometer.
fn copy_strided(tensor: &Tensor, first: usize, size: usize, bytes: &[u8], gathered: &mut Vec<u8>) {
    let mut index = vec![0; tensor.shape.len()];
    let mut place = first;
    loop {
        gathered.extend_from_slice(&bytes[place * size..][..size]);
        let mut dimension = tensor.shape.len();
        loop {
            if dimension == 0 {
                return;
            }
            dimension -= 1;
            index[dimension] += 1;
            if index[dimension] < tensor.shape[dimension] {
                place += tensor.strides[dimension];
                break;
            }
            place -= (tensor.shape[dimension] - 1) * tensor.strides[dimension];
            index[dimension] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::weights::Dtype;

    fn take(offset: usize, shape: &[usize], strides: &[usize]) -> Result<Vec<u8>, ViewError> {
        let storage = Storage { dtype: Dtype::U8, key: 0, numbers: 12, skipped: 0 };
        let tensor = Tensor { storage: 0, offset, shape: shape.into(), strides: strides.into() };
        let bytes: Vec<u8> = (0..12).collect();
        gather(&tensor, &storage, &bytes, &mut Allowance::new(12)).map(|array| array.bytes().to_vec())
    }

    #[test]
    fn strides_and_offsets_are_followed() {
        assert_eq!(take(1, &[2, 3], &[3, 1]).unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(take(0, &[4, 3], &[1, 4]).unwrap(), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], "a transposed view");
        assert_eq!(take(2, &[2, 2], &[6, 3]).unwrap(), [2, 5, 8, 11]);
        assert_eq!(take(5, &[3], &[0]).unwrap(), [5, 5, 5], "an expanded number");
        assert_eq!(take(11, &[], &[]).unwrap(), [11]);
        assert_eq!(take(9, &[1, 3, 1], &[77, 1, 99]).unwrap(), [9, 10, 11], "the stride of one is never used");
        assert_eq!(take(99, &[2, 0], &[1, 1]).unwrap(), [0; 0], "nothing is read for an empty one");
    }

    #[test]
    fn nothing_beyond_the_storage_is_read() {
        assert_eq!(take(12, &[], &[]), Err(ViewError::Outside { last: 12, numbers: 12 }));
        assert_eq!(take(0, &[4, 3], &[3, 2]), Err(ViewError::Outside { last: 13, numbers: 12 }));
        assert_eq!(take(usize::MAX, &[2], &[1]), Err(ViewError::Outside { last: usize::MAX, numbers: 12 }));
        assert_eq!(take(0, &[3], &[usize::MAX]), Err(ViewError::Outside { last: usize::MAX, numbers: 12 }));
    }

    #[test]
    fn a_small_file_cannot_ask_for_much_memory() {
        for shape in [[1 << 31, 1 << 20], [usize::MAX, 2]] {
            assert!(matches!(take(0, &shape, &[0, 0]), Err(ViewError::TooLarge { .. })));
        }
        let (storage, bytes) = (Storage { dtype: Dtype::U8, key: 0, numbers: 1, skipped: 0 }, [7]);
        let tensor = Tensor { storage: 0, offset: 0, shape: vec![40 << 20], strides: vec![0] };
        let mut allowance = Allowance::new(1);
        assert!(gather(&tensor, &storage, &bytes, &mut allowance).is_ok());
        assert!(gather(&tensor, &storage, &bytes, &mut allowance).is_err(), "all tensors together");
    }
}
