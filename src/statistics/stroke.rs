//! The width of the ink's strokes: what an input size has to leave of them.
//!
//! 1. *Depth* is how far the luma is from its mean over a square around the pixel (2 r + 1 pixels, r = 1/32 of the longer
//!    side, at least 7; the border mirrored), on the side on which its third moment lies: ink is the rare, far side, so a
//!    plate's light letters count too.
//! 2. *Ink* is where the depth is above the threshold t of Otsu 1979 ("A threshold selection method from gray-level
//!    histograms").
//! 3. A pixel's *width* is the shortest run of ink through it: along rows, columns and both diagonals, ends placed between
//!    pixels where the depth crosses t + ½ in a straight line (½ at the image's border). It is at most 8 % too long.
//! 4. The page's width is the median of the pixels' widths, each with the weight 1 / width: half of the *length* of all
//!    strokes is thinner, so that a photo or a black border does not count for its area.
//!
//! No antialiased stroke looks thinner than about 1 pixel: it gets fainter. So the width at a smaller size is not measured
//! there but is this width scaled.

use super::grey::Grey;

/// Of the mean that ink is compared with.
const RADIUS: usize = 7;
/// Least share of the pixels that is ink.
const LEAST_INK: usize = 1000;
/// Least distance between ink and the rest, in grey levels, and in deviations of the noise.
const LEAST_DEPTH: f64 = 12.0;
const LEAST_NOISES: f64 = 4.0;
/// Widths are counted in 64ths of a pixel.
const FINE: f64 = 64.0;

/// `None` where there is no ink: less than 1 in 1,000 pixels, or hardly another grey than the paper.
pub(super) fn of(grey: &Grey, noise: f64) -> Option<f64> {
    let depth = depth(grey);
    let threshold = otsu(&depth)?;
    let (mut ink, mut deep, mut flat) = (0usize, 0u64, 0u64);
    for value in &depth {
        if *value > threshold {
            ink += 1;
            deep += u64::from(*value);
        } else {
            flat += u64::from(*value);
        }
    }
    if ink * LEAST_INK < depth.len() || ink == depth.len() {
        return None;
    }
    let apart = deep as f64 / ink as f64 - flat as f64 / (depth.len() - ink) as f64;
    if apart < LEAST_DEPTH.max(LEAST_NOISES * noise) {
        return None;
    }
    Some(median(&widths(&depth, grey.width, grey.height, threshold)))
}

/// How far each pixel is from the paper around it, in grey levels.
fn depth(grey: &Grey) -> Vec<u8> {
    let radius = RADIUS.max(grey.width.max(grey.height) / 32);
    let cells = ((2 * radius + 1) * (2 * radius + 1)) as i32;
    // Rounded to the nearest, halves towards the dark.
    let differ =
        |(sum, value): (&u32, &u8)| ((*sum as i32 - cells * i32::from(*value)) * 2 + cells).div_euclid(2 * cells);
    let sums = grey.sums(radius);
    let third: i64 = sums.iter().zip(&grey.data).map(differ).map(|depth| i64::from(depth).pow(3)).sum();
    let sign = if third < 0 { -1 } else { 1 };
    sums.iter().zip(&grey.data).map(differ).map(|depth| (sign * depth).clamp(0, 255) as u8).collect()
}

/// The largest value of the lower class; `None` where all values are equal.
fn otsu(values: &[u8]) -> Option<u8> {
    let mut counts = [0u64; 256];
    values.iter().for_each(|value| counts[usize::from(*value)] += 1);
    let total: u64 = counts.iter().sum();
    let mass: u64 = counts.iter().zip(0u64..).map(|(count, value)| count * value).sum();
    let (mut count, mut sum) = (0u64, 0u64);
    let mut best: Option<(f64, u8)> = None;
    for (value, here) in (0u8..=255).zip(counts) {
        count += here;
        sum += here * u64::from(value);
        if count == 0 || count == total {
            continue;
        }
        let apart = sum as f64 / count as f64 - (mass - sum) as f64 / (total - count) as f64;
        let between = count as f64 * (total - count) as f64 * apart * apart;
        // Of equals the first, as OpenCV.
        if best.is_none_or(|(most, _)| between > most) {
            best = Some((between, value));
        }
    }
    best.map(|(_, value)| value)
}

/// The shortest run through each ink pixel, in 64ths of a pixel; 0 where there is no ink.
fn widths(depth: &[u8], width: usize, height: usize, threshold: u8) -> Vec<u16> {
    let mut widths = vec![u16::MAX; depth.len()];
    let mut runs = |start: usize, step: usize, length: usize, unit: f64| {
        run(depth, &mut widths, threshold, (start, step, length), unit);
    };
    for y in 0..height {
        runs(y * width, 1, width, 1.0);
    }
    for x in 0..width {
        runs(x, width, height, 1.0);
    }
    let diagonal = std::f64::consts::SQRT_2;
    for x in 0..width {
        runs(x, width + 1, (width - x).min(height), diagonal);
        runs(x, width.wrapping_sub(1), (x + 1).min(height), diagonal);
    }
    for y in 1..height {
        runs(y * width, width + 1, width.min(height - y), diagonal);
        runs(y * width + width - 1, width.wrapping_sub(1), width.min(height - y), diagonal);
    }
    widths.iter_mut().zip(depth).filter(|(_, depth)| **depth <= threshold).for_each(|(width, _)| *width = 0);
    widths
}

/// Shortens the widths along one line of pixels: its first index, the step to the next and how many there are.
fn run(depth: &[u8], widths: &mut [u16], threshold: u8, (start, step, length): (usize, usize, usize), unit: f64) {
    let level = f64::from(threshold) + 0.5;
    let value = |at: usize| f64::from(depth[start + at * step]);
    // How far beyond an ink pixel's centre the depth falls to the level.
    let end = |ink: f64, paper: f64| (ink - level) / (ink - paper);
    let mut at = 0;
    while at < length {
        if depth[start + at * step] <= threshold {
            at += 1;
            continue;
        }
        let first = at;
        while at < length && depth[start + at * step] > threshold {
            at += 1;
        }
        let before = if first == 0 { 0.5 } else { end(value(first), value(first - 1)) };
        let after = if at == length { 0.5 } else { end(value(at - 1), value(at)) };
        let long =
            (((at - first - 1) as f64 + before + after) * unit * FINE).round().clamp(1.0, f64::from(u16::MAX - 1));
        for index in first..at {
            let width = &mut widths[start + index * step];
            *width = (*width).min(long as u16);
        }
    }
}

/// The median of the widths that are not 0, each with the weight 1 / width; in pixels.
fn median(widths: &[u16]) -> f64 {
    let mut counts = vec![0u32; usize::from(u16::MAX) + 1];
    widths.iter().for_each(|width| counts[usize::from(*width)] += 1);
    let weights = || counts.iter().enumerate().skip(1).map(|(width, count)| f64::from(*count) / width as f64);
    let half = weights().sum::<f64>() / 2.0;
    let mut upto = 0.0;
    let middle = weights().position(|weight| {
        upto += weight;
        upto >= half
    });
    (middle.map_or(0, |index| index + 1)) as f64 / FINE
}

#[cfg(test)]
mod tests {
    use super::super::of;
    use crate::pixels::{Image, Size};

    /// Strokes `wide` pixels wide every 24 pixels, antialiased, turned.
    fn strokes(wide: f64, degrees: f64, ink: u8, paper: u8) -> Image {
        let (sin, cos) = (libm::sin(degrees.to_radians()), libm::cos(degrees.to_radians()));
        Image::from_fn(Size::new(240, 200), |x, y| {
            let across = (f64::from(x) * cos + f64::from(y) * sin + 1000.0) % 24.0 - 12.0;
            let covered = (wide / 2.0 + 0.5 - across.abs()).clamp(0.0, 1.0);
            [(f64::from(paper) + covered * (f64::from(ink) - f64::from(paper))).round() as u8; 3]
        })
    }

    #[test]
    fn strokes_have_the_width_that_they_were_drawn_with() {
        for (wide, tolerance) in [(1.5, 0.2), (2.0, 0.2), (3.0, 0.2), (5.5, 0.3)] {
            for degrees in [0.0, 30.0, 45.0, 90.0] {
                let found = of(&strokes(wide, degrees, 40, 230)).stroke.unwrap();
                // The nearest of four directions is up to 22.5 degrees off.
                let long = wide * 1.083 + tolerance;
                assert!((wide - tolerance..long).contains(&found), "{wide} px at {degrees}: {found}");
            }
        }
    }

    #[test]
    fn light_letters_on_dark_ground_are_strokes_too() {
        let (dark, light) = (of(&strokes(3.0, 0.0, 40, 230)).stroke, of(&strokes(3.0, 0.0, 230, 40)).stroke);
        assert!((dark.unwrap() - light.unwrap()).abs() < 0.1, "{dark:?} {light:?}");
    }

    #[test]
    fn a_black_border_does_not_count_for_its_area() {
        let mut page = strokes(2.0, 0.0, 40, 230);
        let plain = of(&page).stroke.unwrap();
        for y in 0..200 {
            for x in 0..30 {
                page.set(x, y, [10; 3]);
            }
        }
        let framed = of(&page).stroke.unwrap();
        assert!((framed - plain).abs() < 0.2, "{plain} {framed}");
    }

    #[test]
    fn faint_grain_is_no_ink() {
        let grain = Image::from_fn(Size::new(80, 80), |x, y| [(200 + x * 7 % 5 + y * 3 % 7) as u8; 3]);
        assert_eq!(of(&grain).stroke, None);
    }
}
