//! Pixels to files.
//!
//! The bytes depend on pixels and settings alone: no time, no metadata, the same with and without SIMD. JPEG is what
//! libjpeg-turbo writes, by an encoder of our own: sequential, one scan, no trellis, the standard's quantisation tables and
//! Huffman tables (optimised ones need a second pass over all coefficients), accurate integer DCT.
//!
//! Lossless encodings favour speed over size. PNG is our own: on pages of 512×640 with noise of σ 5, 15 and 40 it gives
//! 620, 723 and 803 KB in 0.7 ms, on clean ones 367 KB in 1.05 ms. fdeflate's fastest with the filter Sub, which was used
//! before, gives 725, 925 and 980 KB in 1.3 to 1.5 ms, and 443 KB in 1.25 ms (means of eight documents, one thread).

use super::{Image, Size, jpeg, png};
use crate::canonical::Json;
use crate::effect::simd;
use std::fmt;
use std::str::FromStr;

/// Chroma subsampling of a JPEG. Text form: `4:4:4`, `4:2:2`, `4:2:0`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subsampling {
    /// Full resolution.
    S444,
    /// Half the columns.
    S422,
    /// Half the columns and rows; the default.
    S420,
}

impl Subsampling {
    /// All, from most to least chroma.
    pub const ALL: [Self; 3] = [Self::S444, Self::S422, Self::S420];

    /// The name used in recipes and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S444 => "4:4:4",
            Self::S422 => "4:2:2",
            Self::S420 => "4:2:0",
        }
    }

    /// Luma pixels per chroma pixel, across and down.
    pub(super) const fn step(self) -> (u8, u8) {
        match self {
            Self::S444 => (1, 1),
            Self::S422 => (2, 1),
            Self::S420 => (2, 2),
        }
    }
}

impl fmt::Display for Subsampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no subsampling.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{text}' is no chroma subsampling: expected 4:4:4, 4:2:2 or 4:2:0")]
pub struct ParseSubsamplingError {
    /// The text as given.
    pub text: String,
}

impl FromStr for Subsampling {
    type Err = ParseSubsamplingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|subsampling| subsampling.name() == text)
            .ok_or_else(|| ParseSubsamplingError { text: text.into() })
    }
}

/// How samples are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Sequential JPEG, JFIF, YCbCr: baseline, but for qualities under 24, whose coarse tables take 16 bits.
    Jpeg {
        /// 1 to 100, on libjpeg's scale.
        quality: u8,
        /// Chroma subsampling.
        subsampling: Subsampling,
    },
    /// PNG, 8-bit RGB.
    Png,
    /// Lossless WebP.
    Webp,
}

/// Why an image could not be encoded.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EncodeError {
    /// A side is longer than the format can store.
    #[error(
        "{size} is too large for {format}, whose sides are at most {longest} pixels; make [output] smaller or use png"
    )]
    TooLarge {
        /// The image's size.
        size: Size,
        /// The encoding's name.
        format: &'static str,
        /// Longest side that it can store.
        longest: u32,
    },
    /// A quality outside libjpeg's scale.
    #[error("JPEG quality {0} is not between 1 and 100")]
    Quality(u8),
    /// The encoder failed.
    #[error("the {format} encoder failed: {why}")]
    Encoder {
        /// The encoding's name.
        format: &'static str,
        /// What it says.
        why: String,
    },
}

impl Encoding {
    /// File extension, without the point.
    pub fn extension(&self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// Name and revision of the codec, e.g. `("jpeg", 1)`: part of the engine. Changes whenever a byte may change.
    pub fn revision(&self) -> (&'static str, u32) {
        match self {
            Self::Jpeg { .. } => ("jpeg", 1),
            Self::Png => ("png", 2),
            Self::Webp => ("webp", 1),
        }
    }

    /// Encodes an image.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, image: &Image) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Vec::new();
        self.encode_into(image, &mut bytes)?;
        Ok(bytes)
    }

    /// Encodes an image into `bytes`, whose content is replaced and whose room is used again.
    ///
    /// # Errors
    /// See [`EncodeError`]; `bytes` then holds nothing useful.
    pub fn encode_into(&self, image: &Image, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        bytes.clear();
        let (format, _) = self.revision();
        let size = image.size();
        let longest = match self {
            Self::Jpeg { .. } => 65_500,
            Self::Png => i32::MAX as u32,
            // One less than the format can: image-webp reads 16,384 back as 0.
            Self::Webp => 16_383,
        };
        if size.width.max(size.height) > longest {
            return Err(EncodeError::TooLarge { size, format, longest });
        }
        match *self {
            Self::Jpeg { quality, subsampling } => {
                if !(1..=100).contains(&quality) {
                    return Err(EncodeError::Quality(quality));
                }
                jpeg::encode(image, quality, subsampling, bytes);
                Ok(())
            }
            Self::Png => {
                png::write(image, simd::level(), bytes);
                Ok(())
            }
            Self::Webp => image_webp::WebPEncoder::new(bytes)
                .encode(image.data(), size.width, size.height, image_webp::ColorType::Rgb8)
                .map_err(|e| EncodeError::Encoder { format, why: e.to_string() }),
        }
    }

    /// Canonical JSON of the settings, defaults filled in: what is hashed.
    pub fn meaning(&self) -> Json {
        let settings = match self {
            Self::Jpeg { quality, subsampling } => {
                Json::object([("quality", u32::from(*quality).into()), ("subsampling", subsampling.name().into())])
            }
            Self::Png | Self::Webp => Json::object([]),
        };
        Json::object([(self.revision().0, settings)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::pixels::{Limits, decode};

    /// A page with edges, a ramp and a pattern; odd sides, so that blocks stick out.
    fn page(width: u32, height: u32) -> Image {
        Image::from_fn(Size::new(width, height), |x, y| {
            let ink = if x / 7 % 2 == 0 && y % 13 < 3 { 40 } else { 255 - x % 97 };
            [ink as u8, (ink * 3 / 4 + y % 50) as u8, (255 - (x ^ y) % 64) as u8]
        })
    }

    fn mean_difference(a: &Image, b: &Image) -> f64 {
        assert_eq!(a.size(), b.size());
        let sum: u64 = a.data().iter().zip(b.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / a.data().len() as f64
    }

    #[test]
    fn lossless_encodings_give_back_every_sample() {
        for encoding in [Encoding::Png, Encoding::Webp] {
            for (width, height) in [(1, 1), (1, 300), (129, 67), (256, 256)] {
                let image = page(width, height);
                let bytes = encoding.encode(&image).unwrap();
                assert!(decode(&bytes, &Limits::default()).unwrap() == image, "{encoding:?} {width}×{height}");
            }
        }
    }

    #[test]
    fn every_jpeg_quality_decodes_and_better_ones_are_closer() {
        let image = page(129, 67);
        for subsampling in Subsampling::ALL {
            let mut differences = Vec::new();
            for quality in 1..=100 {
                let bytes = Encoding::Jpeg { quality, subsampling }.encode(&image).unwrap();
                differences.push(mean_difference(&image, &decode(&bytes, &Limits::default()).unwrap()));
            }
            assert!(differences[9] > differences[49] && differences[49] > differences[99], "{differences:?}");
        }
        let bytes = Encoding::Jpeg { quality: 100, subsampling: Subsampling::S444 }.encode(&image).unwrap();
        assert!(mean_difference(&image, &decode(&bytes, &Limits::default()).unwrap()) < 1.0);
        let one = Image::filled(Size::new(1, 1), [10, 200, 30]);
        let bytes = Encoding::Jpeg { quality: 95, subsampling: Subsampling::S420 }.encode(&one).unwrap();
        assert!(mean_difference(&one, &decode(&bytes, &Limits::default()).unwrap()) < 4.0);
    }

    /// If this fails, a codec writes other bytes than before: bump its revision, and say "changes digests".
    #[test]
    fn the_bytes_are_pinned() {
        let jpeg = |quality, subsampling| Encoding::Jpeg { quality, subsampling };
        let pinned = [
            (jpeg(90, Subsampling::S444), "948057053fa4"),
            (jpeg(90, Subsampling::S422), "37cdf98a8520"),
            (jpeg(90, Subsampling::S420), "a8442092c8b3"),
            (jpeg(10, Subsampling::S420), "2f5a705af06f"),
            (Encoding::Png, "9e026225dbc8"),
            (Encoding::Webp, "acf1f7bf9298"),
        ];
        let actual = pinned.map(|(encoding, _)| Digest::of(&encoding.encode(&page(129, 67)).unwrap()).short());
        assert_eq!(actual, pinned.map(|(_, digest)| digest));
    }

    #[test]
    fn a_jpeg_holds_jfif_and_nothing_else_about_itself() {
        let bytes = Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 }.encode(&page(33, 17)).unwrap();
        let (mut at, mut markers) = (2, Vec::new());
        while bytes[at + 1] != 0xDA {
            markers.push(bytes[at + 1]);
            at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        }
        assert_eq!(markers, [0xE0, 0xDB, 0xDB, 0xC0, 0xC4, 0xC4, 0xC4, 0xC4]);
    }

    #[test]
    fn a_buffer_is_used_again_and_its_old_content_gone() {
        let mut bytes = vec![7; 100_000];
        for encoding in [Encoding::Jpeg { quality: 50, subsampling: Subsampling::S422 }, Encoding::Png, Encoding::Webp]
        {
            encoding.encode_into(&page(40, 30), &mut bytes).unwrap();
            assert_eq!(bytes, encoding.encode(&page(40, 30)).unwrap());
            assert!(bytes.capacity() >= 100_000);
        }
    }

    #[test]
    fn settings_that_no_encoder_takes_are_errors() {
        let image = page(4, 4);
        for quality in [0, 101, 255] {
            let encoding = Encoding::Jpeg { quality, subsampling: Subsampling::S420 };
            assert_eq!(encoding.encode(&image), Err(EncodeError::Quality(quality)));
        }
        let long = Image::filled(Size::new(65_501, 1), [0; 3]);
        let error = Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 }.encode(&long).unwrap_err();
        assert_eq!(
            error.to_string(),
            "65501×1 is too large for jpeg, whose sides are at most 65500 pixels; make [output] smaller or use png"
        );
        assert!(matches!(Encoding::Webp.encode(&long), Err(EncodeError::TooLarge { longest: 16_383, .. })));
        assert!(Encoding::Png.encode(&long).is_ok());
        let widest = Image::filled(Size::new(16_383, 1), [1, 2, 3]);
        let bytes = Encoding::Webp.encode(&widest).unwrap();
        assert!(decode(&bytes, &Limits::default()).unwrap() == widest);
    }

    #[test]
    fn the_meaning_is_pinned() {
        let jpeg = Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 };
        assert_eq!(jpeg.meaning().to_string(), r#"{"jpeg":{"quality":90,"subsampling":"4:2:0"}}"#);
        assert_eq!(Encoding::Png.meaning().to_string(), r#"{"png":{}}"#);
        assert_eq!(Encoding::Webp.meaning().to_string(), r#"{"webp":{}}"#);
    }

    #[test]
    fn subsampling_names_read_back() {
        for subsampling in Subsampling::ALL {
            assert_eq!(subsampling.to_string().parse(), Ok(subsampling));
        }
        let error = "420".parse::<Subsampling>().unwrap_err();
        assert_eq!(error.to_string(), "'420' is no chroma subsampling: expected 4:4:4, 4:2:2 or 4:2:0");
    }
}
