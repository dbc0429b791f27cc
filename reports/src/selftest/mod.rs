//! What the tool finds out about itself: how often its gate calls a program different from itself, and how often it finds
//! a slowdown that was put there.
//!
//! Every repetition of a self-test is a complete gate; what it found is kept as one [`Repetition`], and everything that is
//! said of them is computed from those.

mod alarms;
mod false_alarms;
mod power;
mod windows;

pub use alarms::Alarms;
pub use false_alarms::FalseAlarms;
pub use power::Power;
pub use windows::{Windows, windows};

use crate::check::{Check, Line};
use crate::plain;
use crate::stats::clopper_pearson;
use serde::{Deserialize, Serialize};

/// The most false alarms that a gate may raise, as a share: a self-test fails when more are certain.
pub const MOST_FALSE_ALARMS: f64 = 0.05;
/// A slowdown of this share has to be found by half of the gates that saw enough.
pub const SURE_SLOWDOWN: f64 = 0.05;
/// The metric in which a slowdown shows, by its name in checks.
const THROUGHPUT: &str = "throughput";
/// A line of which this share of the rounds was clean saw enough.
const ENOUGH_CLEAN: f64 = 0.6;

/// What a self-test comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gate did what it promises.
    Passed,
    /// It did not.
    Failed,
    /// Too few gates could tell anything.
    TooNoisy,
}

/// One repetition of a self-test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repetition {
    /// Its number, from 1.
    pub number: u32,
    /// What the candidate was made to do; `null` where it is the baseline's program and does the same.
    pub injected: Option<Injection>,
    /// The seed of its first stage.
    pub seed: u64,
    /// The stages that were measured: 1, or 2 where the first one raised a candidate.
    pub stages: u32,
    /// The windows of all programs together, in seconds.
    pub windows_s: f64,
    /// From the start of the first process to the end of the last, in seconds.
    pub whole_s: f64,
    /// What the gate found.
    pub check: Check,
    /// What the first stage alone says with the first few of its processes.
    pub fewer: Vec<Fewer>,
    /// The windows of the first stage's throughput, for other methods to judge.
    pub windows: Vec<Windows>,
}

/// What the candidate of a repetition was made to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Injection {
    /// The kind.
    pub kind: InjectionKind,
    /// The role whose operations it is in, by its word in records.
    pub role: String,
    /// The share of an operation that was asked for; 0 for a kind that has none.
    pub share: f64,
    /// What it came to at each thread count; empty for a kind that is no slowdown of all operations.
    pub settings: Vec<InjectedAt>,
}

/// What kind of harm is done to the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InjectionKind {
    /// Every operation takes longer while it holds the lock.
    Slowdown,
    /// A few operations take much longer.
    Tail,
    /// One thread is held back.
    Unfair,
}

/// A slowdown at one thread count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct InjectedAt {
    /// Worker threads.
    pub threads: u32,
    /// An operation of one thread before, in nanoseconds.
    pub operation_ns: f64,
    /// The time that was asked for, in nanoseconds.
    pub asked_ns: u64,
    /// What it took, in nanoseconds, as the candidate's processes measured it; `null` where none told.
    pub obtained_ns: Option<f64>,
}

impl InjectedAt {
    /// The share of an operation that it took.
    #[must_use]
    pub fn obtained_share(&self) -> Option<f64> {
        Some(self.obtained_ns? / self.operation_ns)
    }
}

/// What the first stage says of one throughput with fewer processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fewer {
    /// The processes.
    pub processes: u32,
    /// The workload.
    pub workload: String,
    /// Worker threads.
    pub threads: u32,
    /// The part of the threads that it is of.
    pub role: String,
    /// Whether it would have gone to the second stage as worse.
    pub worse: bool,
    /// The candidate over the baseline.
    pub ratio: Option<f64>,
}

/// Whether enough of the line's rounds were clean for the gate to be blamed for what it missed.
fn saw_enough(line: &Line) -> bool {
    line.rounds > 0
        && f64::from(line.rounds - line.dirty_rounds) >= ENOUGH_CLEAN * f64::from(line.rounds)
}

/// Says when fewer repetitions were measured than were asked for.
fn say_unfinished(out: &mut String, measured: u32, planned: u32) {
    if measured < planned {
        let text = format!("Only {measured} of {planned} repetitions are measured.");
        plain::wrap(out, "", &text);
    }
}

/// A count of trials with its share and interval in per cent, as `3 of 200, 1.5 % [0.3, 4.3]`.
fn count_of(count: u32, trials: u32) -> String {
    if trials == 0 {
        return "none of none".into();
    }
    let interval = clopper_pearson(count, trials);
    let share = f64::from(count) / f64::from(trials);
    format!(
        "{count} of {trials}, {:.1} % [{:.1}, {:.1}]",
        100.0 * share,
        100.0 * interval.low,
        100.0 * interval.high
    )
}
