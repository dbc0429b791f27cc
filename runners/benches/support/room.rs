//! The engine for benches: workers, a ground that every lock of the catalogue fits on, and one cell at a time.

use bench_core::plan::{Mode, Planned, PlannedCell};
use bench_core::record::Cell;
use bench_core::space::Ground;
use bench_core::workload::WorkloadSpec;
use runners::clock::Clock;
use runners::contender::Contender;
use runners::engine::{CellJob, MachineRoom, Pool, vmas_needed};
use runners::pin::allowed_cpus;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Workers and ground for cells of up to so many threads on these workloads.
pub(crate) fn make_room(
    contenders: &[Contender],
    workloads: &[WorkloadSpec],
    threads: u32,
) -> MachineRoom {
    let vmas = workloads
        .iter()
        .map(|spec| vmas_needed(spec, threads))
        .max()
        .unwrap_or(1);
    let bytes = contenders
        .iter()
        .map(|contender| contender.bytes(1, vmas))
        .max()
        .unwrap_or(0);
    let clock = Clock::calibrate();
    let pool = Pool::new(threads, clock, &BTreeMap::new()).expect("the system gives a few threads");
    // One thread more than workers: the one that sets up.
    MachineRoom {
        pool,
        counters: Arc::from([]),
        clock,
        ground: Some(Ground::new(1, threads + 1, vmas, bytes)),
    }
}

/// The CPUs of the workers: the last ones that this process may use, since the first is where interrupts go.
pub(crate) fn cpus(threads: u32) -> Vec<u32> {
    let allowed = allowed_cpus();
    allowed
        .iter()
        .rev()
        .cycle()
        .take(threads as usize)
        .copied()
        .collect()
}

/// Runs a throughput cell of the engine.
///
/// # Panics
/// When there is no window, or what the lock protects was not protected although the lock says that it excludes.
pub(crate) fn run_cell(
    contender: &Contender,
    room: &mut MachineRoom,
    workload: &WorkloadSpec,
    threads: u32,
    slot: u32,
    window_ns: u64,
) -> Cell {
    let cell = PlannedCell {
        lock: 0,
        workload: 0,
        threads,
        placement: 0,
        mode: Mode::Throughput,
        process: 0,
        round: 0,
        position: 0,
        slot,
    };
    let planned = Planned {
        cell: &cell,
        lock: contender.name(),
        workload,
        placement: "compact",
    };
    let job = CellJob {
        planned,
        cpus: cpus(threads),
        oversubscribed: threads as usize > allowed_cpus().len(),
        steady: true,
        window_ns,
        seed: u64::from(slot),
        hang_limit: Duration::from_secs(30),
    };
    let cell = contender.run(&job, room).expect("a window");
    assert!(
        cell.verified == Some(true) || !contender.excludes(),
        "{} broke its contract: {:?}",
        contender.name(),
        cell.violations
    );
    cell
}
