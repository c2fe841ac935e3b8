//! Bands of a parameter's values: tenths of the samples, in the order of the value; and the value between two of them.

use crate::number::Micro;
use std::ops::Range;

/// Most bands.
pub const BANDS: usize = 10;

/// Fewest samples that are worth a band.
pub const FEWEST: usize = 20;

/// Cuts sorted values into up to ten bands of about equal size, each of at least [`FEWEST`]; equal values stay together,
/// so that a parameter of few values has a band for each that is frequent. None where there would be only one.
pub fn bands(values: &[(i64, u32)]) -> Vec<Range<usize>> {
    let count = (values.len() / FEWEST).min(BANDS);
    let mut ends = Vec::new();
    for band in 1..=count {
        let at = values.len() * band / count;
        // To the nearer side of a run of equal values.
        let end = match values.get(at).filter(|next| values[at - 1].0 == next.0) {
            None => at,
            Some((value, _)) => {
                let start = values.partition_point(|(other, _)| other < value);
                let end = values.partition_point(|(other, _)| other <= value);
                if at - start < end - at { start } else { end }
            }
        };
        let last = ends.last().copied().unwrap_or(0);
        if end >= last + FEWEST {
            ends.push(end);
        }
    }
    // What is left after the last band belongs to it.
    if let Some(last) = ends.last_mut() {
        *last = values.len();
    }
    let starts: Vec<usize> = [0].into_iter().chain(ends.iter().copied()).collect();
    let bands: Vec<_> = starts.into_iter().zip(ends).map(|(start, end)| start..end).collect();
    if bands.len() < 2 { Vec::new() } else { bands }
}

/// The roundest number t with `below` ≤ t < `above`, in millionths: `x > t` is true of all from `above` on and of none up to
/// `below`.
pub fn between(below: i64, above: i64) -> Micro {
    let mut step = 1_000_000_000_000;
    loop {
        let rounded = below.div_euclid(step) * step;
        let up = if rounded < below { rounded + step } else { rounded };
        if up < above {
            return Micro::from_millionths(up);
        }
        step /= 10;
    }
}

/// A number with three significant digits, for the end of a band.
pub fn short(value: Micro) -> String {
    let value = value.to_f64();
    let decimals = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    if text == "-0" { "0".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: impl IntoIterator<Item = i64>) -> Vec<(i64, u32)> {
        let mut values: Vec<(i64, u32)> = values.into_iter().zip(0..).collect();
        values.sort_unstable();
        values
    }

    #[test]
    fn a_continuous_parameter_has_tenths_and_a_discrete_one_a_band_for_each_value() {
        assert_eq!(bands(&of(0..1000)), (0..10).map(|band| band * 100..band * 100 + 100).collect::<Vec<_>>());
        assert_eq!(bands(&of((0..300).map(|n| n % 3))), [0..100, 100..200, 200..300]);
        assert_eq!(bands(&of(0..45)), [0..22, 22..45]);
        assert_eq!(bands(&of(0..39)), []);
        assert_eq!(bands(&of((0..500).map(|_| 7))), []);
    }

    #[test]
    fn a_threshold_is_the_roundest_number_between_two_bands() {
        for (below, above, text) in [
            (89_731_244, 90_200_000, "90"),
            (89_731_244, 89_900_000, "89.8"),
            (-144_200_000, -143_900_000, "-144"),
            (-1, 1, "0"),
            (29_000_000, 30_000_000, "29"),
            (333, 334, "0.000333"),
            (990_000, 1_250_000, "1"),
        ] {
            assert_eq!(between(below, above).to_string(), text);
        }
        assert_eq!(short(Micro::from_millionths(-144_236_000)), "-144");
        assert_eq!(short(Micro::from_millionths(1_500_000)), "1.5");
        assert_eq!(short(Micro::from_millionths(-12)), "0");
    }

    proptest! {
        #[test]
        fn bands_tile_all_values_and_never_part_equal_ones(values in proptest::collection::vec(-9i64..40, 0..400)) {
            let values = of(values);
            let bands = bands(&values);
            let tiled: Vec<usize> = bands.iter().cloned().flatten().collect();
            prop_assert!(bands.is_empty() || tiled == (0..values.len()).collect::<Vec<_>>());
            prop_assert!(bands.len() <= BANDS && bands.iter().all(|band| band.len() >= FEWEST));
            for two in bands.windows(2) {
                let (below, above) = (values[two[0].end - 1].0, values[two[1].start].0);
                prop_assert!(below < above);
                let threshold = between(below, above).millionths();
                prop_assert!(below <= threshold && threshold < above);
            }
        }
    }
}
