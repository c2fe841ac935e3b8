//! Our ops beside the well-known libraries' (OpenCV 5.0, Pillow 13), whose results are stored in `tests/reference`.
//!
//! The tolerances say how they differ: most agree to a grey level, which is how often somebody rounds. A turned line is
//! antialiased in another way; a zoom is a sum of 8 enlargements here and of 64 there, on strokes of a single pixel.

use super::tests::{apply, number, page, word};
use crate::pixels::{Image, Limits, decode};

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
    ];
    for (name, op, values, border, largest, mean) in cases {
        let input = if name.ends_with("_grey") { apply("grey", &[], &page()) } else { page() };
        let found = difference(&apply(op, &values, &input), &stored(name), border);
        assert!(found.0 <= largest && found.1 <= mean, "{name}: {found:?} is not within {largest}, {mean}");
    }
}
