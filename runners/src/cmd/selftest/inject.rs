//! `vmalock selftest inject`: this program against itself with harm done to the candidate on purpose.

use super::InjectArgs;
use super::gate::{Gate, Judged, Measured, settings};
use super::series::{self, Defaults, Series};
use crate::contender::Contender;
use crate::host;
use crate::injected::{Injected, harmed};
use crate::names;
use crate::session::Arm;
use anyhow::bail;
use bench_core::plan::{Mode, Plan};
use bench_core::workload::RoleName;
use reports::Run;
use reports::check::{Again, Line, Sides, judge};
use reports::selftest::{
    Alarms, Fewer, InjectedAt, Injection, InjectionKind, Power, Repetition, windows,
};
use reports::stats::median;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Gates of each slowdown when nobody says how many.
const SLOWDOWN_REPETITIONS: u32 = 40;
/// Gates of another harm: one that is seen in every gate needs few.
const OTHER_REPETITIONS: u32 = 5;
/// The first few processes with which a first stage is judged again.
const FEWER: [u32; 4] = [4, 6, 8, 10];
/// How long a slow operation is slow.
const TAIL_NS: u64 = 50_000;
/// One operation in so many is slow. Were it one in 10 000, the 99.99th percentile would lie on the edge of the slow ones, and
/// chance would decide on which side.
const TAIL_EVERY: u32 = 5_000;
/// The work between operations where few are slow: they then cost less than 1 % of the throughput, which must not notice.
const TAIL_THINK_NS: u64 = 1_000;
/// How long the thread that is held back waits after each operation: about as long as an operation takes.
const UNFAIR_NS: u64 = 400;
/// Processes and rounds of the short run that tells how long an operation takes.
const FIRST_LOOK: (u32, u32) = (3, 5);

/// Thousands of timed operations beyond the 99.99th percentile take a second of windows in each process.
const TAIL_DEFAULTS: Defaults = Defaults {
    threads: |_| vec![1],
    window_ms: 250,
};
/// One thread alone is always fair.
const UNFAIR_DEFAULTS: Defaults = Defaults {
    threads: |cpus| vec![cpus],
    window_ms: 10,
};

/// Runs the command.
///
/// # Errors
/// One line that says what is wrong and what to do; what was measured until then is kept.
pub(super) fn run(
    args: &InjectArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let (host, _) = host::read(Path::new("/"));
    let (kind, defaults) = if args.tail {
        (InjectionKind::Tail, TAIL_DEFAULTS)
    } else if args.unfair {
        (InjectionKind::Unfair, UNFAIR_DEFAULTS)
    } else {
        (InjectionKind::Slowdown, super::aa::DEFAULTS)
    };
    let mut plan = series::plan(&args.gate, &defaults, contenders, &host)?;
    check(&mut plan, kind)?;
    let default = match kind {
        InjectionKind::Slowdown => SLOWDOWN_REPETITIONS,
        InjectionKind::Tail | InjectionKind::Unfair => OTHER_REPETITIONS,
    };
    let repetitions = args.reps.unwrap_or(default);
    // Before the first file is made, so that no signal leaves half a line behind.
    let stop = series::stop()?;
    let words = format!("inject {kind:?} {:?}", args.slowdown);
    let mut series = Series::begin(words, repetitions, plan, &args.gate, contenders, &stop)?;
    let harms: Vec<Harm> = match kind {
        InjectionKind::Slowdown => args.slowdown.iter().map(|p| Harm::slowdown(*p)).collect(),
        InjectionKind::Tail => vec![Harm::tail()],
        InjectionKind::Unfair => vec![Harm::unfair()],
    };
    series.announce(repetitions * harms.len() as u32);
    let measured = measure(&mut series, &harms, repetitions);
    let (told, outcome) = if kind == InjectionKind::Slowdown {
        let power = Power::of(&series.repetitions, repetitions);
        (power.to_string(), power.outcome())
    } else {
        let alarms = Alarms::of(&series.repetitions, kind, repetitions);
        (alarms.to_string(), alarms.outcome())
    };
    let ended = series.end(&told, outcome, out);
    // The first thing that went wrong is what the user has to know.
    measured.and(ended)
}

/// Sees that there is something to harm, and changes what has to be.
fn check(plan: &mut Plan, kind: InjectionKind) -> anyhow::Result<()> {
    let has_faults = |plan: &Plan, threads: u32| {
        let roles = plan.workloads.iter().map(|spec| spec.roles(threads));
        roles
            .into_iter()
            .all(|roles| roles.contains(&RoleName::Fault))
    };
    let threads: Vec<u32> = plan
        .threads
        .iter()
        .copied()
        .filter(|threads| has_faults(plan, *threads))
        .collect();
    if threads.is_empty() {
        bail!(
            "harm is done to faults, and with these thread counts no thread of every workload takes one; ask for another --workload, such as fault-one-vma, or more --threads"
        );
    }
    plan.threads = threads;
    if kind == InjectionKind::Slowdown {
        return Ok(());
    }
    let known: Vec<&str> = harmed().iter().map(Contender::name).collect();
    for lock in &plan.locks {
        names::check("lock that can be harmed", lock, &known)?;
    }
    if kind == InjectionKind::Unfair && plan.threads.iter().all(|threads| *threads < 2) {
        bail!("one thread alone is always fair; ask for at least 2 with --threads");
    }
    if kind == InjectionKind::Tail {
        for workload in &mut plan.workloads {
            workload.think_ns = TAIL_THINK_NS;
        }
    }
    Ok(())
}

/// Harm that is done to the candidate of some gates.
#[derive(Clone, Debug)]
struct Harm {
    kind: InjectionKind,
    /// The share of an operation.
    share: f64,
    candidate: Option<Injected>,
    /// The same around the lock, without the harm, so that only the harm differs.
    baseline: Option<Injected>,
}

impl Harm {
    fn slowdown(percent: f64) -> Self {
        Self {
            kind: InjectionKind::Slowdown,
            share: percent / 100.0,
            // Known when an operation's time is.
            candidate: None,
            baseline: None,
        }
    }

    fn tail() -> Self {
        let every = TAIL_EVERY;
        Self {
            kind: InjectionKind::Tail,
            share: 0.0,
            candidate: Some(Injected::Tail {
                every,
                wait_ns: TAIL_NS,
            }),
            baseline: Some(Injected::Tail { every, wait_ns: 0 }),
        }
    }

    fn unfair() -> Self {
        Self {
            kind: InjectionKind::Unfair,
            share: 0.0,
            candidate: Some(Injected::Unfair { wait_ns: UNFAIR_NS }),
            baseline: Some(Injected::Unfair { wait_ns: 0 }),
        }
    }

    /// Whether a repetition had it.
    fn is_of(&self, repetition: &Repetition) -> bool {
        let same =
            |injection: &Injection| injection.kind == self.kind && injection.share == self.share;
        repetition.injected.as_ref().is_some_and(same)
    }
}

/// Every harm in turn, again and again, so that what the machine does meanwhile it does to all.
fn measure(series: &mut Series<'_>, harms: &[Harm], repetitions: u32) -> anyhow::Result<()> {
    for number in 1..=repetitions {
        for (place, harm) in harms.iter().enumerate() {
            let done = |one: &Repetition| one.number == number && harm.is_of(one);
            if series.repetitions.iter().any(done) {
                continue;
            }
            let mut plan = series.asked.plan.clone();
            plan.seed = series.seed(number, place + 1);
            let mut harm = harm.clone();
            if harm.kind == InjectionKind::Slowdown {
                let Some(operations) = operation_ns(series, &plan)? else {
                    return Ok(());
                };
                let more = |(threads, ns): (u32, f64)| (threads, (ns * harm.share).round() as u64);
                harm.candidate = Some(Injected::Slowdown(
                    operations.into_iter().map(more).collect(),
                ));
            }
            let gate = Gate {
                plan,
                baseline: harm.baseline.clone(),
                candidate: harm.candidate.clone(),
                // A metric that only informs asks for no second stage by itself.
                two_stages: harm.kind != InjectionKind::Slowdown,
            };
            let Some(judged) = series.measure(&gate)? else {
                return Ok(());
            };
            let injection = injection(&harm, &judged);
            let fewer = fewer(&harm, &judged.first, gate.plan.processes);
            series.keep(number, &gate, judged, Some(injection), fewer)?;
        }
    }
    Ok(())
}

/// The time of a fault of one thread by the number of threads, from a short run; `None` when the self-test is to end. Of
/// several locks or workloads the mean.
fn operation_ns(series: &Series<'_>, plan: &Plan) -> anyhow::Result<Option<BTreeMap<u32, f64>>> {
    let (processes, rounds) = FIRST_LOOK;
    let short = Plan {
        modes: vec![Mode::Throughput],
        processes,
        rounds,
        ..plan.clone()
    };
    let arm = Arm::of_this_program(short)?;
    let Some(runs) = series.bench.lockstep(&[arm])? else {
        return Ok(None);
    };
    let found = by_threads(&runs[0]);
    if let Some(threads) = plan
        .threads
        .iter()
        .find(|threads| !found.contains_key(threads))
    {
        bail!(
            "no cell with {threads} threads could be measured, so that it is not known what a share of an operation is; `vmalock run` with the same lock and workload says why"
        );
    }
    Ok(Some(found))
}

/// The median time of a fault of one thread in a run, by the number of threads.
fn by_threads(run: &Run) -> BTreeMap<u32, f64> {
    let mut found: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for windows in windows(run, run) {
        if windows.role == RoleName::Fault.word() {
            found
                .entry(windows.threads)
                .or_default()
                .extend(median(&windows.baseline_ns));
        }
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    found
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(threads, values)| (threads, mean(values)))
        .collect()
}

/// What the harm came to, as the gate's own windows tell.
fn injection(harm: &Harm, judged: &Judged) -> Injection {
    let Some(Injected::Slowdown(asked)) = &harm.candidate else {
        return Injection {
            kind: harm.kind,
            role: RoleName::Fault.word().to_owned(),
            share: harm.share,
            settings: Vec::new(),
        };
    };
    let operations = by_threads(&judged.first.baseline);
    let at = |(threads, asked_ns): (&u32, &u64)| {
        let hold = |run: &Run| mean_hold_ns(run, *threads);
        let (before, after) = (hold(&judged.first.baseline), hold(&judged.first.candidate));
        Some(InjectedAt {
            threads: *threads,
            operation_ns: *operations.get(threads)?,
            asked_ns: *asked_ns,
            obtained_ns: before.zip(after).map(|(before, after)| after - before),
        })
    };
    Injection {
        kind: harm.kind,
        role: RoleName::Fault.word().to_owned(),
        share: harm.share,
        settings: asked.iter().filter_map(at).collect(),
    }
}

/// What the work of a fault took while it held the VMA: the mean over quiet cells of so many threads, which each measure it
/// to the nanosecond.
fn mean_hold_ns(run: &Run, threads: u32) -> Option<f64> {
    let quiet = run
        .cells
        .iter()
        .filter(|cell| cell.threads == threads && !cell.noise.dirty);
    let holds: Vec<f64> = quiet
        .filter_map(|cell| Some(cell.hold.as_ref()?.obtained_ns as f64))
        .collect();
    (!holds.is_empty()).then(|| holds.iter().sum::<f64>() / holds.len() as f64)
}

/// What the first stage alone says with the first few of its processes.
fn fewer(harm: &Harm, first: &Measured, processes: u32) -> Vec<Fewer> {
    if harm.kind != InjectionKind::Slowdown {
        return Vec::new();
    }
    let few = FEWER.into_iter().filter(|few| *few <= processes);
    few.flat_map(|few| {
        let first = first.first_processes(few);
        let sides = Sides {
            first: first.stage(),
            confirmation: None,
        };
        let check = judge(&sides, &settings());
        let lines = check
            .lines
            .into_iter()
            .filter(|line| line.metric == "throughput");
        lines
            .map(move |line| of_line(few, line))
            .collect::<Vec<Fewer>>()
    })
    .collect()
}

fn of_line(processes: u32, line: Line) -> Fewer {
    Fewer {
        processes,
        worse: line.again == Some(Again::Difference) && line.worse_by().is_some_and(|by| by > 0.0),
        ratio: line.ratio.map(|ratio| ratio.ratio),
        workload: line.workload,
        threads: line.threads,
        role: line.role,
    }
}
