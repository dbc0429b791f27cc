//! The windows of a gate as plain numbers, so that other methods can judge the same data.

use crate::read::Run;
use bench_core::plan::Mode;
use bench_core::record::{Cell, Role, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The windows of one throughput on both sides, in the order of processes and rounds. Windows that one side lacks are left
/// out on the other side too; dirty ones are in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    /// The lock.
    pub lock: String,
    /// The workload.
    pub workload: String,
    /// Worker threads.
    pub threads: u32,
    /// The part of the threads that it is of.
    pub role: String,
    /// The process of each window.
    pub processes: Vec<u32>,
    /// Whether the machine was quiet in each window, on both sides.
    pub clean: Vec<bool>,
    /// The time of an operation of one thread in each window of the baseline, in nanoseconds.
    pub baseline_ns: Vec<f64>,
    /// The same of the candidate.
    pub candidate_ns: Vec<f64>,
}

/// Lock, workload, threads, placement and role.
type Place<'r> = (&'r str, &'r str, u32, &'r str, &'r str);
/// The windows of a place by process and round: nanoseconds of an operation, and whether it was clean.
type ByRound = BTreeMap<(u32, u32), (f64, bool)>;

/// The throughput windows that two runs measured in the same processes and rounds.
#[must_use]
pub fn windows(baseline: &Run, candidate: &Run) -> Vec<Windows> {
    let (one, mut other) = (by_place(baseline), by_place(candidate));
    let pairs = one
        .into_iter()
        .filter_map(|(place, rounds)| Some((place, rounds, other.remove(&place)?)));
    pairs
        .map(|((lock, workload, threads, _, role), one, other)| {
            let both: Vec<_> = one
                .iter()
                .filter_map(|(at, window)| Some((at.0, *window, *other.get(at)?)))
                .collect();
            Windows {
                lock: lock.to_owned(),
                workload: workload.to_owned(),
                threads,
                role: role.to_owned(),
                processes: both.iter().map(|(process, ..)| *process).collect(),
                clean: both.iter().map(|(_, a, b)| a.1 && b.1).collect(),
                baseline_ns: both.iter().map(|(_, a, _)| a.0).collect(),
                candidate_ns: both.iter().map(|(.., b)| b.0).collect(),
            }
        })
        .collect()
}

fn by_place(run: &Run) -> BTreeMap<Place<'_>, ByRound> {
    let mut found: BTreeMap<Place<'_>, ByRound> = BTreeMap::new();
    let measured = run.cells.iter().filter(|cell| {
        cell.mode == Mode::Throughput.word()
            && cell.status == Status::Ok
            && cell.verified != Some(false)
    });
    for cell in measured {
        for role in cell.roles.iter().filter(|role| role.ops > 0) {
            let place = (
                cell.lock.as_str(),
                cell.workload.as_str(),
                cell.threads,
                cell.placement.as_str(),
                role.role.word(),
            );
            let window = (operation_ns(cell, role), !cell.noise.dirty);
            let rounds = found.entry(place).or_default();
            rounds.insert((cell.process, cell.round), window);
        }
    }
    found
}

/// The time of an operation of one thread, to a thousandth of a nanosecond: more digits are noise and would fill the file.
fn operation_ns(cell: &Cell, role: &Role) -> f64 {
    let exact = f64::from(role.threads) * cell.window_ns as f64 / role.ops as f64;
    (exact * 1000.0).round() / 1000.0
}
