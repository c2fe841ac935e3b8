//! The step strip: one sample on its way from its source to what is stored, an image after each step.

use super::{Row, sheet};
use crate::manifest::Entry;
use crate::opened::{Stage, ViewError, Viewer};
use crate::pixels::{EncodeError, Image, Size};
use image::imageops;

/// The longest side of a picture.
const SIDE: u32 = 240;
/// Pictures in a row.
const COLUMNS: usize = 5;

/// Why there is no strip.
#[derive(Debug, thiserror::Error)]
pub enum StripError {
    /// The sample cannot be drawn.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The strip cannot be written as PNG.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Draws the strip of a sample as PNG: the source, the image after each step, and what is stored, five to a row.
///
/// # Errors
/// When the sample's sources or this engine cannot draw it.
pub fn strip(viewer: &Viewer<'_>, entry: &Entry) -> Result<Vec<u8>, StripError> {
    let cells = stages(viewer, entry, SIDE)?;
    let rows: Vec<Row> =
        (cells.chunks(COLUMNS)).map(|cells| Row { name: String::new(), cells: cells.to_vec() }).collect();
    let title = format!("{}: {}", viewer.opened().label(), entry.key);
    Ok(sheet(&title, &rows, SIDE)?)
}

/// Each stage of a sample, its longest side at most `side` pixels, with what to write below: the step, and the size
/// that its canvas has.
///
/// # Errors
/// When the sample's sources or this engine cannot draw it.
pub fn stages(viewer: &Viewer<'_>, entry: &Entry, side: u32) -> Result<Vec<(Image, String)>, ViewError> {
    viewer.stages(entry, |stage, image| {
        let Size { width, height } = image.size();
        let name = match stage {
            Stage::Source => "source",
            Stage::Step(drawn) => &drawn.step.id,
            Stage::Stored => "stored",
        };
        (smaller(image, side), format!("{name} {width}×{height}"))
    })
}

/// An image whose longest side is at most `side` pixels.
pub fn smaller(image: &Image, side: u32) -> Image {
    let Size { width, height } = image.size();
    let longest = width.max(height);
    if longest <= side {
        return image.clone();
    }
    let length = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
    let full = image::RgbImage::from_raw(width, height, image.data().to_vec()).expect("BUG: three bytes a pixel");
    let small = imageops::resize(&full, length(width), length(height), imageops::FilterType::Triangle);
    Image::new(Size::new(small.width(), small.height()), small.into_raw()).expect("BUG: three bytes a pixel")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_images_are_made_smaller() {
        let image = Image::filled(Size::new(1000, 10), [9; 3]);
        assert_eq!(smaller(&image, 320).size(), Size::new(320, 3));
        assert_eq!(smaller(&image, 1000), image);
    }
}
