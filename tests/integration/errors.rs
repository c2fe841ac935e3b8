//! `augmint errors`: what a model cannot do, from predictions whose mistakes were planted.

use crate::house::House;
use augmint::digest::Digest;
use augmint::manifest::{Entry, ParamValue};
use augmint::seed::Role;
use augmint::set::SetRole;
use serde_json::Value;

const CLASSES: [&str; 3] = ["form", "계약서 <b>", "receipt"];

/// Three classes of 16 sources, half of them held out, each in `copies` noisy copies.
fn house(copies: u32) -> House {
    let house = House::with_folders(&CLASSES.map(|class| (class, 16)));
    house.write(
        "noisy.toml",
        b"name = \"noisy\"\nseed = 5\n[[step]]\nop.rotate = { degrees = [-180, 180] }\nchance = 0.8\n[[step]]\n\
          op.gaussian_noise = { sigma = [2, 40] }\nchance = 0.5\n[[step]]\nop.flip = { axis = \"any\" }\nchance = 0.5\n\
          [output]\nfit.within = { width = 16, height = 16 }\nencode.jpeg = { quality = 80 }\n",
    );
    house.recipe(&format!(
        "[split]\nval = 0.5\nnoisy_val = {{ recipe = \"noisy.toml\", copies = {copies} }}\n[amount]\ncopies = 2\n"
    ));
    house
}

/// 0 to 1, from a sample's key and a purpose.
fn dice(entry: &Entry, purpose: &str) -> f64 {
    Digest::of(format!("{purpose} {}", entry.key).as_bytes()).prefix64() as f64 / u64::MAX as f64
}

fn degrees(entry: &Entry) -> Option<f64> {
    let step = entry.steps.iter().find(|step| &*step.id == "rotate")?;
    step.params.iter().find_map(|(name, value)| match value {
        ParamValue::Number(number) if &**name == "degrees" => Some(number.to_f64()),
        _ => None,
    })
}

/// A table of what a model says that is wrong with a chance of its own for each sample.
fn predictions(entries: &[Entry], chance: impl Fn(&Entry) -> f64) -> String {
    let row = |entry: &Entry| {
        let said = (entry.target() + u32::from(dice(entry, "wrong") < chance(entry))) % 3;
        format!("{}.jpg,{said}\n", entry.key)
    };
    entries.iter().map(row).fold("ID,target\n".to_owned(), |all, row| all + &row)
}

/// Wrong ever more often, the further a page is turned.
fn turned(entry: &Entry) -> f64 {
    0.02 + 0.7 * degrees(entry).map_or(0.0, |degrees| (degrees.abs() - 60.0).max(0.0) / 120.0)
}

fn noisy(house: &House, digest: &str) -> Vec<Entry> {
    let mut entries = house.entries(digest);
    entries.retain(|entry| entry.role == Role::NoisyVal);
    entries
}

#[test]
fn the_planted_weakness_is_found_and_nothing_else() {
    let house = house(30);
    let entries = noisy(&house, &house.build("--tag v1"));
    assert_eq!(entries.len(), 24 * 30);
    house.write("turned.csv", predictions(&entries, turned).as_bytes());
    let found = house.json("errors t@v1 turned.csv");
    let findings: Vec<&str> =
        found["findings"].as_array().unwrap().iter().map(|one| one["condition"].as_str().unwrap()).collect();
    let threshold: f64 =
        findings[0].strip_prefix("|rotate.degrees| > ").unwrap().strip_suffix('°').unwrap().parse().unwrap();
    assert!((60.0..140.0).contains(&threshold), "{findings:?}");
    assert!(findings.iter().all(|one| one.contains("rotate")), "{findings:?}");
    assert!(found["findings"][0]["chance"].as_f64().unwrap() < 0.05);
    assert_eq!(found["overall"]["samples"], 720);
    // The scores are those of the table.
    let wrong = |entry: &&Entry| dice(entry, "wrong") < turned(entry);
    assert_eq!(found["overall"]["wrong"], entries.iter().filter(wrong).count());
    let on: Vec<&Entry> = entries.iter().filter(|entry| degrees(entry).is_some()).collect();
    let step = found["steps"].as_array().unwrap().iter().find(|step| step["step"] == "rotate").unwrap();
    assert_eq!(step["on"]["samples"], on.len());
    let accuracy = 1.0 - on.iter().filter(|entry| wrong(entry)).count() as f64 / on.len() as f64;
    assert!((step["on"]["accuracy"].as_f64().unwrap() - accuracy).abs() < 1e-12);
    let bands = |magnitude: bool| {
        let all = found["parameters"].as_array().unwrap();
        let is = |one: &&Value| one["parameter"] == "degrees" && one["magnitude"] == magnitude;
        all.iter().find(is).unwrap()["bands"].as_array().unwrap().clone()
    };
    assert_eq!(bands(true).len(), 10);
    assert_eq!(bands(true).iter().map(|band| band["samples"].as_u64().unwrap()).sum::<u64>(), on.len() as u64);
    let text = house.ok("errors t@v1 turned.csv");
    assert!(text.contains("covered      noisy_val 720 of 720\n") && text.contains(findings[0]), "{text}");

    // The same share of mistakes, spread over all samples: nothing to find.
    house.write("even.csv", predictions(&entries, |_| 0.2).as_bytes());
    assert_eq!(house.json("errors t@v1 even.csv")["findings"], Value::Array(Vec::new()));
    assert!(house.ok("errors t@v1 even.csv").contains("comparisons is more than chance: nothing stands out"));
}

#[test]
fn a_page_that_is_wrong_in_all_its_copies_is_no_law() {
    let house = house(30);
    let entries = noisy(&house, &house.build("--tag v1"));
    // Hard sources, whatever is done to them: 30 mistakes each, and no step that makes them.
    let hard = |entry: &Entry| if entry.source.prefix64().is_multiple_of(4) { 1.0 } else { 0.0 };
    house.write("hard.csv", predictions(&entries, hard).as_bytes());
    let found = house.json("errors t@v1 hard.csv");
    assert_eq!(found["findings"], Value::Array(Vec::new()));
    let interval = &found["overall"]["accuracy_interval"];
    let width = interval["high"].as_f64().unwrap() - interval["low"].as_f64().unwrap();
    assert!(width > 0.2, "24 documents, not 720 samples: {interval}");
}

#[test]
fn a_version_without_manifest_and_a_recipe_give_the_same() {
    let house = house(6);
    let entries = noisy(&house, &house.build("--tag v1"));
    house.write("turned.csv", predictions(&entries, turned).as_bytes());
    let stored = house.json("errors t@v1 turned.csv");
    let mut planned = house.json("errors recipe.toml turned.csv");
    assert_eq!((&planned["of"], &planned["digest"]), (&"recipe.toml".into(), &Value::Null));
    std::fs::remove_dir_all(house.path("datasets/.store")).unwrap();
    std::fs::remove_dir_all(house.path("images")).unwrap();
    let drawn = house.json("errors t@v1 turned.csv");
    assert_eq!(stored, drawn);
    planned["of"] = stored["of"].clone();
    planned["digest"] = stored["digest"].clone();
    assert_eq!(stored, planned);
}

#[test]
fn probabilities_rank_the_worst_and_the_page_shows_how_they_came_about() {
    let house = house(3);
    let entries = noisy(&house, &house.build("--tag v1"));
    let mut table = format!("key,{}\n", CLASSES.join(","));
    for entry in &entries {
        // The version numbers its classes by name: form, receipt, 계약서 <b>.
        let said = (entry.target() + u32::from(dice(entry, "wrong") < turned(entry))) % 3;
        let sure = 0.4 + 0.5 * dice(entry, "sure");
        let share = |number: u32| if number == said { sure } else { (1.0 - sure) / 2.0 };
        table += &format!("{},{:.4},{:.4},{:.4}\n", entry.key, share(0), share(2), share(1));
    }
    house.write("p.csv", table.as_bytes());
    let found = house.json("errors t@v1 p.csv --worst 5 --html page.html");
    let worst = found["worst"].as_array().unwrap();
    let sure: Vec<f64> = worst.iter().map(|one| one["confidence"].as_f64().unwrap()).collect();
    assert!(sure.len() == 5 && sure.is_sorted_by(|a, b| a >= b), "{sure:?}");
    assert!(worst.iter().all(|one| one["truth"] != one["said"]));
    let page = String::from_utf8(house.read("page.html")).unwrap();
    assert_eq!(page.matches("<figure class=\"worst\">").count(), 5);
    let images: usize = worst.iter().map(|one| 2 + one["steps"].as_array().unwrap().len()).sum();
    assert_eq!(page.matches("data:image/jpeg").count(), images);
    assert!(page.contains("계약서 &lt;b&gt;") && !page.contains("계약서 <b>"));
    assert!(!page.contains("://") && !page.contains("src=\"/"), "the page asks for something");
    // Without sources what is stored is shown, and why there is no more.
    std::fs::remove_dir_all(house.path("images")).unwrap();
    house.ok("errors t@v1 p.csv --worst 5 --html page.html");
    let page = String::from_utf8(house.read("page.html")).unwrap();
    assert_eq!(page.matches("data:image/jpeg").count(), 5);
    assert_eq!(page.matches("only what is stored can be shown: the sources of t").count(), 5);
    std::fs::remove_dir_all(house.path("datasets/.store")).unwrap();
    house.ok("errors t@v1 p.csv --worst 5 --html page.html");
    let page = String::from_utf8(house.read("page.html")).unwrap();
    assert_eq!((page.matches("data:image/jpeg").count(), page.matches("is not stored").count()), (0, 5));
}

#[test]
fn source_images_stand_for_clean_validation() {
    let house = house(2);
    let digest = house.build("--tag v1");
    let held: Vec<_> = house.sources(&digest).into_iter().filter(|(_, part)| part.to_string() == "val").collect();
    let names = ["form", "receipt", "계약서 <b>"];
    let mut table = "\u{feff}target,ID\r\n".to_owned();
    for (number, (source, _)) in held.iter().enumerate() {
        let id = match number % 2 {
            0 => source.paths[0].clone(),
            _ => format!("/data/pages/{}", source.paths[0]),
        };
        table += &format!("{},\"{id}\"\r\n", names[source.class as usize]);
    }
    house.write("val.csv", table.as_bytes());
    let ran = house.run("errors t@v1 val.csv --json");
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&found["sets"][0]["set"], found["sets"].as_array().unwrap().len()), (&"val".into(), 1));
    assert_eq!((&found["overall"]["samples"], &found["overall"]["macro_f1"]), (&24.into(), &1.0.into()));
    assert_eq!((&found["comparisons"], &found["worst"]), (&0.into(), &Value::Array(Vec::new())));
    assert!(!ran.stderr.contains("have no prediction"), "{}", ran.stderr);
    // A part of them is counted; a split that they are not of is an error.
    let part: String = table.split_inclusive("\r\n").take(5).collect();
    house.write("part.csv", part.as_bytes());
    assert!(house.run("errors t@v1 part.csv").stderr.contains("20 of 24 samples of val have no prediction"));
    let error = house.error("errors t@v1 val.csv --split noisy_val");
    assert!(error.starts_with("no prediction is of a sample of 'noisy_val'; they cover val"), "{error}");
    assert!(
        house.error("errors t@v1 val.csv --split test").contains("has no split 'test'; it has train, val, noisy_val")
    );
    // Several sources are 00.jpg.
    house.write("names.csv", b"ID,target\n00.jpg,0\n");
    let error = house.error("errors t@v1 names.csv");
    assert!(
        error.contains("names.csv:2: several sources are named '00.jpg'") && error.contains("form/00.jpg"),
        "{error}"
    );
    // A training source is told by its original, and that is said.
    house.write("form.csv", b"ID,target\nform/00.jpg,0\nform/01.jpg,0\nform/02.jpg,0\nform/03.jpg,1\nform/04.jpg,0\nform/05.jpg,0\nform/06.jpg,0\nform/07.jpg,0\nform/08.jpg,0\nform/09.jpg,0\nform/10.jpg,0\n");
    let ran = house.run("errors t@v1 form.csv");
    assert!(ran.stderr.contains("training samples are among them"), "{ran:#?}");
}

#[test]
fn held_out_folds_are_one_validation() {
    let house = house(2);
    house.recipe("[split]\nfolds = 4\n[amount]\ncopies = 2\n");
    let digest = house.build("--tag folds");
    let entries: Vec<Entry> =
        house.entries(&digest).into_iter().filter(|entry| entry.set.role == SetRole::Val).collect();
    house.write("oof.csv", predictions(&entries, |_| 0.3).as_bytes());
    let found = house.json("errors t@folds oof.csv --split val");
    let sets: Vec<&str> = found["sets"].as_array().unwrap().iter().map(|set| set["set"].as_str().unwrap()).collect();
    assert_eq!(sets, ["f0-val", "f1-val", "f2-val", "f3-val"]);
    assert_eq!(found["overall"]["samples"], 48);
    let one = house.json("errors t@folds oof.csv --split f2-val");
    assert_eq!((&one["overall"]["samples"], &one["passed_over"]), (&12.into(), &36.into()));
}

#[test]
fn a_mixed_sample_is_what_it_is_mostly_or_what_its_source_is() {
    let house = house(2);
    house.recipe("[amount]\ncopies = 12\n[[step]]\nop.mixup = { alpha = 2 }\n");
    let entries = house.entries(&house.build("--tag mixed"));
    let other = entries.iter().filter(|entry| entry.class != entry.target()).count();
    assert!(other > 10, "{other}");
    let table = |class: fn(&Entry) -> u32| {
        entries.iter().fold("ID,target\n".to_owned(), |all, entry| all + &format!("{},{}\n", entry.key, class(entry)))
    };
    house.write("heaviest.csv", table(Entry::target).as_bytes());
    let wrong =
        |truth: &str| house.json(&format!("errors t@mixed heaviest.csv --truth {truth}"))["overall"]["wrong"].clone();
    assert_eq!((wrong("dominant"), wrong("primary")), (0.into(), other.into()));
    // The weight is a share of the label, and a partner is told by its class.
    let found = house.json("errors t@mixed heaviest.csv --truth primary");
    let weight = found["parameters"].as_array().unwrap().iter().find(|one| one["parameter"] == "weight").unwrap();
    assert!(weight["bands"][0]["low"].as_f64().unwrap() < 0.5);
    assert!(weight["bands"].as_array().unwrap().last().unwrap()["high"].as_f64().unwrap() <= 1.0);
    let partner = found["words"].as_array().unwrap().iter().find(|one| one["parameter"] == "partner").unwrap();
    let words: Vec<&str> =
        partner["words"].as_array().unwrap().iter().map(|word| word["word"].as_str().unwrap()).collect();
    assert_eq!(words, ["form", "receipt", "계약서 <b>"]);
}

#[test]
fn what_does_not_belong_together_is_one_error_that_says_what_to_do() {
    let house = house(2);
    let entries = noisy(&house, &house.build("--tag v1"));
    let key = entries[0].key;
    let error = |table: &str| {
        house.write("p.csv", table.as_bytes());
        house.error("errors t@v1 p.csv")
    };
    assert!(house.error("errors t@v1 nothing.csv").contains("nothing.csv: cannot be read"));
    assert!(error("").contains("p.csv: is empty; expected a header line"));
    assert!(error("ID,target\n").contains("p.csv: has no row"));
    let all = error("ID,target\na.jpg,0\nb.jpg,1\n");
    assert!(all.contains("p.csv: none of its 2 IDs is a sample of t@v1 (the first: 'a.jpg')"), "{all}");
    assert!(all.contains("augmint compare"), "{all}");
    let other = format!("ID,target\n{key},0\n{},1\nform/99.jpg,0\n", "0".repeat(32));
    let one = error(&other);
    assert!(one.contains("p.csv:4: the ID 'form/99.jpg' is no sample of t@v1"), "{one}");
    let unknown = error(&format!("ID,target\n{key},0\n{},1\n", "0".repeat(32)));
    assert!(unknown.contains("p.csv:3: the ID '00000000000000000000000000000000' is no sample of t@v1"), "{unknown}");
    let twice = error(&format!("ID,target\n{key},0\n{key}.jpg,0\n"));
    assert!(
        twice.contains(&format!("p.csv:3: '{key}.jpg' is the same sample as line 2: keep one of the two")),
        "{twice}"
    );
    let class = error(&format!("ID,target\n{key},form\n{},from\n", entries[1].key));
    assert!(class.contains("p.csv:3: no class has the target 'from' (classes: t@v1); did you mean 'form'?"), "{class}");
    let column = error(&format!("ID,form,reciept\n{key},0.5,0.5\n"));
    assert!(column.contains("the column 'reciept' is no class of t@v1; did you mean 'receipt'?"), "{column}");
    assert!(house.error("errors t@v2 p.csv").contains("t has no tag 'v2'"));
}
