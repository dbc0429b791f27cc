//! Latency by kind of operation.

use super::rounds::{Rounds, TwoWays};
use crate::stats::{CurvePoint, Decoder, Estimate, curve, enough_samples};
use bench_core::record::{Cell, Outcome, RoleName};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// The percentiles of tables.
pub(crate) const QUANTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 0.9999];

/// Operations that are alike enough to stand in one distribution. Kinds are never blended, but for a fault, whose taker
/// waits for it whichever way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A fault, whichever way it went.
    Fault,
    /// A fault by the VMA's own lock.
    FaultFast,
    /// A fault that fell back to the mmap lock.
    FaultFallback,
    /// A write-lock of a VMA.
    Write,
    /// A new mapping.
    Map,
    /// The end of a mapping.
    Unmap,
}

impl Kind {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fast => Self::FaultFast,
            Outcome::Write => Self::Write,
            Outcome::Map => Self::Map,
            Outcome::Unmap => Self::Unmap,
            _ => Self::FaultFallback,
        }
    }

    /// The words of headings.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Fault => "faults, all ways",
            Self::FaultFast => "faults, fast path",
            Self::FaultFallback => "faults, fallback",
            Self::Write => "write-locks",
            Self::Map => "maps",
            Self::Unmap => "unmaps",
        }
    }

    /// Whether it is drawn; the two ways of a fault stand in the table only.
    pub(crate) fn is_drawn(self) -> bool {
        !matches!(self, Self::FaultFast | Self::FaultFallback)
    }
}

/// The latencies of one kind.
#[derive(Clone, Debug)]
pub(crate) struct KindRow {
    pub(crate) kind: Kind,
    pub(crate) timing: Timing,
}

/// A latency distribution.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    /// Operations that were timed.
    pub(crate) count: u64,
    /// Of these, longer than the histogram's range.
    pub(crate) saturated: u64,
    pub(crate) max_ns: u64,
    /// In the order of [`QUANTILES`].
    pub(crate) quantiles: Vec<Quantile>,
    /// Of all processes merged.
    pub(crate) curve: Vec<CurvePoint>,
}

/// A percentile, from that of each process's merged rounds.
#[derive(Clone, Debug)]
pub(crate) struct Quantile {
    /// In nanoseconds.
    pub(crate) estimate: Option<Estimate>,
    /// Whether every process has enough samples beyond it.
    pub(crate) enough: bool,
}

/// Samples of one kind on their way to a [`Timing`].
#[derive(Default)]
struct Samples {
    merged: Option<Histogram<u64>>,
    saturated: u64,
}

impl Samples {
    fn add(&mut self, histogram: &Histogram<u64>, saturated: u64) {
        self.saturated += saturated;
        match &mut self.merged {
            Some(merged) => merged
                .add(histogram)
                .expect("a merged histogram grows to the range it needs"),
            None => {
                let mut first = histogram.clone();
                first.auto(true);
                self.merged = Some(first);
            }
        }
    }
}

/// What the cells of one lock say about the latency of a role, over all rounds and over the clean ones. What cannot be
/// read is added to `unreadable`.
///
/// Each histogram is decoded once for both: decoding is most of the work of a report.
pub(crate) fn latencies(
    cells: &[&Cell],
    role: RoleName,
    rounds: &Rounds,
    unreadable: &mut Vec<String>,
) -> Option<TwoWays<Vec<KindRow>>> {
    let mut decoder = Decoder::default();
    let (mut all, mut clean) = (Collector::default(), Collector::default());
    let some_dirty = rounds.count().dirty() > 0;
    let mut in_order = cells.to_vec();
    in_order.sort_by_key(|cell| (cell.process, cell.round));
    for cells in in_order.chunk_by(|a, b| a.process == b.process) {
        for cell in cells {
            let for_clean = some_dirty && rounds.is_clean(cell);
            for found in cell.roles.iter().filter(|r| r.role == role) {
                for (outcome, latency) in found.latency.iter().flatten() {
                    match decoder.decode(&latency.histogram) {
                        Ok(histogram) => {
                            let kind = Kind::of(*outcome);
                            all.add(kind, &histogram, latency.saturated);
                            if for_clean {
                                clean.add(kind, &histogram, latency.saturated);
                            }
                        }
                        Err(error) => unreadable.push(place(cell, *outcome, &error.to_string())),
                    }
                }
            }
        }
        all.end_process();
        clean.end_process();
    }
    Some(rounds.pair(all.rows()?, clean.rows()))
}

fn place(cell: &Cell, outcome: Outcome, what: &str) -> String {
    format!(
        "{} / {} / {} threads, process {}, round {}, `{}`: {what}",
        cell.lock,
        cell.workload,
        cell.threads,
        cell.process,
        cell.round,
        outcome.word()
    )
}

/// Gathers histograms, one process after the other: one takes 24 KiB at two digits, and only the current process's and
/// the pooled ones are held.
#[derive(Default)]
struct Collector {
    current: BTreeMap<Kind, Samples>,
    done: BTreeMap<Kind, Pooled>,
}

impl Collector {
    fn add(&mut self, kind: Kind, histogram: &Histogram<u64>, saturated: u64) {
        self.current
            .entry(kind)
            .or_default()
            .add(histogram, saturated);
    }

    /// Moves the process's samples into the pool, and those of faults once more with both ways put together.
    fn end_process(&mut self) {
        let mut kinds = std::mem::take(&mut self.current);
        let mut faults = Samples::default();
        for kind in [Kind::FaultFast, Kind::FaultFallback] {
            if let Some(Samples {
                merged: Some(histogram),
                saturated,
            }) = kinds.get(&kind)
            {
                faults.add(histogram, *saturated);
            }
        }
        if faults.merged.is_some() {
            kinds.insert(Kind::Fault, faults);
        }
        for (kind, samples) in kinds {
            self.done.entry(kind).or_default().take(&samples);
        }
    }

    fn rows(self) -> Option<Vec<KindRow>> {
        let row = |(kind, pooled): (Kind, Pooled)| KindRow {
            kind,
            timing: pooled.timing(),
        };
        (!self.done.is_empty()).then(|| self.done.into_iter().map(row).collect())
    }
}

/// One kind over all processes.
#[derive(Default)]
struct Pooled {
    samples: Samples,
    per_process: [Vec<f64>; QUANTILES.len()],
    smallest_count: Option<u64>,
}

impl Pooled {
    fn take(&mut self, process: &Samples) {
        let Some(histogram) = process.merged.as_ref().filter(|h| !h.is_empty()) else {
            return;
        };
        for (values, q) in self.per_process.iter_mut().zip(QUANTILES) {
            // 0 ns cannot stand in a logarithm; it is below every clock's step anyway.
            values.push(histogram.value_at_quantile(q).max(1) as f64);
        }
        let count = histogram.len();
        self.smallest_count = Some(self.smallest_count.map_or(count, |c| c.min(count)));
        self.samples.add(histogram, process.saturated);
    }

    fn timing(self) -> Timing {
        let smallest = self.smallest_count.unwrap_or(0);
        let quantile = |(per_process, q)| Quantile {
            estimate: Estimate::of_ratios(per_process),
            enough: enough_samples(smallest, q),
        };
        let merged = self.samples.merged.as_ref();
        Timing {
            count: merged.map_or(0, Histogram::len),
            saturated: self.samples.saturated,
            max_ns: merged.map_or(0, Histogram::max),
            curve: merged.map(curve).unwrap_or_default(),
            quantiles: self
                .per_process
                .into_iter()
                .zip(QUANTILES)
                .map(quantile)
                .collect(),
        }
    }
}
