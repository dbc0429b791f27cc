//! What looks at single operations: nothing in a throughput cell, a clock in a latency cell.

use crate::clock::Clock;
use base64::Engine as _;
use bench_core::outcome::Outcome;
use bench_core::plan::LATENCY_SAMPLING;
use bench_core::record::Latency;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::collections::BTreeMap;

/// The longest latency that a histogram holds in nanoseconds. Longer ones are counted at its top and as saturated.
const LONGEST_NS: u64 = 10_000_000_000;
/// Significant digits. Two keep a histogram at 24 KiB; three would push the lock under test out of the L1 cache.
const DIGITS: u8 = 2;

/// A look at single operations. Called around each one, inlined; the empty one compiles to nothing.
pub(super) trait Probe {
    /// The operation is about to ask for what it needs.
    fn requested(&mut self) {}
    /// It holds what it asked for.
    fn held(&mut self) {}
    /// It has ended.
    fn ended(&mut self, outcome: Outcome) {
        let _ = outcome;
    }
    /// The window opens: forget what was seen.
    fn opened(&mut self) {}
    /// The window has closed: keep nothing more.
    fn closed(&mut self) {}
}

/// Looks at nothing.
#[derive(Debug)]
pub(super) struct NoProbe;

impl Probe for NoProbe {}

/// Times one operation in [`LATENCY_SAMPLING`], at random distances, from request to held.
#[derive(Debug)]
pub(super) struct LatencyProbe<'a> {
    clock: Clock,
    histograms: &'a mut Histograms,
    rng: fastrand::Rng,
    /// Operations until the next that is timed.
    left: u32,
    timing: bool,
    keeping: bool,
    requested: u64,
    held: u64,
}

impl<'a> LatencyProbe<'a> {
    /// A probe that keeps what it times in `histograms`.
    pub(super) fn new(clock: Clock, histograms: &'a mut Histograms, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self {
            clock,
            histograms,
            rng,
            left: 1,
            timing: false,
            keeping: false,
            requested: 0,
            held: 0,
        }
    }
}

impl Probe for LatencyProbe<'_> {
    #[inline(always)]
    fn requested(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            self.left = self.rng.u32(1..2 * LATENCY_SAMPLING);
            self.timing = true;
            self.requested = self.clock.now();
        }
    }

    #[inline(always)]
    fn held(&mut self) {
        if self.timing {
            self.held = self.clock.now();
        }
    }

    #[inline(always)]
    fn ended(&mut self, outcome: Outcome) {
        if self.timing {
            self.timing = false;
            if self.keeping {
                let ticks = self.held.wrapping_sub(self.requested);
                self.histograms.record(outcome, self.clock.ns(ticks));
            }
        }
    }

    fn opened(&mut self) {
        self.keeping = true;
    }

    fn closed(&mut self) {
        self.keeping = false;
    }
}

/// A histogram for each outcome, made and touched before any window.
#[derive(Clone, Debug)]
pub struct Histograms {
    of: Vec<Histogram<u64>>,
    saturated: [u64; Outcome::ALL.len()],
}

impl Histograms {
    /// Empty ones.
    #[must_use]
    pub fn new() -> Self {
        let of = Outcome::ALL.map(|_| {
            let mut histogram = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS)
                .expect("1 ns to 10 s at two digits is a valid range");
            // Touch every page now and not in a window.
            for step in 0..34 {
                histogram.saturating_record(1 << step);
            }
            histogram.reset();
            histogram
        });
        Self {
            of: of.into(),
            saturated: [0; Outcome::ALL.len()],
        }
    }

    #[inline]
    fn record(&mut self, outcome: Outcome, latency_ns: u64) {
        self.saturated[outcome.index()] += u64::from(latency_ns > LONGEST_NS);
        // A step of the clock may show 0 ns; the histogram begins at 1.
        self.of[outcome.index()].saturating_record(latency_ns.max(1));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.of
            .iter_mut()
            .filter(|histogram| !histogram.is_empty())
            .for_each(Histogram::reset);
        self.saturated = [0; Outcome::ALL.len()];
    }

    /// Adds another thread's.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.of.iter_mut().zip(&other.of) {
            if !theirs.is_empty() {
                mine.add(theirs).expect("both have the same range");
            }
        }
        for (mine, theirs) in self.saturated.iter_mut().zip(other.saturated) {
            *mine += theirs;
        }
    }

    /// The records of the outcomes that were seen.
    #[must_use]
    pub fn records(&self) -> BTreeMap<Outcome, Latency> {
        let seen = Outcome::ALL
            .into_iter()
            .filter(|outcome| !self.of[outcome.index()].is_empty());
        seen.map(|outcome| {
            let histogram = &self.of[outcome.index()];
            let mut bytes = Vec::new();
            V2DeflateSerializer::new()
                .serialize(histogram, &mut bytes)
                .expect("a histogram can be written to memory");
            let latency = Latency {
                count: histogram.len(),
                min_ns: histogram.min(),
                max_ns: histogram.max(),
                saturated: self.saturated[outcome.index()],
                histogram: base64::engine::general_purpose::STANDARD.encode(bytes),
            };
            (outcome, latency)
        })
        .collect()
    }
}

impl Default for Histograms {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_what_was_recorded_and_any_tool_can_read_it() {
        let mut histograms = Histograms::new();
        for latency_ns in [0, 100, 200, LONGEST_NS + 1] {
            histograms.record(Outcome::Fast, latency_ns);
        }
        let mut sum = Histograms::new();
        sum.add(&histograms);
        sum.add(&histograms);
        let records = sum.records();
        assert_eq!(records.len(), 1);
        let fast = &records[&Outcome::Fast];
        assert_eq!((fast.count, fast.saturated, fast.min_ns), (8, 2, 1));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&fast.histogram)
            .expect("base64");
        let read: Histogram<u64> = hdrhistogram::serialization::Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .expect("HdrHistogram V2, deflated");
        assert_eq!(read.count_at(200), 2);
    }

    #[test]
    fn only_what_ends_in_the_window_is_kept() {
        let mut histograms = Histograms::new();
        let mut probe = LatencyProbe::new(Clock::calibrate(), &mut histograms, 1);
        let operations = |probe: &mut LatencyProbe<'_>| {
            for _ in 0..1000 {
                probe.requested();
                probe.held();
                probe.ended(Outcome::Fast);
            }
        };
        operations(&mut probe);
        probe.opened();
        operations(&mut probe);
        probe.closed();
        operations(&mut probe);
        let count = histograms.records()[&Outcome::Fast].count;
        assert!(
            (30..130).contains(&count),
            "{count} of 1000 timed, asked for 1 in 16"
        );
    }
}
