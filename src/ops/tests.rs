//! A law for every op in the list; an op without one fails the first test.

use super::*;
use crate::effect::{Lowering, execute, fold};
use crate::number::Micro;
use crate::pixels::{Image, Size};
use crate::seed::Rng;
use std::collections::BTreeSet;
use std::convert::Infallible;

fn page() -> Image {
    crate::canary::page(0)
}

fn number(value: f64) -> Value {
    Value::Number(Micro::from_f64(value).unwrap())
}

fn word(word: &'static str) -> Value {
    Value::Word(word)
}

const WHITE: Value = Value::Fill(Fill::WHITE);

fn apply(name: &str, values: &[Value], image: &Image) -> Image {
    let Lower::Effects(lower) = find(name).unwrap().lower else { panic!("{name} mixes") };
    let mut lowering = Lowering::new(image.size());
    lower(values, &mut lowering);
    let passes = fold(lowering.finish());
    let Ok(image) = execute::<Infallible>(image, &passes, &|_| unreachable!("BUG: no partner here"));
    image
}

/// Parameters at which an op changes nothing.
fn neutral() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("rotate90", vec![number(0.0)]),
        ("rotate", vec![number(0.0), word("keep"), WHITE]),
        ("rotate", vec![number(360.0), word("expand"), WHITE]),
        ("scale", vec![number(1.0), WHITE]),
        ("shift", vec![number(0.0), number(0.0), WHITE]),
        ("resize", vec![number(96.0), number(72.0), word("stretch"), WHITE]),
        ("resize", vec![number(500.0), number(500.0), word("within"), WHITE]),
        ("pad", vec![number(1.0), number(1.0), WHITE]),
        ("gaussian_noise", vec![number(0.0)]),
        ("blur", vec![number(0.0)]),
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
    ]
}

#[test]
fn every_op_has_a_law() {
    let mut covered: BTreeSet<&str> = neutral().iter().chain(&involutions()).map(|(name, _)| *name).collect();
    covered.extend(["grey", "jpeg_compress", "mixup"]);
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
fn rgb_shift_adds_and_saturates_per_channel() {
    let image = Image::filled(Size::new(3, 2), [100, 250, 5]);
    let shifted = apply("rgb_shift", &[number(10.4), number(10.0), number(-10.0)], &image);
    assert_eq!(shifted.pixel(1, 1), [110, 255, 0]);
}

#[test]
fn mixup_draws_every_share_and_never_none_or_all() {
    let Lower::Mix(mix) = find("mixup").unwrap().lower else { panic!("mixup mixes") };
    for alpha in [0.01, 0.4, 1.0, 50.0] {
        let shares: Vec<u16> = (0..4000u32)
            .map(|n| mix(&[number(alpha)], &mut Rng::from_digest(&crate::digest::Digest::of(&n.to_le_bytes()))).weight)
            .collect();
        assert!(shares.iter().all(|share| (1..=255).contains(share)));
        let mean = shares.iter().map(|share| f64::from(*share)).sum::<f64>() / 4000.0;
        assert!((mean - 128.0).abs() < 8.0, "alpha {alpha}: {mean}");
        let middle = shares.iter().filter(|share| (64..192).contains(*share)).count();
        assert!(if alpha < 0.1 { middle < 400 } else { middle > 600 }, "alpha {alpha}: {middle} in the middle");
    }
}
