//! Laws of folding and resampling, on images made by formulas.

use super::*;
use crate::effect::affine::Affine;
use crate::ops::{Fit, OpSpec, Value, fit};
use proptest::prelude::*;

mod geometry;

/// A page without symmetry: smooth, with a dark bar, different in each channel.
pub fn page(size: Size) -> Image {
    Image::from_fn(size, |x, y| {
        let bar = if x > size.width / 4 && x < size.width / 3 { 120 } else { 0 };
        [(x * 3 + y) as u8, (y * 5 + 40) as u8, ((x ^ y) as u8).wrapping_add(bar)]
    })
}

fn no_partners(_: usize) -> Result<Arc<Image>, std::convert::Infallible> {
    unreachable!("BUG: no blend here")
}

fn run(image: &Image, effects: Vec<Effect>) -> Image {
    both(image, &fold(effects))
}

/// What passes make, by the reference and by the fast executor, which has used its buffers before.
fn both(image: &Image, passes: &[Pass]) -> Image {
    let Ok(expected) = execute(image, passes, &no_partners);
    let mut buffers = Buffers::default();
    buffers.give(Image::filled(Size::new(expected.size().width + 1, expected.size().height), [77; 3]));
    for _ in 0..2 {
        let Ok(found) = fast::execute(image, passes, &no_partners, &mut buffers);
        assert!(found == expected, "{passes:?}: the fast executor makes other bytes of {image:?}");
        buffers.give(found);
    }
    assert_eq!(fast::canvas(image.size(), passes), expected.size(), "{passes:?}");
    let (row, mut rows) = (expected.size().width as usize * 3, Vec::new());
    let Ok(()) = fast::execute_rows(image, passes, &no_partners, &mut buffers, &mut |y, line| {
        assert_eq!((rows.len(), line.len()), (y as usize * row, row), "{passes:?}: rows in order");
        rows.extend_from_slice(line);
    });
    assert!(rows == expected.data(), "{passes:?}: rows of other bytes");
    expected
}

/// Lowers ops written as name and values.
fn lowered(size: Size, ops: &[(&str, &[Value])]) -> Vec<Effect> {
    let mut lowering = Lowering::new(size);
    for (name, values) in ops {
        let op: &OpSpec = crate::ops::find(name).unwrap();
        let crate::ops::Lower::Effects(lower) = op.lower else { panic!("{name} mixes") };
        lower(values, &mut lowering);
    }
    lowering.finish()
}

fn apply(image: &Image, ops: &[(&str, &[Value])]) -> Image {
    run(image, lowered(image.size(), ops))
}

fn number(value: f64) -> Value {
    Value::Number(crate::number::Micro::from_f64(value).unwrap())
}

const KEEP: Value = Value::Word("keep");
const EXPAND: Value = Value::Word("expand");
const WHITE: Value = Value::Fill(Fill::WHITE);
const BILINEAR: Value = Value::Word("bilinear");

fn flip(axis: &'static str) -> [Value; 1] {
    [Value::Word(axis)]
}

#[test]
fn flips_and_quarter_turns_move_whole_pixels() {
    let image = page(Size::new(37, 23));
    let horizontal = apply(&image, &[("flip", &flip("horizontal"))]);
    assert_eq!(horizontal.pixel(0, 5), image.pixel(36, 5));
    let transposed = apply(&image, &[("flip", &flip("transpose"))]);
    assert_eq!((transposed.size(), transposed.pixel(4, 9)), (Size::new(23, 37), image.pixel(9, 4)));
    // Counter-clockwise: what was at the right is on top.
    let quarter = apply(&image, &[("rotate90", &[number(1.0)])]);
    assert_eq!((quarter.size(), quarter.pixel(0, 0)), (Size::new(23, 37), image.pixel(36, 0)));
    assert_eq!(quarter.pixel(22, 36), image.pixel(0, 22));
    assert_eq!(apply(&image, &[("rotate", &[number(90.0), EXPAND, WHITE, BILINEAR])]), quarter);
}

#[test]
fn a_flip_twice_and_four_quarter_turns_are_nothing() {
    let image = page(Size::new(31, 18));
    for axis in ["horizontal", "vertical", "transpose"] {
        assert_eq!(apply(&image, &[("flip", &flip(axis)), ("flip", &flip(axis))]), image, "{axis}");
    }
    assert_eq!(fold(lowered(image.size(), &[("rotate90", &[number(1.0)]), ("rotate90", &[number(3.0)])])), []);
}

#[test]
fn neighbouring_maps_are_one_resampling_and_other_effects_part_them() {
    let size = Size::new(60, 40);
    let rotate: (&str, &[Value]) = ("rotate", &[number(30.0), EXPAND, WHITE, BILINEAR]);
    let effects = lowered(size, &[("flip", &flip("vertical")), rotate, ("scale", &[number(0.5), WHITE, BILINEAR])]);
    assert!(matches!(fold(effects)[..], [Pass::Resample(ref maps)] if maps.len() == 3));
    let effects = lowered(size, &[rotate, ("invert", &[]), ("gamma", &[number(2.0)]), rotate]);
    assert!(matches!(fold(effects)[..], [Pass::Resample(_), Pass::Tables(_), Pass::Resample(_)]));
}

#[test]
fn neighbouring_matrices_are_one_and_so_are_neighbouring_curves() {
    let image = page(Size::new(30, 20));
    let (less, more, sepia) = ([number(0.5)], [number(2.0)], [number(0.4)]);
    let (bits, level) = ([number(3.0)], [number(128.0)]);
    let saturations: [(&str, &[Value]); 2] = [("saturation", &less), ("saturation", &more)];
    assert!(matches!(fold(lowered(image.size(), &saturations))[..], [Pass::Matrix(_)]));
    assert_eq!(apply(&image, &saturations), image);
    let effects = lowered(image.size(), &[("sepia", &sepia), ("grey", &[]), ("sepia", &sepia)]);
    assert!(matches!(fold(effects)[..], [Pass::Matrix(_), Pass::Grey, Pass::Matrix(_)]));
    let effects = lowered(image.size(), &[("posterize", &bits), ("solarize", &level), ("invert", &[])]);
    assert!(matches!(fold(effects)[..], [Pass::Tables(_)]));
}

#[test]
fn an_edge_fill_that_shows_needs_the_pixels_before_it() {
    let edge = Value::Fill(Fill::Edge);
    let shift: (&str, &[Value]) = ("shift", &[number(0.25), number(0.0), edge, BILINEAR]);
    let effects = lowered(Size::new(40, 40), &[("rotate", &[number(30.0), KEEP, WHITE, BILINEAR]), shift]);
    assert_eq!(fold(effects).len(), 2);
    let effects = lowered(Size::new(40, 40), &[("flip", &flip("vertical")), ("scale", &[number(2.0), edge, BILINEAR])]);
    assert_eq!(fold(effects).len(), 1);
}

#[test]
fn what_was_cut_off_does_not_come_back() {
    let image = Image::filled(Size::new(40, 40), [10, 20, 30]);
    let there = [number(0.5), number(0.0), WHITE, BILINEAR];
    let back = [number(-0.5), number(0.0), WHITE, BILINEAR];
    let moved = apply(&image, &[("shift", &there), ("shift", &back)]);
    assert_eq!((moved.pixel(10, 20), moved.pixel(30, 20)), ([10, 20, 30], [255; 3]));
    let black = Value::Fill(Fill::Color([0; 3]));
    let moved = apply(&image, &[("shift", &there), ("shift", &[number(-0.5), number(0.0), black, BILINEAR])]);
    assert_eq!((moved.pixel(10, 20), moved.pixel(30, 20)), ([10, 20, 30], [0; 3]));
}

#[test]
fn fills_are_what_they_say() {
    let image = page(Size::new(40, 30));
    let shifted = |fill| apply(&image, &[("shift", &[number(0.25), number(0.0), Value::Fill(fill), BILINEAR])]);
    assert_eq!(shifted(Fill::Color([1, 2, 3])).pixel(0, 7), [1, 2, 3]);
    assert_eq!(shifted(Fill::Edge).pixel(0, 7), image.pixel(0, 7));
    assert_eq!(shifted(Fill::Reflect).pixel(8, 7), image.pixel(2, 7));
    let mut framed = Image::filled(Size::new(40, 30), [200, 100, 50]);
    (5..30).for_each(|x| framed.set(x, 10, [0; 3]));
    let shifted = apply(&framed, &[("shift", &[number(0.25), number(0.0), Value::Fill(Fill::Median), BILINEAR])]);
    assert_eq!(shifted.pixel(0, 7), [200, 100, 50]);
}

#[test]
fn a_turn_is_counter_clockwise_and_expanding_cuts_nothing_off() {
    let mut image = Image::filled(Size::new(61, 41), [255; 3]);
    (25..36).for_each(|x| (18..23).for_each(|y| image.set(x + 24, y, [0; 3])));
    let dark = |image: &Image| {
        let (mut x_sum, mut y_sum, mut mass) = (0.0, 0.0, 0.0);
        for y in 0..image.size().height {
            for x in 0..image.size().width {
                let weight = 255.0 - f64::from(image.pixel(x, y)[0]);
                (x_sum, y_sum, mass) = (x_sum + weight * f64::from(x), y_sum + weight * f64::from(y), mass + weight);
            }
        }
        (x_sum / mass, y_sum / mass, mass)
    };
    let turned = apply(&image, &[("rotate", &[number(30.0), EXPAND, WHITE, BILINEAR])]);
    let (x, y, mass) = dark(&turned);
    let (x0, y0, mass0) = dark(&image);
    let (from_x, from_y) = (x0 - 30.0, y0 - 20.0);
    let centre = (f64::from(turned.size().width - 1) / 2.0, f64::from(turned.size().height - 1) / 2.0);
    let expected = (centre.0 + from_x * 0.866_025 + from_y * 0.5, centre.1 - from_x * 0.5 + from_y * 0.866_025);
    assert!((x - expected.0).abs() < 0.05 && (y - expected.1).abs() < 0.05, "({x}, {y}) instead of {expected:?}");
    assert!((mass / mass0 - 1.0).abs() < 0.005, "{mass} of {mass0}");
}

#[test]
fn there_and_back_is_close_to_nothing() {
    let image = Image::from_fn(Size::new(80, 60), |x, y| [(x * 2) as u8, (y * 3) as u8, (x + y) as u8]);
    let turned = |degrees| ("rotate", [number(degrees), KEEP, Value::Fill(Fill::Edge), BILINEAR]);
    let (there, back) = (turned(7.0), turned(-7.0));
    let round = apply(&image, &[(there.0, &there.1), (back.0, &back.1)]);
    for (x, y) in [(40, 30), (30, 20), (55, 40)] {
        for channel in 0..3 {
            assert!(image.pixel(x, y)[channel].abs_diff(round.pixel(x, y)[channel]) <= 1, "({x}, {y})");
        }
    }
}

#[test]
fn fits_are_antialiased_and_keep_flat_colours() {
    // A checkerboard of single pixels shrunk to a quarter is grey, not black and white.
    let board = Image::from_fn(Size::new(256, 256), |x, y| [((x + y) % 2 * 255) as u8; 3]);
    for degrees in [0.0, 20.0] {
        let mut lowering = Lowering::new(board.size());
        let turn = Affine::rotation(degrees).about(affine::centre(board.size()), affine::centre(board.size()));
        lowering.map(turn, board.size(), Fill::WHITE);
        fit(&mut lowering, Fit::Stretch(Size::new(64, 64)));
        let small = run(&board, lowering.finish());
        let middle = small.pixel(32, 32)[0];
        assert!(middle.abs_diff(128) <= 12, "at {degrees} degrees: {middle}");
    }
    let flat = Image::filled(Size::new(100, 70), [9, 99, 199]);
    for how in [Fit::Stretch(Size::new(33, 50)), Fit::Cover(Size::new(33, 50)), Fit::Within(Size::new(33, 50))] {
        let mut lowering = Lowering::new(flat.size());
        fit(&mut lowering, how);
        let size = lowering.size();
        assert_eq!(run(&flat, lowering.finish()), Image::filled(size, [9, 99, 199]));
    }
}

#[test]
fn padding_centres_and_fills() {
    let image = page(Size::new(40, 20));
    let mut lowering = Lowering::new(image.size());
    fit(&mut lowering, Fit::Pad(Size::new(30, 30), Fill::Color([1, 2, 3])));
    let padded = run(&image, lowering.finish());
    assert_eq!((padded.pixel(0, 0), padded.pixel(29, 29), padded.pixel(15, 6)), ([1, 2, 3], [1, 2, 3], [1, 2, 3]));
    assert_ne!(padded.pixel(15, 15), [1, 2, 3]);
    let turned =
        apply(&page(Size::new(20, 30)), &[("flip", &flip("transpose")), ("pad", &[number(40.0), number(40.0), WHITE])]);
    assert_eq!((turned.size(), turned.pixel(6, 12)), (Size::new(40, 40), page(Size::new(20, 30)).pixel(2, 1)));
}

#[test]
fn a_fit_and_a_flip_commute() {
    let image = page(Size::new(90, 60));
    let fitted = |ops: &[(&str, &[Value])]| {
        let mut effects = lowered(image.size(), ops);
        let size = image.size();
        let mut lowering = Lowering::new(size);
        fit(&mut lowering, Fit::Stretch(Size::new(41, 29)));
        effects.extend(lowering.finish());
        run(&image, effects)
    };
    let flipped_last = apply(&fitted(&[]), &[("flip", &flip("horizontal"))]);
    let flipped_first = fitted(&[("flip", &flip("horizontal"))]);
    for (a, b) in flipped_first.data().iter().zip(flipped_last.data()) {
        assert!(a.abs_diff(*b) <= 1);
    }
}

#[test]
fn bilinear_weights_reproduce_a_ramp() {
    let ramp = Image::from_fn(Size::new(64, 64), |x, y| [(x * 3) as u8, (y * 3) as u8, 7]);
    let moved =
        apply(&ramp, &[("shift", &[number(0.3 / 64.0 * 0.0 + 0.005), number(0.0), Value::Fill(Fill::Edge), BILINEAR])]);
    // 0.005 · 64 = 0.32 px to the right: a ramp of 3 levels a pixel falls by 0.96.
    assert_eq!((moved.pixel(30, 30), moved.pixel(10, 50)), ([89, 90, 7], [29, 150, 7]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_geometry_gives_the_canvas_it_announced(
        width in 1u32..70, height in 1u32..70, degrees in -360.0f64..360.0, factor in 0.05f64..20.0, x in -1.0f64..1.0,
        fill in 0usize..4, expand: bool,
    ) {
        let image = page(Size::new(width, height));
        let round = |value: f64| number((value * 1e6).round() / 1e6);
        let fill = Value::Fill([Fill::WHITE, Fill::Edge, Fill::Median, Fill::Reflect][fill]);
        let canvas = if expand { EXPAND } else { KEEP };
        let effects = lowered(image.size(), &[
            ("rotate", &[round(degrees), canvas, fill, BILINEAR]),
            ("scale", &[round(factor), fill, BILINEAR]),
            ("shift", &[round(x), round(-x), fill, BILINEAR]),
            ("flip", &flip("transpose")),
        ]);
        let Some(Effect::Map(last)) = effects.last() else { panic!("no map") };
        let expected = last.canvas;
        prop_assert_eq!(run(&image, effects).size(), expected);
    }
}
