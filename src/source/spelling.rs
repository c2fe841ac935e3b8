//! How tables of answers name classes: by numbers or by names, all of them alike.

use super::Classes;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Class numbers in one table and class names in another would be different classes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, miette::Diagnostic)]
#[error("{} gives class numbers and {} class names ('{name}')", numbers.display(), names.display())]
#[diagnostic(help("say which is which with --classes meta.csv, a table target,class_name"))]
pub struct SpellingError {
    /// A table with numbers.
    pub numbers: PathBuf,
    /// A table with names.
    pub names: PathBuf,
    /// One of them.
    pub name: String,
}

/// A class number: digits alone, or with the `.0` that a table of floats gives it.
pub fn class_number(text: &str) -> Option<u32> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// The classes that texts name between them: their numbers where all of them are numbers, each being its own name; else the
/// names, sorted and numbered from 0.
pub fn classes_named<'a>(texts: impl IntoIterator<Item = &'a str>) -> Classes {
    let texts: BTreeSet<&str> = texts.into_iter().collect();
    let numbers: Option<BTreeSet<u32>> = texts.iter().map(|text| class_number(text)).collect();
    match numbers {
        Some(numbers) => Classes(numbers.into_iter().map(|number| (number, number.to_string())).collect()),
        None => Classes((0..).zip(texts.into_iter().map(str::to_owned)).collect()),
    }
}

/// Whether tables, each with the texts that stand for classes in it, give numbers; a table without any gives neither.
///
/// # Errors
/// When one gives numbers and another one names.
pub fn spelling<'a>(tables: impl IntoIterator<Item = (&'a Path, BTreeSet<&'a str>)>) -> Result<bool, SpellingError> {
    let (mut numbers, mut names) = (None, None);
    for (path, texts) in tables.into_iter().filter(|(_, texts)| !texts.is_empty()) {
        match texts.into_iter().find(|text| class_number(text).is_none()) {
            None => drop(numbers.get_or_insert(path)),
            Some(name) => drop(names.get_or_insert((path, name))),
        }
    }
    match (numbers, names) {
        (Some(numbers), Some((path, name))) => {
            Err(SpellingError { numbers: numbers.to_owned(), names: path.to_owned(), name: name.to_owned() })
        }
        (_, names) => Ok(names.is_none()),
    }
}
