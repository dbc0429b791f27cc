//! The plan: which cells a run measures, in which order, with which choices of chance.
//!
//! A plan is a pure function of its settings and its seed, so that it can be printed, repeated and taken up again.

mod order;
mod preset;
mod spec_file;
mod stream;

pub use order::{Planned, PlannedCell, planned_cells};
pub use preset::Preset;
pub use spec_file::{SpecFile, SpecFileError, parse};
pub use stream::{Region, goals};

use crate::workload::WorkloadSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is measured in a cell.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Operations in the window; no clock per operation.
    Throughput,
    /// The time from request to held of one operation in [`LATENCY_SAMPLING`].
    Latency,
    /// Perf events and switches over the window.
    Counters,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Throughput, Self::Latency, Self::Counters];

    /// The word in records and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Counters => "counters",
        }
    }
}

/// One operation in this many is timed in mode `latency`, at a random phase.
pub const LATENCY_SAMPLING: u32 = 16;
/// The most threads.
pub const MAX_THREADS: u32 = 1024;
/// The most processes.
pub const MAX_PROCESSES: u32 = 1000;
/// The most rounds in a process.
pub const MAX_ROUNDS: u32 = 1000;
/// The shortest window. Below it the clock's steps, the coordinator's wake-up and single operations decide the result.
pub const MIN_WINDOW_NS: u64 = 1_000_000;
/// The longest window.
pub const MAX_WINDOW_NS: u64 = 60_000_000_000;

/// About how long a cell takes beside its window, in nanoseconds: building, starting, settling, checking. `run --preset
/// quick`, which this puts at 30 s on two CPUs, took 27 s.
pub const AROUND_CELL_NS: u64 = 4_000_000;
/// About how long a process takes beside its cells, in nanoseconds: start, calibration and warm-up.
pub const AROUND_PROCESS_NS: u64 = 900_000_000;

/// What a run does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Lock names, in the order of the catalogue.
    pub locks: Vec<String>,
    /// The workloads, whole.
    pub workloads: Vec<WorkloadSpec>,
    /// Thread counts, ascending.
    pub threads: Vec<u32>,
    /// Modes.
    pub modes: Vec<Mode>,
    /// Placements, by their words.
    pub placements: Vec<String>,
    /// Events of the cores' PMU that cells of [`Mode::Counters`] count beside the usual ones, by name or as `rHEX`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<String>,
    /// Processes.
    pub processes: u32,
    /// Rounds in each process.
    pub rounds: u32,
    /// The window in nanoseconds.
    pub window_ns: u64,
    /// The seed of every choice of chance.
    pub seed: u64,
    /// The CPUs that the run can use at once: the allowed ones, or fewer where the control group's bandwidth is less.
    pub cpus: u32,
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// A number outside its range.
    #[error("{what} is {value}, but must be from {least} to {most}: {why}")]
    OutOfRange {
        /// The flag or field.
        what: &'static str,
        /// What it is.
        value: u64,
        /// The smallest that is allowed.
        least: u64,
        /// The largest that is allowed.
        most: u64,
        /// Why.
        why: &'static str,
    },
    /// A list that names nothing.
    #[error("no {0} is left to measure: name at least one")]
    Empty(&'static str),
    /// Two workloads of one name.
    #[error("two workloads are called `{0}`: records would mix them up; rename one")]
    TwoWorkloads(String),
}

impl Plan {
    /// Checks every number against its limits.
    ///
    /// # Errors
    /// The first that is outside, with its range and the reason.
    pub fn validate(&self) -> Result<(), PlanError> {
        let lists = [
            ("lock", self.locks.len()),
            ("workload", self.workloads.len()),
            ("thread count", self.threads.len()),
            ("mode", self.modes.len()),
            ("placement", self.placements.len()),
        ];
        if let Some((what, _)) = lists.into_iter().find(|(_, length)| *length == 0) {
            return Err(PlanError::Empty(what));
        }
        for (number, spec) in self.workloads.iter().enumerate() {
            if self.workloads[..number]
                .iter()
                .any(|other| other.name == spec.name)
            {
                return Err(PlanError::TwoWorkloads(spec.name.clone()));
            }
        }
        let threads = self.threads.iter().map(|threads| {
            (
                "threads",
                u64::from(*threads),
                1,
                u64::from(MAX_THREADS),
                "each is a pinned thread",
            )
        });
        let rest = [
            (
                "processes",
                u64::from(self.processes),
                1,
                u64::from(MAX_PROCESSES),
                "each is a fresh process that runs every cell; more than 40 hardly narrow an interval",
            ),
            (
                "rounds",
                u64::from(self.rounds),
                1,
                u64::from(MAX_ROUNDS),
                "each measures every lock once; more processes narrow an interval better",
            ),
            (
                "window (ns)",
                self.window_ns,
                MIN_WINDOW_NS,
                MAX_WINDOW_NS,
                "a shorter one measures the timer and the start of the threads, a longer one a single moment",
            ),
        ];
        for (what, value, least, most, why) in threads.chain(rest) {
            if !(least..=most).contains(&value) {
                return Err(PlanError::OutOfRange {
                    what,
                    value,
                    least,
                    most,
                    why,
                });
            }
        }
        Ok(())
    }

    /// Whether so many threads cannot all run at once. Their run delay is then the lock's own doing.
    #[must_use]
    pub fn is_oversubscribed(&self, threads: u32) -> bool {
        threads > self.cpus
    }

    /// Rounds of a mode: counters are informational and take one.
    #[must_use]
    pub fn rounds_of(&self, mode: Mode) -> u32 {
        if mode == Mode::Counters {
            1
        } else {
            self.rounds
        }
    }

    /// Cells of one process.
    #[must_use]
    pub fn cells_per_process(&self) -> u64 {
        let points =
            self.locks.len() * self.workloads.len() * self.threads.len() * self.placements.len();
        let rounds: u64 = self
            .modes
            .iter()
            .map(|mode| u64::from(self.rounds_of(*mode)))
            .sum();
        points as u64 * rounds
    }

    /// About how long the run takes, in nanoseconds: windows, what is around each, and a process's start and warm-up.
    #[must_use]
    pub fn estimate_ns(&self) -> u64 {
        let cells = self.cells_per_process() * (self.window_ns + AROUND_CELL_NS);
        u64::from(self.processes) * (cells + AROUND_PROCESS_NS)
    }
}

#[cfg(test)]
mod tests;
