//! Marks that several kinds of document share: logos, stamps, barcodes, portraits, letterheads.

use super::canvas::{Affine, Canvas, Color, Ink, Path, blend};
use super::dice::Dice;
use super::text::{Align, Face};

/// Colours that firms and offices print in.
pub(super) const HOUSE: &[Color] =
    &[[24, 60, 120], [130, 28, 36], [20, 94, 70], [86, 50, 110], [150, 90, 20], [40, 44, 52], [0, 110, 140]];
/// Printer's black.
pub(super) const BLACK: Color = [26, 26, 28];
/// Fine print and rules.
pub(super) const GREY: Color = [110, 110, 114];

/// A firm's sign in a square of `size` pixels; `shape` 0 to 4.
pub(super) fn logo(canvas: &mut Canvas, shape: i64, x: f32, y: f32, size: f32, color: Color) {
    let pale = blend(color, [255; 3], 110);
    let r = size / 2.0;
    match shape {
        0 => {
            canvas.disc(x + r, y + r, r, color);
            canvas.disc(x + r * 1.35, y + r * 0.8, r * 0.55, pale);
        }
        1 => {
            canvas.fill(&Path::polygon(&[(x + r, y), (x + size, y + size), (x, y + size)]), color);
            canvas.fill(&Path::polygon(&[(x + r, y + r), (x + r * 1.5, y + size), (x + r * 0.5, y + size)]), pale);
        }
        2 => {
            for bar in 0..4 {
                let tall = size * (0.4 + 0.2 * bar as f32);
                canvas.rect(x + bar as f32 * size / 4.0, y + size - tall, size / 5.5, tall, color);
            }
        }
        3 => {
            canvas.ring(x + r, y + r, r * 0.85, r * 0.3, color);
            canvas.rect(x + r * 0.85, y, r * 0.3, size, color);
        }
        _ => {
            canvas.rounded(x, y, size, size, size * 0.2, color);
            canvas.fill(
                &Path::polygon(&[
                    (x + r, y + r * 0.3),
                    (x + r * 1.7, y + r),
                    (x + r, y + r * 1.7),
                    (x + r * 0.3, y + r),
                ]),
                pale,
            );
        }
    }
}

/// A round office stamp, turned; a little of it is missing, as ink does.
pub(super) fn stamp(canvas: &mut Canvas, dice: &mut Dice, x: f32, y: f32, radius: f32, text: &str) {
    let ink = Ink::new(dice.pick(&[[170, 30, 40], [40, 50, 150], [90, 40, 130]]), dice.int(120, 190) as u8);
    let map = Affine::turn(dice.between(-25.0, 25.0)).then(Affine::shift(x, y));
    let date = dice.date().to_uppercase();
    canvas.within(map, |canvas| {
        canvas.ring(0.0, 0.0, radius, 1.8, ink);
        canvas.ring(0.0, 0.0, radius * 0.86, 0.8, ink);
        let style = Face::SansBold.at(radius * 0.36).fit(text, radius * 1.45);
        canvas.text(style, Align::Center, 0.0, -radius * 0.14, text, ink);
        canvas.line((-radius * 0.8, 0.0), (radius * 0.8, 0.0), 0.8, ink);
        canvas.text(Face::SansBold.at(radius * 0.26), Align::Center, 0.0, radius * 0.32, &date, ink);
        for star in [-0.35, 0.0, 0.35] {
            canvas.disc(star * radius, radius * 0.6, radius * 0.06, ink);
            canvas.disc(star * radius, -radius * 0.62, radius * 0.06, ink);
        }
    });
}

/// Bars of 1 to 3 modules, `width` pixels in all.
pub(super) fn barcode(canvas: &mut Canvas, dice: &mut Dice, x: f32, y: f32, width: f32, height: f32) {
    let mut at = 0.0;
    let module = (width / 95.0).max(1.0);
    let mut bar = true;
    while at < width {
        let wide = (dice.pick(&[1.0, 1.0, 2.0, 3.0]) * module).min(width - at);
        if bar {
            canvas.rect(x + at, y, wide, height, BLACK);
        }
        bar = !bar;
        at += wide;
    }
}

/// Someone to be photographed.
pub(super) struct Person {
    backdrop: Color,
    skin: Color,
    hair: Color,
    coat: Color,
    /// Half the face's width, per pixel of the photo's width.
    face: f32,
    long_hair: bool,
    glasses: bool,
}

impl Person {
    pub fn draw(dice: &mut Dice) -> Self {
        Self {
            backdrop: dice.pick(&[[205, 214, 222], [226, 226, 226], [190, 205, 220], [220, 210, 196]]),
            skin: dice.pick(&[[236, 200, 172], [214, 168, 132], [168, 118, 84], [112, 76, 54], [244, 214, 190]]),
            hair: dice.pick(&[[40, 30, 26], [84, 56, 36], [150, 110, 60], [120, 118, 116], [20, 20, 24]]),
            coat: dice.pick(&[[40, 50, 80], [90, 40, 46], [60, 60, 64], [46, 84, 70], [120, 100, 80]]),
            face: dice.between(0.2, 0.24),
            long_hair: dice.percent(50),
            glasses: dice.percent(25),
        }
    }

    /// A passport photo: backdrop, shoulders, face and hair, in flat tones.
    pub fn portrait(&self, canvas: &mut Canvas, x: f32, y: f32, width: f32, height: f32) {
        let Self { backdrop, skin, hair, coat, long_hair, glasses, .. } = *self;
        canvas.rect(x, y, width, height, backdrop);
        let (cx, face) = (x + width / 2.0, width * self.face);
        let cy = y + height * 0.42;
        // Shoulders end at the photo's lower edge, so they are a polygon and not an ellipse that would run over it.
        let (bottom, top) = (y + height, y + height * 0.74);
        if long_hair {
            canvas.rounded(cx - face * 1.25, cy - face * 0.6, face * 2.5, face * 2.7, face * 0.6, hair);
        }
        canvas.fill(
            &Path::polygon(&[
                (x + width * 0.06, bottom),
                (x + width * 0.12, top + height * 0.1),
                (x + width * 0.3, top),
                (x + width * 0.7, top),
                (x + width * 0.88, top + height * 0.1),
                (x + width * 0.94, bottom),
            ]),
            coat,
        );
        let shade = blend(skin, [0; 3], 40);
        canvas.fill(
            &Path::polygon(&[
                (cx - face * 0.45, cy),
                (cx + face * 0.45, cy),
                (cx + face * 0.5, top + height * 0.03),
                (cx, top + height * 0.1),
                (cx - face * 0.5, top + height * 0.03),
            ]),
            shade,
        );
        canvas.ellipse(cx, cy - face * 0.35, face * 1.12, face * 1.15, hair);
        canvas.ellipse(cx, cy, face, face * 1.25, skin);
        for side in [-1.0, 1.0] {
            canvas.ellipse(cx + side * face * 0.42, cy - face * 0.12, face * 0.17, face * 0.09, [250, 250, 250]);
            canvas.disc(cx + side * face * 0.42, cy - face * 0.12, face * 0.09, [40, 34, 30]);
            canvas.line(
                (cx + side * face * 0.22, cy - face * 0.36),
                (cx + side * face * 0.62, cy - face * 0.38),
                face * 0.08,
                hair,
            );
        }
        canvas.line((cx, cy), (cx - face * 0.08, cy + face * 0.3), face * 0.07, shade);
        canvas.ellipse(cx, cy + face * 0.66, face * 0.3, face * 0.08, blend(skin, [150, 30, 40], 130));
        let mut fringe = Path::default();
        fringe.add_ellipse(cx, cy - face * 1.0, face * 0.85, face * 0.32, false);
        canvas.fill(&fringe, hair);
        if glasses {
            for side in [-1.0, 1.0] {
                canvas.ring(cx + side * face * 0.42, cy - face * 0.1, face * 0.28, face * 0.07, BLACK);
            }
            canvas.line((cx - face * 0.16, cy - face * 0.12), (cx + face * 0.16, cy - face * 0.12), face * 0.07, BLACK);
        }
    }
}

/// Fine crossing waves, as on banknotes and cards.
pub(super) fn guilloche(canvas: &mut Canvas, x: f32, y: f32, width: f32, height: f32, phase: f32, ink: Ink) {
    let lines = (height / 9.0) as i64;
    for line in 0..lines {
        let base = y + height * (line as f32 + 0.5) / lines as f32;
        let points: Vec<(f32, f32)> = (0..=64)
            .map(|step| {
                let t = step as f32 / 64.0;
                let wave = libm::sinf(t * 17.0 + phase + line as f32 * 0.5) * libm::sinf(t * 5.0 + phase);
                (x + width * t, base + wave * 4.0)
            })
            .collect();
        let mut path = Path::default();
        for pair in points.windows(2) {
            path.add_line(pair[0], pair[1], 0.8);
        }
        canvas.fill(&path, ink);
    }
}
