//! Blocks of deflate (RFC 1951) for filtered rows.

use super::bits::{Codes, ROOM, Rest, Writer};
use super::huffman;
use super::level::{self, Level};
use super::tokens::{Counts, END, SYMBOLS};

/// How the bytes of a block are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Each by itself, with codes from a quarter of them; from all where they are few.
    Noisy,
    /// With runs, codes counted exactly.
    Clean,
}

/// The longest code: four of them and what is pending fit into 64 bits.
const LONGEST: u8 = 12;

/// Writes one block, or stored ones where they are smaller, behind what an earlier one has left; `last` of the stream.
pub fn block(level: Level, data: &[u8], kind: Kind, last: bool, rest: Rest, out: &mut Vec<u8>) -> Rest {
    let start = out.len();
    let mut counts = Counts::new();
    match kind {
        Kind::Clean => level::count_tokens(level, data, &mut counts),
        Kind::Noisy if data.len() < FEW => level::count_bytes(level, data, &mut counts),
        Kind::Noisy => sample(data).for_each(|part| level::count_bytes(level, part, &mut counts)),
    }
    let mut counts = counts.sum();
    if kind == Kind::Noisy && data.len() >= FEW {
        // A byte that is not in the sample needs a code, too.
        counts[..END].iter_mut().for_each(|count| *count = (*count).max(1));
    }
    counts[END] = 1;
    let lengths = huffman::lengths(&counts, LONGEST);
    let codes = Codes::new(&lengths);
    let mut room = [0; ROOM + 8];
    let mut writer = Writer::new(out, &mut room, rest);
    writer.put(u64::from(last) | 2 << 1, 3);
    header(&lengths, &mut writer);
    match kind {
        Kind::Clean => level::write_tokens(level, data, &codes, &mut writer),
        Kind::Noisy => level::write_bytes(level, data, &codes, &mut writer),
    }
    writer.end(&codes);
    let after = writer.finish();
    if out.len() - start <= data.len() + 5 * data.len().div_ceil(STORED) {
        return after;
    }
    out.truncate(start);
    stored(data, last, rest, out)
}

/// Most bytes of a stored block.
const STORED: usize = 65_535;

/// Writes bytes as they are.
fn stored(data: &[u8], last: bool, rest: Rest, out: &mut Vec<u8>) -> Rest {
    let mut rest = rest;
    let mut parts = data.chunks(STORED).peekable();
    while let Some(part) = parts.next() {
        let last = last && parts.peek().is_none();
        // The kind is 0, and so are the bits that complete the byte.
        out.push(rest.bits | u8::from(last) << rest.count);
        if rest.count > 5 {
            out.push(0);
        }
        rest = Rest::default();
        let length = part.len() as u16;
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(part);
    }
    rest
}

/// Completes the last byte.
pub fn close(rest: Rest, out: &mut Vec<u8>) {
    if rest.count > 0 {
        out.push(rest.bits);
    }
}

/// Fewer bytes than this are counted all.
const FEW: usize = 32 << 10;

/// Bytes of a part of a sample, a quarter of what it stands for.
const PART: usize = 256;

/// A quarter of the bytes, in parts that come at no period which rows could have as well.
fn sample(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0_u32..).zip(data.chunks(4 * PART)).filter_map(|(index, quarters)| {
        let quarter = (index.wrapping_mul(0x9E37_79B9) >> 30) as usize;
        quarters.chunks(PART).nth(quarter)
    })
}

/// The order in which lengths of code lengths are stored.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Writes the code lengths of a block, RFC 1951, 3.2.7.
fn header(lengths: &[u8; SYMBOLS], writer: &mut Writer<'_>) {
    let literals = 257.max(1 + lengths.iter().rposition(|length| *length > 0).unwrap_or(0));
    let mut all = [0; SYMBOLS + 2];
    all[..literals].copy_from_slice(&lengths[..literals]);
    // Two distances of one bit each: with one alone, or none, the code would not be complete, which some decoders refuse.
    all[literals..literals + 2].fill(1);
    let mut counts = [0; 19];
    let symbols: Vec<(u8, u8, u8)> = shorten(&all[..literals + 2]).collect();
    symbols.iter().for_each(|(symbol, ..)| counts[usize::from(*symbol)] += 1);
    let lengths = huffman::lengths(&counts, 7);
    let codes = huffman::codes(&lengths);
    let stored = 4.max(1 + ORDER.iter().rposition(|symbol| lengths[*symbol] > 0).unwrap_or(0));
    writer.put((literals - 257) as u64 | 1 << 5 | (stored as u64 - 4) << 10, 14);
    ORDER[..stored].iter().for_each(|symbol| writer.put(lengths[*symbol].into(), 3));
    for (symbol, bits, extra) in symbols {
        writer.relax();
        let symbol = usize::from(symbol);
        writer.put(codes[symbol].into(), lengths[symbol].into());
        writer.put(bits.into(), extra.into());
    }
}

/// Code lengths, with repeats made short: symbol, extra bits, their number.
fn shorten(lengths: &[u8]) -> impl Iterator<Item = (u8, u8, u8)> {
    lengths.chunk_by(|a, b| a == b).flat_map(|run| {
        let (length, mut left) = (run[0], run.len());
        let mut first = length != 0;
        std::iter::from_fn(move || {
            let (symbol, most, base, extra) = match (length, left) {
                (_, 0) => return None,
                _ if first => (length, 1, 1, 0),
                (0, 11..) => (18, 138, 11, 7),
                (0, 3..) => (17, 10, 3, 3),
                (1.., 3..) => (16, 6, 3, 2),
                _ => (length, 1, 1, 0),
            };
            first = false;
            let taken = left.min(most);
            left -= taken;
            Some((symbol, (taken - base) as u8, extra))
        })
    })
}
