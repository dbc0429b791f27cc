//! The warm-up of a process: until throughput is steady, within limits.

use crate::engine::CellFailure;
use bench_core::plan::{Mode, Plan, PlannedCell};
use bench_core::record::{Cell, Host};
use std::time::{Duration, Instant};

/// The shortest warm-up: the first windows of a process run 1 to 2.5 % low.
const LEAST: Duration = Duration::from_millis(300);
/// The longest; a process that is not steady by then says so in its cells.
const MOST: Duration = Duration::from_millis(2000);
/// Cells in each of the two groups that are compared.
const GROUP: usize = 5;
/// How far the medians of two groups in a row may lie apart, in thousandths.
const STEADY_PERMILLE: u64 = 20;

/// How long a process on this host may warm up. Under an emulator no time means anything: the first cell is enough there.
pub(super) fn longest(host: &Host) -> Duration {
    if host.emulator.is_some() {
        Duration::ZERO
    } else {
        MOST
    }
}

/// Runs the first lock's cell of the plan again and again, at least once and no longer than `longest`; returns whether its
/// throughput became steady. Nothing of it is recorded.
///
/// # Errors
/// What was seen when the lock hung; the process cannot go on.
pub(super) fn warm_up(
    first: &PlannedCell,
    plan: &Plan,
    longest: Duration,
    mut run: impl FnMut(&PlannedCell) -> Result<Cell, CellFailure>,
) -> Result<bool, CellFailure> {
    let mut cell = first.clone();
    cell.mode = Mode::Throughput;
    // All CPUs at once, so that each comes up to speed; but none twice.
    cell.threads = plan
        .threads
        .iter()
        .copied()
        .filter(|threads| !plan.is_oversubscribed(*threads))
        .max()
        .unwrap_or(first.threads);
    let start = Instant::now();
    let mut ops = Vec::new();
    loop {
        match run(&cell) {
            Ok(record) => ops.push(rate(&record)),
            // It fails again in its own cell, where it is recorded.
            Err(CellFailure::Failed(_)) => return Ok(false),
            Err(CellFailure::Hung(what)) => {
                let what = format!("{what}; seen in the warm-up, threads {}", cell.threads);
                return Err(CellFailure::Hung(what));
            }
            Err(starved) => return Err(starved),
        }
        let elapsed = start.elapsed();
        if elapsed >= LEAST && is_steady(&ops) {
            return Ok(true);
        }
        if elapsed >= longest {
            return Ok(false);
        }
    }
}

/// Operations per second of all threads.
fn rate(cell: &Cell) -> u64 {
    let ops: u64 = cell.roles.iter().map(|role| role.ops).sum();
    ops.saturating_mul(1_000_000_000) / cell.window_ns.max(1)
}

fn is_steady(rates: &[u64]) -> bool {
    let Some(from) = rates.len().checked_sub(2 * GROUP) else {
        return false;
    };
    let (before, last) = rates[from..].split_at(GROUP);
    let (before, last) = (median(before), median(last));
    before.abs_diff(last) * 1000 <= before * STEADY_PERMILLE
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::failed;
    use crate::plan_of::small_plan;
    use bench_core::plan::planned_cells;
    use std::thread;

    /// The warm-up of a process whose throughput is always the same: how many cells it ran, and whether it was called steady.
    fn warm_up_at_one_rate(longest: Duration) -> (u32, bool) {
        let plan = small_plan();
        let first = &planned_cells(&plan, 0)[0];
        let mut cells = 0;
        let steady = warm_up(first, &plan, longest, |cell| {
            cells += 1;
            thread::sleep(Duration::from_millis(1));
            Ok(failed(cell.of(&plan), false, "the same rate each time"))
        });
        (cells, steady.expect("no lock hung"))
    }

    #[test]
    fn an_emulated_process_warms_up_for_one_cell_and_is_not_called_steady() {
        let mut host = Host {
            emulator: Some("qemu-user".into()),
            ..Host::default()
        };
        assert_eq!(warm_up_at_one_rate(longest(&host)), (1, false));
        host.emulator = None;
        assert_eq!(longest(&host), MOST);
    }

    #[test]
    fn a_process_that_is_steady_at_once_warms_up_for_300_ms() {
        let start = Instant::now();
        let (cells, steady) = warm_up_at_one_rate(Duration::MAX);
        assert!(steady && start.elapsed() >= LEAST, "after {cells} cells");
    }

    #[test]
    fn steady_means_two_groups_in_a_row_alike() {
        assert!(!is_steady(&[100; 9]), "too few");
        assert!(is_steady(&[100; 10]));
        assert!(is_steady(&[
            1, 100, 100, 100, 100, 100, 101, 101, 101, 101, 101
        ]));
        assert!(!is_steady(&[90, 90, 90, 90, 90, 100, 100, 100, 100, 100]));
    }
}
