//! Laws of resampling beyond single ops: bytes that are pinned, and exactness against plain `f64` arithmetic.

use super::*;
use crate::digest::StreamHasher;
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
