//! The names of Python that a plain state dict uses; every other one is refused.

use super::array::Dtype;

/// A name of Python that is known, and what it stands for here. None of them runs anything of the file's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Global {
    /// `collections.OrderedDict`: a dict.
    OrderedDict,
    /// `torch.Size`: a tuple.
    Size,
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`: a view of a storage.
    Tensor,
    /// `torch._utils._rebuild_parameter` and its variant with a state: the tensor in it.
    Parameter,
    /// `torch.FloatStorage` and its like: a kind of number.
    Storage(Dtype),
}

/// Finds a name; `None` for those that are refused.
pub(super) fn find(module: &str, name: &str) -> Option<Global> {
    Some(match (module, name) {
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch", "Size") => Global::Size,
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Global::Tensor,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Global::Parameter,
        // `torch.cuda`: what old versions wrote for a tensor on a GPU.
        ("torch" | "torch.cuda", storage) => Global::Storage(match storage {
            "FloatStorage" => Dtype::F32,
            "DoubleStorage" => Dtype::F64,
            "HalfStorage" => Dtype::F16,
            "BFloat16Storage" => Dtype::Bf16,
            "LongStorage" => Dtype::I64,
            "IntStorage" => Dtype::I32,
            "ShortStorage" => Dtype::I16,
            "CharStorage" => Dtype::I8,
            "ByteStorage" => Dtype::U8,
            "BoolStorage" => Dtype::Bool,
            _ => return None,
        }),
        _ => return None,
    })
}
