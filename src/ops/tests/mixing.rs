//! Laws of the ops that lay another source over the image.

use super::bench::{copies, plan};
use super::*;
use crate::digest::Digest;
use crate::manifest::WHOLE;
use crate::plan::Draw;
use std::sync::Arc;

/// Two pages of one colour each.
fn flat(size: Size, own: u8, other: u8) -> Vec<Arc<Image>> {
    [own, other].map(|level| Arc::new(Image::filled(size, [level; 3]))).into()
}

fn rng(number: u32) -> Rng {
    Rng::from_digest(&Digest::of(&number.to_le_bytes()))
}

/// The share of class 1 in a label, in 65536ths.
fn share(draw: &Draw<'_>) -> u32 {
    assert_eq!(draw.label.iter().map(|(_, weight)| weight).sum::<u32>(), WHOLE);
    draw.label.iter().find(|(class, _)| *class == 1).map_or(0, |(_, weight)| *weight)
}

fn count(image: &Image, level: u8) -> u64 {
    image.data().as_chunks::<3>().0.iter().filter(|pixel| **pixel == [level; 3]).count() as u64
}

#[test]
fn mixup_draws_every_share_and_never_none_or_all() {
    let Lower::Mix { draw, .. } = find("mixup").unwrap().lower else { panic!("mixup mixes") };
    let canvas = || unreachable!("BUG: mixup needs no canvas");
    for alpha in [0.01, 0.4, 1.0, 50.0] {
        let weight = |number| draw(&[super::number(alpha)], &mut rng(number), &canvas).weight;
        let shares: Vec<u16> = (0..4000).map(weight).collect();
        assert!(shares.iter().all(|share| (1..=255).contains(share)));
        let mean = shares.iter().map(|share| f64::from(*share)).sum::<f64>() / 4000.0;
        assert!((mean - 128.0).abs() < 8.0, "alpha {alpha}: {mean}");
        let middle = shares.iter().filter(|share| (64..192).contains(*share)).count();
        assert!(if alpha < 0.1 { middle < 400 } else { middle > 600 }, "alpha {alpha}: {middle} in the middle");
    }
}

#[test]
fn pasted_rectangles_count_by_their_true_area() {
    for step in ["op.cutmix = { alpha = 1 }", "op.patch_paste = { size = [0.05, 1], aspect = 4, label = \"soft\" }"] {
        for size in [Size::new(1, 1), Size::new(1, 40), Size::new(37, 53), Size::new(200, 90)] {
            // The canvas is what the steps above have made of the page, not the page.
            let steps = format!("op.rotate90 = {{ turns = 1 }} && {step}");
            let pages = flat(size, 10, 240);
            let plan = plan(&steps, &pages, 40);
            let mut areas = BTreeSet::new();
            for (draw, image) in copies(&plan, &pages, 0, 40) {
                let pasted = count(&image, 240);
                assert_eq!((pasted > 0, count(&image, 10) + pasted), (true, size.pixels()), "{steps} {size}");
                let expected = (pasted as f64 / size.pixels() as f64 * f64::from(WHOLE)).round();
                assert!((f64::from(share(&draw)) - expected).abs() <= 1.0, "{steps} {size} {:?}", draw.label);
                areas.insert(pasted);
            }
            assert!(areas.len() > 25 || size.pixels() <= 40, "{steps} {size}: {areas:?}");
        }
    }
}

#[test]
fn cutmix_areas_follow_their_law() {
    let Lower::Mix { draw, .. } = find("cutmix").unwrap().lower else { panic!("cutmix mixes") };
    let size = Size::new(512, 640);
    let canvas = || size;
    let mixes: Vec<Mix> = (0..4000).map(|number| draw(&[super::number(1.0)], &mut rng(number), &canvas)).collect();
    let mean = mixes.iter().map(|mix| f64::from(mix.share)).sum::<f64>() / 4000.0 / f64::from(WHOLE);
    // Of a side r (r² uniform) whose middle is uniform, r - r²/4 is left on average; squared, over the two sides alike:
    // the mean of (r - r²/4)² over r² is 1/2 - 1/5 + 1/48.
    let expected = 0.5 - 0.2 + 1.0 / 48.0;
    assert!((mean - expected).abs() < 0.015, "{mean} instead of {expected}");
    for mix in mixes {
        let patch = mix.patch.unwrap();
        assert_eq!((patch.left, patch.top), (patch.from_left, patch.from_top));
        assert!(patch.left + patch.size.width <= 512 && patch.top + patch.size.height <= 640);
    }
}

#[test]
fn a_patch_shows_what_lies_there_in_the_partner() {
    let size = Size::new(60, 45);
    let other = Image::from_fn(size, |x, y| [x as u8, y as u8, 200]);
    let pages = [Arc::new(Image::filled(size, [90; 3])), Arc::new(other)];
    for step in ["op.cutmix = {}", "op.patch_paste = { size = 0.5 }"] {
        let plan = plan(step, &pages, 20);
        let mut moved = 0;
        for (draw, image) in copies(&plan, &pages, 0, 20) {
            let patch = draw.steps[0].partner.as_ref().unwrap().mix.patch.unwrap();
            moved += u32::from((patch.left, patch.top) != (patch.from_left, patch.from_top));
            for (x, y) in [(0, 0), (patch.size.width - 1, patch.size.height - 1)] {
                let from = [(patch.from_left + x) as u8, (patch.from_top + y) as u8, 200];
                assert_eq!(image.pixel(patch.left + x, patch.top + y), from, "{step} {patch:?}");
            }
        }
        assert!(if step.contains("paste") { moved > 15 } else { moved == 0 }, "{step}: {moved} of 20 moved");
    }
}

#[test]
fn damage_keeps_the_label_unless_a_step_says_otherwise() {
    let pages = flat(Size::new(40, 40), 10, 240);
    for (step, classes) in [
        ("op.patch_paste = { size = 0.3 }", 1),
        ("op.bleed_through = { strength = 0.3 }", 1),
        ("op.bleed_through = { strength = 0.3, label = \"soft\" }", 2),
        ("op.overlay = { opacity = 0.3 }", 2),
        ("op.overlay = { opacity = 0.3, label = \"dominant\" }", 1),
        ("op.cutmix = {}", 2),
    ] {
        let plan = plan(step, &pages, 3);
        let draws = copies(&plan, &pages, 0, 3);
        assert!(draws.iter().all(|(draw, _)| draw.label.len() == classes), "{step}");
    }
}

#[test]
fn an_overlay_lies_turned_on_the_whole_canvas() {
    let size = Size::new(40, 40);
    let other = Image::from_fn(size, |_, y| if y < 10 { [0; 3] } else { [255; 3] });
    let pages = [Arc::new(Image::filled(size, [200; 3])), Arc::new(other)];
    let steps = "op.overlay = { opacity = 0.25, degrees = 90 }";
    let plan = plan(steps, &pages, 1);
    let (draw, image) = &copies(&plan, &pages, 0, 1)[0];
    // The dark top is at the left after a quarter turn counter-clockwise.
    assert_eq!((image.pixel(5, 20), image.pixel(20, 5)), ([150; 3], [214; 3]));
    assert_eq!(share(draw), WHOLE / 4);
}

#[test]
fn bleed_through_is_mirrored_and_leaves_no_trace_of_paper() {
    let size = Size::new(40, 30);
    let other = Image::from_fn(size, |x, _| if x < 10 { [0, 55, 255] } else { [255; 3] });
    let pages = [Arc::new(Image::filled(size, [200; 3])), Arc::new(other)];
    let plan = plan("op.bleed_through = { strength = 0.5, sigma = 0 }", &pages, 1);
    let image = &copies(&plan, &pages, 0, 1)[0].1;
    assert_eq!((image.pixel(5, 9), image.pixel(35, 9)), ([200; 3], [100, 122, 200]));
}
