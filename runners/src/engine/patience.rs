//! A lock hangs when its threads could run and nothing came of it; a thread that gets no CPU proves nothing.

use std::fs;
use std::time::Duration;

/// Limits that pass before a wait ends although workers still get no CPU.
pub(crate) const MOST_LIMITS: u32 = 6;
/// The least share of a limit, as a divisor, that a runnable worker must have run for the wait to count against its lock.
const LEAST_SHARE: u32 = 20;

/// Repeats `wait`, which gives up after `limit`, for as long as one of the workers is ready to run and hardly runs.
pub(super) fn wait_patiently<T>(
    workers: &[i32],
    limit: Duration,
    mut wait: impl FnMut() -> Option<T>,
) -> Option<T> {
    for _ in 0..MOST_LIMITS {
        let before: Vec<Turn> = workers.iter().map(|tid| Turn::of(*tid)).collect();
        if let Some(done) = wait() {
            return Some(done);
        }
        let starves = |(tid, before): (&i32, &Turn)| Turn::of(*tid).starves(before, limit);
        if !workers.iter().zip(&before).any(starves) {
            return None;
        }
    }
    None
}

/// Whether a thread is ready to run, and how long it has run; what the kernel does not tell counts as a thread that sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Turn {
    ready: bool,
    run_ns: u64,
}

impl Turn {
    fn of(tid: i32) -> Self {
        let text = |name: &str| {
            fs::read_to_string(format!("/proc/self/task/{tid}/{name}")).unwrap_or_default()
        };
        Self::parse(&text("stat"), &text("schedstat"))
    }

    /// From the texts of `stat` and `schedstat`.
    fn parse(stat: &str, schedstat: &str) -> Self {
        let ready = stat
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.trim_start().starts_with('R'));
        let run_ns = schedstat
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok());
        Self {
            ready: ready && run_ns.is_some(),
            run_ns: run_ns.unwrap_or(0),
        }
    }

    fn starves(&self, before: &Self, limit: Duration) -> bool {
        let ran = Duration::from_nanos(self.run_ns.saturating_sub(before.run_ns));
        self.ready && ran < limit / LEAST_SHARE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "12 (a worker) 3) R 1 2";
    const ASLEEP: &str = "12 (a R) S 1 2";

    #[test]
    fn only_a_thread_that_is_ready_and_hardly_runs_starves() {
        let limit = Duration::from_secs(10);
        let before = Turn::parse(READY, "1000 5 7");
        let starves = |stat, schedstat| Turn::parse(stat, schedstat).starves(&before, limit);
        assert!(starves(READY, "400001000 9 9"), "0.4 s of 10 s");
        assert!(!starves(READY, "600001000 9 9"), "0.6 s of 10 s: it spins");
        assert!(
            !starves(ASLEEP, "1000 5 7"),
            "it waits for the lock, not for a CPU"
        );
        assert!(
            !starves("", "") && !starves(READY, ""),
            "the kernel does not tell"
        );
    }

    #[test]
    fn a_wait_for_threads_that_sleep_ends_at_once_and_one_that_is_over_at_all() {
        let mut waits = 0;
        // No thread has this number: what is not told counts as asleep.
        let ended: Option<()> = wait_patiently(&[-1], Duration::ZERO, || {
            waits += 1;
            None
        });
        assert_eq!((ended, waits), (None, 1));
        assert_eq!(wait_patiently(&[], Duration::ZERO, || Some(3)), Some(3));
    }
}
