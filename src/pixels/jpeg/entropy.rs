//! Quantised blocks to Huffman codes.
//!
//! Bits go to a buffer first, eight bytes stored after every second code whether full or not, so that no branch depends on
//! them; from there they go to the file in long pieces, with a 0 after each 0xFF.

use super::tables::{Codes, LENGTH, ZIGZAG};

/// Two blocks side by side, quantised: coefficient (row, column) of block b is at `16 · row + 8 · b + column`.
#[derive(Clone)]
#[repr(C, align(32))]
pub struct Pair {
    pub coefficients: [i16; 128],
    /// By block: the coefficients in zigzag order, those beyond a byte cut off to the last it can hold.
    pub bytes: [[i8; 64]; 2],
    /// By block: a bit for each coefficient that is not 0, in zigzag order from the lowest bit.
    pub nonzero: [u64; 2],
}

impl Pair {
    pub const EMPTY: Self = Self { coefficients: [0; 128], bytes: [[0; 64]; 2], nonzero: [0; 2] };
}

/// More bytes than a block can take: 20 bits for DC, 26 for each of the others.
const BLOCK: usize = 256;
/// Room of the buffer; drained when a unit of six blocks might not fit.
const ROOM: usize = 8192;

/// Bits on their way to the file.
pub struct Writer {
    buffer: [u8; ROOM],
    at: usize,
    bits: Bits,
}

/// 1 to 64 bits not yet stored, the low ones of `value`; older ones may stand above them.
#[derive(Clone, Copy)]
struct Bits {
    value: u64,
    /// How many bits are missing to 64, modulo 64: what `value` has to be shifted by.
    missing: u32,
}

impl Bits {
    /// Appends an entry of [`Codes`]. The bits above its length go into `missing` too, where they count for nothing.
    #[inline(always)]
    fn put(&mut self, entry: u32) {
        self.value = self.value << (entry & ((1 << LENGTH) - 1)) | u64::from(entry >> LENGTH);
        self.missing = self.missing.wrapping_sub(entry);
    }

    /// Stores whole bytes at `at`, which moves; one to eight bits stay.
    #[inline(always)]
    fn store(&mut self, out: &mut [u8; BLOCK + 8], at: &mut usize) {
        let bytes = (self.value << (self.missing & 63)).to_be_bytes();
        let start = *at % BLOCK;
        out[start..start + 8].copy_from_slice(&bytes);
        *at += (!self.missing & 56) as usize / 8;
        self.missing |= !7;
    }
}

impl Writer {
    /// A writer that begins with the byte before the first code, since it is never without a bit.
    pub fn new(first: u8) -> Self {
        Self { buffer: [0; ROOM], at: 0, bits: Bits { value: first.into(), missing: 56 } }
    }

    /// Codes block `which` of a pair; `before` is the DC of the component's block before it. Returns the block's own.
    #[inline(always)]
    pub fn block(&mut self, pair: &Pair, which: usize, before: i16, codes: &Codes) -> i16 {
        let start = self.at;
        let out: &mut [u8; BLOCK + 8] =
            (&mut self.buffer[start..start + BLOCK + 8]).try_into().expect("BUG: a slice of this length");
        let (mut bits, mut at) = (self.bits, 0);
        let dc = pair.coefficients[which * 8];
        bits.store(out, &mut at);
        bits.put(codes.difference(i32::from(dc) - i32::from(before)));

        let mut nonzero = pair.nonzero[which] & !1;
        let mut last = 0;
        // Between two stores there are at most 64 bits: 8 left, 26 for each value, and 4 for the end.
        while nonzero != 0 {
            bits.store(out, &mut at);
            for _ in 0..2 {
                let index = nonzero.trailing_zeros();
                let run = index - last - 1;
                let byte = pair.bytes[which][index as usize & 63] as u8;
                let entry = if run < 16 { codes.short[(run << 8) as usize | usize::from(byte)] } else { 0 };
                if entry != 0 {
                    bits.put(entry);
                } else {
                    let natural = usize::from(ZIGZAG[index as usize & 63]);
                    let value = pair.coefficients[natural / 8 * 16 + which * 8 + natural % 8];
                    (bits, at) = rare(bits, run, value.into(), codes, out, at);
                }
                last = index;
                nonzero &= nonzero - 1;
                if nonzero == 0 {
                    break;
                }
            }
        }
        if last < 63 {
            bits.put(codes.end());
        }
        (self.bits, self.at) = (bits, start + at);
        dc
    }

    /// Codes a block that the image does not reach: DC as before, nothing else.
    pub fn dummy(&mut self, before: i16, codes: &Codes) {
        let mut pair = Pair::EMPTY;
        pair.coefficients[0] = before;
        self.block(&pair, 0, before, codes);
    }

    /// Moves whole bytes to the file, if there are many.
    #[inline(always)]
    pub fn drain(&mut self, bytes: &mut Vec<u8>) {
        if self.at > ROOM - 6 * BLOCK - 8 {
            stuff(&self.buffer[..self.at], bytes);
            self.at = 0;
        }
    }

    /// Moves everything to the file, the last byte filled up with ones.
    pub fn finish(mut self, bytes: &mut Vec<u8>) {
        let mut last = [0; BLOCK + 8];
        let mut at = 0;
        self.bits.store(&mut last, &mut at);
        let missing = self.bits.missing % 8;
        last[at] = (self.bits.value << missing) as u8 | ((1u32 << missing) - 1) as u8;
        stuff(&self.buffer[..self.at], bytes);
        stuff(&last[..=at], bytes);
    }
}

/// Codes a large value, or one after many zeros. By value, so that the state of the loop stays in registers.
#[cold]
#[inline(never)]
fn rare(
    mut bits: Bits,
    run: u32,
    value: i32,
    codes: &Codes,
    out: &mut [u8; BLOCK + 8],
    mut at: usize,
) -> (Bits, usize) {
    bits.store(out, &mut at);
    for _ in 0..run / 16 {
        bits.put(codes.zeros());
    }
    bits.store(out, &mut at);
    bits.put(codes.value(run % 16, value));
    (bits, at)
}

/// Appends coded bytes, with a 0 after each 0xFF.
#[inline(always)]
fn stuff(mut coded: &[u8], bytes: &mut Vec<u8>) {
    bytes.reserve(coded.len() + coded.len() / 64);
    while !coded.is_empty() {
        let mut clean = 0;
        for chunk in coded.as_chunks::<32>().0 {
            if chunk.iter().fold(false, |found, byte| found | (*byte == 0xFF)) {
                break;
            }
            clean += chunk.len();
        }
        let found = coded[clean..].iter().position(|byte| *byte == 0xFF);
        let (piece, rest) = coded.split_at(found.map_or(coded.len(), |index| clean + index + 1));
        bytes.extend_from_slice(piece);
        if found.is_some() {
            bytes.push(0);
        }
        coded = rest;
    }
}
