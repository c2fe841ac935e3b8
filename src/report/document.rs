//! A whole HTML page of ours: one file that loads nothing, readable in light and dark, on a laptop and a phone.

use super::escaped;

/// What every page looks like; a page adds its own.
const STYLE: &str = include_str!("base.css");

/// What a page runs, and what it may load for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Script<'a> {
    /// Nothing.
    None,
    /// This text, which loads nothing.
    Alone(&'a str),
    /// This text, which loads what the server of the page has.
    Served(&'a str),
}

/// A page whose heading is its title. `style` and `script` are ours, `body` is HTML; the title is escaped here. A page
/// may show images that it holds, run its own script, and load nothing from elsewhere, whatever a name in it says.
pub fn document(title: &str, style: &str, script: Script<'_>, body: &str) -> String {
    let title = escaped(title);
    let (allowed, script) = match script {
        Script::None => ("img-src data:", ""),
        Script::Alone(script) => ("img-src data:; script-src 'unsafe-inline'", script),
        Script::Served(script) => ("img-src 'self' data:; connect-src 'self'; script-src 'unsafe-inline'", script),
    };
    let script = if script.is_empty() { String::new() } else { format!("<script>{script}</script>\n") };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; {allowed}\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>{STYLE}{style}</style></head><body><main>\n\
         <h1>{title}</h1>\n{body}</main>\n{script}</body></html>\n"
    )
}

/// A part of a page with a heading (not yet escaped); `content` is HTML.
pub fn section(title: &str, content: &str) -> String {
    format!("<section><h2>{}</h2>\n{content}</section>\n", escaped(title))
}

/// A table; cells are escaped here, and those of `right` columns stand to the right.
pub fn table(head: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let cell = |tag: &str, (column, text): (usize, &str)| {
        let class = if right.contains(&column) { " class=\"number\"" } else { "" };
        format!("<{tag}{class}>{}</{tag}>", escaped(text))
    };
    let head: String = head.iter().copied().enumerate().map(|at| cell("th", at)).collect();
    let row = |row: Vec<String>| {
        let cells: String = row.iter().map(String::as_str).enumerate().map(|at| cell("td", at)).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.into_iter().map(row).collect();
    format!("<div class=\"wide\"><table><tr>{head}</tr>\n{rows}</table></div>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_a_script_runs_none() {
        assert!(!document("t", "", Script::None, "").contains("script"));
        assert!(document("t", "", Script::Alone("go()"), "").contains("script-src 'unsafe-inline'"));
    }

    #[test]
    fn names_do_not_become_markup() {
        let html = table(&["<a>"], &[0], [vec!["<b>&".to_owned()]]);
        assert!(html.contains("<th class=\"number\">&lt;a&gt;</th>") && html.contains("&lt;b&gt;&amp;"), "{html}");
        assert!(document("<i>", "", Script::None, "").contains("<title>&lt;i&gt;</title>"));
    }
}
