//! numpy's `.npy`: one array of numbers or texts, behind a header that is a Python literal.
//!
//! Format 1, 2 and 3 (numpy.lib.format): `\x93NUMPY`, two bytes of version, the header's length in 2 bytes (4 from format 2
//! on, little-endian), and `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. What is read: floats of 16, 32 and 64
//! bits, integers up to 64 bits, texts of fixed width (`<U12`, `|S12`, the latter UTF-8), of either byte order and either
//! order of axes. Arrays of Python objects are pickles, which can run anything, and are refused.

use std::str::FromStr;

/// Why bytes are no array that is read here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NpyError {
    /// Not `.npy`.
    #[error("is not in numpy's .npy format")]
    Magic,
    /// A format of the future.
    #[error("is of .npy format {0}; 1 to 3 are read")]
    Version(u8),
    /// A header that is cut off, or no such literal.
    #[error("has a header that cannot be read: {0}")]
    Header(String),
    /// An array of Python objects.
    #[error("holds Python objects (a pickle), which are not read; make IDs texts: np.array(ids, dtype=str)")]
    Objects,
    /// A type that is not read.
    #[error("has the type '{0}', which is not read; numbers are float16, float32 or float64, IDs texts or integers")]
    Type(String),
    /// Not as many dimensions as it should have.
    #[error("has the shape ({}), and {expected} expected", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Shape {
        /// Its shape.
        shape: Vec<usize>,
        /// What it should be, with a verb.
        expected: &'static str,
    },
    /// Too few or too many bytes.
    #[error("has {found} bytes of data, and its header says {expected}")]
    Bytes {
        /// As there are.
        found: usize,
        /// As there should be; `None` beyond any memory.
        expected: String,
    },
    /// A text that is none.
    #[error("has a text in place {0} (from 0) that is not Unicode")]
    Text(usize),
}

/// A type of element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Float(usize),
    Signed(usize),
    Unsigned(usize),
    /// 4-byte code points.
    Unicode(usize),
    /// UTF-8.
    Bytes(usize),
}

/// An array as it stands in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Array<'a> {
    kind: Kind,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    /// Reads the header, and checks that the data are as long as it says.
    ///
    /// # Errors
    /// When the bytes are no `.npy`, or hold a type that is not read.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NpyError> {
        let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(NpyError::Magic)?;
        let cut = || NpyError::Header("it is cut off".into());
        let (length, rest) = match rest {
            [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
            [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
            [1..=3, ..] | [] => return Err(cut()),
            [version, ..] => return Err(NpyError::Version(*version)),
        };
        let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
        let header = std::str::from_utf8(header).map_err(|_| NpyError::Header("it is not UTF-8".into()))?;
        let Header { descr, fortran_order, shape } = header.parse()?;
        let (kind, big_endian) = kind(&descr)?;
        let array = Self { kind, big_endian, fortran_order, shape, data };
        let elements = array.shape.iter().try_fold(1usize, |all, axis| all.checked_mul(*axis));
        let expected = elements.and_then(|elements| elements.checked_mul(array.size()));
        if expected != Some(data.len()) {
            let expected = expected.map_or_else(|| "more than any memory holds".into(), |bytes| bytes.to_string());
            return Err(NpyError::Bytes { found: data.len(), expected });
        }
        Ok(array)
    }

    /// Bytes of an element.
    fn size(&self) -> usize {
        match self.kind {
            Kind::Float(size) | Kind::Signed(size) | Kind::Unsigned(size) | Kind::Bytes(size) => size,
            Kind::Unicode(letters) => letters * 4,
        }
    }

    /// How many along each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether the numbers have no more than 32 bits.
    pub fn is_single(&self) -> bool {
        matches!(self.kind, Kind::Float(2 | 4))
    }

    /// The numbers of a table, `[rows, columns]`, row by row, and how many columns there are.
    ///
    /// # Errors
    /// When it has not two axes, or its elements are not floats.
    pub fn table(&self) -> Result<(usize, Vec<f64>), NpyError> {
        let [rows, columns] = self.shape[..] else {
            return Err(NpyError::Shape { shape: self.shape.clone(), expected: "(rows, classes) is" });
        };
        let Kind::Float(size) = self.kind else { return Err(NpyError::Type(self.type_name())) };
        let element = |bytes: &[u8]| {
            let mut raw = [0; 8];
            raw[..size].copy_from_slice(bytes);
            if self.big_endian {
                raw[..size].reverse();
            }
            match size {
                2 => half(u16::from_le_bytes([raw[0], raw[1]])),
                4 => f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]).into(),
                _ => f64::from_le_bytes(raw),
            }
        };
        let all: Vec<f64> = self.data.chunks_exact(size).map(element).collect();
        if !self.fortran_order {
            return Ok((columns, all));
        }
        let turned = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Ok((columns, turned.map(|(row, column)| all[column * rows + row]).collect()))
    }

    /// The texts of a list; integers are written out.
    ///
    /// # Errors
    /// When it has not one axis, its elements are neither texts nor integers, or a text is not Unicode.
    pub fn texts(&self) -> Result<Vec<String>, NpyError> {
        let [count] = self.shape[..] else {
            return Err(NpyError::Shape { shape: self.shape.clone(), expected: "one axis is" });
        };
        if let Kind::Float(_) = self.kind {
            return Err(NpyError::Type(self.type_name()));
        }
        let size = self.size();
        // Texts of no letter take no byte, and are none the fewer.
        (0..count).map(|at| self.text(&self.data[at * size..(at + 1) * size]).ok_or(NpyError::Text(at))).collect()
    }

    fn text(&self, bytes: &[u8]) -> Option<String> {
        let integer = || {
            let mut bytes = bytes.to_vec();
            if self.big_endian {
                bytes.reverse();
            }
            bytes
        };
        match self.kind {
            Kind::Unicode(_) => {
                let letters = bytes.chunks_exact(4).map(|letter| {
                    let letter = [letter[0], letter[1], letter[2], letter[3]];
                    if self.big_endian { u32::from_be_bytes(letter) } else { u32::from_le_bytes(letter) }
                });
                let text: String = letters.map(char::from_u32).collect::<Option<_>>()?;
                Some(text.trim_end_matches('\0').to_owned())
            }
            Kind::Bytes(_) => Some(std::str::from_utf8(bytes).ok()?.trim_end_matches('\0').to_owned()),
            Kind::Unsigned(_) => {
                let value = integer().iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                Some(value.to_string())
            }
            Kind::Signed(size) => {
                let value = integer().iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                // The sign is in the topmost bit of as many as there are.
                let unused = 64 - 8 * size as u32;
                Some(((value << unused).cast_signed() >> unused).to_string())
            }
            Kind::Float(_) => None,
        }
    }

    fn type_name(&self) -> String {
        let (letter, size) = match self.kind {
            Kind::Float(size) => ("float", 8 * size),
            Kind::Signed(size) => ("int", 8 * size),
            Kind::Unsigned(size) => ("uint", 8 * size),
            Kind::Unicode(letters) => ("U", letters),
            Kind::Bytes(size) => ("S", size),
        };
        format!("{letter}{size}")
    }
}

/// A 16-bit float (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => libm::ldexp(fraction, -24),
        0x1f if fraction > 0.0 => f64::NAN,
        0x1f => f64::INFINITY,
        _ => libm::ldexp(1024.0 + fraction, exponent - 25),
    }
}

/// The type that a text like `<f4` names, and whether its bytes run from the largest down.
fn kind(descr: &str) -> Result<(Kind, bool), NpyError> {
    let unknown = || NpyError::Type(descr.to_owned());
    let mut letters = descr.chars();
    let big_endian = match letters.next() {
        Some('<' | '|' | '=') => false,
        Some('>') => true,
        _ => return Err(unknown()),
    };
    let letter = letters.next().ok_or_else(unknown)?;
    if letter == 'O' {
        return Err(NpyError::Objects);
    }
    // A text of more is a matrix in disguise; the product with 4 has to fit.
    let size = letters.as_str().parse::<usize>().ok().filter(|size| *size <= 1 << 20).ok_or_else(unknown)?;
    let kind = match (letter, size) {
        ('f', 2 | 4 | 8) => Kind::Float(size),
        ('i', 1 | 2 | 4 | 8) => Kind::Signed(size),
        ('u', 1 | 2 | 4 | 8) => Kind::Unsigned(size),
        ('U', _) => Kind::Unicode(size),
        ('S' | 'a', _) => Kind::Bytes(size),
        _ => return Err(unknown()),
    };
    Ok((kind, big_endian))
}

/// The three entries of a header.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl FromStr for Header {
    type Err = NpyError;

    fn from_str(text: &str) -> Result<Self, NpyError> {
        let wrong = |what: &str| NpyError::Header(what.to_owned());
        let body = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        let mut rest = body.ok_or_else(|| wrong("no dictionary"))?.trim_start();
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest).ok_or_else(|| wrong("a key that is not quoted"))?;
            let value =
                after.trim_start().strip_prefix(':').ok_or_else(|| wrong("a key without a value"))?.trim_start();
            rest = match key {
                "descr" if value.starts_with('[') => return Err(NpyError::Type("a record".into())),
                "descr" => {
                    let (text, rest) = quoted(value).ok_or_else(|| wrong("a type that is not quoted"))?;
                    descr = Some(text.to_owned());
                    rest
                }
                "fortran_order" => {
                    let (value, rest) = ["True", "False"]
                        .into_iter()
                        .find_map(|word| Some((word == "True", value.strip_prefix(word)?)))
                        .ok_or_else(|| wrong("fortran_order that is neither True nor False"))?;
                    fortran_order = Some(value);
                    rest
                }
                "shape" => {
                    let inner = value.strip_prefix('(').and_then(|value| value.split_once(')'));
                    let (inner, rest) = inner.ok_or_else(|| wrong("a shape without brackets"))?;
                    let axes = inner.split(',').map(str::trim).filter(|axis| !axis.is_empty());
                    let axes: Result<Vec<usize>, _> = axes.map(|axis| axis.trim_end_matches('L').parse()).collect();
                    shape = Some(axes.map_err(|_| wrong("a shape that is not of whole numbers"))?);
                    rest
                }
                other => return Err(wrong(&format!("the unknown key '{other}'"))),
            };
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(rest) => rest.trim_start(),
                None if rest.is_empty() => rest,
                None => return Err(wrong("entries without a comma between them")),
            };
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => Ok(Self { descr, fortran_order, shape }),
            _ => Err(wrong("descr, fortran_order or shape is missing")),
        }
    }
}

/// A text in quotes, and what follows it. Nothing that numpy writes here is escaped.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|letter| ['\'', '"'].contains(letter))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests;
