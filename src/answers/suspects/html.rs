//! Labels that are probably wrong, as a page to look at.

use super::{Suspect, Suspects};
use crate::fs;
use crate::pixels::{EncodeError, Image, Limits, decode};
use crate::report::{Script, document, escaped, picture, section, table};
use std::path::{Component, Path};

/// The longest side of an image, in pixels.
const SIDE: u32 = 320;

const STYLE: &str = "\
    .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:1rem}\
    figure{margin:0;border:1px solid #8885;border-radius:6px;padding:.5rem}\
    figure img{max-width:100%;height:auto;display:block;margin:0 auto .4rem}\
    figure code{font-size:.8em;overflow-wrap:anywhere}.none{display:block;padding:2rem 0;opacity:.7}";

/// A page with the first `shown` suspects, their images from `images`; an image that cannot be shown is a line in its
/// place.
///
/// # Errors
/// When an image cannot be encoded.
pub fn page(found: &Suspects, images: Option<&Path>, shown: usize) -> Result<String, EncodeError> {
    let mut cards = String::new();
    for (rank, one) in found.suspects.iter().take(shown).enumerate() {
        cards += &card(rank + 1, one, images)?;
    }
    let Suspects { suspects, estimated_wrong, .. } = found;
    let mut body = format!(
        "<p>{} of {} labels of {} are suspects; about {estimated_wrong:.0} are estimated to be wrong. None is changed: keep \
         the lines of --fixes-out that are right.</p>\n",
        suspects.len(),
        found.images,
        escaped(&found.labels)
    );
    let more = match suspects.len().saturating_sub(shown) {
        0 => String::new(),
        more => format!("<p>and {more} more (--shown)</p>\n"),
    };
    body += &section("Suspects, the surest first", &format!("<div class=\"cards\">\n{cards}</div>\n{more}"));
    let rows = found.classes.iter().map(|class| {
        let threshold = class.threshold.map_or_else(|| "–".to_owned(), |threshold| format!("{threshold:.2}"));
        let counts = [class.images, class.suspects].map(|count| count.to_string());
        let [images, suspects] = counts;
        vec![class.class.clone(), images, threshold, suspects, format!("{:.1}", class.estimated_wrong)]
    });
    let head = ["class", "images", "sure from", "suspects", "estimated wrong"];
    body += &section("Classes", &table(&head, &[1, 2, 3, 4], rows));
    Ok(document("Labels that are probably wrong", STYLE, Script::None, &body))
}

fn card(rank: usize, one: &Suspect, images: Option<&Path>) -> Result<String, EncodeError> {
    let path = &one.paths[0];
    let shown = match images.map(|folder| image(folder, path)) {
        None => String::new(),
        Some(Ok(image)) => picture(&image, SIDE, path)?,
        Some(Err(why)) => format!("<span class=\"none\">{}</span>", escaped(&why)),
    };
    Ok(format!(
        "<figure>{shown}<figcaption>{rank}. labelled <b>{}</b> {:.2}, looks like <b>{}</b> {:.2}</figcaption><code>{}</code>\
         </figure>\n",
        escaped(&one.label),
        one.label_probability,
        escaped(&one.suggested),
        one.suggested_probability,
        escaped(&one.paths.join(" = "))
    ))
}

/// The image at a path below a folder, or why there is none.
fn image(folder: &Path, id: &str) -> Result<Image, String> {
    if !Path::new(id).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("'{id}' leads out of the folder of images"));
    }
    let file = folder.join(id);
    let bytes = fs::read(&file).map_err(|error| error.to_string())?;
    decode(&bytes, &Limits::default()).map_err(|error| format!("{}: {error}", file.display()))
}
