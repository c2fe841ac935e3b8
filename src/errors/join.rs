//! Predictions and the samples that they are of, side by side.
//!
//! An ID is a sample's key (alone, as a file's name, or at the end of a path), or a source image by its path or name; a
//! source stands for the sample that shows it unaugmented: of the clean validation, or the original of a training source.
//! Every ID has to name one sample: a table of another version or of other images is an error, not a low score.

use super::ErrorsError;
use super::columns::Columns;
use crate::manifest::{Entry, Key, Reader};
use crate::metrics::Judged;
use crate::opened::Opened;
use crate::plan::Sample;
use crate::seed::Role;
use crate::set::Set;
use crate::source::{Predictions, Problem, Source, SourceError, TableError};
use crate::split::Part;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// What counts as a sample's class where its label has several.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// The heaviest class of its label, as in a manifest's `target`.
    Dominant,
    /// The class of its source, whatever was mixed in.
    Primary,
}

/// Which samples are looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// All that have a prediction.
    All,
    /// Those of one set, or of all sets of this name: `val` is `f0-val`, `f1-val`, … where there are folds.
    Split(String),
}

impl Which {
    fn has(&self, set: Set) -> bool {
        match self {
            Self::All => true,
            Self::Split(name) => set.to_string() == *name || set.role.name() == name,
        }
    }
}

/// A sample and what was said of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The sample.
    pub key: Key,
    /// Where it stands.
    pub set: Set,
    /// What it was drawn as.
    pub role: Role,
    /// Which of the source's samples of this role.
    pub copy: u32,
    /// Its source, by its place in the plan.
    pub source: usize,
    /// The prediction, by its place in the table.
    pub row: usize,
    /// Truth, what was said, and the document it comes from.
    pub judged: Judged,
    /// What the version knows of it; kept of wrong ones, to be shown.
    pub entry: Option<Box<Entry>>,
}

/// How much of a set was predicted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Coverage {
    /// The set.
    pub set: Set,
    /// Its samples.
    pub samples: u64,
    /// Those that have a prediction.
    pub predicted: u64,
}

/// All samples that were predicted.
#[derive(Debug)]
pub struct Joined {
    /// By key.
    pub cases: Vec<Case>,
    /// How many documents they are from.
    pub clusters: usize,
    /// Steps and parameters of the cases.
    pub columns: Columns,
    /// Sets that have a prediction, in order.
    pub coverage: Vec<Coverage>,
    /// Predictions of samples of sets that were not asked for.
    pub passed_over: u64,
}

/// Which prediction is of which sample.
struct Wanted<'a> {
    opened: &'a Opened,
    keys: HashMap<Key, usize>,
    /// By source, in the plan's order; all files of equal bytes.
    sources: HashMap<usize, Vec<usize>>,
}

impl<'a> Wanted<'a> {
    fn of(opened: &'a Opened, predictions: &Predictions) -> Result<Self, SourceError> {
        let sources = opened.plan().sources();
        let mut by_path: HashMap<&str, usize> = HashMap::new();
        let mut by_name: HashMap<&str, BTreeSet<usize>> = HashMap::new();
        for (index, path) in
            sources.iter().enumerate().flat_map(|(index, one)| one.paths.iter().map(move |p| (index, p)))
        {
            by_path.insert(path, index);
            by_name.entry(path.rsplit('/').next().unwrap_or(path)).or_default().insert(index);
        }
        let mut wanted = Self { opened, keys: HashMap::new(), sources: HashMap::new() };
        let mut problems = Vec::new();
        let mut unknown = 0;
        for (place, row) in predictions.rows.iter().enumerate() {
            let id = row.id.trim_start_matches("./");
            let name = id.rsplit('/').next().unwrap_or(id);
            let named: Vec<usize> = match by_path.get(id) {
                Some(source) => vec![*source],
                None => by_name
                    .get(name)
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(|one| ends_alike(&sources[*one], id))
                    .collect(),
            };
            let mut problem =
                |error| problems.push(Problem { table: predictions.path.clone(), line: Some(row.line), error });
            if let [source] = named[..] {
                wanted.sources.entry(source).or_default().push(place);
            } else if named.len() > 1 {
                let paths = named.iter().map(|index| sources[*index].paths[0].clone()).collect();
                problem(TableError::SeveralSources { id: row.id.clone(), paths });
            } else if let Some(key) = key(name) {
                if let Some(first) = wanted.keys.insert(key, place) {
                    let first = predictions.rows[first].line;
                    problem(TableError::SameSample { id: row.id.clone(), first });
                }
            } else {
                unknown += 1;
                problem(TableError::NoSample { id: row.id.clone(), of: opened.label().to_owned() });
            }
        }
        match problems.is_empty() {
            true => Ok(wanted),
            // Where nothing fits, it is the wrong table, and one line says it.
            false if unknown == predictions.rows.len() => {
                Err(SourceError::Predictions { problems: vec![nothing(opened, predictions)] })
            }
            false => Err(SourceError::Predictions { problems }),
        }
    }

    /// The predictions of a sample.
    fn rows(&self, key: &Key, source: &dyn Fn() -> Option<usize>, role: Role) -> Vec<usize> {
        let mut rows: Vec<usize> = self.keys.get(key).copied().into_iter().collect();
        if !self.sources.is_empty()
            && let Some(source) = source()
            && (role == Role::Val || (role == Role::Original && self.opened.plan().parts()[source] == Part::Train))
        {
            rows.extend(self.sources.get(&source).into_iter().flatten());
        }
        rows
    }
}

fn nothing(opened: &Opened, predictions: &Predictions) -> Problem {
    let (of, rows) = (opened.label().to_owned(), predictions.rows.len());
    let error = match predictions.rows.first() {
        Some(row) => TableError::NothingOf { of, rows, first: row.id.clone() },
        None => TableError::NoRow,
    };
    Problem { table: predictions.path.clone(), line: None, error }
}

/// Whether an ID is the end of one of a source's paths, or the other way round: a name alone, or a longer path.
fn ends_alike(source: &Source, id: &str) -> bool {
    let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'));
    source.paths.iter().any(|path| path == id || ends(path, id) || ends(id, path))
}

/// The key that a file's name without its ending is.
fn key(name: &str) -> Option<Key> {
    let stem = name.split('.').next().unwrap_or(name);
    (stem.len() == 32).then(|| stem.parse().ok()).flatten()
}

/// The place of a source in the plan.
fn source_of(sources: &[Source], entry: &Entry) -> Option<usize> {
    sources.binary_search_by(|source| source.digest.cmp(&entry.source)).ok()
}

/// Joins predictions to the samples of what was opened.
///
/// # Errors
/// With every ID that names no sample, or two predictions of one; a manifest that cannot be read; no sample to look at.
pub fn join(opened: &Opened, predictions: &Predictions, which: &Which, truth: Truth) -> Result<Joined, ErrorsError> {
    if let Which::Split(name) = which
        && !opened.plan().sets().iter().any(|set| which.has(*set))
    {
        let sets = opened.plan().sets().iter().map(Set::to_string).collect::<Vec<_>>().join(", ");
        return Err(ErrorsError::NoSplit { of: opened.label().to_owned(), name: name.clone(), sets });
    }
    let wanted = Wanted::of(opened, predictions)?;
    let mut joining = Joining::new(opened, predictions, which, truth);
    match opened.manifest() {
        Some(path) => joining.read(&path, &wanted)?,
        None => joining.draw(&wanted)?,
    }
    joining.finish()
}

struct Joining<'a> {
    opened: &'a Opened,
    predictions: &'a Predictions,
    which: &'a Which,
    truth: Truth,
    classes: HashMap<u32, u32>,
    groups: BTreeMap<&'a str, u32>,
    used: Vec<bool>,
    sets: BTreeMap<Set, [u64; 2]>,
    passed_over: u64,
    cases: Vec<Case>,
    columns: Columns,
    problems: Vec<Problem>,
}

impl<'a> Joining<'a> {
    fn new(opened: &'a Opened, predictions: &'a Predictions, which: &'a Which, truth: Truth) -> Self {
        let plan = opened.plan();
        let groups: BTreeSet<&str> = plan.sources().iter().map(|source| source.group.as_str()).collect();
        Self {
            opened,
            predictions,
            which,
            truth,
            classes: (0..).zip(&plan.classes().0).map(|(place, (number, _))| (*number, place)).collect(),
            groups: groups.into_iter().zip(0..).collect(),
            used: vec![false; predictions.rows.len()],
            sets: BTreeMap::new(),
            passed_over: 0,
            cases: Vec::new(),
            columns: Columns::new(opened.plan()),
            problems: Vec::new(),
        }
    }

    fn read(&mut self, path: &Path, wanted: &Wanted<'_>) -> Result<(), ErrorsError> {
        let sources = self.opened.plan().sources();
        for entry in Reader::open(path, self.opened.digest())? {
            let entry = entry?;
            self.sets.entry(entry.set).or_default()[0] += 1;
            let rows = wanted.rows(&entry.key, &|| source_of(sources, &entry), entry.role);
            if !rows.is_empty() {
                self.take(entry, &rows)?;
            }
        }
        Ok(())
    }

    fn draw(&mut self, wanted: &Wanted<'_>) -> Result<(), ErrorsError> {
        let plan = self.opened.plan();
        let samples = |set: Set| (0..plan.sources().len()).flat_map(move |source| plan.samples(source, set));
        for set in plan.sets() {
            let all: Vec<Sample> = samples(set).collect();
            self.sets.entry(set).or_default()[0] += all.len() as u64;
            let mut found: Vec<(Entry, Vec<usize>)> = (all.par_iter())
                .filter_map(|sample| {
                    let key = Key::of(&plan.id(sample).key());
                    let rows = wanted.rows(&key, &|| Some(sample.source), sample.role);
                    (!rows.is_empty()).then(|| (plan.unrendered(sample), rows))
                })
                .collect();
            found.sort_unstable_by_key(|(entry, _)| entry.key);
            for (entry, rows) in found {
                self.take(entry, &rows)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, entry: Entry, rows: &[usize]) -> Result<(), ErrorsError> {
        rows.iter().for_each(|row| self.used[*row] = true);
        let said = |row: usize| self.predictions.rows[row].class as u32;
        let first = rows[0];
        for row in &rows[1..] {
            // Files of equal bytes are one sample, and a model says the same of them.
            if said(*row) != said(first)
                || self.predictions.probabilities(*row) != self.predictions.probabilities(first)
            {
                let [one, two] = [first, *row].map(|row| &self.predictions.rows[row]);
                let error = TableError::SameSample { id: two.id.clone(), first: one.line };
                self.problems.push(Problem { table: self.predictions.path.clone(), line: Some(two.line), error });
            }
        }
        self.sets.entry(entry.set).or_default()[1] += 1;
        if !self.which.has(entry.set) {
            self.passed_over += 1;
            return Ok(());
        }
        let plan = self.opened.plan();
        let number = if self.truth == Truth::Primary { entry.class } else { entry.target() };
        let (Some(source), Some(truth)) = (source_of(plan.sources(), &entry), self.classes.get(&number)) else {
            return Err(ErrorsError::Unlisted { key: entry.key, of: self.opened.label().to_owned() });
        };
        let cluster = self.groups[plan.sources()[source].group.as_str()];
        let judged = Judged { truth: *truth, said: said(first), cluster };
        self.columns.add(self.cases.len() as u32, &entry);
        self.cases.push(Case {
            key: entry.key,
            set: entry.set,
            role: entry.role,
            copy: entry.copy,
            source,
            row: first,
            judged,
            entry: (!judged.right()).then(|| Box::new(entry)),
        });
        Ok(())
    }

    fn finish(mut self) -> Result<Joined, ErrorsError> {
        let predictions = self.predictions;
        if !self.used.contains(&true) {
            let problems = vec![nothing(self.opened, predictions)];
            return Err(SourceError::Predictions { problems }.into());
        }
        for (row, _) in predictions.rows.iter().zip(&self.used).filter(|(_, used)| !**used) {
            let error = TableError::NoSample { id: row.id.clone(), of: self.opened.label().to_owned() };
            self.problems.push(Problem { table: predictions.path.clone(), line: Some(row.line), error });
        }
        if !self.problems.is_empty() {
            self.problems.sort();
            return Err(SourceError::Predictions { problems: self.problems }.into());
        }
        if self.cases.is_empty() {
            let Which::Split(name) = self.which else { unreachable!("BUG: all samples, and none of them") };
            let covered = self.sets.iter().filter(|(_, counts)| counts[1] > 0);
            let covered = covered.map(|(set, _)| set.to_string()).collect::<Vec<_>>().join(", ");
            return Err(ErrorsError::NotCovered { name: name.clone(), covered });
        }
        let coverage = self.sets.into_iter().filter(|(set, counts)| counts[1] > 0 && self.which.has(*set));
        Ok(Joined {
            cases: self.cases,
            clusters: self.groups.len(),
            columns: self.columns,
            coverage: coverage.map(|(set, [samples, predicted])| Coverage { set, samples, predicted }).collect(),
            passed_over: self.passed_over,
        })
    }
}
