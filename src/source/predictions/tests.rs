use super::*;

fn submission(text: &[u8]) -> Result<Submission, String> {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("p.csv");
    std::fs::write(&path, text).unwrap();
    Submission::read(&path).map_err(|error| error.to_string().replace(root.path().to_str().unwrap(), "DIR"))
}

fn classes() -> Classes {
    Classes(vec![(0, "계약서".into()), (3, "form".into()), (11, "receipt".into())])
}

/// ID and class number of each row, or the error.
fn said(text: &str) -> Result<Vec<(String, u32)>, String> {
    let predictions = resolved(text)?;
    Ok(predictions.rows.into_iter().map(|row| (row.id, classes().0[row.class].0)).collect())
}

fn resolved(text: &str) -> Result<Predictions, String> {
    let submission = submission(text.as_bytes())?;
    let resolved = submission.resolve(&classes(), "t@v1");
    resolved.map_err(|error| error.to_string().replace(submission.path().to_str().unwrap(), "DIR/p.csv"))
}

fn pairs(pairs: &[(&str, u32)]) -> Vec<(String, u32)> {
    pairs.iter().map(|(id, class)| ((*id).to_owned(), *class)).collect()
}

#[test]
fn numbers_names_marks_quotes_and_any_order_of_columns_are_read() {
    let expected = pairs(&[("a b.jpg", 3), ("b.jpg", 0)]);
    for text in [
        "ID,target\na b.jpg,3\nb.jpg,0\n",
        "\u{feff}target,ID,note\r\n form ,\"a b.jpg\",\"x,\ny\"\r\n계약서,b.jpg,\r\n",
        ",key,target\n0,a b.jpg,3.0\n1,b.jpg,0.0\n",
        "key,ID,target\na b.jpg,7,003\nb.jpg,8,0\n",
    ] {
        assert_eq!(said(text), Ok(expected.clone()), "{text}");
    }
}

#[test]
fn of_probabilities_the_largest_counts_and_a_class_without_a_column_has_none() {
    let text = "form,ID,0\n0.25,a,0.75\n0.5,b,0.5\n";
    // A heading that is a name beside one that is a number: the table means one of the two.
    let mixed = resolved(text).unwrap_err();
    assert!(mixed.contains("DIR/p.csv:1: the column 'form' is no class of t@v1; did you mean '3'?"), "{mixed}");
    let found = resolved("form,ID,계약서\n0.25,a,0.75\n0.5,b,0.5\n").unwrap();
    assert_eq!(said("3,ID,0\n0.25,a,0.75\n0.5,b,0.5\n"), Ok(pairs(&[("a", 0), ("b", 0)])));
    assert_eq!(found.probabilities(0), Some(&[0.75, 0.25, 0.0][..]));
    assert_eq!(resolved("ID,target\na,3\n").unwrap().probabilities(0), None);
}

#[test]
fn a_target_counts_more_than_the_probabilities_beside_it() {
    let found = resolved("ID,target,0,3,11\na,11,0.2,0.5,0.3\n").unwrap();
    assert_eq!((found.rows[0].class, found.probabilities(0)), (2, Some(&[0.2, 0.5, 0.3][..])));
    // Columns that are no classes are notes.
    assert_eq!(resolved("ID,target,0,fold\na,11,0.2,5\n").unwrap().probabilities(0), None);
}

#[test]
fn every_problem_has_its_line() {
    let header = |text: &str| submission(text.as_bytes()).unwrap_err();
    assert!(header("").ends_with("DIR/p.csv: is empty; expected a header line"));
    let error = header("id,target\na,1\n");
    assert!(
        error.contains("DIR/p.csv:1: no column 'ID'; expected the header ID,target (or key,target), or"),
        "{error}"
    );
    assert!(header("ID\na\n").contains("no column 'target'"));
    assert!(header("ID,x,x\na,1,2\n").contains("the column 'x' stands twice in the header"));
    assert!(header("ID,target\na,1\na,2\n,1\nb,\n").ends_with(
        "3 problems in the predictions:\n  DIR/p.csv:3: the ID 'a' stands already in line 2\n  DIR/p.csv:4: 'ID' is \
         empty\n  DIR/p.csv:5: 'target' is empty"
    ));
    assert!(header("ID,target\na\n").contains("DIR/p.csv:2: 1 fields, but the header has 2"));
    assert!(submission(b"ID,target\na,\xc7\xd1\n").unwrap_err().contains("is not UTF-8"));
    let row = |text: &str| resolved(text).unwrap_err();
    assert!(
        row("ID,target\na,form\nb,from\n")
            .ends_with("DIR/p.csv:3: no class has the target 'from' (classes: t@v1); did you mean 'form'?")
    );
    assert!(
        row("ID,0,3\na,2.5,-1\n").ends_with(
            "DIR/p.csv:2: '2.5' in the column '0' is no probability, 0 to 1; take the softmax of logits first"
        )
    );
    assert!(row("ID,0,3\na,NaN,1\n").contains("'NaN' in the column '0' is no probability"));
    assert!(row("ID,0,3\na,0.5,0.4\n").ends_with("DIR/p.csv:2: the probabilities sum to 0.9000, not to 1"));
    assert!(row("ID,0,3,3.0\na,0.5,0.5,0\n").contains("the columns '3' and '3.0' are of one class"));
}

#[test]
fn classes_are_numbers_if_all_are_and_names_otherwise() {
    let of = |text: &str| classes_of([&submission(text.as_bytes()).unwrap()]).0;
    assert_eq!(of("ID,target\na,11\nb,2\nc,2.0\n"), [(2, "2".into()), (11, "11".into())]);
    assert_eq!(of("ID,target\na,b\nb,11\n"), [(0, "11".into()), (1, "b".into())]);
    assert_eq!(of("ID,form,bill\n"), [(0, "bill".into()), (1, "form".into())]);
}

mod laws {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_is_an_error(text in "((key|ID),(target|0,3)\n)?[\\x00-\\x7f가-각\",\n]{0,60}") {
            let _ = resolved(&text);
        }
    }
}
