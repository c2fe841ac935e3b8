//! Exports: the same bytes and labels as the version's, laid out for others, whole or absent.

use crate::digest::rich;
use crate::house::{House, files, jpeg};
use augmint::digest::Digest;
use augmint::manifest::Entry;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A version t@v1 with soft labels and all three sets, and its entries by key.
fn built() -> (House, BTreeMap<String, Entry>) {
    let house = rich();
    let digest = house.build("--tag v1");
    let entries = house.entries(&digest).into_iter().map(|entry| (entry.key.to_string(), entry)).collect();
    (house, entries)
}

/// All files below a folder, by path, with the digests of their bytes; checked against `SHA256SUMS`.
fn tree(house: &House, out: &str) -> BTreeMap<String, Digest> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Digest>) {
        for path in files(folder) {
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                walk(&path, &format!("{name}/"), found);
            } else {
                found.insert(name, Digest::of(&std::fs::read(path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&house.path(out), "", &mut found);
    let sums = String::from_utf8(house.read(&format!("{out}/SHA256SUMS"))).unwrap();
    let listed: BTreeMap<String, Digest> = (sums.lines().filter(|line| !line.starts_with('#')))
        .map(|line| line.split_once("  ").map(|(hex, name)| (name.to_owned(), hex.parse().unwrap())).unwrap())
        .collect();
    found.remove("SHA256SUMS").unwrap();
    assert_eq!(found, listed);
    found
}

fn rows(house: &House, path: &str) -> Vec<Vec<String>> {
    let bytes = house.read(path);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Nothing of an export, finished or not.
fn assert_nothing_is_left(house: &House) {
    let left: Vec<_> = files(&house.path(""))
        .into_iter()
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(".tmp-") || name == "out"
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn class_folders_hold_the_bytes_of_the_version_and_a_table_the_soft_labels() {
    let (house, entries) = built();
    let ran = house.run("export t@v1 --out out");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("out: 102 images (90 train, 4 val, 8 noisy_val), "), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("images have soft labels, and --format folders holds one class per image"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.ends_with("next: (cd out && sha256sum --quiet -c SHA256SUMS)\n"), "{}", ran.stderr);
    let found = tree(&house, "out");
    assert_eq!(found.len(), 102 + 2);
    let folders: BTreeMap<String, u32> =
        rows(&house, "out/classes.csv")[1..].iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
    assert_eq!(folders.keys().collect::<Vec<_>>(), ["form", "plate", "receipt"]);
    for (name, digest) in found.iter().filter(|(name, _)| name.contains('/')) {
        let parts: Vec<_> = name.split('/').collect();
        let entry = &entries[parts[2].split('.').next().unwrap()];
        assert_eq!((parts[0], folders[parts[1]]), (entry.set.to_string().as_str(), entry.target()), "{name}");
        assert_eq!(*digest, entry.digest, "{name}");
    }
    let mut mass = BTreeMap::<String, f64>::new();
    for row in &rows(&house, "out/soft_labels.csv")[1..] {
        *mass.entry(row[0].clone()).or_default() += row[2].parse::<f64>().unwrap();
    }
    assert!(mass.len() == 102 && mass.values().all(|sum| *sum == 1.0));
    assert_eq!(
        house.error("export t@v1 --out other --soft-labels refuse").split('\n').next().unwrap(),
        format!(
            "{} of 102 samples have soft labels, and --format folders holds one class per image",
            entries.values().filter(|entry| entry.label.len() > 1).count()
        )
    );
    assert!(!house.path("other").exists());
}

#[test]
fn a_split_has_no_folder_of_its_own_and_a_limit_only_takes_away() {
    let (house, entries) = built();
    house.ok("export t@v1 --split train --limit 3 --out few");
    house.ok("export t@v1 --split train --limit 5 --out more");
    let (few, more) = (tree(&house, "few"), tree(&house, "more"));
    let images =
        |tree: &BTreeMap<String, Digest>| tree.keys().filter(|name| name.contains('/')).cloned().collect::<Vec<_>>();
    assert_eq!((images(&few).len(), images(&more).len()), (9, 15));
    for name in images(&few) {
        assert!(more.contains_key(&name), "{name}");
        let (class, file) = name.split_once('/').unwrap();
        assert!(["form", "plate", "receipt"].contains(&class));
        assert_eq!(entries[file.split('.').next().unwrap()].set.to_string(), "train");
    }
    let message = house.error("export t@v1 --split test --out other");
    assert!(message.ends_with("has no split 'test'; it has noisy_val, train, val"), "{message}");
}

#[test]
fn the_same_export_has_the_same_bytes_and_nothing_is_replaced() {
    let (house, _) = built();
    for format in ["folders", "csv", "parquet", "webdataset"] {
        let first = house.json(&format!("export t@v1 --format {format} --out {format}1"));
        let second = house.json(&format!("export t@v1 --format {format} --out {format}2"));
        assert_eq!(first["checksums"], second["checksums"], "{format}");
        let sums = house.read(&format!("{format}1/SHA256SUMS"));
        assert_eq!(first["checksums"], Value::from(Digest::of(&sums).hex()));
        let title = String::from_utf8(sums).unwrap().lines().next().unwrap().to_owned();
        assert!(title.starts_with(&format!("# augmint export as {format}: t sha256:")), "{title}");
        assert_eq!(first["files"], tree(&house, &format!("{format}1")).len() as u64 + 1);
        let message = house.error(&format!("export t@v1 --format {format} --out {format}1"));
        assert!(message.starts_with(&format!("{format}1 exists, and an export replaces nothing")), "{message}");
    }
    let one = house.json("export t@v1 --format webdataset --seed 1 --out other");
    let same = house.json("export t@v1 --format webdataset --out same");
    assert_ne!(one["checksums"], same["checksums"]);
}

#[test]
fn contest_tables_are_sources_again() {
    let (house, entries) = built();
    house.ok("export t@v1 --format csv --out out");
    for set in ["train", "val", "noisy_val"] {
        let table = rows(&house, &format!("out/{set}.csv"));
        assert_eq!(table[0], ["ID", "target"]);
        let named: BTreeMap<_, _> = table[1..].iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
        let wanted: BTreeMap<_, u32> = (entries.values().filter(|entry| entry.set.to_string() == set))
            .map(|entry| (format!("{}.{}", entry.key, entry.file.extension()), entry.target()))
            .collect();
        assert_eq!(named, wanted);
    }
    assert_eq!(
        rows(&house, "out/meta.csv")[1..],
        [["0", "form"], ["1", "plate"], ["2", "receipt"]].map(|row| row.map(str::to_owned).to_vec())
    );
    // `init` takes the table that fits best, and is told of none that only looks like one.
    house.ok("init out/train.csv --out again.toml");
    let recipe = String::from_utf8(house.read("again.toml")).unwrap();
    assert!(recipe.contains("out/train.csv") && recipe.contains("out/meta.csv"), "{recipe}");
}

#[test]
fn parquet_holds_images_labels_and_what_datasets_wants_to_know() {
    let (house, entries) = built();
    house.ok("export t@v1 --format parquet --out out");
    assert_eq!(
        tree(&house, "out").into_keys().collect::<Vec<_>>(),
        ["noisy_val", "train", "val"].map(|set| format!("data/{set}-00000-of-00001.parquet"))
    );
    let mut seen = 0;
    for path in files(&house.path("out/data")) {
        let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
        let metadata = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let about: Value = serde_json::from_str(metadata[0].value.as_ref().unwrap()).unwrap();
        assert_eq!(metadata[0].key, "huggingface");
        assert_eq!(about["info"]["features"]["label"]["names"], serde_json::json!(["form", "plate", "receipt"]));
        for row in reader.get_row_iter(None).unwrap() {
            let row: BTreeMap<String, Field> = row.unwrap().into_columns().into_iter().collect();
            let Field::Str(key) = &row["key"] else { panic!("{row:?}") };
            let entry = &entries[key];
            let Field::Group(image) = &row["image"] else { panic!("{row:?}") };
            let image: BTreeMap<&String, &Field> = image.get_column_iter().collect();
            let Field::Bytes(bytes) = image[&"bytes".to_owned()] else { panic!("{key}") };
            assert_eq!(Digest::of(bytes.data()), entry.digest);
            assert_eq!(row["label"], Field::Long(entry.target().into()));
            let Field::ListInternal(list) = &row["soft_label"] else { panic!("{row:?}") };
            let mut wanted = [0.0; 3];
            entry.label.iter().for_each(|(class, weight)| wanted[*class as usize] = *weight as f32 / 65536.0);
            assert_eq!(list.elements(), wanted.map(Field::Float));
            seen += 1;
        }
    }
    assert_eq!(seen, 102);
}

#[test]
fn shuffled_shards_hold_every_sample_once_with_its_class_and_json() {
    let (house, entries) = built();
    house.ok("export t@v1 --format webdataset --split train --out out");
    let mut archive = tar::Archive::new(std::fs::File::open(house.path("out/train-00000.tar")).unwrap());
    let mut members = Vec::new();
    for member in archive.entries().unwrap() {
        let mut member = member.unwrap();
        let name = member.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut member, &mut content).unwrap();
        members.push((name, content));
    }
    assert_eq!(members.len(), 3 * 90);
    let mut sources = Vec::new();
    for sample in members.chunks(3) {
        let key = sample[0].0.split('.').next().unwrap();
        let entry = &entries[key];
        assert_eq!([&sample[1].0, &sample[2].0], [&format!("{key}.cls"), &format!("{key}.json")]);
        assert_eq!(Digest::of(&sample[0].1), entry.digest);
        assert_eq!(sample[1].1, entry.target().to_string().as_bytes());
        let about: Value = serde_json::from_slice(&sample[2].1).unwrap();
        assert_eq!((&about["target"], &about["source"]), (&entry.target().into(), &entry.source.hex().into()));
        sources.push(entry.source);
    }
    let neighbours = sources.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(neighbours < 20, "{neighbours} of 89 neighbours are of one source");
    let info: Value = serde_json::from_slice(&house.read("out/_info.json")).unwrap();
    assert_eq!(info["splits"]["train"]["shard_lengths"], serde_json::json!([90]));
}

#[test]
fn what_is_not_stored_is_restored_and_what_is_damaged_is_refused() {
    let (house, _) = built();
    house.ok("evict t@v1");
    let answer = house.json("export t@v1 --out out");
    assert_eq!(answer["samples"], 102);
    let shard = &house.shards()[0];
    let mut bytes = std::fs::read(shard).unwrap();
    bytes[700] ^= 1;
    std::fs::write(shard, &bytes).unwrap();
    for format in ["folders", "parquet", "webdataset"] {
        let message = house.error(&format!("export t@v1 --format {format} --out other"));
        assert!(message.starts_with("sample ") && message.contains("was changed: its digest is sha256:"), "{message}");
        assert!(message.contains("`augmint restore` makes what is damaged again"), "{message}");
    }
    bytes.truncate(2048);
    std::fs::write(shard, &bytes).unwrap();
    let message = house.error("export t@v1 --out other");
    assert!(message.contains("the shard was changed or cut off: it has 2048 bytes instead of "), "{message}");
    assert!(!house.path("other").exists() && !house.path(".tmp-other.part").exists());
    // Neither pixels nor sources: the error says what is missing.
    house.ok("restore t@v1");
    house.ok("evict t@v1");
    std::fs::rename(house.path("images"), house.path("elsewhere")).unwrap();
    let message = house.error("export t@v1 --out other");
    assert!(message.contains("say where they are with --sources DIR"), "{message}");
    house.ok("export t@v1 --sources elsewhere --out other");
}

#[test]
fn ctrl_c_and_kill_leave_no_folder_and_the_next_run_begins_anew() {
    let house = House::with_folders(&[("a", 4), ("b", 4)]);
    house.recipe("[amount]\ncopies = 2000\n");
    house.build("--tag v1");
    for signal in [Signal::INT, Signal::KILL] {
        let child = house.command("export t@v1 --out out").spawn().unwrap();
        while files(&house.path(".tmp-out.part/train/a")).len() < 10 {
            assert!(!house.path("out").exists(), "the export is too short to be stopped");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ran = house.ran(child.wait_with_output().unwrap());
        assert_eq!(ran.stdout, "");
        assert!(!house.path("out").exists());
        if signal == Signal::INT {
            assert_eq!(ran.code, Some(2));
            assert!(ran.stderr.starts_with("stopping: nothing is left; Ctrl-C again ends at once\n"), "{}", ran.stderr);
            assert!(ran.stderr.contains("stopped: out was not made, and nothing of it is left"), "{}", ran.stderr);
            assert_nothing_is_left(&house);
        } else {
            assert!(house.path(".tmp-out.part").exists());
            // What is not of this export must not come into it.
            house.write(".tmp-out.part/train/a/stranger.jpg", b"x");
        }
    }
    house.ok("export t@v1 --out out");
    assert!(!house.path(".tmp-out.part").exists());
    assert_eq!(tree(&house, "out").len(), 16_001);
}

#[test]
fn sources_are_exported_without_a_version() {
    let house = House::with_folders(&[("a/b".replace('/', "_").as_str(), 3), ("여권 사본", 2)]);
    house.write("images/a_b/x/1.JPG", &jpeg("deeper"));
    house.write("images/a_b/again.jpg", &jpeg("여권"));
    let answer = house.json("export --sources images --out out");
    assert_eq!((&answer["samples"], &answer["soft"]), (&7.into(), &0.into()));
    let found = tree(&house, "out");
    assert_eq!(found["a_b/a_b_x_1.jpg"], Digest::of(&jpeg("deeper")));
    assert!(found.contains_key("여권 사본/여권 사본_00.jpg"), "{found:?}");
    for format in ["csv", "parquet", "webdataset"] {
        let answer = house.json(&format!("export --sources images --format {format} --out {format}"));
        assert_eq!(answer["parts"], serde_json::json!({ "train": 7 }));
    }
    // As a recipe's [source] reads them, and as a contest has them.
    house.recipe("[amount]\ncopies = 2\n");
    house.ok("export --sources recipe.toml --out by_recipe");
    assert_eq!(tree(&house, "by_recipe"), found);
    house.json("export --sources csv --out by_tables");
    assert_eq!(tree(&house, "by_tables").len(), 8);
    let message = house.error("export --sources images --out images/out");
    assert!(message.starts_with("images/out lies in images, and would be read"), "{message}");
    house.write("images/a_b/x_1.png", &jpeg("deeper too"));
    let message = house.error("export --sources images --out collision");
    assert!(message.starts_with("'a_b/x/1.JPG' and 'a_b/x_1.png' would both become a_b_x_1.png"), "{message}");
}

#[test]
fn long_names_that_begin_alike_stay_apart() {
    let house = House::new();
    let folder = "가나다라마바사아자".repeat(3);
    for class in ["계약서", "form"] {
        for number in 1..=2 {
            house.write(&format!("images/{class}/{folder}/IMG_{number}.jpg"), &jpeg(&format!("{class} {number}")));
        }
    }
    for format in ["folders", "csv", "parquet", "webdataset"] {
        let answer = house.json(&format!("export --sources images --format {format} --out {format}"));
        assert_eq!(answer["samples"], 4, "{format}");
    }
    let found = tree(&house, "folders");
    let names: Vec<&String> = found.keys().filter(|name| name.ends_with(".jpg")).collect();
    assert_eq!(names.len(), 4, "{found:?}");
    assert!(names.iter().all(|name| name.rsplit('/').next().unwrap().len() <= 84), "{names:?}");
}

#[test]
fn predictions_become_folders_of_links() {
    let house = House::new();
    for name in ["1.jpg", "2.jpg", "more/3.jpg", "4.jpg"] {
        house.write(&format!("test/{name}"), &jpeg(name));
    }
    house.write("sub.csv", "\u{feff}ID,target\r\n1.jpg,10\r\n2.jpg,2\r\nmore/3.jpg,2\r\n".as_bytes());
    house.write("meta.csv", b"target,class_name\n2,invoice\n10,id: card\n");
    house.ok("export --predictions sub.csv --images test --classes meta.csv --out out");
    let found = tree(&house, "out");
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["classes.csv", "id_ card/1.jpg", "invoice/2.jpg", "invoice/more_3.jpg"]);
    let inode = |path: &str| house.path(path).metadata().unwrap().ino();
    assert_eq!(inode("out/invoice/2.jpg"), inode("test/2.jpg"));
    house.ok("export --predictions sub.csv --images test --copy --out copies");
    assert_ne!(inode("copies/2/2.jpg"), inode("test/2.jpg"));
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    assert_eq!(rows(&house, "copies/classes.csv")[1..], [row(["2", "2", "2"]), row(["10", "10", "10"])]);
    // Everything that is wrong in one error.
    house.write("bad.csv", b"ID,target\n1.jpg,2\n1.jpg,10\n2.jpg\n");
    assert_eq!(
        house.error("export --predictions bad.csv --images test --out bad"),
        "2 problems in the predictions:\n  bad.csv:3: the ID '1.jpg' stands already in line 2\n  bad.csv:4: 1 fields, \
         but the header has 2; quote a field that holds a comma"
    );
    house.write("bad.csv", b"ID,target\n1.jpg,2\n5.jpg,10\n6.jpg,2\n");
    let message = house.error("export --predictions bad.csv --images test --out bad");
    assert!(message.starts_with("2 bad sources in test:\n  5.jpg: missing: labels line 3 names it"), "{message}");
    let message = house.error("export --predictions sub.csv --images test --format csv --out bad");
    assert!(message.starts_with("--predictions makes class folders, not csv"), "{message}");
    house.write("empty.csv", b"ID,target\n");
    let message = house.error("export --predictions empty.csv --images test --out bad");
    assert_eq!(message, "there is nothing to export: predictions of empty.csv holds no image");
    assert!(!house.path("bad").exists());
}
