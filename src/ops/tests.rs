//! A law for every op in the list; an op without one fails the first test.

use super::*;
use crate::effect::custom::Buffers;
use crate::effect::{Lowering, execute, fast, fold};
use crate::number::Micro;
use crate::pixels::{Image, Size};
use crate::seed::Rng;
use std::collections::BTreeSet;
use std::convert::Infallible;

pub(super) mod bench;
mod geometry;
mod mixing;
mod sheets;

pub(super) fn page() -> Image {
    crate::canary::page(0)
}

pub(super) fn number(value: f64) -> Value {
    Value::Number(Micro::from_f64(value).unwrap())
}

pub(super) fn word(word: &'static str) -> Value {
    Value::Word(word)
}

const WHITE: Value = Value::Fill(Fill::WHITE);
const BILINEAR: Value = Value::Word("bilinear");

pub(super) fn apply(name: &str, values: &[Value], image: &Image) -> Image {
    let Lower::Effects(lower) = find(name).unwrap().lower else { panic!("{name} mixes") };
    let mut lowering = Lowering::new(image.size());
    lower(values, &mut lowering);
    let passes = fold(lowering.finish());
    let Ok(expected) = execute::<Infallible>(image, &passes, &|_| unreachable!("BUG: no partner here"));
    let no_partner = |_| unreachable!("BUG: no partner here");
    let Ok(found) = fast::execute::<Infallible>(image, &passes, &no_partner, &mut Buffers::default());
    assert!(found == expected, "{name} {values:?}: the fast executor makes other bytes");
    expected
}

/// Parameters at which an op changes nothing.
fn neutral() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("affine", [0.0, 1.0, 0.0, 0.0, 0.0, 0.0].map(number).into_iter().chain([WHITE, BILINEAR]).collect()),
        ("crop_borders", [0.0; 4].map(number).into_iter().chain([word("shrink"), BILINEAR]).collect()),
        ("crop_borders", [0.0; 4].map(number).into_iter().chain([word("keep"), BILINEAR]).collect()),
        ("elastic", vec![number(0.0), number(0.1), word("both"), WHITE, BILINEAR]),
        ("grid_distortion", vec![number(5.0), number(0.0), WHITE, BILINEAR]),
        ("optical_distortion", vec![number(0.0), WHITE, BILINEAR]),
        ("perspective", vec![number(0.0), word("expand"), WHITE, BILINEAR]),
        ("random_resized_crop", [1.0, 1.0, 0.3, 0.7].map(number).into_iter().chain([BILINEAR]).collect()),
        ("shear", vec![number(0.0), number(0.0), word("expand"), WHITE, BILINEAR]),
        ("rotate90", vec![number(0.0)]),
        ("rotate", vec![number(0.0), word("keep"), WHITE, BILINEAR]),
        ("rotate", vec![number(360.0), word("expand"), WHITE, BILINEAR]),
        ("scale", vec![number(1.0), WHITE, BILINEAR]),
        ("shift", vec![number(0.0), number(0.0), WHITE, BILINEAR]),
        ("resize", vec![number(96.0), number(72.0), word("stretch"), WHITE]),
        ("resize", vec![number(500.0), number(500.0), word("within"), WHITE]),
        ("pad", vec![number(1.0), number(1.0), WHITE]),
        ("gaussian_noise", vec![number(0.0), word("independent")]),
        ("gaussian_noise", vec![number(0.0), word("grey")]),
        ("multiplicative_noise", vec![number(0.0), word("independent")]),
        ("multiplicative_noise", vec![number(0.0), word("grey")]),
        ("salt_pepper", vec![number(0.0), number(0.5)]),
        ("pixel_dropout", vec![number(0.0), WHITE]),
        ("blur", vec![number(0.0)]),
        ("box_blur", vec![number(0.0)]),
        ("median_blur", vec![number(0.0)]),
        ("motion_blur", vec![number(0.0), number(30.0)]),
        ("motion_blur", vec![number(1.0), number(77.0)]),
        ("defocus", vec![number(0.5)]),
        ("zoom_blur", vec![number(1.0)]),
        ("downscale", vec![number(1.0), word("nearest"), word("cubic")]),
        ("posterize", vec![number(8.0)]),
        ("sharpen", vec![number(0.0)]),
        ("unsharp_mask", vec![number(2.0), number(0.0), number(0.0)]),
        ("unsharp_mask", vec![number(0.0), number(3.0), number(0.0)]),
        ("saturation", vec![number(1.0)]),
        ("sepia", vec![number(0.0)]),
        ("solarize", vec![number(256.0)]),
        ("equalize", vec![number(0.0), word("independent")]),
        ("equalize", vec![number(0.0), word("luma")]),
        ("white_balance", vec![number(6500.0), number(1.0), number(1.0)]),
        ("brightness", vec![number(1.0)]),
        ("contrast", vec![number(1.0), number(128.0)]),
        ("gamma", vec![number(1.0)]),
        ("hsv_shift", vec![number(0.0), number(0.0), number(0.0)]),
        ("rgb_shift", vec![number(0.0), number(0.0), number(0.0)]),
        ("coarse_dropout", vec![number(0.0), number(0.2), number(2.0), word("fill"), WHITE]),
        ("grid_mask", vec![number(0.2), number(0.0), number(30.0), WHITE]),
        ("pixelate", vec![number(0.0), number(0.3), number(0.1)]),
        ("pixelate", vec![number(3.0), number(0.3), number(0.0)]),
        ("crumple", vec![number(0.0), number(0.3)]),
        ("dirty_drum", vec![number(0.0), number(10.0), word("vertical")]),
        ("dirty_rollers", vec![number(0.0), number(0.1), word("horizontal")]),
        ("dither", vec![number(256.0), word("ordered")]),
        ("dither", vec![number(256.0), word("diffused")]),
        ("dust", vec![number(0.0), number(0.01), word("dark")]),
        ("faded_ink", vec![number(0.0), number(0.5)]),
        ("fold_crease", vec![number(0.0), number(0.5), word("cross")]),
        ("fold_crease", vec![number(2.0), number(0.0), word("cross")]),
        ("glare", vec![number(0.0), number(0.3), word("spot")]),
        ("halftone", vec![number(0.0), number(0.01), word("color")]),
        ("highlighter", vec![number(0.0), number(0.03), word("yellow")]),
        ("ink_bleed", vec![number(0.0)]),
        ("lighting_gradient", vec![number(1.0), number(1.0), number(40.0), word("linear")]),
        ("lighting_gradient", vec![number(1.0), number(1.0), number(40.0), word("radial")]),
        ("low_ink_lines", vec![number(0.0), number(0.02), word("horizontal")]),
        ("moire", vec![number(0.0), number(0.04)]),
        ("page_border", vec![number(0.0), number(0.05), word("stack")]),
        ("page_border", vec![number(4.0), number(0.0), word("desk")]),
        ("paper_color", vec![word("brown"), number(0.0)]),
        ("paper_texture", vec![number(0.0), word("laid")]),
        ("punch_holes", vec![number(0.0), number(0.03), word("left")]),
        ("scribbles", vec![number(0.0), number(0.005), word("blue")]),
        ("shadow", vec![number(0.0), number(0.05), word("hand")]),
        ("stains", vec![number(0.0), number(0.3), number(0.5), word("ring"), word("coffee")]),
        ("stains", vec![number(3.0), number(0.3), number(0.0), word("ring"), word("coffee")]),
        ("strikethrough", vec![number(0.0), number(0.005), word("blue")]),
    ]
}

/// Parameters at which an op done twice is nothing.
fn involutions() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("flip", vec![word("horizontal")]),
        ("flip", vec![word("vertical")]),
        ("flip", vec![word("transpose")]),
        ("rotate90", vec![number(2.0)]),
        ("invert", vec![]),
        ("solarize", vec![number(0.0)]),
        ("channel_shuffle", vec![word("rbg")]),
        ("channel_shuffle", vec![word("grb")]),
        ("channel_shuffle", vec![word("bgr")]),
    ]
}

#[test]
fn every_op_has_a_law() {
    let mut covered: BTreeSet<&str> = neutral().iter().chain(&involutions()).map(|(name, _)| *name).collect();
    covered.extend(["grey", "jpeg_compress"]);
    // Beside this, in mixing.rs.
    covered.extend(["bleed_through", "cutmix", "mixup", "overlay", "patch_paste"]);
    // Beside their passes: sensors' noise in noise.rs, histograms in tone.rs and clahe.rs.
    covered.extend(["iso_noise", "auto_contrast", "clahe", "channel_drop"]);
    let all: BTreeSet<&str> = ALL.iter().map(|op| op.name).collect();
    assert_eq!(covered, all);
    assert_eq!(ALL.len(), all.len(), "two ops of one name");
}

#[test]
fn neutral_parameters_change_nothing() {
    for (name, values) in neutral() {
        assert_eq!(apply(name, &values, &page()), page(), "{name} {values:?}");
    }
}

#[test]
fn involutions_undo_themselves() {
    for (name, values) in involutions() {
        let once = apply(name, &values, &page());
        assert_ne!(once, page(), "{name} {values:?}");
        assert_eq!(apply(name, &values, &once), page(), "{name} {values:?}");
    }
}

#[test]
fn grey_is_a_projection_and_keeps_what_is_grey() {
    let once = apply("grey", &[], &page());
    assert!(once.data().chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
    assert_eq!(apply("grey", &[], &once), once);
}

#[test]
fn a_lower_jpeg_quality_is_farther_from_the_page() {
    let distance = |quality| {
        let image = apply("jpeg_compress", &[number(quality)], &page());
        image.data().iter().zip(page().data()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>()
    };
    let (low, middle, high) = (distance(5.0), distance(50.0), distance(100.0));
    assert!(low > middle && middle > high && high > 0.0, "{low} {middle} {high}");
}

#[test]
fn ops_that_are_projections_change_nothing_twice() {
    for (name, values) in [
        ("channel_drop", vec![word("green"), number(7.0)]),
        ("posterize", vec![number(3.0)]),
        ("saturation", vec![number(0.0)]),
        ("auto_contrast", vec![number(0.0), word("independent")]),
    ] {
        let once = apply(name, &values, &page());
        assert_ne!(once, page(), "{name}");
        assert_eq!(apply(name, &values, &once), once, "{name}");
    }
}

#[test]
fn blurs_keep_what_is_flat_and_take_more_away_the_farther_they_reach() {
    type Blur = (&'static str, fn(f64) -> Vec<Value>, [f64; 3]);
    let blurs: [Blur; 7] = [
        ("blur", |strength| vec![number(strength)], [0.5, 1.5, 4.0]),
        ("box_blur", |strength| vec![number(strength)], [0.3, 1.0, 2.5]),
        ("median_blur", |strength| vec![number(strength)], [1.0, 2.0, 4.0]),
        ("motion_blur", |strength| vec![number(strength), number(20.0)], [2.0, 5.0, 11.0]),
        ("defocus", |strength| vec![number(strength)], [0.7, 1.5, 4.0]),
        ("zoom_blur", |strength| vec![number(strength)], [1.02, 1.1, 1.4]),
        ("downscale", |strength| vec![number(1.0 / strength), word("area"), word("bilinear")], [1.25, 2.0, 5.0]),
    ];
    for (name, values, strengths) in blurs {
        for size in [Size::new(1, 1), Size::new(1, 300), Size::new(300, 1), Size::new(43, 20)] {
            let flat = Image::filled(size, [255, 0, 93]);
            assert_eq!(apply(name, &values(strengths[2]), &flat), flat, "{name} {size}");
        }
        let detail = |image: &Image| -> u64 {
            let rows = image.data().chunks(3 * image.size().width as usize);
            rows.flat_map(|row| row.windows(4)).map(|pair| u64::from(pair[0].abs_diff(pair[3]))).sum()
        };
        let details: Vec<u64> =
            strengths.iter().map(|strength| detail(&apply(name, &values(*strength), &page()))).collect();
        assert!(detail(&page()) > details[0] && details.is_sorted_by(|a, b| a > b), "{name}: {details:?}");
    }
}

#[test]
fn every_op_works_on_the_smallest_and_the_narrowest_images() {
    for op in ALL {
        let Lower::Effects(_) = op.lower else { continue };
        let values: Vec<Value> = (op.params.iter())
            .map(|param| match (param.default, param.kind) {
                (Some(Value::Word("any")), Kind::Word(words)) => Value::Word(words[0]),
                (Some(value), _) => value,
                (None, Kind::Number { min, max, .. }) => {
                    Value::Number(Micro::nearest(min.to_f64().max(0.3).min(max.to_f64())))
                }
                (None, Kind::Word(words)) => Value::Word(words[0]),
                (None, Kind::Fill) => WHITE,
            })
            .map(|value| match value {
                Value::Number(number) if number.to_f64() == 0.3 => Value::Number(Micro::ONE),
                value => value,
            })
            .collect();
        for size in [Size::new(1, 1), Size::new(1, 300), Size::new(300, 1), Size::new(2, 2)] {
            let image = Image::from_fn(size, |x, y| [(x + 7 * y) as u8, 200, 30]);
            assert!(apply(op.name, &values, &image).size().pixels() > 0, "{} {size}", op.name);
        }
    }
}

#[test]
fn rgb_shift_adds_and_saturates_per_channel() {
    let image = Image::filled(Size::new(3, 2), [100, 250, 5]);
    let shifted = apply("rgb_shift", &[number(10.4), number(10.0), number(-10.0)], &image);
    assert_eq!(shifted.pixel(1, 1), [110, 255, 0]);
}
