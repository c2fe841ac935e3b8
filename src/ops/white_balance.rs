//! Light of another colour than the camera was set for.

use super::spec::{micro, number};
use crate::effect::curve::Curve;
use crate::effect::{Effect, Lowering};
use crate::number::Micro;

crate::op! {
    /// Shows the page in light of another colour temperature, not corrected by the camera: red and blue are multiplied
    /// by what that light has of them relative to green, as in "Planckian Jitter" (Zini et al. 2022). The light is a
    /// black body's (chromaticity by Kim et al. 2002) seen by an sRGB camera set to 6500 K. A gain in linear light is a
    /// gain of its 2.2th root in coded values.
    op "white_balance", revision 1, Colour, effects ["curve"], example "kelvin = { log = [4000, 10000] }";
    WhiteBalance {
        /// Colour temperature: below 6500 the page gets yellow, above it blue; 6500 changes nothing.
        kelvin: Micro = number(2500, 20_000, "kelvin").or(6500),
        /// A further gain of red.
        red: Micro = micro(250_000, 4_000_000, "times").or(1),
        /// A further gain of blue.
        blue: Micro = micro(250_000, 4_000_000, "times").or(1),
    }
}

impl WhiteBalance {
    fn lower(&self, lowering: &mut Lowering) {
        let ([red, blue], [neutral_red, neutral_blue]) = (planckian(self.kelvin.to_f64()), planckian(6500.0));
        let gain = |light: f64, further: Micro| {
            let factor = Micro::nearest(libm::pow(light, 1.0 / 2.2) * further.to_f64());
            Curve::Linear { factor, pivot: Micro::ZERO, add: Micro::ZERO }
        };
        lowering.push(Effect::Curve([
            gain(red / neutral_red, self.red),
            Curve::shift(Micro::ZERO),
            gain(blue / neutral_blue, self.blue),
        ]));
    }
}

/// The chromaticity of a black body: Kim et al. 2002, "Design of advanced color temperature control system for HDTV
/// applications", cubic splines for 2222 K to 25,000 K.
fn chromaticity(kelvin: f64) -> (f64, f64) {
    let t = 1e3 / kelvin;
    if kelvin <= 4000.0 {
        let x = ((-0.266_123_9 * t - 0.234_358_9) * t + 0.877_695_6) * t + 0.179_910;
        (x, ((-0.954_947_6 * x - 1.374_185_93) * x + 2.091_370_15) * x - 0.167_488_67)
    } else {
        let x = ((-3.025_846_9 * t + 2.107_037_9) * t + 0.222_634_7) * t + 0.240_390;
        (x, ((3.081_758_0 * x - 5.873_386_70) * x + 3.751_129_97) * x - 0.370_014_83)
    }
}

/// Linear sRGB of a black body: red and blue relative to green (matrix of IEC 61966-2-1).
fn planckian(kelvin: f64) -> [f64; 2] {
    let (x, y) = chromaticity(kelvin);
    let (x, z) = (x / y, (1.0 - x - y) / y);
    let red = 3.240_454_2 * x - 1.537_138_5 - 0.498_531_4 * z;
    let green = -0.969_266_0 * x + 1.876_010_8 + 0.041_556_0 * z;
    let blue = 0.055_643_4 * x - 0.204_025_9 + 1.057_225_2 * z;
    [red / green, blue / green]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_bodies_lie_where_the_cie_has_them() {
        // Illuminant A is a black body of 2856 K (CIE 15:2004); the others from Wyszecki & Stiles, table 1(3.3.4).
        for (kelvin, x, y) in
            [(2856.0, 0.4476, 0.4074), (4000.0, 0.3805, 0.3768), (6500.0, 0.3135, 0.3237), (10_000.0, 0.2807, 0.2884)]
        {
            let found = chromaticity(kelvin);
            assert!((found.0 - x).abs() < 1e-3 && (found.1 - y).abs() < 1e-3, "{kelvin}: {found:?}");
        }
    }

    #[test]
    fn warmer_light_has_more_red_and_less_blue_all_along() {
        let lights: Vec<[f64; 2]> = (25..=200).map(|hundreds| planckian(f64::from(hundreds) * 100.0)).collect();
        assert!(lights.windows(2).all(|pair| pair[0][0] > pair[1][0] && pair[0][1] < pair[1][1]));
        assert!(lights.iter().all(|[_, blue]| *blue > 0.05));
    }
}
