//! Any four tables (labels, classes, groups, fixes; split at NUL) beside three images are sources or a list of errors.
#![no_main]

use augmint::source::{Classes, Layout, OnBad, SourceSpec, scan};
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A folder in memory, so that the fuzzer waits for no disk.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let shared_memory = Path::new("/dev/shm");
    let folder = if shared_memory.is_dir() { TempDir::new_in(shared_memory) } else { TempDir::new() }.expect("a folder");
    let decode = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/decode");
    for (from, to) in [("png-1x1.png", "a.png"), ("bmp-24.bmp", "b.bmp"), ("text.jpg", "c.jpg")] {
        std::fs::copy(decode.join(from), folder.path().join(to)).expect("an image of the tests");
    }
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let root = FOLDER.path();
    let mut parts = bytes.splitn(4, |byte| *byte == 0);
    let mut table = |name: &str| {
        let path = root.join(name);
        let text = parts.next()?;
        std::fs::write(&path, text).expect("a table");
        Some(path)
    };
    let Some(labels) = table("train.csv") else { return };
    let (classes, groups, fixes) = (table("meta.csv"), table("groups.csv"), table("fixes.csv"));
    let layout = Layout::Table { images: root.to_owned(), labels, classes, groups };
    for on_bad_source in [OnBad::Error, OnBad::Skip] {
        let (layout, fixes) = (layout.clone(), fixes.clone());
        let spec = SourceSpec { layout, fixes, on_bad_source, max_megapixels: 1, near_duplicates: true };
        match scan(&spec, &Classes::default(), None, &|_| {}) {
            Ok(set) => assert!(set.sources.is_sorted_by(|a, b| a.digest < b.digest)),
            Err(error) => drop(error.to_string()),
        }
    }
});
