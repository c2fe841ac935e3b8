//! Pixels are a cache: lost, damaged, freed or never stored, they come back bit for bit, or not at all.

use crate::digest::rich;
use crate::house::{House, digest_of};
use augmint::digest::Digest;
use augmint::manifest::{Entry, EntryLines};
use augmint::shard::{Place, places};
use augmint::source::Classes;
use serde_json::json;
use std::path::PathBuf;

/// A version as `t@v1`; its digest.
fn built() -> (House, String) {
    let house = rich();
    let digest = house.build("");
    (house, digest)
}

/// Every byte of every shard.
fn pixels(house: &House) -> Vec<(PathBuf, Vec<u8>)> {
    house.shards().into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The entries of a shard and where their bytes lie.
fn laid_out(shard: &std::path::Path) -> (Vec<Entry>, Vec<Place>) {
    let entries: Vec<Entry> =
        EntryLines::open(&shard.with_extension("jsonl")).unwrap().map(|entry| entry.unwrap()).collect();
    let classes = Classes([(0, "form"), (1, "plate"), (2, "receipt")].map(|(n, name)| (n, name.into())).into());
    let places = places(&entries, &classes).0;
    (entries, places)
}

#[test]
fn a_deleted_store_is_restored_bit_for_bit() {
    let (house, digest) = built();
    let before = pixels(&house);
    std::fs::remove_dir_all(house.path("datasets/.store")).unwrap();
    let restored = house.json("restore t@v1");
    assert_eq!(
        (&restored["digest"], &restored["rendered"], &restored["kept"]),
        (&json!(digest), &json!(102), &json!(0))
    );
    assert_eq!(pixels(&house), before);
    let verified = house.json("verify t@v1");
    assert_eq!(
        (&verified["good"], &verified["digest"], &verified["samples"]),
        (&json!(true), &json!(digest), &json!(102))
    );
}

#[test]
fn a_flipped_byte_is_named_and_its_sample_alone_is_rendered() {
    let (house, _) = built();
    let before = pixels(&house);
    let (shard, bytes) = before.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    let (entries, places) = laid_out(shard);
    let (entry, place) = (&entries[7], &places[7]);
    let json_header = place.offset + place.bytes.next_multiple_of(512);
    let spots = [
        ("a pixel", place.offset + place.bytes / 2),
        ("the padding after it", place.offset + place.bytes),
        ("its header", place.offset - 512 + 3),
        ("the json", json_header + 512 + 20),
        ("the header of the json", json_header + 130),
    ];
    for (what, at) in spots {
        let mut damaged = bytes.clone();
        damaged[at as usize] ^= 1;
        std::fs::write(shard, &damaged).unwrap();
        let ran = house.run("verify t@v1");
        assert_eq!(ran.code, Some(1), "{what}: {ran:#?}");
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "{what}: {lines:?}");
        assert!(
            lines[0].starts_with("train-00000.tar: sample ") && lines[0].contains(&entry.key.to_string()),
            "{lines:?}"
        );
        assert!(
            ran.stderr.contains("t@v1 is not whole; differences: 1\nnext: augmint restore t@v1\n"),
            "{}",
            ran.stderr
        );
        let restored = house.json("restore t@v1");
        assert_eq!((&restored["rendered"], &restored["kept"]), (&json!(1), &json!(101)), "{what}");
        assert_eq!(pixels(&house), before, "{what}");
    }
    house.ok("verify t@v1");
}

#[test]
fn a_damaged_list_or_manifest_or_a_lost_shard_comes_back() {
    let (house, _) = built();
    let before = pixels(&house);
    let shard = before[0].0.clone();
    let damage: [(&str, &dyn Fn()); 4] = [
        ("a lost shard", &|| std::fs::remove_file(&shard).unwrap()),
        ("a cut shard", &|| std::fs::write(&shard, &before[0].1[..1000]).unwrap()),
        ("a lost list", &|| std::fs::remove_file(shard.with_extension("jsonl")).unwrap()),
        ("a manifest of nothing", &|| {
            for version in crate::house::files(&house.path("datasets/.store/versions")) {
                std::fs::write(version.join("manifest.jsonl.zst"), b"").unwrap();
            }
        }),
    ];
    for (what, damage) in damage {
        damage();
        assert_eq!(house.run("verify t@v1").code, Some(1), "{what}");
        house.ok("restore t@v1");
        assert_eq!(pixels(&house), before, "{what}");
        house.ok("verify t@v1");
    }
}

#[test]
fn a_damaged_note_on_a_version_comes_back_and_no_error_sends_people_to_git_for_it() {
    let (house, digest) = built();
    let path = format!("datasets/.store/versions/{}/_info.json", &digest[7..]);
    let before = house.read(&path);
    for damaged in [&b"[]"[..], b"", &before[..60], b"\xff"] {
        house.write(&path, damaged);
        let error = house.error("path t@v1");
        assert!(error.contains("_info.json") && !error.contains("git"), "{error}");
        assert_eq!(house.json("restore t@v1")["rendered"], 0);
        assert_eq!(house.read(&path), before);
    }
}

#[test]
fn a_source_that_changed_by_a_byte_is_named_and_nothing_is_made_or_freed() {
    let (house, digest) = built();
    let before = pixels(&house);
    let original = house.read("images/plate/02.jpg");
    let mut changed = original.clone();
    *changed.last_mut().unwrap() ^= 1;
    house.write("images/plate/02.jpg", &changed);
    let stale = format!(
        "1 source missing or changed in DIR/images; put the original files back, or build a new version:\n  \
         plate/02.jpg: changed: expected {}, found {}",
        Digest::of(&original),
        Digest::of(&changed)
    );
    let short = &digest[7..19];
    assert_eq!(
        house.error("evict t@v1").replace("datasets/../images", "DIR/images"),
        format!(
            "{short} is not evicted: this engine could not make its pixels again: {stale}\nhelp: evict only frees what \
             `restore` can bring back, bit for bit"
        )
    );
    assert_eq!(pixels(&house), before);
    std::fs::remove_dir_all(house.path("datasets/.store")).unwrap();
    assert_eq!(house.error("restore t@v1").replace("datasets/../images", "DIR/images"), stale);
    assert_eq!(house.shards(), Vec::<PathBuf>::new());
    std::fs::remove_file(house.path("images/plate/02.jpg")).unwrap();
    assert_eq!(
        house.error("restore t@v1").replace("datasets/../images", "DIR/images"),
        format!("{}plate/02.jpg: missing: expected {}", &stale[..stale.find("plate").unwrap()], Digest::of(&original))
    );
    // Found by its bytes, whatever it is called now and wherever the sources are.
    house.write("images/plate/renamed.jpg", &original);
    std::fs::rename(house.path("images"), house.path("moved")).unwrap();
    assert_eq!(
        house.error("restore t@v1").replace("datasets/../images", "DIR/images"),
        "the sources of t are not where its recipe has them (DIR/images); say where they are with --sources DIR"
    );
    house.ok("restore t@v1 --sources moved");
    assert_eq!(pixels(&house), before);
}

#[test]
fn a_version_without_pixels_is_the_same_version() {
    let (stored, digest) = built();
    let house = rich();
    let answer = house.json("build recipe.toml --no-store");
    assert_eq!((digest_of(&answer), &answer["rendered"]), (digest.clone(), &json!(102)));
    assert_eq!(house.shards(), Vec::<PathBuf>::new());
    assert_eq!(house.json("restore t@v1")["digest"], json!(digest));
    let names = |pixels: Vec<(PathBuf, Vec<u8>)>| -> Vec<_> {
        pixels.into_iter().map(|(path, bytes)| (path.file_name().unwrap().to_owned(), bytes)).collect()
    };
    assert_eq!(names(pixels(&house)), names(pixels(&stored)));
    house.ok("verify t@v1");
}

#[test]
fn evicted_pixels_are_gone_and_come_back_when_they_are_wanted() {
    let (house, _) = built();
    let before = pixels(&house);
    let evicted = house.json("evict t@v1");
    assert_eq!(evicted["shards"], json!(before.len()));
    assert_eq!(house.shards(), Vec::<PathBuf>::new());
    let ran = house.run("verify t@v1");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(
        ran.stdout.starts_with("noisy_val-00000.tar: missing, with its 8 samples\n")
            || ran.stdout.contains("missing, with its 90 samples"),
        "{ran:#?}"
    );
    house.ok("restore t@v1");
    assert_eq!(pixels(&house), before);

    house.ok("evict t@v1");
    let paths = house.ok("path t@v1 --split train");
    let paths: Vec<&str> = paths.lines().collect();
    assert_eq!(paths.len(), 1);
    assert!(
        paths[0].starts_with("DIR/datasets/.store/versions/") && paths[0].ends_with("/train-00000.tar"),
        "{paths:?}"
    );
    assert!(house.path(paths[0].strip_prefix("DIR/").unwrap()).exists(), "a trainer can open it");
    assert_eq!(pixels(&house), before);
    house.ok("verify t@v1");
    // The record alone says all: another machine has it, the source list and the sources.
    house.ok("gc");
    assert_eq!(pixels(&house), before, "what a record names stays");
}
