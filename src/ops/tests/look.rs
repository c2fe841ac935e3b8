//! Temporary.
use super::*;
use crate::pixels::{Encoding, Limits, decode};

#[test]
#[ignore]
fn look() {
    let dir = "/work/shared/data/docs17/train";
    let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let which: usize = std::env::var("LOOK_PAGE").ok().and_then(|v| v.parse().ok()).unwrap_or(5);
    let image = decode(&std::fs::read(&names[which]).unwrap(), &Limits::default()).unwrap();
    println!("{} {}", names[which].display(), image.size());
    let by = |n| word(n);
    let grey = Value::Fill(Fill::Color([120, 100, 80]));
    let cases: Vec<(&str, Vec<Value>)> = vec![
        (
            "affine",
            vec![number(4.0), number(0.9), number(8.0), number(0.0), number(0.03), number(0.0), grey, by("bilinear")],
        ),
        ("shear", vec![number(10.0), number(0.0), word("expand"), grey, by("bilinear")]),
        ("perspective", vec![number(0.1), word("expand"), grey, by("bilinear")]),
        ("perspective", vec![number(0.2), word("keep"), grey, by("bicubic")]),
        ("random_resized_crop", vec![number(0.5), number(1.2), number(0.3), number(0.7), by("bilinear")]),
        ("crop_borders", vec![number(0.1), number(0.05), number(0.1), number(0.0), word("keep"), by("bilinear")]),
        ("elastic", vec![number(0.02), number(0.1), word("both"), grey, by("bilinear")]),
        ("elastic", vec![number(0.06), number(0.6), word("vertical"), grey, by("bilinear")]),
        ("elastic", vec![number(0.03), number(0.1), word("both"), grey, by("bicubic")]),
        ("grid_distortion", vec![number(6.0), number(0.25), grey, by("bilinear")]),
        ("optical_distortion", vec![number(0.2), grey, by("bilinear")]),
        ("optical_distortion", vec![number(-0.15), grey, by("bilinear")]),
        ("rotate", vec![number(10.0), word("keep"), grey, by("nearest")]),
        ("rotate", vec![number(10.0), word("keep"), grey, by("bilinear")]),
        ("rotate", vec![number(10.0), word("keep"), grey, by("bicubic")]),
    ];
    let mut all = vec![image.clone()];
    for (i, (name, values)) in cases.iter().enumerate() {
        let started = std::time::Instant::now();
        let out = apply(name, values, &image);
        let mut times = vec![started.elapsed().as_secs_f64() * 1e3];
        let big =
            Image::from_fn(Size::new(512, 640), |x, y| image.pixel(x % image.size().width, y % image.size().height));
        for _ in 0..if std::env::var_os("LOOK_TIME").is_some() { 15 } else { 0 } {
            let cpu = || {
                std::fs::read_to_string("/proc/thread-self/schedstat")
                    .unwrap()
                    .split(' ')
                    .next()
                    .unwrap()
                    .parse::<f64>()
                    .unwrap()
                    / 1e6
            };
            let started = cpu();
            std::hint::black_box(apply(name, values, &big));
            std::thread::yield_now();
            times.push(cpu() - started);
        }
        times.sort_by(f64::total_cmp);
        let ms = times[times.len() / 2];
        println!("{i} {name} {values:?}: {ms:.2} ms  {}", out.size());
        all.push(out);
    }
    for (n, part) in all.chunks(8).enumerate() {
        let mut sheet = Image::filled(Size::new(2000, 1060), [40, 40, 200]);
        for (i, image) in part.iter().enumerate() {
            let (left, top) = ((i as u32 % 4) * 500, (i as u32 / 4) * 530);
            for y in 0..image.size().height.min(525) {
                for x in 0..image.size().width.min(495) {
                    sheet.set(left + x, top + y, image.pixel(x, y));
                }
            }
        }
        std::fs::write(format!("/tmp/sheet{n}.png"), Encoding::Png.encode(&sheet).unwrap()).unwrap();
    }
}
