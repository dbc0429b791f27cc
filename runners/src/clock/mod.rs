//! The clock behind every stamp: the processor's own counter where it can be trusted, else `clock_gettime`.
//!
//! [`Clock::calibrate`] is called once per process. It measures the counter's rate against `CLOCK_MONOTONIC`, the counter's
//! step, and what a reading costs; all of it goes into the run's header. The frequency that a register claims stands beside the
//! measured one and is never computed with (`claim.rs`): some emulators give 0.

mod choice;
mod claim;
mod counter;

pub use claim::doubts;
pub use counter::settle;

use bench_core::record::ClockInfo;
use choice::Choice;
use std::time::{Duration, Instant};

/// Half of the time over which the counter's rate is measured.
const HALF: Duration = Duration::from_millis(20);
/// Readings of which the tightest pair of clock and counter is kept.
const BRACKETS: u32 = 64;
/// Bits behind the point of the factor from ticks to nanoseconds.
const FRACTION_BITS: u32 = 32;
/// Differences between two readings in a row that are looked at for the step.
const STEPS: usize = 4096;
/// Readings per batch, and batches, that the cost of one is measured by.
const COST_READINGS: u64 = 64;
const COST_BATCHES: u32 = 64;

/// A calibrated clock. It is `Copy`: every thread has its own, and a reading touches no shared memory.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    choice: Choice,
    origin: Instant,
    ticks_per_s: u64,
    /// What a register says of it.
    claimed_ticks_per_s: Option<u64>,
    /// Nanoseconds per tick, times 2^32.
    ns_per_tick: u64,
    quantum_ns: u64,
    cost_ns: u64,
    drift_ppm: u64,
}

impl Clock {
    /// Chooses the clock of this machine and measures it; takes about 45 ms, most of it asleep.
    #[must_use]
    pub fn calibrate() -> Self {
        let mut clock = Self::of_nanoseconds(choice::on_this_machine());
        if clock.choice.is_counter() {
            clock.claimed_ticks_per_s = counter::claimed_ticks_per_s();
            clock.measure_rate();
        }
        clock.quantum_ns = clock.measure_quantum_ns();
        clock.cost_ns = clock.measure_cost_ns();
        clock
    }

    /// A clock whose ticks are nanoseconds, as those of `clock_gettime` are.
    fn of_nanoseconds(choice: Choice) -> Self {
        Self {
            choice,
            origin: Instant::now(),
            ticks_per_s: 1_000_000_000,
            claimed_ticks_per_s: None,
            ns_per_tick: 1 << FRACTION_BITS,
            quantum_ns: 1,
            cost_ns: 0,
            drift_ppm: 0,
        }
    }

    /// The time in ticks, read after all earlier instructions are done and before any later one begins.
    ///
    /// Only the difference of two readings means something.
    #[inline(always)]
    #[must_use]
    pub fn now(&self) -> u64 {
        if self.choice.is_counter() {
            counter::read()
        } else {
            self.elapsed_ns()
        }
    }

    /// `CLOCK_MONOTONIC`, from the time of calibration on. Not a counter read, therefore kept out of `now`.
    fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The length of a difference of two readings in nanoseconds, rounded down; right for up to 584 years.
    #[inline(always)]
    #[must_use]
    pub fn ns(&self, ticks: u64) -> u64 {
        let ns = (u128::from(ticks) * u128::from(self.ns_per_tick)) >> FRACTION_BITS;
        ns as u64
    }

    /// The ticks that pass in `ns` nanoseconds, rounded down.
    #[must_use]
    pub fn ticks(&self, ns: u64) -> u64 {
        let ticks = u128::from(ns) * u128::from(self.ticks_per_s) / 1_000_000_000;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// What the run's header says of the clock.
    #[must_use]
    pub fn info(&self) -> ClockInfo {
        ClockInfo {
            kind: self.choice.kind().to_owned(),
            why: self.choice.why().to_owned(),
            ticks_per_s: self.ticks_per_s,
            claimed_ticks_per_s: self.claimed_ticks_per_s,
            quantum_ns: self.quantum_ns,
            cost_ns: self.cost_ns,
            drift_ppm: self.drift_ppm,
        }
    }

    /// One instant by both clocks: nanoseconds of `CLOCK_MONOTONIC` and ticks, the tightest of several attempts.
    fn both(&self) -> (u64, u64) {
        let attempt = |_| {
            let before = self.elapsed_ns();
            let ticks = counter::read();
            let after = self.elapsed_ns();
            (after - before, (before.midpoint(after), ticks))
        };
        let attempts = (0..BRACKETS).map(attempt);
        let tightest = attempts.min_by_key(|&(width, _)| width);
        tightest.map_or((0, 0), |(_, instant)| instant)
    }

    /// Ticks per second over two halves; what they differ by is the drift.
    fn measure_rate(&mut self) {
        let start = self.both();
        std::thread::sleep(HALF);
        let middle = self.both();
        std::thread::sleep(HALF);
        let end = self.both();
        let whole = rate_per_s(start, end);
        let (first, second) = (rate_per_s(start, middle), rate_per_s(middle, end));
        let Some(ns_per_tick) = (1_000_000_000_u64 << FRACTION_BITS).checked_div(whole) else {
            *self = Self::of_nanoseconds(Choice::CounterStandsStill);
            return;
        };
        self.ticks_per_s = whole;
        self.ns_per_tick = ns_per_tick;
        self.drift_ppm = first.abs_diff(second).saturating_mul(1_000_000) / whole;
    }

    /// The step of the clock: the least that two differences of readings differ by, or a difference from none.
    fn measure_quantum_ns(&self) -> u64 {
        let mut steps = Vec::with_capacity(STEPS + 1);
        steps.push(0);
        for _ in 0..STEPS {
            let first = self.now();
            steps.push(self.now().wrapping_sub(first));
        }
        quantum_ticks(steps).map_or(1, |ticks| (self.ns(ticks * 1000).div_ceil(1000)).max(1))
    }

    /// What a reading costs: the fastest of several batches, so that the step of the clock does not round it.
    fn measure_cost_ns(&self) -> u64 {
        let batch = |_| {
            let start = self.now();
            let mut last = start;
            for _ in 0..COST_READINGS {
                last = self.now();
            }
            self.ns(last.wrapping_sub(start)) / COST_READINGS
        };
        (0..COST_BATCHES).map(batch).min().unwrap_or(0)
    }
}

/// Ticks per second between two instants, each in nanoseconds and ticks; 0 when the counter does not move forward.
fn rate_per_s(from: (u64, u64), to: (u64, u64)) -> u64 {
    let ns = u128::from(to.0.saturating_sub(from.0)).max(1);
    let ticks = u128::from(to.1.saturating_sub(from.1));
    u64::try_from(ticks * 1_000_000_000 / ns).unwrap_or(0)
}

/// The least gap between two of `steps` that are not equal.
fn quantum_ticks(mut steps: Vec<u64>) -> Option<u64> {
    steps.sort_unstable();
    let gaps = steps.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.filter(|&gap| gap > 0).min()
}

#[cfg(test)]
mod tests;
