//! Paper that is not smooth.

use super::{UNIT, between, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::coverage::{self, Dab};
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::grain::Grain;
use crate::effect::shade::{self, ONE, fraction, wave};
use crate::number::Micro;
use crate::ops::spec::{number, word};
use crate::pixels::{Image, Size};

crate::op! {
    /// Gives the paper a texture: cloudy thickness, a tooth that is lit from one side, and by pattern fibres or the
    /// ribs of a papermaker's mould. Multiplies brightness, so it shows on paper and hardly on ink. After Augraphy's
    /// `PaperFactory` and `NoiseTexturize`; made from fields at several scales instead of stored textures.
    op "paper_texture", revision 1, Document, effects [], example "strength = [0.2, 0.6]";
    PaperTexture {
        /// 0 changes nothing, 1 is coarse wrapping paper.
        strength: Micro = number(0, 1, "fraction"),
        /// `tooth` alone, with `fibres` (recycled paper), or `laid` (old handmade paper).
        pattern: &'static str = word(&["tooth", "fibres", "laid", "any"]).or_word("any"),
    }
}

impl PaperTexture {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO {
            lowering.custom(Texture { strength: self.strength, pattern: self.pattern, key });
        }
    }
}

#[derive(Debug)]
struct Texture {
    strength: Micro,
    pattern: &'static str,
    key: Digest,
}

impl Custom for Texture {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let field = |name, cell: f32| Field::new(&part(&self.key, name), size, f64::from(cell));
        let clouds = field("paper_texture clouds", (0.12 * short).max(3.0));
        let flocks = field("paper_texture flocks", (0.03 * short).max(2.0));
        let tooth = field("paper_texture tooth", (0.0045 * short).max(1.7));
        let grain = Grain::new(&part(&self.key, "paper_texture grain"));
        let mut relief = buffers.numbers(if self.pattern == "fibres" { width * size.height as usize } else { 0 });
        if self.pattern == "fibres" {
            self.fibres(size, &mut relief, buffers);
        }
        let ribs = self.ribs(size);
        let mut numbers: [Vec<i32>; 5] = std::array::from_fn(|_| buffers.numbers(width + 1));
        tooth.row(0, &mut numbers[3]);
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            let [cloudy, flocky, grainy, above, below] = &mut numbers;
            clouds.row(y, cloudy);
            flocks.row(y, flocky);
            grain.row(y, grainy);
            tooth.row(y + 1, below);
            for x in 0..width {
                let lit = (above[x] - below[x + 1]) as f32;
                let height = 0.11 * cloudy[x] as f32 + 0.13 * flocky[x] as f32 + 0.17 * lit;
                let height = UNIT * (height + 0.07 * (grainy[x] - 32768) as f32);
                cloudy[x] = ONE + (ONE as f32 * strength * (height - 0.035)) as i32;
            }
            if let Some(relief) = relief.get(y as usize * width..).filter(|relief| !relief.is_empty()) {
                for (factor, relief) in cloudy.iter_mut().zip(relief) {
                    *factor += (strength * *relief as f32) as i32;
                }
            }
            if let Some(ribs) = &ribs {
                for (x, factor) in cloudy[..width].iter_mut().enumerate() {
                    // The mould's wires bend with the sheet.
                    let bent = 3.0 * UNIT * flocky[x] as f32;
                    *factor += (strength * ribs.at(x as f32, y as f32, bent)) as i32;
                }
            }
            shade::multiply(row, cloudy);
            std::mem::swap(above, below);
        }
        numbers.into_iter().for_each(|numbers| buffers.give_numbers(numbers));
        buffers.give_numbers(relief);
    }
}

impl Texture {
    /// Short curved fibres, light and dark, as much of them on every square of the shorter side.
    fn fibres(&self, size: Size, relief: &mut [i32], buffers: &mut Buffers) {
        let mut rng = rng(&self.key, "paper_texture fibres");
        let short = shorter(size);
        let (width, height) = (size.width as f32, size.height as f32);
        let count = (1500.0 * (width.max(height) / short).min(200.0)) as usize;
        for _ in 0..count {
            let radius = (0.0011 * short).max(0.3) * between(&mut rng, 0.6, 1.4);
            let (mut x, mut y) = (between(&mut rng, 0.0, width), between(&mut rng, 0.0, height));
            let (mut right, mut down) = (between(&mut rng, -1.0, 1.0), between(&mut rng, -1.0, 1.0));
            let step = between(&mut rng, 0.002, 0.007) * short;
            let (bend_right, bend_down) = (between(&mut rng, -0.5, 0.5), between(&mut rng, -0.5, 0.5));
            let fibre: [Dab; 5] = std::array::from_fn(|_| {
                let dab = Dab { x, y, radius };
                let norm = step / (right * right + down * down).sqrt().max(0.05);
                (x, y) = (x + right * norm, y + down * norm);
                (right, down) = (right + bend_right, down + bend_down);
                dab
            });
            let level = if rng.below(3) == 0 { between(&mut rng, 0.03, 0.12) } else { between(&mut rng, -0.2, -0.03) };
            let Some(bounds) = coverage::bounds(&fibre, size) else { continue };
            let mut mask = buffers.numbers(bounds.pixels());
            coverage::paint(&fibre, 1.0, &bounds, &mut mask);
            for (mask, y) in mask.chunks_exact(bounds.width()).zip(bounds.top..) {
                let row = &mut relief[y * size.width as usize..];
                for (relief, covered) in row[bounds.left..bounds.right].iter_mut().zip(mask) {
                    *relief += (level * *covered as f32) as i32;
                }
            }
            buffers.give_numbers(mask);
        }
    }

    fn ribs(&self, size: Size) -> Option<Ribs> {
        (self.pattern == "laid").then(|| {
            let mut rng = rng(&self.key, "paper_texture ribs");
            let upright = rng.below(2) == 0;
            let fine = (0.0085 * shorter(size) * between(&mut rng, 0.8, 1.3)).max(2.5);
            let chain = shorter(size) * between(&mut rng, 0.11, 0.18);
            Ribs { upright, fine: 1.0 / fine, chain: 1.0 / chain, thick: chain / (0.004 * shorter(size)).max(0.8) }
        })
    }
}

/// The wires of a papermaker's mould: fine ones side by side, and chains across them.
struct Ribs {
    upright: bool,
    fine: f32,
    chain: f32,
    thick: f32,
}

impl Ribs {
    /// In 4096ths, about 0.
    fn at(&self, x: f32, y: f32, bent: f32) -> f32 {
        let (across, along) = if self.upright { (x, y) } else { (y, x) };
        let chain = (along + bent) * self.chain;
        let beside = (fraction(chain) - 0.5).abs() * self.thick;
        300.0 * wave((across + bent) * self.fine) - 600.0 * (1.0 - beside).max(0.0) + 20.0
    }
}
