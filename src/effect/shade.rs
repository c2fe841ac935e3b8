//! Light and pigment on a row of pixels: multiplication, and mixing towards other pixels, in 4096ths.
//!
//! A shadow, a stain or a fold takes a share of the light that the page sends back, so it multiplies; worn or covered
//! ink is mixed towards what is seen instead. Both round to the nearest level and saturate.

/// The factor that changes nothing, and the share that is all.
pub const ONE: i32 = 4096;

/// Multiplies the three channels of each pixel by the pixel's factor (0 to 16 · [`ONE`]).
pub fn multiply(row: &mut [u8], factors: &[i32]) {
    for (pixel, factor) in row.as_chunks_mut::<3>().0.iter_mut().zip(factors) {
        *pixel = pixel.map(|sample| ((i32::from(sample) * factor + ONE / 2) >> 12).min(255) as u8);
    }
}

/// Lays a pigment over each pixel: at [`ONE`] every channel is multiplied by the pigment's own share of light.
pub fn tint(row: &mut [u8], densities: &[i32], pigment: [u8; 3]) {
    let taken = pigment.map(|sample| (255 - i32::from(sample)) * ONE / 255);
    for (pixel, density) in row.as_chunks_mut::<3>().0.iter_mut().zip(densities) {
        for (sample, taken) in pixel.iter_mut().zip(taken) {
            let factor = ONE - ((density * taken + ONE / 2) >> 12);
            *sample = ((i32::from(*sample) * factor + ONE / 2) >> 12) as u8;
        }
    }
}

/// Covers each pixel by a colour: at [`ONE`] nothing of the pixel is left.
pub fn cover(row: &mut [u8], shares: &[i32], color: [u8; 3]) {
    for (pixel, share) in row.as_chunks_mut::<3>().0.iter_mut().zip(shares) {
        for (sample, color) in pixel.iter_mut().zip(color) {
            *sample = between(*sample, color, *share);
        }
    }
}

/// Lightens what is darker than a level towards it: at [`ONE`] nothing darker is left.
pub fn lighten(row: &mut [u8], shares: &[i32], level: u8) {
    for (pixel, share) in row.as_chunks_mut::<3>().0.iter_mut().zip(shares) {
        *pixel = pixel.map(|sample| between(sample, level.max(sample), *share));
    }
}

/// Mixes each pixel towards the pixel of another row: at [`ONE`] it is the other.
pub fn towards(row: &mut [u8], other: &[u8], shares: &[i32]) {
    let pixels = row.as_chunks_mut::<3>().0.iter_mut().zip(other.as_chunks::<3>().0);
    for ((pixel, other), share) in pixels.zip(shares) {
        for (sample, other) in pixel.iter_mut().zip(other) {
            *sample = between(*sample, *other, *share);
        }
    }
}

fn between(sample: u8, other: u8, share: i32) -> u8 {
    let (sample, other) = (i32::from(sample), i32::from(other));
    (sample + (((other - sample) * share + ONE / 2) >> 12)) as u8
}

/// A smooth step from 0 at `from` to 1 at `to` (Hermite's cubic); `from` may be the larger one.
pub fn smooth_step(from: f32, to: f32, at: f32) -> f32 {
    let t = ((at - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The part of a number beyond its whole, 0 to 1, for numbers up to 2^31; cheaper than `floor` where that is a call.
pub fn fraction(value: f32) -> f32 {
    let part = value - value as i32 as f32;
    if part < 0.0 { part + 1.0 } else { part }
}

/// A wave of one turn per unit, −1 to 1, of two parabolas: as smooth as a sine.
pub fn wave(turns: f32) -> f32 {
    let turn = 2.0 * fraction(turns) - 1.0;
    4.0 * turn * (1.0 - turn.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_all_are_exact_for_every_level() {
        for (sample, other) in (0..=255u8).flat_map(|a| (0..=255u8).map(move |b| (a, b))) {
            assert_eq!((between(sample, other, 0), between(sample, other, ONE)), (sample, other));
            let mut pixel = [sample; 3];
            multiply(&mut pixel, &[ONE]);
            tint(&mut pixel, &[0], [other; 3]);
            assert_eq!(pixel, [sample; 3]);
        }
        assert_eq!([-1.25, -1.0, 0.0, 0.75, 7.5].map(fraction), [0.75, 0.0, 0.0, 0.75, 0.5]);
        assert_eq!([0.0, 0.25, 0.5, 0.75, -0.25].map(wave), [0.0, -1.0, 0.0, 1.0, 1.0]);
        let mut white = [255; 3];
        tint(&mut white, &[ONE], [10, 100, 255]);
        assert_eq!(white, [10, 100, 255]);
    }
}
