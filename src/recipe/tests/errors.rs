//! Every message, word for word: `errors.txt` holds recipes and the reports they give. `REGENERATE=1` writes it anew;
//! read the difference.

use super::*;

/// Lines after [`HEAD`], or a whole recipe where the case's name ends with `(whole)`.
fn check(name: &str, lines: &str) -> String {
    let text = if name.ends_with("(whole)") { lines.to_owned() } else { format!("{HEAD}{lines}") };
    let validation = "seed = 3\n[source]\nfolders = \"x\"\n[[step]]\nop.mixup = {}\n";
    match Recipe::from_texts(&text, name.contains("(validation").then_some(validation)) {
        Ok(recipe) => recipe.warnings().iter().map(|warning| report(warning)).collect(),
        Err(error) => report(&error),
    }
}

#[test]
fn every_message_is_as_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/recipe/tests/errors.txt");
    let stored = std::fs::read_to_string(&path).expect("errors.txt");
    let mut now = String::new();
    let mut cases = 0;
    for case in stored.split("##### ").filter(|case| !case.trim().is_empty()) {
        let (name, rest) = case.split_once('\n').expect("a name");
        let (lines, _) = rest.split_once("-----\n").expect("a line -----");
        now += &format!("##### {name}\n{lines}-----\n{}\n\n", check(name, lines).trim_matches('\n'));
        cases += 1;
    }
    if std::env::var_os("REGENERATE").is_some() {
        std::fs::write(&path, &now).expect("errors.txt");
    }
    assert!(cases > 60, "only {cases} cases");
    assert!(!now.contains("-----\n\n"), "a case that is no error");
    for (now, stored) in now.split("##### ").zip(stored.split("##### ")) {
        assert!(now == stored, "expected:\n{stored}\nfound:\n{now}");
    }
}

#[test]
fn unknown_classes_are_named_when_the_classes_are_known() {
    let classes = crate::source::Classes(vec![(0, "invoice".into()), (1, "여권".into())]);
    let good = recipe("class.invoice = { copies = 3 }\n[[step]]\nop.grey = {}\nonly = [\"여권\"]\n");
    assert!(good.check_classes(&classes).is_ok());
    let bad = recipe(
        "class.invoices = { copies = 3 }\n[[step]]\nop.grey = {}\nonly = [\"여권\", \"여군\"]\n[[step]]\nop.mixup = { partner = { classes = [\"form\"] } }\n",
    );
    let RecipeError::Invalid(problems) = bad.check_classes(&classes).unwrap_err() else { panic!("not invalid") };
    let found: Vec<_> =
        problems.list().iter().map(|problem| (problems.position(problem), problem.to_string())).collect();
    assert_eq!(
        found,
        [
            ((6, 7), "unknown class 'invoices'".to_owned()),
            ((9, 15), "unknown class '여군'".to_owned()),
            ((11, 37), "unknown class 'form'".to_owned()),
        ]
    );
}

#[test]
fn files_that_cannot_be_read_say_which() {
    let error = Recipe::load(Path::new("no/such.toml")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the recipe no/such.toml: No such file or directory (os error 2)");
    let error = load("a.toml", &[("a.toml", b"name = \"\xff\"")]).unwrap_err();
    assert!(error.to_string().ends_with("a.toml: not UTF-8 text at byte 8: a recipe is a TOML file"), "{error}");
    let text = format!("{HEAD}[split]\nval = 0.2\nnoisy_val = {{ recipe = \"v.toml\", copies = 1 }}\n");
    let error = load("a.toml", &[("a.toml", text.as_bytes())]).unwrap_err();
    assert!(error.to_string().ends_with("v.toml: No such file or directory (os error 2)"), "{error}");
    // Its own file is named when the validation recipe is wrong.
    let error = load("a.toml", &[("a.toml", text.as_bytes()), ("v.toml", b"sed = 1")]).unwrap_err();
    let report = report(&error);
    assert!(report.contains("v.toml:1:1]"), "{report}");
}

#[test]
fn a_windows_file_is_reported_without_its_carriage_returns() {
    let text = format!("\u{feff}{HEAD}[[step]]\nop.rotate = {{ degres = 5 }}\n").replace('\n', "\r\n");
    let error = Recipe::from_texts(&text, None).unwrap_err();
    let report = report(&error);
    assert!(!report.contains('\r') && report.contains("[recipe:7:15]"), "{report}");
}
