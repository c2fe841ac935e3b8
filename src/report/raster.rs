//! Drawings as PNG, on light paper, at twice their size: sharp on any screen and in a document.

use super::drawing::{Anchor, Color, Drawing, PAPER, Shape};
use super::font::Font;
use crate::pixels::{EncodeError, Encoding, Image, Size};
use ab_glyph_rasterizer::{Rasterizer, point};
use image::{GrayImage, Rgb, RgbImage, imageops};

/// Pixels for each unit of a drawing.
const SCALE: f64 = 2.0;

impl Drawing {
    /// As PNG, sRGB, two pixels for each unit. Texts are in Noto Sans; what it has no letters for (Korean) in a font of this
    /// machine that has them, or in boxes where there is none.
    ///
    /// # Errors
    /// When it is too large for a PNG.
    pub fn png(&self) -> Result<Vec<u8>, EncodeError> {
        let (width, height) = (pixels(self.width).max(1), pixels(self.height).max(1));
        let mut canvas = RgbImage::from_pixel(width, height, Rgb(PAPER));
        let texts = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        let font = Font::with(texts);
        for shape in &self.shapes {
            draw(&mut canvas, &font, shape);
        }
        let image = Image::new(Size::new(width, height), canvas.into_raw()).expect("BUG: three bytes a pixel");
        Encoding::Png.encode(&image)
    }
}

fn pixels(units: f64) -> u32 {
    (SCALE * units).ceil() as u32
}

fn draw(canvas: &mut RgbImage, font: &Font, shape: &Shape) {
    match shape {
        Shape::Rect { x, y, width, height, color, opacity, .. } => {
            let (right, below) = (x + width, y + height);
            fill(canvas, &[(*x, *y), (right, *y), (right, below), (*x, below)], *color, *opacity);
        }
        Shape::Polyline { points, color, width } => {
            for ends in points.windows(2) {
                if let Some(corners) = thick(ends[0], ends[1], *width) {
                    fill(canvas, &corners, *color, 1.0);
                }
            }
            // Round joints, or a bend would show a notch.
            for middle in points.iter().skip(1).take(points.len().saturating_sub(2)) {
                fill(canvas, &disc(*middle, width / 2.0), *color, 1.0);
            }
        }
        Shape::Dot { x, y, radius, color, .. } => fill(canvas, &disc((*x, *y), *radius), *color, 1.0),
        Shape::Text { x, y, size, anchor, upright, color, text } => {
            let (mask, baseline) = font.mask((SCALE * size) as f32, text);
            let (x, y) = ((SCALE * x).round() as i64, (SCALE * y).round() as i64);
            let width = i64::from(mask.width());
            let before = match anchor {
                Anchor::Start => 0,
                Anchor::Middle => width / 2,
                Anchor::End => width,
            };
            match upright {
                false => blend(canvas, &mask, (x - before, y - i64::from(baseline)), *color, 1.0),
                true => {
                    let turned = imageops::rotate270(&mask);
                    blend(canvas, &turned, (x - i64::from(baseline), y - width + before), *color, 1.0);
                }
            }
        }
    }
}

/// The corners of a line `width` thick; `None` of a point.
fn thick((x0, y0): (f64, f64), (x1, y1): (f64, f64), width: f64) -> Option<[(f64, f64); 4]> {
    let length = ((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)).sqrt();
    let half = width / 2.0 / length;
    let (dx, dy) = ((y1 - y0) * half, (x0 - x1) * half);
    (length > 0.0).then_some([(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)])
}

/// A circle as 24 corners.
fn disc((x, y): (f64, f64), radius: f64) -> Vec<(f64, f64)> {
    let corner = |number: u32| {
        let (sin, cos) = libm::sincos(f64::from(number) * std::f64::consts::TAU / 24.0);
        (x + radius * cos, y + radius * sin)
    };
    (0..24).map(corner).collect()
}

/// Fills a polygon, antialiased; corners are in units, opacity 0 to 1.
fn fill(canvas: &mut RgbImage, corners: &[(f64, f64)], color: Color, opacity: f64) {
    let bound = |value: fn(&(f64, f64)) -> f64, limit: u32| {
        let values = corners.iter().map(|corner| SCALE * value(corner));
        let low = values.clone().fold(f64::INFINITY, f64::min).floor().clamp(0.0, f64::from(limit));
        let high = values.fold(0.0, f64::max).ceil().clamp(0.0, f64::from(limit));
        (low, (high - low).max(0.0) as usize)
    };
    let (left, width) = bound(|(x, _)| *x, canvas.width());
    let (top, height) = bound(|(_, y)| *y, canvas.height());
    if width == 0 || height == 0 {
        return;
    }
    // One more column and row: coverage is summed to the right.
    let mut rasterizer = Rasterizer::new(width + 1, height + 1);
    let place = |(x, y): (f64, f64)| point((SCALE * x - left) as f32, (SCALE * y - top) as f32);
    for (number, corner) in corners.iter().enumerate() {
        rasterizer.draw_line(place(*corner), place(corners[(number + 1) % corners.len()]));
    }
    let mut mask = GrayImage::new(width as u32 + 1, height as u32 + 1);
    rasterizer.for_each_pixel_2d(|x, y, coverage| {
        mask.put_pixel(x, y, image::Luma([(255.0 * coverage.min(1.0)).round() as u8]))
    });
    blend(canvas, &mask, (left as i64, top as i64), color, opacity);
}

/// Lays a colour over the canvas where the mask is not 0; what is beyond the canvas is not drawn.
fn blend(canvas: &mut RgbImage, mask: &GrayImage, (left, top): (i64, i64), color: Color, opacity: f64) {
    for (x, y, coverage) in mask.enumerate_pixels() {
        let (x, y) = (left + i64::from(x), top + i64::from(y));
        let inside = (0..i64::from(canvas.width())).contains(&x) && (0..i64::from(canvas.height())).contains(&y);
        if coverage[0] == 0 || !inside {
            continue;
        }
        let share = opacity * f64::from(coverage[0]) / 255.0;
        let pixel = canvas.get_pixel_mut(x as u32, y as u32);
        for (below, above) in pixel.0.iter_mut().zip(color.light()) {
            *below = (f64::from(*below) + share * (f64::from(above) - f64::from(*below))).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{Limits, decode};

    fn drawn(shape: Shape) -> Image {
        let mut drawing = Drawing::new("d", 20.0, 20.0);
        drawing.shapes.push(shape);
        decode(&drawing.png().unwrap(), &Limits::default()).unwrap()
    }

    /// The bounds of what is not paper: left, top, right, below.
    fn bounds(image: &Image) -> [u32; 4] {
        let inked: Vec<(u32, u32)> = (0..image.size().height)
            .flat_map(|y| (0..image.size().width).map(move |x| (x, y)))
            .filter(|(x, y)| image.pixel(*x, *y) != PAPER)
            .collect();
        let (xs, ys) = (inked.iter().map(|(x, _)| *x), inked.iter().map(|(_, y)| *y));
        [xs.clone().min(), ys.clone().min(), xs.max(), ys.max()].map(Option::unwrap)
    }

    #[test]
    fn a_box_fills_its_place_with_its_share_of_colour() {
        let rect = |opacity| Shape::Rect {
            x: 2.0,
            y: 3.0,
            width: 4.0,
            height: 5.0,
            color: Color::A,
            opacity,
            title: String::new(),
        };
        let full = drawn(rect(1.0));
        assert_eq!((bounds(&full), full.pixel(8, 10)), ([4, 6, 11, 15], Color::A.light()));
        let half = drawn(rect(0.5)).pixel(8, 10);
        assert!(half[0].abs_diff(u8::midpoint(PAPER[0], Color::A.light()[0])) <= 1, "{half:?}");
    }

    #[test]
    fn a_line_is_as_thick_as_it_says_and_one_that_leaves_the_drawing_is_cut() {
        let line = |points| Shape::Polyline { points, color: Color::B, width: 2.0 };
        assert_eq!(bounds(&drawn(line(vec![(5.0, 5.0), (15.0, 5.0)]))), [10, 8, 29, 11]);
        assert_eq!(bounds(&drawn(line(vec![(5.0, 5.0), (5.0, 90.0)]))), [8, 10, 11, 39]);
        let image = drawn(line(vec![(2.0, 2.0), (10.0, 10.0), (18.0, 2.0)]));
        assert_eq!(image.pixel(20, 20), Color::B.light());
    }

    #[test]
    fn upright_texts_run_from_below_to_above() {
        let text = |upright, anchor| Shape::Text {
            x: 10.0,
            y: 10.0,
            size: 8.0,
            anchor,
            upright,
            color: Color::Ink,
            text: "lL".into(),
        };
        let [left, top, right, below] = bounds(&drawn(text(false, Anchor::Start)));
        assert!(left >= 20 && right > left && below <= 20 && top >= 6, "{left} {top} {right} {below}");
        let [left, top, right, below] = bounds(&drawn(text(true, Anchor::Start)));
        assert!(right <= 20 && left >= 6 && below <= 20 && top < below, "{left} {top} {right} {below}");
        let [_, top, ..] = bounds(&drawn(text(true, Anchor::End)));
        assert!(top >= 19, "{top}");
    }
}
