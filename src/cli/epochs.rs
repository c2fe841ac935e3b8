//! What a training run shows of itself while it goes on: a bar on a terminal, and a line for each epoch.

use crate::train::run::{EpochRecord, Score};
use crate::train::torch::run::Told;
use crate::train::torch::start::Note;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// How often a line says how far it is where there is no terminal: a run in a log file says that it lives.
const EVERY: Duration = Duration::from_secs(30);

/// Shows a run.
pub struct Meter {
    bar: ProgressBar,
    /// When the last line was printed; `None` on a terminal, which has the bar.
    said: Cell<Option<Instant>>,
}

impl Default for Meter {
    fn default() -> Self {
        let bar = ProgressBar::new(0);
        let terminal = std::io::stderr().is_terminal();
        if !terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{prefix} {bar:28} {pos}/{len} {msg}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).expect("BUG: a template that cannot be read"));
        Self { bar, said: Cell::new((!terminal).then(now)) }
    }
}

impl Meter {
    /// Shows what is told.
    pub fn tell(&self, note: &Note<'_>) {
        match note {
            Note::Line(text) => self.line(text),
            Note::Features(set, done, of) => {
                self.at(format!("features of {set}"), *done, *of, "samples");
            }
            Note::Training(Told::Batch { epoch, done, of, loss }) => {
                self.at(format!("epoch {epoch}"), *done, *of, &format!("batches, loss {loss:.4}"));
            }
            Note::Training(Told::Epoch(record)) => self.line(&line(record)),
        }
    }

    fn at(&self, prefix: String, done: usize, of: usize, message: &str) {
        if self.bar.prefix() != prefix {
            self.bar.reset();
            self.bar.set_prefix(prefix);
        }
        if self.said.get().is_some_and(|said| said.elapsed() >= EVERY) {
            self.line(&format!("{}: {done} of {of} {message}", self.bar.prefix()));
        }
        self.bar.set_length(of as u64);
        self.bar.set_message(message.to_owned());
        self.bar.set_position(done as u64);
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
        self.said.set(self.said.get().map(|_| now()));
    }
}

#[expect(clippy::disallowed_methods, reason = "when to print again")]
fn now() -> Instant {
    Instant::now()
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// An epoch in a line.
fn line(record: &EpochRecord) -> String {
    let score = |name: &str, score: &Option<Score>| {
        score
            .as_ref()
            .map(|score| format!(", {name} F1 {:.4} (loss {:.3})", score.macro_f1, score.loss))
            .unwrap_or_default()
    };
    let EpochRecord { epoch, train_loss, seconds, waited_seconds, samples_per_second, .. } = record;
    let model = 100.0 * (1.0 - waited_seconds / seconds.max(1e-9));
    format!(
        "epoch {epoch}: loss {train_loss:.4}{}{}; {seconds:.1} s, {samples_per_second:.0} samples/s, {model:.1} % of it in the \
         model{}",
        score("clean", &record.clean),
        score("noisy", &record.noisy),
        if record.best { "; best so far" } else { "" }
    )
}
