//! The executor that builds use: the bytes of [`execute`](super::execute), at the speed of the machine.
//!
//! A resampling and the passes of single pixels after it (curves, matrices, noise, blends) are done row by row while a row
//! is in the first-level cache; inner loops are [`simd`]'s. Memory comes from [`Buffers`], so that a worker allocates no
//! image in its steady state.

use super::color::HsvShift;
use super::curve::Tables;
use super::custom::Buffers;
use super::homography::Homography;
use super::matrix::Matrix;
use super::noise::{Lanes, Scale};
use super::resample::{self, Settled};
use super::resize::resized;
use super::rows::Rows;
use super::sampling::sample;
use super::simd::{self, Shift};
use super::taps::{Interpolation, Source};
use super::{Lay, Mode, Pass, Sources, through_jpeg};
use crate::pixels::Image;
use std::sync::Arc;

/// A pass of single pixels, ready to meet one row after the other.
enum Stage<'a> {
    Add([Shift; 3]),
    LookUp(&'a [u8; 256]),
    Tables(&'a Tables),
    Grey,
    Hsv(&'a HsvShift),
    Matrix(&'a Matrix),
    Noise(Box<Lanes>, Scale),
    Blend(Partner, Lay),
}

/// The other image of a blend.
enum Partner {
    Source(Arc<Image>),
    Made(Image),
}

impl Partner {
    fn image(&self) -> &Image {
        match self {
            Self::Source(image) => image,
            Self::Made(image) => image,
        }
    }
}

/// The shift that a table is, if it is one.
fn shift(table: &[u8; 256]) -> Option<Shift> {
    [false, true].into_iter().find_map(|negative| {
        let levels = || table.iter().zip((0u8..=255).map(|level| i16::from(if negative { !level } else { level })));
        let (to, from) = levels().find(|(to, _)| !matches!(to, 0 | 255)).or_else(|| levels().next())?;
        let by = i16::from(*to) - from;
        levels().all(|(to, from)| i16::from(*to) == (from + by).clamp(0, 255)).then_some(Shift { negative, by })
    })
}

impl<'a> Stage<'a> {
    /// `None` for a pass that needs more than a pixel.
    fn new<E>(pass: &'a Pass, sources: Sources<'_, E>, buffers: &mut Buffers) -> Result<Option<Self>, E> {
        Ok(Some(match pass {
            Pass::Tables(tables) => match tables.0.each_ref().map(shift) {
                [Some(red), Some(green), Some(blue)] => Self::Add([red, green, blue]),
                _ if tables.0[0] == tables.0[1] && tables.0[1] == tables.0[2] => Self::LookUp(&tables.0[0]),
                _ => Self::Tables(tables),
            },
            Pass::Grey => Self::Grey,
            Pass::Hsv(shift) => Self::Hsv(shift),
            Pass::Matrix(matrix) => Self::Matrix(matrix),
            Pass::Noise(noise) => Self::Noise(Box::new(Lanes::new(&noise.key)), Scale::new(noise.sigma)),
            Pass::Blend { source, passes, lay } => {
                let partner = sources(*source)?;
                let partner = match &passes[..] {
                    [] => Partner::Source(partner),
                    passes => Partner::Made(execute(&partner, passes, sources, buffers)?),
                };
                Self::Blend(partner, *lay)
            }
            Pass::Resample(_) | Pass::Blur(_) | Pass::Jpeg(_) | Pass::Custom(_) => return Ok(None),
        }))
    }

    fn row(&mut self, y: usize, line: &mut [u8]) {
        match self {
            Self::Add(shifts) => simd::add(shifts, line),
            Self::LookUp(table) => simd::look_up(table, line),
            Self::Tables(tables) => tables.apply(line),
            Self::Grey => simd::grey(line),
            Self::Hsv(shift) => simd::hsv(shift, line),
            Self::Matrix(matrix) => simd::matrix(matrix, line),
            Self::Noise(lanes, scale) => simd::noise(lanes, *scale, line),
            Self::Blend(partner, lay) => {
                if let Some((under, over)) = lay.row(partner.image(), y, line) {
                    match lay.mode {
                        Mode::Mix => simd::blend(under, over, lay.weight),
                        Mode::Multiply => simd::multiply(under, over, lay.weight),
                    }
                }
            }
        }
    }
}

/// A run of passes of single pixels.
struct Run<'a>(Vec<Stage<'a>>);

impl<'a> Run<'a> {
    /// The first passes of `passes` that are of single pixels.
    fn new<E>(passes: &'a [Pass], sources: Sources<'_, E>, buffers: &mut Buffers) -> Result<Self, E> {
        let mut stages = Vec::new();
        for pass in passes {
            match Stage::new(pass, sources, buffers)? {
                Some(stage) => stages.push(stage),
                None => break,
            }
        }
        Ok(Self(stages))
    }

    /// Goes over an image row by row, after `read` has filled a row.
    fn sweep(&mut self, image: &mut Image, mut read: impl FnMut(u32, &mut [u8])) {
        let row = image.size().width as usize * 3;
        for (y, line) in image.data_mut().chunks_exact_mut(row).enumerate() {
            read(y as u32, line);
            for stage in &mut self.0 {
                stage.row(y, line);
            }
        }
    }

    /// The same over rows that are there.
    fn rows(&mut self, image: &mut Image) {
        self.sweep(image, |_, _| ());
    }

    fn finish(self, buffers: &mut Buffers) {
        for stage in self.0 {
            if let Stage::Blend(Partner::Made(image), _) = stage {
                buffers.give(image);
            }
        }
    }
}

/// Runs passes; the bytes are those of [`execute`](super::execute). The result is to be [given](Buffers::give) back.
///
/// # Errors
/// Only those of `sources`.
pub fn execute<E>(image: &Image, passes: &[Pass], sources: Sources<'_, E>, buffers: &mut Buffers) -> Result<Image, E> {
    let mut now = None;
    let mut rest = passes;
    while let [first, after @ ..] = rest {
        let from = now.as_ref().unwrap_or(image);
        let (next, later) = match first {
            Pass::Resample(maps) => {
                let mut run = Run::new(after, sources, buffers)?;
                let mut out = buffers.image(resample::canvas(maps));
                resample_and(from, maps, &mut run, &mut out, buffers);
                let later = &after[run.0.len()..];
                run.finish(buffers);
                (out, later)
            }
            Pass::Blur(kernel) => {
                let mut out = buffers.image(from.size());
                simd::blur(kernel, from, &mut out);
                (out, after)
            }
            Pass::Jpeg(quality) => (through_jpeg(from, *quality), after),
            _ => {
                let mut run = Run::new(rest, sources, buffers)?;
                let mut out = match now.take() {
                    Some(image) => image,
                    None => buffers.copy(image),
                };
                run.rows(&mut out);
                let done = run.0.len();
                run.finish(buffers);
                match first {
                    Pass::Custom(custom) => {
                        custom.0.apply(&mut out, buffers);
                        (out, after)
                    }
                    _ => (out, &rest[done..]),
                }
            }
        };
        if let Some(before) = now.replace(next) {
            buffers.give(before);
        }
        rest = later;
    }
    Ok(now.unwrap_or_else(|| buffers.copy(image)))
}

/// Reads an image once in order, where a path that climbs would have to wait for each line of the cache on its own; it makes
/// the resampling at 45 degrees a third faster. Not for what no cache holds.
fn warm(image: &Image) {
    const LINE: usize = 64;
    const MOST: usize = 8 << 20;
    if image.data().len() <= MOST {
        let lines = image.data().iter().step_by(LINE);
        std::hint::black_box(lines.fold(0, |sum, byte| sum ^ byte));
    }
}

/// One resampling, and a run on its rows.
fn resample_and(image: &Image, maps: &[resample::Map], run: &mut Run<'_>, out: &mut Image, buffers: &mut Buffers) {
    let (reduced, to, masks, mirrored, interpolation) = match resample::settle(image, maps) {
        Settled::Fit(fit) => {
            fit.apply(image, out, buffers);
            return run.rows(out);
        }
        Settled::Sample { reduced, to, masks, mirrored, interpolation } => {
            (reduced, to, masks, mirrored, interpolation)
        }
    };
    let shrunk = (reduced != image.size()).then(|| resized(image, reduced, buffers));
    let source = Source { image: shrunk.as_ref().unwrap_or(image), mirrored };
    if let (Homography::Affine(to), Interpolation::Bilinear) = (&to, interpolation) {
        let masks = resample::affine(&masks);
        if to.d != 0.0 {
            warm(source.image);
        }
        let mut rows = Rows::new(source, to, &masks, out.size().width);
        run.sweep(out, |y, line| rows.row(y, line));
    } else {
        sample(source, out, &to, &masks, interpolation);
        run.rows(out);
    }
    if let Some(shrunk) = shrunk {
        buffers.give(shrunk);
    }
}
