//! Text in the embedded typefaces.
//!
//! Letters stand on their baseline, advances are the font's own, without kerning or hinting. A character that a face
//! lacks is a mistake in our word lists, not in anyone's input.

use super::canvas::{Affine, Canvas, Ink};
use ab_glyph::{Font as _, FontRef};
use std::sync::LazyLock;

/// A typeface. Sans is Noto Sans (Apache-2.0), serif and mono are DejaVu (Bitstream Vera licence).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Face {
    Sans,
    SansBold,
    SansItalic,
    Serif,
    SerifBold,
    Mono,
}

/// A face at a size: pixels per em.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub face: Face,
    pub size: f32,
}

/// Where a text's given `x` lies in it.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

type Fonts = [FontRef<'static>; 6];

static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    [
        notosans::REGULAR_TTF,
        notosans::BOLD_TTF,
        notosans::ITALIC_TTF,
        dejavu::serif::regular(),
        dejavu::serif::bold(),
        dejavu::sans_mono::regular(),
    ]
    .map(|bytes| FontRef::try_from_slice(bytes).expect("BUG: an embedded font is damaged"))
});

impl Face {
    pub fn at(self, size: f32) -> Type {
        Type { face: self, size }
    }

    fn font(self) -> &'static FontRef<'static> {
        &FONTS[self as usize]
    }
}

impl Type {
    fn scale(self) -> f32 {
        self.size / self.face.font().units_per_em().expect("BUG: an embedded font has no units per em")
    }

    /// The advance of `text` in pixels.
    pub fn width(self, text: &str) -> f32 {
        let font = self.face.font();
        text.chars().map(|character| font.h_advance_unscaled(font.glyph_id(character))).sum::<f32>() * self.scale()
    }

    /// `text` cut at a space, so that each line but one long word's is at most `width` pixels wide.
    pub fn wrap(self, text: &str, width: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if self.width(line) + self.width(" ") + self.width(word) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// The largest size up to this one at which `text` fits into `width` pixels.
    pub fn fit(self, text: &str, width: f32) -> Self {
        let wide = self.width(text);
        if wide <= width { self } else { Self { size: self.size * width / wide, ..self } }
    }
}

impl Canvas {
    /// Writes `text` on the baseline `y`; returns its width.
    pub fn text(&mut self, style: Type, align: Align, x: f32, y: f32, text: &str, ink: impl Into<Ink>) -> f32 {
        let width = style.width(text);
        let left = match align {
            Align::Left => x,
            Align::Center => x - width / 2.0,
            Align::Right => x - width,
        };
        self.spaced_text(style, left, y, 0.0, text, ink.into());
        width
    }

    /// Writes `text` from `x` on, with `extra` pixels after each character.
    pub fn spaced_text(&mut self, style: Type, x: f32, y: f32, extra: f32, text: &str, ink: Ink) {
        let (font, scale) = (style.face.font(), style.scale());
        let mut pen = x;
        for character in text.chars() {
            let glyph = font.glyph_id(character);
            debug_assert!(glyph.0 != 0, "BUG: no glyph for {character:?} in {:?}", style.face);
            if let Some(outline) = font.outline(glyph) {
                let place = Affine::scale(scale, -scale).then(Affine::shift(pen, y));
                self.fill_mapped(&outline.curves, place, ink);
            }
            pen += font.h_advance_unscaled(glyph) * scale + extra;
        }
    }

    /// Writes `text` so that it fills `width`: the room left over goes between the words.
    pub fn justified(&mut self, style: Type, x: f32, y: f32, width: f32, text: &str, ink: impl Into<Ink>) {
        let ink = ink.into();
        let words: Vec<&str> = text.split(' ').collect();
        let taken: f32 = words.iter().map(|word| style.width(word)).sum();
        let gap = (width - taken) / (words.len().max(2) - 1) as f32;
        let mut pen = x;
        for word in words {
            pen += self.text(style, Align::Left, pen, y, word, ink) + gap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_fit_and_lose_no_word() {
        let style = Face::Serif.at(9.0);
        let text = "the quick brown fox jumps over the lazy dog and on";
        let lines = style.wrap(text, 80.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| style.width(line) <= 80.0));
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn every_face_writes_something() {
        for face in [Face::Sans, Face::SansBold, Face::SansItalic, Face::Serif, Face::SerifBold, Face::Mono] {
            let mut canvas = Canvas::new(60, 20, [255; 3]);
            let width = canvas.text(face.at(14.0), Align::Left, 2.0, 15.0, "Ag 9", [0; 3]);
            let dark = canvas.into_image().data().iter().filter(|sample| **sample < 64).count();
            assert!(width > 20.0 && dark > 60, "{face:?}: {width} {dark}");
        }
    }
}
