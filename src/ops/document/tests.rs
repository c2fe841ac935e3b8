//! Laws of the document ops, and a contact sheet to look at.

use crate::digest::Digest;
use crate::effect::{execute, fold};
use crate::pixels::{Encoding, Image, Limits, Size, decode};
use crate::plan::{Plan, Sample};
use crate::recipe::Recipe;
use crate::seed::Role;
use crate::source::{Classes, Source};
use crate::split::Part;
use std::convert::Infallible;

/// A page through a recipe's steps, in as many copies.
fn through(steps: &str, page: &Image, copies: u32) -> Vec<Image> {
    let text = format!(
        "name = \"look\"\nseed = 5\n[source]\nfolders = \"x\"\n[amount]\ncopies = {copies}\noriginals = false\n\
         [[step]]\n{}\n",
        steps.trim().replace("&&", "\n[[step]]\n")
    );
    let recipe = Recipe::from_texts(&text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
    let digest = Digest::of(page.data());
    let source = Source { digest, paths: vec!["x".into()], class: 0, group: "x".into(), page: digest, size: page.size() };
    let plan = Plan::new(recipe, Classes(vec![(0, "a".into())]), vec![source], vec![Part::Train], vec![copies]).unwrap();
    let sample = |copy| Sample { source: 0, role: Role::Train, epoch: 0, copy };
    let render = |copy| {
        let passes = fold(plan.lower(&sample(copy), &plan.draw(&sample(copy))));
        let Ok(image) = execute::<Infallible>(page, &passes, &|_| unreachable!("BUG: no partner here"));
        image
    };
    (0..copies).map(render).collect()
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
        std::fs::write(format!("{}{number}.png", var("LOOK_OUT", "/tmp/look")), Encoding::Png.encode(&sheet).unwrap()).unwrap();
    }
}
