//! The weights of a resize, as fast_image_resize 6.1 computes and rounds them: which is as Pillow does, in 16 bits.

use super::{Interpolation, Span};

/// What each pixel of a resized row (or column) is a weighted sum of.
#[derive(Clone, PartialEq, Debug)]
pub struct Taps {
    /// Weights are whole numbers of 2^-shift; a sum is rounded by half of that.
    pub shift: u32,
    /// For each pixel: the first pixel of the source that has a weight, and its weights.
    pub pixels: Vec<(usize, Vec<i16>)>,
}

impl Taps {
    /// The weights of a filter along a side; `None` for a filter that needs a sine, of which there are many.
    pub fn new(span: Span, interpolation: Interpolation) -> Option<Self> {
        let (filter, support): (fn(f64) -> f64, f64) = match interpolation {
            Interpolation::Bilinear => (triangle, 1.0),
            Interpolation::Bicubic => (catmull_rom, 2.0),
            Interpolation::Lanczos => return None,
        };
        let first = f64::from(span.cut);
        let scale = f64::from(span.length) / f64::from(span.shown);
        let widened = scale.max(1.0);
        let (radius, per_pixel) = (support * widened, 1.0 / widened);
        let weights = |pixel: u32| {
            let center = first + (f64::from(pixel) + 0.5) * scale;
            let from = (center - radius).floor().max(0.0) as u32;
            let until = (center + radius).ceil().min(f64::from(span.source)) as u32;
            let center = center - 0.5;
            let mut start = from;
            let mut weights = Vec::with_capacity((until - from) as usize);
            for place in from..until {
                let weight = filter((f64::from(place) - center) * per_pixel);
                if place == start && weight == 0.0 {
                    start += 1;
                } else {
                    weights.push(weight);
                }
            }
            while weights.last() == Some(&0.0) {
                weights.pop();
            }
            let sum: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= sum);
            (start as usize, weights)
        };
        let exact: Vec<(usize, Vec<f64>)> = (0..span.shown).map(weights).collect();
        let largest = exact.iter().flat_map(|(_, weights)| weights).fold(0.0, |a: f64, b| a.max(*b));
        // The most bits with which the largest weight is below 2^15; a sum has 10 bits before the point.
        let fits = |shift: &u32| (largest * f64::from(1 << shift)).round() < 32_768.0;
        let shift = (1..22).take_while(fits).last()?;
        let whole = |weight: f64| (weight * f64::from(1 << shift)).round() as i16;
        let pixels = exact.into_iter().map(|(start, weights)| (start, weights.into_iter().map(whole).collect()));
        Some(Self { shift, pixels: pixels.collect() })
    }
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// Cubic with a = −0.5 (Keys, 1981).
fn catmull_rom(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}
