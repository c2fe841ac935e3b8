//! WebP, lossy and lossless, through `image-webp`.

use super::raster::{Channels, Raster, Turn};
use super::{DecodeError, Header, Limits, Size};
use image_webp::{DecodingError, WebPDecoder};
use std::io::{Cursor, ErrorKind};

const NAME: &str = "WebP";

pub(super) fn header(bytes: &[u8]) -> Result<Header, DecodeError> {
    header_of(&mut open(bytes)?)
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, DecodeError> {
    let mut decoder = open(bytes)?;
    let Header { size, turn } = header_of(&mut decoder)?.within(limits)?;
    let profile = decoder.icc_profile().map_err(explain)?;
    let channels = if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let mut samples = vec![0; size.pixels() as usize * channels.count()];
    decoder.read_image(&mut samples).map_err(explain)?;
    Ok(Raster { size, channels, samples, profile, turn })
}

fn open(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, DecodeError> {
    // The container says how long it is. The decoder itself does not look, and the lossy one fills up what is missing.
    let declared = bytes.get(4..8).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
    if (bytes.len() as u64) < 8 + u64::from(declared) {
        return Err(DecodeError::Truncated(NAME));
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(explain)?;
    // A chunk may say that it has 4 GB, which the decoder would ask for before it looks whether they are there.
    decoder.set_memory_limit(bytes.len());
    if decoder.is_animated() {
        return Err(DecodeError::Several("the WebP is an animation"));
    }
    match decoder.dimensions() {
        (0, _) | (_, 0) => Err(DecodeError::Corrupt { format: NAME, why: "it has no pixels".into() }),
        _ => Ok(decoder),
    }
}

fn header_of(decoder: &mut WebPDecoder<Cursor<&[u8]>>) -> Result<Header, DecodeError> {
    let (width, height) = decoder.dimensions();
    let turn = decoder.exif_metadata().map_err(explain)?.map_or(Turn::NONE, |exif| Turn::from_exif(&exif));
    Ok(Header { size: Size::new(width, height), turn })
}

fn explain(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => DecodeError::Truncated(NAME),
        DecodingError::MemoryLimitExceeded => DecodeError::Truncated(NAME),
        DecodingError::UnsupportedFeature(what) => DecodeError::Unsupported { format: NAME, what },
        other => DecodeError::Corrupt { format: NAME, why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: 283 bytes asked for 3.2 GB.
    #[test]
    fn a_chunk_that_claims_more_than_the_file_holds_gets_no_memory() {
        let mut bytes = include_bytes!("../../../tests/decode/webp-exif-8.webp").to_vec();
        let exif = bytes.windows(4).rposition(|name| name == b"EXIF").unwrap();
        bytes[exif + 4..exif + 8].copy_from_slice(&0xFFFF_FFF0_u32.to_le_bytes());
        let refused = open(&bytes).unwrap().exif_metadata();
        assert!(matches!(refused, Err(DecodingError::MemoryLimitExceeded)), "{refused:?}");
        assert_eq!(header(&bytes).err(), Some(DecodeError::Truncated(NAME)));
    }
}
