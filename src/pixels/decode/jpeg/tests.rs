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

/// Whether our decoder takes a file; whatever it takes, zune-jpeg has to give.
fn taken(bytes: &[u8]) -> bool {
    let Ok(markers) = markers(bytes, Until::End) else { return false };
    let Some(ours) = by_ours(bytes, &markers) else { return false };
    let theirs = by_zune(bytes, &markers).unwrap_or_else(|error| panic!("taken, and {error}"));
    assert_eq!((ours.size, ours.channels, ours.turn), (theirs.size, theirs.channels, theirs.turn));
    let apart = ours.samples.iter().zip(&theirs.samples).position(|(a, b)| a != b);
    assert_eq!((apart, ours.samples.len()), (None, theirs.samples.len()), "the first sample that differs");
    true
}

fn avx2() -> bool {
    simd::level() == Level::Avx2
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn files_that_augmint_writes_are_taken_and_have_zunes_pixels(
        (width, height) in (16..90u32, 1..90u32), kind in 0..4u8, seed: u32, quality in 1..=100u8, sampling in 0..3usize,
    ) {
        let subsampling = [Subsampling::S444, Subsampling::S422, Subsampling::S420][sampling];
        let bytes = ours(&picture(Size::new(width, height), kind, seed), quality, subsampling);
        prop_assert_eq!(taken(&bytes), avx2());
    }

    #[test]
    fn so_are_files_with_tables_of_their_own(
        (width, height) in (16..90u32, 1..90u32), kind in 0..4u8, seed: u32, quality in 1..=100u8, sampling in 0..3usize,
    ) {
        let (across, down) = [(1, 1), (2, 1), (2, 2)][sampling];
        let bytes = mozjpeg(&picture(Size::new(width, height), kind, seed), quality, across, down);
        prop_assert_eq!(taken(&bytes), avx2());
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
        taken(&bytes);
    }
}

#[test]
fn what_is_unusual_is_left_to_zune() {
    let image = picture(Size::new(40, 24), 2, 7);
    let plain = ours(&image, 90, Subsampling::S420);
    assert_eq!(taken(&plain), avx2());
    assert!(!taken(&ours(&picture(Size::new(15, 24), 2, 7), 90, Subsampling::S420)), "rows of 15 pixels");
    let marker = |which: u8| plain.windows(2).position(|pair| pair == [0xFF, which]).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = plain.clone();
        bytes[at] = byte;
        bytes
    };
    assert!(!taken(&with(marker(0xC0) + 1, 0xC2)), "a progressive frame");
    assert!(!taken(&with(marker(0xC0) + 10, b'R')), "components of other names");
    let mut restarts = plain.clone();
    let scan = marker(0xDA);
    restarts.splice(scan..scan, [0xFF, 0xDD, 0, 4, 0, 1]);
    assert!(!taken(&restarts), "restarts");
    let mut longer = plain.clone();
    let end = longer.len() - 2;
    longer.splice(end..end, [0x55; 3]);
    assert!(!taken(&longer), "bytes behind the last block");
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
