//! The thread that sends a run's events while it goes on, and never stops or slows it.

use super::client::{Client, Target};
use super::event::Event;
use super::outbox::{Outbox, Told};
use super::send::{Courier, Report, TrackError, take_lock};
use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the thread waits after a first failure; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// And at most.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Tells a tracker what a run does. Nothing here fails: what cannot be sent is kept in the run folder, what cannot be kept is
/// a problem that [`Self::problem`] and [`Self::close`] say.
#[derive(Debug)]
pub struct Tracker {
    run: PathBuf,
    outbox: Option<Outbox>,
    thread: Option<Thread>,
    problem: Arc<Mutex<Option<String>>>,
}

#[derive(Debug)]
struct Thread {
    uri: String,
    events: Sender<(u64, Event)>,
    done: Receiver<Report>,
}

impl Tracker {
    /// Starts to track a run. Without a target, events are only kept, to be sent some day. `now` is the time, RFC 3339.
    pub fn new(run: &Path, target: Option<Target>, now: &str) -> Self {
        let problem = Arc::new(Mutex::new(None));
        let opened = Outbox::open(run).map_err(TrackError::from);
        let started = opened.map(|outbox| {
            let thread = target.map(|target| start(run, target, outbox.clone(), now, problem.clone())).transpose();
            (outbox, thread)
        });
        let (outbox, thread) = match started {
            Ok((outbox, Ok(thread))) => (Some(outbox), thread),
            Ok((outbox, Err(error))) => {
                say(&problem, &error.to_string());
                (Some(outbox), None)
            }
            Err(error) => {
                say(&problem, &error.to_string());
                (None, None)
            }
        };
        Self { run: run.into(), outbox, thread, problem }
    }

    /// Keeps events, and lets the thread send them.
    pub fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let Some(outbox) = &self.outbox else { return };
            match outbox.push(event.clone()) {
                Ok(number) => {
                    // The thread is gone only when it panicked; what is kept can still be sent.
                    if let Some(thread) = &self.thread {
                        let _ = thread.events.send((number, event));
                    }
                }
                Err(error) => say(&self.problem, &error.to_string()),
            }
        }
    }

    /// What is wrong at the moment, for people; said once, until it is another.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for what is open to be sent, at most so long, and says what became of it. `None` where there is no target.
    pub fn close(self, patience: Duration) -> Option<Report> {
        let Some(Thread { uri, events, done }) = self.thread else {
            let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).take();
            return problem.map(|problem| Report { problem: Some(problem), ..Report::default() });
        };
        // The thread ends when nothing more can come.
        drop(events);
        let report = match done.recv_timeout(patience) {
            Ok(report) => report,
            Err(_) => {
                let told = Told::read(&self.run, &uri).unwrap_or_default();
                let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).take();
                Report {
                    sent: told.sent.len(),
                    unsent: told.unsent().count(),
                    skipped: told.skipped.values().cloned().collect(),
                    problem: problem.or_else(|| Some(format!("{uri} is too slow"))),
                    remote: told.remote,
                }
            }
        };
        Some(report)
    }
}

fn say(problem: &Mutex<Option<String>>, text: &str) {
    *problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
}

fn start(
    run: &Path,
    target: Target,
    outbox: Outbox,
    now: &str,
    problem: Arc<Mutex<Option<String>>>,
) -> Result<Thread, TrackError> {
    let client = Client::new(&target)?;
    let lock = take_lock(run, now)?;
    let told = Told::read(run, target.uri())?;
    let (events, incoming) = channel();
    let (report, done) = channel();
    let (run, uri) = (run.to_owned(), target.uri().to_owned());
    let work = Work { run, target, client, outbox, told, incoming, problem, _lock: lock };
    // Detached: a run that has ended does not wait for it.
    let thread = std::thread::Builder::new().name("track".into());
    let spawned = thread.spawn(move || drop(report.send(work.all())));
    spawned.map_err(crate::fs::on("start a thread for", Path::new(&uri)))?;
    Ok(Thread { uri, events, done })
}

/// What the thread has.
struct Work {
    run: PathBuf,
    target: Target,
    client: Client,
    outbox: Outbox,
    told: Told,
    incoming: Receiver<(u64, Event)>,
    problem: Arc<Mutex<Option<String>>>,
    _lock: File,
}

impl Work {
    /// Sends until nothing more can come, or the run has ended and the server does not take it.
    fn all(self) -> Report {
        let Self { run, target, client, outbox, told, incoming, problem, _lock } = &self;
        // What an earlier part of the run could not send goes first.
        let mut open: VecDeque<(u64, Event)> = told.unsent().map(|(number, event)| (number, event.clone())).collect();
        let mut courier = Courier { run, target, client, outbox, remote: told.remote.clone() };
        let mut report = Report::default();
        let mut wait = FIRST_WAIT;
        let mut closing = false;
        loop {
            let Some((number, event)) = open.front() else {
                match incoming.recv() {
                    Ok(next) => open.push_back(next),
                    Err(_) => break,
                }
                continue;
            };
            match courier.send(*number, event) {
                Ok(skipped) => {
                    report.sent += usize::from(skipped.is_none());
                    if let Some(reason) = &skipped {
                        say(problem, reason);
                    }
                    report.skipped.extend(skipped);
                    open.pop_front();
                    wait = FIRST_WAIT;
                    report.problem = None;
                }
                Err(error) => {
                    let text = error.to_string();
                    if report.problem.as_ref() != Some(&text) {
                        say(problem, &text);
                    }
                    report.problem = Some(text);
                    if closing {
                        break;
                    }
                    // Until it is time to try again, or the run has ended: then one last time, at once.
                    match incoming.recv_timeout(wait) {
                        Ok(next) => open.push_back(next),
                        Err(RecvTimeoutError::Timeout) => wait = (2 * wait).min(LONGEST_WAIT),
                        Err(RecvTimeoutError::Disconnected) => closing = true,
                    }
                }
            }
        }
        report.unsent = open.len();
        report.remote = courier.remote;
        report
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answer, Mlflow, server};
    use super::super::{Auth, epoch, finish, params, send, start};
    use super::*;
    use crate::fs;
    use crate::train::run::testing::{epoch as record, info};
    use crate::train::run::{Outcome, RunFolder, Status};

    const NOW: &str = "2026-01-01T00:00:00Z";

    /// A run folder that has ended.
    fn run(root: &Path) -> PathBuf {
        let mut folder = RunFolder::create(root, "docs17", info("v1"), "lr = 0.1\n").unwrap();
        let path = folder.path().to_owned();
        folder.summary("<p>summary</p>").unwrap();
        folder.finish(outcome()).unwrap();
        path
    }

    fn outcome() -> Outcome {
        let ended = "2026-01-01T01:00:00Z".into();
        Outcome { status: Status::Finished, ended, seconds: 1.0, steps: 2, reason: None, best: None }
    }

    /// All events of a run of two epochs: 3 + 2 + 3.
    fn tell(tracker: &mut Tracker) {
        let info = info("v1");
        let config = toml::from_str("lr = 0.1").unwrap();
        tracker.tell(start(&info, "docs17-001", "docs17", Some("me"), params(&config)));
        for number in 1..=2 {
            tracker.tell([epoch(&record(number, 0.5, 0.4), &info)]);
        }
        tracker.tell(finish(&outcome(), &["config.toml", "summary.html"]));
    }

    #[test]
    fn a_run_is_told_as_it_goes_on() {
        let root = tempfile::tempdir().unwrap();
        let run = run(root.path());
        let mlflow = Mlflow::start();
        let mut tracker = Tracker::new(&run, Some(mlflow.server.target(Auth::None)), NOW);
        tell(&mut tracker);
        let report = tracker.close(Duration::from_secs(20)).unwrap();
        assert_eq!((report.sent, report.unsent, report.problem, report.skipped.len()), (8, 0, None, 0));
        let state = mlflow.state.lock().unwrap();
        let entered = &state.runs[0];
        assert_eq!((state.runs.len(), entered.status.as_str(), entered.name.as_str()), (1, "FINISHED", "docs17-001"));
        assert_eq!(entered.params["lr"], "0.1");
        assert_eq!(entered.tags["mlflow.user"], "me");
        assert_eq!(entered.metrics[&("noisy_macro_f1".to_owned(), 2)], 0.4);
        assert_eq!(entered.datasets.len(), 1);
        assert_eq!(entered.files["summary.html"], b"<p>summary</p>");
    }

    #[test]
    fn a_tracker_that_is_down_costs_nothing_and_is_told_later() {
        let root = tempfile::tempdir().unwrap();
        let run = run(root.path());
        // A port that nobody listens on.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let down = Target::new(&format!("http://127.0.0.1:{port}"), Auth::None).unwrap();
        let mut tracker = Tracker::new(&run, Some(down.clone()), NOW);
        tell(&mut tracker);
        let report = tracker.close(Duration::from_secs(20)).unwrap();
        assert_eq!((report.sent, report.unsent), (0, 8));
        assert!(report.problem.unwrap().contains("cannot be reached"));
        let error = send(&run, &down, NOW).unwrap_err().to_string();
        assert!(error.starts_with("0 of 8 events were sent, then: http://127.0.0.1:"), "{error}");
        let mlflow = Mlflow::start();
        let target = mlflow.server.target(Auth::None);
        assert_eq!(send(&run, &target, NOW).unwrap().sent, 8);
        // Sent twice, also where what the server took was never written down: one run, nothing twice.
        assert_eq!(send(&run, &target, NOW).unwrap().sent, 0);
        let lines = fs::read_text(&run.join("track.jsonl")).unwrap();
        let events: String =
            lines.lines().filter(|line| line.starts_with("{\"event\"")).map(|line| format!("{line}\n")).collect();
        fs::write(&run.join("track.jsonl"), events.as_bytes(), fs::Existing::Replace).unwrap();
        assert_eq!(send(&run, &target, NOW).unwrap().sent, 8);
        let state = mlflow.state.lock().unwrap();
        assert_eq!((state.runs.len(), state.runs[0].status.as_str()), (1, "FINISHED"));
    }

    #[test]
    fn a_server_that_recovers_gets_what_it_missed() {
        let root = tempfile::tempdir().unwrap();
        let run = run(root.path());
        let mlflow = Mlflow::start();
        mlflow.state.lock().unwrap().failures = 2;
        let mut tracker = Tracker::new(&run, Some(mlflow.server.target(Auth::None)), NOW);
        tell(&mut tracker);
        let report = tracker.close(Duration::from_secs(20)).unwrap();
        assert_eq!((report.sent, report.unsent, report.problem), (8, 0, None));
        assert_eq!(mlflow.state.lock().unwrap().runs.len(), 1);
    }

    #[test]
    fn a_slow_server_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let run = run(root.path());
        let slow = server(|_| Answer::Late(Duration::from_secs(6)));
        let started = std::time::Instant::now();
        let mut tracker = Tracker::new(&run, Some(slow.target(Auth::None)), NOW);
        tell(&mut tracker);
        assert!(started.elapsed() < Duration::from_secs(3), "telling took {:?}", started.elapsed());
        let error = send(&run, &slow.target(Auth::None), NOW).unwrap_err();
        assert!(matches!(error, TrackError::InUse { .. }), "{error}");
        let report = tracker.close(Duration::from_millis(100)).unwrap();
        // That is what running out of patience says; a time-out of the request would be another problem.
        assert_eq!((report.sent, report.unsent), (0, 8));
        assert!(report.problem.unwrap().contains("is too slow"));
    }

    #[test]
    fn what_a_server_refuses_does_not_hold_up_the_rest() {
        let root = tempfile::tempdir().unwrap();
        let run = run(root.path());
        let mlflow = Mlflow::start();
        mlflow.state.lock().unwrap().refuse = Some("runs/log-inputs");
        let mut tracker = Tracker::new(&run, Some(mlflow.server.target(Auth::None)), NOW);
        tell(&mut tracker);
        tracker.tell([Event::Artefact("nowhere.png".into())]);
        let report = tracker.close(Duration::from_secs(20)).unwrap();
        assert_eq!((report.sent, report.unsent, report.problem), (7, 0, None));
        assert_eq!(report.skipped[0], "refused, INVALID_PARAMETER_VALUE: runs/log-inputs");
        assert!(report.skipped[1].starts_with("nowhere.png is not sent: it is not in "), "{:?}", report.skipped);
    }

    #[test]
    fn without_a_server_events_are_kept_for_some_day() {
        let root = tempfile::tempdir().unwrap();
        let run = run(root.path());
        let mut tracker = Tracker::new(&run, None, NOW);
        tell(&mut tracker);
        assert_eq!((tracker.problem(), tracker.close(Duration::ZERO)), (None, None));
        let mlflow = Mlflow::start();
        let report = send(&run, &mlflow.server.target(Auth::None), NOW).unwrap();
        assert_eq!((report.sent, report.remote.unwrap().run_id.as_str()), (8, "run0"));
        // The leaderboard comes days later.
        let score = crate::train::run::RecordedScore { public: Some(0.9), time: NOW.into(), ..Default::default() };
        super::super::push(&run, super::super::scored(&score)).unwrap();
        assert_eq!(send(&run, &mlflow.server.target(Auth::None), NOW).unwrap().sent, 1);
        assert_eq!(mlflow.state.lock().unwrap().runs[0].metrics[&("leaderboard_public".to_owned(), 0)], 0.9);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_a_problem_and_no_error() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, b"", fs::Existing::Keep).unwrap();
        let mut tracker = Tracker::new(&file.join("run"), None, NOW);
        tell(&mut tracker);
        assert!(tracker.problem().unwrap().contains("file/run/track.jsonl"));
        assert_eq!(tracker.close(Duration::ZERO), None);
        assert!(matches!(
            send(root.path(), &Target::new("http://h", Auth::None).unwrap(), NOW),
            Err(TrackError::Run(_))
        ));
    }
}
