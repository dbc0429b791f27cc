//! Latency by kind of operation.

use super::rounds::{Rounds, TwoWays};
use crate::stats::{CurvePoint, Decoder, Estimate, curve, enough_samples, least_samples};
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
    /// The process of each value of a quantile's estimate.
    pub(crate) processes: Vec<u32>,
    /// Of all processes merged.
    pub(crate) curve: Vec<CurvePoint>,
}

/// A percentile, from that of each process's merged rounds.
#[derive(Clone, Debug)]
pub(crate) struct Quantile {
    /// In nanoseconds. `None` when a process has fewer samples than [`least_samples`].
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
    fn merge(&mut self, other: &Self) {
        if let Some(histogram) = &other.merged {
            self.add(histogram, other.saturated);
        }
    }

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
    for process in in_order.chunk_by(|a, b| a.process == b.process) {
        let number = process[0].process;
        let (mut kept, mut dropped) = (Kinds::new(), Kinds::new());
        for cell in process {
            let kinds = if rounds.is_clean(cell) {
                &mut kept
            } else {
                &mut dropped
            };
            for found in cell.roles.iter().filter(|r| r.role == role) {
                for (outcome, latency) in found.latency.iter().flatten() {
                    match decoder.decode(&latency.histogram) {
                        Ok(histogram) => kinds
                            .entry(Kind::of(*outcome))
                            .or_default()
                            .add(&histogram, latency.saturated),
                        Err(error) => unreadable.push(place(cell, *outcome, &error.to_string())),
                    }
                }
            }
        }
        if some_dirty {
            clean.end_process(number, &kept);
        }
        for (kind, samples) in dropped {
            kept.entry(kind).or_default().merge(&samples);
        }
        all.end_process(number, &kept);
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

/// The samples of one process.
type Kinds = BTreeMap<Kind, Samples>;

/// Gathers one process after the other: a histogram takes 24 KiB at two digits, and only the current process's and the
/// pooled ones are held.
#[derive(Default)]
struct Collector {
    done: BTreeMap<Kind, Pooled>,
}

impl Collector {
    /// Adds the process's samples to the pool, and those of faults once more with both ways put together.
    fn end_process(&mut self, process: u32, kinds: &Kinds) {
        let mut faults = Samples::default();
        for kind in [Kind::FaultFast, Kind::FaultFallback] {
            if let Some(samples) = kinds.get(&kind) {
                faults.merge(samples);
            }
        }
        let pooled = self.done.entry(Kind::Fault).or_default();
        pooled.take(process, &faults);
        for (kind, samples) in kinds {
            self.done.entry(*kind).or_default().take(process, samples);
        }
    }

    fn rows(self) -> Option<Vec<KindRow>> {
        let row = |(kind, pooled): (Kind, Pooled)| KindRow {
            kind,
            timing: pooled.timing(),
        };
        let rows: Vec<KindRow> = self
            .done
            .into_iter()
            .filter(|(_, pooled)| pooled.samples.merged.is_some())
            .map(row)
            .collect();
        (!rows.is_empty()).then_some(rows)
    }
}

/// One kind over all processes.
#[derive(Default)]
struct Pooled {
    samples: Samples,
    per_process: [Vec<f64>; QUANTILES.len()],
    processes: Vec<u32>,
    smallest_count: Option<u64>,
}

impl Pooled {
    fn take(&mut self, process: u32, samples: &Samples) {
        let Some(histogram) = samples.merged.as_ref().filter(|h| !h.is_empty()) else {
            return;
        };
        let at_quantiles = histogram.value_at_quantiles(QUANTILES);
        for (values, value_ns) in self.per_process.iter_mut().zip(at_quantiles) {
            // 0 ns cannot stand in a logarithm; it is below every clock's step anyway.
            values.push(value_ns.max(1) as f64);
        }
        self.processes.push(process);
        let count = histogram.len();
        self.smallest_count = Some(self.smallest_count.map_or(count, |c| c.min(count)));
        self.samples.add(histogram, samples.saturated);
    }

    fn timing(self) -> Timing {
        let smallest = self.smallest_count.unwrap_or(0);
        let quantile = |(per_process, q)| Quantile {
            estimate: (smallest >= least_samples(q))
                .then(|| Estimate::of_ratios(per_process))
                .flatten(),
            enough: enough_samples(smallest, q),
        };
        let merged = self.samples.merged.as_ref();
        Timing {
            count: merged.map_or(0, Histogram::len),
            saturated: self.samples.saturated,
            max_ns: merged.map_or(0, Histogram::max),
            curve: merged.map(curve).unwrap_or_default(),
            processes: self.processes,
            quantiles: self
                .per_process
                .into_iter()
                .zip(QUANTILES)
                .map(quantile)
                .collect(),
        }
    }
}
