//! Images and folders that are not as they should be: each is named with what is wrong and what to do, all in one
//! error, before any work starts.

use crate::house::{House, image, jpeg, png};
use augmint::pixels::{Encoding, Image, Size};
use serde_json::json;
use std::path::Path;

/// A file of the decoder's collection.
fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode");
    std::fs::read(folder.join(name)).unwrap()
}

/// Four good sources of two classes.
fn house() -> House {
    let house = House::with_folders(&[("a", 2), ("b", 2)]);
    house.recipe("[amount]\ncopies = 2\n");
    house
}

#[test]
fn every_unusable_file_is_named_in_one_error_before_any_work() {
    let house = house();
    for (path, bytes) in [
        ("a/cut.jpg", sample("jpeg-truncated-pixels.jpg")),
        ("a/empty.jpg", Vec::new()),
        ("a/moving.gif", sample("gif-animated.gif")),
        ("b/page.jpg", b"Dear Sir or Madam,\n".to_vec()),
        ("b/cut.png", sample("png-truncated.png")),
        ("stray.jpg", jpeg("stray")),
    ] {
        house.write(&format!("images/{path}"), &bytes);
    }
    let expected = "6 bad sources in images:\n  \
        a/cut.jpg: the JPEG is truncated: the file ends before the image does; get a whole copy\n  \
        a/empty.jpg: empty: 0 bytes\n  \
        a/moving.gif: GIF is not taken; convert it to one of JPEG, PNG, WebP, TIFF, BMP\n  \
        b/cut.png: the PNG is truncated: the file ends before the image does; get a whole copy\n  \
        b/page.jpg: not an image: the first bytes are not those of a JPEG, PNG, WebP, TIFF or BMP\n  \
        stray.jpg: unlabelled: it lies in no class folder; move it into one";
    for command in ["build recipe.toml", "plan recipe.toml"] {
        assert_eq!(house.error(command), expected, "{command}");
    }
    assert!(!house.path("datasets").exists(), "something was written");
}

#[test]
fn unusable_files_are_skipped_only_where_the_recipe_says_so_and_are_recorded() {
    let house = house();
    let digest = house.build("");
    house.write("images/a/cut.jpg", &sample("jpeg-truncated-pixels.jpg"));
    house.write("images/b/empty.png", b"");
    let skip = String::from_utf8(house.read("recipe.toml")).unwrap();
    house.write("recipe.toml", skip.replace("[amount]", "on_bad_source = \"skip\"\n[amount]").as_bytes());
    let ran = house.run("build recipe.toml --json");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let list = "2 files left out:\n  a/cut.jpg: the JPEG is truncated: the file ends before the image does; get a whole \
                copy\n  b/empty.png: empty: 0 bytes\n";
    assert!(ran.stderr.contains(list), "{}", ran.stderr);
    // In another folder of datasets, as the version's digest is the same and its record never changes.
    let other = house.json("build recipe.toml --datasets other");
    assert_eq!(other["digest"], json!(digest));
    let record: serde_json::Value =
        serde_json::from_slice(&house.read(&format!("other/t/records/{}.json", &digest[7..]))).unwrap();
    assert_eq!(
        record["skipped"],
        json!([
            { "path": "a/cut.jpg", "why": "the JPEG is truncated: the file ends before the image does; get a whole copy" },
            { "path": "b/empty.png", "why": "empty: 0 bytes" },
        ])
    );
    let shown = house.ok("show t@v1 --datasets other");
    assert!(shown.contains("skipped") && shown.contains("b/empty.png: empty: 0 bytes\n"), "{shown}");
}

#[test]
fn an_image_over_the_limit_is_refused_and_the_limit_can_be_raised() {
    let house = house();
    let small = image("large");
    let large = Image::from_fn(Size::new(1100, 1000), |x, y| small.pixel(x * 60 / 1100, y * 40 / 1000));
    house.write("images/a/large.png", &Encoding::Png.encode(&large).unwrap());
    let recipe = String::from_utf8(house.read("recipe.toml")).unwrap();
    house.write("recipe.toml", recipe.replace("[amount]", "max_megapixels = 1\n[amount]").as_bytes());
    assert_eq!(
        house.error("build recipe.toml"),
        "1 bad source in images:\n  a/large.png: 1100×1000 is 1.1 megapixels, over the limit of 1; `[source] \
         max_megapixels` raises it"
    );
    house.write("recipe.toml", recipe.replace("[amount]", "max_megapixels = 2\n[amount]").as_bytes());
    house.build("");
}

#[test]
fn unusual_images_are_taken() {
    let house = House::new();
    for (path, bytes) in [
        ("images/a/one pixel.png", sample("png-1x1.png")),
        ("images/a/sixteen bits.png", sample("png-16-bit-rgb.png")),
        ("images/a/ink.jpg", sample("jpeg-cmyk-adobe.jpg")),
        ("images/한글 이름/영수증 (1).jpg", jpeg("receipt")),
        ("images/한글 이름/PNG named.jpg", png("another")),
    ] {
        house.write(path, &bytes);
    }
    house.recipe("[amount]\ncopies = 5\n[[step]]\nop.rotate = { degrees = [-180, 180], canvas = \"expand\" }\n[[step]]\nop.blur = { sigma = [0.5, 2] }\n");
    let answer = house.json("build recipe.toml");
    assert_eq!(answer["samples"], json!(25));
    let digest = crate::house::digest_of(&answer);
    let paths: Vec<_> = house.sources(&digest).into_iter().flat_map(|(source, _)| source.paths).collect();
    assert!(paths.contains(&"한글 이름/영수증 (1).jpg".to_owned()), "{paths:?}");
    assert_eq!(house.record(&digest)["classes"], json!({ "0": "a", "1": "한글 이름" }));
    house.ok("verify t@v1");
}

#[test]
fn output_inside_the_sources_is_refused() {
    let house = house();
    let refused = |place: &str| {
        format!(
            "{place} would be written inside the source folder images, and be read as sources by the next build; choose \
             another place with --datasets or --store"
        )
    };
    assert_eq!(house.error("build recipe.toml --datasets images/datasets"), refused("images/datasets"));
    assert_eq!(house.error("build recipe.toml --store images/a/store"), refused("images/a/store"));
    assert!(!house.path("datasets").exists() && !house.path("images/datasets").exists());
}

#[test]
fn a_folder_of_nothing_and_no_folder_are_named() {
    let house = house();
    std::fs::remove_dir_all(house.path("images")).unwrap();
    let error = house.error("build recipe.toml");
    assert_eq!(
        error.lines().next(),
        Some("cannot read the folder of images images: No such file or directory (os error 2)"),
        "{error}"
    );
    std::fs::create_dir(house.path("images")).unwrap();
    assert_eq!(house.error("build recipe.toml"), "no image in images");
    std::fs::create_dir(house.path("images/c")).unwrap();
    assert_eq!(
        house.error("build recipe.toml"),
        "1 bad source in images:\n  c: a class folder without a usable image; add some, or remove the folder"
    );
}
