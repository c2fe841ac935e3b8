//! What a model's input size leaves of the strokes.

use super::survey::{Looked, Survey, longest};
use crate::statistics::quantile;
use serde::Serialize;

/// Longest sides that are compared, in pixels.
pub const SIZES: [u32; 3] = [224, 384, 512];
/// A stroke narrower than this gets fainter, not thinner.
const LEAST_PX: f64 = 1.0;
/// So many pages have to keep their strokes.
const ENOUGH: f64 = 0.75;

/// Strokes at the input sizes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Input {
    /// One for each of [`SIZES`].
    pub sizes: Vec<AtSize>,
    /// The smallest size at which enough pages (75 %) keep strokes of 1 px; the largest where none does.
    pub advised: u32,
    /// Whether the advised size is enough.
    pub enough: bool,
    /// The page whose strokes are those of the middle page, to be looked at, relative to the sources' folder.
    pub page: String,
}

/// Strokes where the longest side of a page is this many pixels; a smaller page is never enlarged.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct AtSize {
    /// In pixels.
    pub longest_side: u32,
    /// Width of the middle page's strokes in pixels.
    pub stroke_px: f64,
    /// Share of pages with strokes of 1 px or more, 0 to 1.
    pub kept: f64,
}

/// The width of an image's strokes when its longest side has been brought down to `side`, in pixels.
pub(super) fn scaled(image: &Looked, side: u32) -> Option<f64> {
    let scale = f64::from(side) / f64::from(longest(&image.statistics));
    Some(image.statistics.stroke? * scale.min(1.0))
}

impl Input {
    /// `None` where no source has strokes.
    pub(super) fn of(sources: &Survey) -> Option<Self> {
        let at = |side: u32| {
            let mut widths: Vec<f64> = sources.images.iter().filter_map(|image| scaled(image, side)).collect();
            widths.sort_by(f64::total_cmp);
            let kept = widths.iter().filter(|width| **width >= LEAST_PX).count();
            (!widths.is_empty()).then(|| AtSize {
                longest_side: side,
                stroke_px: quantile(&widths, 0.5),
                kept: kept as f64 / widths.len() as f64,
            })
        };
        let sizes: Vec<AtSize> = SIZES.into_iter().map(at).collect::<Option<_>>()?;
        let advised = sizes.iter().find(|size| size.kept >= ENOUGH);
        // Where the largest keeps no more than a smaller one, as images are no larger, more pixels are for nothing.
        let most = sizes.iter().map(|size| size.kept).fold(0.0, f64::max);
        let best = sizes.iter().find(|size| size.kept >= most)?;
        let middle = sizes.last()?.stroke_px;
        let far = |image: &&Looked| {
            (scaled(image, SIZES[2]).map_or(f64::MAX, |width| (width - middle).abs()), image.path.clone())
        };
        // A page as large as the largest size, where there is one, so that three sizes can be told apart.
        let large = sources.images.iter().filter(|image| longest(&image.statistics) >= SIZES[2]);
        let nearest = |a: &&Looked, b: &&Looked| far(a).partial_cmp(&far(b)).unwrap_or(std::cmp::Ordering::Equal);
        let page = large.min_by(nearest).or_else(|| sources.images.iter().min_by(nearest))?;
        Some(Self {
            advised: advised.unwrap_or(best).longest_side,
            enough: advised.is_some(),
            page: page.path.clone(),
            sizes,
        })
    }

    /// The width of the shown page's strokes at each of [`SIZES`], in pixels.
    pub(super) fn page_strokes(&self, sources: &Survey) -> Vec<f64> {
        let page = sources.images.iter().find(|image| image.path == self.page);
        SIZES.into_iter().filter_map(|side| scaled(page?, side)).collect()
    }
}
