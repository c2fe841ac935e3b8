//! Locks of a run folder: the kernel's, so they are freed when a process dies, however it dies. The file itself stays, and
//! says to people who held it last.

use super::Result;
use crate::fs;
use crate::store::Holder;
use std::fs::{File, TryLockError};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

/// Takes a lock, or says who has it. Those who only look try the lock for a moment, so it is asked for more than once.
pub(in crate::train) fn take(path: &Path, holder: &Holder) -> Result<std::result::Result<File, Holder>> {
    let file = fs::open_lock(path)?;
    for tried in 0.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if tried < 10 => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
                return Ok(Err(holder.unwrap_or_default()));
            }
            Err(TryLockError::Error(error)) => return Err(fs::on("lock", path)(error).into()),
        }
    }
    let text = serde_json::to_string(holder).expect("BUG: a holder that is no JSON") + "\n";
    file.set_len(0).and_then(|()| file.write_all_at(text.as_bytes(), 0)).map_err(fs::on("write", path))?;
    Ok(Ok(file))
}

/// Whether a process has it.
pub(super) fn is_held(path: &Path) -> Result<bool> {
    let file = match fs::open(path) {
        Err(error) if error.is_missing() => return Ok(false),
        file => file?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(fs::on("lock", path)(error).into()),
    }
}
