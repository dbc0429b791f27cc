//! The record of a cell, from what its workers brought back.

use super::cell::CellJob;
use super::conduct::Conducted;
use super::probe::Histograms;
use super::worker::{Delays, Ended};
use crate::clock::Clock;
use crate::counters::merge;
use bench_core::outcome::Outcome;
use bench_core::plan::{Mode, Planned};
use bench_core::record::{Cell, Delay, Noise, Role, Status, Violations};
use bench_core::workload::{RoleName, WorkloadSpec};
use std::collections::BTreeMap;

/// The record of a cell that was measured.
pub(super) fn measured(
    job: &CellJob<'_>,
    clock: Clock,
    conducted: Conducted,
    violations: Violations,
) -> Cell {
    let Conducted { ended, noise } = conducted;
    let mode = job.planned.cell.mode;
    let spec = job.planned.workload;
    let of_faults = delays_of(&ended, &[RoleName::Fault, RoleName::Churn]);
    let of_writers = delays_of(&ended, &[RoleName::Mprotect, RoleName::Churn]);
    Cell {
        status: Status::Ok,
        error: None,
        window_ns: common_window_ns(clock, &ended),
        window_ns_per_thread: ended
            .iter()
            .map(|worker| own_window_ns(clock, worker))
            .collect(),
        steady: job.steady,
        hold: delay(spec.hold_ns, of_faults.map(|delays| delays.hold.1)),
        think: delay(spec.think_ns, of_faults.map(|delays| delays.think.1)),
        write_hold: delay(
            spec.write_hold_ns,
            of_writers.map(|delays| delays.write_hold.1),
        ),
        write_think: delay(
            spec.write_think_ns,
            delays_of(&ended, &[RoleName::Mprotect]).map(|delays| delays.write_think.1),
        ),
        roles: roles(spec, job.planned.cell.threads, &ended, mode),
        counters: match mode {
            Mode::Counters => {
                let threads: Vec<_> = ended
                    .iter()
                    .map(|worker| worker.window.counters.clone())
                    .collect();
                merge(&threads)
            }
            Mode::Throughput | Mode::Latency => BTreeMap::new(),
        },
        noise,
        cpus: ended.iter().map(|worker| worker.cpu).collect(),
        verified: Some(violations.none()),
        violations,
        ..blank(job.planned, job.oversubscribed)
    }
}

/// The record of a cell that could not be measured.
#[must_use]
pub fn failed(planned: Planned<'_>, oversubscribed: bool, error: &str) -> Cell {
    Cell {
        error: Some(error.to_owned()),
        ..blank(planned, oversubscribed)
    }
}

fn blank(planned: Planned<'_>, oversubscribed: bool) -> Cell {
    Cell {
        lock: planned.lock.to_owned(),
        workload: planned.workload.name.clone(),
        threads: planned.cell.threads,
        placement: planned.placement.to_owned(),
        mode: planned.cell.mode.word().to_owned(),
        process: planned.cell.process,
        round: planned.cell.round,
        position: planned.cell.position,
        slot: planned.cell.slot,
        oversubscribed,
        status: Status::Error,
        error: None,
        window_ns: 0,
        window_ns_per_thread: Vec::new(),
        steady: false,
        hold: None,
        think: None,
        write_hold: None,
        write_think: None,
        roles: Vec::new(),
        counters: BTreeMap::new(),
        noise: Noise::default(),
        cpus: Vec::new(),
        verified: None,
        violations: Violations::default(),
    }
}

/// The time in which all threads were running: from the last first stamp to the first last stamp. A thread that was inside
/// one operation all the while has no window of its own and is left out here; its operations are 0.
fn common_window_ns(clock: Clock, ended: &[Ended]) -> u64 {
    let seen = || {
        ended
            .iter()
            .map(|worker| &worker.window)
            .filter(|own| own.last > own.first)
    };
    let first = seen().map(|own| own.first).max().unwrap_or(0);
    let last = seen().map(|own| own.last).min().unwrap_or(0);
    clock.ns(last.saturating_sub(first))
}

fn own_window_ns(clock: Clock, worker: &Ended) -> u64 {
    clock.ns(worker.window.last.saturating_sub(worker.window.first))
}

/// The delays of the first worker that plays one of these roles: each worker is calibrated on its own CPU.
fn delays_of(ended: &[Ended], roles: &[RoleName]) -> Option<Delays> {
    let mut players = ended.iter().filter(|worker| roles.contains(&worker.role));
    players.next().map(|worker| worker.delays)
}

/// A delay that the workload asks for; `None` when it asks for none, or nobody plays a role that has it.
fn delay(asked_ns: u64, obtained_ns: Option<u64>) -> Option<Delay> {
    let obtained_ns = obtained_ns.filter(|_| asked_ns > 0)?;
    Some(Delay {
        asked_ns,
        obtained_ns,
    })
}

/// What the threads of each role did, in the order of the workers.
fn roles(spec: &WorkloadSpec, threads: u32, ended: &[Ended], mode: Mode) -> Vec<Role> {
    let mut names = spec.roles(threads);
    names.dedup();
    names
        .into_iter()
        .map(|name| role(name, ended, mode))
        .collect()
}

fn role(name: RoleName, ended: &[Ended], mode: Mode) -> Role {
    let players: Vec<&Ended> = ended.iter().filter(|worker| worker.role == name).collect();
    let ops_per_thread: Vec<u64> = players
        .iter()
        .map(|worker| worker.window.counts.iter().sum())
        .collect();
    let outcomes = Outcome::ALL
        .into_iter()
        .map(|outcome| {
            (
                outcome,
                players
                    .iter()
                    .map(|worker| worker.window.counts[outcome.index()])
                    .sum(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let latency = (mode == Mode::Latency).then(|| {
        let mut all = Histograms::new();
        players
            .iter()
            .filter_map(|worker| worker.histograms.as_ref())
            .for_each(|own| all.add(own));
        all.records()
    });
    Role {
        role: name,
        threads: players.len() as u32,
        ops: ops_per_thread.iter().sum(),
        ops_per_thread,
        outcomes,
        misses: players.iter().map(|worker| worker.window.misses).sum(),
        latency,
    }
}
