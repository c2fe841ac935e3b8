//! What is written is read back by decoders that check everything, and does not depend on the level.

use super::*;
use crate::pixels::{Limits, Size, decode};
use proptest::prelude::*;

fn levels() -> Vec<Level> {
    [Level::Scalar, Level::choose(None).unwrap()].into()
}

fn written(image: &Image, longest: usize) -> Vec<u8> {
    let all = levels().into_iter().map(|level| {
        let mut bytes = Vec::new();
        write_in_chunks(image, level, longest, &mut bytes);
        bytes
    });
    all.reduce(|scalar, fast| {
        assert!(scalar == fast, "{} has other bytes with SIMD", image.size());
        fast
    })
    .unwrap()
}

/// Reads with the crate's decoder, which fails on a wrong checksum of a chunk or of the stream.
fn read(bytes: &[u8]) -> Vec<u8> {
    let mut options = png::DecodeOptions::default();
    options.set_ignore_checksums(false);
    let mut reader = png::Decoder::new_with_options(std::io::Cursor::new(bytes), options).read_info().unwrap();
    assert_eq!(reader.output_color_type(), (png::ColorType::Rgb, png::BitDepth::Eight));
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut data).unwrap();
    reader.finish().unwrap();
    data
}

fn comes_back(image: &Image) -> Vec<u8> {
    let bytes = written(image, CHUNK);
    assert!(read(&bytes) == image.data(), "{}", image.size());
    // Our own decoder takes no longer sides.
    if image.size().width < 32_000 {
        assert!(decode(&bytes, &Limits::default()).unwrap() == *image, "{}", image.size());
    }
    bytes
}

/// Numbers without a pattern.
fn random(seed: u64) -> impl FnMut() -> u32 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 32) as u32
    }
}

/// The sorts of images that tests look at.
#[derive(Clone, Copy, Debug)]
enum Content {
    Flat,
    Random,
    Ramp,
    Text,
    NoisyText,
    Stripes,
}

const CONTENTS: [Content; 6] =
    [Content::Flat, Content::Random, Content::Ramp, Content::Text, Content::NoisyText, Content::Stripes];

fn picture(content: Content, size: Size, seed: u64) -> Image {
    let mut random = random(seed);
    let start = random();
    Image::from_fn(size, |x, y| {
        let ink = (x / 3 * 7 + y / 5 * 13 + x * y / 11) % 5 == 0 && y % 19 < 11 && x % 97 > 20;
        let page = if ink { 30_u8 } else { 250 };
        match content {
            Content::Flat => [start as u8, (start >> 8) as u8, (start >> 16) as u8],
            Content::Random => [random() as u8, random() as u8, random() as u8],
            Content::Ramp => [(x + y) as u8, (x * 2) as u8, (y / 2 + start) as u8],
            Content::Text => [page; 3],
            Content::NoisyText => {
                [0; 3].map(|_: u8| page.saturating_add_signed(((random() % 41) as i8 + (random() % 41) as i8) - 40))
            }
            Content::Stripes if y / 4 % 8 == 3 => [random() as u8, random() as u8, random() as u8],
            Content::Stripes => [0; 3],
        }
    })
}

#[test]
fn every_content_comes_back_at_every_size() {
    for content in CONTENTS {
        for (width, height) in [(1, 1), (1, 300), (300, 1), (2, 2), (129, 67), (65, 64), (512, 320), (43_700, 2)] {
            comes_back(&picture(content, Size::new(width, height), 7));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn images_come_back(index in 0..CONTENTS.len(), width in 1_u32..200, height in 1_u32..200, seed: u64) {
        comes_back(&picture(CONTENTS[index], Size::new(width, height), seed));
    }

    #[test]
    fn few_colours_come_back(
        palette in prop::collection::vec(any::<[u8; 3]>(), 1..5), width in 1_u32..90, height in 1_u32..90, seed: u64,
    ) {
        let mut random = random(seed);
        comes_back(&Image::from_fn(Size::new(width, height), |_, _| palette[random() as usize % palette.len()]));
    }
}

#[test]
fn rows_longer_than_a_block_come_back_in_parts() {
    for width in [BLOCK as u32 / 3, BLOCK as u32 / 3 + 1, 200_000] {
        for content in [Content::Ramp, Content::NoisyText, Content::Flat] {
            comes_back(&picture(content, Size::new(width, 3), 9));
        }
    }
}

#[test]
fn a_long_stream_is_parted_into_chunks() {
    let image = picture(Content::NoisyText, Size::new(512, 640), 1);
    let bytes = written(&image, 100_000);
    assert!(read(&bytes) == image.data());
    let (mut at, mut names) = (8, Vec::new());
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        names.push(String::from_utf8(bytes[at + 4..at + 8].to_vec()).unwrap());
        at += 12 + length;
    }
    assert!(names.len() > 5 && at == bytes.len(), "{names:?}");
    assert!(names[0] == "IHDR" && names[names.len() - 1] == "IEND");
    assert!(names[1..names.len() - 1].iter().all(|name| name == "IDAT"));
}

#[test]
fn what_does_not_shrink_is_stored() {
    for (width, height) in [(1, 1), (5, 3), (100, 100), (640, 512), (60_000, 2)] {
        let image = picture(Content::Random, Size::new(width, height), 3);
        let raw = image.data().len() + height as usize;
        // Signature, three chunks, header and sum of zlib; stored blocks.
        let frame = 8 + 12 + 13 + 12 + 6 + 12;
        let blocks = raw.div_ceil(BLOCK - (3 * width as usize + 1).min(BLOCK / 2));
        assert!(comes_back(&image).len() <= raw + frame + 5 * 3 * blocks, "{width}×{height}");
    }
}

#[test]
fn what_is_flat_takes_next_to_nothing() {
    let size = Size::new(512, 640);
    assert!(comes_back(&picture(Content::Flat, size, 5)).len() < 3000);
    assert!(comes_back(&picture(Content::Text, size, 5)).len() < 75_000);
    assert!(comes_back(&picture(Content::Stripes, size, 5)).len() < 150_000);
}

/// Compares with the encoder that was used before: `cargo test --release -- --ignored --nocapture pixels::png::tests::speed`.
#[test]
#[ignore = "takes a while, and says something in a release build alone"]
fn speed() {
    let old = |image: &Image, bytes: &mut Vec<u8>| {
        let mut encoder = png::Encoder::new(bytes, image.size().width, image.size().height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_deflate_compression(png::DeflateCompression::FdeflateUltraFast);
        encoder.set_filter(png::Filter::Sub);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(image.data()).unwrap();
        writer.finish().unwrap();
    };
    type Encoder<'a> = (&'a str, &'a dyn Fn(&Image, &mut Vec<u8>));
    let encoders: [Encoder<'_>; 3] = [
        ("fdeflate", &old),
        ("scalar", &|image, bytes| write(image, Level::Scalar, bytes)),
        ("fast", &|image, bytes| write(image, Level::choose(None).unwrap(), bytes)),
    ];
    for content in CONTENTS {
        let image = picture(content, Size::new(512, 640), 1);
        let (mut bytes, mut times, mut sizes) = (Vec::new(), [const { Vec::new() }; 3], [0; 3]);
        for _ in 0..100 {
            for (index, (_, encode)) in encoders.iter().enumerate() {
                bytes.clear();
                #[expect(clippy::disallowed_methods, reason = "what is measured")]
                let start = std::time::Instant::now();
                encode(&image, &mut bytes);
                times[index].push(start.elapsed());
                sizes[index] = bytes.len();
            }
        }
        for ((name, _), (times, size)) in encoders.iter().zip(times.iter_mut().zip(sizes)) {
            times.sort();
            println!("{content:?}: {name} {size} bytes in {:?}", times[times.len() / 2]);
        }
    }
}
