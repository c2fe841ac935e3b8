//! The plain loops: what every other one has to equal.

use super::super::blur::Kernel;
use super::super::color::{self, HsvShift};
use super::super::matrix::Matrix;
use super::super::noise::{Lanes, Scale};
use super::super::taps::{Bilinear, fraction};
use super::{Path, SHIFTED, Shifts, Table};
use crate::pixels::Image;

pub fn noise(lanes: &mut Lanes, scale: Scale, row: &mut [u8]) {
    lanes.add(scale, row);
}

pub fn look_up(table: &Table, data: &mut [u8]) {
    for sample in data {
        *sample = table.levels[usize::from(*sample)];
    }
}

#[inline(always)]
pub fn add(shifts: &Shifts, data: &mut [u8]) {
    let add = |data: &mut [u8]| {
        let patterns = shifts.negative.iter().zip(&shifts.more).zip(&shifts.less);
        for (sample, ((negative, more), less)) in data.iter_mut().zip(patterns) {
            *sample = (*sample ^ negative).saturating_add(*more).saturating_sub(*less);
        }
    };
    let (chunks, rest) = data.as_chunks_mut::<SHIFTED>();
    chunks.iter_mut().for_each(|chunk| add(chunk));
    add(rest);
}

#[inline(always)]
pub fn blend(data: &mut [u8], other: &[u8], weight: u16) {
    color::blend(data, other, weight);
}

#[inline(always)]
pub fn multiply(data: &mut [u8], other: &[u8], weight: u16) {
    color::multiply(data, other, weight);
}

#[inline(always)]
pub fn grey(data: &mut [u8]) {
    color::grey(data);
}

#[inline(always)]
pub fn hsv(shift: &HsvShift, data: &mut [u8]) {
    shift.apply(data);
}

pub fn bilinear(data: &[u8], row: usize, path: Path, out: &mut [u8]) {
    let (mut x, mut y) = path.at;
    for pixel in out.as_chunks_mut::<3>().0 {
        let start = (y >> 32) as usize * row + (x >> 32) as usize * 3;
        let pair = |start: usize| *data[start..].as_chunks::<3>().0.first_chunk::<2>().expect("BUG: two pixels");
        let ([a, b], [c, d]) = (pair(start), pair(start + row));
        *pixel = Bilinear::weigh([a, b, c, d], fraction(x), fraction(y));
        (x, y) = (x + path.step.0, y + path.step.1);
    }
}

pub fn planes(data: &[u8], red: &mut [u8], green: &mut [u8], blue: &mut [u8]) {
    for (((pixel, red), green), blue) in data.as_chunks::<3>().0.iter().zip(red).zip(green).zip(blue) {
        [*red, *green, *blue] = *pixel;
    }
}

#[inline(always)]
pub fn matrix(matrix: &Matrix, data: &mut [u8]) {
    matrix.apply(data);
}

#[inline(always)]
pub fn blur(kernel: &Kernel, image: &Image, out: &mut Image, rows: &mut Vec<u16>) {
    kernel.apply_to(image, out, rows);
}
