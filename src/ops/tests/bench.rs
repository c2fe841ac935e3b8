//! Pages through the steps of a recipe, as a build takes them.

use super::*;
use crate::digest::Digest;
use crate::plan::{Draw, Plan, Sample};
use crate::recipe::Recipe;
use crate::seed::Role;
use crate::source::{Classes, Source};
use crate::split::Part;
use std::sync::Arc;

/// A plan of pages, each of a class and a group of its own, with a recipe's steps, `&&` between them.
pub fn plan(steps: &str, pages: &[Arc<Image>], copies: u32) -> Plan {
    let text = format!(
        "name = \"bench\"\nseed = 5\n[source]\nfolders = \"x\"\n[amount]\ncopies = {copies}\noriginals = false\n\
         [[step]]\n{}\n",
        steps.trim().replace("&&", "\n[[step]]\n")
    );
    let recipe = Recipe::from_texts(&text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
    let source = |(class, image): (u32, &Arc<Image>)| {
        let (digest, path) = (Digest::of(image.data()), class.to_string());
        Source { digest, paths: vec![path.clone()], class, group: path, page: digest, size: image.size() }
    };
    let sources: Vec<Source> = (0..).zip(pages).map(source).collect();
    let classes = Classes((0..pages.len() as u32).map(|class| (class, format!("class {class}"))).collect());
    Plan::new(recipe, classes, sources, vec![Part::Train; pages.len()], vec![copies; pages.len()]).unwrap()
}

/// One of a plan's samples, drawn.
pub fn draw(plan: &Plan, source: usize, copy: u32) -> (Sample, Draw<'_>) {
    let sample = Sample { source, role: Role::Train, epoch: 0, copy };
    (sample, plan.draw(&sample))
}

/// The copies of one page, each with its draw; by the fast executor, which has to make the bytes of the reference.
pub fn copies<'a>(plan: &'a Plan, pages: &[Arc<Image>], source: usize, copies: u32) -> Vec<(Draw<'a>, Image)> {
    let mut buffers = Buffers::default();
    let mut copy = |copy| {
        let (sample, draw) = draw(plan, source, copy);
        let passes = fold(plan.lower(&sample, &draw));
        let partner = |source: usize| Ok::<_, Infallible>(pages[source].clone());
        let Ok(expected) = execute(&pages[source], &passes, &partner);
        let Ok(found) = fast::execute(&pages[source], &passes, &partner, &mut buffers);
        assert!(found == expected, "{passes:?}: the fast executor makes other bytes");
        (draw, found)
    };
    (0..copies).map(&mut copy).collect()
}
