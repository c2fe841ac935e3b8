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
use super::simd::{self, Shift, Shifts, Table};
use super::taps::{Interpolation, Source};
use super::{Lay, Mode, Pass, Sources, through_jpeg};
use crate::pixels::{Image, Size};
use std::sync::Arc;

/// A pass of single pixels, ready to meet one row after the other.
enum Stage<'a> {
    Add(Box<Shifts>),
    LookUp(Box<Table>),
    Tables(&'a Tables),
    Grey,
    Hsv(&'a HsvShift),
    Matrix(&'a Matrix),
    Noise(Box<Lanes>, Scale),
    Blend(Partner, Lay),
}

/// Whether a pass needs no more of an image than the pixel that it changes.
fn of_single_pixels(pass: &Pass) -> bool {
    !matches!(pass, Pass::Resample(_) | Pass::Blur(_) | Pass::Jpeg(_) | Pass::Custom(_))
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
    /// The stage of a pass [of single pixels](of_single_pixels).
    fn new<E>(pass: &'a Pass, sources: Sources<'_, E>, buffers: &mut Buffers) -> Result<Self, E> {
        Ok(match pass {
            Pass::Tables(tables) => match tables.0.each_ref().map(shift) {
                [Some(red), Some(green), Some(blue)] => Self::Add(Box::new(Shifts::new([red, green, blue]))),
                _ if tables.0[0] == tables.0[1] && tables.0[1] == tables.0[2] => {
                    Self::LookUp(Box::new(Table::new(&tables.0[0])))
                }
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
            Pass::Resample(_) | Pass::Blur(_) | Pass::Jpeg(_) | Pass::Custom(_) => {
                unreachable!("BUG: a pass that needs more than a pixel")
            }
        })
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

/// Where finished rows go.
enum Out<'a> {
    /// To an image.
    Image(&'a mut Image),
    /// So many of them through a single one to whoever takes them.
    Rows(u32, &'a mut [u8], &'a mut dyn FnMut(u32, &[u8])),
}

/// A run of passes of single pixels.
struct Run<'a>(Vec<Stage<'a>>);

impl<'a> Run<'a> {
    /// The first passes of `passes` that are of single pixels.
    fn new<E>(passes: &'a [Pass], sources: Sources<'_, E>, buffers: &mut Buffers) -> Result<Self, E> {
        let passes = passes.iter().take_while(|pass| of_single_pixels(pass));
        passes.map(|pass| Stage::new(pass, sources, buffers)).collect::<Result<_, _>>().map(Self)
    }

    /// Goes over rows one by one, after `read` has filled them.
    fn sweep(&mut self, out: Out<'_>, mut read: impl FnMut(u32, &mut [u8])) {
        let mut finish = |y: u32, line: &mut [u8]| {
            read(y, line);
            for stage in &mut self.0 {
                stage.row(y as usize, line);
            }
        };
        match out {
            Out::Image(image) => {
                let row = image.size().width as usize * 3;
                (0..).zip(image.data_mut().chunks_exact_mut(row)).for_each(|(y, line)| finish(y, line));
            }
            Out::Rows(height, line, sink) => {
                for y in 0..height {
                    finish(y, line);
                    sink(y, line);
                }
            }
        }
    }

    /// The same over an image that is there.
    fn over(&mut self, image: &Image, out: Out<'_>) {
        let width = image.size().width as usize * 3;
        self.sweep(out, |y, line| line.copy_from_slice(&image.data()[y as usize * width..][..width]));
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
    let mut now: Option<Image> = None;
    let mut rest = passes;
    while let [first, after @ ..] = rest {
        let (next, later) = match (first, now.take()) {
            (Pass::Resample(maps), from) => {
                let mut run = Run::new(after, sources, buffers)?;
                let mut out = buffers.image(resample::canvas(maps));
                resample_and(from.as_ref().unwrap_or(image), maps, &mut run, Out::Image(&mut out), buffers);
                let later = &after[run.0.len()..];
                run.finish(buffers);
                give(from, buffers);
                (out, later)
            }
            (Pass::Blur(kernel), from) => {
                let mut out = buffers.image(from.as_ref().unwrap_or(image).size());
                simd::blur(kernel, from.as_ref().unwrap_or(image), &mut out, &mut buffers.wide);
                give(from, buffers);
                (out, after)
            }
            (Pass::Jpeg(quality), from) => {
                let out = through_jpeg(from.as_ref().unwrap_or(image), *quality);
                give(from, buffers);
                (out, after)
            }
            (Pass::Custom(custom), from) => {
                let mut out = from.unwrap_or_else(|| buffers.copy(image));
                custom.0.apply(&mut out, buffers);
                (out, after)
            }
            (_, from) => {
                let mut run = Run::new(rest, sources, buffers)?;
                let mut out = from.unwrap_or_else(|| buffers.copy(image));
                run.sweep(Out::Image(&mut out), |_, _| ());
                let later = &rest[run.0.len()..];
                run.finish(buffers);
                (out, later)
            }
        };
        (now, rest) = (Some(next), later);
    }
    Ok(now.unwrap_or_else(|| buffers.copy(image)))
}

fn give(image: Option<Image>, buffers: &mut Buffers) {
    if let Some(image) = image {
        buffers.give(image);
    }
}

/// The size that an image of this size has after some passes.
pub fn canvas(size: Size, passes: &[Pass]) -> Size {
    let resample = |pass: &Pass| if let Pass::Resample(maps) = pass { Some(resample::canvas(maps)) } else { None };
    passes.iter().rev().find_map(resample).unwrap_or(size)
}

/// As [`execute`], but hands each row of the result (`[w, 3]`, and its number) on as soon as it is finished; where the last
/// passes allow it, there never is an image of them.
///
/// # Errors
/// Only those of `sources`.
pub fn execute_rows<E>(
    image: &Image,
    passes: &[Pass],
    sources: Sources<'_, E>,
    buffers: &mut Buffers,
    sink: &mut dyn FnMut(u32, &[u8]),
) -> Result<(), E> {
    let single = passes.iter().rev().take_while(|pass| of_single_pixels(pass)).count();
    let (before, last) = passes.split_at(passes.len() - single);
    let (before, maps) = match before {
        [before @ .., Pass::Resample(maps)] => (before, Some(maps)),
        _ => (before, None),
    };
    let made = if before.is_empty() { None } else { Some(execute(image, before, sources, buffers)?) };
    let from = made.as_ref().unwrap_or(image);
    let mut run = Run::new(last, sources, buffers)?;
    let size = maps.map_or(from.size(), |maps| resample::canvas(maps));
    let mut line = std::mem::take(&mut buffers.row);
    line.resize(size.width as usize * 3, 0);
    let out = Out::Rows(size.height, &mut line, sink);
    match maps {
        Some(maps) => resample_and(from, maps, &mut run, out, buffers),
        None => run.over(from, out),
    }
    buffers.row = line;
    run.finish(buffers);
    give(made, buffers);
    Ok(())
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

/// A resampling whose rows are not made one after the other, and a run on them.
fn whole(
    canvas: Size,
    run: &mut Run<'_>,
    out: Out<'_>,
    buffers: &mut Buffers,
    make: impl FnOnce(&mut Image, &mut Buffers),
) {
    match out {
        Out::Image(out) => {
            make(out, buffers);
            run.sweep(Out::Image(out), |_, _| ());
        }
        out => {
            let mut made = buffers.image(canvas);
            make(&mut made, buffers);
            run.over(&made, out);
            buffers.give(made);
        }
    }
}

/// One resampling, and a run on its rows.
fn resample_and(image: &Image, maps: &[resample::Map], run: &mut Run<'_>, out: Out<'_>, buffers: &mut Buffers) {
    let canvas = resample::canvas(maps);
    let (reduced, to, masks, mirrored, interpolation) = match resample::settle(image, maps) {
        Settled::Fit(fit) => return whole(canvas, run, out, buffers, |made, buffers| fit.apply(image, made, buffers)),
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
        let mut rows = Rows::new(source, to, &masks, canvas.width);
        run.sweep(out, |y, line| rows.row(y, line));
    } else {
        whole(canvas, run, out, buffers, |made, _| sample(source, made, &to, &masks, interpolation));
    }
    give(shrunk, buffers);
}
