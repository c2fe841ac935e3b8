//! Figures: bar charts and sheets of music.

use crate::pixels::Image;
use crate::sample_data::canvas::{Affine, Canvas, Color, Path, blend};
use crate::sample_data::dice::Dice;
use crate::sample_data::hand::smooth;
use crate::sample_data::marks::{BLACK, GREY};
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face};

const PALETTES: [[Color; 3]; 5] = [
    [[52, 110, 180], [240, 140, 50], [90, 170, 90]],
    [[90, 60, 130], [200, 90, 120], [240, 180, 90]],
    [[60, 60, 64], [130, 130, 134], [196, 196, 200]],
    [[0, 120, 120], [230, 100, 80], [250, 200, 110]],
    [[180, 40, 50], [40, 60, 100], [150, 170, 190]],
];

pub(super) fn bar_chart(doc: &mut Dice, page: &mut Dice) -> Image {
    let paper = Paper { skew: 0.3, ..Paper::draw(doc, [251, 251, 251], 4) };
    let palette = doc.pick(&PALETTES);
    let (series, grid, lying, boxed) = (doc.int(1, 3), doc.percent(65), doc.percent(30), doc.percent(40));
    let (width, height) = doc.pick(&[(512, 352), (512, 400), (480, 512), (512, 320)]);
    let monthly = doc.percent(50);
    let groups = page.int(4, 7) as usize;
    let title = format!("{} by {}", page.title(2), if monthly { "quarter" } else { "region" });
    let towns = page.cities(groups);
    let top = page.pick(&[50, 100, 200, 400, 1000]);

    let mut c = paper.lay(page, width, height);
    let (w, h) = (c.width(), c.height());
    c.text(Face::SansBold.at(16.0).fit(&title, w - 80.0), Align::Center, w / 2.0, 32.0, &title, BLACK);
    let (left, right, upper, lower) = (if lying { 92.0 } else { 58.0 }, w - 26.0, 58.0, h - 62.0);
    let along = if lying { right - left } else { lower - upper };
    for tick in 0..=5 {
        let share = tick as f32 / 5.0;
        let label = (top * tick / 5).to_string();
        let style = Face::Sans.at(10.0);
        if lying {
            let x = left + along * share;
            c.line((x, upper), (x, if grid { lower } else { upper }), 0.6, [205, 205, 208]);
            c.line((x, lower), (x, lower + 4.0), 1.0, BLACK);
            c.text(style, Align::Center, x, lower + 15.0, &label, BLACK);
        } else {
            let y = lower - along * share;
            c.line((left, y), (if grid { right } else { left }, y), 0.6, [205, 205, 208]);
            c.line((left - 4.0, y), (left, y), 1.0, BLACK);
            c.text(style, Align::Right, left - 7.0, y + 3.5, &label, BLACK);
        }
    }
    let across = if lying { lower - upper } else { right - left } / groups as f32;
    let thick = across * 0.76 / series as f32;
    for (group, town) in towns.into_iter().enumerate() {
        let start = across * group as f32 + across * 0.12;
        for one in 0..series {
            let value = along * page.between(0.08, 0.97);
            let at = start + thick * one as f32;
            let color = palette[one as usize];
            if lying {
                c.rect(left, upper + at, value, thick * 0.94, color);
            } else {
                c.rect(left + at, lower - value, thick * 0.94, value, color);
            }
        }
        let name = if monthly { format!("Q{} {}", group % 4 + 1, 18 + group / 4) } else { town.to_owned() };
        let style = Face::Sans.at(10.0).fit(&name, if lying { 76.0 } else { across - 5.0 });
        if lying {
            c.text(style, Align::Right, left - 7.0, upper + start + across * 0.42, &name, BLACK);
        } else {
            c.text(style, Align::Center, left + across * (group as f32 + 0.5), lower + 15.0, &name, BLACK);
        }
    }
    c.line((left, lower), (right, lower), 1.3, BLACK);
    c.line((left, upper), (left, lower), 1.3, BLACK);
    if boxed {
        c.frame(left, upper, right - left, lower - upper, 0.8, GREY);
    }
    let names = ["Plan", "Actual", "Forecast"];
    let mut x = w / 2.0 - 38.0 * series as f32;
    for one in 0..series as usize {
        c.rect(x, h - 30.0, 10.0, 10.0, palette[one]);
        c.text(Face::Sans.at(10.5), Align::Left, x + 15.0, h - 21.0, names[one], BLACK);
        x += 76.0;
    }
    paper.finish(page, c)
}

/// Half the distance of two staff lines: one step of the scale.
const STEP: f32 = 2.7;

pub(super) fn music_sheet(doc: &mut Dice, page: &mut Dice) -> Image {
    let tone = doc.pick(&[[249, 246, 236], [240, 230, 204], [252, 252, 250]]);
    let paper = Paper::draw(doc, tone, 5);
    let title = doc.pick(&["Sonata", "Waltz", "Nocturne", "Prelude", "Minuet", "Etude", "Rondo"]);
    let composer = doc.full_name();
    let (pitch, piano) = (doc.between(46.0, 54.0), doc.percent(45));
    let ink = doc.near([28, 26, 28], 8);
    let bars = doc.int(3, 4);
    let number = page.int(1, 24);

    let mut c = paper.lay(page, 362, 512);
    let heading = format!("{title} No. {number}");
    c.text(Face::SerifBold.at(19.0), Align::Center, 181.0, 40.0, &heading, ink);
    c.text(Face::Serif.at(9.5), Align::Right, 336.0, 60.0, &composer, ink);
    c.text(
        Face::SansItalic.at(9.5),
        Align::Left,
        30.0,
        60.0,
        page.pick(&["Allegro", "Andante", "Moderato", "Presto"]),
        ink,
    );
    let (left, right) = (28.0, 336.0);
    let mut y = 84.0;
    let mut staff = 0;
    while y + 8.0 * STEP < 492.0 {
        // The time stands on the first system only: one staff, or a piano's two.
        let timed = staff == 0 || piano && staff == 1;
        for line in 0..5 {
            let at = y + line as f32 * 2.0 * STEP;
            c.line((left, at), (right, at), 0.7, ink);
        }
        clef(&mut c, left + 10.0, y, ink, piano && staff % 2 == 1);
        if timed {
            for (row, digit) in ["3", "4"].iter().enumerate() {
                c.text(
                    Face::SerifBold.at(13.5),
                    Align::Center,
                    left + 30.0,
                    y + STEP * (3.7 + 4.0 * row as f32),
                    digit,
                    ink,
                );
            }
        }
        let first = left + if timed { 40.0 } else { 26.0 };
        let wide = (right - first) / bars as f32;
        for bar in 0..bars {
            let start = first + wide * bar as f32;
            notes(&mut c, page, start + 8.0, wide - 10.0, y, ink);
            c.line((start + wide, y), (start + wide, y + 8.0 * STEP), 1.0, ink);
        }
        if piano && staff % 2 == 0 && y + pitch + 8.0 * STEP < 492.0 {
            c.line((left, y), (left, y + pitch + 8.0 * STEP), 1.4, ink);
        }
        y += pitch + if piano && staff % 2 == 1 { 12.0 } else { 0.0 };
        staff += 1;
    }
    paper.finish(page, c)
}

/// A treble or a bass clef on a staff whose top line is `y`.
fn clef(c: &mut Canvas, x: f32, y: f32, ink: Color, bass: bool) {
    let s = STEP;
    if bass {
        c.disc(x - 3.0, y + 2.4 * s, 2.0, ink);
        let arc = [
            (x - 4.0, y + 2.4 * s),
            (x - 2.0, y + 0.2 * s),
            (x + 4.0, y + 0.6 * s),
            (x + 4.0, y + 3.4 * s),
            (x - 5.0, y + 7.2 * s),
        ];
        c.stroke(&smooth(&arc), 1.6, ink);
        c.disc(x + 8.0, y + 1.0 * s, 1.1, ink);
        c.disc(x + 8.0, y + 3.0 * s, 1.1, ink);
        return;
    }
    let curl = [
        (0.0, 6.0),
        (2.6, 4.6),
        (3.2, 7.0),
        (0.0, 8.0),
        (-4.0, 6.6),
        (-3.0, 3.6),
        (1.6, 0.6),
        (2.6, -2.0),
        (0.8, -3.4),
        (-0.8, 0.0),
        (0.8, 6.0),
        (1.6, 10.0),
        (-0.6, 11.4),
        (-2.4, 10.2),
    ];
    let points: Vec<(f32, f32)> = curl.iter().map(|(u, v)| (x + u * 1.25, y + v * s)).collect();
    c.stroke(&smooth(&points), 1.3, ink);
}

/// One bar: beamed pairs, quarters, halves and rests, on or near the staff whose top line is `y`.
fn notes(c: &mut Canvas, page: &mut Dice, x: f32, width: f32, y: f32, ink: Color) {
    let count = page.int(3, 5);
    let gap = width / count as f32;
    let mut index = 0;
    let mut step = page.int(0, 8);
    while index < count {
        let at = x + gap * index as f32;
        step = (step + page.int(-3, 3)).clamp(-1, 9);
        let at_y = y + step as f32 * STEP;
        // Stems go up from low notes, down from high ones.
        let up = step > 4;
        let stem = if up { -7.0 * STEP } else { 7.0 * STEP };
        let side = if up { 2.9 } else { -2.9 };
        let kind = page.int(0, 9);
        if kind == 0 {
            c.stroke(
                &smooth(&[
                    (at - 1.5, y + 2.0 * STEP),
                    (at + 1.8, y + 3.4 * STEP),
                    (at - 1.2, y + 4.4 * STEP),
                    (at + 2.0, y + 6.0 * STEP),
                ]),
                1.4,
                ink,
            );
        } else {
            head(c, at, at_y, ink, kind == 1);
            c.line((at + side, at_y), (at + side, at_y + stem), 0.9, ink);
            if page.percent(12) {
                c.text(Face::Serif.at(11.0), Align::Right, at - 3.5, at_y + 3.0, "#", ink);
            }
            if kind > 5 && index + 1 < count {
                let next = at + gap;
                let next_y = at_y + page.int(-1, 1) as f32 * STEP;
                head(c, next, next_y, ink, false);
                c.line((next + side, next_y), (next + side, next_y + stem), 0.9, ink);
                c.line((at + side - 0.4, at_y + stem), (next + side + 0.4, next_y + stem), 2.2, ink);
                index += 1;
            }
        }
        index += 1;
    }
}

/// A note's head, tilted; an open one lets the paper through.
fn head(c: &mut Canvas, x: f32, y: f32, ink: Color, open: bool) {
    c.within(Affine::turn(22.0).then(Affine::shift(x, y)), |c| {
        let mut path = Path::default();
        path.add_ellipse(0.0, 0.0, 3.2, 2.3, false);
        if open {
            path.add_ellipse(0.0, 0.0, 2.2, 1.1, true);
        }
        c.fill(&path, blend(ink, [0; 3], 0));
    });
}
