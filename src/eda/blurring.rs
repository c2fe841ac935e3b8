//! How much blur makes the sources as soft as the target: tried, not guessed.
//!
//! Sharpness falls with blur by a law that depends on what is drawn, so some sources are brought to the target's size,
//! blurred by several sigmas and measured. Noise makes images sharp too: of the target its part, 20 σ², is taken off first.

use super::survey::{Survey, longest};
use crate::digest::Digest;
use crate::pixels::{Image, Size};
use crate::source::look;
use crate::statistics::{Statistics, of, quantile};
use image::{RgbImage, imageops};

/// Sources that are tried.
const TRIED: usize = 24;
/// Standard deviations of the blur, in pixels, rising.
const SIGMAS: [f32; 7] = [0.0, 0.4, 0.6, 0.9, 1.3, 1.9, 2.8];
/// The megapixels of a file that is tried: the sources were read before, under a limit of their own.
const MAX_MEGAPIXELS: u32 = 1000;

/// The middle sharpness of the tried sources under each sigma.
pub(super) struct Softness(Vec<(f64, f64)>);

/// Sharpness without the part that the noise has in it (see `statistics::detail`), at least 1.
pub(super) fn without_noise(statistics: &Statistics) -> f64 {
    let noise = statistics.noise.unwrap_or(0.0);
    (statistics.sharpness - 20.0 * noise * noise).max(1.0)
}

impl Softness {
    /// Blurs sources whose longest side is brought to at most `side` pixels.
    pub fn of(sources: &Survey, side: u32) -> Option<Self> {
        let mut paths: Vec<&str> = sources
            .images
            .iter()
            .filter(|image| longest(&image.statistics) >= 64)
            .map(|image| image.path.as_str())
            .collect();
        paths.sort_by_cached_key(|path| Digest::of(path.as_bytes()));
        paths.truncate(TRIED);
        let found = look(&sources.root, &paths, MAX_MEGAPIXELS, &|_| {}, &|_, image| {
            let small = crate::report::smaller(&image, side);
            SIGMAS.map(|sigma| without_noise(&of(&blurred(&small, sigma))))
        });
        let found: Vec<[f64; 7]> = found.into_iter().flatten().collect();
        if found.is_empty() {
            return None;
        }
        let middle = |at: usize| {
            let mut values: Vec<f64> = found.iter().map(|values| values[at]).collect();
            values.sort_by(f64::total_cmp);
            quantile(&values, 0.5)
        };
        Some(Self((0..SIGMAS.len()).map(|at| (f64::from(SIGMAS[at]), middle(at))).collect()))
    }

    /// Of the sources as they are.
    pub fn sharpness(&self) -> f64 {
        self.0[0].1
    }

    /// The sigma that brings the middle source down to a sharpness; 0 where it is no sharper, at most the largest tried.
    pub fn sigma(&self, sharpness: f64) -> f64 {
        for pair in self.0.windows(2) {
            let ((before, sharp), (after, soft)) = (pair[0], pair[1]);
            if sharpness >= sharp {
                return before;
            }
            if sharpness > soft {
                // In a straight line of the logarithm.
                let part = (libm::log(sharp) - libm::log(sharpness)) / (libm::log(sharp) - libm::log(soft));
                return before + part * (after - before);
            }
        }
        self.0[self.0.len() - 1].0
    }
}

fn blurred(image: &Image, sigma: f32) -> Image {
    if sigma == 0.0 {
        return image.clone();
    }
    let Size { width, height } = image.size();
    let full = RgbImage::from_raw(width, height, image.data().to_vec()).expect("BUG: three bytes a pixel");
    let soft = imageops::blur(&full, sigma);
    Image::new(image.size(), soft.into_raw()).expect("BUG: three bytes a pixel")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sigma_is_read_between_those_that_were_tried() {
        let softness = Softness(vec![(0.0, 1000.0), (1.0, 100.0), (2.0, 10.0)]);
        let read = |sharpness| (softness.sigma(sharpness) * 100.0).round() / 100.0;
        assert_eq!(
            [read(2000.0), read(1000.0), read(316.23), read(100.0), read(31.62), read(1.0)],
            [0.0, 0.0, 0.5, 1.0, 1.5, 2.0]
        );
    }
}
