//! Every byte against mozjpeg, on both levels.

use super::*;
use mozjpeg::{ColorSpace, Compress};
use proptest::prelude::*;

/// What mozjpeg writes in its "fastest" profile.
pub fn oracle(image: &Image, quality: u8, subsampling: Subsampling, bytes: &mut Vec<u8>) {
    let Size { width, height } = image.size();
    let mut compress = Compress::new(ColorSpace::JCS_RGB);
    compress.set_fastest_defaults();
    compress.set_optimize_coding(false);
    compress.set_size(width as usize, height as usize);
    compress.set_quality(quality.into());
    compress.set_chroma_sampling_pixel_sizes(subsampling.step(), subsampling.step());
    let mut started = compress.start_compress(bytes).unwrap();
    started.write_scanlines(image.data()).unwrap();
    started.finish().unwrap();
}

fn plain(image: &Image, quality: u8, subsampling: Subsampling, bytes: &mut Vec<u8>) {
    let quantisers = Quantiser::of(quality);
    header::write(image.size(), subsampling, &quantisers, bytes);
    scan(image, subsampling, bytes, |window, unit| scalar::transform(window, subsampling, &quantisers, unit));
    bytes.extend_from_slice(&header::END);
}

fn same(image: &Image, quality: u8, subsampling: Subsampling) {
    let (mut expected, mut fast, mut slow) = (Vec::new(), Vec::new(), Vec::new());
    oracle(image, quality, subsampling, &mut expected);
    encode(image, quality, subsampling, &mut fast);
    plain(image, quality, subsampling, &mut slow);
    let what = format!("{}, quality {quality}, {subsampling}", image.size());
    assert!(slow == expected, "plain: {what}, differs at {:?}", slow.iter().zip(&expected).position(|(a, b)| a != b));
    assert!(fast == expected, "fast: {what}, differs at {:?}", fast.iter().zip(&expected).position(|(a, b)| a != b));
}

/// Samples by a hash of place and seed.
fn noise(size: Size, seed: u32) -> Image {
    Image::from_fn(size, |x, y| {
        let hash = (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed).wrapping_mul(0xC2B2_AE3D);
        [hash >> 24, hash >> 15, hash >> 7].map(|sample| sample as u8)
    })
}

/// A page: text-like edges, a ramp of colour, a little noise.
fn page(size: Size, seed: u32) -> Image {
    let grain = noise(size, seed);
    Image::from_fn(size, |x, y| {
        let ink = if (x / 3 + y / 5) % 7 == 0 && y % 24 < 14 { 30 } else { 225 - x / 16 % 40 };
        let grain = grain.pixel(x, y).map(|sample| u32::from(sample) / 12);
        [ink + grain[0], ink * 9 / 10 + grain[1], ink * 4 / 5 + y % 17 + grain[2]].map(|sample| sample.min(255) as u8)
    })
}

const SIZES: [(u32, u32); 22] = [
    (1, 1),
    (1, 300),
    (300, 1),
    (7, 9),
    (8, 8),
    (9, 8),
    (8, 9),
    (15, 17),
    (16, 16),
    (17, 16),
    (16, 17),
    (24, 24),
    (25, 40),
    (33, 17),
    (31, 26),
    (32, 10),
    (48, 48),
    (129, 67),
    (640, 3),
    (5, 700),
    (200, 9),
    (130, 131),
];

#[test]
fn every_size_gives_the_bytes_of_mozjpeg() {
    for (width, height) in SIZES {
        let size = Size::new(width, height);
        for subsampling in Subsampling::ALL {
            for quality in [3, 30, 75, 90, 100] {
                same(&noise(size, 1), quality, subsampling);
                same(&page(size, 2), quality, subsampling);
            }
        }
    }
}

#[test]
fn every_quality_gives_the_bytes_of_mozjpeg() {
    for quality in 1..=100 {
        for subsampling in Subsampling::ALL {
            same(&noise(Size::new(37, 29), u32::from(quality)), quality, subsampling);
            same(&page(Size::new(37, 29), u32::from(quality)), quality, subsampling);
        }
    }
}

#[test]
fn the_largest_coefficients_give_the_bytes_of_mozjpeg() {
    let size = Size::new(40, 40);
    let colors = [[0; 3], [255; 3], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255], [255, 0, 255]];
    for quality in [1, 50, 97, 98, 99, 100] {
        for subsampling in Subsampling::ALL {
            for color in colors {
                let opposite = color.map(|sample: u8| 255 - sample);
                same(&Image::filled(size, color), quality, subsampling);
                for (across, down) in [(1, 1), (2, 2), (4, 4), (8, 8), (1, 64), (64, 1), (4, 64), (2, 4), (16, 16)] {
                    let board = |x, y| if (x / across + y / down) % 2 == 0 { color } else { opposite };
                    same(&Image::from_fn(size, board), quality, subsampling);
                }
                // Signs of each function of the DCT: what makes its coefficient as large as it can be.
                for function in 0..64u32 {
                    let cosine =
                        |at: u32, of: u32| libm::cos(f64::from((2 * (at % 8) + 1) * of) * 0.196_349_540_849_362_1);
                    let wave =
                        |x, y| if cosine(x, function % 8) * cosine(y, function / 8) > 0.0 { color } else { opposite };
                    same(&Image::from_fn(Size::new(16, 16), wave), quality, subsampling);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_image_gives_the_bytes_of_mozjpeg(
        width in 1u32..80, height in 1u32..80, seed: u32, contrast in 0u32..=256, quality in 1u8..=100, which in 0usize..3,
    ) {
        let image = noise(Size::new(width, height), seed);
        let image = Image::from_fn(image.size(), |x, y| {
            image.pixel(x, y).map(|sample| ((u32::from(sample) * contrast + (seed % 256) * (256 - contrast)) / 256) as u8)
        });
        same(&image, quality, Subsampling::ALL[which]);
    }
}

/// `cargo test --release --lib jpeg::tests::speed -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let image = page(Size::new(512, 640), 5);
    let mut bytes = Vec::new();
    type Encoder = fn(&Image, u8, Subsampling, &mut Vec<u8>);
    let encoders: [(&str, Encoder); 3] = [("ours", encode), ("plain", plain), ("mozjpeg", oracle)];
    for subsampling in Subsampling::ALL {
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..300 {
            for ((_, encoder), times) in encoders.iter().zip(&mut times) {
                bytes.clear();
                #[expect(clippy::disallowed_methods, reason = "it measures time")]
                let start = std::time::Instant::now();
                encoder(&image, 90, subsampling, &mut bytes);
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        for ((name, _), times) in encoders.iter().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            let (median, best) = (times[times.len() / 2], times[0]);
            println!("{subsampling} {name}: median {median:.3} ms, best {best:.3}, {} bytes", bytes.len());
        }
    }
}
