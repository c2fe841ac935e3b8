//! `augmint verify`: compares every byte of a version with its digest.

use crate::source::Classes;
use crate::store::{ByteSize, Datasets, Reference};
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Instant;

/// Re-hash every byte of a version, on all threads, and name each sample that is damaged or missing
#[derive(clap::Args, Debug)]
pub struct Verify {
    /// name@tag, name@sha256:prefix or sha256:prefix
    reference: Reference,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Prints every difference; exit code 1 if there is any.
    ///
    /// # Errors
    /// When the reference names no version, or the store has no folder of it.
    pub fn run(&self, datasets: &Datasets) -> miette::Result<ExitCode> {
        let version = datasets.resolve(&self.reference)?;
        let record = datasets.record(&version)?;
        let _held = datasets.hold(&version.digest)?;
        #[expect(clippy::disallowed_methods, reason = "the rate, for people")]
        let started = Instant::now();
        let bar = match std::io::stderr().is_terminal() {
            true => indicatif::ProgressBar::new(datasets.info(&version.digest)?.shards.iter().map(|s| s.bytes).sum()),
            false => indicatif::ProgressBar::hidden(),
        };
        let style =
            indicatif::ProgressStyle::with_template("verify {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
        bar.set_style(style.expect("BUG: a template that cannot be read"));
        let classes = Classes(record.classes.into_iter().collect());
        let checked = datasets.verify(&version.digest, &classes, &|bytes| bar.inc(bytes))?;
        bar.finish_and_clear();
        let (lines, seconds) = (checked.lines(), started.elapsed().as_secs_f64());
        if self.json {
            super::print_json(&serde_json::json!({
                "name": version.name, "digest": version.digest.to_string(), "good": checked.is_good(),
                "shards": checked.shards, "samples": checked.samples, "bytes": checked.bytes, "seconds": seconds,
                "differences": lines,
            }))?;
        } else if lines.is_empty() {
            let (samples, bytes) = (checked.samples, ByteSize(checked.bytes));
            super::print(&format!(
                "{version} is whole: {samples} samples in {} shards, {bytes}, checked in {seconds:.1} s\n{}",
                checked.shards, version.digest
            ))?;
            super::next(&format!("augmint path {version} --split train"));
        } else {
            super::print(&lines.join("\n"))?;
            eprintln!("{version} is not whole; differences: {}", lines.len());
            super::next(&format!("augmint restore {version}"));
        }
        Ok(if lines.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
