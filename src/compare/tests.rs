use super::*;
use crate::source::Submission;
use proptest::prelude::*;
use std::path::Path;

fn submission(folder: &Path, name: &str, text: &str) -> Submission {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    Submission::read(&path).unwrap()
}

fn compared(tables: &[(&str, &str)], labels: Option<&str>) -> Result<Comparison, String> {
    let root = tempfile::tempdir().unwrap();
    let read = |(name, text): &(&str, &str)| submission(root.path(), name, text);
    let submissions: Vec<Submission> = tables.iter().map(read).collect();
    let labels = labels.map(|text| submission(root.path(), "labels.csv", text));
    let members = Members::align(&submissions, labels.as_ref(), None);
    members
        .map(|members| compare(&members))
        .map_err(|error| error.to_string().replace(&format!("{}/", root.path().display()), ""))
}

const A: (&str, &str) = ("a.csv", "ID,target\n1.jpg,form\n2.jpg,form\n3.jpg,receipt\n4.jpg,계약서\n");
const B: (&str, &str) = ("b.csv", "target,ID\nreceipt,4.jpg\nreceipt,3.jpg\nform,1.jpg\nreceipt,2.jpg\n");
const C: (&str, &str) = ("c.csv", "ID,target\n1.jpg,form\n2.jpg,receipt\n3.jpg,receipt\n4.jpg,form\n");

#[test]
fn rows_are_aligned_by_id_whatever_their_order() {
    let found = compared(&[A, B, C], None).unwrap();
    assert_eq!((found.images, found.labelled, found.vote.unanimous, found.vote.ties), (4, None, 2, 1));
    let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.a, pair.b, pair.differing)).collect();
    assert_eq!(pairs, [(0, 1, 2), (0, 2, 2), (1, 2, 1)]);
    let flow: Vec<_> = found.pairs[0].flow.iter().map(|one| (one.from.as_str(), one.to.as_str(), one.images)).collect();
    assert_eq!(flow, [("form", "receipt", 1), ("계약서", "receipt", 1)]);
    // Three votes for three classes before two against one; the tie goes to who was named first.
    let ids: Vec<_> = found.disputed.iter().map(|one| (one.id.as_str(), one.vote.as_str())).collect();
    assert_eq!(ids, [("4.jpg", "계약서"), ("2.jpg", "receipt")]);
    assert!((found.disputed[0].entropy - 3f64.log2()).abs() < 1e-12);
    assert_eq!(found.disputed[0].votes, ["계약서", "receipt", "form"]);
    assert!(found.members.iter().all(|member| member.scores.is_none()));
}

#[test]
fn labels_give_scores_and_the_correlation_of_errors() {
    // The label of 9.jpg is of no image, and 3.jpg has none.
    let labels = "ID,target\n1.jpg,form\n2.jpg,form\n4.jpg,receipt\n9.jpg,form\n";
    let found = compared(&[A, B, C], Some(labels)).unwrap();
    assert_eq!(found.labelled, Some(3));
    let accuracy: Vec<f64> = found.members.iter().map(|member| member.scores.unwrap().accuracy).collect();
    assert!(accuracy.iter().zip([2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0]).all(|(a, b)| (a - b).abs() < 1e-12));
    let agreement = found.pairs[0].agreement.unwrap();
    assert_eq!((agreement.both_right, agreement.only_a, agreement.only_b, agreement.neither), (1, 1, 1, 0));
    assert!((found.pairs[0].error_correlation.unwrap() + 0.5).abs() < 1e-12);
    assert_eq!(found.vote.all_wrong, Some(0));
    assert_eq!(found.disputed[0].truth.as_deref(), Some("receipt"));
}

#[test]
fn of_a_tie_the_class_with_more_probability_wins() {
    let a = ("a.csv", "ID,0,1\nx,0.6,0.4\ny,0.9,0.1\n");
    let b = ("b.csv", "ID,0,1\nx,0.1,0.9\ny,0.3,0.7\n");
    let found = compared(&[a, b], None).unwrap();
    let votes: Vec<_> = found.disputed.iter().map(|one| (one.id.as_str(), one.vote.as_str())).collect();
    // Both are disputed alike; of y the members are surer.
    assert_eq!(votes, [("y", "0"), ("x", "1")]);
    assert_eq!(found.disputed[0].sure.as_deref(), Some(&[0.9, 0.7][..]));
}

#[test]
fn what_cannot_be_compared_is_one_clear_error() {
    let other = ("b.csv", "ID,target\n1.jpg,form\n2.jpg,form\n3.jpg,form\n5.jpg,form\n6.jpg,form\n");
    assert_eq!(
        compared(&[A, other], None).unwrap_err(),
        "the submissions are not of the same images:\n  a.csv has 1 that b.csv has not: 4.jpg\n  b.csv has 2 that a.csv \
         has not: 5.jpg, 6.jpg"
    );
    let numbers = ("b.csv", "ID,target\n1.jpg,0\n2.jpg,1\n3.jpg,2\n4.jpg,0\n");
    assert_eq!(compared(&[A, numbers], None).unwrap_err(), "b.csv gives class numbers and a.csv class names ('form')");
    let labels = compared(&[A, B], Some("ID,target\n7.jpg,form\n")).unwrap_err();
    assert_eq!(labels, "none of the IDs in labels.csv is in a.csv (the first: '7.jpg')");
    assert_eq!(compared(&[("a.csv", "ID,target\n"), B], None).unwrap_err(), "a.csv has no row");
}

#[test]
fn equal_submissions_dispute_nothing() {
    let found = compared(&[A, ("a2.csv", A.1)], Some("ID,target\n1.jpg,form\n")).unwrap();
    assert_eq!((found.disputed.len(), found.pairs[0].differing), (0, 0));
    assert_eq!(found.pairs[0].error_correlation, None);
    let text = text(&found);
    assert!(text.starts_with("2 submissions of 4 images, 0 (0.0 %) not unanimous; 1 have a label"), "{text}");
    assert!(page(&found, None, 10).unwrap().contains("All say the same of every image."));
}

proptest! {
    #[test]
    fn the_order_of_rows_and_files_does_not_count(said in proptest::collection::vec(0..3u8, 12), turn in 0..4usize) {
        let row = |member: usize, image: usize| format!("{image}.jpg,{}\n", said[member * 4 + image]);
        let table = |member: usize, from: usize| {
            let rows: String = (0..4).map(|image| row(member, (image + from) % 4)).collect();
            format!("ID,target\n{rows}")
        };
        let tables: Vec<String> = (0..3).map(|member| table(member, 0)).collect();
        let turned: Vec<String> = (0..3).map(|member| table(member, turn + member)).collect();
        let named = |tables: &[String]| {
            let tables: Vec<(&str, &str)> = ["a.csv", "b.csv", "c.csv"].into_iter().zip(tables.iter().map(String::as_str)).collect();
            let mut found = compared(&tables, None).unwrap();
            // Paths are of two temporary folders.
            found.members.iter_mut().for_each(|member| member.path.clear());
            found
        };
        let (one, two) = (named(&tables), named(&turned));
        prop_assert_eq!(&one, &two);
        for pair in &one.pairs {
            prop_assert_eq!(pair.differing, pair.flow.iter().map(|flow| flow.images).sum::<u64>());
        }
    }
}
