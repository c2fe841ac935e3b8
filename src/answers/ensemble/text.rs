//! An ensemble, as people read it.

use super::{Fit, HeldOut, Report};
use crate::metrics::Scores;
use crate::report::align;

/// The text of it.
pub fn text(report: &Report) -> String {
    let Report { images, classes, members, unanimous, .. } = report;
    let apart = images - unanimous;
    let percent = 100.0 * apart as f64 / *images as f64;
    let mut out = vec![format!(
        "{} of {} members: {images} images, {classes} classes; {apart} ({percent:.1} %) not unanimous",
        report.method,
        members.len()
    )];
    if let Some(ties) = report.ties.filter(|ties| *ties > 0) {
        out.push(format!("{ties} ties, settled by mean probability, then by the order of the classes"));
    }
    for path in &report.nameless {
        out.push(format!("{path} has no IDs: its rows were taken in the order of the sample submission"));
    }
    out.push(String::new());
    let scored = report.scores.is_some();
    let mut head = ["", "weight", "agrees, %"].map(str::to_owned).to_vec();
    if scored {
        head.extend(["macro F1".to_owned(), "accuracy".to_owned()]);
    }
    let mut rows = vec![head];
    for member in members {
        let weight = member.weight.map_or_else(|| "–".to_owned(), |weight| format!("{weight:.3}"));
        let row = vec![member.name.clone(), weight, format!("{:.1}", 100.0 * member.agreement)];
        rows.push([row, Scores::cells(member.scores)].concat());
    }
    if scored {
        rows.push([vec!["all".to_owned(), String::new(), String::new()], Scores::cells(report.scores)].concat());
    }
    out.extend(align(&rows, &[1, 2]).into_iter().map(|line| format!("  {line}").trim_end().to_owned()));
    if let Some(scores) = report.scores.filter(|scores| scores.images < *images) {
        out.push(format!("  of the {} images that have a label", scores.images));
    }
    if let Some(fit) = &report.fit {
        out.push(String::new());
        out.extend(fitted(fit));
    }
    out.join("\n") + "\n"
}

fn fitted(fit: &Fit) -> Vec<String> {
    let unlabelled = match fit.unlabelled {
        0 => String::new(),
        count => format!("; {count} more have no label"),
    };
    let mut out = vec![format!("weights, fitted on {} out-of-fold images{unlabelled}", fit.images)];
    let row =
        |name: &str, [mean, fitted]: [f64; 2]| vec![name.to_owned(), format!("{mean:.4}"), format!("{fitted:.4}")];
    let mut rows = vec![["", "plain mean", "fitted"].map(str::to_owned).to_vec()];
    rows.push(row("macro F1", [fit.macro_f1.mean, fit.macro_f1.fitted]));
    rows.push(row("log loss", [fit.log_loss.mean, fit.log_loss.fitted]));
    if let Some(held) = &fit.held_out {
        rows.push(row("macro F1, held out", [held.macro_f1.mean, held.macro_f1.fitted]));
        rows.push(row("log loss, held out", [held.log_loss.mean, held.log_loss.fitted]));
    }
    out.extend(align(&rows, &[1, 2]).into_iter().map(|line| format!("  {line}")));
    out.push(match &fit.held_out {
        None => "  too few images to hold any out: whether the weights help is not known".to_owned(),
        Some(HeldOut { folds, mcnemar, .. }) => {
            let verdict = match fit.beats_the_mean {
                true => format!("fitted weights beat the plain mean (McNemar p {mcnemar:.3})"),
                false => {
                    format!("fitted weights do not beat the plain mean (McNemar p {mcnemar:.3}): take --method soft")
                }
            };
            format!("  held out in {folds} folds, {verdict}")
        }
    });
    out
}
