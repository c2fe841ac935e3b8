//! A sheet to draw on: every line, shape and letter is a path, carried by one affine map and filled once.
//!
//! Coordinates are pixels, `y` downwards, a pixel's centre at .5. Coverage comes from the rasteriser that `ab_glyph`
//! fills glyphs with, so a rotated page needs no resampling. Arithmetic is `f32` with `+ - * /`, `sqrt` and `libm`
//! alone, and colours are blended in integers: the pixels do not depend on the CPU. Nothing random happens here.

use crate::pixels::{Image, Size};
use ab_glyph::{OutlineCurve, Point, point};
use ab_glyph_rasterizer::Rasterizer;

/// 8-bit sRGB.
pub(super) type Color = [u8; 3];

/// A colour and how much of it stays: 0 leaves the paper alone, 255 covers it.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub color: Color,
    pub opacity: u8,
}

impl Ink {
    pub fn new(color: Color, opacity: u8) -> Self {
        Self { color, opacity }
    }
}

impl From<Color> for Ink {
    fn from(color: Color) -> Self {
        Self { color, opacity: 255 }
    }
}

/// `x' = a·x + b·y + c`, `y' = d·x + e·y + f`.
#[derive(Clone, Copy)]
pub(super) struct Affine([f32; 6]);

impl Affine {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    pub fn shift(x: f32, y: f32) -> Self {
        Self([1.0, 0.0, x, 0.0, 1.0, y])
    }

    pub fn scale(x: f32, y: f32) -> Self {
        Self([x, 0.0, 0.0, 0.0, y, 0.0])
    }

    /// Moves each point right by `amount` times its height above `y = 0`: slants letters to the right.
    pub fn slant(amount: f32) -> Self {
        Self([1.0, -amount, 0.0, 0.0, 1.0, 0.0])
    }

    /// Turns counter-clockwise as seen on the screen.
    pub fn turn(degrees: f32) -> Self {
        let radians = degrees * std::f32::consts::PI / 180.0;
        let (sin, cos) = (libm::sinf(radians), libm::cosf(radians));
        Self([cos, sin, 0.0, -sin, cos, 0.0])
    }

    /// Turns about the point (`x`, `y`).
    pub fn turn_about(degrees: f32, x: f32, y: f32) -> Self {
        Self::shift(-x, -y).then(Self::turn(degrees)).then(Self::shift(x, y))
    }

    /// First this map, then `next`.
    pub fn then(self, next: Self) -> Self {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, next.0);
        Self([g * a + h * d, g * b + h * e, g * c + h * f + i, j * a + k * d, j * b + k * e, j * c + k * f + l])
    }

    fn map(&self, p: Point) -> Point {
        let [a, b, c, d, e, f] = self.0;
        point(a * p.x + b * p.y + c, d * p.x + e * p.y + f)
    }
}

/// A closed outline or several; where two of them run in opposite directions, the inner one is a hole.
#[derive(Default)]
pub(super) struct Path(pub Vec<OutlineCurve>);

impl Path {
    pub fn polygon(points: &[(f32, f32)]) -> Self {
        let mut path = Self::default();
        path.add_polygon(points);
        path
    }

    pub fn add_polygon(&mut self, points: &[(f32, f32)]) {
        for (index, &(x, y)) in points.iter().enumerate() {
            let (next_x, next_y) = points[(index + 1) % points.len()];
            self.0.push(OutlineCurve::Line(point(x, y), point(next_x, next_y)));
        }
    }

    /// An ellipse around (`x`, `y`); `hole` reverses its direction.
    pub fn add_ellipse(&mut self, x: f32, y: f32, radius_x: f32, radius_y: f32, hole: bool) {
        // The usual cubic approximation of a quarter circle: off by 0.03 %.
        let k = 0.552_284_8;
        let at = |u: f32, v: f32| point(x + u * radius_x, y + v * radius_y * if hole { -1.0 } else { 1.0 });
        for (u, v) in [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)] {
            let (next_u, next_v): (f32, f32) = (-v, u);
            self.0.push(OutlineCurve::Cubic(
                at(u, v),
                at(u + k * next_u, v + k * next_v),
                at(next_u + k * u, next_v + k * v),
                at(next_u, next_v),
            ));
        }
    }

    /// A line of this thickness; lines of one path may cross, and are then not darker where they do.
    pub fn add_line(&mut self, (x0, y0): (f32, f32), (x1, y1): (f32, f32), thickness: f32) {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let length = (dx * dx + dy * dy).sqrt();
        if length == 0.0 {
            return;
        }
        let (u, v) = (dx / length * thickness / 2.0, dy / length * thickness / 2.0);
        self.add_polygon(&[(x0 - v, y0 + u), (x1 - v, y1 + u), (x1 + v, y1 - u), (x0 + v, y0 - u)]);
    }

    /// A pen's way through `points`, with round joints.
    pub fn add_stroke(&mut self, points: &[(f32, f32)], thickness: f32) {
        for pair in points.windows(2) {
            self.add_line(pair[0], pair[1], thickness);
        }
        for &(x, y) in points {
            // The other way round than `add_ellipse`'s default, as `add_line` runs.
            self.add_ellipse(x, y, thickness / 2.0, thickness / 2.0, true);
        }
    }
}

/// The image being drawn, and the map that everything drawn now goes through.
pub(super) struct Canvas {
    image: Image,
    map: Affine,
    raster: Rasterizer,
}

impl Canvas {
    pub fn new(width: u32, height: u32, color: Color) -> Self {
        Self {
            image: Image::filled(Size::new(width, height), color),
            map: Affine::IDENTITY,
            raster: Rasterizer::new(1, 1),
        }
    }

    pub fn width(&self) -> f32 {
        self.image.size().width as f32
    }

    pub fn height(&self) -> f32 {
        self.image.size().height as f32
    }

    pub fn image_mut(&mut self) -> &mut Image {
        &mut self.image
    }

    pub fn into_image(self) -> Image {
        self.image
    }

    /// Sends all that is drawn from now on through `map` first, then through the maps in force.
    pub fn enter(&mut self, map: Affine) {
        self.map = map.then(self.map);
    }

    /// Draws through `map`, then through the maps in force, which hold again afterwards.
    pub fn within<T>(&mut self, map: Affine, draw: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.map;
        self.enter(map);
        let result = draw(self);
        self.map = before;
        result
    }

    /// Fills a path; what lies outside the image is cut off.
    pub fn fill(&mut self, path: &Path, ink: impl Into<Ink>) {
        self.fill_mapped(&path.0, Affine::IDENTITY, ink.into());
    }

    /// Fills curves given in their own coordinates, such as a glyph's.
    pub fn fill_mapped(&mut self, curves: &[OutlineCurve], map: Affine, ink: Ink) {
        let map = map.then(self.map);
        let curves: Vec<OutlineCurve> = curves
            .iter()
            .map(|curve| match curve {
                OutlineCurve::Line(a, b) => OutlineCurve::Line(map.map(*a), map.map(*b)),
                OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(map.map(*a), map.map(*b), map.map(*c)),
                OutlineCurve::Cubic(a, b, c, d) => {
                    OutlineCurve::Cubic(map.map(*a), map.map(*b), map.map(*c), map.map(*d))
                }
            })
            .collect();
        let (mut low, mut high) = (point(f32::MAX, f32::MAX), point(f32::MIN, f32::MIN));
        for p in curves.iter().flat_map(points) {
            low = point(low.x.min(p.x), low.y.min(p.y));
            high = point(high.x.max(p.x), high.y.max(p.y));
        }
        if low.x >= self.width() || low.y >= self.height() || high.x <= 0.0 || high.y <= 0.0 || curves.is_empty() {
            return;
        }
        let corner = point(low.x.floor(), low.y.floor());
        // The rasteriser needs the whole path within its grid, so the grid is the path's box, not the image's.
        let (width, height) = ((high.x - corner.x).ceil() as usize + 1, (high.y - corner.y).ceil() as usize + 1);
        self.raster.reset(width, height);
        for curve in &curves {
            match *curve {
                OutlineCurve::Line(a, b) => self.raster.draw_line(a - corner, b - corner),
                OutlineCurve::Quad(a, b, c) => self.raster.draw_quad(a - corner, b - corner, c - corner),
                OutlineCurve::Cubic(a, b, c, d) => {
                    self.raster.draw_cubic(a - corner, b - corner, c - corner, d - corner);
                }
            }
        }
        let (left, top) = (corner.x as i64, corner.y as i64);
        let Size { width, height } = self.image.size();
        let image = &mut self.image;
        self.raster.for_each_pixel_2d(|x, y, coverage| {
            let (x, y) = (left + i64::from(x), top + i64::from(y));
            if coverage > 0.0 && (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y) {
                let weight = (coverage.min(1.0) * f32::from(ink.opacity) + 0.5) as u32;
                let under = image.pixel(x as u32, y as u32);
                image.set(x as u32, y as u32, blend(under, ink.color, weight));
            }
        });
    }

    pub fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, ink: impl Into<Ink>) {
        self.fill(&Path::polygon(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]), ink);
    }

    /// The border of a rectangle, its middle on the rectangle's edge.
    pub fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, thickness: f32, ink: impl Into<Ink>) {
        let t = thickness / 2.0;
        let (right, bottom) = (x + width, y + height);
        let mut path =
            Path::polygon(&[(x - t, y - t), (right + t, y - t), (right + t, bottom + t), (x - t, bottom + t)]);
        path.add_polygon(&[(x + t, y + t), (x + t, bottom - t), (right - t, bottom - t), (right - t, y + t)]);
        self.fill(&path, ink);
    }

    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), thickness: f32, ink: impl Into<Ink>) {
        let mut path = Path::default();
        path.add_line(from, to, thickness);
        self.fill(&path, ink);
    }

    pub fn stroke(&mut self, points: &[(f32, f32)], thickness: f32, ink: impl Into<Ink>) {
        let mut path = Path::default();
        path.add_stroke(points, thickness);
        self.fill(&path, ink);
    }

    pub fn disc(&mut self, x: f32, y: f32, radius: f32, ink: impl Into<Ink>) {
        self.ellipse(x, y, radius, radius, ink);
    }

    pub fn ellipse(&mut self, x: f32, y: f32, radius_x: f32, radius_y: f32, ink: impl Into<Ink>) {
        let mut path = Path::default();
        path.add_ellipse(x, y, radius_x, radius_y, false);
        self.fill(&path, ink);
    }

    pub fn ring(&mut self, x: f32, y: f32, radius: f32, thickness: f32, ink: impl Into<Ink>) {
        let mut path = Path::default();
        path.add_ellipse(x, y, radius + thickness / 2.0, radius + thickness / 2.0, false);
        path.add_ellipse(x, y, radius - thickness / 2.0, radius - thickness / 2.0, true);
        self.fill(&path, ink);
    }

    /// A rectangle with corners cut round.
    pub fn rounded(&mut self, x: f32, y: f32, width: f32, height: f32, radius: f32, ink: impl Into<Ink>) {
        let mut points = Vec::new();
        for (corner, (cx, cy)) in [
            (x + width - radius, y + height - radius),
            (x + radius, y + height - radius),
            (x + radius, y + radius),
            (x + width - radius, y + radius),
        ]
        .into_iter()
        .enumerate()
        {
            for step in 0..=6 {
                let angle = (corner as f32 + step as f32 / 6.0) * std::f32::consts::FRAC_PI_2;
                points.push((cx + radius * libm::cosf(angle), cy + radius * libm::sinf(angle)));
            }
        }
        self.fill(&Path::polygon(&points), ink);
    }
}

/// `under` with `weight`/255 of `over` on it, rounded to nearest.
pub(super) fn blend(under: Color, over: Color, weight: u32) -> Color {
    std::array::from_fn(|c| ((u32::from(under[c]) * (255 - weight) + u32::from(over[c]) * weight + 127) / 255) as u8)
}

fn points(curve: &OutlineCurve) -> impl Iterator<Item = Point> + use<> {
    let (list, count) = match *curve {
        OutlineCurve::Line(a, b) => ([a, b, b, b], 2),
        OutlineCurve::Quad(a, b, c) => ([a, b, c, c], 3),
        OutlineCurve::Cubic(a, b, c, d) => ([a, b, c, d], 4),
    };
    list.into_iter().take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_covers_its_pixels_and_half_of_those_on_its_edge() {
        let mut canvas = Canvas::new(8, 8, [255; 3]);
        canvas.rect(2.0, 2.0, 3.5, 2.0, [0; 3]);
        assert_eq!(canvas.image.pixel(2, 2), [0; 3]);
        assert_eq!(canvas.image.pixel(4, 3), [0; 3]);
        assert_eq!(canvas.image.pixel(5, 3), [127; 3]);
        assert_eq!(canvas.image.pixel(6, 3), [255; 3]);
        assert_eq!(canvas.image.pixel(2, 4), [255; 3]);
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut canvas = Canvas::new(4, 4, [255; 3]);
        canvas.disc(-3.0, 2.5, 6.0, [0; 3]);
        canvas.rect(2.0, -50.0, 500.0, 51.0, [9; 3]);
        canvas.disc(900.0, 900.0, 3.0, [0; 3]);
        assert_eq!(canvas.image.pixel(0, 2), [0; 3]);
        assert_eq!(canvas.image.pixel(3, 0), [9; 3]);
        assert_eq!(canvas.image.pixel(3, 3), [255; 3]);
    }

    #[test]
    fn a_ring_and_a_frame_have_holes_and_crossing_strokes_do_not() {
        let mut canvas = Canvas::new(40, 40, [255; 3]);
        canvas.ring(20.0, 20.0, 15.0, 3.0, [0; 3]);
        assert_eq!(canvas.image.pixel(20, 20), [255; 3]);
        assert_eq!(canvas.image.pixel(34, 20), [0; 3]);
        canvas.frame(2.0, 2.0, 36.0, 36.0, 2.0, [0; 3]);
        assert_eq!(canvas.image.pixel(20, 20), [255; 3]);
        canvas.stroke(&[(10.0, 20.0), (30.0, 20.0), (30.0, 30.0), (20.0, 10.0)], 4.0, [0; 3]);
        assert_eq!(canvas.image.pixel(20, 20), [0; 3]);
        assert_eq!(canvas.image.pixel(29, 20), [0; 3], "a joint is not a hole");
    }

    #[test]
    fn a_turn_is_counter_clockwise_as_seen() {
        let mapped = Affine::turn_about(90.0, 10.0, 10.0).map(point(20.0, 10.0));
        assert!((mapped.x - 10.0).abs() < 1e-4 && mapped.y.abs() < 1e-4, "{mapped:?}");
    }
}
