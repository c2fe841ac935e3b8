//! The width of the ink's strokes: what an input size has to leave of them.
//!
//! 1. *Depth* is how far the luma is from its mean over a square around the pixel (2 r + 1 pixels, r = 1/32 of the longer
//!    side, 7 to 127; the border mirrored), on the side on which its third moment lies: ink is the rare, far side, so a
//!    plate's light letters count too.
//! 2. The threshold of Otsu 1979 ("A threshold selection method from gray-level histograms") parts the depths in two.
//!    *Ink* is what is deeper than t, half of the mean of the deeper class: where an antialiased edge has its place.
//! 3. A run of ink along a row, a column or a diagonal has the width of its profile at half of its own deepest pixel (the
//!    first of equals): from there outwards to where the depth, in a straight line between pixels, falls to that half, or
//!    half a pixel beyond the last one before the next run or the image's border. A faint stroke is so no thinner than a dark one. A pixel's *width* is the
//!    least of the runs through it, which is at most 8 % too much.
//! 4. The page's width is the median of the pixels' widths, each with the weight 1 / width: half of the *length* of all
//!    strokes is thinner, so that a photo or a black border does not count for its area.
//!
//! Drawn strokes of 1.5 to 3 px are found to 0.35 px; thick ones come out thinner (5.5 px: up to 0.75), as the mean has ink
//! in it.
//!
//! No antialiased stroke looks thinner than about 1 pixel: it gets fainter. So the width at a smaller size is not measured
//! there but is this width scaled.

use super::grey::Grey;

/// Of the mean that ink is compared with.
const RADIUS: usize = 7;
const LARGEST_RADIUS: usize = 127;
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
    let (deep, flat) = classes(&depth, otsu(&depth)?);
    if deep - flat < LEAST_DEPTH.max(LEAST_NOISES * noise) {
        return None;
    }
    let threshold = (deep / 2.0) as u8;
    let ink = depth.iter().filter(|depth| **depth > threshold).count();
    if ink * LEAST_INK < depth.len() {
        return None;
    }
    Some(median(&widths(&depth, grey.width, grey.height, threshold)))
}

/// How far each pixel is from the paper around it, in grey levels.
fn depth(grey: &Grey) -> Vec<u8> {
    let radius = (grey.width.max(grey.height) / 32).clamp(RADIUS, LARGEST_RADIUS);
    let cells = ((2 * radius + 1) * (2 * radius + 1)) as u32;
    // The mean minus the pixel, rounded to the nearest, halves upwards; 255 is added on the way, so that nothing is negative.
    let differ = |(sum, value): (&u32, &u8)| (2 * (sum + cells * u32::from(255 - value)) + cells) / (2 * cells);
    let differences: Vec<u16> = grey.sums(radius).iter().zip(&grey.data).map(|both| differ(both) as u16).collect();
    let mut counts = [0i64; 511];
    differences.iter().for_each(|difference| counts[usize::from(*difference)] += 1);
    let third: i128 =
        counts.iter().zip(-255i64..).map(|(count, depth)| i128::from(count * depth * depth * depth)).sum();
    let depth =
        |difference: u16| if third < 0 { 255u16.saturating_sub(difference) } else { difference.saturating_sub(255) };
    differences.into_iter().map(|difference| depth(difference) as u8).collect()
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

/// The mean of what is above a threshold, and of the rest.
fn classes(values: &[u8], threshold: u8) -> (f64, f64) {
    let (mut counts, mut sums) = ([0u64; 2], [0u64; 2]);
    for value in values {
        let class = usize::from(*value > threshold);
        counts[class] += 1;
        sums[class] += u64::from(*value);
    }
    let mean = |class: usize| sums[class] as f64 / counts[class].max(1) as f64;
    (mean(1), mean(0))
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
    let value = |at: usize| depth[start + at * step];
    let (mut at, mut after_last) = (0, 0);
    while at < length {
        if value(at) <= threshold {
            at += 1;
            continue;
        }
        let (first, mut peak) = (at, at);
        while at < length && value(at) > threshold {
            if value(at) > value(peak) {
                peak = at;
            }
            at += 1;
        }
        let half = f64::from(value(peak)) / 2.0;
        // Neither way into another run: each gap is walked twice at most.
        let next = (at..length).find(|at| value(*at) > threshold).unwrap_or(length);
        let before = reach((after_last..peak).rev().map(value), value(peak), half);
        let after = reach((peak + 1..next).map(value), value(peak), half);
        let long = ((before + after) * unit * FINE).round().clamp(1.0, f64::from(u16::MAX - 1));
        after_last = at;
        for index in first..at {
            let width = &mut widths[start + index * step];
            *width = (*width).min(long as u16);
        }
    }
}

/// How far the depth stays above `half`, from a pixel of depth `peak` outwards.
fn reach(outwards: impl Iterator<Item = u8>, peak: u8, half: f64) -> f64 {
    let (mut far, mut inner) = (0.0, f64::from(peak));
    for outer in outwards.map(f64::from) {
        if outer < half {
            return far + (inner - half) / (inner - outer);
        }
        (far, inner) = (far + 1.0, outer);
    }
    far + 0.5
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
        for (wide, tolerance) in [(1.5, 0.35), (2.0, 0.3), (3.0, 0.3), (5.5, 0.75)] {
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
