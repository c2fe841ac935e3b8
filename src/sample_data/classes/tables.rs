//! Tables of numbers: tax tables, invoices and till receipts.

use crate::pixels::Image;
use crate::sample_data::canvas::{Canvas, Ink, Path};
use crate::sample_data::dice::Dice;
use crate::sample_data::marks::{BLACK, GREY, HOUSE, barcode, logo, stamp};
use crate::sample_data::paper::Paper;
use crate::sample_data::text::{Align, Face};
use crate::sample_data::words::{money, thousands};

pub(super) fn tax_table(doc: &mut Dice, page: &mut Dice) -> Image {
    let paper = Paper::draw(doc, [247, 246, 240], 6);
    let year = doc.int(1978, 2023);
    let (columns, shaded, boxed) = (doc.int(5, 7), doc.percent(50), doc.percent(50));
    let step = doc.pick(&[25, 50, 100]);
    let rates: Vec<i64> = (0..columns).map(|_| doc.int(90, 240)).collect();
    let face = doc.pick(&[Face::Sans, Face::Serif]);
    let start = page.int(2, 140) * 500;

    let mut c = paper.lay(page, 380, 512);
    let title = format!("{year} Tax Table");
    c.text(Face::SerifBold.at(17.0), Align::Left, 22.0, 34.0, &title, BLACK);
    c.text(Face::Sans.at(8.5), Align::Right, 358.0, 34.0, "continued", GREY);
    let width = 338.0 / columns as f32;
    c.rect(21.0, 42.0, 338.0, 30.0, if shaded { [206, 206, 202] } else { paper.tone });
    c.frame(21.0, 42.0, 338.0, 454.0, 1.2, BLACK);
    let heads = [
        ("At", "least"),
        ("But less", "than"),
        ("Single", ""),
        ("Married", "jointly"),
        ("Married", "apart"),
        ("Head of", "house"),
        ("Other", ""),
    ];
    for (column, (first, second)) in heads.iter().take(columns as usize).enumerate() {
        let x = 21.0 + width * (column as f32 + 0.5);
        c.text(Face::SansBold.at(8.5), Align::Center, x, 54.0, first, BLACK);
        c.text(Face::SansBold.at(8.5), Align::Center, x, 65.0, second, BLACK);
        if column > 0 && (boxed || column == 2) {
            let x = 21.0 + width * column as f32;
            c.line((x, 42.0), (x, 496.0), if column == 2 { 1.2 } else { 0.6 }, BLACK);
        }
    }
    c.line((21.0, 72.0), (359.0, 72.0), 1.2, BLACK);
    let style = face.at(if face == Face::Serif { 8.8 } else { 9.2 });
    let mut y = 85.0;
    for row in 0..35 {
        let at = start + row * step;
        for column in 0..columns {
            let number = match column {
                0 => at,
                1 => at + step,
                _ => (at + step / 2) * rates[column as usize] / 1000,
            };
            let x = 21.0 + width * (column as f32 + 1.0) - 7.0;
            c.text(style, Align::Right, x, y, &thousands(number), BLACK);
        }
        y += 11.3;
        if row % 5 == 4 && row != 34 {
            c.line((21.0, y - 7.4), (359.0, y - 7.4), if boxed { 0.8 } else { 0.4 }, GREY);
            y += 3.4;
        }
    }
    paper.finish(page, c)
}

pub(super) fn invoice(doc: &mut Dice, page: &mut Dice) -> Image {
    let paper = Paper::draw(doc, [251, 251, 250], 3);
    let house = doc.pick(HOUSE);
    let (shape, banner, bands, right) = (doc.int(0, 4), doc.percent(45), doc.percent(50), doc.percent(50));
    let (firm, address) = (doc.firm(), format!("{}, {}", doc.street(), doc.city()));
    let account = format!("Account {} {} {}", doc.digits(4), doc.digits(4), doc.digits(4));
    let count = page.int(4, 10);
    let paid = page.percent(20);

    let mut c = paper.lay(page, 362, 512);
    if banner {
        c.rect(2.0, 2.0, 358.0, 62.0, house);
    }
    let on = if banner { [255; 3] } else { house };
    let (word_x, word, logo_x) = if right { (336.0, Align::Right, 26.0) } else { (26.0, Align::Left, 306.0) };
    c.text(Face::SansBold.at(26.0), word, word_x, 44.0, "INVOICE", on);
    logo(&mut c, shape, logo_x, 18.0, 30.0, if banner { [236, 236, 240] } else { house });
    c.text(Face::SansBold.at(10.5), Align::Left, 26.0, 84.0, &firm, BLACK);
    c.text(Face::Sans.at(9.0), Align::Left, 26.0, 96.0, &address, GREY);
    c.text(Face::SansBold.at(9.0), Align::Left, 26.0, 120.0, "Bill to", house);
    for (row, line) in [page.full_name(), page.street(), page.city().into()].iter().enumerate() {
        c.text(Face::Sans.at(9.5), Align::Left, 26.0, 133.0 + 12.0 * row as f32, line, BLACK);
    }
    let facts = [
        ("Invoice no.", page.digits(6)),
        ("Date", page.short_date((2010, 2024))),
        ("Due", page.short_date((2024, 2025))),
    ];
    for (row, (label, value)) in facts.iter().enumerate() {
        let y = 120.0 + 13.0 * row as f32;
        c.text(Face::Sans.at(9.0), Align::Left, 216.0, y, label, GREY);
        c.text(Face::SansBold.at(9.5), Align::Right, 336.0, y, value, BLACK);
    }
    let columns = [(30.0, Align::Left), (206.0, Align::Right), (268.0, Align::Right), (332.0, Align::Right)];
    let mut y = 176.0;
    c.rect(24.0, y, 314.0, 16.0, house);
    for ((x, align), head) in columns.iter().zip(["Description", "Qty", "Price", "Amount"]) {
        c.text(Face::SansBold.at(9.0), *align, *x, y + 11.5, head, [255; 3]);
    }
    y += 16.0;
    let mut total = 0;
    for row in 0..count {
        let (quantity, price) = (page.int(1, 24), page.int(150, 32_000));
        total += quantity * price;
        if bands && row % 2 == 1 {
            c.rect(24.0, y, 314.0, 17.0, Ink::new(house, 22));
        }
        let cells = [page.work().into(), quantity.to_string(), money(price), money(quantity * price)];
        for ((x, align), cell) in columns.iter().zip(cells) {
            c.text(Face::Sans.at(9.5), *align, *x, y + 12.0, &cell, BLACK);
        }
        y += 17.0;
        if !bands {
            c.line((24.0, y), (338.0, y), 0.4, GREY);
        }
    }
    y += 18.0;
    let tax = total / 5;
    for (label, value, bold) in [("Subtotal", total, false), ("VAT 20 %", tax, false), ("Total due", total + tax, true)]
    {
        if bold {
            c.rect(196.0, y - 12.0, 142.0, 17.0, Ink::new(house, 40));
        }
        let style = if bold { Face::SansBold } else { Face::Sans }.at(10.0);
        c.text(style, Align::Left, 200.0, y, label, BLACK);
        c.text(style, Align::Right, 332.0, y, &money(value), BLACK);
        y += 17.0;
    }
    if paid {
        stamp(&mut c, page, 110.0, y - 10.0, 32.0, "PAID");
    }
    c.text(Face::Sans.at(8.5), Align::Left, 26.0, 478.0, "Payment within 30 days. Thank you for your business.", GREY);
    c.text(Face::Sans.at(8.5), Align::Left, 26.0, 490.0, &account, GREY);
    paper.finish(page, c)
}

pub(super) fn receipt(doc: &mut Dice, page: &mut Dice) -> Image {
    let paper = Paper { skew: 1.5, ..Paper::draw(doc, [244, 243, 240], 5) };
    let table = doc.pick(&[[92, 66, 48], [60, 62, 66], [150, 120, 88], [40, 46, 60], [176, 172, 166]]);
    let width = doc.int(208, 256) as u32;
    let shop = doc.brand().to_uppercase();
    let (street, city, phone) = (doc.street(), doc.city(), doc.phone());
    let (coded, faded) = (doc.percent(65), doc.int(150, 255) as u8);
    let count = page.int(6, 13);

    let mut c = Paper { bed: table, tone: table, ..paper }.lay(page, width, 512);
    let (w, style) = (width as f32, Face::Mono.at(9.0));
    let (left, right) = (14.0, w - 14.0);
    let bottom = 258.0 + count as f32 * 13.0 + if coded { 54.0 } else { 0.0 };
    torn_strip(&mut c, w, bottom, paper.tone);
    let ink = Ink::new([40, 40, 48], faded);
    c.text(Face::SansBold.at(20.0).fit(&shop, w - 50.0), Align::Center, w / 2.0, 46.0, &shop, ink);
    for (row, line) in [street.as_str(), city, &format!("Tel {phone}")].iter().enumerate() {
        c.text(style.fit(line, w - 40.0), Align::Center, w / 2.0, 64.0 + 12.0 * row as f32, line, ink);
    }
    let mut y = 110.0;
    let when = format!("{} {:02}:{:02}", page.short_date((2012, 2024)), page.int(8, 21), page.int(0, 59));
    c.text(style, Align::Left, left + 4.0, y, &when, ink);
    y += 10.0;
    let rule = |c: &mut Canvas, y: f32| {
        let dashes = ((right - left) / style.width("-")) as usize;
        c.text(style, Align::Center, w / 2.0, y, &"-".repeat(dashes), ink);
    };
    rule(&mut c, y);
    let mut total = 0;
    for _ in 0..count {
        y += 13.0;
        let price = page.int(60, 2400);
        total += price;
        c.text(style, Align::Left, left + 4.0, y, page.goods(), ink);
        c.text(style, Align::Right, right - 4.0, y, &money(price), ink);
    }
    rule(&mut c, y + 11.0);
    y += 30.0;
    c.text(Face::SansBold.at(15.0), Align::Left, left + 4.0, y, "TOTAL", ink);
    c.text(Face::SansBold.at(15.0), Align::Right, right - 4.0, y, &money(total), ink);
    y += 18.0;
    let given = (total + 1999) / 1000 * 1000;
    for (label, value) in [("Cash", given), ("Change", given - total)] {
        c.text(style, Align::Left, left + 4.0, y, label, ink);
        c.text(style, Align::Right, right - 4.0, y, &money(value), ink);
        y += 13.0;
    }
    y += 10.0;
    c.text(style, Align::Center, w / 2.0, y, "*** THANK YOU ***", ink);
    y += 14.0;
    if coded {
        barcode(&mut c, page, w / 2.0 - 60.0, y, 120.0, 34.0);
        c.text(style, Align::Center, w / 2.0, y + 44.0, &page.digits(13), ink);
    }
    paper.finish(page, c)
}

/// A strip of paper on a table, torn off in small teeth above and below.
fn torn_strip(c: &mut Canvas, width: f32, bottom: f32, tone: [u8; 3]) {
    let (left, right) = (9.0, width - 9.0);
    let teeth = ((right - left) / 6.0) as i64;
    let step = (right - left) / teeth as f32;
    let mut outline = Vec::new();
    for tooth in 0..teeth {
        let x = left + tooth as f32 * step;
        outline.extend([(x, 14.0), (x + step / 2.0, 10.0)]);
    }
    outline.push((right, 14.0));
    for tooth in (0..teeth).rev() {
        let x = left + tooth as f32 * step;
        outline.extend([(x + step, bottom), (x + step / 2.0, bottom + 4.0)]);
    }
    outline.push((left, bottom));
    let shadow: Vec<(f32, f32)> = outline.iter().map(|(x, y)| (x + 3.0, y + 4.0)).collect();
    c.fill(&Path::polygon(&shadow), Ink::new([0; 3], 90));
    c.fill(&Path::polygon(&outline), tone);
}
