//! Plots as SVG within a page.

use super::escaped;
use std::fmt::Write as _;

/// One or two histograms over the same bins (classes `a` and `b` of the page's style), as one drawing of 320 by 90;
/// each side's bars are shares of its own sum. `low` and `high` are written at the ends of the axis.
///
/// # Panics
/// When the sides have other numbers of bins.
pub fn histogram(name: &str, low: &str, high: &str, sides: &[&[u64]]) -> String {
    let bins = sides.first().map_or(0, |side| side.len());
    assert!(sides.iter().all(|side| side.len() == bins), "BUG: sides of other bins");
    let share = |side: &[u64], bin: usize| side[bin] as f64 / side.iter().sum::<u64>().max(1) as f64;
    let most = sides.iter().flat_map(|side| (0..bins).map(|bin| share(side, bin))).fold(1e-12, f64::max);
    let wide = 320.0 / bins.max(1) as f64 / sides.len().max(1) as f64;
    let mut bars = String::new();
    for bin in 0..bins {
        for (number, (side, class)) in sides.iter().zip(["a", "b"]).enumerate() {
            let height = 72.0 * share(side, bin) / most;
            let (x, y) = ((bin * sides.len() + number) as f64 * wide, 74.0 - height);
            let _ = write!(
                bars,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{height:.1}\"/>"
            );
        }
    }
    format!(
        "<svg viewBox=\"0 0 320 90\" role=\"img\" aria-label=\"Histogram of {}\">{bars}<text x=\"0\" y=\"88\">{}</text>\
         <text x=\"320\" y=\"88\" text-anchor=\"end\">{}</text></svg>",
        escaped(name),
        escaped(low),
        escaped(high)
    )
}

/// Counts in `bins` bins of equal width from `low` to `high`, both ends included.
pub fn counts(values: impl IntoIterator<Item = f64>, low: f64, high: f64, bins: usize) -> Vec<u64> {
    let mut counts = vec![0; bins];
    let width = (high - low) / bins as f64;
    for value in values {
        let bin = if width > 0.0 { ((value - low) / width) as usize } else { bins / 2 };
        counts[bin.min(bins - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_bins_and_the_ends_into_the_outer_ones() {
        assert_eq!(counts([0.0, 0.9, 1.0, 4.0], 0.0, 4.0, 4), [2, 1, 0, 1]);
        assert_eq!(counts([7.0, 7.0], 7.0, 7.0, 3), [0, 2, 0]);
    }

    #[test]
    fn the_highest_bar_fills_the_drawing() {
        let svg = histogram("a & b", "0", "1", &[&[1, 3], &[5, 0]]);
        assert!(svg.contains("height=\"72.0\"") && svg.contains("a &amp; b"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 4);
    }
}
