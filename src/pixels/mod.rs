//! Images in memory: 8-bit sRGB, nothing else.

mod decode;
mod encode;
mod fill;
mod jpeg;
mod png;

pub use decode::{DECODE_REVISION, DecodeError, Limits, decode, probe_size};
pub use encode::{EncodeError, Encoding, ParseSubsamplingError, Subsampling};
pub use fill::{COLORS, Fill};

/// A width and a height in pixels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// `width` by `height`.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// How many pixels.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Width and height swapped.
    pub const fn transposed(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

/// An image: `[height, width, 3]` u8 sRGB, rows from top to bottom, no padding. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    size: Size,
    data: Vec<u8>,
}

impl Image {
    /// Wraps samples; `None` unless there are `3 · width · height` of them and at least one pixel.
    pub fn new(size: Size, data: Vec<u8>) -> Option<Self> {
        (size.pixels() > 0 && data.len() as u64 == 3 * size.pixels()).then_some(Self { size, data })
    }

    /// An image of one colour.
    ///
    /// # Panics
    /// When a side is 0.
    pub fn filled(size: Size, color: [u8; 3]) -> Self {
        assert!(size.pixels() > 0, "BUG: an image of no pixels");
        Self { size, data: color.repeat(size.pixels() as usize) }
    }

    /// An image whose pixel at column `x`, row `y` is `pixel(x, y)`.
    pub fn from_fn(size: Size, mut pixel: impl FnMut(u32, u32) -> [u8; 3]) -> Self {
        let mut image = Self::filled(size, [0; 3]);
        for y in 0..size.height {
            for x in 0..size.width {
                image.set(x, y, pixel(x, y));
            }
        }
        image
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// All samples.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// All samples, to be changed.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// All samples, taken.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// The pixel at column `x`, row `y`.
    #[inline]
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let start = (y as usize * self.size.width as usize + x as usize) * 3;
        [self.data[start], self.data[start + 1], self.data[start + 2]]
    }

    /// Sets the pixel at column `x`, row `y`.
    #[inline]
    pub fn set(&mut self, x: u32, y: u32, color: [u8; 3]) {
        let start = (y as usize * self.size.width as usize + x as usize) * 3;
        self.data[start..start + 3].copy_from_slice(&color);
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({})", self.size)
    }
}
