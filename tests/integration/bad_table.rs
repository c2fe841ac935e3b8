//! Tables of a contest that are not as they should be, or contradict themselves or the files.

use crate::house::{House, TAIL, digest_of, jpeg};
use serde_json::json;

/// Sources `0.jpg` to `5.jpg` of two classes, with tables.
fn house() -> House {
    let house = House::new();
    let mut labels = String::from("ID,target\n");
    for number in 0..6 {
        house.write(&format!("train/{number}.jpg"), &jpeg(&number.to_string()));
        labels += &format!("{number}.jpg,{}\n", number % 2);
    }
    house.write("train.csv", labels.as_bytes());
    house.write("meta.csv", b"target,class_name\n0,invoice\n1,receipt\n");
    recipe(&house, "");
    house
}

/// Writes the recipe, with more lines in its source.
fn recipe(house: &House, source: &str) {
    let text = format!(
        "name = \"t\"\n[source]\nimages = \"train\"\nlabels = \"train.csv\"\nclasses = \"meta.csv\"\n{source}[amount]\ncopies = \
         2\n{TAIL}"
    );
    house.write("recipe.toml", text.as_bytes());
}

/// Changes a file's text.
fn edit(house: &House, path: &str, change: impl Fn(String) -> String) {
    let text = String::from_utf8(house.read(path)).unwrap();
    house.write(path, change(text).as_bytes());
}

#[test]
fn files_without_a_label_and_labels_without_a_file_are_named() {
    let house = house();
    house.write("train/new.jpg", &jpeg("new"));
    std::fs::rename(house.path("train/3.jpg"), house.path("train/3.jpeg")).unwrap();
    assert_eq!(
        house.error("build recipe.toml"),
        "3 bad sources in train:\n  \
         3.jpeg: unlabelled: no row of the labels names it; add one, or drop the file in fixes.csv\n  \
         3.jpg: missing: labels line 5 names it, but there is no such file; did you mean '3.jpeg'?\n  \
         new.jpg: unlabelled: no row of the labels names it; add one, or drop the file in fixes.csv"
    );
}

#[test]
fn contradictions_in_tables_are_named_with_their_lines() {
    let house = house();
    edit(&house, "train.csv", |text| text.replace("4.jpg,0", "4.jpg,17") + "1.jpg,0\n");
    assert_eq!(
        house.error("build recipe.toml"),
        "2 problems in the source tables:\n  \
         train.csv:6: no class has the target '17' (classes: meta.csv); did you mean '1'?\n  \
         train.csv:8: the ID '1.jpg' stands already in line 3"
    );
    house.write("train.csv", b"id,label\n");
    assert_eq!(
        house.error("build recipe.toml"),
        "2 problems in the source tables:\n  \
         train.csv:1: no column 'ID'; expected the header ID,target, found id,label\n  \
         train.csv:1: no column 'target'; expected the header ID,target, found id,label"
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let house = house();
    let digest = house.build("");
    for table in ["train.csv", "meta.csv"] {
        edit(&house, table, |text| format!("\u{feff}{}", text.replace('\n', "\r\n")));
    }
    assert_eq!(house.build(""), digest);
}

#[test]
fn equal_bytes_with_two_labels_are_settled_by_the_line_that_the_error_prints() {
    let house = house();
    house.write("train/6.jpg", &jpeg("1"));
    edit(&house, "train.csv", |text| text + "6.jpg,0\n");
    let error = house.error("build recipe.toml");
    assert_eq!(
        error,
        "1 image under different labels; settle each with lines in fixes.csv (header ID,target,by,why; named in the \
         recipe by [source] fixes):\n  \
         1.jpg is 'receipt', 6.jpg is 'invoice'; the bytes are equal. Add\n      \
         1.jpg,invoice,YOUR NAME,same bytes as 6.jpg\n    or\n      \
         6.jpg,receipt,YOUR NAME,same bytes as 1.jpg"
    );
    let line = error.lines().last().unwrap().trim();
    house.write("fixes.csv", format!("ID,target,by,why\n{line}\n").as_bytes());
    recipe(&house, "fixes = \"fixes.csv\"\n");
    let ran = house.run("build recipe.toml --json");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        ran.stderr.contains(
            "1 label correction:\n  6.jpg: invoice -> receipt (YOUR NAME: \"same bytes as 1.jpg\")\n1 source lies in \
             several files of equal bytes:\n  1.jpg = 6.jpg\n"
        ),
        "{}",
        ran.stderr
    );
    let shown = house.ok("show t@v1");
    assert!(shown.contains("6.jpg to receipt by YOUR NAME: same bytes as 1.jpg\n"), "{shown}");
    let digest = digest_of(&serde_json::from_str(&ran.stdout).unwrap());
    assert_eq!(house.sources(&digest).len(), 6, "equal bytes are one source");
}

#[test]
fn a_correction_changes_the_digest_and_no_original() {
    let house = house();
    let before = house.build("");
    let table = house.read("train.csv");
    house.write("fixes.csv", b"ID,target,by,why\n0.jpg,receipt,kim,wrong stamp\n2.jpg,drop,kim,blank\n");
    recipe(&house, "fixes = \"fixes.csv\"\n");
    let after = house.build("");
    assert_ne!(before, after);
    assert_eq!(house.read("train.csv"), table);
    let counts = |digest: &str| house.record(digest)["counts"]["train"].clone();
    assert_eq!(counts(&before), json!({ "0": 6, "1": 6 }));
    assert_eq!(counts(&after), json!({ "0": 2, "1": 8 }));
    assert_eq!(
        house.record(&after)["fixes"],
        json!([
            { "id": "0.jpg", "to": "receipt", "by": "kim", "why": "wrong stamp" },
            { "id": "2.jpg", "to": "drop", "by": "kim", "why": "blank" },
        ])
    );
}
