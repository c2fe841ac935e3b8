//! Any text is a recipe or an error that can be printed; a recipe's meaning is one whatever else happens.
#![no_main]

use augmint::recipe::Recipe;
use libfuzzer_sys::fuzz_target;

const VALIDATION: &str = include_str!("../../recipes/validation.toml");

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Recipe::from_texts(text, Some(VALIDATION)) {
        Ok(recipe) => {
            let again = Recipe::from_texts(text, Some(VALIDATION)).expect("the same text, once accepted");
            assert_eq!(recipe.meaning().to_string(), again.meaning().to_string());
        }
        // As the program prints it: spans that lie outside the text would show here.
        Err(error) => drop(format!("{:?}", miette::Report::from(error))),
    }
});
