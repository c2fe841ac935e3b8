//! Versions stored, streamed, drawn anew and damaged.

use super::online::{draw, samples};
use super::testing::{FOLDS, HOLDOUT, House, contents, image};
use super::*;
use crate::manifest::Reader;
use crate::pixels::{Limits, decode};
use crate::set::SetRole;
use crate::shard::Pixels as Kept;
use crate::source::{OnBad, SourceSpec, scan};
use crate::store::LockError;
use miette::Diagnostic as _;
use std::collections::BTreeSet;

fn split(text: &str) -> Split {
    text.parse().unwrap()
}

fn help(error: &DatasetError) -> String {
    error.help().map(|help| help.to_string()).unwrap_or_default()
}

#[test]
fn stored_and_streamed_samples_have_the_same_order_labels_and_bytes() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let entries: Vec<_> = Reader::open(&house.datasets().manifest_path(&version.digest), Some(version.digest))
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    for (name, count) in [("train", 18 * 5), ("val", 6), ("noisy_val", 12)] {
        let (stored, streamed) =
            (house.split(&version, Backing::Stored, name), house.split(&version, Backing::Streamed, name));
        assert_eq!((stored.len(), stored.stored(), streamed.stored()), (count, count, 0), "{name}");
        let of: Vec<_> = entries.iter().filter(|entry| entry.set.to_string() == name).collect();
        let (stored, streamed) = (contents(&stored), contents(&streamed));
        assert_eq!(stored, streamed, "{name}");
        for (entry, (key, label, bytes)) in of.into_iter().zip(&stored) {
            assert_eq!((entry.key.to_string(), &entry.label, entry.digest), (key.clone(), label, Digest::of(bytes)));
        }
        assert!(name != "train" || stored.iter().any(|(_, label, _)| label.len() == 2), "no soft label is tested");
    }
}

#[test]
fn what_is_known_of_a_version_stands_beside_its_samples() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let pinned = house.open(&version, Backing::Stored).unwrap();
    let train = pinned.split(split("train")).unwrap();
    assert_eq!(train.class_names(), ["form", "plate", "receipt"]);
    assert_eq!((train.digest(), train.name()), (Some(version.digest), "t@v1, train"));
    assert_eq!(train.validation_digest(), pinned.record().validation.as_ref().map(|validation| validation.digest));
    assert!(train.validation_digest().is_some());
    assert_eq!(pinned.folds(), 0);
    let mass = train.label_mass();
    assert!((mass.iter().sum::<f64>() - 90.0).abs() < 1e-9, "{mass:?}");
    let mut label = [9.0; 3];
    let mut sources = BTreeSet::new();
    for index in 0..train.len() {
        train.write_label(index, &mut label);
        assert_eq!(label.iter().sum::<f32>(), 1.0);
        let heaviest = label.iter().copied().fold(0.0, f32::max);
        assert_eq!(label[train.class(index).unwrap()], heaviest);
        let origin = train.origin(index);
        assert_eq!(train.key(index).unwrap().to_string(), train.id(index));
        sources.insert(origin.source);
        assert!(origin.copy < if origin.role == Role::Original { 1 } else { 4 });
    }
    assert_eq!(sources.len(), 18);
    assert!(train.file(0).display().to_string().ends_with(".tar"));
    train.verify().unwrap();
}

#[test]
fn classes_are_indices_even_where_their_numbers_have_gaps() {
    let house = House::new();
    // A class of an earlier version keeps its number for ever; the three of now come after it.
    let datasets = house.datasets();
    let earlier = Classes(vec![(4, "letter".into())]);
    datasets.write_classes(&"t".parse().unwrap(), &earlier).unwrap();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let train = house.split(&version, Backing::Stored, "train");
    assert_eq!(train.classes().0.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert_eq!(train.class_names(), ["letter", "form", "plate", "receipt"]);
    let found: BTreeSet<usize> = (0..train.len()).map(|index| train.class(index).unwrap()).collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(train.label_mass()[0], 0.0);
}

#[test]
fn without_stored_pixels_all_is_drawn_and_decoded_sources_are_found_again() {
    let house = House::new();
    let stored = house.build(HOLDOUT, Kept::Keep, "v1");
    let expected = contents(&house.split(&stored, Backing::Stored, "train"));
    let other = House::new();
    let version = other.build(HOLDOUT, Kept::Drop, "v1");
    assert_eq!(version.digest, stored.digest);
    let train = other.split(&version, Backing::Stored, "train");
    assert_eq!(train.stored(), 0);
    assert_eq!(contents(&train), expected);
    let used = train.kept_sources();
    assert!(used.found >= 90 - 18 && used.asked == used.found + 18, "{used:?}");
    assert_eq!(used.bytes, 18 * 60 * 40 * 3);
    // Room for two of 18: those that came first stay.
    let options = Options { memory: 4 * 60 * 40 * 3, ..Options::default() };
    let train = Pinned::open(&other.datasets(), &version, options).unwrap().split(split("train")).unwrap();
    assert_eq!(contents(&train), expected);
    let used = train.kept_sources();
    assert!(used.bytes == 4 * 60 * 40 * 3 && used.found > 8 && used.found < 60, "{used:?}");
}

#[test]
fn a_missing_shard_is_drawn() {
    let house = House::new();
    let version = house.build(FOLDS, Kept::Keep, "v1");
    let expected = contents(&house.split(&version, Backing::Stored, "not-f0"));
    std::fs::remove_file(&house.tars(&version, "f1")[0]).unwrap();
    let train = house.split(&version, Backing::Stored, "not-f0");
    assert!(train.stored() > 0 && train.stored() < train.len(), "{} of {}", train.stored(), train.len());
    assert_eq!(contents(&train), expected);
}

#[test]
fn what_is_neither_stored_nor_drawable_is_refused_when_it_is_opened() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Drop, "v1");
    std::fs::rename(house.path("images"), house.path("elsewhere")).unwrap();
    let error = house.open(&version, Backing::Stored).err().unwrap();
    let text = error.to_string();
    assert!(text.starts_with("108 of 108 samples of t@v1 are not stored, and cannot be drawn here: "), "{text}");
    assert!(text.contains("are not where its recipe has them"), "{text}");
    let options = Options { sources: Some(house.path("elsewhere")), ..Options::default() };
    assert!(Pinned::open(&house.datasets(), &version, options).is_ok());
}

#[test]
fn another_digest_than_the_expected_one_stops_with_both() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let expected = Some(Digest::of(b"other"));
    let options = Options { expected, ..Options::default() };
    let error = Pinned::open(&house.datasets(), &version, options).err().unwrap();
    let (found, wanted) = (version.digest, Digest::of(b"other"));
    assert_eq!(
        error.to_string(),
        format!("t@v1 is {found}, and {wanted} is expected: the tag was moved, or another version was built")
    );
    let help = help(&error);
    assert!(help.contains("`augmint log t`") && help.contains(&format!("t@sha256:{}", wanted.short())), "{help}");
    let options = Options { expected: Some(version.digest), ..Options::default() };
    assert!(Pinned::open(&house.datasets(), &version, options).is_ok());
}

#[test]
fn a_changed_manifest_or_none_is_refused() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let path = house.datasets().manifest_path(&version.digest);
    let text = zstd_text(&path).replacen("\"copy\":0", "\"copy\":7", 1);
    std::fs::write(&path, zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
    let error = house.open(&version, Backing::Stored).err().unwrap();
    assert!(error.to_string().contains("the manifest was changed: its digest is "), "{error}");
    assert!(help(&error).contains("augmint restore"));
    std::fs::remove_file(&path).unwrap();
    let error = house.open(&version, Backing::Stored).err().unwrap();
    assert!(error.to_string().starts_with("the manifest of t@v1 is not in the store "), "{error}");
    assert!(help(&error).contains("augmint restore t@v1"), "{}", help(&error));
}

fn zstd_text(path: &std::path::Path) -> String {
    String::from_utf8(zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_flipped_byte_names_its_sample_and_a_cut_shard_is_refused() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let tar = house.tars(&version, "val").remove(0);
    let good = std::fs::read(&tar).unwrap();
    let mut bad = good.clone();
    bad[512 + 9] ^= 1;
    std::fs::write(&tar, &bad).unwrap();
    let val = house.split(&version, Backing::Stored, "val");
    let first = String::from_utf8(bad[..32].to_vec()).unwrap();
    let mut buffer = Vec::new();
    for index in 0..val.len() {
        let result = val.bytes(index, &mut buffer);
        if val.id(index) != first {
            result.unwrap();
            continue;
        }
        let error = result.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("sample {first} in {} was changed: ", tar.display())), "{text}");
        assert!(help(&error).contains("augmint restore"));
        assert_eq!(val.verify().unwrap_err().to_string(), text);
        assert!(val.image(index, &mut buffer).is_err(), "a second read is no better");
    }
    std::fs::write(&tar, &good[..good.len() - 700]).unwrap();
    let error = house.open(&version, Backing::Stored).err().unwrap();
    assert!(error.to_string().contains("the shard was changed or cut off"), "{error}");
    assert!(help(&error).contains("augmint restore"));
    std::fs::write(&tar, &good).unwrap();
    let list = tar.with_extension("jsonl");
    let text = std::fs::read_to_string(&list).unwrap();
    let digest = text.split("\"digest\":\"").nth(1).unwrap()[..64].to_owned();
    std::fs::write(&list, text.replace(&digest, &Digest::of(b"x").hex())).unwrap();
    let error = house.open(&version, Backing::Stored).err().unwrap().to_string();
    assert!(error.ends_with("is not as the manifest has it"), "{error}");
}

#[test]
fn a_source_that_changed_is_named_when_a_sample_is_drawn() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Drop, "v1");
    let train = house.split(&version, Backing::Stored, "train");
    let file = train.file(0);
    std::fs::write(&file, "x").unwrap();
    let error = train.bytes(0, &mut Vec::new()).unwrap_err().to_string();
    let expected = format!("sample {}: source {} has changed: ", train.id(0), file.display());
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn folds_train_on_all_but_the_one_held_out() {
    let house = House::new();
    let version = house.build(FOLDS, Kept::Keep, "v1");
    let pinned = house.open(&version, Backing::Stored).unwrap();
    assert_eq!(pinned.folds(), 3);
    let sources = |name: &str| {
        let part = pinned.split(split(name)).unwrap();
        (0..part.len()).map(|index| part.origin(index).source).collect::<BTreeSet<_>>()
    };
    let mut held_out = BTreeSet::new();
    for fold in 0..3 {
        let (train, val) = (sources(&format!("not-f{fold}")), sources(&format!("f{fold}-val")));
        assert!(train.is_disjoint(&val) && train.len() + val.len() == 24, "fold {fold}");
        held_out.extend(val);
    }
    assert_eq!(held_out.len(), 24);
    let error = |name: &str| pinned.split(split(name)).unwrap_err().to_string();
    assert_eq!(
        error("train"),
        "t@v1 has no samples 'train': its sources are dealt into folds: say which one is held out, 0 to 2"
    );
    assert_eq!(error("f3-val"), "t@v1 has no samples 'f3-val': its folds are 0 to 2");
}

#[test]
fn the_first_epoch_online_is_the_version_and_the_second_is_another() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let pinned = house.open(&version, Backing::Stored).unwrap();
    let stored = pinned.split(split("train")).unwrap();
    assert_eq!(contents(&pinned.online(None, 0, Views::AsBuilt).unwrap()), contents(&stored));

    // The same by way of the draws of an epoch, originals aside: keys, labels and bytes.
    let plan = pinned.renderer().unwrap().plan();
    let samples = samples(plan, split("train"), 0, Views::AsBuilt);
    let mut labels = Vec::new();
    let rows = draw(plan, pinned.classes(), &samples, &mut labels).unwrap();
    let drawn = Dataset::new("x".into(), stored.classes.clone(), rows, labels, pinned_pixels(&stored));
    let mut drawn = contents(&drawn);
    drawn.sort();
    let augmented = (0..stored.len()).filter(|index| stored.origin(*index).role == Role::Train);
    let all = contents(&stored);
    assert_eq!(drawn, augmented.map(|index| all[index].clone()).collect::<Vec<_>>());

    let (second, again) =
        (pinned.online(None, 1, Views::AsBuilt).unwrap(), pinned.online(None, 1, Views::AsBuilt).unwrap());
    assert_eq!((second.len(), second.stored(), second.name()), (90, 18, "t@v1, train, epoch 1"));
    assert_eq!(contents(&second), contents(&again));
    let keys = |dataset: &Dataset| (0..dataset.len()).map(|index| dataset.id(index)).collect::<Vec<_>>();
    assert!(keys(&second).is_sorted());
    let common: Vec<_> = keys(&second).into_iter().filter(|key| keys(&stored).contains(key)).collect();
    assert_eq!(common.len(), 18, "the originals, which nothing is drawn of");
    let bytes = |dataset: &Dataset| contents(dataset).into_iter().map(|(_, _, bytes)| bytes).collect::<BTreeSet<_>>();
    assert!(bytes(&second).intersection(&bytes(&stored)).count() < 40);
}

fn pinned_pixels(dataset: &Dataset) -> Arc<Pixels> {
    dataset.pixels.clone()
}

#[test]
fn an_epoch_online_may_have_any_number_of_views() {
    let house = House::new();
    let version = house.build(FOLDS, Kept::Keep, "v1");
    let pinned = house.open(&version, Backing::Stored).unwrap();
    let stored = pinned.split(split("not-f2")).unwrap();
    let epoch = |epoch, views| pinned.online(Some(2), epoch, Views::PerSource(views)).unwrap();
    let sources = stored.len() / 4;
    assert_eq!((epoch(0, 1).len(), epoch(3, 2).len()), (sources, 2 * sources));
    // Without originals four views of the first epoch are the version.
    assert_eq!(contents(&epoch(0, 4)), contents(&stored));
    assert!(matches!(pinned.online(Some(2), 0, Views::PerSource(0)), Err(DatasetError::NoViews)));
    assert!(matches!(pinned.online(None, 1, Views::AsBuilt), Err(DatasetError::NoSplit { .. })));
    let error = pinned.online(Some(7), 0, Views::PerSource(1)).unwrap_err().to_string();
    assert_eq!(error, "t@v1 has no samples 'not-f7': its folds are 0 to 2");
}

#[test]
fn nobody_drops_a_version_while_a_dataset_of_it_lives() {
    let house = House::new();
    let version = house.build(HOLDOUT, Kept::Keep, "v1");
    let datasets = house.datasets();
    let holder = crate::store::Holder::this_process("evict", String::new());
    let train = house.split(&version, Backing::Stored, "train");
    let refused = datasets.evict(&version, &holder, |_| Ok(())).unwrap_err();
    assert!(matches!(refused, crate::store::StoreError::Lock(LockError::Reading { .. })), "{refused}");
    drop(train);
    assert_eq!(datasets.evict(&version, &holder, |_| Ok(())).unwrap().shared, 0);
    assert_eq!(house.split(&version, Backing::Stored, "train").stored(), 0);
}

#[test]
fn files_without_a_version_are_read_too() {
    let house = House::new();
    let spec = SourceSpec {
        layout: crate::source::Layout::Folders(house.path("images")),
        fixes: None,
        on_bad_source: OnBad::Error,
        max_megapixels: 1,
        near_duplicates: false,
    };
    let set = scan(&spec, &Classes::default(), None, &|_| {}).unwrap();
    let labelled = Dataset::of_sources(&set);
    assert_eq!((labelled.len(), labelled.id(0), labelled.id(23)), (24, "form/00.jpg".into(), "receipt/07.jpg".into()));
    assert_eq!((labelled.class(0), labelled.class(23), labelled.key(0)), (Some(0), Some(2), None));
    let mut buffer = Vec::new();
    let expected = decode(&std::fs::read(house.path("images/plate/03.jpg")).unwrap(), &Limits::default()).unwrap();
    assert_eq!(labelled.image(11, &mut buffer).unwrap(), expected);
    assert_eq!(expected.size(), image("").size());

    let folder = Dataset::of_folder(&house.path("images"), set.classes.clone()).unwrap();
    assert_eq!((folder.len(), folder.class(0), folder.label(0)), (24, None, &[][..]));
    assert_eq!(folder.image(11, &mut buffer).unwrap(), expected);
    let named = vec!["plate/03.jpg".to_owned(), "form/00.jpg".into()];
    let files = Dataset::of_files(&house.path("images"), named.clone(), Classes::default()).unwrap();
    assert_eq!((files.id(0), files.id(1)), (named[0].clone(), named[1].clone()));
    let missing = vec!["plate/03.jpg".to_owned(), "plate/3.jpg".into(), "x.png".into()];
    let error = Dataset::of_files(&house.path("images"), missing, Classes::default()).unwrap_err().to_string();
    assert!(error.starts_with("2 of 3 images are not in ") && error.ends_with(": plate/3.jpg, x.png"), "{error}");

    // Changed after it was scanned; and never an image.
    std::fs::write(house.path("images/form/00.jpg"), "x").unwrap();
    let changed = labelled.bytes(0, &mut buffer).unwrap_err().to_string();
    assert!(changed.starts_with("sample form/00.jpg in ") && changed.contains(" was changed: "), "{changed}");
    let none = folder.image(0, &mut buffer).unwrap_err().to_string();
    assert!(none.starts_with("sample form/00.jpg in ") && none.contains("not an image"), "{none}");
    std::fs::create_dir(house.path("empty")).unwrap();
    let error = Dataset::of_folder(&house.path("empty"), Classes::default()).unwrap_err().to_string();
    assert!(error.starts_with("no image in "), "{error}");
}

#[test]
fn datasets_are_shared_by_threads_without_a_lifetime() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Dataset>();
    shared::<Pinned>();
    assert_eq!(Split::new(SetRole::Train, None).to_string(), "train");
}
