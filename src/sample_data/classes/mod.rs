//! The seventeen kinds of document.
//!
//! Each is a function of two streams of choices: `doc` for what all pages of a document share (paper, layout, sender),
//! `page` for what one page says. A function must take the same number of choices from `doc` whatever `page` gave, or
//! the pages of a document would come apart; so it takes all of them first.

mod cards;
mod figures;
mod forms;
mod letters;
mod medical;
mod print;
mod scenes;
mod tables;

use super::dice::Dice;
use crate::pixels::Image;

/// A kind of document.
pub(super) struct Class {
    pub name: &'static str,
    /// How many images at full scale.
    pub count: u32,
    pub draw: fn(doc: &mut Dice, page: &mut Dice) -> Image,
}

const fn class(name: &'static str, count: u32, draw: fn(&mut Dice, &mut Dice) -> Image) -> Class {
    Class { name, count, draw }
}

/// All classes, by name; the index is the target. `id_card` and `driver_licence`, and `lab_report` and `prescription`,
/// are easily taken for one another, and the three small classes are among the pairs, as in the contest.
pub(super) const CLASSES: [Class; 17] = [
    class("application_form", 100, forms::application_form),
    class("bar_chart", 100, figures::bar_chart),
    class("book_page", 100, print::book_page),
    class("business_letter", 100, letters::business_letter),
    class("car_dashboard_dial", 100, scenes::car_dashboard_dial),
    class("driver_licence", 74, cards::driver_licence),
    class("handwritten_note", 100, letters::handwritten_note),
    class("id_card", 100, cards::id_card),
    class("invoice", 100, tables::invoice),
    class("lab_report", 46, medical::lab_report),
    class("license_plate", 100, scenes::license_plate),
    class("music_sheet", 100, figures::music_sheet),
    class("newspaper_page", 100, print::newspaper_page),
    class("prescription", 50, medical::prescription),
    class("receipt", 100, tables::receipt),
    class("tax_table", 100, tables::tax_table),
    class("typescript", 100, letters::typescript),
];
