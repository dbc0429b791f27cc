//! A worker's side of a cell: it is pinned, takes its part, and brings back what its window came to.

use super::cell::{CHURN_SLOTS, CellJob, MachineRoom};
use super::play::{Part, Window, play};
use super::pool::WorkerContext;
use super::probe::{Histograms, LatencyProbe, NoProbe};
use super::stage::{Phase, Stage};
use crate::counters::pmu::Wanted;
use crate::native::Native;
use crate::panics;
use bench_core::lock::VmaLock;
use bench_core::plan::{Mode, Region, goals};
use bench_core::space::{AddressSpace, Tally, Thread};
use bench_core::workload::{RoleName, WorkloadSpec};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// VMAs that a churning thread maps in turn, so that it changes more than one place of the index.
const CHURNED_VMAS: u32 = 8;
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

/// The delays of a worker: hold and think of faults, of writers; turns, and the nanoseconds that they take on its CPU.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delays {
    pub(super) hold: (u64, u64),
    pub(super) think: (u64, u64),
    pub(super) write_hold: (u64, u64),
    pub(super) write_think: (u64, u64),
}

/// Sends each worker its part.
pub(super) fn send_parts<L: VmaLock<Machine = Native>>(
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
        let (spec, mode, cpu) = (
            spec.clone(),
            job.planned.cell.mode,
            job.cpus[worker as usize],
        );
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
        let wanted = room.counters.clone();
        room.pool.send(worker, move |context| {
            let free = (free_from..free_from + CHURN_SLOTS).collect();
            let played = catch_unwind(AssertUnwindSafe(|| {
                take_part(
                    context, part, &space, &stage, &spec, mode, &wanted, cpu, free, seed,
                )
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
#[expect(
    clippy::too_many_arguments,
    reason = "called once, from the closure that owns them"
)]
fn take_part<L: VmaLock<Machine = Native>>(
    context: &mut WorkerContext,
    mut part: Part,
    space: &AddressSpace<L>,
    stage: &Stage,
    spec: &WorkloadSpec,
    mode: Mode,
    wanted: &[Wanted],
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
    let mut thread = Thread::new(space, part.worker, 0, free);
    thread.use_index(spec.index);
    thread.enter();
    stage.seen(part.worker, Phase::Gather);
    let window = match mode {
        Mode::Throughput => play(&part, &mut thread, stage, &clock, &mut NoProbe, None),
        Mode::Latency => {
            let histograms = context.histograms.get_or_insert_default();
            histograms.clear();
            let mut probe = LatencyProbe::new(clock, histograms, seed);
            play(&part, &mut thread, stage, &clock, &mut probe, None)
        }
        Mode::Counters => {
            let counters = context.counters(wanted, cpu);
            play(
                &part,
                &mut thread,
                stage,
                &clock,
                &mut NoProbe,
                Some(counters),
            )
        }
    };
    let tally = thread.tally();
    drop(thread);
    Ok(Ended {
        worker: part.worker,
        role: part.role,
        cpu: crate::pin::current_cpu(),
        window,
        tally,
        histograms: if mode == Mode::Latency {
            context.histograms.clone()
        } else {
            None
        },
        delays,
    })
}

pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    format!("a worker panicked: {}", panics::words(panic))
}
