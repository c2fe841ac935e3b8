//! Labels that are probably wrong, as people read it.

use super::{ClassLabels, Suspect, Suspects};
use crate::report::align;

/// Suspects that are printed.
const SHOWN: usize = 20;

/// The text of it.
pub fn text(found: &Suspects) -> String {
    let Suspects { images, suspects, estimated_wrong, labels, .. } = found;
    let percent = 100.0 * suspects.len() as f64 / *images as f64;
    let mut out = vec![format!(
        "{} of {images} labels of {labels} are suspects ({percent:.1} %); about {estimated_wrong:.0} are estimated to be wrong",
        suspects.len()
    )];
    if found.unlabelled > 0 {
        out.push(format!("predictions of images without a label: {}", found.unlabelled));
    }
    if found.mixed > 0 {
        out.push(format!("predictions of samples of several classes, passed over: {}", found.mixed));
    }
    if !suspects.is_empty() {
        out.extend([String::new(), "suspects, the surest first".to_owned()]);
        out.extend(align(&rows(found, SHOWN), &[2, 4, 5]).into_iter().map(|line| format!("  {line}")));
        if suspects.len() > SHOWN {
            out.push(format!("  and {} more (--fixes-out, --html, --json)", suspects.len() - SHOWN));
        }
        out.extend([String::new(), "classes".to_owned()]);
        let head = ["", "images", "sure from", "suspects", "estimated wrong"].map(str::to_owned).to_vec();
        let row = |class: &ClassLabels| {
            let threshold = class.threshold.map_or_else(|| "–".to_owned(), |threshold| format!("{threshold:.2}"));
            let estimated = format!("{:.1}", class.estimated_wrong);
            vec![class.class.clone(), class.images.to_string(), threshold, class.suspects.to_string(), estimated]
        };
        let rows: Vec<Vec<String>> = [head].into_iter().chain(found.classes.iter().map(row)).collect();
        out.extend(align(&rows, &[1, 2, 3, 4]).into_iter().map(|line| format!("  {line}")));
    }
    out.join("\n") + "\n"
}

/// The heading and rows of the first suspects.
pub(super) fn rows(found: &Suspects, most: usize) -> Vec<Vec<String>> {
    let head = ["", "labelled", "", "looks like", "", "margin"].map(str::to_owned).to_vec();
    let row = |one: &Suspect| {
        vec![
            one.paths.join(" = "),
            one.label.clone(),
            format!("{:.2}", one.label_probability),
            one.suggested.clone(),
            format!("{:.2}", one.suggested_probability),
            format!("{:.2}", one.margin),
        ]
    };
    [head].into_iter().chain(found.suspects.iter().take(most).map(row)).collect()
}
