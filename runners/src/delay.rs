//! Work of a given length that touches no memory: a chain of integer operations, each of which needs the one before.
//!
//! A delay that polls a clock would count time in which the thread did not run as work, and its step is the clock's. A
//! chain does neither, but its turns have to be calibrated on the CPU that runs them, and what a number of turns then
//! takes has to be measured and recorded with every result.
//!
//! The processor is made to finish what came before the chain and the chain itself ([`crate::clock::settle`]); else a
//! chain of 100 ns fits whole into the shadow of the cache miss of the lock in front of it.

use crate::clock::{Clock, settle};
use serde::{Deserialize, Serialize};
use std::hint::black_box;

/// Turns of the chain that calibration times at once: about 20 µs.
const CALIBRATION_TURNS: u64 = 20_000;
/// Batches of which calibration keeps the fastest.
const CALIBRATION_BATCHES: u32 = 24;
/// Batches of which [`obtained_ns`] keeps the median.
const OBTAINED_BATCHES: usize = 15;
/// Single calls that say how many make a batch.
const PROBES: u32 = 8;
/// The least length of a timed batch in nanoseconds: hundreds of quanta of any clock in use.
const BATCH_NS: u64 = 10_000;

/// Works for `turns` turns. None costs nothing, not even a call.
#[inline(always)]
pub fn chain(turns: u64) {
    if turns != 0 {
        run(turns);
    }
}

/// The chain itself: one place in the program, so that it is the same instructions wherever it is called from.
///
/// A shift, an exclusive or and an addition do not fold over several turns, as a multiplication and an addition would.
///
/// Cold, so that a loop which calls it keeps its values in registers where it does not: what the caller then saves and
/// restores around the call is nothing beside the chain.
#[cold]
#[inline(never)]
fn run(turns: u64) {
    settle();
    let mut value = black_box(turns);
    // Not a `for`, which without optimisation calls three functions in each turn.
    let mut turn = 0;
    while turn < turns {
        value = (value ^ (value >> 13)).wrapping_add(0x9E37_79B9_7F4A_7C15);
        turn += 1;
    }
    black_box(value);
    settle();
}

/// What a turn takes on the CPU where this was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// One turn, in picoseconds.
    turn_ps: u64,
    /// What a call takes beside its turns, in picoseconds.
    call_ps: u64,
}

impl Calibration {
    /// Measures the chain on the calling thread, which should be pinned; takes about 2 ms.
    ///
    /// The fastest of several batches counts: a batch can only be made slower, by interrupts and neighbours.
    #[must_use]
    pub fn measure(clock: &Clock) -> Self {
        let fastest_ps = |turns: u64, calls: u64| {
            let batches = (0..CALIBRATION_BATCHES).map(|_| batch_ps(turns, calls, clock));
            batches.min().unwrap_or(0)
        };
        // The first batches also bring the CPU up to speed.
        let turn_ps = (fastest_ps(CALIBRATION_TURNS, 1) / CALIBRATION_TURNS).max(1);
        let call_ps = fastest_ps(1, 512).saturating_sub(turn_ps);
        Self { turn_ps, call_ps }
    }

    /// The turns that come closest to `asked_ns`; 0 for 0, else at least 1.
    #[must_use]
    pub fn turns_for(&self, asked_ns: u64) -> u64 {
        if asked_ns == 0 {
            return 0;
        }
        let chain_ps = asked_ns.saturating_mul(1000).saturating_sub(self.call_ps);
        (chain_ps.saturating_add(self.turn_ps / 2) / self.turn_ps).max(1)
    }

    /// What one turn takes, in picoseconds.
    #[must_use]
    pub fn turn_ps(&self) -> u64 {
        self.turn_ps
    }
}

/// What `chain(turns)` takes here and now, in nanoseconds: the median of several batches. 0 for 0 turns.
#[must_use]
pub fn obtained_ns(turns: u64, clock: &Clock) -> u64 {
    if turns == 0 {
        return 0;
    }
    // The shortest of several, so that a turn of the scheduler does not leave a batch of one short call.
    let probes = (0..PROBES).map(|_| batch_ps(turns, 1, clock) / 1000);
    let once_ns = probes.min().unwrap_or(0);
    let calls = (BATCH_NS / once_ns.max(1)).max(1);
    let mut batches: Vec<u64> = (0..OBTAINED_BATCHES)
        .map(|_| batch_ps(turns, calls, clock))
        .collect();
    batches.sort_unstable();
    (batches[OBTAINED_BATCHES / 2] + 500) / 1000
}

/// The mean time of one of `calls` calls in a row, in picoseconds.
fn batch_ps(turns: u64, calls: u64, clock: &Clock) -> u64 {
    let start = clock.now();
    for _ in 0..calls {
        chain(black_box(turns));
    }
    let elapsed_ns = clock.ns(clock.now().wrapping_sub(start));
    elapsed_ns.saturating_mul(1000) / calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::time::{ClockId, clock_gettime};

    #[test]
    fn turns_take_off_the_call_and_round_to_the_nearest() {
        let calibration = Calibration {
            turn_ps: 800,
            call_ps: 4000,
        };
        assert_eq!(calibration.turns_for(0), 0);
        assert_eq!(calibration.turns_for(1), 1, "shorter than a call: one turn");
        assert_eq!(calibration.turns_for(12), 10);
        assert_eq!(calibration.turns_for(100), 120);
        assert!(calibration.turns_for(u64::MAX) > 1 << 50, "no overflow");
    }

    /// The least CPU time that a chain takes; what else the machine does is not in it.
    fn cpu_ns(turns: u64) -> i64 {
        let now_ns = || {
            let time = clock_gettime(ClockId::ThreadCPUTime);
            time.tv_sec * 1_000_000_000 + time.tv_nsec
        };
        let attempt = |_| {
            let start = now_ns();
            chain(turns);
            now_ns() - start
        };
        (0..40).map(attempt).min().expect("there are attempts")
    }

    #[test]
    fn ten_times_the_turns_take_ten_times_as_long() {
        let (short_ns, long_ns) = (cpu_ns(10_000), cpu_ns(100_000));
        let ratio = long_ns as f64 / short_ns as f64;
        assert!((5.0..20.0).contains(&ratio), "{short_ns} ns, {long_ns} ns");
    }

    #[test]
    fn what_is_asked_is_obtained() {
        let clock = Clock::calibrate();
        let calibration = Calibration::measure(&clock);
        let asked_ns = 50_000;
        let turns = calibration.turns_for(asked_ns);
        let ratio = cpu_ns(turns) as f64 / asked_ns as f64;
        assert!((0.5..2.0).contains(&ratio), "{ratio} of {asked_ns} ns");
        // How long a busy machine takes is not known, but it cannot take less.
        let obtained = obtained_ns(turns, &clock);
        assert!(obtained > asked_ns / 2, "{obtained} ns, not {asked_ns}");
        assert_eq!(obtained_ns(0, &clock), 0);
    }
}
