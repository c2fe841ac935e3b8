//! Application forms: ruled boxes, printed labels, answers by hand.

use crate::pixels::Image;
use crate::sample_data::canvas::{Canvas, blend};
use crate::sample_data::dice::Dice;
use crate::sample_data::hand::Hand;
use crate::sample_data::marks::{BLACK, GREY, HOUSE, logo, stamp};
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face};

const SECTIONS: [&str; 3] = ["1. Applicant", "2. Address", "3. Request"];
const LABELS: [[&str; 4]; 3] = [
    ["Family name", "Given names", "Date of birth", "Nationality"],
    ["Street and number", "Town", "Postal code", "Telephone"],
    ["Kind of request", "Valid from", "Reference no.", "Number of copies"],
];

pub(super) fn application_form(doc: &mut Dice, page: &mut Dice) -> Image {
    let tone = doc.pick(&[[250, 249, 244], [244, 240, 226], [232, 240, 236], [250, 236, 226]]);
    let paper = Paper::draw(doc, tone, 4);
    let house = doc.pick(HOUSE);
    let title = doc.pick(&["APPLICATION FORM", "REGISTRATION FORM", "REQUEST FOR PERMIT", "MEMBERSHIP APPLICATION"]);
    let office = format!("Office of {}", doc.city());
    let number = format!("Form {}-{}", doc.capitals(1), doc.digits(3));
    let (shape, combs, boxed) = (doc.int(0, 4), doc.percent(50), doc.percent(60));
    let photo = doc.percent(40);
    let stamped = page.percent(45);
    let hand = Hand::draw(page, 10.5);

    let mut c = paper.lay(page, 362, 512);
    logo(&mut c, shape, 24.0, 22.0, 28.0, house);
    c.text(Face::SansBold.at(15.0).fit(title, 200.0), Align::Left, 62.0, 36.0, title, BLACK);
    c.text(Face::Sans.at(9.0), Align::Left, 62.0, 49.0, &office, GREY);
    c.text(Face::Sans.at(8.0), Align::Right, 340.0, 30.0, &number, GREY);
    if photo {
        c.frame(288.0, 38.0, 52.0, 62.0, 1.0, BLACK);
        c.text(Face::Sans.at(8.5), Align::Center, 314.0, 72.0, "Photo", GREY);
    }
    c.text(Face::SansItalic.at(8.0), Align::Left, 24.0, 70.0, "Please complete every field.", GREY);
    let mut y = 106.0;
    for (section, labels) in SECTIONS.iter().zip(LABELS) {
        c.rect(22.0, y, 318.0, 14.0, if boxed { house } else { blend(house, paper.tone, 190) });
        let head = if boxed { [255; 3] } else { BLACK };
        c.text(Face::SansBold.at(9.5), Align::Left, 27.0, y + 10.5, section, head);
        y += 18.0;
        for (index, label) in labels.iter().enumerate() {
            let (left, wide) = (24.0 + 160.0 * (index % 2) as f32, 154.0);
            c.text(Face::Sans.at(8.0), Align::Left, left, y + 8.0, label, GREY);
            let answer = answer(page, label);
            field(&mut c, left, y + 11.0, wide, combs && index >= 2);
            if page.percent(85) {
                let width = hand.width(&answer);
                let hand = Hand { height: hand.height * (140.0 / width).min(1.0), ..hand };
                hand.write(&mut c, page, left + 6.0, y + 27.5, &answer);
            }
            if index % 2 == 1 {
                y += 38.0;
            }
        }
        y += 5.0;
    }
    for (x, label) in [(26.0, "New"), (90.0, "Renewal"), (170.0, "Change of data"), (276.0, "Other")] {
        c.frame(x, y, 8.0, 8.0, 0.9, BLACK);
        c.text(Face::Sans.at(8.5), Align::Left, x + 12.0, y + 7.5, label, BLACK);
        if page.percent(40) {
            c.stroke(&[(x + 1.0, y + 1.0), (x + 8.0, y + 8.5)], 1.3, hand.ink);
            c.stroke(&[(x + 8.5, y), (x, y + 8.0)], 1.3, hand.ink);
        }
    }
    y += 46.0;
    c.line((24.0, y), (150.0, y), 0.8, BLACK);
    c.line((190.0, y), (338.0, y), 0.8, BLACK);
    c.text(Face::Sans.at(8.0), Align::Left, 24.0, y + 10.0, "Place, date", GREY);
    c.text(Face::Sans.at(8.0), Align::Left, 190.0, y + 10.0, "Signature", GREY);
    let date = page.short_date((1999, 2024));
    hand.write(&mut c, page, 30.0, y - 4.0, &date);
    hand.sign(&mut c, page, 200.0, y - 2.0, 110.0, 24.0);
    if stamped {
        let x = page.between(120.0, 190.0);
        stamp(&mut c, page, x, y - 12.0, 27.0, "RECEIVED");
    }
    paper.finish(page, c)
}

fn field(c: &mut Canvas, x: f32, y: f32, width: f32, comb: bool) {
    c.frame(x, y, width, 20.0, 0.8, BLACK);
    if comb {
        for tooth in 1..12 {
            let at = x + width * tooth as f32 / 12.0;
            c.line((at, y + 15.0), (at, y + 20.0), 0.6, GREY);
        }
    }
}

fn answer(page: &mut Dice, label: &str) -> String {
    match label {
        "Family name" => page.last_name().into(),
        "Given names" => page.first_name().into(),
        "Date of birth" => page.short_date((1940, 2004)),
        "Nationality" => page.city().into(),
        "Street and number" => page.street(),
        "Town" => page.city().into(),
        "Postal code" => page.digits(5),
        "Telephone" => page.phone(),
        "Kind of request" => page.pick(&["parking permit", "garden hut", "market stall", "street party"]).into(),
        "Valid from" => page.short_date((2019, 2025)),
        "Reference no." => page.digits(7),
        _ => page.int(1, 4).to_string(),
    }
}
