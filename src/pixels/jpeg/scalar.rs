//! The plain loops from pixels to quantised blocks: what every other one has to equal.

use super::super::Subsampling;
use super::entropy::Pair;
use super::tables::{Quantiser, ZIGZAG};
use super::{SIDE, Window};

/// Samples of 16 columns, less 128.
type Plane<const ROWS: usize> = [[i16; SIDE]; ROWS];

/// Colours, averages, transforms and quantises the blocks of one [`Window`].
pub fn transform(window: &Window, subsampling: Subsampling, [luma, chroma]: &[Quantiser; 2], unit: &mut [Pair; 3]) {
    match subsampling {
        Subsampling::S444 => {
            let planes: [Plane<8>; 3] = planes(window);
            for (plane, (pair, quantiser)) in planes.iter().zip(unit.iter_mut().zip([luma, chroma, chroma])) {
                pair_of(plane, quantiser, pair);
            }
        }
        Subsampling::S422 => {
            let [y, blue, red]: [Plane<8>; 3] = planes(window);
            pair_of(&y, luma, &mut unit[0]);
            // A half rounds down and up in turn, so that no colour gains.
            let sample = |plane: &Plane<8>, row: usize, x: usize| {
                (plane[row][2 * x] + plane[row][2 * x + 1] + x as i16 % 2) >> 1
            };
            let halves = |row, x| if x < 8 { sample(&blue, row, x) } else { sample(&red, row, x - 8) };
            pair_of(&halved(8, halves), chroma, &mut unit[1]);
        }
        Subsampling::S420 => {
            let [y, blue, red]: [Plane<16>; 3] = planes(window);
            let (upper, lower) = y.split_at(8);
            pair_of(upper.try_into().expect("BUG: 8 rows"), luma, &mut unit[0]);
            pair_of(lower.try_into().expect("BUG: 8 rows"), luma, &mut unit[1]);
            let sample = |plane: &Plane<16>, row: usize, x: usize| {
                let sum = |row: usize| plane[row][2 * x] + plane[row][2 * x + 1];
                (sum(2 * row) + sum(2 * row + 1) + 1 + x as i16 % 2) >> 2
            };
            let halves = |row, x| if x < 8 { sample(&blue, row, x) } else { sample(&red, row, x - 8) };
            pair_of(&halved(window.chroma_rows, halves), chroma, &mut unit[2]);
        }
    }
}

/// Y, Cb and Cr of a window, in 16-bit fixed point.
fn planes<const ROWS: usize>(window: &Window) -> [Plane<ROWS>; 3] {
    let mut planes = [[[0; SIDE]; ROWS]; 3];
    let [y, blue, red] = &mut planes;
    for row in 0..ROWS {
        for (x, pixel) in window.row(row).as_chunks::<3>().0.iter().enumerate() {
            let [r, g, b] = pixel.map(i32::from);
            y[row][x] = ((19_595 * r + 38_470 * g + 7_471 * b + 32_768 - (128 << 16)) >> 16) as i16;
            blue[row][x] = ((-11_059 * r - 21_709 * g + 32_768 * b + 32_767) >> 16) as i16;
            red[row][x] = ((32_768 * r - 27_439 * g - 5_329 * b + 32_767) >> 16) as i16;
        }
    }
    planes
}

/// Cb beside Cr; below the last row that the image reaches, it stands again.
fn halved(rows: usize, sample: impl Fn(usize, usize) -> i16) -> Plane<8> {
    std::array::from_fn(|row| std::array::from_fn(|x| sample(row.min(rows - 1), x)))
}

fn pair_of(plane: &Plane<8>, quantiser: &Quantiser, pair: &mut Pair) {
    for which in 0..2 {
        // Columns of the block, then of its transformed rows.
        let columns = std::array::from_fn(|x| std::array::from_fn(|row| plane[row][which * 8 + x]));
        let half: [[i16; 8]; 8] = transform_all(&columns, Pass::Rows);
        let rows = std::array::from_fn(|row| std::array::from_fn(|x| half[x][row]));
        let whole = transform_all(&rows, Pass::Columns);
        let quantised = quantiser.divide(whole.as_flattened().try_into().expect("BUG: 64 of them"));
        for (row, values) in quantised.as_chunks::<8>().0.iter().enumerate() {
            pair.coefficients[row * 16 + which * 8..][..8].copy_from_slice(values);
        }
        let bytes = quantised.map(|value| value.clamp(i8::MIN.into(), i8::MAX.into()) as i8);
        pair.bytes[which] = ZIGZAG.map(|natural| bytes[usize::from(natural)]);
        let bits = pair.bytes[which].iter().rev();
        pair.nonzero[which] = bits.fold(0, |mask, byte| mask << 1 | u64::from(*byte != 0));
    }
}

/// Eight transforms at once, each of a place in all eight arrays.
fn transform_all(x: &[[i16; 8]; 8], pass: Pass) -> [[i16; 8]; 8] {
    let mut out = [[0; 8]; 8];
    for lane in 0..8 {
        let transformed = transform_eight(std::array::from_fn(|index| i32::from(x[index][lane])), pass);
        out.iter_mut().zip(transformed).for_each(|(out, value)| out[lane] = value as i16);
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Pass {
    /// Leaves two fractional bits.
    Rows,
    /// Takes them away again; what remains is 8 times the coefficient.
    Columns,
}

/// Eight points of the DCT by Loeffler, Ligtenberg and Moschytz, in 13-bit fixed point: libjpeg's `jfdctint.c`.
#[inline(always)]
fn transform_eight(x: [i32; 8], pass: Pass) -> [i32; 8] {
    let sums = [x[0] + x[7], x[1] + x[6], x[2] + x[5], x[3] + x[4]];
    let [t7, t6, t5, t4] = [x[0] - x[7], x[1] - x[6], x[2] - x[5], x[3] - x[4]];
    let (t10, t13) = (sums[0] + sums[3], sums[0] - sums[3]);
    let (t11, t12) = (sums[1] + sums[2], sums[1] - sums[2]);
    let whole = |value: i32| if pass == Pass::Rows { value << 2 } else { (value + 2) >> 2 };
    let shift = if pass == Pass::Rows { 11 } else { 15 };
    let round = |value: i32| (value + (1 << (shift - 1))) >> shift;

    let z1 = (t12 + t13) * 4_433;
    let (z3, z4) = (t4 + t6, t5 + t7);
    let z5 = (z3 + z4) * 9_633;
    let (z3, z4) = (z5 - z3 * 16_069, z5 - z4 * 3_196);
    let (z1_odd, z2) = ((t4 + t7) * -7_373, (t5 + t6) * -20_995);
    [
        whole(t10 + t11),
        round(t7 * 12_299 + z1_odd + z4),
        round(z1 + t13 * 6_270),
        round(t6 * 25_172 + z2 + z3),
        whole(t10 - t11),
        round(t5 * 16_819 + z2 + z4),
        round(z1 - t12 * 15_137),
        round(t4 * 2_446 + z1_odd + z3),
    ]
}
