//! Ops that bend the image: no map of planes, so each is a pass of its own through one [sampler](crate::effect::warp).

use super::spec::{Fill, Interpolation, fill, integer, interpolation, micro, word};
use crate::digest::{Digest, Hasher};
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::taps::whole;
use crate::effect::warp::Reading;
use crate::number::Micro;
use crate::pixels::{Image, Size};
use crate::seed::Rng;

/// 1024ths of a pixel: what displacements are counted in.
const PIXEL: f64 = 1024.0;

fn shorter(size: Size) -> f64 {
    f64::from(size.width.min(size.height))
}

crate::op! {
    /// Bends the image smoothly (elastic distortion, Simard et al. 2003; torchvision's `ElasticTransform`): every pixel is
    /// read at an offset from a random field, here a cubic B-spline over a lattice instead of noise smoothed by a
    /// Gaussian. Small cells shake handwriting; large ones curl paper, the more so along one axis. Where `strength` is more
    /// than two thirds of `cell`, the image can fold over itself.
    op "elastic", revision 1, Geometry, effects [], example "strength = [0.01, 0.03], cell = [0.08, 0.2]";
    Elastic {
        /// Farthest that a pixel moves; most move a quarter of it. Of the shorter side.
        strength: Micro = micro(0, 500_000, "fraction"),
        /// Distance between bends, of the shorter side.
        cell: Micro = micro(5_000, 2_000_000, "fraction").or_micro(100_000),
        /// Which way pixels move.
        along: &'static str = word(&["both", "horizontal", "vertical"]).or_word("both"),
        /// What is seen beyond the image.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl Elastic {
    fn lower(&self, lowering: &mut Lowering) {
        let (key, side) = (lowering.key(), shorter(lowering.size()));
        let field = |axis: &str| Hasher::new("augmint elastic 1").digest(&key).text(axis).finish();
        lowering.custom(Bend {
            x: (self.along != "vertical").then(|| field("x")),
            y: (self.along != "horizontal").then(|| field("y")),
            strength: (self.strength.to_f64() * side * PIXEL).round_ties_even() as i64,
            cell_px: (self.cell.to_f64() * side).max(1.0),
            reading: Reading { fill: self.fill, interpolation: self.interpolation },
        });
    }
}

/// Offsets from one field per axis.
#[derive(Debug)]
struct Bend {
    x: Option<Digest>,
    y: Option<Digest>,
    /// In 1024ths of a pixel.
    strength: i64,
    cell_px: f64,
    reading: Reading,
}

impl Custom for Bend {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let field = |key: &Option<Digest>| key.as_ref().map(|key| Field::new(key, size, self.cell_px));
        let (x, y) = (field(&self.x), field(&self.y));
        self.reading.warp(image, buffers, |row, right, down| {
            for (field, line) in [(&x, right), (&y, down)] {
                if let Some(field) = field {
                    field.row(row, line);
                    for offset in line {
                        *offset = ((i64::from(*offset) * self.strength + (1 << 15)) >> 16) as i32;
                    }
                }
            }
        });
    }
}

crate::op! {
    /// Moves the crossings of a grid, each by an offset of its own, and what lies between them linearly with them
    /// (albumentations' `GridDistortion`, Augmentor's `random_distortion`): crumpled paper, with an edge along each line.
    op "grid_distortion", revision 1, Geometry, effects [], example "cells = [4, 8], strength = [0.1, 0.25]";
    GridDistortion {
        /// Cells along the shorter side; along the longer one as many more as keep them square.
        cells: Micro = integer(1, 100, "cells").or(5),
        /// Farthest that a crossing moves along each axis, of a cell; offsets up to it are equally likely.
        strength: Micro = micro(0, 500_000, "fraction of a cell"),
        /// What is seen beyond the image.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

/// Most cells along a side: a strip of paper gets longer cells instead of a million of them.
const MOST_CELLS: f64 = 1000.0;

impl GridDistortion {
    fn lower(&self, lowering: &mut Lowering) {
        let size = lowering.size();
        let cells = |length: u32| {
            let cells = self.cells.to_f64() * f64::from(length) / shorter(size);
            cells.round_ties_even().clamp(1.0, MOST_CELLS) as u32
        };
        lowering.custom(Grid {
            cells: [cells(size.width), cells(size.height)],
            strength: self.strength.to_f64(),
            key: Hasher::new("augmint grid_distortion 1").digest(&lowering.key()).finish(),
            reading: Reading { fill: self.fill, interpolation: self.interpolation },
        });
    }
}

/// Offsets at the crossings of a grid.
#[derive(Debug)]
struct Grid {
    /// Columns and rows.
    cells: [u32; 2],
    strength: f64,
    key: Digest,
    reading: Reading,
}

impl Custom for Grid {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let [columns, rows] = self.cells;
        let mut rng = Rng::from_digest(&self.key);
        let mut offset = |length: u32, cells: u32| {
            let farthest = self.strength * f64::from(length) / f64::from(cells) * PIXEL;
            ((2.0 * rng.open01() - 1.0) * farthest).round_ties_even() as i32
        };
        let crossings = (columns as usize + 1) * (rows as usize + 1);
        let (mut x, mut y) = (buffers.numbers(crossings), buffers.numbers(crossings));
        for (x, y) in x.iter_mut().zip(&mut y) {
            (*x, *y) = (offset(size.width, columns), offset(size.height, rows));
        }
        // Of the middle of a pixel: its cell, and how far across it, in 2^16ths.
        let place = |at: u32, length: u32, cells: u32| {
            let (at, length) = ((2 * u64::from(at) + 1) * u64::from(cells), 2 * u64::from(length));
            ((at / length) as usize, (((at % length) << 16) / length) as i32)
        };
        let between = |a: i32, b: i32, part: i32| {
            ((i64::from(a) * i64::from((1 << 16) - part) + i64::from(b) * i64::from(part) + (1 << 15)) >> 16) as i32
        };
        let (mut cells, mut parts) = (buffers.numbers(size.width as usize), buffers.numbers(size.width as usize));
        for ((column, cell), part) in (0..).zip(&mut cells).zip(&mut parts) {
            let (at, fraction) = place(column, size.width, columns);
            (*cell, *part) = (at as i32, fraction);
        }
        let stride = columns as usize + 1;
        let mut line = buffers.numbers(stride);
        self.reading.warp(image, buffers, |row, right, down| {
            let (cell, part) = place(row, size.height, rows);
            for (offsets, out) in [(&x, right), (&y, down)] {
                let (above, below) = (&offsets[cell * stride..], &offsets[(cell + 1) * stride..]);
                for ((value, above), below) in line.iter_mut().zip(above).zip(below) {
                    *value = between(*above, *below, part);
                }
                for ((out, cell), part) in out.iter_mut().zip(&cells).zip(&parts) {
                    let cell = *cell as usize;
                    *out = between(line[cell], line[cell + 1], *part);
                }
            }
        });
        for numbers in [x, y, cells, parts, line] {
            buffers.give_numbers(numbers);
        }
    }
}

crate::op! {
    /// Bends the image as a lens does (Brown 1966, the first radial term; albumentations' `OpticalDistortion`): a pixel at
    /// the distance r from the centre is read at r (1 + k r²), where r is 1 in the corners.
    op "optical_distortion", revision 1, Geometry, effects [], example "k = [-0.15, 0.2]";
    OpticalDistortion {
        /// Above 0 is a barrel: the corners are drawn in and the sides bulge out. Below 0 is a pincushion: the corners
        /// are pulled out and cut off. The corners of the result see what lies k times their distance farther out.
        k: Micro = micro(-330_000, 1_000_000, "k1"),
        /// What is seen beyond the image.
        fill: Fill = fill(),
        /// Between pixels: `nearest` (no new colours, no antialiasing), `bilinear` or `bicubic` (Catmull-Rom, sharper).
        interpolation: Interpolation = interpolation(),
    }
}

impl OpticalDistortion {
    fn lower(&self, lowering: &mut Lowering) {
        let reading = Reading { fill: self.fill, interpolation: self.interpolation };
        lowering.custom(Lens { k: self.k.to_f64(), reading });
    }
}

/// A lens before the image.
#[derive(Debug)]
struct Lens {
    k: f64,
    reading: Reading,
}

impl Custom for Lens {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let (width, height) = (f64::from(image.size().width), f64::from(image.size().height));
        let (middle_x, middle_y) = (width / 2.0, height / 2.0);
        let scale = self.k / (middle_x * middle_x + middle_y * middle_y);
        let offset = |along: f64| whole(along).clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        self.reading.warp(image, buffers, |row, right, down| {
            let y = f64::from(row) + 0.5 - middle_y;
            for ((column, right), down) in (0u32..).zip(right).zip(down) {
                let x = f64::from(column) + 0.5 - middle_x;
                let farther = scale * (x * x + y * y) * PIXEL;
                (*right, *down) = (offset(x * farther), offset(y * farther));
            }
        });
    }
}
