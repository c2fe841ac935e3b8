//! Where the page ends and something else is seen.

use super::{UNIT, between, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::paper::Paper;
use crate::number::Micro;
use crate::ops::spec::{integer, micro, word};
use crate::pixels::{Image, Size};

crate::op! {
    /// Covers a strip along sides of the image: the black of a copier's or scanner's open lid, the edges of the pages
    /// below in a stack, or the desk that the page lies on. The edge is slanted a little and casts a narrow shadow.
    /// After Augraphy's `PageBorder` (stacks) and `BadPhotoCopy` borders.
    op "page_border", revision 1, Document, effects [], example "sides = [1, 3]";
    PageBorder {
        /// How many sides, drawn among the four.
        sides: Micro = integer(0, 4, "sides").or(1),
        /// The widest strip, as a fraction of the shorter side; a strip is 0.3 to 1 times that.
        width: Micro = micro(0, 500_000, "fraction").or_micro(50_000),
        /// What is seen there.
        style: &'static str = word(&["scanner", "stack", "desk", "any"]).or_word("any"),
    }
}

impl PageBorder {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.sides > Micro::ZERO && self.width > Micro::ZERO {
            let Self { sides, width, style } = *self;
            lowering.custom(Border { sides, width, style, key });
        }
    }
}

#[derive(Debug)]
struct Border {
    sides: Micro,
    width: Micro,
    style: &'static str,
    key: Digest,
}

/// One strip: its width in px at the two ends of its side, and what it is made of.
struct Strip {
    /// 0 is left, then top, right, bottom.
    side: usize,
    from: f32,
    to: f32,
    color: [f32; 3],
    /// Pages in a stack, or 1.
    layers: f32,
}

impl Border {
    fn strips(&self, size: Size, paper: &Paper) -> Vec<Strip> {
        let mut rng = rng(&self.key, "page_border strips");
        let mut sides = vec![0, 1, 2, 3];
        let widest = self.width.to_f64() as f32 * shorter(size);
        // One desk, one scanner: the strips share their colour.
        let color = match self.style {
            "scanner" => [between(&mut rng, 8.0, 42.0); 3],
            "desk" => {
                let desks = [
                    [120.0, 84.0, 54.0],
                    [168.0, 132.0, 96.0],
                    [70.0, 66.0, 64.0],
                    [150.0, 152.0, 158.0],
                    [52.0, 60.0, 80.0],
                    [96.0, 60.0, 40.0],
                ];
                let light = between(&mut rng, 0.75, 1.15);
                desks[rng.below(desks.len() as u64) as usize].map(|sample: f32| sample * light)
            }
            _ => {
                let mut row = vec![0; size.width as usize * 3];
                paper.row(size.height / 2, &mut row);
                [row[0], row[1], row[2]].map(f32::from)
            }
        };
        (0..self.sides.to_int().unwrap_or(0))
            .map(|_| {
                let side = sides.remove(rng.below(sides.len() as u64) as usize);
                let wide = widest * between(&mut rng, 0.4, 1.0);
                // A straight page under a slightly turned lid.
                let slant = wide * between(&mut rng, -0.5, 0.5);
                let layers = if self.style == "stack" { between(&mut rng, 3.0, 7.0).floor() } else { 1.0 };
                Strip { side, from: (wide - slant).min(widest), to: (wide + slant).min(widest), color, layers }
            })
            .collect()
    }

    /// The strip's colour `depth` px beyond the page's edge, of `wide` px in all; `grain` is about −1 to 1.
    fn seen(&self, strip: &Strip, depth: f32, wide: f32, grain: f32, hair: f32) -> [f32; 3] {
        match self.style {
            "scanner" => strip.color.map(|sample| sample + 14.0 * grain + 40.0 * (1.0 - depth / hair).max(0.0)),
            "desk" => {
                // The page's own shadow on the desk.
                let shadow = 1.0 - 0.45 * (1.0 - depth / (0.45 * wide + 4.0 * hair)).clamp(0.0, 1.0);
                strip.color.map(|sample| sample * shadow * (1.0 + 0.3 * grain))
            }
            _ => {
                let sheet = wide / strip.layers;
                let (layer, within) = ((depth / sheet).floor(), depth / sheet - (depth / sheet).floor());
                let line = (1.0 - within * sheet / hair).max(0.0);
                let light =
                    (0.97 - 0.035 * layer - 0.1 * (1.0 - within).max(0.0) * (1.0 - within)) * (1.0 - 0.35 * line);
                strip.color.map(|sample| sample * (light + 0.02 * grain))
            }
        }
    }
}

impl Custom for Border {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, height) = (size.width as usize, size.height as usize);
        let short = shorter(size);
        let paper = Paper::of(image);
        let field = |name, cell: f32| Field::new(&part(&self.key, name), size, f64::from(cell));
        let (grain, wave) =
            (field("page_border grain", (0.004 * short).max(1.2)), field("page_border wave", (0.05 * short).max(2.0)));
        let hair = (0.003 * short).max(1.0);
        let (mut grains, mut waves) = (buffers.numbers(width), buffers.numbers(width));
        for strip in self.strips(size, &paper) {
            let (upright, last) = (strip.side % 2 == 0, strip.side >= 2);
            let most = (strip.from.max(strip.to) + 3.0 * hair).ceil() as usize + 1;
            let rows = match (upright, last) {
                (true, _) => 0..height,
                (false, false) => 0..most.min(height),
                (false, true) => height.saturating_sub(most)..height,
            };
            let columns = match (upright, last) {
                (false, _) => 0..width,
                (true, false) => 0..most.min(width),
                (true, true) => width.saturating_sub(most)..width,
            };
            for y in rows {
                grain.row(y as u32, &mut grains[..columns.end]);
                wave.row(y as u32, &mut waves[..columns.end]);
                let row = &mut image.data_mut()[y * width * 3..][..width * 3];
                for x in columns.clone() {
                    let (along, length, outside) = match (upright, last) {
                        (true, false) => (y, height, x),
                        (true, true) => (y, height, width - 1 - x),
                        (false, false) => (x, width, y),
                        (false, true) => (x, width, height - 1 - y),
                    };
                    let wide = strip.from + (strip.to - strip.from) * (along as f32 / length as f32);
                    let ragged = UNIT * waves[x] as f32 * 0.6 * hair;
                    let depth = wide + ragged - outside as f32 - 0.5;
                    let covered = (depth + 0.5).clamp(0.0, 1.0);
                    if covered <= 0.0 {
                        continue;
                    }
                    let seen = self.seen(&strip, depth.max(0.0), wide, UNIT * grains[x] as f32, hair);
                    for (sample, seen) in row[x * 3..][..3].iter_mut().zip(seen) {
                        let own = f32::from(*sample);
                        *sample = (own + (seen.clamp(0.0, 255.0) - own) * covered + 0.5) as u8;
                    }
                }
            }
        }
        buffers.give_numbers(grains);
        buffers.give_numbers(waves);
    }
}
