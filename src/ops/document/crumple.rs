//! Paper that was crushed into a ball.

use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::shade;
use crate::number::Micro;
use crate::ops::spec::{micro, number};
use crate::pixels::{Image, Size};

crate::op! {
    /// Wrinkles: the sheet is broken into flat facets of two sizes that face the light differently, with a light or dark
    /// crease where two meet. Multiplies brightness; the paper does not move. The facets are the cells of a jittered
    /// lattice (Worley 1996, "A Cellular Texture Basis Function").
    op "crumple", revision 1, Document, effects [], example "strength = [0.2, 0.7]";
    Crumple {
        /// 0 changes nothing, 1 is a sheet picked out of a bin.
        strength: Micro = number(0, 1, "fraction"),
        /// Of a large facet, as a fraction of the shorter side.
        size: Micro = micro(20_000, 1_000_000, "fraction").or_micro(220_000),
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

/// A facet: its middle, and the slope of its brightness.
#[derive(Clone, Copy)]
struct Facet {
    x: f32,
    y: f32,
    light: f32,
    right: f32,
    down: f32,
}

/// Facets on a lattice, one to a cell, with one more cell on every side.
struct Facets {
    columns: usize,
    cell: f32,
    facets: Vec<Facet>,
}

impl Facets {
    fn new(key: &Digest, name: &str, size: Size, cell: f32) -> Self {
        let mut rng = rng(key, name);
        let cells = |length: u32| (length as f32 / cell) as usize + 4;
        let (columns, rows) = (cells(size.width), cells(size.height));
        let facet = |index: usize| {
            let (column, row) = ((index % columns) as f32 - 1.0, (index / columns) as f32 - 1.0);
            let mut draw = |low, high| between(&mut rng, low, high);
            Facet {
                x: (column + draw(0.0, 1.0)) * cell,
                y: (row + draw(0.0, 1.0)) * cell,
                light: draw(-1.0, 1.0),
                right: draw(-1.0, 1.0) / cell,
                down: draw(-1.0, 1.0) / cell,
            }
        };
        Self { columns, cell, facets: (0..columns * rows).map(facet).collect() }
    }

    /// The light on a place, about −1 to 1, and how near it is to a crease, 0 to 1.
    fn at(&self, x: f32, y: f32, line: f32) -> (f32, f32) {
        let (column, row) = ((x / self.cell).max(0.0) as usize, (y / self.cell).max(0.0) as usize);
        let (mut nearest, mut second) = (f32::INFINITY, f32::INFINITY);
        let mut facet = self.facets[0];
        for row in row..row + 3 {
            for candidate in &self.facets[row * self.columns + column..][..3] {
                let (dx, dy) = (x - candidate.x, y - candidate.y);
                let square = dx * dx + dy * dy;
                if square < nearest {
                    (second, nearest, facet) = (nearest, square, *candidate);
                } else if square < second {
                    second = square;
                }
            }
        }
        let crease = (1.0 - (second.sqrt() - nearest.sqrt()) / line).max(0.0);
        (0.7 * facet.light + 0.6 * ((x - facet.x) * facet.right + (y - facet.y) * facet.down), crease)
    }
}

impl Custom for Crumpled {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let cell = (self.size.to_f64() as f32 * short).max(2.0);
        let large = Facets::new(&self.key, "crumple large", size, cell);
        let small = Facets::new(&self.key, "crumple small", size, (0.36 * cell).max(1.5));
        let field = |name, cell: f32| Field::new(&part(&self.key, name), size, f64::from(cell));
        let (bend, press) = (field("crumple bend", (0.25 * cell).max(1.5)), field("crumple press", (1.4 * cell).max(2.0)));
        let line = (0.006 * short).max(1.2);
        let (mut factors, mut presses) = (buffers.numbers(width), buffers.numbers(width));
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            bend.row(y, &mut factors);
            press.row(y, &mut presses);
            for (x, factor) in factors.iter_mut().enumerate() {
                let bent = 0.18 * cell * UNIT * *factor as f32;
                let (at_x, at_y) = (x as f32 + bent, y as f32 - bent);
                let (broad, fold) = large.at(at_x, at_y, line);
                let (fine, crease) = small.at(at_x, at_y, line);
                // Some parts of the sheet were crushed more.
                let crushed = (0.5 + 1.6 * UNIT * presses[x] as f32).clamp(0.05, 1.0);
                let light = 0.09 * broad + 0.09 * crushed * fine + 0.16 * fold * broad + 0.14 * crushed * crease * fine;
                *factor = fixed(1.0 - 0.03 * strength + strength * light);
            }
            shade::multiply(row, &factors);
        }
        buffers.give_numbers(factors);
        buffers.give_numbers(presses);
    }
}
