//! Paper and light: what lies under a document's ink and over it.

use super::canvas::{Affine, Canvas, Color};
use super::dice::Dice;
use crate::pixels::{Image, Size};

/// How a document was printed on, and scanned or photographed; shared by its pages.
#[derive(Clone, Copy)]
pub(super) struct Paper {
    pub tone: Color,
    /// What shows around the sheet.
    pub bed: Color,
    /// Grey levels that single pixels stray.
    pub grain: f32,
    /// Grey levels that the paper's tone wanders over about 40 pixels.
    pub mottle: f32,
    /// Largest turn of the sheet, degrees.
    pub skew: f32,
    /// Grey levels from one corner to the opposite one.
    pub light: f32,
    /// How much of each pixel comes from its neighbours, 0 to 1.
    pub soft: f32,
}

impl Paper {
    /// A scanned sheet of about this tone.
    pub fn draw(dice: &mut Dice, tone: Color, spread: i64) -> Self {
        Self {
            tone: dice.near(tone, spread),
            bed: dice.pick(&[[40, 40, 42], [225, 225, 222], [120, 112, 104], [250, 250, 250]]),
            grain: dice.between(1.0, 5.0),
            mottle: dice.between(1.0, 6.0),
            skew: dice.between(0.0, 1.2),
            light: dice.between(0.0, 18.0),
            soft: dice.between(0.0, 0.5),
        }
    }

    /// A sheet a little turned on its bed; what is drawn next lies on the sheet.
    pub fn lay(&self, page: &mut Dice, width: u32, height: u32) -> Canvas {
        let mut canvas = Canvas::new(width, height, self.bed);
        let (w, h) = (canvas.width(), canvas.height());
        canvas.enter(Affine::turn_about(page.between(-self.skew, self.skew), w / 2.0, h / 2.0));
        canvas.enter(Affine::shift(page.between(-1.5, 1.5), page.between(-1.5, 1.5)));
        canvas.rect(1.0, 1.0, w - 2.0, h - 2.0, self.tone);
        canvas
    }

    /// Texture, light and softness over all that was drawn.
    pub fn finish(&self, page: &mut Dice, mut canvas: Canvas) -> Image {
        let image = canvas.image_mut();
        if self.soft > 0.0 {
            soften(image, self.soft);
        }
        let seed = page.bits();
        let (to_x, to_y) = (page.between(-1.0, 1.0), page.between(-1.0, 1.0));
        let size = image.size();
        let (width, height) = (size.width as f32, size.height as f32);
        let (coarse, fine) = (Wander::new(seed ^ 1, size, 40), Wander::new(seed ^ 2, size, 9));
        for y in 0..size.height {
            for x in 0..size.width {
                let slope = to_x * (x as f32 / width - 0.5) + to_y * (y as f32 / height - 0.5);
                let (first, second) = noise(seed, x, y);
                let wander = coarse.at(x, y) + 0.5 * fine.at(x, y);
                let shift =
                    slope * self.light + (first + second) * self.grain + wander * self.mottle - self.light * 0.25;
                let pixel = image.pixel(x, y).map(|v| (f32::from(v) + shift).round().clamp(0.0, 255.0) as u8);
                image.set(x, y, pixel);
            }
        }
        canvas.into_image()
    }
}

/// Two values in -1 to 1 for each lattice point, by SplitMix64's finaliser.
fn noise(seed: u64, x: u32, y: u32) -> (f32, f32) {
    let mut z = seed ^ (u64::from(x) << 32 | u64::from(y)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    ((z >> 40) as f32 / 8_388_608.0 - 1.0, (z & 0xff_ffff) as f32 / 8_388_608.0 - 1.0)
}

/// Values in -1 to 1 on a grid of `pitch` pixels, and between its points by a smooth step.
struct Wander {
    grid: Vec<f32>,
    columns: usize,
    /// How far each offset within a cell has gone to the next point.
    ease: Vec<f32>,
}

impl Wander {
    fn new(seed: u64, size: Size, pitch: u32) -> Self {
        let (columns, rows) = (size.width / pitch + 2, size.height / pitch + 2);
        let grid = (0..rows).flat_map(|y| (0..columns).map(move |x| noise(seed, x, y).0)).collect();
        let ease = (0..pitch).map(|offset| offset as f32 / pitch as f32).map(|t| t * t * (3.0 - 2.0 * t)).collect();
        Self { grid, columns: columns as usize, ease }
    }

    fn at(&self, x: u32, y: u32) -> f32 {
        let (x, y, pitch) = (x as usize, y as usize, self.ease.len());
        let (u, v) = (self.ease[x % pitch], self.ease[y % pitch]);
        let corner = y / pitch * self.columns + x / pitch;
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let below = corner + self.columns;
        mix(mix(self.grid[corner], self.grid[corner + 1], u), mix(self.grid[below], self.grid[below + 1], u), v)
    }
}

/// Blends each pixel with the [1 2 1]² mean around it; the border repeats.
fn soften(image: &mut Image, share: f32) {
    let before = image.clone();
    let size = image.size();
    let share = (share * 256.0) as u32;
    for y in 0..size.height {
        for x in 0..size.width {
            let mut sum = [0u32; 3];
            for (row, weight_y) in [(y.saturating_sub(1), 1), (y, 2), ((y + 1).min(size.height - 1), 1)] {
                for (column, weight_x) in [(x.saturating_sub(1), 1), (x, 2), ((x + 1).min(size.width - 1), 1)] {
                    let pixel = before.pixel(column, row);
                    for (total, value) in sum.iter_mut().zip(pixel) {
                        *total += weight_x * weight_y * u32::from(value);
                    }
                }
            }
            let own = before.pixel(x, y);
            let mixed: [u8; 3] = std::array::from_fn(|c| {
                ((u32::from(own[c]) * 16 * (256 - share) + sum[c] * share + 2048) / 4096) as u8
            });
            image.set(x, y, mixed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texture_strays_around_the_tone_and_not_away_from_it() {
        let paper = Paper { tone: [200; 3], bed: [200; 3], grain: 4.0, mottle: 5.0, skew: 0.0, light: 0.0, soft: 0.0 };
        let mut page = Dice::of_page("t", 0, 0);
        let canvas = paper.lay(&mut page, 120, 120);
        let image = paper.finish(&mut page, canvas);
        let mean = image.data().iter().map(|v| f64::from(*v)).sum::<f64>() / image.data().len() as f64;
        assert!((mean - 200.0).abs() < 2.0, "{mean}");
        assert!(image.data().iter().any(|v| *v > 203) && image.data().iter().all(|v| (180..=220).contains(v)));
    }

    #[test]
    fn softening_keeps_an_even_image() {
        let mut image = Image::filled(Size::new(5, 4), [3, 100, 255]);
        let before = image.clone();
        soften(&mut image, 0.7);
        assert!(image == before);
    }
}
