//! The first line of a run: what was asked, with which build, on which machine.

use super::Host;
use crate::plan::Mode;
use crate::workload::WorkloadSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first line of a run file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// The schema of every line of the file ([`super::SCHEMA`]).
    pub schema: u32,
    /// The build that measured.
    pub tool: ToolInfo,
    /// What the build is called among several that took turns; `null` of a run of one build.
    #[serde(default)]
    pub build: Option<String>,
    /// When the run began, RFC 3339 in UTC, to the second.
    pub started_at: String,
    /// The command line, words as given, without the program's path.
    pub command: Vec<String>,
    /// The seed of every random choice of the run.
    pub seed: u64,
    /// Thread counts.
    #[serde(default)]
    pub threads: Vec<u32>,
    /// Modes, by their words.
    #[serde(default)]
    pub modes: Vec<Mode>,
    /// Placements, by their words.
    #[serde(default)]
    pub placements: Vec<String>,
    /// Events that were asked for beside the usual counters, by name or as `rHEX`.
    #[serde(default)]
    pub counters: Vec<String>,
    /// Processes per cell; the independent unit of all statistics. Of a run with a [`Header::precision`], those that it
    /// begins with.
    pub processes: u32,
    /// Rounds in each process; every lock once in each.
    pub rounds: u32,
    /// The window that was asked for, in nanoseconds.
    pub window_ns: u64,
    /// How narrow its intervals are to become, of a run that adds processes until they are; `null` of a fixed number.
    #[serde(default)]
    pub precision: Option<PrecisionGoal>,
    /// The machine.
    pub host: Host,
    /// The clock that stamps latencies and windows.
    pub clock: ClockInfo,
    /// The locks of the run, in the order of the catalogue.
    pub locks: Vec<LockInfo>,
    /// The workloads of the run, whole.
    pub workloads: Vec<WorkloadSpec>,
    /// What could not be measured here or stands in the way, each with what to do about it.
    pub warnings: Vec<String>,
}

/// What a run that adds processes is after, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrecisionGoal {
    /// How narrow every headline interval is to be: 20 is plus or minus 2 %.
    pub target_permille: u32,
    /// No process is added that would not end within so many seconds of the run's beginning.
    pub budget_s: u64,
    /// With as many processes none is added.
    pub most_processes: u32,
}

/// The build that measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolInfo {
    /// The version of `vmalock`.
    pub version: String,
    /// The git revision it was built from, with `-dirty` when the tree had changes; `null` outside a checkout.
    pub git_revision: Option<String>,
    /// `rustc -V` of the compiler.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// The cargo profile, `release` or `debug`.
    pub profile: String,
    /// The target features that change how atomics compile (`lse`, ...), sorted.
    pub target_features: Vec<String>,
    /// How an atomic read-modify-write was compiled, where there are several ways. On arm64: `lse` (one instruction of
    /// ARMv8.1), `outline` (a call of a helper that takes such an instruction where the processor has it) or `ll-sc` (a
    /// loop of load and store exclusive). `null` elsewhere, in older files, and where the compiler did not show it.
    #[serde(default)]
    pub atomics: Option<String>,
    /// What the processor is told in spin loops where the build chose it, `yield` or `wfe`; `null` for the hint of the standard
    /// library, `pause` on x86-64 and `isb` on arm64.
    #[serde(default)]
    pub pause: Option<String>,
}

/// The clock behind stamps, measured at the start of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockInfo {
    /// `tsc`, `cntvct` or `clock_gettime`.
    pub kind: String,
    /// Why this kind and not a cheaper one, in words.
    pub why: String,
    /// Ticks per second of the raw counter, as measured; 1,000,000,000 for `clock_gettime`.
    pub ticks_per_s: u64,
    /// Ticks per second that a register claims (CNTFRQ_EL0 of arm64), which nothing is computed with: firmware and emulators
    /// leave 0 or another rate there. `null` where no register tells.
    #[serde(default)]
    pub claimed_ticks_per_s: Option<u64>,
    /// The smallest non-zero step that was seen between two readings, in nanoseconds, rounded up.
    pub quantum_ns: u64,
    /// The smallest cost of a pair of readings that was seen, in nanoseconds.
    pub cost_ns: u64,
    /// Drift against `CLOCK_MONOTONIC` seen while calibrating, in parts per million.
    pub drift_ppm: u64,
}

/// One lock of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockInfo {
    /// The name, which never changes meaning.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Where the design comes from: kernel version, commit, Message-ID or paper.
    pub source: String,
    /// Bytes of lock state in each VMA.
    pub vma_bytes: u64,
    /// Bytes of lock state in each mm, without the mmap lock.
    pub mm_bytes: u64,
    /// Whether the lock claims to exclude; `false` for `null` only.
    pub excludes: bool,
}
