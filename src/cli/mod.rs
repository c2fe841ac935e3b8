//! The command line: one file per command, a struct whose doc comment is the help and a `run` that prints.
//!
//! The library does the work; here are the clock, the environment and the terminal. Results go to stdout, what is for
//! people beside them (progress, the next line worth typing) to stderr, so that a result can be piped.

pub mod build;
pub mod check;
pub mod compare;
pub mod diff;
pub mod eda;
pub mod ensemble;
#[cfg(feature = "torch")]
pub mod epochs;
pub mod errors;
pub mod evaluate;
pub mod evict;
pub mod explain;
pub mod export;
pub mod gc;
pub mod git;
pub mod init;
pub mod list;
pub mod log;
pub mod machine;
pub mod making;
pub mod ops;
pub mod path;
pub mod plan;
pub mod predict;
pub mod preview;
pub mod probe;
pub mod publish;
pub mod quickstart;
pub mod report;
pub mod restore;
pub mod runs;
pub mod sample_data;
pub mod scan;
pub mod score;
pub mod show;
pub mod suspects;
pub mod tag;
pub mod torch;
pub mod track;
pub mod train;
pub mod verify;
pub mod view;
pub mod views;
pub mod weights;

mod subject;
mod table;

use crate::effect::simd::Level;
use crate::store::{Datasets, Holder, LogLine, host};
use clap::{Parser, Subcommand};
use miette::IntoDiagnostic as _;
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

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

#[cfg(test)]
mod tests {
    use super::Cli;
    use crate::shard::tar_path;
    use crate::store::{Datasets, testing};
    use clap::{CommandFactory as _, Parser as _};
    use std::process::ExitCode;

    /// The exit code as text (it cannot be compared), or the error.
    fn run(datasets: &Datasets, line: &str) -> Result<String, String> {
        let cli = Cli::try_parse_from(format!("augmint {line}").split(' ')).map_err(|error| error.to_string())?;
        let code = cli.command.run(datasets);
        code.map(|code| format!("{code:?}")).map_err(|error| error.to_string())
    }

    #[test]
    fn commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn exit_codes_tell_fine_from_different_from_wrong() {
        let root = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(root.path(), None);
        let [fine, different] = [ExitCode::SUCCESS, ExitCode::from(1)].map(|code| format!("{code:?}"));
        assert_eq!(run(&datasets, "list").as_ref(), Ok(&fine));
        let shard = testing::make_shard(&datasets, 0, 0, 5);
        testing::publish(&datasets, "docs", vec![shard.clone()], Some("v1"));
        for line in [
            "list --json",
            "list",
            "show docs@v1",
            "show docs@v1 --json",
            "show docs@v1 --recipe",
            "log docs",
            "log docs --json",
            "tag docs@v1 best",
            "path docs@best --split train",
            "path docs@v1 --folder",
            "verify docs@v1",
            "verify docs@v1 --json",
            "gc --dry-run",
            "gc --json",
        ] {
            assert_eq!(run(&datasets, line).as_ref(), Ok(&fine), "{line}");
        }
        assert!(run(&datasets, "evict docs@v1").unwrap_err().contains("this engine could not make its pixels again"));
        assert!(run(&datasets, "path docs@v1 --split test").unwrap_err().contains("has no split 'test'"));
        assert!(run(&datasets, "log dosc").unwrap_err().contains("there is no dataset 'dosc'"));
        assert!(run(&datasets, "show ../x").unwrap_err().contains("cannot be a dataset's name"));
        let tar = tar_path(&datasets.shards(), &shard.key);
        let mut bytes = std::fs::read(&tar).unwrap();
        bytes[600] ^= 1;
        std::fs::write(&tar, bytes).unwrap();
        assert_eq!(run(&datasets, "verify docs@v1").as_ref(), Ok(&different));
    }
}

const VARIABLES: &str = "Environment:\n  AUGMINT_SIMD  auto (the default), scalar or avx2: which inner loops \
    render; the bytes are the same [for measuring and tests]";

/// Sources and a recipe become a named dataset version, bit for bit.
#[derive(Parser, Debug)]
#[command(name = "augmint", version, max_term_width = 110, propagate_version = false, after_help = VARIABLES)]
struct Cli {
    /// The folder of datasets: records, tags and source lists, to be kept in git
    #[arg(long, global = true, default_value = "datasets", value_name = "DIR", env = "AUGMINT_DATASETS")]
    datasets: PathBuf,
    /// Where pixels are stored; by default .store in the folder of datasets
    #[arg(long, global = true, value_name = "DIR", env = "AUGMINT_STORE")]
    store: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Quickstart(quickstart::Quickstart),
    SampleData(sample_data::SampleData),
    Init(init::Init),
    Check(check::Check),
    Ops(ops::Ops),
    Eda(eda::EdaCommand),
    Preview(preview::Preview),
    Plan(plan::PlanCommand),
    Build(build::Build),
    Publish(publish::Publish),
    List(list::List),
    Show(show::Show),
    Diff(diff::DiffCommand),
    Explain(explain::Explain),
    Errors(errors::ErrorsCommand),
    Compare(compare::Compare),
    Log(log::Log),
    Tag(tag::Tag),
    Path(path::Path),
    Report(report::Report),
    View(view::View),
    Verify(verify::Verify),
    Restore(restore::Restore),
    Evict(evict::Evict),
    Export(export::Export),
    Gc(gc::Gc),
    Train(train::Train),
    Probe(probe::Probe),
    Evaluate(evaluate::Evaluate),
    Predict(predict::Predict),
    Ensemble(ensemble::EnsembleCommand),
    Suspects(suspects::SuspectsCommand),
    Views(views::ViewsCommand),
    Weights(weights::Weights),
    Runs(runs::Runs),
    Score(score::ScoreCommand),
    Track(track::TrackCommand),
}

impl Command {
    fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        match self {
            Self::Quickstart(command) => command.run(),
            Self::SampleData(command) => command.run().into_diagnostic(),
            Self::Init(command) => command.run(),
            Self::Check(command) => command.run(datasets),
            Self::Ops(command) => command.run(),
            Self::Eda(command) => command.run(),
            Self::Preview(command) => command.run(datasets),
            Self::Plan(command) => command.run(datasets),
            Self::Build(command) => command.run(datasets),
            Self::Publish(command) => command.run(datasets),
            Self::List(command) => command.run(datasets),
            Self::Show(command) => command.run(datasets),
            Self::Diff(command) => command.run(datasets),
            Self::Explain(command) => command.run(datasets),
            Self::Errors(command) => command.run(datasets),
            Self::Compare(command) => command.run(),
            Self::Log(command) => command.run(datasets),
            Self::Tag(command) => command.run(datasets),
            Self::Path(command) => command.run(datasets),
            Self::Report(command) => command.run(datasets),
            Self::View(command) => command.run(datasets),
            Self::Verify(command) => command.run(datasets),
            Self::Restore(command) => command.run(datasets),
            Self::Evict(command) => command.run(datasets),
            Self::Export(command) => command.run(datasets),
            Self::Gc(command) => command.run(datasets),
            Self::Train(command) => command.run(datasets),
            Self::Probe(command) => command.run(datasets),
            Self::Evaluate(command) => command.run(datasets),
            Self::Predict(command) => command.run(datasets),
            Self::Ensemble(command) => command.run(),
            Self::Suspects(command) => command.run(datasets),
            Self::Views(command) => command.run(),
            Self::Weights(command) => command.run(),
            Self::Runs(command) => command.run(),
            Self::Score(command) => command.run(),
            Self::Track(command) => command.run(),
        }
    }
}

/// Whether the error's own text has the text of each of its causes, so that a list of them would say all of it twice.
fn tells_its_causes(error: &dyn miette::Diagnostic) -> bool {
    let text = error.to_string();
    std::iter::successors(error.source(), |cause| cause.source()).all(|cause| text.contains(&cause.to_string()))
}

/// Runs the command line: exit code 0 fine, 1 a difference or a failed check, 2 an error.
pub fn main() -> ExitCode {
    // Off a terminal, carets and arrows are plain ASCII and no line is broken, so that a log file can be searched for a
    // path, and a line for fixes.csv be taken from it. Fails only if a hook is set already.
    let _ = miette::set_hook(Box::new(|error| {
        let terminal = io::stderr().is_terminal();
        let how = miette::MietteHandlerOpts::new().unicode(terminal).wrap_lines(terminal);
        Box::new(if tells_its_causes(error) { how.without_cause_chain() } else { how }.build())
    }));
    let cli = Cli::parse();
    let datasets = Datasets::new(cli.datasets, cli.store);
    // Never decides which bytes; a wish that cannot be obeyed is no reason to measure something else in silence.
    let result = Level::of_process().into_diagnostic().and_then(|_| cli.command.run(&datasets));
    result.unwrap_or_else(|error| {
        eprintln!("{error:?}");
        ExitCode::from(2)
    })
}
