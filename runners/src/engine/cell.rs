//! One cell: a lock is built at its slot, the workers run on it, a window opens and closes, what happened is judged.

use super::conduct::conduct;
use super::patience::{MOST_LIMITS, Vain, wait_patiently};
use super::pool::Pool;
use super::record::measured;
use super::stage::Stage;
use super::worker::{panicked, send_parts};
use crate::clock::Clock;
use crate::counters::pmu::Wanted;
use crate::native::Native;
use bench_core::lock::VmaLock;
use bench_core::plan::{Planned, Region};
use bench_core::record::{Cell, Violations};
use bench_core::space::{AddressSpace, Ground, Step, Thread};
use bench_core::workload::WorkloadSpec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Free slots of a churning thread: one is mapped at a time, so that slots are recycled at once.
pub(super) const CHURN_SLOTS: u32 = 2;
/// VMAs whose words are shown when a lock hangs.
const DESCRIBED_VMAS: usize = 4;

/// What a cell needs beside its lock.
#[derive(Debug)]
pub struct CellJob<'a> {
    /// The cell and its names.
    pub planned: Planned<'a>,
    /// The CPU of each worker.
    pub cpus: Vec<u32>,
    /// Whether there are more threads than allowed CPUs.
    pub oversubscribed: bool,
    /// Whether the process's warm-up came to a steady state.
    pub steady: bool,
    /// The window in nanoseconds.
    pub window_ns: u64,
    /// The seed of the threads' goals.
    pub seed: u64,
    /// How long a thread may be inside one operation before the lock counts as hung.
    pub hang_limit: Duration,
}

/// What is kept from cell to cell.
#[derive(Debug)]
pub struct MachineRoom {
    /// The workers.
    pub pool: Pool,
    /// The events that cells of the mode counters count beside the usual ones.
    pub counters: Arc<[Wanted]>,
    /// The clock.
    pub clock: Clock,
    /// The ground for the next address space; `None` after a cell that kept it for ever, because its lock hung.
    pub ground: Option<Ground<Native>>,
}

/// Why a cell has no window, and whether the process can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellFailure {
    /// Something is in the way of this cell; the next one may do.
    Failed(String),
    /// Threads are stuck in the lock: this process is of no more use, and neither is the lock.
    Hung(String),
    /// A worker gets no CPU: this process is of no more use, and nothing is known of the lock.
    Starved(String),
}

impl CellFailure {
    /// The failure of a wait in vain; `what` says for what.
    pub(super) fn in_vain(vain: Vain, limit: Duration, what: &str) -> Self {
        let seconds = limit.as_secs_f32();
        match vain {
            Vain::Hung => Self::Hung(format!("the lock hangs: {what} after {seconds} s")),
            Vain::Starved => Self::Starved(format!(
                "no result: {what}, because a worker was ready to run and got no CPU for {} s; measure when the machine is less busy",
                seconds * MOST_LIMITS as f32
            )),
        }
    }
}

/// The VMAs of a workload with so many threads: resident ones, and free slots for the churning threads.
#[must_use]
pub fn vmas_needed(spec: &WorkloadSpec, threads: u32) -> u32 {
    spec.resident_vmas(threads) + threads * CHURN_SLOTS
}

/// Runs a cell. The lock is `L`; the record says so by the plan's name.
///
/// # Errors
/// Why there is no window. The record of the failed cell is made by [`super::failed`].
pub fn run_cell<L: VmaLock<Machine = Native>>(
    job: &CellJob<'_>,
    room: &mut MachineRoom,
) -> Result<Cell, CellFailure> {
    let spec = job.planned.workload;
    let threads = job.planned.cell.threads;
    let ground = room.ground.take().ok_or_else(|| {
        CellFailure::Hung("the arena was lost to a lock that hung before".to_owned())
    })?;
    let vmas = vmas_needed(spec, threads);
    let space = Arc::new(AddressSpace::<L>::build(
        ground,
        job.planned.cell.slot,
        spec.layout,
        vmas,
    ));
    let outcome = measure(job, room, &space);
    match &outcome {
        Err(CellFailure::Hung(what)) => {
            return Err(CellFailure::Hung(hang_report(what, &space, threads)));
        }
        // Its threads still have the space.
        Err(CellFailure::Starved(_)) => {}
        Ok(_) | Err(CellFailure::Failed(_)) => {
            let space = Arc::into_inner(space).expect("every worker has let go of the space");
            room.ground = Some(space.into_ground());
        }
    }
    outcome
}

/// Maps the VMAs, opens the window, judges what happened.
fn measure<L: VmaLock<Machine = Native>>(
    job: &CellJob<'_>,
    room: &MachineRoom,
    space: &Arc<AddressSpace<L>>,
) -> Result<Cell, CellFailure> {
    let threads = job.planned.cell.threads;
    let spec = job.planned.workload.clone();
    let written_before = on_worker(job, room, space, "mapping the first VMAs", move |space| {
        map_residents(space, &spec, threads)
    })?;
    let stage = Arc::new(Stage::new(threads));
    let results = send_parts(job, room, space, &stage);
    let conducted = conduct(job, room, &stage, &results)?;
    let writes: u64 = conducted
        .ended
        .iter()
        .map(|worker| worker.tally.writes)
        .sum();
    let (first, _) = Region::of(job.planned.workload).range(0);
    let (lost_writes, read_begun) = on_worker(
        job,
        room,
        space,
        "a write lock after the window",
        move |space| {
            let lost = (written_before + writes).abs_diff(space.written());
            (lost, space.read_begins_under_write(0, first))
        },
    )?;
    let violations = Violations {
        torn_reads: conducted
            .ended
            .iter()
            .map(|worker| worker.tally.torn_reads)
            .sum(),
        lost_writes,
        // `None` would mean that the VMA is gone: then the lock let another thread's unmap in.
        reads_while_write_locked: u64::from(read_begun != Some(false)),
    };
    Ok(measured(job, room.clock, conducted, violations))
}

/// Does `work` with the lock on the first worker and waits for it no longer than the hang limit: a lock may hang or panic
/// outside of the window too.
fn on_worker<L: VmaLock<Machine = Native>, T: Send + 'static>(
    job: &CellJob<'_>,
    room: &MachineRoom,
    space: &Arc<AddressSpace<L>>,
    what: &str,
    work: impl FnOnce(&AddressSpace<L>) -> T + Send + 'static,
) -> Result<T, CellFailure> {
    let (sender, inbox) = channel();
    let space = Arc::clone(space);
    room.pool.send(0, move |_| {
        let done = catch_unwind(AssertUnwindSafe(|| work(&space)));
        drop(space);
        let _ = sender.send(done.map_err(|panic| panicked(&*panic)));
    });
    let limit = job.hang_limit;
    match wait_patiently(&room.pool.tids(1), limit, |look| {
        inbox.recv_timeout(look).ok()
    }) {
        Ok(done) => done.map_err(CellFailure::Failed),
        Err(vain) => {
            let what = format!("{what} does not end");
            Err(CellFailure::in_vain(vain, limit, &what))
        }
    }
}

/// Maps the VMAs that stay. The slots carry the VMAs' numbers. Returns how often payloads were written.
fn map_residents<L: VmaLock>(space: &AddressSpace<L>, spec: &WorkloadSpec, threads: u32) -> u64 {
    let residents = spec.resident_vmas(threads);
    let region = Region::of(spec);
    let free = (0..residents).rev().collect();
    // The thread after the workers' numbers.
    let mut thread = Thread::new(space, threads, 0, free);
    thread.enter();
    for number in 0..residents {
        let (start, end) = region.range(number);
        let slot = thread.map(start, end, &mut || {});
        assert_eq!(
            slot,
            Some(number),
            "the space is empty and has a slot for each VMA"
        );
    }
    thread.tally().writes
}

/// The lock's words and each worker's step, for a lock that hangs.
fn hang_report<L: VmaLock>(what: &str, space: &AddressSpace<L>, threads: u32) -> String {
    let mut steps: Vec<String> = (0..threads)
        .map(|worker| format!("worker {worker} {}", space.step(worker).words()))
        .collect();
    // The thread after the workers' numbers maps the first VMAs.
    if space.step(threads) != Step::Idle {
        let words = space.step(threads).words();
        steps.push(format!("the thread that maps the first VMAs {words}"));
    }
    let words = space.describe(DESCRIBED_VMAS);
    format!("{what}; {}; {words}", steps.join(", "))
}
