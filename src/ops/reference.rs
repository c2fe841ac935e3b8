//! Our ops beside the well-known libraries' (OpenCV 5.0, Pillow 13), whose results are stored in `tests/reference`.
//!
//! The tolerances say how they differ: most agree to a grey level, which is how often somebody rounds. A turned line is
//! antialiased in another way; a zoom is a sum of 8 enlargements here and of 64 there, on strokes of a single pixel.

use super::tests::{apply, number, page, word};
use super::{Fill, Value};
use crate::effect::affine::Affine;
use crate::effect::homography::{Homography, Projective};
use crate::effect::{Lay, Lowering, Mode, Pass, execute, fold};
use crate::pixels::{Image, Limits, Size, decode};
use std::convert::Infallible;
use std::sync::Arc;

fn stored(name: &str) -> Image {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reference/{name}.png"));
    decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap()
}

/// Largest and mean difference, beyond `border` pixels from the sides.
fn difference(a: &Image, b: &Image, border: u32) -> (u8, f64) {
    let inside = |x: u32, length: u32| x >= border && x + border < length;
    let (mut largest, mut sum, mut count) = (0, 0, 0);
    for y in 0..a.size().height {
        for x in 0..a.size().width {
            if inside(x, a.size().width) && inside(y, a.size().height) {
                for (a, b) in a.pixel(x, y).into_iter().zip(b.pixel(x, y)) {
                    largest = largest.max(a.abs_diff(b));
                    sum += u32::from(a.abs_diff(b));
                    count += 1;
                }
            }
        }
    }
    (largest, f64::from(sum) / f64::from(count))
}

/// A page with shades: a formula, as in `make.py`.
fn sheet() -> Image {
    Image::from_fn(Size::new(160, 200), |x, y| {
        if y / 10 % 3 == 1 && x * 7 % 11 > 3 {
            return [40, 44, 60];
        }
        [(255 - (x * x + 3 * y) / 160 % 200) as u8, (60 + (x + 2 * y) % 160) as u8, (40 + (x ^ y) % 180) as u8]
    })
}

fn white() -> Value {
    Value::Fill(Fill::WHITE)
}

#[test]
fn geometry_agrees_with_opencv_and_pillow() {
    let rotate = |degrees, interpolation| vec![number(degrees), word("keep"), white(), word(interpolation)];
    let resize = |width, height| vec![number(width), number(height), word("stretch"), white()];
    let cases = [
        // Stored result, op, parameters, largest and mean difference in grey levels; OpenCV's rotation to the bound of the
        // project: 4 and 0.06.
        ("rotate_7", "rotate", rotate(7.0, "bilinear"), 4, 0.06),
        ("rotate_33", "rotate", rotate(33.0, "bilinear"), 4, 0.06),
        ("rotate_90", "rotate", rotate(90.0, "bilinear"), 4, 0.06),
        ("rotate_141", "rotate", rotate(141.0, "bilinear"), 4, 0.06),
        ("rotate_minus_100", "rotate", rotate(-100.0, "bilinear"), 4, 0.06),
        ("scale_bicubic", "scale", vec![number(2.0), white(), word("bicubic")], 4, 0.2),
        ("scale", "scale", vec![number(1.27), white(), word("bilinear")], 4, 0.06),
        ("shear", "shear", vec![number(12.0), number(0.0), word("keep"), white(), word("bilinear")], 4, 0.06),
        ("shift", "shift", vec![number(0.13), number(-0.07), white(), word("bilinear")], 4, 0.06),
        ("optical_distortion", "optical_distortion", vec![number(0.2), white(), word("bilinear")], 4, 0.06),
        ("resize_half", "resize", resize(80.0, 100.0), 1, 0.3),
        ("resize_larger", "resize", resize(240.0, 300.0), 4, 0.2),
        ("jpeg_compress", "jpeg_compress", vec![number(35.0)], 4, 0.4),
    ];
    for (name, op, values, largest, mean) in cases {
        let found = difference(&apply(op, &values, &sheet()), &stored(name), 0);
        assert!(found.0 <= largest && found.1 <= mean, "{name}: {found:?} is not within {largest}, {mean}");
    }
    // A point between two pixels is either's: how many pixels differ at all.
    let nearest = apply("rotate", &rotate(33.0, "nearest"), &sheet());
    let pixels = |image: &Image| image.data().as_chunks::<3>().0.to_vec();
    let other = pixels(&nearest).iter().zip(pixels(&stored("rotate_nearest"))).filter(|(a, b)| **a != *b).count();
    assert!(other <= 32, "{other} of 32,000 pixels of rotate_nearest differ");
}

#[test]
fn perspective_and_blending_agree_with_opencv() {
    let over = Affine { a: 1.08, b: 0.05, c: -9.0, d: -0.03, e: 1.1, f: -4.0 };
    let inverse = Homography::Projective(Projective { over, g: 0.0002, h: 0.0004, i: 1.0 });
    let mut lowering = Lowering::new(sheet().size());
    lowering.map(inverse, sheet().size(), Fill::WHITE);
    let no_partner = |_| unreachable!("BUG: no partner here");
    let Ok(bent) = execute::<Infallible>(&sheet(), &fold(lowering.finish()), &no_partner);
    let found = difference(&bent, &stored("perspective"), 0);
    assert!(found.0 <= 4 && found.1 <= 0.06, "perspective: {found:?}");

    let mut data = sheet().into_data();
    data.as_chunks_mut::<3>().0.reverse();
    let turned = Image::new(sheet().size(), data).unwrap();
    let lay = Lay { mode: Mode::Mix, weight: 77, left: 0, top: 0 };
    let blend = [Pass::Blend { source: 0, passes: Vec::new(), lay }];
    let Ok(mixed) = execute::<Infallible>(&sheet(), &blend, &|_| Ok(Arc::new(turned.clone())));
    let found = difference(&mixed, &stored("mixup"), 0);
    assert!(found.0 <= 1 && found.1 <= 0.02, "mixup: {found:?}");
}

#[test]
fn ops_agree_with_the_libraries_that_they_name() {
    let cases = [
        // Stored result, op, parameters, border left out, largest and mean difference in grey levels.
        ("blur", "blur", vec![number(2.0)], 0, 1, 0.25),
        ("box_blur", "box_blur", vec![number(2.0)], 0, 0, 0.0),
        ("box_blur_fraction", "box_blur", vec![number(1.4)], 2, 1, 0.05),
        ("median_blur_1", "median_blur", vec![number(1.0)], 0, 0, 0.0),
        ("median_blur_2", "median_blur", vec![number(2.0)], 0, 0, 0.0),
        ("median_blur_3", "median_blur", vec![number(3.0)], 0, 0, 0.0),
        ("median_blur_5", "median_blur", vec![number(5.0)], 0, 0, 0.0),
        ("motion_blur", "motion_blur", vec![number(7.0), number(0.0)], 0, 0, 0.0),
        ("motion_blur_turned", "motion_blur", vec![number(9.0), number(30.0)], 0, 8, 0.9),
        ("defocus", "defocus", vec![number(3.0)], 0, 1, 0.01),
        ("defocus_small", "defocus", vec![number(1.4)], 0, 1, 0.01),
        ("zoom_blur", "zoom_blur", vec![number(1.2)], 0, 20, 3.1),
        ("downscale", "downscale", vec![number(0.5), word("area"), word("bilinear")], 0, 2, 0.1),
        ("downscale_nearest", "downscale", vec![number(0.5), word("area"), word("nearest")], 0, 1, 0.02),
        ("posterize", "posterize", vec![number(3.0)], 0, 0, 0.0),
        ("sharpen", "sharpen", vec![number(2.0)], 1, 1, 0.02),
        ("unsharp_mask", "unsharp_mask", vec![number(2.0), number(1.5), number(0.0)], 0, 2, 0.1),
        ("solarize", "solarize", vec![number(128.0)], 0, 0, 0.0),
        ("equalize", "equalize", vec![number(1.0), word("independent")], 0, 0, 0.0),
        ("auto_contrast", "auto_contrast", vec![number(5.0), word("independent")], 0, 1, 0.15),
        ("auto_contrast_luma", "auto_contrast", vec![number(5.0), word("luma")], 0, 1, 0.15),
        ("clahe_grey", "clahe", vec![number(3.0), number(8.0)], 0, 1, 0.01),
        ("saturation", "saturation", vec![number(0.5)], 0, 1, 0.3),
        ("saturation_more", "saturation", vec![number(1.7)], 0, 1, 0.5),
        ("sepia", "sepia", vec![number(1.0)], 0, 1, 0.02),
        ("brightness", "brightness", vec![number(1.2)], 0, 1, 0.5),
        ("contrast", "contrast", vec![number(1.3), number(128.0)], 0, 1, 0.02),
        ("gamma", "gamma", vec![number(0.7)], 0, 1, 0.02),
        ("grey", "grey", vec![], 0, 1, 0.02),
        ("invert", "invert", vec![], 0, 0, 0.0),
        ("hsv_shift", "hsv_shift", vec![number(25.0), number(0.3), number(-0.1)], 0, 1, 0.1),
    ];
    for (name, op, values, border, largest, mean) in cases {
        let input = if name.ends_with("_grey") { apply("grey", &[], &page()) } else { page() };
        let found = difference(&apply(op, &values, &input), &stored(name), border);
        assert!(found.0 <= largest && found.1 <= mean, "{name}: {found:?} is not within {largest}, {mean}");
    }
}
