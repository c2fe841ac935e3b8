//! Light and colour: means and a deviation, all from exact integer sums.

use super::grey::Grey;
use crate::pixels::Image;

/// As in [`Statistics`](super::Statistics).
pub(super) struct Light {
    pub brightness: f64,
    pub contrast: f64,
    pub saturation: f64,
    pub warmth: f64,
    pub tint: f64,
}

/// Quotients are taken as products with `2^SHIFT / max`.
const SHIFT: u32 = 32;

pub(super) fn of(image: &Image, grey: &Grey) -> Light {
    let (mut sum, mut squares) = (0u64, 0u64);
    for row in grey.data.chunks(grey.width) {
        sum += row.iter().map(|value| u64::from(*value)).sum::<u64>();
        squares += row.iter().map(|value| u64::from(*value) * u64::from(*value)).sum::<u64>();
    }
    // Rounded to the nearest: an error of at most 255 · 2^-33 of the saturation of a pixel.
    let inverse: Vec<u64> = (0..256u64).map(|max| ((1 << SHIFT) + max / 2).checked_div(max).unwrap_or(0)).collect();
    let (mut channels, mut saturation) = ([0u64; 3], 0u64);
    for pixel in image.data().as_chunks::<3>().0 {
        let [red, green, blue] = *pixel;
        let (high, low) = (red.max(green).max(blue), red.min(green).min(blue));
        saturation += u64::from(high - low) * inverse[usize::from(high)];
        channels.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
    }
    let count = grey.data.len() as f64;
    let [red, green, blue] = channels.map(|sum| sum as f64 / count);
    Light {
        brightness: sum as f64 / count,
        contrast: variance(sum as i64, squares, grey.data.len()).sqrt(),
        saturation: (saturation as f64 / (1u64 << SHIFT) as f64 / count).min(1.0),
        warmth: red - blue,
        tint: green - (red + blue) / 2.0,
    }
}

/// Of `count` whole numbers with this sum and sum of squares; the difference is taken in integers, so nothing cancels.
pub(super) fn variance(sum: i64, squares: u64, count: usize) -> f64 {
    let spread = i128::from(squares) * count as i128 - i128::from(sum) * i128::from(sum);
    spread as f64 / count as f64 / count as f64
}

#[cfg(test)]
mod tests {
    use super::super::of;
    use crate::pixels::{Image, Size};

    #[test]
    fn halves_of_black_and_white_have_the_largest_contrast() {
        let image = Image::from_fn(Size::new(40, 10), |x, _| if x < 20 { [0; 3] } else { [255; 3] });
        let found = of(&image);
        assert_eq!((found.brightness, found.contrast, found.saturation), (127.5, 127.5, 0.0));
    }

    #[test]
    fn warm_light_is_above_zero_and_green_too() {
        let found = of(&Image::filled(Size::new(4, 4), [250, 240, 200]));
        assert_eq!((found.warmth, found.tint), (50.0, 15.0));
        assert!((found.saturation - 0.2).abs() < 1e-6);
    }
}
