//! What the gallery's page shows of one sample: a thumbnail, and opened, its provenance and its stages.

use crate::manifest::Entry;
use crate::opened::{Explained, ViewError, Viewer};
use crate::pixels::{EncodeError, Encoding, Image, Subsampling};
use crate::report::{smaller, stages};
use serde::Serialize;

/// The longest side of a thumbnail.
const THUMBNAIL: u32 = 160;
/// The longest side of a stage.
const STAGE: u32 = 200;

/// Why a sample cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum DetailError {
    /// It cannot be had.
    #[error(transparent)]
    View(#[from] ViewError),
    /// It cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A sample opened.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// In words.
    #[serde(flatten)]
    pub explained: Explained,
    /// Each step in one line.
    pub lines: Vec<[String; 2]>,
    /// What is written below each stage; the pictures go beside it.
    pub stages: Vec<String>,
}

/// A stage, as JPEG.
#[derive(Clone, Debug)]
pub struct StageImage {
    /// The step and the size of its canvas.
    pub caption: String,
    /// JPEG, the longest side at most 200 pixels.
    pub jpeg: Vec<u8>,
}

/// The stages of a sample, and what is said of it. A sample whose stages cannot be drawn has none, and the reason.
pub fn detail(viewer: &Viewer<'_>, entry: &Entry) -> (Detail, Result<Vec<StageImage>, DetailError>) {
    let explained = viewer.opened().explain(entry);
    let lines = explained.steps.iter().map(|step| [step.id.clone(), step.text()]).collect();
    let images = stages(viewer, entry, STAGE).map_err(DetailError::from).and_then(|stages| {
        let stage = |(image, caption): (Image, String)| Ok(StageImage { caption, jpeg: jpeg(&image)? });
        stages.into_iter().map(stage).collect::<Result<Vec<_>, DetailError>>()
    });
    let captions = images.iter().flatten().map(|stage| stage.caption.clone()).collect();
    (Detail { explained, lines, stages: captions }, images)
}

/// A sample as a JPEG whose longest side is at most 160 pixels.
///
/// # Errors
/// When it cannot be had.
pub fn thumbnail(viewer: &Viewer<'_>, entry: &Entry) -> Result<Vec<u8>, DetailError> {
    Ok(jpeg(&smaller(&viewer.image(entry)?, THUMBNAIL))?)
}

fn jpeg(image: &Image) -> Result<Vec<u8>, EncodeError> {
    Encoding::Jpeg { quality: 80, subsampling: Subsampling::S420 }.encode(image)
}
