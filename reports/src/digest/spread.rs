//! How much of the spread of a setting is between processes, and how much between the rounds of one.

use super::rank::{Ranking, by_round, paired_logs};
use super::setting::RoleTable;
use super::{COUNTERS, Digest};
use crate::stats::{Components, Contrast, median};
use bench_core::plan::{AROUND_CELL_NS, AROUND_PROCESS_NS};
use std::collections::{BTreeMap, BTreeSet};

/// The spread of one role in one setting: of the ratio of the two fastest locks, which is what a run of locks is made for,
/// or of the throughput of the only one.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    /// The fastest lock.
    pub(crate) first: usize,
    /// The lock beside it, if there is one.
    pub(crate) second: Option<usize>,
    /// Of logarithms. `None` with fewer than two processes or two rounds.
    pub(crate) components: Option<Components>,
    /// The smallest ratio above 1 that the run could tell. `None` with fewer than two processes.
    pub(crate) detectable: Option<f64>,
}

impl Spread {
    /// `None` where nothing is ranked.
    pub(crate) fn of(table: &RoleTable) -> Option<Self> {
        let (first, second) = match &table.ranking {
            Ranking::Alone(lock) => (*lock, None),
            Ranking::Ranked { leaders, next } => {
                let behind = next.as_ref().map(|(lock, _)| *lock);
                (*leaders.first()?, leaders.get(1).copied().or(behind))
            }
            Ranking::Nothing | Ranking::OneProcess | Ranking::TooNoisy => return None,
        };
        let rates = by_round(table.row(first)?)?;
        let logs = match second {
            Some(second) => paired_logs(rates, by_round(table.row(second)?)?)
                .into_values()
                .collect(),
            None => own_logs(rates),
        };
        let medians = logs.iter().filter_map(|logs| median(logs)).map(f64::exp);
        let contrast = Contrast::paired(&medians.collect::<Vec<f64>>());
        Some(Self {
            first,
            second,
            components: Components::of(&logs),
            detectable: contrast.map(|contrast| contrast.detectable_ratio()),
        })
    }
}

fn own_logs(rates: &BTreeMap<(u32, u32), f64>) -> Vec<Vec<f64>> {
    let mut processes: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for ((process, _), rate) in rates {
        processes.entry(*process).or_default().push(rate.ln());
    }
    processes.into_values().collect()
}

/// About what a process of a run costs and a round of all its settings, in nanoseconds: the windows, and what a plan reckons
/// with around them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Costs {
    pub(crate) process_ns: f64,
    pub(crate) round_ns: f64,
}

impl Costs {
    /// `None` of a run without cells.
    pub(crate) fn of(digest: &Digest<'_>) -> Option<Self> {
        let (mut processes, mut rounds) = (BTreeSet::new(), BTreeSet::new());
        let (mut once, mut again) = (0_u64, 0_u64);
        for cell in &digest.run.cells {
            processes.insert(cell.process);
            if cell.mode == COUNTERS {
                once += 1;
            } else {
                again += 1;
                rounds.insert((cell.process, cell.round));
            }
        }
        let cell_ns = (digest.run.header.window_ns + AROUND_CELL_NS) as f64;
        let each = |cells: u64, of: usize| (of > 0).then(|| cells as f64 / of as f64 * cell_ns);
        Some(Self {
            process_ns: AROUND_PROCESS_NS as f64 + each(once, processes.len())?,
            round_ns: each(again, rounds.len())?,
        })
    }
}
