//! Pixels to files.
use super::Image;
use crate::canonical::Json;

/// Chroma subsampling of a JPEG.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subsampling {
    /// Full resolution.
    S444,
    /// Half the columns.
    S422,
    /// Half the columns and rows; the default.
    S420,
}

/// How samples are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Baseline JPEG.
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
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {}

impl Encoding {
    /// File extension, without the point.
    pub fn extension(&self) -> &'static str {
        unimplemented!()
    }

    /// Name and revision of the codec, e.g. `("jpeg", 1)`: part of the engine.
    pub fn revision(&self) -> (&'static str, u32) {
        unimplemented!()
    }

    /// Encodes an image.
    pub fn encode(&self, _image: &Image) -> Result<Vec<u8>, EncodeError> {
        unimplemented!()
    }

    /// Canonical JSON of the settings.
    pub fn meaning(&self) -> Json {
        unimplemented!()
    }
}
