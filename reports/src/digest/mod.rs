//! What a run says, worked out once for the table and the page.
//!
//! A *setting* is one workload with one thread count and placement. Within it every lock is judged by the same rounds.

mod counters;
mod disturbances;
mod latency;
mod rank;
mod rate;
mod rounds;
mod setting;
mod spread;

use crate::read::Run;
use bench_core::record::{Cell, LockInfo, Status};
use std::collections::{BTreeMap, HashMap};

pub(crate) use disturbances::Disturbance;
pub(crate) use latency::{Kind, QUANTILES, Quantile, Timing};
pub(crate) use rank::{Ranking, paired_ratio, ratio_by_process};
pub(crate) use rate::{Rate, process_medians};
pub(crate) use rounds::{RoundCount, TwoWays};
pub(crate) use setting::{RoleTable, Row, Setting};
pub(crate) use spread::{Costs, Spread};

/// The mode whose cells tell throughput, outcomes and fairness.
pub(crate) const THROUGHPUT: &str = "throughput";
/// The mode whose cells tell latency.
pub(crate) const LATENCY: &str = "latency";
/// The mode whose cells tell counters.
pub(crate) const COUNTERS: &str = "counters";

/// All that a report says about a run.
#[derive(Debug)]
pub(crate) struct Digest<'r> {
    pub(crate) run: &'r Run,
    /// The locks of the header, then those that only cells name.
    pub(crate) locks: Vec<Lock<'r>>,
    /// In the order of the header's workloads, then by threads.
    pub(crate) settings: Vec<Setting<'r>>,
    /// Cells that were measured and are no results.
    pub(crate) unverified: Vec<LeftOut<'r>>,
    /// Cells that could not be measured.
    pub(crate) errors: Vec<LeftOut<'r>>,
    /// Histograms that could not be read, in words.
    pub(crate) unreadable: Vec<String>,
}

/// A lock of the run.
#[derive(Debug)]
pub(crate) struct Lock<'r> {
    pub(crate) name: &'r str,
    /// What the header says of it, if it does.
    pub(crate) info: Option<&'r LockInfo>,
    /// It does not claim to exclude: what it shows is the floor of the harness.
    pub(crate) control: bool,
}

/// Cells that are not shown as results, and why.
#[derive(Debug)]
pub(crate) struct LeftOut<'r> {
    pub(crate) lock: &'r str,
    pub(crate) workload: &'r str,
    pub(crate) threads: u32,
    pub(crate) why: String,
    pub(crate) cells: u64,
}

impl<'r> Digest<'r> {
    pub(crate) fn of(run: &'r Run) -> Self {
        Self::beside(run, &[])
    }

    /// Of a run that was measured in lockstep with others: a round that is dirty in any of them is dirty.
    pub(crate) fn beside(run: &'r Run, others: &[&'r Run]) -> Self {
        let locks = locks(run);
        let numbers: HashMap<&str, usize> =
            locks.iter().enumerate().map(|(i, l)| (l.name, i)).collect();
        let (settings, unreadable) = setting::settings(run, others, &locks, &numbers);
        let unverified = left_out(run, |cell| {
            let control = numbers
                .get(cell.lock.as_str())
                .is_some_and(|i| locks[*i].control);
            (cell.status == Status::Ok && !usable(cell, control)).then(|| why_unverified(cell))
        });
        let errors = left_out(run, |cell| {
            let text = || {
                cell.error
                    .clone()
                    .unwrap_or_else(|| "no reason given".into())
            };
            (cell.status == Status::Error).then(text)
        });
        Self {
            run,
            locks,
            settings,
            unverified,
            errors,
            unreadable,
        }
    }

    /// Cells of an error or without verification, in all.
    pub(crate) fn left_out_count(list: &[LeftOut<'_>]) -> u64 {
        list.iter().map(|l| l.cells).sum()
    }

    /// The placement of a setting, if the run has several and it needs to be said.
    pub(crate) fn placement_of(&self, setting: &Setting<'r>) -> Option<&'r str> {
        let several = self
            .settings
            .iter()
            .any(|s| s.placement != setting.placement);
        several.then_some(setting.placement)
    }

    /// Rounds of a mode over all settings.
    pub(crate) fn rounds(&self, mode: &str) -> RoundCount {
        let count = |s: &Setting<'_>| s.rounds(mode);
        self.settings
            .iter()
            .map(count)
            .fold(RoundCount::default(), RoundCount::plus)
    }
}

/// Whether a cell's numbers may be shown: measured and verified, or measured on a control, which never is verified.
pub(crate) fn usable(cell: &Cell, control: bool) -> bool {
    cell.status == Status::Ok && (control || cell.verified == Some(true))
}

fn locks(run: &Run) -> Vec<Lock<'_>> {
    let mut locks: Vec<Lock<'_>> = Vec::new();
    for info in &run.header.locks {
        locks.push(Lock {
            name: &info.name,
            info: Some(info),
            control: !info.excludes,
        });
    }
    for cell in &run.cells {
        if !locks.iter().any(|lock| lock.name == cell.lock) {
            locks.push(Lock {
                name: &cell.lock,
                info: None,
                control: false,
            });
        }
    }
    locks
}

fn why_unverified(cell: &Cell) -> String {
    let seen = &cell.violations;
    let parts: Vec<String> = [
        (seen.torn_reads, "torn reads"),
        (seen.lost_writes, "lost writes"),
        (seen.reads_while_write_locked, "reads while write-locked"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(_, what)| what.to_owned())
    .collect();
    match (cell.verified, parts.is_empty()) {
        (None, _) => "not verified: the check after the window was not made".into(),
        (Some(_), true) => "the check failed without saying what it saw".into(),
        (Some(_), false) => format!("does not exclude: {}", parts.join(", ")),
    }
}

/// The cells for which `why` has an answer, counted by lock, workload, threads and answer.
fn left_out<'r>(run: &'r Run, why: impl Fn(&Cell) -> Option<String>) -> Vec<LeftOut<'r>> {
    let mut counts: BTreeMap<(&str, u32, &str, String), u64> = BTreeMap::new();
    for cell in &run.cells {
        if let Some(why) = why(cell) {
            let key = (
                cell.workload.as_str(),
                cell.threads,
                cell.lock.as_str(),
                why,
            );
            *counts.entry(key).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .map(|((workload, threads, lock, why), cells)| LeftOut {
            lock,
            workload,
            threads,
            why,
            cells,
        })
        .collect()
}
