//! The JPEGs that there are most of, faster: sequential, one scan, YCbCr at 4:4:4, 4:2:2 or 4:2:0, no restarts, up to 16
//! megapixels; so nearly all that is written by augmint. On a CPU with AVX2.
//!
//! It gives zune-jpeg's pixels (its integer DCT, its triangle filter for chroma, its 14-bit colours), or nothing: whatever
//! is unusual or broken goes to zune-jpeg, which is also the oracle of the tests. A training image of 256 pixels takes two
//! thirds of the time.

mod huffman;
mod x86;

use super::super::Size;
use crate::effect::simd;
use huffman::{Component, Kind, Table};

/// The largest image that is taken, in pixels: its components are held whole, while zune-jpeg holds a few rows.
const LARGEST: u64 = 1 << 24;

/// How luma is sampled, relative to chroma.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sampling {
    across: usize,
    down: usize,
}

/// What the segments before the scan say.
struct Frame<'a> {
    size: Size,
    sampling: Sampling,
    /// Tables of luma, Cb and Cr: factors, then codes of means and of the others.
    steps: [&'a [u16; 64]; 3],
    dc: [&'a Table; 3],
    ac: [&'a Table; 3],
}

/// Segments as they are met.
#[derive(Default)]
struct Tables {
    steps: [Option<[u16; 64]>; 4],
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    /// Size, then identifier, sampling and factors of each component.
    frame: Option<(Size, [[u8; 3]; 3])>,
}

/// The pixels, `[height, width, 3]` u8, of a file of one sequential scan, given without its EOI; `None` where it is one for
/// zune-jpeg.
pub fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    if simd::level() != simd::Level::Avx2 {
        return None;
    }
    let mut tables = Tables::default();
    let mut at = 2;
    let scan = loop {
        let [0xFF, marker, high, low] = *bytes.get(at..at + 4)? else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = bytes.get(at + 4..at + 2 + length)?;
        at += 2 + length;
        match marker {
            0xDA => break segment,
            _ => tables.take(marker, segment)?,
        }
    };
    let frame = tables.frame(scan)?;
    let data = bytes.get(at..)?;
    // SAFETY: this level is chosen only on a CPU that has AVX2, BMI1, BMI2 and LZCNT.
    #[allow(unsafe_code, reason = "a call into code compiled for AVX2")]
    unsafe {
        x86::decode(&frame, data)
    }
}

impl Tables {
    fn take(&mut self, marker: u8, mut segment: &[u8]) -> Option<()> {
        match marker {
            0xDB => {
                while let [id, rest @ ..] = segment {
                    let kept = self.steps.get_mut(usize::from(id & 15))?;
                    segment = match id >> 4 {
                        0 => {
                            let (steps, rest) = rest.split_first_chunk::<64>()?;
                            *kept = Some(steps.map(u16::from));
                            rest
                        }
                        1 => {
                            let (steps, rest) = rest.split_first_chunk::<128>()?;
                            let steps = steps.as_chunks::<2>().0;
                            *kept = Some(std::array::from_fn(|index| u16::from_be_bytes(steps[index])));
                            rest
                        }
                        _ => return None,
                    };
                }
                Some(())
            }
            0xC4 => {
                while let [id, rest @ ..] = segment {
                    let (counts, rest) = rest.split_first_chunk::<16>()?;
                    let (symbols, rest) =
                        rest.split_at_checked(counts.iter().map(|count| usize::from(*count)).sum())?;
                    let (kind, kept) = match id >> 4 {
                        0 => (Kind::Dc, &mut self.dc),
                        1 => (Kind::Ac, &mut self.ac),
                        _ => return None,
                    };
                    *kept.get_mut(usize::from(id & 15))? = Some(Table::new(counts, symbols, kind)?);
                    segment = rest;
                }
                Some(())
            }
            0xC0 | 0xC1 => {
                let [8, h1, h0, w1, w0, 3, components @ ..] = segment else { return None };
                let [a, b, c] = *components.as_chunks::<3>().0 else { return None };
                let size = Size::new(u16::from_be_bytes([*w1, *w0]).into(), u16::from_be_bytes([*h1, *h0]).into());
                self.frame.replace((size, [a, b, c])).is_none().then_some(())
            }
            // What zune-jpeg refuses, or reads otherwise than the standard has it, and Adobe's other colours.
            0xE0 if segment.len() == 4 => None,
            0xE1 if segment.starts_with(b"http://ns.adobe.com/xmp/extension/\0") => None,
            0xEE if segment.starts_with(b"Adobe") && segment.get(11) != Some(&1) => None,
            0xE0..=0xEF | 0xFE => Some(()),
            _ => None,
        }
    }

    fn frame(&self, scan: &[u8]) -> Option<Frame<'_>> {
        let (size, [luma, blue, red]) = self.frame?;
        let sampling = match (luma[1], blue[1], red[1]) {
            (0x11, 0x11, 0x11) => Sampling { across: 1, down: 1 },
            (0x21, 0x11, 0x11) => Sampling { across: 2, down: 1 },
            (0x22, 0x11, 0x11) => Sampling { across: 2, down: 2 },
            _ => return None,
        };
        let [3, y, codes_y, b, codes_b, r, codes_r, 0, 63, 0] = *scan else { return None };
        let ids = [luma[0], blue[0], red[0]];
        if ids != [1, 2, 3] || [y, b, r] != ids || !(1..=LARGEST).contains(&size.pixels()) {
            return None;
        }
        let codes = [codes_y, codes_b, codes_r].map(usize::from);
        let steps = [luma, blue, red].map(|component| of(&self.steps, component[2].into()));
        let dc = codes.map(|codes| of(&self.dc, codes >> 4));
        let ac = codes.map(|codes| of(&self.ac, codes & 15));
        Some(Frame { size, sampling, steps: all(steps)?, dc: all(dc)?, ac: all(ac)? })
    }
}

fn of<T>(tables: &[Option<T>; 4], id: usize) -> Option<&T> {
    tables.get(id)?.as_ref()
}

fn all<T>([luma, blue, red]: [Option<T>; 3]) -> Option<[T; 3]> {
    Some([luma?, blue?, red?])
}

impl Frame<'_> {
    fn components(&self) -> [Component<'_>; 3] {
        std::array::from_fn(|index| Component::new(self.dc[index], self.ac[index], self.steps[index]))
    }
}
