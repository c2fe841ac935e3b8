//! Curves over a common axis.

use super::drawing::{Anchor, Color, Drawing, Shape};

/// What is drawn as one curve.
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    /// Its name, in the legend.
    pub name: String,
    /// Its colour.
    pub color: Color,
    /// x and y; a y that is not finite is a gap.
    pub points: Vec<(f64, f64)>,
}

/// Curves with axes, a legend, and possibly one place that is marked.
#[derive(Clone, PartialEq, Debug)]
pub struct Chart<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below it.
    pub axis: &'a str,
    /// The curves. One that has no finite point is left out.
    pub series: &'a [Series],
    /// An x with a line through it, and what is written there.
    pub mark: Option<(f64, &'a str)>,
}

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
/// Left, top, right, below: what is around the curves.
const LEFT: f64 = 52.0;
const TOP: f64 = 44.0;
const RIGHT: f64 = 14.0;
const BELOW: f64 = 36.0;

impl Chart<'_> {
    /// Draws it, 520 by 250 units.
    pub fn draw(&self) -> Drawing {
        let mut drawing = Drawing::new(self.title, WIDTH, HEIGHT);
        drawing.text((LEFT, 16.0), 13.0, Anchor::Start, Color::Ink, self.title);
        let finite = |series: &Series| -> Vec<(f64, f64)> {
            series.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
        };
        let shown: Vec<&Series> = self.series.iter().filter(|series| !finite(series).is_empty()).collect();
        let all: Vec<(f64, f64)> = shown.iter().flat_map(|series| finite(series)).collect();
        if all.is_empty() {
            drawing.text((WIDTH / 2.0, HEIGHT / 2.0), 12.0, Anchor::Middle, Color::Faded, "nothing measured yet");
            return drawing;
        }
        let (xs, ys) = (Axis::of(all.iter().map(|(x, _)| *x), true), Axis::of(all.iter().map(|(_, y)| *y), false));
        let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * xs.share(value);
        let y = |value: f64| HEIGHT - BELOW - (HEIGHT - TOP - BELOW) * ys.share(value);
        for tick in &ys.ticks {
            drawing.line((LEFT, y(*tick)), (WIDTH - RIGHT, y(*tick)), Color::Line, 1.0);
            drawing.text((LEFT - 6.0, y(*tick) + 3.5), 10.0, Anchor::End, Color::Faded, &ys.text(*tick));
        }
        for tick in &xs.ticks {
            drawing.text((x(*tick), HEIGHT - BELOW + 14.0), 10.0, Anchor::Middle, Color::Faded, &xs.text(*tick));
        }
        drawing.text((WIDTH - RIGHT, HEIGHT - 6.0), 10.0, Anchor::End, Color::Faded, self.axis);
        if let Some((at, text)) = self.mark.filter(|(at, _)| (xs.low..=xs.high).contains(at)) {
            drawing.line((x(at), TOP - 12.0), (x(at), HEIGHT - BELOW), Color::Faded, 1.0);
            let anchor = if xs.share(at) > 0.5 { Anchor::End } else { Anchor::Start };
            let aside = if anchor == Anchor::End { -4.0 } else { 4.0 };
            drawing.text((x(at) + aside, TOP - 4.0), 10.0, anchor, Color::Faded, text);
        }
        let mut left = LEFT;
        for series in shown {
            for piece in series.points.split(|(x, y)| !(x.is_finite() && y.is_finite())) {
                let points: Vec<(f64, f64)> = piece.iter().map(|(across, up)| (x(*across), y(*up))).collect();
                match points[..] {
                    [] => {}
                    // A line of one point would not be seen.
                    [(x, y)] => {
                        let title = format!("{} {}", series.name, piece[0].1);
                        drawing.shapes.push(Shape::Dot { x, y, radius: 3.0, color: series.color, title });
                    }
                    _ => drawing.shapes.push(Shape::Polyline { points, color: series.color, width: 2.0 }),
                }
            }
            drawing.line((left, 28.0), (left + 14.0, 28.0), series.color, 3.0);
            drawing.text((left + 18.0, 31.5), 10.0, Anchor::Start, Color::Faded, &series.name);
            left += 30.0 + 6.0 * series.name.chars().count() as f64;
        }
        drawing
    }
}

/// What is shown along one direction.
struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<f64>,
    step: f64,
}

impl Axis {
    /// Of finite values, at least one. Ticks are 1, 2 or 5 times a power of ten apart, `whole` ones at least 1.
    fn of(values: impl Iterator<Item = f64> + Clone, whole: bool) -> Self {
        let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
        // One value alone stands in the middle.
        let about = if low == 0.0 { 1.0 } else { low.abs() / 2.0 };
        let (low, high) = match high > low {
            true => (low, high),
            false if whole => (low - 0.5, high + 0.5),
            false => (low - about, high + about),
        };
        let rough = (high - low) / 5.0;
        let power = libm::exp10(libm::floor(libm::log10(rough)));
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= rough);
        let step = if whole { step.unwrap_or(rough).max(1.0) } else { step.unwrap_or(rough) };
        let (low, high) = match whole {
            true => (low, high),
            // A quotient that is whole but for rounding is whole.
            false => (libm::floor(low / step + 1e-9) * step, libm::ceil(high / step - 1e-9) * step),
        };
        let (first, last) = (libm::ceil(low / step - 1e-9) as i64, libm::floor(high / step + 1e-9) as i64);
        Self { low, high, ticks: (first..=last).map(|number| number as f64 * step).collect(), step }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// As many decimals as the step has; very small and large ones with an exponent.
    fn text(&self, tick: f64) -> String {
        let decimals = -libm::floor(libm::log10(self.step) + 1e-9);
        match decimals {
            _ if tick == 0.0 => "0".into(),
            _ if decimals > 4.0 || self.step >= 1e6 => format!("{tick:.0e}").replace('-', "−"),
            _ => format!("{tick:.*}", decimals.max(0.0) as usize).replace('-', "−"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64], whole: bool) -> Vec<String> {
        let axis = Axis::of(values.iter().copied(), whole);
        axis.ticks.iter().map(|tick| axis.text(*tick)).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(axis(&[0.31, 0.88], false), ["0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(axis(&[1.0, 3.0], true), ["1", "2", "3"]);
        assert_eq!(axis(&[1.0, 60.0], true), ["20", "40", "60"]);
        assert_eq!(axis(&[0.0, 3e-5], false), ["0", "1e−5", "2e−5", "3e−5"]);
        assert_eq!(axis(&[1.0], true), ["1"]);
        assert_eq!(axis(&[0.0, 0.0], false), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
    }

    #[test]
    fn a_gap_is_not_bridged_and_a_lone_point_is_a_dot() {
        let points = vec![(1.0, 2.0), (2.0, 1.0), (3.0, f64::NAN), (4.0, 1.5)];
        let series = [
            Series { name: "loss".into(), color: Color::A, points },
            Series { name: "unseen".into(), color: Color::B, points: vec![(1.0, f64::INFINITY)] },
        ];
        let chart = Chart { title: "t", axis: "epoch", series: &series, mark: Some((2.0, "best")) };
        let drawing = chart.draw();
        let curves = |shape: &&Shape| matches!(shape, Shape::Polyline { width, .. } if *width == 2.0);
        assert_eq!(drawing.shapes.iter().filter(curves).count(), 1);
        assert_eq!(drawing.shapes.iter().filter(|shape| matches!(shape, Shape::Dot { .. })).count(), 1);
        let svg = drawing.element();
        assert!(svg.contains(">best<") && !svg.contains("unseen") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn nothing_measured_is_said() {
        let chart = Chart { title: "t", axis: "epoch", series: &[], mark: None };
        assert!(chart.draw().element().contains("nothing measured yet"));
    }
}
