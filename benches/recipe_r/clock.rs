//! CPU and wall time of the calling thread.

use std::time::Instant;

/// A running clock.
pub struct Clock {
    cpu: Option<u64>,
    wall: Instant,
}

/// Nanoseconds that the calling thread has run, where Linux says so. The kernel counts at every switch of threads, so a
/// switch is asked for first.
fn on_cpu() -> Option<u64> {
    std::thread::yield_now();
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}

impl Clock {
    pub fn start() -> Self {
        let cpu = on_cpu();
        Self { cpu, wall: Instant::now() }
    }

    pub fn wall_ms(&self) -> f64 {
        self.wall.elapsed().as_secs_f64() * 1e3
    }

    /// CPU time; wall time where the kernel does not tell.
    pub fn cpu_ms(&self) -> f64 {
        match (self.cpu, on_cpu()) {
            (Some(start), Some(now)) if now > start => (now - start) as f64 / 1e6,
            _ => self.wall_ms(),
        }
    }
}

/// How this binary was compiled, as far as it can know.
pub fn profile() -> &'static str {
    if cfg!(debug_assertions) { "with debug assertions: no figure to publish" } else { "optimised" }
}
