//! The plain loops: what every other one has to equal.

use super::super::blur::Kernel;
use super::super::color::{self, HsvShift};
use super::super::matrix::Matrix;
use super::super::noise::{CHUNK, Lanes, Scale};
use super::Path;
use crate::pixels::Image;

pub fn noise(lanes: &mut Lanes, scale: Scale, row: &mut [u8]) {
    for chunk in row.chunks_mut(CHUNK) {
        for (sample, deviate) in chunk.iter_mut().zip(lanes.deviates()) {
            *sample = (i16::from(*sample) + scale.apply(deviate)).clamp(0, 255) as u8;
        }
    }
}

pub fn look_up(table: &[u8; 256], data: &mut [u8]) {
    for sample in data {
        *sample = table[usize::from(*sample)];
    }
}

pub fn add(levels: [i16; 3], data: &mut [u8]) {
    for pixel in data.as_chunks_mut::<3>().0 {
        for (sample, level) in pixel.iter_mut().zip(levels) {
            *sample = (i16::from(*sample) + level).clamp(0, 255) as u8;
        }
    }
}

#[inline(always)]
pub fn blend(data: &mut [u8], other: &[u8], weight: u16) {
    for (sample, other) in data.iter_mut().zip(other) {
        *sample = ((u16::from(*sample) * (256 - weight) + u16::from(*other) * weight + 128) >> 8) as u8;
    }
}

#[inline(always)]
pub fn grey(data: &mut [u8]) {
    color::grey(data);
}

#[inline(always)]
pub fn hsv(shift: &HsvShift, data: &mut [u8]) {
    shift.apply(data);
}

/// Weights of four neighbours in 2^14ths, from 10 bits of fraction along x and y.
pub fn weights(right: u32, below: u32) -> [u32; 4] {
    let both = (right * below + 32) >> 6;
    [(1 << 14) + both - (right << 4) - (below << 4), (right << 4) - both, (below << 4) - both, both]
}

/// The 10 bits of fraction at a fixed-point index.
pub fn fraction(at: i64) -> u32 {
    ((at >> 22) & 1023) as u32
}

/// Four pixels weighted in 2^14ths: left and right above, left and right below.
pub fn weigh(corners: [[u8; 3]; 4], weights: [u32; 4]) -> [u8; 3] {
    std::array::from_fn(|channel| {
        let sum: u32 = (0..4).map(|corner| weights[corner] * u32::from(corners[corner][channel])).sum();
        ((sum + (1 << 13)) >> 14) as u8
    })
}

pub fn bilinear(data: &[u8], row: usize, path: Path, out: &mut [u8]) {
    let (mut x, mut y) = path.at;
    for pixel in out.as_chunks_mut::<3>().0 {
        let start = (y >> 32) as usize * row + (x >> 32) as usize * 3;
        let pair = |start: usize| *data[start..].as_chunks::<3>().0.first_chunk::<2>().expect("BUG: two pixels");
        let ([a, b], [c, d]) = (pair(start), pair(start + row));
        *pixel = weigh([a, b, c, d], weights(fraction(x), fraction(y)));
        (x, y) = (x + path.step.0, y + path.step.1);
    }
}

pub fn planes(data: &[u8], planes: &mut [u8]) {
    let pixels = data.len() / 3;
    let (red, rest) = planes.split_at_mut(pixels);
    let (green, blue) = rest.split_at_mut(pixels);
    part(data, red, green, blue);
}

/// Channels apart, of as many pixels as each has room for.
pub fn part(data: &[u8], red: &mut [u8], green: &mut [u8], blue: &mut [u8]) {
    for (((pixel, red), green), blue) in data.as_chunks::<3>().0.iter().zip(red).zip(green).zip(blue) {
        [*red, *green, *blue] = *pixel;
    }
}

#[inline(always)]
pub fn matrix(matrix: &Matrix, data: &mut [u8]) {
    matrix.apply(data);
}

#[inline(always)]
pub fn blur(kernel: &Kernel, image: &Image, out: &mut Image) {
    kernel.apply_to(image, out);
}
