//! Files to pixels, by one table.
//!
//! The bytes decide the format, never the file's name. Everything becomes 8-bit sRGB, in this order: the format's own
//! decoder → 16 bits to 8 by `(v · 255 + 32767) / 65535` → inverted inks put right → ICC profile → alpha over white →
//! EXIF turn. The order is part of every digest, as is each step: [`DECODE_REVISION`] counts them together.
//!
//! | what | rule |
//! | --- | --- |
//! | formats | JPEG (baseline, extended, progressive; 8 bits), PNG, WebP, TIFF, BMP; others are an error |
//! | frames, pages | one; an animation, an APNG or a TIFF of several pages is an error, even where frames are equal |
//! | size | over [`Limits::max_pixels`] is an error, before anything of that size is allocated |
//! | incomplete file | an error: never a grey or black rest |
//! | ICC profile | applied (perceptual); one that cannot be read or does not fit the pixels is an error |
//! | PNG `gAMA`, `cHRM`, `sRGB`, `cICP` | ignored |
//! | CMYK, YCCK | JPEG: inverted if the file has an Adobe marker, as Adobe writes them; without a profile `(255 − C)(255 − K) / 255` |
//! | grey, palette, 1, 2 and 4 bits | spread over 0–255, equal channels |
//! | alpha | over white, on sRGB values; TIFF's associated alpha is divided out first |
//! | EXIF orientation | 1–8 applied (JPEG, PNG `eXIf`, WebP, TIFF); absent or broken means 1 |
//!
//! It never repairs, skips or fills in: what cannot be decoded whole is an error that the caller lists.

mod bmp;
mod jpeg;
mod png;
mod profile;
mod raster;
mod tiff;
mod webp;

#[cfg(test)]
mod golden;

use super::{Image, Size};
use raster::Turn;

/// Revision of the table above: changes whenever a decoded pixel may change.
pub const DECODE_REVISION: u32 = 1;

/// What an input image may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most pixels, width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: 100_000_000 }
    }
}

/// Why a file is not an image that we take. Messages are one line, without the path: the caller adds it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// A known format, but not one of ours.
    #[error("{0} is not taken; convert it to one of JPEG, PNG, WebP, TIFF, BMP")]
    NotTaken(&'static str),
    /// The first bytes are of no format that we know.
    #[error("not an image: the first bytes are not those of a JPEG, PNG, WebP, TIFF or BMP")]
    NotAnImage,
    /// An animation, or several pages.
    #[error("{0}, and only single images are taken; save the ones that you want as files of their own")]
    Several(&'static str),
    /// More pixels than the limit.
    #[error("{size} is {:.1} megapixels, over the limit of {}; `[source] max_megapixels` raises it",
        size.pixels() as f64 / 1e6, *.max_pixels as f64 / 1e6)]
    TooLarge {
        /// Size as the file declares it.
        size: Size,
        /// The limit.
        max_pixels: u64,
    },
    /// The file ends before the image does.
    #[error("the {0} is truncated: the file ends before the image does; get a whole copy")]
    Truncated(&'static str),
    /// The file breaks its format.
    #[error("the {format} is corrupt: {why}")]
    Corrupt {
        /// Format by its content.
        format: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// A variety of the format that we do not decode.
    #[error("this kind of {format} is not taken: {what}; save it as a plain {format} or PNG")]
    Unsupported {
        /// Format by its content.
        format: &'static str,
        /// Which variety.
        what: String,
    },
    /// The ICC profile cannot be applied.
    #[error("the ICC profile cannot be applied: {0}; convert the image to sRGB, or remove the profile")]
    Profile(String),
}

/// The formats that we take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Jpeg,
    Png,
    Webp,
    Tiff,
    Bmp,
}

/// What a header says, read without decoding pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Header {
    /// As stored, before the turn.
    size: Size,
    turn: Turn,
}

impl Header {
    /// The size, unless it is over the limit.
    fn within(self, limits: &Limits) -> Result<Self, DecodeError> {
        if self.size.pixels() > limits.max_pixels {
            return Err(DecodeError::TooLarge { size: self.size, max_pixels: limits.max_pixels });
        }
        Ok(self)
    }
}

/// Decodes a file's bytes to `[h, w, 3]` u8 sRGB by the table of this module.
///
/// # Errors
/// Every reason for which the bytes are not one whole image within `limits`.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Image, DecodeError> {
    let raster = match format_of(bytes)? {
        Format::Jpeg => jpeg::decode(bytes, limits)?,
        Format::Png => png::decode(bytes, limits)?,
        Format::Webp => webp::decode(bytes, limits)?,
        Format::Tiff => tiff::decode(bytes, limits)?,
        Format::Bmp => bmp::decode(bytes, limits)?,
    };
    raster.into_image()
}

/// Reads the size that [`decode`] would give (EXIF turn included) from the headers: microseconds, no pixels.
///
/// # Errors
/// As [`decode`], as far as headers show; a file that passes may still be corrupt.
pub fn probe_size(bytes: &[u8], limits: &Limits) -> Result<Size, DecodeError> {
    let header = match format_of(bytes)? {
        Format::Jpeg => jpeg::header(bytes)?,
        Format::Png => png::header(bytes)?,
        Format::Webp => webp::header(bytes)?,
        Format::Tiff => tiff::header(bytes)?,
        Format::Bmp => bmp::header(bytes)?,
    };
    let Header { size, turn } = header.within(limits)?;
    Ok(if turn.transposes() { size.transposed() } else { size })
}

/// The format by the first bytes. Formats that people really have are named in the error.
fn format_of(bytes: &[u8]) -> Result<Format, DecodeError> {
    let brand = bytes.get(4..12).unwrap_or_default();
    match bytes {
        [] => Err(DecodeError::Empty),
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Ok(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::Webp),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Format::Tiff),
        [b'B', b'M', ..] => Ok(Format::Bmp),
        [b'G', b'I', b'F', b'8', ..] => Err(DecodeError::NotTaken("GIF")),
        [b'%', b'P', b'D', b'F', ..] => Err(DecodeError::NotTaken("PDF")),
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => Err(DecodeError::NotTaken("JPEG XL")),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => {
            Err(DecodeError::NotTaken("JPEG 2000"))
        }
        _ if matches!(brand, b"ftypavif" | b"ftypavis") => Err(DecodeError::NotTaken("AVIF")),
        _ if matches!(brand, b"ftypheic" | b"ftypheix" | b"ftypmif1" | b"ftypmsf1" | b"ftyphevc") => {
            Err(DecodeError::NotTaken("HEIC"))
        }
        _ => Err(DecodeError::NotAnImage),
    }
}
