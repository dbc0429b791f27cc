//! The order of cells: rounds of Latin squares.

use super::{Mode, Plan};
use crate::arena::SLOTS;
use crate::workload::WorkloadSpec;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

/// One cell of a plan, by its place in the plan's lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCell {
    /// Index into [`Plan::locks`].
    pub lock: usize,
    /// Index into [`Plan::workloads`].
    pub workload: usize,
    /// Worker threads.
    pub threads: u32,
    /// Index into [`Plan::placements`].
    pub placement: usize,
    /// The mode.
    pub mode: Mode,
    /// The process.
    pub process: u32,
    /// The round.
    pub round: u32,
    /// The place of the lock in its round.
    pub position: u32,
    /// The arena slot, the same for all cells of the round.
    pub slot: u32,
}

/// A planned cell with the names behind its numbers.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'plan> {
    /// The cell.
    pub cell: &'plan PlannedCell,
    /// The lock's name.
    pub lock: &'plan str,
    /// The workload.
    pub workload: &'plan WorkloadSpec,
    /// The placement's word.
    pub placement: &'plan str,
}

impl PlannedCell {
    /// The names behind its numbers.
    ///
    /// # Panics
    /// When it is not of this plan.
    #[must_use]
    pub fn of<'plan>(&'plan self, plan: &'plan Plan) -> Planned<'plan> {
        Planned {
            cell: self,
            lock: &plan.locks[self.lock],
            workload: &plan.workloads[self.workload],
            placement: &plan.placements[self.placement],
        }
    }
}

/// The cells of one process, in order.
///
/// Each round measures every lock once at each point (mode, workload, threads, placement), in an order that is rotated by
/// one from round to round, so that each lock stands in each position once per as many rounds as there are locks; then the
/// order is drawn anew. The slot is drawn anew each round.
#[must_use]
pub fn planned_cells(plan: &Plan, process: u32) -> Vec<PlannedCell> {
    let mut rng =
        Rng::with_seed(plan.seed ^ (u64::from(process) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut order: Vec<usize> = (0..plan.locks.len()).collect();
    let mut cells = Vec::new();
    for round in 0..plan.rounds {
        if (round as usize).is_multiple_of(order.len().max(1)) {
            rng.shuffle(&mut order);
        } else {
            order.rotate_left(1);
        }
        let slot = rng.u32(0..SLOTS as u32);
        let modes = plan
            .modes
            .iter()
            .filter(|mode| round < plan.rounds_of(**mode));
        for mode in modes {
            for workload in 0..plan.workloads.len() {
                for threads in &plan.threads {
                    for placement in 0..plan.placements.len() {
                        cells.extend(order.iter().enumerate().map(|(position, lock)| {
                            PlannedCell {
                                lock: *lock,
                                workload,
                                threads: *threads,
                                placement,
                                mode: *mode,
                                process,
                                round,
                                position: position as u32,
                                slot,
                            }
                        }));
                    }
                }
            }
        }
    }
    cells
}
