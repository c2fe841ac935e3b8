//! JPEG, through zune-jpeg; the common kinds faster, with the same pixels, by a decoder of our own (`baseline`).
//!
//! zune-jpeg is fast and lenient: even in its strict mode it fills up blocks that a scan does not have, it refuses Adobe's
//! RGB, and it tells nobody whether it saw an Adobe marker. So the markers are walked first, from SOI to EOI: the walk
//! finds the end, sees that every component has a scan, and decides the colour space by libjpeg's rules. Then the last
//! scan is lengthened by bits that no decoder can read ([`lengthened`]), so that a block too few is an error. What
//! follows EOI (a phone's depth map or gain map) is not ours.

#[cfg(target_arch = "x86_64")]
mod baseline;

use super::raster::{Channels, Raster, Turn, ycbcr_to_rgb};
use super::{DecodeError, Header, Limits, Size};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

const NAME: &str = "JPEG";

/// What the markers say.
struct Markers {
    header: Header,
    /// Identifiers of the frame's components.
    components: Vec<u8>,
    jfif: bool,
    /// Where the colour transform stands in an Adobe marker.
    adobe_transform: Option<usize>,
    has_profile: bool,
    scans: usize,
    progressive: bool,
    /// Where EOI stands.
    end: usize,
}

pub(super) fn header(bytes: &[u8]) -> Result<Header, DecodeError> {
    markers(bytes, Until::Scan).map(|markers| markers.header)
}

/// As [`header`], of a file that is known to reach its end.
pub(super) fn whole_header(bytes: &[u8]) -> Result<Header, DecodeError> {
    markers(bytes, Until::End).map(|markers| markers.header)
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, DecodeError> {
    let markers = markers(bytes, Until::End)?;
    markers.header.within(limits)?;
    #[cfg(target_arch = "x86_64")]
    if let Some(raster) = by_ours(bytes, &markers) {
        return Ok(raster);
    }
    by_zune(bytes, &markers)
}

/// `None` for what is left to zune-jpeg.
#[cfg(target_arch = "x86_64")]
fn by_ours(bytes: &[u8], markers: &Markers) -> Option<Raster> {
    if markers.scans != 1 || markers.progressive || markers.has_profile {
        return None;
    }
    let Header { size, turn } = markers.header;
    let samples = baseline::decode(&bytes[..markers.end])?;
    Some(Raster { size, channels: Channels::Rgb, samples, profile: None, turn })
}

fn by_zune(bytes: &[u8], markers: &Markers) -> Result<Raster, DecodeError> {
    let Header { size, turn } = markers.header;
    let transform = markers.adobe_transform.map(|at| bytes[at]);
    let mut source = lengthened(bytes, markers);
    let (stored, channels) = match (markers.components.len(), transform) {
        (1, _) => (ColorSpace::Luma, Channels::Grey),
        (3, Some(0)) => {
            // zune-jpeg takes 0 for CMYK whatever the number of components; 1 is the name of three.
            let at = markers.adobe_transform.unwrap_or_default();
            source[at] = 1;
            let as_stored = !markers.jfif && markers.components != *b"RGB";
            (if as_stored { ColorSpace::YCbCr } else { ColorSpace::RGB }, Channels::Rgb)
        }
        (3, _) => (ColorSpace::RGB, Channels::Rgb),
        (4, Some(2)) => (ColorSpace::YCCK, Channels::Cmyk),
        (4, None | Some(0)) => (ColorSpace::CMYK, Channels::Cmyk),
        (4, Some(other)) => return Err(unsupported(format!("four components of Adobe colour transform {other}"))),
        (count, _) => return Err(unsupported(format!("{count} colour components"))),
    };

    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(stored);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(source), options);
    decoder.decode_headers().map_err(explain)?;
    let profile = decoder.icc_profile();
    if markers.has_profile && profile.is_none() {
        return Err(DecodeError::Profile("its JPEG segments are incomplete".into()));
    }
    let mut samples = vec![0; size.pixels() as usize * channels.count()];
    if decoder.output_buffer_size() != Some(samples.len()) {
        return Err(corrupt("its headers disagree on the size"));
    }
    decoder.decode_into(&mut samples).map_err(explain)?;
    if channels == Channels::Cmyk {
        to_inks(&mut samples, stored == ColorSpace::YCCK, transform.is_some());
    }
    Ok(Raster { size, channels, samples, profile, turn })
}

/// The file up to EOI, its last scan followed by eight bytes of ones. A code of ones alone is no Huffman code (T.81, C.2),
/// so a scan that ends early runs into an error instead of into zune-jpeg's zeros; one that is whole never gets there,
/// though the decoder reads up to eight bytes ahead. A progressive file of one scan is left as it is: zune-jpeg wants to
/// have seen the marker when its first scan ends.
fn lengthened(bytes: &[u8], markers: &Markers) -> Vec<u8> {
    let mut source = Vec::with_capacity(markers.end + 18);
    source.extend_from_slice(&bytes[..markers.end]);
    if !markers.progressive || markers.scans > 1 {
        source.extend_from_slice(&[0xFF, 0x00].repeat(8));
    }
    source.extend_from_slice(&[0xFF, 0xD9]);
    source
}

/// Stored CMYK or YCCK to amounts of ink. YCC codes the complement of CMY, and Adobe stores all four inverted.
fn to_inks(samples: &mut [u8], ycck: bool, inverted: bool) {
    for pixel in samples.chunks_exact_mut(4) {
        if ycck {
            let rgb = ycbcr_to_rgb([pixel[0], pixel[1], pixel[2]]);
            pixel[..3].copy_from_slice(&rgb.map(|sample| 255 - sample));
        }
        if inverted {
            pixel.iter_mut().for_each(|sample| *sample = 255 - *sample);
        }
    }
}

/// How far to walk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// To the first scan.
    Scan,
    /// To EOI, through all scans.
    End,
}

/// Walks the markers (ITU-T T.81, annex B).
fn markers(bytes: &[u8], until: Until) -> Result<Markers, DecodeError> {
    let truncated = || DecodeError::Truncated(NAME);
    let mut at = 2;
    let mut frame: Option<(Size, Vec<u8>)> = None;
    let mut turn = None;
    let (mut jfif, mut adobe_transform, mut has_profile) = (false, None, false);
    let (mut scanned, mut scans, mut progressive) = (Vec::new(), 0, false);
    let end = loop {
        at += bytes.get(at..).and_then(|rest| memchr::memchr(0xFF, rest)).ok_or_else(truncated)?;
        let start = at;
        at += bytes[at..].iter().position(|&byte| byte != 0xFF).ok_or_else(truncated)?;
        let marker = bytes[at];
        at += 1;
        match marker {
            // A stuffed byte, or a marker without a segment: restarts, TEM, SOI.
            0x00 | 0x01 | 0xD0..=0xD8 => continue,
            0xD9 => break start,
            _ => {}
        }
        let length = bytes.get(at..at + 2).map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])));
        let length = length.ok_or_else(truncated)?;
        if length < 2 {
            return Err(corrupt("a segment is shorter than its own length"));
        }
        let data = bytes.get(at + 2..at + length).ok_or_else(truncated)?;
        match marker {
            0xC0..=0xC2 => {
                let [8, h1, h0, w1, w0, count, specs @ ..] = data else {
                    return Err(unsupported("samples of other than 8 bits".into()));
                };
                let size = Size::new(u16::from_be_bytes([*w1, *w0]).into(), u16::from_be_bytes([*h1, *h0]).into());
                if size.pixels() == 0 || frame.is_some() || specs.len() != 3 * usize::from(*count) {
                    return Err(corrupt("its frame header makes no sense"));
                }
                progressive = marker == 0xC2;
                frame = Some((size, specs.chunks_exact(3).map(|spec| spec[0]).collect()));
            }
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Err(unsupported("lossless, hierarchical or arithmetic coding".into()));
            }
            0xDA => {
                if until == Until::Scan {
                    break start;
                }
                scans += 1;
                scanned.extend(data.iter().skip(1).step_by(2).take(data.first().copied().unwrap_or(0).into()).copied());
            }
            0xE0 if data.starts_with(b"JFIF\0") => jfif = true,
            0xE1 if turn.is_none() => turn = data.strip_prefix(b"Exif\0\0").map(Turn::from_exif),
            0xE2 if data.starts_with(b"ICC_PROFILE\0") => has_profile = true,
            0xEE if data.starts_with(b"Adobe") && data.len() >= 12 => adobe_transform = Some(at + 2 + 11),
            _ => {}
        }
        at += length;
    };
    let (size, components) = frame.ok_or_else(|| corrupt("it has no frame header"))?;
    if until == Until::End && !components.iter().all(|component| scanned.contains(component)) {
        return Err(corrupt("a colour component has no scan"));
    }
    let header = Header { size, turn: turn.unwrap_or(Turn::NONE) };
    Ok(Markers { header, components, jfif, adobe_transform, has_profile, scans, progressive, end })
}

fn corrupt(why: &str) -> DecodeError {
    DecodeError::Corrupt { format: NAME, why: why.into() }
}

fn unsupported(what: String) -> DecodeError {
    DecodeError::Unsupported { format: NAME, what }
}

fn explain(error: DecodeErrors) -> DecodeError {
    let why = match error {
        DecodeErrors::ExhaustedData => return DecodeError::Truncated(NAME),
        DecodeErrors::Format(why) | DecodeErrors::HuffmanDecode(why) | DecodeErrors::MCUError(why) => why,
        other => other.to_string(),
    };
    if why.starts_with("Bad Huffman Code 0xFFFF") {
        return corrupt("a scan ends before the image does");
    }
    // Its texts may run over several lines, and some are debug prints.
    corrupt(why.split_whitespace().collect::<Vec<_>>().join(" ").trim_matches('"'))
}

#[cfg(test)]
mod tests;
