//! A law for every op in the list; an op without one fails the first test.

use super::*;
use crate::effect::{Lowering, execute, fold};
use crate::number::Micro;
use crate::pixels::{Image, Size};
use crate::seed::Rng;
use std::collections::BTreeSet;
use std::convert::Infallible;

mod geometry;
mod look;

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
const BILINEAR: Value = Value::Word("bilinear");

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
        ("gaussian_noise", vec![number(0.0)]),
        ("blur", vec![number(0.0)]),
        ("brightness", vec![number(1.0)]),
        ("contrast", vec![number(1.0), number(128.0)]),
        ("gamma", vec![number(1.0)]),
        ("hsv_shift", vec![number(0.0), number(0.0), number(0.0)]),
        ("rgb_shift", vec![number(0.0), number(0.0), number(0.0)]),
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
