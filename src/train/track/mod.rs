//! Tracking: what a run tells an MLflow server, over its REST API, with no Python.
//!
//! Events ([`Event`]) go to `track.jsonl` in the run folder first, whether there is a server or not; from there a thread
//! ([`Tracker`]) or, later, `augmint track` ([`send`]) sends them, and writes down what the server took. A server that is
//! down, slow or talks nonsense therefore costs a run nothing, and a run that was never tracked can be sent as a whole.
//! Sending is idempotent: a run is found again by its identity, and MLflow drops what it has already.

mod client;
mod event;
mod limits;
mod mlflow;
mod outbox;
mod send;
mod tracker;

pub use client::{Auth, Client, ClientError, Target, TargetError};
pub use event::{DatasetInput, Event, RunStart, epoch, finish, params, scored, start};
pub use outbox::{Outbox, Remote, Told};
pub use send::{Report, TrackError, push, send};
pub use tracker::Tracker;

#[cfg(test)]
mod testing;
