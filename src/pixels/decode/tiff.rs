//! TIFF, through `tiff` itself rather than through `image`, which turns CMYK to RGB before the profile is seen and
//! refuses grey with alpha.

use super::raster::{Channels, Raster, Turn, to_8_bits, ycbcr_to_rgb};
use super::{DecodeError, Header, Limits, Size, jpeg};
use std::io::{Cursor, ErrorKind};
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::{CompressionMethod, Tag};
use tiff::{ColorType, TiffError};

const NAME: &str = "TIFF";

/// What an extra channel means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    None,
    /// Colours are already multiplied by it.
    Associated,
    Unassociated,
}

type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

pub(super) fn header(bytes: &[u8]) -> Result<Header, DecodeError> {
    header_of(&mut open(bytes)?)
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, DecodeError> {
    let mut tiff = open(bytes)?;
    let Header { size, turn } = header_of(&mut tiff)?.within(limits)?;
    let is_jpeg = is_jpeg(&mut tiff)?;
    strips_are_whole(&mut tiff, bytes, is_jpeg, limits)?;

    let color = tiff.colortype().map_err(explain)?;
    let extra = match tiff.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).map_err(explain)?.as_deref() {
        Some([1, ..]) => Extra::Associated,
        Some([2, ..]) => Extra::Unassociated,
        _ => Extra::None,
    };
    // Channels to keep, channels stored, bits.
    let (channels, stored, bits) = match color {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8 | 16)) => (Channels::Grey, 1, bits),
        ColorType::Multiband { bit_depth: bits @ (8 | 16), num_samples: 2 } if extra != Extra::None => {
            (Channels::GreyAlpha, 2, bits)
        }
        ColorType::RGB(bits @ (8 | 16)) => (Channels::Rgb, 3, bits),
        ColorType::RGBA(bits @ (8 | 16)) => (Channels::Rgba, 4, bits),
        ColorType::CMYK(bits @ (8 | 16)) => (Channels::Cmyk, 4, bits),
        ColorType::YCbCr(8) if is_jpeg => (Channels::Rgb, 3, 8),
        other => return Err(DecodeError::Unsupported { format: NAME, what: format!("pixels of {other:?}") }),
    };
    let profile = tiff.find_tag(Tag::IccProfile).map_err(explain)?;
    let profile = profile.map(|value| value.into_u8_vec().map_err(|e| DecodeError::Profile(e.to_string())));
    let profile = profile.transpose()?;

    let mut tiff = tiff.with_limits(room(bytes, limits.max_pixels));
    let count = size.pixels() as usize * stored;
    let mut read = DecodingResult::U8(Vec::new());
    let layout = tiff.read_image_to_buffer(&mut read).map_err(explain)?;
    let mut samples = match read {
        DecodingResult::U8(samples) if bits < 8 => spread(&samples, size, bits),
        DecodingResult::U8(samples) => samples,
        DecodingResult::U16(samples) => samples.into_iter().map(to_8_bits).collect(),
        _ => return Err(DecodeError::Unsupported { format: NAME, what: "signed or floating-point samples".into() }),
    };
    if samples.len() != count {
        return Err(DecodeError::Corrupt { format: NAME, why: "its size and its data disagree".into() });
    }
    if layout.planes > 1 {
        let plane = size.pixels() as usize;
        samples = (0..count).map(|i| samples[i % stored * plane + i / stored]).collect();
    }
    if matches!(color, ColorType::YCbCr(_)) {
        for pixel in samples.chunks_exact_mut(3) {
            pixel.copy_from_slice(&ycbcr_to_rgb([pixel[0], pixel[1], pixel[2]]));
        }
    }
    if extra == Extra::Associated && matches!(channels, Channels::GreyAlpha | Channels::Rgba) {
        divide_out_alpha(&mut samples, stored);
    }
    Ok(Raster { size, channels, samples, profile, turn })
}

fn open(bytes: &[u8]) -> Result<Tiff<'_>, DecodeError> {
    let tiff = Decoder::new(Cursor::new(bytes)).map_err(explain)?.with_limits(room(bytes, 0));
    if tiff.more_images() {
        return Err(DecodeError::Several("the TIFF has several pages"));
    }
    Ok(tiff)
}

/// What the library may allocate: tags no longer than the file, and samples of up to 16 bytes per pixel.
fn room(bytes: &[u8], max_pixels: u64) -> tiff::decoder::Limits {
    let mut room = tiff::decoder::Limits::default();
    let tags = bytes.len().max(1 << 20);
    let pixels = usize::try_from(max_pixels.saturating_mul(16)).unwrap_or(usize::MAX);
    room.ifd_value_size = tags;
    room.decoding_buffer_size = pixels.max(tags);
    room.intermediate_buffer_size = pixels.max(1 << 26);
    room
}

fn header_of(tiff: &mut Tiff<'_>) -> Result<Header, DecodeError> {
    let (width, height) = tiff.dimensions().map_err(explain)?;
    let orientation = tiff.find_tag_unsigned::<u16>(Tag::Orientation).map_err(explain)?;
    Ok(Header { size: Size::new(width, height), turn: orientation.map_or(Turn::NONE, Turn::from_orientation) })
}

fn is_jpeg(tiff: &mut Tiff<'_>) -> Result<bool, DecodeError> {
    let method = tiff.find_tag_unsigned::<u16>(Tag::Compression).map_err(explain)?;
    Ok(method == Some(CompressionMethod::ModernJPEG.to_u16()))
}

/// Some of the decompressors are content with less data than there should be, and JPEG inside has a size of its own: every
/// strip or tile must be in the file, and a JPEG one must be whole and within the limit.
fn strips_are_whole(tiff: &mut Tiff<'_>, bytes: &[u8], is_jpeg: bool, limits: &Limits) -> Result<(), DecodeError> {
    for (offsets, counts) in [(Tag::StripOffsets, Tag::StripByteCounts), (Tag::TileOffsets, Tag::TileByteCounts)] {
        let offsets = tiff.find_tag_unsigned_vec::<usize>(offsets).map_err(explain)?.unwrap_or_default();
        let counts = tiff.find_tag_unsigned_vec::<usize>(counts).map_err(explain)?.unwrap_or_default();
        for (offset, count) in offsets.into_iter().zip(counts) {
            let strip = bytes.get(offset..offset.saturating_add(count)).ok_or(DecodeError::Truncated(NAME))?;
            if is_jpeg {
                jpeg::whole_header(strip)?.within(limits)?;
            }
        }
    }
    Ok(())
}

/// Packed samples of 1, 2 or 4 bits, rows padded to whole bytes, spread over 0–255.
fn spread(packed: &[u8], size: Size, bits: u8) -> Vec<u8> {
    let (width, bits) = (size.width as usize, usize::from(bits));
    let most = (1u8 << bits) - 1;
    let sample = |row: &[u8], x: usize| row[x * bits / 8] >> (8 - bits - x * bits % 8) & most;
    let rows = packed.chunks_exact((width * bits).div_ceil(8));
    rows.flat_map(|row| (0..width).map(move |x| sample(row, x) * (255 / most))).collect()
}

/// Colours that are multiplied by alpha back to plain ones.
fn divide_out_alpha(samples: &mut [u8], stored: usize) {
    for pixel in samples.chunks_exact_mut(stored) {
        let (colors, alpha) = pixel.split_at_mut(stored - 1);
        let alpha = u32::from(alpha[0]);
        for color in colors {
            *color = (u32::from(*color) * 255 + alpha / 2).checked_div(alpha).map_or(255, |plain| plain.min(255) as u8);
        }
    }
}

fn explain(error: TiffError) -> DecodeError {
    match error {
        TiffError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => DecodeError::Truncated(NAME),
        TiffError::UnsupportedError(e) => DecodeError::Unsupported { format: NAME, what: e.to_string() },
        other => DecodeError::Corrupt { format: NAME, why: other.to_string() },
    }
}
