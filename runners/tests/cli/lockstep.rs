//! Programs that are measured beside each other.

use crate::tool::{VMALOCK, example_path};
use bench_core::plan::{Mode, Plan};
use bench_core::record::{Cell, Status};
use bench_core::workload::preset;
use runners::injected::Injected;
use runners::session::{Arm, Lockstep};
use std::collections::BTreeMap;
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
        counters: Vec::new(),
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
        injected: None,
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

/// Two threads fault in one program; a second one is harmed. Returns what the second measured.
fn harmed(injected: Injected) -> Cell {
    let plain = Plan {
        locks: vec!["refcount".into()],
        threads: vec![2],
        rounds: 1,
        cpus: 2,
        ..plan(["refcount"; 2])
    };
    let arm = |injected| Arm {
        program: VMALOCK.into(),
        plan: plain.clone(),
        injected,
    };
    let mut told = told(&[arm(None), arm(Some(injected))], usize::MAX);
    told.sort_unstable_by_key(|(arm, _)| *arm);
    let holds: Vec<u64> = told
        .iter()
        .filter_map(|(_, cell)| Some(cell.hold.as_ref()?.asked_ns))
        .collect();
    assert_eq!(holds[0], 200, "the other program is left alone");
    let (_, cell) = told.pop().expect("two programs");
    assert_eq!(cell.status, Status::Ok, "{:?}", cell.error);
    assert_eq!(cell.lock, "refcount");
    cell
}

#[test]
fn a_slowdown_is_in_the_work_while_a_vma_is_held() {
    let slowed = harmed(Injected::Slowdown(BTreeMap::from([(2, 5_000)])));
    assert_eq!(slowed.hold.expect("faults hold").asked_ns, 5_200);
    let other = harmed(Injected::Slowdown(BTreeMap::from([(1, 5_000)])));
    assert_eq!(other.hold.expect("faults hold").asked_ns, 200);
}

/// The waits of a thread fill its window, however fast or busy the machine is; half of what is asked is granted to the calibration.
#[test]
fn harm_in_the_lock_makes_all_threads_wait_or_one() {
    let wait_ns = 1_000_000;
    // Of each thread, whether it did no more operations than its own window has room for waits.
    let waits = |cell: &Cell| -> Vec<bool> {
        let ops = cell.roles[0].ops_per_thread.iter();
        let windows_ns = cell.window_ns_per_thread.iter();
        ops.zip(windows_ns)
            .map(|(ops, window_ns)| *ops <= 2 + 2 * window_ns / wait_ns)
            .collect()
    };
    let cell = harmed(Injected::Tail { every: 1, wait_ns });
    assert_eq!(waits(&cell), [true; 2], "{cell:?}");
    let cell = harmed(Injected::Unfair { wait_ns });
    assert!(waits(&cell).contains(&true), "{cell:?}");
}
