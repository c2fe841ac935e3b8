//! The one place where benches call the executor.

use augmint::effect::custom::Buffers;
use augmint::effect::{Pass, fast, simd};
use augmint::pixels::Image;
use std::convert::Infallible;
use std::sync::Arc;

/// What a rendering thread keeps from sample to sample.
#[derive(Default)]
pub struct Executor {
    buffers: Buffers,
}

impl Executor {
    /// Runs passes on an image and hands the result on; partners are taken from `sources`, decoded already.
    pub fn run<T>(
        &mut self,
        image: &Image,
        passes: &[Pass],
        sources: &[Arc<Image>],
        then: impl FnOnce(&Image) -> T,
    ) -> T {
        let sources = |source: usize| Ok(sources[source].clone());
        let Ok(image) = fast::execute::<Infallible>(image, passes, &sources, &mut self.buffers);
        let result = then(&image);
        self.buffers.give(image);
        result
    }

    /// Runs passes on an image into `[3, h, w]`, contiguous.
    #[allow(dead_code, reason = "only one bench makes tensors")]
    pub fn planes(&mut self, image: &Image, passes: &[Pass], sources: &[Arc<Image>], planes: &mut Vec<u8>) {
        let sources = |source: usize| Ok(sources[source].clone());
        let size = fast::canvas(image.size(), passes);
        let width = size.width as usize;
        planes.resize(size.pixels() as usize * 3, 0);
        let mut part = |y: u32, row: &[u8]| simd::planes(row, y as usize * width, planes);
        let Ok(()) = fast::execute_rows::<Infallible>(image, passes, &sources, &mut self.buffers, &mut part);
    }

    /// [`run`](Self::run) for several runs of passes, each of which reads one image and makes another.
    #[allow(dead_code, reason = "only one bench takes ops one after the other")]
    pub fn run_each<T>(
        &mut self,
        image: &Image,
        runs: &[Vec<Pass>],
        sources: &[Arc<Image>],
        then: impl FnOnce(&Image) -> T,
    ) -> T {
        let sources = |source: usize| Ok(sources[source].clone());
        let mut made: Option<Image> = None;
        for passes in runs {
            let from = made.as_ref().unwrap_or(image);
            let Ok(next) = fast::execute::<Infallible>(from, passes, &sources, &mut self.buffers);
            if let Some(before) = made.replace(next) {
                self.buffers.give(before);
            }
        }
        let result = then(made.as_ref().unwrap_or(image));
        if let Some(made) = made {
            self.buffers.give(made);
        }
        result
    }
}
