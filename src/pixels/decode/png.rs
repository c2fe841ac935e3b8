//! PNG, through `png`. The chunks are walked first: an end that is missing, frames, and a profile that the decoder would
//! drop without a word are found there.

use super::raster::{Channels, Raster, Turn, to_8_bits};
use super::{DecodeError, Header, Limits, Size};
use png::{BitDepth, ColorType, Decoder, DecodingError, Transformations};
use std::io::{Cursor, ErrorKind};

const NAME: &str = "PNG";

/// What the chunks say.
struct Chunks {
    header: Header,
    has_profile: bool,
}

pub(super) fn header(bytes: &[u8]) -> Result<Header, DecodeError> {
    chunks(bytes).map(|chunks| chunks.header)
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, DecodeError> {
    let chunks = chunks(bytes)?;
    let Header { size, turn } = chunks.header.within(limits)?;
    // A row of the widest pixels fits; a profile must stay under 64 MiB.
    let room = png::Limits { bytes: (64 << 20) + 16 * size.width as usize };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), room);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(explain)?;
    let profile = reader.info().icc_profile.as_ref().map(|profile| profile.to_vec());
    if chunks.has_profile && profile.is_none() {
        return Err(DecodeError::Profile("its PNG chunk is corrupt".into()));
    }
    let (color, depth) = reader.output_color_type();
    let channels = match color {
        ColorType::Grayscale => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => return Err(corrupt("the palette is missing")),
    };
    let count = size.pixels() as usize * channels.count();
    let mut samples = vec![0; if depth == BitDepth::Sixteen { 2 * count } else { count }];
    reader.next_frame(&mut samples).map_err(explain)?;
    if depth == BitDepth::Sixteen {
        samples = samples.chunks_exact(2).map(|pair| to_8_bits(u16::from_be_bytes([pair[0], pair[1]]))).collect();
    }
    Ok(Raster { size, channels, samples, profile, turn })
}

/// Walks all chunks to `IEND`.
fn chunks(bytes: &[u8]) -> Result<Chunks, DecodeError> {
    let truncated = || DecodeError::Truncated(NAME);
    let mut rest = bytes.get(8..).ok_or_else(truncated)?;
    let mut size = None;
    let mut turn = Turn::NONE;
    let mut has_profile = false;
    loop {
        let (start, after) = rest.split_at_checked(8).ok_or_else(truncated)?;
        let length = u32::from_be_bytes([start[0], start[1], start[2], start[3]]) as usize;
        let (data, after) = after.split_at_checked(length).ok_or_else(truncated)?;
        let (_crc, after) = after.split_at_checked(4).ok_or_else(truncated)?;
        match (&start[4..], data) {
            (b"IHDR", [w0, w1, w2, w3, h0, h1, h2, h3, ..]) if size.is_none() => {
                let read =
                    Size::new(u32::from_be_bytes([*w0, *w1, *w2, *w3]), u32::from_be_bytes([*h0, *h1, *h2, *h3]));
                if read.pixels() == 0 {
                    return Err(corrupt("it has no pixels"));
                }
                size = Some(read);
            }
            (b"acTL", _) => return Err(DecodeError::Several("the PNG is an animation (APNG)")),
            (b"eXIf", exif) => turn = Turn::from_exif(exif),
            (b"iCCP", _) => has_profile = true,
            (b"IEND", _) => break,
            _ => {}
        }
        rest = after;
    }
    let size = size.ok_or_else(|| corrupt("it has no IHDR chunk"))?;
    Ok(Chunks { header: Header { size, turn }, has_profile })
}

fn corrupt(why: &str) -> DecodeError {
    DecodeError::Corrupt { format: NAME, why: why.into() }
}

fn explain(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => DecodeError::Truncated(NAME),
        // Its text shows a struct here.
        other if other.to_string().starts_with("CRC error") => corrupt("a checksum is wrong"),
        other => corrupt(&other.to_string()),
    }
}
