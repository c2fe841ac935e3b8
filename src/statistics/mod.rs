//! Statistics: what a few numbers say about an image's pixels, and how far two sets of images are apart in them.
//!
//! [`of`] measures one image; [`MEASURES`] is the one list of what is measured, with unit and words, so that whoever prints
//! measures walks it and names none. [`Summary`], [`Bars`] and [`Shift`] are about many images: their distribution, and the
//! effect size between two of them. Every measure is a formula that OpenCV and numpy give too (`tests/statistics`), is the
//! same on every machine and for any number of threads, and needs no label. None of it ever decides a pixel.

mod bars;
mod detail;
mod grey;
mod light;
#[cfg(test)]
mod reference;
mod shift;
mod skew;
mod stroke;
mod summary;

pub use bars::{Bar, Bars};
pub use shift::{Effect, Shift, kolmogorov_smirnov, kolmogorov_smirnov_chance};
pub use skew::{SURE, Skew};
pub use summary::{Summary, quantile};

use crate::pixels::{Image, Size};
use grey::Grey;
use serde::Serialize;

/// What was measured of one image.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Statistics {
    /// Width and height in pixels.
    #[serde(skip)]
    pub size: Size,
    /// Mean luma, 0 (black) to 255 grey levels.
    pub brightness: f64,
    /// Standard deviation of the luma (RMS contrast, Peli 1990), 0 to 127.5 grey levels.
    pub contrast: f64,
    /// Mean saturation of the HSV cone, `(max − min) / max` of a pixel's channels (0 for black), 0 (grey) to 1.
    pub saturation: f64,
    /// Mean of red minus blue, −255 (blue) to 255 (yellow and red) grey levels: paper by lamplight is above 0.
    pub warmth: f64,
    /// Mean of green minus the mean of red and blue, −255 (magenta) to 255 (green) grey levels.
    pub tint: f64,
    /// Variance of the Laplacian of the luma, in squared grey levels: how much fine detail there is, strokes and noise
    /// alike (noise of deviation s adds 20 s²). Depends on how many pixels a page has.
    pub sharpness: f64,
    /// Standard deviation of the grain of the luma, in grey levels; `None` where a side is under 3 pixels.
    pub noise: Option<f64>,
    /// The direction of text lines; `None` where there are no pixels to tell it from.
    pub skew: Option<Skew>,
    /// The width of the strokes of the ink in pixels; `None` where there is no ink.
    pub stroke: Option<f64>,
}

/// Measures an image: about 10 ms for 512 × 640 pixels on one core.
pub fn of(image: &Image) -> Statistics {
    let grey = Grey::of(image);
    let light = light::of(image, &grey);
    let detail = detail::of(&grey);
    Statistics {
        size: image.size(),
        brightness: light.brightness,
        contrast: light.contrast,
        saturation: light.saturation,
        warmth: light.warmth,
        tint: light.tint,
        sharpness: detail.sharpness,
        noise: detail.noise,
        skew: skew::of(&grey),
        stroke: stroke::of(&grey, detail.noise.unwrap_or(0.0)),
    }
}

/// Something that is measured of an image, as people read it.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// The name, as in `--json`.
    pub name: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// Decimals worth printing.
    pub decimals: usize,
    /// What an image with a higher value is, compared with one with a lower.
    pub higher: &'static str,
    /// What an image with a lower value is.
    pub lower: &'static str,
    /// What it is, for a caption.
    pub meaning: &'static str,
    of: fn(&Statistics) -> Option<f64>,
}

impl Measure {
    /// Its value for an image; `None` where the image gives none (no ink, no text lines that one could be sure of).
    pub fn of(&self, statistics: &Statistics) -> Option<f64> {
        (self.of)(statistics)
    }

    /// A value with as many decimals as are worth printing.
    pub fn number(&self, value: f64) -> String {
        // No minus in front of what rounds to nothing.
        let text = format!("{value:.*}", self.decimals);
        if text.trim_start_matches('-').trim_matches(|c| c == '0' || c == '.').is_empty() {
            text.trim_start_matches('-').to_owned()
        } else {
            text
        }
    }

    /// All images' values; those that give none are left out.
    pub fn values(&self, images: &[Statistics]) -> Vec<f64> {
        images.iter().filter_map(|image| self.of(image)).collect()
    }

    /// The measure of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        MEASURES.iter().find(|measure| measure.name == name)
    }
}

/// All measures, in the order in which they are shown.
pub static MEASURES: [Measure; 9] = [
    Measure {
        name: "brightness",
        unit: "grey levels",
        decimals: 1,
        higher: "brighter",
        lower: "darker",
        meaning: "mean luma, 0 black to 255 white",
        of: |image| Some(image.brightness),
    },
    Measure {
        name: "contrast",
        unit: "grey levels",
        decimals: 1,
        higher: "higher in contrast",
        lower: "lower in contrast",
        meaning: "standard deviation of the luma",
        of: |image| Some(image.contrast),
    },
    Measure {
        name: "saturation",
        unit: "of 1",
        decimals: 3,
        higher: "more colourful",
        lower: "greyer",
        meaning: "mean HSV saturation, 0 grey to 1",
        of: |image| Some(image.saturation),
    },
    Measure {
        name: "warmth",
        unit: "grey levels",
        decimals: 1,
        higher: "yellower",
        lower: "bluer",
        meaning: "mean of red minus blue",
        of: |image| Some(image.warmth),
    },
    Measure {
        name: "tint",
        unit: "grey levels",
        decimals: 1,
        higher: "greener",
        lower: "more magenta",
        meaning: "mean of green minus the mean of red and blue",
        of: |image| Some(image.tint),
    },
    Measure {
        name: "sharpness",
        unit: "levels²",
        decimals: 0,
        higher: "sharper or grainier",
        lower: "softer",
        meaning: "variance of the Laplacian: strokes and noise alike",
        of: |image| Some(image.sharpness),
    },
    Measure {
        name: "noise",
        unit: "grey levels",
        decimals: 2,
        higher: "noisier",
        lower: "cleaner",
        meaning: "robust standard deviation of the grain",
        of: |image| image.noise,
    },
    Measure {
        name: "skew",
        unit: "degrees",
        decimals: 1,
        higher: "turned further counter-clockwise",
        lower: "turned further clockwise",
        meaning: "direction of text lines, −90 to 90, counter-clockwise; pages without clear lines do not vote",
        of: |image| image.skew.filter(|skew| skew.is_sure()).map(|skew| skew.degrees),
    },
    Measure {
        name: "stroke",
        unit: "px",
        decimals: 2,
        higher: "wider in stroke",
        lower: "thinner in stroke",
        meaning: "width of the ink's strokes",
        of: |image| image.stroke,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_measure_has_a_name_of_its_own_and_all_its_words() {
        let names: BTreeSet<_> = MEASURES.iter().map(|measure| measure.name).collect();
        assert_eq!(names.len(), MEASURES.len());
        for measure in &MEASURES {
            assert!(![measure.unit, measure.higher, measure.lower, measure.meaning].contains(&""), "{}", measure.name);
            assert_eq!(Measure::named(measure.name).map(|found| found.name), Some(measure.name));
        }
    }

    #[test]
    fn a_number_has_no_minus_in_front_of_nothing() {
        let [warmth, sharpness] = ["warmth", "sharpness"].map(|name| Measure::named(name).unwrap());
        assert_eq!([warmth.number(-0.04), warmth.number(-0.06), warmth.number(10.0)], ["0.0", "-0.1", "10.0"]);
        assert_eq!([sharpness.number(-0.4), sharpness.number(1234.6)], ["0", "1235"]);
    }

    #[test]
    fn an_image_of_one_colour_has_neither_contrast_nor_ink() {
        for size in [Size::new(1, 1), Size::new(1, 40), Size::new(2, 2), Size::new(300, 200)] {
            let Statistics { brightness, contrast, saturation, warmth, tint, sharpness, noise, stroke, skew, .. } =
                of(&Image::filled(size, [200, 100, 50]));
            // Luma: (4899 · 200 + 9617 · 100 + 1868 · 50 + 8192) >> 14.
            assert_eq!((brightness, contrast, warmth, tint), (124.0, 0.0, 150.0, -25.0), "{size}");
            assert!((saturation - 0.75).abs() < 1e-6, "{size}: {saturation}");
            assert_eq!((sharpness, stroke, skew), (0.0, None, None), "{size}");
            assert_eq!(noise, (size.width.min(size.height) > 2).then_some(0.0), "{size}");
        }
    }

    proptest! {
        #[test]
        fn any_image_has_measures_within_their_ranges(
            width in 1u32..70, height in 1u32..70, bytes in proptest::collection::vec(any::<u8>(), 1..500),
        ) {
            let at = |x: u32, y: u32, channel: usize| bytes[(7 * x as usize + 13 * y as usize + channel) % bytes.len()];
            let image = Image::from_fn(Size::new(width, height), |x, y| [at(x, y, 0), at(x, y, 1), at(x, y, 2)]);
            let found = of(&image);
            prop_assert!((0.0..=255.0).contains(&found.brightness) && (0.0..=127.5).contains(&found.contrast));
            prop_assert!((0.0..=1.0).contains(&found.saturation));
            prop_assert!(found.warmth.abs() <= 255.0 && found.tint.abs() <= 255.0);
            prop_assert!((0.0..=1020.0 * 1020.0).contains(&found.sharpness));
            prop_assert!(found.noise.is_none_or(|noise| (0.0..=510.0).contains(&noise)));
            let skew_ok = |skew: Skew| skew.degrees > -90.0 && skew.degrees <= 90.0 && (0.0..=1.0).contains(&skew.confidence);
            prop_assert!(found.skew.is_none_or(skew_ok), "{:?}", found.skew);
            prop_assert!(found.stroke.is_none_or(|stroke| stroke > 0.0 && stroke.is_finite()), "{:?}", found.stroke);
            prop_assert_eq!(of(&image), found);
        }
    }
}
