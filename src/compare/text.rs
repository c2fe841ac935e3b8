//! Submissions side by side, as people read it.

use super::{Comparison, Disputed, Member, Pair};
use crate::metrics::Scores;
use crate::report::align;

/// Lines of a list that are printed.
const SHOWN: usize = 10;

/// Flows that are printed of a pair, and pairs of which they are.
const FLOWS: usize = 5;

/// The text of it.
pub fn text(comparison: &Comparison) -> String {
    let mut out = vec![head(comparison)];
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.extend([String::new(), title.to_owned()]);
            out.extend(lines.into_iter().map(|line| format!("  {line}").trim_end().to_owned()));
        }
    };
    section("submissions", members(comparison));
    section("disagreement, % of images", matrix(comparison, &|pair| Some(format!("{:.1}", 100.0 * pair.disagreement))));
    if comparison.labelled.is_some() {
        section("errors of pairs", errors(comparison));
    }
    section("what one calls otherwise than the other", flows(comparison));
    section("most disputed", disputed(comparison));
    out.join("\n") + "\n"
}

/// What is compared, in a line.
pub fn head(comparison: &Comparison) -> String {
    let Comparison { images, labelled, members, vote, .. } = comparison;
    let apart = images - vote.unanimous;
    let percent = 100.0 * apart as f64 / *images as f64;
    let labels = match labelled {
        Some(labelled) => format!("; {labelled} have a label"),
        None => "; no labels".into(),
    };
    format!("{} submissions of {images} images, {apart} ({percent:.1} %) not unanimous{labels}", members.len())
}

/// The heading and the rows of members and vote.
pub fn member_rows(comparison: &Comparison) -> (Vec<String>, Vec<Vec<String>>) {
    let mut head = ["", "", "outvoted"].map(str::to_owned).to_vec();
    if comparison.labelled.is_some() {
        head.extend(["macro F1".to_owned(), "accuracy".to_owned()]);
    }
    let row = |(place, member): (usize, &Member)| {
        let named = vec![(place + 1).to_string(), member.name.clone(), member.outvoted.to_string()];
        [named, Scores::cells(member.scores)].concat()
    };
    let mut rows: Vec<Vec<String>> = comparison.members.iter().enumerate().map(row).collect();
    let ties = match comparison.vote.ties {
        0 => "vote of all".to_owned(),
        1 => "vote of all (1 tie)".to_owned(),
        ties => format!("vote of all ({ties} ties)"),
    };
    rows.push([vec![String::new(), ties, String::new()], Scores::cells(comparison.vote.scores)].concat());
    (head, rows)
}

fn members(comparison: &Comparison) -> Vec<String> {
    let (head, rows) = member_rows(comparison);
    let mut lines = align(&[vec![head], rows].concat(), &[0, 2]);
    if let (Some(wrong), Some(labelled)) = (comparison.vote.all_wrong, comparison.labelled) {
        lines.push(format!("{wrong} of {labelled} labelled images are wrong in all submissions"));
    }
    lines
}

/// A cell for each pair, a row and a column for each member by number.
fn matrix(comparison: &Comparison, cell: &dyn Fn(&Pair) -> Option<String>) -> Vec<String> {
    let count = comparison.members.len();
    let head: Vec<String> =
        [String::new(), String::new()].into_iter().chain((1..=count).map(|n| n.to_string())).collect();
    let mut rows = vec![head];
    for (row, member) in comparison.members.iter().enumerate() {
        let cells =
            (0..count).map(|column| pair_of(comparison, row, column).and_then(cell).unwrap_or_else(|| "–".into()));
        rows.push([(row + 1).to_string(), member.name.clone()].into_iter().chain(cells).collect());
    }
    let right: Vec<usize> = (0..count + 2).filter(|column| *column != 1).collect();
    align(&rows, &right)
}

/// The pair of two members, in either order.
pub fn pair_of(comparison: &Comparison, one: usize, two: usize) -> Option<&Pair> {
    comparison.pairs.iter().find(|pair| (pair.a, pair.b) == (one.min(two), one.max(two)))
}

/// The heading and the rows of pairs with labels.
pub fn error_rows(comparison: &Comparison) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let head = vec!["", "", "only first right", "only second right", "both wrong", "error correlation", "McNemar p"];
    let name = |place: usize| comparison.members[place].name.clone();
    let rows = comparison.pairs.iter().filter_map(|pair| {
        let agreement = pair.agreement?;
        let p = pair.mcnemar.map(|p| if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") });
        Some(vec![
            name(pair.a),
            name(pair.b),
            agreement.only_a.to_string(),
            agreement.only_b.to_string(),
            format!("{} ({:.1} %)", agreement.neither, 100.0 * pair.double_fault?),
            pair.error_correlation.map_or_else(|| "–".into(), |phi| format!("{phi:.3}")),
            p.unwrap_or_default(),
        ])
    });
    (head, rows.collect())
}

fn errors(comparison: &Comparison) -> Vec<String> {
    let (head, rows) = error_rows(comparison);
    let head = head.into_iter().map(str::to_owned).collect();
    align(&[vec![head], rows].concat(), &[2, 3, 4, 5, 6])
}

fn flows(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    let name = |place: usize| &comparison.members[place].name;
    let differing: Vec<&Pair> = comparison.pairs.iter().filter(|pair| pair.differing > 0).collect();
    for pair in differing.iter().take(SHOWN) {
        let flow = pair.flow.iter().take(FLOWS).map(|one| format!("{} → {} {}", one.from, one.to, one.images));
        let more =
            if pair.flow.len() > FLOWS { format!(" and {} more", pair.flow.len() - FLOWS) } else { String::new() };
        let flow: Vec<String> = flow.collect();
        lines.push(format!("{} → {}: {}{more}", name(pair.a), name(pair.b), flow.join(", ")));
    }
    if differing.len() > SHOWN {
        lines.push(format!("and {} more pairs (--json)", differing.len() - SHOWN));
    }
    lines
}

fn disputed(comparison: &Comparison) -> Vec<String> {
    let row = |one: &Disputed| {
        let said: Vec<String> = (one.votes.iter().zip(&comparison.members))
            .enumerate()
            .map(|(place, (class, member))| {
                let sure = one.sure.as_ref().map(|sure| format!(" {:.2}", sure[place])).unwrap_or_default();
                format!("{}: {class}{sure}", member.name)
            })
            .collect();
        let truth = one.truth.as_ref().map(|truth| format!("is {truth}")).unwrap_or_default();
        vec![one.id.clone(), format!("{:.2} bits", one.entropy), truth, said.join(", ")]
    };
    let rows: Vec<Vec<String>> = comparison.disputed.iter().take(SHOWN).map(row).collect();
    let mut lines = align(&rows, &[1]);
    if comparison.disputed.len() > SHOWN {
        lines.push(format!("and {} more (--html, --json)", comparison.disputed.len() - SHOWN));
    }
    lines
}
