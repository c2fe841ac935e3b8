//! Effects that mix the channels of a pixel, or a pixel with another: grey, hue and saturation, blending.

use crate::number::Micro;

/// The luma of a pixel, `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601, as Pillow and OpenCV), in 14 bits.
#[inline(always)]
pub fn luma(pixel: [u8; 3]) -> u8 {
    let [red, green, blue] = pixel.map(u32::from);
    ((4899 * red + 9617 * green + 1868 * blue + 8192) >> 14) as u8
}

/// Replaces each channel by the [`luma`].
#[inline(always)]
pub fn grey(data: &mut [u8]) {
    for pixel in data.as_chunks_mut::<3>().0 {
        *pixel = [luma(*pixel); 3];
    }
}

/// `(data · (256 − weight) + other · weight) / 256`, rounded; `weight` is the other's share, 1 to 256.
#[inline(always)]
pub fn blend(data: &mut [u8], other: &[u8], weight: u16) {
    for (sample, other) in data.iter_mut().zip(other) {
        *sample = ((u16::from(*sample) * (256 - weight) + u16::from(*other) * weight + 128) >> 8) as u8;
    }
}

/// `data · (1 − (255 − other) / 255 · weight / 256)`, rounded: ink of another page, `weight` 1 to 256.
#[inline(always)]
pub fn multiply(data: &mut [u8], other: &[u8], weight: u16) {
    const WHOLE: u32 = 255 * 256;
    for (sample, other) in data.iter_mut().zip(other) {
        let light = WHOLE - u32::from(255 - other) * u32::from(weight);
        *sample = ((u32::from(*sample) * light + WHOLE / 2) / WHOLE) as u8;
    }
}

/// A turn of the hue and a change of saturation and value in the HSV cone (Smith 1978).
///
/// Saturation and value are *multiplied* by `1 + shift`: adding to the saturation, as some libraries do, gives the
/// near-grey of scanned paper random colours. Computed in `f32` with `+ - * /` and `floor` only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HsvShift {
    /// Degrees from red towards green.
    pub hue: Micro,
    /// −1 (grey) to 1 (twice the saturation).
    pub saturation: Micro,
    /// −1 (black) to 1 (twice as bright).
    pub value: Micro,
}

impl HsvShift {
    /// Changes every pixel.
    #[inline(always)]
    pub fn apply(&self, data: &mut [u8]) {
        let hue = (self.hue.to_f64() / 60.0) as f32;
        let (saturation, value) = (1.0 + self.saturation.to_f64() as f32, 1.0 + self.value.to_f64() as f32);
        for pixel in data.as_chunks_mut::<3>().0 {
            *pixel = shift(*pixel, hue, saturation, value);
        }
    }
}

#[inline(always)]
fn shift(pixel: [u8; 3], turn: f32, saturation: f32, value: f32) -> [u8; 3] {
    let [red, green, blue] = pixel.map(f32::from);
    let high = red.max(green).max(blue);
    let chroma = high - red.min(green).min(blue);
    // The hue in sixths of a circle; a grey has none, and stays grey.
    let hue = if chroma == 0.0 {
        0.0
    } else if high == red {
        (green - blue) / chroma
    } else if high == green {
        (blue - red) / chroma + 2.0
    } else {
        (red - green) / chroma + 4.0
    } + turn;
    let new_high = high * value;
    let relative = if high == 0.0 { 0.0 } else { (chroma / high * saturation).clamp(0.0, 1.0) };
    let new_chroma = new_high * relative;
    [5.0, 3.0, 1.0].map(|offset| {
        let k = offset + hue;
        let k = k - 6.0 * (k / 6.0).floor();
        let level = new_high - new_chroma * k.min(4.0 - k).clamp(0.0, 1.0);
        (level + 0.5).clamp(0.0, 255.0) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hsv(hue: i64, saturation: f64, value: f64, pixel: [u8; 3]) -> [u8; 3] {
        let mut data = pixel;
        let micro = |number| Micro::from_f64(number).unwrap();
        HsvShift { hue: Micro::from_int(hue), saturation: micro(saturation), value: micro(value) }.apply(&mut data);
        data
    }

    #[test]
    fn hue_turns_red_into_green_into_blue() {
        assert_eq!(hsv(120, 0.0, 0.0, [200, 10, 10]), [10, 200, 10]);
        assert_eq!(hsv(-120, 0.0, 0.0, [200, 10, 10]), [10, 10, 200]);
        assert_eq!(hsv(60, 0.0, 0.0, [255, 0, 0]), [255, 255, 0]);
    }

    #[test]
    fn grey_has_equal_channels_and_keeps_grey() {
        let mut data = [10, 200, 30, 77, 77, 77];
        grey(&mut data);
        assert_eq!(data, [124, 124, 124, 77, 77, 77]);
    }

    proptest! {
        #[test]
        fn no_shift_changes_nothing(pixel: [u8; 3]) {
            prop_assert_eq!(hsv(0, 0.0, 0.0, pixel), pixel);
            prop_assert_eq!(hsv(360, 0.0, 0.0, pixel), pixel);
        }

        #[test]
        fn without_saturation_a_pixel_is_grey_at_its_value(pixel: [u8; 3]) {
            prop_assert_eq!(hsv(77, -1.0, 0.0, pixel), [*pixel.iter().max().unwrap(); 3]);
        }

        #[test]
        fn paper_stays_paper(level: u8, hue in -180i64..=180) {
            prop_assert_eq!(hsv(hue, 1.0, 0.0, [level; 3]), [level; 3]);
        }
    }
}
