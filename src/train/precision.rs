//! In which numbers a model computes.

use serde::{Deserialize, Serialize};

/// The numbers of the forward pass. Weights, gradients of weights, optimiser state and losses are 32-bit either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    Float32,
    /// Convolutions and matrix products in bfloat16 (8 bits of precision, the range of 32-bit floats, so no loss scaling),
    /// all else in 32 bits: PyTorch's autocast. For processors that have instructions for it.
    Bfloat16,
}
