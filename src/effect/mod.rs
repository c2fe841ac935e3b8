//! What ops lower to, how neighbours fold, and the reference executor that defines the bytes.
//!
//! Twelve ops in a recipe must not mean twelve passes over the image and three resamplings. So an op's draw becomes
//! [`Effect`]s, and [`fold`] turns a sample's effects into [`Pass`]es, by rules that are part of identity:
//!
//! - maps that follow each other become one resampling ([`resample`](resample::resample)), perspective included, unless a
//!   map needs the pixels of the canvas before it (an edge or mirror fill that shows) or another interpolation;
//! - curves that follow each other compose unclamped in fixed point and clamp once ([`curve`]);
//! - colour matrices that follow each other multiply, likewise ([`matrix`]);
//! - the order of effects is never changed, and between passes an image is 8 bits per channel.
//!
//! [`execute`] is the scalar reference: plain loops, one per pass. Every faster executor has to equal it byte for byte.

pub mod affine;
pub mod blur;
pub mod color;
pub mod coverage;
pub mod curve;
pub mod custom;
pub mod fast;
pub mod field;
pub mod grain;
pub mod homography;
pub mod matrix;
pub mod noise;
pub mod paper;
pub mod resample;
mod resize;
mod rows;
mod sampling;
pub mod shade;
pub mod simd;
pub mod taps;
pub mod warp;

#[cfg(test)]
mod tests;

use crate::digest::Digest;
use crate::pixels::{Encoding, Fill, Image, Limits, Size, Subsampling, decode};
use blur::Kernel;
use color::HsvShift;
use curve::{Curve, Tables};
use custom::{Buffers, Custom, Shared};
use homography::Homography;
use matrix::Matrix;
use noise::Noise;
use resample::Map;
use std::borrow::Cow;
use std::sync::Arc;
use taps::Interpolation;

/// One effect of an op.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Geometry.
    Map(Map),
    /// A curve per channel.
    Curve([Curve; 3]),
    /// Luma in every channel.
    Grey,
    /// Hue, saturation, value.
    Hsv(HsvShift),
    /// Channels mixed linearly.
    Matrix(Matrix),
    /// Gaussian noise.
    Noise(Noise),
    /// A separable convolution.
    Blur(Kernel),
    /// Through a JPEG of this quality, 4:2:0.
    Jpeg(u8),
    /// A blend with another source.
    Blend(Blend),
    /// A pass of one op's own.
    Custom(Shared),
}

/// Another source laid over a rectangle of the image.
#[derive(Clone, PartialEq, Debug)]
pub struct Blend {
    /// Index of the partner in the plan's sources.
    pub source: usize,
    /// What is done to the partner first; ends with its fit to the rectangle.
    pub effects: Vec<Effect>,
    /// How it is laid over.
    pub lay: Lay,
}

/// How a partner is laid over an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lay {
    /// What becomes of two samples.
    pub mode: Mode,
    /// The partner's share in 256ths, 1 to 256.
    pub weight: u16,
    /// Column of the image under the partner's left one.
    pub left: u32,
    /// Row of the image under the partner's top one.
    pub top: u32,
}

/// What becomes of an image's sample `a` under a partner's sample `b` of the share `w` (in 256ths).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// `(a · (256 − w) + b · w) / 256`, rounded.
    Mix,
    /// `a · (1 − (255 − b) / 255 · w / 256)`, rounded: white changes nothing, as ink on the other side of a sheet.
    Multiply,
}

impl Lay {
    /// The part of the image's row `y` that the partner lies on, and the partner's row there.
    ///
    /// # Panics
    /// When the partner is wider than what is right of its place.
    fn row<'a>(&self, partner: &'a Image, y: usize, line: &'a mut [u8]) -> Option<(&'a mut [u8], &'a [u8])> {
        let width = partner.size().width as usize * 3;
        let over = partner.data().chunks_exact(width).nth(y.checked_sub(self.top as usize)?)?;
        Some((&mut line[self.left as usize * 3..][..width], over))
    }
}

/// One pass over the image.
#[derive(Clone, PartialEq, Debug)]
pub enum Pass {
    /// One resampling for a run of maps.
    Resample(Vec<Map>),
    /// One table per channel for a run of curves.
    Tables(Box<Tables>),
    /// See [`Effect::Grey`].
    Grey,
    /// See [`Effect::Hsv`].
    Hsv(HsvShift),
    /// One matrix for a run of matrices.
    Matrix(Matrix),
    /// See [`Effect::Noise`].
    Noise(Noise),
    /// See [`Effect::Blur`].
    Blur(Kernel),
    /// See [`Effect::Jpeg`].
    Jpeg(u8),
    /// See [`Blend`].
    Blend {
        /// Index of the partner in the plan's sources.
        source: usize,
        /// The partner's passes.
        passes: Vec<Pass>,
        /// How it is laid over.
        lay: Lay,
    },
    /// See [`Effect::Custom`].
    Custom(Shared),
}

/// Names and revisions of everything here that decides bytes beyond an op's own lowering; part of the engine.
pub const REVISIONS: &[(&str, u32)] = &[
    ("blend", 1),
    ("blur", 1),
    ("curve", 1),
    ("grey", 1),
    ("hsv", 1),
    ("jpeg", 1),
    ("matrix", 1),
    ("multiply", 1),
    ("noise", 2),
    ("resample", 1),
];

impl Effect {
    /// The name of this kind of effect in [`REVISIONS`]; none for an op's own pass, whose bytes the op answers for.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Map(_) => "resample",
            Self::Curve(_) => "curve",
            Self::Grey => "grey",
            Self::Hsv(_) => "hsv",
            Self::Matrix(_) => "matrix",
            Self::Noise(_) => "noise",
            Self::Blur(_) => "blur",
            Self::Jpeg(_) => "jpeg",
            Self::Blend(Blend { lay: Lay { mode: Mode::Mix, .. }, .. }) => "blend",
            Self::Blend(_) => "multiply",
            Self::Custom(_) => return None,
        })
    }
}

/// Turns a sample's effects into passes.
pub fn fold(effects: Vec<Effect>) -> Vec<Pass> {
    let mut passes = Vec::new();
    let mut effects = effects.into_iter().peekable();
    while let Some(effect) = effects.next() {
        passes.push(match effect {
            Effect::Map(map) => {
                let mut maps = vec![map];
                while let Some(Effect::Map(map)) =
                    effects.next_if(|next| matches!(next, Effect::Map(map) if map.joins(&maps)))
                {
                    maps.push(map);
                }
                if still(&maps) {
                    continue;
                }
                Pass::Resample(maps)
            }
            Effect::Curve(curve) => {
                let mut curves = vec![curve];
                while let Some(Effect::Curve(curve)) = effects.next_if(|next| matches!(next, Effect::Curve(_))) {
                    curves.push(curve);
                }
                Pass::Tables(Box::new(Tables::compose(&curves)))
            }
            Effect::Grey => Pass::Grey,
            Effect::Hsv(shift) => Pass::Hsv(shift),
            Effect::Matrix(mut matrix) => {
                while let Some(Effect::Matrix(next)) = effects.next_if(|next| matches!(next, Effect::Matrix(_))) {
                    matrix = matrix.then(&next);
                }
                Pass::Matrix(matrix)
            }
            Effect::Noise(noise) => Pass::Noise(noise),
            Effect::Blur(kernel) => Pass::Blur(kernel),
            Effect::Jpeg(quality) => Pass::Jpeg(quality),
            Effect::Blend(Blend { source, effects, lay }) => Pass::Blend { source, passes: fold(effects), lay },
            Effect::Custom(custom) => Pass::Custom(custom),
        });
    }
    passes
}

/// Whether a run of maps leaves every pixel where it is.
fn still(maps: &[Map]) -> bool {
    let to = maps.iter().rev().fold(Homography::IDENTITY, |to, map| to.then(&map.inverse));
    let (first, last) = (&maps[0], &maps[maps.len() - 1]);
    to == Homography::IDENTITY && first.from == last.canvas && !maps.iter().any(Map::uncovers)
}

/// Where the reference executor gets the partners of blends: by index in the plan's sources.
pub type Sources<'a, E> = &'a dyn Fn(usize) -> Result<Arc<Image>, E>;

/// Runs passes, one plain loop each. This is the definition of the bytes.
///
/// # Errors
/// Only those of `sources`.
pub fn execute<E>(image: &Image, passes: &[Pass], sources: Sources<'_, E>) -> Result<Image, E> {
    let mut image = Cow::Borrowed(image);
    for pass in passes {
        match pass {
            Pass::Resample(maps) => image = Cow::Owned(resample::resample(&image, maps)),
            Pass::Tables(tables) => tables.apply(image.to_mut().data_mut()),
            Pass::Grey => color::grey(image.to_mut().data_mut()),
            Pass::Hsv(shift) => shift.apply(image.to_mut().data_mut()),
            Pass::Matrix(matrix) => matrix.apply(image.to_mut().data_mut()),
            Pass::Noise(noise) => noise.apply(image.to_mut()),
            Pass::Blur(kernel) => image = Cow::Owned(kernel.apply(&image)),
            Pass::Jpeg(quality) => image = Cow::Owned(through_jpeg(&image, *quality)),
            Pass::Custom(custom) => custom.0.apply(image.to_mut(), &mut Buffers::default()),
            Pass::Blend { source, passes, lay } => {
                let partner = execute(&*sources(*source)?, passes, sources)?;
                let image = image.to_mut();
                let width = image.size().width as usize * 3;
                for (y, line) in image.data_mut().chunks_exact_mut(width).enumerate() {
                    if let Some((under, over)) = lay.row(&partner, y, line) {
                        match lay.mode {
                            Mode::Mix => color::blend(under, over, lay.weight),
                            Mode::Multiply => color::multiply(under, over, lay.weight),
                        }
                    }
                }
            }
        }
    }
    Ok(image.into_owned())
}

/// The image as a JPEG would show it, by the same pinned codec that stores samples.
fn through_jpeg(image: &Image, quality: u8) -> Image {
    let bytes = Encoding::Jpeg { quality, subsampling: Subsampling::S420 }
        .encode(image)
        .expect("BUG: an image within the limits that cannot be a JPEG");
    decode(&bytes, &Limits { max_pixels: image.size().pixels() }).expect("BUG: a JPEG of our own that cannot be read")
}

/// Collects the effects of a sample's ops, and follows the size of the canvas through them.
pub struct Lowering {
    size: Size,
    key: Digest,
    effects: Vec<Effect>,
}

impl Lowering {
    /// Starts at an image of this size.
    pub fn new(size: Size) -> Self {
        Self { size, key: Digest::from_bytes([0; 32]), effects: Vec::new() }
    }

    /// Starts a step; `key` seeds what it draws per pixel.
    pub fn enter(&mut self, key: Digest) {
        self.key = key;
    }

    /// The key of the present step's fields of noise.
    pub fn key(&self) -> Digest {
        self.key
    }

    /// The canvas as it is now.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Adds an effect that keeps the canvas.
    pub fn push(&mut self, effect: Effect) {
        assert!(!matches!(effect, Effect::Map(_)), "BUG: maps are added by `map`");
        self.effects.push(effect);
    }

    /// Adds a pass of the op's own.
    pub fn custom(&mut self, pass: impl Custom + 'static) {
        self.push(Effect::Custom(Shared(Arc::new(pass))));
    }

    /// Adds a map to a new canvas; `inverse` goes from the new canvas to the present one. It is read between pixels as the
    /// maps beside it want to be.
    pub fn map(&mut self, inverse: impl Into<Homography>, canvas: Size, fill: Fill) {
        self.add(Map { inverse: inverse.into(), from: self.size, canvas, fill, interpolation: None });
    }

    /// As [`Lowering::map`], with an interpolation of its own.
    pub fn map_by(&mut self, interpolation: Interpolation, inverse: impl Into<Homography>, canvas: Size, fill: Fill) {
        let interpolation = Some(interpolation);
        self.add(Map { inverse: inverse.into(), from: self.size, canvas, fill, interpolation });
    }

    fn add(&mut self, map: Map) {
        self.size = map.canvas;
        self.effects.push(Effect::Map(map));
    }

    /// All effects, in order.
    pub fn finish(self) -> Vec<Effect> {
        self.effects
    }
}
