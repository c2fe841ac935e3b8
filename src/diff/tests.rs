//! Laws: a version equals itself, a change shows as what it is, and B against A is the mirror of A against B.

use super::*;
use crate::balance::copies;
use crate::diff::text::change;
use crate::opened::Opened;
use crate::pixels::Size;
use crate::plan::Plan;
use crate::prepare::Prepared;
use crate::recipe::Recipe;
use crate::source::{Classes, Source, identity};
use crate::split::Part;
use crate::store::Datasets;
use proptest::prelude::*;

const RECIPE: &str = r#"
name = "t"
seed = 3
[source]
folders = "images"
[amount]
copies = 12
[[step]]
op.flip = { axis = "any" }
chance = 0.5
[[step]]
op.rotate = { degrees = [-180, 180], fill = "median" }
chance = 0.8
[[step]]
op.mixup = { alpha = 0.4 }
chance = 0.3
[[step]]
op.gaussian_noise = { sigma = { log = [2, 40] } }
chance = 0.5
[output]
fit.within = { width = 24, height = 24 }
encode.jpeg = { quality = 80 }
"#;

fn source(number: u32, class: u32) -> Source {
    let digest = Digest::of(&number.to_le_bytes());
    let path = format!("{number:03}.jpg");
    Source { digest, paths: vec![path.clone()], class, group: path, page: digest, size: Size::new(30, 20) }
}

/// A plan of 20 sources in three classes, all but those of `without`; the last two are held out.
fn side_of(recipe: &str, without: &[u32], relabelled: &[u32], classes: &[(u32, &str)]) -> Side {
    let recipe = Recipe::from_texts(recipe, None).unwrap();
    let numbers = (0..20).filter(|number| !without.contains(number));
    let of = |number: u32| classes[(number % 3 + u32::from(relabelled.contains(&number))) as usize % 3].0;
    let mut all: Vec<(Source, Part)> = numbers
        .map(|number| (source(number, of(number)), if number >= 18 { Part::Val } else { Part::Train }))
        .collect();
    all.sort_by_key(|(source, _)| source.digest);
    let (sources, parts): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let classes = Classes(classes.iter().map(|(number, name)| (*number, (*name).to_owned())).collect());
    let counts = copies(&sources, &parts, &classes, recipe.amount.as_ref().unwrap()).unwrap();
    let identity = identity(&sources, &parts);
    let plan = Plan::new(recipe, classes, sources, parts, counts).unwrap();
    let (files, list) = (Vec::new(), String::new());
    let prepared =
        Prepared { name: "t".parse().unwrap(), plan: plan.into(), files, list, sources: identity, noticed: None };
    Side::of(&Opened::of_recipe(&Datasets::new("nowhere", None), "recipe.toml".into(), prepared))
}

const CLASSES: [(u32, &str); 3] = [(0, "계약서"), (1, "form"), (2, "plate")];

fn side(recipe: &str) -> Side {
    side_of(recipe, &[], &[], &CLASSES)
}

fn compare(a: &Side, b: &Side) -> Diff {
    diff(a, b, 6).unwrap()
}

#[test]
fn a_plan_is_equal_to_itself() {
    let diff = compare(&side(RECIPE), &side(RECIPE));
    assert!(diff.equal && diff.recipe.is_empty() && diff.engine.is_empty() && diff.sources.is_empty());
    assert_eq!(diff.samples.of(Fate::Identical), diff.samples.total());
    assert_eq!(diff.samples.total(), 18 * 12 + 2);
    assert!(diff.parameters.iter().all(|spread| !spread.differs()), "{:?}", diff.parameters);
    assert_eq!(diff.validation.state, Held::Same);
    assert!(diff.parameters.iter().any(|spread| spread.name() == "mixup.partner" && spread.words.len() == 3));
    assert!(choose(&diff, 10).is_empty());
}

#[test]
fn every_change_of_a_recipe_shows_as_what_it_is() {
    let step = "[[step]]\nop.gamma = { exponent = [0.5, 2] }\nchance = 0.25\n[output]";
    let flip = "[[step]]\nop.flip = { axis = \"any\" }\nchance = 0.5\n";
    for (from, to, expected) in [
        ("seed = 3", "seed = 4", "~ seed: 3 → 4"),
        ("copies = 12", "copies = 10", "~ amount.copies: 12 → 10"),
        ("copies = 12", "total = 300", "~ amount.copies: 12 → none, ~ amount.total: none → 300"),
        ("quality = 80", "quality = 90", "~ output.encode.jpeg.quality: 80 → 90"),
        ("[-180, 180]", "[-90, 90]", "~ rotate.degrees: [-180, 180] → [-90, 90]"),
        ("{ log = [2, 40] }", "[2, 40]", "~ gaussian_noise.sigma: { log = [2, 40] } → [2, 40]"),
        ("chance = 0.8", "chance = 1", "~ rotate.chance: 0.8 → 1"),
        ("chance = 0.8", "chance = 0.8\nexcept = [\"계약서\"]", "~ rotate.except: none → [\"계약서\"]"),
        ("alpha = 0.4", "alpha = 0.4, label = \"dominant\"", "~ mixup.mix.label: \"soft\" → \"dominant\""),
        ("[output]", step, "+ gamma, as step 5: gamma = { exponent = [0.5, 2] }, chance 0.25"),
        (flip, "", "- flip, was step 1: flip = { axis = { choose = "),
    ] {
        let changed = RECIPE.replacen(from, to, 1);
        assert_ne!(changed, RECIPE);
        let diff = compare(&side(RECIPE), &side(&changed));
        let found: Vec<String> = diff.recipe.iter().map(change).collect();
        assert!(found.join(", ").starts_with(expected), "{to}: {found:?}");
        assert_eq!(found.len(), expected.matches('~').count().max(1), "{to}: {found:?}");
        assert!(!diff.equal, "{to}");
    }
    let moved = RECIPE.replacen(flip, "", 1).replacen("[output]", &format!("{flip}[output]"), 1);
    let diff = compare(&side(RECIPE), &side(&moved));
    assert_eq!(diff.recipe.iter().map(change).collect::<Vec<_>>(), ["> flip: step 1 → 4"]);
    // A comment and a default that is written out mean nothing.
    let same = RECIPE.replacen("seed = 3", "seed = 3 # drei", 1).replacen(
        "copies = 12",
        "copies = 12\nbalance = \"natural\"",
        1,
    );
    assert!(compare(&side(RECIPE), &side(&same)).equal);
}

#[test]
fn a_changed_parameter_redraws_its_own_samples_and_another_encoding_none() {
    let changed = |from: &str, to: &str| {
        let diff = compare(&side(RECIPE), &side(&RECIPE.replacen(from, to, 1)));
        Fate::ALL.map(|fate| diff.samples.of(fate))
    };
    let [identical, relabelled, reencoded, rerendered, redrawn, added, removed] = changed("[2, 40]", "[2, 30]");
    assert!(identical > 80 && redrawn > 70, "{identical} {redrawn}");
    assert_eq!([relabelled, reencoded, rerendered, added, removed], [0; 5]);
    let whole = 18 * 12 + 2;
    assert_eq!(changed("quality = 80", "quality = 90"), [0, 0, whole, 0, 0, 0, 0]);
    // Another seed draws every augmented copy anew; originals and what is held out have nothing to draw.
    assert_eq!(changed("seed = 3", "seed = 4")[4..], [18 * 11 - untouched(), 0, 0]);
    // What a mix goes through changed above it: what its partner looks like is not stated.
    let [.., rerendered, _, _, _] = changed("[-180, 180], fill = \"median\"", "[-180, 180], fill = \"white\"");
    assert!(rerendered > 0);
    assert_eq!(changed("copies = 12", "copies = 10")[5..], [0, 18 * 2]);
}

/// Copies that no step was on in, with either seed.
fn untouched() -> u64 {
    let [a, b] = [RECIPE.to_owned(), RECIPE.replacen("seed = 3", "seed = 4", 1)].map(|recipe| {
        let side = side(&recipe);
        let Content::Plan(plan) = side.content else { unreachable!() };
        let samples = plan.shards().iter().flat_map(|shard| &shard.blocks).flat_map(|block| plan.block_samples(block));
        let none = samples.filter(|sample| sample.role == Role::Train && plan.draw(sample).steps.is_empty());
        none.map(|sample| (sample.source, sample.copy)).collect::<BTreeSet<_>>()
    });
    a.intersection(&b).count() as u64
}

#[test]
fn sources_that_came_went_or_changed_are_listed() {
    let diff = compare(&side(RECIPE), &side_of(RECIPE, &[4, 19], &[7], &CLASSES));
    assert_eq!((diff.sources.a, diff.sources.b), (20, 18));
    let paths: BTreeSet<&str> = diff.sources.removed.iter().map(|shown| shown.path.as_str()).collect();
    assert_eq!(paths, ["004.jpg", "019.jpg"].into());
    let relabelled: Vec<_> = diff.sources.relabelled.iter().map(|one| (one.from.as_str(), one.to.as_str())).collect();
    assert_eq!(relabelled, [("form", "plate")]);
    assert!(diff.sources.added.is_empty() && diff.recipe.is_empty() && !diff.equal);
    assert_eq!(diff.samples.of(Fate::Removed), 13);
    assert!(diff.samples.of(Fate::Relabelled) > 0);
    assert_eq!(diff.validation.state, Held::Different);
    let printed = text(&diff, Detail::Brief);
    for expected in ["20 → 18", "2 removed", "1 relabelled", "007.jpg: form → plate", "계약서", "not built"] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
}

#[test]
fn classes_are_compared_by_name_however_they_are_numbered() {
    let other = [(5, "계약서"), (1, "form"), (9, "plate")];
    let diff = compare(&side(RECIPE), &side_of(RECIPE, &[], &[], &other));
    assert_eq!(diff.samples.of(Fate::Identical), diff.samples.total());
    assert!(!diff.equal, "the numbers are part of a version");
    assert!(text(&diff, Detail::Brief).contains("number 0 → 5"));
}

/// The same difference with A and B in each other's place.
fn mirrored(diff: Diff) -> Diff {
    let mut diff = diff;
    std::mem::swap(&mut diff.a, &mut diff.b);
    for revision in &mut diff.engine {
        std::mem::swap(&mut revision.a, &mut revision.b);
    }
    let sources = &mut diff.sources;
    std::mem::swap(&mut sources.a, &mut sources.b);
    std::mem::swap(&mut sources.added, &mut sources.removed);
    for one in [&mut sources.relabelled, &mut sources.regrouped, &mut sources.moved].into_iter().flatten() {
        std::mem::swap(&mut one.from, &mut one.to);
    }
    std::mem::swap(&mut diff.validation.a, &mut diff.validation.b);
    diff.validation.state = match diff.validation.state {
        Held::OnlyA => Held::OnlyB,
        Held::OnlyB => Held::OnlyA,
        same => same,
    };
    for class in &mut diff.classes {
        std::mem::swap(&mut class.a, &mut class.b);
        std::mem::swap(&mut class.number_a, &mut class.number_b);
    }
    for fates in diff.samples_by_role.values_mut().chain([&mut diff.samples]) {
        fates.0 = std::mem::take(&mut fates.0).into_iter().map(|(fate, count)| (fate.mirrored(), count)).collect();
    }
    for share in &mut diff.steps {
        std::mem::swap(&mut share.a, &mut share.b);
    }
    for spread in &mut diff.parameters {
        std::mem::swap(&mut spread.a, &mut spread.b);
        spread.bars.iter_mut().for_each(|bar| std::mem::swap(&mut bar.a, &mut bar.b));
        spread.words.iter_mut().for_each(|word| std::mem::swap(&mut word.a, &mut word.b));
    }
    diff.recipe = diff.recipe.into_iter().map(mirrored_change).collect();
    diff.recipe.sort_by_key(|change| format!("{change:?}"));
    diff.matches.clear();
    diff
}

fn mirrored_change(change: Change) -> Change {
    match change {
        Change::Setting { of, path, from, to } => Change::Setting { of, path, from: to, to: from },
        Change::StepAdded { of, id, place, step } => Change::StepRemoved { of, id, place, step },
        Change::StepRemoved { of, id, place, step } => Change::StepAdded { of, id, place, step },
        Change::StepMoved { of, id, from, to } => Change::StepMoved { of, id, from: to, to: from },
        Change::StepChanged { of, id, what, from, to } => Change::StepChanged { of, id, what, from: to, to: from },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn b_against_a_is_the_mirror_of_a_against_b(
        seed in 3..5u32, order in Just(["flip = { axis = \"any\" }", "invert = {}", "grey = {}", "brightness = { factor = [0.5, 1.5] }"]).prop_shuffle(),
        kept in 0..5usize, without in proptest::collection::vec(0..20u32, 0..3), relabelled in proptest::collection::vec(0..18u32, 0..3),
    ) {
        let steps: String = order[..kept].iter().map(|op| format!("[[step]]\nop.{op}\nchance = 0.5\n")).collect();
        let all = order.iter().rev().map(|op| format!("[[step]]\nop.{op}\nchance = 0.5\n")).collect::<String>();
        let (head, tail) = (RECIPE.split("[[step]]").next().unwrap(), &RECIPE[RECIPE.find("[output]").unwrap()..]);
        let a = side(&format!("{head}{all}{tail}"));
        let b = side_of(&format!("{head}{steps}{tail}").replacen("seed = 3", &format!("seed = {seed}"), 1), &without, &relabelled, &CLASSES);
        let mut forth = compare(&a, &b);
        forth.recipe.sort_by_key(|change| format!("{change:?}"));
        forth.matches.clear();
        prop_assert_eq!(mirrored(compare(&b, &a)), forth);
    }
}

#[test]
fn as_many_samples_are_shown_as_are_asked_for_and_few_are_of_all_classes() {
    let other = side(&RECIPE.replacen("seed = 3", "seed = 4", 1));
    let diff = diff(&side(RECIPE), &other, 500).unwrap();
    let redrawn = diff.samples.of(Fate::Redrawn) as usize;
    assert!((100..500).contains(&redrawn), "{redrawn}");
    assert_eq!(choose(&diff, 500).len(), redrawn);
    assert_eq!(choose(&diff, 100).len(), 100);
    let chosen = choose(&diff, 24);
    for (_, class) in CLASSES {
        assert_eq!(chosen.iter().filter(|one| one.class == class).count(), 8, "{class}");
    }
}

#[test]
fn a_page_names_everything_and_no_address() {
    let diff = compare(&side(RECIPE), &side_of(&RECIPE.replacen("[-180, 180]", "[-90, 90]", 1), &[4], &[], &CLASSES));
    let chosen = choose(&diff, 6);
    assert_eq!(chosen.len(), 6);
    let image = |color| Some(Ok(crate::pixels::Image::filled(Size::new(40, 20), color)));
    let show = |picture| Pictures { picture, images: [image([255, 0, 0]), image([250, 0, 0])] };
    let page = page(&diff, chosen, &show).unwrap();
    assert_eq!(page.matches("<figure><div class=\"trio\">").count(), 6);
    for expected in
        ["계약서", "rotate.degrees: [-180, 180] → [-90, 90]", "mean 1.67, largest 5", "<svg", "data:image/jpeg;base64,"]
    {
        assert!(page.contains(expected), "{expected}");
    }
    for address in ["http:", "https:", "<script", "url(", "@import"] {
        assert!(!page.contains(address), "{address}");
    }
}
