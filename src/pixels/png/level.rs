//! The loops that cost time, plain or compiled for AVX2 and BMI2: the same code, so the same bytes.

use super::bits::{Codes, Writer};
use super::filter::{Filter, Neighbours};
use super::scalar;
use super::tokens::Counts;
pub use crate::effect::simd::Level;

/// A function that calls the loop of a level.
macro_rules! loops {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*);)*) => {
        $($(#[$doc])*
        pub fn $name(level: Level, $($argument: $kind),*) {
            match level {
                // SAFETY: this level is chosen only on a CPU that has AVX2 and BMI2.
                #[cfg(target_arch = "x86_64")]
                #[allow(unsafe_code, reason = "a call into code compiled for AVX2 and BMI2")]
                Level::Avx2 => unsafe { x86::$name($($argument),*) },
                _ => scalar::$name($($argument),*),
            }
        })*

        #[cfg(target_arch = "x86_64")]
        mod x86 {
            use super::*;

            $(#[target_feature(enable = "avx2,bmi1,bmi2")]
            pub fn $name($($argument: $kind),*) {
                scalar::$name($($argument),*);
            })*
        }
    };
}

loops! {
    /// Filters part of a row.
    apply(filter: Filter, from: Neighbours<'_>, out: &mut [u8]);
    /// Counts the symbols of a block with runs.
    count_tokens(data: &[u8], counts: &mut Counts);
    /// Counts bytes.
    count_bytes(data: &[u8], counts: &mut Counts);
    /// Writes the symbols of a block with runs.
    write_tokens(data: &[u8], codes: &Codes, writer: &mut Writer<'_>);
    /// Writes bytes.
    write_bytes(data: &[u8], codes: &Codes, writer: &mut Writer<'_>);
}
