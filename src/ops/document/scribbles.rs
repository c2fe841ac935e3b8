//! Someone had a pen.

use super::inks::{PENS, pigment};
use super::pen::{self, Stroke};
use super::{between, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::number::Micro;
use crate::ops::spec::{integer, micro, word};
use crate::pixels::{Image, Size};

crate::op! {
    /// Pen strokes: loops like handwriting, a signature, rings about something, underlines, ticks, crosses, zigzags.
    /// Ink lies over the page: black stays black. After Augraphy's `Scribbles`.
    op "scribbles", revision 1, Document, effects [], example "count = [1, 4]";
    Scribbles {
        /// How many figures.
        count: Micro = integer(0, 50, "figures").or(1),
        /// Of the line, as a fraction of the shorter side.
        thickness: Micro = micro(500, 200_000, "fraction").or_micro(5_000),
        /// Of the ink.
        color: &'static str = word(PENS).or_word("any"),
    }
}

crate::op! {
    /// Broad translucent bars along lines of text, as a highlighter makes them; found by the page's own lines where it
    /// has some. Multiplies: black stays black. After Augraphy's `Markup` with `markup_type = "highlight"`.
    op "highlighter", revision 1, Document, effects [], example "count = [1, 3]";
    Highlighter {
        /// How many bars.
        count: Micro = integer(0, 50, "bars").or(1),
        /// Of a bar, as a fraction of the shorter side.
        thickness: Micro = micro(500, 500_000, "fraction").or_micro(28_000),
        /// Of the ink.
        color: &'static str = word(&["yellow", "lime", "pink", "orange", "sky", "any"]).or_word("any"),
    }
}

impl Scribbles {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        let Self { count, thickness, color } = *self;
        lowering.custom(Drawn { count, thickness, color, key });
    }
}

#[derive(Debug)]
struct Drawn {
    count: Micro,
    thickness: Micro,
    color: &'static str,
    key: Digest,
}

impl Drawn {
    /// The places that the pen goes through, about a middle, with 1 as the figure's half width.
    fn figure(rng: &mut crate::seed::Rng) -> Vec<Vec<(f32, f32)>> {
        let mut draw = |low, high| between(rng, low, high);
        match (draw(0.0, 1.0) * 10.0) as u32 {
            // A word or a signature: loops of changing height that move on.
            0..=3 => {
                let letters = draw(4.0, 10.0) as u32;
                let (lean, tall) = (draw(0.0, 0.25), draw(0.12, 0.3));
                let mut places = Vec::new();
                for letter in 0..letters {
                    let start = 2.0 * letter as f32 / letters as f32 - 1.0;
                    let wide = 2.0 / letters as f32;
                    let high = tall * if draw(0.0, 1.0) < 0.25 { draw(1.4, 2.2) } else { draw(0.5, 1.0) };
                    places.push((start, draw(-0.02, 0.02)));
                    match (draw(0.0, 1.0) * 5.0) as u32 {
                        // A loop up as in l and e, an arch as in n, a bow as in u, a loop down as in g.
                        0..=1 => {
                            places.push((start + 0.6 * wide + lean * high, -high));
                            places.push((start + 0.15 * wide + lean * high, -high * draw(0.7, 1.0)));
                        }
                        2 => {
                            places.push((start + 0.15 * wide + lean * high, -0.8 * high));
                            places.push((start + 0.6 * wide + lean * high, -0.8 * high));
                        }
                        3 => {
                            places.push((start + 0.1 * wide + lean * high, -0.7 * high));
                            places.push((start + 0.3 * wide, 0.02));
                            places.push((start + 0.7 * wide + lean * high, -0.7 * high));
                        }
                        _ => {
                            places.push((start + 0.5 * wide, -0.4 * high));
                            places.push((start + 0.35 * wide - lean * high, high));
                            places.push((start + 0.1 * wide, 0.6 * high));
                        }
                    }
                    places.push((start + draw(0.5, 0.8) * wide, draw(0.0, 0.06)));
                }
                if draw(0.0, 1.0) < 0.4 {
                    places.extend([(1.15, -0.2), (0.3, 0.22), (-0.8, 0.26), (0.9, 0.12)]);
                }
                vec![places]
            }
            // A ring about something, drawn a little more than once.
            4..=5 => {
                let (high, drift) = (draw(0.3, 0.7), draw(-0.1, 0.1));
                let turn = |index: u32| {
                    let turns = f64::from(index) / 10.0 * std::f64::consts::TAU;
                    let far = 1.0 + drift * index as f32 / 12.0;
                    (far * libm::cos(turns) as f32, far * high * libm::sin(turns) as f32)
                };
                let ragged = |(x, y): (f32, f32)| (x + draw(-0.04, 0.04), y + draw(-0.04, 0.04));
                vec![(0..13).map(turn).map(ragged).collect()]
            }
            // One or two underlines.
            6 => {
                let line = |y: f32, bow: f32| vec![(-1.0, y), (-0.3, y + bow), (0.4, y - 0.3 * bow), (1.0, y + bow)];
                let mut lines = vec![line(0.0, draw(-0.03, 0.03))];
                if draw(0.0, 1.0) < 0.5 {
                    lines.push(line(draw(0.07, 0.13), draw(-0.03, 0.03)));
                }
                lines
            }
            7 => vec![vec![(-0.5, -0.1), (-0.32, 0.08), (-0.2, 0.3), (0.05, -0.25), (0.6, -0.8)]],
            8 => {
                let mut end = |at: f32| at + draw(-0.08, 0.08);
                vec![
                    vec![(end(-0.5), end(-0.5)), (end(0.0), end(0.0)), (end(0.5), end(0.5))],
                    vec![(end(0.5), end(-0.5)), (end(0.0), end(0.0)), (end(-0.5), end(0.5))],
                ]
            }
            // Something scribbled over.
            _ => {
                let turns = draw(8.0, 18.0) as u32;
                let (high, lean) = (draw(0.12, 0.35), draw(0.1, 0.3));
                let turn = |index: u32| {
                    let x = 2.0 * index as f32 / turns as f32 - 1.0;
                    let up = if index.is_multiple_of(2) { 1.0 } else { -1.0 };
                    (x + lean * up * high + draw(-0.05, 0.05), high * up * draw(0.7, 1.1))
                };
                vec![(0..=turns).map(turn).collect()]
            }
        }
    }

    fn strokes(&self, size: Size) -> Vec<Stroke> {
        let mut rng = rng(&self.key, "scribbles figures");
        let (short, thickness) = (shorter(size), self.thickness.to_f64() as f32);
        let mut strokes = Vec::new();
        for _ in 0..self.count.to_int().unwrap_or(0) {
            let figure = Self::figure(&mut rng);
            let half = short * between(&mut rng, 0.06, 0.24);
            let (x, y) =
                (between(&mut rng, 0.08, 0.92) * size.width as f32, between(&mut rng, 0.08, 0.92) * size.height as f32);
            let lean = between(&mut rng, -0.3, 0.3);
            for line in figure {
                let radius = 0.5 * thickness * short;
                let dab = |(right, down): (f32, f32)| {
                    pen::dab(x + half * (right - lean * down), y + half * (down + lean * right), radius, &mut rng)
                };
                strokes.push(Stroke::through(&line.into_iter().map(dab).collect::<Vec<_>>()));
            }
        }
        strokes
    }
}

impl Custom for Drawn {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let rough = self.color == "pencil";
        for stroke in self.strokes(image.size()) {
            stroke.draw(image, pigment(self.color), rough, &self.key, buffers);
        }
    }
}

impl Highlighter {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        let Self { count, thickness, color } = *self;
        lowering.custom(Highlit { count, thickness, color, key });
    }
}

#[derive(Debug)]
struct Highlit {
    count: Micro,
    thickness: Micro,
    color: &'static str,
    key: Digest,
}

impl Custom for Highlit {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let mut rng = rng(&self.key, "highlighter bars");
        let count = self.count.to_int().unwrap_or(0) as usize;
        let thick = self.thickness.to_f64() as f32 * shorter(image.size());
        for line in super::lines::choose(image, count, &mut rng) {
            pen::bar(line.left, line.right, line.middle, thick, &mut rng).wash(image, pigment(self.color), buffers);
        }
    }
}
