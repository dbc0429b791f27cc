//! The child: measures the cells that it is told to, one after the other.

use super::warm_up::{longest, warm_up};
use super::{Job, Message};
use crate::clock::Clock;
use crate::contender::Contender;
use crate::counters::pmu::Wanted;
use crate::engine::{CellFailure, CellJob, MachineRoom, Pool, failed, vmas_needed};
use crate::host::placement::Placement;
use crate::{host, injected, pin};
use bench_core::plan::{Plan, PlannedCell, planned_cells};
use bench_core::record::{Cell, Host};
use bench_core::space::Ground;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// The exit code of a child whose threads are stuck and cannot be joined.
pub const STUCK_EXIT_CODE: u8 = 70;

/// Reads a job from the first line of `input`, warms up, then measures the cell whose number each further line is, until
/// the end of `input`; writes messages to `output`.
pub fn run_child(
    contenders: &[Contender],
    mut input: impl BufRead,
    mut output: impl Write,
) -> ExitCode {
    // Before anything is pinned.
    let _ = pin::allowed_cpus();
    let mut text = String::new();
    let job: Result<Job, String> = match input.read_line(&mut text) {
        Ok(_) => serde_json::from_str(&text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let told = match job {
        Ok(job) => measure(contenders, &job, &mut input, &mut output),
        Err(what) => tell(
            &mut output,
            &Message::Broken(format!("the job cannot be read: {what}")),
        )
        .map(|()| ExitCode::from(2)),
    };
    // An error of writing means that the parent is gone: nobody is left to tell.
    told.unwrap_or(ExitCode::from(2))
}

/// One line per message, flushed, so that nothing measured is lost with the process.
fn tell(output: &mut impl Write, message: &Message) -> std::io::Result<()> {
    let mut line = serde_json::to_string(message).map_err(std::io::Error::other)?;
    line.push('\n');
    output.write_all(line.as_bytes())?;
    output.flush()
}

/// Warms up and measures.
fn measure(
    contenders: &[Contender],
    job: &Job,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> std::io::Result<ExitCode> {
    let harmed = injected::harmed();
    let in_the_lock = job.injected.as_ref().filter(|i| i.is_in_the_lock());
    let contenders = if in_the_lock.is_some() {
        &harmed
    } else {
        contenders
    };
    let mut room = match make_room(contenders, job) {
        Ok(room) => room,
        Err(what) => {
            tell(output, &Message::Broken(what))?;
            return Ok(ExitCode::from(2));
        }
    };
    if let Some(injected) = in_the_lock {
        injected::plant(injected, &room.clock);
    }
    let (host, _) = host::read(Path::new("/"));
    let planned = planned_cells(&job.plan, job.process);
    let hang_limit = Duration::from_millis(job.hang_limit_ms);
    let mut measure = |cell: &PlannedCell, steady: bool| {
        run(contenders, job, cell, &host, steady, hang_limit, &mut room)
    };
    let Some(first) = planned.get(job.first) else {
        return no_cell(output, &job.first.to_string());
    };
    let steady = match warm_up(first, &job.plan, longest(&host), |cell| measure(cell, true)) {
        Ok(steady) => steady,
        Err(failure) => return tell_failure(output, job.first, first, &job.plan, failure),
    };
    tell(output, &Message::Ready)?;
    while let Some(asked) = next(input)? {
        let found = asked.trim().parse().ok();
        let Some((number, cell)) = found.and_then(|n: usize| Some((n, planned.get(n)?))) else {
            return no_cell(output, asked.trim());
        };
        match measure(cell, steady) {
            Ok(record) => tell(output, &Message::Cell(number, Box::new(record)))?,
            Err(failure) => {
                let can_go_on = matches!(failure, CellFailure::Failed(_));
                let code = tell_failure(output, number, cell, &job.plan, failure)?;
                if !can_go_on {
                    return Ok(code);
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for the parent's next line: it keeps the last record and draws its progress, and other processes measure, while
/// this one sleeps. `None` when the parent wants no more or is gone.
fn next(input: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    Ok((input.read_line(&mut line)? > 0).then_some(line))
}

/// Says that there is no such cell.
fn no_cell(output: &mut impl Write, asked: &str) -> std::io::Result<ExitCode> {
    let what = format!("the process of the plan has no cell `{asked}`");
    tell(output, &Message::Broken(what))?;
    Ok(ExitCode::from(2))
}

/// Says that a cell failed, and how. Returns the exit code of a process that cannot go on after it.
fn tell_failure(
    output: &mut impl Write,
    number: usize,
    cell: &PlannedCell,
    plan: &Plan,
    failure: CellFailure,
) -> std::io::Result<ExitCode> {
    let oversubscribed = plan.is_oversubscribed(cell.threads);
    let record = |what: &str| Box::new(failed(cell.of(plan), oversubscribed, what));
    let message = match &failure {
        CellFailure::Failed(what) => Message::Cell(number, record(what)),
        CellFailure::Hung(what) => Message::Hung(number, record(what)),
        CellFailure::Starved(what) => Message::Starved(number, record(what)),
    };
    tell(output, &message)?;
    Ok(ExitCode::from(STUCK_EXIT_CODE))
}

/// The clock, the workers and the ground for every cell of the plan.
fn make_room(contenders: &[Contender], job: &Job) -> Result<MachineRoom, String> {
    let plan = &job.plan;
    let threads = plan.threads.iter().copied().max().unwrap_or(1);
    let vmas = plan
        .workloads
        .iter()
        .map(|spec| vmas_needed(spec, threads))
        .max()
        .unwrap_or(1);
    let bytes = contenders
        .iter()
        .filter(|contender| plan.locks.iter().any(|name| name == contender.name()))
        .map(|contender| contender.bytes(1, vmas))
        .max()
        .unwrap_or(0);
    let counters: Result<Vec<Wanted>, String> =
        plan.counters.iter().map(|word| word.parse()).collect();
    let counters = counters?.into();
    let clock = Clock::calibrate();
    let pool = Pool::new(threads, clock, &job.calibrations).map_err(|error| {
        format!("{threads} worker threads cannot be started: {error}; ask for fewer with --threads, or raise the limit of tasks (ulimit -u, pids.max)")
    })?;
    // One thread more than workers: the one that sets up.
    let ground = Some(Ground::new(1, threads + 1, vmas, bytes));
    Ok(MachineRoom {
        pool,
        counters,
        clock,
        ground,
    })
}

/// Runs one cell.
fn run(
    contenders: &[Contender],
    job: &Job,
    cell: &PlannedCell,
    host: &Host,
    steady: bool,
    hang_limit: Duration,
    room: &mut MachineRoom,
) -> Result<Cell, CellFailure> {
    let mut planned = cell.of(&job.plan);
    let changed = job.injected.as_ref();
    let changed = changed.map(|injected| injected.applied_to(planned.workload, cell.threads));
    planned.workload = changed.as_ref().unwrap_or(planned.workload);
    let contender = contenders
        .iter()
        .find(|contender| contender.name() == planned.lock)
        .ok_or_else(|| CellFailure::Failed(format!("this build has no lock `{}`", planned.lock)))?;
    let cpus = cpus(planned.placement, host, cell.threads, job).map_err(CellFailure::Failed)?;
    let job = CellJob {
        planned,
        // A list may name fewer CPUs than there are threads.
        oversubscribed: job.plan.is_oversubscribed(cell.threads) || has_twins(&cpus),
        cpus,
        steady,
        window_ns: job.plan.window_ns,
        seed: job.plan.seed ^ u64::from(cell.process) << 32 ^ u64::from(cell.round),
        hang_limit,
    };
    contender.run(&job, room)
}

/// Whether two workers share a CPU.
fn has_twins(cpus: &[u32]) -> bool {
    cpus.iter()
        .enumerate()
        .any(|(worker, cpu)| cpus[..worker].contains(cpu))
}

/// The CPU of each worker: the placement's CPUs, dealt to the workers in an order that each process draws for itself, so
/// that no role sits on the same CPU in all processes.
fn cpus(placement: &str, host: &Host, threads: u32, job: &Job) -> Result<Vec<u32>, String> {
    let placement: Placement = placement.parse().map_err(|error| format!("{error}"))?;
    let mut cpus = placement
        .cpus(host, threads)
        .map_err(|error| error.to_string())?;
    let seed = job.plan.seed ^ u64::from(job.process).wrapping_mul(0x2545_f491_4f6c_dd1d);
    fastrand::Rng::with_seed(seed).shuffle(&mut cpus);
    Ok(cpus)
}
