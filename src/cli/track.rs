//! `augmint track`: tells an MLflow server what it does not know of a run. And `--track` of other commands.

use super::runs::located;
use crate::train::track::{Auth, Report, Target, send};
use std::path::PathBuf;
use std::process::ExitCode;

/// Send a run to an MLflow server, or what the server missed while it was down; sent again, nothing is there twice
#[derive(clap::Args, Debug)]
pub struct TrackCommand {
    /// The run: its folder, or its name in runs
    #[arg(value_name = "RUN")]
    folder: PathBuf,
    /// The server, e.g. http://127.0.0.1:5000
    #[arg(long = "to", value_name = "URI", env = "MLFLOW_TRACKING_URI")]
    uri: String,
    #[command(flatten)]
    access: Access,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a tracking server is reached, in MLflow's own variables.
#[derive(clap::Args, Debug)]
pub struct Access {
    #[arg(long = "track-user", hide = true, env = "MLFLOW_TRACKING_USERNAME", hide_env_values = true)]
    user: Option<String>,
    #[arg(long = "track-password", hide = true, env = "MLFLOW_TRACKING_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    #[arg(long = "track-token", hide = true, env = "MLFLOW_TRACKING_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[arg(long = "track-certificates", hide = true, env = "MLFLOW_TRACKING_SERVER_CERT_PATH")]
    certificates: Option<PathBuf>,
}

impl Access {
    /// The server at an address, reached as the environment says: user and password (which win over a token, as in MLflow),
    /// certificates, proxy.
    ///
    /// # Errors
    /// When it is no address of HTTP.
    pub fn target(&self, uri: &str) -> miette::Result<Target> {
        let auth = match (&self.user, &self.password, &self.token) {
            (Some(user), Some(password), _) => Auth::Basic { user: user.clone(), password: password.clone() },
            (.., Some(token)) => Auth::Token(token.clone()),
            _ => Auth::None,
        };
        let mut target = Target::new(uri, auth)?;
        target.certificates.clone_from(&self.certificates);
        target.proxy = ureq::Proxy::try_from_env();
        Ok(target)
    }
}

impl TrackCommand {
    /// Sends and prints.
    ///
    /// # Errors
    /// When there is no such run, or the server does not take it.
    pub fn run(&self) -> miette::Result<ExitCode> {
        let folder = located(&self.folder);
        let target = self.access.target(&self.uri)?;
        let report = send(&folder, &target, &super::now())?;
        if self.json {
            super::print_json(&serde_json::json!({
                "uri": target.uri(),
                "sent": report.sent,
                "skipped": report.skipped,
                "run_id": report.remote.as_ref().map(|remote| &remote.run_id),
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        for note in &report.skipped {
            eprintln!("{note}");
        }
        super::print(&match report.sent {
            0 => format!("{} has all of {}", target.uri(), folder.display()),
            sent => format!("{sent} events of {} are now at {}", folder.display(), target.uri()),
        })?;
        if let Some(page) = page(&target, &report) {
            super::next(&format!("open {page}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where a browser shows the run.
pub fn page(target: &Target, report: &Report) -> Option<String> {
    let remote = report.remote.as_ref()?;
    Some(format!("{}/#/experiments/{}/runs/{}", target.uri(), remote.experiment_id, remote.run_id))
}

/// Says what became of what a tracker was to be told.
pub fn say(report: &Report, run: &std::path::Path) {
    for note in &report.skipped {
        eprintln!("{note}");
    }
    if let Some(problem) = &report.problem {
        eprintln!("the tracker: {problem}");
    }
    if report.unsent > 0 {
        eprintln!("{} events are kept for later: augmint track {} --to URI", report.unsent, run.display());
    }
}
