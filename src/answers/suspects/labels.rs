//! The label that each predicted image has: of a table, or of a version's sources.

use super::{Case, SuspectsError};
use crate::answers::error::some;
use crate::answers::{Answers, Naming, Probabilities, Table};
use crate::manifest::Key;
use crate::opened::Opened;
use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Images with label and probabilities, and what was passed over.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Cases {
    /// In the order of the labels' IDs, or of the version's sources.
    pub cases: Vec<Case>,
    /// Predictions of images that have no label.
    pub unlabelled: u64,
    /// Predictions of samples whose label is of several classes.
    pub mixed: u64,
}

/// By a table of labels.
pub(super) fn of_table(answers: &Answers, labels: &Table, naming: &Naming) -> Result<Cases, SuspectsError> {
    let table = probabilities(answers)?;
    let labels = labels.resolve(&naming.classes, &naming.named)?;
    let known: HashMap<&str, usize> = labels.ids.iter().map(String::as_str).zip(labels.said.iter().copied()).collect();
    let mut cases = BTreeMap::new();
    let mut unlabelled = 0;
    for (place, id) in answers.ids.iter().enumerate() {
        match known.get(id.as_str()) {
            None => unlabelled += 1,
            Some(label) => {
                let case = Case { paths: vec![id.clone()], label: *label, given: table.row(place).to_vec() };
                cases.insert(id, case);
            }
        }
    }
    if cases.is_empty() {
        let first = answers.ids.first().cloned().unwrap_or_default();
        return Err(SuspectsError::NoLabel { predictions: answers.path.clone(), labels: labels.path, first });
    }
    Ok(Cases { cases: cases.into_values().collect(), unlabelled, mixed: 0 })
}

/// By the sources of a version or recipe. An ID is a source's path (or its name, where only one source has it) or a sample's
/// key; of a source that was predicted several times the mean counts.
pub(super) fn of_opened(answers: &Answers, opened: &Opened) -> Result<Cases, SuspectsError> {
    let table = probabilities(answers)?;
    let (sources, classes) = (opened.plan().sources(), &opened.plan().classes().0);
    let find = Find::of(sources);
    let mut keys: BTreeMap<Key, usize> = BTreeMap::new();
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for (place, id) in answers.ids.iter().enumerate() {
        match (find.source(id), key(id)) {
            (Some(source), _) => rows.entry(source).or_default().push(place),
            (None, Some(key)) => {
                keys.insert(key, place);
            }
            (None, None) => unknown.push(id.as_str()),
        }
    }
    let mut mixed = 0;
    if !keys.is_empty() {
        for entry in opened.entries()? {
            let Some(place) = keys.remove(&entry.key) else { continue };
            match sources.binary_search_by(|source| source.digest.cmp(&entry.source)) {
                Ok(source) if entry.label.len() == 1 => rows.entry(source).or_default().push(place),
                Ok(_) => mixed += 1,
                Err(_) => unknown.push(answers.ids[place].as_str()),
            }
        }
        unknown.extend(keys.values().map(|place| answers.ids[*place].as_str()));
    }
    if !unknown.is_empty() {
        let (count, of) = (unknown.len(), opened.label().to_owned());
        return Err(SuspectsError::Unknown { predictions: answers.path.clone(), count, ids: some(&unknown), of });
    }
    let case = |(source, rows): (usize, Vec<usize>)| {
        let source = &sources[source];
        let label = classes.iter().position(|(number, _)| *number == source.class)?;
        let mut given = vec![0.0; classes.len()];
        for row in &rows {
            given.iter_mut().zip(table.row(*row)).for_each(|(sum, value)| *sum += value / rows.len() as f64);
        }
        Some(Case { paths: source.paths.clone(), label, given })
    };
    Ok(Cases { cases: rows.into_iter().filter_map(case).collect(), unlabelled: 0, mixed })
}

fn probabilities(answers: &Answers) -> Result<&Probabilities, SuspectsError> {
    answers.probabilities.as_ref().ok_or_else(|| SuspectsError::ClassesAlone { path: answers.path.clone() })
}

/// The key that a file's name without its ending is.
fn key(id: &str) -> Option<Key> {
    let name = id.rsplit('/').next().unwrap_or(id);
    let stem = name.split('.').next().unwrap_or(name);
    (stem.len() == 32).then(|| stem.parse().ok()).flatten()
}

/// Sources by path, and by name.
struct Find<'a> {
    by_path: HashMap<&'a str, usize>,
    by_name: HashMap<&'a str, BTreeSet<usize>>,
}

impl<'a> Find<'a> {
    fn of(sources: &'a [Source]) -> Self {
        let mut find = Self { by_path: HashMap::new(), by_name: HashMap::new() };
        for (place, source) in sources.iter().enumerate() {
            for path in &source.paths {
                find.by_path.insert(path, place);
                find.by_name.entry(path.rsplit('/').next().unwrap_or(path)).or_default().insert(place);
            }
        }
        find
    }

    /// By its path, the end of it, or a longer path that ends so, where only one source fits.
    fn source(&self, id: &str) -> Option<usize> {
        let id = id.trim_start_matches("./");
        if let Some(source) = self.by_path.get(id) {
            return Some(*source);
        }
        let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'));
        let named = self.by_name.get(id.rsplit('/').next().unwrap_or(id))?;
        let fits = |source: &&usize| {
            self.by_path.iter().any(|(path, place)| place == *source && (ends(path, id) || ends(id, path)))
        };
        let fitting: Vec<&usize> =
            if id.contains('/') { named.iter().filter(fits).collect() } else { named.iter().collect() };
        match fitting[..] {
            [source] => Some(*source),
            _ => None,
        }
    }
}
