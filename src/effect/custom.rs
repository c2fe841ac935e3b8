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
    /// A row that is handed on before there is an image.
    pub(super) row: Vec<u8>,
    /// Samples of more than eight bits, between the two passes of a convolution.
    pub(super) wide: Vec<u16>,
    /// For an encoded sample, as it grows.
    pub encoded: Vec<u8>,
    resizer: Option<fast_image_resize::Resizer>,
}

/// Images, and slices of numbers, that are kept at most. Not every image that is given was taken: a decoder makes its own.
const KEPT: usize = 8;

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

    /// Takes an image's memory back, or lets it go where there is enough.
    pub fn give(&mut self, image: Image) {
        if self.bytes.len() < KEPT {
            self.bytes.push(image.into_data());
        }
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
        if self.numbers.len() < KEPT {
            self.numbers.push(numbers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::{Pass, fast};
    use std::convert::Infallible;

    #[test]
    fn memory_does_not_grow_with_samples() {
        let (page, mut buffers) = (Image::filled(Size::new(40, 30), [200; 3]), Buffers::default());
        for _ in 0..50 {
            let no_partner = |_| unreachable!("BUG: no partner here");
            let Ok(image) =
                fast::execute::<Infallible>(&page, &[Pass::Grey, Pass::Jpeg(50)], &no_partner, &mut buffers);
            buffers.give(image);
        }
        assert!(buffers.bytes.len() <= KEPT, "{} images are kept", buffers.bytes.len());
    }
}
