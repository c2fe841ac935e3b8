//! The standard's tables (ITU-T T.81, Annex K), scaled and turned into what the loops read.

/// Natural index (8 · row + column) of each coefficient in zigzag order.
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// K.1: quantisation of luma at quality 50, natural order.
const LUMA: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// K.2: quantisation of chroma at quality 50, natural order.
const CHROMA: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// One quantisation table, and how to divide by it.
///
/// A coefficient `x` of the transform, which is 8 times too large, becomes `x / (8 · step)` rounded, halves away from 0. The
/// division is a multiplication by a reciprocal rounded up, and what remains of its power of two is rounded:
/// `((|x| · reciprocal >> 16) · scale + 2^14) >> 15`, exact for every `|x|` below 2^15.
#[derive(Clone)]
#[repr(C, align(32))]
pub struct Quantiser {
    pub reciprocal: [u16; 64],
    pub scale: [u16; 64],
    /// The table itself, natural order.
    pub steps: [u16; 64],
}

impl Quantiser {
    /// The tables of luma and chroma at a quality of 1 to 100, on libjpeg's scale.
    pub fn of(quality: u8) -> [Self; 2] {
        let quality = u32::from(quality);
        let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        [LUMA, CHROMA].map(|base| Self::new(base.map(|step| ((u32::from(step) * percent + 50) / 100).max(1) as u16)))
    }

    pub fn new(steps: [u16; 64]) -> Self {
        let mut quantiser = Self { reciprocal: [0; 64], scale: [0; 64], steps };
        for (index, step) in steps.into_iter().enumerate() {
            let divisor = u32::from(step) * 8;
            // A reciprocal of 16 bits, with the highest set.
            let shift = divisor.ilog2() - u32::from(divisor.is_power_of_two());
            quantiser.reciprocal[index] = (1u32 << (16 + shift)).div_ceil(divisor) as u16;
            quantiser.scale[index] = 1 << (15 - shift);
        }
        quantiser
    }

    /// Quotients of a block in natural order; the fast loops divide in the same way.
    pub fn divide(&self, block: &[i16; 64]) -> [i16; 64] {
        let mut quotients = [0; 64];
        let factors = self.reciprocal.iter().zip(&self.scale);
        for ((quotient, value), (reciprocal, scale)) in quotients.iter_mut().zip(block).zip(factors) {
            let product = (u32::from(value.unsigned_abs()) * u32::from(*reciprocal)) >> 16;
            let size = ((i32::from(product as i16) * i32::from(*scale as i16) + (1 << 14)) >> 15) as i16;
            let sign = *value >> 15;
            *quotient = (size ^ sign) - sign;
        }
        quotients
    }
}

/// A Huffman table as the file states it: how many codes of 1 to 16 bits there are, and their symbols.
pub struct Symbols {
    pub counts: [u8; 16],
    pub symbols: &'static [u8],
}

/// K.3: sizes of differences of luma's DC.
pub const LUMA_DC: Symbols = Symbols {
    counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
    symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};

/// K.4: the same of chroma.
pub const CHROMA_DC: Symbols = Symbols {
    counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};

/// K.5: runs and sizes of luma's AC, `run << 4 | size`.
pub const LUMA_AC: Symbols = Symbols {
    counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D],
    symbols: &[
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
        0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
        0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37,
        0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
        0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83,
        0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3,
        0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
        0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
        0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
    ],
};

/// K.6: the same of chroma.
pub const CHROMA_AC: Symbols = Symbols {
    counts: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
    symbols: &[
        0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
        0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
        0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36,
        0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
        0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A,
        0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
        0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
        0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
        0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
    ],
};

/// Bits of an entry of a table of [`Codes`] that hold a length; those above hold what is of that length.
pub const LENGTH: u32 = 6;

impl Symbols {
    /// Code and length by symbol; a symbol without a code has neither.
    const fn codes(&self) -> [(u32, u32); 256] {
        let mut codes = [(0, 0); 256];
        let (mut code, mut index, mut length) = (0, 0, 1);
        while length <= 16 {
            let mut left = self.counts[length as usize - 1];
            while left > 0 {
                codes[self.symbols[index] as usize] = (code, length);
                (code, index, left) = (code + 1, index + 1, left - 1);
            }
            (code, length) = (code << 1, length + 1);
        }
        codes
    }
}

/// How many bits the magnitude of a value has.
pub const fn size(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// The entry of a symbol and the value after it, whose bits are of the value less one where it is negative. The longest has
/// 16 + 10 bits.
const fn entry((code, length): (u32, u32), value: i32) -> u32 {
    let size = size(value);
    let bits = (if value < 0 { value - 1 } else { value }) as u32 & ((1 << size) - 1);
    (code << size | bits) << LENGTH | (length + size)
}

/// The codes of luma or of chroma.
pub struct Codes {
    dc: [(u32, u32); 16],
    ac: [(u32, u32); 256],
    /// By `run << 8 | value as u8`; 0 where the byte may be a larger value, cut off.
    pub short: [u32; 4096],
}

impl Codes {
    const fn new(dc: &Symbols, ac: &Symbols) -> Self {
        let (all, ac) = (dc.codes(), ac.codes());
        let (mut dc, mut size_of) = ([(0, 0); 16], 0);
        while size_of < 16 {
            dc[size_of] = all[size_of];
            size_of += 1;
        }
        let (mut short, mut index) = ([0; 4096], 0);
        while index < 4096 {
            let value = index as u8 as i8;
            if value != 0 && value != i8::MIN && value != i8::MAX {
                short[index] = entry(ac[index >> 8 << 4 | size(value as i32) as usize], value as i32);
            }
            index += 1;
        }
        Self { dc, ac, short }
    }

    /// The entry of a difference of DC, at most 11 bits large.
    #[inline(always)]
    pub fn difference(&self, value: i32) -> u32 {
        entry(self.dc[size(value) as usize & 15], value)
    }

    /// The entry of a value, at most 10 bits large, after up to 15 zeros.
    pub fn value(&self, run: u32, value: i32) -> u32 {
        entry(self.ac[(run << 4 | size(value)) as usize & 255], value)
    }

    /// The entry of 16 zeros.
    pub fn zeros(&self) -> u32 {
        entry(self.ac[0xF0], 0)
    }

    /// The entry of nothing but zeros up to the end.
    #[inline(always)]
    pub fn end(&self) -> u32 {
        entry(self.ac[0], 0)
    }
}

/// Luma's, then chroma's.
pub static CODES: [Codes; 2] = [Codes::new(&LUMA_DC, &LUMA_AC), Codes::new(&CHROMA_DC, &CHROMA_AC)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplying_by_the_reciprocal_is_division() {
        // 6,050 is the coarsest step (121 at quality 1); 8,192 is as large as DC can be, and AC is smaller.
        for first in (1..=6_050u16).step_by(64) {
            let quantiser = Quantiser::new(std::array::from_fn(|index| first + index as u16));
            for value in 0..=8_200 {
                let divided = [value, -value].map(|value| quantiser.divide(&[value; 64]));
                for (index, step) in quantiser.steps.iter().enumerate() {
                    let divisor = i32::from(*step) * 8;
                    let quotient = ((i32::from(value) + divisor / 2) / divisor) as i16;
                    assert_eq!(divided.each_ref().map(|of| of[index]), [quotient, -quotient], "{value} / {divisor}");
                }
            }
        }
    }
}
