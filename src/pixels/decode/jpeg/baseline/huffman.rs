//! Huffman codes to coefficients (ITU-T T.81, annexes C and F).

/// Bits that are looked up at once. Longer codes are rare, as they stand for what is rare.
const LOOK: u32 = 11;

/// In an entry: bits of the code and of the value that follows it.
const TOTAL: u16 = 31;
/// In an entry: where the number of bits of the value stands.
const SIZE: u32 = 5;
/// In an entry: where the number of zeros before the value stands, or [`END`].
const RUN: u32 = 9;
/// Stands for the zeros that fill a block.
const END: u16 = 64;
/// The largest factor with which a coefficient of 10 bits is one of 15 still.
const SMALL: u16 = 32;

/// Bytes behind the end of a scan: it is read up to eight bytes ahead, eight at a time.
pub const BEHIND: usize = 16;

/// Natural index of each coefficient in zigzag order, in a pair of blocks whose rows lie side by side: 16 · row + column.
const PLACES: [u8; 64] = {
    let mut places = crate::pixels::jpeg::ZIGZAG;
    let mut index = 0;
    while index < 64 {
        places[index] += places[index] / 8 * 8;
        index += 1;
    }
    places
};

/// What a symbol of a table stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The size of a difference, up to 11 bits.
    Dc,
    /// A run of zeros, and the size of a coefficient, up to 10 bits.
    Ac,
}

/// The codes of one table.
pub struct Table {
    /// By the next bits: run, size and total of the code that they begin with; 0 where it is longer, or none.
    short: [u16; 1 << LOOK],
    /// By length of the longer codes: the first code that is longer still.
    limits: [u32; 17],
    /// By length: the place of the first code's symbol, less that code.
    offsets: [i32; 17],
    entries: [u16; 256],
}

impl Table {
    /// From the number of codes of each length, and their symbols. `None` where there are more codes than bits, or a symbol
    /// that eight bits a sample do not need.
    pub fn new(counts: &[u8; 16], symbols: &[u8], kind: Kind) -> Option<Self> {
        let (limits, offsets, entries) = ([0; 17], [0; 17], [0; 256]);
        let mut table = Self { short: [0; 1 << LOOK], limits, offsets, entries };
        let (mut code, mut next) = (0u32, 0usize);
        for (length, count) in (1u32..).zip(counts) {
            table.offsets[length as usize] = next as i32 - code as i32;
            for _ in 0..*count {
                let entry = entry(*symbols.get(next)?, length, kind)?;
                *table.entries.get_mut(next)? = entry;
                // The code of ones alone is none.
                if code + 1 >= 1 << length {
                    return None;
                }
                if length <= LOOK {
                    let width = 1 << (LOOK - length);
                    table.short[code as usize * width..][..width].fill(entry);
                }
                code += 1;
                next += 1;
            }
            table.limits[length as usize] = code;
            code <<= 1;
        }
        Some(table)
    }

    /// The entry of the code that 64 bits begin with.
    #[inline(always)]
    fn entry(&self, bits: u64) -> Option<u16> {
        match self.short[(bits >> (64 - LOOK)) as usize] {
            0 => self.long(bits),
            entry => Some(entry),
        }
    }

    #[cold]
    fn long(&self, bits: u64) -> Option<u16> {
        let length = (LOOK + 1..17).find(|length| ((bits >> (64 - length)) as u32) < self.limits[*length as usize])?;
        let place = (bits >> (64 - length)) as i32 + self.offsets[length as usize];
        self.entries.get(usize::try_from(place).ok()?).copied()
    }
}

fn entry(symbol: u8, length: u32, kind: Kind) -> Option<u16> {
    let (run, size) = (u16::from(symbol >> 4), u16::from(symbol & 15));
    let run = match (kind, run, size) {
        (Kind::Dc, 0, 0..=11) | (Kind::Ac, _, 1..=10) => run,
        (Kind::Ac, 0, 0) => END,
        // 15 zeros, and one more as the value.
        (Kind::Ac, 15, 0) => 15,
        _ => return None,
    };
    Some(run << RUN | size << SIZE | (length as u16 + size))
}

/// The bits of a scan.
#[derive(Clone, Copy)]
pub struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, from the highest on; behind the `left` that count stand others, which come again.
    buffer: u64,
    left: u32,
}

impl<'a> Bits<'a> {
    /// Of a scan that has [`BEHIND`] bytes behind its end.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, buffer: 0, left: 0 }
    }

    /// How many were taken.
    pub fn taken(&self) -> usize {
        8 * self.at - self.left as usize
    }

    /// Makes it 56 at least; `None` at the end.
    #[inline(always)]
    fn refill(&mut self) -> Option<()> {
        let bytes = self.data.get(self.at..self.at + 8)?;
        self.buffer |= u64::from_be_bytes(bytes.try_into().ok()?) >> self.left;
        self.at += (63 - self.left) as usize >> 3;
        self.left |= 56;
        Some(())
    }

    /// Takes a code and the value that follows it.
    #[inline(always)]
    fn take(&mut self, entry: u16) -> i32 {
        let (total, size) = (u32::from(entry & TOTAL), u32::from(entry >> SIZE & 15));
        let value = self.buffer << (total - size);
        self.buffer <<= total;
        self.left -= total;
        // A value that begins with 0 counts from the lowest negative one (T.81, table F.1).
        let lowest = !((value as i64) >> 63) as i32 & ((1 << size) - 1);
        (value >> 1 >> (63 - size)) as i32 - lowest
    }
}

/// What the blocks of a component share.
pub struct Component<'a> {
    dc: &'a Table,
    ac: &'a Table,
    /// Factors of the coefficients, in zigzag order.
    steps: &'a [u16; 64],
    /// Whether a factor may take a coefficient beyond 16 bits.
    large: bool,
    /// The last block's mean, before its factor.
    mean: i32,
    /// Bits above the lowest 16 are set once a number does not fit a register.
    wide: u32,
}

impl<'a> Component<'a> {
    /// Before the first block.
    pub fn new(dc: &'a Table, ac: &'a Table, steps: &'a [u16; 64]) -> Self {
        let large = steps[1..].iter().any(|step| *step > SMALL);
        Self { dc, ac, steps, large, mean: 0, wide: 0 }
    }

    /// Whether every number so far kept to 16 bits.
    pub fn fits(&self) -> bool {
        self.wide >> 16 == 0
    }

    /// Reads a block into the left (0) or right (1) of two blocks of zeros, multiplied by the factors. Whether it has more
    /// than a mean; `None` where it is not as the standard has it.
    #[target_feature(enable = "bmi1,bmi2,lzcnt")]
    pub fn block(&mut self, bits: &mut Bits<'_>, pair: &mut [i16; 128], which: usize) -> Option<bool> {
        if self.large { self.read::<true>(bits, pair, which) } else { self.read::<false>(bits, pair, which) }
    }

    // Never inlined, and with its own copy of what changes: so all of that stays in registers.
    #[inline(never)]
    #[target_feature(enable = "bmi1,bmi2,lzcnt")]
    fn read<const LARGE: bool>(&mut self, all: &mut Bits<'_>, pair: &mut [i16; 128], which: usize) -> Option<bool> {
        const HALF: i32 = 1 << 15;
        let (mut bits, mut wide) = (*all, self.wide);
        bits.refill()?;
        let entry = self.dc.entry(bits.buffer)?;
        self.mean = self.mean.wrapping_add(bits.take(entry));
        let mean = self.mean.wrapping_mul(i32::from(self.steps[0]));
        wide |= (self.mean.wrapping_add(HALF) | mean.wrapping_add(HALF)) as u32;
        let shift = 8 * (which & 1);
        pair[shift] = mean as i16;
        let mut index = 1;
        'block: loop {
            bits.refill()?;
            // Two codes and their values are at most 52 bits.
            for _ in 0..2 {
                let entry = self.ac.entry(bits.buffer)?;
                let run = entry >> RUN;
                let value = bits.take(entry);
                index += usize::from(run);
                if index > 63 {
                    if run == END {
                        break 'block;
                    }
                    return None;
                }
                let product = value * i32::from(self.steps[index]);
                if LARGE {
                    wide |= (product + HALF) as u32;
                }
                pair[usize::from(PLACES[index] & 119) + shift] = product as i16;
                index += 1;
                if index == 64 {
                    break 'block;
                }
            }
        }
        (*all, self.wide) = (bits, wide);
        Some(index != 1 + usize::from(END))
    }
}
