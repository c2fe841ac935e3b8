//! Scans of small folders, end to end.

use super::fingerprint::tests::page;
use super::*;
use crate::pixels::{Encoding, Image};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

fn png(image: &Image) -> Vec<u8> {
    Encoding::Png.encode(image).unwrap()
}

/// A small page that is like no other of another seed.
fn image(seed: u64) -> Vec<u8> {
    png(&page(Size::new(192, 240), seed))
}

fn put(root: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn folders(root: &Path) -> SourceSpec {
    SourceSpec {
        layout: Layout::Folders(root.join("images")),
        fixes: root.join("fixes.csv").exists().then(|| root.join("fixes.csv")),
        on_bad_source: OnBad::Error,
        max_megapixels: 100,
        near_duplicates: true,
    }
}

fn table(root: &Path) -> SourceSpec {
    let layout = Layout::Table {
        images: root.join("images"),
        labels: root.join("train.csv"),
        classes: Some(root.join("meta.csv")),
        groups: Some(root.join("groups.csv")),
    };
    SourceSpec { layout, ..folders(root) }
}

fn scanned(spec: &SourceSpec) -> Result<SourceSet, String> {
    scan(spec, &Classes::default(), None, &|_| {}).map_err(|error| error.to_string())
}

fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, seed) in [("invoice/1.png", 1), ("invoice/sub/2.png", 2), ("receipt/3.png", 3)] {
        put(root.path(), &format!("images/{path}"), image(seed));
    }
    root
}

fn message(root: &Path, spec: &SourceSpec) -> String {
    scanned(spec).unwrap_err().replace(&format!("{}/", root.display()), "")
}

#[test]
fn class_folders_become_sources_sorted_by_digest() {
    let root = root();
    let set = scanned(&folders(root.path())).unwrap();
    assert_eq!(set.classes, Classes(vec![(0, "invoice".into()), (1, "receipt".into())]));
    assert!(set.sources.is_sorted_by(|a, b| a.digest < b.digest));
    let source = set.sources.iter().find(|source| source.class == 1).unwrap();
    let digest = Digest::of(&image(3));
    let (paths, size) = (vec!["receipt/3.png".to_owned()], Size::new(192, 240));
    assert_eq!(*source, Source { digest, paths, class: 1, group: digest.hex(), page: digest, size });
    assert_eq!((set.skipped, set.fixes, set.duplicates, set.near_duplicates), (vec![], vec![], vec![], vec![]));
}

#[test]
fn every_bad_source_is_in_one_error() {
    let root = root();
    let whole = image(4);
    put(root.path(), "images/4.png", &whole);
    put(root.path(), "images/invoice/cut.png", &whole[..whole.len() / 2]);
    put(root.path(), "images/invoice/empty.png", "");
    put(root.path(), "images/invoice/notes.txt", "hello");
    put(root.path(), "images/plate/readme.md", "hello");
    put(root.path(), "images/receipt/huge.png", png(&page(Size::new(1200, 1000), 5)));
    std::fs::create_dir(root.path().join("images/stamp")).unwrap();
    let spec = SourceSpec { max_megapixels: 1, ..folders(root.path()) };
    assert_eq!(
        message(root.path(), &spec),
        "8 bad sources in images:\n  \
         4.png: unlabelled: it lies in no class folder; move it into one\n  \
         invoice/cut.png: the PNG is truncated: the file ends before the image does; get a whole copy\n  \
         invoice/empty.png: empty: 0 bytes\n  \
         invoice/notes.txt: not an image: the first bytes are not those of a JPEG, PNG, WebP, TIFF or BMP\n  \
         plate: a class folder without a usable image; add some, or remove the folder\n  \
         plate/readme.md: not an image: the first bytes are not those of a JPEG, PNG, WebP, TIFF or BMP\n  \
         receipt/huge.png: 1200×1000 is 1.2 megapixels, over the limit of 1; `[source] max_megapixels` raises it\n  \
         stamp: a class folder without a usable image; add some, or remove the folder"
    );

    let skip = SourceSpec { on_bad_source: OnBad::Skip, ..spec };
    assert_eq!(
        message(root.path(), &skip),
        "2 bad sources in images:\n  plate: a class folder without a usable image; add some, or remove the folder\n  \
         stamp: a class folder without a usable image; add some, or remove the folder"
    );
    std::fs::remove_dir_all(root.path().join("images/plate")).unwrap();
    std::fs::remove_dir_all(root.path().join("images/stamp")).unwrap();
    let set = scanned(&skip).unwrap();
    assert_eq!(set.sources.len(), 3);
    let skipped: Vec<_> = set.skipped.iter().map(|bad| bad.path.as_str()).collect();
    let expected = ["4.png", "invoice/cut.png", "invoice/empty.png", "invoice/notes.txt", "receipt/huge.png"];
    assert_eq!(skipped, expected);
}

#[cfg(unix)]
#[test]
fn a_file_far_larger_than_any_image_is_not_read() {
    let root = root();
    let file = std::fs::File::create(root.path().join("images/invoice/sparse.png")).unwrap();
    file.set_len(80 << 20).unwrap();
    let spec = SourceSpec { max_megapixels: 1, ..folders(root.path()) };
    assert_eq!(
        message(root.path(), &spec),
        "1 bad source in images:\n  invoice/sparse.png: oversized: 83886080 bytes; with max_megapixels = 1 at most \
         75108864 are read"
    );
}

#[test]
fn an_empty_folder_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("images")).unwrap();
    assert_eq!(message(root.path(), &folders(root.path())), "no image in images");
}

#[test]
fn equal_bytes_of_one_class_are_one_source() {
    let root = root();
    put(root.path(), "images/invoice/copy.png", image(1));
    let set = scanned(&folders(root.path())).unwrap();
    assert_eq!(set.sources.len(), 3);
    let paths = vec!["invoice/1.png".to_owned(), "invoice/copy.png".into()];
    assert_eq!(set.duplicates, [Duplicates { digest: Digest::of(&image(1)), paths }]);
}

#[test]
fn equal_bytes_of_two_classes_are_settled_by_a_fix() {
    let root = root();
    put(root.path(), "images/receipt/copy.png", image(1));
    assert_eq!(
        message(root.path(), &folders(root.path())),
        "1 image under different labels; settle each with lines in fixes.csv (header ID,target,by,why; named in the \
         recipe by [source] fixes):\n  invoice/1.png is 'invoice', receipt/copy.png is 'receipt'; the bytes are equal. \
         Add\n      receipt/copy.png,invoice,YOUR NAME,same bytes as invoice/1.png\n    or\n      \
         invoice/1.png,receipt,YOUR NAME,same bytes as receipt/copy.png"
    );
    put(root.path(), "fixes.csv", "ID,target,by,why\nreceipt/copy.png,invoice,kim,same bytes as invoice/1.png\n");
    let set = scanned(&folders(root.path())).unwrap();
    assert_eq!(set.sources.iter().filter(|source| source.class == 0).count(), 2);
    assert_eq!(set.fixes[0].digest, Some(Digest::of(&image(1))));
    assert_eq!((set.fixes[0].from, set.fixes[0].to), (Some(1), FixTarget::Class(0)));
}

#[test]
fn a_fix_drops_a_broken_file_and_labels_a_stray_one() {
    let root = root();
    put(root.path(), "images/receipt/broken.png", "broken");
    put(root.path(), "images/stray.png", image(4));
    put(root.path(), "fixes.csv", "ID,target,by,why\nreceipt/broken.png,drop,kim,\nstray.png,receipt,kim,\n");
    let set = scanned(&folders(root.path())).unwrap();
    assert_eq!(set.sources.len(), 4);
    assert_eq!(set.fixes[0].digest, Some(Digest::of(b"broken")));
    assert!(set.sources.iter().any(|source| source.paths == ["stray.png"] && source.class == 1));
}

#[test]
fn tables_and_groups_become_sources() {
    let root = root();
    put(root.path(), "train.csv", "\u{feff}ID,target\r\ninvoice/1.png,5\r\ninvoice/sub/2.png,5\r\nreceipt/3.png,7\r\n");
    put(root.path(), "meta.csv", "target,class_name\n5,invoice\n7,receipt\n");
    put(root.path(), "groups.csv", "ID,group\ninvoice/1.png,문서\ninvoice/sub/2.png,문서\n");
    let set = scanned(&table(root.path())).unwrap();
    let groups: Vec<_> = set.sources.iter().filter(|source| source.class == 5).map(|source| &source.group).collect();
    assert_eq!(groups, ["문서", "문서"]);
    let receipt = set.sources.iter().find(|source| source.class == 7).unwrap();
    assert_eq!(receipt.group, receipt.digest.hex());

    put(root.path(), "train.csv", "ID,target\ninvoice/1.png,5\ninvoice/1.png,6\nreceipt/3.png,70\n");
    assert_eq!(
        message(root.path(), &table(root.path())),
        "3 problems in the source tables:\n  groups.csv:3: the ID 'invoice/sub/2.png' names no source; did you mean \
         'invoice/1.png'?\n  train.csv:3: the ID 'invoice/1.png' stands already in line 2\n  train.csv:4: no class has the target '70' (classes: meta.csv); \
         did you mean '7'?"
    );
}

#[test]
fn near_duplicates_join_groups_even_across_classes() {
    let root = root();
    put(root.path(), "images/receipt/smaller.png", png(&page(Size::new(144, 180), 1)));
    put(root.path(), "images/receipt/larger.png", png(&page(Size::new(384, 480), 3)));
    let set = scanned(&folders(root.path())).unwrap();
    assert_eq!(set.near_duplicates.len(), 2);
    let across = set.near_duplicates.iter().find(|near| near.classes == [0, 1]).unwrap();
    assert_eq!((across.sources.len(), across.pairs.len()), (2, 1));
    assert_eq!(across.group, across.sources[0].hex());
    let joined = set.sources.iter().filter(|source| source.page == across.sources[0]);
    assert!(joined.clone().count() == 2 && joined.clone().all(|source| source.group == across.group));

    let off = SourceSpec { near_duplicates: false, ..folders(root.path()) };
    let set = scanned(&off).unwrap();
    assert!(set.near_duplicates.is_empty() && set.sources.iter().all(|source| source.page == source.digest));
}

#[test]
fn a_second_scan_with_a_cache_is_equal_and_a_stricter_limit_still_counts() {
    let root = root();
    let cache = root.path().join("cache");
    let seen = AtomicUsize::new(0);
    let progress = |progress: Progress| {
        assert_eq!(progress.total, 3);
        seen.fetch_add(1, Ordering::Relaxed);
    };
    put(root.path(), "images/receipt/3.png", png(&page(Size::new(1200, 1000), 3)));
    let spec = folders(root.path());
    let first = scan(&spec, &Classes::default(), Some(&cache), &progress).unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 3);
    let written = std::fs::read(&cache).unwrap();
    let second = scan(&spec, &Classes::default(), Some(&cache), &progress).unwrap();
    assert_eq!(first, second);
    assert_eq!(std::fs::read(&cache).unwrap(), written);
    std::fs::write(&cache, "damaged").unwrap();
    assert_eq!(scan(&spec, &Classes::default(), Some(&cache), &progress).unwrap(), first);
    assert_eq!(std::fs::read(&cache).unwrap(), written);
    let strict = SourceSpec { max_megapixels: 1, ..spec };
    assert!(scan(&strict, &Classes::default(), Some(&cache), &progress).is_err());
}

#[test]
fn the_number_of_threads_does_not_count() {
    let root = root();
    for seed in 10..30 {
        put(root.path(), &format!("images/plate/{seed}.png"), image(seed % 15));
    }
    let spec = folders(root.path());
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| scanned(&spec).map_err(|error| error.len()))
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let root = root();
    let cache = root.path().join("images/invoice/1.png/cache");
    let error = scan(&folders(root.path()), &Classes::default(), Some(&cache), &|_| {}).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write the scan cache {}: ", cache.display())), "{error}");
}
