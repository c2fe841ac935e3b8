//! Exploring folders that the tests make: what was done to the target has to be found, and nothing else.

use super::*;
use crate::digest::Digest;
use crate::pixels::{Encoding, Image, Size};
use crate::recipe::Recipe;
use crate::seed::Rng;
use crate::source::{Layout, OnBad, SourceSpec, scan};
use crate::statistics::Measure;
use std::path::Path;
use tempfile::TempDir;

/// What was done to a page.
#[derive(Clone, Copy)]
struct Done {
    degrees: f64,
    light: f64,
    sigma: f64,
    lying: bool,
}

const NOTHING: Done = Done { degrees: 0.0, light: 1.0, sigma: 0.0, lying: false };

/// Lines of text on paper, of this number's own spacing and grey.
fn page(number: u32, done: Done) -> Image {
    let (sin, cos) = (libm::sin(done.degrees.to_radians()), libm::cos(done.degrees.to_radians()));
    let spacing = 17.0 + f64::from(number % 5);
    // 31 and 40 have no common divisor: no page of the target is one of the sources.
    let paper = 205.0 + f64::from(number * 7 % 31);
    let mut rng = Rng::from_digest(&Digest::of(&number.to_le_bytes()));
    let size = Size::new(150, 210);
    Image::from_fn(if done.lying { size.transposed() } else { size }, |x, y| {
        let (x, y) = if done.lying { (149.0 - f64::from(y), f64::from(x)) } else { (f64::from(x), f64::from(y)) };
        let (x, y) = (x - 74.5, y - 104.5);
        let (along, down) = (x * cos - y * sin + 600.0, x * sin + y * cos + 600.0);
        let word = (along as u32 * 7 + (down / spacing) as u32 * 31 + number) % 40 < 29;
        let value = if word && down % spacing < 3.0 { 50.0 } else { paper };
        let mut noisy = || (value * done.light + done.sigma * rng.normal()).round().clamp(0.0, 255.0) as u8;
        [noisy(), noisy(), noisy()]
    })
}

fn put(path: &Path, image: &Image) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, Encoding::Png.encode(image).unwrap()).unwrap();
}

/// 30 + 12 sources of two classes, and a target of 40 pages to which `done(number)` was done.
fn folders(done: impl Fn(u32) -> Done) -> (TempDir, SourceSet, Unlabelled) {
    let root = tempfile::tempdir().unwrap();
    for number in 0..42 {
        let class = if number < 30 { "영수증" } else { "in voice" };
        put(&root.path().join(format!("images/{class}/{number:02}.png")), &page(number, NOTHING));
    }
    for number in 0..40 {
        put(&root.path().join(format!("target/{}/{number:02}.png", number % 3)), &page(100 + number, done(number)));
    }
    let spec = SourceSpec {
        layout: Layout::Folders(root.path().join("images")),
        fixes: None,
        on_bad_source: OnBad::Skip,
        max_megapixels: 10,
        near_duplicates: false,
    };
    let set = scan(&spec, &Default::default(), None, &|_| {}).unwrap();
    let target = Unlabelled::list(&root.path().join("target")).unwrap();
    (root, set, target)
}

fn explored(set: &SourceSet, target: Option<&Unlabelled>, limit: Option<usize>) -> Eda {
    Eda::of(set, target, 10, limit, &|_, _| {}).unwrap()
}

fn ops(eda: &Eda) -> Vec<&'static str> {
    eda.advice.steps.iter().map(|step| step.op).collect()
}

/// The numbers of a parameter's range in a step.
fn range(eda: &Eda, op: &str) -> Vec<f64> {
    let step = eda.advice.steps.iter().find(|step| step.op == op).unwrap();
    let params = step.toml.strip_prefix("[[step]]").unwrap();
    let range = params.split_once('[').unwrap().1.split_once(']').unwrap().0;
    range.split(", ").map(|number| number.parse().unwrap()).collect()
}

#[test]
fn a_target_like_the_sources_needs_no_step() {
    let (_root, set, target) = folders(|_| NOTHING);
    let eda = explored(&set, Some(&target), None);
    assert_eq!(ops(&eda), Vec::<&str>::new());
    assert!(eda.advice.ops.contains("the target differs from the sources in nothing"), "{}", eda.advice.ops);
    assert!(eda.measures.iter().all(|one| one.shift.is_none_or(|shift| !shift.is_notable())));
    assert_eq!(eda.shapes.swapped, None);
}

#[test]
fn what_was_done_to_the_target_is_found_and_covered() {
    let done = |number: u32| Done {
        degrees: if number.is_multiple_of(2) { f64::from(number) - 20.0 } else { 0.0 },
        light: 0.55 + 0.01 * f64::from(number * 13 % 40),
        sigma: if number.is_multiple_of(4) { 0.0 } else { 12.0 },
        lying: number % 5 < 2,
    };
    let (root, set, target) = folders(done);
    let eda = explored(&set, Some(&target), None);
    assert_eq!(ops(&eda)[..3], ["rotate90", "rotate", "brightness"], "{:#?}", eda.advice.steps);
    assert_eq!(ops(&eda).last(), Some(&"gaussian_noise"), "{:#?}", eda.advice.steps);
    let swapped = eda.shapes.swapped.unwrap();
    assert!((swapped - 0.4).abs() < 0.01, "{swapped}");
    let turned = range(&eda, "rotate");
    assert!(turned[0] == -turned[1] && (16.0..=20.0).contains(&turned[1]), "{turned:?}");
    let light = range(&eda, "brightness");
    assert!((0.45..=0.65).contains(&light[0]) && (1.0..=1.05).contains(&light[1]), "{light:?}");
    let sigma = range(&eda, "gaussian_noise");
    // 12, and what the edges of so much hard black ink add to the measure.
    assert!(sigma.iter().all(|sigma| (11.0..=17.0).contains(sigma)), "{sigma:?}");
    assert!((eda.noisy.unwrap() - 0.75).abs() < 0.01);
    let brightness = eda.measure("brightness").unwrap();
    assert_eq!(brightness.effect, Some(Effect::Large));
    assert!(brightness.words.as_ref().unwrap().starts_with("darker in "), "{:?}", brightness.words);

    // The steps are a recipe's: `check` takes them, and warns of nothing.
    let steps: String = eda.advice.steps.iter().map(|step| format!("# {}\n{}\n", step.because, step.toml)).collect();
    let recipe = format!(
        "name = \"t\"\nseed = 1\n[source]\nfolders = \"images\"\n[amount]\ncopies = 2\n{steps}[output]\nencode.png = {{}}\n"
    );
    let path = root.path().join("recipe.toml");
    std::fs::write(&path, &recipe).unwrap();
    let recipe = Recipe::load(&path).unwrap_or_else(|error| panic!("{:?}\n{recipe}", miette::Report::new(error)));
    assert!(recipe.warnings().is_empty(), "{:?}", recipe.warnings());
    assert_eq!(recipe.op_calls().len(), eda.advice.steps.len());
}

#[test]
fn a_smaller_and_softer_target_gets_resize_and_blur() {
    let (root, set, _) = folders(|_| NOTHING);
    let small = root.path().join("small");
    for number in 0..40 {
        let page = page(100 + number, NOTHING);
        let full = image::RgbImage::from_raw(150, 210, page.into_data()).unwrap();
        let small_page = image::imageops::resize(&full, 100, 140, image::imageops::FilterType::Triangle);
        let soft = image::imageops::blur(&small_page, 1.0);
        put(&small.join(format!("{number}.png")), &Image::new(Size::new(100, 140), soft.into_raw()).unwrap());
    }
    let eda = explored(&set, Some(&Unlabelled::list(&small).unwrap()), None);
    assert_eq!(ops(&eda).first(), Some(&"resize"));
    assert!(eda.advice.steps[0].toml.contains("width = 140, height = 140"), "{}", eda.advice.steps[0].toml);
    let sigma = range(&eda, "blur");
    assert!(sigma[0] == 0.3 && (0.8..=1.3).contains(&sigma[1]), "{sigma:?}");
}

#[test]
fn a_larger_limit_only_adds() {
    let (_root, set, target) = folders(|_| NOTHING);
    let paths = |limit: Option<usize>| {
        let eda = explored(&set, Some(&target), limit);
        assert_eq!((eda.sources.listed, eda.against.as_ref().unwrap().listed), (42, 40));
        eda.sources.images.iter().map(|image| image.path.clone()).collect::<BTreeSet<_>>()
    };
    let (few, more, all) = (paths(Some(5)), paths(Some(9)), paths(None));
    assert_eq!((few.len(), more.len(), all.len()), (5, 9, 42));
    assert!(few.is_subset(&more) && more.is_subset(&all));
}

#[test]
fn classes_are_counted_whatever_is_measured() {
    let (_root, set, _) = folders(|_| NOTHING);
    let eda = explored(&set, None, Some(3));
    let counts: Vec<_> = eda.classes.counts.iter().map(|count| (count.class.as_str(), count.images)).collect();
    assert_eq!(counts, [("in voice", 12), ("영수증", 30)]);
    assert_eq!(eda.classes.imbalance, 2.5);
    assert!(eda.advice.ops.contains("--against DIR") && eda.advice.steps.is_empty());
}

#[test]
fn a_target_file_that_is_a_source_is_a_leak() {
    let (root, set, _) = folders(|_| NOTHING);
    let (from, to) = (root.path().join("images/영수증/03.png"), root.path().join("target/x.png"));
    std::fs::copy(from, to).unwrap();
    let eda = explored(&set, Some(&Unlabelled::list(&root.path().join("target")).unwrap()), None);
    assert_eq!(eda.repeated.in_target, [("x.png".to_owned(), "영수증/03.png".to_owned())]);
    assert!(text(&eda).contains("leak: 1 target images are sources"), "{}", text(&eda));
}

#[test]
fn leaks_are_found_among_files_that_are_not_measured() {
    let (root, set, _) = folders(|_| NOTHING);
    for number in 0..6 {
        let from = root.path().join(format!("images/영수증/0{number}.png"));
        std::fs::copy(from, root.path().join(format!("target/둘째 {number}.png"))).unwrap();
    }
    let target = Unlabelled::list(&root.path().join("target")).unwrap();
    for limit in [Some(2), None] {
        let eda = explored(&set, Some(&target), limit);
        let found: Vec<_> =
            eda.repeated.in_target.iter().map(|(path, source)| (path.as_str(), source.as_str())).collect();
        assert_eq!((found.len(), found[5]), (6, ("둘째 5.png", "영수증/05.png")), "{limit:?}");
    }
}

#[test]
fn strokes_are_told_at_three_sizes() {
    let (_root, set, _) = folders(|_| NOTHING);
    let strokes = explored(&set, None, None).advice.strokes.unwrap();
    // Pages of 210 px are never enlarged: lines of 3 px are there at every size.
    assert!(strokes.sizes.iter().all(|at| (2.5..=3.5).contains(&at.stroke_px) && at.kept == 1.0), "{strokes:?}");
    assert_eq!((strokes.advised, strokes.enough), (224, true));
}

#[test]
fn the_text_and_the_page_name_everything_and_let_nothing_become_markup() {
    let (root, set, target) = folders(|_| Done { light: 0.7, ..NOTHING });
    std::fs::write(root.path().join("target/<b>.png"), b"\x89PNG\r\n\x1a\ncut").unwrap();
    let target = Unlabelled { root: target.root, ..Unlabelled::list(&root.path().join("target")).unwrap() };
    let eda = explored(&set, Some(&target), None);
    let sheet = page(1, NOTHING);
    let html = super::page(&eda, Some(&sheet)).unwrap();
    let text = text(&eda);
    for measure in &MEASURES {
        assert!(text.contains(measure.name) && html.contains(measure.name), "{}", measure.name);
    }
    assert!(text.contains("<b>.png: ") && html.contains("&lt;b&gt;.png: ") && !html.contains("<b>.png"));
    assert!(html.contains("영수증") && !html.contains("http://") && !html.contains("https://"));
    assert_eq!(html.matches("data:image/png;base64,").count(), 6);
    assert_eq!(html.matches("<svg viewBox=\"0 0 320 90\"").count(), MEASURES.len());
}

#[test]
fn a_target_of_nothing_readable_is_an_error() {
    let (root, set, _) = folders(|_| NOTHING);
    let message = |files: &[(&str, &[u8])]| {
        let folder = root.path().join("bad");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
        let error = Eda::of(&set, Some(&Unlabelled::list(&folder).unwrap()), 10, None, &|_, _| {}).unwrap_err();
        error.to_string().replace(root.path().to_str().unwrap(), "ROOT")
    };
    assert_eq!(message(&[("notes.txt", b"x")]), "ROOT/bad holds no images (and 1 other files)");
    assert_eq!(
        message(&[("b.png", b"x"), ("a.jpg", b"")]),
        "none of the 2 images of ROOT/bad could be read; the first, a.jpg: empty: 0 bytes"
    );
}

#[test]
fn one_image_of_one_pixel_is_explored() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("a/1.png"), &Image::filled(Size::new(1, 1), [9; 3]));
    put(&root.path().join("b/1.png"), &Image::filled(Size::new(1, 1), [8; 3]));
    let spec = SourceSpec {
        layout: Layout::Folders(root.path().to_owned()),
        fixes: None,
        on_bad_source: OnBad::Skip,
        max_megapixels: 10,
        near_duplicates: true,
    };
    let set = scan(&spec, &Default::default(), None, &|_| {}).unwrap();
    let eda = explored(&set, Some(&Unlabelled::list(root.path()).unwrap()), None);
    assert_eq!(eda.advice.strokes, None);
    assert!(eda.advice.input.starts_with("Input size: no strokes of ink were found"));
    assert_eq!((eda.repeated.in_target.len(), ops(&eda).len()), (2, 0));
    assert!(super::page(&eda, None).is_ok() && text(&eda).contains("none"));
    assert!(Measure::named("skew").is_some_and(|skew| skew.values(&eda.sources.statistics()).is_empty()));
}
