//! Runs that are made up but plausible: the same records for the same sketch, always.

mod cell;
mod header;
mod histogram;
pub(crate) mod random;
pub(crate) mod trials;

use bench_core::plan::Mode;
use bench_core::record::{Footer, Record};
use bench_core::workload::{WorkloadSpec, preset};
use histogram::HistogramPool;

/// Names and relative speeds of made-up locks; the first excludes nobody.
pub(crate) const LOCKS: [(&str, f64); 9] = [
    ("nothing", 6.0),
    ("one-big-lock", 0.35),
    ("shared-count", 1.0),
    ("shared-count-early", 1.01),
    ("two-bits-of-a-signed-word", 0.92),
    ("sequence-only", 1.9),
    ("per-cpu-count", 2.4),
    ("reader-biased", 2.1),
    ("queue-of-waiters", 0.6),
];

/// The only placement of a made-up run.
const PLACEMENT: &str = "compact";

/// What a made-up run looks like.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) locks: Vec<(&'static str, f64)>,
    pub(crate) workloads: Vec<&'static str>,
    pub(crate) threads: Vec<u32>,
    pub(crate) modes: Vec<Mode>,
    pub(crate) processes: u32,
    pub(crate) rounds: u32,
    /// Of a hundred cells, how many are dirty.
    pub(crate) dirty_percent: u64,
    pub(crate) counters: bool,
    pub(crate) seed: u64,
}

impl Sketch {
    /// A run of the size of the preset `standard`.
    pub(crate) fn standard() -> Self {
        Self {
            locks: LOCKS.to_vec(),
            workloads: vec![
                "fault-one-vma",
                "fault-vma-per-thread",
                "fault-vs-mprotect",
                "mmap-churn",
            ],
            threads: vec![1, 2, 4],
            modes: vec![Mode::Throughput, Mode::Latency],
            processes: 10,
            rounds: 5,
            dirty_percent: 1,
            counters: false,
            seed: 1,
        }
    }

    /// A run that fits on a page: two locks that exclude and one that does not.
    pub(crate) fn small() -> Self {
        Self {
            locks: LOCKS[..3].to_vec(),
            workloads: vec!["fault-vs-mprotect"],
            threads: vec![1, 2],
            modes: Mode::ALL.to_vec(),
            processes: 3,
            rounds: 3,
            dirty_percent: 4,
            counters: true,
            seed: 7,
        }
    }

    /// All records, in the order of a run.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::Header(Box::new(self.header()))];
        let (pool, mut random) = HistogramPool::of(self.seed);
        for process in 0..self.processes {
            for (workload, threads, mode) in self.settings() {
                for round in 0..self.rounds {
                    for position in 0..self.locks.len() {
                        let lock = (position + round as usize) % self.locks.len();
                        let mut cell = self.cell(lock, workload, threads, mode, &mut random, &pool);
                        (cell.process, cell.round) = (process, round);
                        (cell.position, cell.slot) = (position as u32, round * 37 % 64);
                        records.push(Record::Cell(Box::new(cell)));
                    }
                }
            }
        }
        let cells = records.len() as u64 - 1;
        records.push(Record::Footer(Footer {
            complete: true,
            cells_planned: cells,
            cells_ok: cells,
            cells_error: 0,
            elapsed_s: cells / 40,
            reason: None,
        }));
        records
    }

    fn settings(&self) -> impl Iterator<Item = (&'static str, u32, Mode)> {
        self.workloads.iter().flat_map(move |w| {
            self.threads
                .iter()
                .flat_map(move |t| self.modes.iter().map(move |m| (*w, *t, *m)))
        })
    }

    fn specs(&self) -> Vec<WorkloadSpec> {
        let spec = |name: &&str| preset(name).expect("a preset");
        self.workloads.iter().map(spec).collect()
    }
}
