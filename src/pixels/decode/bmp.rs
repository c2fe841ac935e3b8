//! BMP, through `image`. 32-bit pixels have alpha only where the header says so; the fourth byte is padding otherwise.

use super::raster::{Channels, Raster, Turn};
use super::{DecodeError, Header, Limits, Size};
use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, ImageError};
use std::io::{Cursor, ErrorKind};

const NAME: &str = "BMP";

pub(super) fn header(bytes: &[u8]) -> Result<Header, DecodeError> {
    open(bytes).map(|decoder| header_of(&decoder))
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, DecodeError> {
    let decoder = open(bytes)?;
    let Header { size, turn } = header_of(&decoder).within(limits)?;
    let channels = match decoder.color_type() {
        ColorType::L8 => Channels::Grey,
        ColorType::Rgba8 => Channels::Rgba,
        _ => Channels::Rgb,
    };
    let mut samples = vec![0; size.pixels() as usize * channels.count()];
    decoder.read_image(&mut samples).map_err(explain)?;
    Ok(Raster { size, channels, samples, profile: None, turn })
}

fn open(bytes: &[u8]) -> Result<BmpDecoder<Cursor<&[u8]>>, DecodeError> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(explain)?;
    match decoder.dimensions() {
        (0, _) | (_, 0) => Err(DecodeError::Corrupt { format: NAME, why: "it has no pixels".into() }),
        _ => Ok(decoder),
    }
}

fn header_of(decoder: &BmpDecoder<Cursor<&[u8]>>) -> Header {
    let (width, height) = decoder.dimensions();
    Header { size: Size::new(width, height), turn: Turn::NONE }
}

fn explain(error: ImageError) -> DecodeError {
    match error {
        ImageError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => DecodeError::Truncated(NAME),
        ImageError::Unsupported(e) => DecodeError::Unsupported { format: NAME, what: e.to_string() },
        other => DecodeError::Corrupt { format: NAME, why: other.to_string() },
    }
}
