//! Laws of the ops that move pixels.

use super::*;

const EDGE: Value = Value::Fill(Fill::Edge);
const REFLECT: Value = Value::Fill(Fill::Reflect);
const KEEP: Value = Value::Word("keep");
const EXPAND: Value = Value::Word("expand");
const BOTH: Value = Value::Word("both");

/// Each op with parameters that move pixels; fill and interpolation are the last two, where it has them.
fn moves(fill: Value, interpolation: &'static str) -> Vec<(&'static str, Vec<Value>)> {
    let by = word(interpolation);
    vec![
        ("affine", vec![number(9.0), number(0.9), number(7.0), number(-3.0), number(0.05), number(0.02), fill, by]),
        ("crop_borders", vec![number(0.1), number(0.05), number(0.2), number(0.0), KEEP, by]),
        ("elastic", vec![number(0.1), number(0.2), BOTH, fill, by]),
        ("grid_distortion", vec![number(4.0), number(0.4), fill, by]),
        ("optical_distortion", vec![number(0.3), fill, by]),
        ("perspective", vec![number(0.2), KEEP, fill, by]),
        ("random_resized_crop", vec![number(0.4), number(1.3), number(0.2), number(0.7), by]),
        ("rotate", vec![number(20.0), KEEP, fill, by]),
        ("scale", vec![number(0.8), fill, by]),
        ("shear", vec![number(12.0), number(-5.0), KEEP, fill, by]),
        ("shift", vec![number(0.11), number(0.07), fill, by]),
    ]
}

fn gap(a: &Image, b: &Image) -> u8 {
    assert_eq!(a.size(), b.size());
    a.data().iter().zip(b.data()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

fn apply_all(ops: &[(&str, &[Value])], image: &Image) -> Image {
    let mut lowering = Lowering::new(image.size());
    for (name, values) in ops {
        let Lower::Effects(lower) = find(name).unwrap().lower else { panic!("{name} mixes") };
        lower(values, &mut lowering);
    }
    let Ok(image) = execute::<Infallible>(image, &fold(lowering.finish()), &|_| unreachable!("BUG: no partner here"));
    image
}

#[test]
fn every_op_with_an_interpolation_is_here() {
    let here: BTreeSet<&str> = moves(WHITE, "nearest").iter().map(|(name, _)| *name).collect();
    let has = |op: &&&OpSpec| op.params.iter().any(|param| param.name == "interpolation");
    assert_eq!(here, ALL.iter().filter(has).map(|op| op.name).collect());
}

#[test]
fn nearest_makes_no_new_colours_and_each_interpolation_differs() {
    let colours = |image: &Image| image.data().chunks(3).map(<[u8]>::to_vec).collect::<BTreeSet<_>>();
    let mut known = colours(&page());
    known.insert(vec![255; 3]);
    for (((name, nearest), (_, bilinear)), (_, bicubic)) in
        moves(WHITE, "nearest").into_iter().zip(moves(WHITE, "bilinear")).zip(moves(WHITE, "bicubic"))
    {
        let [nearest, bilinear, bicubic] = [nearest, bilinear, bicubic].map(|values| apply(name, &values, &page()));
        assert!(colours(&nearest).is_subset(&known), "{name}");
        assert!(nearest != bilinear && bilinear != bicubic && nearest != page(), "{name}");
    }
}

/// Canaries show one interpolation and the white fill of most ops; this holds the others.
#[test]
fn every_fill_and_interpolation_keeps_its_bytes() {
    let mut hasher = crate::digest::StreamHasher::default();
    for fill in [WHITE, EDGE, REFLECT, Value::Fill(Fill::Median)] {
        for interpolation in ["nearest", "bilinear", "bicubic"] {
            for (name, values) in moves(fill, interpolation) {
                hasher.update(apply(name, &values, &page()).data());
            }
        }
    }
    assert_eq!(hasher.finish().hex(), "7d9e284047ed42045e862af3aff2476335c68b20963dd9ef00297c5aab3b7e7e");
}

#[test]
fn what_has_one_colour_keeps_it_under_fills_from_the_image() {
    let flat = Image::filled(Size::new(50, 40), [10, 120, 230]);
    for fill in [EDGE, REFLECT, Value::Fill(Fill::Median)] {
        for interpolation in ["nearest", "bilinear", "bicubic"] {
            for (name, values) in moves(fill, interpolation) {
                assert_eq!(apply(name, &values, &flat), flat, "{name} {interpolation} {fill}");
            }
        }
    }
}

#[test]
fn tiny_and_thin_images_bend() {
    for size in [Size::new(1, 1), Size::new(1, 300), Size::new(300, 1), Size::new(2, 3)] {
        let image = Image::from_fn(size, |x, y| [(x * 7) as u8, (y * 5) as u8, 99]);
        for fill in [WHITE, EDGE, REFLECT] {
            for interpolation in ["nearest", "bilinear", "bicubic"] {
                for (name, values) in moves(fill, interpolation) {
                    assert_eq!(apply(name, &values, &image).size(), size, "{name}");
                }
            }
        }
        apply(
            "crop_borders",
            &[number(0.45), number(0.45), number(0.45), number(0.45), word("shrink"), BILINEAR],
            &image,
        );
        apply("perspective", &[number(0.24), EXPAND, EDGE, BILINEAR], &image);
        apply("shear", &[number(45.0), number(-45.0), EXPAND, EDGE, BILINEAR], &image);
    }
}

#[test]
fn affine_is_its_parts() {
    let zero = number(0.0);
    let affine = |degrees, factor, shear_x, shear_y, x, y| {
        [number(degrees), number(factor), number(shear_x), number(shear_y), number(x), number(y), WHITE, BILINEAR]
    };
    for (part, name, values) in [
        (affine(33.0, 1.0, 0.0, 0.0, 0.0, 0.0), "rotate", vec![number(33.0), KEEP, WHITE, BILINEAR]),
        (affine(0.0, 1.4, 0.0, 0.0, 0.0, 0.0), "scale", vec![number(1.4), WHITE, BILINEAR]),
        (affine(0.0, 1.0, 20.0, -9.0, 0.0, 0.0), "shear", vec![number(20.0), number(-9.0), KEEP, WHITE, BILINEAR]),
        (affine(0.0, 1.0, 0.0, 0.0, 0.1, -0.2), "shift", vec![number(0.1), number(-0.2), WHITE, BILINEAR]),
    ] {
        assert_eq!(apply("affine", &part, &page()), apply(name, &values, &page()), "{name}");
    }
    // All at once, and one after the other in one resampling: enlarged, so that nothing in the middle was ever cut off.
    let once = apply("affine", &affine(10.0, 1.5, 8.0, 3.0, 0.05, 0.02), &page());
    let shear = [number(8.0), number(3.0), KEEP, EDGE, BILINEAR];
    let (scale, turn) = ([number(1.5), WHITE, BILINEAR], [number(10.0), KEEP, WHITE, BILINEAR]);
    let shift = [number(0.05), number(0.02), WHITE, BILINEAR];
    let steps = apply_all(&[("shear", &shear), ("scale", &scale), ("rotate", &turn), ("shift", &shift)], &page());
    for (x, y) in (20..76).flat_map(|x| (15..57).map(move |y| (x, y))) {
        for (a, b) in once.pixel(x, y).into_iter().zip(steps.pixel(x, y)) {
            assert!(a.abs_diff(b) <= 1, "({x}, {y}): {a} {b}");
        }
    }
    assert_eq!(apply("affine", &affine(0.0, 1.0, 0.0, 0.0, 0.0, 0.0), &page()), page());
    let half_turn = [number(180.0), number(1.0), zero, zero, zero, zero, WHITE, BILINEAR];
    assert_eq!(apply("affine", &half_turn, &apply("affine", &half_turn, &page())), page());
}

/// Where the dark lies, and how much of it.
fn dark(image: &Image) -> (f64, f64, f64) {
    let (mut x_sum, mut y_sum, mut mass) = (0.0, 0.0, 0.0);
    for y in 0..image.size().height {
        for x in 0..image.size().width {
            let weight = 255.0 - f64::from(image.pixel(x, y)[0]);
            (x_sum, y_sum, mass) = (x_sum + weight * f64::from(x), y_sum + weight * f64::from(y), mass + weight);
        }
    }
    (x_sum / mass, y_sum / mass, mass)
}

fn dot(size: Size, (left, top): (u32, u32)) -> Image {
    Image::from_fn(
        size,
        |x, y| if (left..left + 4).contains(&x) && (top..top + 4).contains(&y) { [0; 3] } else { [255; 3] },
    )
}

#[test]
fn a_positive_shear_leans_like_italics_and_raises_the_right() {
    let size = Size::new(80, 60);
    let sheared =
        |x: f64, y: f64, at| dark(&apply("shear", &[number(x), number(y), KEEP, WHITE, BILINEAR], &dot(size, at)));
    // tan(26.565051°) is ½; the dot's centre is 20 above, or 30 to the right of the middle.
    let (x, y, _) = sheared(26.565_051, 0.0, (38, 8));
    assert!((x - 49.5).abs() < 0.02 && (y - 9.5).abs() < 0.02, "{x} {y}");
    let (x, y, _) = sheared(0.0, 26.565_051, (68, 28));
    assert!((x - 69.5).abs() < 0.02 && (y - 14.5).abs() < 0.02, "{x} {y}");
    // Expanding cuts nothing off: a shear keeps areas.
    for (x, y) in [(40.0, 0.0), (-40.0, 30.0), (35.0, 40.0)] {
        for corner in [(0, 0), (76, 0), (0, 56), (76, 56)] {
            let image = dot(size, corner);
            let (.., mass) = dark(&apply("shear", &[number(x), number(y), EXPAND, WHITE, BILINEAR], &image));
            assert!((mass / dark(&image).2 - 1.0).abs() < 0.02, "{x} {y} {corner:?}: {mass}");
        }
    }
}

#[test]
fn a_resized_crop_shows_its_part() {
    let ramp = Image::from_fn(Size::new(80, 60), |x, y| [(x * 3) as u8, (y * 4) as u8, 7]);
    let crop = |area: f64, aspect: f64, x: f64, y: f64| {
        let values = [number(area), number(aspect), number(x), number(y), BILINEAR];
        apply("random_resized_crop", &values, &ramp)
    };
    // The middle of the result is the middle of the part: x at 3 levels a pixel, y at 4.
    for (area, aspect, x, y, middle) in [
        (0.25, 1.0, 0.0, 0.0, (20.0, 15.0)),
        (0.25, 1.0, 1.0, 1.0, (60.0, 45.0)),
        (0.25, 1.0, 0.5, 1.0, (40.0, 45.0)),
        (0.16, 4.0, 1.0, 0.0, (48.0, 6.0)),
        // Wider than the image: all of its width.
        (0.5, 8.0, 0.3, 0.0, (40.0, 7.5)),
    ] {
        let [red, green, _] = crop(area, aspect, x, y).pixel(40, 30);
        let expected = (3.0 * (middle.0 - 0.5), 4.0 * (middle.1 - 0.5));
        assert!(
            (f64::from(red) - expected.0).abs() <= 2.0 && (f64::from(green) - expected.1).abs() <= 2.0,
            "{area} {aspect} {x} {y}: {red} {green} instead of {expected:?}"
        );
    }
}

#[test]
fn cut_borders_are_gone_and_the_rest_is_as_it_was() {
    let values = |canvas| [number(0.125), number(0.25), number(0.1), number(0.0), word(canvas), BILINEAR];
    let cut = apply("crop_borders", &values("shrink"), &page());
    // 12 and 24 of 96 columns, 7 (7.2) of 72 rows.
    assert_eq!(cut.size(), Size::new(60, 65));
    assert!((0..60).all(|x| (0..65).all(|y| cut.pixel(x, y) == page().pixel(x + 12, y + 7))));
    assert_eq!(apply("crop_borders", &values("keep"), &page()).size(), page().size());
}

#[test]
fn an_expanded_perspective_touches_every_side_and_keys_differ() {
    let image = Image::filled(Size::new(70, 90), [0; 3]);
    let seen = |key: &[u8], canvas| {
        let mut lowering = Lowering::new(image.size());
        lowering.enter(crate::digest::Digest::of(key));
        let Lower::Effects(lower) = find("perspective").unwrap().lower else { panic!("perspective mixes") };
        lower(&[number(0.2), canvas, WHITE, BILINEAR], &mut lowering);
        let Ok(seen) = execute::<Infallible>(&image, &fold(lowering.finish()), &|_| unreachable!("BUG: no partner"));
        seen
    };
    for key in [b"a", b"b", b"c", b"d"] {
        let page = seen(key, EXPAND);
        let Size { width, height } = page.size();
        // A corner that is sharper than a pixel may be too faint in the outermost row.
        let dark = |x: u32, y: u32| page.pixel(x, y)[0] < 255;
        let (row, column) = (|y| (0..width).any(|x| dark(x, y)), |x| (0..height).any(|y| dark(x, y)));
        assert!((row(0) || row(1)) && (row(height - 1) || row(height - 2)), "{key:?}");
        assert!((column(0) || column(1)) && (column(width - 1) || column(width - 2)), "{key:?}");
    }
    assert_eq!(seen(b"a", KEEP), seen(b"a", KEEP));
    assert_ne!(seen(b"a", KEEP), seen(b"b", KEEP));
}

#[test]
fn bends_move_no_pixel_farther_than_they_say() {
    // Ramps of 2 levels a pixel along both axes, so that a level is half a pixel.
    let ramp = Image::from_fn(Size::new(100, 120), |x, y| [(x * 2) as u8, (y * 2) as u8, 0]);
    let farthest = |image: &Image, channel: usize| {
        let levels = |image: &Image| image.data().iter().skip(channel).step_by(3).copied().collect::<Vec<_>>();
        levels(image).iter().zip(levels(&ramp)).map(|(a, b)| a.abs_diff(b)).max().unwrap()
    };
    let elastic =
        |strength, along| apply("elastic", &[number(strength), number(0.15), word(along), EDGE, BILINEAR], &ramp);
    // 5 px of 100 are 10 levels; a field of this size comes close to 4 standard deviations, of a quarter each.
    let (weak, strong) = (farthest(&elastic(0.05, "both"), 0), farthest(&elastic(0.1, "both"), 0));
    assert!((4..=10).contains(&weak) && (8..=20).contains(&strong) && strong > weak, "{weak} {strong}");
    let (level, upright) = (elastic(0.1, "horizontal"), elastic(0.1, "vertical"));
    assert!(farthest(&level, 0) > 8 && farthest(&level, 1) == 0);
    assert!(farthest(&upright, 1) > 8 && farthest(&upright, 0) == 0);
    // Cells of 20 px, crossings that move up to 8 px.
    let grid = apply("grid_distortion", &[number(5.0), number(0.4), EDGE, BILINEAR], &ramp);
    assert!((9..=16).contains(&farthest(&grid, 0)) && (9..=16).contains(&farthest(&grid, 1)));
}

#[test]
fn a_barrel_shows_fill_in_the_corners_alone_and_a_pincushion_none() {
    let image = Image::filled(Size::new(90, 90), [0; 3]);
    let lens = |k: f64| apply("optical_distortion", &[number(k), WHITE, BILINEAR], &image);
    let barrel = lens(0.4);
    assert_eq!([barrel.pixel(0, 0), barrel.pixel(89, 89), barrel.pixel(45, 45)], [[255; 3], [255; 3], [0; 3]]);
    assert_eq!(lens(-0.3), image);
    // The middle of a side lies at r² = ½: 45 px out, read 45 · 1.2 px out; so the image's side is at 45 = s (1 + 0.2 s²/45²).
    let side = (0..45).take_while(|x| barrel.pixel(*x, 45)[0] > 128).count();
    assert_eq!(side, 6);
}

#[test]
fn a_lens_and_a_flip_commute() {
    for k in [-0.2, 0.5] {
        let lens = [number(k), WHITE, BILINEAR];
        for axis in ["horizontal", "vertical", "transpose"] {
            let axis = [word(axis)];
            let first = apply_all(&[("flip", &axis), ("optical_distortion", &lens)], &page());
            let last = apply_all(&[("optical_distortion", &lens), ("flip", &axis)], &page());
            assert!(gap(&first, &last) <= 1, "{k} {axis:?}: {}", gap(&first, &last));
        }
    }
}
