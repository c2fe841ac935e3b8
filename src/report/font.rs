//! The letters of contact sheets: Noto Sans, which the program holds, and for names that it has no letters for (Korean,
//! Chinese, Arabic) a font of the system. Nothing that is stored or hashed has text in it.

use ab_glyph::{Font as _, FontRef, FontVec, PxScale, ScaleFont as _};
use image::{GrayImage, Luma, Rgb, RgbImage};
use imageproc::drawing::draw_text_mut;
use std::collections::BTreeSet;

/// A font for some texts.
pub(super) struct Font {
    own: FontRef<'static>,
    /// For texts with letters that `own` does not have.
    other: Option<FontVec>,
}

impl Font {
    /// A font that has the letters of these texts, as far as any on this machine has.
    pub fn with<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let own = FontRef::try_from_slice(notosans::REGULAR_TTF).expect("BUG: the embedded font cannot be read");
        let missing: BTreeSet<char> =
            texts.flat_map(str::chars).filter(|letter| own.glyph_id(*letter).0 == 0).collect();
        let other = (!missing.is_empty()).then(|| of_system(&missing)).flatten();
        Self { own, other }
    }

    /// Writes a text with its upper left corner at a place, `size` pixels high.
    pub fn draw(&self, canvas: &mut RgbImage, color: Rgb<u8>, (x, y): (u32, u32), size: f32, text: &str) {
        let (x, y, scale) = (x as i32, y as i32, PxScale::from(size));
        match &self.other {
            Some(other) if text.chars().any(|letter| self.own.glyph_id(letter).0 == 0) => {
                draw_text_mut(canvas, color, x, y, scale, other, text);
            }
            _ => draw_text_mut(canvas, color, x, y, scale, &self.own, text),
        }
    }

    /// A text as coverage, 0 to 255, `em` pixels an em: a picture that is as wide as the text, and how far below its upper
    /// edge the baseline is.
    pub fn mask(&self, em: f32, text: &str) -> (GrayImage, u32) {
        match &self.other {
            Some(other) if text.chars().any(|letter| self.own.glyph_id(letter).0 == 0) => mask(other, em, text),
            _ => mask(&self.own, em, text),
        }
    }
}

fn mask(font: &impl ab_glyph::Font, em: f32, text: &str) -> (GrayImage, u32) {
    // `PxScale` is the height from the lowest descender to the highest ascender, not the em.
    let scale = PxScale::from(em * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0));
    let scaled = font.as_scaled(scale);
    let mut width = 0.0;
    let mut last = None;
    for id in text.chars().map(|letter| font.glyph_id(letter)) {
        width += scaled.h_advance(id) + last.map_or(0.0, |last| scaled.kern(last, id));
        last = Some(id);
    }
    let (width, height) = (width.ceil().max(1.0) as u32, scaled.height().ceil().max(1.0) as u32);
    let mut canvas = GrayImage::new(width, height);
    draw_text_mut(&mut canvas, Luma([255]), 0, 0, scale, font, text);
    (canvas, scaled.ascent().round() as u32)
}

/// The upright font of the system that has most of these letters: the first by name where several have as many, of the
/// weight nearest to regular.
fn of_system(letters: &BTreeSet<char>) -> Option<FontVec> {
    let mut fonts = fontdb::Database::new();
    fonts.load_system_fonts();
    let mut best: Option<(usize, u16, String, fontdb::ID)> = None;
    for face in fonts.faces().filter(|face| face.style == fontdb::Style::Normal) {
        let count = |data: &[u8], index: u32| {
            let font = FontRef::try_from_slice_and_index(data, index).ok()?;
            Some(letters.iter().filter(|letter| font.glyph_id(**letter).0 != 0).count())
        };
        let had = fonts.with_face_data(face.id, count).flatten().unwrap_or(0);
        let candidate = (letters.len() - had, face.weight.0.abs_diff(400), face.post_script_name.clone(), face.id);
        if had > 0 && best.as_ref().is_none_or(|best| candidate < *best) {
            best = Some(candidate);
        }
    }
    let (.., id) = best?;
    let load = |data: &[u8], index: u32| FontVec::try_from_vec_and_index(data.to_vec(), index).ok();
    fonts.with_face_data(id, load).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(font: &Font, text: &str) -> usize {
        let mut canvas = RgbImage::from_pixel(200, 30, Rgb([255; 3]));
        font.draw(&mut canvas, Rgb([0; 3]), (2, 2), 20.0, text);
        canvas.pixels().filter(|pixel| pixel[0] < 128).count()
    }

    #[test]
    fn latin_letters_need_no_font_of_the_system() {
        let font = Font::with(["Größe ×", "naïve"].into_iter());
        assert!(font.other.is_none() && drawn(&font, "Größe") > 100);
    }

    #[test]
    fn a_mask_is_as_wide_as_its_text_and_stands_on_its_baseline() {
        let font = Font::with(["HHHH"].into_iter());
        let ((one, baseline), (two, _)) = (font.mask(40.0, "HH"), font.mask(40.0, "HHHH"));
        assert!(two.width().abs_diff(2 * one.width()) <= 1);
        let rows: Vec<u32> = one.enumerate_pixels().filter(|(_, _, pixel)| pixel[0] > 128).map(|(_, y, _)| y).collect();
        let (top, below) = (rows.iter().min().unwrap(), rows.iter().max().unwrap() + 1);
        assert!(below.abs_diff(baseline) <= 1, "H ends at {below}, baseline {baseline}");
        // Noto Sans has capitals of 0.714 em.
        assert!((below - top).abs_diff(29) <= 1, "{}", below - top);
    }

    #[test]
    fn letters_that_noto_sans_lacks_are_looked_for_and_never_stop_a_sheet() {
        let font = Font::with(["계약서"].into_iter());
        // On a machine without a Korean font they are boxes.
        assert!(drawn(&font, "계약서") > 0);
        if let Some(other) = &font.other {
            assert_ne!(other.glyph_id('계').0, 0);
        }
    }
}
