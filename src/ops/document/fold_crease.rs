//! Paper that was folded and laid flat again.

use super::{UNIT, between, fixed, part, rng, shorter};
use crate::digest::Digest;
use crate::effect::Lowering;
use crate::effect::custom::{Buffers, Custom};
use crate::effect::field::Field;
use crate::effect::paper::Paper;
use crate::effect::shade::{self, ONE};
use crate::number::Micro;
use crate::ops::spec::{integer, number, word};
use crate::pixels::{Image, Size};

crate::op! {
    /// Folds: the panels on either side of a crease catch the light differently, the crease itself is a thin light or
    /// dark line with breaks, and ink is worn off along it. Creases lie near equal parts of the page and lean by up to
    /// 1.5 degrees. After Augraphy's `Folding`; only the light is done here, the paper does not move.
    op "fold_crease", revision 1, Document, effects [], example "count = [1, 3]";
    FoldCrease {
        /// How many creases.
        count: Micro = integer(0, 12, "creases").or(1),
        /// How deep they look; 0 changes nothing, 1 is a sharp fold under a low lamp.
        strength: Micro = number(0, 1, "fraction").or_micro(500_000),
        /// Which way they run; `cross` has both ways in turn.
        direction: &'static str = word(&["horizontal", "vertical", "cross", "any"]).or_word("any"),
    }
}

impl FoldCrease {
    fn lower(&self, lowering: &mut Lowering) {
        let key = lowering.key();
        if self.strength > Micro::ZERO && self.count > Micro::ZERO {
            let Self { count, strength, direction } = *self;
            lowering.custom(Folded { count, strength, direction, key });
        }
    }
}

#[derive(Debug)]
struct Folded {
    count: Micro,
    strength: Micro,
    direction: &'static str,
    key: Digest,
}

/// One crease: `right · x + down · y = at`, in px, with a unit normal.
struct Crease {
    right: f32,
    down: f32,
    at: f32,
    /// 1 where the side that the normal points to lies in shade, −1 where it is lit.
    shade: f32,
    /// Above 0 it is a ridge that catches light, below 0 a valley.
    ridge: f32,
}

impl Folded {
    fn creases(&self, size: Size) -> Vec<Crease> {
        let mut rng = rng(&self.key, "fold_crease creases");
        let count = self.count.to_int().unwrap_or(0);
        let (width, height) = (size.width as f32, size.height as f32);
        let crease = |index: i64| {
            let vertical = match self.direction {
                "horizontal" => false,
                "vertical" => true,
                _ => index % 2 == 1,
            };
            // Of the creases that run this way.
            let (index, count) = match self.direction {
                "cross" => (index / 2, (count + i64::from(!vertical)) / 2),
                _ => (index, count),
            };
            let place = (index as f32 + 1.0 + between(&mut rng, -0.22, 0.22)) / (count as f32 + 1.0);
            let lean = between(&mut rng, -0.026, 0.026);
            let norm = 1.0 / (1.0 + lean * lean).sqrt();
            let (right, down) = if vertical { (norm, lean * norm) } else { (lean * norm, norm) };
            let (x, y) = if vertical { (width * place, height * 0.5) } else { (width * 0.5, height * place) };
            let sign = if rng.below(2) == 0 { 1.0 } else { -1.0 };
            let ridge = if rng.below(2) == 0 { 1.0 } else { -1.0 } * between(&mut rng, 0.6, 1.0);
            Crease { right, down, at: right * x + down * y, shade: sign * between(&mut rng, 0.6, 1.0), ridge }
        };
        (0..count).map(crease).collect()
    }
}

impl Custom for Folded {
    fn apply(&self, image: &mut Image, buffers: &mut Buffers) {
        let size = image.size();
        let (width, short) = (size.width as usize, shorter(size));
        let strength = self.strength.to_f64() as f32;
        let (panel, line) = (0.22 * short, (0.0028 * short).max(0.7));
        let field = |name, cell: f32| Field::new(&part(&self.key, name), size, f64::from(cell));
        let bend = field("fold_crease bend", (0.06 * short).max(2.0));
        let breaks = field("fold_crease breaks", (0.012 * short).max(1.5));
        let wear = field("fold_crease wear", (1.3 * line).max(1.0));
        let creases = self.creases(size);
        let paper = Paper::of(image);
        let mut numbers: [Vec<i32>; 5] = std::array::from_fn(|_| buffers.numbers(width));
        let mut behind = buffers.image(Size::new(size.width, 1));
        for (y, row) in (0..size.height).zip(image.data_mut().chunks_exact_mut(width * 3)) {
            let [factors, worn, bends, broken, fibres] = &mut numbers;
            factors.fill(ONE);
            worn.fill(0);
            bend.row(y, bends);
            let mut near = false;
            for crease in &creases {
                let start = crease.right * 0.5 + crease.down * (y as f32 + 0.5) - crease.at;
                // The columns that this crease can reach in this row.
                let (first, last) = reached(start, crease.right, panel, width);
                if first >= last {
                    continue;
                }
                if !near {
                    breaks.row(y, broken);
                    wear.row(y, fibres);
                    near = true;
                }
                for x in first..last {
                    let away = start + crease.right * x as f32 + bends[x] as f32 * (UNIT * 0.004 * short);
                    let distance = away.abs();
                    let falling = (1.0 - distance / panel).max(0.0);
                    let side = if away > 0.0 { -crease.shade } else { 0.6 * crease.shade };
                    let soft = side * (0.10 * falling * falling + 0.16 * falling * falling * falling * falling);
                    let break_ = (0.75 + 1.6 * UNIT * broken[x] as f32).clamp(0.0, 1.0);
                    let core = (1.0 - distance / line).max(0.0);
                    // A ridge has a dark lip, a valley a light one.
                    let lip = (1.0 - (away - 1.6 * line * crease.shade).abs() / (1.3 * line)).max(0.0);
                    let crisp = crease.ridge * break_ * (0.32 * core - 0.2 * lip);
                    factors[x] = (factors[x] as f32 * (1.0 + strength * (soft + crisp))) as i32;
                    let rubbed = (1.0 - distance / (2.6 * line)).max(0.0);
                    let fibre = (0.4 + 2.2 * UNIT * fibres[x] as f32).clamp(0.0, 1.0);
                    worn[x] = worn[x].max(fixed((1.6 * strength * rubbed * fibre * break_).min(0.9)));
                }
            }
            if near {
                paper.row(y, behind.data_mut());
                shade::towards(row, behind.data(), worn);
                shade::multiply(row, factors);
            }
        }
        numbers.into_iter().for_each(|numbers| buffers.give_numbers(numbers));
        buffers.give(behind);
    }
}

/// The columns `first..last` of a row in which `start + slope · x` lies within `reach`.
fn reached(start: f32, slope: f32, reach: f32, width: usize) -> (usize, usize) {
    let reach = reach * 1.02 + 2.0;
    if slope.abs() < 1e-4 {
        return if start.abs() < reach { (0, width) } else { (0, 0) };
    }
    let (a, b) = ((-reach - start) / slope, (reach - start) / slope);
    let clip = |at: f32| at.clamp(0.0, width as f32) as usize;
    (clip(a.min(b).floor()), clip(a.max(b).ceil()))
}
