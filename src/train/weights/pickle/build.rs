//! What the known names make of their arguments.

use super::{Heap, MAX_DIMENSIONS, Machine, PickleError, Storage, Tensor, Value};
use crate::train::weights::globals::Global;

impl Machine<'_> {
    /// Calls a known name.
    pub(super) fn call(&mut self, function: Value, arguments: Value) -> Result<Value, PickleError> {
        let (Value::Global(global), Value::Tuple(place)) = (function, arguments) else { return Err(self.misfit()) };
        let arguments = self.heap.tuples[place].as_slice();
        match global {
            Global::OrderedDict => {
                let items = match arguments {
                    [] => Some(Vec::new()),
                    &[pairs] => self.heap.pairs(pairs),
                    _ => None,
                };
                let items = items.ok_or(self.arguments("collections.OrderedDict"))?;
                self.count(items.len())?; // copied: the memory shall be bounded by the steps
                self.heap.dicts.push(items);
                Ok(Value::Dict(self.heap.dicts.len() - 1))
            }
            Global::Size => match arguments {
                &[sizes @ Value::Tuple(_)] => Ok(sizes),
                _ => Err(self.arguments("torch.Size")),
            },
            Global::Tensor => {
                let tensor = self.heap.view(arguments).ok_or(self.arguments("torch._utils._rebuild_tensor_v2"))?;
                self.count(2 * tensor.shape.len())?;
                self.heap.tensors.push(tensor);
                Ok(Value::Tensor(self.heap.tensors.len() - 1))
            }
            Global::Parameter => match arguments {
                &[tensor @ Value::Tensor(_), Value::Bool(_), _]
                | &[tensor @ Value::Tensor(_), Value::Bool(_), _, _] => Ok(tensor),
                _ => Err(self.arguments("torch._utils._rebuild_parameter")),
            },
            Global::Storage(_) => Err(self.arguments("a storage")),
        }
    }

    /// The storage that a persistent ID names: `("storage", type, key, device, numbers)`, and in the legacy format a view
    /// of it, `(key, skipped, numbers)` or None.
    pub(super) fn storage(&self, name: Value) -> Option<Storage> {
        let Value::Tuple(place) = name else { return None };
        let (kind, dtype, key, numbers, view) = match *self.heap.tuples[place].as_slice() {
            [kind, Value::Global(Global::Storage(dtype)), key, _, numbers] => (kind, dtype, key, numbers, Value::None),
            [kind, Value::Global(Global::Storage(dtype)), key, _, numbers, view] => (kind, dtype, key, numbers, view),
            _ => return None,
        };
        if self.heap.text(kind) != Some("storage") {
            return None;
        }
        let skipped = match view {
            Value::None => 0,
            Value::Tuple(place) => match self.heap.tuples[place].as_slice() {
                &[_, skipped, _] => size(skipped)?,
                _ => return None,
            },
            _ => return None,
        };
        let Value::Text(key) = key else { return None };
        Some(Storage { dtype, key, numbers: size(numbers)?, skipped })
    }
}

impl Heap {
    /// A list or tuple of pairs, as `OrderedDict` takes it.
    fn pairs(&self, value: Value) -> Option<Vec<(Value, Value)>> {
        let pair = |&item: &Value| match self.items(item)? {
            &[key, value] => Some((key, value)),
            _ => None,
        };
        self.items(value)?.iter().map(pair).collect()
    }

    fn items(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::List(place) => Some(&self.lists[place]),
            Value::Tuple(place) => Some(&self.tuples[place]),
            _ => None,
        }
    }

    /// A tensor from `(storage, offset, shape, strides, …)`; what follows (gradient, hooks) is of no interest.
    fn view(&self, arguments: &[Value]) -> Option<Tensor> {
        let &[Value::Storage(storage), offset, shape, strides, ..] = arguments else { return None };
        let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
        (shape.len() == strides.len()).then_some(Tensor { storage, offset: size(offset)?, shape, strides })
    }

    fn sizes(&self, value: Value) -> Option<Vec<usize>> {
        let items = self.items(value).filter(|items| items.len() <= MAX_DIMENSIONS)?;
        items.iter().map(|&item| size(item)).collect()
    }
}

/// A count that is not negative.
fn size(value: Value) -> Option<usize> {
    match value {
        Value::Int(number) => usize::try_from(number).ok(),
        _ => None,
    }
}
