//! Stored samples at random: reads at given places of tars that all threads share.

use crate::fs::{self, FsError};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Tars that are open at a time: a process may usually have 1024 files, and a version of a million samples has as many
/// tars. Opening one again takes microseconds.
const OPEN: usize = 256;

/// The tars of a version. Reads are positioned (`pread`), so no thread waits for another's.
pub(super) struct Shards {
    paths: Vec<PathBuf>,
    open: Mutex<Open>,
}

/// Open tars, with the time of their last use.
#[derive(Default)]
struct Open {
    files: HashMap<u32, (Arc<File>, u64)>,
    clock: u64,
}

impl Shards {
    /// Of these tars; nothing is opened yet.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, open: Mutex::default() }
    }

    /// Where a tar is.
    pub fn path(&self, shard: u32) -> &Path {
        &self.paths[shard as usize]
    }

    /// Reads `bytes` bytes from `offset` on into `buffer`, replacing what was in it.
    pub fn read(&self, shard: u32, offset: u64, bytes: u64, buffer: &mut Vec<u8>) -> Result<(), FsError> {
        let file = self.file(shard)?;
        // The tar had these bytes when the version was opened, so they fit into memory.
        buffer.resize(usize::try_from(bytes).unwrap_or(usize::MAX), 0);
        file.read_exact_at(buffer, offset).map_err(fs::on("read", self.path(shard)))
    }

    fn file(&self, shard: u32) -> Result<Arc<File>, FsError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clock += 1;
        let clock = open.clock;
        if let Some((file, used)) = open.files.get_mut(&shard) {
            *used = clock;
            return Ok(file.clone());
        }
        let file = Arc::new(fs::open(self.path(shard))?);
        if open.files.len() >= OPEN
            && let Some(oldest) = open.files.iter().min_by_key(|(_, (_, used))| *used).map(|(shard, _)| *shard)
        {
            open.files.remove(&oldest);
        }
        open.files.insert(shard, (file.clone(), clock));
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_tars_than_may_be_open_are_read_and_errors_name_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..OPEN + 20).map(|number| folder.path().join(format!("{number}.tar"))).collect();
        for (number, path) in paths.iter().enumerate().skip(1) {
            std::fs::write(path, format!("{number:08}")).unwrap();
        }
        let shards = Shards::new(paths.clone());
        let mut buffer = Vec::new();
        for round in 0..2 {
            for number in 1..paths.len() {
                shards.read(number as u32, 4, 4, &mut buffer).unwrap();
                assert_eq!(buffer, format!("{number:08}").as_bytes()[4..], "round {round}");
            }
        }
        assert_eq!(shards.open.lock().unwrap().files.len(), OPEN);
        let missing = shards.read(0, 0, 1, &mut buffer).unwrap_err().to_string();
        assert!(missing.starts_with(&format!("cannot open {}", paths[0].display())), "{missing}");
        let short = shards.read(1, 4, 5, &mut buffer).unwrap_err().to_string();
        assert!(short.starts_with(&format!("cannot read {}", paths[1].display())), "{short}");
    }
}
