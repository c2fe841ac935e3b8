//! Identity cards and driving licences: one layout family, so the two are easily confused.

use crate::pixels::Image;
use crate::sample_data::canvas::{Canvas, Color, Ink, blend};
use crate::sample_data::dice::Dice;
use crate::sample_data::hand::Hand;
use crate::sample_data::marks::{BLACK, Person, guilloche};
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face};

/// The plastic and the table it lies on.
struct Card {
    paper: Paper,
    tint: Color,
    second: Color,
    phase: f32,
    photo_left: bool,
    country: &'static str,
}

const WIDTH: u32 = 512;
const HEIGHT: u32 = 324;

impl Card {
    fn draw(doc: &mut Dice, tints: &[Color]) -> Self {
        let table = doc.pick(&[[88, 64, 46], [70, 72, 76], [206, 202, 194], [34, 40, 48], [150, 142, 130]]);
        Self {
            paper: Paper { bed: table, tone: table, skew: 1.6, ..Paper::draw(doc, table, 0) },
            tint: doc.pick(tints),
            second: doc.pick(&[[250, 232, 214], [226, 240, 250], [236, 228, 246], [232, 244, 228]]),
            phase: doc.between(0.0, 6.0),
            photo_left: doc.percent(75),
            country: doc.pick(&["REPUBLIC OF NORLAND", "KINGDOM OF VESTRIA", "UNITED CANTONS", "STATE OF MERIDIA"]),
        }
    }

    /// The empty card with its heading; returns the photo's and the fields' left edges.
    fn lay(&self, page: &mut Dice, title: &str) -> (Canvas, f32, f32) {
        let mut c = self.paper.lay(page, WIDTH, HEIGHT);
        c.rounded(15.0, 17.0, 488.0, 298.0, 18.0, Ink::new([0; 3], 110));
        let pale = blend(self.tint, [255; 3], 175);
        c.rounded(11.0, 12.0, 490.0, 300.0, 18.0, pale);
        c.rounded(150.0, 60.0, 340.0, 230.0, 80.0, Ink::new(self.second, 150));
        guilloche(&mut c, 16.0, 66.0, 480.0, 238.0, self.phase, Ink::new(self.tint, 70));
        c.rounded(11.0, 12.0, 490.0, 46.0, 18.0, self.tint);
        c.rect(11.0, 36.0, 490.0, 22.0, self.tint);
        c.text(Face::SansBold.at(11.0), Align::Left, 30.0, 30.0, self.country, [255; 3]);
        c.text(Face::SansBold.at(19.0), Align::Left, 30.0, 50.0, title, [255; 3]);
        let (photo, fields) = if self.photo_left { (30.0, 176.0) } else { (366.0, 32.0) };
        (c, photo, fields)
    }
}

pub(super) fn id_card(doc: &mut Dice, page: &mut Dice) -> Image {
    let card = Card::draw(doc, &[[36, 80, 150], [30, 110, 120], [90, 60, 140], [60, 90, 60], [150, 60, 80]]);
    let chip = doc.percent(50);
    let hand = Hand::draw(page, 11.0);
    let (mut c, photo, fields) = card.lay(page, "IDENTITY CARD");
    Person::draw(page).portrait(&mut c, photo, 72.0, 116.0, 148.0);
    let (last, first) = (page.last_name(), page.first_name());
    let number = format!("{}{}", page.capitals(2), page.digits(7));
    let born = page.short_date((1940, 2006));
    let rows = [
        ("Surname", last.to_uppercase()),
        ("Given names", first.to_uppercase()),
        ("Date of birth", born),
        ("Card no.", number.clone()),
        ("Valid until", page.short_date((2025, 2034))),
    ];
    for (row, (label, value)) in rows.iter().enumerate() {
        let y = 80.0 + 30.0 * row as f32;
        c.text(Face::Sans.at(9.0), Align::Left, fields, y, label, card.tint);
        c.text(Face::SansBold.at(13.5), Align::Left, fields, y + 14.0, value, BLACK);
    }
    if chip {
        let x = fields + 190.0;
        let x = if card.photo_left { x } else { x + 40.0 };
        c.rounded(x, 92.0, 46.0, 36.0, 6.0, [214, 178, 92]);
        for at in [12.0, 24.0] {
            c.line((x, 92.0 + at), (x + 46.0, 92.0 + at), 1.0, [140, 110, 50]);
            c.line((x + at + 5.0, 92.0), (x + at + 5.0, 128.0), 1.0, [140, 110, 50]);
        }
    }
    hand.sign(&mut c, page, fields + 150.0, 214.0, 100.0, 24.0);
    // The machine-readable lines of a travel document.
    c.rounded(13.0, 244.0, 486.0, 66.0, 14.0, Ink::new([255; 3], 170));
    let style = Face::Mono.at(21.0);
    let lines = [
        filled(&format!("ID{}{}", &card.country[..3].replace(' ', "X"), number)),
        filled(&format!("{}<<{}", last.to_uppercase(), first.to_uppercase())),
    ];
    for (row, line) in lines.iter().enumerate() {
        c.spaced_text(style.fit(line, 452.0), 30.0, 270.0 + 24.0 * row as f32, 0.0, line, BLACK.into());
    }
    card.paper.finish(page, c)
}

/// Thirty-six characters, the rest `<`.
fn filled(text: &str) -> String {
    format!("{text:<<36.36}")
}

pub(super) fn driver_licence(doc: &mut Dice, page: &mut Dice) -> Image {
    let card = Card::draw(doc, &[[190, 90, 120], [36, 80, 150], [60, 120, 80], [200, 120, 60], [90, 60, 140]]);
    let ghost = doc.percent(60);
    let classes = page.int(3, 6);
    let hand = Hand::draw(page, 11.0);
    let (mut c, photo, fields) = card.lay(page, "DRIVING LICENCE");
    let person = Person::draw(page);
    person.portrait(&mut c, photo, 72.0, 116.0, 148.0);
    let rows = [
        page.last_name().to_uppercase(),
        page.first_name().to_uppercase(),
        format!("{} {}", page.short_date((1940, 2004)), page.city().to_uppercase()),
        format!("{}   {}", page.short_date((2009, 2024)), page.short_date((2025, 2038))),
        format!("{}{}{}", page.capitals(3), page.digits(6), page.capitals(2)),
        page.street(),
    ];
    for (row, (label, value)) in ["1.", "2.", "3.", "4a/b.", "5.", "8."].iter().zip(&rows).enumerate() {
        let y = 84.0 + 24.0 * row as f32;
        c.text(Face::SansBold.at(10.0), Align::Left, fields, y, label, card.tint);
        c.text(Face::SansBold.at(12.5).fit(value, 260.0), Align::Left, fields + 32.0, y, value, BLACK);
    }
    c.text(Face::SansBold.at(10.0), Align::Left, fields, 234.0, "7.", card.tint);
    hand.sign(&mut c, page, fields + 34.0, 238.0, 110.0, 22.0);
    // Vehicle classes, in a strip below.
    c.text(Face::SansBold.at(10.0), Align::Left, 30.0, 288.0, "9.", card.tint);
    for (index, name) in ["AM", "A1", "B", "C1", "BE", "T"].iter().take(classes as usize).enumerate() {
        let x = 52.0 + 62.0 * index as f32;
        c.frame(x, 264.0, 54.0, 36.0, 1.0, card.tint);
        c.text(Face::SansBold.at(12.0), Align::Left, x + 4.0, 287.0, name, BLACK);
        car(&mut c, x + 30.5, 288.0, card.tint);
    }
    if ghost {
        let x = if card.photo_left { 436.0 } else { photo + 66.0 };
        person.portrait(&mut c, x, 250.0, 42.0, 52.0);
    }
    card.paper.finish(page, c)
}

/// A small vehicle's outline on the line `y`.
fn car(c: &mut Canvas, x: f32, y: f32, color: Color) {
    c.rounded(x, y - 8.0, 20.0, 6.0, 2.0, color);
    c.rounded(x + 4.0, y - 12.5, 11.0, 6.0, 2.0, color);
    c.disc(x + 5.0, y - 2.0, 2.4, BLACK);
    c.disc(x + 15.0, y - 2.0, 2.4, BLACK);
}
