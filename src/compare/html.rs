//! Submissions side by side, as one page: the images that they dispute most, with each one's vote.

use super::pictures::image;
use super::text::{error_rows, head, member_rows, pair_of};
use super::{Comparison, Disputed, Pair};
use crate::pixels::EncodeError;
use crate::report::{Script, document, escaped, picture, section, table};
use rayon::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

const STYLE: &str = include_str!("page.css");

/// The longest side of an image on the page.
const SIDE: u32 = 260;

/// Flows of a pair that the page has.
const FLOWS: usize = 20;

/// The page: up to `shown` disputed images, from `images` where a folder is given.
///
/// # Errors
/// When an image cannot be encoded. One that cannot be read is a line on the page.
pub fn page(comparison: &Comparison, images: Option<&Path>, shown: usize) -> Result<String, EncodeError> {
    let names: Vec<&str> = comparison.members.iter().map(|member| member.name.as_str()).collect();
    let title = format!("Comparison of {}", names.join(", "));
    let mut page = format!("<p>{}.</p>\n", escaped(&head(comparison)));
    let (heads, rows) = member_rows(comparison);
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let all_wrong = comparison.vote.all_wrong.map(|wrong| format!("<p>Wrong in all submissions: {wrong}.</p>\n"));
    page += &section("Submissions", &(table(&heads, &[0, 2], rows) + &all_wrong.unwrap_or_default()));
    let percent = |pair: &Pair| Some((100.0 * pair.disagreement, format!("{:.1} %", 100.0 * pair.disagreement)));
    page += &section("Disagreement", &matrix(comparison, &percent));
    if comparison.labelled.is_some() {
        let phi = |pair: &Pair| pair.error_correlation.map(|phi| (100.0 * phi, format!("{phi:.3}")));
        let (heads, rows) = error_rows(comparison);
        let text = "<p>The correlation of being wrong: the lower it is, the more a vote of the two can gain.</p>\n";
        page +=
            &section("Errors", &format!("{text}{}{}", matrix(comparison, &phi), table(&heads, &[2, 3, 4, 5, 6], rows)));
    }
    page += &section("What one calls otherwise than the other", &flows(comparison));
    let cards: Vec<String> = (comparison.disputed.par_iter().take(shown))
        .map(|one| card(comparison, one, images))
        .collect::<Result<_, EncodeError>>()?;
    if !cards.is_empty() {
        let all = comparison.disputed.len();
        let text = format!("<p>{} of {all} that are not unanimous.</p>\n", cards.len());
        page += &section("Most disputed", &format!("{text}<div class=\"cards\">{}</div>\n", cards.concat()));
    }
    Ok(document(&title, STYLE, Script::None, &page))
}

/// A cell for each pair: its text, on a ground the stronger the larger its value is, in per cent.
fn matrix(comparison: &Comparison, cell: &dyn Fn(&Pair) -> Option<(f64, String)>) -> String {
    let most = comparison.pairs.iter().filter_map(cell).map(|(value, _)| value).fold(1e-9, f64::max);
    let heads: String =
        (1..=comparison.members.len()).map(|number| format!("<th scope=\"col\">{number}</th>")).collect();
    let mut rows = String::new();
    for (row, member) in comparison.members.iter().enumerate() {
        let _ = write!(rows, "<tr><th scope=\"row\">{} {}</th>", row + 1, escaped(&member.name));
        for column in 0..comparison.members.len() {
            match pair_of(comparison, row, column).and_then(cell) {
                Some((value, text)) => {
                    let share = (70.0 * value / most).max(0.0);
                    let _ = write!(rows, "<td style=\"--share: {share:.0}%\">{}</td>", escaped(&text));
                }
                None => rows += "<td>–</td>",
            }
        }
        rows += "</tr>\n";
    }
    format!(
        "<div class=\"wide\"><table class=\"matrix\"><thead><tr><th></th>{heads}</tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn flows(comparison: &Comparison) -> String {
    let mut out = String::new();
    for pair in comparison.pairs.iter().filter(|pair| pair.differing > 0) {
        let [a, b] = [pair.a, pair.b].map(|place| comparison.members[place].name.as_str());
        let rows =
            pair.flow.iter().take(FLOWS).map(|one| vec![one.from.clone(), one.to.clone(), one.images.to_string()]);
        let more = match pair.flow.len() > FLOWS {
            true => format!("<p>and {} more</p>", pair.flow.len() - FLOWS),
            false => String::new(),
        };
        let open = if comparison.pairs.len() == 1 { " open" } else { "" };
        let _ = writeln!(
            out,
            "<details{open}><summary>{} and {}: {} images</summary>{}{more}</details>",
            escaped(a),
            escaped(b),
            pair.differing,
            table(&[a, b, "images"], &[2], rows)
        );
    }
    if out.is_empty() { "<p>All say the same of every image.</p>\n".into() } else { out }
}

fn card(comparison: &Comparison, one: &Disputed, images: Option<&Path>) -> Result<String, EncodeError> {
    let shown = match images.map(|folder| image(folder, &one.id)) {
        None => String::new(),
        Some(Ok(image)) => picture(&image, SIDE, &one.id)?,
        Some(Err(why)) => format!("<span class=\"none\">{}</span>", escaped(&why)),
    };
    // What stands out: a wrong vote where the truth is known, else one against the majority.
    let expected = one.truth.as_ref().unwrap_or(&one.vote);
    let mut votes = String::new();
    for (place, (class, member)) in one.votes.iter().zip(&comparison.members).enumerate() {
        let sure = one.sure.as_ref().map(|sure| format!(" {:.2}", sure[place])).unwrap_or_default();
        let other = if class == expected { "" } else { " class=\"other\"" };
        let _ = write!(votes, "<dt>{}</dt><dd{other}>{}{sure}</dd>", escaped(&member.name), escaped(class));
    }
    let truth = match &one.truth {
        Some(truth) => format!("is <b>{}</b>, vote {}", escaped(truth), escaped(&one.vote)),
        None => format!("vote <b>{}</b>", escaped(&one.vote)),
    };
    Ok(format!(
        "<figure>{shown}<figcaption>{truth}, {:.2} bits</figcaption><dl>{votes}</dl><code>{}</code></figure>\n",
        one.entropy,
        escaped(&one.id)
    ))
}
