//! Our measures beside OpenCV's, scikit-image's and SciPy's (`tests/statistics/make.py`), on golden images and drawn pages.
//!
//! Light and sharpness are the same formula; OpenCV 5 rounds a luma in 5,000 to the other side, as it has 15 bits for the
//! weights and we have 14, as OpenCV 4 and Pillow. Their Radon transform turns the image and ours
//! sums along tilted lines: a direction may fall on the next quarter of a degree. Widths are counted in 64ths of a pixel here.

use super::{Measure, SURE, Shift, Statistics, of};
use crate::pixels::{Image, Limits, Size, decode};
use std::path::{Path, PathBuf};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The rows of a table, by the names of their columns.
fn rows(name: &str) -> Vec<Vec<(String, String)>> {
    let text = std::fs::read_to_string(tests().join("statistics").join(name)).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    lines.map(|line| head.iter().cloned().zip(line).collect()).collect()
}

/// As in `make.py`.
fn page(cos: i64, sin: i64, grain: i64) -> Image {
    Image::from_fn(Size::new(300, 360), |x, y| {
        let (x, y) = (i64::from(x), i64::from(y));
        let (right, down) = (2 * x - 299, 2 * y - 359);
        let (along, across) = (right * cos - down * sin, right * sin + down * cos);
        let word = (along.div_euclid(20_000) * 7 + across.div_euclid(240_000) * 31).rem_euclid(40) < 29;
        let ink = across.rem_euclid(240_000) < 100_000 && word;
        let noise = grain * ((x * 7919 + y * 104_729 + x * y) % 31 - 15);
        let color: [i64; 3] = if ink { [40, 44, 60] } else { [236, 230, 214] };
        color.map(|value| (value + noise).clamp(0, 255) as u8)
    })
}

fn image(name: &str) -> Image {
    match name {
        "page/level" => page(10_000, 0, 0),
        "page/turned" => page(9925, 1219, 0),
        "page/grainy" => page(8387, -5446, 2),
        "page/upright" => page(0, 10_000, 1),
        _ => decode(&std::fs::read(tests().join(format!("{name}.png"))).unwrap(), &Limits::default()).unwrap(),
    }
}

#[test]
fn measures_agree_with_opencv_and_scikit_image() {
    for row in rows("expected.tsv") {
        let name = &row[0].1;
        let found = of(&image(name));
        let number =
            |column: &str| row.iter().find(|(name, _)| name == column).and_then(|(_, text)| text.parse::<f64>().ok());
        for (column, expected) in &row[1..] {
            let expected: Option<f64> = (expected != "-").then(|| expected.parse().unwrap());
            let (ours, tolerance) = match column.as_str() {
                "brightness" | "contrast" => (value(column, &found), 1e-3),
                // OpenCV's saturation is in f32.
                "warmth" | "tint" | "saturation" => (value(column, &found), 1e-5),
                "sharpness" => (Some(found.sharpness), 1e-4 * (1.0 + found.sharpness)),
                "noise" => (found.noise, 1e-5),
                // Which of the directions wins is chance where none is clear.
                "skew" if number("confidence").is_some_and(|confidence| confidence < SURE) => continue,
                "skew" => (found.skew.map(|skew| skew.degrees), 0.5),
                "confidence" => (found.skew.map(|skew| skew.confidence), 0.06),
                "stroke" => (found.stroke, 1.0 / 64.0),
                other => panic!("no measure is called {other}"),
            };
            // Lines that are turned by 180 degrees are the same lines.
            let apart = |ours: f64, expected: f64| match column.as_str() {
                "skew" => ((ours - expected + 90.0).rem_euclid(180.0) - 90.0).abs(),
                _ => (ours - expected).abs(),
            };
            let close = match (ours, expected) {
                (Some(ours), Some(expected)) => apart(ours, expected) <= tolerance,
                (ours, expected) => ours == expected,
            };
            assert!(close, "{name}: {column} is {ours:?}, of the other library {expected:?}");
        }
    }
}

fn value(column: &str, found: &Statistics) -> Option<f64> {
    Measure::named(column).unwrap().of(found)
}

#[test]
fn effect_sizes_agree_with_scipy() {
    let all: Vec<Statistics> = rows("expected.tsv").iter().map(|row| of(&image(&row[0].1))).collect();
    for row in rows("shifts.tsv") {
        let measure = Measure::named(&row[0].1).unwrap();
        let shift = Shift::between(&measure.values(&all[..7]), &measure.values(&all[7..])).unwrap();
        let expected: Vec<f64> = row[1..].iter().map(|(_, text)| text.parse().unwrap()).collect();
        for (ours, theirs) in [shift.delta, shift.cohen_d.unwrap(), shift.ks].into_iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-3, "{}: {ours} and {theirs}", measure.name);
        }
    }
}
