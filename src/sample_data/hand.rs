//! Handwriting: a pen alphabet of our own, joined and shaken, and signatures.
//!
//! Letters are strokes through grid points, rounded by Catmull and Rom's spline; 10 grid units are a line's x-height
//! doubled: baseline 0, x-height 5, ascenders 10, descenders -4. Legible, and different for each writer.

use super::canvas::{Affine, Canvas, Ink};
use super::dice::Dice;

/// How one person writes.
#[derive(Clone, Copy)]
pub(super) struct Hand {
    /// Pixels from the baseline to the top of an `l`.
    pub height: f32,
    /// To the right, per unit of height.
    pub slant: f32,
    /// Width of letters, 1 = the alphabet's.
    pub stretch: f32,
    /// How far points stray, in grid units.
    pub shake: f32,
    /// Pixels.
    pub pen: f32,
    pub ink: Ink,
}

impl Hand {
    /// A writer in blue, black or a pencil's grey.
    pub fn draw(dice: &mut Dice, height: f32) -> Self {
        let color = dice.pick(&[[28, 44, 120], [22, 30, 92], [30, 30, 34], [20, 60, 110], [70, 70, 76]]);
        Self {
            height,
            slant: dice.between(-0.05, 0.45),
            stretch: dice.between(0.85, 1.2),
            shake: dice.between(0.2, 0.6),
            pen: (height * dice.between(0.075, 0.11)).max(0.9),
            ink: Ink::new(color, 235),
        }
    }

    /// The width of `text` in pixels.
    pub fn width(&self, text: &str) -> f32 {
        text.chars().map(|c| advance(c) * self.unit()).sum()
    }

    /// Pixels per grid unit, sideways.
    fn unit(&self) -> f32 {
        self.height / 10.0 * self.stretch
    }

    /// Writes `text` on the baseline `y`; returns its width.
    pub fn write(&self, canvas: &mut Canvas, dice: &mut Dice, x: f32, y: f32, text: &str) -> f32 {
        canvas.within(Affine::slant(self.slant).then(Affine::shift(x, y)), |canvas| {
            let (unit_x, unit_y) = (self.unit(), self.height / 10.0);
            let mut pen = 0.0;
            let mut drift = 0.0;
            for character in text.chars() {
                drift = (drift + dice.between(-0.25, 0.25)) * 0.8;
                for stroke in strokes(character) {
                    let points: Vec<(f32, f32)> = pairs(stroke)
                        .map(|(u, v)| {
                            let (u, v) = (
                                u + dice.between(-self.shake, self.shake),
                                v + drift + dice.between(-self.shake, self.shake),
                            );
                            (pen + u * unit_x, -v * unit_y)
                        })
                        .collect();
                    canvas.stroke(&smooth(&points), self.pen, self.ink);
                }
                pen += advance(character) * unit_x;
            }
            pen
        })
    }

    /// A signature: a large first loop, a running wave, a tail. About `width` by `height` pixels, on the baseline `y`.
    pub fn sign(&self, canvas: &mut Canvas, dice: &mut Dice, x: f32, y: f32, width: f32, height: f32) {
        // Fractions of the width, and of the height above the line.
        let (lean, first) = (dice.between(0.02, 0.1), dice.between(0.7, 1.1));
        let mut points = match dice.int(0, 2) {
            0 => vec![(0.0, 0.3), (0.08 + lean, first), (0.08, -0.1), (0.02, 0.2), (0.2, 0.4)],
            1 => vec![(0.2, first), (0.06, 0.8), (0.02, 0.3), (0.12, 0.0), (0.24, 0.3), (0.12, 0.45)],
            _ => vec![(0.04, first), (0.06, -0.05), (0.1, first), (0.24, 0.8), (0.2, 0.45), (0.1, 0.4)],
        };
        let mut along = 0.22;
        while along < 0.75 {
            let tall = if dice.percent(25) { dice.between(0.7, 1.0) } else { dice.between(0.2, 0.45) };
            points.push((along + lean, tall));
            points.push((along + dice.between(-0.02, 0.03), dice.between(-0.3, 0.12).max(-0.12)));
            along += dice.between(0.05, 0.13);
        }
        match dice.int(0, 2) {
            0 => points.extend([(0.85, 0.5), (0.7, -0.2), (1.0, 0.1)]),
            1 => points.extend([(0.85, 0.2), (1.0, 0.35)]),
            _ => points.extend([(0.9, 0.1), (0.6, -0.25), (0.2, -0.2)]),
        }
        let points: Vec<(f32, f32)> = points.iter().map(|(u, v)| (x + u * width, y - v * height)).collect();
        canvas.stroke(&smooth(&points), self.pen, self.ink);
        if dice.percent(30) {
            let line = [
                (x + width * 0.1, y + height * 0.25),
                (x + width * 0.6, y + height * 0.18),
                (x + width * 0.9, y + height * 0.22),
            ];
            canvas.stroke(&smooth(&line), self.pen, self.ink);
        }
    }
}

/// The Catmull-Rom spline through `points`, four steps to a piece.
pub(super) fn smooth(points: &[(f32, f32)]) -> Vec<(f32, f32)> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let at = |index: isize| points[index.clamp(0, points.len() as isize - 1) as usize];
    let mut way = vec![points[0]];
    for piece in 0..points.len() as isize - 1 {
        let (a, b, c, d) = (at(piece - 1), at(piece), at(piece + 1), at(piece + 2));
        for step in 1..=4 {
            let t = step as f32 / 4.0;
            let curve = |a: f32, b: f32, c: f32, d: f32| {
                b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
            };
            way.push((curve(a.0, b.0, c.0, d.0), curve(a.1, b.1, c.1, d.1)));
        }
    }
    way
}

/// Two characters a point: `x` is a digit or `a` = 10, `y` a letter from `a` = -4 to `o` = 10.
fn pairs(stroke: &str) -> impl Iterator<Item = (f32, f32)> {
    stroke.as_bytes().chunks_exact(2).map(|pair| {
        let x = if pair[0].is_ascii_digit() { pair[0] - b'0' } else { pair[0] - b'a' + 10 };
        (f32::from(x), f32::from(pair[1]) - f32::from(b'e'))
    })
}

fn strokes(character: char) -> std::str::Split<'static, char> {
    let text = match character {
        'A' => "0e3n6e,1h5h",
        'B' => "0e0n3n4l3j0j,3j5h4f3e0e",
        'C' => "6l4n1m0j0h1f4e6g",
        'D' => "0e0n3n5l6j5g3e0e",
        'E' => "5n0n0j0e5e,0j4j",
        'F' => "5n0n0j0e,0j4j",
        'G' => "6l4n1m0j0h1f4e6g6i4i",
        'H' => "0n0e,6n6e,0j6j",
        'I' => "2n2e",
        'J' => "4n4g3e1e0g",
        'K' => "0n0e,5n0i5e",
        'L' => "0n0e5e",
        'M' => "0e1n4g7n8e",
        'N' => "0e0n6e6n",
        'O' => "3n1m0j0h1f3e5f6h6j5m3n",
        'P' => "0e0n3n5l4j3i0i",
        'Q' => "3n1m0j0h1f3e5f6h6j5m3n,4g6d",
        'R' => "0e0n3n5l4j3i0i,2i6e",
        'S' => "5l4n1n0l2j4i5g4e1e0f",
        'T' => "0n6n,3n3e",
        'U' => "0n0h1f3e5f6h6n",
        'V' => "0n3e6n",
        'W' => "0n2e4l6e8n",
        'X' => "0n6e,6n0e",
        'Y' => "0n3i6n,3i3e",
        'Z' => "0n6n0e6e",
        'a' => "4i2j0h0f2e4f4i,4j4f5e6f",
        'b' => "0o0k0e,0h2j4i4f2e0e",
        'c' => "4i2j0h0f2e4f5f",
        'd' => "4i2j0h0f2e4f,4o4j4f5e6f",
        'e' => "0g4h3j1j0h0f2e5f",
        'f' => "5n4o3n2j2e,0j5j",
        'g' => "4i2j0h0f2e4f,4j4e4b2a0b",
        'h' => "0o0i0e,0h2j4i4e5e",
        'i' => "1j1f2e3f,1m1n",
        'j' => "2j2e2b1a0b,2m2n",
        'k' => "0o0i0e,4j0g4e5e",
        'l' => "1o1j1f2e3f",
        'm' => "0j0e,0h2j3i3e,3h5j6i6e7e",
        'n' => "0j0e,0h2j4i4f5e6f",
        'o' => "2j0h0f2e4f4h2j5i",
        'p' => "0j0e0a,0h2j4i4f2e0f",
        'q' => "4i2j0h0f2e4f,4j4e4a6c",
        'r' => "0j0e,0h2j4j",
        's' => "4i2j0i2g4f2e0f",
        't' => "2n2i2f3e5f,0k5k",
        'u' => "0j0f2e4f,4j4f5e6f",
        'v' => "0j2e4j5j",
        'w' => "0j1e3i5e7j",
        'x' => "0j4e,4j0e",
        'y' => "0j0g2f4g,4j4e3b1a",
        'z' => "0j4j0e5e",
        '0' => "2n0k0g2e4g4k2n",
        '1' => "0l2n2j2e",
        '2' => "0l2n4l2h0e5e",
        '3' => "0m2n4l2j4h2e0f",
        '4' => "3n0h5h,3j3e",
        '5' => "4n0n0j3j4g2e0f",
        '6' => "4n1j0g2e4g2i0g",
        '7' => "0n4n2i1e",
        '8' => "2j0l2n4l2j0g2e4g2j",
        '9' => "4k2j0l2n4l4i3e",
        '.' => "1e1f",
        ',' => "1e0c",
        '-' => "0h4h",
        '/' => "0e4n",
        _ => "",
    };
    text.split(',')
}

fn advance(character: char) -> f32 {
    match character {
        'M' | 'W' => 10.0,
        'm' => 8.5,
        'w' => 8.0,
        'I' => 4.5,
        'A'..='Z' => 8.0,
        'i' | 'l' | 'j' | '1' => 4.0,
        '.' | ',' => 3.0,
        ' ' => 4.5,
        _ => 6.2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spline_goes_through_its_points() {
        let points = [(0.0, 0.0), (4.0, 8.0), (9.0, 1.0), (12.0, 3.0)];
        let way = smooth(&points);
        assert!(points.iter().enumerate().all(|(index, point)| way[index * 4] == *point));
    }

    #[test]
    fn every_letter_and_digit_has_strokes_within_its_line() {
        for character in ('a'..='z').chain('A'..='Z').chain('0'..='9') {
            let points: Vec<_> = strokes(character).flat_map(pairs).collect();
            assert!(points.len() > 1, "{character}");
            assert!(points.iter().all(|(x, y)| (0.0..=8.0).contains(x) && (-4.0..=10.0).contains(y)), "{character}");
        }
    }
}
