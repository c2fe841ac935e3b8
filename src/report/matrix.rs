//! The confusion matrix as a drawing.

use super::drawing::{Anchor, Color, Drawing, Shape};
use crate::metrics::Confusion;

/// Classes up to which every cell has its number.
const NUMBERED: usize = 40;

/// Draws a confusion matrix, a row for each class and a column for what it was called: cells are coloured by their share of
/// the row, and hold counts where there is room. `names` are the classes', in order.
///
/// # Panics
/// When there are not as many names as classes.
pub fn matrix(names: &[String], confusion: &Confusion) -> Drawing {
    assert!(names.len() == confusion.classes(), "BUG: names of other classes");
    let count = names.len();
    let cell = if count > NUMBERED { 14.0 } else { 26.0 };
    let widest = names.iter().map(|name| places(name)).max().unwrap_or(0) as f64;
    let margin = 16.0 + 6.2 * widest.min(28.0);
    let side = cell * count as f64;
    let mut drawing = Drawing::new("Confusion matrix", margin + side + 12.0, margin + side + 12.0);
    drawing.text((6.0, 16.0), 10.0, Anchor::Start, Color::Faded, "row: is");
    drawing.text((6.0, 29.0), 10.0, Anchor::Start, Color::Faded, "column: called");
    for (place, name) in names.iter().enumerate() {
        let (name, middle) = (shortened(name), margin + cell * (place as f64 + 0.5));
        drawing.text((margin - 6.0, middle + 3.5), 10.0, Anchor::End, Color::Ink, &name);
        drawing.shapes.push(Shape::Text {
            x: middle + 3.5,
            y: margin - 6.0,
            size: 10.0,
            anchor: Anchor::Start,
            upright: true,
            color: Color::Ink,
            text: name,
        });
    }
    for truth in 0..count {
        let total = (0..count).map(|said| confusion.count(truth, said)).sum::<u64>();
        for said in 0..count {
            let samples = confusion.count(truth, said);
            if samples == 0 {
                continue;
            }
            let share = samples as f64 / total as f64;
            // A mistake of a few per cent is what one looks for: it must be seen beside the diagonal.
            let (color, opacity) = match truth == said {
                true => (Color::A, 0.6 * share),
                false => (Color::B, (4.0 * share).min(0.9)),
            };
            let (x, y) = (margin + cell * said as f64, margin + cell * truth as f64);
            let title =
                format!("{} called {}: {samples} of {total}, {:.1} %", names[truth], names[said], 100.0 * share);
            drawing.shapes.push(Shape::Rect { x, y, width: cell, height: cell, color, opacity, title });
            if count <= NUMBERED {
                let size = if samples > 999 { 8.0 } else { 9.5 };
                drawing.text((x + cell / 2.0, y + cell / 2.0 + 3.3), size, Anchor::Middle, Color::Ink, &short(samples));
            }
        }
    }
    for line in 0..=count {
        let at = margin + cell * line as f64;
        drawing.line((margin, at), (margin + side, at), Color::Line, 1.0);
        drawing.line((at, margin), (at, margin + side), Color::Line, 1.0);
    }
    drawing
}

/// How wide a text is, in Latin letters: a Korean letter is as wide as two.
fn places(text: &str) -> usize {
    text.chars().map(|letter| if letter >= '\u{1100}' { 2 } else { 1 }).sum()
}

fn shortened(name: &str) -> String {
    if places(name) <= 28 {
        return name.to_owned();
    }
    let mut room = 27;
    let fits = |letter: &char| {
        let width = places(letter.encode_utf8(&mut [0; 4]));
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    name.chars().take_while(fits).chain(['…']).collect()
}

/// A count in at most four characters.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_shares_of_their_row_and_absent_pairs_are_not_drawn() {
        let names = ["계약서".to_owned(), "form".to_owned()];
        let confusion = Confusion::of(2, [(0, 0), (0, 0), (0, 0), (0, 1), (1, 1)]);
        let drawing = matrix(&names, &confusion);
        let cells: Vec<(Color, f64)> = (drawing.shapes.iter())
            .filter_map(|shape| match shape {
                Shape::Rect { color, opacity, .. } => Some((*color, *opacity)),
                _ => None,
            })
            .collect();
        assert_eq!(cells, [(Color::A, 0.6 * 0.75), (Color::B, 0.9), (Color::A, 0.6)]);
        let svg = drawing.element();
        assert!(svg.contains("<title>계약서 called form: 1 of 4, 25.0 %</title>"), "{svg}");
    }

    #[test]
    fn long_names_are_shortened_and_many_classes_have_no_numbers() {
        assert_eq!(shortened(&"계".repeat(20)), "계".repeat(13) + "…");
        assert_eq!(shortened("form"), "form");
        let names: Vec<String> = (0..50).map(|number| format!("class {number}")).collect();
        let drawing = matrix(&names, &Confusion::of(50, (0..50).map(|class| (class, class))));
        let texts = drawing.shapes.iter().filter(|shape| matches!(shape, Shape::Text { .. })).count();
        assert_eq!(texts, 2 + 2 * 50);
        assert_eq!([short(9_999), short(12_345), short(3_000_000)], ["9999", "12k", "3M"]);
    }
}
