//! The images that submissions are of, where a folder has them.

use crate::pixels::{Image, Limits, decode};
use crate::source::checked_id;
use std::path::{Path, PathBuf};

/// Endings that an ID may lack.
const ENDINGS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"];

/// The image of an ID below a folder.
///
/// # Errors
/// With the reason, for people, where there is none.
pub fn image(folder: &Path, id: &str) -> Result<Image, String> {
    let file = file(folder, id).ok_or_else(|| format!("no file '{id}' in {}", folder.display()))?;
    let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    decode(&bytes, &Limits::default()).map_err(|error| format!("{}: {error}", file.display()))
}

/// The file of the ID's name, or with an ending that the ID lacks.
fn file(folder: &Path, id: &str) -> Option<PathBuf> {
    let file = folder.join(checked_id(id).ok()?);
    let with = |ending: &str| {
        let mut name = file.clone().into_os_string();
        name.push(format!(".{ending}"));
        PathBuf::from(name)
    };
    [file.clone()].into_iter().chain(ENDINGS.into_iter().map(with)).find(|file| file.is_file())
}
