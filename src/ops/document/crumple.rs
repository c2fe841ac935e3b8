//! Paper that was crushed into a ball.

use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::coverage::Bounds;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::shade::{self, ONE};
use crate::number::Micro;
use crate::ops::spec::{micro, number};
use crate::pixels::{Image, Size};

crate::op! {
    /// Wrinkles: straight creases of two sizes, joined at their ends to a net, each with a lit and a shaded flank and a
    /// thin line where the sheet was bent; some parts of the sheet are crushed more than others. Multiplies brightness;
    /// the paper does not move.
    op "crumple", revision 1, Document, effects [], example "strength = [0.2, 0.7]";
    Crumple {
        /// 0 changes nothing, 1 is a sheet picked out of a bin.
        strength: Micro = number(0, 1, "fraction"),
        /// The mean distance of large creases, as a fraction of the shorter side.
        size: Micro = micro(20_000, 1_000_000, "fraction").or_micro(260_000),
    }
}

impl Crumple {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            lowering.custom(Crumpled { strength: self.strength, size: self.size, key });
        }
    }
}

#[derive(Debug)]
struct Crumpled {
    strength: Micro,
    size: Micro,
    key: Digest,
}

/// One straight crease, in px.
struct Crease {
    from: (f32, f32),
    to: (f32, f32),
    /// How far its flanks reach.
    reach: f32,
    /// Brightness of one flank; the other's is its negative.
    light: f32,
    /// Brightness of the bent line itself.
    line: f32,
}

/// The creases of a net of this mesh: neighbours on a jittered lattice, joined now and then.
fn net(key: &Digest, name: &str, size: Size, mesh: f32) -> Vec<Crease> {
    let mut rng = rng(key, name);
    let cells = |length: u32| (length as f32 / mesh) as usize + 3;
    let (columns, rows) = (cells(size.width), cells(size.height));
    let mut draw = |low, high| between(&mut rng, low, high);
    let knots: Vec<(f32, f32)> = (0..columns * rows)
        .map(|index| {
            let (column, row) = ((index % columns) as f32 - 1.0, (index / columns) as f32 - 1.0);
            ((column + draw(0.0, 1.0)) * mesh, (row + draw(0.0, 1.0)) * mesh)
        })
        .collect();
    let mut creases = Vec::new();
    for index in 0..knots.len() {
        let (column, row) = (index % columns, index / columns);
        let slants = [(column + 1, row), (column, row + 1), (column + 1, row + 1), (column.wrapping_sub(1), row + 1)];
        for (column, row) in slants {
            // Few creases are deep.
            let (kept, deep, sign, bent) = (draw(0.0, 1.0), draw(0.0, 1.0), draw(-1.0, 1.0), draw(-1.0, 1.0));
            if column < columns && row < rows && kept < 0.55 {
                let light = (0.25 + 0.75 * deep * deep) * if sign < 0.0 { -1.0 } else { 1.0 };
                let reach = mesh * (0.2 + 0.25 * deep);
                creases.push(Crease {
                    from: knots[index],
                    to: knots[row * columns + column],
                    reach,
                    light,
                    line: bent,
                });
            }
        }
    }
    creases
}

impl Crease {
    /// Adds the crease's light, in 4096ths, to a relief as large as the image.
    fn press(&self, size: Size, hair: f32, relief: &mut [i32]) {
        let ((from_x, from_y), (to_x, to_y)) = (self.from, self.to);
        let (along_x, along_y) = (to_x - from_x, to_y - from_y);
        let length = (along_x * along_x + along_y * along_y).sqrt().max(0.5);
        let (right, down) = (along_x / length, along_y / length);
        let reach = self.reach;
        let (left, end) = (from_x.min(to_x) - reach, from_x.max(to_x) + reach);
        let (top, bottom) = (from_y.min(to_y) - reach, from_y.max(to_y) + reach);
        let Some(bounds) = Bounds::clipped(left, top, end, bottom, size) else { return };
        for y in bounds.top..bounds.bottom {
            let dy = y as f32 + 0.5 - from_y;
            // The part of the row within the crease's length and reach.
            let (first, last) = within(dy * down, right, 0.0, length);
            let (start, end) = within(dy * right, -down, -reach, reach);
            let clip = |x: f32| ((x + from_x - 0.5).max(0.0) as usize).clamp(bounds.left, bounds.right);
            let (left, right_end) = (clip(first.max(start).floor()), clip(last.min(end).ceil() + 1.0));
            if left >= right_end {
                continue;
            }
            let row = &mut relief[y * size.width as usize..][left..right_end];
            for (x, relief) in (left..).zip(row) {
                let dx = x as f32 + 0.5 - from_x;
                let (along, away) = (dx * right + dy * down, dy * right - dx * down);
                let taper = (4.0 * (along / length) * (1.0 - along / length)).max(0.0);
                let near = (1.0 - away.abs() / reach).max(0.0);
                // A flank is steepest at its crease; a pixel on the line is half on either side.
                let side = (away / hair).clamp(-1.0, 1.0);
                let line = (1.0 - away.abs() / hair).max(0.0);
                *relief += fixed(taper * (self.light * side * near * near + 1.2 * self.line * line));
            }
        }
    }
}

/// Where `start + slope · x` lies between `low` and `high`; everywhere where it hardly changes.
fn within(start: f32, slope: f32, low: f32, high: f32) -> (f32, f32) {
    if slope.abs() < 1e-3 {
        return (-1e9, 1e9);
    }
    let (a, b) = ((low - start) / slope, (high - start) / slope);
    (a.min(b), a.max(b))
}

impl Custom for Crumpled {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let mesh = (self.size.to_f64() as f32 * short).max(2.0);
        let hair = (0.0028 * short).max(0.9);
        let (mut broad, mut fine) = (buffers.numbers(image.data().len() / 3), buffers.numbers(image.data().len() / 3));
        for crease in net(&self.key, "crumple large", size, mesh) {
            crease.press(size, hair, &mut broad);
        }
        for crease in net(&self.key, "crumple small", size, (0.34 * mesh).max(2.0)) {
            crease.press(size, hair, &mut fine);
        }
        let press = Field::new(&part(&self.key, "crumple press"), size, f64::from(1.3 * mesh).max(2.0));
        let mut factors = buffers.numbers(width);
        let rows = broad.chunks_exact(width).zip(fine.chunks_exact(width));
        for ((y, row), (broad, fine)) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)).zip(rows) {
            press.row(y, &mut factors);
            for ((factor, broad), fine) in factors.iter_mut().zip(broad).zip(fine) {
                // Some parts of the sheet were crushed more.
                let crushed = (0.45 + 1.7 * UNIT * *factor as f32).clamp(0.0, 1.0);
                let light = 0.2 * *broad as f32 + 0.17 * crushed * *fine as f32;
                *factor = ONE - fixed(0.06 * strength) + (strength * light) as i32;
                *factor = (*factor).max(0);
            }
            shade::multiply(row, &factors);
        }
        buffers.give_numbers(broad);
        buffers.give_numbers(fine);
        buffers.give_numbers(factors);
    }
}
