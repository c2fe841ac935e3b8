//! Sending what is open, in order: by the run's own thread, or later by `augmint track`.

use super::client::{Client, ClientError, Target, TargetError};
use super::event::Event;
use super::mlflow::{Delivery, deliver, enter};
use super::outbox::{Outbox, Remote, Told};
use crate::fs::FsError;
use crate::store::Holder;
use crate::train::run::{Run, RunError, lock};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Why a run cannot be sent.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum TrackError {
    /// The run's own process does it.
    #[error("{} is being sent by another process: {holder}", path.display())]
    #[diagnostic(help("wait until the run has ended"))]
    InUse {
        /// The run folder.
        path: PathBuf,
        /// What is known of it.
        holder: Holder,
    },
    /// Nothing was ever to be sent.
    #[error("{} has no track.jsonl: it was written by a release that tracks nothing", path.display())]
    Nothing {
        /// The run folder.
        path: PathBuf,
    },
    /// The server did not take it.
    #[error("{sent} of {all} events were sent, then: {source}")]
    #[diagnostic(help("the same command goes on where it stopped"))]
    Stopped {
        /// How many went well.
        sent: usize,
        /// Of how many that were open.
        all: usize,
        /// What went wrong.
        source: ClientError,
    },
    /// The server's address or certificate.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Target(#[from] TargetError),
    /// The run folder.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] RunError),
    /// A file.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fs(#[from] FsError),
}

/// What was sent.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Events that the server took now.
    pub sent: usize,
    /// Events that it does not have yet.
    pub unsent: usize,
    /// What it will never take, with the reasons.
    pub skipped: Vec<String>,
    /// What is wrong at the moment.
    pub problem: Option<String>,
    /// The run as the server knows it.
    pub remote: Option<Remote>,
}

/// The right to send a run's events: whoever else has it would enter the run twice.
pub(super) fn take_lock(run: &Path, now: &str) -> Result<File, TrackError> {
    let holder = Holder::this_process("track", now.into());
    lock::take(&run.join("track.lock"), &holder)?.map_err(|holder| TrackError::InUse { path: run.into(), holder })
}

/// A server, and how far it is.
pub(super) struct Courier<'a> {
    pub run: &'a Path,
    pub target: &'a Target,
    pub client: &'a Client,
    pub outbox: &'a Outbox,
    pub remote: Option<Remote>,
}

impl Courier<'_> {
    /// Sends one event and writes down that it was taken; `Some` text where it never will be.
    pub fn send(&mut self, number: u64, event: &Event) -> Result<Option<String>, ClientError> {
        if let (None, Event::Start(start)) = (&self.remote, event) {
            let remote = enter(self.client, start)?;
            self.outbox.entered(self.target, remote.clone())?;
            self.remote = Some(remote);
            self.outbox.sent(self.target, number)?;
            return Ok(None);
        }
        let Some(remote) = &self.remote else {
            // The line that enters the run is gone: no server can have the rest.
            let reason = "the run was never entered".to_owned();
            self.outbox.skipped(self.target, number, reason.clone())?;
            return Ok(Some(reason));
        };
        let skipped = match deliver(self.client, remote, self.run, event) {
            Ok(Delivery::Taken) => None,
            Ok(Delivery::Skipped(reason)) => Some(reason),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => Some(error.to_string()),
        };
        match &skipped {
            None => self.outbox.sent(self.target, number)?,
            Some(reason) => self.outbox.skipped(self.target, number, reason.clone())?,
        }
        Ok(skipped)
    }
}

/// Adds an event to a run that has ended, to be sent later.
///
/// # Errors
/// When it cannot be written.
pub fn push(run: &Path, event: Event) -> Result<(), FsError> {
    Outbox::open(run)?.push(event).map(drop)
}

/// Sends what a server does not have of a run; all of it, where it was never tracked. Sent twice, nothing is there twice.
/// `now` is the time, RFC 3339.
///
/// # Errors
/// When there is no such run, its own process sends it, or the server does not take it; what it took is written down.
pub fn send(run: &Path, target: &Target, now: &str) -> Result<Report, TrackError> {
    Run::read(run)?;
    let client = Client::new(target)?;
    let _lock = take_lock(run, now)?;
    let (outbox, told) = (Outbox::open(run)?, Told::read(run, target.uri())?);
    if told.events.is_empty() {
        return Err(TrackError::Nothing { path: run.into() });
    }
    let open: Vec<(u64, &Event)> = told.unsent().collect();
    let mut courier = Courier { run, target, client: &client, outbox: &outbox, remote: told.remote.clone() };
    let mut report = Report::default();
    for (number, event) in &open {
        match courier.send(*number, event) {
            Ok(skipped) => {
                report.sent += usize::from(skipped.is_none());
                report.skipped.extend(skipped);
            }
            Err(source) => return Err(TrackError::Stopped { sent: report.sent, all: open.len(), source }),
        }
    }
    report.remote = courier.remote;
    Ok(report)
}
