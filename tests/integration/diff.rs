//! `augmint diff`: two versions, or a version and a recipe, side by side.

use crate::digest::rich;
use crate::house::{House, files};
use serde_json::Value;

/// A house with the rich recipe built as v1 and a changed one as v2: another range, one more step, one source less.
fn two() -> House {
    let house = rich();
    house.build("--tag v1");
    change(&house);
    std::fs::remove_file(house.path("images/form/03.jpg")).unwrap();
    house.build("--tag v2");
    house
}

fn change(house: &House) {
    let text = String::from_utf8(house.read("recipe.toml")).unwrap();
    let text = text.replacen("[-180, 180]", "[-90, 90]", 1);
    let text = text.replacen("[output]", "[[step]]\nop.gamma = { exponent = [0.5, 2] }\nchance = 0.5\n[output]", 1);
    house.write("recipe.toml", text.as_bytes());
}

fn different(house: &House, line: &str) -> String {
    let ran = house.run(line);
    assert_eq!(ran.code, Some(1), "{line}: {ran:#?}");
    ran.stdout
}

fn json(house: &House, line: &str) -> Value {
    serde_json::from_str(&different(house, &format!("{line} --json"))).unwrap()
}

#[test]
fn a_version_is_equal_to_itself_its_recipe_and_another_tag_of_it() {
    let house = rich();
    let digest = house.build("--tag v1");
    house.ok("tag t@v1 best");
    for other in ["t@v1", "t@best", &digest, "recipe.toml"] {
        let text = house.ok(&format!("diff t@v1 {other}"));
        assert!(text.contains("equal: every sample, label and setting is the same"), "{text}");
    }
    let answer = house.json("diff t@v1 recipe.toml");
    assert_eq!(answer["equal"], true);
    assert_eq!(answer["samples"]["identical"], 102);
    assert_eq!(answer["validation"]["state"], "same");
    let text = house.ok("diff t@v1 t@v1 --full");
    assert!(text.contains("rotate.degrees  Kolmogorov–Smirnov 0.0000, p = 1.000"), "{text}");
}

#[test]
fn what_changed_is_said_alike_of_a_version_and_of_the_recipe_that_will_be_one() {
    let house = two();
    let text = different(&house, "diff t@v1 t@v2");
    for line in [
        "~ rotate.degrees: [-180, 180] → [-90, 90]",
        "+ gamma, as step 5: gamma = { exponent = [0.5, 2] }, chance 0.5",
        "op.gamma: not used → 1",
        "16 → 15",
        "form/03.jpg (form, ",
        "redrawn",
        "gamma.exponent  only in B",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let text = different(&house, "diff t@v1 recipe.toml");
    assert!(text.contains("by what decides the pixels, as one side is not built"), "{text}");
    let (built, planned) = (json(&house, "diff t@v1 t@v2"), json(&house, "diff t@v1 recipe.toml"));
    for field in ["recipe", "engine", "sources", "classes", "steps", "parameters"] {
        assert_eq!(built[field], planned[field], "{field}");
    }
    assert_eq!(built["samples"]["redrawn"], planned["samples"]["redrawn"]);
    assert_eq!(planned["b"]["digest"], Value::Null);
    let back = json(&house, "diff t@v2 t@v1");
    assert_eq!(back["samples"]["added"], built["samples"]["removed"]);
    assert_eq!(back["samples"]["identical"], built["samples"]["identical"]);
}

#[test]
fn other_output_settings_alone_redraw_nothing() {
    let house = rich();
    house.build("--tag v1");
    let text = String::from_utf8(house.read("recipe.toml")).unwrap();
    house.write("recipe.toml", text.replacen("quality = 80", "quality = 70", 1).as_bytes());
    let planned = json(&house, "diff t@v1 recipe.toml");
    // There are no bytes to verify then, but there is something to look at.
    assert!(house.run("build recipe.toml --tag v2 --no-store").stderr.ends_with("next: augmint view t@v2\n"));
    let built = json(&house, "diff t@v1 t@v2");
    for answer in [planned, built] {
        assert_eq!(answer["samples"], serde_json::json!({ "identical": 12, "reencoded": 90 }));
        assert_eq!(answer["validation"]["state"], "same");
    }
}

#[test]
fn a_version_without_manifest_is_drawn_from_its_record_and_needs_no_source() {
    let house = two();
    let whole = json(&house, "diff t@v1 t@v2");
    std::fs::remove_dir_all(house.path("datasets/.store")).unwrap();
    std::fs::remove_dir_all(house.path("images")).unwrap();
    let drawn = json(&house, "diff t@v1 t@v2");
    for field in ["recipe", "engine", "sources", "classes", "steps", "parameters", "validation"] {
        assert_eq!(whole[field], drawn[field], "{field}");
    }
    assert_eq!(drawn["a"]["rendered"], false);
    let text = different(&house, "diff t@v1 t@v2");
    assert!(text.contains("as neither side has a manifest here") && !text.contains("not built"), "{text}");
    let page = different(&house, "diff t@v1 t@v2 --html page.html");
    assert!(page.contains("its samples are drawn from its record"), "{page}");
    let page = String::from_utf8(house.read("page.html")).unwrap();
    assert!(page.contains("cannot be drawn again"), "no reason is given");
}

#[test]
fn a_page_shows_stored_and_redrawn_images_alike() {
    let house = two();
    different(&house, "diff t@v1 t@v2 --html stored.html --pairs 8");
    let stored = String::from_utf8(house.read("stored.html")).unwrap();
    assert_eq!(stored.matches("<figure><div class=\"trio\">").count(), 8);
    assert!(stored.matches("data:image/jpeg").count() >= 20);
    // As many as are asked for, where there are so many.
    let samples = json(&house, "diff t@v1 t@v2")["samples"].clone();
    let counts = samples.as_object().unwrap().iter().filter(|(fate, _)| *fate != "identical");
    let differing: u64 = counts.map(|(_, count)| count.as_u64().unwrap()).sum();
    different(&house, "diff t@v1 t@v2 --html all.html --pairs 1000");
    let all = String::from_utf8(house.read("all.html")).unwrap();
    assert_eq!(all.matches("<figure><div class=\"trio\">").count() as u64, differing);
    // The source that is gone is put back, so that the first version can be drawn again.
    house.write("images/form/03.jpg", &crate::house::jpeg("form 3"));
    for tar in house.shards() {
        std::fs::remove_file(tar).unwrap();
    }
    different(&house, "diff t@v1 t@v2 --html drawn.html --pairs 8");
    assert!(stored == String::from_utf8(house.read("drawn.html")).unwrap(), "the pages differ");
}

#[test]
fn folds_missing_validation_and_other_datasets_are_compared() {
    let house = House::with_folders(&[("계약서", 6), ("form", 6)]);
    house.recipe("[split]\nfolds = 3\n[amount]\ncopies = 4\n");
    house.build("--tag folds");
    house.recipe("[amount]\ncopies = 4\n");
    house.build("--tag all");
    let answer = json(&house, "diff t@folds t@all");
    assert_eq!(answer["validation"]["state"], "only_a");
    assert_eq!(answer["sources"]["moved"].as_array().unwrap().len(), 12);
    // The training samples are the same pixels in another set; the held-out ones are gone.
    assert_eq!(answer["samples"], serde_json::json!({ "relabelled": 48, "removed": 12 }));
    let text = String::from_utf8(house.read("recipe.toml")).unwrap();
    house.write("other.toml", text.replacen("\"t\"", "\"u\"", 1).as_bytes());
    house.ok("build other.toml --tag v1");
    let text = house.ok("diff t@all u@v1");
    assert!(text.contains("two datasets: t and u"), "{text}");
    assert!(different(&house, "diff t@folds u@v1 --full").contains("계약서"));
}

#[test]
fn what_cannot_be_compared_is_an_error_that_helps() {
    let house = rich();
    let digest = house.build("--tag v1");
    assert!(house.error("diff t@v1 t@v2").contains("t has no tag 'v2'"));
    assert!(house.error("diff t@v1 t").contains("say which: t@v1"));
    assert!(house.error("diff tt@v1 t@v1").contains("did you mean 't'?"));
    assert!(house.error("diff t@v1 nothing.toml").contains("nothing.toml"));
    house.write("broken.toml", b"name = \"t\"\nseeed = 3\n");
    assert!(house.error("diff t@v1 broken.toml").contains("seeed"));
    // A manifest that was changed is refused, whatever it says.
    let path =
        house.path(&format!("datasets/.store/versions/{}/manifest.jsonl.zst", digest.trim_start_matches("sha256:")));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = house.error("diff t@v1 recipe.toml");
    assert!(error.contains("manifest.jsonl.zst") && error.contains("augmint restore"), "{error}");
    assert!(files(&house.path("datasets/.store")).iter().all(|path| !path.ends_with("diff.html")));
}
