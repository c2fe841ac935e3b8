//! Laws of resampling beyond single ops: bytes that are pinned, and exactness against plain `f64` arithmetic.

use super::*;
use crate::digest::StreamHasher;
use crate::effect::homography::Projective;
use crate::seed::Rng;

/// Runs of affine maps of any kind, their bytes before there were other maps and other interpolations.
#[test]
fn affine_runs_keep_their_bytes() {
    let mut rng = Rng::from_digest(&Digest::of(b"affine runs"));
    let mut between = |low: f64, high: f64| low + rng.open01() * (high - low);
    let mut hasher = StreamHasher::default();
    for _ in 0..120 {
        let image = page(Size::new(between(1.0, 90.0) as u32, between(1.0, 90.0) as u32));
        let mut lowering = Lowering::new(image.size());
        for _ in 0..between(1.0, 5.0) as u32 {
            let old = lowering.size();
            let (width, height) = (between(1.0, 90.0) as u32, between(1.0, 90.0) as u32);
            let fill = match between(0.0, 6.0) as u32 {
                0 => Fill::Edge,
                1 => Fill::Reflect,
                2 => Fill::Median,
                3 => Fill::Color([9, 99, 199]),
                _ => Fill::WHITE,
            };
            let middle = affine::centre(old);
            let turned =
                Affine::rotation(between(-180.0, 180.0)).then(&Affine::scale(between(0.2, 3.0), between(0.2, 3.0)));
            match between(0.0, 4.0) as u32 {
                0 => fit(&mut lowering, Fit::Pad(Size::new(width, height), fill)),
                1 => fit(&mut lowering, Fit::Within(Size::new(width, height))),
                2 => lowering.map(turned.about(middle, middle), old, fill),
                _ => {
                    let canvas = Size::new(width, height);
                    lowering.map(turned.about(affine::centre(canvas), middle), canvas, fill);
                }
            }
        }
        let image = run(&image, lowering.finish());
        hasher.update(&image.size().width.to_le_bytes());
        hasher.update(image.data());
    }
    assert_eq!(hasher.finish().hex(), "d9ae3b9f57d1b677e16e5234efe167d4f3e8cb4fd558bf0fe0c0f7fd28e1a90d");
}

/// What exact bilinear interpolation gives: 64-bit floats, the fill as pixels around the image, no rounding before the
/// last.
fn exact(image: &Image, to: &Homography, canvas: Size, fill: [u8; 3]) -> Vec<f64> {
    let Size { width, height } = image.size();
    let level = |x: f64, y: f64, channel: usize| {
        let inside = x >= 0.0 && y >= 0.0 && x < f64::from(width) && y < f64::from(height);
        f64::from(if inside { image.pixel(x as u32, y as u32)[channel] } else { fill[channel] })
    };
    let mut levels = Vec::new();
    for row in 0..canvas.height {
        for column in 0..canvas.width {
            let (x, y) = to.apply(f64::from(column) + 0.5, f64::from(row) + 0.5).unwrap();
            let (x, y) = (x - 0.5, y - 0.5);
            let (left, top) = (x.floor(), y.floor());
            let (right, below) = (x - left, y - top);
            for channel in 0..3 {
                let line = |y| level(left, y, channel) * (1.0 - right) + level(left + 1.0, y, channel) * right;
                levels.push(line(top) * (1.0 - below) + line(top + 1.0) * below);
            }
        }
    }
    levels
}

/// Mean and largest difference of an image to exact grey levels, rounded as an image has to be.
fn differences(image: &Image, exact: &[f64]) -> (f64, f64) {
    assert_eq!(image.data().len(), exact.len());
    let differences = image.data().iter().zip(exact).map(|(level, exact)| (f64::from(*level) - exact.round()).abs());
    let (sum, most) = differences.fold((0.0, 0.0f64), |(sum, most), one| (sum + one, most.max(one)));
    (sum / exact.len() as f64, most)
}

#[test]
fn bilinear_maps_are_exact_bilinear_interpolation() {
    // Noise is the hardest: neighbours differ by up to 255.
    let mut rng = Rng::from_digest(&Digest::of(b"exact"));
    let image = Image::from_fn(Size::new(301, 217), |_, _| std::array::from_fn(|_| rng.bits() as u8));
    let size = image.size();
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let middle = affine::centre(size);
    let mut maps: Vec<Homography> =
        [1.0, 17.0, -44.4, 133.0].map(|degrees| Affine::rotation(degrees).about(middle, middle).into()).into();
    let corners = [(10.0, 3.0), (width + 20.0, -9.0), (width - 30.0, height + 8.0), (-12.0, height - 21.0)];
    maps.push(Homography::from_corners(corners, size));
    maps.push(Homography::from_corners([(0.0, 0.0), (width, 30.0), (width, height - 20.0), (0.0, height)], size));
    for to in maps {
        let mut lowering = Lowering::new(size);
        lowering.map(to, size, Fill::Color([250, 20, 99]));
        let (mean, most) = differences(&run(&image, lowering.finish()), &exact(&image, &to, size, [250, 20, 99]));
        assert!(mean <= 0.06 && most <= 4.0, "mean {mean}, most {most}: {to:?}");
    }
}

/// A page lying away from the camera: its horizon crosses the canvas at a quarter of its height.
fn horizon(size: Size) -> Homography {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let over = Affine { a: 0.5, b: 0.0, c: width / 4.0, d: 0.0, e: 0.0, f: height / 4.0 };
    Homography::Projective(Projective { over, g: 0.0, h: 1.0 / height, i: -0.25 })
}

#[test]
fn behind_the_horizon_is_the_fill() {
    let image = Image::filled(Size::new(60, 80), [10, 20, 30]);
    for interpolation in [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Bicubic] {
        for (fill, sky) in [(Fill::WHITE, [255; 3]), (Fill::Edge, [10, 20, 30]), (Fill::Reflect, [10, 20, 30])] {
            let mut lowering = Lowering::new(image.size());
            lowering.map_by(interpolation, horizon(image.size()), image.size(), fill);
            // A flip afterwards makes it a run, in which the composed map has the horizon elsewhere.
            lowering.map(Affine { e: -1.0, f: 80.0, ..Affine::IDENTITY }, image.size(), Fill::WHITE);
            let passes = fold(lowering.finish());
            assert_eq!(passes.len(), 1);
            let Ok(seen) = execute(&image, &passes, &no_partners);
            for y in 60..80 {
                for x in 0..60 {
                    assert_eq!(seen.pixel(x, y), sky, "{interpolation:?} {fill:?} ({x}, {y})");
                }
            }
            assert_eq!(seen.pixel(30, 0), [10, 20, 30]);
        }
    }
}

#[test]
fn perspective_and_its_inverse_in_one_resampling_are_nearly_nothing() {
    let image = page(Size::new(120, 90));
    let size = image.size();
    let corners = [(9.0, 4.0), (112.0, 7.0), (118.0, 88.0), (3.0, 80.0)];
    let there = Homography::from_corners(corners, size);
    // The inverse map takes the rectangle's corners to where they were moved: of a plane in which they lie at the places
    // that the rectangle's corners come from.
    let back = corners.map(|(x, y)| there.apply(x, y).unwrap());
    assert!(
        back.iter()
            .zip([(0.0, 0.0), (120.0, 0.0), (120.0, 90.0), (0.0, 90.0)])
            .all(|(a, b)| { (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9 })
    );
    let whole = [(0.0, 0.0), (120.0, 0.0), (120.0, 90.0), (0.0, 90.0)];
    let undone = whole.map(|(x, y)| there.apply(x, y).unwrap());
    let mut lowering = Lowering::new(size);
    lowering.map(there, size, Fill::WHITE);
    lowering.map(Homography::from_corners(undone, size), size, Fill::WHITE);
    let passes = fold(lowering.finish());
    assert!(matches!(passes[..], [Pass::Resample(ref maps)] if maps.len() == 2));
    let Ok(round) = execute(&image, &passes, &no_partners);
    assert!(round.data().iter().zip(image.data()).all(|(a, b)| a.abs_diff(*b) <= 1));
}

#[test]
fn a_reduced_perspective_is_antialiased() {
    let board = Image::from_fn(Size::new(256, 256), |x, y| [((x + y) % 2 * 255) as u8; 3]);
    let mut lowering = Lowering::new(board.size());
    let corners = [(6.0, 0.0), (60.0, 3.0), (64.0, 64.0), (0.0, 60.0)];
    lowering.map(Homography::from_corners(corners, board.size()), Size::new(64, 64), Fill::WHITE);
    let small = run(&board, lowering.finish());
    assert!(small.pixel(32, 32)[0].abs_diff(128) <= 12, "{:?}", small.pixel(32, 32));
}

#[test]
fn another_interpolation_starts_another_resampling_and_no_preference_takes_the_runs() {
    let by = |name| [number(30.0), KEEP, WHITE, Value::Word(name)];
    let (nearest, bicubic) = (by("nearest"), by("bicubic"));
    let flip = flip("vertical");
    let passes = |ops: &[(&str, &[Value])]| fold(lowered(Size::new(60, 40), ops));
    let mixed =
        passes(&[("flip", &flip), ("rotate", &nearest), ("flip", &flip), ("rotate", &bicubic), ("flip", &flip)]);
    let [Pass::Resample(first), Pass::Resample(second)] = &mixed[..] else { panic!("{mixed:?}") };
    assert_eq!((first.len(), second.len()), (3, 2));
    assert_eq!(resample::interpolation(first), Some(Interpolation::Nearest));
    assert_eq!(resample::interpolation(second), Some(Interpolation::Bicubic));
    assert_eq!(passes(&[("rotate", &bicubic), ("rotate", &bicubic)]).len(), 1);
    assert_eq!(passes(&[("rotate", &bicubic), ("rotate", &by("bilinear"))]).len(), 2);
}

#[test]
fn nearest_shrinks_without_new_colours_and_bicubic_keeps_a_ramp() {
    let board = Image::from_fn(Size::new(90, 90), |x, y| [((x + y) % 2 * 255) as u8; 3]);
    let nearest = apply(&board, &[("scale", &[number(0.37), WHITE, Value::Word("nearest")])]);
    assert!(nearest.data().iter().all(|level| [0, 255].contains(level)));
    assert!(nearest.data().contains(&0));
    let ramp = Image::from_fn(Size::new(64, 64), |x, y| [(x * 3) as u8, (y * 3) as u8, 7]);
    let moved = apply(&ramp, &[("shift", &[number(0.005), number(0.0), WHITE, Value::Word("bicubic")])]);
    assert_eq!((moved.pixel(30, 30), moved.pixel(10, 50)), ([89, 90, 7], [29, 150, 7]));
}

#[test]
fn bicubic_loses_less_than_bilinear() {
    let image = Image::from_fn(Size::new(120, 120), |x, y| {
        let wave = |at: u32| (libm::sin(f64::from(at) * 0.9) * 60.0) as i32;
        [(128 + wave(x) + wave(y)).clamp(0, 255) as u8; 3]
    });
    let error = |name| {
        let turned =
            |image: &Image, degrees| apply(image, &[("rotate", &[number(degrees), KEEP, WHITE, Value::Word(name)])]);
        let round = turned(&turned(&image, 20.0), -20.0);
        let at = |x: u32, y: u32| f64::from(round.pixel(x, y)[0].abs_diff(image.pixel(x, y)[0]));
        (40..80).flat_map(|x| (40..80).map(move |y| (x, y))).map(|(x, y)| at(x, y)).sum::<f64>() / 1600.0
    };
    let (bilinear, bicubic) = (error("bilinear"), error("bicubic"));
    assert!(bicubic < bilinear / 4.0, "{bilinear} {bicubic}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_perspective_gives_its_canvas(
        width in 1u32..70, height in 1u32..70, numbers in proptest::array::uniform9(-2.0f64..2.0), fill in 0usize..4,
        kind in 0usize..3,
    ) {
        let [a, b, c, d, e, f, g, h, i] = numbers;
        let image = page(Size::new(width, height));
        let fill = [Fill::WHITE, Fill::Edge, Fill::Median, Fill::Reflect][fill];
        let kind = [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Bicubic][kind];
        let over = Affine { a, b, c: c * 20.0, d, e, f: f * 20.0 };
        let map = Homography::Projective(Projective { over, g: g / 30.0, h: h / 30.0, i });
        let mut lowering = Lowering::new(image.size());
        lowering.map_by(kind, map, Size::new(40, 30), fill);
        lowering.map_by(kind, Affine::rotation(30.0), Size::new(33, 22), fill);
        prop_assert_eq!(run(&image, lowering.finish()).size(), Size::new(33, 22));
    }
}
