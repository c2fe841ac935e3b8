//! No text makes the parser panic.

use super::grammar::FULL;
use super::*;
use proptest::prelude::*;

fn try_all(text: &str) {
    if let Err(error) = Recipe::from_texts(text, Some(text)) {
        assert!(!report(&error).is_empty());
        assert!(!matches!(error, RecipeError::Invalid(problems) if problems.list().is_empty()), "nothing is wrong");
    }
    match Recipe::from_texts(text, Some("")) {
        Err(error) => drop(report(&error)),
        Ok(recipe) => {
            recipe.meaning();
            recipe.warnings();
            recipe.statistics(Role::Train, None);
            drop(recipe.check_classes(&Default::default()).map_err(|error| report(&error)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_a_recipe_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        try_all(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_changed_recipe_is_a_recipe_or_an_error(
        cut in any::<prop::sample::Index>(), length in 0usize..30, put in "(\\PC|[\"'\\[\\]{}=,.\\n0-9-]|inf|nan|1e9|한){0,4}",
    ) {
        let characters: Vec<char> = FULL.chars().collect();
        let start = cut.index(characters.len());
        let end = (start + length).min(characters.len());
        let text: String = characters[..start].iter().chain(&put.chars().collect::<Vec<_>>()).chain(&characters[end..]).collect();
        try_all(&text);
    }

    #[test]
    fn any_value_anywhere_is_a_recipe_or_an_error(
        key in prop::sample::select(FULL.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect::<Vec<_>>()),
        value in prop::sample::select(vec!["0", "-1", "1.5", "\"\"", "\"x\"", "true", "[]", "{}", "[[]]", "[1, 2]", "[\"a\"]",
            "{ choose = [] }", "{ log = [0, 1] }", "{ normal = [1, 1] }", "{ a = { b = 1 } }", "2020-01-01", "1e400", "[{}]"]),
    ) {
        let lines = FULL.lines().map(|line| match line.split_once(" = ") {
            Some((this, _)) if this == key => format!("{key} = {value}\n"),
            _ => format!("{line}\n"),
        });
        try_all(&lines.collect::<String>());
    }
}

#[test]
fn deep_and_wide_recipes_are_refused_not_followed() {
    let nested = format!("one_of = [{{ {} op.grey = {{}} {} }}]", "one_of = [{ ".repeat(60), " }]".repeat(60));
    try_all(&format!("{HEAD}[[step]]\n{nested}\n"));
    let mut chain = format!("{HEAD}[[step]]\nuse = \"g0\"\n");
    for group in 0..250 {
        chain += &format!("[group.g{group}]\n[[group.g{group}.step]]\nuse = \"g{}\"\n", group + 1);
    }
    chain += "[[group.g250.step]]\nop.grey = {}\n";
    let error = Recipe::from_texts(&chain, None).unwrap_err();
    assert_eq!(error.to_string(), "steps are nested more than 32 deep");
    let mut wide = format!("{HEAD}[[step]]\nuse = \"g0\"\n");
    for group in 0..20 {
        let step = format!("[[group.g{group}.step]]\nuse = \"g{}\"\n", group + 1);
        wide += &step.repeat(2);
    }
    wide += "[[group.g20.step]]\nop.grey = {}\n";
    let error = Recipe::from_texts(&wide, None).unwrap_err();
    assert_eq!(error.to_string(), "more than 10000 steps");
}
