//! The loops that cost time, as they are defined; [`super::level`] compiles them for more.

use super::bits::{Codes, Writer};
pub use super::filter::apply;
use super::tokens::{Counts, Tokens, parse};

/// Counts the symbols of a block with runs.
#[inline(always)]
pub fn count_tokens(data: &[u8], counts: &mut Counts) {
    parse(data, counts);
}

/// Counts bytes.
#[inline(always)]
pub fn count_bytes(data: &[u8], counts: &mut Counts) {
    each(data, counts);
}

/// Writes the symbols of a block with runs.
#[inline(always)]
pub fn write_tokens(data: &[u8], codes: &Codes, writer: &mut Writer<'_>) {
    writer.code(codes, |coder| parse(data, coder));
}

/// Writes bytes.
#[inline(always)]
pub fn write_bytes(data: &[u8], codes: &Codes, writer: &mut Writer<'_>) {
    writer.code(codes, |coder| each(data, coder));
}

#[inline(always)]
fn each(data: &[u8], tokens: &mut impl Tokens) {
    let (chunks, rest) = data.as_chunks::<64>();
    for chunk in chunks {
        tokens.relax();
        chunk.as_chunks::<8>().0.iter().for_each(|bytes| tokens.literals(bytes));
    }
    tokens.relax();
    rest.iter().for_each(|byte| tokens.literal(*byte));
}
