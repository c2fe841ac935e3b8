//! Expected values are cleanlab's: `tests/answers/make.py`.

use super::*;
use crate::answers::Reading;
use crate::balance::copies;
use crate::digest::Digest;
use crate::pixels::Size;
use crate::plan::Plan;
use crate::prepare::Prepared;
use crate::recipe::Recipe;
use crate::source::{Source, identity};
use crate::split::Part;
use crate::store::Datasets;
use serde_json::Value;
use std::path::Path;

fn list<T: for<'a> serde::Deserialize<'a>>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn table(&self, name: &str, text: &str) -> Table {
        std::fs::write(self.0.path().join(name), text).unwrap();
        Table::read(&self.0.path().join(name), Reading::default()).unwrap()
    }
}

#[test]
fn suspects_are_those_of_cleanlab() {
    let expected: Value = serde_json::from_str(include_str!("../../../tests/answers/expected.json")).unwrap();
    let labels: Vec<usize> = list(&expected["labels"]);
    let given: Vec<Vec<f64>> = list(&expected["given"]);
    let folder = Folder::new();
    let line = |(at, row): (usize, &Vec<f64>)| {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        format!("{at:03}.jpg,{}\n", cells.join(","))
    };
    let rows: String = given.iter().enumerate().map(line).collect();
    let predictions = folder.table("oof.csv", &format!("ID,0,1,2,3,4\n{rows}"));
    let rows: String = labels.iter().enumerate().map(|(at, class)| format!("{at:03}.jpg,{class}\n")).collect();
    let labels = folder.table("train.csv", &format!("ID,target\n{rows}"));
    let naming = Naming::between([&predictions, &labels]).unwrap();
    let found = suspects(&predictions, Labels::Table(&labels, &naming, false)).unwrap();
    let ranked: Vec<usize> = found.suspects.iter().map(|one| one.paths[0][..3].parse().unwrap()).collect();
    assert_eq!(ranked, list::<Vec<usize>>(&expected["issues"]));
    let flipped: Vec<usize> = list(&expected["flipped"]);
    let (caught, top) = (|ids: &[usize]| ids.iter().filter(|id| flipped.contains(id)).count(), &ranked[..15]);
    // Half of the list is wrong labels, and more of its beginning.
    assert!(caught(&ranked) >= 18 && caught(top) >= 10, "{} of {}, {}", caught(&ranked), ranked.len(), caught(top));
    let joint: Vec<Vec<u64>> = list(&expected["joint"]);
    assert_eq!(found.classes.iter().map(|class| class.suspects).sum::<u64>(), ranked.len() as u64);
    for (class, row) in found.classes.iter().zip(&joint) {
        let share = 1.0 - row[class.number as usize] as f64 / row.iter().sum::<u64>() as f64;
        assert!((class.estimated_wrong - share * class.images as f64).abs() < 1e-9, "{}", class.class);
    }
    assert!(
        (found.estimated_wrong - found.classes.iter().map(|class| class.estimated_wrong).sum::<f64>()).abs() < 1e-9
    );
}

#[test]
fn a_label_that_is_given_most_is_no_suspect() {
    let case = |label: usize, given: [f64; 2]| Case { paths: vec![], label, given: given.to_vec() };
    // The last is not sure of its label, and sure of the other by that class's low threshold.
    let cases = [case(0, [0.9, 0.1]), case(0, [0.9, 0.1]), case(1, [0.6, 0.4]), case(0, [0.55, 0.45])];
    let found = Confident::of(&cases, 2);
    assert_eq!((found.joint, found.apart), (vec![vec![2, 1], vec![0, 1]], vec![]));
}

#[test]
fn the_joint_counts_as_the_paper_says() {
    let case = |label: usize, given: [f64; 3]| Case { paths: vec![], label, given: given.to_vec() };
    let cases = [
        case(0, [0.8, 0.2, 0.0]),
        case(0, [0.4, 0.6, 0.0]),
        case(1, [0.3, 0.7, 0.0]),
        case(1, [0.7, 0.3, 0.0]),
        // Neither 0.6 nor 0.467 is reached.
        case(1, [0.3, 0.4, 0.3]),
    ];
    let found = Confident::of(&cases, 3);
    let thresholds = found.thresholds.iter().flatten().copied().collect::<Vec<f64>>();
    assert!(thresholds.iter().zip([0.6, 1.4 / 3.0]).all(|(a, b)| (a - b).abs() < 1e-12) && thresholds.len() == 2);
    assert_eq!(found.joint, [vec![1, 1, 0], vec![1, 1, 0], vec![0, 0, 0]]);
    assert_eq!(found.apart, [(1, 1), (3, 0)]);
    assert_eq!(found.estimated_wrong(&cases), [1.0, 1.5, 0.0]);
    assert!((margin(&cases[1].given, 0) + 0.2).abs() < 1e-12 && (margin(&cases[0].given, 0) - 0.6).abs() < 1e-12);
}

const META: &str = "target,class_name\n0,계약서\n1,form\n2,\"receipt, paid\"\n";

fn small(folder: &Folder, meta: &str) -> (Table, Table, Naming) {
    let predictions = folder.table(
        "oof.csv",
        "ID,0,1,2\nd/c.jpg,0.05,0.9,0.05\na.jpg,0.9,0.05,0.05\nb.jpg,0,0.98,0.02\n\"e,1.jpg\",0.9,0.1,0\nf.jpg,0,0,1\n\
         g.jpg,0,0,1\n",
    );
    let labels = folder.table("train.csv", "ID,target\na.jpg,0\nb.jpg,1\nd/c.jpg,0\n\"e,1.jpg\",1\nf.jpg,2\nx.jpg,0\n");
    let path = folder.0.path().join("meta.csv");
    std::fs::write(&path, meta).unwrap();
    let naming = Naming::of_table(&path).unwrap();
    (predictions, labels, naming)
}

#[test]
fn lines_are_ready_for_fixes_and_ranked() {
    let folder = Folder::new();
    let (predictions, labels, naming) = small(&folder, META);
    let found = suspects(&predictions, Labels::Table(&labels, &naming, true)).unwrap();
    assert_eq!((found.images, found.unlabelled, found.suspects.len()), (5, 1, 2));
    assert_eq!(
        String::from_utf8(found.fixes(9, "kim")).unwrap(),
        "ID,target,by,why\nd/c.jpg,form,kim,\"out of fold form 0.90, labelled 계약서 0.05\"\n\"e,1.jpg\",계약서,kim,\"out of \
         fold 계약서 0.90, labelled form 0.10\"\n"
    );
    assert_eq!(String::from_utf8(found.fixes(1, "kim")).unwrap().lines().count(), 2);
    let text = text(&found);
    assert!(
        text.starts_with("2 of 5 labels of ") && text.contains("predictions of images without a label: 1"),
        "{text}"
    );
    let page = page(&found, Some(folder.0.path()), 10).unwrap();
    assert!(
        page.contains("labelled <b>계약서</b> 0.05, looks like <b>form</b> 0.90") && page.contains("cannot read"),
        "{page}"
    );
}

#[test]
fn a_name_that_means_another_class_is_given_by_number() {
    let folder = Folder::new();
    // Class 1 is called '0', and class 0 'drop'.
    let (predictions, labels, naming) = small(&folder, "target,class_name\n0,drop\n1,0\n2,x\n");
    let targets = |numbers_first| {
        let found = suspects(&predictions, Labels::Table(&labels, &naming, numbers_first)).unwrap();
        found.suspects.into_iter().map(|one| one.target).collect::<Vec<_>>()
    };
    assert_eq!(targets(true), ["1", "0"]);
    assert_eq!(targets(false), ["0", "0"]);
}

#[test]
fn what_cannot_be_suspected_is_said() {
    let folder = Folder::new();
    let (_, labels, naming) = small(&folder, META);
    let strip = |error: SuspectsError| error.to_string().replace(&format!("{}/", folder.0.path().display()), "");
    let alone = folder.table("alone.csv", "ID,target\na.jpg,0\n");
    let of = |table: &Table| strip(suspects(table, Labels::Table(&labels, &naming, true)).unwrap_err());
    assert_eq!(of(&alone), "alone.csv has classes alone; how sure the model was decides what is suspected");
    let other = folder.table("other.csv", "ID,0,1\nq.jpg,0.5,0.5\n");
    assert_eq!(of(&other), "none of the IDs in other.csv has a label in train.csv (the first: 'q.jpg')");
}

/// A recipe of three classes in folders, not built; `b/3.jpg` and `c/3.jpg` are the same bytes.
fn opened() -> Opened {
    let text = r#"
name = "t"
seed = 3
[source]
folders = "images"
[amount]
copies = 6
[[step]]
op.mixup = { alpha = 0.4, partner = { classes = "any", steps = "above" }, label = "soft" }
chance = 0.5
[output]
fit.within = { width = 24, height = 24 }
"#;
    let recipe = Recipe::parse(text, Path::new("recipe.toml")).unwrap();
    let source = |(class, paths): (u32, &[&str])| {
        let digest = Digest::of(paths[0].as_bytes());
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Source { digest, group: paths[0].clone(), paths, class, page: digest, size: Size::new(30, 20) }
    };
    let all: [(u32, &[&str]); 6] = [
        (0, &["a/1.jpg"]),
        (0, &["a/2.jpg"]),
        (1, &["b/1.jpg"]),
        (1, &["b/3.jpg", "c/3.jpg"]),
        (2, &["c/1.jpg"]),
        (2, &["c/x.jpg"]),
    ];
    let mut sources: Vec<Source> = all.into_iter().map(source).collect();
    sources.sort_by_key(|source| source.digest);
    let parts = vec![Part::Train; sources.len()];
    let classes = Classes(vec![(0, "계약서".into()), (1, "form".into()), (2, "plate".into())]);
    let counts = copies(&sources, &parts, &classes, recipe.amount.as_ref().unwrap()).unwrap();
    let identity = identity(&sources, &parts);
    let plan = Plan::new(recipe, classes, sources, parts, counts).unwrap();
    let (files, list) = (Vec::new(), String::new());
    let prepared =
        Prepared { name: "t".parse().unwrap(), plan: plan.into(), files, list, sources: identity, noticed: None };
    Opened::of_recipe(&Datasets::new("nowhere", None), "recipe.toml".into(), prepared)
}

#[test]
fn sources_are_named_by_path_or_by_the_key_of_a_sample() {
    let (folder, opened) = (Folder::new(), opened());
    let twice = opened.plan().sources().iter().find(|one| one.paths.len() == 2).unwrap().digest;
    let entries = opened.entries().unwrap();
    let name = |entry: &crate::manifest::Entry| format!("shards/{}.jpg", entry.key);
    let plain = entries.iter().filter(|one| one.source == twice && one.label.len() == 1);
    let plain: Vec<String> = plain.map(name).collect();
    let mixed = entries.iter().find(|one| one.label.len() == 2).map(name).unwrap();
    let rows = [
        ("a/1.jpg", "0.8,0.1,0.1"),
        ("train/a/2.jpg", "0.9,0.1,0"),
        ("./b/1.jpg", "0.1,0.8,0.1"),
        // Their mean: 0.1, 0, 0.9.
        (&plain[0], "0.2,0,0.8"),
        (&plain[1], "0,0,1"),
        ("c/1.jpg", "0,0.4,0.6"),
        (&mixed, "1,0,0"),
        // A name that only one source has.
        ("x.jpg", "0.1,0.1,0.8"),
    ];
    let rows: String = rows.iter().map(|(id, cells)| format!("{id},{cells}\n")).collect();
    let table = |name: &str, rows: &str| folder.table(name, &format!("ID,계약서,form,plate\n{rows}"));
    let found = suspects(&table("oof.csv", &rows), Labels::Opened(&opened)).unwrap();
    assert_eq!((found.images, found.mixed, found.labels.as_str()), (6, 1, "recipe.toml"));
    assert_eq!(found.suspects.len(), 1);
    let one = &found.suspects[0];
    assert_eq!(
        (one.paths.as_slice(), one.suggested.as_str()),
        (&["b/3.jpg".to_owned(), "c/3.jpg".into()][..], "plate")
    );
    assert!((one.margin + 0.9).abs() < 1e-12 && (one.suggested_probability - 0.9).abs() < 1e-12);
    // Files of equal bytes need a line each.
    assert_eq!(String::from_utf8(found.fixes(9, "kim")).unwrap().lines().count(), 3);
    let of = |rows: &str| suspects(&table("wrong.csv", rows), Labels::Opened(&opened)).unwrap_err().to_string();
    let unknown = of("1.jpg,1,0,0\nq/1.jpg,1,0,0\n00000000000000000000000000000000,1,0,0\n");
    assert!(
        unknown.starts_with("3 IDs in ")
            && unknown.ends_with(
                "name no source or sample of recipe.toml, or several: 1.jpg, q/1.jpg, 00000000000000000000000000000000"
            ),
        "{unknown}"
    );
}
