//! The checkout that a command is started in, for a run's record.

use crate::train::run::Git;
use std::process::Command;

/// The commit that is checked out here, and whether tracked files were changed since; `None` outside a checkout, or
/// without git.
pub fn checkout() -> Option<Git> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(Git { commit, dirty: !changes.is_empty() })
}
