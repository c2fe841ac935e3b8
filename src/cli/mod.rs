//! The commands, one file each.
pub mod check;
pub mod init;
pub mod ops;
pub mod sample_data;

use miette::IntoDiagnostic;
use std::io::{ErrorKind, Write};

/// Prints a result to stdout; a reader that has seen enough, like `head`, is no error.
pub(crate) fn print(text: &str) -> miette::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.into_diagnostic(),
    }
}
