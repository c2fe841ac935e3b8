//! An array: kind of number, shape and bytes that fit each other.

use std::fmt;

/// What an array's numbers are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool,
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// IEEE half precision.
    F16,
    /// The upper half of a single: 8 bits of exponent.
    Bf16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
}

impl Dtype {
    /// Bytes of one number.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// What safetensors calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::U8 => "U8",
            Self::I8 => "I8",
            Self::I16 => "I16",
            Self::I32 => "I32",
            Self::I64 => "I64",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Bytes that do not fit the shape.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an array of {dtype} {shape:?} does not have {found} bytes")]
pub struct ArrayError {
    /// Kind of number.
    pub dtype: Dtype,
    /// Shape.
    pub shape: Vec<usize>,
    /// Bytes given.
    pub found: usize,
}

/// Numbers of one kind in a shape: little-endian, the last dimension fastest, no gaps.
#[derive(Clone, PartialEq, Eq)]
pub struct Array {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    /// Puts them together; `shape` is empty for a single number.
    ///
    /// # Errors
    /// When the bytes are not as many as the shape asks for.
    pub fn new(dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Result<Self, ArrayError> {
        match byte_size(dtype, &shape) {
            Some(size) if size == bytes.len() => Ok(Self { dtype, shape, bytes }),
            _ => Err(ArrayError { dtype, shape, found: bytes.len() }),
        }
    }

    /// Kind of number.
    pub const fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Shape; empty for a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers: little-endian, the last dimension fastest, no gaps.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Array {
    /// Without the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.dtype, self.shape)
    }
}

/// Bytes that an array takes; `None` when no machine has as many.
pub(super) fn byte_size(dtype: Dtype, shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(dtype.size(), |size, &extent| size.checked_mul(extent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_fit_the_shape() {
        assert!(Array::new(Dtype::F32, vec![2, 3], vec![0; 24]).is_ok());
        assert!(Array::new(Dtype::I64, vec![], vec![0; 8]).is_ok());
        assert!(Array::new(Dtype::Bf16, vec![5, 0], vec![]).is_ok());
        let error = Array::new(Dtype::F16, vec![3], vec![0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "an array of F16 [3] does not have 5 bytes");
        assert!(Array::new(Dtype::F64, vec![usize::MAX, 2], vec![]).is_err());
    }
}
