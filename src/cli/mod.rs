//! The command line: one file per command, a struct whose doc comment is the help and a `run` that prints.
//!
//! The library does the work; here are the clock, the environment and the terminal. Results go to stdout, what is for
//! people beside them (progress, the next line worth typing) to stderr, so that a result can be piped.

pub mod evict;
pub mod gc;
pub mod list;
pub mod log;
pub mod path;
pub mod sample_data;
pub mod show;
pub mod tag;
pub mod verify;

mod table;

use crate::store::{Holder, LogLine, host};
use miette::IntoDiagnostic as _;
use serde::Serialize;
use std::io::{self, Write as _};

/// Prints a result to stdout. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// When stdout cannot be written for another reason.
pub fn print(text: &str) -> miette::Result<()> {
    match writeln!(io::stdout().lock(), "{}", text.trim_end_matches('\n')) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.into_diagnostic(),
    }
}

/// Prints a result for programs: indented JSON.
///
/// # Errors
/// When stdout cannot be written.
pub fn print_json(value: &impl Serialize) -> miette::Result<()> {
    print(&serde_json::to_string_pretty(value).into_diagnostic()?)
}

/// Ends a command with the next line worth typing, on stderr.
pub fn next(line: &str) {
    eprintln!("next: {line}");
}

/// The time, as records of it are written.
#[expect(clippy::disallowed_methods, reason = "the one clock")]
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// This process, for a lock.
pub fn holder(action: &str) -> Holder {
    Holder::this_process(action, now())
}

/// A line of the log, of this user, machine and time.
#[expect(clippy::disallowed_methods, reason = "the log names the user; no sample does")]
pub fn log_line(action: &str) -> LogLine {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    LogLine { time: now(), action: action.into(), user, host: host(), ..LogLine::default() }
}
