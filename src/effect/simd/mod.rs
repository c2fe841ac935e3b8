//! The inner loops that cost the time, each as a plain loop and as one for AVX2, chosen at run time.
//!
//! The plain loops are the definition; the others give the same bytes, which the tests here compare and the golden suite
//! proves. `AUGMINT_SIMD=scalar` in the environment turns the others off (`avx2` and `auto`, the default, use them where
//! the CPU has AVX2): for measuring, for doubt, and for the tests on every path.

mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::blur::Kernel;
use super::noise::{Lanes, Scale};
use crate::pixels::{Image, Size};
use std::sync::LazyLock;

/// Which loops are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Plain loops.
    Scalar,
    /// AVX2, and the instructions for bits that came with it (BMI1, BMI2, LZCNT).
    Avx2,
}

/// The environment variable that chooses.
pub const VARIABLE: &str = "AUGMINT_SIMD";

/// A value of [`VARIABLE`] that is none, or that this machine cannot obey.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("AUGMINT_SIMD={0} cannot be obeyed here: write auto, scalar, or avx2 on a CPU that has it")]
pub struct LevelError(pub String);

impl Level {
    /// What the machine can do, or less where a value of [`VARIABLE`] says so.
    ///
    /// # Errors
    /// When the value is unknown, or asks for what the CPU has not.
    pub fn choose(value: Option<&str>) -> Result<Self, LevelError> {
        match (value, best()) {
            (None | Some("" | "auto"), best) => Ok(best),
            (Some("scalar"), _) => Ok(Self::Scalar),
            (Some("avx2"), Self::Avx2) => Ok(Self::Avx2),
            (Some(other), _) => Err(LevelError(other.to_owned())),
        }
    }

    /// The level of this process.
    ///
    /// # Errors
    /// As [`Level::choose`]; every loop then is a plain one.
    #[expect(clippy::disallowed_methods, reason = "decides how fast, never which bytes")]
    pub fn of_process() -> Result<Self, LevelError> {
        Self::choose(std::env::var(VARIABLE).ok().as_deref())
    }
}

#[cfg(target_arch = "x86_64")]
fn best() -> Level {
    let bits =
        is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("lzcnt");
    if bits && is_x86_feature_detected!("avx2") { Level::Avx2 } else { Level::Scalar }
}

#[cfg(not(target_arch = "x86_64"))]
fn best() -> Level {
    Level::Scalar
}

static LEVEL: LazyLock<Level> = LazyLock::new(|| Level::of_process().unwrap_or(Level::Scalar));

/// Which loops this process uses.
pub fn level() -> Level {
    *LEVEL
}

/// Calls the loop of this process's level.
macro_rules! dispatch {
    ($name:ident($($argument:expr),*)) => {{
        #[cfg(target_arch = "x86_64")]
        if *LEVEL == Level::Avx2 {
            // SAFETY: this level is chosen only on a CPU that has AVX2.
            #[allow(unsafe_code, reason = "a call into code compiled for AVX2")]
            unsafe {
                return x86::$name($($argument),*);
            }
        }
        scalar::$name($($argument),*)
    }};
}

/// Adds noise to the samples of one row; see [`Noise`](super::noise::Noise).
pub fn noise(lanes: &mut Lanes, scale: Scale, row: &mut [u8]) {
    dispatch!(noise(lanes, scale, row))
}

/// A table of levels, prepared.
pub struct Table {
    levels: [u8; 256],
    /// 16 rows of 16, each after the first of its half as the difference (exclusive or) to the one before.
    differences: [[u8; 16]; 16],
}

impl Table {
    /// Prepares a table.
    pub fn new(levels: &[u8; 256]) -> Self {
        let rows = levels.as_chunks::<16>().0;
        let difference = |row: usize, index: usize| match row {
            0 | 8 => rows[row][index],
            _ => rows[row][index] ^ rows[row - 1][index],
        };
        let differences = std::array::from_fn(|row| std::array::from_fn(|index| difference(row, index)));
        Self { levels: *levels, differences }
    }
}

/// Looks every sample up in one table.
pub fn look_up(table: &Table, data: &mut [u8]) {
    dispatch!(look_up(table, data))
}

/// A level that is added to a sample, or to its negative, saturating.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shift {
    /// Whether to 255 less the sample.
    pub negative: bool,
    /// -255 to 255.
    pub by: i16,
}

/// Samples after which the pattern of three channels is whole, and whole registers are full.
const SHIFTED: usize = 96;

/// The shifts of three channels, prepared: what is done to each of 96 samples.
pub struct Shifts {
    negative: [u8; SHIFTED],
    more: [u8; SHIFTED],
    less: [u8; SHIFTED],
}

impl Shifts {
    /// Prepares the shifts of red, green and blue.
    pub fn new(shifts: [Shift; 3]) -> Self {
        let pattern = |of: fn(Shift) -> i16| std::array::from_fn(|index| of(shifts[index % 3]).clamp(0, 255) as u8);
        let negative = pattern(|shift| if shift.negative { 255 } else { 0 });
        Self { negative, more: pattern(|shift| shift.by), less: pattern(|shift| -shift.by) }
    }
}

/// Shifts each channel of whole pixels.
pub fn add(shifts: &Shifts, data: &mut [u8]) {
    dispatch!(add(shifts, data))
}

/// `(data · (256 − weight) + other · weight + 128) >> 8`, for weights of 1 to 256.
pub fn blend(data: &mut [u8], other: &[u8], weight: u16) {
    dispatch!(blend(data, other, weight))
}

/// See [`multiply`](super::color::multiply).
pub fn multiply(data: &mut [u8], other: &[u8], weight: u16) {
    dispatch!(multiply(data, other, weight))
}

/// See [`grey`](super::color::grey).
pub fn grey(data: &mut [u8]) {
    dispatch!(grey(data))
}

/// See [`HsvShift`](super::color::HsvShift).
pub fn hsv(shift: &super::color::HsvShift, data: &mut [u8]) {
    dispatch!(hsv(shift, data))
}

/// Where a run of pixels of one row is read: fixed point with 32 fractional bits, half of a weight's step already added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Index of the first pixel along x and y.
    pub at: (i64, i64),
    /// From each pixel to the next.
    pub step: (i64, i64),
}

/// The columns and rows, from the left and the top, in which [`bilinear`] may read: four pixels have to be there, and bytes
/// behind them that are loaded with them.
pub fn reach(size: Size) -> (i64, i64) {
    if size.width < 4 { (0, 0) } else { (i64::from(size.width) - 1, i64::from(size.height) - 2) }
}

/// Reads `out` (whole pixels) bilinearly along a path. `data` holds rows of `row` bytes; every pixel on the path has to lie
/// within [`reach`].
pub fn bilinear(data: &[u8], row: usize, path: Path, out: &mut [u8]) {
    dispatch!(bilinear(data, row, path, out))
}

/// Parts pixels from `start` on into planes: `[h, w, 3]` into `[3, h, w]`, contiguous, which is what a trainer wants.
///
/// # Panics
/// When the planes do not hold them.
pub fn planes(data: &[u8], start: usize, planes: &mut [u8]) {
    let (all, pixels) = (planes.len() / 3, data.len() / 3);
    let (red, rest) = planes.split_at_mut(all);
    let (green, blue) = rest.split_at_mut(all);
    let [red, green, blue] = [red, green, blue].map(|plane| &mut plane[start..][..pixels]);
    dispatch!(planes(data, red, green, blue))
}

/// See [`Matrix`](super::matrix::Matrix).
pub fn matrix(matrix: &super::matrix::Matrix, data: &mut [u8]) {
    dispatch!(matrix(matrix, data))
}

/// A convolution of `image` to `out`; see [`Kernel::apply_to`].
pub fn blur(kernel: &Kernel, image: &Image, out: &mut Image, rows: &mut Vec<u16>) {
    dispatch!(blur(kernel, image, out, rows))
}

#[cfg(test)]
mod tests;
