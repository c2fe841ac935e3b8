//! Recipe steps whose ranges cover the measured shifts, one rule per op.
//!
//! A step adds its own spread to that of the sources, so a range is not the target's: it is chosen so that mean and variance
//! of what the step makes of the sources are the target's (a uniform range of half-width √3 s has the deviation s), and is
//! then widened to hold what changes nothing. Each rule looks at one measure as if nothing else had moved it. A rule that
//! cannot tell a shift from chance gives no step.

use super::blurring::{Softness, without_noise};
use super::shapes::Shapes;
use super::survey::Survey;
use crate::statistics::{Measure, Shift, Statistics, Summary, quantile};
use serde::Serialize;

/// A step and what it is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Step {
    /// The op.
    pub op: &'static str,
    /// What of the target it covers.
    pub because: String,
    /// The step as a recipe has it.
    pub toml: String,
}

/// Both sets, and what is known of their shapes.
pub(super) struct Pair<'a> {
    pub sources: &'a [Statistics],
    pub target: &'a [Statistics],
    pub shapes: &'a Shapes,
}

/// The steps, in the order in which a page goes through the world: laid on the glass, lit, taken, sent.
pub(super) fn steps(sources: &Survey, target: &Survey, shapes: &Shapes) -> Vec<Step> {
    let (one, two) = (sources.statistics(), target.statistics());
    let pair = Pair { sources: &one, target: &two, shapes };
    let (here, there) = (sources.longest_side(), target.longest_side());
    let smaller = f64::from(there) < 0.9 * f64::from(here);
    let comparable = f64::from(there) < 1.15 * f64::from(here);
    let softness = || if comparable { Softness::of(sources, there) } else { None };
    let all = [
        smaller.then(|| resize(here, there)),
        rotate90(&pair),
        rotate(&pair),
        brightness(&pair),
        contrast(&pair),
        saturation(&pair),
        rgb_shift(&pair),
        softness().and_then(|softness| blur(&pair, &softness)),
        gaussian_noise(&pair),
    ];
    all.into_iter().flatten().collect()
}

fn step(op: &'static str, params: &str, chance: Option<f64>, because: String) -> Step {
    let chance = chance.map_or_else(String::new, |chance| format!("chance = {}\n", number(chance, 2)));
    Step { op, because, toml: format!("[[step]]\nop.{op} = {{ {params} }}\n{chance}") }
}

/// At most so many decimals, no zeros at their end.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".into() } else { text.to_owned() }
}

/// A chance in steps of 0.05, from 0.05 to 1.
fn chance(share: f64) -> f64 {
    ((share * 20.0).round() / 20.0).clamp(0.05, 1.0)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

impl Pair<'_> {
    fn shift(&self, measure: &str) -> Option<(Summary, Summary, Shift)> {
        let measure = Measure::named(measure).expect("BUG: a measure that there is not");
        let (a, b) = (measure.values(self.sources), measure.values(self.target));
        Some((Summary::of(&a)?, Summary::of(&b)?, Shift::between(&a, &b).filter(Shift::is_notable)?))
    }
}

fn resize(here: u32, there: u32) -> Step {
    let because =
        format!("the target's longest side is {there} px, the sources' {here}: what follows acts at that size");
    step("resize", &format!("width = {there}, height = {there}"), None, because)
}

/// The share of images whose lines run nearer to upright than to level.
fn upright_lines(images: &[Statistics]) -> f64 {
    let degrees = sure(images);
    degrees.iter().filter(|degrees| degrees.abs() > 45.0).count() as f64 / degrees.len().max(1) as f64
}

fn sure(images: &[Statistics]) -> Vec<f64> {
    Measure::named("skew").map(|measure| measure.values(images)).unwrap_or_default()
}

/// Under this many sure directions nothing is said of turns.
const VOTES: usize = 20;
/// Share of the target from which on a kind of turn is worth a step.
const WORTH: f64 = 0.05;

fn rotate90(pair: &Pair<'_>) -> Option<Step> {
    // Sides tell better than lines, of which some are told a quarter turn off.
    let (swapped, how) = match pair.shapes.swapped {
        Some(swapped) => (swapped, "have their sides swapped, if the classes are mixed as the sources'"),
        None if sure(pair.target).len() < VOTES || sure(pair.sources).len() < VOTES => return None,
        None => (upright_lines(pair.target) - upright_lines(pair.sources), "more have upright lines of text"),
    };
    if swapped < WORTH {
        return None;
    }
    // One to three quarter turns: two of three swap the sides.
    let because = format!("{} of the target {how}; upside down cannot be measured", percent(swapped));
    Some(step("rotate90", "turns = [1, 3]", Some(chance(1.5 * swapped)), because))
}

/// How far lines are from the nearest axis, in degrees.
fn off_axis(images: &[Statistics]) -> Vec<f64> {
    let mut off: Vec<f64> = sure(images).iter().map(|at| (at - 90.0 * (at / 90.0).round()).abs()).collect();
    off.sort_by(f64::total_cmp);
    off
}

fn rotate(pair: &Pair<'_>) -> Option<Step> {
    let (here, there) = (off_axis(pair.sources), off_axis(pair.target));
    if here.len() < VOTES || there.len() < VOTES {
        return None;
    }
    // The sources' own slant, but not of the few whose direction was mistaken.
    let usual = quantile(&here, 0.9).max(1.0);
    let above = |all: &[f64]| all.partition_point(|off| *off <= usual);
    let turned = &there[above(&there)..];
    let more = turned.len() as f64 / there.len() as f64 - (here.len() - above(&here)) as f64 / here.len() as f64;
    if more < WORTH {
        return None;
    }
    let most = quantile(turned, 0.95).ceil().min(45.0);
    let because = format!(
        "the lines of {} of the target are more than {}° off an axis, up to {most}°",
        percent(turned.len() as f64 / there.len() as f64),
        number(usual, 1)
    );
    let params = format!(
        "degrees = [-{most}, {most}], canvas = \"expand\", fill = {{ choose = [\"white\", \"black\", \"median\"] }}"
    );
    Some(step("rotate", &params, Some(chance(more)), because))
}

/// The range of factors that brings mean and variance of the logarithms of `a` to those of `b`, 1 included.
fn factors(a: &[f64], b: &[f64]) -> Option<(f64, f64)> {
    let logs = |values: &[f64]| values.iter().map(|value| libm::log(value.max(1.0))).collect::<Vec<f64>>();
    let (one, two) = (Summary::of(&logs(a))?, Summary::of(&logs(b))?);
    let excess = (two.sd * two.sd - one.sd * one.sd).max(0.0).sqrt();
    let (middle, half) = (two.mean - one.mean, 3f64.sqrt() * excess);
    let low = libm::exp(middle - half).clamp(0.2, 1.0);
    let high = libm::exp(middle + half).clamp(1.0, 4.0);
    (high - low >= 0.05).then_some((low, high))
}

fn range((low, high): (f64, f64)) -> String {
    format!("[{}, {}]", number(low, 2), number(high, 2))
}

/// "201.7 ± 48.7 → 172.9 ± 54.0".
fn change(measure: &str, one: &Summary, two: &Summary) -> String {
    let measure = Measure::named(measure).expect("BUG: a measure that there is not");
    let both = |summary: &Summary| format!("{} ± {}", measure.number(summary.mean), measure.number(summary.sd));
    format!("{} {} → {}", measure.name, both(one), both(two))
}

fn brightness(pair: &Pair<'_>) -> Option<Step> {
    let (one, two, _) = pair.shift("brightness")?;
    let values = |images: &[Statistics]| images.iter().map(|image| image.brightness).collect::<Vec<f64>>();
    let range = range(factors(&values(pair.sources), &values(pair.target))?);
    Some(step("brightness", &format!("factor = {range}"), None, change("brightness", &one, &two)))
}

fn contrast(pair: &Pair<'_>) -> Option<Step> {
    let (one, two, _) = pair.shift("contrast")?;
    let without = |image: &Statistics| {
        let noise = image.noise.unwrap_or(0.0);
        (image.contrast * image.contrast - noise * noise).max(1.0).sqrt()
    };
    let values = |images: &[Statistics]| images.iter().map(without).collect::<Vec<f64>>();
    let range = range(factors(&values(pair.sources), &values(pair.target))?);
    Some(step("contrast", &format!("factor = {range}"), None, change("contrast", &one, &two)))
}

/// What noise that is independent in the channels adds to the saturation: the range of three normal deviates is 1.69 σ.
fn colour_noise(image: &Statistics) -> f64 {
    1.69 * CHANNEL * image.noise.unwrap_or(0.0) / image.brightness.max(32.0)
}

fn saturation(pair: &Pair<'_>) -> Option<Step> {
    let (one, two, _) = pair.shift("saturation")?;
    let mean = |images: &[Statistics]| {
        let without = images.iter().map(|image| (image.saturation - colour_noise(image)).max(0.0));
        without.sum::<f64>() / images.len() as f64
    };
    let (here, there) = (mean(pair.sources), mean(pair.target));
    if here < 0.01 {
        return None;
    }
    // The mean of a range from 1 to 2 r − 1 is r.
    let ratio = there / here;
    let far = (2.0 * ratio - 1.0).clamp(0.0, 3.0);
    if (ratio - 1.0).abs() < 0.1 {
        return None;
    }
    let because = format!("{}; without its noise ×{ratio:.2}", change("saturation", &one, &two));
    Some(step("saturation", &format!("factor = {}", range((far.min(1.0), far.max(1.0)))), None, because))
}

/// Grey levels of a colour shift from which on it is worth a step.
const SHIFT: f64 = 3.0;

fn rgb_shift(pair: &Pair<'_>) -> Option<Step> {
    let warmth = pair.shift("warmth");
    let tint = pair.shift("tint");
    let because = match (&warmth, &tint) {
        (None, None) => return None,
        (Some((one, two, _)), _) => change("warmth", one, two),
        (_, Some((one, two, _))) => change("tint", one, two),
    };
    let excess = |found: &Option<(Summary, Summary, Shift)>| {
        let (one, two, _) = found.as_ref()?;
        Some((two.mean - one.mean, two.sd * two.sd - one.sd * one.sd))
    };
    // Independent uniform shifts of half-width a in red and blue: their difference has the variance 2 a² / 3.
    let (warmer, wider) = excess(&warmth).unwrap_or((0.0, 0.0));
    let half = (1.5 * wider.max(0.0)).sqrt();
    // Green of half-width g against the mean of the two: g² / 3 + a² / 6.
    let (greener, uneven) = excess(&tint).unwrap_or((0.0, 0.0));
    let green = (3.0 * (uneven - half * half / 6.0).max(0.0)).sqrt();
    if half.max(green).max(warmer.abs() / 2.0).max(greener.abs()) < SHIFT {
        return None;
    }
    let channel = |name: &str, middle: f64, half: f64| {
        let (low, high) = ((middle - half).min(0.0).round(), (middle + half).max(0.0).round());
        (low < high).then(|| format!("{name} = [{}, {}]", number(low, 0), number(high, 0)))
    };
    let channels =
        [channel("red", warmer / 2.0, half), channel("green", greener, green), channel("blue", -warmer / 2.0, half)];
    let channels: Vec<String> = channels.into_iter().flatten().collect();
    (!channels.is_empty()).then(|| step("rgb_shift", &channels.join(", "), None, because))
}

/// Target images may be this much softer before it counts.
const SOFTER: f64 = 0.8;

fn blur(pair: &Pair<'_>, softness: &Softness) -> Option<Step> {
    let mut target: Vec<f64> = pair.target.iter().map(without_noise).collect();
    target.sort_by(f64::total_cmp);
    let (middle, sharp) = (quantile(&target, 0.5), softness.sharpness());
    let most = softness.sigma(quantile(&target, 0.25));
    if middle > SOFTER * sharp || most < 0.4 {
        return None;
    }
    // Half of sources like these would be below their own middle.
    let below = target.partition_point(|value| *value < sharp) as f64 / target.len() as f64;
    let because = format!("sharpness without noise ×{:.2} in the middle, at the target's size", middle / sharp);
    Some(step(
        "blur",
        &format!("sigma = [0.3, {}]", number(most, 1)),
        Some(chance((2.0 * below - 1.0).min(0.9))),
        because,
    ))
}

/// The deviation of a channel for one of the luma, where channels have noise of their own: 1 / √(0.299² + 0.587² + 0.114²).
const CHANNEL: f64 = 1.5;

fn gaussian_noise(pair: &Pair<'_>) -> Option<Step> {
    let (one, ..) = pair.shift("noise")?;
    let mut noises: Vec<f64> = pair.target.iter().filter_map(|image| image.noise).collect();
    noises.sort_by(f64::total_cmp);
    // Below what one in twenty sources has, and below a level, it is the paper.
    let clean = one.q95.max(1.0);
    let noisy = &noises[noises.partition_point(|noise| *noise <= clean)..];
    let share = noisy.len() as f64 / noises.len() as f64;
    if share < 0.1 {
        return None;
    }
    let added = |noise: f64| CHANNEL * (noise * noise - one.median * one.median).max(0.0).sqrt();
    let (low, high) = (added(quantile(noisy, 0.1)), added(quantile(noisy, 0.9)));
    if high < 1.0 {
        return None;
    }
    let (low, high) = (number(low.max(0.5), 1), number(high.max(low + 0.5).max(1.0), 1));
    let because =
        format!("{} of the target are noisier than 95 % of the sources ({:.1} levels)", percent(share), one.q95);
    Some(step("gaussian_noise", &format!("sigma = {{ log = [{low}, {high}] }}"), Some(chance(share)), because))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_range_of_factors_makes_the_targets_mean_and_variance() {
        // Logarithms 0.6 ± 0.5 apart around 100, halved and spread by ln-uniform factors.
        let a: Vec<f64> = (0..100).map(|at| 100.0 + f64::from(at) / 10.0).collect();
        let b: Vec<f64> = (0..100).map(|at| 105.0 * libm::exp(-0.5 + 0.4 * (f64::from(at) - 49.5) / 50.0)).collect();
        let (low, high) = factors(&a, &b).unwrap();
        assert!((low - libm::exp(-0.9)).abs() < 0.02 && high == 1.0, "{low} {high}");
        assert_eq!(factors(&a, &a), None);
    }

    #[test]
    fn numbers_are_short() {
        let short = [number(0.5, 2), number(-0.001, 2), number(12.0, 0), number(3.456, 2), number(10.0, 1)];
        assert_eq!(short, ["0.5", "0", "12", "3.46", "10"]);
        assert_eq!([chance(0.0), chance(0.52), chance(2.0)], [0.05, 0.5, 1.0]);
    }
}
