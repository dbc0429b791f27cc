//! One measured window of one lock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use crate::outcome::Outcome;
pub use crate::workload::RoleName;

/// One fixed-time window of one lock under one workload, in one round of one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// The lock's name.
    pub lock: String,
    /// The workload's name.
    pub workload: String,
    /// Worker threads.
    pub threads: u32,
    /// How threads were put on CPUs: `compact`, `scatter`, `smt` or a list such as `0,2`.
    pub placement: String,
    /// `throughput` (no clock per operation), `latency` (sampled) or `counters` (perf events).
    pub mode: String,
    /// The process, from 0.
    pub process: u32,
    /// The round within the process, from 0.
    pub round: u32,
    /// The place of this lock in the order of its round, from 0.
    pub position: u32,
    /// The slot of the arena that the lock and its data were built in; the same for all locks of a round.
    pub slot: u32,
    /// More threads than allowed CPUs: run delay is then the lock's own doing.
    pub oversubscribed: bool,
    /// Whether the window was measured.
    pub status: Status,
    /// What went wrong, in words, when `status` is `error`.
    pub error: Option<String>,
    /// The time in which all threads were running: from the last thread's first stamp to the first thread's last stamp.
    pub window_ns: u64,
    /// Each thread's own window, from its first to its last stamp, in worker order.
    pub window_ns_per_thread: Vec<u64>,
    /// Whether throughput was steady before the window opened; `false` when the warm-up hit its limit, and under an emulator.
    pub steady: bool,
    /// Work inside the lock; `null` when the workload asks for none.
    pub hold: Option<Delay>,
    /// Work between operations; `null` when the workload asks for none.
    pub think: Option<Delay>,
    /// Work of a writer inside the lock; `null` when the workload asks for none.
    #[serde(default)]
    pub write_hold: Option<Delay>,
    /// Work of a writer between operations; `null` when the workload asks for none.
    #[serde(default)]
    pub write_think: Option<Delay>,
    /// One entry per role that has threads.
    pub roles: Vec<Role>,
    /// Counters over all workers and the window, by name. Empty outside mode `counters`.
    pub counters: BTreeMap<String, CounterValue>,
    /// Signals from outside the window's result that say whether it can be trusted.
    pub noise: Noise,
    /// The CPU of each worker, confirmed after pinning, in worker order.
    pub cpus: Vec<u32>,
    /// `true`: no reader saw a torn payload, the writers' totals add up and a write-locked VMA declined a reader.
    /// `false`: one of these failed. `null`: the window was not measured.
    pub verified: Option<bool>,
    /// What was seen that a lock which excludes would not let happen.
    pub violations: Violations,
}

/// Whether a window was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The window was measured.
    Ok,
    /// It was not; `error` says why.
    Error,
}

/// A delay by a dependent chain, as asked and as measured on a worker's CPU after calibration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Delay {
    /// What the workload asks for, in nanoseconds.
    pub asked_ns: u64,
    /// What the calibrated chain took when timed by itself, in nanoseconds.
    pub obtained_ns: u64,
}

/// The threads that play one part of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// The part.
    pub role: RoleName,
    /// Threads that play it.
    pub threads: u32,
    /// Operations that they ended within their windows; the sum of `outcomes`.
    pub ops: u64,
    /// The same, by thread.
    pub ops_per_thread: Vec<u64>,
    /// Operations by how they ended.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Lookups that found a detached VMA and looked again (the kernel's `vma_lock_miss`); not operations of their own.
    pub misses: u64,
    /// Latency from request to held, by outcome; `null` outside mode `latency`.
    pub latency: Option<BTreeMap<Outcome, Latency>>,
}

/// The latencies of one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Operations that were timed.
    pub count: u64,
    /// The shortest, in nanoseconds, as the histogram holds it.
    pub min_ns: u64,
    /// The longest, in nanoseconds, as the histogram holds it.
    pub max_ns: u64,
    /// Timed operations longer than the histogram's range, counted at its top.
    pub saturated: u64,
    /// All of them: HdrHistogram V2, deflated, base64; values in nanoseconds.
    pub histogram: String,
}

/// A counter's value, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CounterValue {
    /// Counted over all workers, scaled by enabled/running time where the kernel multiplexed.
    Value(u64),
    /// Why it could not be counted.
    Unavailable(String),
}

/// What else went on while the window was open. `null` where the machine does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Noise {
    /// Time that workers were runnable but not running, summed, in nanoseconds.
    pub run_delay_ns: Option<u64>,
    /// CPU time of the workers, summed, in nanoseconds.
    pub cpu_ns: Option<u64>,
    /// CPU time that others used on the workers' CPUs, in nanoseconds; `null` when one of the CPUs does not tell.
    pub foreign_cpu_ns: Option<u64>,
    /// Time that the hypervisor took from the workers' CPUs, in nanoseconds (ticks of 10 ms on most machines).
    pub steal_ns: Option<u64>,
    /// Time that the control group was throttled, in nanoseconds.
    pub throttled_ns: Option<u64>,
    /// Switches that workers made by sleeping.
    pub voluntary_switches: Option<u64>,
    /// Switches that were forced on workers.
    pub involuntary_switches: Option<u64>,
    /// Whether one of the signals is over its bound.
    pub dirty: bool,
    /// Which, in words.
    pub reasons: Vec<String>,
}

/// What a lock that excludes would not let happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violations {
    /// Readers that saw a payload half written.
    pub torn_reads: u64,
    /// Writes that the payloads lack when all are added up.
    pub lost_writes: u64,
    /// Reads that began while the VMA was write-locked, in the probe that follows each window.
    pub reads_while_write_locked: u64,
}

impl Violations {
    /// Whether nothing was seen.
    #[must_use]
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}
