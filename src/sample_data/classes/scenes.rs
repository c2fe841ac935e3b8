//! Things photographed rather than scanned: number plates and dashboards.

use crate::pixels::Image;
use crate::sample_data::canvas::{Affine, Canvas, Color, Ink, Path, blend};
use crate::sample_data::dice::Dice;
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face};

pub(super) fn license_plate(doc: &mut Dice, page: &mut Dice) -> Image {
    let body = doc.pick(&[[60, 62, 66], [120, 28, 32], [190, 192, 196], [24, 44, 84], [30, 32, 34], [222, 220, 214]]);
    let paper = Paper { skew: 0.0, light: doc.between(15.0, 50.0), ..Paper::draw(doc, body, 6) };
    let (plate, ink): (Color, Color) = doc.pick(&[
        ([240, 240, 236], [24, 26, 30]),
        ([244, 204, 60], [24, 26, 30]),
        ([238, 240, 242], [24, 60, 120]),
        ([40, 90, 60], [246, 246, 240]),
    ]);
    let strip = doc.percent(55);
    let (tall, style) = (doc.int(128, 168) as u32, doc.int(0, 2));
    let region = doc.city();
    let (turn, lean) = (page.between(-2.5, 2.5), page.between(-0.08, 0.08));
    let number = match style {
        0 => format!("{} {} {}", page.capitals(2), page.digits(3), page.capitals(2)),
        1 => format!("{}-{}", page.capitals(3), page.digits(4)),
        _ => format!("{} {}", page.digits(2), page.capitals(3)) + &page.digits(2),
    };

    let mut c = Paper { bed: body, tone: paper.tone, ..paper }.lay(page, 512, tall);
    c.rect(0.0, 0.0, 512.0, tall as f32, paper.tone);
    let h = tall as f32;
    c.rect(0.0, 0.0, 512.0, h * 0.1, Ink::new([0; 3], 60));
    c.rect(0.0, h * 0.92, 512.0, h * 0.08, Ink::new([0; 3], 90));
    c.enter(
        Affine::shift(-256.0, -h / 2.0)
            .then(Affine::slant(lean))
            .then(Affine::turn(turn))
            .then(Affine::shift(256.0, h / 2.0)),
    );
    let (x, y, wide, high) = (26.0, h / 2.0 - 46.0, 460.0, 92.0);
    c.rounded(x + 2.0, y + 4.0, wide, high, 9.0, Ink::new([0; 3], 120));
    c.rounded(x, y, wide, high, 9.0, ink);
    c.rounded(x + 3.0, y + 3.0, wide - 6.0, high - 6.0, 7.0, plate);
    let mut left = x + 14.0;
    if strip {
        c.rect(x + 3.0, y + 8.0, 38.0, high - 16.0, [28, 56, 150]);
        for star in 0..12 {
            let angle = star as f32 * std::f32::consts::PI / 6.0;
            c.disc(x + 22.0 + 11.0 * libm::cosf(angle), y + 30.0 + 11.0 * libm::sinf(angle), 1.6, [250, 214, 60]);
        }
        c.text(Face::SansBold.at(18.0), Align::Center, x + 22.0, y + high - 16.0, &region[..1], [255; 3]);
        left = x + 50.0;
    }
    let right = x + wide - 14.0;
    let caption = style == 1;
    if caption {
        c.text(
            Face::SansBold.at(12.0),
            Align::Center,
            (left + right) / 2.0,
            y + 17.0,
            &region.to_uppercase(),
            blend(ink, plate, 60),
        );
    }
    let size = Face::SansBold.at(if caption { 78.0 } else { 86.0 }).fit(&number, right - left - 6.0);
    let base = y + high / 2.0 + size.size * 0.357 + if caption { 6.0 } else { 0.0 };
    // Embossed: a light edge above the letters, a dark one below.
    for (dx, dy, color) in [(-1.0, -1.2, [255; 3]), (1.0, 1.4, blend(ink, plate, 140))] {
        c.text(size, Align::Center, (left + right) / 2.0 + dx, base + dy, &number, color);
    }
    c.text(size, Align::Center, (left + right) / 2.0, base, &number, ink);
    for bolt in [x + wide * 0.25, x + wide * 0.75] {
        c.disc(bolt, y + 9.0, 3.6, [150, 150, 152]);
        c.line((bolt - 2.4, y + 8.0), (bolt + 2.4, y + 10.0), 1.0, [70, 70, 72]);
    }
    for _ in 0..page.int(0, 14) {
        let (at_x, at_y, size) = (page.between(x, x + wide), page.between(y, y + high), page.between(1.0, 5.0));
        c.ellipse(at_x, at_y, size, size * 0.7, Ink::new([96, 80, 60], 90));
    }
    paper.finish(page, c)
}

/// What a gauge shows and in which colours.
struct Gauge {
    radius: f32,
    top: i64,
    steps: i64,
    unit: &'static str,
    light: Color,
    needle: Color,
}

pub(super) fn car_dashboard_dial(doc: &mut Dice, page: &mut Dice) -> Image {
    let dark = doc.pick(&[[22, 23, 26], [34, 32, 32], [16, 20, 30]]);
    let paper = Paper { skew: 0.0, grain: doc.between(2.0, 6.0), ..Paper::draw(doc, dark, 3) };
    let light = doc.pick(&[[236, 238, 240], [250, 180, 90], [150, 220, 250], [170, 240, 170]]);
    let needle = doc.pick(&[[226, 50, 40], [250, 120, 30], [245, 245, 245]]);
    let (top, steps) = doc.pick(&[(220, 11), (240, 12), (180, 9), (260, 13)]);
    let (twin, rim) = (doc.percent(55), doc.pick(&[[90, 92, 96], [150, 150, 154], [56, 50, 48]]));
    let (width, height) = if twin { (512, 300) } else { (512, 440) };
    let turn = page.between(-4.0, 4.0);
    let (speed, engine) = (page.between(0.0, 0.95), page.between(0.1, 0.7));
    let odometer = format!("{:06}", page.int(120, 299_999));

    let mut c = Canvas::new(width, height, paper.tone);
    let (w, h) = (c.width(), c.height());
    c.enter(Affine::turn_about(turn, w / 2.0, h / 2.0));
    c.rounded(-40.0, h * 0.03, w + 80.0, h * 0.94, 60.0, blend(dark, [255; 3], 14));
    let main = Gauge { radius: if twin { 122.0 } else { 190.0 }, top, steps, unit: "km/h", light, needle };
    let (main_x, y) = (if twin { 368.0 } else { w / 2.0 }, h / 2.0);
    main.draw(&mut c, main_x, y, speed, rim);
    let r = main.radius;
    c.rect(main_x - r * 0.34, y + r * 0.48, r * 0.68, r * 0.2, [6, 6, 8]);
    c.text(Face::Mono.at(r * 0.17), Align::Center, main_x, y + r * 0.64, &odometer, blend(light, [255; 3], 80));
    if twin {
        let side = Gauge { radius: 106.0, top: 8, steps: 8, unit: "x1000/min", light, needle };
        side.draw(&mut c, 126.0, y, engine, rim);
    }
    for (index, color) in [[230, 60, 40], [240, 190, 40], [60, 200, 90]].into_iter().enumerate() {
        if page.percent(45) {
            let at = main_x + (index as f32 - 1.0) * r * 0.2;
            c.disc(at, y - r * 0.32, r * 0.055, color);
        }
    }
    if page.percent(50) {
        // Glass reflects a window.
        let x = page.between(0.1, 0.6) * w;
        c.fill(
            &Path::polygon(&[(x, 0.0), (x + w * 0.14, 0.0), (x + w * 0.02, h), (x - w * 0.12, h)]),
            Ink::new([255; 3], 16),
        );
    }
    paper.finish(page, c)
}

impl Gauge {
    fn draw(&self, c: &mut Canvas, x: f32, y: f32, share: f32, rim: Color) {
        let r = self.radius;
        c.disc(x, y, r, rim);
        c.disc(x, y, r * 0.95, [10, 10, 12]);
        let at = |share: f32, radius: f32| {
            // From lower left, over the top, to lower right: 270 degrees.
            let angle = (135.0 + 270.0 * share) * std::f32::consts::PI / 180.0;
            (x + radius * r * libm::cosf(angle), y + radius * r * libm::sinf(angle))
        };
        let small = self.steps * 4;
        for tick in 0..=small {
            let share = tick as f32 / small as f32;
            let (inner, thick) = if tick % 4 == 0 { (0.8, r * 0.022) } else { (0.86, r * 0.01) };
            let red = self.top < 20 && share > 0.8;
            c.line(at(share, inner), at(share, 0.91), thick, if red { [226, 50, 40] } else { self.light });
        }
        for step in 0..=self.steps {
            let (tx, ty) = at(step as f32 / self.steps as f32, 0.66);
            let style = Face::SansBold.at(r * 0.125);
            c.text(style, Align::Center, tx, ty + r * 0.045, &(self.top / self.steps * step).to_string(), self.light);
        }
        c.text(Face::Sans.at(r * 0.12), Align::Center, x, y + r * 0.36, self.unit, self.light);
        let (tip_x, tip_y) = at(share, 0.84);
        let (tail_x, tail_y) = at(share, -0.16);
        let (dx, dy) = ((tip_y - tail_y) / r * 0.022 * r, (tail_x - tip_x) / r * 0.022 * r);
        c.fill(&Path::polygon(&[(tip_x, tip_y), (tail_x + dx, tail_y + dy), (tail_x - dx, tail_y - dy)]), self.needle);
        c.disc(x, y, r * 0.1, [46, 46, 50]);
        c.ring(x, y, r * 0.1, r * 0.015, [90, 90, 94]);
    }
}
