//! The filters of PNG: what is left of a row when its neighbours have said what they expect (PNG, 9.2).

/// A filter, by its number in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Filter {
    /// The samples themselves.
    None,
    /// Less the pixel to the left.
    Sub,
    /// Less the pixel above.
    Up,
    /// Less the mean of both, rounded down.
    Average,
    /// Less the one of left, above and above left that is nearest to left + above − above left.
    Paeth,
}

impl Filter {
    /// All; of equal ones the first is taken.
    pub const ALL: [Self; 5] = [Self::None, Self::Sub, Self::Up, Self::Average, Self::Paeth];
}

/// Bytes of a pixel: how far left of a byte its neighbour is.
pub const PIXEL: usize = 3;

/// Part of a row and what its filters need: as many bytes of each, zeros outside of the image.
#[derive(Clone, Copy)]
pub struct Neighbours<'a> {
    /// The samples.
    pub row: &'a [u8],
    /// One pixel to the left.
    pub left: &'a [u8],
    /// One row above.
    pub above: &'a [u8],
    /// Both.
    pub corner: &'a [u8],
}

/// Filters part of a row.
#[inline(always)]
pub fn apply(filter: Filter, from: Neighbours<'_>, out: &mut [u8]) {
    let Neighbours { row, left, above, corner } = from;
    let samples = out.iter_mut().zip(row);
    match filter {
        Filter::None => out.copy_from_slice(row),
        Filter::Sub => samples.zip(left).for_each(|((out, x), a)| *out = x.wrapping_sub(*a)),
        Filter::Up => samples.zip(above).for_each(|((out, x), b)| *out = x.wrapping_sub(*b)),
        Filter::Average => samples.zip(left.iter().zip(above)).for_each(|((out, x), (a, b))| {
            *out = x.wrapping_sub((a & b) + ((a ^ b) >> 1));
        }),
        Filter::Paeth => samples.zip(left.iter().zip(above).zip(corner)).for_each(|((out, x), ((a, b), c))| {
            *out = x.wrapping_sub(paeth(*a, *b, *c));
        }),
    }
}

/// Paeth's predictor in eight bits. With p = a + b − c, |p − a| is |b − c| and |p − b| is |a − c|; c is the nearest only
/// where it lies between a and b, and |p − c| then is the difference of the two.
#[inline(always)]
fn paeth(a: u8, b: u8, c: u8) -> u8 {
    // Not `abs_diff`, which the compiler does in 32 bits.
    let apart = |a: u8, b: u8| a.max(b) - a.min(b);
    let (from_a, from_b) = (apart(b, c), apart(a, c));
    let from_c = apart(from_a, from_b);
    let between = (a <= c) == (c <= b);
    let side = if from_a <= from_b { a } else { b };
    if between && from_c < from_a.min(from_b) { c } else { side }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in PNG, 9.4.
    fn defined(a: u8, b: u8, c: u8) -> u8 {
        let (a, b, c) = (i32::from(a), i32::from(b), i32::from(c));
        let p = a + b - c;
        let (from_a, from_b, from_c) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
        let nearest = if from_a <= from_b && from_a <= from_c {
            a
        } else if from_b <= from_c {
            b
        } else {
            c
        };
        nearest as u8
    }

    #[test]
    fn paeth_in_eight_bits_is_paeth() {
        for a in 0..=255_u8 {
            for b in (0..=255_u8).step_by(3).chain([254, 1]) {
                for c in (0..=255).step_by(5).chain([a, b, a.wrapping_add(1), b.wrapping_sub(1)]) {
                    assert_eq!(paeth(a, b, c), defined(a, b, c), "{a} {b} {c}");
                }
            }
        }
    }
}
