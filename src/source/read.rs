//! Reads files: bytes to digest, size and fingerprint, in parallel, with one large image in memory at a time.

use super::bad::Why;
use super::cache::Cache;
use super::fingerprint::Fingerprint;
use crate::digest::Digest;
use crate::pixels::{Image, Limits, Size, decode, probe_size};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Images of more pixels, or files of more bytes, are taken one at a time; so the memory of a scan is bounded by one of
/// the largest and, per thread, one of these.
const LARGE_PIXELS: u64 = 16_000_000;
const LARGE_BYTES: u64 = 32 << 20;

/// How far a scan has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Files read.
    pub done: usize,
    /// Files to read.
    pub total: usize,
}

/// What is known of a file.
#[derive(Clone)]
pub(super) struct Known {
    pub digest: Digest,
    pub size: Size,
    pub print: Fingerprint,
}

/// Reads all files, in the order given.
pub(super) fn all(
    root: &Path,
    paths: &[&str],
    max_megapixels: u32,
    cache: &Cache,
    progress: &(dyn Fn(Progress) + Sync),
) -> Vec<Result<Known, Why>> {
    let (large, done) = (Mutex::new(()), AtomicUsize::new(0));
    let one = |path: &&str| {
        let known = one(&root.join(path), max_megapixels, cache, &large);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(Progress { done, total: paths.len() });
        known
    };
    paths.par_iter().map(one).collect()
}

/// Decodes files below a root one by one, on all threads, and gives what `look` says of each, in the order given. Memory
/// is bounded as a scan's is; no image stays but in what `look` gives. `progress` is called from many threads.
pub fn look<T: Send>(
    root: &Path,
    paths: &[&str],
    max_megapixels: u32,
    progress: &(dyn Fn(Progress) + Sync),
    look: &(dyn Fn(Digest, Image) -> T + Sync),
) -> Vec<Result<T, Why>> {
    let (large, done) = (Mutex::new(()), AtomicUsize::new(0));
    let one = |path: &&str| {
        let seen = open(&root.join(path), max_megapixels, &large, |_, _| None, look);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(Progress { done, total: paths.len() });
        seen
    };
    paths.par_iter().map(one).collect()
}

/// The digest of a file's bytes, read in pieces; `None` where it cannot be read.
pub(super) fn digest(path: &Path) -> Option<Digest> {
    let mut hasher = crate::digest::StreamHasher::default();
    let mut file = std::fs::File::open(path).ok()?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return Some(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

fn one(path: &Path, max_megapixels: u32, cache: &Cache, turn: &Mutex<()>) -> Result<Known, Why> {
    let known = |digest: &Digest, limits: &Limits| {
        let (size, print) = cache.get(digest).filter(|(size, _)| size.pixels() <= limits.max_pixels)?;
        Some(Known { digest: *digest, size, print })
    };
    let look = |digest, image: Image| Known { digest, size: image.size(), print: Fingerprint::of(&image) };
    open(path, max_megapixels, turn, known, look)
}

/// Looks at a file's image, unless all is `known` by the digest of its bytes.
fn open<T>(
    path: &Path,
    max_megapixels: u32,
    large: &Mutex<()>,
    known: impl FnOnce(&Digest, &Limits) -> Option<T>,
    look: impl FnOnce(Digest, Image) -> T,
) -> Result<T, Why> {
    let unreadable = |error: std::io::Error| Why::Unreadable(error.to_string());
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Why::Unreadable("not a file".into()));
    }
    let limits = Limits { max_pixels: u64::from(max_megapixels) * 1_000_000 };
    // Four samples of 16 bits a pixel, and room for metadata.
    let limit = limits.max_pixels * 8 + (64 << 20);
    let bytes = metadata.len();
    if bytes > limit {
        return Err(Why::TooManyBytes { bytes, limit, max_megapixels });
    }
    // A panic elsewhere leaves nothing half-done here.
    let wait = || large.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut turn = (bytes > LARGE_BYTES).then(wait);
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(Why::Empty);
    }
    let digest = Digest::of(&bytes);
    if let Some(known) = known(&digest, &limits) {
        return Ok(known);
    }
    if turn.is_none() && probe_size(&bytes, &limits).is_ok_and(|size| size.pixels() > LARGE_PIXELS) {
        turn = Some(wait());
    }
    let image = decode(&bytes, &limits).map_err(|error| Why::Undecodable(error.to_string()))?;
    let seen = look(digest, image);
    drop(turn);
    Ok(seen)
}
