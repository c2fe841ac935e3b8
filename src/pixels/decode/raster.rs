//! What a format's decoder hands over, and the way from there to an [`Image`]: the part of the table that all formats
//! share, in whole numbers only.

use super::{DecodeError, profile};
use crate::pixels::{Image, Size};
use image::metadata::Orientation;

/// Channels of a [`Raster`], in order, 8 bits each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Amounts of ink: 255 is all of it.
    Cmyk,
}

impl Channels {
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

/// Decoded samples, before colour management, alpha and turn. `[h, w, channels]` u8, no padding.
pub(super) struct Raster {
    pub size: Size,
    pub channels: Channels,
    pub samples: Vec<u8>,
    pub profile: Option<Vec<u8>>,
    pub turn: Turn,
}

impl Raster {
    /// 8-bit sRGB, opaque, upright.
    pub(super) fn into_image(self) -> Result<Image, DecodeError> {
        let Self { size, mut channels, mut samples, profile, turn } = self;
        if let Some(profile) = profile {
            (channels, samples) = profile::to_srgb(&profile, channels, samples)?;
        }
        let rgb = match channels {
            Channels::Rgb => samples,
            Channels::Grey => samples.into_iter().flat_map(|grey| [grey; 3]).collect(),
            Channels::GreyAlpha => samples.chunks_exact(2).flat_map(|p| [over_white(p[0], p[1]); 3]).collect(),
            Channels::Rgba => samples.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|c| over_white(p[c], p[3]))).collect(),
            Channels::Cmyk => samples
                .chunks_exact(4)
                .flat_map(|p| [0, 1, 2].map(|c| divide_by_255(u32::from(255 - p[c]) * u32::from(255 - p[3]))))
                .collect(),
        };
        let image = Image::new(size, rgb).expect("BUG: a decoder gave another number of samples than its size");
        Ok(turn.apply(image))
    }
}

/// Nearest to `product / 255`, for products up to 255².
fn divide_by_255(product: u32) -> u8 {
    ((product + 127) / 255) as u8
}

/// A sample of opacity `alpha` laid over white.
fn over_white(sample: u8, alpha: u8) -> u8 {
    divide_by_255(u32::from(sample) * u32::from(alpha) + 255 * u32::from(255 - alpha))
}

/// 16 bits to 8: the nearest of the 256 levels.
pub(super) fn to_8_bits(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32767) / 65535) as u8
}

/// JFIF's YCbCr (full range, BT.601) to RGB, in libjpeg's 16-bit fixed point.
pub(super) fn ycbcr_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91881 * cr + 32768) >> 16);
    let green = y + ((-22554 * cb - 46802 * cr + 32768) >> 16);
    let blue = y + ((116130 * cb + 32768) >> 16);
    [red, green, blue].map(|sample| sample.clamp(0, 255) as u8)
}

/// How a stored image must be turned to stand upright: EXIF's orientation 1–8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Turn(u8);

impl Turn {
    /// As stored.
    pub(super) const NONE: Self = Self(1);

    /// From EXIF's number; others than 1–8 leave the image as it is.
    pub(super) fn from_orientation(orientation: u16) -> Self {
        Self(if (1..=8).contains(&orientation) { orientation as u8 } else { 1 })
    }

    /// From an EXIF block (a TIFF header, then directories).
    pub(super) fn from_exif(exif: &[u8]) -> Self {
        // Some writers keep JPEG's prefix in PNG and WebP.
        let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
        Orientation::from_exif_chunk(exif).map_or(Self::NONE, |orientation| Self(orientation.to_exif()))
    }

    /// Whether width and height change places.
    pub(super) const fn transposes(self) -> bool {
        self.0 >= 5
    }

    fn apply(self, image: Image) -> Image {
        if self == Self::NONE {
            return image;
        }
        let Size { width, height } = image.size();
        let (last_x, last_y) = (width - 1, height - 1);
        let size = if self.transposes() { image.size().transposed() } else { image.size() };
        Image::from_fn(size, |x, y| match self.0 {
            2 => image.pixel(last_x - x, y),
            3 => image.pixel(last_x - x, last_y - y),
            4 => image.pixel(x, last_y - y),
            5 => image.pixel(y, x),
            6 => image.pixel(y, last_y - x),
            7 => image.pixel(last_x - y, last_y - x),
            8 => image.pixel(last_x - y, x),
            _ => image.pixel(x, y),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_256_levels() {
        for sample in 0..=u16::MAX {
            assert_eq!(to_8_bits(sample), (f64::from(sample) / 257.0).round() as u8, "{sample}");
        }
    }

    #[test]
    fn no_alpha_is_white_and_full_alpha_changes_nothing() {
        for sample in 0..=255 {
            assert_eq!((over_white(sample, 0), over_white(sample, 255)), (255, sample));
        }
        assert_eq!(over_white(0, 128), 127);
    }

    #[test]
    fn turns_put_row_0_and_column_0_where_exif_says() {
        // EXIF 2.3, tag 0x0112: where the stored first row and first column are seen.
        let image = Image::from_fn(Size::new(3, 2), |x, y| [(10 * y + x) as u8; 3]);
        let seen = |orientation| {
            let turned = Turn::from_orientation(orientation).apply(image.clone());
            (turned.size().width, turned.data().chunks(3).map(|pixel| pixel[0]).collect::<Vec<_>>())
        };
        assert_eq!(seen(1), (3, vec![0, 1, 2, 10, 11, 12]));
        assert_eq!(seen(2), (3, vec![2, 1, 0, 12, 11, 10]));
        assert_eq!(seen(3), (3, vec![12, 11, 10, 2, 1, 0]));
        assert_eq!(seen(4), (3, vec![10, 11, 12, 0, 1, 2]));
        assert_eq!(seen(5), (2, vec![0, 10, 1, 11, 2, 12]));
        assert_eq!(seen(6), (2, vec![10, 0, 11, 1, 12, 2]));
        assert_eq!(seen(7), (2, vec![12, 2, 11, 1, 10, 0]));
        assert_eq!(seen(8), (2, vec![2, 12, 1, 11, 0, 10]));
        assert_eq!(seen(0), seen(1));
        assert_eq!(seen(9), seen(1));
    }

    #[test]
    fn ycbcr_is_libjpegs() {
        assert_eq!(ycbcr_to_rgb([128, 128, 128]), [128; 3]);
        assert_eq!(ycbcr_to_rgb([76, 85, 255]), [254, 0, 0]);
        assert_eq!(ycbcr_to_rgb([0, 0, 0]), [0, 135, 0]);
    }
}
