//! What is made of filtered bytes: literals, and runs of zero as matches of distance 1.
//!
//! Noise repeats nothing, and what is flat on a page is zero after a filter: nothing else is worth its time.

/// Symbol of the end of a block.
pub const END: usize = 256;

/// Literals, the end, lengths.
pub const SYMBOLS: usize = 286;

/// The longest match.
const MATCH: usize = 258;

/// Extra bits and first length of each symbol of a length, from 257 on.
pub const LENGTHS: [(u8, u16); 29] = {
    let mut lengths = [(0, 0); 29];
    let (mut symbol, mut first) = (0, 3);
    while symbol < 28 {
        let extra = if symbol < 8 { 0 } else { symbol as u8 / 4 - 1 };
        lengths[symbol] = (extra, first);
        first += 1 << extra;
        symbol += 1;
    }
    lengths[28] = (0, MATCH as u16);
    lengths
};

/// Index into [`LENGTHS`] of each length.
pub const BY_LENGTH: [u8; MATCH + 1] = {
    let mut table = [0; MATCH + 1];
    let (mut length, mut symbol) = (3, 0);
    while length <= MATCH {
        while symbol < 28 && LENGTHS[symbol + 1].1 as usize <= length {
            symbol += 1;
        }
        table[length] = symbol as u8;
        length += 1;
    }
    table
};

/// What is made of the bytes of a block.
pub trait Tokens {
    /// Called before every 64 bytes, or less.
    fn relax(&mut self) {}
    /// Eight bytes.
    fn literals(&mut self, bytes: &[u8; 8]);
    /// One byte.
    fn literal(&mut self, byte: u8);
    /// Zeros that repeat the one before, 3 to 258.
    fn repeat(&mut self, length: usize);
}

/// Parts bytes into literals and runs of zero. A run begins where eight bytes in a row, of those counted in eights from the
/// last run's end on, are zero.
#[inline(always)]
pub fn parse(data: &[u8], tokens: &mut impl Tokens) {
    let (mut rest, mut before) = (data, 1);
    while let Some((bytes, tail)) = rest.split_first_chunk::<8>() {
        tokens.relax();
        if u64::from_le_bytes(*bytes) != 0 {
            tokens.literals(bytes);
            (rest, before) = (tail, bytes[7]);
            continue;
        }
        let run = zeros(rest);
        rest = &rest[run..];
        let mut repeats = run;
        if before != 0 {
            tokens.literal(0);
            repeats -= 1;
        }
        before = 0;
        while repeats >= 3 {
            tokens.relax();
            tokens.repeat(repeats.min(MATCH));
            repeats -= repeats.min(MATCH);
        }
        (0..repeats).for_each(|_| tokens.literal(0));
    }
    tokens.relax();
    rest.iter().for_each(|byte| tokens.literal(*byte));
}

/// How many zeros bytes begin with.
#[inline(always)]
fn zeros(data: &[u8]) -> usize {
    let (chunks, _) = data.as_chunks::<32>();
    let mut zeros = chunks.iter().take_while(|chunk| **chunk == [0; 32]).count() * 32;
    while let Some(bytes) = data[zeros..].first_chunk::<8>() {
        let bytes = u64::from_le_bytes(*bytes);
        if bytes != 0 {
            return zeros + bytes.trailing_zeros() as usize / 8;
        }
        zeros += 8;
    }
    zeros + data[zeros..].iter().take_while(|byte| **byte == 0).count()
}

/// How often each symbol occurs.
pub struct Counts {
    /// Four that are added up at the end: the same byte twice in a row would wait for itself.
    literals: [[u32; 256]; 4],
    lengths: [u32; 29],
    /// Bytes in runs.
    pub repeated: u32,
}

impl Counts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { literals: [[0; 256]; 4], lengths: [0; 29], repeated: 0 }
    }

    /// Of all symbols, the end of a block not among them.
    pub fn sum(&self) -> [u32; SYMBOLS] {
        let mut sum = [0; SYMBOLS];
        for literals in &self.literals {
            sum.iter_mut().zip(literals).for_each(|(sum, count)| *sum += count);
        }
        sum[END + 1..].copy_from_slice(&self.lengths);
        sum
    }
}

impl Tokens for Counts {
    #[inline(always)]
    fn literals(&mut self, bytes: &[u8; 8]) {
        for (index, byte) in bytes.iter().enumerate() {
            self.literals[index % 4][usize::from(*byte)] += 1;
        }
    }

    #[inline(always)]
    fn literal(&mut self, byte: u8) {
        self.literals[0][usize::from(byte)] += 1;
    }

    #[inline(always)]
    fn repeat(&mut self, length: usize) {
        self.lengths[usize::from(BY_LENGTH[length])] += 1;
        self.repeated += length as u32;
    }
}

/// About what a block's symbols take, in 1/256 bits: their entropy, but no code is shorter than a bit; and what lengths and
/// distances carry besides.
pub fn cost(counts: &[u32; SYMBOLS]) -> u64 {
    let total: u32 = counts.iter().sum();
    let extra =
        LENGTHS.iter().zip(&counts[END + 1..]).map(|((extra, _), count)| u64::from(*count) * (u64::from(*extra) + 1));
    let bits = |count: u32| (log2(total.max(1)) - log2(count.max(1))).max(1 << FRACTION);
    let entropy = counts.iter().map(|count| u64::from(*count) * u64::from(bits(*count)));
    (extra.sum::<u64>() << FRACTION) + entropy.sum::<u64>()
}

/// Fractional bits of a logarithm.
const FRACTION: u32 = 8;

/// The fractions of the logarithms of 1 to 2, found by squaring: each squaring doubles the logarithm.
const FRACTIONS: [u8; 256] = {
    let mut fractions = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = (256 + index as u64) << 22;
        let mut bit = 0;
        while bit < FRACTION {
            value = (value * value) >> 30;
            fractions[index] <<= 1;
            if value >> 31 != 0 {
                fractions[index] |= 1;
                value >>= 1;
            }
            bit += 1;
        }
        index += 1;
    }
    fractions
};

/// Logarithm to base 2 of a positive number, in 1/256.
fn log2(value: u32) -> u32 {
    let whole = value.ilog2();
    let fraction = (u64::from(value) << (32 - whole) >> 24) as u8;
    (whole << FRACTION) + u32::from(FRACTIONS[usize::from(fraction)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of RFC 1951, 3.2.5.
    #[test]
    fn lengths_are_the_ones_of_the_format() {
        assert_eq!(
            [0, 7, 8, 20, 27, 28].map(|at| LENGTHS[at]),
            [(0, 3), (0, 10), (1, 11), (4, 67), (5, 227), (0, 258)]
        );
        assert_eq!([3, 10, 12, 13, 226, 257, 258].map(|length| BY_LENGTH[length]), [0, 7, 8, 9, 26, 27, 28]);
    }

    #[test]
    fn logarithms_are_cut_to_their_step() {
        for value in (1..5000).chain([65_535, 65_536, 131_071, u32::MAX]) {
            let exact = libm::log2(f64::from(value)) * 256.0;
            let error = exact - f64::from(log2(value));
            // What is left out: the fraction of a step, and the bits of the number under its first nine.
            assert!((-1e-6..2.5).contains(&error), "{value}: {error}");
        }
    }

    #[derive(Default)]
    struct Bytes(Vec<u8>);

    impl Tokens for Bytes {
        fn literals(&mut self, bytes: &[u8; 8]) {
            self.0.extend(bytes);
        }

        fn literal(&mut self, byte: u8) {
            self.0.push(byte);
        }

        fn repeat(&mut self, length: usize) {
            assert!((3..=MATCH).contains(&length) && self.0.last() == Some(&0));
            self.0.extend(vec![0; length]);
        }
    }

    #[test]
    fn runs_of_every_length_are_repeats_of_a_zero() {
        for run in 0..1100 {
            for before in 0..17 {
                let data = [vec![7; before], vec![0; run], vec![9; run % 5]].concat();
                let mut bytes = Bytes::default();
                parse(&data, &mut bytes);
                assert!(bytes.0 == data, "{before} {run}");
            }
        }
    }
}
