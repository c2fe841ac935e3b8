//! Contact sheets: many images in one PNG, labelled, to be looked at before anything is built.

use super::font::Font;
use crate::pixels::{EncodeError, Encoding, Image, Size};
use image::{Rgb, RgbImage, imageops};

/// The longest side of a picture on a sheet of many.
pub const CELL: u32 = 150;
const GAP: u32 = 6;
const CAPTION: u32 = 13;
const TITLE: u32 = 26;
const PAPER: Rgb<u8> = Rgb([236, 236, 232]);
const INK: Rgb<u8> = Rgb([30, 30, 30]);
const FADED: Rgb<u8> = Rgb([110, 110, 110]);

/// One row of pictures with a name.
#[derive(Clone, Debug)]
pub struct Row {
    /// Written at the left.
    pub name: String,
    /// Pictures with what is written below each.
    pub cells: Vec<(Image, String)>,
}

/// Draws a sheet: a title, then rows of pictures with captions, as PNG. A picture's longest side becomes `cell` pixels.
///
/// # Errors
/// When the sheet is too large for a PNG, which some 10,000 rows would make it.
pub fn sheet(title: &str, rows: &[Row], cell: u32) -> Result<Vec<u8>, EncodeError> {
    let captions = rows.iter().flat_map(|row| row.cells.iter().map(|(_, caption)| caption.as_str()));
    let font = Font::with(rows.iter().map(|row| row.name.as_str()).chain(captions).chain([title]));
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0) as u32;
    let (width, line) = (GAP + columns * (cell + GAP), cell + 2 * CAPTION + GAP);
    let mut canvas = RgbImage::from_pixel(width.max(400), TITLE + rows.len() as u32 * line + GAP, PAPER);
    let write = |canvas: &mut RgbImage, x: u32, y: u32, size: f32, color, room: u32, text: &str| {
        let text = shorten(text, (room as f32 / (size * 0.5)) as usize);
        font.draw(canvas, color, (x, y), size, &text);
    };
    write(&mut canvas, GAP, 3, 18.0, INK, width.max(400), title);
    for (number, row) in rows.iter().enumerate() {
        let top = TITLE + number as u32 * line;
        write(&mut canvas, GAP, top, 14.0, INK, width, &row.name);
        for (column, (image, caption)) in row.cells.iter().enumerate() {
            let left = GAP + column as u32 * (cell + GAP);
            let small = fitted(image, cell);
            let (x, y) = (left + (cell - small.width()) / 2, top + CAPTION + 3 + (cell - small.height()) / 2);
            imageops::replace(&mut canvas, &small, x.into(), y.into());
            write(&mut canvas, left, top + CAPTION + 3 + cell, 11.0, FADED, cell, caption);
        }
    }
    let size = Size::new(canvas.width(), canvas.height());
    let image = Image::new(size, canvas.into_raw()).expect("BUG: three bytes a pixel");
    Encoding::Png.encode(&image)
}

/// At most `most` characters, the last an ellipsis where some are missing.
fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// An image whose longest side is `side` pixels, made smaller or larger.
pub fn fitted(image: &Image, side: u32) -> RgbImage {
    let Size { width, height } = image.size();
    let full = RgbImage::from_raw(width, height, image.data().to_vec()).expect("BUG: three bytes a pixel");
    let scale = f64::from(side) / f64::from(width.max(height));
    let length = |length: u32| ((f64::from(length) * scale).round() as u32).clamp(1, side);
    imageops::resize(&full, length(width), length(height), imageops::FilterType::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{Limits, decode};

    #[test]
    fn a_sheet_shows_every_picture() {
        let cell = |color| (Image::filled(Size::new(40, 20), color), "caption".to_owned());
        let rows = [
            Row { name: "one".into(), cells: vec![cell([255, 0, 0]), cell([0, 255, 0])] },
            Row { name: "two".into(), cells: vec![cell([0, 0, 255])] },
        ];
        let sheet = decode(&sheet("title", &rows, CELL).unwrap(), &Limits::default()).unwrap();
        let middle = |column, row| {
            sheet.pixel(
                GAP + column * (CELL + GAP) + CELL / 2,
                TITLE + row * (CELL + 2 * CAPTION + GAP) + CAPTION + 3 + CELL / 2,
            )
        };
        assert_eq!((middle(0, 0), middle(1, 0), middle(0, 1)), ([255, 0, 0], [0, 255, 0], [0, 0, 255]));
        assert!(sheet.data().chunks(3).any(|pixel| pixel == [30, 30, 30]), "no text");
    }

    #[test]
    fn long_captions_are_shortened_by_characters() {
        assert_eq!(shorten("한국어 문서", 4), "한국어…");
        assert_eq!(shorten("abc", 3), "abc");
    }
}
