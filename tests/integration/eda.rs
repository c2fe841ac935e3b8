//! Exploring images, as a user types it.

use super::house::{House, jpeg, png};
use augmint::pixels::{Encoding, Image, Size};

/// Lines of text, `shade` on white, turned by a quarter where `lying`.
fn page(number: u32, shade: u8, lying: bool) -> Vec<u8> {
    let size = Size::new(90, 130);
    let ink = |x: u32, y: u32| y % (9 + number % 3) < 3 && (x * 7 + y / 10 * 31 + number) % 40 < 29;
    let image = Image::from_fn(if lying { size.transposed() } else { size }, |x, y| {
        let (x, y) = if lying { (y, x) } else { (x, y) };
        if ink(x, y) { [20; 3] } else { [shade; 3] }
    });
    Encoding::Png.encode(&image).unwrap()
}

/// Class folders with names of all kinds, and a darker target whose pages lie.
fn house() -> House {
    let house = House::new();
    for number in 0..30 {
        let class = ["영수증", "tax form"][number as usize % 2];
        house.write(&format!("my images/{class}/{number}.png"), &page(number, 230 + (number % 9) as u8, false));
        house.write(&format!("test set/{number}.png"), &page(90 + number, 150 + (number % 9) as u8, true));
    }
    house
}

fn run(house: &House, arguments: &[&str]) -> super::house::Ran {
    let output = house.command("eda").args(arguments).output().unwrap();
    house.ran(output)
}

#[test]
fn the_answer_is_the_same_for_any_number_of_threads_and_its_steps_pass_check() {
    let house = house();
    let ran = run(&house, &["my images", "--against", "test set", "--html", "out.html", "--threads", "1"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(run(&house, &["my images", "--against", "test set", "--threads", "3"]).stdout, ran.stdout);
    assert!(ran.stderr.ends_with("next: open out.html\n"), "{}", ran.stderr);
    for line in ["영수증", "tax form", "brightness, grey levels", "\n1. Loss: ", "\n2. Input size: ", "\n3. Ops: "] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains("darker in 100 % of pairs"), "{}", ran.stdout);
    let steps = &ran.stdout[ran.stdout.find("[[step]]").unwrap()..];
    assert!(steps.contains("op.rotate90") && steps.contains("op.brightness"), "{steps}");
    let head = "name = \"t\"\nseed = 1\n[source]\nfolders = \"my images\"\n[amount]\ncopies = 2\n";
    house.write("recipe.toml", format!("{head}{steps}\n[output]\nencode.png = {{}}\n").as_bytes());
    house.ok("check recipe.toml");
    let page = String::from_utf8(house.read("out.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("One page at three input sizes"));
    assert!(!page.contains("://"), "an address in a page that loads nothing");
}

#[test]
fn broken_files_are_listed_and_left_out() {
    let house = house();
    let whole = jpeg("a");
    house.write("test set/sub/cut.jpg", &whole[..whole.len() / 2]);
    house.write("test set/empty.png", b"");
    house.write("test set/labels.csv", b"ID,target\n");
    house.write("test set/dot.png", &Encoding::Png.encode(&Image::filled(Size::new(1, 1), [0; 3])).unwrap());
    house.write("my images/영수증/no image.jpg", b"hello");
    let ran = run(&house, &["my images", "--against", "test set"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout.contains("left out of test set: 2\n  empty.png: empty: 0 bytes\n  sub/cut.jpg: "),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("left out of my images: 1\n  영수증/no image.jpg: not an image"), "{}", ran.stdout);
    let ran = run(&house, &["my images", "--against", "test set", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&json["format"], &json["against"]["measured"], &json["against"]["listed"]),
        (&1.into(), &31.into(), &33.into())
    );
    assert_eq!(json["sources"]["left_out"][0]["path"], "영수증/no image.jpg");
    assert_eq!(json["measures"].as_array().unwrap().len(), 9);
    assert_eq!(json["measures"][0]["effect"], "large");
}

#[test]
fn a_recipe_and_a_contest_are_sources_too() {
    let house = house();
    house.write("문서/train/a.png", &png("a"));
    house.write("문서/train/b.png", &png("b"));
    house.write("문서/train/c.png", &png("c"));
    house.write("문서/train.csv", "\u{feff}ID,target\r\n\"a.png\",0\r\nb.png,1\r\nc.png,1\r\n".as_bytes());
    house.write("문서/meta.csv", "target,class_name\n0,여권\n1,계약서\n2,아무도\n".as_bytes());
    let contest = house.ok("eda 문서");
    assert!(
        contest.contains("imbalance ratio 2.0") && contest.contains("계약서") && contest.contains("아무도"),
        "{contest}"
    );
    assert_eq!(house.ok("eda 문서/train.csv"), contest);
    assert_eq!(house.ok("eda 문서 --limit 0"), contest);
    house.recipe("[amount]\ncopies = 2\n");
    house.write("images/x/1.png", &png("1"));
    house.write("images/y/1.png", &png("2"));
    assert!(house.ok("eda recipe.toml").contains("classes: 2, imbalance ratio 1.0"));
}

#[test]
fn what_cannot_be_explored_says_why() {
    let house = house();
    assert!(
        house.error("eda nowhere").starts_with("cannot read nowhere: No such file"),
        "{}",
        house.error("eda nowhere")
    );
    let ran = run(&house, &["my images", "--against", "nowhere"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("cannot read the folder of images nowhere: No such file"), "{}", ran.stderr);
    house.write("none/notes.txt", b"x");
    let ran = run(&house, &["my images", "--against", "none"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("none holds no images (and 1 other files)"), "{}", ran.stderr);
    house.write("recipe.toml", b"name = \"t\"\nseed = 1\n[amount]\ncopies = 2\n");
    assert!(house.error("eda recipe.toml").contains("the recipe needs 'source'"), "{}", house.error("eda recipe.toml"));
}
