//! Canaries: a machine or build that would make other bytes refuses, instead of making them.
//!
//! For each op, codec and the decoder there is a small image made by a formula, rendered through the whole path (keys,
//! draws, partner, lowering, folding, execution), and the digest that it has to have, compiled in (`canary.tsv`). A build,
//! a restore and an eviction first render those that they use: a few milliseconds. The same renders are the golden images
//! of the tests (`tests/golden`), where one can see what changed.

use crate::balance::{Amount, AmountSpec, Balance};
use crate::digest::{Digest, StreamHasher};
use crate::effect::custom::Buffers;
use crate::effect::{Pass, Sources, fast, fold};
use crate::number::Micro;
use crate::ops::{self, Family, Kind, OpSpec, Param};
use crate::pixels::{Encoding, Image, Limits, Size, Subsampling, decode};
use crate::plan::{Engine, Plan, Sample};
use crate::recipe::{Action, OpCall, PartnerClasses, Recipe};
use crate::seed::Role;
use crate::source::{Classes, Source};
use crate::split::Part;
use rayon::prelude::*;
use std::convert::Infallible;
use std::sync::Arc;

const TABLE: &str = include_str!("canary.tsv");
/// Below this difference in grey levels ([`effect_of`]) a step can hardly change a pixel.
pub const HARDLY: f64 = 0.25;
/// Samples that are rendered of each op.
pub const COPIES: u32 = 3;

/// Why this program may not make pixels here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CanaryError {
    /// Something renders to other bytes than when this program was released.
    #[error(
        "this build would make other bytes than others of its version: {name} (revision {revision}) renders to {found} \
         here instead of {expected}; install with `cargo install --locked`, and report this with your CPU and compiler"
    )]
    Differs {
        /// `op.rotate`, `codec.jpeg`, `decode`.
        name: String,
        /// Its revision.
        revision: u32,
        /// What it renders to.
        found: Digest,
        /// What it should.
        expected: String,
    },
}

/// A page without symmetry: paper, lines of writing, a coloured seal, a ramp at the foot.
pub fn page(number: u32) -> Image {
    let size = if number == 0 { Size::new(96, 72) } else { Size::new(64, 88) };
    Image::from_fn(size, |x, y| {
        let line = y % 9;
        if y + 8 > size.height {
            return [(x * 2) as u8, (255 - x * 2) as u8, (x * 2 + number * 60) as u8];
        }
        let (dx, dy) = (x as i32 - 14, y as i32 - 14);
        if number == 0 && dx * dx + dy * dy < 81 {
            return [200, 40, 50];
        }
        let written =
            (3..6).contains(&line) && x > 8 && x + 6 + (y / 9 * 5) % 23 < size.width && (x * 7 + y / 9 * 3) % 5 > 1;
        let paper = [250 - number as u8 * 20, 246 - (y / 8) as u8, 232 - number as u8 * 10];
        if written { [40, 44, 60 + number as u8 * 40] } else { paper }
    })
}

/// How much an op as a recipe has it changes a page: the mean absolute difference in grey levels, of the draw out of 24
/// that changes most; infinite where the size changes, or where it depends on the size of the page (`resize`, `pad`). For
/// noticing a step that can hardly change a pixel.
pub fn effect_of(call: &OpCall) -> f64 {
    let in_pixels = |param: &Param| matches!(param.kind, Kind::Number { unit: "px", .. });
    if call.op.family == Family::Geometry && call.op.params.iter().any(in_pixels) {
        return f64::INFINITY;
    }
    let mut recipe = recipe(call.op);
    recipe.steps[0].action = Action::Op(call.clone());
    if let Some(rule) = recipe.steps.first_mut().and_then(|step| match &mut step.action {
        Action::Op(call) => call.mix.as_mut(),
        _ => None,
    }) {
        // The pages' classes are not the recipe's.
        rule.classes = PartnerClasses::Any;
    }
    let original = page(0);
    let difference = |image: &Image| {
        if image.size() != original.size() {
            return f64::INFINITY;
        }
        let sum: u64 = image.data().iter().zip(original.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / original.data().len() as f64
    };
    render(&plan_of(recipe), 24).iter().map(difference).fold(0.0, f64::max)
}

/// A plan of two sources, the pages, with one op in its recipe as its example has it.
///
/// # Panics
/// When the op's example cannot be parsed, which a test rules out.
pub fn plan(op: &OpSpec) -> Plan {
    plan_of(recipe(op))
}

fn recipe(op: &OpSpec) -> Recipe {
    let text = format!(
        "name = \"canary\"\nseed = 17\n[source]\nfolders = \"x\"\n[amount]\ncopies = 1\n[[step]]\nop.{} = {{ {} }}\n",
        op.name, op.example
    );
    let mut recipe =
        Recipe::from_texts(&text, None).unwrap_or_else(|error| panic!("BUG: example of {}: {error}", op.name));
    let copies = Amount::Copies(Micro::from_int(i64::from(COPIES)));
    recipe.amount = Some(AmountSpec {
        amount: copies,
        balance: Balance::Natural,
        originals: false,
        class_copies: Default::default(),
        max_copies: None,
    });
    recipe
}

fn plan_of(recipe: Recipe) -> Plan {
    let mut sources: Vec<Source> = (0..2)
        .map(|number| {
            let digest = Digest::of(page(number).data());
            let (paths, group) = (vec![number.to_string()], number.to_string());
            Source { digest, paths, class: number, group, page: digest, size: page(number).size() }
        })
        .collect();
    sources.sort_by_key(|source| source.digest);
    let classes = Classes(vec![(0, "a".into()), (1, "b".into())]);
    Plan::new(recipe, classes, sources, vec![Part::Train; 2], vec![COPIES; 2])
        .unwrap_or_else(|error| panic!("BUG: a plan of two pages: {error}"))
}

/// The canary samples of an op.
pub fn renders(op: &OpSpec) -> Vec<Image> {
    render(&plan(op), COPIES)
}

/// Some samples of page 0, as a build makes them.
fn render(plan: &Plan, copies: u32) -> Vec<Image> {
    let mut buffers = Buffers::default();
    render_by(plan, copies, |image, passes, sources| {
        let Ok(image) = fast::execute(image, passes, sources, &mut buffers);
        image
    })
}

fn render_by(
    plan: &Plan,
    copies: u32,
    mut execute: impl FnMut(&Image, &[Pass], Sources<'_, Infallible>) -> Image,
) -> Vec<Image> {
    let image = |source: usize| page(plan.sources()[source].class);
    let source = plan.sources().iter().position(|source| source.class == 0).expect("BUG: two pages");
    (0..copies)
        .map(|copy| {
            let sample = Sample { source, role: Role::Train, epoch: 0, copy };
            let passes = fold(plan.lower(&sample, &plan.draw(&sample)));
            execute(&image(source), &passes, &|partner| Ok(Arc::new(image(partner))))
        })
        .collect()
}

fn encodings() -> [Encoding; 3] {
    [Encoding::Jpeg { quality: 90, subsampling: Subsampling::S420 }, Encoding::Png, Encoding::Webp]
}

/// The digest that a name of the engine renders to here; `None` for what has no canary of its own (effects, which the ops
/// that use them answer for).
fn rendered(name: &str) -> Option<Digest> {
    let mut hasher = StreamHasher::default();
    if let Some(op) = name.strip_prefix("op.").and_then(ops::find) {
        for image in renders(op) {
            hasher.update(&image.size().width.to_le_bytes());
            hasher.update(image.data());
        }
    } else if let Some(codec) = name.strip_prefix("codec.") {
        let encoding = encodings().into_iter().find(|encoding| encoding.revision().0 == codec)?;
        hasher.update(&encoding.encode(&page(0)).unwrap_or_default());
    } else if name == "decode" {
        for encoding in encodings() {
            let image = encoding.encode(&page(0)).ok().and_then(|bytes| decode(&bytes, &Limits::default()).ok());
            hasher.update(image.as_ref().map_or(&[], Image::data));
        }
    } else {
        return None;
    }
    Some(hasher.finish())
}

/// Renders the canary of everything that an engine names, and compares.
///
/// # Errors
/// With the first that differs, in the order of names.
pub fn check(engine: &Engine) -> Result<(), CanaryError> {
    let compare = |(name, revision): (&String, &u32)| {
        let Some(found) = rendered(name) else { return Ok(()) };
        let expected = TABLE.lines().find_map(|line| line.strip_prefix(&format!("{name}\t{revision}\t")));
        if expected == Some(&found.hex()) {
            return Ok(());
        }
        let expected = expected.unwrap_or("(no digest is compiled in)").to_owned();
        Err(CanaryError::Differs { name: name.clone(), revision: *revision, found, expected })
    };
    let results: Vec<_> = engine.0.iter().collect::<Vec<_>>().into_par_iter().map(compare).collect();
    results.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::DECODE_REVISION;
    use std::path::{Path, PathBuf};

    /// Everything that has a canary, with its revision.
    fn all() -> Engine {
        let ops = ops::ALL.iter().map(|op| (format!("op.{}", op.name), op.revision));
        let codecs = encodings().map(|encoding| {
            let (name, revision) = encoding.revision();
            (format!("codec.{name}"), revision)
        });
        Engine(ops.chain(codecs).chain([("decode".to_owned(), DECODE_REVISION)]).collect())
    }

    #[test]
    fn the_reference_makes_the_bytes_of_every_canary() {
        for op in ops::ALL {
            let plan = plan(op);
            let reference = render_by(&plan, COPIES, |image, passes, sources| {
                let Ok(image) = crate::effect::execute(image, passes, sources);
                image
            });
            assert!(render(&plan, COPIES) == reference, "{}", op.name);
        }
    }

    /// Page and renders side by side, as one image.
    fn strip(images: &[Image]) -> Image {
        let (width, height) = images
            .iter()
            .fold((0, 0), |(width, height), image| (width + image.size().width + 4, height.max(image.size().height)));
        let mut strip = Image::filled(Size::new(width, height), [128, 128, 160]);
        let mut left = 0;
        for image in images {
            for y in 0..image.size().height {
                for x in 0..image.size().width {
                    strip.set(left + x, y, image.pixel(x, y));
                }
            }
            left += image.size().width + 4;
        }
        strip
    }

    fn folder(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    /// `REGENERATE=1 cargo test canary` writes `canary.tsv` and `tests/golden` anew; look at what changed before
    /// committing, and raise the revision of what did.
    #[test]
    fn canaries_have_their_digests_and_golden_images_their_pixels() {
        let regenerate = std::env::var_os("REGENERATE").is_some();
        if regenerate {
            let lines = all().0.into_iter().filter_map(|(name, revision)| {
                rendered(&name).map(|digest| format!("{name}\t{revision}\t{}\n", digest.hex()))
            });
            std::fs::write(folder("src/canary.tsv"), lines.collect::<String>()).unwrap();
        } else {
            assert_eq!(check(&all()), Ok(()));
            assert_eq!(TABLE.lines().count(), all().0.len(), "canary.tsv has lines of nothing");
        }
        let mut wrong = Vec::new();
        for op in ops::ALL {
            let mut images = vec![page(0)];
            images.extend(renders(op));
            let actual = strip(&images);
            let path = folder("tests/golden").join(format!("{}.png", op.name));
            if regenerate {
                std::fs::write(&path, Encoding::Png.encode(&actual).unwrap()).unwrap();
            }
            let golden = std::fs::read(&path).ok().and_then(|bytes| decode(&bytes, &Limits::default()).ok());
            if golden.as_ref() != Some(&actual) {
                let left = folder("target/golden-failures");
                std::fs::create_dir_all(&left).unwrap();
                std::fs::write(left.join(format!("{}.png", op.name)), Encoding::Png.encode(&actual).unwrap()).unwrap();
                wrong.push(op.name);
            }
        }
        assert!(
            wrong.is_empty(),
            "not as tests/golden has them: {wrong:?}; what was rendered is in target/golden-failures"
        );
    }

    #[test]
    fn a_machine_that_renders_otherwise_is_refused() {
        let engine = Engine([("op.flip".to_owned(), 999)].into());
        let error = check(&engine).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("this build would make other bytes than others of its version: op.flip (revision 999)")
        );
    }

    #[test]
    fn a_step_that_hardly_changes_a_pixel_is_noticed() {
        // The classic: `GaussNoise(var_limit=(2e-7, 1e-6))` on images of 0 to 255.
        for (op, example, hardly) in [
            ("gaussian_noise", "sigma = 0.001", true),
            ("gaussian_noise", "sigma = [1, 3]", false),
            ("brightness", "factor = 1", true),
            ("rotate", "degrees = 0", true),
            ("blur", "sigma = [0, 0.1]", true),
            ("flip", "axis = \"horizontal\"", false),
            // The page of this probe is smaller than that; a user's may not be.
            ("resize", "width = 384, height = 384", false),
        ] {
            let text = format!(
                "name = \"x\"\nseed = 1\n[source]\nfolders = \"x\"\n[amount]\ncopies = 1\n[[step]]\nop.{op} = {{ {example} }}"
            );
            let recipe = Recipe::from_texts(&text, None).unwrap();
            let effect = effect_of(recipe.op_calls()[0].1);
            assert_eq!(effect < HARDLY, hardly, "{op} {example}: {effect}");
        }
    }

    #[test]
    fn every_op_lowers_to_the_effects_that_it_lists_and_changes_its_page() {
        for op in ops::ALL {
            let plan = plan(op);
            let mut seen = std::collections::BTreeSet::new();
            let mut effects = 0;
            for copy in 0..40 {
                let sample = Sample { source: 0, role: Role::Train, epoch: 0, copy };
                let lowered = plan.lower(&sample, &plan.draw(&sample));
                effects += lowered.len();
                seen.extend(lowered.iter().filter_map(crate::effect::Effect::name));
            }
            let listed: std::collections::BTreeSet<_> = op.effects.iter().copied().collect();
            assert!(seen.is_subset(&listed) && effects > 0, "{}: {seen:?} beyond {listed:?}", op.name);
            assert!(listed.iter().all(|name| crate::effect::REVISIONS.iter().any(|(known, _)| known == name)));
            assert!(
                !op.doc.trim().is_empty() && op.params.iter().all(|param| !param.doc.trim().is_empty()),
                "{}",
                op.name
            );
            let changed = renders(op).iter().filter(|image| **image != page(0)).count();
            assert!(changed > 0, "{} changes nothing", op.name);
        }
    }
}
