//! Split first, augment after: what a sample is made from decides where it is.

use crate::digest::rich;
use crate::house::House;
use crate::partner::partners;
use augmint::digest::Digest;
use augmint::manifest::Entry;
use augmint::set::SetRole;
use augmint::split::Part;
use std::collections::BTreeMap;

fn parts(house: &House, digest: &str) -> BTreeMap<Digest, Part> {
    house.sources(digest).into_iter().map(|(source, part)| (source.digest, part)).collect()
}

fn assert_labels_are_whole(entries: &[Entry]) {
    for entry in entries {
        assert_eq!(entry.label.iter().map(|(_, weight)| weight).sum::<u32>(), 65536, "{entry:?}");
    }
}

#[test]
fn children_and_partners_stay_in_the_part_of_their_source() {
    let house = rich();
    let digest = house.build("");
    let (parts, entries) = (parts(&house, &digest), house.entries(&digest));
    let held_out = parts.values().filter(|part| **part == Part::Val).count();
    assert_eq!((held_out, parts.len()), (4, 16));
    let mut mixed = 0;
    for entry in &entries {
        let expected = if entry.set.role == SetRole::Train { Part::Train } else { Part::Val };
        assert_eq!(parts[&entry.source], expected, "{entry:?}");
        for partner in partners(entry) {
            assert_eq!(parts[&partner], Part::Train, "{entry:?}");
            mixed += 1;
        }
    }
    assert!(mixed > 5, "{mixed} are mixed");
    assert!(entries.iter().any(|entry| entry.label.len() == 2), "no label is soft");
    assert_labels_are_whole(&entries);
}

#[test]
fn pages_of_one_document_are_never_parted() {
    let house = House::new();
    let mut tables = [String::from("ID,target\n"), String::from("ID,group\n")];
    for number in 0..24 {
        let name = format!("{number:02}.jpg");
        house.write(&format!("images/{name}"), &crate::house::jpeg(&name));
        tables[0] += &format!("{name},{}\n", ["a", "b"][number % 2]);
        tables[1] += &format!("{name},document {}\n", number % 8);
    }
    house.write("labels.csv", tables[0].as_bytes());
    house.write("groups.csv", tables[1].as_bytes());
    let recipe = "name = \"t\"\n[source]\nimages = \"images\"\nlabels = \"labels.csv\"\ngroups = \"groups.csv\"\n[split]\nval = \
                  0.25\n[amount]\ncopies = 2\n[output]\nfit.within = { width = 16, height = 16 }\n";
    house.write("recipe.toml", recipe.as_bytes());
    let digest = house.build("");
    let mut places = BTreeMap::new();
    for (source, part) in house.sources(&digest) {
        assert_eq!(*places.entry(source.group.clone()).or_insert(part), part, "{}", source.group);
    }
    assert_eq!(places.values().filter(|part| **part == Part::Val).count(), 2);
}

#[test]
fn with_folds_samples_and_partners_are_of_their_own_fold() {
    let house = House::with_folders(&[("a", 9), ("b", 12)]);
    house.recipe("[split]\nfolds = 3\n[amount]\ncopies = 4\n[[step]]\nop.mixup = { alpha = 0.4 }\nchance = 0.5\n");
    let digest = house.build("");
    let (parts, entries) = (parts(&house, &digest), house.entries(&digest));
    let mut mixed = 0;
    for entry in &entries {
        let fold = Part::Fold(entry.set.fold.unwrap());
        assert_eq!(parts[&entry.source], fold, "{entry:?}");
        for partner in partners(entry) {
            assert_eq!(parts[&partner], fold, "{entry:?}");
            mixed += 1;
        }
    }
    assert!(mixed > 10, "{mixed} are mixed");
    assert_labels_are_whole(&entries);
    // Training set 1 is every fold but 1.
    let paths = house.ok("path t@v1 --split not-f1");
    assert_eq!(
        paths.lines().map(|path| &path[path.len() - 12..]).collect::<Vec<_>>(),
        ["f0-00000.tar", "f2-00000.tar"]
    );
}

#[test]
fn what_is_planned_is_written() {
    let house = rich();
    let plan = house.json("plan recipe.toml");
    let answer = house.json("build recipe.toml");
    assert_eq!(plan["samples"], answer["samples"]);
    assert_eq!(plan["shards"], answer["shards"]);
    let mut planned: BTreeMap<(u64, String), u64> = BTreeMap::new();
    for class in plan["classes"].as_array().unwrap() {
        for (set, count) in class["samples"].as_object().unwrap() {
            planned.insert((class["class"].as_u64().unwrap(), set.clone()), count.as_u64().unwrap());
        }
    }
    let mut written: BTreeMap<(u64, String), u64> = BTreeMap::new();
    let mut mass: BTreeMap<u32, u64> = BTreeMap::new();
    let entries = house.entries(&crate::house::digest_of(&answer));
    for entry in &entries {
        *written.entry((u64::from(entry.class), entry.set.to_string())).or_default() += 1;
        if entry.set.role == SetRole::Train {
            for (class, weight) in &entry.label {
                *mass.entry(*class).or_default() += u64::from(*weight);
            }
        }
    }
    assert_eq!(planned, written);
    for class in plan["classes"].as_array().unwrap() {
        let number = class["class"].as_u64().unwrap() as u32;
        assert_eq!(class["label_mass"].as_f64().unwrap(), mass[&number] as f64 / 65536.0);
    }
    let bytes: u64 = house.shards().iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
    let [low, high] = ["bytes_low", "bytes_high"].map(|end| plan["estimate"][end].as_f64().unwrap());
    assert!(low <= bytes as f64 && bytes as f64 <= high, "{bytes} bytes are not in {low} to {high}");
}

#[test]
fn equal_classes_differ_by_one_at_most() {
    let house = House::with_folders(&[("a", 3), ("b", 5), ("c", 7)]);
    for (amount, total) in [("total = 100", 100), ("copies = 7", 105), ("per_class = 31", 93)] {
        let balance = if amount.starts_with("per") { "" } else { "balance = \"equal\"\n" };
        house.recipe(&format!("[amount]\n{amount}\n{balance}"));
        let digest = house.build("--no-store");
        let mut counts = BTreeMap::<u32, u32>::new();
        for entry in house.entries(&digest) {
            *counts.entry(entry.class).or_default() += 1;
        }
        let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
        assert!(most - least <= 1, "{amount}: {counts:?}");
        assert_eq!(counts.values().sum::<u32>(), total, "{amount}");
    }
}
