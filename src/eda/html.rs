//! What was found, as one page: no file or address beside it.

use super::input::{AtSize, SIZES};
use super::text::{amount, measure_lines, repeated_lines, shape_rows, spread, swapped_line};
use super::{Compared, Eda, Survey};
use crate::pixels::{EncodeError, Encoding, Image, Size};
use crate::report::{Script, data_url, document, escaped, plot, section, smaller, table};
use crate::statistics::Measure;
use std::fmt::Write as _;

const STYLE: &str = include_str!("eda.css");

/// Files that are named on the page.
const SHOWN: usize = 100;

/// The page; `sheet` is the image of the page whose strokes are shown, where it can be had.
///
/// # Errors
/// When an image cannot be encoded.
pub fn page(eda: &Eda, sheet: Option<&Image>) -> Result<String, EncodeError> {
    let title = match &eda.against {
        Some(target) => format!("{} against {}", eda.sources.root.display(), target.root.display()),
        None => eda.sources.root.display().to_string(),
    };
    let mut body = head(eda);
    body += &section("What to make of it", &sentences(eda));
    body += &section("Classes", &classes(eda));
    body += &section("Shapes", &shapes(eda));
    body += &section("Measures", &measures(eda));
    if let Some(strokes) = sheet.map(|sheet| strokes(eda, sheet)).transpose()?.flatten() {
        body += &section("One page at three input sizes", &strokes);
    }
    body += &left_out(eda);
    Ok(document(&title, STYLE, Script::None, &body))
}

fn head(eda: &Eda) -> String {
    let mut rows = vec![vec!["sources".to_owned(), amount(&eda.sources)]];
    rows.extend(eda.against.as_ref().map(|target| vec!["target, without labels".to_owned(), amount(target)]));
    let lines: String = repeated_lines(eda).iter().map(|line| format!("<p>{}</p>\n", with_code(line))).collect();
    table(&["", ""], &[], rows) + &lines
}

fn sentences(eda: &Eda) -> String {
    let advice = &eda.advice;
    let sentences = [&advice.loss, &advice.input, &advice.ops];
    let items: String = sentences.iter().map(|text| format!("<li>{}</li>\n", with_code(text))).collect();
    let steps: Vec<String> = advice.steps.iter().map(|step| format!("# {}\n{}", step.because, step.toml)).collect();
    let steps = match steps.is_empty() {
        true => String::new(),
        false => format!("<pre>{}</pre>\n", escaped(&steps.join("\n"))),
    };
    format!("<ol class=\"sentences\">\n{items}</ol>\n{steps}")
}

/// A text as HTML, what stands in backticks as code.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escaped(part)) } else { escaped(part) })
        .collect()
}

fn classes(eda: &Eda) -> String {
    let counts = &eda.classes.counts;
    let most = counts.iter().map(|count| count.images).max().unwrap_or(1).max(1);
    let mut rows = String::new();
    for count in counts {
        let width = 100.0 * count.images as f64 / most as f64;
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"bar\"><svg viewBox=\"0 0 100 10\" \
             preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"a\" width=\"{width:.1}\" height=\"10\"/></svg></td></tr>",
            escaped(&count.class),
            count.images,
            count.groups
        );
    }
    format!(
        "<p>Imbalance ratio {:.1}.</p>\n<div class=\"wide\"><table><tr><th>class</th><th class=\"number\">images</th>\
         <th class=\"number\">documents</th><th></th></tr>\n{rows}</table></div>\n",
        eda.classes.imbalance
    )
}

fn shapes(eda: &Eda) -> String {
    let head: &[&str] = if eda.against.is_some() { &["", "sources", "target"] } else { &["", "sources"] };
    let rows = shape_rows(&eda.shapes.sources, eda.shapes.against.as_ref());
    let swapped = swapped_line(eda).map(|line| format!("<p>{}</p>\n", escaped(&line))).unwrap_or_default();
    table(head, &[], rows) + &swapped
}

fn measures(eda: &Eda) -> String {
    let mut out = String::new();
    if eda.against.is_some() {
        out += "<p class=\"key\"><span class=\"a\">sources</span> <span class=\"b\">target</span> bars are shares of each; \
                δ is Cliff's delta, d Cohen's d, KS the Kolmogorov–Smirnov distance (docs/eda.md)</p>\n";
    }
    for line in measure_lines(eda) {
        let _ = writeln!(out, "<p>{}</p>", escaped(&line));
    }
    out += "<div class=\"spreads\">\n";
    for one in &eda.measures {
        let _ = writeln!(out, "{}", figure(one));
    }
    out + "</div>\n"
}

fn figure(one: &Compared) -> String {
    let measure = Measure::named(one.measure).expect("BUG: a measure that there is not");
    let bars = &one.bars.0;
    let (a, b): (Vec<u64>, Vec<u64>) = bars.iter().map(|bar| (bar.a, bar.b)).unzip();
    let drawn = match (bars.first(), bars.last()) {
        (Some(first), Some(last)) => {
            let sides: &[&[u64]] = if one.against.is_some() { &[&a, &b] } else { &[&a] };
            plot::histogram(one.measure, &measure.number(first.low), &measure.number(last.high), sides)
        }
        _ => "<span class=\"none\">no image gives a value</span>".into(),
    };
    let sides = match &one.against {
        Some(_) => format!("{} → {}", spread(one, one.sources.as_ref()), spread(one, one.against.as_ref())),
        None => spread(one, one.sources.as_ref()),
    };
    let words = one.words.as_ref().map(|words| format!("<br><span class=\"shift\">{}</span>", escaped(words)));
    format!(
        "<figure>{drawn}<figcaption><b>{}</b>, {}: {}{}<br>{}</figcaption></figure>",
        escaped(one.measure),
        escaped(one.unit),
        escaped(&sides),
        words.unwrap_or_default(),
        escaped(measure.meaning)
    )
}

/// The share of the page's sides that is shown enlarged.
const PART: u32 = 4;

/// The page at each size, and the same part of it enlarged.
fn strokes(eda: &Eda, sheet: &Image) -> Result<Option<String>, EncodeError> {
    let Some(input) = &eda.advice.strokes else { return Ok(None) };
    let (mut pages, mut parts) = (String::new(), String::new());
    for ((side, at), stroke) in SIZES.into_iter().zip(&input.sizes).zip(input.page_strokes(&eda.sources)) {
        let small = smaller(sheet, side);
        let alt = format!("the page at {side} px");
        let wide = small.size().width;
        let tag = image(&small, &alt, "")?;
        let _ = writeln!(pages, "<figure style=\"width:{wide}px\">{tag}{}</figure>", caption(at, stroke));
        let part = cut(&small);
        let (alt, scale) = (format!("part of the page at {side} px, enlarged"), escaped(&part.size().to_string()));
        let tag = image(&part, &alt, " class=\"large\"")?;
        let _ = writeln!(parts, "<figure>{tag}<figcaption>{scale} pixels of {side}</figcaption></figure>");
    }
    let name = escaped(&input.page);
    Ok(Some(format!(
        "<p>{name}: the page whose strokes are as wide as those of the middle page.</p>\n<div class=\"pages\">\n{pages}</div>\n\
         <p>Its middle, a quarter of each side, enlarged:</p>\n<div class=\"pages\">\n{parts}</div>\n"
    )))
}

fn caption(at: &AtSize, stroke: f64) -> String {
    let AtSize { longest_side, stroke_px, kept } = at;
    format!(
        "<figcaption><b>{longest_side} px</b>: strokes of this page {stroke:.2} px, of the middle page {stroke_px:.2} px; {:.0} % \
         of the pages keep 1 px</figcaption>",
        100.0 * kept
    )
}

fn image(image: &Image, alt: &str, class: &str) -> Result<String, EncodeError> {
    let Size { width, height } = image.size();
    let url = data_url("image/png", &Encoding::Png.encode(image)?);
    Ok(format!("<img{class} alt=\"{}\" width=\"{width}\" height=\"{height}\" src=\"{url}\">", escaped(alt)))
}

/// The middle of an image, a quarter of each side.
fn cut(image: &Image) -> Image {
    let Size { width, height } = image.size();
    let size = Size::new((width / PART).max(1), (height / PART).max(1));
    let (left, top) = ((width - size.width) / 2, (height - size.height) / 2);
    Image::from_fn(size, |x, y| image.pixel(left + x, top + y))
}

fn left_out(eda: &Eda) -> String {
    let one = |survey: &Survey| {
        let files = &survey.left_out;
        if files.is_empty() {
            return String::new();
        }
        let items: String =
            files.iter().take(SHOWN).map(|file| format!("<li>{}</li>\n", escaped(&file.to_string()))).collect();
        let more = files.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!("<p>and {more} more</p>\n") } else { String::new() };
        section(
            &format!("Left out of {}: {}", survey.root.display(), files.len()),
            &format!("<ul>\n{items}</ul>\n{more}"),
        )
    };
    one(&eda.sources) + &eda.against.as_ref().map(one).unwrap_or_default()
}
