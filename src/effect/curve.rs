//! Per-channel curves: brightness, contrast, gamma, shift, invert, posterize, solarize.
//!
//! Curves that follow each other compose unclamped in fixed point (16 fractional bits) and clamp once, so that a shift
//! up followed by a shift down loses nothing. A composed curve of one channel is a table of 256 bytes.

use crate::number::Micro;

const ONE: i64 = 1 << 16;
const WHITE: i64 = 255 << 16;

/// One curve on values of 0 to 255, which it may leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Curve {
    /// `v ↦ factor · (v − pivot) + pivot + add`, all in grey levels; factor may be negative.
    Linear {
        /// The slope.
        factor: Micro,
        /// What stays where it is.
        pivot: Micro,
        /// What is added.
        add: Micro,
    },
    /// `v ↦ 255 · (v / 255)^exponent`, v clamped to 0–255 first, since a power of a negative number is none.
    Gamma(Micro),
    /// The upper bits of the whole grey level that is nearest to v clamped; 1 to 8 of them.
    Posterize(u8),
    /// `v ↦ 255 − v` where v, clamped to 0–255 first, is not below this.
    Solarize(Micro),
}

impl Curve {
    /// Adds grey levels.
    pub const fn shift(add: Micro) -> Self {
        Self::Linear { factor: Micro::ONE, pivot: Micro::ZERO, add }
    }

    fn apply(self, value: i64) -> i64 {
        let fixed = |number: Micro| round_div(i128::from(number.millionths()) << 16, 1_000_000);
        match self {
            Self::Linear { factor, pivot, add } => {
                let pivot = fixed(pivot);
                let product = i128::from(value - pivot) * i128::from(factor.millionths());
                round_div(product, 1_000_000) + pivot + fixed(add)
            }
            Self::Gamma(exponent) => {
                let fraction = value.clamp(0, WHITE) as f64 / WHITE as f64;
                (libm::pow(fraction, exponent.to_f64()) * WHITE as f64).round_ties_even() as i64
            }
            Self::Posterize(bits) => {
                let level = (value.clamp(0, WHITE) + ONE / 2) >> 16;
                (level & (0xff00 >> bits)) << 16
            }
            Self::Solarize(threshold) => {
                let value = value.clamp(0, WHITE);
                if value < fixed(threshold) { value } else { WHITE - value }
            }
        }
    }
}

/// The nearest whole number to `value / by`, halves upwards.
fn round_div(value: i128, by: i128) -> i64 {
    (value + by / 2).div_euclid(by) as i64
}

/// What three channels' composed curves do to each byte.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tables(pub [[u8; 256]; 3]);

impl Tables {
    /// Composes the curves of one run, first to last; each entry holds one curve per channel.
    pub fn compose(curves: &[[Curve; 3]]) -> Self {
        let table = |channel: usize| {
            let steps: Vec<Curve> = curves.iter().map(|curve| curve[channel]).collect();
            std::array::from_fn(|byte| {
                let value = steps.iter().fold(byte as i64 * ONE, |value, curve| curve.apply(value));
                ((value + ONE / 2) >> 16).clamp(0, 255) as u8
            })
        };
        let red = table(0);
        let green = if curves.iter().all(|[red, green, _]| red == green) { red } else { table(1) };
        let blue = if curves.iter().all(|[red, _, blue]| red == blue) { red } else { table(2) };
        Self([red, green, blue])
    }

    /// Looks every sample up in its channel's table.
    pub fn apply(&self, data: &mut [u8]) {
        let [red, green, blue] = &self.0;
        for pixel in data.as_chunks_mut::<3>().0 {
            *pixel = [red[usize::from(pixel[0])], green[usize::from(pixel[1])], blue[usize::from(pixel[2])]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(curves: &[Curve]) -> [u8; 256] {
        Tables::compose(&curves.iter().map(|curve| [*curve; 3]).collect::<Vec<_>>()).0[0]
    }

    fn micro(value: f64) -> Micro {
        Micro::from_f64(value).unwrap()
    }

    #[test]
    fn shifts_up_and_down_cancel_without_clipping() {
        let identity: [u8; 256] = std::array::from_fn(|byte| byte as u8);
        assert_eq!(compose(&[Curve::shift(micro(200.0)), Curve::shift(micro(-200.0))]), identity);
        assert_eq!(compose(&[Curve::Gamma(Micro::ONE)]), identity);
    }

    #[test]
    fn linear_keeps_its_pivot_and_saturates() {
        let table = compose(&[Curve::Linear { factor: micro(2.0), pivot: micro(100.0), add: Micro::ZERO }]);
        assert_eq!((table[100], table[110], table[0], table[255]), (100, 120, 0, 255));
    }

    #[test]
    fn posterize_and_solarize_see_clamped_values() {
        let table = compose(&[Curve::Posterize(3)]);
        assert_eq!((table[31], table[32], table[255]), (0, 32, 224));
        assert_eq!(compose(&[Curve::shift(micro(300.0)), Curve::Posterize(1)]), [128; 256]);
        let table = compose(&[Curve::Solarize(micro(128.0))]);
        assert_eq!((table[127], table[128], table[255]), (127, 127, 0));
        assert_eq!(compose(&[Curve::shift(micro(-300.0)), Curve::Solarize(Micro::ZERO)]), [255; 256]);
    }

    #[test]
    fn gamma_matches_its_formula() {
        let table = compose(&[Curve::Gamma(micro(2.2))]);
        for (byte, value) in table.iter().enumerate() {
            let exact = 255.0 * (byte as f64 / 255.0).powf(2.2);
            assert!((f64::from(*value) - exact).abs() <= 0.501, "{byte}: {value} {exact}");
        }
    }
}
