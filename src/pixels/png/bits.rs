//! Symbols to bits to bytes.

use super::huffman;
use super::tokens::{BY_LENGTH, LENGTHS, SYMBOLS, Tokens};

/// Bytes that wait for the end of a [`Writer`]; a power of two.
pub const ROOM: usize = 4096;

/// Room for the bytes that wait, and for eight more than are counted: all bits are stored at once.
type Room = [u8; ROOM + 8];

/// Bits to bytes.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    room: &'a mut Room,
    at: usize,
    /// What was written last. The highest `count` bits, fewer than 8, are not in the room yet.
    pending: u64,
    count: u64,
}

impl<'a> Writer<'a> {
    /// Goes on where an earlier writer to `out` has ended.
    pub fn new(out: &'a mut Vec<u8>, room: &'a mut Room, rest: Rest) -> Self {
        let pending = u64::from(rest.bits).unbounded_shl(64 - u32::from(rest.count));
        Self { out, room, at: 0, pending, count: rest.count.into() }
    }

    /// Adds the highest `count` bits of `bits`, the lowest of them first: 1 to 56. Of what lies under them, the lowest six
    /// bits may be anything where they are at most 48, and the others have to be zero. Of the count itself only the lowest
    /// six bits matter.
    #[inline(always)]
    pub fn push(&mut self, bits: u64, count: u64) {
        self.pending = self.pending >> (count & 63) | bits;
        let count = self.count.wrapping_add(count) & 63;
        let at = self.at & (ROOM - 1);
        self.room[at..at + 8].copy_from_slice(&(self.pending >> (64 - count)).to_le_bytes());
        self.at += count as usize / 8;
        self.count = count & 7;
    }

    /// Adds bits, the lowest first: at most 56, none set above `count`.
    #[inline(always)]
    pub fn put(&mut self, bits: u64, count: u32) {
        if count > 0 {
            self.push(bits << (64 - count), count.into());
        }
    }

    /// Makes room for 128 more bytes.
    #[inline(always)]
    pub fn relax(&mut self) {
        if self.at >= ROOM - 128 {
            self.at = drain(self.out, self.room, self.at);
        }
    }

    /// Writes tokens.
    #[inline(always)]
    pub fn code(&mut self, codes: &Codes, tokens: impl FnOnce(&mut Coder<'_>)) {
        let Self { ref mut out, ref mut room, at, pending, count } = *self;
        // A copy, so that what changes stays in registers.
        let mut coder = Coder { codes, writer: Writer { out, room, at, pending, count } };
        tokens(&mut coder);
        let Writer { at, pending, count, .. } = coder.writer;
        (self.at, self.pending, self.count) = (at, pending, count);
    }

    /// Ends a block.
    pub fn end(&mut self, codes: &Codes) {
        self.push(codes.others[0], codes.others[0]);
    }

    /// Moves whole bytes to their place.
    pub fn finish(self) -> Rest {
        drain(self.out, self.room, self.at);
        Rest { bits: (self.pending >> 56 >> (8 - self.count)) as u8, count: self.count as u8 }
    }
}

#[cold]
#[inline(never)]
fn drain(out: &mut Vec<u8>, room: &Room, at: usize) -> usize {
    out.extend_from_slice(&room[..at]);
    0
}

/// Bits of the last byte, which is not complete yet.
#[derive(Clone, Copy, Default, Debug)]
pub struct Rest {
    /// The bits, from the lowest on.
    pub bits: u8,
    /// How many they are, fewer than 8.
    pub count: u8,
}

/// Codes with their bits on top and their lengths in the lowest six bits.
pub struct Codes {
    literals: [u64; 256],
    others: [u64; SYMBOLS - 256],
}

impl Codes {
    /// The codes of a block's lengths.
    pub fn new(lengths: &[u8; SYMBOLS]) -> Self {
        let codes = huffman::codes(lengths);
        let code = |symbol: usize| match lengths[symbol] {
            0 => 0,
            length => u64::from(codes[symbol]) << (64 - length) | u64::from(length),
        };
        Self { literals: std::array::from_fn(code), others: std::array::from_fn(|index| code(256 + index)) }
    }
}

/// Writes tokens in codes.
pub struct Coder<'a> {
    codes: &'a Codes,
    writer: Writer<'a>,
}

impl Coder<'_> {
    /// Four codes at once: each pushes the ones before down, and what their lengths leave in the lowest bits falls out.
    #[inline(always)]
    fn four(&mut self, codes: [u64; 4]) {
        let [first, second, third, fourth] = codes;
        let low = (first >> (second & 63)) | second;
        let bits = (((low >> (third & 63)) | third) >> (fourth & 63)) | fourth;
        self.writer.push(bits, first.wrapping_add(second).wrapping_add(third).wrapping_add(fourth));
    }

    #[inline(always)]
    fn one(&mut self, code: u64) {
        self.writer.push(code, code);
    }
}

impl Tokens for Coder<'_> {
    #[inline(always)]
    fn relax(&mut self) {
        self.writer.relax();
    }

    #[inline(always)]
    fn literals(&mut self, bytes: &[u8; 8]) {
        let code = |index: usize| self.codes.literals[usize::from(bytes[index])];
        self.four([code(0), code(1), code(2), code(3)]);
        self.four([code(4), code(5), code(6), code(7)]);
    }

    #[inline(always)]
    fn literal(&mut self, byte: u8) {
        self.one(self.codes.literals[usize::from(byte)]);
    }

    #[inline(always)]
    fn repeat(&mut self, length: usize) {
        let symbol = usize::from(BY_LENGTH[length]);
        let (extra, first) = LENGTHS[symbol];
        self.one(self.codes.others[symbol + 1]);
        // The distance is a single zero above the extra bits.
        self.writer.put(length as u64 - u64::from(first), u32::from(extra) + 1);
    }
}
