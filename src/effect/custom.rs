//! Passes that are one op's alone: anything that is no map, curve, noise, convolution or blend.
//!
//! An op lowers to one by [`Lowering::custom`](super::Lowering::custom). Such a pass keeps the size of the canvas, has no
//! name among the engine's effects (its op's revision answers for its bytes), and is its own scalar reference: integers,
//! or floats with `+ - * /`, `sqrt`, `floor` and `libm` only.

use crate::pixels::{Image, Size};
use std::fmt;
use std::sync::Arc;

/// A pass over a whole image.
pub trait Custom: fmt::Debug + Send + Sync {
    /// Changes the image; its size stays.
    fn apply(&self, image: &mut Image, buffers: &mut Buffers);
}

/// A custom pass as effects and passes hold it.
#[derive(Clone, Debug)]
pub struct Shared(pub Arc<dyn Custom>);

impl PartialEq for Shared {
    /// By what it is made of: a pass prints all that it holds.
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// Memory that a worker uses again from sample to sample, so that rendering allocates no pixels in its steady state.
#[derive(Default)]
pub struct Buffers {
    bytes: Vec<Vec<u8>>,
    numbers: Vec<Vec<i32>>,
    resizer: Option<fast_image_resize::Resizer>,
}

impl Buffers {
    /// An image of this size with any content; to be [given](Self::give) back.
    pub fn image(&mut self, size: Size) -> Image {
        let mut data = self.bytes.pop().unwrap_or_default();
        data.resize(size.pixels() as usize * 3, 0);
        Image::new(size, data).expect("BUG: an image of no pixels")
    }

    /// A copy of an image; to be [given](Self::give) back.
    pub fn copy(&mut self, image: &Image) -> Image {
        let mut copy = self.image(image.size());
        copy.data_mut().copy_from_slice(image.data());
        copy
    }

    /// Takes an image's memory back.
    pub fn give(&mut self, image: Image) {
        self.bytes.push(image.into_data());
    }

    /// `len` numbers, all 0; to be [given](Self::give_numbers) back.
    pub fn numbers(&mut self, len: usize) -> Vec<i32> {
        let mut numbers = self.numbers.pop().unwrap_or_default();
        numbers.clear();
        numbers.resize(len, 0);
        numbers
    }

    /// The resizer, with memory of its own.
    pub(super) fn resizer(&mut self) -> &mut fast_image_resize::Resizer {
        self.resizer.get_or_insert_default()
    }

    /// Takes numbers' memory back.
    pub fn give_numbers(&mut self, numbers: Vec<i32>) {
        self.numbers.push(numbers);
    }
}
