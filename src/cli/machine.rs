//! What this machine gives: threads, memory, and the wish to stop.

use crate::store::ByteSize;
use indicatif::{ProgressBar, ProgressStyle};
use miette::IntoDiagnostic as _;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Set by the first Ctrl-C; the second ends the process at once.
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether shards are being made, by a loop that looks at [`STOP`] and says what it finished. At every other moment (the
/// sources of a large folder take a minute to read) the first Ctrl-C ends the process: whatever is written appears by one
/// rename, so nothing half-done is left.
static MAKING: AtomicBool = AtomicBool::new(false);

/// What the first Ctrl-C is answered with while [`MAKING`]: what becomes of what was begun.
static STOPPING: Mutex<&str> = Mutex::new(IN_SHARDS);

/// What is being made is kept shard by shard.
const IN_SHARDS: &str = "stopping: finished shards are kept; Ctrl-C again ends at once";
/// What is being made is nothing until it is whole.
const WHOLE: &str = "stopping: nothing is left; Ctrl-C again ends at once";
/// Nothing is being made.
const SERVING: &str = "ended";

/// A network is trained.
const SAVED: &str = "stopping: this step is finished and saved; Ctrl-C again ends at once";

/// From now on Ctrl-C is how this ends, for a loop that looks at the wish to stop.
pub fn serving() {
    set_stopping(SERVING);
    MAKING.store(true, Ordering::Relaxed);
}

/// Listens for Ctrl-C on behalf of a loop that saves what it has before it stops.
///
/// # Errors
/// When the signal cannot be listened for.
pub fn training() -> miette::Result<&'static AtomicBool> {
    let stop = Resources { threads: None, memory: None }.start()?;
    set_stopping(SAVED);
    MAKING.store(true, Ordering::Relaxed);
    Ok(stop)
}

fn set_stopping(text: &'static str) {
    *STOPPING.lock().unwrap_or_else(PoisonError::into_inner) = text;
}

/// Options of every command that renders.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Resources {
    /// Threads that render; by default all that this process may use (CPU affinity and cgroup limits are obeyed)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Memory to stay within, e.g. 4GB; by default 1 GB + 200 MB per thread, or half of what the machine or cgroup has
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
}

impl Resources {
    /// Starts the threads and listens for Ctrl-C; what was started before stays.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn start(&self) -> miette::Result<&'static AtomicBool> {
        static STARTED: AtomicBool = AtomicBool::new(false);
        if STARTED.swap(true, Ordering::Relaxed) {
            return Ok(&STOP);
        }
        let threads = self.threads.map_or(0, usize::from);
        let started = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        // Someone may have used Rayon before; that matters only where a number was asked for.
        if threads > 0 {
            started.into_diagnostic()?;
        }
        ctrlc::set_handler(|| {
            let twice = STOP.swap(true, Ordering::Relaxed);
            if MAKING.load(Ordering::Relaxed) && !twice {
                eprintln!("{}", STOPPING.lock().unwrap_or_else(PoisonError::into_inner));
                return;
            }
            if !twice {
                eprintln!("stopped: nothing half-done is left, and what was finished before is kept");
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "the reading of sources and the second Ctrl-C have no better place to end"
            )]
            std::process::exit(if twice { 130 } else { 2 });
        })
        .into_diagnostic()?;
        Ok(&STOP)
    }

    /// How many threads render.
    pub fn threads() -> usize {
        rayon::current_num_threads()
    }

    fn memory(&self) -> u64 {
        let usual = 1_000_000_000 + 200_000_000 * Self::threads() as u64;
        self.memory.map_or_else(|| usual.min(available().map_or(u64::MAX, |bytes| bytes / 2)), |memory| memory.0)
    }

    /// Bytes of decoded partners to keep.
    pub fn cache(&self) -> u64 {
        (self.memory() / 4).min(512_000_000)
    }

    /// Blocks that may be rendered ahead of the one being written, where a block takes up to `bytes`.
    pub fn ahead(&self, bytes: u64) -> usize {
        let threads = Self::threads();
        usize::try_from(self.memory() / 4 / bytes.max(1)).unwrap_or(usize::MAX).clamp(1, 4 * threads)
    }
}

/// Memory of this machine, or what its cgroup is limited to.
fn available() -> Option<u64> {
    let cgroup = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = cgroup.iter().filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
    let info = std::fs::read_to_string("/proc/meminfo").ok();
    let total = info.and_then(|info| {
        let line = info.lines().find(|line| line.starts_with("MemTotal:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    limits.chain(total.map(|kilobytes| kilobytes * 1024)).min()
}

/// Progress on stderr: a bar on a terminal, else a line now and then. While one counts, Ctrl-C is the loop's to obey.
pub struct Meter {
    bar: ProgressBar,
    plain: Option<Mutex<Instant>>,
    verb: &'static str,
    total: u64,
    started: Instant,
}

/// How often a plain line is printed.
const EVERY: Duration = Duration::from_secs(10);

impl Meter {
    /// Starts counting to `total` samples of something that is nothing until it is whole.
    pub fn whole(verb: &'static str, total: u64) -> Self {
        let meter = Self::new(verb, total);
        set_stopping(WHOLE);
        meter
    }

    /// Starts counting to `total` samples, kept in shards.
    pub fn new(verb: &'static str, total: u64) -> Self {
        set_stopping(IN_SHARDS);
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal { ProgressBar::new(total) } else { ProgressBar::hidden() };
        let template = "{prefix} {bar:28} {human_pos}/{human_len} samples, {per_sec}, {msg}, {eta} left";
        let style = ProgressStyle::with_template(template).expect("BUG: a template that cannot be read");
        bar.set_style(style);
        bar.set_prefix(verb);
        #[expect(clippy::disallowed_methods, reason = "the rate, for people")]
        let started = Instant::now();
        MAKING.store(true, Ordering::Relaxed);
        Self { bar, plain: (!terminal).then(|| Mutex::new(started)), verb, total, started }
    }

    /// So many samples of so many bytes are done.
    pub fn set(&self, samples: u64, bytes: u64) {
        self.bar.set_message(ByteSize(bytes).to_string());
        self.bar.set_position(samples);
        let Some(mut last) = self.plain.as_ref().and_then(|last| last.try_lock().ok()) else { return };
        if last.elapsed() >= EVERY && samples < self.total {
            #[expect(clippy::disallowed_methods, reason = "when to print again")]
            let now = Instant::now();
            *last = now;
            let rate = samples as f64 / self.started.elapsed().as_secs_f64();
            let left = duration((self.total - samples) as f64 / rate.max(0.001));
            let (verb, total) = (self.verb, self.total);
            eprintln!("{verb}: {samples}/{total} samples, {rate:.0}/s, {}, {left} left", ByteSize(bytes));
        }
    }

    /// Takes the bar away; gives the seconds since the start.
    pub fn finish(self) -> f64 {
        MAKING.store(false, Ordering::Relaxed);
        self.bar.finish_and_clear();
        self.started.elapsed().as_secs_f64()
    }
}

/// Seconds as people say them: `42 s`, `7 min`, `3.5 h`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{seconds:.0} s"),
        ..6000.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
