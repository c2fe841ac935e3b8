//! Views of images that nobody labelled: the same files whatever the threads, listed in a table, whole or absent.

use crate::house::{House, jpeg};

fn house() -> House {
    let house = House::new();
    for number in 0..3 {
        house.write(&format!("test/{number}.jpg"), &jpeg(&format!("test {number}")));
    }
    house.write("test/notes.txt", b"x");
    house.recipe("[amount]\ncopies = 2\n[[step]]\nop.mixup = { alpha = 0.4 }\nchance = 0.5\n");
    house
}

#[test]
fn views_are_listed_and_the_same_on_any_number_of_threads() {
    let house = house();
    let ran = house.run("views recipe.toml --images test --out one --copies 4 --threads 1");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stdout.starts_with("one: 12 views of 3 images, "), "{}", ran.stdout);
    assert!(ran.stderr.contains("step 'mixup' is left out: it mixes in another image"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("next: head -n 3 one/views.csv\n"), "{}", ran.stderr);
    let answer = house.json("views recipe.toml --images test --out two --copies 4 --threads 3");
    assert_eq!((&answer["images"], &answer["views"]), (&3.into(), &12.into()));
    let table = String::from_utf8(house.read("one/views.csv")).unwrap();
    assert_eq!(house.read("two/views.csv"), table.as_bytes());
    let files: Vec<&str> = table.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!((files.len(), files[0], files[11]), (12, "0.jpg/view-00.jpg", "2.jpg/view-03.jpg"));
    for file in files {
        assert_eq!(house.read(&format!("one/{file}")), house.read(&format!("two/{file}")), "{file}");
    }
}

#[test]
fn what_is_there_is_never_replaced_and_what_is_no_image_is_named() {
    let house = house();
    house.write("out/x", b"x");
    let error = house.error("views recipe.toml --images test --out out");
    assert!(error.contains("cannot make out: "), "{error}");
    house.write("test/3.jpg", b"x");
    let error = house.error("views recipe.toml --images test --out other");
    assert!(error.contains("1 bad source in test:") && error.contains("3.jpg: not an image"), "{error}");
    assert!(!house.path("other").exists());
}
