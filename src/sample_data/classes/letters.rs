//! Letters: with a letterhead, by hand, and typed.

use crate::pixels::Image;
use crate::sample_data::canvas::{Affine, Ink};
use crate::sample_data::dice::Dice;
use crate::sample_data::hand::Hand;
use crate::sample_data::marks::{BLACK, GREY, HOUSE, logo};
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face};

pub(super) fn business_letter(doc: &mut Dice, page: &mut Dice) -> Image {
    let paper = Paper::draw(doc, [250, 250, 248], 5);
    let house = doc.pick(HOUSE);
    let (shape, place, bar) = (doc.int(0, 4), doc.int(0, 2), doc.percent(40));
    let (firm, street, city, phone) = (doc.firm(), doc.street(), doc.city(), doc.phone());
    let face = doc.pick(&[Face::Serif, Face::Sans]);
    let body = face.at(if face == Face::Serif { 9.0 } else { 9.6 });
    let hand = Hand::draw(doc, 11.0);
    let paragraphs = page.int(2, 4);

    let mut c = paper.lay(page, 362, 512);
    let head = Face::SansBold.at(17.0).fit(&firm, 230.0);
    let (logo_x, name_x, align) = match place {
        0 => (34.0, 74.0, Align::Left),
        1 => (298.0, 290.0, Align::Right),
        _ => (166.0, 181.0, Align::Center),
    };
    logo(&mut c, shape, logo_x, 20.0, 30.0, house);
    let name_y = if place == 2 { 68.0 } else { 40.0 };
    c.text(head, align, name_x, name_y, &firm, house);
    if bar {
        c.rect(34.0, 76.0, 294.0, 2.5, house);
    }
    let mut y = 98.0;
    for line in [page.full_name(), page.street(), page.city().into()] {
        c.text(body, Align::Left, 36.0, y, &line, BLACK);
        y += 12.5;
    }
    let date = format!("{city}, {}", page.date());
    c.text(body, Align::Right, 326.0, y + 4.0, &date, BLACK);
    y += 26.0;
    let subject = format!("Re: {}", page.title(3));
    c.text(
        if face == Face::Serif { Face::SerifBold } else { Face::SansBold }.at(body.size),
        Align::Left,
        36.0,
        y,
        &subject,
        BLACK,
    );
    y += 22.0;
    let greeting = format!("Dear {} {},", page.pick(&["Mr", "Ms", "Dr"]), page.last_name());
    c.text(body, Align::Left, 36.0, y, &greeting, BLACK);
    y += 19.0;
    for _ in 0..paragraphs {
        let count = page.int(2, 4);
        for line in body.wrap(&page.sentences(count), 290.0) {
            if y > 400.0 {
                break;
            }
            c.text(body, Align::Left, 36.0, y, &line, BLACK);
            y += 12.5;
        }
        y += 7.0;
    }
    y += 8.0;
    c.text(body, Align::Left, 36.0, y, "Yours sincerely,", BLACK);
    hand.sign(&mut c, page, 40.0, y + 32.0, 100.0, 24.0);
    c.text(body, Align::Left, 36.0, y + 50.0, &page.full_name(), BLACK);
    c.line((34.0, 487.0), (328.0, 487.0), 0.6, GREY);
    let foot = format!("{firm} · {street}, {city} · {phone}");
    c.text(Face::Sans.at(8.0).fit(&foot, 290.0), Align::Center, 181.0, 499.0, &foot, GREY);
    paper.finish(page, c)
}

pub(super) fn handwritten_note(doc: &mut Dice, page: &mut Dice) -> Image {
    let tone = doc.pick(&[[250, 244, 170], [248, 248, 244], [240, 232, 208], [226, 236, 246]]);
    let paper = Paper::draw(doc, tone, 5);
    let rule = doc.pick(&[[120, 160, 210], [190, 170, 140], [150, 190, 170]]);
    let (ruled, margin, spiral) = (doc.percent(80), doc.percent(55), doc.percent(35));
    let pitch = doc.between(21.0, 26.0);
    let height = pitch * doc.between(0.56, 0.68);
    let hand = Hand::draw(doc, height);
    let (width, tall) = doc.pick(&[(362, 512), (400, 512), (512, 400), (340, 512)]);

    let lines = page.int(6, 17);
    let mut c = paper.lay(page, width, tall);
    let (w, h) = (c.width(), c.height());
    let mut y = 56.0;
    while ruled && y < h - 14.0 {
        c.line((2.0, y), (w - 2.0, y), 0.8, rule);
        y += pitch;
    }
    let left = if margin { 58.0 } else { 30.0 };
    if margin {
        c.line((48.0, 2.0), (48.0, h - 2.0), 1.0, [214, 110, 110]);
    }
    if spiral {
        for hole in 0..(w / 24.0) as i64 {
            c.disc(14.0 + hole as f32 * 24.0, 14.0, 4.5, paper.bed);
            c.ring(14.0 + hole as f32 * 24.0, 14.0, 4.5, 0.8, GREY);
        }
    }
    let mut y = 56.0 - pitch * 0.12;
    for line in 0..lines {
        if y > h - 20.0 {
            break;
        }
        let mut words = String::new();
        let limit = if page.percent(20) { (w - left) * 0.45 } else { w - left - 22.0 };
        loop {
            let mut word = page.word().to_owned();
            if words.is_empty() && (line == 0 || page.percent(25)) {
                word[..1].make_ascii_uppercase();
            }
            let longer = if words.is_empty() { word } else { format!("{words} {word}") };
            if hand.width(&longer) > limit {
                break;
            }
            words = longer;
        }
        let start = left + page.between(0.0, 6.0);
        hand.write(&mut c, page, start, y, &words);
        if page.percent(7) {
            c.line(
                (start, y - height * 0.25),
                (start + hand.width(&words) * 0.5, y - height * 0.3),
                hand.pen * 1.3,
                hand.ink,
            );
        }
        y += pitch;
    }
    paper.finish(page, c)
}

pub(super) fn typescript(doc: &mut Dice, page: &mut Dice) -> Image {
    let tone = doc.pick(&[[236, 224, 194], [244, 238, 220], [226, 212, 178], [240, 240, 230]]);
    let paper = Paper::draw(doc, tone, 6);
    let ink = doc.pick(&[[34, 32, 34], [44, 44, 70], [60, 50, 46]]);
    let spacing = doc.pick(&[13.0, 17.0, 21.0]);
    let (holes, jitter) = (doc.percent(45), doc.between(0.1, 0.6));
    let style = Face::Mono.at(doc.between(8.6, 9.6));
    let title = doc.title(3).to_uppercase();
    let number = page.int(1, 60);

    let mut c = paper.lay(page, 362, 512);
    let left = if holes { 46.0 } else { 36.0 };
    if holes {
        for y in [150.0, 362.0] {
            c.disc(16.0, y, 7.0, paper.bed);
            c.ring(16.0, y, 7.0, 0.8, GREY);
        }
    }
    let wide = style.width("n");
    let columns = ((338.0 - left) / wide) as usize;
    let heading = format!("- {number} -");
    c.text(style, Align::Center, 190.0, 34.0, &heading, ink);
    let mut y = 62.0;
    c.text(style.fit(&title, 250.0), Align::Center, 190.0, y, &title, ink);
    y += spacing + 8.0;
    while y < 484.0 {
        let count = page.int(2, 5);
        let text = format!("     {}", page.sentences(count));
        for line in style.wrap(&text, columns as f32 * wide) {
            if y > 484.0 {
                break;
            }
            let crossed = page.percent(6).then(|| page.int(3, 20) as usize);
            for (index, letter) in line.chars().enumerate() {
                // A typewriter hits unevenly: some letters sit high, some print faint.
                let (x, up) = (left + index as f32 * wide, page.between(-jitter, jitter));
                let strength = Ink::new(ink, page.int(150, 255) as u8);
                c.within(Affine::shift(x, y + up), |c| {
                    c.text(style, Align::Left, 0.0, 0.0, letter.encode_utf8(&mut [0; 4]), strength);
                    if crossed.is_some_and(|at| (at..at + 5).contains(&index)) {
                        c.text(style, Align::Left, 0.0, 0.0, "x", strength);
                    }
                });
            }
            y += spacing;
        }
    }
    paper.finish(page, c)
}
