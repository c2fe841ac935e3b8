//! Laboratory reports and prescriptions: one clinic's letterhead and patient block, so the two are easily confused.

use crate::pixels::Image;
use crate::sample_data::canvas::{Canvas, Color, Ink};
use crate::sample_data::dice::Dice;
use crate::sample_data::hand::Hand;
use crate::sample_data::marks::{BLACK, GREY, HOUSE, barcode, stamp};
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face};

/// What both kinds share.
struct Clinic {
    paper: Paper,
    house: Color,
    name: String,
    address: String,
    centered: bool,
}

impl Clinic {
    fn draw(doc: &mut Dice) -> Self {
        Self {
            paper: Paper::draw(doc, [249, 249, 246], 4),
            house: doc.pick(&HOUSE[..4]),
            name: format!("{} {}", doc.city(), doc.pick(&["Medical Centre", "Clinic", "Hospital", "Family Practice"])),
            address: format!("{}, {} · Tel {}", doc.street(), doc.city(), doc.phone()),
            centered: doc.percent(40),
        }
    }

    /// Letterhead and patient block; returns where the body begins.
    fn head(&self, c: &mut Canvas, page: &mut Dice) -> f32 {
        let (x, align) = if self.centered { (181.0, Align::Center) } else { (62.0, Align::Left) };
        if !self.centered {
            c.rect(26.0, 32.0, 28.0, 9.0, self.house);
            c.rect(35.5, 22.5, 9.0, 28.0, self.house);
        }
        c.text(Face::SansBold.at(15.0).fit(&self.name, 270.0), align, x, 36.0, &self.name, self.house);
        c.text(Face::Sans.at(8.5).fit(&self.address, 280.0), align, x, 49.0, &self.address, GREY);
        c.line((24.0, 58.0), (338.0, 58.0), 1.6, self.house);
        let rows = [
            [("Patient", page.full_name()), ("Born", page.short_date((1940, 2010)))],
            [("Number", page.digits(8)), ("Date", page.short_date((2015, 2024)))],
        ];
        for (row, cells) in rows.iter().enumerate() {
            for (column, (label, value)) in cells.iter().enumerate() {
                let (x, y) = (26.0 + 170.0 * column as f32, 75.0 + 16.0 * row as f32);
                c.text(Face::Sans.at(8.5), Align::Left, x, y, label, GREY);
                c.text(Face::Sans.at(10.0), Align::Left, x + 44.0, y, value, BLACK);
            }
        }
        c.line((24.0, 100.0), (338.0, 100.0), 0.8, GREY);
        100.0
    }

    fn foot(&self, c: &mut Canvas, page: &mut Dice, hand: &Hand, stamped: bool) {
        let doctor = format!("Dr. {}", page.full_name());
        c.line((210.0, 470.0), (336.0, 470.0), 0.8, BLACK);
        c.text(Face::Sans.at(8.5), Align::Left, 212.0, 481.0, &doctor, BLACK);
        hand.sign(c, page, 216.0, 466.0, 104.0, 26.0);
        if stamped {
            stamp(c, page, 150.0, 458.0, 28.0, "CLINIC");
        }
    }
}

pub(super) fn lab_report(doc: &mut Dice, page: &mut Dice) -> Image {
    let clinic = Clinic::draw(doc);
    let (bands, coded) = (doc.percent(50), doc.percent(60));
    let count = page.int(9, 14) as usize;
    let hand = Hand::draw(page, 11.0);
    let stamped = page.percent(35);
    let mut c = clinic.paper.lay(page, 362, 512);
    let mut y = clinic.head(&mut c, page) + 22.0;
    c.text(Face::SansBold.at(12.0), Align::Left, 26.0, y, "LABORATORY REPORT", BLACK);
    if coded {
        barcode(&mut c, page, 236.0, y - 14.0, 100.0, 20.0);
    }
    y += 12.0;
    c.rect(24.0, y, 314.0, 15.0, clinic.house);
    let columns = [(28.0, Align::Left), (178.0, Align::Right), (196.0, Align::Left), (322.0, Align::Right)];
    for ((x, align), head) in columns.iter().zip(["Test", "Result", "Unit", "Reference"]) {
        c.text(Face::SansBold.at(9.0), *align, *x, y + 11.0, head, [255; 3]);
    }
    y += 15.0;
    for (row, (name, unit, low, high)) in page.analytes(count).into_iter().enumerate() {
        if bands && row % 2 == 1 {
            c.rect(24.0, y, 314.0, 18.0, Ink::new(clinic.house, 24));
        }
        let value = page.int(low * 7 / 10, high * 12 / 10);
        let flag = if value < low {
            "L"
        } else if value > high {
            "H"
        } else {
            ""
        };
        let style = if flag.is_empty() { Face::Sans } else { Face::SansBold }.at(9.5);
        let cells = [name.into(), decimal(value), unit.into(), format!("{} - {}", decimal(low), decimal(high))];
        for ((x, align), cell) in columns.iter().zip(cells) {
            c.text(style, *align, *x, y + 13.0, &cell, BLACK);
        }
        c.text(Face::SansBold.at(9.5), Align::Left, 327.0, y + 13.0, flag, [180, 30, 30]);
        y += 18.0;
        c.line((24.0, y), (338.0, y), 0.5, GREY);
    }
    y += 16.0;
    c.text(Face::SansItalic.at(8.5), Align::Left, 26.0, y, "H above, L below the reference interval.", GREY);
    clinic.foot(&mut c, page, &hand, stamped);
    clinic.paper.finish(page, c)
}

pub(super) fn prescription(doc: &mut Dice, page: &mut Dice) -> Image {
    let clinic = Clinic::draw(doc);
    let (printed, ruled) = (doc.percent(50), doc.percent(40));
    let count = page.int(2, 5) as usize;
    let hand = Hand::draw(page, 12.0);
    let stamped = page.percent(70);
    let mut c = clinic.paper.lay(page, 362, 512);
    let mut y = clinic.head(&mut c, page) + 34.0;
    let sign = c.text(Face::SerifBold.at(30.0), Align::Left, 28.0, y, "R", BLACK);
    c.text(Face::SerifBold.at(20.0), Align::Left, 22.0 + sign, y + 8.0, "x", BLACK);
    c.text(Face::SansBold.at(12.0), Align::Right, 336.0, y - 12.0, "PRESCRIPTION", BLACK);
    y += 34.0;
    for (index, (drug, dose)) in page.drugs(count).into_iter().enumerate() {
        let number = index + 1;
        let packs = format!("No. {}", page.int(1, 3));
        if ruled {
            c.line((46.0, y + 4.0), (336.0, y + 4.0), 0.6, GREY);
            c.line((46.0, y + 24.0), (336.0, y + 24.0), 0.6, GREY);
        }
        c.text(Face::Sans.at(10.0), Align::Left, 28.0, y, &format!("{number}."), BLACK);
        if printed {
            c.text(Face::SansBold.at(10.5), Align::Left, 48.0, y, drug, BLACK);
            c.text(Face::Sans.at(10.0), Align::Left, 58.0, y + 19.0, dose, BLACK);
            c.text(Face::Sans.at(10.0), Align::Right, 334.0, y, &packs, BLACK);
        } else {
            hand.write(&mut c, page, 50.0, y, drug);
            let small = Hand { height: (hand.height * 260.0 / hand.width(dose)).min(11.0), ..hand };
            small.write(&mut c, page, 60.0, y + 20.0, dose);
            small.write(&mut c, page, 290.0, y, &packs);
        }
        y += 52.0;
    }
    clinic.foot(&mut c, page, &hand, stamped);
    clinic.paper.finish(page, c)
}

/// Hundredths with as many decimals as they need, at most one.
fn decimal(hundredths: i64) -> String {
    if hundredths >= 10_000 {
        format!("{}", hundredths / 100)
    } else {
        format!("{}.{}", hundredths / 100, hundredths % 100 / 10)
    }
}
