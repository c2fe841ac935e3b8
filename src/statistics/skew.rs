//! The direction of text lines, by projection profiles.
//!
//! Ink is what is darker than the mean of the 15 × 15 pixels around it, by how much. Along the right direction its sums
//! over lines jump from line to gap; along any other they are smooth (Postl 1986). Here the jumps are summed as they are,
//! `Σ |p(i + 1) − p(i)|`, not squared: squares see a few long rules or the edge of the page, and turn ruled registers by a
//! quarter; the plain sum sees many lines. The sums are taken within a disc in the middle, which looks the same from every
//! side. The luma is first shrunk until its shorter side has 192 pixels.
//!
//! Text that is upside down, or mirrored across its lines, has the same profile: angles are of lines, −90 < degrees ≤ 90.

use super::grey::Grey;
use serde::Serialize;

/// The shorter side of the plane that is looked at.
const SIDE: usize = 192;
/// Under this there are no lines to speak of.
const SMALLEST: usize = 32;
/// Of the mean that ink is compared with.
const RADIUS: usize = 7;
/// Ink in 16ths of a grey level.
const FINE: i64 = 16;
/// A direction this close to the best one is the same direction.
const SAME: i64 = 5;

/// A [`Skew::confidence`] from which on a direction counts. On 1,570 pages of 17 kinds, turned by known angles, half of
/// them with noise: see `docs/eda.md`.
pub const SURE: f64 = 0.1;

/// The direction of text lines.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Skew {
    /// −90 (excluded) to 90, counter-clockwise, as the `degrees` of the op `rotate`: a level page that was turned by +5 has
    /// +5. Steps of 0.25.
    pub degrees: f64,
    /// By which part the jumps of the best other direction, 5 degrees or more away, are smaller: 0 (there are no lines) to 1.
    pub confidence: f64,
}

impl Skew {
    /// Whether the lines are clear enough to count.
    pub fn is_sure(&self) -> bool {
        self.confidence >= SURE
    }
}

/// Ink at a place: whole pixels to the right of and down from the pixel in the middle, so that rows and columns fall into
/// bins of their own (from a centre between two pixels they would be smoothed, and level lines lose).
struct Ink {
    x: i32,
    y: i32,
    depth: u32,
}

/// `None` where the image is too small or has no ink.
pub(super) fn of(grey: &Grey) -> Option<Skew> {
    let plane = grey.reduced(SIDE);
    if plane.width.min(plane.height) < SMALLEST {
        return None;
    }
    let (inks, radius) = inks(&plane);
    if inks.is_empty() {
        return None;
    }
    // Quarters of a degree. First every whole one, then around the best.
    let mut profile = vec![0u32; 2 * radius + 4];
    let mut jumps = |quarters: i64| jumps(&inks, radius, quarters, &mut profile);
    let whole: Vec<(i64, u64)> = (-89..=90).map(|degrees| (4 * degrees, jumps(4 * degrees))).collect();
    let best = |all: &[(i64, u64)]| {
        // Of equals the one nearest to level, then the positive one.
        all.iter().copied().max_by_key(|(at, jumps)| (*jumps, -at.abs(), *at)).expect("BUG: no direction")
    };
    let (coarse, most) = best(&whole);
    if most == 0 {
        return None;
    }
    let near: Vec<(i64, u64)> = (coarse - 3..=coarse + 3).map(|at| (at, jumps(at))).collect();
    let (at, _) = best(&near);
    let away = whole.iter().filter(|(other, _)| {
        let apart = (other - coarse).rem_euclid(720);
        apart.min(720 - apart) >= 4 * SAME
    });
    let second = away.map(|(_, jumps)| *jumps).max().unwrap_or(0);
    let at = if at <= -360 {
        at + 720
    } else if at > 360 {
        at - 720
    } else {
        at
    };
    Some(Skew { degrees: at as f64 / 4.0, confidence: 1.0 - second as f64 / most as f64 })
}

/// The ink within the disc, and the disc's radius in pixels.
fn inks(plane: &Grey) -> (Vec<Ink>, usize) {
    let (width, height) = (plane.width as i32, plane.height as i32);
    let side = width.min(height);
    let cells = ((2 * RADIUS + 1) * (2 * RADIUS + 1)) as i64;
    let mut inks = Vec::new();
    let mut places = plane.sums(RADIUS).into_iter().zip(&plane.data);
    for row in 0..height {
        for column in 0..width {
            let (sum, value) = places.next().expect("BUG: a sum for each pixel");
            let (right, down) = (2 * column - (width - 1), 2 * row - (height - 1));
            let depth = FINE * (i64::from(sum) - cells * i64::from(*value)) / cells;
            if depth > 0 && right * right + down * down <= side * side {
                inks.push(Ink { x: column - width / 2, y: row - height / 2, depth: depth as u32 });
            }
        }
    }
    (inks, side as usize / 2 + 2)
}

/// The sum of the jumps of the profile across lines that rise by `quarters` of a degree to the right.
fn jumps(inks: &[Ink], radius: usize, quarters: i64, profile: &mut [u32]) -> u64 {
    let radians = quarters as f64 / 4.0 * (std::f64::consts::PI / 180.0);
    // Rows are counted down, so a line that rises has the normal (sin, cos).
    let fixed = |value: f64| (value * f64::from(1 << 16)).round() as i32;
    let (sin, cos) = (fixed(libm::sin(radians)), fixed(libm::cos(radians)));
    let origin = (radius as i32 + 1) << 16;
    profile.fill(0);
    for Ink { x, y, depth } in inks {
        let at = x * sin + y * cos + origin;
        // Shared by the two bins around it, in 256ths: 255 · 16 · 256 · 192 is below 2^32.
        let (bin, share) = ((at >> 16) as usize, (at >> 8 & 255) as u32);
        profile[bin] += depth * (256 - share);
        profile[bin + 1] += depth * share;
    }
    profile.windows(2).map(|two| u64::from(two[0].abs_diff(two[1]))).sum()
}

#[cfg(test)]
mod tests {
    use super::super::of;
    use crate::pixels::{Image, Size};
    use proptest::prelude::*;

    const WORDS: [i64; 13] = [31, 4, 22, 9, 37, 15, 1, 28, 19, 6, 33, 12, 25];

    /// Broken dark lines, turned counter-clockwise. The gaps of a line lie elsewhere than those of the next: were the shift
    /// the same from line to line, they would line up too, and at a few angles as clearly as the lines.
    fn lines(degrees: f64, ink: [u8; 3], paper: [u8; 3]) -> Image {
        let (sin, cos) = (libm::sin(degrees.to_radians()), libm::cos(degrees.to_radians()));
        Image::from_fn(Size::new(300, 360), |x, y| {
            let (x, y) = (f64::from(x) - 149.5, f64::from(y) - 179.5);
            let (along, down) = (x * cos - y * sin + 500.0, x * sin + y * cos + 500.0);
            let word = (along as i64 * 7 + WORDS[(down / 12.0) as usize % WORDS.len()]) % 40 < 29;
            if word && down % 12.0 < 5.0 { ink } else { paper }
        })
    }

    #[test]
    fn lines_are_found_as_they_were_turned() {
        for degrees in [-89.0, -60.0, -45.0, -7.25, 0.0, 0.5, 3.0, 33.0, 45.0, 71.5, 90.0] {
            let skew = of(&lines(degrees, [30; 3], [240; 3])).skew.unwrap();
            let apart = (skew.degrees - degrees).rem_euclid(180.0);
            assert!(apart.min(180.0 - apart) <= 0.5, "{degrees}: {skew:?}");
            assert!(skew.is_sure(), "{degrees}: {skew:?}");
        }
    }

    #[test]
    fn what_has_no_lines_does_not_vote() {
        let dots = Image::from_fn(Size::new(200, 200), |x, y| {
            let round = |at: u32| (f64::from(at) - 99.5) * (f64::from(at) - 99.5);
            if ((round(x) + round(y)).sqrt() as u32).is_multiple_of(9) { [0; 3] } else { [255; 3] }
        });
        let skew = of(&dots).skew.unwrap();
        assert!(!skew.is_sure(), "{skew:?}");
        assert_eq!(of(&Image::filled(Size::new(90, 31), [9; 3])).skew, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn light_does_not_matter(degrees in -80.0..80.0, ink in 0u8..100, light in 60u8..150) {
            let [faint, strong] = [[ink + light; 3], [255; 3]].map(|paper| of(&lines(degrees, [ink; 3], paper)).skew.unwrap());
            prop_assert!(faint.is_sure() && strong.is_sure());
            prop_assert!((faint.degrees - degrees).abs() <= 0.5 && (strong.degrees - degrees).abs() <= 0.5);
        }
    }
}
