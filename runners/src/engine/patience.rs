//! A lock hangs when its threads could run and nothing came of it; a thread that gets no CPU proves nothing, and neither
//! does a clock that went on while this thread got none.

use std::fs;
use std::time::{Duration, Instant};

/// Limits that pass before a wait ends although workers still get no CPU.
pub(crate) const MOST_LIMITS: u32 = 6;
/// The least share of a limit, as a divisor, that a runnable worker must have run for the wait to count against its lock.
const LEAST_SHARE: u32 = 20;
/// How long one look lasts at most.
const LOOK: Duration = Duration::from_millis(1);
/// What one look counts at most. A virtual machine that stood still, or a coordinator that got no CPU, saw nothing of the
/// time that its clock shows.
const LOOK_COUNTS: Duration = Duration::from_millis(10);

/// How a wait ended in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vain {
    /// The workers could have run, and nothing came of it.
    Hung,
    /// A worker was ready to run and got no CPU, limit after limit.
    Starved,
}

/// Looks again and again, each time for no longer than it is told, until there is something, or until so many looks were in
/// vain as make up `limit`; and further limits for as long as one of the workers is ready to run and hardly runs.
pub(super) fn wait_patiently<T>(
    workers: &[i32],
    limit: Duration,
    mut look: impl FnMut(Duration) -> Option<T>,
) -> Result<T, Vain> {
    for _ in 0..MOST_LIMITS {
        let before: Vec<Turn> = workers.iter().map(|tid| Turn::of(*tid)).collect();
        let mut waited = Duration::ZERO;
        while waited < limit {
            let start = Instant::now();
            if let Some(done) = look(LOOK) {
                return Ok(done);
            }
            waited += start.elapsed().clamp(Duration::from_micros(1), LOOK_COUNTS);
        }
        let starves = |(tid, before): (&i32, &Turn)| Turn::of(*tid).starves(before, limit);
        if !workers.iter().zip(&before).any(starves) {
            return Err(Vain::Hung);
        }
    }
    Err(Vain::Starved)
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
        // Ready, or asleep in the kernel on something that is not a lock of ours (a page that is being fetched).
        let ready = stat
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.trim_start().starts_with(['R', 'D']));
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
    fn a_wait_for_threads_that_sleep_ends_after_its_limit_and_one_that_is_over_at_once() {
        // No thread has this number: what is not told counts as asleep.
        let limit = Duration::from_millis(3);
        let mut looks = 0;
        let ended: Result<(), Vain> = wait_patiently(&[-1], limit, |_| {
            looks += 1;
            None
        });
        assert_eq!(ended, Err(Vain::Hung));
        assert!(looks > 0);
        assert_eq!(wait_patiently(&[], limit, |_| Some(3)), Ok(3));
    }

    #[test]
    fn a_clock_that_jumps_counts_as_one_look() {
        let limit = Duration::from_millis(50);
        let mut looks = 0;
        let found = wait_patiently(&[-1], limit, |_| {
            looks += 1;
            // As long as the limit, as when the machine stood still.
            std::thread::sleep(limit);
            (looks == 4).then_some(looks)
        });
        assert_eq!(found, Ok(4), "three looks of 10 ms are not 50 ms");
    }
}
