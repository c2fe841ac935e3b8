//! `track.jsonl`: what is to be told, and what was taken by which server. Lines are only ever appended, each by one write.

use super::client::Target;
use super::event::Event;
use crate::fs::{self, FsError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const LINES: &str = "track.jsonl";

/// A run as a server knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remote {
    /// MLflow's number of the experiment.
    pub experiment_id: String,
    /// MLflow's name of the run.
    pub run_id: String,
    /// Where its files go.
    pub artifact_uri: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// To be told.
    Event { number: u64, event: Event },
    /// A server has the run.
    Run { uri: String, remote: Remote },
    /// A server has taken an event.
    Sent { uri: String, number: u64 },
    /// A server will never take an event.
    Skipped { uri: String, number: u64, reason: String },
}

/// What the file says, with regard to one server.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Told {
    /// Every event, by its number, oldest first.
    pub events: BTreeMap<u64, Event>,
    /// The run as the server knows it.
    pub remote: Option<Remote>,
    /// The events that it took.
    pub sent: BTreeSet<u64>,
    /// The events that it will never take, and why.
    pub skipped: BTreeMap<u64, String>,
}

impl Told {
    /// Reads the file of a run; nothing where there is none. Lines that a power cut tore are passed over.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(run: &Path, uri: &str) -> Result<Self, FsError> {
        let mut told = Self::default();
        let text = match fs::read(&run.join(LINES)) {
            Err(error) if error.is_missing() => return Ok(told),
            text => text?,
        };
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()) {
            match line {
                Line::Event { number, event } => drop(told.events.insert(number, event)),
                Line::Run { uri: at, remote } if at == uri => told.remote = Some(remote),
                Line::Sent { uri: at, number } if at == uri => drop(told.sent.insert(number)),
                Line::Skipped { uri: at, number, reason } if at == uri => drop(told.skipped.insert(number, reason)),
                _ => {}
            }
        }
        Ok(told)
    }

    /// What the server does not have yet, oldest first.
    pub fn unsent(&self) -> impl Iterator<Item = (u64, &Event)> {
        let open = |number: &u64| !self.sent.contains(number) && !self.skipped.contains_key(number);
        self.events.iter().filter(move |(number, _)| open(number)).map(|(number, event)| (*number, event))
    }
}

/// The file, to be appended to.
#[derive(Clone, Debug)]
pub struct Outbox {
    run: PathBuf,
    path: PathBuf,
}

impl Outbox {
    /// Opens the file of a run, made with the first event.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(run: &Path) -> Result<Self, FsError> {
        let path = run.join(LINES);
        // A torn last line must not take the next one with it.
        match fs::read(&path) {
            Ok(text) if text.last().is_some_and(|byte| *byte != b'\n') => fs::append_line(&path, "")?,
            Ok(_) => {}
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        Ok(Self { run: run.to_owned(), path })
    }

    /// Appends an event, and gives its number: the next one, whoever else appends to the file (`augmint score` while the run
    /// goes on).
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push(&self, event: Event) -> Result<u64, FsError> {
        let file = fs::open_lock(&self.path)?;
        file.lock().map_err(fs::on("lock", &self.path))?;
        let number = Told::read(&self.run, "")?.events.last_key_value().map_or(0, |(number, _)| *number) + 1;
        self.append(&Line::Event { number, event })?;
        Ok(number)
    }

    pub(super) fn entered(&self, target: &Target, remote: Remote) -> Result<(), FsError> {
        self.append(&Line::Run { uri: target.uri().into(), remote })
    }

    pub(super) fn sent(&self, target: &Target, number: u64) -> Result<(), FsError> {
        self.append(&Line::Sent { uri: target.uri().into(), number })
    }

    pub(super) fn skipped(&self, target: &Target, number: u64, reason: String) -> Result<(), FsError> {
        self.append(&Line::Skipped { uri: target.uri().into(), number, reason })
    }

    fn append(&self, line: &Line) -> Result<(), FsError> {
        fs::append_line(&self.path, &serde_json::to_string(line).expect("BUG: a line that is no JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::Auth;
    use super::*;

    #[test]
    fn what_one_server_took_is_open_for_another() {
        let root = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(root.path()).unwrap();
        for file in ["a", "b", "c"] {
            outbox.push(Event::Artefact(file.into())).unwrap();
        }
        let [one, two] = ["http://one", "http://two"].map(|uri| Target::new(uri, Auth::None).unwrap());
        let remote =
            Remote { experiment_id: "1".into(), run_id: "r".into(), artifact_uri: "mlflow-artifacts:/1".into() };
        outbox.entered(&one, remote.clone()).unwrap();
        outbox.sent(&one, 1).unwrap();
        outbox.skipped(&one, 2, "too large".into()).unwrap();
        let of = |target: &Target| {
            let told = Told::read(root.path(), target.uri()).unwrap();
            (told.unsent().map(|(number, _)| number).collect::<Vec<_>>(), told.remote)
        };
        assert_eq!((of(&one), of(&two)), ((vec![3], Some(remote)), (vec![1, 2, 3], None)));
    }

    #[test]
    fn two_that_append_give_no_number_twice() {
        let root = tempfile::tempdir().unwrap();
        let [run, score] = [(); 2].map(|()| Outbox::open(root.path()).unwrap());
        let push = |outbox: &Outbox, name: &str| outbox.push(Event::Artefact(name.into())).unwrap();
        assert_eq!([push(&run, "a"), push(&score, "b"), push(&run, "c")], [1, 2, 3]);
        assert_eq!(Told::read(root.path(), "").unwrap().events.len(), 3);
    }

    #[test]
    fn a_torn_line_takes_no_other_with_it() {
        let root = tempfile::tempdir().unwrap();
        Outbox::open(root.path()).unwrap().push(Event::Artefact("a".into())).unwrap();
        let path = root.path().join(LINES);
        let text = fs::read_text(&path).unwrap() + "{\"event\":{\"num";
        fs::write(&path, text.as_bytes(), fs::Existing::Replace).unwrap();
        assert_eq!(Outbox::open(root.path()).unwrap().push(Event::Artefact("b".into())).unwrap(), 2);
        assert_eq!(Told::read(root.path(), "").unwrap().events.len(), 2);
    }
}
