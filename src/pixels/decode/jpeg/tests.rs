//! Our decoder beside zune-jpeg: on what it takes, and on what is broken.
#![cfg(target_arch = "x86_64")]

use super::*;
use crate::effect::simd::{self, Level};
use crate::pixels::{Encoding, Image, Subsampling};
use proptest::prelude::*;

/// Pixels from flat (0) through smooth to noise of whole levels (3).
fn picture(size: Size, kind: u8, seed: u32) -> Image {
    Image::from_fn(size, |x, y| {
        let hash = (x + 613 * y + seed).wrapping_mul(0x9e37_79b1);
        let smooth = [x * 2 + y, 255 - (x + y * 3) % 256, (x * y / 16) % 256];
        let level = |channel: usize| match kind {
            0 => seed >> (8 * channel),
            1 => smooth[channel],
            2 => smooth[channel] / 2 + (hash >> (8 * channel + 3) & 63),
            _ => 255 * (hash >> (7 * channel + 3) & 1),
        };
        [0, 1, 2].map(|channel| level(channel) as u8)
    })
}

fn ours(image: &Image, quality: u8, subsampling: Subsampling) -> Vec<u8> {
    Encoding::Jpeg { quality, subsampling }.encode(image).unwrap()
}

/// By mozjpeg, with Huffman tables of the image's own, whose codes are as long as they come.
fn mozjpeg(image: &Image, quality: u8, across: u8, down: u8) -> Vec<u8> {
    let mut compress = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    compress.set_size(image.size().width as usize, image.size().height as usize);
    compress.set_fastest_defaults();
    compress.set_quality(f32::from(quality));
    compress.set_optimize_coding(true);
    compress.set_chroma_sampling_pixel_sizes((across, down), (across, down));
    let mut compress = compress.start_compress(Vec::new()).unwrap();
    compress.write_scanlines(image.data()).unwrap();
    compress.finish().unwrap()
}

/// What becomes of a file.
#[derive(PartialEq, Eq, Debug)]
enum Fate {
    /// Its markers are refused.
    Refused,
    /// It is left to zune-jpeg.
    Left,
    /// Our decoder takes it, with zune-jpeg's pixels.
    Taken,
}

fn fate(bytes: &[u8]) -> Fate {
    let Ok(markers) = markers(bytes, Until::End) else { return Fate::Refused };
    let Some(ours) = by_ours(bytes, &markers) else { return Fate::Left };
    let theirs = by_zune(bytes, &markers).unwrap_or_else(|error| panic!("taken, and {error}"));
    assert_eq!((ours.size, ours.channels, ours.turn), (theirs.size, theirs.channels, theirs.turn));
    let apart = ours.samples.iter().zip(&theirs.samples).position(|(a, b)| a != b);
    assert_eq!((apart, ours.samples.len()), (None, theirs.samples.len()), "the first sample that differs");
    Fate::Taken
}

/// What becomes of a file that is taken where there is AVX2.
fn taken() -> Fate {
    if simd::level() == Level::Avx2 { Fate::Taken } else { Fate::Left }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn files_that_augmint_writes_are_taken_and_have_zunes_pixels(
        (width, height) in (1..90u32, 1..90u32), kind in 0..4u8, seed: u32, quality in 1..=100u8, sampling in 0..3usize,
    ) {
        let subsampling = [Subsampling::S444, Subsampling::S422, Subsampling::S420][sampling];
        let bytes = ours(&picture(Size::new(width, height), kind, seed), quality, subsampling);
        prop_assert_eq!(fate(&bytes), taken());
    }

    #[test]
    fn so_are_files_with_tables_of_their_own(
        (width, height) in (1..90u32, 1..90u32), kind in 0..4u8, seed: u32, quality in 1..=100u8, sampling in 0..3usize,
    ) {
        let (across, down) = [(1, 1), (2, 1), (2, 2)][sampling];
        let bytes = mozjpeg(&picture(Size::new(width, height), kind, seed), quality, across, down);
        prop_assert_eq!(fate(&bytes), taken());
    }

    #[test]
    fn what_is_broken_is_never_taken_for_something_else(
        kind in 1..4u8, seed: u32, quality in 20..=100u8, flips in proptest::collection::vec((0.0..1.0f64, 1..=255u8), 1..4),
        cut in proptest::option::of(0.0..1.0f64), scan: bool,
    ) {
        let mut bytes = ours(&picture(Size::new(40, 24), kind, seed), quality, Subsampling::S420);
        // Half of the time within the scan alone, where most of a real file is.
        let start = if scan { bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14 } else { 2 };
        for (place, change) in flips {
            let at = start + ((bytes.len() - start) as f64 * place) as usize;
            bytes[at] ^= change;
        }
        if let Some(cut) = cut {
            bytes.truncate(start + ((bytes.len() - start) as f64 * cut) as usize);
            bytes.extend_from_slice(&[0xFF, 0xD9]);
        }
        fate(&bytes);
    }
}

/// A plain file, and where its first marker of a kind stands.
fn plain() -> (Vec<u8>, impl Fn(u8) -> usize) {
    let bytes = ours(&picture(Size::new(40, 24), 2, 7), 90, Subsampling::S420);
    let copy = bytes.clone();
    (bytes, move |which: u8| copy.windows(2).position(|pair| pair == [0xFF, which]).unwrap())
}

/// A file with other bytes in the place of some.
fn with(bytes: &[u8], at: std::ops::Range<usize>, other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.splice(at, other.iter().copied());
    bytes
}

#[test]
fn what_is_unusual_is_left_to_zune() {
    let (plain, marker) = plain();
    assert_eq!(fate(&plain), taken());
    let (frame, scan, end) = (marker(0xC0), marker(0xDA), plain.len() - 2);
    let named = with(&with(&plain, frame + 10..frame + 11, b"R"), scan + 5..scan + 6, b"R");
    assert_eq!(fate(&named), Fate::Left, "components of other names");
    assert_eq!(fate(&with(&plain, frame + 1..frame + 2, &[0xC2])), Fate::Left, "a progressive frame");
    assert_eq!(fate(&with(&plain, scan..scan, &[0xFF, 0xDD, 0, 4, 0, 1])), Fate::Left, "restarts");
    assert_eq!(fate(&with(&plain, end..end, &[0x55; 3])), Fate::Left, "bytes behind the last block");
    assert_eq!(fate(&with(&plain, 2..2, &[0xFF, 0xC0, 0, 2])), Fate::Refused, "a frame of nothing");
}

/// Found by reading zune-jpeg: it refuses these, or goes on in the middle of a segment.
#[test]
fn segments_that_zune_reads_otherwise_are_left_to_it() {
    let (plain, _) = plain();
    let adobe = |transform: u8| [&[0xFF, 0xEE, 0, 14][..], b"Adobe\0\x64\0\0\0\0", &[transform]].concat();
    assert_eq!(fate(&with(&plain, 2..2, &adobe(1))), taken(), "Adobe's YCbCr");
    let extended = [&[0xFF, 0xE1, 0, 39][..], b"http://ns.adobe.com/xmp/extension/\0", &[0; 2]].concat();
    for (segment, name) in [
        (adobe(0), "Adobe's RGB"),
        ([adobe(5), adobe(1)].concat(), "an unknown transform before a known one"),
        (b"\xFF\xEE\0\x07Adobe".to_vec(), "a short Adobe segment"),
        (vec![0xFF, 0xE0, 0, 6, 1, 2, 3, 4], "a short APP0"),
        (extended, "a short extended XMP"),
    ] {
        assert_eq!(fate(&with(&plain, 2..2, &segment)), Fate::Left, "{name}");
    }
    // A comment to whoever goes by the lengths, and a frame of another image to whoever is three bytes behind.
    let comment = [&[0xFF, 0xE0, 0, 6, 1, 2, 3, 4, 0xFF, 0xFE, 0xFF, 0xDB][..], &[0; 0xFFD9]].concat();
    assert_eq!(fate(&with(&plain, 2..2, &comment)), Fate::Left);
}

#[test]
fn tables_may_come_again_and_the_last_counts() {
    let (plain, marker) = plain();
    let (table, frame) = (marker(0xDB), marker(0xC0));
    let first = plain[table..table + 69].to_vec();
    let other = with(&first, 5..69, &[7; 64]);
    let wide: Vec<u8> = [&[0xFF, 0xDB, 0, 131, 0x10][..], &[0, 7].repeat(64)].concat();
    let sevens = decode(&with(&plain, table..table + 69, &other), &Limits::default()).unwrap();
    for (at, segment, name) in [
        (table + 69, other.clone(), "behind the first"),
        (marker(0xDA), other, "behind the frame"),
        (frame, wide, "of 16 bits"),
    ] {
        let bytes = with(&plain, at..at, &segment);
        assert_eq!(fate(&bytes), taken(), "{name}");
        assert!(decode(&bytes, &Limits::default()).unwrap().samples == sevens.samples, "{name}");
    }
}

#[test]
fn numbers_beyond_16_bits_are_left_to_zune() {
    let bytes = ours(&picture(Size::new(40, 24), 3, 7), 100, Subsampling::S444);
    let tables = bytes.windows(2).position(|pair| pair == [0xFF, 0xDB]).unwrap();
    // Steps of 1 become steps of another number: coefficients are up to a thousand.
    let times = |step: u8| {
        let first = with(&bytes, tables + 5..tables + 69, &[step; 64]);
        with(&first, tables + 74..tables + 138, &[step; 64])
    };
    assert_eq!(fate(&times(1)), taken());
    assert_eq!(fate(&times(25)), Fate::Left, "a sum in the first pass");
    assert_eq!(fate(&times(255)), Fate::Left, "a coefficient");
    assert_eq!(fate(&times(0)), taken(), "steps of nothing");
}

/// `cargo test --release --lib decode::jpeg::tests::speed -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let files = [1, 2].map(|kind| ours(&picture(Size::new(256, 192), kind, 7), 90, Subsampling::S420));
    for bytes in files {
        let markers = markers(&bytes, Until::End).unwrap();
        let mut least = [f64::MAX; 2];
        for _ in 0..200 {
            let start = std::time::Instant::now();
            assert!(by_ours(&bytes, &markers).is_some());
            let between = std::time::Instant::now();
            by_zune(&bytes, &markers).unwrap();
            let times = [between - start, between.elapsed()];
            for (least, time) in least.iter_mut().zip(times) {
                *least = least.min(time.as_secs_f64() * 1e6);
            }
        }
        println!("{} bytes: ours {:.0} us, zune-jpeg {:.0} us", bytes.len(), least[0], least[1]);
    }
}
