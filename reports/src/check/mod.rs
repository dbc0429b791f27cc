//! What a gate found: whether a build of the locks is worse than another one.
//!
//! A [`Check`] is plain data, so that the table, the annotations and every other output say the same, and so that it can be
//! kept as JSON and drawn again.

pub mod judge;
pub mod outputs;
mod text;
mod words;

use serde::{Deserialize, Serialize};

pub use judge::{Draft, Evidence, Settings, Sides, Stage, judge, needs_confirmation, weigh};

/// What can be said of a line or of a whole gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The candidate is worse, by more than the threshold, and was so again in fresh processes.
    Regressed,
    /// The candidate is better, likewise.
    Improved,
    /// They differ by less than the margin.
    Equivalent,
    /// None of these can be said.
    Inconclusive,
}

/// What a second stage, in fresh processes, could settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// Whether a difference is there again.
    Difference,
    /// Whether there is none, with more processes ([`Line::processes_needed`]).
    Equivalence,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// The candidate over the baseline, with the bounds of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The ratio.
    pub ratio: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// What a gate found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What it was compared with, in words: a revision, a program, a file.
    pub baseline: String,
    /// What was tested, in words.
    pub candidate: String,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// The machine, in a few words.
    pub host: String,
    /// The verdict of the gate: regressed if a gated line is, else inconclusive if a gated line is or if there is none, else
    /// improved if a gated line is, else equivalent.
    pub verdict: Verdict,
    /// Every metric of every lock, workload and thread count; gated ones first, the worst first.
    pub lines: Vec<Line>,
    /// Why nothing could be said and what to do, a sentence each.
    pub advice: Vec<String>,
    /// What stands beside the numbers, a sentence each.
    pub notes: Vec<String>,
}

/// One metric of one lock under one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The lock.
    pub lock: String,
    /// The workload.
    pub workload: String,
    /// Worker threads.
    pub threads: u32,
    /// The placement.
    pub placement: String,
    /// The part of the threads that it is of, by its word in records.
    pub role: String,
    /// `throughput`, `p99` or another one, with what it is of where that is not clear.
    pub metric: String,
    /// The unit of the levels: `op/s`, `ns` or none.
    pub unit: String,
    /// Which way it is better.
    pub better: Better,
    /// Whether its verdict decides.
    pub gated: bool,
    /// The level of the baseline; `null` where there is none.
    pub baseline: Option<f64>,
    /// The level of the candidate; `null` where there is none.
    pub candidate: Option<f64>,
    /// The level of each process of the baseline, of its clean rounds and in the order of the processes; empty where there
    /// is none.
    pub baseline_per_process: Vec<f64>,
    /// The same of the candidate.
    pub candidate_per_process: Vec<f64>,
    /// The candidate over the baseline, of the clean rounds.
    pub ratio: Option<Ratio>,
    /// The same of all rounds, dirty ones too.
    pub ratio_of_all_rounds: Option<Ratio>,
    /// The baseline's program measured a second time over the first, which is 1 but for noise.
    pub control: Option<Ratio>,
    /// The candidate over the baseline in the second stage, where there was one.
    pub confirmation: Option<Ratio>,
    /// A smaller difference, as a share, is not called one here.
    pub threshold: f64,
    /// The share that this many processes of this spread find four times in five.
    pub detectable: Option<f64>,
    /// A difference below this share is none.
    pub margin: f64,
    /// The chance of such a difference without a cause, adjusted for all lines that are read together.
    pub p_value: Option<f64>,
    /// Processes of each side that count.
    pub processes: u32,
    /// Rounds over all processes.
    pub rounds: u32,
    /// Those that were dirty and left out.
    pub dirty_rounds: u32,
    /// The windows of both sides that it was measured in, in nanoseconds; lines of one setting and mode share them.
    pub measured_ns: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// About how many processes would tell a difference as large as the margin from none; `null` without a ratio.
    #[serde(default)]
    pub processes_needed: Option<u32>,
    /// What a second stage could settle; `null` if nothing, or after one.
    pub again: Option<Again>,
    /// Why, in words.
    pub why: String,
}

impl Line {
    /// By how much the candidate is worse, as a share of the baseline: 0.03 is 3 % fewer operations or 3 % more time; below
    /// 0 it is better. `None` without a ratio.
    #[must_use]
    pub fn worse_by(&self) -> Option<f64> {
        let ratio = self.ratio?.ratio;
        Some(match self.better {
            Better::Higher => 1.0 - ratio,
            Better::Lower => ratio - 1.0,
        })
    }

    /// `lock/workload/threads/placement/role/metric`, which names the line in every output.
    #[must_use]
    pub fn key(&self) -> String {
        format!(
            "{}/{}/{}/{}/{}/{}",
            self.lock, self.workload, self.threads, self.placement, self.role, self.metric
        )
    }
}

impl Check {
    /// The gated lines.
    pub fn gated(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.gated)
    }
}
