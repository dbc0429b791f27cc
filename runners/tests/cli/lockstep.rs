//! Programs that are measured beside each other.

use crate::tool::{VMALOCK, example_path};
use bench_core::plan::{Mode, Plan};
use bench_core::record::{Cell, Status};
use bench_core::workload::preset;
use runners::session::{Arm, Lockstep};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// One workload, two rounds.
fn plan(locks: [&str; 2]) -> Plan {
    Plan {
        locks: locks.map(str::to_owned).to_vec(),
        workloads: vec![preset("fault-one-vma").expect("a preset")],
        threads: vec![1],
        modes: vec![Mode::Throughput],
        placements: vec!["compact".into()],
        processes: 1,
        rounds: 2,
        window_ns: 1_000_000,
        seed: 1,
        cpus: 1,
    }
}

/// What is told, in order, until `most` cells have been.
fn told(arms: &[Arm], most: usize) -> Vec<(usize, Cell)> {
    let stop = AtomicBool::new(false);
    let lockstep = Lockstep {
        arms,
        hang_limit: Duration::from_secs(10),
        stop: &stop,
    };
    let mut told = Vec::new();
    let keep = &mut |arm, cell: Box<Cell>| {
        told.push((arm, *cell));
        stop.store(told.len() >= most, Relaxed);
        Ok(())
    };
    lockstep.run(0, keep).expect("children can be started");
    told
}

fn arm(program: PathBuf, locks: [&str; 2]) -> Arm {
    Arm {
        program,
        plan: plan(locks),
    }
}

#[test]
fn each_cell_is_measured_by_every_program_before_the_next() {
    let locks = ["rwsem", "refcount"];
    let arms = [VMALOCK; 3].map(|program| arm(program.into(), locks));
    let told = told(&arms, usize::MAX);
    assert_eq!(told.len(), 12, "two rounds of two locks in three programs");
    for cells in told.chunks(3) {
        let mut arms: Vec<usize> = cells.iter().map(|(arm, _)| *arm).collect();
        arms.sort_unstable();
        assert_eq!(arms, [0, 1, 2]);
        let place = |cell: &Cell| (cell.lock.clone(), cell.round, cell.slot, cell.cpus.clone());
        for (_, cell) in cells {
            assert_eq!(cell.status, Status::Ok, "{:?}", cell.error);
            assert_eq!(place(cell), place(&cells[0].1));
        }
    }
    let first = |cells: &[(usize, Cell)]| cells[0].0;
    assert_ne!(
        first(&told[0..]),
        first(&told[6..]),
        "the order changes from round to round"
    );
}

#[test]
fn a_program_that_dies_costs_its_own_cells() {
    let arms = [
        arm(VMALOCK.into(), ["rwsem", "refcount"]),
        arm(example_path("planted_faults"), ["rwsem", "dies"]),
    ];
    let told = told(&arms, usize::MAX);
    assert_eq!(told.len(), 8);
    for (arm, cell) in told {
        let dies = arm == 1 && cell.lock == "dies";
        assert_eq!(cell.status == Status::Error, dies, "{:?}", cell.error);
    }
}

#[test]
fn a_stopped_session_starts_no_further_cell() {
    let arms = [VMALOCK; 2].map(|program| arm(program.into(), ["rwsem", "refcount"]));
    assert_eq!(told(&arms, 3).len(), 3);
}
