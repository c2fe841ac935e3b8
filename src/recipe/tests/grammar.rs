//! What is allowed, and what it means.

use super::*;
use crate::balance::{Amount, AmountSpec, Balance};
use crate::ops::{self, Fill, Value};
use crate::pixels::{Size, Subsampling};
use crate::source::{Layout, OnBad};
use crate::split::SplitKind;

/// Everything that a recipe can say.
pub(super) const FULL: &str = r##"
name = "docs17/민수"
seed = 17
[source]
images = "in/train"
labels = "in/train.csv"
classes = "in/meta.csv"
groups = "in/groups.csv"
fixes = "fixes.csv"
on_bad_source = "skip"
max_megapixels = 40
near_duplicates = false
[split]
seed = 2
folds = 5
noisy_val = { recipe = "validation.toml", copies = 3 }
from = "docs17@v1"
class.license_plate = { group_by = "page" }
class."여권" = { train_only = true }
[amount]
total = 100_000
balance = "equal"
originals = true
max_copies = 400
class.invoice = { copies = 40 }
[[step]]
op.flip = { axis = "any" }
chance = 0.5
[[step]]
op.rotate = { degrees = [-180, 180], canvas = "expand", fill = { choose = ["white", [0, 0, 0], "median", { color = "#102030" }], weights = [2, 1, 1, 0] } }
chance = 0.9
[[step]]
id = "noise"
chance = 0.6
except = ["license_plate"]
on = ["train"]
op.gaussian_noise = { sigma = { log = [2, 64] } }
[[step]]
use = "paper"
chance = 0.3
[[step]]
one_of = [{ op.grey = {}, weight = 0.5 }, { op.invert = {}, only = ["a", "b"] }, { use = "tone" }]
[[step]]
op.mixup = { alpha = 0.4, partner = { classes = ["b", "a"], steps = "none", fit = "cover" }, label = "dominant" }
chance = 0.2
[group.paper]
pick = [1, 2]
[[group.paper.step]]
weight = 2
op.blur = { sigma = { normal = [1, 0.5], within = [0, 3] } }
[[group.paper.step]]
op.jpeg_compress = { quality = [30, 90] }
[[group.paper.step]]
use = "tone"
[group.tone]
[[group.tone.step]]
op.gamma = { exponent = 1.2 }
[[group.tone.step]]
op.gamma = { exponent = 0.9 }
[output]
fit.pad = { width = 512, height = 256, fill = "#ffffff" }
encode.jpeg = { quality = 80, subsampling = "4:4:4" }
"##;

const VALIDATION: &str = "seed = 4\n[[step]]\nop.blur = { sigma = 1 }\n[output]\nencode.png = {}\n";

#[test]
fn a_full_recipe_is_read() {
    let full = Recipe::parse(FULL, Path::new("no/where/full.toml"));
    assert!(matches!(full, Err(RecipeError::Invalid(_))), "the validation recipe is not there");
    let full = Recipe::from_texts(FULL, Some(VALIDATION)).unwrap();
    assert_eq!(full.name, "docs17/민수");
    let source = full.source.clone().unwrap();
    assert_eq!((source.on_bad_source, source.max_megapixels, source.near_duplicates), (OnBad::Skip, 40, false));
    assert!(
        matches!(source.layout, Layout::Table { groups: Some(groups), .. } if groups == Path::new("in/groups.csv"))
    );
    assert_eq!(full.split.kind, SplitKind::Folds(5));
    assert_eq!((full.split.by_page, full.split.train_only), (vec!["license_plate".into()], vec!["여권".into()]));
    assert_eq!(full.split.from.as_deref(), Some("docs17@v1"));
    let amount = AmountSpec {
        amount: Amount::Total(100_000),
        balance: Balance::Equal,
        originals: true,
        class_copies: [("invoice".into(), 40)].into(),
        max_copies: Some(400),
    };
    assert_eq!(full.amount, Some(amount));
    let fill = Fill::Color([255; 3]);
    assert_eq!(full.output.fit, Fit::Pad(Size::new(512, 256), fill));
    assert_eq!(full.output.encode, Encoding::Jpeg { quality: 80, subsampling: Subsampling::S444 });
    let validation = full.validation.unwrap();
    assert_eq!((validation.copies, validation.recipe.seed, validation.recipe.steps.len()), (3, 4, 1));
    assert_eq!(validation.recipe.name, "validation");
}

#[test]
fn ids_are_written_or_name_and_occurrence() {
    let full = Recipe::from_texts(FULL, Some("")).unwrap();
    let expected = [
        "flip",
        "rotate",
        "noise",
        "paper",
        "paper/blur",
        "paper/jpeg_compress",
        "paper/tone",
        "paper/tone/gamma",
        "paper/tone/gamma-2",
        "one_of",
        "one_of/grey",
        "one_of/invert",
        "one_of/tone",
        "one_of/tone/gamma",
        "one_of/tone/gamma-2",
        "mixup",
    ];
    assert_eq!(full.step_ids(), expected);
    // A step with an id of its own leaves the others' ids alone.
    let steps = "[[step]]\nop.grey = {}\n[[step]]\nop.grey = {}\nid = \"mine\"\n[[step]]\nop.grey = {}\n[[step]]\nop.grey = {}\n";
    assert_eq!(recipe(steps).step_ids(), ["grey", "mine", "grey-2", "grey-3"]);
}

#[test]
fn laws_are_read_as_written() {
    let full = Recipe::from_texts(FULL, Some("")).unwrap();
    let Action::Op(rotate) = &full.steps[1].action else { panic!("no op") };
    let micro = Micro::from_int;
    assert_eq!(rotate.params[0], Dist::Uniform { low: micro(-180), high: micro(180), integer: false });
    assert_eq!(rotate.params[1], Dist::Fixed(Value::Word("expand")));
    let color = |color| Value::Fill(Fill::Color(color));
    let fills = [color([255; 3]), color([0; 3]), Value::Fill(Fill::Median), color([16, 32, 48])];
    let weights = [2, 1, 1, 0].map(micro);
    assert_eq!(rotate.params[2], Dist::Choose(fills.into_iter().zip(weights).collect()));
    let Action::Pick { count, steps } = &full.steps[3].action else { panic!("no pick") };
    assert_eq!(*count, Dist::Uniform { low: micro(1), high: micro(2), integer: true });
    assert_eq!(steps[0].weight, micro(2));
    let Action::Op(mixup) = &full.steps[5].action else { panic!("no op") };
    let classes = PartnerClasses::Named(vec!["a".into(), "b".into()]);
    let rule = MixRule { classes, steps: PartnerSteps::None, fit: PartnerFit::Cover, label: LabelRule::Dominant };
    assert_eq!(mixup.mix, Some(rule));
}

#[test]
fn no_parameter_is_called_like_another_draw_of_a_step() {
    for op in ops::ALL {
        for param in op.params {
            let taken = ["chance", "pick", "weight", "mix", "field", "partner", "label"];
            assert!(!taken.contains(&param.name), "{}.{}", op.name, param.name);
            let patch = ["left", "top", "width", "height", "from_left", "from_top"];
            assert!(!op.mixes() || !patch.contains(&param.name), "{}.{}", op.name, param.name);
        }
    }
}

#[test]
fn every_example_of_every_op_is_a_recipe() {
    for op in ops::ALL {
        let example = recipe(&format!("[[step]]\nop.{} = {{ {} }}\n", op.name, op.example));
        assert_eq!(example.step_ids(), [op.name]);
    }
}

#[test]
fn paths_start_at_the_recipes_folder() {
    let at = |text: &str| Recipe::parse(text, Path::new("a/b/r.toml")).unwrap().source.unwrap().layout;
    assert_eq!(at(HEAD), Layout::Folders("a/b/x".into()));
    let elsewhere = HEAD.replace("\"x\"", "\"/else/where\"");
    assert_eq!(at(&elsewhere), Layout::Folders("/else/where".into()));
}

#[test]
fn the_validation_recipe_is_read_beside_the_recipe() {
    let text = format!("{HEAD}[split]\nval = 0.2\nnoisy_val = {{ recipe = \"v.toml\", copies = 1 }}\n");
    let bom = format!("\u{feff}{VALIDATION}").replace('\n', "\r\n");
    let read = load("a.toml", &[("a.toml", text.as_bytes()), ("v.toml", bom.as_bytes())]).unwrap();
    let validation = read.validation.as_ref().unwrap();
    assert_eq!(validation.recipe.text, bom);
    // And so it is restored from a record, which keeps both texts.
    let restored = Recipe::from_texts(&text, Some(&validation.recipe.text)).unwrap();
    assert_eq!(restored.meaning(), read.meaning());
}

#[test]
fn the_meaning_is_pinned() {
    let full = Recipe::from_texts(FULL, Some(VALIDATION)).unwrap();
    assert_eq!(full.meaning().to_string(), include_str!("meaning.json").trim_end());
}

#[test]
fn the_meaning_ignores_what_decides_nothing() {
    let short = recipe(
        "[split]\nval = 0.2\n[[step]]\nuse = \"g\"\nchance = 0.5\n[group.g]\n[[group.g.step]]\nop.rotate = { degrees = 5 }\n",
    );
    let long = r##"
        # Defaults written out, tables in another order, another name, other paths.
        [group.g]
        step = [{ op = { rotate = { fill = [255, 255, 255], degrees = 5.0, canvas = "keep" } }, chance = 1.0, on = ["noisy_val", "train"] }]
        [output]
        encode.jpeg = {}
        fit.keep = {}
        [[step]]
        chance = 0.50
        use = "g"
        id = "g"
        [split]
        seed = 0
        val = 2e-1
        [amount]
        max_copies = 9
        originals = true
        balance = "natural"
        copies = 2
        [source]
        folders = "elsewhere"
        near_duplicates = true
        on_bad_source = "error"
        "##;
    let long = Recipe::from_texts(&format!("seed = 0\nname = 'other'\n{long}"), None);
    let long = long.unwrap_or_else(|error| panic!("{}", report(&error)));
    assert_eq!(short.meaning().to_string(), long.meaning().to_string());
}

#[test]
fn the_meaning_follows_what_decides() {
    let base = Recipe::from_texts(FULL, Some(VALIDATION)).unwrap().meaning();
    for (old, new) in [
        ("seed = 17", "seed = 18"),
        ("seed = 2", "seed = 3"),
        ("folds = 5", "folds = 4"),
        (", copies = 3", ", copies = 2"),
        ("group_by = \"page\"", "group_by = \"group\""),
        ("train_only = true", "train_only = false"),
        ("total = 100_000", "total = 100_001"),
        ("\"equal\"", "\"sqrt\""),
        ("originals = true", "originals = false"),
        ("{ copies = 40", "{ copies = 41"),
        ("chance = 0.5", "chance = 0.4"),
        ("degrees = [-180", "degrees = [-179.999999"),
        ("id = \"noise\"", "id = \"grain\""),
        ("except =", "only ="),
        ("on = [\"train\"]", "on = [\"noisy_val\"]"),
        ("weight = 2", "weight = 3"),
        ("pick = [1, 2]", "pick = 1"),
        ("fit = \"cover\"", "fit = \"within\""),
        ("\"dominant\"", "\"soft\""),
        ("near_duplicates = false", "near_duplicates = true"),
        ("width = 512", "width = 511"),
        ("quality = 80", "quality = 81"),
        ("4:4:4", "4:2:0"),
        ("docs17@v1", "docs17@v2"),
    ] {
        assert!(FULL.contains(old), "{old}");
        let changed = Recipe::from_texts(&FULL.replacen(old, new, 1), Some(VALIDATION));
        let changed = changed.unwrap_or_else(|error| panic!("{}", report(&error)));
        assert_ne!(base, changed.meaning(), "{old} -> {new}");
    }
    let validation = VALIDATION.replace("sigma = 1", "sigma = 2");
    assert_ne!(base, Recipe::from_texts(FULL, Some(&validation)).unwrap().meaning());
}

#[test]
fn the_schema_has_every_op_and_parameter() {
    let schema = schema();
    let listed = &schema["$defs"]["step"]["properties"]["op"]["properties"];
    assert_eq!(listed.as_object().map(|ops| ops.len()), Some(ops::ALL.len()));
    for op in ops::ALL {
        let properties = &listed[op.name]["properties"];
        for param in op.params {
            assert!(properties[param.name]["anyOf"].is_array(), "{}.{}", op.name, param.name);
        }
        let mix = if op.mixes() { 2 } else { 0 };
        assert_eq!(properties.as_object().map(|all| all.len()), Some(op.params.len() + mix), "{}", op.name);
    }
}

#[test]
fn the_schema_has_every_key_of_a_full_recipe() {
    fn known(schema: &serde_json::Value, root: &serde_json::Value, value: &toml::Value, place: &str) {
        let schema = match schema["$ref"].as_str() {
            Some(path) => root.pointer(&path[1..]).unwrap(),
            None => schema,
        };
        match value {
            toml::Value::Table(table) if schema["properties"].is_object() => {
                for (key, value) in table {
                    let inner = &schema["properties"][key];
                    assert!(inner.is_object(), "{place}.{key} is not in the schema");
                    known(inner, root, value, &format!("{place}.{key}"));
                }
            }
            toml::Value::Array(items) if schema["items"].is_object() => {
                items.iter().for_each(|item| known(&schema["items"], root, item, place));
            }
            _ => {}
        }
    }
    let value: toml::Value = toml::from_str(FULL).unwrap();
    known(&schema(), &schema(), &value, "recipe");
}

/// `recipes/ops.toml`: a group for each family, and a choice of it.
fn all_ops() -> String {
    let mut text = "# Every op as its example has it, a group for each family, for trying out and for copying from: `augmint preview\n\
                    # recipes/ops.toml`. Nobody should train on this; start from documents.toml. A test writes this file.\n\
                    name = \"ops\"\n\n[source]\nimages = \"../sample-data/train\"\nlabels = \"../sample-data/train.csv\"\n\n\
                    [amount]\ncopies = 40\n"
        .to_owned();
    let mut families: Vec<ops::Family> = ops::ALL.iter().map(|op| op.family).collect();
    families.dedup();
    let groups: Vec<String> = families.iter().map(|family| format!("{family:?}").to_lowercase()).collect();
    for group in groups.iter().map(String::as_str).chain(["policies"]) {
        text += &format!("\n[[step]]\nuse = \"{group}\"\nchance = 0.3\n");
    }
    for (family, group) in families.iter().zip(&groups) {
        text += &format!("\n[group.{group}]\npick = 1\n");
        for op in ops::ALL.iter().filter(|op| op.family == *family) {
            let call = if op.example.is_empty() { "{}".into() } else { format!("{{ {} }}", op.example) };
            text += &format!("[[group.{group}.step]]\nop.{} = {call}\n", op.name);
        }
    }
    text += "\n[group.policies]\npick = 1\n";
    for policy in policy::POLICIES {
        let params = policy.params.iter().map(|param| format!(" {} = {}", param.name, param.default));
        let params = params.collect::<Vec<_>>().join(",");
        text += &format!("[[group.policies.step]]\npolicy.{} = {{{params} }}\n", policy.name);
    }
    text
}

#[test]
fn a_recipe_shows_every_op() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/ops.toml");
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(&path, all_ops()).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == all_ops(), "write recipes/ops.toml anew with REGENERATE=1");
    let recipe = Recipe::load(&path).unwrap_or_else(|error| panic!("{}", report(&error)));
    let shown: std::collections::BTreeSet<&str> = recipe.op_calls().iter().map(|(_, call)| call.op.name).collect();
    assert_eq!(shown.len(), ops::ALL.len());
}

#[test]
fn the_recipes_in_the_documentation_are_recipes() {
    let page = include_str!("../../../docs/recipe.md");
    let blocks: Vec<_> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert_eq!(blocks.len(), 4);
    for block in &blocks {
        let text = if block.contains("[source]") { (*block).to_owned() } else { format!("{HEAD}{block}") };
        Recipe::from_texts(&text, Some("")).unwrap_or_else(|error| panic!("{}", report(&error)));
    }
}
