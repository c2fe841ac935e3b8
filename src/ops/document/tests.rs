//! Laws of the document and occlusion ops beyond their neutral parameters, and a contact sheet to look at.

use crate::effect::Effect;
use crate::effect::custom::Buffers;
use crate::ops::tests::bench;
use crate::ops::{ALL, Family, OpSpec};
use crate::pixels::{Encoding, Image, Limits, Size, decode};
use std::sync::Arc;

/// A page through a recipe's steps, in as many copies.
fn through(steps: &str, page: &Image, copies: u32) -> Vec<Image> {
    let pages = [Arc::new(page.clone())];
    let plan = bench::plan(steps, &pages, copies);
    bench::copies(&plan, &pages, 0, copies).into_iter().map(|(_, image)| image).collect()
}

/// A plan of one page, and the effects of one copy of it.
fn lowered(steps: &str, page: &Image, copy: u32) -> Vec<Effect> {
    let plan = bench::plan(steps, &[Arc::new(page.clone())], copy + 1);
    let (sample, draw) = bench::draw(&plan, 0, copy);
    plan.lower(&sample, &draw)
}

/// The ops of this folder and of occlusion that need no other page, each as its example has it.
fn examples() -> Vec<String> {
    let ours = |op: &OpSpec| matches!(op.family, Family::Document | Family::Occlusion) && !op.mixes();
    ALL.iter().filter(|op| ours(op)).map(|op| format!("op.{} = {{ {} }}", op.name, op.example)).collect()
}

/// Lines of writing on paper that is brighter in the middle, `scale` px to a unit.
fn letter(scale: u32) -> Image {
    Image::from_fn(Size::new(150 * scale, 200 * scale), |x, y| {
        let (x, y) = (x / scale, y / scale);
        let written = (15..135).contains(&x) && (20..180).contains(&y) && y % 12 < 5 && (x * 7 + y / 12 * 5) % 9 > 3;
        let paper = 230 - (x.abs_diff(75) / 8) as u8;
        if written { [50, 40, 90] } else { [paper, paper - 4, paper - 18] }
    })
}

/// The mean absolute difference in grey levels.
fn distance(image: &Image, other: &Image) -> f64 {
    let sum: u64 = image.data().iter().zip(other.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / image.data().len() as f64
}

fn distances(step: &str, page: &Image) -> f64 {
    through(step, page, 6).iter().map(|image| distance(image, page)).sum::<f64>() / 6.0
}

#[test]
fn every_size_has_its_effect() {
    for (width, height) in [(1, 1), (1, 300), (300, 1), (2, 3), (5, 5), (94, 24)] {
        let page = Image::from_fn(Size::new(width, height), |x, y| [(x * 13) as u8, (y * 17) as u8, 200]);
        for step in examples() {
            let images = through(&step, &page, 5);
            assert!(images.iter().all(|image| image.size() == page.size()), "{step}");
        }
    }
}

#[test]
fn what_a_buffer_held_before_reaches_no_pixel() {
    let page = letter(1);
    for step in examples() {
        for copy in 0..3 {
            for effect in lowered(&step, &page, copy) {
                let Effect::Custom(pass) = effect else { continue };
                let (mut clean, mut dirty) = (page.clone(), page.clone());
                let mut buffers = Buffers::default();
                for level in [3, 250, 77, 128] {
                    buffers.give(Image::filled(Size::new(260, 300), [level; 3]));
                    buffers.give_numbers(vec![i32::from(level) * 999; 90_000]);
                }
                pass.0.apply(&mut clean, &mut Buffers::default());
                pass.0.apply(&mut dirty, &mut buffers);
                assert!(clean == dirty, "{step}");
            }
        }
    }
}

#[test]
fn pigment_and_shade_only_darken() {
    let page = letter(2);
    for step in [
        "op.ink_bleed = { strength = [0, 1] }",
        "op.shadow = { strength = [0, 1] }",
        "op.stains = { count = 4, strength = [0, 1], color = \"any\" }",
        "op.scribbles = { count = 4 }",
        "op.strikethrough = { count = 4 }",
        "op.highlighter = { count = 4 }",
        "op.dirty_drum = { strength = [0, 1] }",
        "op.dirty_rollers = { strength = [0, 1] }",
        "op.moire = { strength = [0, 1] }",
        "op.dust = { count = 100 }",
        "op.paper_color = { color = \"any\" }",
    ] {
        for image in through(step, &page, 12) {
            assert!(image.data().iter().zip(page.data()).all(|(after, before)| after <= before), "{step}");
        }
    }
}

#[test]
fn fading_and_glare_only_lighten() {
    let page = letter(2);
    for step in [
        "op.faded_ink = { strength = [0, 1], uneven = [0, 1] }",
        "op.low_ink_lines = { strength = [0, 1] }",
        "op.glare = { strength = [0, 1] }",
        "op.dust = { count = 100, tone = \"light\" }",
    ] {
        for image in through(step, &page, 12) {
            assert!(image.data().iter().zip(page.data()).all(|(after, before)| after >= before), "{step}");
        }
    }
}

#[test]
fn fading_ink_leaves_the_paper() {
    let page = letter(2);
    for step in ["op.faded_ink = { strength = 1 }", "op.low_ink_lines = { strength = 1 }"] {
        for image in through(step, &page, 4) {
            let paper = |pixel: &[u8; 3]| pixel[0] > 200;
            let pixels = image.data().as_chunks::<3>().0.iter().zip(page.data().as_chunks::<3>().0);
            let (bare, inked): (Vec<_>, Vec<_>) = pixels.partition(|(_, before)| paper(before));
            assert!(bare.iter().all(|(after, before)| after == before), "{step}");
            assert!(inked.iter().any(|(after, _)| paper(after)), "{step}");
        }
    }
}

#[test]
fn a_greater_strength_is_farther_from_the_page() {
    let page = letter(2);
    for (op, parameter) in [
        ("crumple", "strength"),
        ("dirty_drum", "strength"),
        ("dirty_rollers", "strength"),
        ("faded_ink", "strength"),
        ("fold_crease", "strength"),
        ("glare", "strength"),
        ("halftone", "strength"),
        ("ink_bleed", "strength"),
        ("low_ink_lines", "strength"),
        ("moire", "strength"),
        ("paper_texture", "strength"),
        ("shadow", "strength"),
        ("stains", "strength"),
        ("highlighter", "thickness"),
        ("scribbles", "thickness"),
        ("strikethrough", "thickness"),
        ("punch_holes", "size"),
        ("page_border", "width"),
        ("coarse_dropout", "size"),
        ("grid_mask", "ratio"),
        ("pixelate", "block"),
    ] {
        let at = |value: f64| {
            let more = if op == "grid_mask" { "cell = 0.2, " } else { "" };
            distances(&format!("op.{op} = {{ {more}{parameter} = {value:.3} }}"), &page)
        };
        let unit = if parameter == "strength" || parameter == "ratio" { 1.0 } else { 0.1 };
        let found = [0.25, 0.5, 0.9].map(|share| at(share * unit));
        assert!(found.is_sorted_by(|low, high| low < high), "{op}: {found:?}");
    }
}

#[test]
fn a_scan_is_changed_as_much_as_its_thumbnail() {
    let (small, large) = (letter(2), letter(6));
    for step in [
        "op.crumple = { strength = 0.6 }",
        "op.dirty_rollers = { strength = 0.6 }",
        "op.faded_ink = { strength = 0.6 }",
        "op.fold_crease = { count = 3 }",
        "op.glare = { strength = 0.6 }",
        "op.highlighter = { count = 3 }",
        "op.ink_bleed = { strength = 1 }",
        "op.lighting_gradient = { low = 0.4, angle = [-180, 180] }",
        "op.low_ink_lines = { strength = 0.9 }",
        "op.moire = { strength = 0.6 }",
        "op.page_border = { sides = 3 }",
        "op.punch_holes = { count = 3 }",
        "op.scribbles = { count = 4 }",
        "op.shadow = { strength = 0.6 }",
        "op.stains = { count = 3 }",
        "op.strikethrough = { count = 4 }",
        "op.coarse_dropout = { count = 4 }",
        "op.grid_mask = { cell = 0.2 }",
        "op.pixelate = { count = 3 }",
    ] {
        let (thumbnail, scan) = (distances(step, &small), distances(step, &large));
        assert!((0.66..1.5).contains(&(scan / thumbnail)), "{step}: {thumbnail} {scan}");
    }
}

#[test]
fn dithering_keeps_the_mean_and_dithered_images() {
    for method in ["ordered", "diffused"] {
        for levels in [2, 4, 6, 16] {
            let step = format!("op.dither = {{ levels = {levels}, method = \"{method}\" }}");
            for level in [0, 1, 40, 128, 200, 254, 255] {
                let page = Image::filled(Size::new(64, 64), [level, 255 - level, 128]);
                let once = through(&step, &page, 1).remove(0);
                assert!(once.data().iter().all(|sample| u32::from(*sample) % (255 / (levels - 1)) == 0), "{step}");
                for (channel, expected) in page.pixel(0, 0).into_iter().enumerate() {
                    let sum: u32 = once.data().iter().skip(channel).step_by(3).map(|sample| u32::from(*sample)).sum();
                    let mean = f64::from(sum) / 4096.0;
                    assert!((mean - f64::from(expected)).abs() < 3.0, "{step}: {mean} {expected}");
                }
                assert!(through(&step, &once, 1)[0] == once, "{step}");
            }
        }
    }
}

#[test]
fn halftone_keeps_the_tone() {
    for level in [0, 60, 128, 190, 255] {
        let page = Image::filled(Size::new(120, 120), [level; 3]);
        let screened = through("op.halftone = { strength = 1, period = 0.05 }", &page, 1).remove(0);
        let mean = screened.data().iter().map(|sample| f64::from(*sample)).sum::<f64>() / 43_200.0;
        assert!((mean - f64::from(level)).abs() < 12.0, "{level}: {mean}");
        assert!(if level % 255 == 0 { screened == page } else { distance(&screened, &page) > 40.0 }, "{level}");
    }
}

#[test]
fn white_takes_the_colour_of_the_paper() {
    let white = Image::filled(Size::new(3, 2), [255; 3]);
    let tinted = through("op.paper_color = { color = \"yellowed\" }", &white, 1).remove(0);
    assert_eq!(tinted.pixel(1, 1), [0xec, 0xd9, 0xa8]);
    let halfway = through("op.paper_color = { color = \"yellowed\", strength = 0.5 }", &white, 1).remove(0);
    assert_eq!(halfway.pixel(1, 1), [246, 236, 212]);
}

#[test]
fn light_comes_from_where_it_is_said() {
    let grey = Image::filled(Size::new(101, 101), [100; 3]);
    for (degrees, bright, dark) in [(0, (98, 50), (2, 50)), (90, (50, 2), (50, 98)), (225, (2, 98), (98, 2))] {
        for shape in ["linear", "radial"] {
            let step =
                format!("op.lighting_gradient = {{ low = 0.4, high = 2, angle = {degrees}, shape = \"{shape}\" }}");
            let lit = through(&step, &grey, 1).remove(0);
            let level = |(x, y)| lit.pixel(x, y)[0];
            assert!(level(bright) > 140 && level(dark) < 70, "{step}: {} {}", level(bright), level(dark));
        }
    }
}

#[test]
fn a_border_stays_within_its_width() {
    let page = letter(2);
    for image in through("op.page_border = { sides = 4, width = 0.08 }", &page, 12) {
        let inner = |x: u32, y: u32| (30..270).contains(&x) && (30..370).contains(&y);
        let changed = |x, y| image.pixel(x, y) != page.pixel(x, y);
        assert!((0..400).all(|y| (0..300).all(|x| !inner(x, y) || !changed(x, y))));
        assert!(
            (0..400).all(|y| changed(0, y) && changed(299, y)) && (0..300).all(|x| changed(x, 0) && changed(x, 399))
        );
    }
}

/// `LOOK='op.shadow = { strength = 0.5 }' LOOK_PAGES=a.jpg,b.jpg LOOK_OUT=x.png cargo test --lib look -- --ignored`
/// draws each page through the step, as often as there are columns.
#[test]
#[ignore = "draws a contact sheet of what the environment names"]
fn look() {
    let var = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let columns: u32 = var("LOOK_COLUMNS", "3").parse().unwrap();
    for (number, step) in var("LOOK", "").split(';').filter(|step| !step.trim().is_empty()).enumerate() {
        let mut cells = Vec::new();
        for (row, path) in var("LOOK_PAGES", "").split(',').enumerate() {
            let page = decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap();
            let start = std::time::Instant::now();
            let images = through(step, &page, row as u32 * columns + columns);
            println!("{step} {} {:?}", page.size(), start.elapsed() / (row as u32 * columns + columns));
            cells.push(images.into_iter().skip((row as u32 * columns) as usize).collect::<Vec<_>>());
        }
        let width = cells.iter().map(|row| row.iter().map(|image| image.size().width + 6).sum::<u32>()).max().unwrap();
        let height = cells.iter().map(|row| row.iter().map(|image| image.size().height + 6).max().unwrap()).sum();
        let mut sheet = Image::filled(Size::new(width, height), [90, 90, 120]);
        let mut top = 0;
        for row in &cells {
            let mut left = 0;
            for image in row {
                for y in 0..image.size().height {
                    for x in 0..image.size().width {
                        sheet.set(left + x, top + y, image.pixel(x, y));
                    }
                }
                left += image.size().width + 6;
            }
            top += row.iter().map(|image| image.size().height + 6).max().unwrap();
        }
        std::fs::write(format!("{}{number}.png", var("LOOK_OUT", "/tmp/look")), Encoding::Png.encode(&sheet).unwrap())
            .unwrap();
    }
}
