//! Operations per second, and how threads share them.

use crate::stats::{Estimate, jain_index, median, min_max_ratio};
use bench_core::record::{Cell, Role, RoleName};
use std::collections::BTreeMap;

/// Throughput of one role under one lock.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    /// Operations per second, from the median of each process.
    pub(crate) ops_per_s: Estimate,
    /// The rate of every round, by process and round; what is compared is paired by these.
    pub(crate) by_round: BTreeMap<(u32, u32), f64>,
    /// Jain's index over the threads of the role in every round. Empty of one thread.
    pub(crate) jain_by_round: BTreeMap<(u32, u32), f64>,
    /// Jain's index: the mean over processes of the median window. `None` of one thread.
    pub(crate) jain: Option<f64>,
    /// The slowest thread's rate over the fastest's, likewise.
    pub(crate) min_max: Option<f64>,
    /// The mean share of the busiest thread of a window, of the second, and so on.
    pub(crate) shares: Vec<f64>,
}

/// The role's rate over these cells; `None` when no cell has it.
pub(crate) fn rate(cells: &[&Cell], role: RoleName, plays: &[RoleName]) -> Option<Rate> {
    let mut by_round = BTreeMap::new();
    let mut jain_by_round = BTreeMap::new();
    let mut min_max_by_round = BTreeMap::new();
    let mut shares = Shares::default();
    for cell in cells {
        let Some(rates) = thread_rates(cell, role, plays) else {
            continue;
        };
        let round = (cell.process, cell.round);
        by_round.insert(round, rates.iter().sum::<f64>());
        if rates.len() > 1 {
            jain_by_round.extend(jain_index(&rates).map(|index| (round, index)));
            min_max_by_round.extend(min_max_ratio(&rates).map(|ratio| (round, ratio)));
            shares.add(rates);
        }
    }
    Some(Rate {
        ops_per_s: Estimate::of_levels(process_medians(&by_round))?,
        by_round,
        jain: mean_of_medians(&jain_by_round),
        jain_by_round,
        min_max: mean_of_medians(&min_max_by_round),
        shares: shares.mean(),
    })
}

/// The median of each process, in the order of processes.
pub(crate) fn process_medians(by_round: &BTreeMap<(u32, u32), f64>) -> Vec<f64> {
    let mut processes: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for ((process, _), value) in by_round {
        processes.entry(*process).or_default().push(*value);
    }
    processes.values().filter_map(|v| median(v)).collect()
}

fn mean_of_medians(by_round: &BTreeMap<(u32, u32), f64>) -> Option<f64> {
    Estimate::of_levels(process_medians(by_round)).map(|estimate| estimate.centre)
}

/// Shares by rank, since threads sit on other CPUs in each process and a number means nothing across them.
#[derive(Default)]
struct Shares {
    sums: Vec<f64>,
    windows: u32,
}

impl Shares {
    fn add(&mut self, mut rates: Vec<f64>) {
        let total: f64 = rates.iter().sum();
        if total <= 0.0 {
            return;
        }
        rates.sort_by(|a, b| b.total_cmp(a));
        self.sums.resize(self.sums.len().max(rates.len()), 0.0);
        for (sum, rate) in self.sums.iter_mut().zip(rates) {
            *sum += rate / total;
        }
        self.windows += 1;
    }

    fn mean(self) -> Vec<f64> {
        let windows = f64::from(self.windows.max(1));
        self.sums.into_iter().map(|sum| sum / windows).collect()
    }
}

/// Operations per second of each thread of the role: its operations over its own window. A thread that ended none
/// counts 0. `None` when the cell lacks the role or a window.
fn thread_rates(cell: &Cell, role: RoleName, plays: &[RoleName]) -> Option<Vec<f64>> {
    let found = cell.roles.iter().find(|r| r.role == role)?;
    let workers = workers_of(cell, found, plays);
    let mut rates = Vec::with_capacity(found.ops_per_thread.len());
    for (thread, ops) in found.ops_per_thread.iter().enumerate() {
        let own = workers
            .get(thread)
            .and_then(|w| cell.window_ns_per_thread.get(*w));
        let window_ns = own.copied().unwrap_or(cell.window_ns);
        match (*ops, window_ns) {
            (0, _) => rates.push(0.0),
            (_, 0) => return None,
            (ops, window_ns) => rates.push(ops as f64 * 1e9 / window_ns as f64),
        }
    }
    (!rates.is_empty()).then_some(rates)
}

/// The worker numbers of a role: as the workload deals them, or in the order of the record where that does not fit.
fn workers_of(cell: &Cell, role: &Role, plays: &[RoleName]) -> Vec<usize> {
    let dealt: Vec<usize> = (0..plays.len())
        .filter(|w| plays[*w] == role.role)
        .collect();
    if dealt.len() == role.ops_per_thread.len() {
        return dealt;
    }
    let before: usize = cell
        .roles
        .iter()
        .take_while(|r| r.role != role.role)
        .map(|r| r.ops_per_thread.len())
        .sum();
    (before..before + role.ops_per_thread.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_core::record::{Noise, Status, Violations};

    fn cell(process: u32, round: u32, ops: [u64; 2], windows: [u64; 3]) -> Cell {
        let role = |role, ops: &[u64]| Role {
            role,
            threads: ops.len() as u32,
            ops: ops.iter().sum(),
            ops_per_thread: ops.to_vec(),
            outcomes: BTreeMap::new(),
            misses: 0,
            latency: None,
        };
        Cell {
            lock: "a".into(),
            workload: "w".into(),
            threads: 3,
            placement: "compact".into(),
            mode: "throughput".into(),
            process,
            round,
            position: 0,
            slot: 0,
            oversubscribed: false,
            status: Status::Ok,
            error: None,
            window_ns: 1_000,
            window_ns_per_thread: windows.to_vec(),
            steady: true,
            hold: None,
            think: None,
            write_hold: None,
            write_think: None,
            // Faults first although worker 0 is the writer.
            roles: vec![role(RoleName::Fault, &ops), role(RoleName::Mprotect, &[7])],
            counters: BTreeMap::new(),
            noise: Noise::default(),
            cpus: vec![0, 1, 2],
            verified: Some(true),
            violations: Violations::default(),
        }
    }

    const PLAYS: [RoleName; 3] = [RoleName::Mprotect, RoleName::Fault, RoleName::Fault];

    #[test]
    fn each_thread_is_divided_by_its_own_window() {
        let c = cell(0, 0, [1_000, 4_000], [1, 1_000, 2_000]);
        assert_eq!(
            thread_rates(&c, RoleName::Fault, &PLAYS),
            Some(vec![1e9, 2e9])
        );
        assert_eq!(
            thread_rates(&c, RoleName::Mprotect, &PLAYS),
            Some(vec![7e9])
        );
        assert_eq!(thread_rates(&c, RoleName::Churn, &PLAYS), None);
    }

    #[test]
    fn a_starved_thread_counts_nothing_and_a_missing_window_is_no_number() {
        let starved = cell(0, 0, [1_000, 0], [1, 1_000, 0]);
        assert_eq!(
            thread_rates(&starved, RoleName::Fault, &PLAYS),
            Some(vec![1e9, 0.0])
        );
        let no_window = cell(0, 0, [1_000, 1], [1, 1_000, 0]);
        assert_eq!(thread_rates(&no_window, RoleName::Fault, &PLAYS), None);
    }

    #[test]
    fn the_process_is_the_unit() {
        let cells: Vec<Cell> = (0..3)
            .flat_map(|p| (0..5).map(move |r| (p, r)))
            .map(|(p, r)| {
                let slow = if r == 0 { 10 } else { 100 };
                cell(p, r, [slow, slow * u64::from(p + 1)], [1, 1_000, 1_000])
            })
            .collect();
        let cells: Vec<&Cell> = cells.iter().collect();
        let rate = rate(&cells, RoleName::Fault, &PLAYS).expect("the role is there");
        assert_eq!(rate.ops_per_s.per_process, [2e8, 3e8, 4e8]);
        assert!((rate.min_max.expect("two threads") - (1.0 + 0.5 + 1.0 / 3.0) / 3.0).abs() < 1e-9);
        assert!((rate.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(rate.shares[0] > rate.shares[1]);
    }
}
