//! The part of Python's pickle machine that state dicts need: data in, data out.
//!
//! A pickle is a program: opcodes that push values, put them into lists and dicts, and call Python by name. Here the only
//! names are those of `globals.rs`, and a "call" of one builds a [`Tensor`] or a dict from its arguments; no code of the
//! file's choice is ever reached, whatever the bytes. There is no recursion: containers live in a [`Heap`] and values
//! point into it, so that depth and cycles cost nothing. The number of steps is capped, and a text's length is checked
//! against the bytes that are left before it is copied, so the memory is bounded by the file.
//! Opcodes: CPython, `Lib/pickletools.py`.

mod error;

pub use error::PickleError;

use super::array::Dtype;
use super::globals::{self, Global};
use std::collections::BTreeMap;

/// How many steps a pickle may take. A state dict takes about twenty per tensor, and has a few thousand at most.
const MAX_STEPS: usize = 1 << 22;

/// How many dimensions a tensor may have; as in torch.
const MAX_DIMENSIONS: usize = 64;

/// A value; containers are numbers of places in the [`Heap`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    /// Up to 16 bytes; the magic number of the legacy format has ten.
    Int(i128),
    Float,
    Text(usize),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}

/// A run of numbers that lies outside of the pickle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Storage {
    pub dtype: Dtype,
    /// Its name within the file: the place of a text.
    pub key: usize,
    /// How many numbers; of the whole storage where this is a view of it.
    pub numbers: usize,
    /// Numbers that are skipped: of a view, in the legacy format.
    pub skipped: usize,
}

/// A view of a storage. Offset and strides count numbers, not bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tensor {
    pub storage: usize,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// What values point into.
#[derive(Debug, Default)]
pub(super) struct Heap {
    pub texts: Vec<String>,
    pub tuples: Vec<Vec<Value>>,
    pub lists: Vec<Vec<Value>>,
    /// In the order of insertion; of two equal keys the later one counts.
    pub dicts: Vec<Vec<(Value, Value)>>,
    pub storages: Vec<Storage>,
    pub tensors: Vec<Tensor>,
}

impl Heap {
    /// The text that a value is.
    pub fn text(&self, value: Value) -> Option<&str> {
        match value {
            Value::Text(place) => Some(&self.texts[place]),
            _ => None,
        }
    }
}

/// Runs the pickle at the beginning of `bytes`: what it leaves, the heap that this points into, and its length in bytes.
pub(super) fn run(bytes: &[u8]) -> Result<(Value, Heap, usize), PickleError> {
    let mut machine = Machine {
        bytes,
        at: 0,
        began: 0,
        code: 0,
        steps: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
        heap: Heap::default(),
    };
    loop {
        if let Some(value) = machine.step()? {
            return Ok((value, machine.heap, machine.at));
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the step that runs began.
    began: usize,
    /// Its opcode.
    code: u8,
    steps: usize,
    stack: Vec<Value>,
    /// Lengths of the stack; what is below the last one cannot be popped.
    marks: Vec<usize>,
    memo: BTreeMap<usize, Value>,
    heap: Heap,
}

impl<'a> Machine<'a> {
    /// One step; a value when it was the last.
    fn step(&mut self) -> Result<Option<Value>, PickleError> {
        self.count(1)?;
        self.began = self.at;
        self.code = self.take(1)?[0];
        match self.code {
            0x80 => drop(self.take(1)?), // PROTO
            0x95 => drop(self.take(8)?), // FRAME
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => self.push(self.top()?),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => self.push_int(1, false)?,
            b'M' => self.push_int(2, false)?,
            b'J' => self.push_int(4, true)?,
            0x8a => {
                let length = self.length(1)?;
                self.push_int(length, true)?;
            }
            b'G' => {
                self.take(8)?;
                self.push(Value::Float);
            }
            0x8c | b'U' => self.push_text(1)?,
            b'X' | b'T' => self.push_text(4)?,
            0x8d => self.push_text(8)?,
            b')' => self.push_tuple(Vec::new()),
            0x85 => self.push_tuple_of(1)?,
            0x86 => self.push_tuple_of(2)?,
            0x87 => self.push_tuple_of(3)?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push_tuple(items);
            }
            b']' => self.push_list(Vec::new()),
            b'l' => {
                let items = self.pop_to_mark()?;
                self.push_list(items);
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b'}' => self.push_dict(Vec::new()),
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push_dict(Vec::new());
                self.set(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            b'q' => {
                let place = self.length(1)?;
                self.memoize(place)?;
            }
            b'r' => {
                let place = self.length(4)?;
                self.memoize(place)?;
            }
            0x94 => self.memoize(self.memo.len())?,
            b'h' => {
                let place = self.length(1)?;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.length(4)?;
                self.recall(place)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(global(module, name)?));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let texts = self.heap.text(module).zip(self.heap.text(name));
                let (module, name) = texts.ok_or(self.misfit())?;
                let global = global(module, name)?;
                self.push(Value::Global(global));
            }
            b'Q' => {
                let name = self.pop()?;
                let storage = self.storage(name).ok_or(self.arguments("a storage"))?;
                self.heap.storages.push(storage);
                self.push(Value::Storage(self.heap.storages.len() - 1));
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let made = self.call(function, arguments)?;
                self.push(made);
            }
            b'b' => {
                // Attributes of an object: those of a dict (`_metadata`) and of a tensor are nothing to us.
                self.pop()?;
                if !matches!(self.top()?, Value::Dict(_) | Value::Tensor(_)) {
                    return Err(self.misfit());
                }
            }
            code => return Err(PickleError::Opcode { code, at: self.began }),
        }
        Ok(None)
    }

    fn count(&mut self, steps: usize) -> Result<(), PickleError> {
        self.steps += steps;
        if self.steps > MAX_STEPS { Err(PickleError::TooLong) } else { Ok(()) }
    }

    fn misfit(&self) -> PickleError {
        PickleError::Misfit { code: self.code, at: self.began }
    }

    fn arguments(&self, what: &'static str) -> PickleError {
        PickleError::Arguments { what, at: self.began }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let taken = self.at.checked_add(length).and_then(|end| self.bytes.get(self.at..end));
        self.at += taken.map_or(0, <[u8]>::len);
        taken.ok_or(PickleError::CutOff { at: self.began })
    }

    /// A length or number of `size` bytes, up to eight.
    fn length(&mut self, size: usize) -> Result<usize, PickleError> {
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(self.take(size)?);
        usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| self.misfit())
    }

    /// Up to the next line feed, which is skipped.
    fn line(&mut self) -> Result<&'a str, PickleError> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or(PickleError::CutOff { at: self.began })?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| self.misfit())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn push_int(&mut self, size: usize, signed: bool) -> Result<(), PickleError> {
        let written = self.take(size)?;
        if size > 16 {
            return Err(self.misfit());
        }
        let negative = signed && written.last().is_some_and(|&byte| byte >= 0x80);
        let mut bytes = [if negative { 0xff } else { 0 }; 16];
        bytes[..size].copy_from_slice(written);
        self.push(Value::Int(i128::from_le_bytes(bytes)));
        Ok(())
    }

    fn push_text(&mut self, size: usize) -> Result<(), PickleError> {
        let length = self.length(size)?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| self.misfit())?;
        self.heap.texts.push(text.to_owned());
        self.push(Value::Text(self.heap.texts.len() - 1));
        Ok(())
    }

    fn push_tuple(&mut self, items: Vec<Value>) {
        self.heap.tuples.push(items);
        self.push(Value::Tuple(self.heap.tuples.len() - 1));
    }

    fn push_tuple_of(&mut self, count: usize) -> Result<(), PickleError> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push_tuple(items);
        Ok(())
    }

    fn push_list(&mut self, items: Vec<Value>) {
        self.heap.lists.push(items);
        self.push(Value::List(self.heap.lists.len() - 1));
    }

    fn push_dict(&mut self, items: Vec<(Value, Value)>) {
        self.heap.dicts.push(items);
        self.push(Value::Dict(self.heap.dicts.len() - 1));
    }

    /// The last value above the last mark.
    fn top(&self) -> Result<Value, PickleError> {
        let above = &self.stack[self.marks.last().copied().unwrap_or(0)..];
        above.last().copied().ok_or(self.misfit())
    }

    fn pop(&mut self) -> Result<Value, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, PickleError> {
        let mark = self.marks.pop().ok_or(self.misfit())?;
        Ok(self.stack.split_off(mark))
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), PickleError> {
        let Value::List(place) = self.top()? else { return Err(self.misfit()) };
        self.heap.lists[place].extend(items);
        Ok(())
    }

    /// Puts keys and values, by turns, into the dict on top.
    fn set(&mut self, items: &[Value]) -> Result<(), PickleError> {
        let Value::Dict(place) = self.top()? else { return Err(self.misfit()) };
        let (pairs, []) = items.as_chunks() else { return Err(self.misfit()) };
        self.heap.dicts[place].extend(pairs.iter().map(|&[key, value]| (key, value)));
        Ok(())
    }

    fn memoize(&mut self, place: usize) -> Result<(), PickleError> {
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, place: usize) -> Result<(), PickleError> {
        let value = self.memo.get(&place).copied().ok_or(self.misfit())?;
        self.push(value);
        Ok(())
    }
}

fn global(module: &str, name: &str) -> Result<Global, PickleError> {
    globals::find(module, name).ok_or_else(|| PickleError::Global { name: format!("{module}.{name}") })
}

mod build;
#[cfg(test)]
mod tests;
