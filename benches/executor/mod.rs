//! The one place where benches call the executor.

use augmint::effect::{Pass, execute};
use augmint::pixels::Image;
use std::convert::Infallible;
use std::sync::Arc;

/// What a rendering thread keeps from sample to sample.
#[derive(Default)]
pub struct Executor {}

impl Executor {
    /// Runs passes on an image and hands the result on; partners are taken from `sources`, decoded already.
    pub fn run<T>(
        &mut self,
        image: &Image,
        passes: &[Pass],
        sources: &[Arc<Image>],
        then: impl FnOnce(&Image) -> T,
    ) -> T {
        let Ok(image) = execute::<Infallible>(image, passes, &|source| Ok(sources[source].clone()));
        then(&image)
    }

    /// The same for several runs of passes, each of which reads one image and makes another.
    #[allow(dead_code, reason = "only one bench takes ops one after the other")]
    pub fn run_each<T>(
        &mut self,
        image: &Image,
        runs: &[Vec<Pass>],
        sources: &[Arc<Image>],
        then: impl FnOnce(&Image) -> T,
    ) -> T {
        let mut made = None;
        for passes in runs {
            let from = made.as_ref().unwrap_or(image);
            let Ok(next) = execute::<Infallible>(from, passes, &|source| Ok(sources[source].clone()));
            made = Some(next);
        }
        then(made.as_ref().unwrap_or(image))
    }
}
