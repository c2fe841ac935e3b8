//! Laws of the input that the eye can check.

use super::*;
use proptest::prelude::*;

const WHITE: Fit = Fit::Pad { fill: [255; 3] };

/// An input whose numbers are bytes over 255.
fn plain(width: u32, height: u32, fit: Fit) -> Input {
    Input::new(Size::new(width, height), fit, [0.0; 3], [1.0; 3], Interpolation::Bilinear).unwrap()
}

fn written(input: &Input, image: &Image, view: View) -> Vec<f32> {
    let mut out = vec![f32::NAN; input.numbers()];
    input.write(image, &view, &mut Scratch::default(), &mut out);
    assert!(out.iter().all(|value| value.is_finite()), "a number was left out");
    out
}

/// A channel's number at a place, in grey levels.
fn at(out: &[f32], input: &Input, channel: usize, x: u32, y: u32) -> f32 {
    let Size { width, height } = input.size();
    out[channel * (width * height) as usize + (y * width + x) as usize] * 255.0
}

fn gradient(width: u32, height: u32) -> Image {
    Image::from_fn(Size::new(width, height), |x, y| [(x * 255 / width) as u8, (y * 255 / height) as u8, 7])
}

#[test]
fn numbers_are_normalised_as_torchvision_does() {
    let input = Input::new(Size::new(2, 1), WHITE, IMAGENET_MEAN, IMAGENET_STD, Interpolation::Bicubic).unwrap();
    let image = Image::from_fn(Size::new(2, 1), |x, _| if x == 0 { [0, 128, 255] } else { [17, 0, 3] });
    let out = written(&input, &image, View::SAME);
    // Channel by channel: (v / 255 - mean) / std.
    let pixels = [[0.0, 128.0, 255.0], [17.0, 0.0, 3.0f64]];
    for channel in 0..3 {
        for (x, pixel) in pixels.iter().enumerate() {
            let expected =
                (pixel[channel] / 255.0 - f64::from(IMAGENET_MEAN[channel])) / f64::from(IMAGENET_STD[channel]);
            let found = f64::from(out[channel * 2 + x]);
            assert!((found - expected).abs() < 1e-6, "channel {channel}, column {x}: {found} {expected}");
        }
    }
}

#[test]
fn an_image_of_the_size_is_taken_as_it_is() {
    let image = gradient(24, 16);
    let input = plain(24, 16, Fit::Squash);
    let out = written(&input, &image, View::SAME);
    for (x, y) in [(0, 0), (23, 0), (0, 15), (23, 15), (7, 9)] {
        for channel in 0..3 {
            assert!((at(&out, &input, channel, x, y) - f32::from(image.pixel(x, y)[channel])).abs() < 1e-3);
        }
    }
}

#[test]
fn padding_keeps_the_aspect_and_lies_on_both_sides() {
    let (wide, tall) = (Image::filled(Size::new(80, 20), [100, 50, 0]), Image::filled(Size::new(10, 30), [100, 50, 0]));
    let input = plain(40, 40, Fit::Pad { fill: [255, 255, 0] });
    let out = written(&input, &wide, View::SAME);
    let is_image = |out: &[f32], x, y| (at(out, &input, 0, x, y) - 100.0).abs() < 1e-3;
    // 80 x 20 becomes 40 x 10, with 15 rows above and below.
    for x in 0..40 {
        for y in 0..40 {
            assert_eq!(is_image(&out, x, y), (15..25).contains(&y), "{x} {y}");
            let fill = if (15..25).contains(&y) { [100.0, 50.0, 0.0] } else { [255.0, 255.0, 0.0] };
            for (channel, fill) in fill.into_iter().enumerate() {
                assert!((at(&out, &input, channel, x, y) - fill).abs() < 1e-3);
            }
        }
    }
    // 10 x 30 is enlarged to 13 x 40, with 13 columns left and 14 right.
    let out = written(&input, &tall, View::SAME);
    for x in 0..40 {
        assert_eq!(is_image(&out, x, 20), (13..26).contains(&x), "{x}");
    }
}

#[test]
fn squashing_fills_the_canvas() {
    let input = plain(32, 32, Fit::Squash);
    let out = written(&input, &gradient(64, 16), View::SAME);
    let corner = |x, y| (at(&out, &input, 0, x, y), at(&out, &input, 1, x, y));
    assert!(corner(0, 0).0 < 8.0 && corner(31, 0).0 > 244.0);
    assert!(corner(0, 0).1 < 20.0 && corner(0, 31).1 > 220.0);
}

#[test]
fn fine_stripes_become_grey_and_not_moire() {
    let stripes = Image::from_fn(Size::new(256, 256), |x, _| [if x % 2 == 0 { 0 } else { 255 }; 3]);
    for filter in [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Lanczos] {
        let input = Input::new(Size::new(60, 60), WHITE, [0.0; 3], [1.0; 3], filter).unwrap();
        let out = written(&input, &stripes, View::SAME);
        for x in 3..57 {
            let value = at(&out, &input, 0, x, 30);
            assert!((value - 127.5).abs() < 6.0, "{filter:?}, column {x}: {value}");
        }
    }
}

#[test]
fn each_turn_is_what_turning_the_image_gives() {
    let image = Image::from_fn(Size::new(19, 7), |x, y| [(x * 13) as u8, (y * 36) as u8, (x * y) as u8]);
    let (w, h) = (18, 6);
    let turned = |turn: Dihedral| -> Image {
        let size = if turn.transposes() { image.size().transposed() } else { image.size() };
        Image::from_fn(size, |x, y| match turn {
            Dihedral::Same => image.pixel(x, y),
            Dihedral::Turn90 => image.pixel(y, h - x),
            Dihedral::Turn180 => image.pixel(w - x, h - y),
            Dihedral::Turn270 => image.pixel(w - y, x),
            Dihedral::Mirror => image.pixel(w - x, y),
            Dihedral::Mirror90 => image.pixel(w - y, h - x),
            Dihedral::Mirror180 => image.pixel(x, h - y),
            Dihedral::Mirror270 => image.pixel(y, x),
        })
    };
    for turn in Dihedral::ALL {
        for input in [plain(19, 19, WHITE), plain(19, 7, WHITE), plain(7, 19, Fit::Squash), plain(30, 24, WHITE)] {
            let found = written(&input, &image, View::new(turn, 1.0).unwrap());
            let expected = written(&input, &turned(turn), View::SAME);
            // A filter's weights are rounded by themselves, so a mirrored resize may be a grey level off.
            let farthest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) * 255.0;
            assert!(farthest < 1.5, "{} into {}: {farthest}", turn.name(), input.size());
        }
    }
    let names: std::collections::BTreeSet<_> = Dihedral::ALL.iter().map(|turn| turn.name()).collect();
    assert_eq!(names.len(), 8);
}

#[test]
fn a_view_nearer_shows_the_middle_and_one_farther_the_fill() {
    let image = Image::from_fn(Size::new(40, 40), |x, y| {
        if (10..30).contains(&x) && (10..30).contains(&y) { [200, 0, 0] } else { [0, 0, 200] }
    });
    let input = plain(40, 40, Fit::Pad { fill: [9; 3] });
    let near = written(&input, &image, View::new(Dihedral::Same, 2.0).unwrap());
    assert!((at(&near, &input, 0, 1, 1) - 200.0).abs() < 40.0 && (at(&near, &input, 0, 20, 20) - 200.0).abs() < 1e-3);
    assert!((at(&near, &input, 2, 38, 38)) < 40.0);
    let far = written(&input, &image, View::new(Dihedral::Same, 0.5).unwrap());
    assert!((at(&far, &input, 0, 9, 20) - 9.0).abs() < 1e-3 && (at(&far, &input, 2, 10, 20) - 200.0).abs() < 1e-3);
    // What is not filled by a squashed image is the mean colour: zeros.
    let squash = Input::new(Size::new(40, 40), Fit::Squash, [0.4; 3], [0.2; 3], Interpolation::Bilinear).unwrap();
    let far = written(&squash, &image, View::new(Dihedral::Same, 0.5).unwrap());
    assert_eq!((far[0], far[39 * 40 + 39]), (0.0, 0.0));
    for scale in [0.0, 0.09, 10.1, f64::NAN, f64::INFINITY] {
        assert!(View::new(Dihedral::Same, scale).is_err(), "{scale}");
    }
    let views = View::all(&[Dihedral::Same, Dihedral::Mirror], &[1.0, 1.15]).unwrap();
    let names: Vec<String> = views.iter().map(View::to_string).collect();
    assert_eq!(names, ["same", "mirror", "same x1.15", "mirror x1.15"]);
}

#[test]
fn an_input_reads_back_and_a_wrong_one_is_refused() {
    let input = Input::new(Size::new(224, 192), WHITE, IMAGENET_MEAN, IMAGENET_STD, Interpolation::Bicubic).unwrap();
    let text = serde_json::to_string(&input).unwrap();
    assert_eq!(
        text,
        "{\"width\":224,\"height\":192,\"fit\":{\"pad\":{\"fill\":[255,255,255]}},\"mean\":[0.485,0.456,0.406],\
         \"std\":[0.229,0.224,0.225],\"interpolation\":\"bicubic\"}"
    );
    assert_eq!(serde_json::from_str::<Input>(&text).unwrap(), input);
    for (from, to, problem) in [
        ("224", "0", "an input of 0×192 pixels: sides are from 1 to 8192"),
        ("0.229", "0", "a std of"),
        ("192", "9000", "sides are from 1 to 8192"),
        ("\"mean\"", "\"maen\"", "unknown field"),
    ] {
        let error = serde_json::from_str::<Input>(&text.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn loops_of_all_levels_give_the_numbers_of_the_library(
        sizes in proptest::collection::vec((1..150u32, 1..150u32), 3),
        (canvas_width, canvas_height) in (1..90u32, 1..90u32), pad: bool, scale in 0.3..2.5f64, bicubic: bool, seed: u32,
    ) {
        let fit = if pad { Fit::Pad { fill: [9, 99, 199] } } else { Fit::Squash };
        let filter = if bicubic { Interpolation::Bicubic } else { Interpolation::Bilinear };
        let canvas = Size::new(canvas_width, canvas_height);
        let input = Input::new(canvas, fit, IMAGENET_MEAN, IMAGENET_STD, filter).unwrap();
        let view = View::new(Dihedral::Same, scale).unwrap();
        // One memory for all, as a thread has.
        let mut scratch = Scratch::default();
        for (width, height) in sizes {
            same_numbers(&input, &noise(Size::new(width, height), seed), &view, &mut scratch);
        }
    }
}

#[test]
fn more_sizes_than_a_thread_remembers_give_the_same_numbers() {
    let input = Input::new(Size::new(24, 24), WHITE, IMAGENET_MEAN, IMAGENET_STD, Interpolation::Bilinear).unwrap();
    let mut scratch = Scratch::default();
    for side in (16..180).chain(16..60) {
        same_numbers(&input, &noise(Size::new(side, 196 - side), side), &View::SAME, &mut scratch);
    }
}

/// Noise of whole levels in one channel: what is darkest and lightest makes a cubic leave the range.
fn noise(size: Size, seed: u32) -> Image {
    Image::from_fn(size, |x, y| {
        let hash = (x + 151 * y + seed).wrapping_mul(0x9e37_79b1);
        [hash >> 24, if hash & 64 == 0 { 0 } else { 255 }, hash >> 8 & 255].map(|level| level as u8)
    })
}

fn same_numbers(input: &Input, image: &Image, view: &View, scratch: &mut Scratch) {
    let [plain, fast] = [Level::Scalar, simd::level()].map(|level| {
        let mut out = vec![f32::NAN; input.numbers()];
        input.write_by(level, image, view, scratch, &mut out);
        out
    });
    assert!(plain.iter().all(|number| number.is_finite()), "a number was left out");
    assert_eq!(fast, plain, "{} into {}", image.size(), input.size());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_constant_image_stays_constant_at_any_size_and_view(
        (width, height) in (1..70u32, 1..70u32),
        (canvas_width, canvas_height) in (1..50u32, 1..50u32),
        color: [u8; 3], pad: bool, turn in 0..8usize, scale in 0.1..3.0f64, filter in 0..3usize,
    ) {
        let filter = [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Lanczos][filter];
        let fit = if pad { Fit::Pad { fill: color } } else { Fit::Squash };
        let input = Input::new(Size::new(canvas_width, canvas_height), fit, [0.0; 3], [1.0; 3], filter).unwrap();
        let view = View::new(Dihedral::ALL[turn], if pad { scale } else { scale.max(1.0) }).unwrap();
        let out = written(&input, &Image::filled(Size::new(width, height), color), view);
        for (plane, value) in out.chunks(input.size().pixels() as usize).zip(color) {
            prop_assert!(plane.iter().all(|found| (found * 255.0 - f32::from(value)).abs() < 1e-3), "{:?}", plane);
        }
    }
}
