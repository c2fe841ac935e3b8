//! One recipe and one set of sources have one digest: on any number of threads, wherever they lie, however the work is
//! shared.

use crate::house::{House, digest_of, files};
use serde_json::json;

/// Everything at once: held-out sources, a noisy validation, classes made equal, mixed labels, noise.
const RICH: &str = r#"
[split]
val = 0.25
noisy_val = { recipe = "validation.toml", copies = 2 }
[amount]
total = 90
balance = "equal"
[[step]]
op.rotate = { degrees = [-180, 180], canvas = "expand", fill = "median" }
chance = 0.8
[[step]]
op.mixup = { alpha = 0.4 }
chance = 0.3
[[step]]
op.gaussian_noise = { sigma = { log = [2, 40] } }
chance = 0.5
"#;

const VALIDATION: &str = r#"
name = "validation"
seed = 1
[[step]]
op.brightness = { factor = [0.7, 1.4] }
[output]
fit.within = { width = 32, height = 32 }
encode.png = {}
"#;

/// A house with sources and the recipe above.
pub fn rich() -> House {
    let house = House::with_folders(&[("form", 8), ("plate", 4), ("receipt", 4)]);
    house.recipe(RICH);
    house.write("validation.toml", VALIDATION.as_bytes());
    house
}

/// A change of this digest is a change of every version that users hold: only with a new revision of what moved the
/// bytes, and marked "changes digests" in the changelog.
#[test]
fn the_digest_of_a_small_version_is_pinned() {
    let house = rich();
    let answer = house.json("build recipe.toml --tag v1 -m first");
    assert_eq!(digest_of(&answer), PINNED);
    assert_eq!(answer["validation_digest"], PINNED_VALIDATION);
    let expected = json!({
        "name": "t", "tag": "v1", "samples": 90 + 4 + 2 * 4, "rendered": 102, "taken_over": 0, "existed": false,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&answer[key], value, "{key}");
    }
    for key in ["bytes", "seconds", "shards", "threads"] {
        assert!(answer[key].is_number(), "{key}");
    }
}

#[test]
fn inner_loops_without_simd_make_the_same_digest_and_a_wish_that_cannot_be_obeyed_is_refused() {
    let house = rich();
    let with = |simd: &str| {
        let output = house.command("build recipe.toml --tag v1 -m first").env("AUGMINT_SIMD", simd).output().unwrap();
        house.ran(output)
    };
    let refused = with("sse9");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("AUGMINT_SIMD=sse9 cannot be obeyed here"), "{}", refused.stderr);
    assert!(!house.path("datasets").exists());
    let built = with("scalar");
    assert!(built.stdout.contains(PINNED.trim_start_matches("sha256:")), "{} {}", built.stdout, built.stderr);
}

#[test]
fn several_writers_make_the_same_digest() {
    let house = rich();
    // 64 threads have four writers; there is a shard for each of the sets.
    let output = house.command("build recipe.toml --tag v1 -m first --threads 64").output().unwrap();
    let built = house.ran(output);
    assert!(built.stdout.contains(PINNED.trim_start_matches("sha256:")), "{} {}", built.stdout, built.stderr);
}

const PINNED: &str = "sha256:b22d5b2e80908a7fe610e735afe17c49f4be8bcdf3e2b672a3c203dd19bb0c06";
const PINNED_VALIDATION: &str = "sha256:85b4efe28f8a669167cb63d70af1c3b1ccafd48356654aff0d42b2365afaa6a1";

#[test]
fn threads_do_not_reach_a_byte() {
    let (one, two) = (rich(), rich());
    assert_eq!(one.build("--threads 1"), two.build("--threads 2"));
    assert_eq!(one.shards().len(), two.shards().len());
    for (a, b) in one.shards().iter().zip(two.shards()) {
        assert_eq!(a.file_name(), b.file_name());
        assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    }
}

#[test]
fn sources_may_lie_elsewhere_under_other_names_in_another_order() {
    let (here, there) = (rich(), House::new());
    for class in ["receipt", "form", "plate"] {
        let images = files(&here.path(&format!("images/{class}")));
        for (number, image) in images.iter().rev().enumerate() {
            there.write(&format!("far/away/pages/{class}/deep {number}/x.jpg"), &std::fs::read(image).unwrap());
        }
    }
    let recipe = String::from_utf8(here.read("recipe.toml")).unwrap();
    // Comments and the order of tables mean nothing either.
    let recipe = format!("# moved\n{}", recipe.replace("\"images\"", "\"../../pages\""));
    there.write("far/away/recipes/deep/recipe.toml", recipe.as_bytes());
    there.write("far/away/recipes/deep/validation.toml", VALIDATION.as_bytes());
    let answer = there.json("build far/away/recipes/deep/recipe.toml --store elsewhere --datasets other");
    assert_eq!(digest_of(&answer), here.build(""));
}

#[test]
fn building_again_renders_nothing_and_keeps_the_tag() {
    let house = rich();
    let first = house.json("build recipe.toml");
    let again = house.json("build recipe.toml");
    assert_eq!(again["digest"], first["digest"]);
    assert_eq!((&again["tag"], &again["existed"]), (&json!("v1"), &json!(true)));
    assert_eq!((&again["rendered"], &again["taken_over"]), (&json!(0), &first["samples"]));
}

#[test]
fn parts_made_apart_are_published_as_the_same_version() {
    let (whole, parts) = (rich(), rich());
    parts.json("build recipe.toml --part 1/2");
    let missing = parts.error("publish recipe.toml");
    assert_eq!(
        missing,
        "1 of 3 shards are not in the store yet: make them with `augmint build`, or bring the parts made elsewhere into \
         datasets/.store/shards"
    );
    assert!(!parts.path("datasets/t/records").exists(), "a part looks like a version");
    parts.json("build recipe.toml --part 2/2");
    let published = parts.json("publish recipe.toml --tag best");
    assert_eq!(digest_of(&published), whole.build(""));
    assert_eq!((&published["rendered"], &published["tag"]), (&json!(0), &json!("best")));
    parts.ok("verify t@best");
}

#[test]
fn a_part_without_pixels_is_published_without_pixels() {
    let (whole, parts) = (rich(), rich());
    for part in ["1/2", "2/2"] {
        parts.json(&format!("build recipe.toml --no-store --part {part}"));
    }
    let published = parts.json("publish recipe.toml --no-store");
    assert_eq!(digest_of(&published), whole.build(""));
    assert_eq!(parts.shards(), Vec::<std::path::PathBuf>::new());
}
