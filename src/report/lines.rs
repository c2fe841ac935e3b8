//! Columns and bars of text, as wide as a terminal shows them.

/// Rows as lines: columns two spaces apart, those in `right` (by index) aligned to the right. Korean letters take two
/// places.
pub fn align(rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let space = " ".repeat(widths[column] - width(cell));
            if right.contains(&column) { space + cell } else { cell.clone() + &space }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Places on a terminal.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}');
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}

/// Bars of eighths, the tallest standing for `most`; a bar that is not 0 is seen.
pub fn sparkline(values: &[f64], most: f64) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let eighths = |value: f64| if most > 0.0 { (8.0 * value / most).ceil().clamp(0.0, 8.0) } else { 0.0 };
    values.iter().map(|value| BARS[eighths(*value) as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_are_seen() {
        let rows = [vec!["계약서".to_owned(), "9".into()], vec!["form".into(), "10".into(), "x".into()]];
        assert_eq!(align(&rows, &[1]), ["계약서   9", "form    10  x"]);
    }

    #[test]
    fn a_bar_is_seen_unless_it_is_nothing() {
        assert_eq!(sparkline(&[0.0, 0.001, 0.5, 1.0], 1.0), " ▁▄█");
        assert_eq!(sparkline(&[0.0, 1.0], 0.0), "  ");
    }
}
