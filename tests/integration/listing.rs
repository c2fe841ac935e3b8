//! `augmint show REF --samples`: what the manifest says, by name, and nothing that it does not say.

use crate::digest::rich;
use crate::house::{House, jpeg};
use augmint::manifest::{Entry, ParamValue};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Stdio;

/// The samples that a command lists.
fn rows(house: &House, line: &str) -> Vec<Value> {
    house.ok(line).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn keys(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
}

/// The keys of the manifest's entries that are as asked for, in its order.
fn having(entries: &[Entry], is: impl Fn(&Entry) -> bool) -> Vec<String> {
    entries.iter().filter(|entry| is(entry)).map(|entry| entry.key.to_string()).collect()
}

fn on(entry: &Entry, step: &str) -> bool {
    entry.steps.iter().any(|drawn| &*drawn.id == step)
}

/// Class folders with Korean names, blanks and quotes, in three folds, with a group of steps and two of one op.
fn korean() -> House {
    let house = House::with_folders(&[("여권 사본", 4), ("계약서 \"갑\"", 4), ("form", 4)]);
    house.write("images/form/같은 것.jpg", &jpeg("form 1"));
    house.recipe(
        "[split]\nfolds = 2\n[amount]\ncopies = 6\n\
         [[step]]\nop.rotate = { degrees = [-180, 180] }\nchance = 0.5\n\
         [[step]]\nop.rotate = { degrees = [-3, 3] }\nchance = 0.5\n\
         [[step]]\nuse = \"paper\"\nchance = 0.5\n\
         [[group.paper.step]]\nop.gaussian_noise = { sigma = 4 }\n\
         [[group.paper.step]]\nop.blur = { sigma = 1 }\nchance = 0.5\n",
    );
    house
}

#[test]
fn every_sample_is_listed_with_names_for_what_the_manifest_says_in_numbers() {
    let house = rich();
    let digest = house.build("--tag v1");
    let (entries, sources, rows) =
        (house.entries(&digest), house.sources(&digest), rows(&house, "show t@v1 --samples"));
    assert_eq!(keys(&rows), having(&entries, |_| true));
    let names = ["form", "plate", "receipt"];
    for (row, entry) in rows.iter().zip(&entries) {
        assert_eq!(row["set"], entry.set.to_string());
        assert_eq!((&row["fold"], &row["role"]), (&Value::Null, &Value::from(entry.role.name())));
        assert_eq!(row["class"], names[entry.class as usize]);
        assert_eq!(row["target"], entry.target());
        for (part, (class, weight)) in row["label"].as_array().unwrap().iter().zip(&entry.label) {
            assert_eq!((&part["class"], &part["number"]), (&names[*class as usize].into(), &(*class).into()));
            assert_eq!(part["weight"], *weight);
            assert_eq!(part["fraction"].as_f64().unwrap() * 65536.0, f64::from(*weight));
        }
        let source = &sources.iter().find(|(source, _)| source.digest == entry.source).unwrap().0;
        assert_eq!(row["source"], source.digest.hex());
        assert_eq!((&row["path"], &row["group"]), (&source.paths[0].clone().into(), &source.group.clone().into()));
        assert_eq!((row["copy"].as_u64(), row["bytes"].as_u64()), (Some(entry.copy.into()), Some(entry.bytes)));
        assert_eq!(
            (row["width"].as_u64(), row["height"].as_u64()),
            (Some(entry.width.into()), Some(entry.height.into()))
        );
        assert_eq!((&row["digest"], &row["file"]), (&entry.digest.hex().into(), &entry.file.extension().into()));
        steps_are(row, entry, &house, &digest);
    }
    // Each line names the shard that its image lies in.
    for set in ["train", "val", "noisy_val"] {
        let shard = format!("{set}-00000.tar");
        let folder = house.path(&format!("datasets/.store/versions/{}/{shard}", &digest[7..]));
        let mut archive = tar::Archive::new(std::fs::File::open(folder).unwrap());
        let members: BTreeSet<String> =
            archive.entries().unwrap().map(|member| member.unwrap().path().unwrap().display().to_string()).collect();
        let listed = rows.iter().filter(|row| row["shard"] == shard.as_str());
        let named: Vec<_> =
            listed.map(|row| format!("{}.{}", row["key"].as_str().unwrap(), row["file"].as_str().unwrap())).collect();
        assert_eq!(members.len(), 2 * named.len(), "{set}");
        assert!(named.iter().all(|name| members.contains(name)), "{set}");
    }
}

fn steps_are(row: &Value, entry: &Entry, house: &House, digest: &str) {
    let steps = row["steps"].as_array().unwrap();
    assert_eq!(steps.len(), entry.steps.len());
    for (step, drawn) in steps.iter().zip(&entry.steps) {
        assert_eq!((&step["id"], &step["op"]), (&Value::from(&*drawn.id), &Value::from(&*drawn.id)));
        for (name, value) in &drawn.params {
            match value {
                ParamValue::Number(number) => {
                    assert_eq!(step["params"][&**name].as_f64(), Some(number.to_f64()), "{name}")
                }
                ParamValue::Text(partner) if &**name == "partner" => {
                    let sources = house.sources(digest);
                    let source =
                        sources.iter().map(|(source, _)| source).find(|source| source.digest.hex() == **partner);
                    let (source, found) = (source.unwrap(), &step["partner"]);
                    assert_eq!(
                        (&found["source"], &found["path"]),
                        (&(**partner).into(), &source.paths[0].clone().into())
                    );
                    assert_eq!(found["class"], source.paths[0].split('/').next().unwrap());
                    assert!(step["params"].get("partner").is_none());
                }
                ParamValue::Text(text) => assert_eq!(step["params"][&**name], **text, "{name}"),
            }
        }
        assert_eq!(step["partner"].is_object(), step["op"] == "mixup");
    }
}

#[test]
fn filters_list_what_counting_the_manifest_finds() {
    let house = rich();
    let digest = house.build("--tag v1");
    let entries = house.entries(&digest);
    let listed = |filters: &str| keys(&rows(&house, &format!("show t@v1 --samples {filters}")));
    let (sources, first) = (house.sources(&digest), &entries[0]);
    let path = &sources.iter().find(|(source, _)| source.digest == first.source).unwrap().0.paths[0];
    let mut one_source = vec![path.clone(), format!("images/{path}"), format!("./{path}")];
    one_source.extend([first.source.hex(), first.source.hex()[..12].to_uppercase(), first.source.to_string()]);
    for source in one_source {
        let found = listed(&format!("--source {source}"));
        assert_eq!(found, having(&entries, |entry| entry.source == first.source), "{source}");
    }
    assert_eq!(listed("--class plate"), having(&entries, |entry| entry.class == 1));
    assert_eq!(listed("--class 1"), listed("--class plate"));
    assert_eq!(listed("--class plate --class form"), having(&entries, |entry| entry.class < 2));
    assert_eq!(listed("--split noisy_val"), having(&entries, |entry| entry.set.to_string() == "noisy_val"));
    assert_eq!(listed("--op mixup --op rotate"), having(&entries, |e| on(e, "mixup") && on(e, "rotate")));
    let both = having(&entries, |entry| on(entry, "mixup") && entry.class == 2);
    assert!(!both.is_empty() && both.len() < listed("--op mixup").len());
    assert_eq!(listed("--op mixup --class receipt --split train"), both);
    // Only the validation recipe has it.
    assert_eq!(listed("--op brightness"), listed("--split noisy_val"));
    let ran = house.run("show t@v1 --samples --op mixup --split val");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(ran.stderr, "0 of 102 samples\nnext: augmint show t@v1\n");
}

#[test]
fn names_with_quotes_blanks_and_korean_folds_and_steps_within_groups_are_listed() {
    let house = korean();
    let digest = house.build("--tag v1");
    let entries = house.entries(&digest);
    let all = rows(&house, "show t@v1 --samples");
    assert_eq!(all.len(), entries.len());
    let classes: BTreeSet<_> = all.iter().map(|row| row["class"].as_str().unwrap()).collect();
    assert_eq!(classes, BTreeSet::from(["form", "계약서 \"갑\"", "여권 사본"]));
    let run = |options: &[&str]| {
        let output = house.command("show t@v1 --samples").args(options).output().unwrap();
        let ran = house.ran(output);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        keys(&ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
    };
    let quoted = run(&["--class", "계약서 \"갑\""]);
    assert_eq!(quoted.len(), all.iter().filter(|row| row["class"] == "계약서 \"갑\"").count());
    // Equal files are one source, found by each of its paths.
    assert_eq!(run(&["--source", "form/같은 것.jpg"]), run(&["--source", "form/01.jpg"]));
    assert_eq!(run(&["--split", "not-f0"]), having(&entries, |entry| entry.set.to_string() == "f1"));
    assert_eq!(run(&["--split", "f1-val"]), having(&entries, |entry| entry.set.to_string() == "f1-val"));
    assert!(all.iter().all(|row| row["fold"].as_u64().unwrap() < 2 && row["set"].as_str().unwrap().starts_with('f')));
    // An op is all steps of it, an id one of them, a group what it holds.
    let either = having(&entries, |entry| on(entry, "rotate") || on(entry, "rotate-2"));
    assert_eq!(run(&["--op", "rotate"]), either);
    assert_eq!(run(&["--op", "rotate-2"]), having(&entries, |entry| on(entry, "rotate-2")));
    let noisy = having(&entries, |entry| on(entry, "paper/gaussian_noise"));
    assert_eq!(run(&["--op", "paper"]), noisy);
    assert_eq!(run(&["--op", "gaussian_noise"]), noisy);
    assert_eq!(run(&["--op", "paper/blur"]), having(&entries, |entry| on(entry, "paper/blur")));
}

#[test]
fn without_manifest_the_samples_are_drawn_and_only_what_pixels_tell_is_null() {
    let house = rich();
    house.build("--tag v1");
    let mut whole = rows(&house, "show t@v1 --samples");
    std::fs::remove_dir_all(house.path("datasets/.store")).unwrap();
    std::fs::remove_dir_all(house.path("images")).unwrap();
    let ran = house.run("show t@v1 --samples");
    assert!(ran.stderr.starts_with("the store has no manifest of t@v1: its samples are drawn"), "{}", ran.stderr);
    let drawn = rows(&house, "show t@v1 --samples");
    for row in &mut whole {
        for field in ["bytes", "width", "height", "digest"] {
            assert!(!row[field].is_null());
            row[field] = Value::Null;
        }
    }
    assert_eq!(whole, drawn);
    assert!(!house.path("datasets/.store").exists(), "reading made a store");
}

#[test]
fn what_the_version_does_not_have_is_an_error_that_names_what_it_has() {
    let house = rich();
    house.build("--tag v1");
    let class = house.error("show t@v1 --samples --class plaet");
    assert!(class.starts_with("t@v1 has no class 'plaet'"), "{class}");
    assert!(class.ends_with("help: did you mean 'plate'? valid: form, plate, receipt"), "{class}");
    let number = house.error("show t@v1 --samples --class 3");
    assert!(number.starts_with("t@v1 has no class '3'"), "{number}");
    let split = house.error("show t@v1 --samples --split not-f0");
    assert!(split.contains("has no split 'not-f0'") && split.ends_with("valid: train, val, noisy_val"), "{split}");
    let op = house.error("show t@v1 --samples --op rotat");
    assert!(op.contains("has no step or op 'rotat'"), "{op}");
    assert!(op.ends_with("did you mean 'rotate'? valid: brightness, flip, gaussian_noise, mixup, rotate"), "{op}");
    let source = house.error("show t@v1 --samples --source form/0.jpg");
    assert!(
        source.contains("t@v1 has no source 'form/0.jpg'") && source.contains("did you mean 'form/00.jpg'?"),
        "{source}"
    );
    let alone = house.run("show t@v1 --class form");
    assert_eq!(alone.code, Some(2));
    assert!(alone.stderr.contains("--samples"), "{}", alone.stderr);
}

#[test]
fn a_manifest_or_a_list_that_was_changed_is_an_error() {
    let house = rich();
    let digest = house.build("--tag v1");
    let manifest = format!("datasets/.store/versions/{}/manifest.jsonl.zst", &digest[7..]);
    let text = zstd::decode_all(&house.read(&manifest)[..]).unwrap();
    let text = String::from_utf8(text).unwrap().replacen("\"bytes\":", "\"bytes\":1", 1);
    house.write(&manifest, &zstd::encode_all(text.as_bytes(), 0).unwrap());
    let ran = house.run("show t@v1 --samples");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("the manifest was changed: its digest is sha256:"), "{}", ran.stderr);
    house.write(&manifest, &[]);
    assert!(house.error("show t@v1 --samples").contains("manifest.jsonl.zst"));
}

#[test]
fn a_shard_whose_list_is_gone_is_not_named_and_its_samples_are_listed_all_the_same() {
    let house = rich();
    house.build("--tag v1");
    let before = rows(&house, "show t@v1 --samples");
    for list in house.shards() {
        std::fs::remove_file(list.with_extension("jsonl")).unwrap();
    }
    let without = rows(&house, "show t@v1 --samples");
    assert_eq!(keys(&without), keys(&before));
    assert!(without.iter().all(|row| row["shard"].is_null() && row["digest"].is_string()));
    let list = house.shards()[0].with_extension("jsonl");
    std::fs::write(&list, "{}\n").unwrap();
    assert!(house.error("show t@v1 --samples").contains("line 1: not an entry: it has no key"));
}

#[test]
fn a_class_that_no_source_has_has_no_samples_and_numbers_may_be_anything() {
    let house = House::new();
    for number in 0..4 {
        house.write(&format!("pages/{number}.jpg"), &jpeg(&format!("page {number}")));
    }
    house.write("train.csv", b"\xef\xbb\xbfID,target\r\n0.jpg,7\r\n1.jpg,7\r\n2.jpg,2\r\n3.jpg,2\r\n");
    house.write("meta.csv", "target,class_name\n2,둘\n4,7\n7,일곱\n".as_bytes());
    let source = "[source]\nimages = \"pages\"\nlabels = \"train.csv\"\nclasses = \"meta.csv\"\n[amount]\ncopies = 2\n";
    house.write("recipe.toml", format!("name = \"t\"\nseed = 3\n{source}{}", crate::house::TAIL).as_bytes());
    house.build("--tag v1");
    assert_eq!(rows(&house, "show t@v1 --samples --class 일곱").len(), 4);
    // A name that is another's number is a name.
    assert_eq!(house.ok("show t@v1 --samples --class 7"), "");
    assert_eq!(rows(&house, "show t@v1 --samples --class 2").len(), 4);
    let found = rows(&house, "show t@v1 --samples");
    assert!(found.iter().all(|row| row["label"][0]["number"] == row["target"] && row["label"][0]["fraction"] == 1));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let house = rich();
    house.build("--tag v1");
    let mut process = house.command("show t@v1 --samples").stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = process.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let ran = house.ran(process.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stderr.contains("rror")), (Some(0), false), "{}", ran.stderr);
}
