//! Any entries and any tar (split at NUL) are a shard or errors; what is in it is read within its bounds.
#![no_main]

use augmint::digest::Digest;
use augmint::shard::{Shard, entries_path, tar_path};
use augmint::source::Classes;
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let shared_memory = Path::new("/dev/shm");
    if shared_memory.is_dir() { TempDir::new_in(shared_memory) } else { TempDir::new() }.expect("a folder")
});

fuzz_target!(|bytes: &[u8]| {
    let folder = FOLDER.path();
    let key = Digest::of(b"fuzz");
    let classes = Classes(vec![(3, "business_letter".into()), (5, "driver_licence".into())]); // as in the seed
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (lines, tar) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    std::fs::write(entries_path(folder, &key), lines).expect("entries");
    std::fs::write(tar_path(folder, &key), tar).expect("a tar");
    match Shard::open(folder, &key, &classes) {
        Ok(shard) => {
            let mut buffer = Vec::new();
            for index in 0..shard.entries().len() {
                shard.read(index, &mut buffer).expect("the length was checked");
                assert_eq!(buffer.len() as u64, shard.entries()[index].bytes);
            }
            drop(shard.verify(&classes));
        }
        Err(error) => drop(error.to_string()),
    }
});
