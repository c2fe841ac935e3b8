//! A page: one file with its style, that asks for no other.

use super::escaped;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

/// A page as it grows, section by section. Whatever is not called markup is escaped.
#[derive(Clone, Debug)]
pub struct Page {
    text: String,
}

impl Page {
    /// A page with a heading; `style` is added to what all pages share.
    pub fn new(title: &str, heading: &str, style: &str) -> Self {
        let (title, heading) = (escaped(title), escaped(heading));
        Self {
            text: format!(
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
                 <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                 <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
                 <title>{title}</title>\n<style>{STYLE}{style}</style></head><body><main>\n<h1>{heading}</h1>\n"
            ),
        }
    }

    /// Adds markup.
    pub fn add(&mut self, markup: &str) {
        self.text += markup;
    }

    /// Adds markup below a heading.
    pub fn section(&mut self, title: &str, markup: &str) {
        let _ = write!(self.text, "<section><h2>{}</h2>\n{markup}</section>\n", escaped(title));
    }

    /// The whole of it.
    pub fn finish(mut self) -> String {
        self.text += "</main></body></html>\n";
        self.text
    }
}

/// A list; `none` stands for one without items.
pub fn items(lines: impl Iterator<Item = String>, none: &str) -> String {
    let lines: String = lines.map(|line| format!("<li>{}</li>\n", escaped(&line))).collect();
    match lines.is_empty() {
        true => format!("<p>{}</p>\n", escaped(none)),
        false => format!("<ul>\n{lines}</ul>\n"),
    }
}

/// A table that scrolls where it is wider than the page.
pub fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head: String = head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escaped(cell))).collect();
    let row = |row: Vec<String>| {
        let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    format!(
        "<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>\n{}</tbody></table></div>\n",
        rows.map(row).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_asks_for_no_other_file_and_escapes_what_is_named() {
        let mut page = Page::new("a<b", "<i>", ".x { color: red; }");
        page.section("<h2>", &table(&["<th>"], [vec!["<td>".to_owned()]].into_iter()));
        page.section("none", &items([].into_iter(), "<p>"));
        let text = page.finish();
        for markup in ["<i>", "<title>a<b", "<h2><h2>", "<th><th>", "<td><td>", "<p><p>"] {
            assert!(!text.contains(markup), "{markup}: {text}");
        }
        assert!(text.contains("default-src 'none'") && !text.contains("http://") && !text.contains("https://"));
        assert!(text.contains(".x { color: red; }") && text.ends_with("</main></body></html>\n"));
    }
}
