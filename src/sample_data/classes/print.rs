//! Printed pages: books and newspapers.

use crate::pixels::Image;
use crate::sample_data::canvas::{Canvas, Color, Ink};
use crate::sample_data::dice::Dice;
use crate::sample_data::marks::BLACK;
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face, Type};

pub(super) fn book_page(doc: &mut Dice, page: &mut Dice) -> Image {
    let tone = doc.pick(&[[246, 238, 218], [250, 246, 234], [236, 222, 192]]);
    let paper = Paper { skew: 0.8, ..Paper::draw(doc, tone, 5) };
    let style = Face::Serif.at(doc.between(8.8, 10.2));
    let leading = style.size * doc.between(1.35, 1.55);
    let title = doc.title(3);
    let ruled = doc.percent(50);
    let width = doc.int(330, 370) as u32;
    let (chapter, left_page, number) = (page.percent(30), page.percent(50), page.int(3, 380));

    let mut c = paper.lay(page, width, 512);
    let w = width as f32;
    gutter(&mut c, left_page, w);
    let (left, right) = if left_page { (32.0, w - 50.0) } else { (50.0, w - 32.0) };
    let mut y = 40.0;
    if chapter {
        let heading = format!("CHAPTER {}", page.pick(&["I", "II", "IV", "V", "VII", "IX", "X", "XII"]));
        c.text(Face::Serif.at(11.0), Align::Center, (left + right) / 2.0, 90.0, &heading, BLACK);
        let name = page.title(3);
        c.text(Face::SerifBold.at(15.0).fit(&name, 230.0), Align::Center, (left + right) / 2.0, 114.0, &name, BLACK);
        y = 150.0;
    } else {
        let running = title.to_uppercase();
        c.text(Face::Serif.at(8.5), Align::Center, (left + right) / 2.0, y, &running, BLACK);
        if ruled {
            c.line((left, y + 6.0), (right, y + 6.0), 0.6, BLACK);
        }
        y += 26.0;
    }
    let column = Column { style, leading, left, right, bottom: 478.0 };
    let mut first = chapter;
    while y < 478.0 {
        let count = page.int(3, 6);
        let text = page.sentences(count);
        let opening = if first { Opening::Drop(&text[..1]) } else { Opening::Indent(12.0) };
        y = column.set(&mut c, y, &text, opening);
        first = false;
    }
    c.text(Face::Serif.at(9.0), Align::Center, (left + right) / 2.0, 499.0, &number.to_string(), BLACK);
    paper.finish(page, c)
}

/// The shadow where a page goes into the spine.
fn gutter(c: &mut Canvas, left_page: bool, width: f32) {
    for step in 0..26 {
        let x = if left_page { width - 27.0 + step as f32 } else { 26.0 - step as f32 };
        c.rect(x, 2.0, 1.0, 508.0, Ink::new([60, 46, 30], (step * step / 6) as u8));
    }
}

/// Where and how text is set.
struct Column {
    style: Type,
    leading: f32,
    left: f32,
    right: f32,
    bottom: f32,
}

/// How a paragraph begins.
enum Opening<'a> {
    Indent(f32),
    /// A capital over two lines; it is the text's first letter.
    Drop(&'a str),
}

impl Column {
    /// Sets a justified paragraph from the baseline `top` on; returns the next baseline.
    fn set(&self, c: &mut Canvas, top: f32, text: &str, opening: Opening<'_>) -> f32 {
        let Self { style, leading, left, right, bottom } = *self;
        let mut y = top;
        let mut rest = text;
        let mut line_number = 0;
        let capital = Face::SerifBold.at(style.size * 3.0);
        if let Opening::Drop(letter) = opening {
            c.text(capital, Align::Left, left, y + leading + style.size * 0.35, letter, BLACK);
            rest = &rest[letter.len()..];
        }
        while !rest.is_empty() && y <= bottom {
            let inset = match opening {
                Opening::Drop(letter) if line_number < 2 => capital.width(letter) + 4.0,
                Opening::Indent(indent) if line_number == 0 => indent,
                _ => 0.0,
            };
            let wide = right - left - inset;
            let line = style.wrap(rest, wide).swap_remove(0);
            rest = rest[line.len()..].trim_start();
            if rest.is_empty() {
                c.text(style, Align::Left, left + inset, y, &line, BLACK);
            } else {
                c.justified(style, left + inset, y, wide, &line, BLACK);
            }
            y += leading;
            line_number += 1;
        }
        y
    }
}

pub(super) fn newspaper_page(doc: &mut Dice, page: &mut Dice) -> Image {
    let tone = doc.pick(&[[226, 222, 210], [232, 224, 204], [218, 216, 210]]);
    let paper = Paper::draw(doc, tone, 6);
    let name = format!("The {} {}", doc.city(), doc.pick(&["Herald", "Gazette", "Post", "Courier", "Times"]));
    let (columns, ruled) = (doc.int(3, 4), doc.percent(60));
    let width = doc.int(372, 410) as u32;
    let (photo_column, photo_height) = (page.int(0, columns - 2), page.between(70.0, 105.0));

    let mut c = paper.lay(page, width, 512);
    let w = width as f32;
    let (left, right) = (18.0, w - 18.0);
    c.text(Face::SerifBold.at(30.0).fit(&name, right - left), Align::Center, w / 2.0, 40.0, &name, BLACK);
    c.line((left, 48.0), (right, 48.0), 1.4, BLACK);
    let number = format!("No. {}", page.digits(5));
    c.text(Face::Serif.at(8.0), Align::Left, left, 58.0, &number, BLACK);
    c.text(Face::Serif.at(8.0), Align::Right, right, 58.0, &page.date(), BLACK);
    c.line((left, 62.0), (right, 62.0), 0.6, BLACK);
    let headline = page.headline();
    c.text(Face::SerifBold.at(24.0).fit(headline, right - left), Align::Center, w / 2.0, 88.0, headline, BLACK);
    let gap = 10.0;
    let wide = (right - left - gap * (columns - 1) as f32) / columns as f32;
    let column_x = |column: i64| left + column as f32 * (wide + gap);
    let photo = (column_x(photo_column), 100.0, wide * 2.0 + gap, photo_height);
    halftone(&mut c, page, photo);
    let style = Face::Serif.at(7.6);
    for column in 0..columns {
        let x = column_x(column);
        let mut y = if (photo_column..photo_column + 2).contains(&column) { 116.0 + photo_height } else { 106.0 };
        let mut untitled = page.percent(70);
        let set = Column { style, leading: 9.4, left: x, right: x + wide, bottom: 497.0 };
        while y < 496.0 {
            if !untitled && y < 470.0 {
                let head = Face::SerifBold.at(10.5);
                for line in head.wrap(&page.title(3), wide) {
                    c.text(head.fit(&line, wide), Align::Left, x, y + 3.0, &line, BLACK);
                    y += 11.5;
                }
                y += 4.0;
            }
            untitled = false;
            for _ in 0..page.int(2, 3) {
                let count = page.int(2, 3);
                let text = page.sentences(count);
                y = set.set(&mut c, y, &text, Opening::Indent(6.0));
            }
            y += 8.0;
        }
        if ruled && column > 0 {
            let top = if column == photo_column + 1 { photo_height + 106.0 } else { 98.0 };
            c.line((x - gap / 2.0, top), (x - gap / 2.0, 498.0), 0.5, BLACK);
        }
    }
    paper.finish(page, c)
}

/// A press photo: hills, a sun and a house in dots.
fn halftone(c: &mut Canvas, page: &mut Dice, (x, y, width, height): (f32, f32, f32, f32)) {
    let (sun_x, sun_y) = (page.between(0.2, 0.8), page.between(0.15, 0.35));
    let (hill, phase) = (page.between(0.45, 0.65), page.between(0.0, 6.0));
    let house = page.between(0.15, 0.7);
    let dark = |u: f32, v: f32| -> f32 {
        let (du, dv) = ((u - sun_x) * width, (v - sun_y) * height);
        let ridge = hill + 0.12 * libm::sinf(u * 7.0 + phase) + 0.04 * libm::sinf(u * 23.0 + phase);
        if (house..house + 0.16).contains(&u) && (0.55..0.82).contains(&v) {
            0.9
        } else if v > ridge {
            0.45 + 0.4 * (v - ridge)
        } else if du * du + dv * dv < 90.0 {
            0.02
        } else {
            0.2 + 0.15 * v
        }
    };
    let ink: Color = [40, 40, 42];
    c.rect(x, y, width, height, Ink::new([250, 250, 246], 120));
    let pitch = 2.6;
    for row in 0..(height / pitch) as i64 {
        for column in 0..(width / pitch) as i64 {
            let (u, v) = ((column as f32 + 0.5) * pitch, (row as f32 + 0.5) * pitch);
            let side = pitch * dark(u / width, v / height).sqrt();
            c.rect(x + u - side / 2.0, y + v - side / 2.0, side, side, ink);
        }
    }
    c.frame(x, y, width, height, 0.8, ink);
}
