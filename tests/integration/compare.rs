//! `augmint compare`: submissions side by side, with and without labels and images.

use crate::house::{House, jpeg};

/// Three submissions of eight images, whose labels are known: one has a broken image, one image is missing.
fn house() -> House {
    let house = House::new();
    let truth = [0, 1, 2, 0, 1, 2, 0, 1];
    let table = |wrong: &[usize]| {
        (0..8).rev().fold("ID,target\n".to_owned(), |all, image| {
            all + &format!("페이지 {image}.jpg,{}\n", (truth[image] + usize::from(wrong.contains(&image))) % 3)
        })
    };
    for (name, wrong) in [("a", &[0usize, 1][..]), ("b", &[0, 2]), ("c", &[0, 1, 3]), ("labels", &[])] {
        house.write(&format!("{name}.csv"), table(wrong).as_bytes());
    }
    house.write("meta.csv", "target,class_name\n0,form\n1,계약서\n2,<i>receipt</i>\n".as_bytes());
    for image in 0..6 {
        house.write(&format!("test/페이지 {image}.jpg"), &jpeg(&format!("page {image}")));
    }
    let whole = jpeg("page 3");
    house.write("test/페이지 3.jpg", &whole[..whole.len() / 3]);
    std::fs::remove_file(house.path("test/페이지 2.jpg")).unwrap();
    house
}

#[test]
fn disagreement_needs_neither_labels_nor_images() {
    let house = house();
    let found = house.json("compare a.csv b.csv c.csv");
    assert_eq!((&found["images"], &found["vote"]["unanimous"], &found["labelled"]), (&8.into(), &5.into(), &().into()));
    let differing: Vec<_> = found["pairs"].as_array().unwrap().iter().map(|pair| pair["differing"].clone()).collect();
    assert_eq!(differing, [2, 1, 3]);
    assert!(found["members"][0]["scores"].is_null() && found["pairs"][0]["error_correlation"].is_null());
    let text = house.ok("compare a.csv b.csv c.csv");
    assert!(text.starts_with("3 submissions of 8 images, 3 (37.5 %) not unanimous; no labels\n"), "{text}");
    // A shuffled file is the same submission.
    let rows = String::from_utf8(house.read("b.csv")).unwrap();
    let (header, rows) = rows.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.reverse();
    house.write("b.csv", format!("{header}\r\n{}\r\n", rows.join("\r\n")).as_bytes());
    assert_eq!(house.json("compare a.csv b.csv c.csv"), found);
}

#[test]
fn labels_tell_who_is_wrong_together() {
    let house = house();
    let found = house.json("compare a.csv b.csv c.csv --labels labels.csv --classes meta.csv");
    let accuracy: Vec<f64> =
        found["members"].as_array().unwrap().iter().map(|one| one["scores"]["accuracy"].as_f64().unwrap()).collect();
    assert_eq!(accuracy, [0.75, 0.75, 0.625]);
    let pair = &found["pairs"][1];
    // a and c: both wrong on 0 and 1, c alone on 3.
    assert_eq!((&pair["a"], &pair["b"]), (&0.into(), &2.into()));
    assert_eq!(pair["agreement"], serde_json::json!({ "both_right": 5, "only_a": 1, "only_b": 0, "neither": 2 }));
    assert!((pair["error_correlation"].as_f64().unwrap() - 10.0 / 180f64.sqrt()).abs() < 1e-12);
    assert_eq!(found["vote"]["all_wrong"], 1);
    let flow = &pair["flow"][0];
    assert_eq!((&flow["from"], &flow["to"], &flow["images"]), (&"form".into(), &"계약서".into(), &1.into()));
    let text = house.ok("compare a.csv b.csv c.csv --labels labels.csv --classes meta.csv");
    assert!(text.contains("1 of 8 labelled images are wrong in all submissions"), "{text}");
}

#[test]
fn the_page_shows_disputed_images_and_says_which_it_cannot_show() {
    let house = house();
    house.ok("compare a.csv b.csv c.csv --labels labels.csv --classes meta.csv --images test --html page.html");
    let page = String::from_utf8(house.read("page.html")).unwrap();
    assert_eq!(page.matches("<figure>").count(), 3);
    assert_eq!(page.matches("data:image/jpeg").count(), 1);
    assert!(page.contains("no file &#39;페이지 2.jpg&#39; in test") && page.contains("test/페이지 3.jpg: "), "{page}");
    assert!(page.contains("&lt;i&gt;receipt") && !page.contains("<i>receipt"));
    assert!(!page.contains("://"), "the page asks for something");
    // The folder alone is enough.
    let line = "compare a.csv b.csv c.csv --labels labels.csv --classes meta.csv --images test";
    let ran = house.run(line);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.ends_with("next: open compare.html\n"), "{}", ran.stderr);
    assert!(house.read("compare.html") == page.as_bytes(), "the pages differ");
    house.ok("compare a.csv b.csv --images test --shown 1");
    assert_eq!(String::from_utf8(house.read("compare.html")).unwrap().matches("<figure>").count(), 1);
    assert_eq!(house.run("compare a.csv b.csv --shown 1").code, Some(2));
    house.ok("compare a.csv b.csv --html bare.html --shown 1");
    assert_eq!(String::from_utf8(house.read("bare.html")).unwrap().matches("<figure>").count(), 1);
}

#[test]
fn what_cannot_be_compared_says_why() {
    let house = house();
    assert_eq!(house.run("compare a.csv").code, Some(2));
    house.write("short.csv", "ID,target\n페이지 0.jpg,0\nother.jpg,1\n".as_bytes());
    let error = house.error("compare a.csv short.csv");
    assert!(error.contains("a.csv has 7 that short.csv has not: 페이지 1.jpg, "), "{error}");
    assert!(error.contains("short.csv has 1 that a.csv has not: other.jpg"), "{error}");
    let names = String::from_utf8(house.read("a.csv")).unwrap();
    let names = names.replace(",0\n", ",form\n").replace(",1\n", ",계약서\n").replace(",2\n", ",<i>receipt</i>\n");
    house.write("names.csv", names.as_bytes());
    let error = house.error("compare a.csv names.csv");
    assert!(
        error.contains("a.csv gives class numbers and names.csv class names") && error.contains("--classes"),
        "{error}"
    );
    let same = house.json("compare a.csv names.csv --classes meta.csv");
    assert_eq!(same["pairs"][0]["differing"], 0);
    house.write("seven.csv", String::from_utf8(house.read("a.csv")).unwrap().replace(",2\n", ",7\n").as_bytes());
    let error = house.error("compare a.csv seven.csv --classes meta.csv");
    assert!(error.contains("no class has the target '7' (classes: meta.csv)"), "{error}");
    let error = house.error("compare a.csv b.csv --images nowhere --html page.html");
    assert!(error.contains("nowhere"), "{error}");
    assert!(!house.path("page.html").exists());
}
