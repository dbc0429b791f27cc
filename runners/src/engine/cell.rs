//! One cell: a lock is built at its slot, the workers run on it, a window opens and closes, what happened is judged.

use super::patience::wait_patiently;
use super::play::{Part, Window, play};
use super::pool::{Pool, WorkerContext};
use super::probe::{Histograms, LatencyProbe, NoProbe};
use super::record::measured;
use super::stage::{Phase, Stage};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::native::Native;
use crate::noise::{Snapshot, judge};
use crate::panics;
use bench_core::lock::VmaLock;
use bench_core::plan::{Mode, Planned, Region, goals};
use bench_core::record::{Cell, Noise, Violations};
use bench_core::space::{AddressSpace, Ground, Tally, Thread};
use bench_core::workload::{RoleName, WorkloadSpec};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long all threads run before the window opens.
const SETTLE: Duration = Duration::from_millis(2);
/// VMAs that a churning thread maps in turn, so that it changes more than one place of the index.
const CHURNED_VMAS: u32 = 8;
/// Free slots of a churning thread: one is mapped at a time, so that slots are recycled at once.
const CHURN_SLOTS: u32 = 2;
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
    /// Threads are stuck in the lock: this process is of no more use.
    Hung(String),
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
    let space =
        Arc::new(AddressSpace::<L>::build(ground, job.planned.cell.slot, spec.layout, vmas));
    let outcome = measure(job, room, &space);
    match &outcome {
        Err(CellFailure::Hung(what)) => {
            return Err(CellFailure::Hung(hang_report(what, &space, threads)));
        }
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
    let writes: u64 = conducted.ended.iter().map(|worker| worker.tally.writes).sum();
    let (first, _) = Region::of(job.planned.workload).range(0);
    let (lost_writes, read_begun) =
        on_worker(job, room, space, "a write lock after the window", move |space| {
            let lost = (written_before + writes).abs_diff(space.written());
            (lost, space.read_begins_under_write(0, first))
        })?;
    let violations = Violations {
        torn_reads: conducted.ended.iter().map(|worker| worker.tally.torn_reads).sum(),
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
    match wait_patiently(&room.pool.tids(1), limit, || inbox.recv_timeout(limit).ok()) {
        Some(done) => done.map_err(CellFailure::Failed),
        None => Err(CellFailure::Hung(format!(
            "the lock hangs: {what} did not end within {} s",
            job.hang_limit.as_secs_f32()
        ))),
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
        assert_eq!(slot, Some(number), "the space is empty and has a slot for each VMA");
    }
    thread.leave();
    thread.tally().writes
}

/// What a worker sends back.
pub(super) struct Ended {
    pub(super) worker: u32,
    pub(super) role: RoleName,
    pub(super) cpu: u32,
    pub(super) window: Window,
    pub(super) tally: Tally,
    pub(super) histograms: Option<Histograms>,
    pub(super) delays: Delays,
}

/// The delays of a worker: hold and think of faults, of writers, as asked and obtained.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delays {
    pub(super) hold: (u64, u64),
    pub(super) think: (u64, u64),
    pub(super) write_hold: (u64, u64),
    pub(super) write_think: (u64, u64),
}

/// Sends each worker its part.
fn send_parts<L: VmaLock<Machine = Native>>(
    job: &CellJob<'_>,
    room: &MachineRoom,
    space: &Arc<AddressSpace<L>>,
    stage: &Arc<Stage>,
) -> Receiver<Result<Ended, String>> {
    let (results, inbox) = channel();
    let spec = job.planned.workload;
    let threads = job.planned.cell.threads;
    let residents = spec.resident_vmas(threads);
    for (worker, role) in spec.roles(threads).into_iter().enumerate() {
        let worker = worker as u32;
        let (results, space, stage) = (results.clone(), Arc::clone(space), Arc::clone(stage));
        let (spec, mode, cpu) = (spec.clone(), job.planned.cell.mode, job.cpus[worker as usize]);
        let free_from = residents + worker * CHURN_SLOTS;
        let churned_from = residents + worker * CHURNED_VMAS;
        let part = Part {
            worker,
            role,
            goals: goals(&spec, residents, worker, job.seed),
            region: Region::of(&spec),
            churned: churned_from..churned_from + CHURNED_VMAS,
            pages: u64::from(spec.pages_per_vma),
            hold_turns: 0,
            think_turns: 0,
            fault_turns: 0,
        };
        let seed = job.seed ^ u64::from(worker);
        room.pool.send(worker, move |context| {
            let free = (free_from..free_from + CHURN_SLOTS).collect();
            let played = catch_unwind(AssertUnwindSafe(|| {
                take_part(context, part, &space, &stage, &spec, mode, cpu, free, seed)
            }));
            drop(space);
            let ended = played.unwrap_or_else(|panic| Err(panicked(&*panic)));
            if ended.is_err() {
                stage.fail();
            }
            drop(stage);
            let _ = results.send(ended);
        });
    }
    inbox
}

/// Plays a part on the worker's thread.
#[expect(clippy::too_many_arguments, reason = "called once, from the closure that owns them")]
fn take_part<L: VmaLock<Machine = Native>>(
    context: &mut WorkerContext,
    mut part: Part,
    space: &AddressSpace<L>,
    stage: &Stage,
    spec: &WorkloadSpec,
    mode: Mode,
    cpu: u32,
    free: Vec<u32>,
    seed: u64,
) -> Result<Ended, String> {
    context.pin(cpu).map_err(|error| error.to_string())?;
    let delays = Delays {
        hold: context.delay(spec.hold_ns),
        think: context.delay(spec.think_ns),
        write_hold: context.delay(spec.write_hold_ns),
        write_think: context.delay(spec.write_think_ns),
    };
    (part.hold_turns, part.think_turns) = match part.role {
        RoleName::Fault => (delays.hold.0, delays.think.0),
        RoleName::Mprotect => (delays.write_hold.0, delays.write_think.0),
        RoleName::Churn => (delays.write_hold.0, delays.think.0),
    };
    part.fault_turns = delays.hold.0;
    let clock = context.clock();
    let mut on_stage = OnStage(Thread::new(space, part.worker, 0, free));
    let thread = &mut on_stage.0;
    thread.use_index(spec.index);
    thread.enter();
    stage.seen(part.worker, Phase::Gather);
    let window = match mode {
        Mode::Throughput => play(&part, thread, stage, &clock, &mut NoProbe, None),
        Mode::Latency => {
            let histograms = context.histograms.get_or_insert_default();
            histograms.clear();
            let mut probe = LatencyProbe::new(clock, histograms, seed);
            play(&part, thread, stage, &clock, &mut probe, None)
        }
        Mode::Counters => {
            let counters = context.counters.get_or_insert_with(Counters::open);
            play(&part, thread, stage, &clock, &mut NoProbe, Some(counters))
        }
    };
    let tally = thread.tally();
    drop(on_stage);
    Ok(Ended {
        worker: part.worker,
        role: part.role,
        cpu: crate::pin::current_cpu(),
        window,
        tally,
        histograms: if mode == Mode::Latency { context.histograms.clone() } else { None },
        delays,
    })
}

/// Takes a thread out of its read section however its part ends, so that no writer's grace period waits for a worker that
/// panicked.
struct OnStage<'space, L: VmaLock>(Thread<'space, L>);

impl<L: VmaLock> Drop for OnStage<'_, L> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    format!("a worker panicked: {}", panics::words(panic))
}

/// What a cell's workers did, and what else went on.
pub(super) struct Conducted {
    pub(super) ended: Vec<Ended>,
    pub(super) noise: Noise,
}

/// Opens and closes the window.
fn conduct(
    job: &CellJob<'_>,
    room: &MachineRoom,
    stage: &Stage,
    results: &Receiver<Result<Ended, String>>,
) -> Result<Conducted, CellFailure> {
    let threads = job.planned.cell.threads;
    let tids = room.pool.tids(threads);
    stage.announce(Phase::Settle);
    let wait_for_all = |phase| {
        let seen = || stage.wait_for_all(phase, job.hang_limit).then_some(());
        wait_patiently(&tids, job.hang_limit, seen).is_some()
    };
    let settled = wait_for_all(Phase::Settle);
    let closed = settled && {
        std::thread::sleep(SETTLE);
        true
    };
    let before = Snapshot::take(&tids, &job.cpus);
    if closed {
        stage.announce(Phase::Open);
        std::thread::sleep(Duration::from_nanos(job.window_ns));
        stage.announce(Phase::Closed);
    }
    let all_closed = closed && wait_for_all(Phase::Closed);
    let after = Snapshot::take(&tids, &job.cpus);
    // A worker that is not stuck stops, whatever became of the others.
    let stuck = if closed { stage.missing(Phase::Closed) } else { stage.missing(Phase::Settle) };
    stage.announce(Phase::Stop);
    if !all_closed && !stage.has_failed() {
        return Err(CellFailure::Hung(format!(
            "the lock hangs: after {} s {} still inside one operation",
            job.hang_limit.as_secs_f32(),
            workers_are(&stuck),
        )));
    }
    let ended = collect(results, &tids, job.hang_limit)?;
    let noise = judge(&before, &after, after.elapsed_ns_since(&before), threads, job.oversubscribed);
    Ok(Conducted { ended, noise })
}

fn workers_are(workers: &[u32]) -> String {
    let numbers: Vec<String> = workers.iter().map(u32::to_string).collect();
    match workers.len() {
        1 => format!("worker {} is", numbers[0]),
        _ => format!("workers {} are", numbers.join(", ")),
    }
}

/// The results of all workers, in their order.
fn collect(
    results: &Receiver<Result<Ended, String>>,
    tids: &[i32],
    limit: Duration,
) -> Result<Vec<Ended>, CellFailure> {
    let mut ended = Vec::new();
    let mut failure = None;
    for _ in tids {
        match wait_patiently(tids, limit, || results.recv_timeout(limit).ok()) {
            Some(Ok(worker)) => ended.push(worker),
            Some(Err(what)) => failure = failure.or(Some(what)),
            None => {
                let what = failure.map_or(String::new(), |what| format!(" after another failed: {what}"));
                return Err(CellFailure::Hung(format!(
                    "the lock hangs: a worker does not stop within {} s{what}",
                    limit.as_secs_f32()
                )));
            }
        }
    }
    if let Some(what) = failure {
        return Err(CellFailure::Failed(what));
    }
    ended.sort_by_key(|worker| worker.worker);
    Ok(ended)
}

/// The lock's words and each worker's step, for a lock that hangs.
fn hang_report<L: VmaLock>(what: &str, space: &AddressSpace<L>, threads: u32) -> String {
    let steps = (0..threads)
        .map(|worker| format!("worker {worker} {}", space.step(worker).words()))
        .collect::<Vec<_>>()
        .join(", ");
    format!("{what}; {steps}; {}", space.describe(DESCRIBED_VMAS))
}

